"""The answer of `exact` as a page of text."""

from collections.abc import Iterator
from typing import Any

from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.declarations.margins import to_be_shown
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.power_estimates import prior_in_words
from simulator.results.exact import Exact


def _exact(answer: Exact) -> Iterator[Block]:
    (n0, n1), (p0, p1) = answer.n, answer.p
    by = f" ({answer.interval})" if answer.interval else ""
    yield Bold(f"{answer.test}{by}, {n0} v {n1}, exact")
    sides = "" if answer.alternative == "two_sided" else f", {answer.alternative}"
    with_margin = answer.margin is not None or answer.equivalence is not None
    mortality = "control mortality" if with_margin else "common mortality"
    if with_margin:
        measure = STATISTICS[answer.test].measure
        side: Any = answer.alternative
        asked = Hypothesis(side, answer.margin, answer.equivalence)
        yield to_be_shown(asked, measure.name, measure.scale)
    yield f"power at mortality {p0:g} v {p1:g}: {answer.power:.10f}"
    yield (
        f"size at alpha {answer.alpha:g}{sides}: {answer.size:.10f}, at a {mortality} "
        f"of {answer.size_at:.4f}" + ("; EXCEEDS alpha" if answer.exceeds_level else "")
    )
    if with_margin:
        yield "size: at the margin, the largest over the control mortality"
    yield f"no {mortality} has a larger one than {answer.size_bound:.10f}"
    yield from _detectable(answer)
    if answer.prior:
        yield f"decides at a posterior probability of {answer.posterior_threshold:g}"
        arms = ("the first arm", "the second arm")
        for arm, report in zip(arms, answer.prior, strict=True):
            yield prior_in_words(arm, report)


def _detectable(answer: Exact) -> Iterator[Block]:
    found, p0 = answer.detectable, answer.p[0]
    if answer.equivalence is not None:
        return
    if answer.margin is not None:
        less = answer.alternative == "less"
        rate = found.lower if less else found.higher
        most = "largest" if less else "smallest"
        shown = "no mortality has it" if rate is None else f"{rate:.6f}"
        yield f"{most} mortality of the second arm with power {found.power:g}, at {p0:g}: {shown}"
        return
    for way, rate in (("lower", found.lower), ("higher", found.higher)):
        if rate is None:
            shown = "no mortality has it"
        else:
            shown = f"{rate:.6f}, a difference of {abs(rate - p0):.6f}"
        yield f"smallest detectable with power {found.power:g}, {way} than {p0:g}: {shown}"


EXACT_SECTIONS = (Section("exact", _exact),)
