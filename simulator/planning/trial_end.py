"""What a run tells of how its trials end."""

from simulator.montecarlo.intervals import interval
from simulator.montecarlo.loop import MonteCarlo
from simulator.planning.prepared import Prepared
from simulator.results.measures import Share
from simulator.results.trial_end import TrialEnd


def trial_end_of(prepared: Prepared, run: MonteCarlo) -> TrialEnd | None:
    """Return how trials end; None where each patient is followed for `follow_up_days`."""
    params, totals = prepared.params, run.totals
    if not params.is_followed_longer:
        return None
    trial, arms = params.trial, list(enumerate(prepared.arms))
    reached = None
    if trial.ends_at_deaths:
        count = totals.count("deaths_reached")
        reached = Share(count / totals.trials, *interval(count, totals.trials))
    return TrialEnd(
        deaths=trial.ends_at_deaths or None,
        min_follow_up_days=trial.min_follow_up_days or None,
        follow_up_days=trial.follow_up_days,
        max_follow_up_days=trial.max_follow_up_days,
        end_day=totals.mean("trial_days"),
        deaths_reached=reached,
        known_deaths={arm: totals.mean("deaths_by_the_end", a) for a, arm in arms},
        follow_up={arm: totals.ratio("followed_days", "patients", a) for a, arm in arms},
    )
