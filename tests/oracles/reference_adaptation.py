"""Re-estimation and slow recruitment the slow way: a trial at a time, a patient at a time.

Written from section 12.1 of docs/model.md and decision record 0026, for `test_adaptation`.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from analysis_records import Result
from reference_analysis import F, slow_result, state
from reference_looks import (
    Conducted,
    Follow,
    LookTaken,
    TrialWithLooks,
    _Trial,
    efficacy_at,
    moment_day,
    most_of,
    was_treated,
    with_sessions,
)
from scipy import optimize, stats

from simulator.analysis import AnalysisPlan
from simulator.conduct import Conduct
from simulator.declarations.analyses import STATISTICS
from simulator.records import TrialRecords
from simulator.scenario.schema import Scenario


def two_proportions(pooled: float, difference: float, alpha: float, power: float, w: float):
    """Patients in both arms, by searching for the number at which the power is reached."""
    first = min(max(pooled + difference * w, 0.0), 1.0)
    second = min(max(pooled - difference * (1 - w), 0.0), 1.0)

    def lacks(n: float) -> float:
        under_null = math.sqrt(pooled * (1 - pooled) * (1 / ((1 - w) * n) + 1 / (w * n)))
        apart = math.sqrt(first * (1 - first) / ((1 - w) * n) + second * (1 - second) / (w * n))
        beyond = stats.norm.isf(alpha) * under_null
        return float(stats.norm.cdf((difference - beyond) / apart)) - power

    if pooled in (0.0, 1.0):  # then the arms' own variance alone is left, or none
        spread = first * (1 - first) / (1 - w) + second * (1 - second) / w
        return stats.norm.ppf(power) ** 2 * spread / difference**2
    return float(optimize.brentq(lacks, 1e-6, 1e9, xtol=1e-9))


def hazards(pooled: float, ratio: float, alpha: float, power: float, w: float) -> float:
    """Schoenfeld's deaths over the proportion who die."""
    deaths = (stats.norm.isf(alpha) + stats.norm.ppf(power)) ** 2 / math.log(ratio) ** 2
    return math.inf if pooled == 0 else deaths / (w * (1 - w)) / pooled


def means(
    variance: float, n: int, difference: float, alpha: float, power: float, w: float
) -> float:
    """Patients for a difference of means, by Gould and Shih's variance within arms."""
    if n < 3:
        return math.nan
    within = ((n - 1) * variance - n * w * (1 - w) * difference**2) / (n - 2)
    root = stats.norm.isf(alpha) + stats.norm.ppf(power)
    return float(max(within, 0.0) * root**2 / (w * (1 - w) * difference**2))


@dataclass
class Adapted(TrialWithLooks):
    """A trial with looks that change more than whether it goes on."""

    target: int = 0
    found: str = ""  # "lowered", "kept", "raised"; "unfavourable", "promising", "favourable"
    late: bool = False
    slow: bool = False
    tested: bool = True
    weighted: bool = field(default=False)
    # Information and Z at the look before and at the end, where the final statistic is of weights.
    parts: tuple[float, float, float, float] | None = None

    def combined(self, drift: float) -> float:
        """The last statistic with every stage's mean under a drift taken from it."""
        if self.parts is None:
            last = self.looks[-1]
            return last.z - drift * math.sqrt(last.fraction)
        s, z_before, t, z = self.parts
        # Of each stage its increment of the score, which has its information as its variance.
        before = math.sqrt(s) * z_before - drift * s
        after = math.sqrt(t) * z - math.sqrt(s) * z_before - drift * (t - s)
        weights = math.sqrt(s), math.sqrt(1 - s)
        return weights[0] * before / math.sqrt(s) + weights[1] * after / math.sqrt(t - s)

    def repeated(self, upper: float, lower: float) -> list[float]:
        """Drifts that boundaries would just reject, and that with nothing left of the statistic."""
        return [self.drift_at(upper), self.drift_at(lower), self.drift_at(0.0)]

    def drift_at(self, bound: float) -> float:
        """The drift at which the combined statistic is on a boundary."""
        if math.isinf(bound):
            return -bound
        return optimize.brentq(lambda d: self.combined(d) - bound, -200, 200, xtol=1e-12)


class _Adapting(_Trial):
    def __init__(
        self,
        scenario: Scenario,
        plan: AnalysisPlan,
        conduct: Conduct,
        conducted: Conducted,
    ) -> None:
        asked = scenario.monitoring
        assert asked is not None
        self.target = scenario.trial.target_randomised
        super().__init__(asked, plan, most_of(scenario), conduct, conducted, Follow.of(scenario))
        first, second = scenario.allocation.ratio
        self.share = second / (first + second)
        self.planned = self.target
        self.found, self.late, self.slow = "", False, False
        self.before: tuple[float, float] | None = None  # information and Z of the last look
        self.weighted = False
        self.parts: tuple[float, float, float, float] | None = None
        self.records: TrialRecords

    def seen(
        self, trial: list[dict[str, Any]], cut: float, final: bool
    ) -> tuple[float, float, Result]:
        """Information and statistic; of MELD by the standard error of the estimate."""
        t, z, result = super().seen(trial, cut, final)
        if STATISTICS[self.plan.test].information == "inverse variance":
            t = 1 / slow_result(trial, self.plan, cut).standard_error ** 2 / self.most
        zone = self.asked.promising_zone
        if final and zone is not None and zone.final_test == "cui_hung_wang" and self.before:
            s, z_before = self.before
            self.weighted = t > s
            if self.weighted:  # increments of the score, each with its own unit variance
                self.parts = s, z_before, t, z
                gained = (math.sqrt(t) * z - math.sqrt(s) * z_before) / math.sqrt(t - s)
                return 1.0, math.sqrt(s) * z_before + math.sqrt(1 - s) * gained, result
        return t, z, result

    def promising_target(self, here: LookTaken) -> int:
        """The target by conditional power under the estimate, searched for."""
        asked = self.asked.promising_zone
        assert asked is not None
        t, z = here.fraction, here.z
        critical = self.upper.later(t, here.upper)  # the upper boundary goes on as planned
        bound = self.final_bound()
        assert not critical or len(critical) > 1 or abs(critical[0][2] - bound) < 1e-6
        drift = z / math.sqrt(t)

        def power(gain: float) -> float:
            """Chance that the weighted statistic crosses."""
            ahead = (bound - math.sqrt(t) * z) / math.sqrt(1 - t)
            return float(stats.norm.sf(ahead - drift * math.sqrt(gain)))

        now = power(1 - t)
        high = asked.to_conditional_power or asked.conditional_power
        self.found = "promising"
        if now < asked.from_conditional_power:
            self.found = "unfavourable"
        elif now >= high:
            self.found = "favourable"
        if self.found != "promising":
            return self.planned
        gain = optimize.brentq(lambda g: power(g) - asked.conditional_power, 1e-9, 1e6, xtol=1e-12)
        return math.ceil(min(max(t + gain, 1.0) * self.planned, asked.most_randomised) - 1e-6)

    def final_bound(self) -> float:
        """The critical value at the planned end; the looks so far are noted already."""
        bound, _ = efficacy_at(
            self.upper.rule,
            self.upper.alpha,
            self.upper.planned,
            self.upper.regions,
            self.upper.spent,
            1.0,
            True,
        )
        return bound

    def simulate(self) -> None:
        self.records = self.conducted(self.conduct)

    @property
    def ends(self) -> float:
        return float(self.records.trials.recruitment_end_day[0])

    def run(self) -> Adapted:
        self.simulate()
        earliest, stopped, counted = 0.0, False, False
        slow = self.asked.slow_recruitment
        for place, look in enumerate(self.asked.looks):
            trial = with_sessions(self.records)
            moment = moment_day(trial, look.at, self.plan, self.most, self.follow)
            cut = max(moment, earliest)
            if cut >= self.over(trial, self.records):
                continue
            if slow is not None and slow.day is not None and not counted:
                day = max(slow.day, earliest)
                counted = day <= cut
                if counted and self.is_slow(trial, day, day):
                    break
            decided = cut + look.cleaning_days
            here = self.decide(place, trial, cut, decided)
            earliest = decided
            stopped = here.decision != "go on"
            changed = self.changed(look.pause, cut, decided, stopped)
            until = cut if look.pause else decided
            now = self.conduct if changed is None else changed
            if not stopped:
                now = self.adapt(place, trial, cut, until, now, here)
            if now is not self.conduct:
                self.conduct = now
                self.simulate()
            if stopped or self.slow:
                break
        if slow is not None and slow.day is not None and not (stopped or self.slow or counted):
            day = max(slow.day, earliest)
            self.is_slow(with_sessions(self.records), day, day)
        return self.end(stopped)

    def end(self, stopped: bool) -> Adapted:
        slow = self.asked.slow_recruitment
        tested = not (self.slow and slow is not None and slow.then == "unanswered")
        favours = None
        if stopped:
            favours = {"second": 1, "first": 0, "futility": None}[self.taken[-1].decision]
            self.records = self.follow.stopped(self.records, self.taken[-1].decision_day)
        elif tested:
            trial, cut = with_sessions(self.records), self.last_cut(self.records)
            final = self.decide(len(self.asked.looks), trial, cut, cut, final=True)
            favours = {"second": 1, "first": 0, "go on": None}[final.decision]
        return Adapted(
            self.taken,
            self.records,
            favours,
            stopped,
            self.conduct,
            target=self.target,
            found=self.found,
            late=self.late,
            slow=self.slow,
            tested=tested,
            weighted=self.weighted,
            parts=self.parts,
        )

    def is_slow(self, trial: list[dict[str, Any]], day: float, closes: float) -> bool:
        """Close a trial that recruits slowly, unless recruitment has ended."""
        asked = self.asked.slow_recruitment
        assert asked is not None
        fewest = asked.fewer_than or math.ceil((asked.share_below or 0) * self.planned - 1e-9)
        entered = sum(p["entry_day"] <= day for p in trial)
        if entered >= fewest or closes >= self.ends:
            return False
        self.slow = True
        self.conduct = self.conduct._replace(recruitment_closes_day=np.array([closes]))
        self.simulate()
        return True

    def adapt(
        self,
        place: int,
        trial: list[dict[str, Any]],
        cut: float,
        until: float,
        now: Conduct,
        here: LookTaken,
    ) -> Conduct:
        """The conduct of a trial that goes on after a look."""
        slow, blinded = self.asked.slow_recruitment, self.asked.blinded_reestimation
        if slow is not None and slow.look == place + 1:
            fewest = slow.fewer_than or math.ceil((slow.share_below or 0) * self.planned - 1e-9)
            few = sum(p["entry_day"] <= cut for p in trial) < fewest
            if few and until < self.ends:
                self.slow = True
                return now._replace(recruitment_closes_day=np.array([until]))
        if self.asked.promising_zone is not None and place + 1 == len(self.asked.looks):
            if self.information != here.fraction:
                return now  # the look decided nothing
            self.before = here.fraction, here.z
            return self.with_target(self.promising_target(here), trial, until, now)
        if blinded is None or blinded.look != place + 1:
            return now
        wanted = self.blinded_target(trial, cut)
        self.found = ["lowered", "kept", "raised"][int(np.sign(wanted - self.planned)) + 1]
        return self.with_target(wanted, trial, until, now)

    def with_target(
        self, wanted: int, trial: list[dict[str, Any]], until: float, now: Conduct
    ) -> Conduct:
        if until >= self.ends:
            self.late = wanted != self.planned
            return now
        entered = sum(p["entry_day"] <= until for p in trial)
        self.target = max(wanted, entered)
        if wanted <= entered:
            return now._replace(recruitment_closes_day=np.array([until]))
        return now._replace(most_randomised=np.array([wanted]))

    def blinded_target(self, trial: list[dict[str, Any]], cut: float) -> int:
        asked, plan = self.asked.blinded_reestimation, self.plan
        assert asked is not None
        due = sum(p["entry_day"] + F <= cut for p in trial)
        if plan.population == "treated":
            trial = was_treated(trial, cut)
        ended = [p for p in trial if p["entry_day"] + F <= cut]
        states = [state(p, cut, plan.lost, plan.transplant)[0] for p in ended]
        rest = plan.alpha / (2 if plan.hypothesis.is_two_sided else 1), asked.power, self.share
        if STATISTICS[plan.test].information == "inverse variance":
            alive = [p for p, what in zip(ended, states, strict=True) if what == "complete"]
            seen = np.array([(p["visit_meld"][0], p["visit_meld"][-1]) for p in alive])
            baseline, last = seen[~np.isnan(seen).any(axis=1)].T
            known = len(last)
            line = np.polyfit(baseline, last - baseline, 1)
            residuals = last - baseline - np.polyval(line, baseline)
            size = means((residuals**2).sum() / (known - 2), known, asked.difference, *rest)
        else:
            dead, known = states.count("dead"), states.count("dead") + states.count("complete")
            formula = two_proportions if asked.hazard_ratio is None else hazards
            effect = asked.difference or asked.hazard_ratio
            size = formula(dead / known, effect, *rest) if known else math.nan
        size = size * due / known if known else math.nan
        if math.isnan(size):
            size = self.planned
        least = asked.least_randomised or self.planned
        return math.ceil(min(max(size, least), asked.most_randomised) - 1e-6)


def adapted_looks(
    scenario: Scenario, plans: tuple[AnalysisPlan, ...], planned: Conduct, conducted: Conducted
) -> Adapted:
    """One trial that adapts; `planned` is its conduct as planned."""
    asked = scenario.monitoring
    assert asked is not None
    plan = next((p for p in plans if p.name == asked.analysis), plans[0])
    return _Adapting(scenario, plan, planned, conducted).run()
