"""Posterior predictive checks of a scenario against published figures that were held out.

The checks are a function of the scenario alone: they are made at addresses of the calibration's
own, whatever seed a run has, and kept in the user's cache as solutions of mortality targets are.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calibration.evidence import EvidenceRow, evidence_of, unfolded
from calibration.measures import Figure, Simulated, measure, simulate_to_measure
from calibration.predictive import Prediction, predict_mean, predict_share
from calibration.targets import SharedRuns, solve_with
from calibration.uncertainty import draws
from simulator.caches import MODEL_DIGEST, digest_folder, keep, read_kept
from simulator.declarations.claims import is_of_trial
from simulator.declarations.measures import MEASURES
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.records import Floats
from simulator.results.acceptance import LEVEL, Acceptance, AcceptanceCheck
from simulator.results.base import AnswerError
from simulator.scenario import calibrated as asked_of
from simulator.scenario.calibrated_rules import why_not
from simulator.scenario.errors import Problem, RuleError, ScenarioError
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.schema import Scenario
from simulator.scenario.uncertain_rules import absent_keys

PATIENTS = 30_000  # Monte Carlo error of a mortality by arm: .004, against .12 between studies
DRAWS = 40  # of uncertain keys
_PATIENTS_A_DRAW = 3_000  # the same ones for each draw
_SEED = 0
_LEAST_TRIALS = 20
# What changes no figure of a simulated trial.
_NO_FIGURE = (
    *("name", "title", "analyses", "multiplicity", "costs"),
    *("calibrated", "ranges", "decision", "evidence_file"),
)


def refuse_used_rows(loaded: LoadedScenario) -> None:
    """Refuse a row that does not exist, or that a value of the scenario rests on.

    Raises
    ------
    ScenarioError
        With a problem for each.
    """
    problems = list(_problems(loaded))
    if problems:
        raise ScenarioError(*problems)


def _problems(loaded: LoadedScenario) -> Iterator[Problem]:
    scenario = loaded.scenario
    targets, checks = scenario.calibrated or [], scenario.acceptance or []
    rows = [
        (f"{name}[{place}].rows[{number}]", name == "acceptance", row)
        for name, listed in (
            ("calibrated", [one.rows for one in targets]),
            ("acceptance", [one.rows for one in checks]),
        )
        for place, of_one in enumerate(listed)
        for number, row in enumerate(of_one)
    ]
    if not rows:
        return
    known = evidence_of(loaded)
    used = _used(loaded, known)
    for key, held_out, row in rows:
        if row not in known:
            error = RuleError(
                f"the evidence has no row {row}", "trialsim evidence lists the rows", key
            )
            yield from loaded.located(error).problems
        elif held_out and row in used:
            rule = f"row {row} is a source of {used[row]}: what was used cannot be held out"
            error = RuleError(rule, "leave it out here", key)
            yield from loaded.located(error).problems


def _used(loaded: LoadedScenario, known: Mapping[str, EvidenceRow]) -> dict[str, str]:
    """Rows that the sources of the scenario's values name, each with the first such key.

    Of what sets the level of mortality or its ratio, those too that such a row is derived from.
    """
    found: dict[str, str] = {}
    for key, source in loaded.provenance.items():
        if not is_of_trial(key):
            continue
        is_level = key.startswith("hazard.") or key.endswith(".full_course_hazard_ratio")
        for row in unfolded(source.rows, known) if is_level else source.rows:
            found.setdefault(row, key)
    return found


def acceptance_of(
    loaded: LoadedScenario,
    solved: Scenario,
    params: Params,
    jobs: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Acceptance | None:
    """Hold a scenario against what it was not made of; None where nothing is held out.

    Nor is it under a null hypothesis, which is none of what is known.

    Parameters
    ----------
    solved, params
        The scenario with its targets solved, and lowered.
    report
        Called with a line on what takes time.

    Raises
    ------
    ScenarioError
        If a row does not exist or was used, or the simulated trials have no such figure.
    """
    asked = loaded.scenario
    if not _applicable(asked) or asked.null_hypothesis != "none":
        return None
    refuse_used_rows(loaded)
    kept = _file(asked)
    found = _read(kept)
    if found is None:
        report(f"checking {len(_applicable(asked))} figures held out")
        try:
            figures = _figures(loaded, solved, params, jobs)
        except RuleError as error:
            raise loaded.located(error) from None
        found = _checked(asked, figures)
        keep(kept, found.to_dict())
    return found


def _applicable(asked: Scenario) -> dict[int, asked_of.AcceptanceCheck]:
    """Checks of figures that the scenario has, by their places."""
    return {k: one for k, one in enumerate(asked.acceptance or []) if not why_not(asked, one)}


class _Figures(NamedTuple):
    """Figures of each check, one per draw, and of how many patients they are."""

    by_check: list[list[Figure]]
    patients: int


def _figures(loaded: LoadedScenario, solved: Scenario, params: Params, jobs: int) -> _Figures:
    checks, size = _applicable(loaded.scenario), params.trial.target_randomised
    # A scenario may have taken away a key that the one which it extends is unsure of.
    uncertain = bool(loaded.scenario.uncertain) and not any(absent_keys(loaded.scenario))
    trials = max(_LEAST_TRIALS, -(-(_PATIENTS_A_DRAW if uncertain else PATIENTS) // size))
    by_check: list[list[Figure]] = [[] for _ in checks]
    for made in _drawn(loaded) if uncertain else [params]:
        names = [arm.name for arm in solved.arms]
        simulated = simulate_to_measure(made, names, trials, _SEED, jobs)
        for of_check, (place, check) in zip(by_check, checks.items(), strict=True):
            of_check.append(_measured(simulated, check, place))
    if not by_check[0]:
        rule = "no draw of the uncertain keys makes a scenario that can be simulated"
        raise RuleError(rule, "narrow their distributions", "uncertain")
    return _Figures(by_check, len(by_check[0]) * trials * size)


def _measured(simulated: Simulated, check: asked_of.AcceptanceCheck, place: int) -> Figure:
    try:
        return measure(simulated, check)
    except RuleError as error:
        raise RuleError(error.rule, error.remedy, f"acceptance[{place}].{error.key}") from None


def _drawn(loaded: LoadedScenario) -> Iterator[Params]:
    """The scenario with its uncertain keys as drawn, made ready; draws that make none left out."""
    drawn, runs = draws(loaded.scenario, DRAWS, _SEED), SharedRuns()
    keys = [loaded.key(key, "uncertain") for key in drawn.keys]
    whole = [_is_whole(loaded, key) for key in keys]
    for row in drawn.values:
        pairs = zip(keys, row, whole, strict=True)
        values = {key: int(value) if is_whole else float(value) for key, value, is_whole in pairs}
        try:
            yield lower(solve_with(loaded.changed(values, "uncertain").scenario, runs))
        except (RuleError, ScenarioError):
            continue


def _is_whole(loaded: LoadedScenario, key: str) -> bool:
    return isinstance(loaded.value(key), int)


def _checked(asked: Scenario, figures: _Figures) -> Acceptance:
    pairs = zip(_applicable(asked).values(), figures.by_check, strict=True)
    found = tuple(_check(check, of_draws) for check, of_draws in pairs)
    together = min(1.0, len(found) * min(check.p_value for check in found))
    return Acceptance(
        draws=len(figures.by_check[0]),
        patients=figures.patients,
        checks=found,
        left_out={
            f"{one.label} ({' '.join(one.rows)})": reason
            for one in asked.acceptance or []
            if (reason := why_not(asked, one))
        },
        failed=sum(check.fails for check in found),
        p_value=together,
        fails=together < LEVEL,
    )


def _check(check: asked_of.AcceptanceCheck, figures: list[Figure]) -> AcceptanceCheck:
    centres: Floats = np.array([figure.value for figure in figures])
    error = float(np.mean([figure.error for figure in figures]))
    seen, is_share = check.observed, MEASURES[check.measure].is_share
    between = (check.between_study_log_odds_sd if is_share else check.between_study_sd) or 0.0
    if is_share:
        observed = seen.events / seen.n if seen.events is not None else seen.share or 0.0
        found: Prediction = predict_share(centres, error, between, seen.n, observed, LEVEL)
    else:
        observed = seen.mean or 0.0
        found = predict_mean(centres, error, between, seen.sd or 0.0, seen.n, observed)
    return AcceptanceCheck(
        rows=tuple(check.rows),
        measure=check.measure,
        label=check.label,
        arm=check.arm,
        is_share=is_share,
        observed=observed,
        n=seen.n,
        observed_sd=seen.sd,
        simulated=float(centres.mean()),
        mcse=error,  # draws share their trials, so that their errors do not average out
        between_study_sd=between,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        fails=found.p_value < LEVEL,
        note=check.note,
    )


def _file(asked: Scenario) -> Path:
    """Where the checks are kept: a name made of the scenario and of the program's sources."""
    without = {name: None for name in _NO_FIGURE if name in Scenario.model_fields}
    digest = hashlib.sha256(MODEL_DIGEST.encode())
    digest.update(asked.model_copy(update=without).model_dump_json(warnings=False).encode())
    return digest_folder("acceptance", MODEL_DIGEST) / f"{digest.hexdigest()[:32]}.json"


def _read(path: Path) -> Acceptance | None:
    """Return kept checks; None if there are none or they are not whole."""
    try:
        return Acceptance.from_dict(read_kept(path))
    except (AttributeError, TypeError, AnswerError):
        return None
