"""How often analyses reject, as tables: each alone, in pairs, and judged together."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulator.report.text.numbers import count_of, interval, percent, rate, rates_decimals
from simulator.report.text.page import Block, Bold
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES
from simulator.results.power import AnalysisPower, FamilyPower, Power

if TYPE_CHECKING:
    from simulator.results.allocation import SchemeFamily
    from simulator.results.sweep import PointFamily

INTERVAL = "95 % interval"


def power_section(answer: Power) -> Iterator[Block]:
    """Power of every analysis, and why trials are not analysable."""
    favours = [f"favours {arm}" for arm in answer.arms]
    yield power_table(answer, answer.analyses, [a.name for a in answer.analyses], favours)
    yield "+- is the Monte Carlo standard error (MCSE)."
    for a in answer.analyses:
        for why, count in a.reasons.items():
            yield f"{a.name}: {count:,} of {a.trials:,} trials not analysable ({why})"


def power_table(
    answer: Power, shown: Sequence[AnalysisPower], names: Sequence[str], favours: Sequence[str]
) -> Table:
    """Return the table of power, of some analyses by names that may be shortened.

    Parameters
    ----------
    favours
        Heads of the shares in favour of each arm.
    """
    some_fail = any(a.not_analysable for a in shown)
    heads = [RATES[answer.null_hypothesis], "+-", INTERVAL, *favours]
    heads += ["not analysable"] * some_fail
    table = new_table("Analysis", *heads, spare=("+-", *favours[:1]))
    decimals = rates_decimals([a.mcse for a in shown])
    for a, name in zip(shown, names, strict=True):
        limits = interval(a.ci_low, a.ci_high, decimals, answer.verdict.threshold)
        own = max(decimals, len(limits.split("%")[0].partition(".")[2]))  # as its interval has
        cells = [*rate(a.power, a.mcse, own), limits]
        cells += [rate(d.power, d.mcse, decimals)[0] for d in a.in_favour_of.values()]
        cells += [count_of(a.not_analysable, a.trials)] * some_fail
        table.add_row(name, *cells)
    return table


def agreement_section(answer: Power) -> Iterator[Block]:
    """How the primary analysis agrees with the others."""
    first = answer.primary.name
    mine = [pair for pair in answer.agreement if pair.first == first]
    if not mine:
        return
    some_fail = any(pair.not_analysable for pair in mine)
    columns = ["both", f"only {first}", "only the other"]
    columns += ["a result is missing"] * some_fail
    table = new_table(f"Rejections of {first} and", *columns)
    for pair in mine:
        counts = pair.both, pair.only_first, pair.only_second
        cells = [f"{count / pair.trials:.1%}" for count in counts]
        cells += [count_of(pair.not_analysable, pair.trials)] * some_fail
        table.add_row(pair.second, *cells)
    yield table


def families_section(answer: Power) -> Iterator[Block]:
    """Rejections of analyses judged together."""
    for number, family in enumerate(answer.multiplicity):
        if number:
            yield ""
        yield Bold(f"{family.name}, judged together: {family_in_words(family)}")
        yield _family_table(family)


def family_in_words(family: "PointFamily | FamilyPower | SchemeFamily") -> str:
    """Say by which procedure analyses are judged together, and at which level."""
    return f"{family.method.replace('_', ' ')}, level {family.alpha:g}"


def _family_table(family: FamilyPower) -> Table:
    table = new_table("Hypothesis", f"rejected, of {family.trials:,} trials")
    for name, share in family.by_analysis.items():
        table.add_row(name, percent(share))
    table.add_row("any of them", percent(family.any))
    table.add_row("all of them", percent(family.all))
    table.add_row("none has a result", count_of(family.not_analysable, family.trials))
    return table
