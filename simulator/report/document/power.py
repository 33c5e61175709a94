"""Power of each analysis, or what stands in its place, and what it amounts to."""

from simulator.report.document.arm_words import by_arm, the_arm
from simulator.report.document.blocks import Paragraph, Table, literal
from simulator.report.document.dossier import (
    Dossier,
    planned_by_arm,
    quoted_run,
    test_in_short,
    title,
    title_of,
)
from simulator.report.document.families import families_table
from simulator.report.document.inputs import all_assumed
from simulator.report.document.needed_size import (
    consequence,
    detectable_clause,
    needed_sentence,
)
from simulator.report.document.numbers import (
    capital,
    closed,
    count,
    counted,
    interval,
    joined,
    known,
    listed,
    number,
    percent,
    round_percent,
    rounded_mean,
    target_in_words,
    whole_percent,
)
from simulator.report.document.planned_size import planned_in_words
from simulator.report.words import below_level_in_words
from simulator.results.measures import Judgement, LowReason, NullHypothesis
from simulator.results.operations import ByArm
from simulator.results.power import AnalysisPower, Power, ToBeShown

_RATES = {
    NullHypothesis.NONE: "power",
    NullHypothesis.STRONG: "type I error",
    NullHypothesis.MORTALITY: "share of rejections",
}
_HEADINGS = {
    NullHypothesis.NONE: "Power",
    NullHypothesis.STRONG: "Type I error",
    NullHypothesis.MORTALITY: "Rejections",
}
_WHOLE = 0.005  # of a share: with an error from here on a decimal of per cent says nothing
_MOST_ROWS_OF_A_PAGE = 4  # the primary analysis and three more


def rate_name(null: NullHypothesis) -> str:
    """Name of the share of trials that reject."""
    return _RATES[null]


def power_heading(power: Power) -> str:
    """Heading of the section on power, or on what stands in its place."""
    return _HEADINGS[power.null_hypothesis]


def rate(power: Power, analysis: AnalysisPower, more: str = "") -> str:
    """Return a share of rejections with, in brackets, its interval and more."""
    limits = interval(analysis.ci_low, analysis.ci_high, threshold=power.verdict.threshold)
    shown = percent(analysis.power, analysis.mcse)
    return f"{shown} ({'; '.join(filter(None, (f'Monte Carlo 95% CI {limits}', more)))})"


def judgement_clause(power: Power) -> str:
    """Say what the primary analysis's share of rejections amounts to; without its full stop."""
    target = target_in_words(power.verdict.target_power)
    short = target.removeprefix("the ").replace(" of ", " ")
    level = f"the nominal level of {whole_percent(power.primary.alpha)}"
    asked = _powered_for(power.primary.hypothesis)
    clauses = {
        Judgement.UNDERPOWERED: f"The trial is therefore not powered for {asked} ({short})",
        Judgement.INCONCLUSIVE: f"Whether the trial reaches {target} for {asked} is inconclusive: "
        "the interval contains it, and more simulated trials would narrow it",
        Judgement.AT_TARGET: f"The trial is therefore powered at {target} for {asked}, to within "
        "the Monte Carlo error",
        Judgement.ADEQUATE: f"The trial is therefore adequately powered for {asked} ({short})",
        Judgement.TOO_FEW_TRIALS: f"{count(power.primary.trials)} simulated trials are too few for "
        "a verdict",
        Judgement.EQUAL_HAZARDS: "This is neither a power nor a type I error",
        Judgement.LEVEL_EXCEEDED: f"It exceeds {level}",
        Judgement.LEVEL_HELD: f"It is within {level}",
        Judgement.LEVEL_COMPATIBLE: f"It is compatible with {level}",
    }
    return clauses[power.verdict.judgement]


def _powered_for(asked: ToBeShown) -> str:
    """Say what the power is of: the difference, or the hypothesis with its margins."""
    if asked.equivalence is not None:
        return "equivalence within these margins"
    return "this difference" if asked.margin is None else "non-inferiority with this margin"


def verdict_in_words(dossier: Dossier) -> str:
    """Say what the power amounts to, what the size could detect and what the effect would need."""
    power, clause = dossier.power, detectable_clause(dossier)
    if power.verdict.judgement is Judgement.UNDERPOWERED and clause:
        said = [f"{judgement_clause(power)}: {clause}.", needed_sentence(dossier)]
    else:
        is_adequate = power.verdict.judgement is Judgement.ADEQUATE
        holds = " if the assumptions hold" if is_adequate and all_assumed(dossier) else ""
        said = [f"{judgement_clause(power)}{holds}.", consequence(dossier)]
    return joined([_below_level(dossier), *said])


def _below_level(dossier: Dossier) -> str:
    """Say why power is below the nominal level; empty where it is not."""
    power = dossier.power
    low = power.verdict.below_level
    if low is None or low.reason is not LowReason.CONSERVATIVE:
        return below_level_in_words(power)
    sizes = planned_by_arm(dossier)
    arms = f"with {' v '.join(map(count, sizes))}" if sizes else "with the planned arms"
    return (
        f"Power is below the level of {whole_percent(power.primary.alpha)} because "
        f"{test_in_short(power.primary)} is conservative (type I error "
        f"{percent(low.type_i_error)} {arms} fully followed up)."
    )


def mortality_in_words(mortality: ByArm) -> str:
    """Return mortality by arm, as it came out in the simulated trials."""
    return by_arm({arm: percent(entry.mean) for arm, entry in mortality.items()})


def power_sentence(dossier: Dossier) -> str:
    """Power of the primary analysis with its error, and what it amounts to."""
    power, first = dossier.power, dossier.power.primary
    text = (
        f"With {planned_in_words(dossier)} the {rate_name(power.null_hypothesis)} of "
        f"{closed(test_in_short(first))} is {rate(power, first)}."
    )
    return joined([text, verdict_in_words(dossier)])


def direction_sentence(power: Power) -> str:
    """Say which arm the rejections favour."""
    first = power.primary
    shares = [
        f"{the_arm(arm)} in {percent(d.power, d.mcse)}" for arm, d in first.in_favour_of.items()
    ]
    return f"Rejections favour {listed(shares)} of trials."


def type_s_and_m_sentence(power: Power) -> str:
    """Say how far significant estimates mislead; empty where that is not known, or no power."""
    p = power.primary.performance
    if not power.verdict.is_power or not known(p.sign_error) or not known(p.exaggeration):
        return ""
    # Too few rejections give no error, and then no number either.
    if not known(p.sign_error_mcse) or not known(p.exaggeration_mcse):
        return ""
    return (
        f"Among the {count(p.significant)} trials that reject, the type S error (an estimate of "
        f"the wrong sign) is {_to_its_error(p.sign_error, p.sign_error_mcse)} and the type M error "
        f"(exaggeration ratio) is {number(p.exaggeration, p.exaggeration_mcse, 2)}."
    )


def _to_its_error(share: float, error: float) -> str:
    """Return a share in per cent; in whole ones where its error is of that size."""
    return round_percent(share) if error >= _WHOLE else percent(share, error)


def not_analysable_sentence(power: Power) -> str:
    """Say in how many trials the primary analysis has no result; empty where all have one."""
    first = power.primary
    if not first.not_analysable:
        return ""
    reasons = "; ".join(f"{literal(why)}: {count(n)}" for why, n in first.reasons.items())
    share = percent(first.not_analysable / power.trials)
    return (
        f"Of {count(power.trials)} trials {count(first.not_analysable)} "
        f"({share}{f'; {reasons}' if reasons else ''}) are not analysable and count as no "
        "rejection."
    )


def power_blocks(dossier: Dossier) -> list[Paragraph | Table]:
    """Power by analysis in words and in a table."""
    power = dossier.power
    misled = type_s_and_m_sentence(power)
    words = [
        power_sentence(dossier),
        direction_sentence(power),
        f"{misled[:-1]} [@gelman]." if misled else "",
        not_analysable_sentence(power),
        "[#power] has every analysis; intervals are Wilson's [@wilson].",
        conditional_sentence(power),
        other_targets_sentence(dossier),
        "[#families] has those judged together." if power.multiplicity else "",
    ]
    found: list[Paragraph | Table] = [Paragraph(joined(words)), power_table(dossier)]
    if power.multiplicity:
        found.append(families_table(power))
    return found


def conditional_sentence(power: Power) -> str:
    """The primary analysis's power with deaths averaged out; empty where it was not asked for."""
    found = power.primary.conditional
    if found is None:
        return ""
    limits = interval(found.ci_low, found.ci_high, threshold=power.verdict.threshold)
    text = (
        "By conditional expectation, with the deaths of each trial averaged out given every "
        f"patient's hazard, the {rate_name(power.null_hypothesis)} of the primary analysis is "
        f"{percent(found.power, found.mcse)} (Monte Carlo 95% CI {limits}"
    )
    if found.variance_ratio is None or found.variance_ratio_mcse is None:
        return f"{text})."
    ratio = number(found.variance_ratio, found.variance_ratio_mcse, 1)
    return f"{text}; as exact as the counts of {ratio} times the trials)."


def other_targets_sentence(dossier: Dossier) -> str:
    """Say by which rule one target was chosen of several; empty where all have one."""
    others = [whole_percent(target) for target in dossier.other_targets]
    if not others or not dossier.power.verdict.is_power:
        return ""
    return (
        f"Runs that this document rests on were made for {listed(others)} power too; all are "
        f"judged by {whole_percent(dossier.power.verdict.target_power)} here."
    )


def power_table(dossier: Dossier, *, short: bool = False) -> Table:
    """Share of trials in which each analysis rejects."""
    power = dossier.power
    chosen = power.analyses[:_MOST_ROWS_OF_A_PAGE] if short else power.analyses
    some_fail = any(a.not_analysable for a in power.analyses)
    name = capital(rate_name(power.null_hypothesis))
    favours = () if short else tuple(f"Favours {the_arm(arm)}" for arm in power.arms)
    return Table(
        caption=f"{name} by analysis.",
        header=(
            "Analysis",
            name,
            "Monte Carlo 95% CI",
            *favours,
            *(("Not analysable",) * some_fail),
        ),
        rows=tuple(_row(power, a, some_fail, short=short) for a in chosen),
        note=_power_note(dossier, name, len(power.analyses) - len(chosen)),
        name="power",
        widths=(3, 1, 2) if short and not some_fail else (),
    )


def _power_note(dossier: Dossier, name: str, left_out: int) -> str:
    """What is to be known of the table of power: its trials, and what is quoted."""
    power, run = dossier.power, quoted_run(dossier)
    note = [
        "The first analysis is the primary one." if len(power.analyses) > 1 else "",
        f"{capital(counted(left_out, noun='further analysis'))} {'is' if left_out == 1 else 'are'} "
        "in the full document."
        if left_out
        else "",
        f"{count(power.trials)} simulated trials, seed {power.seed}.",
    ]
    if run.trials > power.trials:
        note.append(
            f"The primary analysis's {name.lower()} is quoted from the run of {run.command}, "
            f"which has more trials of the same design ({count(run.trials)}, seed {run.seed})."
        )
    note.append(_looked_at(power))
    if power.operations.recruitment_is_the_limit:
        mean = rounded_mean(power.operations.randomised)
        note.append(f"Recruitment is the limit: a mean of {mean} patients are randomised.")
    return joined(note)


def _looked_at(power: Power) -> str:
    """Which analyses interim analyses test, and how the others are; empty without any."""
    found = power.looks
    if found is None or not power.analyses[1:]:
        return ""
    if found.family is None:
        tested = f"{title_of(power, found.analysis)} is tested at the interim analyses too"
    else:
        names = listed([title_of(power, one.analysis) for one in found.family.hypotheses])
        tested = f"{names} are tested at the interim analyses too, each by itself at its own level"
    others = len(power.analyses) > (1 if found.family is None else len(found.family.hypotheses))
    return f"{tested}{'; the others once, at the actual end of a trial' * others}."


def _row(power: Power, a: AnalysisPower, some_fail: bool, *, short: bool) -> tuple[str, ...]:
    favours = [percent(d.power, d.mcse) for d in a.in_favour_of.values()]
    none = f"{count(a.not_analysable)} ({percent(a.not_analysable / a.trials)})"
    return (
        title(a),
        percent(a.power, a.mcse),
        interval(a.ci_low, a.ci_high, threshold=power.verdict.threshold),
        *([] if short else favours),
        *([none if a.not_analysable else "0"] if some_fail else []),
    )
