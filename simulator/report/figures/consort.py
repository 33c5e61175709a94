"""Mean numbers of candidates and patients at each step of a trial, in the order of CONSORT."""

import math
from dataclasses import dataclass

from simulator.results.operations import FunnelRow, Step
from simulator.results.power import Power


@dataclass(frozen=True)
class Exclusion:
    """Candidates excluded by a criterion, the first that they failed: its label and wording."""

    label: str
    text: str
    mean: float


@dataclass(frozen=True)
class ArmFlow:
    """Patients of an arm; `started`, those with a session, is None where there are no sessions.

    Deaths are those that were seen: who was lost and then died counts as lost.
    """

    arm: str
    randomised: float
    started: float | None
    withdrawn: float
    lost: float
    transplanted: float
    died: float
    completed: float


@dataclass(frozen=True)
class Flow:
    """Candidates and patients, means over trials.

    Attributes
    ----------
    refused, turned_away
        Eligible candidates who refuse consent, and those whom the investigator turns away; None
        where that is no step.
    """

    screened: float
    excluded: tuple[Exclusion, ...]
    refused: float | None
    turned_away: float | None
    randomised: float
    arms: tuple[ArmFlow, ...]


def flow_of(power: Power) -> Flow:
    """Return the flow through the trials of a run."""
    o = power.operations
    screened = o.screened.mean
    leaving = {row.kind: _leaving(row, screened) for row in o.funnel}
    return Flow(
        screened=screened,
        excluded=tuple(
            Exclusion(row.step, row.text, _leaving(row, screened))
            for row in o.funnel
            if row.kind is Step.CRITERION
        ),
        refused=leaving.get(Step.CONSENT_REFUSED),
        turned_away=leaving.get(Step.TURNED_AWAY),
        randomised=o.randomised.mean,
        arms=_arms(power),
    )


def _leaving(row: FunnelRow, screened: float) -> float:
    """Return how many candidates leave at a step, nobody where nobody is screened."""
    share = row.first_failed.mean
    return 0.0 if math.isnan(share) else share * screened


def _arms(power: Power) -> tuple[ArmFlow, ...]:
    o = power.operations
    started = {point.arm: point.mean for point in power.curves.treated}
    completed = {point.arm: point.at_risk for point in power.curves.survival}  # the last is kept
    return tuple(
        ArmFlow(
            arm=arm,
            randomised=patients.mean,
            started=started.get(arm),
            withdrawn=o.withdrawn[arm].mean,
            lost=o.lost[arm].mean,
            transplanted=o.transplants[arm].mean,
            died=patients.mean - o.lost[arm].mean - completed[arm],
            completed=completed[arm],
        )
        for arm, patients in o.patients.items()
    )
