"""The rules that tie the end of a trial to the rest of its scenario."""

from collections.abc import Iterator

from simulator.declarations.analyses import STATISTICS, Need
from simulator.declarations.analyses.randomisation import Replay
from simulator.declarations.schemes import SCHEMES
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario
from simulator.scenario.trial_end import TrialEnd


def trial_end_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule that the end of a scenario's trial breaks."""
    trial, end = scenario.trial, scenario.trial.end
    longest = trial.longest_follow_up_days
    if longest < trial.follow_up_days:
        rule = f"is shorter than trial.follow_up_days, {trial.follow_up_days}"
        yield RuleError(rule, "lengthen it, or leave it out", "trial.max_follow_up_days")
    if longest > trial.follow_up_days and SCHEMES[scenario.allocation.scheme].adaptive:
        yield RuleError(
            f"{scenario.allocation.scheme} learns who survived at the end of follow-up, which is "
            "not the same day for patients who are followed longer",
            "leave it out, or use a scheme that does not adapt, as permuted_block",
            "trial.max_follow_up_days",
        )
    if end is None:
        return
    if end.deaths is not None and end.deaths > trial.target_randomised:
        rule = f"can never be reached: {trial.target_randomised} patients are to be randomised"
        remedy = "lower it, or give deaths_per_patient: 0.6, which goes with the number"
        yield RuleError(rule, remedy, "trial.end.deaths")
    if end.min_follow_up_days is not None and end.min_follow_up_days > longest:
        given = "max_follow_up_days" if trial.max_follow_up_days else "follow_up_days"
        yield RuleError(
            f"patients are followed for {longest} days at the longest, trial.{given}",
            "lower it, or raise trial.max_follow_up_days",
            "trial.end.min_follow_up_days",
        )
    yield from _primary_rules(scenario, end)


def _primary_rules(scenario: Scenario, end: TrialEnd) -> Iterator[RuleError]:
    """Yield a primary analysis of patients whose follow-up the end may cut short."""
    days = scenario.trial.follow_up_days
    named = {analysis.name: analysis for analysis in scenario.analyses}
    if not named or (end.min_follow_up_days or 0) >= days:
        return
    primary = scenario.analyses[0]
    of = named.get(primary.of) if isinstance(primary, Replay) else primary
    if of is None or of.test not in STATISTICS:  # which is refused as such
        return
    if Need.TIMES not in STATISTICS[of.test].variable.needs:
        yield RuleError(
            f"the primary analysis is of what became of patients by day {days}, and the trial may "
            "end before that day of its last patients",
            f"put a test on time first, as log_rank, or end with min_follow_up_days: {days} or "
            "more",
            "analyses[0].test",
        )
