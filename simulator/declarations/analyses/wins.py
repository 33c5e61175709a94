"""Pairs compared by death, then by the change of MELD."""

from functools import partial

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Options
from simulator.declarations.analyses.measure import LOG_WIN_ODDS, LOG_WIN_RATIO, NET_BENEFIT
from simulator.declarations.analyses.variable import DEATH_THEN_CHANGE
from simulator.declarations.parts import NotNegative


class Win(Options):
    """Pairs compared by death, then by the change of MELD."""

    margin_points: NotNegative = Field(
        description="survivors whose changes of MELD differ by no more are tied"
    )


_of_pairs = partial(
    Analysis,
    details="margin {margin_points:g} points",
    in_estimand="margin {margin_points:g} points",
    takes_the=True,
    options=Win,
    variable=DEATH_THEN_CHANGE,
)

WIN_RATIO = _of_pairs(
    word="win_ratio",
    full_name="win ratio",
    short_name="Win ratio",
    measure=LOG_WIN_RATIO,
    kernel="simulator.analysis.wins:win_ratio",
)
NET_BENEFIT_TEST = _of_pairs(
    word="net_benefit",
    full_name="net benefit",
    short_name="Net benefit",
    measure=NET_BENEFIT,
    kernel="simulator.analysis.wins:net_benefit",
)
WIN_ODDS = _of_pairs(
    word="win_odds",
    full_name="win odds",
    short_name="Win odds",
    measure=LOG_WIN_ODDS,
    kernel="simulator.analysis.wins:win_odds",
)
