"""What looks change of a trial beside stopping it, in the text of `power`."""

from collections.abc import Iterator

from simulator.report.text.numbers import mean, percent, rounded
from simulator.report.text.page import Block
from simulator.report.text.tables import new_table
from simulator.results.adaptation import Reestimation, SlowRecruitment
from simulator.results.looks import Looks

_POOLED = {
    "difference": "a difference of {effect:g} at the pooled mortality",
    "mean": "a difference of {effect:g} points of MELD at the pooled variance",
    "hazard_ratio": "a hazard ratio of {effect:g} at the pooled mortality",
}
_GROUPS = {
    "lowered": "target lowered",
    "kept": "target kept",
    "raised": "target raised",
    "unfavourable": "unfavourable",
    "promising": "promising",
    "favourable": "favourable",
    "not asked": "no re-estimation",
}
_DECIDED_BY = {
    "difference": "mean pooled mortality",
    "hazard_ratio": "mean pooled mortality",
    "mean": "mean pooled variance",
    "estimate": "mean conditional power at the look",
}


def adaptation_blocks(found: Looks) -> Iterator[Block]:
    """Yield what re-estimation and slow recruitment come to."""
    if found.reestimation is not None:
        yield f"{rule_in_words(found.reestimation)} {level_in_words(found.reestimation)}"
        yield _groups(found.reestimation)
        yield _targets(found.reestimation)
    if found.slow_recruitment is not None:
        yield slow_in_words(found.slow_recruitment)


def rule_in_words(found: Reestimation) -> str:
    """Return the rule by which the target changes."""
    caps = f"within {found.least} to {found.most} patients ({found.planned} planned)"
    if found.zone is None:
        effect = _POOLED[found.of].format(effect=found.effect)
        return (
            f"Re-estimation at look {found.look}, blinded: the target with {found.power:.0%} power "
            f"for {effect}, {caps}."
        )
    low, high = found.zone
    return (
        f"Re-estimation at look {found.look}, unblinded: where conditional power under the "
        f"estimate is from {low:g} to below {high:g} the target is raised to bring it to "
        f"{found.power:g}, {caps}."
    )


def level_in_words(found: Reestimation) -> str:
    """Return what holds the level."""
    if found.zone is None:
        return "Arms are pooled, and the test is the usual one."
    if found.least_promising is None:
        return (
            "The final statistic gives the stages their planned weights (Cui-Hung-Wang), which "
            "keeps the level whatever the target, as far as increments are independent and normal."
        )
    return (
        "The final test is the usual one, which keeps the level where no target is raised below a "
        f"conditional power of {found.least_promising:.3f}."
    )


def slow_in_words(found: SlowRecruitment) -> str:
    """Return when recruitment is closed because it is slow, and how often."""
    when = f"by day {found.day:g}" if found.look is None else f"by the cut of look {found.look}"
    then = (
        "those randomised are followed up and tested"
        if found.then == "analyse"
        else "the trial ends unanswered, which counts as no rejection"
    )
    words = (
        f"Recruitment closes with fewer than {found.fewer_than} randomised {when}; {then}: "
        f"{percent(found.closed)} of trials"
    )
    if found.then == "analyse" and found.power is not None:
        words += f", of which {percent(found.power)} reject"
    return words + "."


def adaptation_in_short(found: Looks) -> str:
    """Return the target and slow recruitment; empty without either."""
    words = []
    if found.reestimation is not None:
        target = found.reestimation
        low, high = target.target_p10, target.target_p90
        middle = f"{low}" if low == high else f"{low} to {high}"
        words.append(
            f"final target: mean {mean(target.target)}, {middle} in the middle 80% of trials, "
            f"{target.most} in {percent(target.at_most)}"
        )
    if found.slow_recruitment is not None:
        words.append(f"{percent(found.slow_recruitment.closed)} close for slow recruitment")
    return "; ".join(words)


def _groups(found: Reestimation) -> Block:
    table = new_table("re-estimation", "trials", "power", "mean target", "recruitment had ended")
    for group in found.groups:
        table.add_row(
            _GROUPS[group.name],
            percent(group.share),
            "" if group.power is None else percent(group.power),
            "" if group.mean_target is None else rounded(group.mean_target, 1),
            percent(group.late) if group.late.mean > 0 else "",
        )
    return table


def _targets(found: Reestimation) -> str:
    words = (
        f"Last target: mean {mean(found.target)}; least {found.target_min}, 10% "
        f"{found.target_p10}, median {found.target_median}, 90% {found.target_p90}, highest "
        f"{found.target_max}; {percent(found.at_most)} of trials have {found.most}."
    )
    if found.decided_by is not None:
        words += f" {_DECIDED_BY[found.of].capitalize()}: {mean(found.decided_by)}."
    return words
