"""What looks came to, as a result."""

import math
from dataclasses import replace

from simulator.constants import DAYS_PER_MONTH
from simulator.declarations.analyses import STATISTICS, Information
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.monitoring.held import Decision
from simulator.montecarlo.costs import prices_of
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.look_sums import LookSums
from simulator.montecarlo.loop import MonteCarlo
from simulator.planning.adaptation import reestimation_of, slow_of
from simulator.planning.after_stopping import estimates_of
from simulator.planning.attained import attained_of
from simulator.planning.attained_over_trials import attained_over_trials
from simulator.planning.family_looks import family_looks_of
from simulator.planning.look_effects import EffectScale, effect_scale
from simulator.planning.planned_looks import planned_boundaries
from simulator.planning.prepared import Prepared
from simulator.planning.seldom_looks import seldom_taken
from simulator.results.after_stopping import NoEstimates
from simulator.results.looks import LookReport, Looks, WithAndWithout
from simulator.results.measures import Estimate

# What is compared, in its unit, by the trial metric.
_COMPARED = {
    "patients": ("randomised", "1"),
    "deaths": ("deaths", "1"),
    "deaths_by_the_end": ("deaths_by_the_end", "1"),
    "recruitment_months": ("enrolment_days", "months"),
    "trial_months": ("trial_days", "months"),
    "sessions": ("sessions_delivered", "1"),
    "plasma_litres": ("plasma_litres", "L"),
    "machine_hours": ("machine_hours", "h"),
}
_SEEN = {
    "cut_day": "cut_day",
    "decision_day": "decision_day",
    "randomised": "randomised",
    "events": "events",
    "under_treatment": "treated",
    "fraction": "fraction",
    "boundary_z": "boundary",
    "smallest_effect": "effect",
    "lower_z": "lower",
    "overrun_events": "overrun_events",
}
_MOMENTS = {
    "deaths": "{value:g} deaths",
    "events": "{value:g} events",
    "randomised": "{value:g} patients randomised",
    "due": "{value:g} patients followed up",
    "day": "day {value:g}",
}


def looks_of(prepared: Prepared, run: MonteCarlo) -> Looks | None:
    """Return what the looks of a run came to; None: there were none."""
    asked, sums = run.asked.monitoring, run.sums.looks
    if asked is None or sums is None:
        return None
    plan = run.plans[asked.column]
    effects = effect_scale(plan)
    # Where patients are followed longer than `follow_up_days`, deaths within these are not all
    # that the trial has.
    unsaid = "deaths" if "deaths_by_the_end" in sums.compared_columns else ""
    taken = [k for k in range(len(asked.looks) + 1) if not _never_came(asked, sums, k)]
    reports = tuple(_look(prepared, asked, sums, k, run.trials, effects) for k in taken)
    measure = STATISTICS[plan.test].measure
    found = Looks(
        analysis=plan.name,
        measure=measure.name,
        scale=measure.scale,
        null_effect=effects.at(0.0),
        information=Information(asked.information).value,
        max_information=asked.max_information,
        spending=asked.spending or None,
        spending_title=_title_of(asked.spending),
        futility=None if asked.futility is None else asked.futility.rule,
        futility_title=_title(asked),
        binding=asked.futility is not None and asked.futility.binding,
        after_stopping="stop_treatment" if asked.stops_treatment else "complete",
        looks=reports,
        boundaries=planned_boundaries(
            asked,
            [look.moment for look in reports],
            [None if look.fraction is None else look.fraction.mean for look in reports],
            [sums.mean_seen(place, "standard_error").mean for place in taken],
            effects,
        ),
        power=_power(sums, run.trials),
        compared={
            name: _compared(sums, column, unit, run.trials)
            for name, (column, unit) in _COMPARED.items()
            if column in sums.compared_columns and name != unsaid
        }
        | _costs(prepared, sums, run.trials),
        trials=run.trials,
        lower_spending=asked.lower_spending or None,
        lower_alpha=asked.lower_alpha or None,
        lower_title=_title_of(asked.lower_spending),
        exact=asked.exact,
        own_sizes=asked.own_sizes,
        no_estimates=tuple(map(NoEstimates, asked.no_order)),
        seldom_taken=tuple(
            seldom_taken(asked, sums, run.trials, taken, [look.moment for look in reports])
        ),
        attained=attained_of(run.plans[asked.column], asked, sums, prepared.asked.allocation.ratio),
        attained_over_trials=attained_over_trials(prepared, asked, run.seed, run.trials),
        family=family_looks_of(run),
        estimates={} if sums.after is None else estimates_of(sums.after, asked),
    )
    if asked.adaptation is None or sums.adapted is None:
        return found
    return replace(
        found,
        reestimation=reestimation_of(asked, sums.adapted),
        slow_recruitment=slow_of(asked.adaptation, sums.adapted, run.trials),
    )


def _title_of(spending: str) -> str:
    return read_efficacy(spending).family.title if spending else ""


def _never_came(asked: MonitoringPlan, sums: LookSums, place: int) -> bool:
    """Whether a look is one of as many as a trial comes to, and no trial came to it."""
    return place < len(asked.looks) and asked.looks[place].repeats and not sums.taken(place)


def _title(asked: MonitoringPlan) -> str:
    return "" if asked.futility is None else read_futility(asked.futility.rule).family.title


def in_words(at: Moment) -> str:
    """Return when data are cut, in words."""
    if at.of:
        one, other = map(in_words, at.of)
        return f"the {at.kind} of {one} and {other}"
    if at.date:
        return at.date
    if at.month is not None:
        return f"month {at.month:g}"
    return _MOMENTS[at.kind].format(value=at.value)


def _look(
    prepared: Prepared,
    asked: MonitoringPlan,
    sums: LookSums,
    place: int,
    trials: int,
    scale: EffectScale,
) -> LookReport:
    final = place == len(asked.looks)
    by_arm = zip(prepared.arms, sums.decisions[place, : len(prepared.arms)].tolist(), strict=True)
    rejected = int(sums.decisions[: place + 1, : Decision.FUTILITY].sum())
    means: dict[str, Estimate | None] = {
        name: _known(sums.mean_seen(place, column)) for name, column in _SEEN.items()
    }
    counted = asked.information == Information.COMPLETED
    more = sums.mean_seen(place, "overrun_completed" if counted else "overrun_randomised")
    means["overrun_patients"] = _known(more)
    least = means["smallest_effect"]
    means["smallest_effect"] = None if least is None else scale.estimate(least)
    return LookReport(
        moment="" if final else in_words(asked.looks[place].at),
        taken=_share(sums.taken(place), trials),
        in_favour_of={arm: _share(count, trials) for arm, count in by_arm},
        futility=_share(int(sums.decisions[place, Decision.FUTILITY]), trials),
        cumulative_power=_share(rejected, trials),
        **means,
    )


def _share(count: int, trials: int) -> Estimate:
    return Estimate(count / trials, standard_error(count, trials))


def _known(found: Estimate) -> Estimate | None:
    return None if math.isnan(found.mean) else found


def _power(sums: LookSums, trials: int) -> WithAndWithout:
    """Power with looks and without, in the same trials."""
    (_, gained), (lost, both) = sums.rejections.tolist()
    apart = (gained - lost) / trials
    variance = ((gained + lost) / trials - apart**2) / max(trials - 1, 1)
    return WithAndWithout(
        unit="1",
        with_looks=_share(gained + both, trials),
        without=_share(lost + both, trials),
        difference=Estimate(apart, math.sqrt(max(variance, 0.0))),
    )


def _compared(sums: LookSums, column: str, unit: str, trials: int) -> WithAndWithout:
    days = DAYS_PER_MONTH if unit == "months" else 1.0
    means = sums.compared_means(column, trials)
    return WithAndWithout(unit, *(Estimate(e.mean / days, e.mcse / days) for e in means))


def _costs(prepared: Prepared, sums: LookSums, trials: int) -> dict[str, WithAndWithout]:
    """What a trial costs, if the scenario has prices."""
    prices = prices_of(prepared.solved)
    if prices is None:
        return {}
    means = sums.priced.mean_costs(prices.by_column, prices.fixed, trials)
    return {"cost": WithAndWithout(prices.currency, *means)}
