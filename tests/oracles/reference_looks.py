"""Looks the slow way: a trial at a time, a patient at a time, boundaries by plain quadrature.

Written from the decision record on looks (0024), sections 10 and 11 of docs/model.md and what the
scenario's schema says of `monitoring`, for `test_looks`. Tests are two-sided: each direction has
half of alpha, unless it is given its part, and a one-sided boundary of its own. Statistics at looks
come from the slow analyses of `reference_analysis`; mortality at the end is that of day 84, as
there, and patients are followed for as long unless the scenario says how trials end (section 12).
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from analysis_records import Result
from reference_analysis import F, slow_result, state, trials_in
from scipy import optimize, stats
from scipy.special import ndtr

from simulator.analysis import AnalysisPlan
from simulator.conduct import Conduct
from simulator.declarations.analyses import STATISTICS
from simulator.records import SESSIONS_GIVEN, TrialRecords
from simulator.scenario.monitoring import Moment, Monitoring
from simulator.scenario.schema import Scenario

Conducted = Callable[[Conduct], TrialRecords]
Regions = tuple[tuple[float, float, float], ...]  # information, and between what a trial goes on

# Boundaries ---------------------------------------------------------------------------------------


@cache
def _legendre(nodes: int = 240) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(nodes)


def _nodes(low: float, high: float, drift: float, t: float) -> tuple[np.ndarray, np.ndarray]:
    middle = drift * math.sqrt(t)
    low, high = max(low, middle - 9), min(high, middle + 9)
    x, weight = _legendre()
    half = max(high - low, 0.0) / 2
    return (low + high) / 2 + half * x, half * weight


def _normal(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def _density(before: Regions, drift: float, t: float, z: np.ndarray) -> np.ndarray:
    """Density of Z at information t where the trial went on at all looks before."""
    if not before:
        return _normal(z - drift * math.sqrt(t))
    *earlier, (s, low, high) = before
    u, weight = _nodes(low, high, drift, s)
    mass = weight * _density(tuple(earlier), drift, s, u)
    step = t - s
    away = (z[:, None] * math.sqrt(t) - u * math.sqrt(s) - drift * step) / math.sqrt(step)
    return _normal(away) @ mass * math.sqrt(t / step)


def crosses(before: Regions, drift: float, t: float, z: float) -> float:
    """Probability to be at or above z at information t, having gone on before."""
    if math.isinf(z):
        return 0.0 if z > 0 else crosses(before, drift, t, -30.0)
    if not before:
        return float(ndtr(drift * math.sqrt(t) - z))
    *earlier, (s, low, high) = before
    step = t - s
    if step < 1e-9:  # the same data: the same statistic
        u, weight = _nodes(max(low, z), high, drift, s)
        return float(weight @ _density(tuple(earlier), drift, s, u)) if high > z else 0.0
    u, weight = _nodes(low, high, drift, s)
    mass = weight * _density(tuple(earlier), drift, s, u)
    away = (z * math.sqrt(t) - u * math.sqrt(s) - drift * step) / math.sqrt(step)
    return float(ndtr(-away) @ mass)


def _with(regions: Regions, t: float, low: float, high: float) -> Regions:
    """Regions with a further look; one without new information narrows the last."""
    if regions and t - regions[-1][0] < 1e-9:
        s, low_before, high_before = regions[-1]
        return (*regions[:-1], (s, max(low, low_before), min(high, high_before)))
    return (*regions, (t, low, high))


def spent_by(rule: str, alpha: float, t: float) -> float | None:
    """What a spending function has spent at t, before the end; None: the rule is a shape."""
    word, _, option = rule.rstrip(")").partition("(")
    t = min(t, 1.0)
    if not word:  # no look stops for efficacy
        return 0.0
    if word == "lan_demets_obrien_fleming":
        return 2 * float(stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(t))) if t else 0.0
    if word == "lan_demets_pocock":
        return alpha * math.log(1 + (math.e - 1) * t)
    if word == "hwang_shih_decani":
        g = float(option)
        return alpha * (t if g == 0 else (1 - math.exp(-g * t)) / (1 - math.exp(-g)))
    if word == "kim_demets":
        return alpha * t ** float(option)
    return None


def _shape(rule: str, constant: float, t: float) -> float:
    word, _, option = rule.rstrip(")").partition("(")
    delta = {"obrien_fleming": 0.0, "pocock": 0.5}
    if word == "haybittle_peto":
        return float(option)
    return constant * t ** (delta.get(word, float(option or 0)) - 0.5)


@cache
def _constant(rule: str, alpha: float, planned: tuple[float, ...]) -> float:
    """Of a shape, so that the looks as planned spend alpha."""
    if rule.startswith("haybittle"):
        return math.nan

    def excess(constant: float) -> float:
        regions: Regions = ()
        total = 0.0
        for t in planned:
            z = _shape(rule, constant, t)
            total += crosses(regions, 0.0, t, z)
            regions = _with(regions, t, -math.inf, z)
        return total - alpha

    return float(optimize.brentq(excess, 0.5, 8.0, xtol=1e-12))


@cache
def efficacy_at(
    rule: str,
    alpha: float,
    planned: tuple[float, ...],
    before: Regions,
    spent: float,
    t: float,
    final: bool,
) -> tuple[float, float]:
    """The boundary in one direction at a look, and the alpha spent with it."""
    left = alpha - spent
    if not final:
        by_now = spent_by(rule, alpha, t)
        if by_now is None:
            z = _shape(rule, _constant(rule, alpha, planned), t)
            takes = crosses(before, 0.0, t, z)
            if takes < left:
                return z, spent + takes
        else:
            left = min(by_now - spent, left)
    if left < 1e-14:
        return math.inf, spent
    z = optimize.brentq(lambda b: crosses(before, 0.0, t, b) - left, -9.0, 38.0, xtol=1e-12)
    return float(z), spent + left


@dataclass
class Direction:
    """The boundary of one direction, look by look, as the information turns out."""

    rule: str
    alpha: float
    planned: tuple[float, ...]
    counts_on_futility: bool = False
    spent: float = 0.0
    regions: Regions = ()

    def at(self, t: float, final: bool) -> float:
        """The critical value at the next look."""
        t = max(t, self.regions[-1][0]) if self.regions else t
        z, self.spent_with = efficacy_at(
            self.rule, self.alpha, self.planned, self.regions, self.spent, t, final
        )
        return z

    def level_of(self, t: float, z: float) -> float:
        """Chance, without an effect, to cross before or to have such a Z or one beyond it now."""
        t = max(t, self.regions[-1][0]) if self.regions else t
        return self.spent + crosses(self.regions, 0.0, t, z)

    def goes_on(self, t: float, futility: float, z: float) -> None:
        """Take note of a look that did not stop the trial."""
        t = max(t, self.regions[-1][0]) if self.regions else t
        low = futility if self.counts_on_futility else -math.inf
        self.spent, self.regions = self.spent_with, _with(self.regions, t, low, z)

    def later(self, t: float, z: float) -> Regions:
        """Regions of the looks to come as planned, having gone on at this one."""
        copy = Direction(self.rule, self.alpha, self.planned, False, self.spent, self.regions)
        copy.spent_with = self.spent_with
        copy.goes_on(t, -math.inf, z)
        found: Regions = ()
        for s in (s for s in self.planned if s > t + 1e-9):
            bound = copy.at(s, s == self.planned[-1])
            found = (*found, (s, -math.inf, bound))
            copy.goes_on(s, -math.inf, bound)
        return found


def conditional_power(later: Regions, t: float, z: float, drift: float) -> float:
    """Probability to cross a later boundary, given Z at t."""
    # Increments of the score from t on are those of a trial that begins at t.
    total, regions = 0.0, ()
    score = z * math.sqrt(t)
    for s, _, bound in later:
        step = s - t
        shifted = (bound * math.sqrt(s) - score) / math.sqrt(step)
        total += crosses(regions, drift, step, shifted)
        regions = (*regions, (step, -math.inf, shifted))
    return total


@dataclass(frozen=True)
class FutilityRule:
    """When Z stops a trial without an effect, as a threshold at each look."""

    word: str
    values: tuple[float, ...]
    choice: str
    drift: float  # under the design

    def at(self, place: int, later: Regions, t: float) -> float:
        """The threshold at a look: the Z whose conditional power is just too small."""
        if self.word == "z":
            return self.values[min(place, len(self.values) - 1)]

        def excess(z: float) -> float:
            drift = {"design": self.drift, "estimate": z / math.sqrt(t), "none": 0.0}[self.choice]
            return conditional_power(later, t, z, drift) - self.values[0]

        return float(optimize.brentq(excess, -15.0, 15.0, xtol=1e-10)) if later else math.inf


def futility_rule(asked: Monitoring, alpha: float, planned: tuple[float, ...]) -> FutilityRule:
    """The rule of a scenario, with the drift under which the plan has its power."""
    assert asked.futility is not None
    word, _, options = asked.futility.rule.rstrip(")").partition("(")
    *numbers, choice = (*options.split(","), "") if word == "z" else options.split(",")
    values = tuple(float(number) for number in numbers)
    found = FutilityRule(word, values, choice.strip(), math.nan)
    if choice.strip() != "design":
        return found
    assert asked.efficacy is not None
    rule, power = asked.efficacy.spending, asked.futility.power

    def lacks(drift: float) -> float:
        direction, regions, crossed = Direction(rule, alpha, planned), (), 0.0
        for place, t in enumerate(planned):
            final = place == len(planned) - 1
            z = direction.at(t, final)
            crossed += crosses(regions, drift, t, z)
            later = direction.later(t, z)
            low = -math.inf if final else replace(found, drift=drift).at(place, later, t)
            direction.goes_on(t, low, z)
            regions = _with(regions, t, low, z)
        return crossed - power

    return replace(found, drift=float(optimize.brentq(lacks, 1.0, 8.0, xtol=1e-9)))


# The end ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Follow:
    """For how long patients are followed at the longest, and what ends a trial before."""

    longest: float = F
    deaths: int | None = None
    after_last_entry: float | None = None

    @classmethod
    def of(cls, scenario: Scenario) -> "Follow":
        """That of a scenario."""
        trial, end = scenario.trial, scenario.trial.end
        longest = trial.max_follow_up_days or trial.follow_up_days
        if end is None:
            return cls(longest)
        deaths = end.deaths
        if end.deaths_per_patient is not None:
            deaths = math.ceil(end.deaths_per_patient * trial.target_randomised - 1e-9)
        return cls(longest, deaths, end.min_follow_up_days)

    @property
    def is_common(self) -> bool:
        """Whether a trial ends for all of its patients at once."""
        return self.deaths is not None or self.after_last_entry is not None

    def end_day(self, trial: list[dict[str, Any]], recruitment_ends: float) -> float:
        """Day on which a trial ends; that of the last follow-up where nothing ends it before."""
        entries = [p["entry_day"] for p in trial]
        last = max(entries, default=-math.inf)
        if self.after_last_entry is not None:
            return max(recruitment_ends, last + self.after_last_entry)
        over = max(recruitment_ends, last + self.longest)
        if self.deaths is None:
            return over
        days = sorted(known_deaths(trial, self.longest))
        return min(days[self.deaths - 1], over) if len(days) >= self.deaths else over

    def conducted(self, conduct: Conduct, conducted: Conducted) -> TrialRecords:
        """A trial up to its end: where that comes before recruitment is over it closes it."""
        records = conducted(conduct)
        (trial,) = trials_in(records)
        end = self.end_day(trial, float(records.trials.recruitment_end_day[0]))
        if self.is_common and end < records.trials.recruitment_end_day[0]:
            closed = conduct._replace(recruitment_closes_day=np.array([end]))
            records = conducted(closed)
        return self.ending(records, end)

    def ending(self, records: TrialRecords, end: float) -> TrialRecords:
        """A trial that ends on a day."""
        if not self.is_common:
            return records
        trials = records.trials._replace(trial_end_day=np.array([end]))
        return records._replace(trials=trials)

    def stopped(self, records: TrialRecords, decided: float) -> TrialRecords:
        """A trial that a look stopped: it ends once its last patient was followed for F days."""
        (trial,) = trials_in(records)
        over = max([decided, *(p["entry_day"] + F for p in trial)])
        return self.ending(records, min(over, float(records.trials.trial_end_day[0])))


# Moments ------------------------------------------------------------------------------------------


def was_treated(trial: list[dict[str, Any]], day: float) -> list[dict[str, Any]]:
    """Those with a session delivered, in full or in part, by a day."""
    return [p for p in trial if any(end <= day for end in p["sessions_ended"])]


def moment_day(
    trial: list[dict[str, Any]],
    at: Moment,
    plan: AnalysisPlan,
    most: float,
    follow: Follow = Follow(),
) -> float:
    """Trial day of a moment, infinity if it never comes."""
    if at.day is not None:
        return at.day
    for two, pick in ((at.earlier, min), (at.later, max)):
        if two is not None:
            return pick(moment_day(trial, one, plan, most, follow) for one in two)
    number = at.deaths or at.randomised or at.completed
    if at.deaths is not None:
        days = known_deaths(trial, follow.longest)
    elif at.randomised is not None:
        days = [p["entry_day"] for p in trial]
    elif at.completed is not None:
        days = [p["entry_day"] + F for p in trial]
    elif STATISTICS[plan.test].information == "deaths":
        number = math.ceil(at.information * most - 1e-9)
        days = event_days(trial, plan, follow.longest)
    else:
        number = math.ceil(at.information * most - 1e-9)
        days = [p["entry_day"] + F for p in trial]
    return sorted(days)[number - 1] if len(days) >= number else math.inf


def known_deaths(trial: list[dict[str, Any]], longest: float = F) -> list[float]:
    """Trial days of the deaths that are known."""
    return [
        p["entry_day"] + p["death_after_days"]
        for p in trial
        if p["death_after_days"] <= longest and not p["loss_after_days"] < p["death_after_days"]
    ]


def event_days(trial: list[dict[str, Any]], plan: AnalysisPlan, longest: float = F) -> list[float]:
    """Trial days of the events of an analysis of time."""
    found = [(p, *state(p, math.inf, plan.lost, plan.transplant, longest)) for p in trial]
    return [p["entry_day"] + day for p, what, day in found if what == "dead"]


# A trial ------------------------------------------------------------------------------------------


@dataclass
class LookTaken:
    """What was known and decided at a look; `futility_z` only where it is a threshold."""

    place: int
    cut_day: float
    decision_day: float
    randomised: int
    fraction: float
    z: float
    upper: float
    lower: float
    decision: str  # "go on", "second", "first", "futility"
    p_value: float  # by the stage-wise ordering, if the trial ends here without futility
    futility: float  # threshold, minus infinity without one
    result: Result  # the usual one


@dataclass
class TrialWithLooks:
    """A trial with looks: those taken, the trial that came of them, and who was favoured."""

    looks: list[LookTaken]  # the final analysis too, where it is reached
    records: TrialRecords
    rejects_for: int | None  # index of the arm
    stopped: bool
    conduct: Conduct
    replays: int = field(default=0)


def with_sessions(records: TrialRecords) -> list[dict[str, Any]]:
    """The patients of one trial, each with the days on which sessions given ended."""
    (trial,) = trials_in(records)
    status, ended = records.sessions.status, records.sessions.end_day
    for row, patient in enumerate(trial):
        given = np.isin(status[row], SESSIONS_GIVEN)
        patient["sessions_ended"] = ended[row][given].tolist()
    return trial


def known_at(
    trial: list[dict[str, Any]],
    plan: AnalysisPlan,
    day: float,
    most: float,
    longest: float = F,
) -> tuple[float, float, Result]:
    """Share of the most information, Z in favour of the second arm (NaN: none), and the result."""
    if plan.population == "treated":
        trial = was_treated(trial, day)
    found = slow_result(trial, plan, day, longest)
    over = longest if STATISTICS[plan.test].information == "deaths" else F
    states = [(p, state(p, day, plan.lost, plan.transplant, over)[0]) for p in trial]
    if STATISTICS[plan.test].information == "deaths":
        information = sum(what == "dead" for _, what in states)
    else:
        information = sum(
            p["entry_day"] + F <= day and what in ("dead", "complete") for p, what in states
        )
    z = math.nan
    if not math.isnan(found.p_value):
        z = float(stats.norm.isf(found.p_value / 2)) * {1: 1, 0: -1, -1: 0}[found.favours]
    return information / most, z, found


def slow_looks(
    scenario: Scenario, plans: tuple[AnalysisPlan, ...], planned: Conduct, conducted: Conducted
) -> TrialWithLooks:
    """One trial with its looks; `planned` is its conduct without any."""
    asked = scenario.monitoring
    assert asked is not None
    plan = next((p for p in plans if p.name == asked.analysis), plans[0])
    most = most_of(scenario)
    return _Trial(asked, plan, most, planned, conducted, Follow.of(scenario)).run()


def most_of(scenario: Scenario) -> float:
    """Information at the planned end: deaths that end the trial, or patients, unless it is said."""
    asked, end = scenario.monitoring, Follow.of(scenario)
    assert asked is not None
    return asked.max_information or float(end.deaths or scenario.trial.target_randomised)


class _Trial:
    def __init__(
        self,
        asked: Monitoring,
        plan: AnalysisPlan,
        most: float,
        conduct: Conduct,
        conducted: Conducted,
        follow: Follow = Follow(),
    ) -> None:
        self.asked, self.plan, self.most, self.follow = asked, plan, most, follow
        self.conduct, self.whole = conduct, conducted
        rule = asked.efficacy.spending if asked.efficacy else ""
        planned = (*planned_fractions(asked, plan, most), 1.0)
        binding = asked.futility is not None and asked.futility.binding
        lower_rule, lower_alpha = rule, plan.alpha / 2
        if asked.efficacy and asked.efficacy.lower_alpha is not None:
            assert asked.efficacy.lower_spending is not None
            lower_rule, lower_alpha = asked.efficacy.lower_spending, asked.efficacy.lower_alpha
        upper_alpha = plan.alpha - lower_alpha
        self.upper = Direction(rule, upper_alpha, planned, binding)
        self.lower = Direction(lower_rule, lower_alpha, planned)
        self.futility = (
            None if asked.futility is None else futility_rule(asked, upper_alpha, planned)
        )
        self.information = 0.0  # of the last look
        self.taken: list[LookTaken] = []

    def conducted(self, conduct: Conduct) -> TrialRecords:
        """The trial up to its end."""
        return self.follow.conducted(conduct, self.whole)

    def last_cut(self, records: TrialRecords) -> float:
        """Day on which the data of the final analysis are cut."""
        return float(records.trials.trial_end_day[0]) if self.follow.is_common else math.inf

    def run(self) -> TrialWithLooks:
        records, replays = self.conducted(self.conduct), 0
        earliest, stopped = 0.0, False
        for place, look in enumerate(self.asked.looks):
            trial = with_sessions(records)
            moment = moment_day(trial, look.at, self.plan, self.most, self.follow)
            cut = max(moment, earliest)
            if cut >= self.over(trial, records):
                continue
            decided = cut + look.cleaning_days
            here = self.decide(place, trial, cut, decided)
            earliest = decided
            stopped = here.decision != "go on"
            changed = self.changed(look.pause, cut, decided, stopped)
            if changed is not None:
                self.conduct, replays = changed, replays + 1
                records = self.conducted(changed)
            if stopped:
                break
        trial = with_sessions(records)
        if stopped:
            favours = {"second": 1, "first": 0, "futility": None}[self.taken[-1].decision]
            records = self.follow.stopped(records, earliest)
        else:
            cut = self.last_cut(records)
            final = self.decide(len(self.asked.looks), trial, cut, cut, final=True)
            favours = {"second": 1, "first": 0, "go on": None}[final.decision]
        return TrialWithLooks(self.taken, records, favours, stopped, self.conduct, replays)

    def over(self, trial: list[dict[str, Any]], records: TrialRecords) -> float:
        """Day on which a trial ends for all, or on which its last follow-up is over."""
        if self.follow.is_common:
            return float(records.trials.trial_end_day[0])
        return self.follow.end_day(trial, float(records.trials.recruitment_end_day[0]))

    def changed(self, pause: bool, cut: float, decided: float, stopped: bool) -> Conduct | None:
        now = self.conduct
        if stopped:
            closes = np.array([cut if pause else decided])
            now = now._replace(recruitment_closes_day=closes)
            if self.asked.after_stopping == "stop_treatment":
                now = now._replace(treatment_stops_day=np.array([decided]))
            return now
        if not pause or decided == cut:
            return None
        begins = np.concatenate([now.pause_from_day, [[cut]]], axis=1)
        ends = np.concatenate([now.pause_until_day, [[decided]]], axis=1)
        return now._replace(pause_from_day=begins, pause_until_day=ends)

    def seen(self, trial: list[dict[str, Any]], cut: float, _: bool) -> tuple[float, float, Result]:
        """Information, statistic and result; a trial that adapts may weigh them otherwise."""
        return known_at(trial, self.plan, cut, self.most, self.follow.longest)

    def decide(
        self,
        place: int,
        trial: list[dict[str, Any]],
        cut: float,
        decided: float,
        final: bool = False,
    ) -> LookTaken:
        t, z, result = self.seen(trial, cut, final)
        upper, lower = math.inf, -math.inf
        decision, futility, p_value = "go on", -math.inf, math.nan
        nothing = math.isnan(z) or t == 0.0
        nothing |= not final and (t <= self.information or t >= 1.0)
        if not nothing:
            upper, lower = self.upper.at(t, final), -self.lower.at(t, final)
            side = self.lower if z < 0 else self.upper
            p_value = min(1.0, self.plan.alpha / side.alpha * side.level_of(t, abs(z)))
            if self.futility is not None and not final:
                futility = self.futility.at(place, self.upper.later(t, upper), t)
                decision = "futility" if z <= futility else decision
            self.upper.goes_on(t, futility, upper)
            self.lower.goes_on(t, -math.inf, -lower)
            self.information = t
        if z >= upper or z <= lower:
            decision = "second" if z >= upper else "first"
        entered = sum(p["entry_day"] <= cut for p in trial)
        known = cut, decided, entered, t, z, upper, lower, decision, p_value, futility, result
        taken = LookTaken(place, *known)
        self.taken.append(taken)
        return taken


def planned_fractions(asked: Monitoring, plan: AnalysisPlan, most: float) -> list[float]:
    """Share of the information at each look as planned, of those of which it is known."""
    counted = str(STATISTICS[plan.test].information).replace("inverse variance", "")
    found = []
    for look in asked.looks:
        if look.at.information is not None:
            found.append(math.ceil(look.at.information * most - 1e-9) / most)
        elif counted and getattr(look.at, counted) is not None:
            found.append(getattr(look.at, counted) / most)
    return [t for t, after in itertools.pairwise([*found, 1.0]) if t < after]
