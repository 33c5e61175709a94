"""Records in which some trials were simulated again."""

from typing import Any

import numpy as np

from simulator.records import Ints, TrialRecords


def replaced(records: TrialRecords, rows: Ints, newer: TrialRecords) -> TrialRecords:
    """Return records whose trials at some rows are those of other records, in their order."""
    size = records.trials.trial.size
    source = np.arange(size)
    source[rows] = size + np.arange(rows.size)
    randomised = np.concatenate([records.trials.randomised, newer.trials.randomised])
    first = np.concatenate([_first_rows(records), records.patients.arm.size + _first_rows(newer)])
    patients = randomised[source]
    ends = np.cumsum(patients)
    row = np.arange(ends[-1] if size else 0) - np.repeat(ends - patients, patients)
    row += np.repeat(first[source], patients)
    trials = _taken(records.trials, newer.trials, source)
    return TrialRecords(
        trials._replace(first_row=ends - patients),
        _taken(records.patients, newer.patients, row),
        _taken(records.sessions, newer.sessions, row),
    )


def _first_rows(records: TrialRecords) -> Ints:
    randomised = records.trials.randomised
    return np.asarray(np.cumsum(randomised) - randomised)


def _taken(one: Any, other: Any, places: Ints) -> Any:
    """Rows of a table and another below it."""
    columns = (np.concatenate(pair)[places] for pair in zip(one, other, strict=True))
    return type(one)._make(columns)
