"""What a trial team needs at an interim analysis: where the trial stands, and what is to come."""

import math

from simulator.monitoring.normal import upper_quantile
from simulator.planning.interim.adaptation import reestimated_of, slow_of, weighted_at_the_end
from simulator.planning.interim.asked import (
    Asked,
    asked_of,
    information_of,
    refuse_other_arms,
    refuse_unlike,
    statistic_of,
)
from simulator.planning.interim.attained import attained_so_far
from simulator.planning.interim.effect import Effect
from simulator.planning.interim.family import at_current_level, family_now
from simulator.planning.interim.file import ObservedFile
from simulator.planning.interim.futility import judged_by_tables
from simulator.planning.interim.looks import (
    Now,
    Usual,
    looks_of,
    prospects_of,
    repeated_of,
    repeated_of_weighted,
    stopped_of,
)
from simulator.planning.interim.recruitment import forecast_of
from simulator.results.after_stopping import NoEstimates
from simulator.results.interim import (
    Assumption,
    EffectNow,
    Interim,
    Interval,
    LookTaken,
    Prospects,
    Verdict,
    WeightedNow,
)
from simulator.results.power import ToBeShown
from simulator.scenario.loaded import LoadedScenario
from simulator.version import program_version


def interim(loaded: LoadedScenario, file: ObservedFile) -> Interim:
    """Return what a trial team needs at a cut.

    Raises
    ------
    ScenarioError
        If what was observed does not fit the scenario; says file, line, key, rule and remedy.
    """
    observed, scenario = file.observed, loaded.scenario
    arms = scenario.arms[0].name, scenario.arms[1].name
    refuse_other_arms(file, arms)
    asked = at_current_level(asked_of(loaded), file, scenario)
    refuse_unlike(file, asked)
    information, now = information_of(file, asked), None
    looks: tuple[LookTaken, ...] = ()
    z, effect, approximate = None, None, False
    if information is not None:
        z, effect, approximate = statistic_of(file, asked, arms, loaded)
    share = None if information is None else information.fraction
    weighted = weighted_at_the_end(observed, asked, share, z)
    if information is not None and information.fraction is not None:
        looks, now = looks_of(file, asked, information, z, effect, arms, weighted)
        looks, now = judged_by_tables(file, asked, looks, now, arms)
    at_end = Usual(share, z, effect)
    prospects = None if now is None else prospects_of(observed, asked, now, arms, loaded)
    recruited = forecast_of(scenario, observed)
    assumed = [*_assumed(asked, now, prospects), *([] if recruited is None else recruited[1])]
    if approximate:
        assumed.insert(0, Assumption.APPROXIMATE_STANDARD_ERROR)
    rules = asked.looks
    no_order = () if rules is None else rules.no_order
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
        repeated=None if now is None else _repeated(asked, now, weighted, at_end),
        stopped=None if now is None or weighted is not None else stopped_of(asked, now),
        recruitment=None if recruited is None else recruited[0],
        assumptions=tuple(assumed),
        version=program_version(),
        reestimated=reestimated_of(observed, asked, now),
        slow=slow_of(observed, asked, scenario),
        weighted=weighted,
        family=family_now(asked, file, scenario, information, z),
        no_estimates=tuple(map(NoEstimates, no_order)),
        attained=None
        if now is None
        else attained_so_far(asked, observed, arms, loaded, final=now.final),
    )


def _repeated(
    asked: Asked, now: Now, weighted: WeightedNow | None, usual: Usual
) -> Interval | None:
    """The repeated interval; None: none is made, there is no boundary, or no statistic."""
    if asked.looks is not None and not asked.looks.estimates_allow_for_looks:
        return None
    return repeated_of(now) if weighted is None else repeated_of_weighted(now, weighted, usual)


def _assumed(asked: Asked, now: Now | None, prospects: Prospects | None) -> list[Assumption]:
    found = []
    if asked.looks is None and now is not None:
        found.append(Assumption.NO_LOOKS_PLANNED)
    if asked.looks is not None and any(map(math.isnan, asked.looks.fractions)):
        found.append(Assumption.LOOKS_EQUALLY_SPACED)
    if prospects is not None and now is not None:
        if asked.looks is None or asked.looks.futility is None:
            found.append(Assumption.DESIGN_POWER)
        found.append(Assumption.FLAT_PRIOR_OF_EFFECT)
        if prospects.enumerated is not None:
            found.append(Assumption.ALL_TO_COME_COMPLETE)
    return found


def _usual(asked: Asked, effect: Effect) -> EffectNow:
    measure = asked.declared.measure
    width = upper_quantile(asked.plan.interval_alpha / 2)
    ends = [effect.shown(effect.moved(z)) for z in (-width, width)]
    estimate = effect.shown(effect.raw)
    return EffectNow(measure.name, measure.scale, estimate, effect.error, min(ends), max(ends))
