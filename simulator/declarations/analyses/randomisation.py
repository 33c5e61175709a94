"""Randomisation tests of the statistic of another analysis."""

from functools import partial
from typing import Annotated

from pydantic import Field

from simulator.declarations.analyses.analysis import Options, RandomisationTest
from simulator.declarations.parts import Word


class Replay(Options):
    """A randomisation test."""

    of: Word = Field(description="name of the analysis whose statistic is compared")
    draws: Annotated[int, Field(ge=19, le=99_999)] = Field(
        description="allocations drawn, as 999; the smallest p value is 1 / (draws + 1)"
    )


_test = partial(
    RandomisationTest,
    details="of {of}, {draws} draws",
    takes_the=True,
    options=Replay,
    populations=("randomised",),
)

RERANDOMISATION = _test(
    word="rerandomisation",
    full_name="re-randomisation test",
    short_name="Re-randomisation",
    kernel="simulator.analysis.randomisation_tests:rerandomise",
)
PERMUTATION = _test(
    word="permutation",
    full_name="permutation test",
    short_name="Permutation",
    kernel="simulator.analysis.randomisation_tests:permute_arms",
)
