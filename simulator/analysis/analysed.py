"""Which patients an analysis uses at the end of a trial, and why it leaves the others out."""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import Bools, read_only
from simulator.analysis.intercurrent import rescue_after_days
from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.analysis.outcomes import Treatment, counted_as, treatment_of
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.declarations.estimands import statistic_of
from simulator.records import Floats, Ints, TrialRecords


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
    first, second
        What two events count as: 0 nothing, 1 a death, 2 a loss.
    treatment
        What transplant and loss count as.
    """

    by_outcome: bool
    seen_only: bool
    survivors_only: bool
    treated_only: bool
    first: int
    second: int
    treatment: Treatment
    follow_up_days: float


_NOTHING, _A_DEATH, _A_LOSS = 0, 1, 2
_COUNTS_AS = {"ignored": _NOTHING, "event": _A_DEATH, "censored": _A_LOSS}
_ANALYSED, _NO_SESSION, _LOST, _COUNTED_AS_LOST, _DIED, _NOT_SEEN = map(int, Use)


def uses_everybody(plans: Sequence[AnalysisPlan]) -> bool:
    """Whether the first of a scenario's analyses, the primary one, can leave out nobody."""
    rule = _rule_of(plans, 0, (_NOTHING, _NOTHING))
    return not (rule.by_outcome or rule.treated_only)


def _rule_of(
    plans: Sequence[AnalysisPlan], follow_up_days: int, events: tuple[int, int]
) -> UseRule:
    plan, statistic = plans[0], statistic_of(plans[0], plans)
    variable = STATISTICS[statistic.test].variable
    return UseRule(
        statistic.lost == "excluded" or variable.seen_only,
        variable.seen_only,
        variable.survivors_only,
        plan.population == "treated",
        *events,
        treatment_of(statistic),
        float(follow_up_days),
    )


def count_uses(
    records: TrialRecords,
    first_row: Ints,
    plans: Sequence[AnalysisPlan],
    follow_up_days: int,
    arm_modality: Ints,
    counts: Ints,
) -> None:
    """Fill in the patients of each trial by what the primary analysis does with them.

    Parameters
    ----------
    first_row
        First row of each trial and, last, the number of rows.
    arm_modality
        (A,): index of each arm's own modality, -1 for none.
    counts
        (arms, uses, trials).
    """
    p, plan = records.patients, plans[0]
    rescue, withdrawal = _COUNTS_AS[plan.rescue], p.withdrawal_after_days
    rescued = rescue_after_days(records, arm_modality) if rescue else withdrawal
    events = [(rescue, rescued), (_COUNTS_AS[plan.withdrawal], withdrawal)]
    # What counts as death is looked at before what counts as loss (see `intercurrent.handled`).
    events.sort(key=lambda event: event[0] == _A_LOSS)
    days = [when for _, when in events]
    rule = _rule_of(plans, follow_up_days, (events[0][0], events[1][0]))
    columns = (
        p.arm, p.death_after_days, p.loss_after_days, p.transplant_after_days, *days,
        p.sessions_delivered, _seen(records) if rule.seen_only else np.ones(p.arm.size, np.bool_),
    )  # fmt: skip
    _count_uses(read_only(first_row), *map(read_only, columns), rule, counts)


def _seen(records: TrialRecords) -> Bools:
    """Whether MELD of each patient was seen at the first and at the last visit."""
    p = records.patients
    if p.visit_meld.shape[1] == 0:
        return np.zeros(p.arm.size, np.bool_)
    ends = p.visit_after_days[:, [0, -1]] + p.visit_meld[:, [0, -1]]
    seen: Bools = np.logical_not(np.isnan(ends).any(axis=1))
    return seen


@kernel
def _count_uses(
    first_row: Ints,
    arm: Ints,
    death: Floats,
    loss: Floats,
    transplant: Floats,
    first_event: Floats,
    second_event: Floats,
    sessions_delivered: Ints,
    seen: Bools,
    rule: UseRule,
    counts: Ints,
) -> None:
    found = np.empty((counts.shape[0], counts.shape[1]), np.int64)
    uses = np.empty(arm.size, np.int64)
    for trial in range(first_row.size - 1):
        for a in range(found.shape[0]):
            for use in range(found.shape[1]):
                found[a, use] = 0
        rows = slice(first_row[trial], first_row[trial + 1])
        ours, died, left, moved = arm[rows], death[rows], loss[rows], transplant[rows]
        one, other, was_seen = first_event[rows], second_event[rows], seen[rows]
        delivered = sessions_delivered[rows]
        # Apart from the counting, and without a branch: several patients at once.
        for i in range(ours.size):
            uses[i] = _use_by_outcome(
                died[i], left[i], moved[i], one[i], other[i], was_seen[i], delivered[i], rule
            )
        for i in range(ours.size):
            found[ours[i], uses[i]] += 1
        for a in range(found.shape[0]):
            for use in range(found.shape[1]):
                counts[a, use, trial] = found[a, use]


@inlined
def _use_by_outcome(
    death: float,
    loss: float,
    transplant: float,
    first_event: float,
    second_event: float,
    seen: bool,
    delivered: int,
    rule: UseRule,
) -> int:
    """Return the `Use` of a patient, by selections alone."""
    own_loss = loss
    # Death, loss and transplant at the same time as the event are what ended the patient.
    counts = (rule.first != _NOTHING) & (first_event < minimum(minimum(death, loss), transplant))
    death, loss = _counted(counts, first_event, rule.first, death, loss)
    counts = (rule.second != _NOTHING) & (second_event < minimum(minimum(death, loss), transplant))
    death, loss = _counted(counts, second_event, rule.second, death, loss)
    dead, lost = counted_as(death, loss, transplant, rule.follow_up_days, rule.treatment)
    died = _DIED if rule.survivors_only else _ANALYSED
    # What counts as a loss comes before the patient's own, which is then not looked at.
    is_own = (loss == own_loss) & (own_loss < math.inf)
    left = _LOST if is_own else _COUNTED_AS_LOST
    stayed = _ANALYSED if seen | (not rule.seen_only) else _NOT_SEEN
    use = left if lost < math.inf else stayed
    use = died if dead < math.inf else use
    use = use if rule.by_outcome else _ANALYSED
    return _NO_SESSION if rule.treated_only & (delivered == 0) else use


@inlined
def _counted(
    counts: bool, when: float, counts_as: int, death: float, loss: float
) -> tuple[float, float]:
    """Times of death and loss after an event that may count as one of them."""
    as_death = when if counts_as == _A_DEATH else math.inf
    as_loss = when if counts_as == _A_LOSS else math.inf
    return as_death if counts else death, as_loss if counts else loss
