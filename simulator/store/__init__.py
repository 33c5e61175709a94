"""Runs on disk."""

from simulator.store.locks import at_work
from simulator.store.question import RESULTS, UNITS, Question, question_of, units_beside
from simulator.store.runs import (
    DATA,
    ESTIMATES,
    FIGURES,
    MANIFEST,
    TABLE,
    TEXT,
    Run,
    StoreError,
    answer_in,
    new_run,
    read_run,
    write_run,
)
from simulator.store.writing import (
    csv_text,
    read_csv,
    rows_to_csv,
    to_csv,
    to_json,
    write_whole,
)

__all__ = [
    "DATA",
    "ESTIMATES",
    "FIGURES",
    "MANIFEST",
    "RESULTS",
    "TABLE",
    "TEXT",
    "UNITS",
    "Question",
    "Run",
    "StoreError",
    "answer_in",
    "at_work",
    "csv_text",
    "new_run",
    "question_of",
    "read_csv",
    "read_run",
    "rows_to_csv",
    "to_csv",
    "to_json",
    "units_beside",
    "write_run",
    "write_whole",
]
