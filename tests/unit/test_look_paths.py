"""Single trials at their looks, and when trials end, as a run tells of them."""

from collections import Counter

import pytest

import simulator
from simulator.planning.look_paths import PATHS
from simulator.results.curves import Curves

TRIALS = 400


@pytest.fixture(scope="module")
def answer():
    return simulator.load("nct05484908-looks").power(TRIALS, jobs=1)


def test_the_first_trials_are_told_of_and_no_more(answer):
    points = answer.curves.looks
    assert sorted({point.trial for point in points}) == list(range(PATHS))
    places = [(point.trial, point.look) for point in points]
    assert places == sorted(places)


def test_they_are_the_same_whatever_the_number_of_trials_and_of_workers(answer):
    study = simulator.load("nct05484908-looks")
    few = study.power(150, jobs=2).curves.looks
    assert few == answer.curves.looks
    assert {point.trial for point in study.power(30, jobs=1).curves.looks} == set(range(30))


def test_a_path_ends_where_its_trial_does(answer):
    by_trial = {}
    for point in answer.curves.looks:
        by_trial.setdefault(point.trial, []).append(point)
    for points in by_trial.values():
        *before, last = points
        assert [point.decision for point in before] == ["goes on"] * len(before)
        assert last.decision != "goes on"
        assert (last.decision == "does not reject") <= (last.look == 2)
        assert (last.favours in answer.arms) == (last.decision == "rejects")


def test_what_rejects_is_beyond_the_boundary_at_its_own_information(answer):
    """Boundaries fall with information: one at more than planned is lower, at less higher."""
    first = answer.looks.boundaries.looks[0]
    for point in answer.curves.looks:
        if point.look == 1 and point.decision == "futility":
            assert point.z < first.futility_z + 0.1
        if point.look == 1 and point.decision == "goes on":
            assert first.futility_z - 0.1 < point.z < first.efficacy_z + 0.3


def test_trials_end_by_month_as_the_looks_say(answer):
    stops, looks = answer.curves.stops, answer.looks.looks
    assert sum(s.futility for s in stops) == pytest.approx(looks[0].futility.mean)
    by_arm = looks[0].in_favour_of.values()
    assert sum(s.efficacy for s in stops) == pytest.approx(sum(e.mean for e in by_arm))
    assert sum(s.planned for s in stops) == pytest.approx(looks[1].taken.mean)
    assert stops[0].futility + stops[0].efficacy + stops[0].planned > 0
    widths = {round(s.end_day - s.start_day, 6) for s in stops}
    assert len(widths) == 1
    middle = sum(
        (s.start_day + s.end_day) / 2 * (s.futility + s.efficacy + s.planned) for s in stops
    )
    days = [looks[0].decision_day.mean, looks[1].decision_day.mean]
    stopped = 1 - looks[1].taken.mean
    # Of those that go on the look is taken on the same days, whatever it comes to.
    assert middle == pytest.approx(stopped * days[0] + (1 - stopped) * days[1], abs=20)


def test_they_travel_as_tables(answer):
    tables = answer.tables()
    assert Counter(row["look"] for row in tables["looks"])[1] == PATHS
    cells = {
        name: [
            {key: "" if cell is None else str(cell) for key, cell in row.items()} for row in rows
        ]
        for name, rows in tables.items()
    }
    back = Curves.of_tables(cells)
    assert back.stops == answer.curves.stops
    assert [point.decision for point in back.looks] == [p.decision for p in answer.curves.looks]


def test_a_run_without_looks_tells_of_none():
    curves = simulator.load("nct05484908").power(100, jobs=1).curves
    assert curves.looks == curves.stops == ()
    assert not {"looks", "stops"} & set(curves.tables())


UNANSWERED = """\
extends: nct05484908
name: unanswered
title: NCT05484908 that gives up where hardly anybody comes
monitoring:
  looks: [{at: {completed: 30}}]
  slow_recruitment: {day: 365, fewer_than: NUMBER, then: unanswered}
"""


@pytest.mark.parametrize("fewest", [28, 60])
def test_trials_without_a_final_test_end_in_no_month(tmp_path, fewest):
    """Some of them, or all."""
    path = tmp_path / "unanswered.yaml"
    path.write_text(UNANSWERED.replace("NUMBER", str(fewest)))
    found = simulator.load(path).power(60, jobs=1)
    slow = found.looks.slow_recruitment.closed.mean
    assert slow > 0.2 if fewest == 28 else slow == 1
    shares = [s.efficacy + s.futility + s.planned for s in found.curves.stops]
    assert sum(shares) == pytest.approx(1 - slow)
    assert "nan%" not in str(found).lower()
