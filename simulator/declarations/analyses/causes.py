"""Tests of deaths of one cause, where others compete or censor."""

from typing import Literal

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Information, NoMargin, Options
from simulator.declarations.analyses.measure import (
    CAUSE_LOG_HAZARD_RATIO,
    INCIDENCE_DIFFERENCE,
    SUBDISTRIBUTION_LOG_HAZARD_RATIO,
)
from simulator.declarations.analyses.variable import TIME_TO_CAUSE


class Cause(Options):
    """A test of deaths of one cause."""

    cause: Literal["liver", "tumour"] = Field(
        description="death of interest; death of another cause competes"
    )


CAUSE_SPECIFIC = Analysis(
    word="cause_specific",
    full_name="cause-specific log-rank test of {cause} death",
    short_name="Cause-specific",
    details="other ends censored",
    in_estimand="log-rank test, other ends censored",
    takes_the=True,
    options=Cause,
    variable=TIME_TO_CAUSE,
    information=Information.DEATHS,
    measure=CAUSE_LOG_HAZARD_RATIO,
    kernel="simulator.analysis.competing:cause_specific",
)
CUMULATIVE_INCIDENCE = Analysis(
    word="cumulative_incidence",
    full_name="difference between cumulative incidences of {cause} death",
    short_name="Cumulative incidence",
    details="Aalen-Johansen curves, normal test",
    in_estimand="Aalen-Johansen curves, normal test",
    takes_the=True,
    options=Cause,
    variable=TIME_TO_CAUSE,
    measure=INCIDENCE_DIFFERENCE,
    kernel="simulator.analysis.competing:cumulative_incidence",
)
GRAY = Analysis(
    word="gray",
    full_name="Gray's test",
    short_name="Gray",
    options=Cause,
    variable=TIME_TO_CAUSE,
    measure=SUBDISTRIBUTION_LOG_HAZARD_RATIO,
    kernel="simulator.analysis.gray:gray",
    no_margin=NoMargin(
        "its variance is that of equal cumulative incidences",
        "use cause_specific, or cumulative_incidence",
    ),
)
