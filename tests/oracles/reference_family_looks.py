"""Looks at a family the slow way: one trial, one look, one hypothesis at a time.

Written from decision record 27 and section 12 of docs/model.md, for `test_looks_family`. Weights
are those of Algorithm 1 of Bretz, Maurer, Brannath and Posch (2009), boundaries by plain
quadrature, at each level from the first look on (Maurer and Bretz 2013). Hypotheses are two-sided:
each direction has half of the level.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from reference_looks import Conducted, Direction, Follow, known_at, moment_day, with_sessions

from simulator.analysis import AnalysisPlan
from simulator.conduct import Conduct
from simulator.montecarlo.multiplicity import Family
from simulator.records import TrialRecords
from simulator.scenario.schema import Scenario


def weights_within(asked: Family, kept: Sequence[int]) -> dict[int, float]:
    """Weights of an intersection: the others are taken out of the graph one by one."""
    w = {i: float(x) for i, x in enumerate(asked.weights)}
    g = {(i, j): float(asked.transitions[i, j]) for i in w for j in w}
    for out in [i for i in w if i not in kept]:
        rest = [i for i in w if i != out]
        new = {}
        for i, j in itertools.product(rest, rest):
            loop = 1 - g[i, out] * g[out, i]
            new[i, j] = (g[i, j] + g[i, out] * g[out, j]) / loop if i != j and loop > 0 else 0.0
        w = {i: w[i] + w[out] * g[out, i] for i in rest}
        g = new
    return w


@cache
def boundary(rule: str, level: float, fractions: tuple[float, ...], final: bool) -> float:
    """Critical value of |z| at the last of some looks, of a two-sided test at a level."""
    if level <= 0.0:
        return math.inf
    direction = Direction(rule, level / 2, ())
    z = math.inf
    for place, t in enumerate(fractions):
        z = direction.at(t, final and place == len(fractions) - 1)
        direction.goes_on(t, -math.inf, z)
    return z


Statistic = tuple[float, float] | None  # fraction and z of a hypothesis at a look; None: not tested


@dataclass
class SlowFamily:
    """Hypotheses of one trial so far; `rules` says how each spends its level."""

    asked: Family
    rules: Sequence[str]
    looks_back: bool

    def __post_init__(self) -> None:
        size = len(self.rules)
        self.fractions: list[tuple[float, ...]] = [()] * size
        self.seen: list[list[tuple[float, tuple[float, ...], bool]]] = [[] for _ in range(size)]
        self.rejected_at: dict[int, int] = {}

    def take(self, place: int, statistics: Sequence[Statistic], final: bool) -> None:
        """Test what is not yet rejected at a look, again and again as levels are passed on."""
        now: list[int] = []
        for j, known in enumerate(statistics):
            if known is None:
                continue
            t, z = known
            done = not final and (t >= 1.0 or (self.fractions[j] and t <= self.fractions[j][-1]))
            if t <= 0.0 or math.isnan(z) or done:
                continue
            self.fractions[j] = (*self.fractions[j], t)
            self.seen[j].append((abs(z), self.fractions[j], final))
            now.append(j)
        again = True
        while again:
            again = False
            left = [j for j in range(len(self.rules)) if j not in self.rejected_at]
            weights = weights_within(self.asked, left)
            for j in left:
                held_to = self.seen[j] if self.looks_back else self.seen[j][-1:] * (j in now)
                level = self.asked.alpha * weights[j]
                if any(z >= boundary(self.rules[j], level, *at) for z, *at in held_to):
                    self.rejected_at[j] = place
                    again = True
                    break

    def closed(self) -> set[int]:
        """What the closed test rejects by now: every intersection by weighted Bonferroni."""
        size = len(self.rules)
        every = [s for k in range(1, size + 1) for s in itertools.combinations(range(size), k)]
        out = {}
        for some in every:
            weights = weights_within(self.asked, some)
            out[some] = any(
                z >= boundary(self.rules[j], self.asked.alpha * weights[j], *at)
                for j in some
                for z, *at in self.seen[j]
            )
        return {j for j in range(size) if all(out[some] for some in every if j in some)}


def is_aimed_at(rejected: Any, stop_when: str, primary: int, size: int) -> bool:
    """Whether a trial stops."""
    return {
        "primary": primary in rejected,
        "any": bool(rejected),
        "all": len(rejected) == size,
    }[stop_when]


@dataclass
class SlowTrial:
    """A trial with looks at a family."""

    rejected_at: dict[int, int]
    taken: list[int]
    stopped_at: int | None
    records: TrialRecords

    @property
    def stopped(self) -> bool:
        """Whether a look stopped it."""
        return self.stopped_at is not None


def slow_family_looks(
    scenario: Scenario,
    plans: tuple[AnalysisPlan, ...],
    family: Family,
    most: Sequence[float],
    rules: Sequence[str],
    planned: Conduct,
    conducted: Conducted,
) -> SlowTrial:
    """One trial with its looks at a family; `planned` is its conduct without any."""
    asked = scenario.monitoring
    assert asked is not None
    assert asked.family is not None
    names = [plans[column].name for column in family.columns]
    primary = 0 if asked.analysis is None else names.index(asked.analysis)
    of_family = [plans[column] for column in family.columns]
    tests = SlowFamily(family, rules, asked.family.look_back)
    follow = Follow.of(scenario)
    conduct, records, earliest, taken = planned, follow.conducted(planned, conducted), 0.0, []
    stops = _stops(asked.family.stop_when, primary, len(names))
    for place, look in enumerate(asked.looks):
        trial = with_sessions(records)
        moment = moment_day(trial, look.at, of_family[primary], most[primary], follow)
        cut, over = max(moment, earliest), float(records.trials.trial_end_day[0])
        if not follow.is_common:
            over = follow.end_day(trial, float(records.trials.recruitment_end_day[0]))
        if cut >= over:
            continue
        earliest = cut + look.cleaning_days
        taken.append(place)
        known = [
            known_at(trial, plan, cut, m, follow.longest)[:2]
            for plan, m in zip(of_family, most, strict=True)
        ]
        tests.take(place, known, final=False)
        if stops(tests.rejected_at):
            closes = np.array([cut if look.pause else earliest])
            conduct = conduct._replace(recruitment_closes_day=closes)
            records = follow.stopped(follow.conducted(conduct, conducted), earliest)
            return SlowTrial(tests.rejected_at, taken, place, records)
        if look.pause:
            begins = np.concatenate([conduct.pause_from_day, [[cut]]], axis=1)
            ends = np.concatenate([conduct.pause_until_day, [[earliest]]], axis=1)
            conduct = conduct._replace(pause_from_day=begins, pause_until_day=ends)
            records = follow.conducted(conduct, conducted)
    trial, last = with_sessions(records), len(asked.looks)
    cut = float(records.trials.trial_end_day[0]) if follow.is_common else math.inf
    known = [
        known_at(trial, plan, cut, m, follow.longest)[:2]
        for plan, m in zip(of_family, most, strict=True)
    ]
    tests.take(last, known, final=True)
    return SlowTrial(tests.rejected_at, [*taken, last], None, records)


def _stops(stop_when: str, primary: int, size: int) -> Callable[[Any], bool]:
    return lambda rejected: is_aimed_at(rejected, stop_when, primary, size)
