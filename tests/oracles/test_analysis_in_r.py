"""Every analysis against R (survival, cmprsk, coin), from the same simulated patients.

Here patients are counted one by one, by the rules of docs/analyses/README.md and with no code of
the simulator; `analysis_in_r.R` then tests them, with R's own functions where there are any.
"""

import csv
import math
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from analysis_records import plan_of
from scenario_builder import assert_share, base_case, run

from simulator.analysis import END, AnalysisPlan, Cut, analyse, design_of
from simulator.params.lower import lower
from simulator.records import SessionStatus, TrialRecords

NEVER = math.inf
DRAWS = 1999
ALPHA = 0.1  # not the usual one, so that an interval that overlooks it is found out
PACKAGES = ("survival", "cmprsk", "coin")
INSTALL = "apt-get install r-base-core r-cran-survival r-cran-cmprsk r-cran-coin"
SCRIPT = Path(__file__).with_name("analysis_in_r.R")

CHANGES = {
    "exits.tumour_death": {"net_probability": 0.15, "by_day": 84.0},
    "exits.transplant": {"net_probability": 0.12, "by_day": 84.0},
    "exits.withdrawal": {"net_probability": 0.15, "by_day": 84.0},
    "exits.loss": {"net_probability": 0.15, "by_day": 84.0},
    "arms.0.plan.rescue": {"max_sessions": 2, "bilirubin_above_umol_per_l": 400.0},
}
TINY = {"trial.target_randomised": 10, "allocation.scheme": "random_allocation"} | {
    "allocation.options": {}
}


class Case(NamedTuple):
    """Some simulated trials, when they are cut, and which plans they are analysed by."""

    records: TrialRecords
    design: object
    at: Cut
    plans: list[AnalysisPlan]


# ---- what is asked ------------------------------------------------------------------------------

FOLLOWED = {"lost": "censored"}
CAUSES = {"lost": "censored", "transplant": "competing"}
STRATA = ("randomisation", "site", [25.0, 30.0])


def _main() -> list[tuple[str, dict]]:
    tests: list[tuple[str, dict]] = [(test, {}) for test in (
        "chi_square", "yates", "fisher", "mid_p", "firth_logistic",
        "standardised_risk_difference", "meld_welch", "meld_ancova", "meld_worst_rank",
    )]  # fmt: skip
    for test in ("risk_difference", "risk_ratio", "odds_ratio"):
        other = "newcombe" if test == "risk_difference" else "log"
        tests += [(test, {"interval": other}), (test, {"interval": "miettinen_nurminen"})]
    for strata in STRATA:
        tests += [
            ("cmh", {"strata": strata}),
            ("stratified_miettinen_nurminen", {"strata": strata}),
        ]
        tests += [("stratified_log_rank", FOLLOWED | {"strata": strata})]
    tests += [
        ("beta_binomial", {"prior_control": [1.0, 1.0], "prior_experimental": [1.0, 1.0]}),
        ("beta_binomial", {"prior_control": [9.0, 11.0], "prior_experimental": [0.5, 0.5]}),
    ]
    tests += [("log_rank", FOLLOWED), ("km_difference", FOLLOWED)]
    for rho, gamma in ((1.0, 0.0), (0.0, 1.0), (0.5, 2.0)):
        tests += [("fleming_harrington", FOLLOWED | {"rho": rho, "gamma": gamma})]
    tests += [("modestly_weighted", FOLLOWED | {"t_star_days": day}) for day in (28.0, 5.0)]
    tests += [("max_combo", FOLLOWED | {"weights": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]})]
    for ties in ("efron", "breslow"):
        for statistic in ("score", "wald", "likelihood_ratio"):
            tests += [("cox", FOLLOWED | {"ties": ties, "statistic": statistic})]
    for day in (84.0, 28.0):
        tests += [(test, FOLLOWED | {"day": day}) for test in ("km_milestone", "rmst_difference")]
    for cause in ("liver", "tumour"):
        for test in ("cause_specific", "cumulative_incidence", "gray"):
            tests += [(test, CAUSES | {"cause": cause})]
    tests += [("gray", CAUSES | {"cause": "liver", "transplant": "censored"})]
    for margin in (0.0, 2.0):
        options = {"margin_points": margin}
        tests += [(test, options) for test in ("win_ratio", "net_benefit", "win_odds")]
    return tests


def _counted_otherwise() -> list[tuple[str, dict]]:
    """Tests that need little, of patients counted in every way."""
    ways = [
        {"transplant": "censored"},
        {"transplant": "competing"},
        {"population": "treated"},
        *({"rescue": word} for word in ("event", "censored")),
        *({"withdrawal": word} for word in ("event", "censored")),
        {"rescue": "event", "withdrawal": "censored", "transplant": "censored"},
        {"rescue": "censored", "withdrawal": "event", "transplant": "competing"},
    ]
    tests = []
    for way in ways:
        tests += [("log_rank", way | {"lost": lost}) for lost in ("censored", "excluded")]
        tests += [("km_difference", way | FOLLOWED), ("chi_square", way), ("meld_worst_rank", way)]
        tests += [("meld_ancova", way), ("net_benefit", way | {"margin_points": 1.0})]
        if way.get("transplant") and "event" not in way.values():  # which has no cause
            tests += [("gray", way | FOLLOWED | {"cause": "liver"})]
        for lost in ("worst_case", "best_case"):
            tests += [(test, way | {"lost": lost}) for test in ("chi_square", "log_rank")]
    return tests


def _exact() -> list[tuple[str, dict]]:
    tests: list[tuple[str, dict]] = [
        (test, {}) for test in ("boschloo", "boschloo_minlike", "z_pooled")
    ]
    for test in ("boschloo_berger_boos", "z_pooled_berger_boos"):
        tests += [(test, {"gamma": 0.001})]
    for of, lost in (("fisher", "worst_case"), ("log_rank", "censored")):
        tests += [(of, {"lost": lost, "name": of})]
        tests += [("permutation", {"of": of, "draws": DRAWS, "lost": lost})]
    return tests


def _plans(tests: list[tuple[str, dict]]) -> list[AnalysisPlan]:
    """Return plans with names of their own."""
    return [
        plan_of(test, alpha=ALPHA, **({"name": f"{number} {test}"} | options))
        for number, (test, options) in enumerate(tests)
    ]


def _rounded(records: TrialRecords, seed: int) -> TrialRecords:
    """Return patients whose times are whole days and whose MELD is in whole points.

    Strata and sites are anybody's, and some visits were missed.
    """
    rng = np.random.default_rng(seed)
    p = records.patients
    exits = ("death", "loss", "transplant", "withdrawal")
    names = [f"{exit}_after_days" for exit in exits]
    changed = {name: np.ceil(getattr(p, name)) for name in names}
    meld = np.round(p.visit_meld)
    meld[rng.random(p.arm.size) < 0.06, 0] = np.nan
    strata = {name: rng.integers(0, 4, p.arm.size) for name in ("stratum", "site")}
    return records._replace(patients=p._replace(**changed, **strata, visit_meld=meld))


def _all_seen(records: TrialRecords, seed: int) -> TrialRecords:
    """Return patients of whom none leaves and all survivors have a last visit."""
    rng = np.random.default_rng(seed)
    p = records.patients
    never = np.full(p.arm.size, NEVER)
    meld = rng.integers(15, 35, p.visit_meld.shape).astype(float)
    changed = {f"{exit}_after_days": never for exit in ("loss", "transplant", "withdrawal")}
    patients = p._replace(**changed, visit_meld=meld, visit_after_days=np.zeros(meld.shape))
    return records._replace(patients=patients)


def _cases() -> dict[str, Case]:
    whole = base_case("nct05484908", CHANGES)
    small = base_case("nct05484908", CHANGES | TINY)
    simulated, tied = run(whole, 20, 8), _rounded(run(whole, 21, 5), 1)
    tiny = _rounded(run(small, 22, 16), 2)
    of_all, of_ten = design_of(lower(whole), 20), design_of(lower(small), 22)
    main, otherwise = _main(), _counted_otherwise()
    early = [(t, o) for t, o in main if not t.startswith(("risk", "odds", "beta"))]
    rank = [("meld_worst_rank", {"name": "rank"}), ("permutation", {"of": "rank", "draws": DRAWS})]
    return {
        "simulated": Case(simulated, of_all, END, _plans(main + otherwise)),
        "tied": Case(tied, of_all, END, _plans(main + otherwise)),
        "tiny": Case(tiny, of_ten, END, _plans(main + _exact())),
        "early": Case(simulated, of_all, Cut("deaths", 15.0), _plans(early)),
        "all seen": Case(_all_seen(tiny, 3), of_ten, END, _plans(rank)),
    }


# ---- patients counted by the documented rules, one at a time ------------------------------------


class Counted(NamedTuple):
    """What one patient counts as, for tests of every kind."""

    arm: int
    counted: int  # in proportions and MELD
    dead: int
    dead_at: float
    timed: int  # in tests on time
    time: float
    event: int
    cause_time: float
    cause: int  # 0 none, 1 liver, 2 tumour, 3 transplant, 4 an event declared to be a death
    baseline: float
    change: float
    stratum: int
    site: int


def _rescue_after(records: TrialRecords, row: int, modality: int) -> float:
    """When a session beyond the plan, or of another modality, began first."""
    s, p = records.sessions, records.patients
    begun = [
        s.start_day[row, k] - p.entry_day[row]
        for k in range(s.status.shape[1])
        if math.isfinite(s.start_day[row, k])
        and (k >= p.sessions_planned[row] or s.modality[row, k] != modality)
    ]
    return min(begun, default=NEVER)


def _first_event(records: TrialRecords, row: int, plan: AnalysisPlan, case: Case, cut: float):
    """Time, what it counts as (dead, competing, lost or none) and cause of what came first."""
    p, follow_up = records.patients, case.design.follow_up_days
    modality = case.design.arm_modality[p.arm[row]]
    found = [(p.death_after_days[row], 0, "dead", int(p.death_cause[row]))]
    for time, word in (
        (p.transplant_after_days[row], plan.transplant),
        (_rescue_after(records, row, modality), plan.rescue),
        (p.withdrawal_after_days[row], plan.withdrawal),
        (p.loss_after_days[row], "censored"),
    ):
        if word == "event":
            found += [(time, 1, "dead", 4)]
        elif word == "competing":
            found += [(time, 2, "competing", 3)]
        elif word == "censored":
            found += [(time, 3, "lost", 0)]
    known = [
        event
        for event in found
        if (event[0] < follow_up if event[2] == "lost" else event[0] <= follow_up)
        and p.entry_day[row] + event[0] <= cut
    ]
    return min(known, default=(NEVER, 4, "none", 0))


def _treated(records: TrialRecords, row: int) -> bool:
    done = (SessionStatus.DELIVERED, SessionStatus.CUT_SHORT)
    return any(status in done for status in records.sessions.status[row])


def _counted(records: TrialRecords, row: int, plan: AnalysisPlan, case: Case, cut: float):
    p, follow_up = records.patients, case.design.follow_up_days
    entry = p.entry_day[row]
    entered = entry <= cut and (plan.population == "randomised" or _treated(records, row))
    due = entered and entry + follow_up <= cut
    end = float(follow_up) if entry + follow_up <= cut else cut - entry
    time, _, ended, cause = _first_event(records, row, plan, case, cut)
    timed, counted = entered, due
    event, dead, dead_at, cause_time, seen = 0, 0, NEVER, end, True
    at = end
    if ended == "lost" and plan.lost in ("worst_case", "best_case"):
        ended, cause = ("dead", 4) if plan.lost == "worst_case" else ("none", 0)
    if ended == "dead":
        event, dead, dead_at, at, cause_time = 1, 1, time, time, time
    elif ended == "lost":
        counted, at, cause_time = False, time, time
        timed = timed and plan.lost == "censored"
    elif ended == "competing":
        seen, cause_time = False, time
    visits = p.visit_after_days[row], p.visit_meld[row]
    first, last = (
        meld[k] if entry + day[k] <= cut else math.nan
        for k, (day, meld) in ((0, visits), (-1, visits))
    )
    return Counted(
        int(p.arm[row]), int(counted), dead, dead_at, int(timed), at, event, cause_time, cause,
        first, last - first if seen and not dead else math.nan,
        int(p.stratum[row]), int(p.site[row]),
    )  # fmt: skip


def _cut_day(records: TrialRecords, rows: range, case: Case) -> float:
    """Trial day of the k-th death that was known."""
    if case.at == END:
        return NEVER
    p, follow_up = records.patients, case.design.follow_up_days
    days = sorted(
        p.entry_day[row] + p.death_after_days[row]
        for row in rows
        if p.death_after_days[row] <= min(follow_up, p.loss_after_days[row])
    )
    return days[int(case.at.value) - 1]


# ---- R ------------------------------------------------------------------------------------------


def _way(case: str, plan: AnalysisPlan) -> str:
    return " ".join((case, *plan[3:8]))


def _number(value: float) -> str:
    """Whole or hexadecimal, which R reads without rounding."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NA"
    return float(value).hex() if math.isfinite(value) else "Inf"


def _word(value: object) -> str:
    if isinstance(value, list):
        return ";".join(_word(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _options(plan: AnalysisPlan, case: Case) -> str:
    own = dict(plan.options)
    if own.get("of") == "rank":
        own["of"] = "meld_worst_rank"
    code = {"code": {"liver": 1, "tumour": 2}[own["cause"]]} if "cause" in own else {}
    own |= {"alpha": plan.alpha, "follow_up": case.design.follow_up_days} | code
    return "|".join(f"{key}={_word(value)}" for key, value in own.items())


def _write(folder: Path, cases: dict[str, Case]) -> None:
    ways: dict[str, int] = {}
    plans, patients = [], []
    for name, case in cases.items():
        records = case.records
        for number, plan in enumerate(case.plans):
            way = _way(name, plan)
            if way not in ways:
                ways[way] = len(ways) + 1
                first = records.trials.first_row
                for trial, size in enumerate(records.trials.randomised):
                    rows = range(first[trial], first[trial] + size)
                    cut = _cut_day(records, rows, case)
                    for row in rows:
                        counted = _counted(records, row, plan, case, cut)
                        patients.append([str(ways[way]), str(trial), *map(_number, counted)])
            key = f"{name}/{number}"
            plans.append([key, str(ways[way]), plan.test, _options(plan, case)])
    for file, head, rows in (
        ("patients", ["counting", "trial", *Counted._fields], patients),
        ("plans", ["plan", "counting", "test", "options"], plans),
    ):
        with (folder / f"{file}.csv").open("w", newline="") as out:
            csv.writer(out).writerows([head, *rows])


def _need_r() -> str:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip(f"Rscript is not installed: {INSTALL}")
    wanted = ", ".join(f"'{package}'" for package in PACKAGES)
    ask = f"cat(Filter(function(p) !requireNamespace(p, quietly = TRUE), c({wanted})))"
    missing = subprocess.run(
        [rscript, "-e", ask], capture_output=True, text=True, check=True
    ).stdout
    if missing.strip():
        pytest.skip(f"R lacks {missing.strip()}: {INSTALL}")
    return rscript


class Pair(NamedTuple):
    """One number of one analysis of one trial: the simulator's and R's."""

    case: str
    trial: int
    plan: AnalysisPlan
    quantity: str
    ours: float
    theirs: float


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> list[Pair]:
    rscript = _need_r()
    folder = tmp_path_factory.mktemp("r")
    cases = _cases()
    _write(folder, cases)
    command = [rscript, "--vanilla", str(SCRIPT), str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    tables = {name: analyse(c.records, c.plans, c.design, c.at) for name, c in cases.items()}
    found = []
    with (folder / "results.csv").open() as file:
        for row in csv.DictReader(file):
            name, number = row["plan"].split("/")
            trial, plan = int(row["trial"]), cases[name].plans[int(number)]
            values = [column[trial, int(number)].item() for column in tables[name]]
            ours = dict(zip(QUANTITIES, values, strict=True))
            for quantity in ours:
                if row.get(quantity):
                    theirs = float(row[quantity])
                    found.append(Pair(name, trial, plan, quantity, ours[quantity], theirs))
                elif quantity == "favours" and row["est"] not in ("", "nan"):
                    estimate = float(row["est"]) * (1 if plan.test in MORE_IS_BETTER else -1)
                    if abs(estimate) > 1e-12:  # else rounding would decide
                        favours = int(estimate > 0)
                        found.append(Pair(name, trial, plan, quantity, ours[quantity], favours))
    return found


QUANTITIES = ("p", "est", "se", "low", "high", "favours", "reason")
MORE_IS_BETTER = ("rmst_difference", "meld_worst_rank", "win_ratio", "net_benefit", "win_odds")
TESTED = sorted({test for test, _ in _main() + _counted_otherwise() + _exact()} - {"permutation"})

# Relative difference allowed where rounding alone is not what differs, and why.
EXACT = 1e-10
ALLOWED = {
    "cox": 1e-8,  # coxph stops at a relative change of the likelihood of 1e-13, its root in beta
    "firth_logistic": 2e-8,  # as FOUND_TO
    "standardised_risk_difference": 1e-8,  # predictions by Firth's coefficients, good to 1e-10
    "beta_binomial": 1e-9,  # integrate() is asked for 1e-12 a piece; p is what is left of 1
}
# Profile limits are found to 1e-8 in the root of the likelihood; one near 0 has fewer digits.
FOUND_TO = {"firth_logistic": 2e-8}


def _same(pair: Pair) -> bool:
    """Whether both are missing, infinite, or nearly equal."""
    if pair.plan.test == "max_combo" and pair.quantity == "p":  # errors that the page states
        return abs(pair.ours - pair.theirs) <= (1.2e-5 if pair.theirs < 0.1 else 7e-5)
    # An estimate near 0 has lost digits of what it is the difference of, a p value has not.
    least = 0.0 if pair.quantity == "p" else FOUND_TO.get(pair.plan.test, 1e-13)
    near = {"rel": ALLOWED.get(pair.plan.test, EXACT), "abs": least, "nan_ok": True}
    return pair.ours == pytest.approx(pair.theirs, **near)


def _compare(pairs: list[Pair], least: int) -> None:
    different = [pair for pair in pairs if not _same(pair)]
    assert not different, f"{len(different)} of {len(pairs)}: {different[:5]}"
    assert len(pairs) >= least


def _settled(pairs: list[Pair], *quantities: str) -> list[Pair]:
    """Return what no test below has to itself."""
    return [
        pair for pair in pairs if pair.quantity in quantities and pair.plan.test != "permutation"
    ]


@pytest.mark.parametrize("test", TESTED)
def test_p_value_estimate_error_and_interval_are_those_of_r(pairs, test):
    numbers = _settled(pairs, "p", "est", "se", "low", "high")
    _compare([pair for pair in numbers if pair.plan.test == test], 60)


def test_a_trial_without_a_result_has_the_reason_that_r_finds(pairs):
    reasons = _settled(pairs, "reason")
    _compare(reasons, 40)
    assert {pair.theirs for pair in reasons} >= {3, 4, 5}


def test_the_arm_favoured_is_the_one_that_r_finds_better(pairs):
    _compare(_settled(pairs, "favours"), 1000)


def test_permutation_p_values_estimate_the_exact_ones_over_all_splits(pairs):
    own = [p for p in pairs if p.plan.test == "permutation" and p.quantity == "p"]
    assert len(own) >= 40
    for pair in own:
        if math.isnan(pair.theirs):
            assert math.isnan(pair.ours)
            continue
        extreme = round(pair.ours * (DRAWS + 1)) - 1
        assert_share(extreme, DRAWS, min(pair.theirs, 1.0))
