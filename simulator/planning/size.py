"""The value of a key, as the number of patients, at which a trial reaches a power.

First the same trials (common random numbers) at values ever further apart, until the power asked
lies between two neighbours (`bracket`). Then fresh trials at a few values close to the crossing,
and many at the answer itself (`refinement`). Where outcomes are known beforehand, the power of a
test of two proportions is exact, and so is the number from which on it lasts (`lasting`).
"""

import math
from collections.abc import Callable
from dataclasses import replace

from simulator.montecarlo.operations import operations_of
from simulator.montecarlo.workers import Workers
from simulator.planning.accepted import accepted
from simulator.planning.bracket import bracket, is_out_of_reach
from simulator.planning.facts import facts_of
from simulator.planning.formulas import normal_size
from simulator.planning.lasting import ExactPower, exact_power_of, lasting
from simulator.planning.paired import run_trials
from simulator.planning.prepared import Prepared
from simulator.planning.refinement import find_crossing
from simulator.planning.search import Search, SizeTarget
from simulator.planning.simulated import SimulatedTrials
from simulator.planning.size_answer import Outcome, size_answer
from simulator.results.size import PATIENTS, NoSize, NoSizeKind, Size
from simulator.scenario.errors import Problem, ScenarioError

_FIRST_LOOK = 500  # trials
_CURVE = 0.35, 0.55, 0.8, 1.25, 1.6  # values of the curve, as shares of the answer's
_APART = 1.12  # of the curve's values, at the least: a factor


def find_size(
    base: Prepared,
    asked: SizeTarget,
    seed: int,
    workers: Workers,
    say: Callable[[str], None],
    *,
    whole: bool,
    guess: float | None,
) -> Size:
    """Find the value of a key at which the scenario's first analysis has a power.

    Parameters
    ----------
    base
        Best with that analysis alone: others may not suit the numbers tried.
    whole
        Whether the key takes whole numbers only. Numbers of patients are multiples of what fills
        both arms in their ratio.
    guess
        Where to look early on; a closed form's answer, or None.

    Raises
    ------
    ScenarioError
        If a value is no scenario that can be simulated.
    KeyboardInterrupt
        If stopped.
    """
    step = float(sum(base.params.allocation.ratio)) if asked.key == PATIENTS else 1.0
    if whole and math.ceil(asked.low / step) > asked.high // step:
        rule = f"holds no multiple of {step:g}"
        value = f"{asked.low:g},{asked.high:g}"
        raise ScenarioError(Problem("", 0, "between", value, rule, "give a wider range"))
    acceptance = accepted(base, workers.jobs)
    run = SimulatedTrials(base, asked.key, whole, seed, workers, say)
    exact = None
    if asked.key == PATIENTS and not base.sought.is_family:
        exact = exact_power_of(base.params, base.plans[0], favoured=asked.favoured)
    own = float(base.loaded.value(asked.key))
    search = Search(asked, run, own, whole, step)
    outcome = seek(search, exact, guess, base.params.trial.max_recruitment_days)
    found = size_answer(base, search, run, exact, outcome, shown(search, outcome))
    return replace(found, acceptance=acceptance)


def seek(
    search: Search, exact: ExactPower | None, guess: float | None, recruitment_days: float
) -> Outcome:
    """Look for the crossing by trials and, where the power is exact, for the lasting number."""
    lasts = _lasting(search, exact)
    pair = bracket(search, lasts or guess)
    if pair is None:
        return Outcome(None, _why_none(search, recruitment_days), lasts)
    crossing = find_crossing(search, *pair)
    if crossing is None:
        tried = min(search.first), max(search.first)
        return Outcome(None, NoSize(NoSizeKind.NOT_CONVERGED, *tried), lasts)
    _draw_curve(search, lasts or crossing.value, *pair)
    return Outcome(crossing, None, lasts)


def _lasting(search: Search, exact: ExactPower | None) -> float | None:
    """The number from which on the exact power lasts, inside the range asked."""
    if exact is None:
        return None
    step = int(search.step)
    low, high = int(search.inside(-math.inf)), int(search.inside(math.inf))
    most = exact.largest // step * step
    found = lasting(exact, search.asked.power, low, high, most, step) if low <= most else None
    return None if found is None else float(found)


def _why_none(search: Search, recruitment_days: float) -> NoSize:
    asked, lowest, highest = search.asked, min(search.first), max(search.first)
    if min(map(search.power, search.first)) >= asked.power:
        return NoSize(NoSizeKind.ALWAYS, lowest, highest)
    if is_out_of_reach(search, highest):
        patients = search.tallies[highest].randomised
        return NoSize(NoSizeKind.RECRUITMENT, lowest, highest, recruitment_days, patients)
    return NoSize(NoSizeKind.NEVER, lowest, highest)


def shown(search: Search, outcome: Outcome) -> float:
    """The value that is named or told of, with the trials that a power that is quoted needs.

    Without an answer that is where power was largest or, where it is always more, the least value.
    """
    if outcome.lasting is not None:
        value = outcome.lasting
    elif outcome.crossing is not None:
        value = outcome.crossing.value
    elif outcome.reason is not None and outcome.reason.kind is NoSizeKind.ALWAYS:
        value = min(search.first)
    else:
        value = max(search.tallies, key=search.power)
        while not search.is_checked(value):  # the largest of few trials is so by chance
            search.check(value)
            value = max(search.tallies, key=search.power)
    search.check(value)
    return value


def _draw_curve(search: Search, answer: float, low: float, high: float) -> None:
    """Run the first trials also where the curve is to be seen beside the answer."""
    if search.of_patients:
        values = [share * answer for share in _CURVE]
    else:
        values = [low + share * (high - low) for share in (0.25, 0.5, 0.75)]
    for value in sorted({search.rounded(value) for value in values}):
        known = search.first if search.of_patients else ()
        if not any(1 / _APART < value / other < _APART for other in known):
            search.run_first(value)


def guess_of(base: Prepared, power: float, seed: int, say: Callable[[str], None]) -> float | None:
    """Where a closed form would look, from the mortality in a few trials; None if it cannot."""
    say("a first look")
    seen = run_trials(base, _FIRST_LOOK, seed, Workers(), lambda _: None)
    facts = facts_of(base.plain, 0, operations_of(base.solved, base.params, seen.totals))
    return normal_size(facts, power)
