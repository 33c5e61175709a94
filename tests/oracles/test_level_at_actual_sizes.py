"""Why levels enumerated at planned sizes are exceeded where patients are lost: held to a law.

The law is written anew: binomial probabilities of the tables at a look and at the end, multiplied
out, of those that a test written here rejects. If sizes alone make the level, simulated trials
reject as often as the law of their sizes says, by whatever way patients are lost.
"""

from functools import cache

import numpy as np
import pytest
from scenario_builder import base_case, changed
from scipy import stats

from simulator.analysis import plans_of
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.exact_stages import monitoring_of, spent_by
from simulator.montecarlo.look_sizes import LookSizes, analyses_among, look_sizes
from simulator.montecarlo.parts import run_part
from simulator.params.lower import lower
from simulator.planning.attained_over_trials import level_over, own_levels

LEVELS = 0.0063218390804597405, 0.06920580631231696  # of 15 v 15 and 30 v 30, O'Brien-Fleming type
MORTALITIES = np.linspace(0.02, 0.5, 121)  # a Fisher test is symmetric about one half
Four = tuple[int, int, int, int]


@cache
def p_values(n0: int, n1: int) -> np.ndarray:
    """Fisher's, of all tables: of those with as many deaths the ones that are no likelier."""
    found = np.ones((n0 + 1, n1 + 1))
    for dead in range(n0 + n1 + 1):
        x0 = np.arange(max(0, dead - n1), min(n0, dead) + 1)
        chance = stats.hypergeom.pmf(x0, n0 + n1, dead, n0)
        no_likelier = chance <= chance[:, None] * (1 + 1e-7)
        found[x0, dead - x0] = np.where(no_likelier, chance, 0.0).sum(axis=1)
    return found


def rejects(n0: int, n1: int, level: float) -> np.ndarray:
    x0, x1 = np.arange(n0 + 1)[:, None], np.arange(n1 + 1)
    return (p_values(n0, n1) <= level * (1 + 1e-9)) & (x0 * n1 != x1 * n0)


def to_come(before: int, after: int, p: float) -> np.ndarray:
    """Chance of the deaths at the end, (before + 1, after + 1), by those at the look."""
    later = np.arange(after + 1) - np.arange(before + 1)[:, None]
    return stats.binom.pmf(later, after - before, p)


def law(four: Four, p: float, levels: tuple[float, float] = LEVELS) -> float:
    """Probability to reject at the look or the end, at a mortality common to the arms."""
    m0, m1, n0, n1 = four
    early, late = rejects(m0, m1, levels[0]), rejects(n0, n1, levels[1])
    at_look = np.outer(
        stats.binom.pmf(np.arange(m0 + 1), m0, p), stats.binom.pmf(np.arange(m1 + 1), m1, p)
    )
    at_end = to_come(m0, n0, p) @ late @ to_come(m1, n1, p).T
    return float((at_look * np.where(early, 1.0, at_end)).sum())


def by_sizes(fours: np.ndarray, p: float) -> np.ndarray:
    """The law of each trial, by its sizes."""
    distinct, which = np.unique(fours, axis=0, return_inverse=True)
    return np.array([law(tuple(four), p) for four in distinct.tolist()])[which.ravel()]


def lossy_trials(seed: int, trials: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and rejections of trials of 30 an arm, 1 in 25 lost, looked at halfway by entry."""
    draw = np.random.default_rng(seed)
    arm = np.argsort(draw.random((trials, 60)), axis=1) % 2
    known, dead = draw.random((trials, 60)) > 0.04, draw.random((trials, 60)) < p
    fours, found = [], np.zeros(trials, bool)
    for level, until in zip(LEVELS, (30, 60), strict=True):
        of_arm = [known[:, :until] & (arm[:, :until] == k) for k in (0, 1)]
        n = np.array([which.sum(axis=1) for which in of_arm])
        x = np.array([(which & dead[:, :until]).sum(axis=1) for which in of_arm])
        tables = zip(*n.tolist(), *x.tolist(), strict=True)
        found |= [bool(rejects(n0, n1, level)[x0, x1]) for n0, n1, x0, x1 in tables]
        fours.append(n)
    return np.concatenate(fours).T, found


def test_p_values_are_those_of_scipy() -> None:
    table = p_values(6, 8)
    for x0, x1 in np.ndindex(table.shape):
        expected = stats.fisher_exact([[x0, 6 - x0], [x1, 8 - x1]]).pvalue
        assert table[x0, x1] == pytest.approx(expected, rel=1e-9)


def test_sizes_alone_make_the_level_of_trials_that_lose_patients_at_random() -> None:
    fours, found = lossy_trials(1, 6000, 0.46)
    expected = by_sizes(fours, 0.46)
    error = np.sqrt((expected * (1 - expected)).mean() / found.size)
    assert abs(found.mean() - expected.mean()) < 4 * error
    assert law((15, 15, 30, 30), 0.46) < 0.05 < expected.mean() - 0.003


def scenario_without_effect():
    monitoring = {
        "looks": [{"at": {"information": 0.5}}],
        "efficacy": {"spending": "lan_demets_obrien_fleming", "exact": True},
    }
    return changed(base_case(), {"monitoring": monitoring, "null_hypothesis": "strong"})


@cache
def simulated(trials: int = 1600, seed: int = 5):
    scenario = scenario_without_effect()
    plans = plans_of(scenario)
    asked = monitoring_of(scenario, plans)
    params = lower(scenario)
    part = run_part(
        params, Evaluation(plans, (), (), monitoring=asked), Engine.COMPILED, seed, 0, trials
    )
    sizes = look_sizes(params, plans[asked.column], asked, seed, trials)
    return plans[asked.column], asked, part, sizes


def test_sizes_alone_make_the_level_of_the_trial_as_simulated() -> None:
    """Of the base case without an effect, whose patients are lost as the engine loses them."""
    plan, asked, part, sizes = simulated()
    assert asked.exact_levels == pytest.approx(LEVELS, rel=1e-9)
    whole = [one for one in sizes if len(one.sizes) == 2]
    assert len(whole) == len(sizes)
    fours = np.array([(*one.sizes[0], *one.sizes[1]) for one in whole])
    found = part.table.p_value[:, asked.column] <= plan.alpha
    expected = by_sizes(fours, 0.46)  # about that of the arms; between .44 and .49 it is the same
    error = np.sqrt((expected * (1 - expected)).mean() / found.size)
    assert abs(found.mean() - expected.mean()) < 4 * error
    assert expected.mean() > 0.053


def test_sizes_are_those_that_looks_turned_out_to_have() -> None:
    _, asked, part, sizes = simulated()
    rows = part.looks.rows
    for trial, one in enumerate(sizes):
        counted = rows.fraction[trial] * asked.max_information
        taken = ~np.isnan(counted)
        mine = np.array(one.sizes).sum(axis=1)
        np.testing.assert_allclose(mine[: taken.sum()], counted[taken], rtol=1e-12)
    assert (rows.decision[:, 1] >= 0).mean() < 1  # some stopped, and still have sizes at the end


def test_the_level_over_trials_is_the_mean_and_the_largest_of_the_law() -> None:
    plan, asked, _, every = simulated()
    some = [*every[:5], every[0]]
    found = level_over(plan, asked, some)
    fours = [(*one.sizes[0], *one.sizes[1]) for one in some]
    slow = np.array([max(law(four, p) for p in MORTALITIES) for four in fours])
    assert (found.trials, found.distinct) == (6, len(set(fours)))
    assert slow.mean() <= found.exact_mean <= slow.mean() * (1 + 1e-3)
    assert slow.max() <= found.exact_largest.level <= slow.max() * (1 + 1e-3)
    at = fours[int(slow.argmax())]
    assert (*zip(*[at[:2], at[2:]], strict=True),) == (
        found.exact_largest.first_arm,
        found.exact_largest.second_arm,
    )
    assert found.exact_above == pytest.approx((slow > 0.05).mean())
    assert found.normal_mean < found.own_mean <= found.own_largest.level <= 0.05


@pytest.mark.parametrize(
    ("sizes", "places"),
    [
        ([(14, 15), (29, 30)], (0, 1)),
        ([(0, 0), (29, 30)], (1,)),  # no look was taken
        ([(3, 0), (29, 30)], (1,)),  # an arm has nobody: no statistic
        ([(15, 15), (15, 15), (30, 30)], (0, 2)),  # nobody new at the second
        ([(15, 15), (31, 30), (31, 30)], (0, 2)),  # all the information before the end
        (
            [(15, 15), (0, 0), (15, 15)],
            (0, 2),
        ),  # nobody new at the end, which is tested all the same
        ([(0, 0), (4, 0)], ()),
    ],
)
def test_only_looks_that_are_tests_count(sizes, places) -> None:
    found = analyses_among(sizes, 60.0)
    assert found == LookSizes(places, tuple(sizes[place] for place in places))


def run_with(exact_sizes: str, trials: int, first: int = 0, engine: Engine = Engine.COMPILED):
    looks = [{"at": {"information": 0.5}}]
    efficacy = {"spending": "lan_demets_pocock", "exact": True, "exact_sizes": exact_sizes}
    scenario = changed(base_case(), {"monitoring": {"looks": looks, "efficacy": efficacy}})
    plans = plans_of(scenario)
    asked = monitoring_of(scenario, plans)
    params, evaluation = lower(scenario), Evaluation(plans, (), (), monitoring=asked)
    part = run_part(params, evaluation, engine, 5, first, trials)
    return (
        asked,
        plans[asked.column],
        part,
        look_sizes(params, plans[asked.column], asked, 5, trials),
    )


def test_levels_at_own_sizes_are_at_most_what_is_spent_and_decide_the_trials() -> None:
    """Each look rejects where Fisher's p value is at most the level of this trial's sizes."""
    asked, plan, part, sizes = run_with("actual", 300)
    rows = part.looks.rows
    p = 2 * stats.norm.sf(np.abs(rows.z))
    for trial, one in enumerate(sizes):
        own = own_levels(plan, one, spent_by(asked))
        levels = own[0][0], own[1][0]
        four = (*one.sizes[0], *one.sizes[1])
        if trial < 25:
            assert max(law(four, m, levels) for m in MORTALITIES) <= 0.05
        taken = rows.decision[trial] >= 0
        shown = (rows.decision[trial] == 0) | (rows.decision[trial] == 1)
        crossed = p[trial] <= np.array(levels) * (1 + 1e-8)
        np.testing.assert_array_equal(shown[taken], crossed[taken])
        assert (part.table.p_value[trial, asked.column] <= plan.alpha) == shown.any()
        z = -stats.norm.ppf(np.array(levels) / 2)
        np.testing.assert_allclose(rows.boundary[trial][taken], z[taken], rtol=1e-6)
    assert ((rows.decision == 0) | (rows.decision == 1)).any(axis=0).all()
    by_planned = run_with("planned", 300)[2].looks.rows
    assert (rows.decision != by_planned.decision).any()  # there it makes a difference


@pytest.mark.parametrize("engine", [Engine.COMPILED, Engine.REFERENCE])
def test_own_levels_depend_on_neither_blocks_nor_engine(engine: Engine) -> None:
    _, _, whole, _ = run_with("actual", 12)
    again = [run_with("actual", 6, first, engine)[2] for first in (0, 6)]
    for name in ("decision", "boundary", "lower", "z"):
        mine = np.concatenate([getattr(part.looks.rows, name) for part in again])
        np.testing.assert_array_equal(mine, getattr(whole.looks.rows, name))
    p_values = np.concatenate([part.table.p_value for part in again])
    np.testing.assert_array_equal(p_values, whole.table.p_value)
