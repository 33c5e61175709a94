"""The certificate of level: exact for tables, bounds that hold for the whole family at once."""

import math

import numpy as np
import pytest
from scenario_builder import assert_share, changed, shipped
from scipy import optimize, stats

from calibration.targets import solve_targets
from simulator.analysis import exact_power as exact
from simulator.analysis import plans_of
from simulator.analysis.proportion_intervals import clopper_pearson
from simulator.engines.compiled import simulate
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.planning.certificate import (
    CONFIDENCE,
    LOSSES,
    MORTALITIES,
    SHAPES,
    cells_of,
    certify,
    exact_level,
    under,
    verdict_on,
)
from simulator.results.certificate import Cell, ExactLevel, LevelVerdict, NoLevel
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario

DECLARED = {
    "alpha": 0.05,
    "population": "randomised",
    "transplant": "event",
    "rescue": "ignored",
    "withdrawal": "ignored",
}


def with_analyses(*tests: str, alpha: float = 0.05, **changes) -> Scenario:
    analyses = [
        {"name": test, "test": test}
        | DECLARED
        | {"alpha": alpha, "lost": "censored" if test == "log_rank" else "excluded"}
        for test in tests
    ]
    return changed(shipped("two-arm-survival"), {"analyses": analyses} | changes)


@pytest.fixture(scope="module")
def certificate():
    scenario = with_analyses("chi_square", "fisher", "log_rank")
    lines: list[str] = []
    return certify(scenario, 500, 1, Workers(2), lines.append), lines


def test_chi_square_is_told_to_exceed_its_level_and_fisher_to_hold_it(certificate):
    chi_square, fisher, log_rank = certificate[0].levels
    assert round(chi_square.exact.probability, 4) == 0.0554
    assert chi_square.verdict is LevelVerdict.EXCEEDS_EXACT
    assert round(fisher.exact.probability, 4) == 0.0274
    assert fisher.verdict is LevelVerdict.HOLDS_EXACT
    assert log_rank.exact is None


def test_the_family_is_every_combination_and_every_cell_is_told(certificate):
    family, lines = certificate[0].family, certificate[1]
    cells = cells_of(with_analyses("log_rank"))
    assert family.cells == len(set(cells)) == len(MORTALITIES) * len(SHAPES) * len(LOSSES)
    assert (family.mortality, family.weibull_shape, family.loss) == (MORTALITIES, SHAPES, LOSSES)
    told = [line.partition(":")[0] for line in lines]
    assert list(dict.fromkeys(told)) == [f"cell {k + 1} of {len(cells)}" for k in range(len(cells))]


def test_bounds_hold_what_was_seen(certificate):
    for level in certificate[0].levels:
        assert level.low <= level.simulated <= level.high


@pytest.mark.parametrize("cell", [Cell(0.2, 0.5, 0.2), Cell(0.8, 2.0, 0.0), Cell(0.4, 1.0, 0.1)])
def test_a_cell_has_its_mortality_its_shape_and_its_loss_in_both_arms(cell):
    scenario = solve_targets(under(with_analyses("log_rank"), cell), lambda _: None)
    p = simulate(lower(scenario), 5, 0, 200).patients
    assert scenario.null_hypothesis == "strong"
    half = 1 - math.exp(math.log1p(-cell.mortality) * 0.5**cell.shape)
    never_lost = p.death_after_days
    for arm in (0, 1):
        mine = p.arm == arm
        assert_share(int((never_lost[mine] <= 84).sum()), int(mine.sum()), cell.mortality)
        assert_share(int((never_lost[mine] <= 42).sum()), int(mine.sum()), half)
    # Loss is a hazard of its own, seen in those who do not die.
    alive = np.isinf(p.death_after_days)
    lost = np.isfinite(p.loss_after_days) & alive
    assert_share(int(lost.sum()), int(alive.sum()), cell.loss)


def test_without_exits_nobody_is_lost_in_any_cell():
    scenario = shipped("nct05484908")
    assert {cell.loss for cell in cells_of(scenario)} == set(LOSSES)


def test_the_bounds_hold_for_all_cells_together_as_often_as_they_say():
    """True levels of twelve cells; how often the largest lies below the upper bound of all."""
    rng = np.random.default_rng(3)
    truth, trials, repeats = np.linspace(0.03, 0.055, 12), 400, 3_000
    share = (1 - CONFIDENCE) / truth.size
    held_high = held_low = 0
    for _ in range(repeats):
        low, high = clopper_pearson(rng.binomial(trials, truth), trials, share)
        held_high += truth.max() <= high.max()
        held_low += truth.max() >= low.max()
    for held in (held_high, held_low):
        assert stats.binom.cdf(held, repeats, CONFIDENCE) >= 1e-4


def test_exact_levels_use_the_planned_sizes():
    scenario = with_analyses(
        "fisher",
        **{"allocation.ratio": [2, 1], "allocation.scheme": "complete"},
    )
    (plan,) = plans_of(scenario)
    expected = exact.size(exact.rejection_set(exact.ExactQuestion("fisher", 40, 20, 0.05)))
    assert exact_level(plan, [2, 1], 60) == ExactLevel(*expected)


@pytest.mark.parametrize(
    ("test", "size", "low", "high", "verdict"),
    [
        ("fisher", 0.03, 0.02, 0.06, LevelVerdict.HOLDS_EXACT),
        ("mid_p", 0.046, 0.04, 0.06, LevelVerdict.HOLDS_AT_PLANNED_SIZES),
        ("mid_p", 0.046, 0.03, 0.049, LevelVerdict.HOLDS),
        ("mid_p", 0.046, 0.051, 0.06, LevelVerdict.EXCEEDS),
        ("chi_square", 0.055, 0.04, 0.06, LevelVerdict.EXCEEDS_EXACT),
        ("log_rank", None, 0.04, 0.06, LevelVerdict.NOT_SHOWN_TO_EXCEED),
        ("log_rank", None, 0.03, 0.05, LevelVerdict.HOLDS),
    ],
)
def test_only_an_exact_test_holds_its_level_at_sizes_that_were_not_planned(
    test, size, low, high, verdict
):
    (plan,) = plans_of(with_analyses(test))
    known = None if size is None else ExactLevel(size, 0.5, size * (1 + 1e-9))
    limits = low, high
    assert verdict_on(plan.test, plan.alpha, known, limits, limits) is verdict


@pytest.mark.parametrize(
    ("test", "size", "every", "among", "verdict"),
    [
        ("log_rank", None, (0.0, 0.013), (0.0, 0.049), LevelVerdict.HOLDS),
        ("log_rank", None, (0.0, 0.013), (0.0, 0.051), LevelVerdict.HOLDS_AMONG_ALL),
        ("log_rank", None, (0.0, 0.013), (0.0, 1.0), LevelVerdict.HOLDS_AMONG_ALL),
        ("log_rank", None, (0.01, 0.03), (0.06, 0.12), LevelVerdict.EXCEEDS_AMONG_ANALYSABLE),
        ("log_rank", None, (0.06, 0.12), (0.06, 0.12), LevelVerdict.EXCEEDS),
        ("log_rank", None, (0.03, 0.06), (0.03, 0.07), LevelVerdict.NOT_SHOWN_TO_EXCEED),
        ("mid_p", 0.046, (0.0, 0.013), (0.0, 0.051), LevelVerdict.HOLDS_AT_PLANNED_SIZES),
        ("fisher", 0.03, (0.0, 0.013), (0.0, 0.2), LevelVerdict.HOLDS_EXACT),
    ],
)
def test_a_level_is_held_only_if_trials_with_a_result_hold_it(test, size, every, among, verdict):
    """Counted as no rejection, trials without a result would let any analysis hold its level."""
    known = None if size is None else ExactLevel(size, 0.5, size * (1 + 1e-9))
    assert verdict_on(test, 0.05, known, every, among) is verdict


def test_a_test_that_mostly_has_no_result_is_not_said_to_hold_its_level():
    """One patient an arm: the log-rank test's p value is .317 wherever it has one.

    So nothing is rejected, and the bound of all 300 trials of a cell is 1 - (.05/36)^(1/300) =
    .0217. But of two patients with mortality .2 and loss .2 at least one is seen to die with
    probability 1 - (1 - .18)^2 = .328 (of the .36 who have ended by then half die), and of those
    98 trials alone the bound is .065.
    """
    few = {"trial.target_randomised": 2, "accrual.candidates": 2}
    (level,) = certify(with_analyses("log_rank", **few), 300, 1, Workers(), lambda _: None).levels
    assert level.rejections == 0
    assert level.high == pytest.approx(1 - (0.05 / 36) ** (1 / 300))
    assert level.among_analysable.high > 0.06
    assert level.verdict is LevelVerdict.HOLDS_AMONG_ALL
    assert level.mostly_without_result
    worst = level.not_analysable
    assert (worst.at.mortality, worst.trials) == (0.2, 300)
    assert 1 - worst.share <= 0.328 + 4 * math.sqrt(0.328 * 0.672 / 300)


def test_the_treated_have_no_exact_level():
    (plan,) = plans_of(with_analyses("fisher"))
    assert exact_level(plan, [1, 1], 60) is not None
    assert exact_level(plan._replace(population="treated"), [1, 1], 60) is None


def test_a_scenario_in_which_other_deaths_exceed_every_mortality_is_refused():
    scenario = with_analyses(
        "log_rank", **{"exits.tumour_death": {"net_probability": 0.95, "by_day": 84.0}}
    )
    with pytest.raises(RuleError, match="no common mortality"):
        certify(scenario, 10, 1, Workers(), lambda _: None)


# With a margin


def with_margins(**own):
    """A trial of 12 v 12 with a risk difference and a hazard ratio that have margins."""
    shared = DECLARED | {"alpha": 0.05}
    analyses = [
        shared
        | {"name": "risk", "test": "risk_difference", "interval": "miettinen_nurminen"}
        | {"lost": "excluded", "alternative": "less", "margin": 0.2}
        | own,
        shared
        | {"name": "time", "test": "cox", "ties": "efron", "statistic": "score"}
        | {"lost": "censored", "alternative": "less", "margin": 1.5},
    ]
    frame = {"analyses": analyses, "trial.target_randomised": 24, "accrual.candidates": 24}
    return changed(shipped("two-arm-survival"), frame)


def slow_size(n, margin, alpha):
    """Largest size of the score test with Miettinen and Nurminen's variance, and where.

    The restricted estimate is found by a search, the size on a grid of mortalities.
    """
    rejects = np.zeros((n + 1, n + 1), bool)
    for x0 in range(n + 1):
        for x1 in range(n + 1):

            def against(p0, x0=x0, x1=x1):
                first = stats.binom.logpmf(x0, n, p0)
                return -(first + stats.binom.logpmf(x1, n, p0 + margin))

            top = 1 - margin
            found = optimize.minimize_scalar(
                against, bounds=(0, top), method="bounded", options={"xatol": 1e-12}
            )
            p0 = min((0.0, top, float(found.x)), key=against)
            p1 = p0 + margin
            variance = (p0 * (1 - p0) + p1 * (1 - p1)) / n * 2 * n / (2 * n - 1)
            apart = (x1 - x0) / n - margin
            rejects[x0, x1] = variance > 0 and stats.norm.cdf(apart / variance**0.5) <= alpha
    grid = np.linspace(0, 1 - margin, 4001)
    deaths = np.arange(n + 1)
    first = stats.binom.pmf(deaths, n, grid[:, None])
    second = stats.binom.pmf(deaths, n, grid[:, None] + margin)
    sizes = np.einsum("gi,ij,gj->g", first, rejects, second)
    return sizes.max(), grid[sizes.argmax()]


def test_the_level_at_a_margin_is_enumerated_and_none_is_made_up():
    lines: list[str] = []
    found = certify(with_margins(), 50, 1, Workers(1), lines.append)
    assert not lines  # nothing is simulated
    assert (found.levels, found.judged_together, found.refused) == ((), (), ())
    assert found.family.cells == 0
    risk, time = found.at_margins
    size, at = slow_size(12, 0.2, 0.05)
    assert risk.exact.probability == pytest.approx(size, rel=1e-5)
    assert risk.exact.probability >= size * (1 - 1e-12)
    assert risk.exact.at == pytest.approx(at, abs=1e-3)
    assert risk.missing is None
    exceeds = size > 0.05
    assert risk.verdict is (
        LevelVerdict.EXCEEDS_EXACT if exceeds else LevelVerdict.HOLDS_AT_PLANNED_SIZES
    )
    assert (time.exact, time.missing, time.verdict) == (None, NoLevel.NO_TABLE, None)


def test_the_law_of_who_was_treated_is_not_known():
    whole = shipped("nct05484908-noninferiority")
    treated = [a.model_dump() for a in whole.analyses if a.name == "as_treated"]
    scenario = changed(whole, {"analyses": treated, "multiplicity": None})
    (level,) = certify(scenario, 50, 1, Workers(1), lambda _: None).at_margins
    assert (level.exact, level.missing) == (None, NoLevel.TREATED)


def test_looks_at_a_margin_have_no_level_and_the_others_theirs():
    scenario = changed(
        with_margins(), {"monitoring": {"looks": [{"at": {"information": 0.5}}], "futility": None}}
    )
    fisher = scenario.analyses[0].model_dump() | {"name": "plain", "margin": None}
    analyses = [a.model_dump() for a in scenario.analyses] + [fisher]
    multiplicity = [
        {"name": "mixed", "method": "holm", "alpha": 0.05, "analyses": ["risk", "plain"]}
    ]
    both = changed(scenario, {"analyses": analyses, "multiplicity": multiplicity})
    found = certify(both, 20, 1, Workers(1), lambda _: None)
    assert [level.name for level in found.levels] == ["plain"]
    assert found.levels[0].exact is not None
    assert {level.name: level.missing for level in found.at_margins} == {
        "risk": NoLevel.LOOKED_AT,
        "time": NoLevel.NO_TABLE,
        "mixed": NoLevel.TOGETHER,
    }
    assert not found.judged_together
    rows = found.rows()
    assert len(rows) == 4
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
