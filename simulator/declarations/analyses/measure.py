"""Summary measures: what an estimate estimates, on which scale, and where its true value is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from simulator.results.measures import Scale


class Pull(StrEnum):
    """Which way an estimate is biased."""

    NONE = "none"
    TOWARDS = "towards no difference"
    AWAY = "away from no difference"
    EITHER = "either way"


class LossBias(NamedTuple):
    """How an estimate is biased by what is made of the lost, if loss tells nothing of them.

    That is, if it is independent of prognosis and alike in both arms. For constant hazards these
    are closed forms (`tests/oracles/test_loss_bias.py`). Left out or counted as alive; counted as
    dead they bring the arms nearer to each other, whatever the measure.
    """

    excluded: Pull
    best_case: Pull


_OF_DIFFERENCE = LossBias(Pull.EITHER, Pull.EITHER)
_OF_RATIO = LossBias(Pull.TOWARDS, Pull.AWAY)
_OF_ODDS = LossBias(Pull.AWAY, Pull.TOWARDS)
_OF_HAZARDS = LossBias(Pull.TOWARDS, Pull.TOWARDS)
_OF_MEAN_TIME = LossBias(Pull.EITHER, Pull.TOWARDS)
_OF_SURVIVORS = LossBias(Pull.NONE, Pull.NONE)


@dataclass(frozen=True)
class Measure:
    """The population-level summary of ICH E9(R1), second arm against first.

    Attributes
    ----------
    name
        In a table or a sentence: a ratio's own name, not its logarithm's.
    words
        In an estimand, with {day} for the end of follow-up, {own_day} for the analysis's own day
        and {cause} for the cause of death.
    scale
        Of estimates, intervals and true values.
    truth
        Place of the function of (patients, options, follow-up days) that takes it of very many
        patients, as `module:name`.
    loss_bias
        Which way the lost bias it.
    of_all_follow_up
        Whether it is of all the time for which patients are followed: where hazards are not
        proportional its value depends on how long that is.
    more_is_better
        Whether the second arm fares better where the estimate is above no difference.
    """

    name: str
    words: str
    scale: Scale
    truth: str
    loss_bias: LossBias
    of_all_follow_up: bool = False
    more_is_better: bool = False

    def in_words(self, follow_up_days: int, options: Mapping[str, Any]) -> str:
        """Return the measure of an analysis with these options in words."""
        return self.words.format(
            day=follow_up_days,
            own_day=options.get("day", follow_up_days),
            cause=options.get("cause", ""),
        )


_TRUTH = "simulator.truth.measures"
RISK_DIFFERENCE = Measure(
    "risk difference",
    "difference in {day}-day mortality",
    Scale.PROPORTION,
    f"{_TRUTH}:risk_difference",
    _OF_DIFFERENCE,
)
LOG_RISK_RATIO = Measure(
    "risk ratio",
    "log ratio of {day}-day mortality",
    Scale.LOG_RATIO,
    f"{_TRUTH}:log_risk_ratio",
    _OF_RATIO,
)
LOG_ODDS_RATIO = Measure(
    "odds ratio",
    "log odds ratio of {day}-day death",
    Scale.LOG_RATIO,
    f"{_TRUTH}:log_odds_ratio",
    _OF_ODDS,
)
ADJUSTED_LOG_ODDS_RATIO = Measure(
    "odds ratio adjusted for MELD",
    "log odds ratio of {day}-day death at the same MELD",
    Scale.LOG_RATIO,
    f"{_TRUTH}:adjusted_log_odds_ratio",
    _OF_ODDS,
)
STRATIFIED_RISK_DIFFERENCE = Measure(
    "risk difference within strata",
    "difference in {day}-day mortality within strata",
    Scale.PROPORTION,
    f"{_TRUTH}:stratified_risk_difference",
    _OF_DIFFERENCE,
)
LOG_HAZARD_RATIO = Measure(
    "hazard ratio",
    "log hazard ratio of death within {day} days",
    Scale.LOG_RATIO,
    f"{_TRUTH}:log_hazard_ratio",
    _OF_HAZARDS,
    of_all_follow_up=True,
)
STRATIFIED_LOG_HAZARD_RATIO = Measure(
    "hazard ratio within strata",
    "log hazard ratio of death within {day} days, within strata",
    Scale.LOG_RATIO,
    f"{_TRUTH}:stratified_log_hazard_ratio",
    _OF_HAZARDS,
    of_all_follow_up=True,
)
WEIGHTED_LOG_HAZARD_RATIO = Measure(
    "weighted hazard ratio",
    "weighted log hazard ratio of death within {day} days",
    Scale.LOG_RATIO,
    f"{_TRUTH}:weighted_log_hazard_ratio",
    _OF_HAZARDS,
    of_all_follow_up=True,
)
RMST_DIFFERENCE = Measure(
    "difference in restricted mean survival time",
    "difference in mean survival time within {own_day:g} days",
    Scale.DAYS,
    f"{_TRUTH}:rmst_difference",
    _OF_MEAN_TIME,
    more_is_better=True,
)
LOG_CUMULATIVE_HAZARD_RATIO = Measure(
    "ratio of cumulative hazards",
    "log ratio of cumulative hazards at day {own_day:g}",
    Scale.LOG_RATIO,
    f"{_TRUTH}:log_cumulative_hazard_ratio",
    _OF_HAZARDS,
)
CAUSE_LOG_HAZARD_RATIO = Measure(
    "cause-specific hazard ratio",
    "log cause-specific hazard ratio of {cause} death within {day} days",
    Scale.LOG_RATIO,
    f"{_TRUTH}:cause_log_hazard_ratio",
    _OF_HAZARDS,
    of_all_follow_up=True,
)
SUBDISTRIBUTION_LOG_HAZARD_RATIO = Measure(
    "subdistribution hazard ratio",
    "log subdistribution hazard ratio of {cause} death within {day} days",
    Scale.LOG_RATIO,
    f"{_TRUTH}:subdistribution_log_hazard_ratio",
    _OF_HAZARDS,
    of_all_follow_up=True,
)
INCIDENCE_DIFFERENCE = Measure(
    "difference in cumulative incidence",
    "difference in cumulative incidence of {cause} death at day {day}",
    Scale.PROPORTION,
    f"{_TRUTH}:incidence_difference",
    _OF_DIFFERENCE,
)
MEAN_CHANGE = Measure(
    "difference in mean change of MELD",
    "difference in the mean change of MELD to the last visit",
    Scale.MELD_POINTS,
    f"{_TRUTH}:mean_change",
    _OF_SURVIVORS,
)
ADJUSTED_CHANGE = Measure(
    "difference in change of MELD adjusted for baseline",
    "difference in the change of MELD to the last visit, adjusted for baseline",
    Scale.MELD_POINTS,
    f"{_TRUTH}:adjusted_change",
    _OF_SURVIVORS,
)
WORST_RANK = Measure(
    "probability of faring better minus worse",
    "probability of faring better minus worse, by change of MELD, the dead ranked worst by time of "
    "death",
    Scale.PROBABILITY,
    f"{_TRUTH}:worst_rank",
    _OF_DIFFERENCE,
    more_is_better=True,
)
LOG_WIN_RATIO = Measure(
    "win ratio",
    "log win ratio by death, then change of MELD",
    Scale.LOG_RATIO,
    f"{_TRUTH}:log_win_ratio",
    _OF_DIFFERENCE,
    more_is_better=True,
)
NET_BENEFIT = Measure(
    "net benefit",
    "net benefit by death, then change of MELD",
    Scale.PROBABILITY,
    f"{_TRUTH}:net_benefit",
    _OF_DIFFERENCE,
    more_is_better=True,
)
LOG_WIN_ODDS = Measure(
    "win odds",
    "log win odds by death, then change of MELD",
    Scale.LOG_RATIO,
    f"{_TRUTH}:log_win_odds",
    _OF_DIFFERENCE,
    more_is_better=True,
)
