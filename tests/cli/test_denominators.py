"""Every rate says what it is of: trials without a result, with an estimate, patients randomised.

Eight patients, four to an arm, of whom each dies with probability .037, nobody being lost. The
chi-square test of Pearson does not exist where nobody dies or everybody does: (1 - .037)^8 + .037^8
= .7396 of the trials. Fisher's test always has a result.
"""

import csv
import math

import pytest
from command_line import one_json_object

P = 0.037
NOWHERE = (1 - P) ** 8 + P**8
TRIALS = 2_000
TOLERANCE = 4 * math.sqrt(NOWHERE * (1 - NOWHERE) / TRIALS)
RULES = (
    "alpha: 0.05, population: randomised, transplant: event, rescue: ignored, "
    "withdrawal: ignored, lost: excluded"
)
FEW = f"""
extends: two-arm-survival
name: few
trial: {{target_randomised: 8}}
accrual: {{candidates: 8}}
exits: {{loss: {{net_probability: 0}}}}
hazard: {{baseline: {{mortality_at_horizon: {P}}}, effect: {{hazard_ratio: 1}}}}
analyses:
  - {{name: chi, test: chi_square, {RULES}}}
  - {{name: fisher, test: fisher, {RULES}}}
multiplicity:
  - {{name: both, method: holm, alpha: 0.05, analyses: [chi, fisher]}}
"""
# One patient a day on average, by a Poisson process, for 100 days.
SLOW = """
extends: two-arm-survival
name: slow
trial: {max_recruitment_days: 100}
accrual:
  kind: poisson
  sites:
    - name: one
      opens_day: 0
      randomised_per_month: 30.4375
      ramp_days: 0
      rate_steps: null
      unit: null
  site_rates: {kind: fixed}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with the scenarios."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.yaml").write_text(FEW)
    (tmp_path / "slow.yaml").write_text(SLOW)
    return tmp_path


def is_nowhere(count, trials=TRIALS):
    return abs(count / trials - NOWHERE) <= TOLERANCE * math.sqrt(TRIALS / trials)


def test_power_counts_what_has_no_result_and_what_has_an_estimate(run, folder):
    status, text, err = run("power few.yaml --trials", TRIALS, "--jobs 1 --full --out power")
    assert status == 0, err
    answer = one_json_object((folder / "power" / "estimates.json").read_text())
    chi, fisher = answer["analyses"]
    assert is_nowhere(chi["not_analysable"])
    assert fisher["not_analysable"] == 0
    performance = chi["performance"]
    assert performance["estimates"] == TRIALS - chi["not_analysable"]
    assert performance["standard_errors"] == performance["estimates"]
    assert performance["significant"] == chi["rejections"]
    missing = f"{chi['not_analysable']:,} ({chi['not_analysable'] / TRIALS:.1%})"
    assert f"of {TRIALS:,} trials not analysable" in " ".join(text.split())
    assert f"{missing} of {TRIALS:,} trials not analysable, which count as no rejection" in (
        " ".join(text.split())
    )
    assert f"{performance['estimates']:,}" in text.split("Estimates")[1]
    (pair,) = answer["agreement"]
    assert pair["not_analysable"] == chi["not_analysable"]
    (family,) = answer["multiplicity"]
    assert (family["trials"], family["not_analysable"]) == (TRIALS, 0)  # Fisher's has a result
    with (folder / "power" / "data" / "families.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["hypothesis"] for row in rows] == ["chi", "fisher", "any", "all"]
    assert {row["trials"] for row in rows} == {str(TRIALS)}


def test_sweep_counts_what_has_no_result_at_every_point(run, folder):
    vary = "--vary hazard.effect.hazard_ratio=1,0.9"
    status, text, err = run("sweep few.yaml", vary, "--trials", TRIALS, "--jobs 1 --out sweep")
    assert status == 0, err
    points = one_json_object((folder / "sweep" / "estimates.json").read_text())["points"]
    assert is_nowhere(points[0]["analyses"][0]["not_analysable"])
    assert all(point["analyses"][1]["not_analysable"] == 0 for point in points)
    for point in points:
        count = point["analyses"][0]["not_analysable"]
        assert f"{count:,} ({count / TRIALS:.1%})" in text
    with (folder / "sweep" / "data" / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["not_analysable"] == str(points[0]["analyses"][0]["not_analysable"])
    assert {row["target_randomised"] for row in rows} == {"8"}


def test_allocation_counts_what_has_no_result_under_every_scheme(run, folder):
    schemes = "--schemes random_allocation,permuted_block(2)"
    status, text, err = run(
        "allocation few.yaml", schemes, "--trials", TRIALS, "--jobs 1 --out all"
    )
    assert status == 0, err
    answer = one_json_object((folder / "all" / "estimates.json").read_text())
    for scheme in answer["schemes"]:
        chi, fisher = scheme["analyses"]
        assert is_nowhere(chi["not_analysable"])
        assert is_nowhere(chi["level_not_analysable"])
        assert (fisher["not_analysable"], fisher["level_not_analysable"]) == (0, 0)
        count = chi["not_analysable"]
        said = f"chi under {scheme['name']}: {count:,} ({count / TRIALS:.1%}) of {TRIALS:,} trials"
        assert said in text


def test_a_certificate_tells_of_trials_without_a_result(run, folder):
    """In the cell of mortality .2 without loss nobody or everybody dies in .8^8 + .2^8 = .168."""
    trials = 500
    status, text, err = run("power few.yaml --certify --trials", trials, "--jobs 1 --out level")
    assert status == 0, err
    answer = one_json_object((folder / "level" / "estimates.json").read_text())
    chi, fisher = answer["levels"]
    share = 0.8**8 + 0.2**8
    none = chi["not_analysable"]
    assert none["at"]["mortality"] in (0.2, 0.8)
    assert none["share"] >= share - 4 * math.sqrt(share * (1 - share) / trials)
    assert none["count"] == round(none["share"] * trials)
    among = chi["among_analysable"]
    assert chi["trials"] == trials
    assert among["trials"] < trials
    assert among["simulated"] == among["rejections"] / among["trials"]
    assert among["simulated"] >= chi["simulated"]
    assert among["high"] >= chi["high"]
    # Fisher's test has a result unless an arm loses everybody.
    assert fisher["not_analysable"]["share"] < 0.05
    assert f"{1 - none['share']:.1%}" in text
    assert "counts a trial that is not analysable as no rejection" in text
    (family,) = answer["judged_together"]
    assert (family["name"], family["test"]) == ("both", "holm")
    with (folder / "level" / "estimates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["chi", "fisher", "both"]
    assert rows[0]["not_analysable_most"] == str(none["count"])


@pytest.mark.parametrize("order", [("log_rank", "fisher"), ("fisher", "log_rank")])
def test_a_certificate_takes_analyses_in_any_order(run, folder, order):
    """A simulated test first and an exact one later is written like any other."""
    lines = {
        "log_rank": f"  - {{name: log_rank, test: log_rank, {RULES}}}",
        "fisher": f"  - {{name: fisher, test: fisher, {RULES}}}",
    }
    text = FEW[: FEW.index("analyses:")] + "analyses:\n"
    (folder / "order.yaml").write_text(text + "\n".join(lines[name] for name in order) + "\n")
    status, _, err = run("power order.yaml --certify --trials 20 --jobs 1 --out level")
    assert status == 0, err
    with (folder / "level" / "estimates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == list(order)
    exact = {row["name"]: row["exact"] for row in rows}
    assert exact["log_rank"] == ""
    assert 0 < float(exact["fisher"]) < 0.05


def test_patients_randomised_stand_beside_patients_planned(run, folder):
    """A mean of 100 come, with standard deviation 10: 60 are reached, 200 never."""
    trials = 1_000
    vary = "--vary trial.target_randomised=60,200"
    status, text, err = run("sweep slow.yaml", vary, "--trials", trials, "--jobs 1 --out sweep")
    assert status == 0, err
    points = one_json_object((folder / "sweep" / "estimates.json").read_text())["points"]
    few, many = points
    assert [point["target_randomised"] for point in points] == [60, 200]
    assert few["target_reached"]["mean"] > 0.99
    assert many["target_reached"]["mean"] == 0.0
    assert abs(many["randomised"]["mean"] - 100) <= 4 * 10 / math.sqrt(trials)
    words = " ".join(text.split())
    assert "RECRUITMENT IS THE LIMIT at 1 of 2 points" in words
    assert "trial.target_randomised = 200: 200 planned, 99." in words or (
        "trial.target_randomised = 200: 200 planned, 100." in words
    )


def test_power_says_when_recruitment_is_the_limit(run, folder):
    (folder / "most.yaml").write_text(
        SLOW.replace("name: slow", "name: most").replace(
            "trial: {", "trial: {target_randomised: 200, "
        )
    )
    status, text, err = run("power most.yaml --trials 200 --jobs 1 --out power")
    assert status == 0, err
    operations = one_json_object((folder / "power" / "estimates.json").read_text())["operations"]
    assert operations["target_randomised"] == 200
    assert "of 200 planned patients are randomised" in " ".join(text.split())
    status, text, err = run("power slow.yaml --trials 200 --jobs 1 --out reached")
    assert status == 0, err
    assert "RECRUITMENT IS THE LIMIT" not in text
