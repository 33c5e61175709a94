"""What is answered: frozen typed results, which need nothing else to be read or shown.

Made by `montecarlo` and `planning`, shown by `report`, kept by `store`. Each has `to_dict`,
`from_dict`, `to_frame` and a version of its JSON schema.
"""

from simulator.results.allocation import Allocation, AllocationSequence
from simulator.results.assurance import Assurance
from simulator.results.base import Answer, AnswerError, Record
from simulator.results.calibration import Calibration
from simulator.results.certificate import Certificate
from simulator.results.comparison import Comparison
from simulator.results.evidence_answer import Evidence
from simulator.results.exact import Exact
from simulator.results.power import Power
from simulator.results.size import Size
from simulator.results.sweep import Sweep
from simulator.results.trace import Trace

ANSWERS: dict[str, type[Answer]] = {
    kind.KIND: kind
    for kind in (
        Power,
        Sweep,
        Size,
        Trace,
        Allocation,
        AllocationSequence,
        Exact,
        Certificate,
        Comparison,
        Calibration,
        Assurance,
        Evidence,
    )
}

__all__ = [
    "ANSWERS",
    "Allocation",
    "AllocationSequence",
    "Answer",
    "AnswerError",
    "Assurance",
    "Calibration",
    "Certificate",
    "Comparison",
    "Evidence",
    "Exact",
    "Power",
    "Record",
    "Size",
    "Sweep",
    "Trace",
]
