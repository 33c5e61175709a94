"""What a trial team needs at an interim analysis: where the trial stands, and what is to come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.analysis import plans_of
from simulator.declarations.analyses import ANALYSES, Analysis, AnalysisPlan, Information
from simulator.declarations.keys import below
from simulator.monitoring.asked import MonitoringPlan, monitoring_plan
from simulator.monitoring.boundaries import looks_to_come
from simulator.monitoring.characteristics import drift_for
from simulator.monitoring.conditional import conditional_power, predictive_power
from simulator.monitoring.decisions import (
    Decision,
    Sides,
    Stage,
    decided,
    looked,
    p_values,
    sides_of,
)
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.normal import upper_quantile, upper_tail
from simulator.monitoring.ordering import stagewise
from simulator.monitoring.plan import Look, Plan
from simulator.monitoring.repeated import repeated_interval
from simulator.planning.interim_effect import Effect, effect_of, enumerated, z_of_counts
from simulator.planning.interim_file import Observed, ObservedFile
from simulator.planning.interim_recruitment import forecast_of
from simulator.results.interim import (
    Assumption,
    EffectNow,
    InformationNow,
    Interim,
    Interval,
    LookTaken,
    Prospects,
    Stopped,
    Verdict,
)
from simulator.results.measures import Scale
from simulator.results.power import ToBeShown
from simulator.scenario.errors import nearest
from simulator.scenario.loaded import LoadedScenario
from simulator.version import program_version

_POWER = 0.8  # of the design's effect, where the scenario says nothing
_ALIKE = 0.5  # of two statistics of the same data
_MOST_TIMES = 3.0  # the planned information: beyond, the unit is another
_VERDICTS = {
    Decision.FAVOURS_FIRST: Verdict.EFFICACY_FIRST,
    Decision.FAVOURS_SECOND: Verdict.EFFICACY_SECOND,
    Decision.FUTILITY: Verdict.FUTILITY,
}


class _Asked(NamedTuple):
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


@dataclass(frozen=True)
class _Now:
    """A look with all that is known at it."""

    stage: Stage
    fraction: float
    final: bool
    z: float | None
    effect: Effect | None
    verdict: Verdict


def interim(loaded: LoadedScenario, file: ObservedFile) -> Interim:
    """Return what a trial team needs at a cut.

    Raises
    ------
    ScenarioError
        If what was observed does not fit the scenario; says file, line, key, rule and remedy.
    """
    observed, scenario = file.observed, loaded.scenario
    arms = scenario.arms[0].name, scenario.arms[1].name
    _refuse_other_arms(file, arms)
    asked = _asked_of(loaded)
    _refuse_unlike(file, asked)
    information, now = _information(file, asked), None
    looks: tuple[LookTaken, ...] = ()
    z, effect, approximate = _statistic(file, asked, arms, loaded)
    if information is not None and information.fraction is not None:
        looks, now = _looks(file, asked, information, z, effect)
    prospects = None if now is None else _prospects(observed, asked, now, arms, loaded)
    recruited = forecast_of(scenario, observed)
    assumed = [*_assumed(asked, now, prospects), *([] if recruited is None else recruited[1])]
    if approximate:
        assumed.insert(0, Assumption.APPROXIMATE_STANDARD_ERROR)
    rules = asked.looks
    return Interim(
        scenario=scenario.name,
        cut=observed.cut.isoformat(),
        analysis=asked.plan.name,
        test=asked.plan.test,
        arms=arms,
        alpha=asked.plan.alpha,
        hypothesis=ToBeShown(*asked.plan.hypothesis),
        measure=asked.declared.measure.name,
        randomised=observed.randomised,
        followed_up=observed.total("followed_up"),
        deaths=observed.total("deaths"),
        information=information,
        final=now is not None and now.final,
        spending=None if rules is None else rules.spending or None,
        futility=None if rules is None or rules.futility is None else rules.futility.rule,
        binding=rules is not None and rules.futility is not None and rules.futility.binding,
        looks=looks,
        z=z,
        effect=None if effect is None else _usual(asked, effect),
        verdict=Verdict.NOT_KNOWN if now is None else now.verdict,
        prospects=prospects,
        repeated=None if now is None else _repeated(now),
        stopped=None if now is None else _stopped(asked, now),
        recruitment=None if recruited is None else recruited[0],
        assumptions=tuple(assumed),
        version=program_version(),
    )


# What is asked of the scenario


def _asked_of(loaded: LoadedScenario) -> _Asked:
    scenario = loaded.scenario
    plans = plans_of(scenario)
    looks = monitoring_plan(scenario, plans)
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
    return _Asked(plan, declared, looks, sides, planned, power)


def _can_be_monitored(asked: _Asked) -> bool:
    plan = asked.plan
    has_law = isinstance(ANALYSES[plan.test], Analysis) and plan.hypothesis.equivalence is None
    return has_law and asked.declared.information is not Information.NONE


def _assumed(asked: _Asked, now: _Now | None, prospects: Prospects | None) -> list[Assumption]:
    found = []
    if asked.looks is None:
        found.append(Assumption.NO_LOOKS_PLANNED)
    elif any(map(math.isnan, asked.looks.fractions)):
        found.append(Assumption.LOOKS_EQUALLY_SPACED)
    if prospects is not None and now is not None:
        if asked.looks is None or asked.looks.futility is None:
            found.append(Assumption.DESIGN_POWER)
        found.append(Assumption.FLAT_PRIOR_OF_EFFECT)
        if prospects.enumerated is not None:
            found.append(Assumption.ALL_TO_COME_COMPLETE)
    return found


# What does not fit


def _refuse_other_arms(file: ObservedFile, arms: tuple[str, str]) -> None:
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


def _refuse_unlike(file: ObservedFile, asked: _Asked) -> None:
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
    if result.ratio is not None and not _is_ratio(asked):
        raise file.problem("result.ratio", f"{test} estimates a {name}", "give difference")
    if result.difference is not None and _is_ratio(asked):
        rule = f"{test} estimates a {name}"
        raise file.problem("result.difference", rule, "give ratio, and the error of its logarithm")
    effect = effect_of(asked.plan, asked.declared.measure, result)
    if effect is not None and result.z is not None and _is_opposite(effect.z, result.z):
        rule = f"has another sign than the estimate, of which it is {effect.z:.2f}"
        raise file.problem("result.z", rule, _positive(asked))


def _is_opposite(one: float, other: float) -> bool:
    """Whether signs differ by more than that one statistic is not the other may explain."""
    return one * other < 0 and abs(one - other) > _ALIKE


def _positive(asked: _Asked) -> str:
    if asked.plan.hypothesis.is_two_sided:
        return "positive z favours the second arm"
    return "positive z favours what is to be shown"


def _is_ratio(asked: _Asked) -> bool:
    return asked.declared.measure.scale is Scale.LOG_RATIO


# Information and statistic


def _information(file: ObservedFile, asked: _Asked) -> InformationNow | None:
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


def _statistic(
    file: ObservedFile, asked: _Asked, arms: tuple[str, str], loaded: LoadedScenario
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


# The looks


def _looks(
    file: ObservedFile,
    asked: _Asked,
    information: InformationNow,
    z: float | None,
    effect: Effect | None,
) -> tuple[tuple[LookTaken, ...], _Now]:
    """Every look so far at its information, and what is known at this one."""
    observed = file.observed
    assert information.now is not None
    assert information.fraction is not None
    assert asked.planned is not None
    stage, taken = Stage(), []
    for look in observed.earlier_looks:
        fraction = look.information / asked.planned
        stage = _next(asked, stage, fraction, final=False)
        verdict = _verdict(stage, look.z, final=False)
        taken.append(_taken(stage, look.cut.isoformat(), look.information, look.z, None, verdict))
    final = information.fraction >= 1 if observed.final is None else observed.final
    stage = _next(asked, stage, information.fraction, final=final)
    now = _Now(stage, information.fraction, final, z, effect, _verdict(stage, z, final=final))
    cut = observed.cut.isoformat()
    taken.append(_taken(stage, cut, information.now, z, effect, now.verdict))
    return tuple(taken), now


def _next(asked: _Asked, stage: Stage, fraction: float, *, final: bool) -> Stage:
    """The looks with the next one, which has no boundary where none is planned."""
    if asked.looks is not None or final:
        return looked(asked.sides, stage, fraction, final)
    free = Look(fraction, math.inf)
    first = () if asked.sides.first is None else (*stage.first, free)
    return Stage((*stage.second, free), first)


def _verdict(stage: Stage, z: float | None, *, final: bool) -> Verdict:
    if z is None:
        return Verdict.NOT_KNOWN
    found = Decision(int(decided(stage, np.array([z]), final)[0]))
    return _VERDICTS.get(found, Verdict.NO_REJECTION if final else Verdict.GO_ON)


def _taken(
    stage: Stage,
    cut: str,
    information: float,
    z: float | None,
    effect: Effect | None,
    verdict: Verdict,
) -> LookTaken:
    second = stage.second[-1]
    sides = 2 if stage.first else 1
    lower = -stage.first[-1].efficacy_z if stage.first else -math.inf
    finite = math.isfinite(second.efficacy_z)
    return LookTaken(
        cut=cut,
        information=information,
        fraction=second.information,
        efficacy_z=_finite(second.efficacy_z),
        lower_z=_finite(lower),
        futility_z=_finite(second.futility_z),
        nominal_p=sides * upper_tail(second.efficacy_z),
        alpha_spent=sum(looks[-1].upper_spent for looks in (stage.second, stage.first) if looks),
        z=z,
        p_value=None if z is None else _nominal(z, sides),
        on_boundary=None if effect is None or not finite else effect.at(second.efficacy_z),
        verdict=verdict,
    )


def _nominal(z: float, sides: int) -> float:
    return 2 * upper_tail(abs(z)) if sides == 2 else upper_tail(z)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# What follows


def _prospects(
    observed: Observed, asked: _Asked, now: _Now, arms: Sequence[str], loaded: LoadedScenario
) -> Prospects | None:
    if now.z is None or now.final:
        return None
    later = looks_to_come(asked.sides.second, now.stage.second)
    if not later:
        return None
    power, at = asked.power, (later, now.fraction, now.z)
    level = upper_tail(later[-1].upper) * (1 if asked.sides.first is None else 2)
    found = None
    if observed.arms is not None and asked.declared.table and asked.planned is not None:
        by_arm = [observed.arms[name] for name in arms]
        ratio = loaded.scenario.allocation.ratio
        found = enumerated(asked.plan, by_arm, round(asked.planned), ratio, level)
    return Prospects(
        power=power,
        design=conditional_power(*at, drift_for(asked.sides.second, power)),
        estimate=conditional_power(*at, now.z / math.sqrt(now.fraction)),
        none=conditional_power(*at, 0.0),
        predictive=predictive_power(*at),
        final_p=level,
        enumerated=None if found is None else found.probability,
        to_come=None if found is None else found.to_come,
    )


def _usual(asked: _Asked, effect: Effect) -> EffectNow:
    measure = asked.declared.measure
    width = upper_quantile(asked.plan.interval_alpha / 2)
    ends = [effect.shown(effect.moved(z)) for z in (-width, width)]
    estimate = effect.shown(effect.raw)
    return EffectNow(measure.name, measure.scale, estimate, effect.error, min(ends), max(ends))


def _repeated(now: _Now) -> Interval | None:
    second = now.stage.second[-1]
    first = now.stage.first[-1] if now.stage.first else second
    if now.z is None or math.isinf(second.efficacy_z) or math.isinf(first.efficacy_z):
        return None
    low, high = repeated_interval(second, now.z).low, repeated_interval(first, now.z).high
    return _interval(now, now.z / math.sqrt(now.fraction), low, high)


def _stopped(asked: _Asked, now: _Now) -> Stopped | None:
    if now.z is None:
        return None
    stage, confidence = now.stage, 1 - asked.plan.interval_alpha
    # Each arm's favour has looks of its own: the outcome is ordered among those of its side.
    if now.z >= 0 or not stage.first:
        found = stagewise(stage.second, now.z, confidence, obeyed=stage.binding)
        drifts = found.median_unbiased, found.low, found.high
    else:
        found = stagewise(stage.first, -now.z, confidence)
        drifts = -found.median_unbiased, -found.high, -found.low
    p = p_values(stage, np.array([now.z]), futile=now.verdict is Verdict.FUTILITY)
    return Stopped(float(p[0]), _interval(now, *drifts))


def _interval(now: _Now, estimate: float, low: float, high: float) -> Interval:
    if now.effect is None or now.z is None:
        return Interval(estimate, low, high, None, None, None)
    root, z, effect = math.sqrt(now.fraction), now.z, now.effect
    at, *ends = (effect.shown(effect.moved(d * root - z)) for d in (estimate, low, high))
    return Interval(estimate, low, high, at, min(ends), max(ends))
