"""What is answered: frozen typed results, which need nothing else to be read or shown.

Made by `montecarlo` and `planning`, shown by `report`, kept by `store`. Each has `to_dict`,
`from_dict`, `to_frame` and a version of its JSON schema. Each kind is imported when it is first
asked for: to read one answer, the classes of all the others need not be made.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.named import Late, named
from simulator.results.base import Answer, AnswerError, Record

if TYPE_CHECKING:
    from simulator.results.allocation import Allocation, AllocationSequence
    from simulator.results.assurance import Assurance
    from simulator.results.baseline import BaselineHazard
    from simulator.results.boundaries import Boundaries
    from simulator.results.calibration import Calibration
    from simulator.results.certificate import Certificate
    from simulator.results.comparison import Comparison
    from simulator.results.design import DesignSearch
    from simulator.results.evidence_answer import Evidence
    from simulator.results.exact import Exact
    from simulator.results.interim import Interim
    from simulator.results.levers import Levers
    from simulator.results.power import Power
    from simulator.results.prior import Prior
    from simulator.results.size import Size
    from simulator.results.sweep import Sweep
    from simulator.results.trace import Trace

_PLACES = {
    "power": "simulator.results.power:Power",
    "sweep": "simulator.results.sweep:Sweep",
    "size": "simulator.results.size:Size",
    "trace": "simulator.results.trace:Trace",
    "allocation": "simulator.results.allocation:Allocation",
    "allocation_sequence": "simulator.results.allocation:AllocationSequence",
    "boundaries": "simulator.results.boundaries:Boundaries",
    "monitor": "simulator.results.interim:Interim",
    "exact": "simulator.results.exact:Exact",
    "certificate": "simulator.results.certificate:Certificate",
    "comparison": "simulator.results.comparison:Comparison",
    "calibration": "simulator.results.calibration:Calibration",
    "assurance": "simulator.results.assurance:Assurance",
    "baseline": "simulator.results.baseline:BaselineHazard",
    "prior": "simulator.results.prior:Prior",
    "levers": "simulator.results.levers:Levers",
    "design": "simulator.results.design:DesignSearch",
    "evidence": "simulator.results.evidence_answer:Evidence",
}
ANSWERS: Mapping[str, type[Answer]] = Late(_PLACES)  # by their KIND
# What is said of runs on disk, which are no questions of their own: by their KIND.
ABOUT_RUNS: Mapping[str, type[Answer]] = Late(
    {
        "runs": "simulator.results.kept_runs:KeptRuns",
        "run": "simulator.results.kept_runs:Provenance",
        "runs_compared": "simulator.results.kept_runs:RunsCompared",
        "runs_pruned": "simulator.results.kept_runs:Pruned",
    }
)
_BY_NAME = {place.split(":")[1]: place for place in _PLACES.values()}


def __getattr__(name: str) -> Any:
    """Return a kind of answer by the name of its class."""
    if name in _BY_NAME:
        return named(_BY_NAME[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ABOUT_RUNS",
    "ANSWERS",
    "Allocation",
    "AllocationSequence",
    "Answer",
    "AnswerError",
    "Assurance",
    "BaselineHazard",
    "Boundaries",
    "Calibration",
    "Certificate",
    "Comparison",
    "DesignSearch",
    "Evidence",
    "Exact",
    "Interim",
    "Levers",
    "Power",
    "Prior",
    "Record",
    "Size",
    "Sweep",
    "Trace",
]
