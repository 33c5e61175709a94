"""Looks at a family: the graph inside looks against closed tests, published figures, and levels."""

import math
from typing import Any

import numpy as np
import pytest
from reference_family_looks import (
    SlowFamily,
    SlowTrial,
    is_aimed_at,
    slow_family_looks,
)
from scenario_builder import SMALLEST_P_VALUE, changed, shipped
from scipy import stats

from simulator.analysis import AnalysisTable, plans_of
from simulator.analysis.looked_at import Known
from simulator.conduct import Conduct, as_planned
from simulator.engines import compiled
from simulator.monitoring.asked import (
    FamilyPlan,
    LookPlan,
    Moment,
    MonitoringPlan,
    monitoring_plan,
)
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.family_levels import levels_after, levels_of
from simulator.montecarlo.look_rows import Monitored
from simulator.montecarlo.monitored_family import take_looks
from simulator.montecarlo.multiplicity import Family, families_of, rejected
from simulator.montecarlo.open_unit import Part
from simulator.montecarlo.parts import run_part
from simulator.montecarlo.repeated_p import RepeatedP
from simulator.params.lower import lower
from simulator.records import Floats, Ints
from simulator.scenario.schema import Scenario

SEED = 20222
MOST = 3_000  # events at which information is whole
OBF, POCOCK = "lan_demets_obrien_fleming", "lan_demets_pocock"


# Arrays of statistics in the place of trials -----------------------------------------------------


def hypothesis(column: int, looks: int, rule: str, alpha: float, sides: int) -> MonitoringPlan:
    """A hypothesis that is looked at on days 1, 2, ... and at the end."""
    days = tuple(LookPlan(Moment("day", day + 1.0), 0.0, False) for day in range(looks))
    return MonitoringPlan(column, "deaths", MOST, alpha, sides, days, rule, None, False)


class Statistics:
    """Z and events of hypotheses, (trials, looks, hypotheses), as trials under looks."""

    def __init__(self, z: Floats, events: Ints, sides: int) -> None:
        self.z, self.events, self.sides = z, events, sides
        self.trial, self.target_randomised = np.arange(len(z)), MOST
        self.recruitment_end_day = np.full(len(z), 1e6)
        self.trial_end_day = np.full(len(z), 1e6)
        self.replayed: list[int] = []

    def moment(self, at: Moment) -> Floats:
        return np.full(len(self.z), at.value)

    def analysed(self, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        return self.analysed_by(0, cut_day)

    def analysed_by(self, place: int, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        look = np.where(np.isinf(cut_day), self.z.shape[1] - 1, np.maximum(cut_day - 1, 0))
        here = self.trial, look.astype(int), place
        z, events = self.z[here], self.events[here]
        p = stats.norm.sf(z) if self.sides == 1 else 2 * stats.norm.sf(np.abs(z))
        one = np.ones(len(z))
        columns = p, z, one, one, one, (z > 0).astype(np.int64), np.zeros(len(z), np.int64)
        return AnalysisTable(*(column[:, None] for column in columns)), Known(
            events, events, events
        )

    def under_treatment(self, day: Floats) -> Ints:
        return np.zeros(day.size, np.int64)

    def replay(self, _: Conduct, rows: Ints) -> None:
        self.replayed += rows.tolist()


class OwnLevel:
    """What of an analysis is asked for here: its own level."""

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha


def looked_at(
    family: Family,
    z: Floats,
    events: Ints,
    rules: list[str],
    sides: int = 2,
    stop_when: str = "all",
    looks_back: bool = False,
) -> Monitored:
    """Take looks at statistics."""
    looks, size = z.shape[1] - 1, z.shape[2]
    each = [hypothesis(j, looks, rules[j], family.alpha, sides) for j in range(size)]
    asked = each[0]._replace(family=FamilyPlan("f", stop_when, looks_back, tuple(each), 0))
    plans: Any = tuple(OwnLevel(family.alpha) for _ in range(size))
    return take_looks(asked, Statistics(z, events, sides), plans, (family,))


def graph(weights: list[float], transitions: list[list[float]], alpha: float) -> Family:
    size = len(weights)
    columns = tuple(range(size))
    return Family("f", "graphical", alpha, columns, np.array(weights), np.array(transitions, float))


HOLM = graph([1 / 3] * 3, [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]], 0.05)
ORDER = graph([1.0, 0.0, 0.0], [[0, 1, 0], [0, 0, 1], [0, 0, 0]], 0.05)
PAIR = graph([0.5, 0.5, 0.0], [[0, 0.5, 0.5], [0.5, 0, 0.5], [1, 0, 0]], 0.05)
# Maurer and Bretz (2013): two doses, two endpoints.
DOSES = graph(
    [0.5, 0.5, 0, 0], [[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]], 0.025
)


def drawn(trials: int, events: Ints, effects: list[float], correlation: float) -> Floats:
    """Z by the canonical joint normal law of looks; hypotheses are correlated at each look."""
    rng = np.random.default_rng(SEED)
    size = len(effects)
    root = np.linalg.cholesky(np.full((size, size), correlation) + (1 - correlation) * np.eye(size))
    t = events[0] / MOST
    gained = np.diff(np.concatenate([np.zeros((1, size)), t]), axis=0)
    steps = rng.normal(size=(trials, *t.shape)) @ root.T * np.sqrt(gained)
    score = np.cumsum(steps, axis=1) + np.array(effects) * t
    return np.asarray(score / np.sqrt(t))


EVENTS = np.array([[900, 1200, 800], [2000, 2100, 1900], [3000, 3000, 3000]])


# Published figures -------------------------------------------------------------------------------


def repeated(rule: str, fractions: list[float], p: list[float], levels: tuple[float, ...]) -> float:
    """Repeated one-sided p value at the last look, exact at some levels."""
    looks = len(p)
    ends = fractions[-1] == 1.0
    plan = hypothesis(0, looks - 1 if ends else looks, rule, 0.025, 1)
    z = stats.norm.isf(np.array(p))[None, :, None]
    events = np.round(np.array(fractions) * MOST).astype(int)[None, :, None]
    trials, found = Statistics(z, events, 1), RepeatedP(plan, levels, 1, with_boundaries=False)
    for place in range(looks):
        day = math.inf if ends and place == looks - 1 else place + 1.0
        last = found.look(place, np.array([True]), *trials.analysed_by(0, np.array([day])))
    return float(last.p_value[0])


@pytest.mark.parametrize(
    ("rule", "fractions", "p", "published"),
    [
        (OBF, [0.5], [0.024], 0.110482),
        (OBF, [0.5, 1.0], [0.024, 0.01], 0.010094),
        (OBF, [0.5, 1.0], [0.015, 0.005], 0.010051 / 2),
        (POCOCK, [0.5, 1.0], [0.015, 0.005], 0.019426 / 2),
        (OBF, [1 / 3], [0.05], 0.257809),
        (OBF, [1 / 3, 2 / 3], [0.05, 0.02], 0.058193),
        (OBF, [1 / 3, 2 / 3, 1.0], [0.05, 0.02, 0.01], 0.010554),
    ],
)
def test_a_repeated_p_value_is_that_of_graphicalmcp(rule, fractions, p, published):
    """Printed by graphicalMCP 0.3 (`graph_test_shortcut_gsd`, validation of its functions).

    Two are half of what Holm's procedure makes of them.
    """
    near = published - 2e-6, published + 2e-6
    assert near[0] < repeated(rule, fractions, p, near) <= near[1]


def rejected_by(family: Family, p: list[list[float]], rule: str, *, looks_back: bool) -> list[int]:
    """Look at which each hypothesis is rejected, one-sided, at a third and two thirds."""
    z = stats.norm.isf(np.array(p)).T[None]
    z = np.concatenate([z, np.full((1, 1, len(p)), -9.0)], axis=1)  # the end shows nothing
    events = np.broadcast_to(np.array([1000, 2000, 3000])[None, :, None], z.shape)
    found = looked_at(family, z, events, [rule] * len(p), sides=1, looks_back=looks_back)
    assert found.family is not None
    return found.family.rejected_at[0].tolist()


@pytest.mark.parametrize("looks_back", [False, True])
def test_the_case_study_of_maurer_and_bretz(looks_back):
    """Their figures: all but the fourth hypothesis are rejected, at the second look."""
    p = [[0.0062, 0.0002], [0.017, 0.0035], [0.009, 0.002], [0.13, 0.06]]
    assert rejected_by(DOSES, p, OBF, looks_back=looks_back) == [1, 1, 1, -1]


def test_looking_back_can_reject_more():
    """A case of graphicalMCP's own tests: the third only by its p value at the first look."""
    p = [[0.02, 0.0002], [0.02, 0.003], [0.0008, 0.006], [0.3, 0.2]]
    assert rejected_by(DOSES, p, POCOCK, looks_back=False)[2] == -1
    assert rejected_by(DOSES, p, POCOCK, looks_back=True)[2] == 1


# The slow way ------------------------------------------------------------------------------------


@pytest.mark.parametrize("looks_back", [False, True])
@pytest.mark.parametrize("stop_when", ["primary", "any", "all"])
@pytest.mark.parametrize("family", [HOLM, ORDER, PAIR], ids=["holm", "order", "pair"])
def test_looks_reject_what_the_slow_way_rejects(family, stop_when, looks_back):
    trials, rules = 150, [OBF, POCOCK, "hwang_shih_decani(-2)"]
    own = np.random.default_rng(3).integers(0, 2, size=(trials, 1, 1)) * 30 * (EVENTS < MOST)
    events = EVENTS[None] + own
    z = drawn(trials, EVENTS[None], [2.6, 2.4, 2.8], 0.5)
    z[::7, :, 1] = np.nan  # without a result
    found = looked_at(family, z, events, rules, 2, stop_when, looks_back)
    assert found.family is not None
    rejections = found.family.rejected_at >= 0
    stopped = 0
    for trial in range(trials):
        slow, last = SlowFamily(family, rules, looks_back), len(EVENTS) - 1
        for place in range(last + 1):
            known = zip(events[trial, place] / MOST, z[trial, place], strict=True)
            slow.take(place, list(known), place == last)
            if place < last and is_aimed_at(slow.rejected_at, stop_when, 0, 3):
                stopped += 1
                break
        at = [slow.rejected_at.get(j, -1) for j in range(3)]
        assert found.family.rejected_at[trial].tolist() == at
        if looks_back:
            assert set(np.flatnonzero(rejections[trial])) == slow.closed()
        else:
            assert set(slow.rejected_at) <= slow.closed()
    assert 0.1 < rejections.mean() < 0.9
    assert 5 < stopped < trials - 5
    # What the graph makes of the p values at the end is what was rejected at looks.
    assert (rejected(found.p_value, family) == rejections).all()


def test_the_level_after_rejections_is_that_of_the_smaller_graph():
    """Worked by hand: the first is rejected, then the second."""
    after = levels_after(PAIR) / PAIR.alpha
    np.testing.assert_allclose(after[0b000], [0.5, 0.5, 0.0])
    np.testing.assert_allclose(after[0b001, 1:], [0.75, 0.25])
    # From the first on, the second hands .5 to the third and .5 back; a loop of .5 * .5 is undone,
    # and the third then has all.
    np.testing.assert_allclose(after[0b011, 2], 1.0)
    assert levels_of(2, 0.05, (PAIR,)) == pytest.approx((0.0125, 0.05))


# Levels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("looks_back", [False, True])
@pytest.mark.parametrize(
    ("family", "effects"),
    [
        (HOLM, [0.0, 0.0, 0.0]),
        (HOLM, [4.0, 0.0, 0.0]),
        (ORDER, [0.0, 0.0, 0.0]),
        (ORDER, [9.0, 0.0, 0.0]),
        (PAIR, [9.0, 9.0, 0.0]),
    ],
)
def test_the_familywise_level_is_kept(family, effects, looks_back):
    """No stop: all of the level that can be spent is; at once where one hypothesis is left."""
    trials = 40_000
    events = np.broadcast_to(EVENTS[None], (trials, *EVENTS.shape))
    z = drawn(trials, events[:1], effects, 0.5)
    # A stop would spare level: the first look that all are rejected at is the only one.
    found = looked_at(family, z, events, [OBF, POCOCK, OBF], looks_back=looks_back)
    assert found.family is not None
    true = np.array(effects) == 0.0
    wrong = int((found.family.rejected_at[:, true] >= 0).any(axis=1).sum())
    assert stats.binom.sf(wrong - 1, trials, family.alpha) >= SMALLEST_P_VALUE
    # One hypothesis has all of the level: at once, or once the others are rejected, which may be
    # after some looks, to which it is held too if the family looks back.
    at_once = family is ORDER and effects[0] == 0.0
    if at_once or (looks_back and effects[0] == 9.0):
        assert stats.binom.cdf(wrong, trials, family.alpha) >= SMALLEST_P_VALUE


# Trials ------------------------------------------------------------------------------------------

ANALYSES = [
    {"name": "log_rank", "test": "log_rank"},
    {"name": "fisher", "test": "fisher"},
]


def family_trial(family: dict[str, Any], monitoring: dict[str, Any]) -> Scenario:
    """The bare trial with a strong effect and looks at a family."""
    looks = {
        "max_information": 30,
        "looks": [{"at": {"deaths": 12}, "cleaning_days": 20}, {"at": {"information": 0.7}}],
    }
    changes = {
        "hazard.effect.hazard_ratio": 0.35,
        "analyses": ANALYSES,
        "multiplicity": [{"name": "both", "alpha": 0.1} | family],
        "monitoring": looks | {"family": {"name": "both"}} | monitoring,
    }
    return changed(shipped("two-arm-survival"), changes)


BOTH = {"analyses": ["log_rank", "fisher"]}
TRIALS = {
    "Holm, the first stops": family_trial(BOTH | {"method": "holm"}, {}),
    "in order, all stop; own rules": family_trial(
        {"method": "fixed_sequence", "analyses": ["fisher", "log_rank"]},
        {
            "max_information": None,
            "looks": [{"at": {"completed": 25}, "cleaning_days": 30}],
            "efficacy": {"spending": POCOCK},
            "family": {
                "name": "both",
                "stop_when": "all",
                "hypotheses": [
                    {"analysis": "log_rank", "max_information": 28, "spending": "kim_demets(2)"}
                ],
            },
        },
    ),
    "a graph, any stops, looking back, a pause": family_trial(
        BOTH | {"method": "graphical", "weights": [0.8, 0.2], "transitions": [[0, 1], [0.5, 0]]},
        {
            "looks": [
                {"at": {"deaths": 14}, "cleaning_days": 10, "pause": True},
                {"at": {"later": [{"day": 500}, {"completed": 30}]}},
            ],
            "family": {"name": "both", "stop_when": "any", "look_back": True},
        },
    ),
}


def fast(scenario: Scenario, trials: int, engine: Engine = Engine.COMPILED) -> Part:
    plans = plans_of(scenario)
    families, looks = families_of(scenario, plans), monitoring_plan(scenario, plans)
    asked = Evaluation(plans, (), families, monitoring=looks)
    return run_part(lower(scenario), asked, engine, SEED, 0, trials)


@pytest.mark.parametrize("name", TRIALS)
def test_trials_with_looks_at_a_family_are_the_slow_ones(name):
    own = "own rules" in name
    most = [60.0, 28.0] if own else [30.0, 60.0]
    rules = [POCOCK, "kim_demets(2)"] if own else [OBF, OBF]
    part, expected = hold(TRIALS[name], 60, most, rules)
    assert sum(slow.stopped for slow in expected) > 3
    assert 0.2 < (part.looks.family.rejected_at >= 0).mean() < 0.95


def hold(
    scenario: Scenario, trials: int, most: list[float], rules: list[str]
) -> tuple[Part, list[SlowTrial]]:
    """Hold trials with looks at a family to the slow ones; return both."""
    part, params, plans = fast(scenario, trials), lower(scenario), plans_of(scenario)
    (family,) = families_of(scenario, plans)
    assert part.looks is not None
    assert part.looks.family is not None
    decision, last = part.looks.rows.decision, len(scenario.monitoring.looks)
    at, expected = part.looks.family.rejected_at, []
    for trial in range(trials):
        slow = slow_family_looks(
            scenario,
            plans,
            family,
            most,
            rules,
            as_planned(np.array([trial]), params.trial.target_randomised),
            lambda conduct: compiled.conducted(params, SEED, conduct, with_hazard=False),
        )
        assert at[trial].tolist() == [slow.rejected_at.get(j, -1) for j in range(2)], trial
        assert np.flatnonzero(decision[trial] >= 0).tolist() == slow.taken
        if slow.stopped_at is not None:
            assert decision[trial, slow.stopped_at] < 2
            assert decision[trial, last] == -1
        randomised = part.rows.counts[_randomised(part, params, plans), trial].sum()
        assert randomised == slow.records.trials.randomised[0]
        expected.append(slow)
    return part, expected


def _randomised(part: Part, params: Any, plans: Any) -> Any:
    return Evaluation(plans, (), ()).layout(params).counts["randomised"]


def test_both_engines_give_the_same_looks():
    scenario = TRIALS["a graph, any stops, looking back, a pause"]
    one, other = (fast(scenario, 12, engine) for engine in (Engine.COMPILED, Engine.REFERENCE))
    np.testing.assert_array_equal(one.table.p_value, other.table.p_value)
    assert one.looks is not None
    assert other.looks is not None
    for mine, theirs in zip(one.looks.family, other.looks.family, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_family_whose_first_has_all_of_the_level_stops_as_that_alone():
    """Looks, decisions and days of the first of an order are those of looks at it alone."""
    both = family_trial(BOTH | {"method": "fixed_sequence"}, {"futility": {"rule": "z(0)"}})
    alone = changed(both, {"monitoring.family": None, "analyses.0.alpha": 0.1})
    together, single = fast(both, 300), fast(alone, 300)
    assert together.looks is not None
    assert single.looks is not None
    for name, mine, theirs in zip(
        together.looks.rows._fields, together.looks.rows, single.looks.rows, strict=True
    ):
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert (together.looks.family.aimed == (single.table.p_value[:, 0] <= 0.1)).all()
    np.testing.assert_array_equal(together.rows.amounts, single.rows.amounts)


def test_looks_that_never_come_leave_the_family_as_it_is_at_the_end():
    never = {"looks": [{"at": {"later": [{"deaths": 59}, {"day": 810}]}}], "max_information": 60}
    with_looks = family_trial(BOTH | {"method": "holm"}, never)
    plain = changed(with_looks, {"monitoring": None})
    asked, other = fast(with_looks, 300), fast(plain, 300)
    assert asked.looks is not None
    assert (asked.looks.rows.decision[:, 0] == -1).mean() > 0.9
    none = asked.looks.rows.decision[:, 0] == -1
    np.testing.assert_allclose(asked.table.p_value[none], other.table.p_value[none], rtol=1e-6)
    (family,) = families_of(plain, plans_of(plain))
    together = rejected(other.table.p_value, family)
    assert ((asked.looks.family.rejected_at >= 0) == together)[none].all()


@pytest.mark.parametrize("name", TRIALS)
def test_a_closing_date_after_all_follow_up_changes_nothing(name):
    """The data are then cut when the last of those that there are has been followed."""
    scenario = TRIALS[name]
    closing = {"trial.end": {"min_follow_up_days": scenario.trial.follow_up_days}}
    ours, theirs = (fast(one, 30) for one in (scenario, changed(scenario, closing)))
    for of, other in (
        (ours.table, theirs.table),
        (ours.looks.rows, theirs.looks.rows),
        (ours.looks.family, theirs.looks.family),
    ):
        for column, values in of._asdict().items():
            np.testing.assert_array_equal(values, getattr(other, column), err_msg=column)
