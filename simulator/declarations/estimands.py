"""Each analysis in words, by the five attributes of ICH E9(R1)."""

from collections.abc import Sequence
from typing import Any

from simulator.declarations.analyses import (
    ANALYSES,
    RANDOMISATION_TESTS,
    STATISTICS,
    AnalysisPlan,
    Need,
)
from simulator.declarations.analyses.measure import Pull
from simulator.declarations.margins import told_apart
from simulator.results.measures import Scale
from simulator.results.power import Test

_POPULATION = {
    "randomised": "all randomised",
    "treated": "those with a session, whom treatment selects",
}
_LOST = {
    "excluded": "are excluded",
    "worst_case": "count as dead",
    "best_case": "count as alive",
    "censored": "are censored",
}
_MORTALITY = {
    "excluded": "mortality is overstated in both arms, since the dead can no longer be lost",
    "worst_case": "mortality is overstated in both arms",
    "best_case": "mortality is understated in both arms",
}
_TRANSPLANT = {
    "event": "transplant counts as death",
    "censored": "transplant counts as loss",
    "competing": "transplant counts as survival",
}
_STRATEGY = {
    "ignored": "treatment policy",
    "event": "composite: counts as death",
    "censored": "hypothetical: as if it had not happened",
    "competing": "composite: counts as alive to the end",
}
_OTHER = {"rescue": "rescue or another modality", "withdrawal": "withdrawal from treatment"}
_EVENTS = {
    "transplant": "liver transplantation",
    "rescue": "rescue or another modality",
    "withdrawal": "withdrawal from treatment",
}
_COUNTS = {"ignored": "ignored", "event": "counts as death", "censored": "counts as loss"}
_POPULATION_IN_SHORT = {"randomised": "all randomised", "treated": "those with a session"}
_UNSEEN_AFTER_TRANSPLANT = " without a last visit"  # nothing is measured after a transplant


def _loss_in_words(plan: AnalysisPlan, follow_up_days: int) -> str:
    return f"patients lost to follow-up before day {follow_up_days} {_LOST[plan.lost]}"


def loss_bias_in_words(plan: AnalysisPlan) -> str:
    """What is made of the lost does to the estimate, where loss tells nothing of the patient.

    Whoever has died cannot be lost any more: among those followed to the end or to death the dead
    are too many, so that leaving out the lost is biased however independent loss is.
    """
    declared = STATISTICS[plan.test]
    excluded, best_case = declared.measure.loss_bias
    pulls = {"excluded": excluded, "worst_case": Pull.TOWARDS, "best_case": best_case}
    pull = pulls.get(plan.lost, Pull.NONE)
    if plan.lost == "censored" and plan.options.get("censored_pairs") == "tied":
        return (
            "pairs that loss leaves undecided are tied; the estimate is biased "
            f"{Pull.EITHER.value}, even if loss is independent of prognosis and alike in both arms"
        )
    if pull is Pull.NONE:
        return "none if loss is independent of prognosis"
    return (
        f"{_MORTALITY[plan.lost]}; the estimate is biased {pull.value}, even if loss is "
        "independent of prognosis and alike in both arms"
    )


def statistic_of(plan: AnalysisPlan, plans: Sequence[AnalysisPlan]) -> AnalysisPlan:
    """The analysis whose statistic a randomisation test compares; any other plan is its own."""
    if plan.test not in RANDOMISATION_TESTS:
        return plan
    return next(p for p in plans if p.name == plan.options["of"])


def day_of(
    plan: AnalysisPlan,
    plans: Sequence[AnalysisPlan],
    follow_up_days: int,
    max_follow_up_days: int,
) -> int:
    """Patient day until which an analysis looks: at the latest, where the trial may end before."""
    inner = statistic_of(plan, plans)
    longer = STATISTICS[inner.test].measure.of_all_follow_up or "day" in inner.options
    return max_follow_up_days if longer else follow_up_days


def estimand(
    plan: AnalysisPlan,
    follow_up_days: int,
    arms: Sequence[str],
    plans: Sequence[AnalysisPlan] = (),
) -> str:
    """Estimand of an analysis in words, to be set in a sentence or a table.

    Parameters
    ----------
    arms
        Names of the arms, the control arm first.
    plans
        All of the scenario: a randomisation test has the estimand of another.
    """
    inner = statistic_of(plan, plans)
    declared = STATISTICS[inner.test]
    variable = declared.variable
    how = declared.estimand_how(inner.options)
    if plan is not inner:
        kind = RANDOMISATION_TESTS[plan.test].full_name
        how = f"{kind}, {plan.options['draws']} draws: {how}"
    whom = _POPULATION[plan.population] + variable.whom
    transplant = _TRANSPLANT[plan.transplant]
    if plan.transplant == "competing" and variable.transplant_competes:
        transplant = "transplant competes"
    elif plan.transplant == "competing" and Need.LAST_MELD in variable.needs:
        transplant += _UNSEEN_AFTER_TRANSPLANT
    others = [
        f"{_OTHER[name]} {_COUNTS[word]}"
        for name in _OTHER
        if (word := getattr(plan, name)) != "ignored"
    ]
    loss = _loss_in_words(plan, follow_up_days) + variable.unseen
    parts = "; ".join([loss, transplant, *others])
    measure = f"{declared.measure.in_words(follow_up_days, inner.options)} ({how})"
    return f"{measure}, {arms[1]} against {arms[0]}, of {whom}; {parts}"


def estimand_attributes(
    plan: AnalysisPlan,
    follow_up_days: int,
    arms: Sequence[str],
    plans: Sequence[AnalysisPlan] = (),
) -> dict[str, str]:
    """The attributes of ICH E9(R1): population, treatment, variable, events, summary.

    `loss` says how missing outcomes are treated, which is no part of the estimand itself, and
    `loss_bias` what that does to the estimate.
    """
    inner = statistic_of(plan, plans)
    declared = STATISTICS[inner.test]
    variable = declared.variable
    counted = _counted(plan) if variable.events_may_count else []
    words = variable.words.format(
        event=_joined(["death", *counted], "or"),
        day=follow_up_days,
        cause=inner.options.get("cause", ""),
    )
    attributes = {
        "population": _POPULATION[plan.population],
        "treatment": f"{arms[1]} against {arms[0]}",
        "variable": words,
    }
    for name in ("transplant", "rescue", "withdrawal"):
        word = getattr(plan, name)
        competes = variable.transplant_competes and word == "competing"
        attributes[name] = "competing event" if competes else _STRATEGY[word]
    if variable.death:
        attributes["death"] = variable.death
    attributes["loss"] = _loss_in_words(plan, follow_up_days)
    attributes["loss_bias"] = loss_bias_in_words(inner)
    attributes["summary"] = declared.measure.in_words(follow_up_days, inner.options)
    if counted and not variable.survivors_only:
        attributes["summary"] += f", {_joined(counted, 'and')} counting as death"
    return attributes


def _counted(plan: AnalysisPlan) -> list[str]:
    """Events that count as death beside death itself."""
    return [name for key, name in _EVENTS.items() if getattr(plan, key) == "event"]


def _joined(names: list[str], last: str) -> str:
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final


def scale_of(plan: AnalysisPlan, plans: Sequence[AnalysisPlan]) -> Scale:
    """Unit of an analysis's estimate."""
    return STATISTICS[statistic_of(plan, plans).test].measure.scale


def tests_of(plans: Sequence[AnalysisPlan]) -> tuple[Test, ...]:
    """What each analysis of a scenario is called, and what tells those of one name apart."""
    first: dict[str, AnalysisPlan] = {}
    tests = []
    for plan in plans:
        declared = ANALYSES[plan.test].named_for(has_margin=plan.hypothesis.has_margin)
        options, inner = _options_in_words(plan, plans), _inner_of(plan, plans)
        scale = None if inner is None else STATISTICS[inner.test].measure.scale
        tests.append(
            Test(
                word=plan.test,
                name=_with(plan, declared.in_sentence(options), scale),
                full=_with(plan, declared.name(options), scale),
                short=declared.short_name,
                details=declared.how(options),
                distinction=_difference(plan, first.setdefault(declared.short_name, plan), scale),
            )
        )
    return tuple(tests)


def _with(plan: AnalysisPlan, name: str, scale: Scale | None) -> str:
    """Name of a test with what it is to show, where that is not a difference on either side."""
    return ", ".join(filter(None, (name, told_apart(plan.hypothesis, scale))))


def _inner_of(plan: AnalysisPlan, plans: Sequence[AnalysisPlan]) -> AnalysisPlan | None:
    """As `statistic_of`; None: it is not there, as where one analysis alone is asked for."""
    if plan.test not in RANDOMISATION_TESTS:
        return plan
    return next((p for p in plans if p.name == plan.options["of"]), None)


def _options_in_words(plan: AnalysisPlan, plans: Sequence[AnalysisPlan]) -> dict[str, Any]:
    """Options of an analysis, in which a randomisation test names the test whose statistic it has.

    A plan without the others keeps the name.
    """
    inner = _inner_of(plan, plans)
    if inner is None or inner is plan:
        return plan.options
    return plan.options | {"of": ANALYSES[inner.test].in_sentence(inner.options)}


def _difference(plan: AnalysisPlan, other: AnalysisPlan, scale: Scale | None) -> str:
    """Say what an analysis has that another does not, as "lost count as dead"; else empty."""
    declared, found = ANALYSES[plan.test], list[str]()
    if plan.options != other.options:
        values = declared.options.spoken(plan.options).values()
        found.append(declared.how(plan.options) or ", ".join(map(str, values)))
    for name, words in (
        ("population", _POPULATION_IN_SHORT[plan.population]),
        ("lost", f"lost {_LOST[plan.lost]}"),
        ("transplant", _TRANSPLANT[plan.transplant]),
        *((name, f"{words} {_COUNTS[getattr(plan, name)]}") for name, words in _OTHER.items()),
        ("hypothesis", told_apart(plan.hypothesis, scale) or "two-sided"),
        ("alpha", f"level {plan.alpha:g}"),
    ):
        if getattr(plan, name) != getattr(other, name):
            found.append(words)
    return ", ".join(found)
