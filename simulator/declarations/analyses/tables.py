"""Tests of one 2 x 2 table of the dead and the living by arm."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from pydantic import Field

from simulator.declarations.analyses.analysis import (
    Analysis,
    Beside,
    Information,
    NoMargin,
    Options,
    SizeFormula,
)
from simulator.declarations.analyses.measure import RISK_DIFFERENCE
from simulator.declarations.analyses.variable import DEATH_BY_DAY
from simulator.errors import RuleError

_TABLES = "simulator.analysis.exact_tables"
# The p values of a table of n patients take a time that grows as n^3 (Fisher) or n^4, and each
# margin that losses leave needs its own: seconds each at these numbers.
_MOST_CONDITIONAL, _MOST_UNCONDITIONAL, _MOST_BARNARD = 5_000, 500, 150


class BergerBoos(Options):
    """An unconditional test whose nuisance parameter is kept to a confidence interval."""

    gamma: Annotated[float, Field(gt=0, lt=0.05)] = Field(
        description="one minus the confidence of the interval, as 0.001; added to the p value"
    )

    def broken_rules(self, beside: Beside) -> Iterator[RuleError]:
        """Yield a gamma that would leave nothing to reject."""
        if self.gamma >= beside.alpha:
            yield RuleError(
                "is added to every p value: at alpha or above no trial could reject",
                "use a small part of alpha, as 0.001",
                "gamma",
            )


_SCORE = "use risk_difference with interval: farrington_manning"
_NO_MARGIN = NoMargin("compares with no difference alone", f"{_SCORE}, its like with a margin")
_CONDITIONAL = NoMargin(
    "is made of probabilities given all deaths, which know of no difference but none",
    f"use z_pooled, exact with a margin, or {_SCORE[4:]}",
)
_of_table = partial(
    Analysis,
    variable=DEATH_BY_DAY,
    measure=RISK_DIFFERENCE,
    size_formula=SizeFormula.PROPORTIONS,
    information=Information.COMPLETED,
)
_EXACT = "simulator.analysis.proportions:exact"
_exact = partial(_of_table, kernel=_EXACT, lanes=_EXACT, holds_level=True, no_margin=_CONDITIONAL)

CHI_SQUARE = _of_table(
    word="chi_square",
    full_name="Pearson's chi-square test",
    short_name="Chi-square",
    details="asymptotic",
    no_margin=_NO_MARGIN,
    kernel="simulator.analysis.proportions:chi_square",
    lanes="simulator.analysis.proportions:chi_square",
    table=f"{_TABLES}:chi_square",
)
YATES = _of_table(
    word="yates",
    full_name="chi-square test with Yates's correction",
    short_name="Chi-square (Yates)",
    no_margin=_NO_MARGIN,
    takes_the=True,
    kernel="simulator.analysis.proportions:yates",
    lanes="simulator.analysis.proportions:yates",
    table=f"{_TABLES}:yates",
)
FISHER = _exact(
    word="fisher",
    full_name="Fisher's exact test",
    short_name="Fisher",
    table=f"{_TABLES}:fisher",
    most_patients=_MOST_CONDITIONAL,
)
MID_P = _exact(
    word="mid_p",
    full_name="Fisher's test with mid-p values",
    short_name="Fisher (mid-p)",
    table=f"{_TABLES}:mid_p",
    most_patients=_MOST_CONDITIONAL,
    holds_level=False,
)
Z_POOLED = _exact(
    word="z_pooled",
    full_name="Suissa and Shuster's unconditional exact test",
    short_name="Suissa-Shuster",
    with_margin=("Chan's unconditional exact test", "Chan"),
    no_margin=None,
    table=f"{_TABLES}:z_pooled",
    most_patients=_MOST_UNCONDITIONAL,
)
Z_POOLED_BERGER_BOOS = _exact(
    word="z_pooled_berger_boos",
    full_name="Suissa and Shuster's exact test",
    short_name="Suissa-Shuster (B-B)",
    no_margin=NoMargin(
        "has an interval of the common mortality, and with a margin there is none",
        "use z_pooled",
    ),
    details="Berger and Boos's gamma {gamma:g}",
    options=BergerBoos,
    table=f"{_TABLES}:z_pooled",
    most_patients=_MOST_UNCONDITIONAL,
)
BARNARD = _exact(
    word="barnard",
    full_name="Barnard's exact CSM test",
    short_name="Barnard",
    table=f"{_TABLES}:barnard_csm",
    most_patients=_MOST_BARNARD,
    two_sided_only=True,
)
BOSCHLOO = _exact(
    word="boschloo",
    full_name="Boschloo's exact test",
    short_name="Boschloo",
    details="central",
    table=f"{_TABLES}:boschloo",
    most_patients=_MOST_UNCONDITIONAL,
)
BOSCHLOO_MINLIKE = _exact(
    word="boschloo_minlike",
    full_name="Boschloo's exact test",
    short_name="Boschloo (min. lik.)",
    details="minimum likelihood",
    table=f"{_TABLES}:boschloo_minlike",
    most_patients=_MOST_UNCONDITIONAL,
    two_sided_only=True,
)
BOSCHLOO_BERGER_BOOS = _exact(
    word="boschloo_berger_boos",
    full_name="Boschloo's exact test",
    short_name="Boschloo (B-B)",
    details="central, Berger and Boos's gamma {gamma:g}",
    options=BergerBoos,
    table=f"{_TABLES}:boschloo",
    most_patients=_MOST_UNCONDITIONAL,
)
