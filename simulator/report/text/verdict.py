"""The words of a verdict: what the primary analysis can do."""

import math

from simulator.report.text.numbers import (
    count_of,
    number,
    percent,
    share_with_interval,
    target_in_words,
)
from simulator.report.words import LEVEL_WORDS, RATES, below_level_in_words
from simulator.results.measures import (
    CONVENTIONAL_POWER,
    LEAST_TRIALS_TO_JUDGE,
    Judgement,
    Verdict,
)
from simulator.results.operations import ByArm, Operations
from simulator.results.power import AnalysisPower, Power


def verdict_in_words(answer: Power) -> str:
    """Say in a sentence or two what the primary analysis can do."""
    first, verdict = answer.primary, answer.verdict
    found = f"{RATES[answer.null_hypothesis]} ({first.test.full}) {_share(first, verdict)}"
    if first.not_analysable:
        found += (
            f", {count_of(first.not_analysable, first.trials)} of {first.trials:,} trials not "
            "analysable, which count as no rejection"
        )
    if verdict.judgement is Judgement.EQUAL_HAZARDS:
        return f"EQUAL HAZARDS, arms treated as they are: {found}; this is no type I error."
    if verdict.judgement is Judgement.TOO_FEW_TRIALS:
        return (
            f"Too few trials for a verdict ({answer.trials} of at least {LEAST_TRIALS_TO_JUDGE}): "
            f"{found}."
        )
    if verdict.is_level:
        kept = LEVEL_WORDS[verdict.judgement]
        level = target_in_words(first.alpha)
        return f"TYPE I ERROR: {found}; this {kept} its nominal level of {level}."
    return _of_power(answer, f"{found}, {_favoured(answer)}")


def _of_power(answer: Power, found: str) -> str:
    verdict, target = answer.verdict, target_in_words(answer.verdict.target_power)
    if verdict.judgement is Judgement.INCONCLUSIVE:
        return (
            f"INCONCLUSIVE at this precision: {found}; the interval contains the target of "
            f"{target}: run more trials."
        )
    if verdict.judgement is Judgement.AT_TARGET:
        near = "to within Monte Carlo error"
        return f"AT THE TARGET of {target} for the assumed effect, {near}: {found}."
    kind = "conventional target" if verdict.target_power == CONVENTIONAL_POWER else "target"
    word = "UNDERPOWERED"
    if verdict.judgement is Judgement.ADEQUATE:
        word = "ADEQUATELY POWERED"
    below = below_level_in_words(answer)
    return f"{word} for the assumed effect: {found}; {kind} {target}.{' ' * bool(below)}{below}"


def _share(first: AnalysisPower, verdict: Verdict) -> str:
    limits = first.ci_low, first.ci_high
    return share_with_interval(first.power, *limits, first.mcse, verdict.threshold)


def _favoured(answer: Power) -> str:
    """Power in favour of the last arm, which is the experimental one."""
    arm, found = list(answer.primary.in_favour_of.items())[-1]
    counted = dict(answer.primary.favouring)
    others = sum(counted.values()) - counted[arm]
    if others == 0:
        return f"all in favour of {arm}"
    limits = found.ci_low, found.ci_high
    shown = share_with_interval(found.power, *limits, found.mcse, answer.verdict.threshold)
    if shown == _share(answer.primary, answer.verdict):
        total = sum(counted.values())
        return f"all but {others:,} of {total:,} rejections in favour of {arm}"
    return f"in favour of {arm} {shown}"


def is_shouted(answer: Power) -> bool:
    """Whether there is a verdict to stand out; too few trials give none."""
    return answer.verdict.judgement is not Judgement.TOO_FEW_TRIALS


def limit_in_words(o: Operations) -> str:
    """Say that most trials do not randomise the patients planned."""
    return (
        f"RECRUITMENT IS THE LIMIT: on average {number(o.randomised)} of "
        f"{o.target_randomised:,} planned patients are randomised; the target is reached in "
        f"{o.target_reached.mean:.1%} of trials."
    )


def mortality_in_words(mortality: ByArm) -> str:
    """Say what the mortality of each arm is, or that it has none: nobody was randomised to it."""
    empty = [arm for arm, share in mortality.items() if math.isnan(share.mean)]
    if len(empty) == len(mortality):
        return "nobody was randomised, so that there is no estimate of mortality"
    rates = ", ".join(
        f"{percent(share)} under {arm}" for arm, share in mortality.items() if arm not in empty
    )
    nobody = f"; nobody was randomised to {empty[0]}" if empty else ""
    return f"mortality is {rates}{nobody}"
