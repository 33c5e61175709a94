"""Which patients an analysis uses at the end of a trial, and why it leaves the others out."""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import read_only
from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.analysis.outcomes import Treatment, counted_as, treatment_of
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.declarations.estimands import statistic_of
from simulator.records import Floats, Ints, SessionStatus, TrialRecords


class Use(IntEnum):
    """Whether a patient is analysed, or the first reason why not."""

    ANALYSED = 0
    NO_SESSION = 1  # and the population is of those treated
    LOST = 2  # to follow-up
    COUNTED_AS_LOST = 3  # transplanted, rescued or withdrawn, which counts as a loss
    DIED = 4  # and survivors alone are compared
    NOT_SEEN = 5  # alive, without MELD at both visits


class UseRule(NamedTuple):
    """What an analysis leaves out, as compiled code reads it.

    Attributes
    ----------
    by_outcome
        Whether it leaves out anybody for what became of them.
    seen_only, survivors_only, treated_only
        Whether it leaves out survivors without MELD, the dead, and those without a session.
    rescue, withdrawal
        0 ignored, 1 counts as death, 2 counts as loss.
    treatment
        What transplant and loss count as.
    arm_modality
        (A,): index of each arm's own modality, -1 for none.
    """

    by_outcome: bool
    seen_only: bool
    survivors_only: bool
    treated_only: bool
    rescue: int
    withdrawal: int
    treatment: Treatment
    follow_up_days: float
    arm_modality: Ints


_WORDS = {"ignored": 0, "event": 1, "censored": 2}
_AS_DEATH, _AS_LOSS = 1, 2
_ANALYSED, _NO_SESSION, _LOST, _COUNTED_AS_LOST, _DIED, _NOT_SEEN = map(int, Use)
_RUNNING, _DELIVERED, _CUT_SHORT, _ENDED_BY_EXIT = (
    int(status)
    for status in (
        SessionStatus.RUNNING,
        SessionStatus.DELIVERED,
        SessionStatus.CUT_SHORT,
        SessionStatus.ENDED_BY_EXIT,
    )
)


def use_rule(plans: Sequence[AnalysisPlan], follow_up_days: int, arm_modality: Ints) -> UseRule:
    """Return whom the first of a scenario's analyses, the primary one, leaves out."""
    plan, statistic = plans[0], statistic_of(plans[0], plans)
    variable = STATISTICS[statistic.test].variable
    return UseRule(
        by_outcome=statistic.lost == "excluded" or variable.seen_only,
        seen_only=variable.seen_only,
        survivors_only=variable.survivors_only,
        treated_only=plan.population == "treated",
        rescue=_WORDS[plan.rescue],
        withdrawal=_WORDS[plan.withdrawal],
        treatment=treatment_of(statistic),
        follow_up_days=float(follow_up_days),
        arm_modality=read_only(arm_modality),
    )


def uses_everybody(plans: Sequence[AnalysisPlan]) -> bool:
    """Whether the primary analysis can leave out nobody."""
    rule = use_rule(plans, 0, np.zeros(0, np.int64))
    return not (rule.by_outcome or rule.treated_only)


def count_uses(records: TrialRecords, first_row: Ints, rule: UseRule, counts: Ints) -> None:
    """Fill in the patients of each trial by arm and `Use`, shape (arms, uses, trials)."""
    p, s = records.patients, records.sessions
    columns = (
        p.arm, p.entry_day, p.death_after_days, p.loss_after_days, p.transplant_after_days,
        p.withdrawal_after_days, p.sessions_planned, p.sessions_delivered, p.visit_after_days,
        p.visit_meld, s.status, s.modality, s.start_day,
    )  # fmt: skip
    _count_uses(read_only(first_row), *map(read_only, columns), rule, counts)


@kernel
def _count_uses(
    first_row: Ints,
    arm: Ints,
    entry_day: Floats,
    death_after_days: Floats,
    loss_after_days: Floats,
    transplant_after_days: Floats,
    withdrawal_after_days: Floats,
    sessions_planned: Ints,
    sessions_delivered: Ints,
    visit_after_days: Floats,
    visit_meld: Floats,
    status: Ints,
    modality: Ints,
    start_day: Floats,
    rule: UseRule,
    counts: Ints,
) -> None:
    last = visit_meld.shape[1] - 1
    found = np.empty(counts.shape[:2], np.int64)
    for trial in range(first_row.size - 1):
        found[:] = 0
        for i in range(first_row[trial], first_row[trial + 1]):
            a, rescue, seen = arm[i], math.inf, last >= 0
            if rule.rescue > 0:
                own = rule.arm_modality[a]
                rescue = _rescue_day(status[i], modality[i], start_day[i], sessions_planned[i], own)
                rescue -= entry_day[i]
            if rule.seen_only:
                for visit in (0, last):
                    seen = seen and not (
                        math.isnan(visit_after_days[i, visit]) or math.isnan(visit_meld[i, visit])
                    )
            use = _ANALYSED
            if rule.treated_only and sessions_delivered[i] == 0:
                use = _NO_SESSION
            elif rule.by_outcome:
                use = _use_by_outcome(
                    death_after_days[i],
                    loss_after_days[i],
                    transplant_after_days[i],
                    rescue,
                    withdrawal_after_days[i],
                    seen,
                    rule,
                )
            found[a, use] += 1
        counts[:, :, trial] = found


@inlined
def _rescue_day(status: Ints, modality: Ints, start_day: Floats, planned: int, own: int) -> float:
    """Trial day of a patient's first session beyond the plan or of another modality; infinity."""
    first = math.inf
    for k in range(status.size):
        begun = (
            status[k] == _RUNNING
            or status[k] == _DELIVERED
            or status[k] == _CUT_SHORT
            or status[k] == _ENDED_BY_EXIT
        )
        if begun and (k >= planned or modality[k] != own):
            first = minimum(first, start_day[k])
    return first


@inlined
def _use_by_outcome(
    death: float,
    loss: float,
    transplant: float,
    rescue: float,
    withdrawal: float,
    seen: bool,
    rule: UseRule,
) -> int:
    """Return the `Use` of a patient of the population."""
    own_loss = loss
    if rule.rescue + rule.withdrawal > 0:
        # What counts as death is looked at before what counts as loss (see `intercurrent.handled`).
        for word in (_AS_DEATH, _AS_LOSS):
            for when, counts_as in ((rescue, rule.rescue), (withdrawal, rule.withdrawal)):
                # Death, loss and transplant at the same time as the event are what ended the
                # patient.
                if counts_as == word and when < minimum(minimum(death, loss), transplant):
                    death = when if word == _AS_DEATH else math.inf
                    loss = when if word == _AS_LOSS else math.inf
    dead, lost = counted_as(death, loss, transplant, rule.follow_up_days, rule.treatment)
    # Selections only: a processor cannot guess what becomes of a patient.
    died = _DIED if rule.survivors_only else _ANALYSED
    # What counts as a loss comes before the patient's own, which is then not looked at.
    is_own = (loss == own_loss) & (own_loss < math.inf)
    left = _LOST if is_own else _COUNTED_AS_LOST
    stayed = _ANALYSED if seen | (not rule.seen_only) else _NOT_SEEN
    use = left if lost < math.inf else stayed
    return died if dead < math.inf else use
