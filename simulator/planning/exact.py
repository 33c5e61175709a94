"""The question of an exact calculation: what can be asked of a test of two proportions."""

from typing import NamedTuple, get_args

from simulator.analysis import exact_power
from simulator.analysis.bayes import prior_report
from simulator.analysis.exact_power import ExactQuestion
from simulator.declarations.analyses import MOST_PATIENTS, STATISTICS
from simulator.declarations.analyses.hypothesis import ALTERNATIVES
from simulator.results.exact import Detectable, Exact
from simulator.results.power import PriorReport
from simulator.scenario.errors import nearest
from simulator.version import program_version

_MOST_OTHERS = 5_000
# The score tests and the exact one are asked for by what they are made of.
_BY_OTHER_NAMES = {
    "farrington_manning": "risk_difference with interval farrington_manning",
    "miettinen_nurminen": "risk_difference with interval miettinen_nurminen",
    "newcombe": "risk_difference with interval newcombe",
    "wald": "risk_difference with interval wald",
    "chan": "z_pooled with a margin",
    "suissa_shuster": "z_pooled",
}
_ROUNDING = 1e-9  # relative, of a sum of probabilities


class Refusal(NamedTuple):
    """What is wrong with a question: the argument's name, its value, the rule and the remedy."""

    name: str
    value: object
    rule: str
    remedy: str


def takes_gamma(test: str) -> bool:
    """Whether a test has Berger and Boos's gamma."""
    return "gamma" in STATISTICS[test].options.model_fields


def intervals_of(test: str) -> tuple[str, ...]:
    """Return the intervals of which one decides; empty for a test without."""
    field = STATISTICS[test].options.model_fields.get("interval")
    return () if field is None else get_args(field.annotation)


def _has_priors(test: str) -> bool:
    return "prior_control" in STATISTICS[test].options.model_fields


def refusal(asked: ExactQuestion, rates: tuple[float, float], power: float) -> Refusal | None:
    """Return the first thing that is wrong with a question."""
    return _wrong_test(asked) or _wrong_numbers(asked, rates, power) or _wrong_options(asked)


def _wrong_test(asked: ExactQuestion) -> Refusal | None:
    test, sizes = asked.test, (asked.n0, asked.n1)
    if test not in exact_power.TESTS:
        near = nearest(test, exact_power.TESTS)
        remedy = f"did you mean {near}?" if near else f"use one of {', '.join(exact_power.TESTS)}"
        if test in _BY_OTHER_NAMES:
            remedy = f"use {_BY_OTHER_NAMES[test]}"
        return Refusal("test", test, "is not a test of two proportions", remedy)
    most = MOST_PATIENTS.get(test, _MOST_OTHERS)
    if min(sizes) < 1 or sum(sizes) > most:
        rule = f"each arm needs a patient, both together at most {most} for {test}"
        return Refusal("n", f"{sizes[0]},{sizes[1]}", rule, "as 30,30")
    return None


def _wrong_numbers(
    asked: ExactQuestion, rates: tuple[float, float], power: float
) -> Refusal | None:
    if not all(0 <= rate <= 1 for rate in rates):
        return Refusal("p", f"{rates[0]},{rates[1]}", "must be probabilities", "as 0.6,0.3")
    if not 0 < asked.alpha < 1:
        return Refusal("alpha", asked.alpha, "must be > 0 and < 1", "as 0.05")
    side = asked.alternative
    if side not in ALTERNATIVES:
        return Refusal("alternative", side, "is unknown", f"use {', '.join(ALTERNATIVES)}")
    for error in STATISTICS[asked.test].hypothesis_rules(asked.hypothesis, asked.alpha):
        value = getattr(asked, error.key)
        shown = f"{value[0]:g},{value[1]:g}" if isinstance(value, tuple) else value
        return Refusal(error.key, shown, error.rule, error.remedy)
    if not asked.alpha < power < 1:
        return Refusal("power", power, "must be between alpha and 1", "as 0.8")
    return None


def _wrong_options(asked: ExactQuestion) -> Refusal | None:
    if takes_gamma(asked.test) and not 0 < asked.gamma < asked.alpha:
        return Refusal("gamma", asked.gamma, "must be > 0 and below alpha", "as 0.001")
    intervals = intervals_of(asked.test)
    if asked.interval is not None and asked.interval not in intervals:
        remedy = f"use {' or '.join(intervals)}" if intervals else "leave it out"
        return Refusal("interval", asked.interval, f"is none of {asked.test}", remedy)
    if intervals and asked.interval is None:
        rule = f"{asked.test} decides by an interval"
        return Refusal("interval", "none", rule, f"use {' or '.join(intervals)}")
    prior = asked.prior_0
    if _has_priors(asked.test) and not all(0.01 <= value <= 10_000 for value in prior):
        rule = "must be from 0.01 to 10000"
        return Refusal("prior", f"{prior[0]},{prior[1]}", rule, "as 1,1")
    return None


def exact_answer(asked: ExactQuestion, rates: tuple[float, float], power: float) -> Exact:
    """Power at the rates given, largest size, and the nearest rates that reach a power."""
    significant = exact_power.rejection_set(asked)
    largest = exact_power.size(significant, asked)
    lower, higher = exact_power.nearest_detectable(asked, significant, rates[0], power)
    threshold: float | None = None
    priors: tuple[PriorReport, ...] = ()
    if _has_priors(asked.test):
        threshold = 1 - (asked.alpha / 2 if asked.alternative == "two_sided" else asked.alpha)
        priors = (
            prior_report(asked.prior_0, asked.n0, rates[0]),
            prior_report(asked.prior_0, asked.n1, rates[1]),
        )
    return Exact(
        test=asked.test,
        n=(asked.n0, asked.n1),
        p=rates,
        alpha=asked.alpha,
        alternative=asked.alternative,
        power=exact_power.power(significant, *rates),
        size=largest.probability,
        size_at=largest.at,
        size_bound=largest.bound,
        exceeds_level=largest.probability > asked.alpha * (1 + _ROUNDING),
        detectable=Detectable(power, rates[0], lower, higher),
        version=program_version(),
        gamma=asked.gamma if takes_gamma(asked.test) else None,
        interval=asked.interval,
        posterior_threshold=threshold,
        prior=priors,
        margin=asked.margin,
        equivalence=asked.equivalence,
    )
