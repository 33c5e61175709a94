"""What the gate's extremes are made of, and the gate that each goes through."""

from differences import assert_meaningful, assert_same, joined, only_trial
from scenario_builder import NEVER, arm, modality, poisson_accrual

from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.records import SessionStatus, TrialRecords
from simulator.scenario.schema import Scenario

SEED = 11
TRIALS = 6
DAYS = 84
SURE = {"net_probability": 0.95, "by_day": 3.0}
EXITS = ("tumour_death", "transplant", "withdrawal", "loss")
LOG_RANK = [
    {
        "name": "log_rank",
        "test": "log_rank",
        "alpha": 0.05,
        "population": "randomised",
        "transplant": "event",
        "rescue": "ignored",
        "withdrawal": "ignored",
        "lost": "censored",
    }
]


def gate(scenario: Scenario, compared: int = TRIALS) -> TrialRecords:
    """Six trials of the compiled engine, of which the first `compared` meet the reference's."""
    params = lower(scenario)

    def trials(first: int, number: int) -> TrialRecords:
        return compiled.simulate(params, SEED, first, number)

    together = trials(0, TRIALS)
    assert_meaningful(together, params)
    assert_same(trials(0, compared), reference.simulate(params, SEED, 0, compared))
    assert_same(joined([trials(0, 2), trials(2, 1), trials(3, 3)]), together, but=("first_row",))
    for trial in range(TRIALS):
        assert_same(trials(trial, 1), only_trial(together, trial), but=("first_row",))
    return together


def exponential(mortality: float, horizon_days: float = float(DAYS)) -> dict[str, object]:
    return {
        "kind": "exponential",
        "horizon_days": horizon_days,
        "mortality_at_horizon": mortality,
    }


def piecewise(days: list[float], shares: list[float], mortality: float) -> dict[str, object]:
    return {
        "kind": "piecewise",
        "horizon_days": days[-1],
        "mortality_at_horizon": mortality,
        "days": days,
        "shares": shares,
    }


def only(exit_name: str | None) -> dict[str, object]:
    """Exits of which one at most ever happens, within three days to nearly everybody."""
    return {
        **{name: SURE if name == exit_name else NEVER for name in EXITS},
        "infection": NEVER | {"hazard_ratio": 1.0},
        "serious_adverse_event_hazard_ratio": 1.0,
    }


def on_one_day(patients: int, *sites: dict[str, object]) -> dict[str, object]:
    """Changes that let all patients come within about a day, at sites with their own units."""
    rate = {"randomised_per_month": 30.4375 * patients / len(sites)}
    return {
        "trial.target_randomised": patients,
        "eligibility": None,
        "accrual": poisson_accrual(*(rate | site for site in sites)),
        "unit": None,
        "hazard.baseline": exponential(0.3),
    }


def counted(records: TrialRecords, status: SessionStatus) -> int:
    return int((records.sessions.status == status).sum())


def a_day_each(window_days: float) -> dict[str, object]:
    """Sessions of a day, without spread or effect on labs, each arm's due at once."""
    plan = {"sessions": 2, "window_days": window_days}
    return {
        "modalities": [modality("long", hours=24.0)],
        "multiplicity": None,
        "costs": None,
        "labs": None,
        "assessment": None,
        "analyses": LOG_RANK,
        "hazard.log_hazard_ratio_per_meld_point": 0.0,
        "arms": [arm("PE", "long", **plan), arm("other", "long", **plan)],
    }
