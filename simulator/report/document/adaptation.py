"""Sample size re-estimation and slow recruitment, in the section on interim analyses."""

from simulator.report.document.blocks import Table
from simulator.report.document.numbers import (
    number,
    percent,
    percent_with_error,
    whole_percent,
    with_error,
)
from simulator.results.adaptation import Reestimation, SlowRecruitment
from simulator.results.looks import Looks

_POOLED = {
    "difference": ("a difference of mortality of {effect}", "the mortality"),
    "mean": ("a difference of {effect} points of MELD", "the variance"),
    "hazard_ratio": ("a hazard ratio of {effect}", "the mortality"),
}
_GROUPS = {
    "lowered": "Target lowered",
    "kept": "Target kept",
    "raised": "Target raised",
    "unfavourable": "Unfavourable",
    "promising": "Promising",
    "favourable": "Favourable",
    "not asked": "No re-estimation",
}


def adaptation_sentences(found: Looks) -> list[str]:
    """Say what looks change beside stopping, and how often."""
    said = []
    if found.reestimation is not None:
        said += [*_rule(found.reestimation), *_found(found.reestimation)]
    if found.slow_recruitment is not None:
        said += _slow(found.slow_recruitment)
    return said


def adaptation_clause(found: Looks) -> str:
    """Return the same in a clause each, each after a semicolon; empty without either."""
    words, asked = "", found.reestimation
    if asked is not None:
        how = "blinded" if asked.zone is None else "in the promising zone"
        words += f"; the number of patients is re-estimated {how}, up to {asked.most}"
    if found.slow_recruitment is not None:
        closed = percent(found.slow_recruitment.closed.mean)
        words += f"; {closed} of trials close because recruitment is slow"
    return words


def adaptation_for_committee(found: Looks) -> list[str]:
    """Say what the committee has to do with a number that changes, and with slow recruitment."""
    said, asked, slow = [], found.reestimation, found.slow_recruitment
    if asked is not None and asked.zone is None:
        said.append(
            f"At interim analysis {asked.look} the number of patients is re-estimated from pooled "
            "data. That unblinds nobody and needs no recommendation of the committee, which is "
            "told the new number."
        )
    elif asked is not None and asked.zone is not None:
        low, high = (whole_percent(value) for value in asked.zone)
        said.append(
            f"The report at interim analysis {asked.look} has conditional power under the estimate "
            f"too, and the number of patients that follows from it by the rule: where it is from "
            f"{low} to below {high} the committee recommends that number, at most {asked.most}; "
            f"elsewhere the {asked.planned} planned. Who knows the rule and a raised number can "
            "work out the estimate: how conditional power, and the way to the number, are kept "
            "from all others is to be laid down in the charter."
        )
    if slow is not None:
        when = f"by day {slow.day:g}" if slow.look is None else f"by interim analysis {slow.look}"
        said.append(
            f"With fewer than {slow.fewer_than} patients randomised {when} recruitment closes. "
            "That rule asks for no data by arm."
        )
    return said


def adaptation_tables(found: Looks) -> list[Table]:
    """Trials by what re-estimation found; empty without it."""
    asked = found.reestimation
    if asked is None:
        return []
    rows = [
        (
            _GROUPS[group.name],
            percent_with_error(group.share),
            "" if group.power is None else percent_with_error(group.power),
            "" if group.mean_target is None else number(group.mean_target, None, 1),
            percent_with_error(group.late),
        )
        for group in asked.groups
    ]
    return [
        Table(
            caption="Sample size re-estimation: trials by what it finds.",
            header=("Found", "Trials, %", "Power, %", "Mean target", "Too late, %"),
            rows=tuple(rows),
            note="Power is of the trials of the row. Too late: recruitment had ended by the "
            "decision, and the target stayed; in % of all trials. With the Monte Carlo standard "
            "error.",
            name="re-estimation",
        )
    ]


def _rule(found: Reestimation) -> list[str]:
    caps = (
        f"The new number is at least {found.least} and at most {found.most}; "
        f"{found.planned} are planned."
    )
    if found.zone is None:
        effect, pooled = _POOLED[found.of]
        to_find = effect.format(effect=number(found.effect))
        return [
            f"At interim analysis {found.look} the number of patients is re-estimated from blinded "
            f"data: {pooled} of all whose follow-up is complete, arms pooled, gives the number "
            f"with which {to_find} is found with {whole_percent(found.power)} power, allowing for "
            f"loss. {caps}",
            "No arm is compared for it, and the final test is unchanged.",
        ]
    low, high = (whole_percent(value) for value in found.zone)
    said = [
        f"At interim analysis {found.look} conditional power is worked out under the estimate. "
        f"From {low} to below {high} (the promising zone of Mehta and Pocock 2011) the number of "
        f"patients is raised to bring it to {whole_percent(found.power)}. {caps}"
    ]
    if found.least_promising is None:
        said.append(
            "The final statistic gives what came before and after that analysis the weights that "
            "were planned (Cui, Hung and Wang 1999), which keeps the level whatever the number."
        )
    else:
        said.append(
            "The final test is the usual one, which keeps the level as no number is raised at a "
            f"conditional power below {number(found.least_promising, None, 3)}."
        )
    return said


def _found(found: Reestimation) -> list[str]:
    low, high = found.target_p10, found.target_p90
    middle = f"{low}" if low == high else f"between {low} and {high}"
    return [
        f"The final target is {with_error(found.target)} on average, and {middle} in the middle "
        f"80 % of trials; {percent(found.at_most.mean)} of trials have the highest "
        "([#re-estimation])."
    ]


def _slow(found: SlowRecruitment) -> list[str]:
    when = f"by day {found.day:g}" if found.look is None else f"by interim analysis {found.look}"
    then = (
        "its patients are followed up and analysed"
        if found.then == "analyse"
        else "it ends without an answer"
    )
    return [
        f"A trial with fewer than {found.fewer_than} patients randomised {when} closes recruitment "
        f"because it is slow, and {then}: {percent(found.closed.mean)} of trials."
    ]
