"""From sums over trials to what a trial takes: means, shares, and their Monte Carlo errors."""

from simulator.montecarlo.columns import LEFT_OUT
from simulator.montecarlo.costs import cost_of, prices_of
from simulator.montecarlo.intervals import interval
from simulator.montecarlo.totals import Totals
from simulator.params.types import Params
from simulator.results.measures import Days, Share
from simulator.results.operations import (
    ArmFlow,
    ByArm,
    FunnelRow,
    LeftOut,
    Operations,
    Step,
    UnitUse,
)
from simulator.scenario.schema import Scenario


def operations_of(solved: Scenario, params: Params, o: Totals) -> Operations:
    """Recruitment, patients, sessions and plasma of the trials that were added up.

    Parameters
    ----------
    solved, params
        The scenario with every word solved replaced by a number, and lowered.
    """
    arms = [arm.name for arm in solved.arms]

    def mean(column: str) -> ByArm:
        return {arm: o.mean(column, a) for a, arm in enumerate(arms)}

    def ratio(part: str, whole: str) -> ByArm:
        return {arm: o.ratio(part, whole, a) for a, arm in enumerate(arms)}

    planned = solved.trial.planned_completion_date is not None
    return Operations(
        enrolment_days=_enrolment(o),
        trial_days=o.mean("trial_days"),
        target_randomised=params.trial.target_randomised,
        target_reached=_share(o, "target_reached"),
        on_time=_share(o, "on_time") if planned else None,
        screened=o.mean("screened"),
        randomised=o.mean("randomised"),
        funnel=_funnel(solved, params, o),
        mortality=ratio("deaths", "patients"),
        mortality_from_tumour=ratio("deaths_from_tumour", "patients"),
        patients=mean("patients"),
        withdrawn=mean("withdrawn"),
        lost=mean("lost"),
        transplants=mean("transplants"),
        infections=mean("infections"),
        sessions_planned=mean("sessions_planned"),
        sessions_due=mean("sessions_due"),
        sessions_delivered=mean("sessions_delivered"),
        sessions_equivalent=mean("sessions_equivalent"),
        sessions_cut_short=mean("sessions_cut_short"),
        sessions_late=mean("sessions_late"),
        sessions_missed=mean("sessions_missed"),
        sessions_not_due=mean("sessions_not_due"),
        sessions_beyond_plan=mean("sessions_beyond_plan"),
        sessions_left_waiting=mean("sessions_left_waiting"),
        sessions_broken_off=mean("sessions_broken_off"),
        plasma_litres=mean("plasma_litres"),
        machine_hours=mean("machine_hours"),
        short_of_plasma_share=ratio("sessions_short_of_plasma", "sessions_due"),
        wait_days=ratio("wait_days", "sessions_delivered"),
        unit=UnitUse(
            days_open=o.mean("days_open"),
            days_short_of_plasma=o.mean("days_short"),
            machine_use=o.ratio("machine_hours_used", "machine_hours_open"),
        ),
        cost=cost_of(prices_of(solved), o),
        flow={arm: _flow(o, a, params.max_sessions > 0) for a, arm in enumerate(arms)},
    )


def _flow(o: Totals, arm: int, has_sessions: bool) -> ArmFlow:
    """What becomes of the patients of an arm."""
    reasons = len(LEFT_OUT)
    return ArmFlow(
        randomised=o.mean("patients", arm),
        treated=o.mean("treated", arm) if has_sessions else None,
        not_treated=o.mean("not_treated", arm) if has_sessions else None,
        withdrawn=o.mean("withdrawals_seen", arm),
        died=o.mean("deaths_seen", arm),
        lost=o.mean("lost", arm),
        alive=o.mean("alive", arm),
        transplanted=o.mean("transplants_seen", arm),
        analysed=o.mean("analysed", arm),
        left_out={
            LeftOut[why.name].value: o.mean("left_out", arm * reasons + k)
            for k, why in enumerate(LEFT_OUT)
        },
    )


def _enrolment(o: Totals) -> Days:
    found, days = o.mean("enrolment_days"), o.enrolment_days
    return Days(found.mean, found.mcse, days.quantile(0.05), days.quantile(0.95))


def _share(o: Totals, column: str) -> Share:
    count = o.count(column)
    return Share(count / o.trials, *interval(count, o.trials))


def _funnel(solved: Scenario, params: Params, o: Totals) -> tuple[FunnelRow, ...]:
    """Share of candidates by the first criterion that they fail, and who fails it in any order."""
    criteria = solved.eligibility.criteria if solved.eligibility else []
    rows = [
        FunnelRow(
            kind=Step.CRITERION,
            step=criterion.label,
            text=criterion.text,
            reason=criterion.reason or f"not met: {criterion.text}",
            first_failed=o.ratio("failed_first", "screened", i),
            fails_at_all=float(params.eligibility.fails_share[i]),
        )
        for i, criterion in enumerate(criteria)
    ]
    others = [(Step.RANDOMISED, "randomised", "randomised")]
    if solved.selection_bias is not None:
        others.insert(0, (Step.TURNED_AWAY, "turned away", "turned_away"))
    if solved.eligibility:
        others.insert(0, (Step.CONSENT_REFUSED, "consent refused", "refused_consent"))
    rows += [
        FunnelRow(kind, step, "", step, o.ratio(column, "screened"), None)
        for kind, step, column in others
    ]
    return tuple(rows)
