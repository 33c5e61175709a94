"""Numbers of a plan that stay as they are while the number of patients is varied."""

from dataclasses import dataclass

from simulator.results.base import Record


@dataclass(frozen=True, repr=False)
class HeldNumber(Record):
    """A number of looks, or of the end, that does not go with the number of patients.

    Attributes
    ----------
    key, value
        Of the scenario.
    goes_along
        The key of the same part of a scenario that would, in its place.
    """

    key: str
    value: float
    goes_along: str
