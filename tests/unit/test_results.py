"""Answers: they come back from their JSON, tell their version, and are rows of single values."""

import dataclasses
import json
import math
import subprocess
import sys
import typing
from collections.abc import Mapping
from enum import Enum

import pytest
from answers import calibrated_values

import simulator
from simulator.planning.interim.file import EXAMPLE
from simulator.results import ANSWERS
from simulator.results.base import Answer, AnswerError, Record
from simulator.results.curves import Curves
from simulator.results.json_schema import answer_schema
from simulator.store import rows_to_csv, to_json

SIZES = {"trial.target_randomised": [60, 80]}
LARGER = {"trial.target_randomised": 120}
OTHER = {"analyses[0].name": "other"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> dict[str, Answer]:
    """One small answer of each kind, from Python."""
    study = simulator.load("two-arm-survival")
    base = simulator.load("nct05484908")
    found = [
        base.power(60),
        study.sweep({"trial.target_randomised": [60, 80]}, 60),
        study.size(0.3, patients=100_000),
        base.trace(3),
        base.allocation(["permuted_block(4)", "complete"], 40),
        base.allocation_sequence("complete", 3),
        simulator.exact("boschloo", (28, 30), (0.6, 0.3)),
        simulator.boundaries((0.5, 1), "pocock", power=0.9, futility="z(0)"),
        base.monitor(EXAMPLE),
        study.levers(60),
        study.design(0.3, choose={"n": [40, 60, 80]}, trials=100),
        study.certify(50),
        base.evidence("modalities[PE].full_course_hazard_ratio"),
        study.compare(study.with_values({"trial.target_randomised": 80}), 60),
        simulator.baseline(["B05", "B06", "A11", "A12"], (7, 14, 84)),
        simulator.prior(draws=5),
        base.assurance(4, 10),
        study.with_values(calibrated_values()).calibrate(20),
    ]
    return {answer.KIND: answer for answer in found}


def kinds(of=tuple(ANSWERS)):
    return pytest.mark.parametrize("kind", of)


def same(a, b) -> bool:
    """Whether two values are equal, NaN equal to itself."""
    if isinstance(a, Record):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name))
            for f in dataclasses.fields(a)
            if f.metadata.get("json", True)
        )
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return a == b and type(a) is type(b)


def test_every_kind_of_answer_is_made_by_python(answers):
    assert set(answers) == set(ANSWERS)


@kinds()
def test_an_answer_comes_back_from_its_json(answers, kind):
    answer = answers[kind]
    again = ANSWERS[kind].from_dict(json.loads(to_json(answer.to_dict())))
    assert same(answer, again)
    assert again.to_dict() == json.loads(to_json(again.to_dict()))


@kinds()
def test_an_answer_of_another_version_is_refused(answers, kind):
    plain = answers[kind].to_dict() | {"schema_version": 0}
    with pytest.raises(AnswerError, match="version 0 of its schema"):
        ANSWERS[kind].from_dict(plain)


@kinds()
def test_a_field_that_is_missing_or_of_another_type_is_named(answers, kind):
    plain = answers[kind].to_dict()
    name = list(plain)[-1]
    with pytest.raises(AnswerError, match=f"{name} is missing"):
        ANSWERS[kind].from_dict({key: value for key, value in plain.items() if key != name})
    first = list(plain)[2]
    with pytest.raises(AnswerError):
        ANSWERS[kind].from_dict(plain | {first: {"not": "this"}})


def test_another_kind_is_refused(answers):
    with pytest.raises(AnswerError, match="not sweep"):
        ANSWERS["sweep"].from_dict(answers["power"].to_dict())


@kinds()
def test_rows_have_the_same_keys_and_single_values(answers, kind):
    rows = answers[kind].rows()
    assert rows
    assert len({tuple(row) for row in rows}) == 1
    for row in rows:
        for cell in row.values():
            assert cell is None or isinstance(cell, bool | int | float | str)
    assert len(answers[kind].to_frame()) == len(rows)


@kinds()
def test_the_schema_has_every_field_of_the_json(answers, kind):
    schema, plain = answer_schema(ANSWERS[kind]), answers[kind].to_dict()
    assert set(schema["properties"]) == set(plain) == set(schema["required"])
    assert schema["properties"]["kind"] == {"const": kind}


def test_curves_come_back_from_csv(answers):
    curves = answers["power"].curves
    tables = {}
    for name, rows in curves.tables().items():
        header, *lines = rows_to_csv(rows).splitlines()
        names = header.split(",")
        tables[name] = [dict(zip(names, line.split(","), strict=True)) for line in lines]
    assert same(Curves.of_tables(tables), curves)


def test_every_field_of_every_answer_is_typed():
    """No field is `Any` but for values that a scenario can hold, and no mapping is untyped."""
    seen, pending = set(), list(ANSWERS.values())
    while pending:
        cls = pending.pop()
        if cls in seen:
            continue
        seen.add(cls)
        assert cls.__doc__
        assert not cls.__doc__.startswith(f"{cls.__name__}(")  # not the one dataclasses make
        for name, hint in typing.get_type_hints(cls).items():
            parts = [hint]
            while parts:
                part = parts.pop()
                assert part is not dict, f"{cls.__name__}.{name}"
                parts += [one for one in typing.get_args(part) if one is not Ellipsis]
                if isinstance(part, type) and issubclass(part, Record):
                    pending.append(part)
    assert len(seen) > 30


def test_words_of_answers_are_enumerations_with_values_of_their_own(answers):
    verdict = answers["power"].verdict
    assert isinstance(verdict.judgement, Enum)
    assert verdict.judgement.value == "too_few_trials"  # 60 of at least 100


def test_a_kept_answer_is_read_without_engine_or_schema():
    code = (
        "import sys; import simulator.results; "
        "heavy = {'numba', 'numpy', 'pydantic', 'scipy', 'simpy', 'pandas'} & set(sys.modules); "
        "print(', '.join(sorted(heavy)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda s: s.power("100"), TypeError, "trials = '100': must be a whole number"),
        (lambda s: s.power(0), ValueError, "trials = 0: must be from 1 to"),
        (lambda s: s.power(True), TypeError, "trials = True"),
        (lambda s: s.power(None), TypeError, "trials = None"),
        (lambda s: s.power(10, engine="fast"), ValueError, "engine = 'fast'"),
        (lambda s: s.power(10, jobs=0), ValueError, "jobs = 0"),
        (lambda s: s.power(10, seed=-1), ValueError, "seed = -1"),
        (lambda s: s.power(None, precision="x"), TypeError, "precision = 'x'"),
        (lambda s: s.sweep(["trial.target_randomised"]), ValueError, "vary = "),
        (lambda s: s.sweep({"trial.target_randomised": [60]}, 1), ValueError, "trials = 1"),
        (lambda s: s.size("0.8"), TypeError, "power = '0.8'"),
        (
            lambda s: s.size(analysis="cox"),
            simulator.TrialsimError,
            "analysis = cox: is no analysis",
        ),
        (lambda s: s.size(by="trial.no"), simulator.TrialsimError, "by: trial.no: is not a key"),
        (lambda s: s.size(0.01), simulator.TrialsimError, "power = 0.01: must be between alpha"),
        (lambda s: s.trace(1.5), TypeError, "trial = 1.5"),
        (lambda s: s.compare("other"), ValueError, "other = 'other'"),
        (lambda s: s.exact((0.6, 1.2)), ValueError, "is not a test of two proportions"),
        (lambda s: simulator.boundaries("0.5,1", "pocock"), ValueError, "must be a list of num"),
        (lambda s: simulator.boundaries((0.5, 1), "pocok"), ValueError, "did you mean pocock?"),
        (lambda s: simulator.boundaries((0.5, 1), "pocock", alpha="x"), ValueError, "alpha = x"),
        (lambda s: s.with_values([1]), ValueError, "values = "),
        (lambda s: s.with_values({"trial.no": 1}), simulator.TrialsimError, "trial.no"),
        (lambda s: s.allocation(["efron(2)"]), simulator.TrialsimError, "probability = 2"),
        (lambda s: s.allocation("complete"), ValueError, "schemes = 'complete': must be a list"),
        (lambda s: s.sweep({"trial.target_randomised": 60}), ValueError, "must be a list of"),
        (lambda s: s.sweep({"allocation.scheme": "efron"}), ValueError, "must be a list of"),
        (lambda s: s.trace(3, patient=60), IndexError, "patient = 60: trial 3 has patients 0 to"),
        (lambda s: s.trace(3, patient=-1), IndexError, "patient = -1"),
        (lambda s: simulator.exact("fisher", 30, (0.6, 0.3)), TypeError, "n = 30: must be two"),
        (lambda s: simulator.exact("fisher", (30, 30), 0.6), TypeError, "p = 0.6: must be two"),
        (lambda s: s.compare(s.with_values(OTHER)), simulator.TrialsimError, "share no analysis"),
        (lambda s: s.report("x.docx", s.sweep(SIZES, 20)), ValueError, "answer of Study.power"),
        (lambda s: s.with_values(LARGER).report("x.docx", s.power(20)), ValueError, "this study"),
    ],
)
def test_a_wrong_argument_is_named_with_its_value_and_the_rule(call, error, says):
    with pytest.raises(error) as caught:
        call(simulator.load("two-arm-survival"))
    assert says in str(caught.value)
    assert "--" not in str(caught.value)  # an option of the command line is none of Python


def test_a_study_shows_itself_in_a_line_and_takes_other_values():
    study = simulator.load("two-arm-survival")
    assert len(repr(study)) < 200
    other = study.with_values(LARGER)
    assert "120 patients" in repr(other)
    assert "60 patients" in repr(study)
    assert simulator.__version__


def test_what_was_changed_is_told_by_the_title_of_every_answer():
    study = simulator.load("two-arm-survival")
    larger = study.with_values(LARGER)
    assert larger.power(20).title.endswith(", with trial.target_randomised = 120")
    assert larger.with_values({"title": "the larger one"}).power(20).title == "the larger one"
    assert study.with_values({}).power(20).title == study.power(20).title


def test_variants_of_a_scenario_are_told_apart_in_a_comparison():
    study = simulator.load("two-arm-survival")
    found = study.compare(study.with_values(LARGER), 20)
    assert found.first == "two-arm-survival"
    assert found.second == "two-arm-survival with trial.target_randomised = 120"
    assert study.compare(study.with_values(LARGER | {"name": "larger"}), 20).second == "larger"


def test_every_value_of_a_scenario_is_listed_with_its_source():
    frame = simulator.load("two-arm-survival").to_frame().set_index("key")
    assert list(frame) == ["value", "source", "kind", "rows"]
    assert frame.value["trial.target_randomised"] == 60
    assert frame.source["hazard.baseline.mortality_at_horizon"] == "assumption"
    assert frame.kind["trial.target_randomised"] == "none"
    base = simulator.load("nct05484908").to_frame().set_index("key")
    assert base.rows["accrual.sites[0].randomised_per_month"] == "H01 H02 H19"
    assert "two-arm-survival" in simulator.scenarios()


def test_frames_tell_what_was_asked_and_what_was_found(answers):
    exact = answers["exact"].to_frame().iloc[0]
    assert [exact[key] for key in ("n_1", "n_2", "p_1", "p_2")] == [28, 30, 0.6, 0.3]
    assert exact.detectable_lower == answers["exact"].detectable.lower

    level = answers["certificate"].levels[0]
    row = answers["certificate"].to_frame().iloc[0]
    assert (row.at_mortality, row.verdict) == (level.at.mortality, level.verdict.value)

    steps = answers["allocation_sequence"].to_frame()
    assert (steps["before_PE"] + steps["before_DPMAS+LPE"]).tolist() == list(range(60))
    assert set(steps["probability_PE"]) == {0.5}

    trace = answers["trace"]
    dead = trace.to_frame().outcome.str.contains("death").sum()
    assert dead == sum(trace.deaths.values())
    alive = [p.patient for p in trace.patients if not p.outcomes]
    assert alive
    assert repr(trace.of_patient(alive[0])).endswith("alive")


def test_exact_takes_what_the_scenario_plans():
    """Fisher's exact power of the base case, as its own test and sizes have it."""
    base = simulator.load("nct05484908")
    alone = simulator.exact("fisher", (30, 30), (0.6, 0.3))
    assert base.exact((0.6, 0.3)).power == alone.power
