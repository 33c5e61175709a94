"""The answer of `exact` as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.power import prior_in_words
from simulator.results.exact import Exact


def print_exact(answer: Exact, console: Console) -> None:
    """Print an exact calculation."""
    (n0, n1), (p0, p1) = answer.n, answer.p
    by = f" ({answer.interval})" if answer.interval else ""
    console.print(Text(f"{answer.test}{by}, {n0} v {n1}, exact", style="bold"))
    sides = "" if answer.alternative == "two_sided" else f", {answer.alternative}"
    console.print(f"power at mortality {p0:g} v {p1:g}: {answer.power:.10f}")
    console.print(
        f"size at alpha {answer.alpha:g}{sides}: {answer.size:.10f}, at a common mortality "
        f"of {answer.size_at:.4f}" + ("; EXCEEDS alpha" if answer.exceeds_level else "")
    )
    console.print(f"no common mortality has a larger one than {answer.size_bound:.10f}")
    found = answer.detectable
    for way, rate in (("lower", found.lower), ("higher", found.higher)):
        if rate is None:
            shown = "no mortality has it"
        else:
            shown = f"{rate:.6f}, a difference of {abs(rate - p0):.6f}"
        console.print(f"smallest detectable with power {found.power:g}, {way} than {p0:g}: {shown}")
    if answer.prior:
        console.print(f"decides at a posterior probability of {answer.posterior_threshold:g}")
        arms = ("the first arm", "the second arm")
        for arm, report in zip(arms, answer.prior, strict=True):
            console.print(prior_in_words(arm, report))
