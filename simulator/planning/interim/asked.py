"""What an interim is held against, and what was observed of it: information, and a statistic."""

from typing import NamedTuple

from simulator.analysis import plans_of
from simulator.declarations.analyses import ANALYSES, Analysis, AnalysisPlan, Information
from simulator.declarations.keys import below
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Sides, sides_of
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.plan import Plan
from simulator.montecarlo import exact_stages
from simulator.planning.interim.effect import Effect, effect_of, z_of_counts
from simulator.planning.interim.file import ObservedFile
from simulator.planning.interim.keys import Observed
from simulator.planning.refused_looks import refuse_boundaries
from simulator.results.interim import InformationNow
from simulator.results.measures import Scale
from simulator.scenario.errors import RuleError, nearest
from simulator.scenario.loaded import LoadedScenario

_POWER = 0.8  # of the design's effect, where the scenario says nothing
_ALIKE = 0.5  # of two statistics of the same data
_MOST_TIMES = 3.0  # the planned information: beyond, the unit is another


class Asked(NamedTuple):
    """What of a scenario an interim is held against.

    Attributes
    ----------
    looks
        As planned; None: none are.
    sides
        Of the final test alone, where no looks are planned.
    planned
        Information at the planned end; None: not known.
    """

    plan: AnalysisPlan
    declared: Analysis
    looks: MonitoringPlan | None
    sides: Sides
    planned: float | None
    power: float


def asked_of(loaded: LoadedScenario) -> Asked:
    """Return what of a scenario an interim is held against.

    Raises
    ------
    ScenarioError
        If boundaries of its looks cannot be made, with the place of the key that is why.
    """
    scenario = loaded.scenario
    try:
        refuse_boundaries(scenario)
    except RuleError as error:
        raise loaded.located(error) from None
    plans = plans_of(scenario)
    looks = exact_stages.monitoring_of(scenario, plans)
    plan = plans[0 if looks is None else looks.column]
    declared = ANALYSES[plan.test]
    if not isinstance(declared, Analysis):  # a randomisation test has no information of its own
        declared = ANALYSES[next(p.test for p in plans if p.name == plan.options["of"])]
    assert isinstance(declared, Analysis)
    power = _POWER
    if looks is not None:
        planned: float | None = looks.max_information
        sides = sides_of(looks)
        power = looks.futility.power if looks.futility is not None else _POWER
    else:
        completed = declared.information is Information.COMPLETED
        planned = float(scenario.trial.target_randomised) if completed else None
        two_sided = plan.hypothesis.is_two_sided
        final = Plan((1.0,), read_efficacy("pocock"), plan.alpha / (2 if two_sided else 1))
        sides = Sides(final, final if two_sided else None)
    return Asked(plan, declared, looks, sides, planned, power)


def _can_be_monitored(asked: Asked) -> bool:
    plan = asked.plan
    has_law = isinstance(ANALYSES[plan.test], Analysis) and plan.hypothesis.equivalence is None
    return has_law and asked.declared.information is not Information.NONE


def refuse_other_arms(file: ObservedFile, arms: tuple[str, str]) -> None:
    """Refuse counts that are not of the two arms of the scenario."""
    given = file.observed.arms
    if given is None:
        return
    for name in given:
        if name not in arms:
            near = nearest(name, arms)
            remedy = f"did you mean {near}?" if near else f"known are {' and '.join(arms)}"
            raise file.problem(below("arms", name), "is no arm of the scenario", remedy)
    for name in arms:
        if name not in given:
            raise file.problem("arms", f"has no counts of {name}", "give both arms, or pooled")


def refuse_unlike(file: ObservedFile, asked: Asked) -> None:
    """Refuse counts and estimates that are not of the analysis."""
    observed, test = file.observed, asked.plan.test
    parts = {"pooled": observed.pooled} if observed.pooled is not None else {}
    parts |= {below("arms", name): counts for name, counts in (observed.arms or {}).items()}
    if asked.declared.information is Information.COMPLETED:
        for key, counts in parts.items():
            deaths, patients = counts.deaths, counts.followed_up
            if deaths is not None and patients is not None and deaths > patients:
                rule = f"are more than the {patients} followed up, and {test} counts deaths among "
                remedy = "count the dead among those whose follow-up was due"
                raise file.problem(f"{key}.deaths", f"{rule}them", remedy)
    result = observed.result
    if result is None:
        return
    name = asked.declared.measure.name
    if result.ratio is not None and not is_ratio(asked):
        raise file.problem("result.ratio", f"{test} estimates a {name}", "give difference")
    if result.difference is not None and is_ratio(asked):
        rule = f"{test} estimates a {name}"
        raise file.problem("result.difference", rule, "give ratio, and the error of its logarithm")
    effect = effect_of(asked.plan, asked.declared.measure, result)
    if effect is not None and result.z is not None and _is_opposite(effect.z, result.z):
        rule = f"has another sign than the estimate, of which it is {effect.z:.2f}"
        raise file.problem("result.z", rule, _positive(asked))


def _is_opposite(one: float, other: float) -> bool:
    """Whether signs differ by more than that one statistic is not the other may explain."""
    return one * other < 0 and abs(one - other) > _ALIKE


def _positive(asked: Asked) -> str:
    if asked.plan.hypothesis.is_two_sided:
        return "positive z favours the second arm"
    return "positive z favours what is to be shown"


def is_ratio(asked: Asked) -> bool:
    """Whether the analysis estimates a ratio."""
    return asked.declared.measure.scale is Scale.LOG_RATIO


def information_of(file: ObservedFile, asked: Asked) -> InformationNow | None:
    """Return the information at the cut; None: the analysis cannot be monitored."""
    observed, kind = file.observed, asked.declared.information
    if not _can_be_monitored(asked):
        return None
    now, key = _counted(observed, kind)
    fraction = None if now is None or asked.planned is None else now / asked.planned
    counts = kind is not Information.INVERSE_VARIANCE
    for place, look in enumerate(observed.earlier_looks):
        if counts and look.information < 1:
            _refuse_a_share(file, f"earlier_looks[{place}].information", kind)
    if counts and now is not None and 0 < now < 1:
        _refuse_a_share(file, key, kind)
    if fraction is not None and fraction > _MOST_TIMES:
        rule = f"{now:g} is {fraction:.3g} times the planned information, {asked.planned:g}"
        raise file.problem(key, rule, "give it in the unit of monitoring.max_information")
    earlier = observed.earlier_looks
    if now is not None and earlier and now <= earlier[-1].information:
        rule = f"information of {now:g} is not above that of the look before, "
        rule += f"{earlier[-1].information:g}"
        raise file.problem(key, rule, "correct one of the two")
    return InformationNow(kind.value, now, asked.planned, fraction or None)


def _refuse_a_share(file: ObservedFile, key: str, kind: Information) -> None:
    rule = f"must be a number of {'deaths' if kind is Information.DEATHS else 'patients'}"
    raise file.problem(key, rule, "give the number, not a share of what is planned")


def _counted(observed: Observed, kind: Information) -> tuple[float | None, str]:
    """The information at the cut, and the key that it comes from."""
    result = observed.result
    if result is not None and result.information is not None:
        return result.information, "result.information"
    if kind is Information.INVERSE_VARIANCE:
        if result is None or result.standard_error is None:
            return None, ""
        return 1 / result.standard_error**2, "result.standard_error"
    total = observed.total("deaths" if kind is Information.DEATHS else "followed_up")
    key = "pooled" if observed.pooled is not None else "arms"
    return None if total is None else float(total), key


def statistic_of(
    file: ObservedFile, asked: Asked, arms: tuple[str, str], loaded: LoadedScenario
) -> tuple[float | None, Effect | None, bool]:
    """Z, the usual estimate, and whether its standard error is approximate."""
    observed, measure = file.observed, asked.declared.measure
    result = observed.result
    effect = None if result is None else effect_of(asked.plan, measure, result)
    z = None if result is None else result.z
    if z is None and effect is not None:
        z = effect.z
    by_arm = None if observed.arms is None else [observed.arms[name] for name in arms]
    if effect is None and by_arm is not None:
        effect = Effect.of_counts(asked.plan, measure, by_arm, asked.declared.information)
        if effect is not None and z is not None and _is_opposite(effect.z, z):
            rule = f"has another sign than the counts, by which it is about {effect.z:.2f}"
            raise file.problem("result.z", rule, _positive(asked))
    if z is None and by_arm is not None and asked.declared.table:
        z = z_of_counts(asked.plan, by_arm)
    if effect is None and z is not None:
        ratio, deaths = loaded.scenario.allocation.ratio, observed.total("deaths")
        effect = Effect.of_deaths(asked.plan, measure, z, deaths, ratio)
        return z, effect, effect is not None
    return z, effect, False
