"""The studies that ship are made of rows of the evidence, and of their numbers."""

import pytest

from calibration.synthesis.studies import read_studies

evidence = pytest.importorskip("calibration.evidence", reason="there is no evidence to compare")

# Rows by the share of deaths that a count of the studies amounts to: per cent who survive, or die.
SURVIVAL = {"A15": 36 / 103, "A01": 15 / 54, "A02": 29 / 77, "A05": 6 / 33, "A06": 6 / 31}
MORTALITY = {"A12": 26 / 78, "A14": 31 / 54}


def test_every_row_of_the_studies_is_one_of_the_evidence():
    known = evidence.read_evidence()
    for study in read_studies():
        assert study.rows
        assert set(study.rows) <= set(known), study.study


def test_counts_are_those_that_give_the_published_percentages():
    known = evidence.read_evidence()
    for row, share in SURVIVAL.items():
        assert known[row].value == pytest.approx(100 * (1 - share), abs=0.06), row
    for row, share in MORTALITY.items():
        assert known[row].value == pytest.approx(100 * share, abs=0.06), row


def test_patients_days_and_ratios_are_those_of_the_evidence():
    known = evidence.read_evidence()
    for study in read_studies():
        first = known[study.rows[-1]] if len(study.rows) == 1 else None
        if first is None or not study.weight:
            continue
        assert first.time_days == study.day, study.study
        if study.n is not None:
            assert first.n == study.n, study.study
        if study.measure in ("HR", "RR"):
            assert first.value == study.estimate, study.study
