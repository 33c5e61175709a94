"""Sweeps over keys as people write them: ranges, lists, sites by name, a site that is added."""

import math

import pytest
from command_line import rows_of

import simulator
from simulator.results import Sweep
from simulator.scenario.errors import ScenarioError

MONTH = 30.4375  # days
TRIALS = 50
PARENT = """\
extends: two-arm-survival
name: parent
title: 40 patients of one site
trial: {target_randomised: 40, max_recruitment_days: 3650}
accrual:
  kind: poisson
  sites:
    - {name: Guangzhou, opens_day: 0, randomised_per_month: 2, ramp_days: 0}
"""
CHILD = """\
extends: parent.yaml
name: child
title: and of a second site
accrual:
  sites:
    "St. Mary [1]": {randomised_per_month: 2, ramp_days: 0}
analyses:
  fisher: {test: fisher}
"""
SWEEP = f"-n {TRIALS} --jobs 1 --vary"


@pytest.fixture(autouse=True)
def folder(folder):
    """The working folder of every test here, with two scenarios."""
    (folder / "parent.yaml").write_text(PARENT)
    (folder / "child.yaml").write_text(CHILD)
    return folder


def sweep(answer_of, scenario, *vary):
    """Return a sweep of few trials."""
    return answer_of(f"sweep {scenario} {SWEEP}", *vary)


def assert_recruited_at(point, per_month):
    """Of a Poisson process the 40th patient comes after 40 / rate, give or take √40 / rate."""
    mean, error = 40 / per_month * MONTH, math.sqrt(40 / TRIALS) / per_month * MONTH
    assert abs(point["enrolment_days"]["mean"] - mean) < 4 * error


def test_a_range_of_n_is_patients_from_end_to_end(answer_of):
    found = sweep(answer_of, "two-arm-survival", "n=20:60:20")
    key = "trial.target_randomised"
    assert found["keys"] == [key]
    assert [point["values"][key] for point in found["points"]] == [20, 40, 60]
    assert [point["randomised"]["mean"] for point in found["points"]] == [20, 40, 60]


def test_lists_of_lists_are_values(answer_of, folder):
    found = sweep(answer_of, "two-arm-survival", "allocation.ratio=[1,1],[2,1] --out run")
    assert [p["values"]["allocation.ratio"] for p in found["points"]] == [[1, 1], [2, 1]]
    assert [p["is_base"] for p in found["points"]] == [True, False]
    assert found["points"][1]["patients"]["control"]["mean"] == 40  # two of three of 60
    cells = {row["allocation.ratio"] for row in rows_of(folder / "run" / "estimates.csv")}
    assert cells == {"[1, 1]", "[2, 1]"}
    assert Sweep.from_dict(found).to_dict() == found


def test_a_site_is_varied_by_its_name(answer_of):
    found = sweep(answer_of, "parent.yaml", "accrual.sites[Guangzhou].randomised_per_month=2,4")
    for point, rate in zip(found["points"], (2, 4), strict=True):
        assert_recruited_at(point, rate)


def test_a_site_that_the_file_adds_is_varied_by_its_name(answer_of, run):
    key = 'accrual.sites["St.Mary[1]"].randomised_per_month'
    said = run(f"sweep child.yaml {SWEEP}", f"{key}=2,6").err
    assert "no item of the name St.Mary[1]; did you mean St. Mary [1]?" in said
    study = simulator.load("child.yaml")
    key = key.replace("St.Mary[1]", "St. Mary [1]")
    found = study.sweep({key: [2, 6]}, TRIALS, jobs=1)
    assert found.keys == ("accrual.sites[1].randomised_per_month",)
    assert found.names[found.keys[0]] == "Patients randomised per month, St. Mary [1]"
    for point, rate in zip(found.points, (4, 8), strict=True):
        assert_recruited_at(point.to_dict(), rate)


def test_an_analysis_that_the_file_adds_is_varied_by_its_name(answer_of):
    found = sweep(answer_of, "child.yaml", "analyses[fisher].alpha=0.05,0.2")
    assert found["keys"] == ["analyses[0].alpha"] or found["keys"] == ["analyses[1].alpha"]
    low, high = ({a["name"]: a["power"] for a in point["analyses"]} for point in found["points"])
    assert low["log_rank"] == high["log_rank"]
    assert low["fisher"] < high["fisher"]


def test_a_site_is_added_and_left_out(answer_of, run):
    wuhan = "accrual.sites[Wuhan]={randomised_per_month:2,opens_day:100},null"
    found = sweep(answer_of, "parent.yaml", wuhan)
    key = "accrual.sites[Wuhan]"
    assert found["names"] == {key: "Site Wuhan"}
    assert [point["values"][key] for point in found["points"]] == [
        {"randomised_per_month": 2, "opens_day": 100},
        None,
    ]
    assert [point["is_base"] for point in found["points"]] == [False, True]
    assert_recruited_at(found["points"][1], 2)
    # Until day 100 at a rate of 2, from then on at 4.
    first = 100 / MONTH * 2
    mean = 100 + (40 - first) / 4 * MONTH
    error = math.sqrt((40 - first) / 16 + first / 16) * MONTH / math.sqrt(TRIALS)
    assert abs(found["points"][0]["enrolment_days"]["mean"] - mean) < 4 * error
    text = run(f"sweep parent.yaml {SWEEP}", wuhan).out
    assert "{randomised_per_month: 2, opens_day: 100}" in text
    assert "Site Wuhan" in text


def test_a_site_of_the_file_is_removed_by_null(answer_of):
    study = simulator.load("child.yaml")
    found = study.sweep({"accrual.sites[Guangzhou]": [None]}, TRIALS, jobs=1)
    own, without = found.points
    assert own.values == {"accrual.sites[0]": {"opens_day": 0, "randomised_per_month": 2,
                                               "ramp_days": 0}}  # fmt: skip
    assert_recruited_at(own.to_dict(), 4)
    assert_recruited_at(without.to_dict(), 2)


def test_python_adds_a_site_as_a_file_does(folder):
    wuhan = {"randomised_per_month": 2}
    parent = simulator.load("parent.yaml")
    ways = (
        parent.with_values({"accrual.sites[Wuhan]": wuhan}),
        parent.with_values({"accrual.sites": {"Wuhan": wuhan}}),
        parent.with_values({"accrual": {"sites": {"Wuhan": wuhan}}}),
    )
    (folder / "third.yaml").write_text(
        "extends: parent.yaml\naccrual: {sites: {Wuhan: {randomised_per_month: 2}}}\n"
    )
    sites = simulator.load("third.yaml").prepared.asked.accrual
    assert [way.prepared.asked.accrual for way in ways] == [sites] * 3
    change = "accrual.sites[Wuhan] = {randomised_per_month: 2}"
    assert repr(ways[0]).endswith(f"40 patients of one site, with {change}; 40 patients")
    assert ways[0].with_values({"accrual.sites[Wuhan]": None}).prepared.asked.accrual == (
        parent.prepared.asked.accrual
    )


def test_n_is_patients_wherever_a_key_is_asked_for(answer_of):
    study = simulator.load("parent.yaml")
    assert study.with_values({"n": 30}).prepared.asked.trial.target_randomised == 30
    assert study.plan_sweep({"n": [30]}).points == [
        {"trial.target_randomised": 40},
        {"trial.target_randomised": 30},
    ]
    assert study.check_size(0.8, None, "n", None)[1] == "trial.target_randomised"


REFUSED = {
    "a name that is not there": (
        "accrual.sites[Guangzho].randomised_per_month=2",
        "accrual.sites has no item of the name Guangzho; did you mean Guangzhou?",
    ),
    "a number for a site": ("accrual.sites[Guangzhou]=2", "holds several values; name one of"),
    "the last site removed": ("accrual.sites[Guangzhou]=null", "must have at least 1 item"),
    "a misspelt key of a new site": (
        "accrual.sites[Wuhan]={randomised_per_month:1,opens_on_day:90}",
        "accrual.sites[1].opens_on_day = 90: unknown key; did you mean opens_day?",
    ),
    "a name within": ("accrual.sites[Wuhan]={name:x}", "the item's name is the key that it stands"),
    "an analysis that is added": ("analyses[new]={test:fisher}", "is what is asked, which every"),
    "a third arm": ("arms[third]={}", "trials of more than two arms: not supported in this"),
    "looks": ("looks=3", "looks: interim looks are asked for in monitoring of a scenario"),
    "a capital n": ("N=20", "N: is not a key of this scenario; did you mean n?"),
    "brackets around numbers": ("n=[20,40]", "holds a number, not a list; leave the brackets out"),
    "a range without a step": ("n=60:600", "60:600 is a range without a step; as 60:600:54"),
    "a range the wrong way": ("n=60:40:5", "leads away from its end; write 60:40:-5"),
}


@pytest.mark.parametrize(("vary", "words"), REFUSED.values(), ids=REFUSED)
def test_a_sweep_that_cannot_be_says_what_is_meant(vary, words, refused):
    said = refused("sweep parent.yaml --vary", vary)
    assert words in said
    assert said.startswith("--vary")


def test_a_part_of_what_is_removed_is_not_varied_beside_it():
    study = simulator.load("child.yaml")
    rates = {"accrual.sites[Guangzhou].randomised_per_month": [1, 2]}
    with pytest.raises(ScenarioError, match=r"is part of accrual.sites\[0\], which is removed"):
        study.plan_sweep({"accrual.sites[Guangzhou]": [None], **rates})
