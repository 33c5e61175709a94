"""Pairs compared by death, then by the change of MELD."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Options
from simulator.declarations.analyses.measure import LOG_WIN_ODDS, LOG_WIN_RATIO, NET_BENEFIT
from simulator.declarations.analyses.variable import DEATH_THEN_CHANGE_OF_PAIRS
from simulator.declarations.parts import NotNegative


class Win(Options):
    """Pairs compared by death, then by the change of MELD."""

    margin_points: NotNegative = Field(
        description="survivors whose changes of MELD differ by no more are tied"
    )
    censored_pairs: Literal["tied", "weighted"] = Field(
        default="tied",
        description="with lost: censored, a pair of which nobody was seen to lose is tied, or "
        "others weigh more, by the inverse probability of not being censored",
    )

    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with words for how censored pairs count."""
        weighted = options.get("censored_pairs") == "weighted"
        return {**options, "pairs": ", censored pairs weighted" if weighted else ""}


_of_pairs = partial(
    Analysis,
    details="margin {margin_points:g} points{pairs}",
    in_estimand="margin {margin_points:g} points",
    takes_the=True,
    options=Win,
    variable=DEATH_THEN_CHANGE_OF_PAIRS,
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
