"""Answers that figures are drawn from: a search, a comparison of schemes, a sweep and a trace."""

import math
from dataclasses import replace

import numpy as np
from answers import curve_point, size_answer
from figure_points import ARMS

from calibration.baseline import baseline_hazard
from calibration.hazard_cells import PatientTimes
from calibration.kaplan_meier import reconstruct
from calibration.survival_files import SurvivalSource
from calibration.survival_sources import survival_sources
from simulator.results.allocation import (
    Allocation,
    FactorUse,
    Guesser,
    Method,
    SchemeAnalysis,
    SchemeResult,
)
from simulator.results.baseline import BaselineHazard
from simulator.results.measures import (
    Days,
    Estimate,
    Judgement,
    NullHypothesis,
    PairedEstimate,
    Share,
)
from simulator.results.size import FittedPower, RecruitmentLimit, SizeBasis, SizeEstimate
from simulator.results.sweep import PointPower, Sweep, SweepPoint
from simulator.results.trace import Trace, TraceEvent, TracePatient, TracePlasma

SCHEMES = {  # by word: options
    "complete": {},
    "random_blocks": {"block_sizes": [4, 6]},
    "efron": {"probability": 2 / 3},
    "big_stick": {"bound": 3},
    "minimisation": {"measure": "range", "weights": None, "probability": 0.8},
}


def allocation(schemes_asked=SCHEMES, trials=1_000, null=NullHypothesis.NONE):
    def estimate(mean):
        return PairedEstimate(mean, 0.01, 0.0, 0.01)

    schemes = []
    for k, (name, options) in enumerate(schemes_asked.items()):
        level = None if null is NullHypothesis.STRONG else estimate(0.05 + 0.002 * k)
        analysis = SchemeAnalysis(
            "log_rank", 0.05, estimate(0.8 - 0.01 * k), estimate(0.8), level, level, "Log-rank"
        )
        schemes.append(
            SchemeResult(
                name=name,
                scheme=name,
                options=options,
                factors_as=FactorUse.NONE,
                trials=trials,
                method=Method.SIMULATED if trials else Method.EXACT,
                metrics={"imbalance_index": 0.9**k, "correct_guesses": 0.5 + 0.06 * k},
                simulated_metrics={},
                best_guesser=Guesser.OVERALL,
                guessers={},
                trial={},
                covariate_imbalance={},
                analyses=(analysis,) if trials else (),
                strata=(),
                margins=(),
                z_test_level=None,
                t_test_level=None,
            )
        )
    return Allocation(
        scenario="nct05484908",
        seed=1,
        version="0",
        patients=60,
        trials=trials,
        null_hypothesis=null,
        arms=ARMS,
        selection_bias=None,
        drift=None,
        z_test_effect=None,
        schemes=tuple(schemes),
        interrupted=False,
    )


def size_curve(limited=False, **changes):
    """A search that tried numbers of patients from 60 to 600."""
    points = [
        curve_point(
            float(n),
            float(min(n, 317) if limited else n),
            1000,
            round(1000 * (1 - math.exp(-n / 180))),
            target_reached=float(not limited or n < 317),
        )
        for n in range(60, 601, 60)
    ]
    fitted = [
        FittedPower(x, p, p - 0.02, p + 0.02)
        for x in range(200, 400, 20)
        for p in [1 - math.exp(-x / 180)]
    ]
    limit = RecruitmentLimit(360.0, 730.0, 316.8, 0.2) if limited else None
    made = replace(
        size_answer(),
        answer=SizeEstimate(291.0, 270.0, 320.0, 0.8, 0.01, 0.95, SizeBasis.TREND),
        curve=tuple(points),
        fitted=tuple(fitted),
        recruitment=limit,
    )
    return replace(made, **changes)


EXACT = SizeEstimate(300.0, 300.0, 300.0, 0.811, 0.0, 0.95, SizeBasis.LASTING)


def event(day, own_day, name, patient, arm, /, **details):
    return TraceEvent(day, own_day, name, patient, arm, details)


def story():
    """A trace of three days and two patients: one treated late, one who dies during a session."""
    low, full = (0, "low dose; half"), (1, "full")
    nobody = None, None
    events = (
        event(0.25, None, "unit opens", *nobody, site=0),
        event(0.25, None, "plasma delivered", *nobody, site=0, litres=1.5, refused=0.0),
        event(0.25, None, "background served", *nobody, site=0, sessions=4, litres=3.0),
        event(0.3, 0.0, "randomised", *low, candidate=1, probability=0.5, draw=0.7),
        event(0.3, 0.0, "session due", *low, session=0),
        event(0.3, None, "screening failed", *nobody, candidate=2, site=0, criterion="I4"),
        event(0.31, 0.01, "skipped: no plasma", *low),
        event(0.4, 0.0, "randomised", *full, candidate=3, probability=0.5, draw=0.1),
        event(0.4, 0.0, "session due", *full, session=0),
        event(0.5, 0.2, "patient-day", *low, day=0, meld_native=28.0, meld_seen=28.0),
        event(2.25, None, "unit opens", *nobody, site=0),
        event(2.25, None, "plasma delivered", *nobody, site=0, litres=4.0, refused=0.5),
        event(2.25, 1.95, "session starts", *low, session=0, modality="DPMAS + low"),
        event(2.3, 1.9, "session starts", *full, session=0, modality="PE"),
        event(2.35, 1.95, "liver", *full, after_days=1.95),
        event(2.4, 2.1, "session ends", *low, session=0, fraction=0.4),
        event(2.5, 2.2, "session due", *low, session=1),
        event(2.6, 2.3, "withdrawal", *low, after_days=2.3),
        event(2.8, 2.5, "end of follow-up", *low),
    )
    first = TracePatient(
        patient=0,
        candidate=1,
        arm="low dose; half",
        entry_day=0.3,
        baseline_meld=28.0,
        sessions=("cut_short", "left"),
        sessions_delivered=1,
        plasma_litres=1.0,
        outcomes=(("withdrawal", 2.3),),
    )
    second = replace(
        first,
        patient=1,
        arm="full",
        entry_day=0.4,
        sessions=("ended_by_exit", "not_due"),
        outcomes=(("liver death", 1.95),),
    )
    return Trace(
        scenario="story",
        seed=1,
        trial=0,
        patient=None,
        follow_up_days=2.5,
        screened=3,
        randomised=2,
        recruitment_end_day=0.4,
        trial_end_day=2.8,
        deaths={"full": 1, "low dose; half": 0},
        randomised_by_arm={"full": 1, "low dose; half": 1},
        analyses=(),
        patients=(first, second),
        has_unit=True,
        plasma=TracePlasma(6.0, None, {"DPMAS + low": 1.0, "PE": 2.0}),
        event_count=len(events),
        all_events=events,
    )


def sweep(keys, values, null=NullHypothesis.NONE, threshold=0.8):
    mean = Estimate(1.0, 0.1)
    points = tuple(
        SweepPoint(
            values=dict(zip(keys, at, strict=True)),
            is_base=k == 0,
            analyses=tuple(
                PointPower(name, 0.04, 0.01, 0.03, 0.06, 0.0, 0.01, Judgement.LEVEL_HELD, label)
                for name, label in (("log_rank", "Log-rank"), ("fisher", "Fisher"))
            ),
            target_randomised=1,
            enrolment_days=Days(1.0, 0.1, 0.0, 2.0),
            target_reached=Share(1.0, 0.9, 1.0),
            on_time=None,
            randomised=mean,
            mortality=dict.fromkeys(ARMS, mean),
            lost=dict.fromkeys(ARMS, mean),
            patients=dict.fromkeys(ARMS, mean),
            sessions_delivered=dict.fromkeys(ARMS, mean),
            plasma_litres=dict.fromkeys(ARMS, mean),
            short_of_plasma_share=dict.fromkeys(ARMS, mean),
        )
        for k, at in enumerate(values)
    )
    base = points[0].values
    return Sweep("small", "Small", 1, 400, "0", null, threshold, keys, base, False, points)


def baseline_answer(*curves: str) -> BaselineHazard:
    """A baseline hazard from rows of evidence, and from made-up curves of these names."""
    sources = survival_sources(["B05", "B06", "B07", "B08", "A11", "A12", "A20", "A21"])
    days = np.arange(1.0, 100.0, 2.0)
    for name in curves:
        alive = np.exp(-days / 90)
        found = reconstruct(days, alive, [0, 30, 60, 90], [120, 80, 50, 30])
        sources.append(SurvivalSource(PatientTimes(name, found), days, alive))
    return baseline_hazard(sources, [7, 14, 21, 28, 84])
