"""Records in which some trials were simulated again."""

from typing import Any

import numpy as np

from simulator.records import Ints, TrialRecords

_Piece = tuple[bool, int, int]  # of the newer records; first row and end


def replaced(records: TrialRecords, rows: Ints, newer: TrialRecords) -> TrialRecords:
    """Return records whose trials at some rows, which climb, are those of other records."""
    old, new = _bounds(records), _bounds(newer)
    trials, patients = list[_Piece](), list[_Piece]()
    done = 0
    for k, row in enumerate(rows.tolist()):
        trials += [(False, done, row), (True, k, k + 1)]
        patients += [(False, old[done], old[row]), (True, new[k], new[k + 1])]
        done = row + 1
    trials.append((False, done, len(old) - 1))
    patients.append((False, old[done], old[-1]))
    of_trials = _joined(records.trials, newer.trials, trials)
    first_row = np.cumsum(of_trials.randomised) - of_trials.randomised
    return TrialRecords(
        of_trials._replace(first_row=first_row),
        _joined(records.patients, newer.patients, patients),
        _joined(records.sessions, newer.sessions, patients),
    )


def _bounds(records: TrialRecords) -> list[int]:
    """First row of each trial's patients and, last, their number."""
    return [0, *np.cumsum(records.trials.randomised).tolist()]


def _joined(old: Any, new: Any, pieces: list[_Piece]) -> Any:
    """Rows of two tables, piece by piece."""
    whole = [piece for piece in pieces if piece[1] < piece[2]]
    columns = (
        np.concatenate([(theirs if is_new else ours)[a:b] for is_new, a, b in whole])
        if whole
        else ours[:0]
        for ours, theirs in zip(old, new, strict=True)
    )
    return type(old)._make(columns)
