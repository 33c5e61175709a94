"""A search over designs as a page of text: the front, or why there is none, last."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.report.text.numbers import (
    interval,
    mean,
    number,
    percent,
    rates_decimals,
    rounded,
    target_in_words,
)
from simulator.report.text.page import Block, Bold, Command, Section, apart
from simulator.report.text.tables import Table, new_table
from simulator.report.words import values_in_short
from simulator.results.design import (
    Constraint,
    Design,
    DesignSearch,
    FailedDesign,
    Feasibility,
    NearMiss,
)
from simulator.results.measures import Estimate

_ON_A_SCREEN = 10  # designs
_WORDS = {
    Feasibility.FEASIBLE: "feasible",
    Feasibility.UNDECIDED: "cannot be told",
    Feasibility.INFEASIBLE: "no",
}


def _head(answer: DesignSearch) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: designs, {_asked(answer)}")
    chosen = [f"{key} {_listed(values)}" for key, values in answer.chosen.items()]
    chosen += ["n looked for"] * ("n" not in answer.chosen)
    tried = f"{len(answer.designs)} {'design' if len(answer.designs) == 1 else 'designs'}"
    yield (
        f"Chosen from: {'; '.join(chosen)}. {tried} tried; those on the "
        f"front judged by {answer.trials:,} fresh trials, seed {answer.seed}, trialsim "
        f"{answer.version}."
    )
    failed = len(answer.failed)
    if failed > len(answer.designs):
        yield Bold(f"MOST DESIGNS FAILED: {failed} could not be simulated.")
    own = ", ".join(f"{key} {values_in_short((value,))}" for key, value in answer.own.items())
    yield f"The scenario's own: {own}."


def _asked(answer: DesignSearch) -> str:
    asked = f"{target_in_words(answer.target_power)} power of {answer.test_name}"
    if answer.within_days is not None:
        asked += f", within {rounded(answer.within_days, 0)} days"
    if answer.budget is not None:
        asked += f", for {rounded(answer.budget, 0)} {answer.currency}"
    return asked


def _listed(values: Sequence[object]) -> str:
    return ", ".join(values_in_short((value,)) for value in values)


def _front(answer: DesignSearch, most: int | None = None) -> Iterator[Block]:
    """Designs that no other one beats, the fastest first."""
    if not answer.front:
        return
    yield _table(answer, answer.front[:most])
    left = len(answer.front) - len(answer.front[:most])
    if left:
        yield f"and {left} more on the front."
    yield (
        "No other design is as good in days, "
        f"{'' if answer.currency is None else 'cost, '}patients and power and better in one; what "
        "differs by less than its error counts as the same."
    )


def _others(answer: DesignSearch) -> Iterator[Block]:
    """The other designs that were tried."""
    others = [design for design in answer.designs if not design.on_front]
    if others:
        yield Bold("Tried, and not on the front")
        yield _table(answer, others)
    for failed in answer.failed[1:]:
        yield _why_failed(failed)


def _why_failed(failed: FailedDesign) -> str:
    values = ", ".join(f"{k} {values_in_short((v,))}" for k, v in failed.values.items())
    return f"No trial can be simulated with {values or 'what is looked for'}: {failed.why}."


def _table(answer: DesignSearch, designs: Sequence[Design]) -> Table:
    keys = [key for key in designs[0].values if key != "n"]
    has_cost = answer.currency is not None
    heads = ["patients", "power", "95 % interval", "recruitment, d", "trial, d"]
    heads += [f"cost, {answer.currency}"] * has_cost
    table = new_table(*keys, *heads, "feasible", words=("feasible",), keys=max(len(keys), 1))
    decimals = rates_decimals([design.power.mcse for design in designs])
    for design in designs:
        cells = [values_in_short((design.values[key],)) for key in keys]
        cells += [f"{design.patients:,}", f"{100 * design.power.mean:.{decimals}f}%"]
        cells.append(interval(design.ci_low, design.ci_high, decimals, answer.target_power))
        cells += [mean(design.enrolment_days), mean(design.trial_days)]
        cells += [number(design.cost)] if design.cost is not None else []
        table.add_row(*cells, _judged(design))
    return table


def _judged(design: Design) -> str:
    misses = ", ".join(design.misses)
    found = f"{_WORDS[design.feasibility]}{f': {misses}' if misses else ''}"
    return found if design.confirmed else f"{found} (screened)"


def _verdict(answer: DesignSearch) -> Iterator[Block]:
    feasible = answer.feasible
    if feasible:
        yield Bold(f"{len(feasible)} feasible on the front: {_best(answer, feasible)}.")
        return
    if answer.front:
        yield Bold(
            f"CANNOT BE TOLD with {answer.trials:,} trials whether a design meets every limit: "
            f"{_described(answer.front[0])} comes nearest; give more --trials."
        )
        return
    yield Bold(f"NO DESIGN tried gives {_asked(answer)}.")
    for miss in answer.nearest:
        yield f"  {_missed(answer, miss)}"


def _best(answer: DesignSearch, feasible: Sequence[Design]) -> str:
    fastest = min(feasible, key=lambda design: design.trial_days.mean)
    smallest = min(feasible, key=lambda design: design.patients)
    parts = [f"the fastest takes {mean(fastest.trial_days)} days ({_described(fastest)})"]
    if smallest is not fastest:
        parts.append(f"the smallest has {smallest.patients:,} patients ({_described(smallest)})")
    if answer.currency is not None:
        cheapest = min(feasible, key=lambda d: d.cost.mean if d.cost is not None else 0.0)
        cost = cheapest.cost or Estimate(0.0, 0.0)
        parts.append(f"the cheapest costs {mean(cost)} {answer.currency} ({_described(cheapest)})")
    return "; ".join(parts)


def _described(design: Design) -> str:
    values = [f"{k} {values_in_short((v,))}" for k, v in design.values.items() if k != "n"]
    return ", ".join([f"{design.patients:,} patients", *values])


def _missed(answer: DesignSearch, miss: NearMiss) -> str:
    design = miss.design
    what = _described(design)
    beside = f"; it misses {' and '.join(miss.others)} too" if miss.others else ""
    if miss.constraint is Constraint.POWER:
        points = 100 * miss.missed_by
        rest = " within the other limits" if len(_limits(answer)) > 1 and not miss.others else ""
        return (
            f"power: the largest{rest} is {percent(miss.reached)}, {points:.1f} points short "
            f"({what}){beside}."
        )
    power = f"with {target_in_words(answer.target_power)} power"
    missed = rounded(miss.missed_by, 0)
    if miss.constraint is Constraint.DAYS:
        return (
            f"days: the fastest design {power} takes {mean(miss.reached)} days, {missed} too many "
            f"({what}){beside}."
        )
    return (
        f"budget: the cheapest design {power} costs {mean(miss.reached)} {answer.currency}, "
        f"{missed} too many ({what}){beside}."
    )


def _limits(answer: DesignSearch) -> list[float]:
    limits = answer.target_power, answer.within_days, answer.budget
    return [limit for limit in limits if limit is not None]


def _reach(answer: DesignSearch) -> Iterator[Block]:
    """Say what cannot be simulated, and where recruitment, not the planned number, is the limit."""
    if answer.failed:
        more = len(answer.failed) - 1
        beside = f" And {more} more: section others." if more else ""
        yield f"{_why_failed(answer.failed[0])}{beside}"
    told = list(answer.front) or [miss.design for miss in answer.nearest]
    limited = [design for design in told if design.recruitment_is_the_limit]
    if limited:
        one = limited[0]
        yield (
            f"RECRUITMENT IS THE LIMIT of {_described(one)}: {number(one.randomised)} are "
            "randomised on average; trial.max_recruitment_days ends it."
        )


DESIGN_SECTIONS = (
    Section("head", _head),
    Section("front", _front),
    Section("others", _others),
    Section("reach", _reach),
    Section("verdict", _verdict),
)


def design_screen(answer: DesignSearch, _width: int, run: Path | None = None) -> list[Block]:
    """Return what a designer reads first: the front, and the verdict."""
    parts = [list(_head(answer)), list(_front(answer, _ON_A_SCREEN))]
    parts.append([*_reach(answer), *_verdict(answer)])
    blocks = list(apart(parts))
    shown = "RUN" if run is None else shlex.quote(str(run))
    blocks.append(Command(f"every design tried: trialsim show {shown}"))
    return blocks
