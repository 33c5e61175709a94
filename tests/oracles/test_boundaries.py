"""Boundaries of group-sequential designs against printed tables, closed forms and scipy."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from stagewise import Ordered, stagewise

from simulator.monitoring.boundaries import (
    boundaries_at,
    looks_to_come,
    next_look,
    planned_looks,
)
from simulator.monitoring.characteristics import (
    assuming,
    drift_for,
    exits,
    expected_information,
    inflation,
    level_of,
)
from simulator.monitoring.conditional import conditional_power, predictive_power
from simulator.monitoring.families import EFFICACY, read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.monitoring.ordering import more_extreme
from simulator.monitoring.plan import Look, Lower, Plan
from simulator.monitoring.repeated import repeated_interval

ALPHA = 0.025


def plan(rule, looks=2, alpha=ALPHA, sides=1, **more):
    """A plan with equally spaced looks, or at the fractions given."""
    at = tuple(k / looks for k in range(1, looks + 1)) if isinstance(looks, int) else looks
    if isinstance(more.get("futility"), str):
        more["futility"] = read_futility(more["futility"])
    return Plan(at, read_efficacy(rule), alpha, sides, **more)


def efficacy(asked):
    return [look.efficacy_z for look in planned_looks(asked)]


def two_sequential(t1, t2, upper1, lower1, upper2, drift=0.0):
    """P(lower1 < Z1 < upper1, Z2 >= upper2) by scipy's adaptive quadrature over Z1."""
    mean1, gained = drift * math.sqrt(t1), t2 - t1

    def integrand(z):
        start = z * math.sqrt(t1) + drift * gained
        beyond = stats.norm.sf((upper2 * math.sqrt(t2) - start) / math.sqrt(gained))
        return stats.norm.pdf(z - mean1) * beyond

    low, high = max(lower1, mean1 - 12), min(upper1, mean1 + 12)
    return integrate.quad(integrand, low, high, epsabs=1e-13, epsrel=1e-12, limit=200)[0]


# ---- printed tables -----------------------------------------------------------------------------

# Jennison and Turnbull (2000), tables 2.1, 2.3 and 2.9: two-sided, equally spaced looks.
CONSTANTS = [
    ("pocock", 0.05, [2.178, 2.289, 2.361, 2.413]),
    ("pocock", 0.01, [2.772, 2.873, 2.939, 2.986]),
    ("pocock", 0.1, [1.875, 1.992, 2.067, 2.122]),
    ("obrien_fleming", 0.05, [1.977, 2.004, 2.024, 2.040]),
    ("obrien_fleming", 0.01, [2.580, 2.595, 2.609, 2.621]),
    ("obrien_fleming", 0.1, [1.678, 1.710, 1.733, 1.751]),
    ("wang_tsiatis(0.1)", 0.05, [1.994, 2.026, 2.050, 2.068]),
    ("wang_tsiatis(0.25)", 0.05, [2.038, 2.083, 2.113, 2.136]),
]
# The same, tables 2.2, 2.4 and 2.10: maximum over fixed sample size, alpha .05.
INFLATIONS = [
    ("pocock", 0.8, [1.110, 1.166, 1.202, 1.229]),
    ("pocock", 0.9, [1.100, 1.151, 1.183, 1.207]),
    ("obrien_fleming", 0.8, [1.008, 1.017, 1.024, 1.028]),
    ("obrien_fleming", 0.9, [1.007, 1.016, 1.022, 1.026]),
    ("wang_tsiatis(0.1)", 0.8, [1.016, 1.027, 1.035, 1.040]),
    ("wang_tsiatis(0.25)", 0.9, [1.034, 1.050, 1.059, 1.066]),
]


@pytest.mark.parametrize(("rule", "alpha", "printed"), CONSTANTS)
def test_constants_of_classical_boundaries_are_those_of_the_tables(rule, alpha, printed):
    found = [efficacy(plan(rule, looks, alpha, 2))[-1] for looks in (2, 3, 4, 5)]
    assert [round(value, 3) for value in found] == printed


@pytest.mark.parametrize(("rule", "power", "printed"), INFLATIONS)
def test_inflation_factors_are_those_of_the_tables(rule, power, printed):
    found = []
    for looks in (2, 3, 4, 5):
        asked = plan(rule, looks, 0.05, 2)
        found.append(round(inflation(asked, drift_for(asked, power), power), 3))
    assert found == printed


def test_expected_sizes_of_obrien_fleming_and_pocock_are_those_of_the_tables():
    # Tables 2.7 and 2.8 of the same, alpha .05, power .9, five looks: per cent of the fixed size.
    for rule, under_effect in (("pocock", 68.5), ("obrien_fleming", 75.0)):
        asked = plan(rule, 5, 0.05, 2)
        drift = drift_for(asked, 0.9)
        share = expected_information(planned_looks(asked), drift) * inflation(asked, drift, 0.9)
        assert round(100 * share, 1) == under_effect


def test_published_boundaries_to_the_printed_digits():
    three = efficacy(plan("obrien_fleming", 3))
    assert [round(z, 7) for z in three] == [3.4710914, 2.4544323, 2.0040356]
    at = (0.2647, 0.5255, 0.7543, 1.0)
    four = efficacy(plan("lan_demets_obrien_fleming", at))
    assert [round(z, 4) for z in four] == [4.2023, 2.8808, 2.3563, 2.0158]
    # SeqBounds.jl, its own page: one-sided .05, quarters, by a grid whose step is .05.
    quarters = efficacy(plan("lan_demets_obrien_fleming", 4, 0.05))
    assert quarters == pytest.approx([3.74955, 2.53993, 2.01604, 1.72014], abs=5e-5)


def test_haybittle_peto_adjusts_its_last_look():
    # Unadjusted, 1.96 would spend .0254.
    asked = plan("haybittle_peto(3)")
    first, last = planned_looks(asked)
    assert first.efficacy_z == 3
    assert last.efficacy_z > stats.norm.isf(ALPHA)
    assert level_of((first, last), obeyed=False) == pytest.approx(ALPHA, abs=1e-12)
    unadjusted = (first, Look(1.0, 1.96))
    assert round(level_of(unadjusted, obeyed=False), 4) == 0.0254


# ---- closed forms and an integration of another kind --------------------------------------------

SPENT = {
    "lan_demets_obrien_fleming": lambda a, t: 2 * stats.norm.sf(stats.norm.isf(a / 2) / t**0.5),
    "lan_demets_pocock": lambda a, t: a * math.log(1 + (math.e - 1) * t),
    "hwang_shih_decani(-4)": lambda a, t: a * (1 - math.exp(4 * t)) / (1 - math.exp(4)),
    "hwang_shih_decani(1)": lambda a, t: a * (1 - math.exp(-t)) / (1 - math.exp(-1)),
    "hwang_shih_decani(0)": lambda a, t: a * t,
    "kim_demets(3)": lambda a, t: a * t**3,
    "table(0.01,0.025)": lambda a, t: (
        a * 0.4 * t / 0.5 if t <= 0.5 else a * (0.4 + 1.2 * (t - 0.5))
    ),
}


@pytest.mark.parametrize("word", EFFICACY)
@pytest.mark.parametrize(("alpha", "sides"), [(0.025, 1), (0.05, 2), (0.2, 1)])
def test_one_look_is_the_normal_quantile(word, alpha, sides):
    example = f"table({alpha:g})" if word == "table" else EFFICACY[word].example
    (look,) = planned_looks(plan(example, 1, alpha, sides))
    assert look.efficacy_z == pytest.approx(stats.norm.isf(alpha / sides), abs=1e-12)
    assert look.alpha_spent == pytest.approx(alpha)


@pytest.mark.parametrize("rule", SPENT)
@pytest.mark.parametrize("first", [0.2, 0.5, 0.85])
@pytest.mark.parametrize("sides", [1, 2])
def test_two_looks_spend_what_the_formula_says(rule, first, sides):
    if rule.startswith("table"):
        asked = plan(rule, (0.5, 1.0))
        asked = Plan(asked.information, asked.efficacy, ALPHA * sides, sides)
        looks = boundaries_at(asked, (first, 1.0))
    else:
        looks = planned_looks(plan(rule, (first, 1.0), ALPHA * sides, sides))
    (one, two) = looks
    spent = SPENT[rule](ALPHA, first)
    assert stats.norm.sf(one.efficacy_z) == pytest.approx(spent, rel=1e-9)
    lower = -one.efficacy_z if sides == 2 else -math.inf
    crossed = two_sequential(first, 1.0, one.efficacy_z, lower, two.efficacy_z)
    assert crossed == pytest.approx(ALPHA - spent, abs=2e-9)
    assert (one.alpha_spent, two.alpha_spent) == pytest.approx((spent * sides, ALPHA * sides))


@pytest.mark.parametrize("rule", ["pocock", "obrien_fleming", "wang_tsiatis(0.3)"])
def test_two_looks_of_a_shape_have_the_level_and_the_shape(rule):
    one, two = planned_looks(plan(rule, (0.3, 1.0)))
    power = {"pocock": 0.0, "obrien_fleming": -0.5, "wang_tsiatis(0.3)": -0.2}[rule]
    assert one.efficacy_z / two.efficacy_z == pytest.approx(0.3**power, rel=1e-9)
    second = two_sequential(0.3, 1.0, one.efficacy_z, -math.inf, two.efficacy_z)
    assert stats.norm.sf(one.efficacy_z) + second == pytest.approx(ALPHA, abs=2e-9)


def test_three_looks_hold_the_level_by_scipy_in_three_dimensions():
    at = (0.25, 0.6, 1.0)
    bounds = efficacy(plan("hwang_shih_decani(-2)", at))
    covariance = [[math.sqrt(min(s, t) / max(s, t)) for s in at] for t in at]
    inside = stats.multivariate_normal([0, 0, 0], covariance, abseps=1e-7).cdf(bounds)
    assert 1 - inside == pytest.approx(ALPHA, abs=1e-6)


def test_sides_may_differ():
    asked = plan(
        "lan_demets_obrien_fleming", 3, 0.03, 2, lower=Lower(read_efficacy("kim_demets(1)"), 0.005)
    )
    looks = planned_looks(asked)
    found = exits(looks, 0.0)
    assert math.fsum(found.efficacy) == pytest.approx(0.025, abs=1e-10)
    assert [sum(found.lower[: k + 1]) for k in range(3)] == pytest.approx(
        [0.005 / 3, 0.01 / 3, 0.005], abs=1e-10
    )
    mirrored = plan("kim_demets(2)", 3, 0.05, 2, lower=Lower(read_efficacy("kim_demets(2)"), 0.025))
    symmetric = planned_looks(plan("kim_demets(2)", 3, 0.05, 2))
    for one, other in zip(planned_looks(mirrored), symmetric, strict=True):
        assert (one.efficacy_z, one.lower_z) == pytest.approx((other.efficacy_z, other.lower_z))


# ---- information as it turned out ---------------------------------------------------------------


@pytest.mark.parametrize("end", [0.8, 1.0, 1.3])
@pytest.mark.parametrize("rule", ["lan_demets_obrien_fleming", "kim_demets(3)", "pocock"])
def test_the_last_look_spends_what_is_left_whatever_its_information(rule, end):
    asked = plan(rule)
    first = next_look(asked, (), 0.4, False)
    last = next_look(asked, (first,), end, True)
    if rule in SPENT:
        assert first.alpha_spent == pytest.approx(SPENT[rule](ALPHA, 0.4), rel=1e-12)
    else:
        assert first.efficacy_z == pytest.approx(efficacy(asked)[0])
    left = two_sequential(0.4, end, first.efficacy_z, -math.inf, last.efficacy_z)
    assert left == pytest.approx(ALPHA - first.alpha_spent, abs=2e-9)
    assert boundaries_at(asked, (0.4, end)) == (first, last)


def test_boundaries_at_the_planned_information_are_the_planned_ones():
    for word, family in EFFICACY.items():
        rule = "table(0.001,0.01,0.025)" if word == "table" else family.example
        asked = plan(rule, 3)
        assert boundaries_at(asked, asked.information) == planned_looks(asked)


def test_a_boundary_that_was_rounded_in_use_is_what_the_next_look_starts_from():
    asked = plan("lan_demets_obrien_fleming")
    used = Look(0.5, 2.96, upper_spent=float(stats.norm.sf(2.96)))
    last = next_look(asked, (used,), 1.0, True)
    left = two_sequential(0.5, 1.0, 2.96, -math.inf, last.efficacy_z)
    assert left == pytest.approx(ALPHA - stats.norm.sf(2.96), abs=2e-9)


def test_a_look_without_new_information_spends_nothing_unless_it_is_the_last():
    asked = plan("lan_demets_obrien_fleming", 3)
    first, again = boundaries_at(asked, (0.5, 0.5), final=False)
    assert again.efficacy_z == math.inf
    assert again.alpha_spent == pytest.approx(first.alpha_spent)
    # At the end the statistic is that of the look before: all of alpha is that of one look.
    _, last = boundaries_at(asked, (0.5, 0.5))
    assert last.efficacy_z == pytest.approx(stats.norm.isf(ALPHA), abs=1e-9)
    assert boundaries_at(asked, (0.5, 0.45)) == boundaries_at(asked, (0.5, 0.5))


def test_what_comes_after_all_is_spent_shows_nothing():
    asked = plan("lan_demets_pocock", 3)
    early, late = boundaries_at(asked, (1.05, 1.2))
    assert early.efficacy_z == pytest.approx(stats.norm.isf(ALPHA), abs=1e-9)
    assert late.efficacy_z == math.inf
    assert late.alpha_spent == pytest.approx(ALPHA)


def test_more_looks_than_planned_cannot_spend_more_than_alpha():
    asked = plan("pocock", 2)
    looks = boundaries_at(asked, (0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0))
    assert level_of(looks, obeyed=False) <= ALPHA * (1 + 1e-9)
    assert looks[-1].alpha_spent == pytest.approx(ALPHA)


@pytest.mark.parametrize("gap", [5e-4, 1e-3, 1e-2])
def test_looks_close_to_one_another_are_integrated_on_a_finer_grid(gap):
    first, close = boundaries_at(plan("kim_demets(1)", 3), (0.5, 0.5 + gap), final=False)
    spent = two_sequential(0.5, 0.5 + gap, first.efficacy_z, -math.inf, close.efficacy_z)
    assert spent == pytest.approx(ALPHA * gap, abs=1e-7)


def test_a_look_with_hardly_more_information_is_one_with_that_of_the_look_before():
    asked = plan("kim_demets(1)", 3)
    assert boundaries_at(asked, (0.5, 0.5002)) == boundaries_at(asked, (0.5, 0.5))
    # Probabilities to stop count a statistic that is looked at twice once.
    looks = boundaries_at(asked, (0.3, 0.5, 0.5, 0.5))
    assert level_of(looks, obeyed=False) == pytest.approx(ALPHA, abs=1e-9)
    assert sum(exits(looks, 1.0).stops) == pytest.approx(1, abs=1e-7)


def test_tiny_information_gives_a_boundary_that_is_hardly_crossed():
    looks = planned_looks(plan("lan_demets_obrien_fleming", (0.01, 0.02, 1.0)))
    assert looks[0].efficacy_z == pytest.approx(stats.norm.isf(ALPHA / 2) * 10, rel=0.01)
    assert looks[-1].efficacy_z == pytest.approx(stats.norm.isf(ALPHA), abs=1e-6)


# ---- futility ------------------------------------------------------------------------------------


@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize("rule", ["hwang_shih_decani(-2)", "lan_demets_pocock", "kim_demets(1.5)"])
def test_beta_spending_spends_beta_and_meets_the_efficacy_boundary(rule, binding):
    asked = plan("lan_demets_obrien_fleming", (0.4, 1.0), futility=rule, binding=binding)
    drift = drift_for(asked, 0.9)
    one, two = planned_looks(assuming(asked, drift, 0.9))
    formula = {**SPENT, "kim_demets(1.5)": lambda b, t: b * t**1.5}
    formula["hwang_shih_decani(-2)"] = lambda b, t: b * math.expm1(2 * t) / math.expm1(2)
    spent = formula[rule](0.1, 0.4)
    assert stats.norm.cdf(one.futility_z - drift * math.sqrt(0.4)) == pytest.approx(spent, rel=1e-8)
    assert two.futility_z == two.efficacy_z
    later = two_sequential(0.4, 1.0, one.efficacy_z, one.futility_z, two.efficacy_z, drift)
    power = stats.norm.sf(one.efficacy_z - drift * math.sqrt(0.4)) + later
    assert power == pytest.approx(0.9, abs=1e-8)
    lower = one.futility_z if binding else -math.inf
    second = two_sequential(0.4, 1.0, one.efficacy_z, lower, two.efficacy_z)
    assert stats.norm.sf(one.efficacy_z) + second == pytest.approx(ALPHA, abs=2e-9)


@pytest.mark.parametrize("choice", ["design", "estimate", "none"])
@pytest.mark.parametrize("binding", [False, True])
def test_a_threshold_of_conditional_power_is_its_closed_form_at_two_looks(choice, binding):
    rule = f"conditional_power(0.15,{choice})"
    asked = plan("kim_demets(2)", (0.6, 1.0), futility=rule, binding=binding)
    drift = drift_for(asked, 0.8)
    one, two = planned_looks(assuming(asked, drift, 0.8))
    assumed = {"design": drift, "estimate": one.futility_z / math.sqrt(0.6), "none": 0.0}[choice]
    mean = one.futility_z * math.sqrt(0.6) + assumed * 0.4
    found = stats.norm.sf((two.efficacy_z - mean) / math.sqrt(0.4))
    assert found == pytest.approx(0.15, abs=1e-9)


def test_a_binding_futility_boundary_lowers_the_last_critical_value_and_level_tells_both_readings():
    loose = plan("obrien_fleming", 2, futility="z(0.5)")
    tight = plan("obrien_fleming", 2, futility="z(0.5)", binding=True)
    a, b = planned_looks(loose), planned_looks(tight)
    assert b[-1].efficacy_z < a[-1].efficacy_z
    assert level_of(a, obeyed=False) == pytest.approx(ALPHA, abs=1e-10)
    assert level_of(a, obeyed=True) < ALPHA
    assert level_of(b, obeyed=True) == pytest.approx(ALPHA, abs=1e-10)
    assert level_of(b, obeyed=False) > ALPHA


def test_beta_is_spent_at_the_actual_information():
    asked = plan("lan_demets_obrien_fleming", 2, futility="kim_demets(2)")
    drift = drift_for(asked, 0.9)
    (one,) = boundaries_at(assuming(asked, drift, 0.9), (0.35,), final=False)
    spent = 0.1 * 0.35**2
    assert stats.norm.cdf(one.futility_z - drift * 0.35**0.5) == pytest.approx(spent, rel=1e-8)
    assert one.beta_spent == pytest.approx(spent, rel=1e-8)


# ---- at a look, and after the end ---------------------------------------------------------------


def test_conditional_and_predictive_power_are_their_closed_forms_before_the_last_look():
    asked = plan("lan_demets_obrien_fleming", (0.6, 1.0))
    looks = planned_looks(asked)
    later, last = looks_to_come(asked, looks[:1]), looks[1].efficacy_z
    for z in (-1.0, 0.8, 2.2):
        for drift in (0.0, z / math.sqrt(0.6), 3.24):
            mean = z * math.sqrt(0.6) + 0.4 * drift
            right = stats.norm.sf((last - mean) / math.sqrt(0.4))
            assert conditional_power(later, 0.6, z, drift) == pytest.approx(right, abs=1e-9)
        right = stats.norm.sf((last - z / math.sqrt(0.6)) / math.sqrt(0.4 / 0.6))
        assert predictive_power(later, 0.6, z) == pytest.approx(right, abs=2e-8)


def test_conditional_power_over_two_later_looks_is_an_integral_over_the_first():
    asked = plan("pocock", 3)
    looks = planned_looks(asked)
    later, z, drift = looks_to_come(asked, looks[:1]), 1.0, 2.5
    start, gained = z * math.sqrt(1 / 3), 1 / 3
    b2, b3 = (look.efficacy_z * math.sqrt(look.information) for look in looks[1:])
    first = stats.norm.sf((b2 - start - drift * gained) / math.sqrt(gained))

    def integrand(score):
        density = stats.norm.pdf(score, start + drift * gained, math.sqrt(gained))
        return density * stats.norm.sf((b3 - score - drift * gained) / math.sqrt(gained))

    second = integrate.quad(integrand, -10, b2, epsabs=1e-13)[0]
    found = conditional_power(later, 1 / 3, z, drift)
    assert found == pytest.approx(first + second, abs=1e-7)


def one_of(found: Ordered) -> Ordered:
    """What is said of the only outcome."""
    return Ordered(*(float(column[0]) for column in found))


def test_a_trial_that_ends_at_its_first_look_has_the_usual_estimate_and_interval():
    looks = planned_looks(plan("kim_demets(2)", 2))[:1]
    found = one_of(stagewise(looks, np.array([2.9]), 0.95))
    root = math.sqrt(0.5)
    assert found.p_value == pytest.approx(stats.norm.sf(2.9), rel=1e-9)
    half = stats.norm.isf(0.025) / root
    expected = (2.9 / root, 2.9 / root - half, 2.9 / root + half)
    assert (found.median_unbiased, found.low, found.high) == pytest.approx(expected, abs=1e-9)
    below = stagewise(looks, np.array([-2.9]), 0.95, sides=2)
    assert below.p_value == pytest.approx(2 * stats.norm.sf(2.9))


@pytest.mark.parametrize(("sides", "obeyed"), [(1, False), (2, False), (1, True)])
def test_a_second_look_counts_what_would_have_ended_at_the_first(sides, obeyed):
    futility = {"futility": "z(0)", "binding": True} if obeyed else {}
    looks = planned_looks(plan("obrien_fleming", (0.4, 1.0), ALPHA * sides, sides, **futility))
    one = looks[0]
    lower = one.futility_z if obeyed else one.lower_z
    for drift in (-1.0, 0.0, 2.0):
        right = stats.norm.sf(one.efficacy_z - drift * math.sqrt(0.4))
        right += two_sequential(0.4, 1.0, one.efficacy_z, lower, 1.4, drift)
        assert more_extreme(looks, 1.4, drift, obeyed=obeyed) == pytest.approx(right, abs=1e-8)
    found = one_of(stagewise(looks, np.array([1.4]), 0.95, sides=sides, obeyed=obeyed))
    for limit, share in ((found.low, 0.025), (found.median_unbiased, 0.5), (found.high, 0.975)):
        assert more_extreme(looks, 1.4, limit, obeyed=obeyed) == pytest.approx(share, abs=1e-9)


def test_the_stagewise_p_value_is_alpha_on_the_last_boundary():
    looks = planned_looks(plan("hwang_shih_decani(-2)", 4))
    found = one_of(stagewise(looks, np.array([looks[-1].efficacy_z]), 1 - 2 * ALPHA))
    assert found.p_value == pytest.approx(ALPHA, abs=1e-9)
    assert found.low == pytest.approx(0.0, abs=1e-6)


def test_a_repeated_interval_excludes_no_effect_where_the_boundary_is_crossed():
    one = planned_looks(plan("pocock", 2))[0]
    assert repeated_interval(one, one.efficacy_z).low == pytest.approx(0.0)
    low, high = repeated_interval(one, 1.0)
    assert (low + high) / 2 == pytest.approx(math.sqrt(2))
    assert high - low == pytest.approx(2 * one.efficacy_z * math.sqrt(2))
