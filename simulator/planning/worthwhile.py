"""What makes an effect worthwhile, as `hazard_ratio<=0.8`, and the draws in which it is."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulator.params.types import Bools
from simulator.records import Floats
from simulator.scenario.errors import RuleError, nearest

HAZARD_RATIO, MORTALITY_DIFFERENCE = "hazard_ratio", "mortality_difference"
OF_EFFECT = HAZARD_RATIO, MORTALITY_DIFFERENCE
_WRITTEN = re.compile(r"\s*(?P<quantity>.+?)\s*(?P<sign><=|>=|<|>|=)\s*(?P<value>[^<>=]+?)\s*")


class Criterion(NamedTuple):
    """What makes an effect worthwhile.

    Attributes
    ----------
    quantity
        An uncertain key as the scenario has it, or one of `OF_EFFECT`, of the second arm against
        the first.
    at_most
        Whether it is to be at most the value; else at least.
    is_default
        Whether nothing was said.
    """

    quantity: str
    at_most: bool
    value: float
    is_default: bool = False

    def holds(self, found: Floats) -> Bools:
        """Return where it holds; where a value does not exist, it does not."""
        kept = found <= self.value if self.at_most else found >= self.value
        return np.asarray(kept & np.isfinite(found))


def criterion_of(text: str, keys: Sequence[str]) -> Criterion:
    """Read a criterion.

    Parameters
    ----------
    keys
        The uncertain keys as the scenario has them.

    Raises
    ------
    RuleError
        If it cannot be read, or names no quantity that is known.
    """
    read = _WRITTEN.fullmatch(text)
    example = "as hazard_ratio<=0.8, mortality_difference<=-0.1 or KEY>=VALUE"
    if read is None or read["sign"] == "=":
        raise RuleError("must be a quantity, <= or >=, and a number", example)
    try:
        value = float(read["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RuleError(f"{read['value']} is not a number", example)
    quantity, known = read["quantity"], [*OF_EFFECT, *keys]
    if quantity not in known:
        near = nearest(quantity, known)
        remedy = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
        raise RuleError(f"{quantity} is neither an uncertain key nor a measure of effect", remedy)
    return Criterion(quantity, read["sign"][0] == "<", value)


def default_criterion(hazard_ratio: float, mortality: tuple[float, float]) -> Criterion:
    """Return the scenario's own effect, or better for the second arm."""
    if math.isfinite(hazard_ratio):
        return Criterion(HAZARD_RATIO, True, hazard_ratio, True)
    return Criterion(MORTALITY_DIFFERENCE, True, mortality[1] - mortality[0], True)
