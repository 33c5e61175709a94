"""A run of `power` as one mapping: the object that --json prints and that the text is made of."""

import itertools
import math
import re
from dataclasses import asdict
from typing import Any

import numpy as np

from calibration.targets import implied_hazard_ratio
from simulator.analysis import AnalysisPlan, estimand, estimand_attributes
from simulator.analysis.bayes import prior_report
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import MonteCarlo, estimates
from simulator.montecarlo.totals import Totals
from simulator.params.types import Params
from simulator.report.version import program_version
from simulator.scenario.loader import LoadedScenario
from simulator.scenario.schema import Scenario

USUAL_POWER = 0.80

_BY_ARM = (
    "patients",
    "withdrawn",
    "lost",
    "transplants",
    "infections",
    "sessions_planned",
    "sessions_due",
    "sessions_delivered",
    "sessions_equivalent",
    "sessions_cut_short",
    "sessions_late",
    "sessions_missed",
    "plasma_litres",
    "machine_hours",
)


def power_summary(
    loaded: LoadedScenario, solved: Scenario, params: Params, run: MonteCarlo
) -> dict[str, Any]:
    """Everything that a run tells, each figure with its Monte Carlo error."""
    arms = [arm.name for arm in solved.arms]
    days, plans = params.trial.follow_up_days, run.plans
    operations = operations_summary(solved, params, run.totals)
    texts = [estimand(plan, days, arms, plans) for plan in plans]
    analyses: list[dict[str, Any]] = []
    for item in estimates(run, texts, len(arms)):
        entry = asdict(item)
        entry["favouring"] = dict(zip(arms, item.favouring, strict=True))
        plan = plans[len(analyses)]
        entry["estimand_attributes"] = estimand_attributes(plan, days, arms, plans)
        if plan.test == "beta_binomial":
            entry["prior"] = _priors(plan, operations)
        analyses.append(entry)
    summary = {
        "scenario": solved.name,
        "title": solved.title,
        "files": list(loaded.files),
        "seed": run.seed,
        "engine": run.engine,
        "trials": run.trials,
        "version": program_version(),
        "interrupted": run.interrupted,
        "null_hypothesis": loaded.scenario.null_hypothesis,
        "effect": effect_in_words(loaded.scenario, solved),
        "biases": biases_in_words(solved),
        "analyses": analyses,
        "agreement": _agreement(run),
        "multiplicity": _multiplicity(run),
        "operations": operations,
        "assumptions": assumptions(loaded),
    }
    return summary | {"verdict": verdict(summary)}


def power_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each analysis: how often it rejects, and how good its estimates are."""
    return [
        {
            **{key: a[key] for key in ("name", "alpha", "trials", "rejections", "power", "mcse")},
            **{key: a[key] for key in ("ci_low", "ci_high", "not_analysable")},
            **{f"favouring_{arm}": count for arm, count in a["favouring"].items()},
            **a["performance"],
            "estimand": a["estimand"],
        }
        for a in summary["analyses"]
    ]


def _priors(plan: AnalysisPlan, operations: dict[str, Any]) -> dict[str, Any]:
    """What the priors of an analysis say beside the patients and the mortality simulated."""
    options = plan.options
    priors = options["prior_control"], options["prior_experimental"]
    found = {}
    for (arm, deaths), (a, b) in zip(operations["mortality"].items(), priors, strict=True):
        patients, mortality = operations["patients"][arm]["mean"], deaths["mean"]
        if patients > 0 and math.isfinite(mortality):
            report = prior_report((a, b), round(patients), mortality)
            found[arm] = report | {"mortality": mortality}
    return found


def _agreement(run: MonteCarlo) -> list[dict[str, Any]]:
    """How often each pair of analyses rejects together, and each without the other."""
    names, both = [plan.name for plan in run.plans], run.joint.both
    return [
        {
            "first": names[i],
            "second": names[j],
            "both": int(both[i, j]),
            "only_first": int(both[i, i] - both[i, j]),
            "only_second": int(both[j, j] - both[i, j]),
            "trials": run.trials,
        }
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]


def _multiplicity(run: MonteCarlo) -> list[dict[str, Any]]:
    """Rejections of analyses that are judged together."""
    found = []
    for index, family in enumerate(run.asked.families):
        counts = run.joint.by_analysis[index].tolist()
        names = [run.plans[column].name for column in family.columns]
        found.append(
            {
                "name": family.name,
                "method": family.method,
                "alpha": family.alpha,
                "by_analysis": {
                    name: _proportion(count, run.trials)
                    for name, count in zip(names, counts, strict=True)
                },
                "any": _proportion(run.joint.any_of[index], run.trials),
                "all": _proportion(run.joint.all_of[index], run.trials),
            }
        )
    return found


def _proportion(count: int, trials: int) -> dict[str, float]:
    return {"mean": count / trials, "mcse": standard_error(count, trials)}


def _share(count: int, trials: int) -> dict[str, float]:
    low, high = interval(count, trials)
    return {"mean": count / trials, "ci_low": low, "ci_high": high}


def operations_summary(solved: Scenario, params: Params, o: Totals) -> dict[str, Any]:
    """Recruitment, patients, sessions and plasma: means a trial, shares, and their errors."""
    arms = [arm.name for arm in solved.arms]

    def by_arm(part: str, whole: str | None = None) -> dict[str, Any]:
        if whole is None:
            return {arm: o.mean(part, a) for a, arm in enumerate(arms)}
        return {arm: o.ratio(part, whole, a) for a, arm in enumerate(arms)}

    tails = np.quantile(np.concatenate(o.enrolment_days), [0.05, 0.95])
    summary: dict[str, Any] = {
        "enrolment_days": o.mean("enrolment_days")
        | {"p5": float(tails[0]), "p95": float(tails[1])},
        "trial_days": o.mean("trial_days"),
        "target_reached": _share(o.count("target_reached"), o.trials),
        "on_time": (
            _share(o.count("on_time"), o.trials) if solved.trial.planned_completion_date else None
        ),
        "screened": o.mean("screened"),
        "randomised": o.mean("randomised"),
        "funnel": _funnel(solved, params, o),
        "mortality": by_arm("deaths", "patients"),
        "mortality_from_tumour": by_arm("deaths_from_tumour", "patients"),
    }
    summary |= {name: by_arm(name) for name in _BY_ARM}
    summary["short_of_plasma_share"] = by_arm("sessions_short_of_plasma", "sessions_due")
    summary["wait_days"] = by_arm("wait_days", "sessions_delivered")
    summary["unit"] = {
        "days_open": o.mean("days_open"),
        "days_short_of_plasma": o.mean("days_short"),
        "machine_use": o.ratio("machine_hours_used", "machine_hours_open"),
    }
    if solved.costs is not None:
        prices = [solved.costs.per_session.get(m.name, 0.0) for m in solved.modalities]
        summary["cost"] = {"currency": solved.costs.currency, **o.weighed(prices)}
    return summary


def _funnel(solved: Scenario, params: Params, o: Totals) -> list[dict[str, Any]]:
    """Share of candidates by the first criterion that they fail, and who fails it at all."""
    criteria = solved.eligibility.criteria if solved.eligibility else []
    rows: list[dict[str, Any]] = [
        {
            "step": criterion.label,
            "text": criterion.text,
            "first_failed": o.ratio("failed_first", "screened", i),
            "fails_at_all": float(params.eligibility.fails_share[i]),
        }
        for i, criterion in enumerate(criteria)
    ]
    if solved.eligibility:
        refused = o.ratio("refused_consent", "screened")
        rows.append({"step": "consent refused", "text": "", "first_failed": refused})
    if solved.selection_bias is not None:
        kept_out = o.ratio("turned_away", "screened")
        rows.append({"step": "turned away", "text": "", "first_failed": kept_out})
    randomised = o.ratio("randomised", "screened")
    rows.append({"step": "randomised", "text": "", "first_failed": randomised})
    return rows


def effect_in_words(asked: Scenario, solved: Scenario) -> str:
    """The treatment effect and the null hypothesis, as the scenario has them."""
    effect, arms = solved.hazard.effect, solved.arms
    if asked.null_hypothesis == "strong":
        return "none: under the strong null both arms are treated as the control arm is"
    if asked.null_hypothesis == "mortality":
        return "a hazard ratio of 1 between the arms; plans, sessions and labs differ as given"
    if effect.kind == "direct":
        words = f"hazard ratio {effect.hazard_ratio:.3g} of {arms[1].name} against {arms[0].name}"
        if effect.delay_days:
            words += f" from day {effect.delay_days:g}"
        if effect.waning_half_life_days is not None:
            words += f", waning with a half-life of {effect.waning_half_life_days:g} d"
    elif effect.kind == "by_session":
        ratios = ", ".join(f"{m.name} {m.full_course_hazard_ratio:.3g}" for m in solved.modalities)
        words = f"earned session by session: hazard ratio of a full course against none: {ratios}"
    else:
        return (
            "only through what sessions do to MELD, which implies a hazard ratio of "
            f"{_implied(solved)} of {arms[1].name} against {arms[0].name}, every session on time"
        )
    if effect.combined_with_labs:
        words += "; and, on purpose a second time, through what sessions do to MELD"
    return words


def biases_in_words(solved: Scenario) -> list[str]:
    """What distorts the trial: an investigator who guesses, a drift of mortality."""
    bias, drift, found = solved.selection_bias, solved.hazard.drift, []
    if bias is not None:
        words = f"the next arm is guessed, {bias.favours} is to look better: "
        if bias.kind == "shift":
            words += f"patients' hazards x {bias.hazard_ratio:g}, or its inverse, by the guess"
        else:
            done = "turned away"
            if bias.kind == "defer":
                done = f"put off for {bias.returns_after_days:g} d"
            words += (
                f"who does not suit the guess ({bias.variable} above {bias.poor_above:g} is poor) "
                f"is {done} with probability {bias.probability:g}"
            )
        found.append(words)
    if drift is not None:
        found.append(
            f"mortality drifts ({drift.kind}): the last patient's hazard is "
            f"{drift.hazard_ratio:g} times the first's"
        )
    return found


def _implied(solved: Scenario) -> str:
    value, error = implied_hazard_ratio(solved)
    return f"{value:.4f} +- {error:.4f}"


def assumptions(loaded: LoadedScenario) -> list[dict[str, str]]:
    """Lines of the scenario whose source is an assumption, in whole or in part.

    A line that holds several values is named by what their keys have in common.
    """
    lines: dict[tuple[str, int], list[str]] = {}
    for key in loaded.provenance:
        lines.setdefault(loaded.location(key), []).append(key)
    found = []
    for keys in lines.values():
        source = loaded.provenance[keys[0]]
        if "assumption" in source.lower():
            found.append({"key": _enclosing(keys), "source": source})
    return found


def _enclosing(keys: list[str]) -> str:
    """The key itself or, of several, what they all begin with: `a.b` of `a.b.c` and `a.b[0]`."""
    if len(keys) == 1:
        return keys[0]
    split = [re.split(r"(?=[.\[])", key) for key in keys]
    shared = itertools.takewhile(lambda part: len(set(part)) == 1, zip(*split, strict=False))
    return "".join(part[0] for part in shared)


def verdict(summary: dict[str, Any]) -> str:
    """Say in one line what the primary analysis can do."""
    first = summary["analyses"][0]
    low, high, power = first["ci_low"], first["ci_high"], first["power"]
    rates = [
        f"{m['mean']:.1%} under {arm}" for arm, m in summary["operations"]["mortality"].items()
    ]
    found = (
        f"{first['name']} rejects in {power:.1%} of trials (95 % interval {low:.1%} to {high:.1%})"
    )
    if first["not_analysable"]:
        found += f", with no result in {first['not_analysable'] / first['trials']:.1%}"
    if summary["null_hypothesis"] == "mortality":
        return f"EQUAL HAZARDS, arms treated as they are: {found}; this is no type I error."
    if summary["null_hypothesis"] == "strong":
        alpha = first["alpha"]
        kept = "EXCEEDS" if low > alpha else "is within" if high <= alpha else "is compatible with"
        return f"TYPE I ERROR: {found}; this {kept} its level of {alpha:.1%}."
    arm, favoured = list(first["favouring"].items())[-1]
    found = f"{found}, in favour of {arm} in {favoured / first['trials']:.1%}"
    if high < USUAL_POWER:
        return (
            f"UNDERPOWERED for the effect assumed: {found}, where {USUAL_POWER:.0%} is usual; "
            f"mortality is {', '.join(rates)}."
        )
    if low < USUAL_POWER:
        return f"Power cannot be told from {USUAL_POWER:.0%} yet: {found}; run more trials."
    return f"Adequate for the effect assumed: {found}; mortality is {', '.join(rates)}."
