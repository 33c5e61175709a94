"""What a trial takes and what becomes of its patients: means per trial, with their errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record
from simulator.results.measures import Days, Estimate, Share

ByArm = Mapping[str, Estimate]  # the control arm first


def limited_by_recruitment(target_reached: Share) -> bool:
    """Whether most trials randomise fewer patients than planned: recruitment is the limit."""
    return target_reached.mean < 0.5


class Step(StrEnum):
    """Where candidates leave on their way to randomisation, and who does not."""

    CRITERION = "criterion"
    CONSENT_REFUSED = "consent_refused"
    TURNED_AWAY = "turned_away"
    RANDOMISED = "randomised"


class LeftOut(StrEnum):
    """Why an analysis does not use a patient."""

    NO_SESSION = "no_session"  # and it is of those treated
    LOST = "lost"  # to follow-up
    COUNTED_AS_LOST = "counted_as_lost"  # transplant, rescue or withdrawal that counts as a loss
    DIED = "died"  # and it compares survivors
    NOT_SEEN = "not_seen"  # alive, without MELD at both visits


@dataclass(frozen=True, repr=False)
class ArmFlow(Record):
    """What becomes of an arm's patients as the trial sees it: mean numbers per trial.

    `randomised` is the sum of `treated` and `not_treated`; of `died`, `lost` and `alive`; and of
    `analysed` and all of `left_out`.

    Attributes
    ----------
    treated, not_treated
        With a session delivered in full or in part, and without; None where nobody is to have one.
    withdrawn
        From treatment, before any loss to follow-up.
    died, lost, alive
        Died in follow-up, before any loss; lost before that; alive at its end.
    transplanted
        Of those alive.
    analysed, left_out
        By the primary analysis: patients it uses, and those it does not by the first reason.
    """

    randomised: Estimate
    treated: Estimate | None
    not_treated: Estimate | None
    withdrawn: Estimate
    died: Estimate
    lost: Estimate
    alive: Estimate
    transplanted: Estimate
    analysed: Estimate
    left_out: Mapping[str, Estimate]


@dataclass(frozen=True, repr=False)
class FunnelRow(Record):
    """A step of the funnel.

    Attributes
    ----------
    step, text, reason
        Label and wording of a criterion, and why it excludes; of other steps, what happens.
    first_failed
        Share of candidates who leave here, the first criterion failed counting.
    fails_at_all
        Share who fail the criterion in any order; None for steps that are no criterion.
    """

    kind: Step
    step: str
    text: str
    reason: str
    first_failed: Estimate
    fails_at_all: float | None


@dataclass(frozen=True, repr=False)
class UnitUse(Record):
    """Use of the ALSS units: site-days open, site-days short of plasma, share of machine hours."""

    days_open: Estimate
    days_short_of_plasma: Estimate
    machine_use: Estimate


class Costed(StrEnum):
    """What a trial is charged for."""

    SESSIONS = "sessions"
    PATIENTS = "patients"
    SITES = "sites"
    MONTHS = "months"
    PLASMA = "plasma"


@dataclass(frozen=True, repr=False)
class Cost(Record):
    """Cost of a trial, of what has a price.

    Attributes
    ----------
    counted
        What has one.
    """

    currency: str
    mean: float
    mcse: float
    counted: tuple[Costed, ...] = (Costed.SESSIONS,)


@dataclass(frozen=True, repr=False)
class Operations(Record):
    """Recruitment, patients, sessions and plasma.

    Attributes
    ----------
    enrolment_days, trial_days
        From the first opening to the end of recruitment, and of the last follow-up.
    target_randomised
        Planned patients.
    target_reached, on_time
        Share of trials that randomise the target; that also end by the planned completion, None
        where no date is planned.
    funnel
        One row per step, in the order of screening; the last is randomisation.
    mortality, mortality_from_tumour
        Deaths by the end of follow-up over patients, known or not.
    sessions_planned, sessions_not_due, sessions_beyond_plan, sessions_due
        Planned; those of them that never fell due, since the patient had left or treatment had
        ended; rescue sessions that fell due; and all that fell due, which are those planned, less
        those not due, and those beyond the plan.
    sessions_delivered, sessions_missed, sessions_left_waiting, sessions_broken_off
        What became of those due: delivered, those cut short among them; not begun within their
        window; not begun before the patient left or follow-up ended; begun, and ended by either.
    sessions_equivalent
        Sum of the fractions of sessions that were completed.
    flow
        By arm, what becomes of its patients.
    short_of_plasma_share
        Of the sessions that fall due, those without plasma on the planned day.
    wait_days
        Per session delivered.
    """

    enrolment_days: Days
    trial_days: Estimate
    target_randomised: int
    target_reached: Share
    on_time: Share | None
    screened: Estimate
    randomised: Estimate
    funnel: tuple[FunnelRow, ...]
    mortality: ByArm
    mortality_from_tumour: ByArm
    patients: ByArm
    withdrawn: ByArm
    lost: ByArm
    transplants: ByArm
    infections: ByArm
    sessions_planned: ByArm
    sessions_due: ByArm
    sessions_delivered: ByArm
    sessions_equivalent: ByArm
    sessions_cut_short: ByArm
    sessions_late: ByArm
    sessions_missed: ByArm
    sessions_not_due: ByArm
    sessions_beyond_plan: ByArm
    sessions_left_waiting: ByArm
    sessions_broken_off: ByArm
    plasma_litres: ByArm
    machine_hours: ByArm
    short_of_plasma_share: ByArm
    wait_days: ByArm
    unit: UnitUse
    cost: Cost | None
    flow: Mapping[str, ArmFlow]

    @property
    def recruitment_is_the_limit(self) -> bool:
        """Whether most trials randomise fewer patients than planned."""
        return limited_by_recruitment(self.target_reached)

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, the control arm first."""
        return tuple(self.mortality)

    @property
    def has_sessions(self) -> bool:
        """Whether anybody is treated in sessions."""
        return any(planned.mean > 0 for planned in self.sessions_planned.values())
