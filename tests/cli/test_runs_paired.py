"""Two runs whose units are kept are compared trial by trial, as `compare` does."""

import json

import pytest
from command_line import run_here

MINE = "extends: two-arm-survival\nname: mine\ntitle: mine\ntrial:\n  target_randomised: 70\n"


@pytest.fixture
def two_runs(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    for name, trials, out in (("two-arm-survival", 600, "A"), ("mine.yaml", 500, "B")):
        assert (
            run_here("power", name, "--trials", trials, "--out", out, folder=tmp_path).status == 0
        )
    return tmp_path


def compared(folder):
    return json.loads(run_here("runs", "compare", "A", "B", "--json", folder=folder).out)


def test_differences_are_those_of_a_comparison_of_the_scenarios(two_runs):
    asked = "compare", "two-arm-survival", "mine.yaml", "--trials", 500, "--json"
    paired = json.loads(run_here(*asked, folder=two_runs).out)
    (mine,), (theirs,) = compared(two_runs)["analyses"], paired["analyses"]
    assert mine["pairs"] == 500
    assert mine["difference"] == pytest.approx(theirs["difference"], abs=1e-12)
    assert mine["mcse"] == pytest.approx(theirs["paired_mcse"], abs=1e-12)


def test_without_the_units_of_one_the_runs_are_independent(two_runs):
    unit = next((two_runs / "results" / "units").glob("*/*.npz"))
    unit.unlink()
    (found,) = compared(two_runs)["analyses"]
    assert found["pairs"] is None
