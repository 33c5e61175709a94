"""trialsim baseline: what it prints, keeps and refuses."""

import csv
import math

import pytest

POINTS = "day,survival,n\n7,96.7,240\n14,88.5,\n21,79.5,\n28,72.8,\n"
CURVE = """day,survival,at_risk,events
0,1.0,50,
3,0.98,,
9,0.94,,
12,0.9,,
18,0.84,,
25,0.78,,
28,,36,
40,0.73,,
55,0.66,,
56,,26,
80,0.6,,19
84,,15,
"""


HALF_A_PATIENT = 0.5 * 0.73 / 26  # after day 56


@pytest.fixture
def files(folder):
    (folder / "points.csv").write_text(POINTS)
    (folder / "curve.csv").write_text(CURVE)
    return folder


def test_one_source_gives_the_shares_that_go_through_its_points(files, answer_of):
    found = answer_of("baseline points.csv --days 7,14,21,28 --out run")
    assert found["kind"] == "baseline"
    alive = [1, 0.967, 0.885, 0.795, 0.728]
    for piece, before, after in zip(found["intervals"], alive, alive[1:], strict=False):
        assert piece["share"] == pytest.approx(math.log(before / after) / -math.log(0.728))
        assert piece["share_low"] < piece["share"] < piece["share_high"]
    assert found["mortality_at_horizon"] == pytest.approx(0.272)
    (source,) = found["sources"]
    assert (source["kind"], source["patients"]) == ("points", 240)
    assert source["deaths"] == pytest.approx(240 * 0.272)
    # Without censoring the error of mortality is binomial.
    binomial = math.sqrt(0.272 * 0.728 / 240)
    assert found["mortality_se"] == pytest.approx(binomial, rel=1e-6)


def test_rows_of_evidence_are_sources_too(files, answer_of):
    by_rows = answer_of("baseline B05 B06 B07 B08 --days 7,14,21,28 --out rows")
    by_file = answer_of("baseline points.csv --days 7,14,21,28 --out file")
    assert by_rows["intervals"] == by_file["intervals"]
    assert by_rows["sources"][0]["name"].startswith("B05 B06 B07 B08")


def test_a_curve_is_reconstructed_and_its_hazard_goes_on_to_the_horizon(files, answer_of):
    found = answer_of("baseline curve.csv --days 14,28 --horizon 84 --out run")
    (source,) = found["sources"]
    assert (source["kind"], source["patients"]) == ("curve", 50)
    assert [piece["end_day"] for piece in found["intervals"]] == [14, 28, 84]
    # A whole number dies at each step: survival is met to half of one of the 26 at risk.
    assert source["largest_gap"] < HALF_A_PATIENT
    with (files / "run" / "data" / "curves.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["survival"]]
    for row in rows:
        assert float(row["reconstructed"]) == pytest.approx(
            float(row["survival"]), abs=HALF_A_PATIENT
        )


def test_block_of_a_scenario_can_be_pasted(files, run):
    status, out, err = run("baseline points.csv curve.csv")
    assert status == 0, err
    assert len(out.splitlines()) <= 30
    start = out.index("hazard:\n")
    block = out[start : out.index("Approximation")]
    (files / "mine.yaml").write_text(f"extends: two-arm-survival\nname: mine\n{block}")
    status, listed, err = run("scenarios mine.yaml")
    assert status == 0, err
    assert "hazard.baseline.kind = piecewise" in listed
    assert "No" not in out[:40]
    assert "no sign that the sources differ" in " ".join(out.split())


def test_block_goes_into_a_file_of_new_as_the_text_says(files, run):
    """Where the control arm has a mortality target the scale is solved for."""
    frame = "--follow-up 84 --n 100 --randomised-per-month 3"
    out = run("baseline points.csv curve.csv").out
    assert "# write solved where mortality_targets has the control" in out
    block = out[out.index("  baseline:\n") : out.index("Approximation")]
    for options, solved in (("35%,22%", True), ("35% --hazard-ratio 0.6", False)):
        assert run(f"new mine --force --mortality {options} {frame}").status == 0
        text = (files / "mine.yaml").read_text()
        line = next(one for one in text.splitlines() if one.startswith("  baseline:"))
        pasted = block
        if solved:
            held = next(one for one in block.splitlines() if "mortality_at_horizon" in one)
            pasted = block.replace(held, "    mortality_at_horizon: solved")
        (files / "mine.yaml").write_text(text.replace(line, pasted.rstrip()))
        status, listed, err = run("scenarios mine.yaml")
        assert status == 0, err
        assert "hazard.baseline.kind = piecewise" in listed


def test_what_was_answered_is_kept_shown_and_asked_anew_where_a_file_changes(files, run):
    status, first, err = run("baseline points.csv --days 7,28 --out run")
    assert status == 0
    assert "wrote run" in err
    status, again, err = run("baseline points.csv --days 7,28 --out run")
    assert (status, again) == (0, first)
    assert "wrote" not in err
    (files / "points.csv").write_text(POINTS.replace("72.8", "70.8"))
    status, _, err = run("baseline points.csv --days 7,28 --out run")
    assert status == 2
    assert "another question" in err
    status, shown, _ = run("show run scenario")
    assert status == 0
    assert "kind: piecewise" in shown


def test_without_patients_there_are_no_errors_and_it_says_so(files, run):
    (files / "bare.csv").write_text("day,survival\n28,0.7\n84,0.5\n")
    status, out, _ = run("baseline bare.csv --days 28,84")
    assert status == 0
    assert "No standard errors" in out
    status, _, err = run("baseline bare.csv points.csv --days 28,84")
    assert status == 2
    assert "bare.csv does not say of how many patients" in err


WRONG = {
    "": "bad.csv: is empty",
    "day;survival\n7;0.9\n": "bad.csv:1: columns are not set apart by commas",
    "day,survival,nn\n7,0.9,5\n": "bad.csv:1: nn: is no column of a survival file; did you mean n?",
    "month,survival\n1,0.9\n": "bad.csv:1: month: is no column",
    "survival,n\n0.9,5\n": "bad.csv:1: day: is missing; add it; months are 30.4375 days",
    "day,survival,day\n7,0.9,7\n": "bad.csv:1: day: stands twice",
    "day,survival\n": "bad.csv: has no rows",
    "day,survival\n7,x\n": "bad.csv:2: survival = x: must be a number; correct it",
    'day,survival\n7,"0,9"\n': "bad.csv:2: survival = 0,9: must be a number; decimal points",
    "day,survival\n7,0,9\n": "bad.csv:2: has 3 cells, but there are 2 columns; decimal points",
    "day,survival\n7,nan\n": "bad.csv:2: survival = nan: must be from 0 to 100",
    "day,survival\n7,1e9\n": "bad.csv:2: survival = 1e9: must be from 0 to 100",
    "day,survival\n-7,0.9\n": "bad.csv:2: day = -7: must be from 0 to 36,525",
    "day,survival\n,0.9\n": "bad.csv:2: day: is empty; give the day of every row",
    "day,survival\n7,\n": "bad.csv:2: survival: is empty; give it, or leave the row out",
    "day,survival\n7,0.9\n7,0.8\n": "bad.csv:3: day = 7: stands twice",
    "day,survival\n7,0.8\n14,0.9\n": "bad.csv:3: survival = 0.9: must not climb: 0.8 on day 7",
    "day,survival\n7,0\n": "bad.csv:2: survival = 0: must be above 0",
    "day,survival\n0,0.9\n7,0.8\n": "bad.csv:2: survival = 0.9: must be 1 on day 0",
    "day,survival,n\n7,0.9,5\n9,0.8,6\n": "bad.csv:3: n = 6: differs from row to row",
    "day,survival,n\n7,0.9,0\n": "bad.csv:2: n = 0: must be above 0",
    "day,survival,events\n7,0.9,3\n": "bad.csv:2: events: needs a curve; add at_risk",
    "day,survival,at_risk\n7,0.9,3\n": "bad.csv:2: at_risk: needs the number on day 0",
    "day,survival,at_risk\n0,1,3.5\n": "bad.csv:2: at_risk = 3.5: must be whole",
    "day,survival,at_risk\n0,1,3\n7,0.9,4\n": "bad.csv:3: at_risk = 4: must be whole, and not cl",
    "day,survival,at_risk\n0,,3\n": "bad.csv:2: survival: is empty in every row",
    "day,survival,at_risk,events\n0,1,3,\n9,0.3,,9\n": "bad.csv:3: events = 9: must be from 1 to",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named_by_file_line_column_rule_and_remedy(folder, refused, text):
    (folder / "bad.csv").write_text(text)
    assert refused("baseline bad.csv").startswith(WRONG[text])


ASKED = {
    "baseline none.csv": "none.csv: there is no such file; name a CSV file, or rows of evidence",
    "baseline .": "SOURCE: .: is no row of evidence, and no file",
    "baseline B5": "SOURCE: B5: is no row of evidence, and no file; did you mean B05?",
    "baseline A22": "SOURCE: A22: is OR 90-day survival ALSS vs control (odds ratio): no share",
    "baseline points.csv --days 7,x": "--days = 7,x: must be numbers with commas between",
    "baseline points.csv --days 14,7": "--days = 14,7: must climb; order the days",
    "baseline points.csv --days 0,7": "--days = 0,7: must be numbers above 0",
    "baseline points.csv --days 7,inf": "--days = 7,inf: must be numbers above 0",
    "baseline points.csv --horizon 28": "--horizon = 28: must not be before the last of --days",
    "baseline points.csv": "--days = 7,14,21,28,84: no source tells how the hazard is divided",
    "baseline points.csv --days 2,7": "--days = 2,7: no source tells how the hazard is divided",
}


@pytest.mark.parametrize("command", ASKED)
def test_what_cannot_be_asked_is_refused(files, refused, command):
    assert refused(command).startswith(ASKED[command])


def test_days_that_sources_do_report_are_offered(files, refused, run):
    assert "; use 7,14,21,28, or add a source" in refused("baseline points.csv")
    assert "; use 28,84, or add a source" in refused("baseline A11 A12")
    assert run("baseline A11 A12 --days 28,84").status == 0


def test_a_horizon_that_no_source_reaches_is_told_as_an_assumption(files, run):
    status, out, _ = run("baseline curve.csv --days 14,28 --horizon 112")
    assert status == 0
    assert "Assumption: after day 84, where the sources end, the hazard goes on." in out
    assert "where the sources end" not in run("baseline curve.csv").out


def test_a_file_of_too_many_rows_is_refused(folder, refused):
    rows = "".join(f"{k / 100},{1 - k / 1e6}\n" for k in range(1, 6_000))
    (folder / "bad.csv").write_text(f"day,survival\n{rows}")
    assert refused("baseline bad.csv").startswith("bad.csv: has 5,999 rows, of which 5,000 can be")


def test_text_that_is_none_is_refused(folder, refused):
    (folder / "bad.csv").write_bytes(b"day,survival\n7,\xff\xfe\n")
    assert refused("baseline bad.csv").startswith("bad.csv: is not text in UTF-8")


def test_a_file_of_a_spreadsheet_and_another_script_is_read(folder, answer_of):
    (folder / "生存.csv").write_text(f"﻿{POINTS}".replace("\n", "\r\n"), encoding="utf-8")
    found = answer_of("baseline 生存.csv --days 7,14,21,28")
    assert found["mortality_at_horizon"] == pytest.approx(0.272)
