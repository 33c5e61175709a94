"""An exact power calculation as one mapping and as text."""

from typing import Any

from rich.console import Console
from rich.text import Text

from simulator.analysis import exact_power as exact
from simulator.analysis.bayes import prior_report
from simulator.analysis.exact_tables import TWO_SIDED_ONLY
from simulator.declarations.analyses import MOST_PATIENTS
from simulator.report.text import prior_in_words
from simulator.report.version import program_version
from simulator.scenario.errors import nearest

_MOST_OTHERS = 5_000
_ALTERNATIVES = ("two_sided", "less", "greater")

Problem = tuple[str, object, str, str]


def refused(
    asked: exact.ExactQuestion, rates: tuple[float, float], wanted: float
) -> Problem | None:
    """Return the first thing that is wrong with a question: option, value, rule and remedy."""
    test, sizes, alpha = asked.test, (asked.n0, asked.n1), asked.alpha
    if test not in exact.TESTS:
        near = nearest(test, exact.TESTS)
        remedy = f"did you mean {near}?" if near else f"use one of {', '.join(exact.TESTS)}"
        return "--test", test, "is not a test of two proportions", remedy
    most = MOST_PATIENTS.get(test, _MOST_OTHERS)
    if min(sizes) < 1 or sum(sizes) > most:
        rule = f"each arm needs a patient, both together at most {most} for {test}"
        return "--n", f"{sizes[0]},{sizes[1]}", rule, "as 30,30"
    if not all(0 <= rate <= 1 for rate in rates):
        return "--p", f"{rates[0]},{rates[1]}", "must be probabilities", "as 0.6,0.3"
    if not 0 < alpha < 1:
        return "--alpha", alpha, "must be > 0 and < 1", "as 0.05"
    side = asked.alternative
    if side not in _ALTERNATIVES:
        return "--alternative", side, "is unknown", f"use {', '.join(_ALTERNATIVES)}"
    if side != "two_sided" and test in TWO_SIDED_ONLY:
        return "--alternative", side, f"{test} is two-sided", "leave it out"
    if not alpha < wanted < 1:
        return "--power", wanted, "must be between alpha and 1", "as 0.8"
    if test.endswith("berger_boos") and not 0 < asked.gamma < alpha:
        return "--gamma", asked.gamma, "must be > 0 and below alpha", "as 0.001"
    prior = asked.prior_0
    if test == "beta_binomial" and not all(0.01 <= value <= 10_000 for value in prior):
        return "--prior", f"{prior[0]},{prior[1]}", "must be from 0.01 to 10000", "as 1,1"
    return None


def exact_summary(
    asked: exact.ExactQuestion, rates: tuple[float, float], wanted: float
) -> dict[str, Any]:
    """Power at the rates given, largest size, and the nearest rates that reach a power."""
    significant = exact.rejection_set(asked)
    largest = exact.size(significant)
    detectable = {
        name: exact.detectable(significant, rates[0], wanted, lower=name == "lower")
        for name in ("lower", "higher")
    }
    sizes = (asked.n0, asked.n1)
    summary: dict[str, Any] = {
        "test": asked.test,
        "n": list(sizes),
        "p": list(rates),
        "alpha": asked.alpha,
        "alternative": asked.alternative,
        "power": exact.power(significant, *rates),
        "size": largest.probability,
        "size_at": largest.at,
        "size_bound": largest.bound,
        "detectable": {"power": wanted, "control": rates[0], **detectable},
        "version": program_version(),
    }
    if asked.test.endswith("berger_boos"):
        summary["gamma"] = asked.gamma
    if asked.test == "beta_binomial":
        sided = asked.alpha / 2 if asked.alternative == "two_sided" else asked.alpha
        summary["posterior_threshold"] = 1 - sided
        summary["prior"] = [
            prior_report(asked.prior_0, size, rate) for size, rate in zip(sizes, rates, strict=True)
        ]
    return summary


def print_exact(summary: dict[str, Any], console: Console) -> None:
    """Print an exact calculation."""
    (n0, n1), (p0, p1) = summary["n"], summary["p"]
    console.print(Text(f"{summary['test']}, {n0} v {n1}, exact", style="bold"))
    sides = "" if summary["alternative"] == "two_sided" else f", {summary['alternative']}"
    console.print(f"power at mortality {p0:g} v {p1:g}: {summary['power']:.10f}")
    console.print(
        f"size at alpha {summary['alpha']:g}{sides}: {summary['size']:.10f}, at a common mortality "
        f"of {summary['size_at']:.4f}"
        + ("; EXCEEDS alpha" if summary["size"] > summary["alpha"] * (1 + 1e-9) else "")
    )
    console.print(f"no common mortality has a larger one than {summary['size_bound']:.10f}")
    found = summary["detectable"]
    for way in ("lower", "higher"):
        rate = found[way]
        if rate is None:
            shown = "no mortality has it"
        else:
            shown = f"{rate:.6f}, a difference of {abs(rate - p0):.6f}"
        console.print(
            f"smallest detectable with power {found['power']:g}, {way} than {p0:g}: {shown}"
        )
    if "prior" in summary:
        console.print(f"decides at a posterior probability of {summary['posterior_threshold']:g}")
        arms = ("the first arm", "the second arm")
        for arm, report, rate in zip(arms, summary["prior"], (p0, p1), strict=True):
            console.print(prior_in_words(arm, report, rate))
