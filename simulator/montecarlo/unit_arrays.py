"""A unit of work as arrays by name, as it is kept and as it comes back, to the last bit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.analysis import AnalysisTable
from simulator.montecarlo.evaluation import Evaluation
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.sums import Verdicts
from simulator.params.types import Params

Arrays = Mapping[str, npt.NDArray[Any]]


def arrays_of(unit: UnitResult) -> dict[str, npt.NDArray[Any]]:
    """Return everything that a unit holds."""
    found = unit.sums.state()
    found["bits"] = unit.verdicts.bits
    found |= {f"observed.{k}": seen for k, seen in enumerate(unit.observed)}
    found |= {f"columns.{name}": column for name, column in unit.columns.items()}
    if unit.table is not None:
        found |= {f"table.{name}": column for name, column in unit.table._asdict().items()}
    if unit.controls is not None:
        found["controls"] = unit.controls
    return found


def unit_from(params: Params, asked: Evaluation, arrays: Arrays) -> UnitResult:
    """Return the unit of which these are the arrays.

    Raises
    ------
    KeyError, ValueError
        If they are those of a unit of which something else was asked.
    """
    sums = asked.new_sums(params)
    sums.restore(arrays)
    bits = arrays["bits"]
    if bits.dtype != np.uint8 or bits.shape != (sums.verdict_rows, -(-sums.trials // 8)):
        raise ValueError(f"bits of shape {bits.shape}")
    table = None
    if asked.table:
        table = AnalysisTable._make(arrays[f"table.{name}"] for name in AnalysisTable._fields)
    seen = sum(name.startswith("observed.") for name in arrays)
    return UnitResult(
        sums,
        Verdicts(bits, sums.trials, len(asked.plans)),
        tuple(arrays[f"observed.{k}"] for k in range(seen)),
        {name: arrays[f"columns.{name}"] for name in asked.columns},
        table,
        arrays["controls"] if asked.control is not None else None,
    )
