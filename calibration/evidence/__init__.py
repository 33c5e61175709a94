"""Evidence: published figures with their citations, read from CSV and checked row by row."""

from calibration.evidence.chain import cited_rows, evidence_of, unfolded
from calibration.evidence.parameters import read_parameters
from calibration.evidence.reading import (
    COLUMNS,
    EVIDENCE_FILE,
    REQUIRED,
    read_evidence,
)
from calibration.evidence.units import UNITS
from simulator.results.evidence import (
    CountKind,
    EvidenceRow,
    EvidenceStatus,
    Parameter,
    Role,
    Statistic,
    Topic,
)

__all__ = [
    "COLUMNS",
    "EVIDENCE_FILE",
    "REQUIRED",
    "UNITS",
    "CountKind",
    "EvidenceRow",
    "EvidenceStatus",
    "Parameter",
    "Role",
    "Statistic",
    "Topic",
    "cited_rows",
    "evidence_of",
    "read_evidence",
    "read_parameters",
    "unfolded",
]
