"""The answer of `power` as one screen: the verdict and what to do next are what remains on it."""

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.constants import DAYS_PER_MONTH
from simulator.report.text.advice import next_steps
from simulator.report.text.numbers import mean, percent, plain_percent, rounded
from simulator.report.text.page import KEPT, LINES, Block, Bold, Command, line_count
from simulator.report.text.power import verdict_blocks
from simulator.report.text.power_adaptation import adaptation_in_short
from simulator.report.text.power_conditional import in_short
from simulator.report.text.power_looks import looks_in_short
from simulator.report.text.power_rates import power_table
from simulator.report.text.power_trial import assumptions_in_short
from simulator.report.text.tables import new_table
from simulator.report.text.trial_end import trial_end_in_short
from simulator.report.text.wrapping import short_names, shortened
from simulator.report.words import biases_in_words, effect_in_short, hypothesis_in_words
from simulator.results.measures import Estimate
from simulator.results.operations import ByArm, Operations
from simulator.results.power import Power

_LABEL = 13
_NAME = 30  # cells of an analysis's name
_ARM = 18


def power_screen(answer: Power, width: int, run: Path | None = None) -> list[Block]:
    """Return the screen, with as many analyses as there is room for.

    Parameters
    ----------
    run
        The folder in which the answer is kept, for what to do next.
    """
    above, below = list(_head(answer, width)), list(_below(answer, width, run))
    beside = line_count([KEPT.format(run=run), "the prompt"], width)
    room = LINES - beside - line_count([*above, "", *below], width)
    for shown in range(len(answer.analyses), 1, -1):
        table = list(_power(answer, shown, run))
        if line_count(table, width) <= room:
            break
    else:
        table = list(_power(answer, 1, run))
    return [*above, "", *table, *below]


def _head(answer: Power, width: int) -> Iterator[Block]:
    yield Bold(shortened(f"{answer.scenario}: {answer.title}", width))
    yield (
        f"{answer.trials:,} trials, seed {answer.seed}, trialsim {answer.version}; "
        f"{assumptions_in_short(answer)}; +- is the Monte Carlo standard error"
    )


def _power(answer: Power, shown: int, run: Path | None) -> Iterator[Block]:
    """The first analyses, and how many more there are."""
    names = short_names([a.name for a in answer.analyses], _NAME)[:shown]
    favours = [f"favours {arm}" for arm in short_names(answer.arms, _ARM)]
    yield power_table(answer, answer.analyses[:shown], names, favours)
    left = len(answer.analyses) - shown
    if left:
        named = "RUN" if run is None else shlex.quote(str(run))
        more = f"and {left} more {'analysis' if left == 1 else 'analyses'}"
        yield Command(f"{more}: trialsim show {named} power")


def _below(answer: Power, width: int, run: Path | None) -> Iterator[Block]:
    table = new_table("", "", words=("",))
    for label, words in _lines(answer):
        table.add_row(label, shortened(words, 2 * (width - _LABEL - 2)))
    yield ""
    yield table
    yield ""
    yield from verdict_blocks(answer)
    steps = next_steps(answer, run)
    if steps:
        yield ""
    for step in steps:
        line = f"{step.purpose + ':':{_LABEL + 4}}{step.command}"
        if line_count([Command(line)], width) == 1:
            yield Command(line)
        else:
            yield f"{step.purpose}:"
            yield Command(step.command)


def _lines(answer: Power) -> Iterator[tuple[str, str]]:
    """What the trial is of and takes, a line each."""
    o, arms = answer.operations, short_names(answer.arms, _ARM)
    shown = hypothesis_in_words(answer.primary)
    if shown:
        yield "Hypothesis", f"{shown}; level {answer.primary.alpha:g}"
    yield "Effect", effect_in_short(answer.effect, tuple(arms))
    for words in biases_in_words(answer.selection_bias, answer.drift):
        yield "Biased", words
    if answer.primary.conditional is not None:
        yield "Conditional", in_short(answer.primary.conditional)
    if answer.looks is not None:
        yield "Looks", looks_in_short(answer.looks)
        changed = adaptation_in_short(answer.looks)
        if changed:
            yield "Adapts", changed
    if answer.trial_end is not None:
        yield "End", trial_end_in_short(answer.trial_end)
    for family in answer.multiplicity[:1]:
        more = len(answer.multiplicity) - 1
        yield (
            "Together",
            f"{family.name} ({family.method.replace('_', ' ')}): any rejected "
            f"{percent(family.any)}, all {percent(family.all)}"
            f"{f'; and {more} more' if more else ''}",
        )
    yield "Recruitment", _recruitment(o)
    if o.has_sessions:
        yield "Sessions", _sessions(o, arms)
        yield "Plasma", _plasma(o, arms)
    yield "Losses", _losses(o, arms)
    yield "Mortality", _by_arm(arms, [_share(e) for e in o.mortality.values()])


def _recruitment(o: Operations) -> str:
    days = o.enrolment_days
    words = f"{mean(o.randomised)} of {o.target_randomised:,} patients"
    if not math.isnan(days.mean):
        words += (
            f" in {rounded(days.mean / DAYS_PER_MONTH, 0)} months ({mean(days)} days; 90 % range "
            f"{rounded(days.p5, 0)} to {rounded(days.p95, 0)})"
        )
    if o.on_time is not None:
        words += f"; on time {plain_percent(o.on_time.mean)}"
    return words


def _sessions(o: Operations, arms: Sequence[str]) -> str:
    shown = [
        f"{mean(done)} of {mean(planned)}" if planned.mean > 0 else "none planned"
        for done, planned in zip(
            o.sessions_delivered.values(), o.sessions_planned.values(), strict=True
        )
    ]
    return f"delivered of planned: {_by_arm(arms, shown)}"


def _plasma(o: Operations, arms: Sequence[str]) -> str:
    words = _by_arm(arms, [f"{shown} L" for shown in _means(o.plasma_litres)])
    if o.unit.days_open.mean > 0:
        words += (
            f"; short on {mean(o.unit.days_short_of_plasma)} of {mean(o.unit.days_open)} site-days"
        )
    return words


def _losses(o: Operations, arms: Sequence[str]) -> str:
    lost, withdrawn = _by_arm(arms, _means(o.lost)), _means(o.withdrawn)
    words = f"{lost} lost to follow-up"
    if any(e.mean for e in o.withdrawn.values()):
        words += f"; {', '.join(withdrawn)} withdrawn"
    return words


def _means(by_arm: ByArm) -> list[str]:
    return [mean(entry) for entry in by_arm.values()]


def _share(entry: Estimate) -> str:
    return plain_percent(entry.mean)


def _by_arm(arms: Sequence[str], shown: Sequence[str]) -> str:
    return ", ".join(f"{arm} {value}" for arm, value in zip(arms, shown, strict=True))
