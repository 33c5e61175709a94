"""The analyses the slow way: a trial at a time, a patient at a time, in plain Python and SciPy.

Written from docs/analyses.md and section 10 of docs/model.md, for `test_analysis_chunks`. Follow-up
is 84 days.
"""

import math

import numpy as np
from analysis_records import Result
from scipy import stats

from simulator.analysis import AnalysisPlan, Cut, Reason
from simulator.analysis.exact_tables import p_values
from simulator.records import TrialRecords

NEVER = math.inf
F = 84
PROPORTIONS = ("chi_square", "fisher", "boschloo", "boschloo_minlike")
TIMES = ("log_rank", "km_difference")
MELDS = ("meld_ancova", "meld_worst_rank")


# One patient -------------------------------------------------------------------------------------


def state(
    patient, limit: float, lost: str, transplant: str, follow_up: float | None = None
) -> tuple[str, float]:
    """What a patient counts as and since when: the first thing known to have happened decides."""
    entry, over = patient["entry_day"], F if follow_up is None else follow_up
    if entry > limit:
        return "not entered", math.nan
    happened = sorted(
        (day, order, what)
        for order, (what, day, last) in enumerate(
            (
                ("dead", patient["death_after_days"], over),
                ("transplanted", patient["transplant_after_days"], over),
                ("lost", patient["loss_after_days"], np.nextafter(over, 0)),
            )
        )
        if day <= last and entry + day <= limit
    )
    alive = ("complete", float(over)) if entry + over <= limit else ("followed", limit - entry)
    if not happened:
        return alive
    day, _, what = happened[0]
    if what == "transplanted":
        what = {"event": "dead", "censored": "lost", "competing": "alive"}[transplant]
        if what == "lost" and day == over:
            what = "alive"
    if what == "lost":
        what = {"worst_case": "dead", "best_case": "alive"}.get(lost, "lost")
    return alive if what == "alive" else (what, day)


def slow_cut_day(trial, at: Cut) -> float:
    if at.kind in ("end", "day"):
        return NEVER if at.kind == "end" else at.value
    days = []
    for p in trial:
        death, loss = p["death_after_days"], p["loss_after_days"]
        if at.kind == "completed":
            days.append(p["entry_day"] + min(death, loss, F))
        elif death <= min(loss, F):
            days.append(p["entry_day"] + death)
    return sorted(days)[int(at.value) - 1] if len(days) >= at.value else NEVER


# One test of one trial ---------------------------------------------------------------------------


def none(reason: Reason) -> Result:
    return Result(*[math.nan] * 5, -1, reason)


def normal(difference: float, error: float, better_if_low: bool = True) -> Result:
    return given_p(2 * stats.norm.sf(abs(difference) / error), difference, error, better_if_low)


def given_p(p_value, difference, error, better_if_low=True) -> Result:
    favours = -1 if difference == 0 else int((difference < 0) == better_if_low)
    return Result(p_value, difference, error, math.nan, math.nan, favours, Reason.ANALYSED)


def slow_proportions(test: str, dead: list[int], size: list[int]) -> Result:
    if 0 in size:
        return none(Reason.EMPTY_ARM)
    (x0, x1), (n0, n1) = dead, size
    if test == "chi_square":
        if x0 + x1 in (0, n0 + n1):
            return none(Reason.NO_EVENT)
        counts = [[x0, x1], [n0 - x0, n1 - x1]]
        p_value = stats.chi2_contingency(counts, correction=False).pvalue
    elif test == "fisher":
        p_value = stats.fisher_exact([[x0, x1], [n0 - x0, n1 - x1]]).pvalue
    else:  # its table has oracles of its own
        p_value = p_values(test, n0, n1)[x0, x1]
    s0, s1 = x0 / n0, x1 / n1
    return given_p(p_value, s1 - s0, math.sqrt(s0 * (1 - s0) / n0 + s1 * (1 - s1) / n1))


def slow_log_rank(time: np.ndarray, event: np.ndarray, second: np.ndarray) -> Result:
    excess, variance = 0.0, 0.0
    for day in np.unique(time[event]):
        risk, now = time >= day, event & (time == day)
        r, r1, d, d1 = risk.sum(), (risk & second).sum(), now.sum(), (now & second).sum()
        excess += d1 - d * r1 / r
        if r > 1:
            variance += d * (r1 / r) * (1 - r1 / r) * (r - d) / (r - 1)
    if variance == 0:
        return none(Reason.NOT_ESTIMABLE if event.any() else Reason.NO_EVENT)
    return normal(excess / variance, variance**-0.5)


def slow_curve(time: np.ndarray, event: np.ndarray) -> tuple[float, float, bool]:
    survival, terms = 1.0, 0.0
    for day in np.unique(time[event]):
        r, d = (time >= day).sum(), (event & (time == day)).sum()
        survival *= 1 - d / r
        terms += d / (r * (r - d)) if r > d else 0.0
    return survival, survival**2 * terms, survival == 0 or time.max() == F


def slow_kaplan_meier(time: np.ndarray, event: np.ndarray, second: np.ndarray) -> Result:
    s0, v0, known_0 = slow_curve(time[~second], event[~second])
    s1, v1, known_1 = slow_curve(time[second], event[second])
    if v0 + v1 == 0:
        return none(Reason.NO_EVENT if s0 == s1 else Reason.NOT_ESTIMABLE)
    if not (known_0 and known_1):
        return none(Reason.NOT_FOLLOWED)
    return normal(s0 - s1, math.sqrt(v0 + v1))


def slow_ancova(change: np.ndarray, baseline: np.ndarray, second: np.ndarray) -> Result:
    n = change.size
    if n < 4 or second.all() or not second.any():
        return none(Reason.TOO_FEW_SEEN)
    x = np.column_stack([np.ones(n), baseline, second])
    scale = np.abs(baseline).max() + np.abs(change).max()
    if np.linalg.svd(x, compute_uv=False).min() < 1e-9 * scale:
        return none(Reason.NOT_ESTIMABLE)
    coefficients = np.linalg.lstsq(x, change, rcond=None)[0]
    residual = change - x @ coefficients
    if np.abs(residual).max() < 1e-9 * scale:
        return none(Reason.NOT_ESTIMABLE)
    variance = residual @ residual / (n - 3) * np.linalg.inv(x.T @ x)[2, 2]
    difference, error = coefficients[2], math.sqrt(variance)
    return given_p(2 * stats.t.sf(abs(difference) / error, n - 3), difference, error)


def slow_worst_rank(badness: list[tuple[int, float]], second: np.ndarray) -> Result:
    n0, n1 = int((~second).sum()), int(second.sum())
    if n0 == 0 or n1 == 0:
        return none(Reason.EMPTY_ARM)
    place = {value: k for k, value in enumerate(sorted(set(badness)))}
    if len(place) == 1:
        return none(Reason.NOT_ESTIMABLE)
    rank = np.array([place[value] for value in badness])
    test = stats.mannwhitneyu(rank[second], rank[~second], False, method="asymptotic")
    ties = sum(t**3 - t for t in np.bincount(rank))
    n = n0 + n1
    error = 2 / (n0 * n1) * math.sqrt(n0 * n1 / 12 * (n + 1 - ties / (n * (n - 1))))
    return given_p(test.pvalue, 1 - 2 * test.statistic / (n0 * n1), error, better_if_low=False)


def slow_result(trial, plan: AnalysisPlan, limit: float, follow_up: float | None = None) -> Result:
    """The result of what is known by a day; `follow_up` is that of tests on time."""
    follow_up = follow_up if plan.test in TIMES else None
    states = [state(p, limit, plan.lost, plan.transplant, follow_up) for p in trial]
    if plan.test in TIMES:
        used = [
            (p["arm"], day, what)
            for p, (what, day) in zip(trial, states, strict=True)
            if what != "not entered" and (what != "lost" or plan.lost != "excluded")
        ]
        second = np.array([arm == 1 for arm, _, _ in used], bool)
        if second.all() or not second.any():
            return none(Reason.EMPTY_ARM)
        time = np.array([day for _, day, _ in used])
        event = np.array([what == "dead" for _, _, what in used])
        compare = slow_log_rank if plan.test == "log_rank" else slow_kaplan_meier
        return compare(time, event, second)
    due = [
        (p, what, day)
        for p, (what, day) in zip(trial, states, strict=True)
        if p["entry_day"] + F <= limit
    ]
    if plan.test in PROPORTIONS:
        dead = [sum(what == "dead" and p["arm"] == arm for p, what, _ in due) for arm in (0, 1)]
        alive = [
            sum(what == "complete" and p["arm"] == arm for p, what, _ in due) for arm in (0, 1)
        ]
        return slow_proportions(plan.test, dead, [x + y for x, y in zip(dead, alive, strict=True)])
    return slow_meld(due, plan.test, limit)


def slow_meld(due, test: str, limit: float) -> Result:
    rows = []  # arm, baseline, change, badness
    for p, what, day in due:
        meld = [
            value if p["entry_day"] + when <= limit else math.nan
            for value, when in zip(p["visit_meld"], p["visit_after_days"], strict=True)
        ] or [math.nan]
        if what == "dead":
            rows.append((p["arm"], math.nan, math.nan, (1, -day)))
        elif what == "complete" and not math.isnan(meld[-1] - meld[0]):
            change = meld[-1] - meld[0]
            rows.append((p["arm"], meld[0], change, (0, change)))
    if test == "meld_worst_rank":
        return slow_worst_rank([r[3] for r in rows], np.array([r[0] == 1 for r in rows], bool))
    arm, baseline, change = np.array([r[:3] for r in rows if not math.isnan(r[2])]).reshape(-1, 3).T
    return slow_ancova(change, baseline, arm == 1)


# Records ------------------------------------------------------------------------------------------


def trials_in(records: TrialRecords) -> list[list[dict]]:
    patients = records.patients._asdict()
    rows = [{k: v[i] for k, v in patients.items()} for i in range(records.patients.arm.size)]
    ends = np.cumsum(records.trials.randomised)
    return [
        rows[end - size : end] for end, size in zip(ends, records.trials.randomised, strict=True)
    ]
