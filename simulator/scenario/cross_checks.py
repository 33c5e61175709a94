"""The rules that tie the parts of a scenario together."""

from collections.abc import Iterator

from simulator.declarations.keys import below
from simulator.declarations.schemes import SCHEMES
from simulator.scenario.analysis_rules import analysis_rules
from simulator.scenario.calibrated_rules import calibrated_rules
from simulator.scenario.errors import RuleError
from simulator.scenario.monitoring_rules import monitoring_rules
from simulator.scenario.population import ENZYME_VARIABLES, LAB_VARIABLES, Criterion
from simulator.scenario.schema import Factor, Scenario
from simulator.scenario.treatment import SessionPlan
from simulator.scenario.trial_end_rules import trial_end_rules
from simulator.scenario.uncertain_rules import uncertain_rules


def disagreements(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule between parts that a scenario breaks, whose fields are each in order."""
    yield from _date_rules(scenario)
    yield from trial_end_rules(scenario)
    yield from _accrual_rules(scenario)
    yield from _modality_rules(scenario)
    yield from _variable_rules(scenario)
    yield from bias_rules(scenario)
    yield from _hazard_rules(scenario)
    yield from _lab_rules(scenario)
    yield from _name_rules(scenario)
    yield from analysis_rules(scenario)
    yield from monitoring_rules(scenario)
    yield from calibrated_rules(scenario)
    yield from uncertain_rules(scenario)


def _unknown(key: str, name: str, known: tuple[str, ...]) -> RuleError:
    listed = ", ".join(known) if known else "none is given"
    return RuleError(f"unknown name '{name}'; known: {listed}", "use a known name", key)


def _accrual_rules(scenario: Scenario) -> Iterator[RuleError]:
    accrual, target = scenario.accrual, scenario.trial.target_randomised
    if accrual.kind == "uniform" and accrual.candidates < target:
        yield RuleError(
            f"fewer candidates than the {target} patients that are to be randomised",
            "leave it out, and as many come as are to be randomised; or lower "
            "trial.target_randomised",
            "accrual.candidates",
        )


def _date_rules(scenario: Scenario) -> Iterator[RuleError]:
    trial = scenario.trial
    if trial.planned_completion_date is not None and (
        trial.planned_completion_date <= trial.start_date
    ):
        yield RuleError(
            f"must be after the start, {trial.start_date}",
            "give a later date, or null where none is planned",
            "trial.planned_completion_date",
        )


def _modality_rules(scenario: Scenario) -> Iterator[RuleError]:
    names = tuple(modality.name for modality in scenario.modalities)
    for index, arm in enumerate(scenario.arms):
        if arm.modality is not None and arm.modality not in names:
            yield _unknown(f"arms[{index}].modality", arm.modality, names)
        other = arm.plan.switch_if_plasma_short_to if arm.plan else None
        if other is not None and other not in names:
            yield _unknown(f"arms[{index}].plan.switch_if_plasma_short_to", other, names)
    if scenario.costs:
        for name in scenario.costs.per_session:
            if name not in names:
                yield _unknown(below("costs.per_session", name), name, names)
        for name in names:
            if name not in scenario.costs.per_session:
                yield RuleError(f"no price is given for {name}", "add it", "costs.per_session")


def _variable_rules(scenario: Scenario) -> Iterator[RuleError]:
    known = scenario.variable_names()
    if scenario.eligibility:
        limits = scenario.eligibility.upper_limits_of_normal
        for index, criterion in enumerate(scenario.eligibility.criteria):
            key = f"eligibility.criteria[{index}]"
            if isinstance(criterion, Criterion):
                yield from _condition_rules(key, criterion, known, limits)
                continue
            for name in (*ENZYME_VARIABLES, LAB_VARIABLES[0]):
                if name not in known:
                    yield _unknown(f"{key}.kind", name, known)
                if name not in limits:
                    yield RuleError(
                        f"no upper limit of normal is given for {name}",
                        f"add {name} to eligibility.upper_limits_of_normal",
                        f"{key}.kind",
                    )
    for index, factor in enumerate(scenario.allocation.factors or []):
        yield from _factor_rules(f"allocation.factors[{index}]", factor, scenario)
    for index, covariate in enumerate(scenario.hazard.covariates or []):
        if covariate.variable not in known:
            yield _unknown(f"hazard.covariates[{index}].variable", covariate.variable, known)


def _condition_rules(
    key: str, criterion: Criterion, known: tuple[str, ...], limits: dict[str, float]
) -> Iterator[RuleError]:
    for g, group in enumerate(criterion.all_of):
        if not group:
            yield RuleError("a group needs a condition", "remove the group", f"{key}.all_of[{g}]")
        for c, condition in enumerate(group):
            here = f"{key}.all_of[{g}][{c}]"
            if condition.variable not in known:
                yield _unknown(f"{here}.variable", condition.variable, known)
            elif condition.unit != "own" and condition.variable not in limits:
                yield RuleError(
                    f"no upper limit of normal is given for {condition.variable}",
                    f"add {condition.variable} to eligibility.upper_limits_of_normal",
                    f"{here}.unit",
                )


def _factor_rules(key: str, factor: Factor, scenario: Scenario) -> Iterator[RuleError]:
    known = scenario.variable_names()
    if factor.variable != "site" and factor.variable not in known:
        yield _unknown(f"{key}.variable", factor.variable, (*known, "site"))
        return
    kinds = {v.name: v.kind for v in scenario.candidates.variables} if scenario.candidates else {}
    discrete = factor.variable == "site" or kinds[factor.variable] in ("bernoulli", "categorical")
    if discrete and factor.cut_points:
        yield RuleError("a discrete factor takes no cut points", "write []", f"{key}.cut_points")
    if not discrete and not factor.cut_points:
        yield RuleError("a continuous factor needs cut points", "as [2.0]", f"{key}.cut_points")
    if any(a >= b for a, b in zip(factor.cut_points, factor.cut_points[1:], strict=False)):
        yield RuleError("must climb", "order the cut points", f"{key}.cut_points")
    if discrete and _values(factor.variable, scenario) < 2:
        yield RuleError(
            f"{factor.variable} has one level: every patient is of it",
            "leave the factor out, or set allocation.factors to null",
            f"{key}.variable",
        )


def _values(name: str, scenario: Scenario) -> int:
    """Count the values that a discrete factor can take."""
    if name == "site":
        return len(scenario.accrual.sites) if scenario.accrual.kind == "poisson" else 1
    variables = scenario.candidates.variables if scenario.candidates else []
    variable = next(v for v in variables if v.name == name)
    if variable.kind == "bernoulli":
        return 1 if variable.probability in (0.0, 1.0) else 2
    return sum(p > 0.0 for p in variable.probabilities) if variable.kind == "categorical" else 2


def bias_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield what an investigator who guesses cannot do in a scenario."""
    bias, arms = scenario.selection_bias, tuple(arm.name for arm in scenario.arms)
    if bias is None:
        return
    if bias.favours not in arms:
        yield _unknown("selection_bias.favours", bias.favours, arms)
    if bias.kind != "shift" and bias.variable not in scenario.variable_names():
        yield _unknown("selection_bias.variable", bias.variable, scenario.variable_names())
    if SCHEMES[scenario.allocation.scheme].adaptive:
        yield RuleError(
            f"{scenario.allocation.scheme} follows outcomes, not the numbers by arm: the guess "
            "would be no guess",
            "set selection_bias to null, or use a scheme that does not adapt to outcomes",
            "selection_bias",
        )


def _hazard_rules(scenario: Scenario) -> Iterator[RuleError]:
    hazard, arms = scenario.hazard, scenario.arms
    if hazard.effect.kind == "by_session":
        if all(arm.plan is None for arm in arms):
            yield RuleError(
                "under hazard.effect by_session an arm has sessions; the other may have none",
                "give the arm a modality and a plan, or use the direct effect",
                "arms[1].plan",
            )
        for index, modality in enumerate(scenario.modalities):
            if modality.full_course_hazard_ratio is None:
                yield RuleError(
                    "the effect by_session needs a number",
                    "give the hazard ratio of a full course against medical treatment",
                    f"modalities[{index}].full_course_hazard_ratio",
                )
    else:
        for index, modality in enumerate(scenario.modalities):
            if modality.full_course_hazard_ratio == "solved":
                yield RuleError(
                    "is solved for under hazard.effect by_session alone",
                    "give a number or null",
                    f"modalities[{index}].full_course_hazard_ratio",
                )
    yield from _target_rules(scenario)
    if (
        scenario.null_hypothesis == "mortality"
        and hazard.effect.kind != "by_labs"
        and hazard.effect.combined_with_labs
    ):
        yield RuleError(
            "what sessions do to labs acts on the hazard too: no ratio can be set to 1",
            "use null_hypothesis: strong, or set hazard.effect.combined_with_labs to false",
            "null_hypothesis",
        )
    if hazard.effect.kind == "by_labs" and scenario.null_hypothesis == "mortality":
        yield RuleError(
            "hazard.effect by_labs has no hazard ratio that could be set to 1",
            "use null_hypothesis: strong",
            "null_hypothesis",
        )


def _solved_keys(scenario: Scenario) -> list[str]:
    """Keys of the effect whose value is the word solved."""
    effect = scenario.hazard.effect
    if effect.kind == "direct":
        return ["hazard.effect.hazard_ratio"] if effect.hazard_ratio == "solved" else []
    return [
        f"modalities[{index}].full_course_hazard_ratio"
        for index, modality in enumerate(scenario.modalities)
        if modality.full_course_hazard_ratio == "solved"
    ]


def _target_rules(scenario: Scenario) -> Iterator[RuleError]:
    hazard = scenario.hazard
    arms = tuple(arm.name for arm in scenario.arms)
    targets = hazard.mortality_targets or {}
    for name in targets:
        if name not in arms:
            yield _unknown(below("hazard.mortality_targets", name), name, arms)
    if hazard.mortality_target_day is not None and not targets:
        yield RuleError(
            "is the day of mortality targets, and there are none",
            "leave it out, or add hazard.mortality_targets",
            "hazard.mortality_target_day",
        )
    solved = _solved_keys(scenario)
    scale_is_solved = hazard.baseline.mortality_at_horizon == "solved"
    if scale_is_solved != (arms[0] in targets):
        yield RuleError(
            "hazard.baseline.mortality_at_horizon is the word solved if, and only if, the control "
            f"arm {arms[0]} has a mortality target",
            "give one of the two",
            "hazard.baseline.mortality_at_horizon",
        )
    if solved and arms[1] not in targets:
        yield RuleError(
            f"solved needs a mortality target of arm {arms[1]}",
            "add it to hazard.mortality_targets",
            solved[0],
        )
    own = [i for i, m in enumerate(scenario.modalities) if m.name == scenario.arms[0].modality]
    if hazard.effect.kind != "direct" and any(
        f"modalities[{i}]." in key for i in own for key in solved
    ):
        yield RuleError(
            "the control arm's own modality cannot be solved: its target solves the baseline",
            "give its hazard ratio as a number",
            f"modalities[{own[0]}].full_course_hazard_ratio",
        )
    if arms[1] in targets and len(solved) != 1:
        yield RuleError(
            "a target of the second arm needs exactly one hazard ratio to be solved",
            "write solved for hazard.effect.hazard_ratio, or for the arm's modality",
            below("hazard.mortality_targets", arms[1]),
        )


def _plans(scenario: Scenario) -> Iterator[tuple[str, SessionPlan]]:
    for index, arm in enumerate(scenario.arms):
        if arm.plan is not None:
            yield f"arms[{index}].plan", arm.plan


def _lab_rules(scenario: Scenario) -> Iterator[RuleError]:
    if scenario.labs is not None:
        for index, variable in enumerate(
            scenario.candidates.variables if scenario.candidates else []
        ):
            if variable.name in LAB_VARIABLES and not variable.is_positive():
                yield RuleError(
                    "a lab must be positive: its logarithm is taken",
                    "use lognormal or gamma, or give bounds above 0",
                    f"candidates.variables[{index}]",
                )
        for name in LAB_VARIABLES:
            if name not in scenario.variable_names():
                yield _unknown("labs", name, scenario.variable_names())
        for index, modality in enumerate(scenario.modalities):
            if modality.shifts is None:
                yield RuleError(
                    "labs need each modality's shifts",
                    "give them, or set labs to null",
                    f"modalities[{index}].shifts",
                )
        return
    if scenario.hazard.log_hazard_ratio_per_meld_point != 0:
        yield RuleError(
            "MELD cannot act where labs are not modelled",
            "set it to 0",
            "hazard.log_hazard_ratio_per_meld_point",
        )
    if scenario.hazard.effect.kind == "by_labs":
        yield RuleError("by_labs needs labs", "model labs", "hazard.effect.kind")
    if scenario.assessment is not None:
        yield RuleError("visits take labs, which are not modelled", "set it to null", "assessment")
    for key, plan in _plans(scenario):
        for name in (
            "stop_if_bilirubin_below_umol_per_l",
            "postpone_if_platelets_below_1e9_per_l",
            "rescue",
        ):
            if getattr(plan, name) is not None:
                yield RuleError(
                    "needs labs, which are not modelled", "set it to null", f"{key}.{name}"
                )
    units = [("unit", scenario.unit)]
    if scenario.accrual.kind == "poisson":
        sites = scenario.accrual.sites
        units += [(f"accrual.sites[{i}].unit", site.unit) for i, site in enumerate(sites)]
    for key, unit in units:
        if unit is not None and unit.queue == "sickest_first":
            yield RuleError("sickest_first needs labs", "use first_come", f"{key}.queue")


def _name_rules(scenario: Scenario) -> Iterator[RuleError]:
    sites = scenario.accrual.sites if scenario.accrual.kind == "poisson" else []
    criteria = scenario.eligibility.criteria if scenario.eligibility else []
    families = [family.name for family in scenario.multiplicity or []]
    lists: tuple[tuple[str, str, list[str]], ...] = (
        ("accrual.sites", "name", [site.name for site in sites]),
        ("eligibility.criteria", "label", [criterion.label for criterion in criteria]),
        ("arms", "name", [arm.name for arm in scenario.arms]),
        ("modalities", "name", [modality.name for modality in scenario.modalities]),
        ("analyses", "name", [analysis.name for analysis in scenario.analyses]),
        ("multiplicity", "name", families),
    )
    for key, name_key, names in lists:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                where = f"{key}[{index}].{name_key}"
                yield RuleError(f"this {name_key} is given twice", "rename one", where)
            seen.add(name)
    if scenario.assessment is not None:
        last = scenario.assessment.visits[-1]
        if last.day > scenario.trial.follow_up_days:
            yield RuleError(
                f"the last visit is after the end of follow-up: trial.follow_up_days is "
                f"{scenario.trial.follow_up_days}",
                "lower the day, or lengthen the follow-up",
                f"assessment.visits[{len(scenario.assessment.visits) - 1}].day",
            )
