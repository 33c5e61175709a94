"""Scenarios that nobody should write but anybody may: a run ends, and its output can be read."""

import json
import re

import pytest
from command_line import rows_of

SMALL = """\
extends: two-arm-survival
name: absurd
title: a scenario at the edge
trial: {target_randomised: 8}
"""
ABSURD = {
    "one patient": "trial: {target_randomised: 1}\n"
    "allocation: {scheme: complete, options: {}, ratio: [1, 1], factors: null}\n",
    "no patient": "trial: {target_randomised: 8, max_recruitment_days: 0.000001}\n",
    "more to randomise than come": "trial: {target_randomised: 8, max_recruitment_days: 90}\n",
    "a day of follow-up": "trial: {target_randomised: 8, follow_up_days: 1}\n",
    "ten years of follow-up": "trial: {target_randomised: 8, follow_up_days: 3660}\n",
    "nearly all die at once": "hazard:\n"
    "  baseline: {kind: weibull, horizon_days: 84, mortality_at_horizon: 0.999, shape: 0.1}\n",
    "nobody dies before the last days": "hazard:\n"
    "  baseline: {kind: weibull, horizon_days: 84, mortality_at_horizon: 0.5, shape: 20}\n",
    "unlike frailty": "hazard: {frailty_log_sd: 5}\n",
    "all are lost": "exits: {loss: {net_probability: 0.999999, by_day: 0.001}}\n",
}


def with_parts(text):
    """Lay top-level keys over the small scenario, in the place of its own."""
    own = {line.split(":")[0] for line in text.splitlines() if not line.startswith(" ")}
    return "".join(f"{x}\n" for x in SMALL.splitlines() if x.split(":")[0] not in own) + text


@pytest.fixture
def written(folder):
    """Write absurd.yaml, the small scenario with the parts of a text in the place of its own."""

    def written(text):
        (folder / "absurd.yaml").write_text(with_parts(text), encoding="utf-8")
        return "absurd.yaml"

    return written


# The text is written from the same result as the JSON, and kept beside it.
@pytest.mark.parametrize("text", ABSURD.values(), ids=ABSURD)
def test_power_and_trace_end_in_json_that_can_be_read_and_in_text(text, written, answer_of, folder):
    scenario = written(text)
    (analysis,) = answer_of("power", scenario, "--trials 4 --jobs 1 --out power")["analyses"]
    assert analysis["rejections"] + analysis["not_analysable"] <= 4
    assert answer_of("trace", scenario, "--trial 0 --out trace")["trial"] == 0
    for run in ("power", "trace"):
        page = (folder / run / "summary.txt").read_text("utf-8")
        assert "absurd" in page.splitlines()[0]
        assert len(page.splitlines()) > 5
        assert not re.search(r"\bnan\b", page)


def test_of_nobody_there_is_no_mortality(written, answer_of, folder):
    scenario = written(ABSURD["no patient"])
    answer_of("power", scenario, "--trials 4 --jobs 1 --out power")
    page = " ".join((folder / "power" / "summary.txt").read_text("utf-8").split())
    assert "Nobody was randomised, so that there is no estimate of mortality" in page


def test_a_sweep_and_a_comparison_of_schemes_without_patients_have_no_nan(
    written, answer_of, folder
):
    scenario = written(ABSURD["no patient"])
    few = "--trials 4 --jobs 1"
    answer_of("sweep", scenario, "--vary trial.follow_up_days=10,20 --out s", few)
    answer_of("allocation", scenario, "--schemes complete,permuted_block(4) --out a", few)
    for run in "sa":
        assert not re.search(r"\bnan\b", (folder / run / "summary.txt").read_text("utf-8"))


def test_a_rate_at_which_nobody_comes_is_blamed_itself(folder, refused):
    (folder / "rare.yaml").write_text(
        "extends: nct05484908\nname: rare\ntitle: t\naccrual:\n  sites:\n"
        "    - {name: a, opens_day: 0, randomised_per_month: 1e-12, ramp_days: 0,"
        " rate_steps: null, unit: null}\n"
    )
    said = refused("power rare.yaml --trials 4 --jobs 1")
    assert "rare.yaml:5: accrual.sites" in said
    assert "check the rates" in said
    assert "nan" not in said


def test_a_trial_that_recruits_nobody_is_traced_and_drawn(folder, answer_of):
    (folder / "empty.yaml").write_text(
        "extends: nct05484908-slow\nname: empty\ntitle: t\n"
        "trial: {max_recruitment_days: 0.000001}\n"
        "hazard:\n  baseline: {mortality_at_horizon: 0.5}\n  mortality_targets: null\n"
    )
    assert answer_of("trace empty.yaml --trial 0 --out t")["randomised"] == 0
    assert not re.search(r"\bnan\b", (folder / "t" / "summary.txt").read_text("utf-8"))


@pytest.mark.parametrize("kind", ["docx", "html", "figures"])
def test_a_trial_that_loses_everybody_can_be_written_up_or_is_refused(
    kind, written, run, answer_of, folder
):
    scenario = written(ABSURD["all are lost"])
    answer_of("power", scenario, "--trials 100 --jobs 1 --out lost")
    status, _, err = run("report lost --format", kind)
    assert status == 0, err


def test_a_trial_that_cannot_be_analysed_is_counted_and_is_no_rejection(written, answer_of):
    scenario = written(ABSURD["one patient"])
    (analysis,) = answer_of("power", scenario, "--trials 4 --jobs 1")["analyses"]
    assert analysis["rejections"] == 0
    assert analysis["not_analysable"] == 4


def test_names_with_quotes_commas_and_brackets_come_back_as_they_were(written, answer_of, folder):
    first, second = 'con,"trol" A; [red]', "эксп 😀 :bomb:"
    names = [json.dumps(name, ensure_ascii=False) for name in (first, second)]
    arms = [f"  - {{name: {name}, modality: null, plan: null}}\n" for name in names]
    scenario = written("arms:\n" + "".join(arms))
    found = answer_of("power", scenario, "--trials 2 --jobs 1")
    assert set(found["operations"]["mortality"]) == {first, second}
    answer_of("trace", scenario, "--trial 0 --out kept")
    events = rows_of(folder / "kept" / "data" / "events.csv")
    assert {row["arm"] for row in events} - {""} == {first, second}
