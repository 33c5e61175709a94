"""What the gate says of two records that differ."""

import numpy as np
import pytest
from differences import assert_same, differences
from scenario_builder import bare, base_case, run


@pytest.fixture(scope="module")
def records():
    return run(base_case(), seed=3, trials=2, first_trial=5)


def changed(records, table, column, values):
    part = getattr(records, table)._replace(**{column: values})
    return records._replace(**{table: part})


def test_equal_records_do_not_differ(records):
    assert differences(records, run(base_case(), seed=3, trials=2, first_trial=5)) == []


def test_one_bit_is_named_by_table_column_trial_patient_and_both_values(records):
    column = records.patients.entry_day.copy()
    column[61] = np.nextafter(column[61], np.inf)
    said = differences(changed(records, "patients", "entry_day", column), records)
    was, now = records.patients.entry_day[61].item(), column[61].item()
    assert said == [f"patients.entry_day: trial 6, patient 1: {now!r}, expected {was!r}"]


def test_place_in_the_row_is_named(records):
    column = records.sessions.status.copy()
    column[3, 2] = 99
    (said,) = differences(changed(records, "sessions", "status", column), records)
    assert said.startswith("sessions.status[2]: trial 5, patient 3: 99, expected ")


def test_a_number_for_nan_is_a_difference(records):
    column = records.patients.visit_meld.copy()
    column[np.isnan(column)] = 0.0
    said = differences(changed(records, "patients", "visit_meld", column), records)
    assert said[0].endswith("0.0, expected nan")
    assert said[-1].endswith(f"values of {column.size} differ")


@pytest.mark.parametrize("to", [np.int32, np.float64])
def test_type_is_compared(records, to):
    column = records.trials.screened.astype(to)
    with pytest.raises(AssertionError, match=r"trials\.screened: "):
        assert_same(changed(records, "trials", "screened", column), records)


def test_shape_is_compared(records):
    said = differences(run(bare(60), seed=3, trials=2, first_trial=5), records)
    assert "trials.failed_first: int64 (2, 0), expected int64 (2, 17)" in said
