"""Allocation schemes against slow ones written from the papers' formulas, and printed numbers.

`reference_allocation` knows nothing of the program; the numbers are those of the oracle notes. A
step's probability costs the program some ten roundings and one power, each good to a few units of
2^-53: 1e-12 relative leaves a factor of a hundred. What is 0 or 1 must be so exactly: it is forced.
"""

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
import reference_allocation as slow

from simulator import allocation
from simulator.allocation.metrics import exact_metrics
from simulator.allocation.selection_effect import biased_levels

TWO_THIRDS = Fraction(2, 3)
NO_FACTORS = np.empty(0, dtype=np.int64)
STEP = 1e-12

# name: scheme, options, slow law as a function of the planned number of patients
TWO_ARM = {
    "complete": ("complete", {}, lambda n: slow.complete()),
    "random allocation": ("random_allocation", {}, slow.random_allocation),
    "truncated binomial": ("truncated_binomial", {}, slow.truncated_binomial),
    "blocks of 4": ("permuted_block", {"block_size": 4}, lambda n: slow.permuted_block(4)),
    "blocks of 6": ("permuted_block", {"block_size": 6}, lambda n: slow.permuted_block(6)),
    "Efron 2/3": ("efron", {"probability": 2 / 3}, lambda n: slow.efron(TWO_THIRDS)),
    "adjustable 1": ("adjustable_coin", {"exponent": 1.0}, lambda n: slow.adjustable_coin(1)),
    "adjustable 2.5": ("adjustable_coin", {"exponent": 2.5}, lambda n: slow.adjustable_coin(2.5)),
    "Chen": ("chen", {"probability": 2 / 3, "bound": 3}, lambda n: slow.chen(TWO_THIRDS, 3)),
    "big stick 3": ("big_stick", {"bound": 3}, lambda n: slow.big_stick(3)),
    "Wei 0 1": ("wei_urn", {"initial_balls": 0, "added_balls": 1}, lambda n: slow.wei_urn(0, 1)),
    "Wei 2 3": ("wei_urn", {"initial_balls": 2, "added_balls": 3}, lambda n: slow.wei_urn(2, 3)),
    "Smith 1": ("smith", {"exponent": 1.0}, lambda n: slow.smith(1)),
    "Smith 5": ("smith", {"exponent": 5.0}, lambda n: slow.smith(5)),
    "Bayesian coin": ("bayesian_coin", {"gamma": 0.1}, lambda n: slow.bayesian_coin(0.1)),
    "maximal 3": ("maximal", {"bound": 3}, lambda n: slow.maximal(3, n)),
    "block urn 1": ("block_urn", {"blocks": 1}, lambda n: slow.block_urn(1)),
    "block urn 3": ("block_urn", {"blocks": 3}, lambda n: slow.block_urn(3)),
    "Ehrenfest 4": ("ehrenfest_urn", {"balls": 4}, lambda n: slow.ehrenfest_urn(4)),
    "mass 2": ("mass_weighted_urn", {"mass": 2}, lambda n: slow.mass_weighted_urn(2)),
    "maximum entropy": ("maximum_entropy", {"eta": 0.5}, lambda n: slow.maximum_entropy(slow.HALF)),
    "mass 5": ("mass_weighted_urn", {"mass": 5}, lambda n: slow.mass_weighted_urn(5)),
}
# A scheme that needs the planned number of patients has none in a stratum.
WITHOUT_STRATA = {"complete", "random allocation", "truncated binomial", "maximal 3"}
BY_STRATUM = [name for name in TWO_ARM if name not in WITHOUT_STRATA]


def plan_of(scheme, options, ratio=(1, 1), factor_levels=(), target=12):
    return allocation.build_plan(scheme, options, list(ratio), list(factor_levels), target)


def offer(plan, state, arms, levels=NO_FACTORS):
    # No formula here has a draw of its own: one asked for all the same must change nothing.
    if allocation.draw_due(plan, state, levels) >= 0:
        allocation.apply_draw(plan, state, levels, 0.83)
    out = np.empty(arms)
    allocation.probabilities(plan, state, levels, out)
    return out.tolist()


def program_law(plan, arms):
    """The program as a law of the past, like the slow ones: replayed from the start each time."""

    @functools.cache
    def shares(past):
        state = allocation.new_state(plan)
        for arm in past:
            offer(plan, state, arms)
            allocation.record(plan, state, NO_FACTORS, arm)
        return offer(plan, state, arms)

    return lambda past: shares(tuple(past))


def all_prefixes(law, n, arms):
    """Every past of fewer than n patients that a law can lead to."""
    pasts = [()]
    for past in pasts:
        if len(past) < n - 1:
            pasts += [(*past, k) for k, p in enumerate(law(past)) if p > 0]
    return pasts


def assert_same_law(plan, law, n, arms):
    program = program_law(plan, arms)
    pasts = all_prefixes(law, n, arms)
    expected = np.array([[float(p) for p in law(past)] for past in pasts])
    np.testing.assert_allclose([program(past) for past in pasts], expected, rtol=STEP, atol=0)


# Each step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TWO_ARM)
def test_every_step_of_every_sequence_has_the_probability_of_the_formula(name):
    scheme, options, law_for = TWO_ARM[name]
    assert_same_law(plan_of(scheme, options, target=10), law_for(10), 10, 2)


@pytest.mark.parametrize("ratio", [(2, 1), (3, 2), (2, 1, 1)])
@pytest.mark.parametrize(
    ("scheme", "options_for", "law_for"),
    [
        ("complete", lambda w: {}, lambda w: slow.complete(w)),
        ("random_allocation", lambda w: {}, lambda w: slow.random_allocation(2 * sum(w), w)),
        (
            "permuted_block",
            lambda w: {"block_size": 2 * sum(w)},
            lambda w: slow.permuted_block(2 * sum(w), w),
        ),
        ("block_urn", lambda w: {"blocks": 1}, lambda w: slow.block_urn(1, w)),
    ],
)
def test_unequal_ratio_is_kept_at_every_step(scheme, options_for, law_for, ratio):
    if scheme == "block_urn" and len(ratio) > 2:
        return  # refused: it is worked out for two arms alone
    n = min(2 * sum(ratio), 8)
    plan = plan_of(scheme, options_for(ratio), ratio, target=2 * sum(ratio))
    assert_same_law(plan, law_for(ratio), n, len(ratio))
    program, reached = program_law(plan, len(ratio)), {(): 1.0}
    for _ in range(n):
        offers = {past: program(past) for past in reached}
        # Sums of at most 3^7 products, each off by 1e-15: 1e-12 is far above what they come to.
        for k, w in enumerate(ratio):
            now = math.fsum(reached[past] * offers[past][k] for past in reached)
            assert now == pytest.approx(w / sum(ratio), abs=STEP)
        reached = {
            (*past, k): reached[past] * p
            for past, shares in offers.items()
            for k, p in enumerate(shares)
            if p > 0
        }


@pytest.mark.parametrize("ratio", [[2, 1], [3, 2]])
@pytest.mark.parametrize(
    ("scheme", "options"),
    [("block_urn", {"blocks": 2}), ("block_urn", {"blocks": 3})]
    + [("mass_weighted_urn", {"mass": mass}) for mass in (2, 3, 5)],
)
def test_scheme_that_loses_an_unequal_ratio_refuses_it(scheme, options, ratio):
    # All of them do within 12 patients, by exact sums over all paths: see the oracle's own tests.
    law = getattr(slow, scheme)(*options.values(), ratio)
    shares = {step[0] for step in slow.unconditional_shares(law, 12, 2)}
    assert shares != {Fraction(ratio[0], sum(ratio))}
    with pytest.raises(allocation.AllocationError):
        plan_of(scheme, options, ratio, target=60)


def test_block_urn_takes_the_published_probabilities():
    past = [int(arm == "B") for arm in "ABAABBBBABABAA"]
    printed = [0.5, 0.4, 0.5, 0.4, 0.25, 0.4, 0.5, 0.6, 0.75, 0.6, 0.75, 0.6, 0.75, 0.6]
    program = program_law(plan_of("block_urn", {"blocks": 3}, target=14), 2)
    assert [program(past[:j])[0] for j in range(14)] == pytest.approx(printed, rel=STEP)


@pytest.mark.parametrize("name", BY_STRATUM)
def test_restricted_scheme_works_within_each_combination_of_levels(name):
    scheme, options, law_for = TWO_ARM[name]
    plan, law = plan_of(scheme, options, factor_levels=(2, 3), target=60), law_for(60)
    rng, state, past = np.random.default_rng(7), allocation.new_state(plan), []
    for _ in range(60):
        levels = np.array([rng.integers(2), rng.integers(3)], dtype=np.int64)
        alike = [arm for arm, others in past if others == levels.tolist()]
        expected = [float(p) for p in law(alike)]
        np.testing.assert_allclose(offer(plan, state, 2, levels), expected, rtol=STEP, atol=0)
        arm = int(rng.random() >= expected[0])
        allocation.record(plan, state, levels, arm)
        past.append((arm, levels.tolist()))


def one_block(plan, uniform):
    """(arms, probabilities of A) of a block whose size `uniform` drew, until the next is due."""
    state, arms, phis = allocation.new_state(plan), [], []
    assert allocation.draw_due(plan, state, NO_FACTORS) >= 0
    allocation.apply_draw(plan, state, NO_FACTORS, uniform)
    while not arms or allocation.draw_due(plan, state, NO_FACTORS) < 0:
        phis.append(offer(plan, state, 2)[0])
        # To A as long as it can: then every remaining place of B is seen to be forced.
        arms.append(int(phis[-1] == 0))
        allocation.record(plan, state, NO_FACTORS, arms[-1])
    return arms, phis


def test_random_blocks_are_permuted_blocks_of_sizes_drawn_equally_often():
    plan, sizes = plan_of("random_blocks", {"block_sizes": [4, 6]}), []
    for cell in range(20):
        arms, phis = one_block(plan, (cell + 0.5) / 20)
        law = slow.permuted_block(len(arms))
        expected = [float(law(arms[:j])[0]) for j in range(len(arms))]
        np.testing.assert_allclose(phis, expected, rtol=STEP, atol=0)
        sizes.append(len(arms))
    assert (sizes.count(4), sizes.count(6)) == (10, 10)


# Metrics -----------------------------------------------------------------------------------------


def assert_same_metrics(found, expected):
    # 2^12 products of 12 factors, summed: 1e-10 relative is 1e4 times their rounding. A metric that
    # is 0 comes out as exactly 0, or as the rounding of sums of size 1.
    assert found is not None
    wrong = {
        key: (found.get(key), value)
        for key, value in expected.items()
        if key not in found or found[key] != pytest.approx(value, rel=1e-10, abs=1e-13)
    }
    assert wrong == {}


@pytest.mark.parametrize("n", [7, 12])
@pytest.mark.parametrize("name", TWO_ARM)
def test_exact_metrics_are_those_of_all_sequences(name, n):
    # 7 of 12: a scheme may stop within a block or before its planned number.
    scheme, options, law_for = TWO_ARM[name]
    expected = slow.metrics_by_enumeration(law_for(12), n)
    assert_same_metrics(exact_metrics(plan_of(scheme, options, target=12), n), expected)


@pytest.mark.parametrize("name", TWO_ARM)
def test_exact_metrics_of_sixty_patients_are_those_of_the_walk_over_counts(name):
    scheme, options, law_for = TWO_ARM[name]
    expected = slow.metrics_by_counts(law_for(60), 60)
    assert_same_metrics(exact_metrics(plan_of(scheme, options, target=60), 60), expected)


# scheme, options, slow law, patients, printed metrics: four decimals, so right to half of the last
TABLE = (
    "mean_abs_imbalance",
    "max_imbalance",
    "forcing_index",
    "deterministic_share",
    "correct_guesses",
    "imbalance_index",
)
LONG_TABLE = (
    "balanced_share",
    "sd_imbalance",
    "max_imbalance",
    "deterministic_share",
    "correct_guesses",
)
PRINTED = [
    ("complete", {}, 60, TABLE, (6.1547, 9.2351, 0, 0, 0.5, 1)),
    ("permuted_block", {"block_size": 4}, 60, TABLE, (0, 1.9977, 0.8333, 0.3333, 0.7083, 0.0707)),
    ("efron", {"probability": 2 / 3}, 60, TABLE, (1.3313, 4.5053, 0.4889, 0, 0.6222, 0.2068)),
    ("big_stick", {"bound": 3}, 60, TABLE, (1.3333, 2.9998, 0.3185, 0.1593, 0.5796, 0.1975)),
    (
        "chen",
        {"probability": 2 / 3, "bound": 3},
        60,
        TABLE,
        (0.8571, 2.9671, 0.5612, 0.0684, 0.6403, 0.1286),
    ),
    ("big_stick", {"bound": 4}, 100, LONG_TABLE, (0.13, 2.4495, 3.9996, 0.1175, 0.5587)),
    (
        "permuted_block",
        {"block_size": 12},
        100,
        LONG_TABLE,
        (0.2846, 1.7056, 3.9285, 0.1371, 0.6390),
    ),
]


@pytest.mark.parametrize(("scheme", "options", "n", "names", "printed"), PRINTED)
def test_metrics_are_the_printed_ones(scheme, options, n, names, printed):
    found = exact_metrics(plan_of(scheme, options, target=n), n)
    oracle = slow.metrics_by_counts(getattr(slow, scheme)(**options), n)
    for metrics in (found, oracle):
        assert [metrics[name] for name in names] == pytest.approx(printed, rel=0, abs=0.5e-4)


# The oracle itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TWO_ARM)
def test_both_slow_ways_to_the_metrics_agree(name):
    law = TWO_ARM[name][2](12)
    assert_same_metrics(slow.metrics_by_counts(law, 11), slow.metrics_by_enumeration(law, 11))


def test_efron_coin_settles_at_the_published_differences():
    # The chain forgets its start by less than a factor 2 sqrt(2)/3 a step, .943: 1e-5 after 200.
    differences = slow.law_of_difference(slow.efron(TWO_THIRDS), 200)
    assert differences[0] == pytest.approx(1 / 2, abs=1e-5)
    assert differences[2] + differences[-2] == pytest.approx(3 / 8, abs=1e-5)


def test_selection_bias_inflates_the_level_as_published():
    # Two-sided: who is thought the better treated does not matter.
    for eta in (0.25, -0.25):
        error = slow.type_one_error_under_selection(slow.permuted_block(4), 60, eta)
        assert error == pytest.approx(0.12772, abs=0.5e-5)


def test_naive_coin_loses_an_unequal_ratio_as_published():
    def naive(past):
        a, b = slow.counts(past)
        p = TWO_THIRDS if a == 2 * b else Fraction(4, 5) if a < 2 * b else Fraction(1, 5)
        return [p, 1 - p]

    shares = [step[0] for step in slow.unconditional_shares(naive, 3, 2)]
    assert shares == [TWO_THIRDS, Fraction(2, 5), Fraction(18, 25)]


@pytest.mark.parametrize(
    ("law", "patient", "share"),
    [
        (slow.block_urn(2, (2, 1)), 5, Fraction(16, 25)),
        (slow.mass_weighted_urn(2, (2, 1)), 4, Fraction(35, 54)),
        (slow.maximum_entropy(slow.HALF, (2, 1)), 1, Fraction(5, 6)),
    ],
)
def test_these_schemes_do_not_keep_two_to_one(law, patient, share):
    # Why the ratio tests above leave them out: exact, by all paths.
    assert slow.unconditional_shares(law, patient, 2)[-1][0] == share


@pytest.mark.parametrize("known", ["", "A+ B-", "A- A- A+ B+", "A+ A+ A+ A+ B- B- B-"])
def test_both_slow_ways_to_the_posterior_probability_agree(known):
    events = events_of(known)
    assert float(slow.chance_a_dies_less(events)) == pytest.approx(
        slow.chance_a_dies_less_by_quadrature(events), abs=1e-10
    )


# Schemes that look at covariates -----------------------------------------------------------------

FACTORS = (2, 3)
COVARIATE = {
    "Atkinson": ("atkinson", {}, slow.atkinson(FACTORS), 2),
    **{
        f"minimisation by {measure}, {arms} arms": (
            "minimisation",
            {"measure": measure, "weights": weights, "probability": 0.8},
            slow.minimisation(measure, weights, Fraction(4, 5), arms),
            arms,
        )
        for measure in ("range", "variance", "standard_deviation")
        for arms, weights in ((2, [1.0, 1.0]), (2, [0.1, 0.3]), (3, [2.0, 1.0]), (3, [1.0, 1.0]))
    },
    "Taves": ("taves", {"weights": [1.0, 2.0]}, slow.taves([1.0, 2.0]), 2),
    "Taves, 3 arms": ("taves", {"weights": [1.0, 1.0]}, slow.taves([1.0, 1.0], 3), 3),
    "Hu-Hu": (
        "hu_hu",
        {"overall": 0.3, "margins": [0.1, 0.1], "stratum": 0.5, "probability": 0.85},
        slow.hu_hu(0.3, [0.1, 0.1], 0.5, Fraction(17, 20)),
        2,
    ),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", COVARIATE)
def test_covariate_scheme_follows_its_formula(name, seed):
    scheme, options, law, arms = COVARIATE[name]
    plan = plan_of(scheme, options, [1] * arms, FACTORS, target=60)
    rng, state, past, rows = np.random.default_rng(seed), allocation.new_state(plan), [], []
    for _ in range(60):
        levels = np.array([rng.integers(of) for of in FACTORS], dtype=np.int64)
        expected = [float(p) for p in law(past, rows, levels.tolist())]
        # Absolute for Atkinson's rule: 1 - u has lost digits where it is small, and the condition
        # of F'F, up to some hundreds here, multiplies the rounding of u.
        bound = {"rtol": 0, "atol": 1e-11} if scheme == "atkinson" else {"rtol": STEP, "atol": 0}
        np.testing.assert_allclose(offer(plan, state, arms, levels), expected, **bound)
        # Half of the histories are the scheme's own (many ties), half go astray.
        arm = int(rng.choice(arms, p=expected if seed % 2 else None))
        allocation.record(plan, state, levels, arm)
        past.append(arm)
        rows.append(levels.tolist())


def test_minimisation_prefers_the_arm_of_pocock_and_simons_example():
    margins, weights = [(9, 10, 9), (9, 11, 9), (4, 5, 3)], [2, 1, 1]
    assert slow.minimisation_totals(margins, "range", weights) == [6, 10, 5]
    options = {"measure": "range", "weights": weights, "probability": 0.8}
    plan = plan_of("minimisation", options, (1, 1, 1), (2, 2, 2), target=60)
    state = allocation.new_state(plan)
    for arm in range(3):
        for patient in range(11):
            # As many at level 0 of each factor as the printed margin says.
            levels = np.array([patient >= margin[arm] for margin in margins], dtype=np.int64)
            allocation.record(plan, state, levels, arm)
    found = offer(plan, state, 3, np.zeros(3, dtype=np.int64))
    assert found == pytest.approx([0.1, 0.1, 0.8], rel=STEP)


def test_atkinsons_rule_without_factors_is_smiths_design_of_exponent_two():
    # u = D / (j - 1), so (1 - u) : (1 + u) = N_B : N_A.
    assert_same_law(plan_of("atkinson", {}), slow.smith(2), 8, 2)


# Schemes that look at outcomes -------------------------------------------------------------------


def events_of(text):
    """a, b: a patient of that arm; A+, A-, B+, B-: a survival or a death becomes known."""
    return [
        ("arm", "ab".index(token))
        if token.islower()
        else ("outcome", "AB".index(token[0]), token[1] == "-")
        for token in text.split()
    ]


ADAPTIVE = {
    "play the winner 1 1": (
        "play_the_winner",
        {"initial_balls": 1, "added_balls": 1},
        slow.play_the_winner(1, 1),
    ),
    "play the winner 3 2": (
        "play_the_winner",
        {"initial_balls": 3, "added_balls": 2},
        slow.play_the_winner(3, 2),
    ),
    **{
        f"coin {target} {gamma}": (
            "adaptive_coin",
            {"target": target, "gamma": gamma},
            slow.adaptive_coin(target, gamma),
        )
        for target in ("neyman", "rsihr", "urn")
        for gamma in (0.0, 2.0)
    },
    **{
        f"ERADE {target}": ("erade", {"target": target, "alpha": 0.5}, slow.erade(target, 0.5))
        for target in ("neyman", "rsihr", "urn")
    },
    "Thompson": (
        "thompson",
        {"exponent": 0.5, "burn_in": 3, "clip": 0.1},
        slow.thompson(0.5, 3, 0.1),
    ),
    "Thompson, free": (
        "thompson",
        {"exponent": 1.0, "burn_in": 0, "clip": 0.0},
        slow.thompson(1.0, 0, 0.0),
    ),
}
HISTORIES = {
    "no outcome": "a b a a b a b b b",
    "A wins": "a b A+ B- a b b A+ a B- a A- b a B- A+ a",
    "B wins": "b b B+ a b B+ B+ a A- a b A- a B- b A-",
    "one arm": "a a a A- A- A- a a A+ b b B- a",
    "late": "a b b a a b b a A- B+ B+ A- B- A+ B+ A- a b b b",
    "all known": " ".join(["a b A- B+"] * 9),
}


def assert_follows(scheme, options, law, events):
    plan = plan_of(scheme, options, target=60)
    state = allocation.new_state(plan)
    for seen in range(len(events) + 1):
        expected = [float(p) for p in law(events[:seen])]
        # The posterior probability is a sum of up to 20 terms from logarithms of gamma functions,
        # some tens in size: 20 * 50 * 2^-53 is 1e-13.
        bound = 1e-11 if scheme == "thompson" else STEP
        np.testing.assert_allclose(offer(plan, state, 2), expected, rtol=bound, atol=0)
        if seen == len(events):
            return
        kind, arm, *died = events[seen]
        if kind == "arm":
            allocation.record(plan, state, NO_FACTORS, arm)
        else:
            allocation.learn(state, arm, died[0])


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_scheme_follows_its_formula_as_outcomes_become_known(name, history):
    assert_follows(*ADAPTIVE[name], events_of(HISTORIES[history]))


@pytest.mark.parametrize(
    ("target", "history"),
    [
        # Square roots of 2/3 and 1/6: rho is 2/3, and 8 of 12 are in A.
        ("rsihr", "a " * 8 + "b " * 4 + "A+ A+ A+ A- B- B- B- B-"),
        # q_B = 3/5 and q_A = 1/5: rho is 3/4, and 9 of 12 are in A.
        ("urn", "a " * 9 + "b " * 3 + "A+ A+ A+ B+ B- B-"),
    ],
)
def test_erade_sees_a_share_that_is_on_target_through_rounding(target, history):
    assert_follows(
        "erade", {"target": target, "alpha": 0.5}, slow.erade(target, 0.5), events_of(history)
    )


def test_drop_the_loser_draws_until_a_ball_of_an_arm_and_loses_one_at_a_death():
    """By hand: one ball an arm and one of immigration; u is cut up as the draws go."""
    plan = plan_of("drop_the_loser", {"initial_balls": 1, "immigration_balls": 1})
    state, out = allocation.new_state(plan), np.empty(2)
    # 1 : 1 : 1. Below 1/3 it immigrates; then 2 : 2 : 1, below 1/15 once more, 3 : 3.
    assert allocation.draw_due(plan, state, NO_FACTORS) == 0
    allocation.apply_draw(plan, state, NO_FACTORS, 0.9 / 15)
    assert allocation.draw_due(plan, state, NO_FACTORS) == -1
    allocation.record(plan, state, NO_FACTORS, 0)
    for died in (True, True, False):  # 3 balls less 2; a survival takes none
        allocation.learn(state, 0, died)
    assert allocation.draw_due(plan, state, NO_FACTORS) == 1
    allocation.apply_draw(plan, state, NO_FACTORS, 0.5)
    allocation.probabilities(plan, state, NO_FACTORS, out)
    assert out.tolist() == [0.25, 0.75]
    allocation.record(plan, state, NO_FACTORS, 1)
    for _ in range(5):  # more deaths than balls: there are none, not fewer
        allocation.learn(state, 0, True)
    allocation.apply_draw(plan, state, NO_FACTORS, 0.99)
    allocation.probabilities(plan, state, NO_FACTORS, out)
    assert out.tolist() == [0.0, 1.0]


def test_drop_the_loser_without_any_ball_waits_for_immigration():
    plan = plan_of("drop_the_loser", {"initial_balls": 1, "immigration_balls": 2})
    state, out = allocation.new_state(plan), np.empty(2)
    for arm in (0, 1):
        allocation.learn(state, arm, True)
    allocation.apply_draw(plan, state, NO_FACTORS, 0.999)
    assert state.drawn[0] == 1  # the first ball must be of immigration; the next need not
    allocation.probabilities(plan, state, NO_FACTORS, out)
    assert out.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("n", [3, 10, 13])
@pytest.mark.parametrize(
    "name", ["complete", "blocks of 4", "Efron 2/3", "big stick 3", "Wei 0 1", "block urn 3"]
)
def test_level_under_selection_is_that_of_the_slow_sum_over_histories(name, n):
    """Sizes that end within a block, and trials so small that an arm may stay empty."""
    scheme, options, law_for = TWO_ARM[name]
    if n < options.get("block_size", 0):
        return  # refused: the block is larger than the trial
    found = biased_levels(plan_of(scheme, options, target=n), n, 0.8, 0.05).z
    expected = slow.type_one_error_under_selection(law_for(n), n, 0.8)
    # Some 10^4 products, each within 1e-15; the two normal distributions agree to 1e-12.
    assert found == pytest.approx(expected, abs=1e-10)


def test_level_under_selection_with_blocks_of_two_sizes_is_that_of_every_order_of_sizes():
    """n = 6 by blocks of 2 or 4: the orders 2 2 2, 2 2 4, 2 4, 4 2, 4 4 with their chances."""
    plan = plan_of("random_blocks", {"block_sizes": [2, 4]}, target=6)

    def law(sizes):
        def phi(past):
            begun = 0
            for size in sizes:
                if len(past) < begun + size:
                    left = size - (len(past) - begun)
                    # Blocks that are over hold half of each arm.
                    first = Fraction(size // 2 - (past.count(0) - begun // 2), left)
                    return [first, 1 - first]
                begun += size
            raise AssertionError

        return phi

    orders = {(2, 2, 2): 1 / 8, (2, 2, 4): 1 / 8, (2, 4): 1 / 4, (4, 2): 1 / 4, (4, 4): 1 / 4}
    expected = sum(
        chance * slow.type_one_error_under_selection(law(sizes), 6, 0.8)
        for sizes, chance in orders.items()
    )
    assert biased_levels(plan, 6, 0.8, 0.05).z == pytest.approx(expected, abs=1e-10)
