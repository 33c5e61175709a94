"""Tests of the change of MELD to the last visit."""

from simulator.declarations.analyses.analysis import Analysis, Information, NoMargin, SizeFormula
from simulator.declarations.analyses.measure import ADJUSTED_CHANGE, MEAN_CHANGE, WORST_RANK
from simulator.declarations.analyses.variable import CHANGE_OF_SURVIVORS, RANK_OF_DEATH_AND_CHANGE

WELCH = Analysis(
    word="meld_welch",
    full_name="Welch's t test",
    short_name="Welch",
    variable=CHANGE_OF_SURVIVORS,
    information=Information.INVERSE_VARIANCE,
    measure=MEAN_CHANGE,
    kernel="simulator.analysis.meld:welch",
    size_formula=SizeFormula.MEANS,
)
ANCOVA = Analysis(
    word="meld_ancova",
    full_name="ANCOVA",
    short_name="ANCOVA",
    variable=CHANGE_OF_SURVIVORS,
    information=Information.INVERSE_VARIANCE,
    measure=ADJUSTED_CHANGE,
    kernel="simulator.analysis.meld:ancova",
    size_formula=SizeFormula.ADJUSTED_MEANS,
)
WORST_RANK_TEST = Analysis(
    word="meld_worst_rank",
    full_name="worst-rank Mann-Whitney test",
    short_name="Worst rank",
    in_estimand="Mann-Whitney test",
    takes_the=True,
    variable=RANK_OF_DEATH_AND_CHANGE,
    measure=WORST_RANK,
    kernel="simulator.analysis.meld:worst_rank",
    no_margin=NoMargin(
        "its standard error is that of no difference",
        "use net_benefit, or meld_ancova",
    ),
)
