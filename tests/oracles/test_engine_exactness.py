"""A trial is a function of scenario, seed and index; what is asked differently shares the rest."""

import numpy as np
import pytest
from scenario_builder import (
    EPSILON,
    arm,
    bare,
    base_case,
    changed,
    modality,
    poisson_accrual,
    run,
    unit,
)

from simulator.records import DeathCause


def rows_of(records, trial):
    """Every column of one trial, but for the place of its first row in the call."""
    at = int(np.flatnonzero(records.trials.trial == trial)[0])
    first = records.trials.first_row[at]
    span = slice(first, first + records.trials.randomised[at])
    columns = {f"trials.{n}": c[at] for n, c in records.trials._asdict().items()}
    del columns["trials.first_row"]
    for table in ("patients", "sessions"):
        for name, column in getattr(records, table)._asdict().items():
            columns[f"{table}.{name}"] = column[span]
    return columns


def assert_same(seen, expected, but=()):
    assert seen.keys() == expected.keys()
    for name, column in expected.items():
        if name not in but:
            np.testing.assert_array_equal(seen[name], column, name)


SCENARIOS = {
    "base case": base_case,
    "scarce": lambda: base_case("nct05484908-scarce"),
    "bare": lambda: bare(30),
    "gamma rates at two sites": lambda: base_case(
        changes={
            "accrual": poisson_accrual(
                {"randomised_per_month": 2.0},
                {"randomised_per_month": 1.0, "opens_day": 33.3, "ramp_days": 50.0},
                gamma_shape=1.5,
            )
        }
    ),
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_trials_alone_together_and_in_another_order_have_identical_bits(scenario):
    asked = scenario()
    together = run(asked, seed=801, trials=5, first_trial=5)
    for trial in (9, 5, 7):
        alone = run(asked, seed=801, first_trial=trial)
        assert_same(rows_of(alone, trial), rows_of(together, trial))
    beside_others = run(asked, seed=801, trials=3, first_trial=8)
    for trial in (8, 9):
        assert_same(rows_of(beside_others, trial), rows_of(together, trial))
    np.testing.assert_array_equal(
        together.trials.first_row, np.cumsum([0, *together.trials.randomised[:-1]])
    )


def test_another_seed_and_another_trial_are_other_draws():
    first = run(bare(30), seed=801, trials=2)
    other = run(bare(30), seed=802)
    days = first.patients.entry_day
    assert not set(days[:30]) & set(days[30:])
    assert not set(days) & set(other.patients.entry_day)


SCHEMES = {
    "complete": {},
    "permuted_block": {"block_size": 4},
    "big_stick": {"bound": 2},
    "efron": {"probability": 2 / 3},
}
OWN = ("candidate", "site", "entry_day", "baseline_lab", "baseline_meld", "lab_slope_per_day")


def with_scheme(scenario, name):
    return changed(scenario, {"allocation.scheme": name, "allocation.options": dict(SCHEMES[name])})


@pytest.mark.parametrize("scheme", ["permuted_block", "big_stick", "efron"])
def test_another_scheme_changes_nobodys_baseline_slopes_or_death_threshold(scheme):
    asked = base_case("nct05484908-scarce", {"hazard.frailty_log_sd": 0.4})
    one, other = (
        run(with_scheme(asked, name), seed=803, trials=4).patients for name in ("complete", scheme)
    )
    assert (one.arm != other.arm).any()
    for name in (*OWN, "frailty"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    # A threshold is on record as the cumulative hazard of those whom it killed, up to rounding of
    # 84 daily sums and of a time of up to 84 days, at hazards below 10 a day.
    both = (one.death_cause == DeathCause.LIVER) & (other.death_cause == DeathCause.LIVER)
    assert both.sum() > 50
    np.testing.assert_allclose(
        one.liver_cumulative_hazard[both],
        other.liver_cumulative_hazard[both],
        rtol=0,
        atol=2 * 84 * EPSILON * (one.liver_cumulative_hazard[both].max() + 10),
    )
    # Deaths from the tumour, loss and withdrawal come when they would, unless death comes first.
    for column in ("withdrawal_after_days", "loss_after_days", "transplant_after_days"):
        times = [np.asarray(getattr(p, column)) for p in (one, other)]
        happened = np.isfinite(times[0]) & np.isfinite(times[1])
        assert happened.any()
        np.testing.assert_array_equal(times[0][happened], times[1][happened])


LABEL = (
    "patients.arm",
    "patients.stratum",
    "patients.allocation_probability",
    "patients.allocation_draw",
)


@pytest.mark.parametrize("name", ["nct05484908", "nct05484908-scarce"])
def test_under_the_strong_null_another_allocation_changes_nothing_but_labels(name):
    """Whoever gets which label: sessions, queues, plasma, labs, deaths are bit for bit the same."""
    asked = base_case(name, {"null_hypothesis": "strong"})
    one = run(with_scheme(asked, "complete"), seed=804, trials=4)
    for scheme in ("permuted_block", "big_stick"):
        other = run(with_scheme(asked, scheme), seed=804, trials=4)
        changed_arm = one.patients.arm != other.patients.arm
        assert changed_arm.sum() > 20
        for trial in range(4):
            assert_same(rows_of(other, trial), rows_of(one, trial), but=LABEL)


@pytest.mark.parametrize("effect", ["direct", "by_session", "by_labs"])
def test_under_the_strong_null_all_in_one_arm_are_as_all_in_the_other(effect):
    """A ratio of 20 to 1 and of 1 to 20 puts nearly all in one arm: the records do not show it."""
    words = {
        "direct": {
            "kind": "direct",
            "hazard_ratio": 0.3,
            "delay_days": 3.0,
            "waning_half_life_days": 10.0,
            "combined_with_labs": False,
        },
        "by_session": {"kind": "by_session", "combined_with_labs": True},
        "by_labs": {"kind": "by_labs"},
    }[effect]
    asked = base_case("nct05484908-scarce", {"null_hypothesis": "strong", "hazard.effect": words})
    asked = with_scheme(asked, "complete")
    mostly = [
        run(changed(asked, {"allocation.ratio": ratio}), seed=805, trials=3)
        for ratio in ([20, 1], [1, 20])
    ]
    assert (mostly[0].patients.arm == 0).mean() > 0.85
    assert (mostly[1].patients.arm == 1).mean() > 0.85
    for trial in range(3):
        assert_same(rows_of(mostly[1], trial), rows_of(mostly[0], trial), but=LABEL)


def test_the_null_of_mortality_leaves_plans_but_takes_the_effect():
    """Each patient dies when a trial without any effect has them die; sessions stay different."""
    sessions = [modality("PE", 3.0, 0.2, 2.0, 0.5), modality("other", 6.0, 0.2, 1.0, 0.2)]
    asked = bare(
        400,
        {
            "null_hypothesis": "mortality",
            "modalities": sessions,
            "arms": [arm("PE", "PE", sessions=2), arm("other", "other", sessions=3)],
            "unit": unit(machines=3),
            "hazard.effect": {"kind": "direct", "hazard_ratio": 0.4}
            | {"delay_days": 0.0, "waning_half_life_days": None, "combined_with_labs": False},
        },
    )
    no_effect = changed(asked, {"null_hypothesis": "none", "hazard.effect.hazard_ratio": 1.0})
    null, free = run(asked, seed=806), run(no_effect, seed=806)
    np.testing.assert_array_equal(null.patients.death_after_days, free.patients.death_after_days)
    np.testing.assert_array_equal(null.sessions.start_day, free.sessions.start_day)
    planned = [null.patients.sessions_planned[null.patients.arm == a] for a in (0, 1)]
    assert (planned[0] == 2).all()
    assert (planned[1] == 3).all()
