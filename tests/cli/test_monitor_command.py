"""A running trial at a cut of its data, as its team asks for it."""

import json
import math
from pathlib import Path

import pytest
from rich.cells import cell_len
from scipy import stats

import simulator
from simulator.analysis.exact_power import ExactQuestion
from simulator.montecarlo.exact_stages import attained, exact_levels
from simulator.planning.interim.file import EXAMPLE

LOOKED = """\
extends: nct05484908
name: looked
title: NCT05484908 with one look at half of the patients
monitoring:
  looks: [{at: {completed: 30}}]
"""
TIMED = """\
extends: two-arm-survival
name: timed
title: a survival trial with looks
monitoring: {max_information: 40, looks: [{at: {deaths: 20}}]}
"""
ARMS = """\
arms:
  PE: {randomised: 19, followed_up: 16, deaths: 8}
  DPMAS+LPE: {randomised: 19, followed_up: 15, deaths: 4}
"""
SITE = "recruitment: {sites: [{name: Guangzhou, opened: 2022-08-12, randomised: 38}]}\n"


@pytest.fixture
def told(folder, answer_of):
    """Answer for a scenario and what was observed, a cut apart."""

    def told(scenario: str, observed: str) -> dict:
        (folder / "scenario.yaml").write_text(scenario)
        (folder / "observed.yaml").write_text(f"cut: 2024-03-31\n{observed}")
        return answer_of("monitor scenario.yaml --observed observed.yaml --out run --force")

    return told


def test_the_example_is_a_file_that_the_command_takes(folder, run):
    status, out, _ = run("monitor --example")
    assert (status, out) == (0, EXAMPLE.read_text(encoding="utf-8"))
    (folder / "observed.yaml").write_text(out)
    status, out, err = run("monitor nct05484908 --observed observed.yaml --out run")
    assert status == 0, err
    assert "No look is planned here" in out
    assert (folder / "run" / "summary.txt").exists()
    again = run("show run")
    assert again.status == 0
    assert "No look is planned here" in again.out
    assert "answered before" in run("monitor nct05484908 --observed observed.yaml --out run").err


EXACT = f"{LOOKED}  efficacy: {{spending: lan_demets_obrien_fleming, exact: true}}\n"


def test_the_level_of_the_looks_is_that_of_the_sizes_observed(told):
    """This look's as they are, the end's as planned."""
    found = told(EXACT, ARMS)["attained"]
    assert (found["first_arm"], found["second_arm"]) == ([16, 30], [15, 30])
    levels = [(p, p) for p in found["exact_p"]]
    stages = [ExactQuestion("fisher", *arms, 0.05) for arms in ((16, 15), (30, 30))]
    assert found["exact_level"] == pytest.approx(attained(stages, levels).probability, rel=1e-12)
    assert found["exact_p"] == pytest.approx((0.00632184, 0.06920581), rel=1e-6)


def test_own_sizes_have_the_level_enumerated_at_what_is_observed(told):
    """At 16 v 15 now and, for what is to come, the end as planned after that."""
    found = told(EXACT.replace("exact: true", "exact: true, exact_sizes: actual"), ARMS)
    spent = 0.0030506455, 0.05
    stages = tuple(ExactQuestion("fisher", *arms, 0.05) for arms in ((16, 15), (30, 30)))
    now, end = exact_levels(stages, spent)
    (look,) = found["looks"]
    assert look["nominal_p"] == pytest.approx(now, rel=2e-6)
    assert look["efficacy_z"] == pytest.approx(stats.norm.isf(now / 2), rel=1e-5)
    assert found["prospects"]["final_p"] == pytest.approx(end, rel=2e-6)
    assert now != pytest.approx(0.00632184, rel=1e-3)  # that of 15 v 15


def test_own_sizes_of_a_final_analysis_follow_those_before(told):
    arms = ARMS.replace("16, deaths: 8", "29, deaths: 8").replace("15, deaths: 4", "27, deaths: 4")
    arms = arms.replace("randomised: 19", "randomised: 30")
    earlier = "earlier_looks: [{cut: 2023-05-31, information: 28, z: 0.4}]\nfinal: true\n"
    scenario = EXACT.replace("exact: true", "exact: true, exact_sizes: actual")
    found = told(scenario, f"{arms}{earlier}")
    stages = tuple(ExactQuestion("fisher", *arms, 0.05) for arms in ((14, 14), (29, 27)))
    levels = exact_levels(stages, (0.0030506455, 0.05))
    assert [look["nominal_p"] for look in found["looks"]] == pytest.approx(levels, rel=2e-6)


def test_the_level_stands_on_the_full_page(folder, run):
    (folder / "scenario.yaml").write_text(EXACT)
    (folder / "observed.yaml").write_text(f"cut: 2024-03-31\n{ARMS}")
    text = run("monitor scenario.yaml --observed observed.yaml --out run --full").out
    words = " ".join(text.split())
    assert "at the sizes so far, then those planned (16 v 15, 30 v 30 patients)" in words
    assert "is made: looks reject by exact levels" in words


def test_exact_levels_have_a_p_value_and_no_interval_that_allows_for_looks(told):
    """As `power` has it: no boundary of Z orders the outcomes."""
    found = told(EXACT, ARMS)
    assert found["no_estimates"] == ["exact"]
    assert 0.05 < found["stopped"]["p_value"] < 1.0
    assert found["stopped"]["estimate"] is None
    assert found["repeated"] is None


def test_the_level_of_a_final_analysis_has_earlier_looks_shared_out(told):
    arms = ARMS.replace("16, deaths: 8", "29, deaths: 8").replace("15, deaths: 4", "27, deaths: 4")
    arms = arms.replace("randomised: 19", "randomised: 30")
    earlier = "earlier_looks: [{cut: 2023-05-31, information: 28, z: 0.4}]\nfinal: true\n"
    found = told(EXACT, f"{arms}{earlier}")["attained"]
    assert (found["first_arm"], found["second_arm"]) == ([14, 29], [14, 27])


@pytest.mark.parametrize(
    "observed",
    [
        "pooled: {randomised: 38, followed_up: 31, deaths: 12}\n",
        "arms:\n  PE: {randomised: 19}\n  DPMAS+LPE: {randomised: 19}\nresult: {z: 1.3}\n",
    ],
)
def test_without_patients_by_arm_no_level_is_enumerated(told, observed):
    assert told(EXACT, observed)["attained"] is None


def test_the_statistic_of_counts_is_that_of_the_test(told):
    found = told(LOOKED, ARMS)
    p = stats.fisher_exact([[8, 8], [4, 11]]).pvalue
    assert found["z"] == pytest.approx(stats.norm.isf(p / 2), abs=1e-9)
    assert found["information"] == {
        "unit": "completed",
        "now": 31.0,
        "planned": 60.0,
        "fraction": 31 / 60,
    }
    error = math.sqrt(0.25 / 16 + (4 / 15) * (11 / 15) / 15)
    assert found["effect"]["estimate"] == pytest.approx(4 / 15 - 0.5)
    assert found["effect"]["standard_error"] == pytest.approx(error)


def test_the_boundary_is_that_of_the_actual_information(told):
    # Spending of the actual fraction: at the first look its own nominal level.
    (look,) = told(LOOKED, ARMS)["looks"]
    spent = 2 * stats.norm.sf(stats.norm.isf(0.0125) / math.sqrt(31 / 60))
    assert look["efficacy_z"] == pytest.approx(stats.norm.isf(spent), abs=1e-7)
    assert (look["lower_z"], look["verdict"]) == (-look["efficacy_z"], "go_on")
    assert look["alpha_spent"] == pytest.approx(2 * spent)


def test_conditional_and_predictive_power_are_the_closed_forms_of_one_look_to_come(told):
    found = told(LOOKED, ARMS)
    prospects, z, t = found["prospects"], found["z"], 31 / 60
    c = stats.norm.isf(prospects["final_p"] / 2)

    def conditional(drift: float) -> float:
        return stats.norm.sf((c - z * math.sqrt(t) - drift * (1 - t)) / math.sqrt(1 - t))

    assert prospects["none"] == pytest.approx(conditional(0.0), abs=1e-7)
    assert prospects["estimate"] == pytest.approx(conditional(z / math.sqrt(t)), abs=1e-7)
    predictive = stats.norm.cdf((z - c * math.sqrt(t)) / math.sqrt(1 - t))
    assert prospects["predictive"] == pytest.approx(predictive, abs=1e-7)
    # The planned looks have 80 % power at the drift that the design's effect has.
    drift = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    assert prospects["design"] == pytest.approx(conditional(drift), abs=0.005)


def test_predictive_probability_is_that_of_every_table_to_come(told):
    prospects = told(LOOKED, ARMS)["prospects"]
    assert prospects["to_come"] == [14, 15]
    first, second = (stats.betabinom(m, 1 + x, 1 + n - x) for x, n, m in ((8, 16, 14), (4, 15, 15)))
    total = 0.0
    for k in range(15):
        for j in range(16):
            x, y = 8 + k, 4 + j
            p = stats.fisher_exact([[x, 30 - x], [y, 30 - y]]).pvalue
            if p <= prospects["final_p"] and y < x:
                total += first.pmf(k) * second.pmf(j)
    assert prospects["enumerated"] == pytest.approx(total, abs=1e-9)


def test_futility_by_predictive_probability_is_judged_by_the_counts(told):
    probability = told(LOOKED, ARMS)["prospects"]["enumerated"]
    for least, verdict in ((probability + 0.02, "futility"), (probability - 0.02, "go_on")):
        rule = f"  futility: {{rule: predictive_probability({least:.4f})}}\n"
        found = told(LOOKED + rule, ARMS)
        assert found["verdict"] == found["looks"][-1]["verdict"] == verdict


def test_futility_by_predictive_probability_needs_the_counts_of_each_arm(folder, refused):
    rule = "  futility: {rule: predictive_probability(0.05)}\n"
    (folder / "scenario.yaml").write_text(LOOKED + rule)
    counts = "pooled: {randomised: 38, followed_up: 31, deaths: 12}\nresult: {z: 1.0}\n"
    (folder / "observed.yaml").write_text(f"cut: 2024-03-31\n{counts}")
    said = refused("monitor scenario.yaml --observed observed.yaml --out run")
    assert "futility is judged by predictive_probability(0.05)" in said
    assert "give deaths and followed_up of both arms" in said


def test_exact_levels_are_those_of_the_interim_too(told):
    exact = "  efficacy: {spending: lan_demets_obrien_fleming, exact: true}\n"
    found = told(LOOKED + exact, ARMS)
    (look,) = found["looks"]
    # Fisher's p values at 15 v 15: 2 * 0.003161 is spent within .00305, the next one is not.
    assert look["nominal_p"] == pytest.approx(0.0063218390804597405, rel=1e-5)
    assert found["prospects"]["final_p"] == pytest.approx(0.06920580631231696, rel=1e-5)


def test_without_looks_the_final_test_alone_is_to_come(told):
    found = told("extends: nct05484908\nname: plain\ntitle: plain\n", ARMS)
    (look,) = found["looks"]
    assert look["efficacy_z"] is None
    assert look["alpha_spent"] == 0.0
    assert found["prospects"]["final_p"] == pytest.approx(0.05)
    assert "no_looks_planned" in found["assumptions"]


def test_a_hazard_ratio_is_taken_with_the_error_of_its_logarithm(told):
    counts = "pooled: {randomised: 50, deaths: 20}\n"
    found = told(TIMED, f"{counts}result: {{ratio: 0.6, standard_error: 0.45}}\n")
    assert found["z"] == pytest.approx(-math.log(0.6) / 0.45)
    c = found["looks"][0]["efficacy_z"]
    limits = [0.6 * math.exp(sign * c * 0.45) for sign in (-1, 1)]
    repeated = found["repeated"]
    assert [repeated["effect_low"], repeated["effect_high"]] == pytest.approx(limits)
    assert "approximate_standard_error" not in found["assumptions"]
    by_z = told(TIMED, f"{counts}result: {{z: 1.1}}\n")
    assert by_z["effect"]["estimate"] == pytest.approx(math.exp(-1.1 * 2 / math.sqrt(20)))
    assert "approximate_standard_error" in by_z["assumptions"]


def test_a_margin_has_one_boundary_and_z_is_the_distance_from_it(told):
    analysis = "{name: mortality, test: risk_difference, interval: wald, alpha: 0.025, "
    analysis += "alternative: less, margin: 0.15}"
    found = told(f"{LOOKED}analyses:\n  - {analysis}\n", ARMS)
    difference = 4 / 15 - 0.5
    error = math.sqrt(0.25 / 16 + (4 / 15) * (11 / 15) / 15)
    assert found["z"] == pytest.approx((0.15 - difference) / error, abs=1e-6)
    (look,) = found["looks"]
    assert look["lower_z"] is None
    assert look["alpha_spent"] == pytest.approx(look["nominal_p"])
    assert look["on_boundary"] == pytest.approx(0.15 - look["efficacy_z"] * error)
    assert look["p_value"] == pytest.approx(stats.norm.sf(found["z"]))
    limits = [difference + sign * 1.959964 * error for sign in (-1, 1)]
    assert [found["effect"]["low"], found["effect"]["high"]] == pytest.approx(limits, abs=1e-6)
    # Predictive probability of the same test: every table to come, at the level of the end.
    prospects, (n, m) = found["prospects"], (30, 30)
    first, second = (stats.betabinom(k, 1 + x, 1 + o - x) for x, o, k in ((8, 16, 14), (4, 15, 15)))
    total = 0.0
    for x in range(8, 23):
        for y in range(4, 20):
            p, q = x / n, y / m
            apart = math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
            if stats.norm.sf((0.15 - (q - p)) / apart) <= prospects["final_p"]:
                total += first.pmf(x - 8) * second.pmf(y - 4)
    assert prospects["enumerated"] == pytest.approx(total, abs=1e-9)


def test_a_ratio_has_its_margin_as_a_ratio(told):
    timed = TIMED + "analyses:\n  - {name: hazard, test: log_rank, alpha: 0.025, "
    timed += "alternative: less, margin: 1.3}\n"
    counts = "pooled: {randomised: 50, deaths: 20}\nresult: {ratio: 0.9, standard_error: 0.45}\n"
    found = told(timed, counts)
    assert found["z"] == pytest.approx((math.log(1.3) - math.log(0.9)) / 0.45)
    (look,) = found["looks"]
    on_boundary = math.exp(math.log(1.3) - look["efficacy_z"] * 0.45)
    assert look["on_boundary"] == pytest.approx(on_boundary)
    limits = [0.9 * math.exp(sign * look["efficacy_z"] * 0.45) for sign in (-1, 1)]
    repeated = found["repeated"]
    assert [repeated["effect_low"], repeated["effect_high"]] == pytest.approx(limits)
    twice = told(TIMED, counts)["looks"][0]
    assert look["efficacy_z"] == pytest.approx(twice["efficacy_z"])


def test_a_blinded_team_sees_boundary_and_forecast_alone(told):
    found = told(LOOKED, f"pooled: {{randomised: 38, followed_up: 31, deaths: 12}}\n{SITE}")
    assert found["looks"][0]["efficacy_z"] > 2
    assert (found["z"], found["prospects"], found["verdict"]) == (None, None, "not_known")
    assert found["recruitment"]["randomised"] == 38


@pytest.mark.parametrize(
    ("z", "verdict"),
    [(4, "efficacy_second"), (-4, "efficacy_first"), (-0.1, "futility"), (1.2, "go_on")],
)
def test_each_side_of_the_boundaries_has_its_verdict(told, z, verdict):
    counts = "pooled: {randomised: 38, followed_up: 31}\n"
    found = told(f"{LOOKED}  futility: {{rule: z(0)}}\n", f"{counts}result: {{z: {z}}}\n")
    assert found["verdict"] == verdict
    assert found["looks"][0]["futility_z"] == 0.0


@pytest.mark.parametrize(
    ("z", "said"),
    [
        (4.0, "HAD CROSSED the boundary in favour of DPMAS+LPE"),
        (-4.0, "HAD CROSSED the boundary in favour of PE"),
        (-0.5, "HAD CROSSED the futility boundary, which is not binding"),
        (1.5, ""),
    ],
)
def test_a_boundary_that_an_earlier_look_crossed_is_no_news_that_is_kept_back(folder, run, z, said):
    """A committee that is told `no boundary is crossed` reads that none ever was."""
    looks = "monitoring:\n  looks: [{at: {completed: 20}}, {at: {completed: 31}}]\n"
    futility = "  futility: {rule: z(0)}\n"
    (folder / "scenario.yaml").write_text(
        f"extends: nct05484908\nname: twice\ntitle: two looks\n{looks}{futility}"
    )
    earlier = f"earlier_looks: [{{cut: 2023-09-30, information: 20, z: {z}}}]\n"
    (folder / "observed.yaml").write_text(f"cut: 2024-03-31\n{ARMS}{earlier}")
    for full in ("", " --full"):
        status, out, err = run(f"monitor scenario.yaml --observed observed.yaml --out run{full}")
        assert status == 0, err
        words = " ".join(out.split())
        assert ("LOOK 1, OF 2023-09-30, HAD CROSSED" in words) == bool(said)
        assert said in words
        assert "No boundary is crossed" in words


def test_the_final_analysis_spends_what_is_left_and_may_stop_short(told):
    looks = "earlier_looks: [{cut: 2023-05-31, information: 30, z: 0.4}]\n"
    counts = "pooled: {randomised: 55, followed_up: 52}\nresult: {z: 1.98}\nfinal: true\n"
    found = told(LOOKED, looks + counts)
    assert (found["final"], found["verdict"]) == (True, "efficacy_second")
    assert [look["fraction"] for look in found["looks"]] == [0.5, 52 / 60]
    assert found["looks"][-1]["alpha_spent"] == pytest.approx(0.05)
    assert found["stopped"]["p_value"] <= 0.05
    assert found["prospects"] is None


def test_an_analysis_without_a_normal_law_has_its_forecast_alone(told):
    wins = "extends: nct05484908\nname: wins\ntitle: wins\nanalyses:\n"
    wins += "  - {name: wins, test: win_odds, margin_points: 1}\n"
    found = told(wins, ARMS + SITE)
    assert (found["information"], found["looks"], found["z"]) == (None, [], None)
    assert found["recruitment"] is not None


def test_a_randomisation_test_has_its_forecast_alone(told):
    drawn = "extends: nct05484908\nname: drawn\ntitle: drawn\nanalyses:\n"
    drawn += "  - {name: drawn, test: rerandomisation, of: fisher, draws: 99}\n"
    drawn += "  - {name: fisher, test: fisher}\n"
    found = told(drawn, ARMS + SITE)
    assert (found["information"], found["z"]) == (None, None)
    assert found["recruitment"] is not None


def test_the_forecast_is_that_of_the_sites_of_the_scenario(told):
    found = told(LOOKED, SITE)["recruitment"]
    (site,) = found["sites"]
    days = 598  # 2022-08-12 to 2024-03-31, both included
    assert site["days_open"] == days
    month = 365.25 / 12
    shape, scale = 1 + 38, month / 2.32 + days
    assert site["per_month"] == pytest.approx(shape / scale * month)
    # 22 to come by 2024-10-08, so that the last is followed up by 2024-12-31: 191 days.
    assert found["last_randomisation"] == "2024-10-08"
    chance = stats.nbinom.sf(21, shape, scale / (scale + 191))
    assert found["chance_as_planned"] == pytest.approx(chance, abs=1e-10)
    further = found["further_site"]
    assert further["opens"] == "2024-06-29"
    assert further["chance_as_planned"] > chance
    assert further["months_earlier"] > 0


def test_a_spread_of_rates_in_the_scenario_is_the_prior(told):
    scenario = LOOKED + "accrual: {site_rates: {kind: gamma, shape: 6}}\n"
    found = told(scenario, SITE)
    assert found["recruitment"]["sites"][0]["prior_shape"] == 6
    assert "weak_prior_of_rates" not in found["assumptions"]


def test_counts_by_month_tell_whether_recruitment_has_changed(told):
    months = "{2022-09: 12, 2022-10: 9, 2023-02: 8, 2023-04: 6, 2024-01: 3}"
    site = f"{{name: Guangzhou, opened: 2022-08-12, by_month: {months}}}"
    change = told(LOOKED, f"recruitment: {{sites: [{site}]}}\n")["recruitment"]["change"]
    assert change["until"] == "2023-05"
    late = 1 - (293 / 598)  # days after 2023-05-31 of those from 2022-08-12
    assert change["p_value"] == pytest.approx(stats.binomtest(3, 38, late).pvalue)
    assert change["earlier_per_month"] > change["later_per_month"]


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("full", [False, True])
def test_a_screen_fits_the_page(folder, run, monkeypatch, columns, full):
    monkeypatch.setenv("COLUMNS", str(columns))
    (folder / "looked.yaml").write_text(f"{LOOKED}  futility: {{rule: z(0)}}\n")
    asked = "monitor looked.yaml --out run --observed", EXAMPLE, *["--full"] * full
    lines = run(*asked).out.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert full or columns < 100 or len(lines) <= 30


def test_python_answers_what_the_command_does(folder, answer_of):
    found = simulator.load("nct05484908").monitor(EXAMPLE)
    assert answer_of("monitor nct05484908 --out run --observed", EXAMPLE) == json.loads(
        json.dumps(found.to_dict())
    )
    known = {"pooled": {"randomised": 38, "followed_up": 31}, "result": {"z": 1.0}}
    with pytest.raises(simulator.TrialsimError, match="cut: must be given"):
        simulator.load("nct05484908").monitor(known)


def test_what_is_missing_on_the_command_line_is_said(refused):
    assert "SCENARIO" in refused("monitor")
    assert "--example" in refused("monitor nct05484908")
    assert "no such file" in refused("monitor nct05484908 --observed none.yaml")


WRONG = {
    "nothing": ("", 1, ["nothing is known", "arms, pooled, result or recruitment"]),
    "an unknown arm": (ARMS.replace("PE:", "PEE:", 1), 3, ["arms.PEE", "did you mean PE?"]),
    "one arm": ("arms: {PE: {randomised: 3}}\n", 2, ["no counts of DPMAS+LPE", "pooled"]),
    "deaths above patients": (
        ARMS.replace("deaths: 8", "deaths: 20"),
        3,
        ["arms.PE.deaths = 20", "19 patients randomised"],
    ),
    "deaths above those followed up": (
        ARMS.replace("deaths: 8", "deaths: 17"),
        3,
        ["arms.PE.deaths = 17", "16 followed up", "follow-up was due"],
    ),
    "half a death": (ARMS.replace("deaths: 8", "deaths: 8.5"), 3, ["must be a whole number"]),
    "no number": (ARMS.replace("deaths: 8", "deaths: .nan"), 3, ["must be a finite number"]),
    "two counts": (f"{ARMS}pooled: {{randomised: 38}}\n", 5, ["pooled", "give one of the two"]),
    "a look after the cut": (
        f"{ARMS}earlier_looks: [{{cut: 2024-05-31, information: 15}}]\n",
        5,
        ["earlier_looks[0].cut", "not before the cut"],
    ),
    "dates out of order": (
        "pooled: {randomised: 9}\nearlier_looks:\n  - {cut: 2023-05-31, information: 15}\n"
        "  - {cut: 2023-04-30, information: 20}\n",
        5,
        ["earlier_looks[1].cut = 2023-04-30", "not after the look before it"],
    ),
    "information that falls": (
        "pooled: {randomised: 9}\nearlier_looks:\n  - {cut: 2023-05-31, information: 15}\n"
        "  - {cut: 2023-06-30, information: 10}\n",
        5,
        ["earlier_looks[1].information = 10", "does not rise"],
    ),
    "less information than before": (
        f"{ARMS}earlier_looks: [{{cut: 2023-05-31, information: 40}}]\n",
        2,
        ["information of 31 is not above", "40"],
    ),
    "a share of information": (
        f"{ARMS}earlier_looks: [{{cut: 2023-05-31, information: 0.3}}]\n",
        5,
        ["must be a number of patients", "not a share"],
    ),
    "information in another unit": (
        f"{ARMS}result: {{z: 1, information: 1000}}\n",
        5,
        ["16.7 times the planned information", "monitoring.max_information"],
    ),
    "a ratio for a difference": (
        f"{ARMS}result: {{ratio: 0.5, standard_error: 0.2}}\n",
        5,
        ["result.ratio", "estimates a risk difference", "give difference"],
    ),
    "an estimate alone": (f"{ARMS}result: {{difference: -0.2}}\n", 5, ["needs its standard_error"]),
    "a z of the other sign": (f"{ARMS}result: {{z: -2}}\n", 5, ["result.z = -2", "another sign"]),
    "patients before the opening": (
        SITE.replace("2022", "2025"),
        2,
        ["opened = 2025-08-12", "38 patients before"],
    ),
    "other numbers by site": (
        ARMS + SITE.replace("38", "37"),
        5,
        ["recruitment.sites", "37 patients, and arms 38"],
    ),
    "no month": (
        SITE.replace("randomised: 38", "by_month: {2022-13: 3}"),
        2,
        ["2022-13 is not a month", "2023-01"],
    ),
    "a month before the opening": (
        SITE.replace("randomised: 38", "by_month: {2022-07: 3}"),
        2,
        ["2022-07 is not between opening and cut"],
    ),
    "a further site in the past": (
        SITE.replace("]}", "], further_site: {opens: 2024-01-01}}"),
        2,
        ["further_site.opens", "not after the cut"],
    ),
    "a scenario": ("extends: nct05484908\n", 2, ["key of a scenario", "--example"]),
    "an unknown key": (f"{ARMS}sites: 3\n", 5, ["sites = 3", "unknown key", "recruitment"]),
    "a tab": ("\tarms: 3\n", 2, ["not valid YAML", "indent with spaces"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_with_line_key_rule_and_remedy(folder, refused, name):
    text, line, words = WRONG[name]
    (folder / "looked.yaml").write_text(LOOKED)
    (folder / "observed.yaml").write_text(f"cut: 2024-03-31\n{text}")
    message = refused("monitor looked.yaml --observed observed.yaml --out run")
    assert message.startswith(f"observed.yaml:{line}: "), message
    for word in words:
        assert word in message


@pytest.mark.parametrize("text", ["", "- 1\n", "3\n", "\0"])
def test_what_is_no_such_file_is_refused(folder, refused, text):
    (folder / "observed.yaml").write_text(text)
    message = refused("monitor nct05484908 --observed observed.yaml")
    assert "scenario" not in message.replace("monitor SCENARIO", "")


def test_a_test_on_time_needs_the_information_that_is_planned(folder, run):
    Path("observed.yaml").write_text("cut: 2024-03-31\npooled: {randomised: 30, deaths: 12}\n")
    ended = run("monitor two-arm-survival --observed observed.yaml --out run")
    assert ended.status == 0
    assert "monitoring.max_information" in ended.out


def test_the_page_shows_the_example_as_it_is_printed():
    page = (Path(__file__).parents[2] / "docs" / "monitor.md").read_text(encoding="utf-8")
    assert f"```yaml\n{EXAMPLE.read_text(encoding='utf-8')}```" in page
