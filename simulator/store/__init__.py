"""Runs on disk.

What is asked of many runs is in `listing`, `exporting` and `pruning`: an answer that is kept is
shown without them.
"""

from simulator.store.at_work import at_work
from simulator.store.durable import write_whole, written_aside
from simulator.store.enclosures import Enclosures
from simulator.store.folders import folder_written_aside
from simulator.store.manifest import MANIFEST, StoreError
from simulator.store.places import CONFLICT, Filed, Place, file_run, look
from simulator.store.question import RESULTS, UNITS, Question, question_of, units_beside
from simulator.store.runs import (
    DATA,
    ESTIMATES,
    FIGURES,
    TABLE,
    TEXT,
    Run,
    read_run,
    write_run,
)
from simulator.store.writing import csv_text, read_csv, rows_to_csv, to_csv, to_json

__all__ = [
    "CONFLICT",
    "DATA",
    "ESTIMATES",
    "FIGURES",
    "MANIFEST",
    "RESULTS",
    "TABLE",
    "TEXT",
    "UNITS",
    "Enclosures",
    "Filed",
    "Place",
    "Question",
    "Run",
    "StoreError",
    "at_work",
    "csv_text",
    "file_run",
    "folder_written_aside",
    "look",
    "question_of",
    "read_csv",
    "read_run",
    "rows_to_csv",
    "to_csv",
    "to_json",
    "units_beside",
    "write_run",
    "write_whole",
    "written_aside",
]
