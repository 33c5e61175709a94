"""What of a conduct is refused, with its rule and remedy (model page, section 11)."""

import numpy as np
import pytest
from scenario_builder import bare, base_case
from scheme_options import options_of

from simulator.allocation import SCHEMES
from simulator.conduct import as_planned, check_conduct
from simulator.errors import ConductError, TrialsimError
from simulator.params.lower import lower

TARGET = 20


def params_under(scheme="complete"):
    allocation = {"scheme": scheme, "ratio": [1, 1], "options": options_of(scheme), "factors": None}
    if SCHEMES[scheme].factors.name == "NEEDED":
        allocation["factors"] = [{"variable": "inr", "cut_points": [2.0]}]
    changes = {"allocation": allocation, "trial.target_randomised": TARGET}
    return lower(base_case("nct05484908", changes))


def of(column, values, trials=3):
    return as_planned(np.arange(trials), TARGET)._replace(**{column: np.asarray(values)})


def test_what_is_planned_is_not_refused():
    check_conduct(params_under(), as_planned(np.array([7, 2, 2]), TARGET))
    check_conduct(params_under(), as_planned(np.empty(0, np.int64), TARGET))


def test_change_at_once_and_pause_without_end_are_not_refused():
    pauses = {
        "pause_from_day": np.array([[0.0, np.inf]]),
        "pause_until_day": np.full((1, 2), np.inf),
    }
    conduct = as_planned(np.arange(1), TARGET)._replace(
        recruitment_closes_day=np.zeros(1), treatment_stops_day=np.zeros(1), **pauses
    )
    check_conduct(params_under(), conduct)


@pytest.mark.parametrize(
    ("conduct", "key", "rule"),
    [
        (of("trial", [0, -1, 2]), "trial[1]", "0 to 4294967295"),
        (of("trial", [0, 1, 2**32]), "trial[2]", "0 to 4294967295"),
        (of("trial", [0.0, 1.0, 2.0]), "trial.dtype", "whole numbers"),
        (of("most_randomised", [20, 20, 0]), "most_randomised[2]", "1 or more"),
        (of("most_randomised", [20, 20]), "most_randomised.shape", "one row per trial"),
        (of("recruitment_closes_day", [1.0, np.nan, 1.0]), "recruitment_closes_day[1]", "0 or"),
        (of("recruitment_closes_day", [1, 1, 1]), "recruitment_closes_day.dtype", "floating"),
        (of("treatment_stops_day", [-1.0, 1.0, 1.0]), "treatment_stops_day[0]", "0 or later"),
        (of("treatment_stops_day", [[1.0]] * 3), "treatment_stops_day.shape", "one row per"),
        (of("pause_from_day", [1.0] * 3), "pause_from_day.shape", "one column per pause"),
        (of("pause_until_day", [[1.0]] * 3), "pause_until_day.shape", "one column per pause"),
    ],
)
def test_columns_that_cannot_be_are_refused(conduct, key, rule):
    with pytest.raises(ConductError, match=rule) as refused:
        check_conduct(params_under(), conduct)
    assert isinstance(refused.value, TrialsimError)
    assert refused.value.key == key
    assert refused.value.remedy in str(refused.value)


@pytest.mark.parametrize(
    ("pause", "until", "key"),
    [
        ([[1.0, 9.0]], [[2.0, 8.0]], "pause_until_day[0, 1]"),
        ([[np.nan, 9.0]], [[2.0, 9.0]], "pause_from_day[0, 0]"),
        ([[1.0, 9.0]], [[2.0, np.nan]], "pause_until_day[0, 1]"),
        ([[np.inf]], [[5.0]], "pause_until_day[0, 0]"),
        ([[-1.0]], [[5.0]], "pause_from_day[0, 0]"),
    ],
)
def test_pauses_that_cannot_be_are_refused(pause, until, key):
    conduct = as_planned(np.arange(1), TARGET)._replace(
        pause_from_day=np.array(pause), pause_until_day=np.array(until)
    )
    with pytest.raises(ConductError) as refused:
        check_conduct(params_under(), conduct)
    assert refused.value.key == key


@pytest.mark.parametrize("scheme", SCHEMES)
def test_more_than_planned_are_refused_where_a_scheme_has_no_place_for_them(scheme):
    params, conduct = params_under(scheme), of("most_randomised", [20, 21, 30])
    if scheme in ("random_allocation", "truncated_binomial", "maximal"):
        with pytest.raises(ConductError, match=rf"\[1\] = 21: .* target of 20, and {scheme} has"):
            check_conduct(params, conduct)
        check_conduct(params, of("most_randomised", [20, 1, 19]))
    else:
        check_conduct(params, conduct)


def test_more_than_planned_are_refused_under_uniform_accrual():
    params = lower(bare(TARGET))
    with pytest.raises(ConductError, match="uniform accrual the number of candidates is fixed"):
        check_conduct(params, of("most_randomised", [20, 21, 20]))
    check_conduct(params, of("most_randomised", [20, 1, 20]))


def test_a_refusal_passes_from_one_process_to_another():
    with pytest.raises(ConductError) as refused:
        check_conduct(params_under(), of("most_randomised", [20, 20, -3]))
    kind, arguments = refused.value.__reduce__()[:2]
    assert str(kind(*arguments)) == str(refused.value)
