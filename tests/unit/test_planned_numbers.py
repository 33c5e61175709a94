"""Numbers of a plan given for each patient go with the number of patients; others stay."""

import pytest
from scenario_builder import changed, shipped

import simulator
from simulator.analysis import plans_of
from simulator.monitoring.asked import monitoring_plan
from simulator.params.lower import lower
from simulator.planning.held_numbers import held_numbers
from simulator.report.text import as_text
from simulator.report.text.size import SIZE_SECTIONS
from simulator.report.text.sweep import SWEEP_SECTIONS
from simulator.results.size import PATIENTS
from simulator.scenario.errors import ScenarioError

BARE = """\
extends: two-arm-survival
name: case
title: looks
trial:
  target_randomised: 60
  max_follow_up_days: 300
  end: {deaths: 40}
monitoring:
  max_information: 30
  looks: [{at: {deaths: 15}}, {at: {later: [{randomised: 50}, {information: 0.7}]}}]
"""
WHOLE = "  max_information: 30\n"


def looked_at(patients, monitoring, **changes):
    frame = {PATIENTS: patients, "accrual.candidates": patients} | changes
    return changed(shipped("two-arm-survival"), frame | {"monitoring": monitoring})


def plan(scenario):
    return monitoring_plan(scenario, plans_of(scenario))


@pytest.mark.parametrize(
    ("patients", "deaths", "look"), [(60, 27, 14), (61, 28, 14), (200, 90, 45)]
)
def test_information_for_each_patient_is_that_many_deaths(patients, deaths, look):
    """61 x .45 = 27.45 deaths, and half of 28; the same plan as with the numbers themselves."""
    looks = [{"at": {"information": 0.5}}]
    shares = {"looks": looks, "max_information_per_patient": 0.45}
    found = plan(looked_at(patients, shares))
    assert found == plan(looked_at(patients, {"looks": looks, "max_information": deaths}))
    assert (found.max_information, found.looks[0].at.value) == (deaths, look)


def test_deaths_that_end_a_trial_are_its_information_where_none_is_given():
    looks = {"looks": [{"at": {"information": 0.5}}]}
    longer = {"trial.max_follow_up_days": 300}
    found = looked_at(90, looks, **longer, **{"trial.end": {"deaths_per_patient": 0.61}})
    assert lower(found).trial.ends_at_deaths == 55  # 54.9, rounded up
    assert plan(found).max_information == 55
    by_number = looked_at(90, looks, **longer, **{"trial.end": {"deaths": 55}})
    assert plan(found) == plan(by_number)
    assert lower(found).trial == lower(by_number).trial


def test_information_of_an_estimate_is_not_rounded():
    scenario = changed(shipped("nct05484908-family"), {PATIENTS: 90})
    mortality, meld = plan(scenario).family.hypotheses
    assert mortality.max_information == 90
    assert meld.max_information == pytest.approx(90 * 0.0011)


@pytest.mark.parametrize(("patients", "most"), [(60, 90), (61, 91), (100, 150)])
@pytest.mark.parametrize("kind", ["blinded_reestimation", "promising_zone"])
def test_the_highest_target_goes_with_the_planned_one(kind, patients, most):
    own = {"from_conditional_power": 0.4}
    if kind == "blinded_reestimation":
        own = {"difference": 0.3}
    shared = {"looks": [{"at": {"information": 0.5}}], "futility": None}
    found, expected = (
        plan(
            changed(
                shipped("nct05484908-looks"),
                {PATIENTS: patients, "monitoring": shared | {kind: own | cap}},
            )
        )
        for cap in ({"most_times_target": 1.5}, {"most_randomised": most})
    )
    assert found == expected


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        (WHOLE, f"{WHOLE}  max_information_per_patient: 0.5\n", 10,
         "monitoring.max_information_per_patient", "beside max_information"),
        (WHOLE, "  max_information_per_patient: 1.2\n", 9,
         "monitoring.max_information_per_patient", "72 deaths are more than the 60"),
        (WHOLE, "  max_information: 70\n", 9, "monitoring.max_information", "per_patient"),
        ("deaths: 15", "deaths: 61", 10, "monitoring.looks[0].at.deaths", "information: 0.5"),
        ("deaths: 40", "deaths: 61", 7, "trial.end.deaths", "deaths_per_patient: 0.6"),
        ("deaths: 40", "deaths_per_patient: 1.2", 7, "trial.end.deaths_per_patient", "<= 1"),
        ("deaths: 40", "deaths: 40, deaths_per_patient: 0.5", 7, "trial.end", "has deaths and"),
        ("monitoring:\n",
         "monitoring:\n  promising_zone: {from_conditional_power: 0.4}\n", 9,
         "monitoring.promising_zone", "most_randomised or most_times_target"),
        ("monitoring:\n",
         "monitoring:\n  promising_zone: {from_conditional_power: 0.4, most_times_target: 2,"
         " most_randomised: 90}\n", 9,
         "monitoring.promising_zone.most_times_target", "has both"),
        ("monitoring:\n",
         "monitoring:\n  promising_zone: {from_conditional_power: 0.4, most_times_target: 2}\n", 9,
         "monitoring.promising_zone.most_times_target", "uniform"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_message_at_its_line(old, new, line, key, words, tmp_path):
    assert old in BARE
    (tmp_path / "case.yaml").write_text(BARE.replace(old, new))
    with pytest.raises(ScenarioError) as error:
        simulator.load(tmp_path / "case.yaml")
    (found,) = [problem for problem in error.value.problems if problem.key == key]
    assert found.line == line
    assert words in str(found)


def test_numbers_that_stay_are_told_where_patients_are_varied(tmp_path):
    (tmp_path / "case.yaml").write_text(BARE)
    study = simulator.load(tmp_path / "case.yaml")
    swept = study.sweep({PATIENTS: [60, 90]}, trials=100, jobs=1)
    assert {one.key: (one.value, one.goes_along) for one in swept.held} == {
        "trial.end.deaths": (40, "deaths_per_patient"),
        "monitoring.max_information": (30, "max_information_per_patient"),
        "monitoring.looks[0].at.deaths": (15, "information"),
        "monitoring.looks[1].at.later[0].randomised": (50, "information"),
    }
    text = " ".join(as_text((b for s in SWEEP_SECTIONS for b in s.blocks(swept)), 100).split())
    assert "monitoring.looks[0].at.deaths = 15, monitoring.looks[1]" in text
    assert "go with it: deaths_per_patient, max_information_per_patient, information." in text
    assert type(swept).from_dict(swept.to_dict()).held == swept.held
    alone = study.sweep({"trial.end.deaths": [35, 40]}, trials=100, jobs=1)
    assert alone.held == ()
    both = held_numbers(study.prepared.asked, (PATIENTS, "trial.end.deaths"))
    assert "trial.end.deaths" not in {one.key for one in both}


def test_a_search_tells_them_too_and_shares_go_along():
    study = simulator.load("two-arm-survival").with_values(
        {"monitoring": {"looks": [{"at": {"deaths": 15}}], "max_information_per_patient": 0.5}}
    )
    found = study.size(power=0.5, jobs=1)
    assert [one.key for one in found.held] == ["monitoring.looks[0].at.deaths"]
    text = " ".join(as_text((b for s in SIZE_SECTIONS for b in s.blocks(found)), 100).split())
    assert "stay as they are whatever the number of patients: monitoring.looks[0]" in text


@pytest.mark.parametrize("name", ["nct05484908-adapts", "nct05484908-events", "nct05484908-family"])
def test_shipped_plans_go_with_their_number_of_patients(name):
    scenario = shipped(name)
    stays = {one.key for one in held_numbers(scenario, (PATIENTS,))}
    assert stays <= {"monitoring.slow_recruitment.fewer_than"}  # which is of recruitment
