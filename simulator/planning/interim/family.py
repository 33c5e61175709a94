"""A family of analyses at a look of a running trial: each at the level that it has now."""

import numpy as np

from simulator.analysis import plans_of
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Stage, decided, looked, sides_of
from simulator.monitoring.held import Decision
from simulator.monitoring.normal import upper_tail
from simulator.montecarlo.family_levels import shares_after
from simulator.montecarlo.multiplicity import Family, families_of
from simulator.planning.interim.asked import Asked
from simulator.planning.interim.file import ObservedFile
from simulator.planning.interim.keys import HypothesisSeen
from simulator.results.interim import FamilyNow, HypothesisNow, InformationNow
from simulator.scenario.errors import nearest
from simulator.scenario.schema import Scenario


def at_current_level(asked: Asked, file: ObservedFile, scenario: Scenario) -> Asked:
    """Return what is asked with the level that the analysis which leads has now.

    Raises
    ------
    ScenarioError
        If the file speaks of hypotheses that the scenario does not look at together.
    """
    seen = file.observed.hypotheses
    together = None if asked.looks is None else asked.looks.family
    names = [plan.name for plan in plans_of(scenario)]
    known = [] if together is None else [names[one.column] for one in together.hypotheses]
    for place, one in enumerate(seen):
        key = f"hypotheses[{place}].analysis"
        if not known:
            rule = "the scenario looks at one analysis alone"
            raise file.problem(key, rule, "give its statistic as result")
        if one.analysis not in known:
            near = nearest(one.analysis, known)
            remedy = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
            raise file.problem(key, "is not looked at in this family", remedy)
        if one.analysis == asked.plan.name and one.z is not None:
            rule = "is the analysis that leads, whose statistic is result"
            raise file.problem(f"hypotheses[{place}].z", rule, "give result: {z: ...}")
    if asked.looks is None or together is None:
        return asked
    family = _family_of(asked.looks, scenario)
    rejected = {known.index(one.analysis) for one in seen if one.rejected}
    level = family.alpha * float(shares_after(family, rejected)[together.primary])
    if level <= 0.0:  # it is rejected itself: what it was tested at stays to be seen
        return asked
    looks = asked.looks._replace(alpha=level)
    return asked._replace(looks=looks, sides=sides_of(looks))


def family_now(
    asked: Asked,
    file: ObservedFile,
    scenario: Scenario,
    information: InformationNow | None,
    z: float | None,
) -> FamilyNow | None:
    """Return each hypothesis of the family at its level, those rejected here passed on."""
    looks = asked.looks
    if looks is None or looks.family is None:
        return None
    family, plans = _family_of(looks, scenario), plans_of(scenario)
    alone, seen = looks.family.hypotheses, {one.analysis: one for one in file.observed.hypotheses}
    names = [plans[one.column].name for one in alone]
    before = {k for k, name in enumerate(names) if name in seen and seen[name].rejected}
    rejected, found = set(before), dict[int, HypothesisNow]()
    while True:
        shares = shares_after(family, rejected)
        now = set()
        for k, one in enumerate(alone):
            if k in rejected:
                continue
            level = family.alpha * float(shares[k])
            own = seen.get(names[k], HypothesisSeen(analysis=names[k]))
            statistic = z if k == looks.family.primary else own.z
            numbers = _numbers(file, one, looks, own, information)
            final = _is_final(file, information)
            found[k] = _at(names[k], one._replace(alpha=level), numbers, statistic, final)
            if found[k].rejected:
                now.add(k)
        if not now:
            break
        # One after another: the order does not matter, and levels are those at the rejection.
        rejected.add(min(now))
    for k in before:
        found[k] = HypothesisNow(names[k], 0.0, None, None, None, None, None, True, earlier=True)
    return FamilyNow(family.name, family.method, tuple(found[k] for k in range(len(alone))))


def _family_of(looks: MonitoringPlan, scenario: Scenario) -> Family:
    assert looks.family is not None
    name = looks.family.name
    return next(f for f in families_of(scenario, plans_of(scenario)) if f.name == name)


def _is_final(file: ObservedFile, information: InformationNow | None) -> bool:
    if file.observed.final is not None:
        return file.observed.final
    share = None if information is None else information.fraction
    return share is not None and share >= 1


def _numbers(
    file: ObservedFile,
    one: MonitoringPlan,
    lead: MonitoringPlan,
    own: HypothesisSeen,
    information: InformationNow | None,
) -> list[float] | None:
    """Information at each look so far; None: it is not known."""
    earlier = file.observed.earlier_looks
    if own.information is not None:
        if len(own.earlier_information) != len(earlier):
            place = [h.analysis for h in file.observed.hypotheses].index(own.analysis)
            rule = f"has {len(own.earlier_information)} numbers, and there are {len(earlier)} looks"
            key = f"hypotheses[{place}].earlier_information"
            raise file.problem(key, f"{rule} before this one", "give one for each")
        return [*own.earlier_information, own.information]
    if one.information != lead.information or information is None or information.now is None:
        return None
    return [*(look.information for look in earlier), information.now]


def _at(
    name: str,
    one: MonitoringPlan,
    numbers: list[float] | None,
    z: float | None,
    final: bool,
) -> HypothesisNow:
    if one.alpha <= 0.0 or numbers is None:
        return HypothesisNow(name, one.alpha, None, None, None, None, z, False)
    sides, stage = sides_of(one), Stage()
    for place, number in enumerate(numbers):
        last = final and place == len(numbers) - 1
        stage = looked(sides, stage, place, number / one.max_information, last)
    rejected = False
    if z is not None:
        decision = Decision(int(decided(stage, np.array([z]), final)[0]))
        rejected = decision in (Decision.FAVOURS_FIRST, Decision.FAVOURS_SECOND)
    reachable = np.isfinite(stage.second_z)
    return HypothesisNow(
        name=name,
        level=one.alpha,
        fraction=numbers[-1] / one.max_information,
        efficacy_z=float(stage.second_z) if reachable else None,
        lower_z=-float(stage.first_z) if np.isfinite(stage.first_z) else None,
        nominal_p=one.sides * upper_tail(stage.second_z) if reachable else None,
        z=z,
        rejected=rejected,
    )
