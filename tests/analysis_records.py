"""Records of which only what an analysis reads is set, and single trials analysed."""

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.allocation import build_plan
from simulator.analysis import END, AnalysisPlan, Cut, Design, analyse
from simulator.analysis.cut import cut_days, rows_of
from simulator.analysis.outcomes import Outcome, outcome, treatment_of
from simulator.analysis.types import AnalysisTable
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.hypothesis import TWO_SIDED, Hypothesis
from simulator.records import Patients, Sessions, TrialRecords, Trials

NEVER = math.inf


def plan_of(
    test: str,
    lost: str = "excluded",
    transplant: str = "event",
    *,
    name: str = "a",
    alpha: float = 0.05,
    population: str = "randomised",
    rescue: str = "ignored",
    withdrawal: str = "ignored",
    hypothesis: Hypothesis = TWO_SIDED,
    **options: Any,
) -> AnalysisPlan:
    """Return a plan of a test with its options."""
    return AnalysisPlan(
        name, test, alpha, population, transplant, rescue, withdrawal, lost, options, hypothesis
    )


def design(follow_up_days: int, seed: int = 1) -> Design:
    """Return a trial of two arms without sessions, allocated by a fair coin."""
    coin = build_plan("complete", {}, (1, 1), (), 60)
    return Design(follow_up_days, follow_up_days, False, np.array([-1, -1]), coin, seed)


class Result(NamedTuple):
    """One analysis of one trial."""

    p_value: float
    estimate: float
    standard_error: float
    low: float
    high: float
    favours: int
    reason: int


def result(table: AnalysisTable) -> Result:
    """Return the one result in a table."""
    return Result(*(column[0, 0].item() for column in table))


def records_of_columns(sizes: np.ndarray, columns: dict[str, np.ndarray]) -> TrialRecords:
    """Return records of trials of these sizes with these columns of patients, and zeros."""
    n, k = int(sizes.sum()), sizes.size
    patients = {name: np.zeros(n) for name in Patients._fields} | columns
    trials = {name: np.zeros(k) for name in Trials._fields}
    trials |= {
        "trial": np.arange(k), "randomised": sizes, "first_row": np.cumsum(sizes) - sizes
    }  # fmt: skip
    sessions = Sessions(*(np.zeros((n, 0)) for _ in Sessions._fields))
    return TrialRecords(Trials(**trials), Patients(**patients), sessions)


def one_trial(arm: np.ndarray, **columns: np.ndarray) -> TrialRecords:
    """Return a trial of patients who neither die nor leave, but for the columns given."""
    never = np.full(len(arm), NEVER)
    no_visit = np.full((len(arm), 0), math.nan)
    patients = {
        "arm": np.asarray(arm, np.int64),
        "death_after_days": never,
        "loss_after_days": never,
        "transplant_after_days": never,
        "visit_after_days": no_visit,
        "visit_meld": no_visit,
    }
    return records_of_columns(np.array([len(arm)]), patients | columns)


def outcome_at(records: TrialRecords, follow_up_days: int, at: Cut, plan: AnalysisPlan) -> Outcome:
    """Return what patients count as at a cut."""
    rows = rows_of(records)
    return outcome(rows, cut_days(rows, follow_up_days, at)[0], follow_up_days, treatment_of(plan))


def time_test(
    test: str,
    time: np.ndarray,
    event: np.ndarray,
    arm: np.ndarray,
    until: int = 1000,
    **options: Any,
) -> Result:
    """Return a test on times of death (event) or of censoring up to a day."""
    died = np.asarray(event, bool)
    records = one_trial(
        arm,
        death_after_days=np.where(died, time, NEVER),
        loss_after_days=np.where(died, NEVER, time),
    )
    plan = plan_of(test, "censored", **options)
    return result(analyse(records, [plan], design(until), END))


def meld_test(
    test: str,
    change: np.ndarray,
    baseline: np.ndarray,
    death: np.ndarray,
    arm: np.ndarray,
    **options: Any,
) -> Result:
    """Return a test on the change of MELD of survivors (death infinite) and times of death."""
    records = one_trial(
        arm,
        death_after_days=death,
        visit_after_days=np.tile([0.0, 84.0], (len(arm), 1)),
        visit_meld=np.column_stack([baseline, baseline + change]),
    )
    return result(analyse(records, [plan_of(test, **options)], design(1000), END))


def proportion_test(test: str, x0: int, n0: int, x1: int, n1: int, **options: Any) -> Result:
    """Return a test of x0 dead among n0 against x1 among n1."""
    arm = np.repeat([0, 1], [n0, n1])
    dead = np.concatenate([np.arange(n0) < x0, np.arange(n1) < x1])
    records = one_trial(arm, death_after_days=np.where(dead, 1.0, NEVER))
    return result(analyse(records, [plan_of(test, **options)], design(84), END))


def cause_test(
    test: str, time: np.ndarray, ended_by: np.ndarray, arm: np.ndarray, until: int = 10_000
) -> Result:
    """Return a test of deaths of a cause (ended_by 1) among others (2) and the censored (0)."""
    records = one_trial(
        arm,
        death_after_days=np.where(ended_by > 0, time, NEVER),
        death_cause=np.asarray(ended_by, np.int64),
        loss_after_days=np.where(ended_by == 0, time, NEVER),
    )
    plan = plan_of(test, "censored", "competing", cause="liver")
    return result(analyse(records, [plan], design(until), END))


def strata_test(test: str, tables: list[tuple[int, int, int, int]]) -> Result:
    """Return a test of (x0, n0, x1, n1) in each of several strata."""
    parts = []
    for label, (x0, n0, x1, n1) in enumerate(tables):
        dead = np.concatenate([np.arange(n0) < x0, np.arange(n1) < x1])
        parts.append((np.repeat([0, 1], [n0, n1]), dead, np.full(n0 + n1, label)))
    arm, dead, label = map(np.concatenate, zip(*parts, strict=True))
    records = one_trial(
        arm, death_after_days=np.where(dead, 1.0, NEVER), stratum=label.astype(np.int64)
    )
    plan = plan_of(test, strata="randomisation")
    return result(analyse(records, [plan], design(84), END))


def adjusted_test(
    test: str, arm: np.ndarray, meld: np.ndarray, dead: np.ndarray, **options: Any
) -> Result:
    """Return a test of death adjusted for MELD at the first visit."""
    records = one_trial(
        arm,
        death_after_days=np.where(dead, 1.0, NEVER),
        visit_after_days=np.zeros((len(arm), 1)),
        visit_meld=np.asarray(meld, float)[:, None],
    )
    return result(analyse(records, [plan_of(test, **options)], design(84), END))


_TIME = {"lost": "censored"}
_CAUSES = {"lost": "censored", "transplant": "competing", "cause": "liver"}
_OWN: dict[str, list[dict[str, Any]]] = {
    "z_pooled_berger_boos": [{"gamma": 0.001}],
    "boschloo_berger_boos": [{"gamma": 0.001}],
    "risk_difference": [
        {"interval": interval}
        for interval in ("newcombe", "miettinen_nurminen", "farrington_manning", "wald")
    ],
    "risk_ratio": [
        {"interval": interval} for interval in ("log", "miettinen_nurminen", "farrington_manning")
    ],
    "odds_ratio": [{"interval": "log"}, {"interval": "miettinen_nurminen"}],
    "cmh": [{"strata": "site"}],
    "stratified_miettinen_nurminen": [{"strata": [20.0, 26.0]}],
    "log_rank": [_TIME],
    "stratified_log_rank": [_TIME | {"strata": "site"}],
    "fleming_harrington": [_TIME | {"rho": 0.0, "gamma": 1.0}],
    "modestly_weighted": [_TIME | {"t_star_days": 30.0}],
    "max_combo": [_TIME | {"weights": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]}],
    "cox": [
        _TIME | {"ties": ties, "statistic": statistic}
        for ties in ("efron", "breslow")
        for statistic in ("score", "wald", "likelihood_ratio")
    ],
    "km_difference": [_TIME],
    "km_milestone": [_TIME | {"day": 84.0}],
    "rmst_difference": [_TIME | {"day": 84.0}],
    "cause_specific": [_CAUSES],
    "cumulative_incidence": [_CAUSES],
    "gray": [_CAUSES],
    "win_ratio": [
        {"margin_points": 1.0},
        {"margin_points": 1.0, "lost": "censored", "censored_pairs": "weighted"},
    ],
    "net_benefit": [{"margin_points": 1.0}],
    "win_odds": [{"margin_points": 1.0}],
    "beta_binomial": [{"prior_control": [1.0, 1.0], "prior_experimental": [1.0, 1.0]}],
}


def every_plan() -> list[AnalysisPlan]:
    """Return every test with every word of its own options, those of others left alone."""
    plans = []
    for test in STATISTICS:
        for options in _OWN.get(test, [{}]):
            words = " ".join(w for w in options.values() if isinstance(w, str))
            plans.append(plan_of(test, name=f"{test} {words}".strip(), **options))
    return plans
