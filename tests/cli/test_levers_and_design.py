"""`levers` and `design` as a user runs them: one screen, JSON, tables, and what they refuse."""

import pytest
from command_line import one_json_object, rows_of, run_here
from rich.cells import cell_len

MINE = """\
extends: two-arm-survival
name: mine
title: the bare trial with costs and ranges
costs: {currency: EUR, per_patient: 1000, per_month: 500}
ranges:
  - {name: hazard ratio, keys: [hazard.effect.hazard_ratio], low: 0.4, high: 0.8}
"""
LEVERS = "levers mine.yaml -n 200 --seed 3 --jobs 1"
DESIGN = "design mine.yaml --power 0.7 --budget 250000 --choose n=60,120,180,240 -n 1000 --jobs 1"
NONE = "design mine.yaml --power 0.8 --within-days 300 --choose n=60,300 -n 200 --jobs 1"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a ranking and a search, and what the commands printed."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "mine.yaml").write_text(MINE, encoding="utf-8")
    said = {}
    for name, command in (("levers", LEVERS), ("design", DESIGN), ("none", NONE)):
        status, out, err = run_here(command, f"--out {name}", folder=folder)
        assert status == 0, err
        said[name] = out
    return folder, said


@pytest.mark.parametrize("name", ["levers", "design", "none"])
def test_a_command_prints_one_screen_and_how_to_see_more(kept, name):
    lines = kept[1][name].splitlines()
    assert len(lines) <= 30
    assert max(map(cell_len, lines)) <= 100
    assert lines[-1].endswith(f"trialsim show {name}")


def test_levers_end_with_the_verdict(kept):
    lines = kept[1]["levers"].splitlines()
    assert "move the power beyond Monte Carlo error" in " ".join(lines[-5:])


def test_levers_as_json_are_one_object_with_paired_errors_and_a_table(kept):
    folder, _ = kept
    status, out, _ = run_here(LEVERS, "--out levers --json", folder=folder)
    assert status == 0
    found = one_json_object(out)
    assert (found["kind"], found["trials"], found["currency"]) == ("levers", 200, "EUR")
    first = found["levers"][0]
    assert {"name", "kind", "keys", "own", "moves"} <= first.keys()
    for part in ("power", "enrolment_days", "trial_days", "cost"):
        assert {"mean", "mcse", "difference", "paired_mcse"} == first["moves"][0][part].keys()
    rows = rows_of(folder / "levers" / "data" / "moves.csv")
    assert len(rows) == sum(len(lever["moves"]) for lever in found["levers"])
    assert {row["kind"] for row in rows} == {"assumption", "choice"}


def test_a_kept_ranking_is_shown_again_with_every_move(kept):
    status, out, _ = run_here("show levers", folder=kept[0])
    assert status == 0
    for value in ("-> 0.4", "-> 0.8", "60 -> 30", "60 -> 120"):
        assert value in out
    status, out, _ = run_here("show levers choices", folder=kept[0])
    assert status == 0
    assert "hazard ratio" not in out


def test_a_feasible_design_is_named_and_kept_in_a_table(kept):
    folder, said = kept
    assert "1 feasible on the front" in said["design"]
    rows = rows_of(folder / "design" / "data" / "designs.csv")
    assert [row["n"] for row in rows if row["on_front"].lower() == "true"] == ["180"]
    assert len(rows) == 4


def test_no_design_is_said_plainly_with_what_binds_and_by_how_much(kept):
    folder, said = kept
    assert "NO DESIGN tried gives 80% power of the log-rank test, within 300 days" in said["none"]
    assert "days: the fastest design with 80% power takes" in " ".join(said["none"].split())
    found = one_json_object(run_here(NONE, "--out none --json", folder=folder).out)
    assert found["nearest"][0]["constraint"] == "days"
    assert not any(design["on_front"] for design in found["designs"])


WRONG = {
    "design mine.yaml --power 2": ("--power = 2", "must be between alpha (0.05) and 1"),
    "design mine.yaml --power x": ("--power = x", "must be a number"),
    "design mine.yaml --budget -1": ("--budget = -1", "must be a number"),
    "design two-arm-survival --budget 1000": ("--budget = 1000", "counts no costs"),
    "design mine.yaml --within-days 0": ("--within-days = 0", "must be a number"),
    "design mine.yaml --choose n": ("--choose = n", "needs a choice and values"),
    "design mine.yaml --choose n=": ("--choose = n=", "needs a choice and values"),
    "design mine.yaml --choose n=60 --choose n=70": ("--choose = n=70", "is chosen from already"),
    "design mine.yaml --choose machines=1": ("--choose = machines", "is no choice of this"),
    "design mine.yaml --choose ñ=1": ("--choose = ñ", "is no choice and no key"),
    "design mine.yaml --trials 5": ("--trials = 5", "must be a whole number from 100"),
    "levers mine.yaml --analysis x": ("--analysis = x", "is no analysis of this scenario"),
    "levers nothing": ("nothing", "no such file"),
}


@pytest.mark.parametrize(("command", "said"), WRONG.items(), ids=WRONG)
def test_a_wrong_question_ends_with_one_message_and_writes_nothing(folder, command, said):
    (folder / "mine.yaml").write_text(MINE, encoding="utf-8")
    status, out, err = run_here(command, folder=folder)
    assert (status, out) == (2, "")
    assert all(part in err for part in said)
    assert "Traceback" not in err
    assert not (folder / "results").exists()
