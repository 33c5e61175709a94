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


@dataclass(frozen=True)
class FunnelRow(Record):
    """A step of the funnel.

    Attributes
    ----------
    step, text
        Label and wording of a criterion; of other steps, what happens.
    first_failed
        Share of candidates who leave here, the first criterion failed counting.
    fails_at_all
        Share who fail the criterion in any order; None for steps that are no criterion.
    """

    kind: Step
    step: str
    text: str
    first_failed: Estimate
    fails_at_all: float | None


@dataclass(frozen=True)
class UnitUse(Record):
    """Use of the ALSS units: site-days open, site-days short of plasma, share of machine hours."""

    days_open: Estimate
    days_short_of_plasma: Estimate
    machine_use: Estimate


@dataclass(frozen=True)
class Cost(Record):
    """Cost of the sessions of a trial."""

    currency: str
    mean: float
    mcse: float


@dataclass(frozen=True)
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
    sessions_equivalent
        Sum of the fractions of sessions that were completed.
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
    plasma_litres: ByArm
    machine_hours: ByArm
    short_of_plasma_share: ByArm
    wait_days: ByArm
    unit: UnitUse
    cost: Cost | None

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
