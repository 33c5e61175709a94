"""Answers, their parts and studies show themselves in short, and CSV cells hold single values."""

import csv
import dataclasses
import io
import json
import math
import re

import pandas
import pytest
from answers import (
    analysis_power,
    by_arm,
    calibrated_values,
    operations,
    power_answer,
    size_answer,
    sweep_answer,
)
from ruamel.yaml import YAML

import simulator
from simulator.planning.interim.file import EXAMPLE
from simulator.results import ANSWERS
from simulator.results.base import Answer, Record, Records, cell_of
from simulator.results.flow import flow
from simulator.results.measures import Estimate
from simulator.results.shown import in_words, short
from simulator.store import read_csv, rows_to_csv

LINES, COLUMNS, ROWS = 12, 10, 10
PYTHON = re.compile(r"\b(?:None|True|False|nan|np|array)\b|^[\[({].*[\])}]$|<.* at 0x")


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """One small answer of each kind, with analyses, events and schemes in plenty."""
    study = simulator.load("two-arm-survival")
    base = simulator.load("nct05484908")
    found = [
        base.power(60),
        base.sweep({"trial.target_randomised": [40, 60], "unit.machines": [2, 4, 6]}, 20),
        study.size(0.3, patients=100_000),
        base.trace(3),
        base.allocation([f"permuted_block({n})" for n in range(2, 30, 2)], 20, metrics_only=True),
        base.allocation_sequence("complete", 3),
        simulator.exact("boschloo", (28, 30), (0.6, 0.3)),
        simulator.boundaries((0.5, 1), "pocock", power=0.9, futility="z(0)"),
        base.monitor(EXAMPLE),
        study.levers(60),
        study.design(0.3, choose={"n": [40, 60, 80]}, trials=100),
        study.certify(50),
        base.evidence("modalities[PE].full_course_hazard_ratio"),
        base.compare(base.with_values({"trial.target_randomised": 80}), 20),
        simulator.baseline(["B05", "B06", "A11", "A12"], (7, 14, 84)),
        simulator.prior(draws=5),
        base.assurance(4, 10),
        study.with_values(calibrated_values()).calibrate(20),
    ]
    return {answer.KIND: answer for answer in found}


kinds = pytest.mark.parametrize("kind", ANSWERS)


def is_short(thing) -> None:
    """Hold what a terminal and a notebook show of a thing to the limits."""
    lines = repr(thing).splitlines()
    assert 1 <= len(lines) <= LINES
    assert all(len(line) <= 200 for line in lines)
    page = thing._repr_html_()
    assert page.count("<th>") <= COLUMNS
    assert page.count("<tr>") <= ROWS + 1
    for number in re.findall(r"<td>-?(\d+\.\d+)</td>", page):
        assert len(number.replace(".", "").lstrip("0")) <= 4, number
    for head in re.findall("<th>(.*?)</th>", page):
        assert "_" not in head or head.startswith("a_")


def parts_of(thing):
    """Every record and row of records below an answer; of many alike the first."""
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, Records):
            yield value
            value = value[0] if value else None
        if isinstance(value, dict) and value:
            value = next(iter(value.values()))
        if isinstance(value, Record):
            yield value
            yield from parts_of(value)


@kinds
def test_every_kind_of_answer_shows_at_most_twelve_lines_ten_columns_and_ten_rows(answers, kind):
    is_short(answers[kind])


@kinds
def test_parts_of_answers_are_as_short(answers, kind):
    for part in parts_of(answers[kind]):
        is_short(part)


def test_no_record_shows_itself_as_dataclasses_do():
    """Those write out every field of every record within."""
    pending, seen = [Record], []
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        seen.append(cls)
    assert len(seen) > 50
    own = [cls.__name__ for cls in seen if "__repr__" in vars(cls) and cls not in (Record, Answer)]
    assert own == []


def test_a_part_shows_its_first_fields_and_how_many_more_there_are():
    shown = repr(operations())
    assert shown.startswith("Operations(enrolment_days: 791.6 ± 1.02, trial_days: 875.6 ± 1, ")
    assert re.search(r"; \d+ more\)$", shown)
    page = operations()._repr_html_()
    assert "<td>mortality</td><td>PE 0.4486 ± 0.0009, DPMAS+LPE 0.4158 ± 0.0009</td>" in page
    assert f"{len(dataclasses.fields(operations())) - 10} more rows; to_dict() has all" in page


def test_analyses_in_a_row_show_a_line_each_and_are_a_tuple_all_the_same():
    many = power_answer(analyses=tuple(analysis_power() for _ in range(14)))
    assert isinstance(many.analyses, tuple)
    assert many.analyses == tuple(many.analyses)
    lines = repr(many.analyses).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "  and 4 more"
    assert lines[0].startswith("AnalysisPower(name: fisher, scale: proportion, alpha: 0.05, ")
    assert repr(many).endswith("  and 5 more: to_frame() has all")  # a line is the scenario's


def test_a_table_in_a_notebook_names_its_columns_in_words():
    page = power_answer()._repr_html_()
    heads = re.findall("<th>(.*?)</th>", page)
    assert heads == [
        "name", "trials", "power", "MCSE", "95 % interval, low", "95 % interval, high",
        "not analysable", "truth", "bias", "coverage",
    ]  # fmt: skip
    assert "<td>0.0376</td><td>0.0019</td><td>0.034</td><td>0.0415</td>" in page
    named = sweep_answer(names={"trial.target_randomised": "Patients to be randomised"})
    assert "<th>Patients to be randomised</th>" in named._repr_html_()
    assert "<th>Patients to be randomised</th>" in size_answer()._repr_html_()
    assert in_words("paired_mcse") == "paired MCSE"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.06666666, "0.06667"), (791.64, "791.6"), (2_388_681.0, "2,388,681"), (1.0, "1"),
        (0.0, "0"), (1.2345e-7, "1.23e-07"), (math.nan, "-"), (None, "-"), (True, "yes"),
        (12_345, "12,345"), (Estimate(0.5, 0.0123), "0.5 ± 0.0123"), ((), "none"),
        (by_arm(0.1, 0.2, 0.01), "PE 0.1 ± 0.01, DPMAS+LPE 0.2 ± 0.01"),
        ((1, 2, 3, 4, 5, 6), "1, 2, 3, 4, 2 more"),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_four_digits(value, said):
    assert short(value) == said


def test_a_study_shows_what_is_planned():
    study = simulator.load("nct05484908")
    is_short(study)
    page = study._repr_html_()
    assert "<td>patients</td><td>60</td>" in page
    assert "<td>arms</td><td>PE, DPMAS+LPE (1 : 1)</td>" in page
    assert "to_frame() lists every value" in page
    larger = study.with_values({"trial.target_randomised": 120})
    assert "<td>changed</td><td>trial.target_randomised = 120</td>" in larger._repr_html_()
    assert repr(study.prepared) == "Prepared(nct05484908)"
    assert repr(study.schemes(["complete"])) == "[CandidateScheme(complete)]"


# CSV


@kinds
def test_every_cell_of_every_csv_file_is_a_single_value(answers, kind, tmp_path):
    """No list, no `None`, no `True`: read back by the csv module and by pandas."""
    answer = answers[kind]
    for name, rows in {"estimates": answer.rows(), **answer.tables()}.items():
        text = rows_to_csv(rows)
        header, *lines = csv.reader(io.StringIO(text))
        assert len(lines) == len(rows)
        assert all(len(line) == len(header) for line in lines)
        for cell in (cell for line in lines for cell in line):
            assert not PYTHON.search(cell), (name, cell)
        frame = pandas.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
        assert frame.shape == (len(rows), len(header))
        for column in frame:
            assert not frame[column].map(lambda cell: isinstance(cell, list | tuple | dict)).any()


@kinds
def test_a_frame_holds_single_values(answers, kind):
    for frame in (answers[kind].to_frame(), *answers[kind].frames().values()):
        for column in frame:
            assert frame[column].map(pandas.api.types.is_scalar).all()


def test_truth_is_written_true_or_false_and_what_is_missing_is_empty(tmp_path):
    row = {"a": True, "b": False, "c": None, "d": math.nan, "e": 0.1}
    path = tmp_path / "t.csv"
    path.write_text(rows_to_csv([row]))
    assert path.read_text() == "a,b,c,d,e\ntrue,false,,,0.1\n"
    assert pandas.read_csv(path).a.dtype == bool
    assert read_csv(path) == [{"a": "true", "b": "false", "c": "", "d": "", "e": "0.1"}]


@pytest.mark.parametrize(
    ("value", "text"),
    [([2, 1], "[2, 1]"), ((0.5, None), "[0.5, null]"), ({"kind": "fixed"}, "{kind: fixed}")],
)
def test_a_list_that_is_varied_is_written_as_a_scenario_file_has_it(value, text):
    """Flow style, which YAML reads back."""
    point = sweep_answer().points[0]
    varied = dataclasses.replace(point, values={"allocation.ratio": value})
    (row,) = sweep_answer(keys=("allocation.ratio",), points=(varied,)).rows()
    assert row["allocation.ratio"] == text == flow(value) == cell_of(value)
    (cells,) = csv.DictReader(io.StringIO(rows_to_csv([row])))
    plain = json.loads(json.dumps(value))
    assert YAML(typ="safe").load(cells["allocation.ratio"]) == plain


def test_a_value_that_is_no_list_stays_itself():
    assert [cell_of(value) for value in (1, 0.5, True, None, "a")] == [1, 0.5, True, None, "a"]


def test_what_is_known_of_an_event_has_columns_of_its_own_with_every_digit(answers):
    trace = answers["trace"]
    rows = trace.tables()["events"]
    assert len({tuple(row) for row in rows}) == 1
    place = next(k for k, e in enumerate(trace.all_events) if e.event == "plasma delivered")
    event, row = trace.all_events[place], rows[place]
    assert {"site", "litres", "refused"} <= set(row)
    assert (row["litres"], row["modality"]) == (event.details["litres"], None)
    assert "details" not in row


def test_every_value_of_a_study_is_a_single_value_in_its_frame():
    frame = simulator.load("nct05484908").to_frame()
    assert frame.value.map(pandas.api.types.is_scalar).all()
