"""Ways out of the trial, in the one order that all that numbers them follows."""

from enum import IntEnum


class Exit(IntEnum):
    """Exits in the order of the scenario's keys, then death from the liver.

    The numbers are part of the addresses of random numbers (`Purpose.EXIT`). Those of `DRAWN` have
    a constant hazard until a day, and number the places of `ExitParams`.
    """

    TUMOUR = 0
    TRANSPLANT = 1
    WITHDRAWAL = 2
    LOSS = 3
    INFECTION = 4
    LIVER = 5

    @property
    def key(self) -> str:
        """Its key in a scenario, and its name in the records."""
        return "tumour_death" if self is Exit.TUMOUR else self.name.lower()


DRAWN = tuple(Exit)[: Exit.LIVER]
