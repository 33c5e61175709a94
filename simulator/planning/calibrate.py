"""The question of a calibration: what values bring the targets about, and what was held out."""

from calibration.block import block_of
from calibration.fit import Watch, applicable, fit
from simulator.planning.accepted import accepted
from simulator.planning.prepared import Prepared
from simulator.results.calibration import Calibration
from simulator.scenario.calibrated_rules import why_not
from simulator.scenario.errors import ScenarioError
from simulator.version import program_version

PATIENTS = 60_000  # at each set of values, unless the user says otherwise
LEAST_TRIALS = 20  # for a standard error


def calibrate(
    prepared: Prepared, trials: int | None, seed: int, jobs: int, watch: Watch
) -> Calibration:
    """Solve a scenario's targets and hold it against what was held out.

    Parameters
    ----------
    trials
        At each set of values; None: as many as have 60,000 patients.

    Raises
    ------
    ScenarioError
        If a key cannot be moved, or a figure cannot be made.
    """
    refuse_without_targets(prepared)
    loaded, asked = prepared.loaded, prepared.asked
    size = asked.trial.target_randomised
    number = max(LEAST_TRIALS, -(-PATIENTS // size)) if trials is None else trials
    acceptance = accepted(prepared, jobs)
    found = fit(loaded, number, seed, jobs, watch) if applicable(loaded) else None
    return Calibration(
        scenario=asked.name,
        title=asked.title,
        asked=loaded.asked,
        seed=seed,
        trials=number,
        patients=found.patients if found else 0,
        runs=found.runs if found else 0,
        version=program_version(),
        targets=found.targets if found else (),
        keys=found.keys if found else (),
        contradictions=found.contradictions if found else (),
        left_out={
            one.label: reason for one in asked.calibrated or [] if (reason := why_not(asked, one))
        },
        block=block_of(loaded, found.keys, found.targets, found.values) if found else "",
        acceptance=acceptance,
    )


def refuse_without_targets(prepared: Prepared) -> None:
    """Refuse a scenario that has neither targets nor checks.

    Raises
    ------
    ScenarioError
        If it is so.
    """
    asked = prepared.asked
    if not asked.calibrated and not asked.acceptance:
        rule = "neither calibrated nor acceptance is given: there is no target and no check"
        remedy = "add a list of targets under calibrated (docs/calibration.md)"
        raise ScenarioError(*prepared.loaded.problem("calibrated", rule, remedy).problems)
