"""What looks came to, as a result."""

import math

from simulator.constants import DAYS_PER_MONTH
from simulator.declarations.analyses import Information
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.monitoring.decisions import Decision
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.look_sums import LookSums
from simulator.montecarlo.loop import MonteCarlo
from simulator.planning.after_stopping import estimates_of
from simulator.planning.prepared import Prepared
from simulator.results.looks import LookReport, Looks, WithAndWithout
from simulator.results.measures import Estimate

# What is compared, in its unit, by the trial metric.
_COMPARED = {
    "patients": ("randomised", "1"),
    "deaths": ("deaths", "1"),
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
    reports = tuple(
        _look(prepared, asked, sums, place, run.trials) for place in range(len(asked.looks) + 1)
    )
    return Looks(
        analysis=run.plans[asked.column].name,
        information=Information(asked.information).value,
        max_information=asked.max_information,
        spending=asked.spending or None,
        spending_title=read_efficacy(asked.spending).family.title if asked.spending else "",
        futility=None if asked.futility is None else asked.futility.rule,
        futility_title=_title(asked),
        binding=asked.futility is not None and asked.futility.binding,
        after_stopping="stop_treatment" if asked.stops_treatment else "complete",
        looks=reports,
        power=_power(sums, run.trials),
        compared={
            name: _compared(sums, column, unit, run.trials)
            for name, (column, unit) in _COMPARED.items()
            if column in sums.compared_columns
        },
        trials=run.trials,
        estimates=estimates_of(sums.after),
    )


def _title(asked: MonitoringPlan) -> str:
    return "" if asked.futility is None else read_futility(asked.futility.rule).family.title


def in_words(at: Moment) -> str:
    """Return when data are cut, in words."""
    if at.of:
        one, other = map(in_words, at.of)
        return f"the {at.kind} of {one} and {other}"
    return _MOMENTS[at.kind].format(value=at.value)


def _look(
    prepared: Prepared, asked: MonitoringPlan, sums: LookSums, place: int, trials: int
) -> LookReport:
    final = place == len(asked.looks)
    by_arm = zip(prepared.arms, sums.decisions[place, : len(prepared.arms)].tolist(), strict=True)
    rejected = int(sums.decisions[: place + 1, : Decision.FUTILITY].sum())
    means: dict[str, Estimate | None] = {
        name: _known(sums.mean_seen(place, column)) for name, column in _SEEN.items()
    }
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
