"""The level of a test with looks, futility obeyed or not, and effects that just cross a boundary.

Held to rpact where it has the design, else to the normal distribution of two looks.
"""

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import simulator
from simulator.monitoring.asked import FutilityPlan, LookPlan, Moment, MonitoringPlan
from simulator.planning.look_effects import EffectScale
from simulator.planning.planned_looks import boundaries_on_both_sides, planned_boundaries

INSTALL = "apt-get install r-base-core r-cran-rpact"
SCRIPT = Path(__file__).with_name("looks_in_r.R")
EVENTS = 200
HAZARD_RATIO = EffectScale(null=0.0, sign=-1, is_ratio=True)


def asked(fractions, spending, futility=None, *, sides=1, binding=False):
    """Looks of a log-rank test at these shares of 200 deaths; alpha is 2.5 % in each direction."""
    looks = [LookPlan(Moment("deaths", EVENTS * f), 0.0, False) for f in fractions[:-1]]
    return MonitoringPlan(
        column=0,
        information="deaths",
        max_information=EVENTS,
        alpha=0.025 * sides,
        sides=sides,
        looks=tuple(looks),
        spending=spending,
        futility=None if futility is None else FutilityPlan(futility, 0.8, binding),
        stops_treatment=False,
    )


def found(plan):
    """Its boundaries as planned."""
    moments = [f"look {k}" for k, _ in enumerate(plan.looks)]
    errors = [2 / math.sqrt(EVENTS * fraction) for fraction in plan.fractions]
    unknown = [None] * len(errors)
    boundaries = planned_boundaries(plan, [*moments, ""], unknown, errors, HAZARD_RATIO)
    assert boundaries is not None
    assert boundaries.as_planned
    return boundaries


def ask_rpact(fractions, kind, futility_z, *, binding):
    """Level with futility obeyed, and critical hazard ratios."""
    if shutil.which("Rscript") is None:
        pytest.skip(f"R is not installed: {INSTALL}")
    if subprocess.run(["Rscript", "-e", "find.package('rpact')"], capture_output=True).returncode:
        pytest.skip(f"R has no rpact: {INSTALL}")
    words = [
        ";".join(map(repr, fractions)),
        kind,
        ";".join(map(repr, futility_z)) or "none",
        str(binding).upper(),
        str(EVENTS),
    ]
    done = subprocess.run(["Rscript", str(SCRIPT), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    level, ratios = done.stdout.strip().split("\n")
    return float(level), [float(ratio) for ratio in ratios.split()]


@pytest.mark.parametrize("binding", [False, True])
def test_one_sided_levels_are_those_of_rpact(binding):
    """Not binding, futility leaves less than alpha if obeyed; binding, more than alpha if not."""
    fractions, futility_z = (0.4, 0.75, 1.0), (0.0, 0.7)
    level = found(asked(fractions, "lan_demets_obrien_fleming", "z(0,0.7)", binding=binding)).level
    rpact, _ = ask_rpact(fractions, "asOF", futility_z, binding=binding)
    assert level.futility_obeyed == pytest.approx(rpact, abs=1e-6)
    if binding:
        assert level.futility_obeyed == pytest.approx(0.025, abs=1e-8)
        assert level.futility_ignored > 0.0255
    else:
        assert level.futility_obeyed < 0.0245
        assert level.futility_ignored == pytest.approx(0.025, abs=1e-8)


def beyond(first_low, first_high, last_low, last_high, correlation):
    """Probability to go on at the first of two looks and then to be beyond a bound at the last."""
    joint = stats.multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])

    def box(high):
        corners = (first_high, high), (first_low, high)
        return joint.cdf(corners[0]) - joint.cdf(corners[1])

    return stats.norm.cdf(first_high) - stats.norm.cdf(first_low) - box(last_high) + box(last_low)


def test_two_sided_levels_are_those_of_two_normal_looks():
    """Futility is judged in favour of the second arm alone, and takes away the first's chances."""
    plan = asked((0.5, 1.0), "lan_demets_obrien_fleming", "z(0.3)", sides=2)
    boundaries = found(plan)
    (first, last), level = boundaries.looks, boundaries.level
    c1, c2, root = first.efficacy_z, last.efficacy_z, math.sqrt(0.5)
    assert (first.lower_z, last.lower_z) == (-c1, -c2)
    crossed = 2 * stats.norm.sf(c1)
    obeyed = crossed + beyond(0.3, c1, -c2, c2, root)
    ignored = crossed + beyond(-c1, c1, -c2, c2, root)
    # The bivariate normal of SciPy is good to some 1e-8.
    assert level.futility_obeyed == pytest.approx(obeyed, abs=1e-6)
    assert level.futility_ignored == pytest.approx(ignored, abs=1e-6)
    assert level.futility_obeyed < 0.6 * level.futility_ignored
    assert level.nominal == 0.05


def test_critical_values_and_alpha_are_those_published():
    """O'Brien and Fleming's design of three looks: 3.4711, 2.4544, 2.0040 (as rpact prints it)."""
    looks = found(asked((1 / 3, 2 / 3, 1.0), "obrien_fleming")).looks
    assert [round(look.efficacy_z, 4) for look in looks] == [3.4711, 2.4544, 2.0040]
    assert looks[-1].alpha_spent == pytest.approx(0.025, abs=1e-9)
    assert [look.lower_z for look in looks] == [None] * 3
    for look in looks:
        assert look.nominal_p == pytest.approx(stats.norm.sf(look.efficacy_z), rel=1e-9)
        assert look.information == pytest.approx(EVENTS * look.fraction)


def test_where_information_is_not_planned_boundaries_are_at_the_mean():
    plan = asked((0.5, 1.0), "lan_demets_obrien_fleming")
    late = plan._replace(looks=(LookPlan(Moment("day", 400.0), 0.0, False),))
    errors = [math.nan, 0.2]
    boundaries = planned_boundaries(late, ["day 400", ""], [0.37, 0.9], errors, HAZARD_RATIO)
    assert boundaries is not None
    assert not boundaries.as_planned
    assert [look.fraction for look in boundaries.looks] == [0.37, 0.9]
    (same,) = [look.efficacy_z for look in boundaries_on_both_sides(late, (0.37, 0.9))][:1]
    assert boundaries.looks[0].efficacy_z == same
    assert [look.efficacy_effect is None for look in boundaries.looks] == [True, False]
    for fractions in ([None, 1.0], [0.9, 0.9], [1.1, 1.2]):
        assert planned_boundaries(late, ["day 400", ""], fractions, errors, HAZARD_RATIO) is None


def test_hazard_ratios_on_the_boundaries_are_those_of_rpact():
    fractions = (0.4, 0.75, 1.0)
    plan = asked(fractions, "lan_demets_obrien_fleming", "z(0,0.7)", sides=2)
    looks = found(plan).looks
    _, ratios = ask_rpact(fractions, "asOF", (0.0, 0.7), binding=False)
    assert [look.efficacy_effect for look in looks] == pytest.approx(ratios, abs=1e-6)
    for look, ratio in zip(looks, ratios, strict=True):
        assert look.lower_effect == pytest.approx(1 / ratio, rel=1e-6)
    # By the standard error of a log hazard ratio, 2 over the root of the deaths.
    futile = [1.0, math.exp(-0.7 * 2 / math.sqrt(150)), None]
    assert [look.futility_effect for look in looks] == pytest.approx(futile)


SCENARIO = """\
extends: two-arm-survival
name: many
title: 400 patients and a look
trial: {target_randomised: 400, max_recruitment_days: 730, follow_up_days: 400}
accrual: {kind: uniform, over_days: 730}
hazard:
  baseline: {kind: exponential, mortality_at_horizon: 0.60}
  effect: {kind: direct, hazard_ratio: 0.7}
monitoring:
  max_information: 200
  looks: [{at: {deaths: 100}}]
  efficacy: {spending: lan_demets_obrien_fleming}
"""


def test_the_smallest_effect_of_the_log_rank_test_is_rpacts_hazard_ratio(tmp_path):
    """rpact takes the variance to be d / 4, which it is where as many are at risk in each arm.

    Their shares differ by a few per cent squared, and never make it larger: the log hazard ratio
    on the boundary is at most 2 % farther from 0, and never nearer.
    """
    (tmp_path / "many.yaml").write_text(SCENARIO)
    answer = simulator.load(tmp_path / "many.yaml").power(50, jobs=1)
    first = answer.looks.looks[0]
    assert answer.looks.measure == "hazard ratio"
    assert first.events.mean == 100
    assert first.fraction.mean == pytest.approx(0.5)
    _, (ratio, _) = ask_rpact((0.5, 1.0), "asOF", (), binding=False)
    assert ratio == pytest.approx(math.exp(-2 * first.boundary_z.mean / math.sqrt(100)), abs=1e-6)
    farther = np.log(first.smallest_effect.mean) / math.log(ratio)
    assert 1.0 < farther < 1.02
