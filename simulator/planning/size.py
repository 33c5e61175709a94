"""The value of a key, as the number of patients, at which a trial reaches a power.

First the same trials (common random numbers) at values ever further apart, until the power asked
lies between two neighbours: their differences, which is what the search needs, are known better
than each power. Then fresh trials at a few values close to the answer: more of the same trials
would not make the level any better known.
"""

import itertools
import math
from collections.abc import Callable, Iterator

from simulator.declarations.estimands import tests_of
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.operations import operations_of
from simulator.planning.formulas import closed_forms, facts_of, normal_size
from simulator.planning.paired import run_trials
from simulator.planning.prepared import Prepared
from simulator.planning.probit_fit import Count, Line, fit_level, fit_line
from simulator.planning.search import Search, SizeTarget
from simulator.planning.variation import present
from simulator.results.measures import Estimate
from simulator.results.operations import ByArm, Operations
from simulator.results.size import (
    PATIENTS,
    CurvePoint,
    LargestPower,
    NoSize,
    NoSizeKind,
    PowerFit,
    Size,
    SizeEstimate,
    SizeOperations,
)
from simulator.scenario.errors import Problem, ScenarioError
from simulator.version import program_version

CONFIDENCE = 0.95
_FIRST_LOOK = 500  # trials
_MOST_VALUES = 14  # of the search
_GROWTH = 1.6  # least limit of the growth from one number of patients to the next
_NEAR = 0.03  # values around the answer, as a share of it
_POINTS = 5  # of them
_SIDE = 0.15  # values from which the slope is taken: the answer less and more this share
_BATCH = 500  # fresh trials at each at first; twice as many, at the most, from round to round
_FAIR = 0.2  # of power, from the one asked to that at an end of the bracket
_UNREACHED = 0.01  # a target that fewer trials reach is out of reach: more patients change nothing
_SHOWN_PATIENTS = 1_000_000  # simulated to see what the trial at the answer takes
_CURVE = 0.35, 0.55, 0.8, 1.25, 1.6  # values of the curve, as shares of the answer's
_APART = 1.12  # of the curve's values, at the least: a factor


def find_size(
    base: Prepared,
    asked: SizeTarget,
    seed: int,
    jobs: int,
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
    search = Search(base, asked, seed, jobs, say, whole, step)
    bracket = _bracket(search, guess)
    if bracket is None:
        return _not_found(search)
    line, precise = _refine(search, *bracket)
    _draw_curve(search, search.unscaled(line.crossing(asked.power)[0]), *bracket)
    return _found(search, line, precise)


def _values(search: Search, guess: float | None) -> Iterator[float]:
    """Values to try, one after another, until the power asked lies between two of them."""
    asked, own = search.asked, float(search.base.params.trial.target_randomised)
    if asked.key != PATIENTS:
        for k in range(5):
            yield search.rounded(asked.low + k / 4 * (asked.high - asked.low))
        return
    least, most = search.inside(-math.inf), search.inside(math.inf)
    value = search.rounded(own)
    yield value
    if search.power(value) < asked.power:
        growth = max(_GROWTH, (most / value) ** (1 / _MOST_VALUES))
        while value < most:
            wanted = guess * 1.1 if guess and guess > value else math.inf
            value = search.rounded(max(min(wanted, value * growth), value + search.step))
            yield value
        return
    shrink = max(_GROWTH, (value / least) ** (1 / _MOST_VALUES))
    while value > least:
        value = search.rounded(value / shrink)
        yield value


def _bracket(search: Search, guess: float | None) -> tuple[float, float] | None:
    """Two values with the power asked between them, neither far from it; the lesser value first."""
    asked = search.asked
    for value in itertools.islice(_values(search, guess), 2 * _MOST_VALUES):
        search.power(value)
        pair = _crossed(search)
        if pair is not None:
            return _narrowed(search, *pair)
        if asked.key == PATIENTS and _out_of_reach(search, value):
            return None
    return None


def _crossed(search: Search) -> tuple[float, float] | None:
    """The first neighbours, by value, that have the power asked between them."""
    wanted = search.asked.power
    for low, high in itertools.pairwise(sorted(search.first)):
        if (search.power(low) - wanted) * (search.power(high) - wanted) <= 0:
            return low, high
    return None


def _narrowed(search: Search, low: float, high: float) -> tuple[float, float]:
    """Halve a bracket until a straight line between its ends is fair."""
    wanted = search.asked.power
    for _ in range(_MOST_VALUES):
        far = max(abs(search.power(value) - wanted) for value in (low, high))
        middle = search.rounded(search.unscaled(0.5 * (search.scale(low) + search.scale(high))))
        if far < _FAIR or middle in (low, high):
            break
        same_side = (search.power(middle) < wanted) == (search.power(low) < wanted)
        low, high = (middle, high) if same_side else (low, middle)
    return low, high


def _out_of_reach(search: Search, patients: float) -> bool:
    """Whether the number is never reached, and power is less than asked by more than chance."""
    totals = search.totals[patients]
    if totals.count("target_reached") / totals.trials >= _UNREACHED:
        return False
    power = search.power(patients)
    return power + 3 * standard_error(*search.first[patients][::-1]) < search.asked.power


def _draw_curve(search: Search, answer: float, low: float, high: float) -> None:
    """Run the first trials also where the curve is to be seen beside the answer."""
    if search.asked.key == PATIENTS:
        values = [share * answer for share in _CURVE]
    else:
        values = [low + share * (high - low) for share in (0.25, 0.5, 0.75)]
    for value in sorted({search.rounded(value) for value in values}):
        known = search.first if search.asked.key == PATIENTS else ()
        if not any(1 / _APART < value / other < _APART for other in known):
            search.power(value)


def _refine(search: Search, low: float, high: float) -> tuple[Line, bool]:
    """Run fresh trials near the answer until it is known well enough, or none are left."""
    asked, near, missing, most = search.asked, [low, high], 0.0, _BATCH
    line = search.between(low, high)
    while True:
        centre = search.unscaled(line.crossing(asked.power)[0])
        centre = min(max(centre, low), high)
        if not near[0] < centre < near[-1] or near == [low, high]:
            near = _near(search, centre, high - low)
        batch = round(min(max(missing / len(near), _BATCH), most))
        most = 2 * batch
        for value in near:
            search.run(value, batch, fresh=True)
        inside = {v: c for v, c in search.fresh.items() if near[0] <= v <= near[-1]}
        slope = _slope(search, centre, high - low)
        line = fit_level(inside, search.scale, slope) or line
        ends = [search.unscaled(x) for x in line.crossing(asked.power)[1:]]
        half = abs(ends[1] - ends[0]) / 2
        wanted = _wanted(asked, centre, high - low)
        enough = half <= wanted and not slope.is_flat
        if enough or search.patients > asked.patients:
            return line, enough
        # The width falls as the root of the trials.
        missing = max((half / wanted) ** 2 - 1, 0.0) * sum(
            count.trials for count in inside.values()
        )


def _slope(search: Search, centre: float, width: float) -> Line:
    """The slope near the answer, from values on either side of it with the same trials at each."""
    reach = _SIDE * centre if search.asked.key == PATIENTS else 0.25 * abs(width)
    if search.whole:
        reach = max(reach, search.step)
    sides = []
    for sign in (-1, 1):
        # A value that is there already will do, unless it is much nearer or further away.
        there = [v for v in search.first if 0.7 <= sign * (v - centre) / reach <= 1.6]
        sides.append(there[0] if there else search.rounded(centre + sign * reach))
        search.power(sides[-1])
    counts = {v: c for v, c in search.counts.items() if sides[0] <= v <= sides[1]}
    return fit_line(counts, search.scale) or search.between(*sides)


def _wanted(asked: SizeTarget, centre: float, width: float) -> float:
    """Half the width that the confidence interval may have."""
    if asked.within is not None:
        return asked.within
    return max(3.0, 0.02 * centre) if asked.key == PATIENTS else 0.02 * width


def _near(search: Search, centre: float, width: float) -> list[float]:
    """Return a few values around the one in the middle."""
    reach = _NEAR * centre if search.asked.key == PATIENTS else 0.1 * abs(width)
    if search.whole:
        reach = max(reach, search.step / 2)
    shares = [2 * k / (_POINTS - 1) - 1 for k in range(_POINTS)]
    return sorted({search.rounded(centre + share * reach) for share in shares})


def _found(search: Search, line: Line, precise: bool) -> Size:
    ends = [search.unscaled(x) for x in line.crossing(search.asked.power)]
    if line.is_flat:
        reason = NoSize(NoSizeKind.FLAT, min(search.first), max(search.first))
        return _size(search, None, reason, search.rounded(ends[0]), None, False)
    value, low, high = (search.inside(_reaching(search, end, line.slope)) for end in ends)
    return _size(search, (value, min(low, high), max(low, high)), None, value, line, precise)


def _reaching(search: Search, value: float, slope: float) -> float:
    """The value, rounded to where there is at least as much power."""
    if not search.whole:
        return value
    steps = value / search.step
    return float(math.ceil(steps - 1e-9) if slope > 0 else math.floor(steps + 1e-9)) * search.step


def _not_found(search: Search) -> Size:
    asked, lowest, highest = search.asked, min(search.first), max(search.first)
    best, least = (pick(search.first, key=search.power) for pick in (max, min))
    if search.power(least) >= asked.power:
        reason = NoSize(NoSizeKind.ALWAYS, lowest, highest)
        return _size(search, None, reason, least, None, False)
    reason = NoSize(NoSizeKind.NEVER, lowest, highest)
    if asked.key == PATIENTS and _out_of_reach(search, highest):
        reason = NoSize(
            NoSizeKind.RECRUITMENT,
            lowest,
            highest,
            recruitment_days=search.base.params.trial.max_recruitment_days,
            patients=search.totals[highest].mean("randomised").mean,
        )
    return _size(search, None, reason, best, None, False)


def _size(
    search: Search,
    answer: tuple[float, float, float] | None,
    reason: NoSize | None,
    value: float,
    line: Line | None,
    precise: bool,
) -> Size:
    counts, base, asked = search.counts, search.base, search.asked
    at = search.made(value)
    shown = round(min(max(_SHOWN_PATIENTS / at.params.trial.target_randomised, 1_000), 10_000))
    search.say(f"what {asked.key} = {value:g} takes: {shown:,} trials")
    run = run_trials(at, shown, search.seed, search.jobs, lambda _: None)
    there = search.fresh.get(value, Count(0, 0))  # other trials than those just run
    trials, rejections = there.trials + shown, there.rejections + int(run.rejected.sum())
    power = rejections / trials, standard_error(rejections, trials)
    operations = operations_of(at.solved, at.params, run.totals)
    largest = max(counts, key=lambda tried: counts[tried].rejections / counts[tried].trials)
    return Size(
        scenario=base.solved.name,
        title=base.solved.title,
        seed=search.seed,
        version=program_version(),
        key=asked.key,
        own_value=present(base.loaded, asked.key),
        analysis=base.plans[0].name,
        test_name=tests_of(base.plans)[0].name,
        alpha=base.plans[0].alpha,
        target_power=asked.power,
        reached=answer is not None,
        reason=reason,
        precise=precise,
        answer=None if answer is None else SizeEstimate(*answer, *power, CONFIDENCE),
        largest=LargestPower(largest, *_share(counts[largest])[:2]),
        trials=sum(count.trials for count in counts.values()),
        operations=_operations(operations),
        curve=tuple(CurvePoint(v, *c, *_share(c)) for v, c in counts.items()),
        fit=None if line is None else PowerFit(*line),
        closed_forms=closed_forms(facts_of(at.plain, 0, operations), asked.power),
    )


def _share(count: Count) -> tuple[float, float, float, float]:
    """Power, its Monte Carlo standard error, and its 95 % interval."""
    trials, rejections = count
    error = standard_error(rejections, trials)
    return rejections / trials, error, *interval(rejections, trials)


def _operations(o: Operations) -> SizeOperations:
    return SizeOperations(
        randomised=o.randomised,
        enrolment_days=o.enrolment_days,
        trial_days=o.trial_days,
        target_reached=o.target_reached,
        on_time=o.on_time,
        mortality=o.mortality,
        patients=o.patients,
        lost=o.lost,
        sessions_delivered=_of_both_arms(o.sessions_delivered),
        plasma_litres=_of_both_arms(o.plasma_litres),
        cost=o.cost,
    )


def _of_both_arms(by_arm: ByArm) -> Estimate:
    """Sum over the arms; the sum of their errors is what its error is at most."""
    estimates = by_arm.values()
    return Estimate(sum(e.mean for e in estimates), sum(e.mcse for e in estimates))


def guess_of(base: Prepared, power: float, seed: int, say: Callable[[str], None]) -> float | None:
    """Where a closed form would look, from the mortality in a few trials; None if it cannot."""
    say("a first look")
    seen = run_trials(base, _FIRST_LOOK, seed, 1, lambda _: None)
    facts = facts_of(base.plain, 0, operations_of(base.solved, base.params, seen.totals))
    return normal_size(facts, power)
