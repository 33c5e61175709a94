"""Mean numbers of candidates and patients at each step of a trial, in the order of CONSORT."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.results.operations import ArmFlow, FunnelRow, Step
from simulator.results.power import Power


@dataclass(frozen=True)
class Exclusion:
    """Candidates excluded for a reason, the first that was found: its label and wording."""

    label: str
    reason: str
    mean: float


@dataclass(frozen=True)
class Flow:
    """Candidates and patients, means over trials.

    Attributes
    ----------
    refused, turned_away
        Eligible candidates who refuse consent, and those whom the investigator turns away; None
        where that is no step.
    arms
        By name, the control arm first.
    analysis
        What the primary analysis is called in a sentence.
    until_day
        To which deaths and losses are counted, of a trial whose patients are followed for longer;
        None: to the end of follow-up.
    """

    screened: float
    excluded: tuple[Exclusion, ...]
    refused: float | None
    turned_away: float | None
    randomised: float
    arms: Mapping[str, ArmFlow]
    analysis: str
    until_day: int | None = None


def flow_of(power: Power) -> Flow:
    """Return the flow through the trials of a run."""
    o = power.operations
    screened = o.screened.mean
    leaving = {row.kind: _leaving(row, screened) for row in o.funnel}
    return Flow(
        screened=screened,
        excluded=tuple(
            Exclusion(row.step, row.reason, _leaving(row, screened))
            for row in o.funnel
            if row.kind is Step.CRITERION
        ),
        refused=leaving.get(Step.CONSENT_REFUSED),
        turned_away=leaving.get(Step.TURNED_AWAY),
        randomised=o.randomised.mean,
        arms=o.flow,
        analysis=power.primary.test.name,
        until_day=None if power.trial_end is None else power.trial_end.follow_up_days,
    )


def _leaving(row: FunnelRow, screened: float) -> float:
    """Return how many candidates leave at a step, nobody where nobody is screened."""
    share = row.first_failed.mean
    return 0.0 if math.isnan(share) else share * screened
