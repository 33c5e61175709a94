"""Variables: what is taken of each patient, and how an analysis of it can treat the lost."""

from dataclasses import dataclass, replace
from enum import StrEnum

EXCLUDED, WORST_CASE, BEST_CASE, CENSORED = "excluded", "worst_case", "best_case", "censored"


class Need(StrEnum):
    """Data that an analysis asks for beyond who died by the end of follow-up."""

    TIMES = "times"  # of death
    CAUSES = "causes"  # of death
    FIRST_MELD = "MELD at the first visit"
    LAST_MELD = "MELD at the last visit"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """The variable of ICH E9(R1), with what follows from it whatever the test.

    Attributes
    ----------
    words
        In an estimand, with {day} for the end of follow-up and {cause} for the cause of death.
    lost
        Words of `lost` that it can take.
    lost_rule, lost_remedy
        Why not the others, and what to do; {tests} stands for those that can censor.
    needs
        Data that it asks for.
    events_may_count
        Whether a transplant, rescue or withdrawal may count as the event.
    transplant_competes
        Whether a transplant can compete, where others take it for survival.
    survivors_only
        Whether the dead are left out, so that treatment selects who is compared.
    seen_only
        Whether survivors not seen at the last visit are left out.
    whom
        Added to those analysed.
    unseen
        What becomes of survivors not seen at the last visit, added to what becomes of the lost.
    death
        Strategy for death where it is not itself the variable.
    """

    words: str
    lost: tuple[str, ...]
    lost_rule: str
    lost_remedy: str
    needs: frozenset[Need] = frozenset()
    events_may_count: bool = True
    transplant_competes: bool = False
    survivors_only: bool = False
    seen_only: bool = False
    whom: str = ""
    unseen: str = ""
    death: str = ""


DEATH_BY_DAY = Variable(
    words="{event} by day {day}",
    lost=(EXCLUDED, WORST_CASE, BEST_CASE),
    lost_rule="a proportion cannot be censored",
    lost_remedy="use excluded, worst_case or best_case, or one of the tests {tests}",
)
TIME_TO_DEATH = Variable(
    words="time to {event} within {day} days",
    lost=(EXCLUDED, WORST_CASE, BEST_CASE, CENSORED),
    lost_rule="",
    lost_remedy="",
    needs=frozenset({Need.TIMES}),
)
# Read off a curve of survival, so that the lost may be censored.
DEATH_BY_DAY_OF_CURVE = replace(TIME_TO_DEATH, words=DEATH_BY_DAY.words)
TIME_TO_CAUSE = Variable(
    words="time to {cause} death within {day} days",
    lost=(EXCLUDED, CENSORED),
    lost_rule="a death that is only assumed has no cause",
    lost_remedy="use excluded or censored",
    needs=frozenset({Need.TIMES, Need.CAUSES}),
    events_may_count=False,
    transplant_competes=True,
)
CHANGE_OF_SURVIVORS = Variable(
    words="change of MELD from the first visit to the last",
    lost=(EXCLUDED,),
    lost_rule="who is lost has no MELD at the last visit",
    lost_remedy="use lost: excluded",
    needs=frozenset({Need.FIRST_MELD, Need.LAST_MELD}),
    survivors_only=True,
    seen_only=True,
    whom=": survivors seen at the last visit, which is not a causal contrast",
    death="survivors only: no causal contrast; see the survivor average effect",
)
DEATH_THEN_CHANGE = replace(
    CHANGE_OF_SURVIVORS,
    words="{event} within {day} days, then change of MELD to the last visit",
    survivors_only=False,
    seen_only=False,
    whom="",
    unseen=", survivors not seen at the last visit tie with other survivors",
    death="composite: worse than any survivor, the earlier the worse",
)
DEATH_THEN_CHANGE_OF_PAIRS = replace(
    DEATH_THEN_CHANGE,
    lost=(EXCLUDED, CENSORED),
    lost_rule="a death that is only assumed has no time, and a survivor then no MELD",
    lost_remedy="use excluded or censored",
)
RANK_OF_DEATH_AND_CHANGE = replace(
    DEATH_THEN_CHANGE, seen_only=True, unseen=", as are survivors not seen at the last visit"
)
