"""A file of studies: what is read, and what is refused by line, column, rule and remedy."""

import csv
import io

import pytest

from calibration.synthesis.studies import COLUMNS, SHIPPED, read_studies
from simulator.results.prior import Parameter, StudyUse
from simulator.scenario.errors import ScenarioError

ONE = {
    "parameter": "mortality",
    "rows": "A12",
    "study": "Liu H 2020",
    "deaths": "26",
    "n": "78",
    "day": "90",
    "endpoint": "death",
    "weight": "0.5",
    "use": "used",
    "why": "retrospective",
}
TWO = ONE | {
    "parameter": "hazard_ratio",
    "control_deaths": "29",
    "control_n": "77",
}
RATIO = ONE | {
    "parameter": "course_hazard_ratio",
    "deaths": "",
    "n": "",
    "measure": "RR",
    "estimate": "0.79",
    "low": "0.74",
    "high": "0.85",
    "control_risk": "0.53",
}


def written(tmp_path, *rows, columns=COLUMNS):
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / "mine.csv"
    path.write_text(file.getvalue(), encoding="utf-8")
    return path


def problems(path):
    with pytest.raises(ScenarioError) as caught:
        read_studies(path)
    return caught.value.problems


def test_the_shipped_studies_keep_apart_what_is_used_and_what_is_held_out():
    studies = read_studies()
    used = {row for s in studies if s.use is StudyUse.USED and s.weight > 0 for row in s.rows}
    held = {row for s in studies if s.use is StudyUse.HELD_OUT for row in s.rows}
    assert used == {
        *("A12", "A15", "A21", "A24"),
        *("A01", "A02", "A05", "A06"),
        *("A19", "A28", "A31", "A32"),
    }
    assert held == {
        *("A33", "A37", "A48", "A49", "A50", "A51", "A17", "A18"),
        *("A35", "A36"),
    }
    assert {s.parameter for s in studies} == set(Parameter)
    assert all(s.why for s in studies)


def test_no_patients_are_counted_twice_for_one_parameter():
    studies = [s for s in read_studies() if s.weight > 0]
    for parameter in Parameter:
        rows = [row for s in studies if s.parameter is parameter for row in s.rows]
        assert len(rows) == len(set(rows))


@pytest.mark.parametrize("row", [ONE, TWO, RATIO, RATIO | {"measure": "HR", "control_risk": ""}])
def test_a_study_is_read(tmp_path, row):
    (study,) = read_studies(written(tmp_path, row))
    assert study.day == 90.0
    assert study.has_counts == bool(row["deaths"])


def test_a_file_of_a_spreadsheet_is_read(tmp_path):
    path = written(tmp_path, ONE, {}, TWO)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_studies(path)) == 2


WRONG = {
    "no parameter": ({"parameter": "mortalty"}, "parameter", "did you mean mortality"),
    "more deaths": ({"deaths": "79"}, "deaths", "deaths, not survivors"),
    "survivors in per cent": ({"deaths": "33.33"}, "deaths", "whole number"),
    "no patients": ({"n": ""}, "n", "counts need deaths and patients"),
    "nobody": ({"deaths": "0", "n": "0"}, "n", "at least 1"),
    "a control arm": ({"control_n": "20", "control_deaths": "3"}, "control_n", "one arm"),
    "no day": ({"day": ""}, "day", "as 84"),
    "a day in months": ({"day": "900"}, "day", "1 to 180"),
    "day nan": ({"day": "nan"}, "day", "must be a number"),
    "weight": ({"weight": "1.5"}, "weight", "0 to 1"),
    "weight in per cent": ({"weight": "50%"}, "weight", "write 45 % as 0.45"),
    "infinite": ({"weight": "inf"}, "weight", "must be a number"),
    "underscore": ({"weight": "0_1"}, "weight", "must be a number"),
    "endpoint": ({"endpoint": "LT"}, "endpoint", "death_or_transplant"),
    "use": ({"use": "yes"}, "use", "used or held_out"),
    "held out with a weight": ({"use": "held_out"}, "weight", "write 0, or use it"),
    "no reason": ({"why": ""}, "why", "say why"),
    "rows": ({"rows": 'A1"]'}, "rows", "as A01 A02"),
    "huge": ({"n": "9" * 30}, "n", "whole number"),
    "neither": ({"deaths": "", "n": ""}, "deaths", "either counts or an estimate"),
    "both": ({"estimate": "0.4"}, "deaths", "either counts or an estimate"),
    "other digits": ({"n": "７８"}, "n", "whole number"),  # noqa: RUF001
}
WRONG_RATIO = {
    "interval": ({"estimate": "0.9"}, "estimate", "does not hold it"),
    "no interval": ({"low": ""}, "low", "needs its 95 % interval"),
    "no control risk": ({"control_risk": ""}, "control_risk", "risk by that day"),
    "too large a risk": ({"high": "1.9"}, "control_risk", "1 or more"),
    "measure": ({"measure": "mortality"}, "measure", "HR or RR or OR"),
    "unknown measure": ({"measure": "RD"}, "measure", "is not known"),
    "a mortality in per cent": (
        {"parameter": "mortality", "measure": "mortality", "estimate": "46", "high": "54"},
        "estimate",
        "write 45 % as 0.45",
    ),
}


@pytest.mark.parametrize(
    ("base", "change", "column", "words"),
    [
        *((ONE, *case) for case in WRONG.values()),
        *((RATIO, *case) for case in WRONG_RATIO.values()),
    ],
    ids=[*WRONG, *WRONG_RATIO],
)
def test_a_wrong_cell_is_named_by_line_and_column(tmp_path, base, change, column, words):
    (problem,) = problems(written(tmp_path, TWO, base | change))
    assert (problem.line, problem.key) == (3, column)
    assert words in str(problem)
    assert problem.rule
    assert problem.remedy


def test_every_wrong_row_is_told_at_once(tmp_path):
    path = written(tmp_path, ONE | {"day": "x"}, TWO, ONE | {"n": "-1"})
    assert [(p.line, p.key) for p in problems(path)] == [(2, "day"), (4, "n")]


def test_wrong_columns_are_named(tmp_path):
    path = written(tmp_path, ONE, columns=[c for c in COLUMNS if c != "weight"])
    assert "weight: this column is missing" in str(problems(path)[0])
    path = written(tmp_path, ONE, columns=[*COLUMNS, "wieght"])
    assert "did you mean weight" in str(problems(path)[0])
    path = written(tmp_path, ONE, columns=[*COLUMNS, "n"])
    assert "stands twice" in str(problems(path)[0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1,2\n", "is no table of studies"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (",".join(COLUMNS).encode(), "has no studies"),
        (",".join(COLUMNS).encode() + b"\nmortality,A1\n", "has 2 cells where the head has 17"),
        (",".join(COLUMNS).encode() + b'\n"mortality\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_table_of_studies_is_refused(tmp_path, content, words):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    assert words in str(problems(path)[0])


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "cannot be read" in str(problems(tmp_path / "none.csv")[0])
    assert "cannot be read" in str(problems(tmp_path)[0])


def test_the_shipped_file_has_the_documented_columns():
    assert SHIPPED.read_text("utf-8").splitlines()[0] == ",".join(COLUMNS)
