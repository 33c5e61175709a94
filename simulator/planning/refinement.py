"""Where a power curve reaches a power: fresh trials near the crossing, until it is known.

The slope comes from values far enough from the crossing on either side that the teeth of a discrete
test cannot turn it; the level from values near it alone. The answer itself is then checked with as
many trials as a power that is quoted needs; they move the line too, and the answer with it.
"""

import math
from typing import NamedTuple

from simulator.planning.probit_fit import Count, Line, fit_level, fit_line
from simulator.planning.search import Search

_NEAR = 0.03  # values around the answer, as a share of it
_POINTS = 5  # of them
_WINDOW = 1.7  # of that reach: trials further away do not tell the level
# Values from which the slope is taken: the answer less and more this share, of it or, of another
# key, of the bracket's width.
_SIDE = 0.25
_LEAST_SIDE = 0.5  # of that reach: nearer values tell little of the slope, and teeth much
_BATCH = 500  # fresh trials at each at first; twice as many, at the most, from round to round
_MOST_AT_A_SIDE = 64_000  # trials
_MOST_ROUNDS = 30
_FINER = 10  # steps of an interval's ends in one of a value that is no whole number
_MOST_CHECKS = 8


class Crossing(NamedTuple):
    """Where the power is reached: the value to name, its 95 % confidence interval, the fit.

    `reach` is how far from the value the trials are that tell the slope.
    """

    value: float
    low: float
    high: float
    line: Line
    precise: bool
    reach: float


def find_crossing(search: Search, low: float, high: float) -> Crossing | None:
    """Look for the crossing near a bracket; None if the trials do not tell how power changes."""
    found = _refined(search, low, high)
    if found is None:
        return None
    centre, precise = found
    for _ in range(_MOST_CHECKS):
        line = _line(search, centre, high - low)
        if line is None:
            return None
        centre = _moved(search, centre, line)
        reach = _reach_of_slope(search, centre, high - low)
        crossing = _named(search, line, precise, reach)
        if search.is_checked(crossing.value):
            return crossing
        search.check(crossing.value)
        if search.spent:
            break
    return crossing


def _refined(search: Search, low: float, high: float) -> tuple[float, bool] | None:
    """The crossing, and whether it is known as well as asked: by rounds of fresh trials."""
    asked, width, batch = search.asked, high - low, _BATCH
    first = search.unscaled(search.between(low, high).crossing(asked.power)[0])
    centre, precise = min(max(first, low), high), False
    for _ in range(_MOST_ROUNDS):
        near = _near(search, centre, width)
        for value in near:
            search.run_fresh(value, batch)
        line = _line(search, centre, width)
        if line is None:
            return None
        ends = [search.unscaled(x) for x in line.crossing(asked.power)[1:]]
        half, wanted = abs(ends[1] - ends[0]) / 2, _wanted(search, centre, width)
        moved = _moved(search, centre, line)
        reach = _reach(search, centre, width)
        precise = half <= wanted and abs(moved - centre) <= max(reach, search.step)
        # The width falls as the root of the trials.
        used = sum(count.trials for count in _window(search, centre, width).values())
        missing = max((half / wanted) ** 2 - 1, 0.0) * used / len(near)
        centre, batch = moved, round(min(max(missing, _BATCH), 2 * batch))
        if precise or search.spent:
            break
    return centre, precise


def _moved(search: Search, centre: float, line: Line) -> float:
    """Where the line crosses; a step that leaves what the line was drawn from is cut short."""
    x = search.unscaled(line.crossing(search.asked.power)[0])
    if search.of_patients:
        x = min(max(x, centre / 1.5), centre * 1.5)
    return search.inside(x)


def _line(search: Search, centre: float, width: float) -> Line | None:
    """Level by the fresh trials near the crossing, slope by those on either side of it."""
    slope = _slope(search, centre, width)
    inside = _window(search, centre, width)
    if slope is None or not inside:
        return None
    return fit_level(inside, search.scale, slope)


def _window(search: Search, centre: float, width: float) -> dict[float, Count]:
    reach = max(_WINDOW * _reach(search, centre, width), search.step if search.whole else 0.0)
    inside = {v: t for v, t in search.fresh.items() if abs(v - centre) <= reach}
    return {value: search.counted(tally) for value, tally in inside.items()}


def _slope(search: Search, centre: float, width: float) -> Line | None:
    """The slope, with the same trials on either side; more of them until it is told from none."""
    reach, sides = _reach_of_slope(search, centre, width), []
    for sign in (-1, 1):
        # A value that is there already will do, unless it is much nearer or further away.
        there = [v for v in search.first if 0.8 <= sign * (v - centre) / reach <= 1.3]
        sides.append(there[0] if there else search.rounded(centre + sign * reach))
        search.run_first(sides[-1])
    while True:
        tallies = search.tallies
        inside = [v for v in tallies if sides[0] <= v <= sides[1] and v in search.first]
        far = [v for v in inside if abs(v - centre) >= _LEAST_SIDE * reach]
        chosen = far if min(far, default=0) < centre < max(far, default=0) else inside
        line = None
        if len(chosen) > 1:
            counts = {v: search.counted(tallies[v]) for v in chosen}
            line = fit_line(counts, search.scale)
        if line is not None and not line.is_flat:
            return line
        trials = max(tallies[side].trials for side in sides)
        if sides[0] == sides[1] or trials >= _MOST_AT_A_SIDE or search.spent:
            return None
        left = search.asked.patients - search.patients
        each = sum(tallies[side].randomised for side in sides)
        for side in sides:
            search.run_fresh(side, max(1, min(3 * trials, int(left / max(each, 1.0)))))


def _reach_of_slope(search: Search, centre: float, width: float) -> float:
    reach = _SIDE * centre if search.of_patients else _SIDE * abs(width)
    return max(reach, search.step) if search.whole else reach


def _wanted(search: Search, centre: float, width: float) -> float:
    """Half the width that the confidence interval may have; of whole numbers, half a step."""
    if search.asked.within is not None:
        return search.asked.within
    if search.of_patients:
        return max(3.0, 0.02 * centre)
    return max(0.02 * abs(width), search.step / 2 if search.whole else 0.0)


def _reach(search: Search, centre: float, width: float) -> float:
    reach = _NEAR * centre if search.of_patients else 0.1 * abs(width)
    return max(reach, search.step / 2) if search.whole else reach


def _near(search: Search, centre: float, width: float) -> list[float]:
    """Return a few values around the one in the middle."""
    reach = _reach(search, centre, width)
    if not search.whole:  # so that values of one round are those of the next
        apart = 2 * reach / (_POINTS - 1)
        centre = round(centre / apart) * apart
    shares = [2 * k / (_POINTS - 1) - 1 for k in range(_POINTS)]
    return sorted({search.rounded(centre + share * reach) for share in shares})


def _named(search: Search, line: Line, precise: bool, reach: float) -> Crossing:
    """The value to name: the first from which on there is the power, as finely as it is known."""
    crossing, *ends = [search.unscaled(x) for x in line.crossing(search.asked.power)]
    grid = search.step
    if not search.whole:
        half = abs(ends[1] - ends[0]) / 2
        grid = 10.0 ** math.floor(math.log10(half)) if half > 0 else 0.0
    value = search.inside(_reaching(crossing, grid, line.slope))
    if search.whole:
        ends = [search.inside(_reaching(end, grid, line.slope)) for end in ends]
    else:
        finer, (low, high) = grid / _FINER, sorted(ends)
        outward = _reaching(low, finer, -1.0), _reaching(high, finer, 1.0)
        ends = [search.inside(end) for end in outward]
    return Crossing(value, min(ends), max(ends), line, precise, reach)


def _reaching(value: float, grid: float, slope: float) -> float:
    """The value, rounded to where there is at least as much power."""
    if grid <= 0:
        return value
    steps = value / grid
    rounded = math.ceil(steps - 1e-9) if slope > 0 else math.floor(steps + 1e-9)
    # Of 0.1 and its like, no multiple ends where it should.
    return float(round(rounded * grid, 12))
