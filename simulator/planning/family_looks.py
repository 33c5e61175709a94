"""What looks at a family came to, as a result."""

import math

from simulator.declarations.analyses import Information
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.families import read_efficacy
from simulator.montecarlo.family_look_sums import FamilyLookSums
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.loop import MonteCarlo
from simulator.montecarlo.monitored_family import family_asked
from simulator.montecarlo.ordered_sums import mean_of
from simulator.results.family_looks import FamilyLooks, HypothesisLook, HypothesisLooks
from simulator.results.measures import Estimate


def family_looks_of(run: MonteCarlo) -> FamilyLooks | None:
    """Return what the looks at a family came to; None: none was looked at."""
    asked, sums = run.asked.monitoring, run.sums.looks
    if asked is None or asked.family is None or sums is None or sums.family is None:
        return None
    family = family_asked(asked, run.asked.families)
    names = [run.plans[column].name for column in family.columns]
    return FamilyLooks(
        name=family.name,
        method=family.method,
        alpha=family.alpha,
        stop_when=asked.family.stop_when,
        primary=names[asked.family.primary],
        hypotheses=tuple(
            _hypothesis(name, one, family.alpha * float(weight), sums.family, place, run.trials)
            for place, (name, one, weight) in enumerate(
                zip(names, asked.family.hypotheses, family.weights, strict=True)
            )
        ),
        any=_cumulative(sums.family.any_of.tolist(), run.trials),
        all=_cumulative(sums.family.all_of.tolist(), run.trials),
    )


def _hypothesis(
    name: str, one: MonitoringPlan, level: float, sums: FamilyLookSums, place: int, trials: int
) -> HypothesisLooks:
    counts = sums.rejected[:, place].tolist()
    by_then = _cumulative(counts, trials)
    return HypothesisLooks(
        analysis=name,
        information=Information(one.information).value,
        max_information=one.max_information,
        spending=one.spending or None,
        spending_title=read_efficacy(one.spending).family.title if one.spending else "",
        first_level=level,
        looks=tuple(
            HypothesisLook(
                rejected=_share(count, trials),
                cumulative_power=by_then[look],
                fraction=_mean(*sums.fraction[look, place].tolist()),
            )
            for look, count in enumerate(counts)
        ),
    )


def _share(count: int, trials: int) -> Estimate:
    return Estimate(count / trials, standard_error(count, trials))


def _cumulative(counts: list[int], trials: int) -> tuple[Estimate, ...]:
    return tuple(_share(sum(counts[: look + 1]), trials) for look in range(len(counts)))


def _mean(known: float, total: float, squares: float) -> Estimate | None:
    found = mean_of(known, total, squares)
    return None if math.isnan(found.mean) else found
