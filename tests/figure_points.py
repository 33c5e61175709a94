"""Points of every kind that figures are drawn from, as short as their story needs."""

import math
from dataclasses import replace

import numpy as np
from answers import arm_flow

from simulator.report.figures.consort import Exclusion, Flow
from simulator.report.figures.gantt import GanttDay, GanttSession
from simulator.report.figures.heat_map import HeatPoint
from simulator.report.figures.power_curve import RatePoint
from simulator.report.figures.swimmer import SwimmerPatient, SwimmerSession
from simulator.results.curves import (
    LookPoint,
    MeldPoint,
    PlasmaPoint,
    RecruitmentPoint,
    SessionsPoint,
    StopPoint,
    SurvivalPoint,
)
from simulator.results.looks import Looks, WithAndWithout
from simulator.results.measures import Estimate, Scale
from simulator.results.planned_looks import LookLevels, PlannedBoundaries, PlannedLook

ARMS = ("PE", "DPMAS+LPE")


LONG_ARMS = (
    "plasma exchange with fresh frozen plasma",
    "double plasma molecular adsorption, low $",
)


CRITERIA = (
    ("I1", "age from 18 to 65 years"),
    ("I2", "chronic HBV infection, for over half a year"),
    ("I3", "HCC under an ICI, the last dose less than three months (91 days) ago"),
    ("I4", "HBV-DNA below 2000 IU/mL (log10 3.30103)"),
    ("I5", "AST/ALT above 20 x ULN; total bilirubin above 10 x ULN"),
    ("I6", "INR above 1.5"),
    ("I7", "platelets above 50 x 10^9/L"),
    ("I8", "no intrahepatic bile duct dilation from tumour progression"),
    ("E1", "no other active liver disease"),
    ("E2", "no other malignancy"),
    ("E3", "not pregnant or breast-feeding"),
    ("E4", "no HIV infection or congenital immune deficiency"),
    (
        "E5",
        "no severe diabetes, autoimmune or unstable cardio-cerebrovascular disease, organ "
        "failure or transplant",
    ),
    ("E6", "no active bleeding, DIC or thrombosis"),
    ("E7", "no ALSS in the week before"),
    ("E8", "can be followed up"),
    ("E9", "not judged inappropriate by the investigator"),
)


def survival_points(arms=ARMS, spread=1.0, last=84):
    points = []
    for k, arm in enumerate(arms):
        for day in range(last + 1):
            alive = 1 - (0.55 - 0.08 * k) * (1 - math.exp(-day / 25))
            width = spread * 0.2 * (1 - alive) ** 0.5
            low, high = max(alive - width, 0), min(alive + width, 1)
            at_risk = 30 * alive * (1 - 0.0005 * day)
            points.append(SurvivalPoint(arm, float(day), alive, 0.002 * spread, low, high, at_risk))
    return points


def meld_points(arms=ARMS, spread=1.0, days=(0, 7, 14, 28, 56, 84)):
    points = []
    for k, arm in enumerate(arms):
        for day in days:
            meld = math.nan if day == 56 and k else 27.5 - 0.03 * day - k * min(day, 20) / 10
            middle = math.nan if day == 56 and k else 26.5 - 0.03 * day - 2 * k
            ends = middle - spread, middle + spread
            patients = 29.4 * math.exp(-day / 110)
            points.append(MeldPoint(arm, float(day), meld, 0.05 * spread, *ends, patients))
    return points


def recruitment_points(spread=1.0):
    points = []
    for day in range(0, 1100, 7):
        mean = min(2.32 / 30.4375 * day, 60)
        width = spread * math.sqrt(mean) * (1 - mean / 75)
        share = {"p5": -1.6, "p25": -0.7, "p50": 0.0, "p75": 0.7, "p95": 1.6}
        quantiles = {key: max(0, min(60, round(mean + z * width))) for key, z in share.items()}
        points.append(RecruitmentPoint(float(day), mean, 0.1, **quantiles))
    return points


def session_points(arms=ARMS, weeks=12):
    return [
        SessionsPoint(arm, week, planned, planned * (0.83 - 0.1 * k), 0.2 if planned else 0.0)
        for k, arm in enumerate(arms)
        for week, planned in enumerate([52.1, 27.4, 4.2] + [0.0] * (weeks - 3), 1)
    ]


def plasma_points(months=29, spread=1.0):
    return [
        PlasmaPoint(
            month=month,
            start_day=30.4375 * (month - 1),
            end_day=30.4375 * month,
            litres_per_week=2.1 - 0.05 * max(month - 24, 0),
            mcse=0.05,
            p5=2.1 - 1.6 * spread,
            p95=2.1 + 3 * spread,
        )
        for month in range(1, months + 1)
    ]


def rate_points(analyses=("log-rank", "fisher"), xs=range(60, 601, 60), top=1.0):
    points = []
    for k, analysis in enumerate(analyses):
        for number, x in enumerate(xs):
            size = x if isinstance(x, int) else 60 * (number + 1)
            power = top * (1 - math.exp(-size / (180 + 25 * k)))
            ends = max(power - 0.03, 0), min(power + 0.03, 1)
            points.append(RatePoint(x, analysis, power, *ends))
    return points


def heat_points(xs=(60, 120, 180, 240, 320, 400), ys=(0.5, 0.6, 0.7, 0.8, 0.9), top=1.0):
    return [
        HeatPoint(x, y, top * (1 - math.exp(-((k + 1) * (len(ys) - j) ** 2) / 14)), 0.005)
        for k, x in enumerate(xs)
        for j, y in enumerate(ys)
    ]


def flow(arms=ARMS, criteria=CRITERIA, turned_away=None, has_sessions=True):
    return Flow(
        screened=160.02,
        excluded=tuple(
            Exclusion(label, text, 14.27 / (k + 1)) for k, (label, text) in enumerate(criteria)
        ),
        refused=6.72 if criteria else 0.0,
        turned_away=turned_away,
        randomised=60.0,
        arms={arm: arm_flow(30.0 + 0.3 * k, has_sessions) for k, arm in enumerate(arms)},
        analysis="Fisher's exact test",
    )


def swimmer_patients(count=60, arms=ARMS):
    rng = np.random.default_rng(5)
    outcomes = ["liver death", "tumour death", "transplant", "loss", "completed"]
    patients = []
    for number in range(count):
        outcome = outcomes[number % 5]
        end = 84.0 if outcome == "completed" else float(rng.uniform(3, 84))
        withdrawn = end / 2 if number % 11 == 3 else None
        starts = [day for day in (1.1, 4.5, 8.2) if day < (withdrawn or end)]
        statuses = ["delivered", "cut_short" if number % 4 == 0 else "delivered", "missed"]
        sessions = tuple(
            SwimmerSession(start, start + 0.1, status)
            for start, status in zip(starts, statuses, strict=False)
        )
        arm = arms[number % len(arms)]
        patients.append(SwimmerPatient(number, arm, sessions, end, outcome, withdrawn))
    return patients


def gantt_days(count=900, stock=True):
    return [
        GanttDay(
            day=day,
            is_open=day % 7 != 2,
            background_sessions=0.0 if day % 7 == 2 else 9.0,
            queue=max(0, round(3 * math.sin(day / 9))),
            stock_litres=6 + 5 * math.sin(day / 13) if stock else None,
            is_short=stock and math.sin(day / 13) < -0.8,
        )
        for day in range(count)
    ]


def gantt_sessions(count=180, days=900, arms=ARMS):
    rng = np.random.default_rng(6)
    return [
        GanttSession(
            start_day=start,
            end_day=start + 0.1 + 0.1 * (k % 2),
            patient=k // 3,
            arm=arms[k // 3 % len(arms)],
            is_delayed=k % 9 == 0,
            is_complete=k % 10 != 0,
        )
        for k, start in enumerate(np.sort(rng.uniform(0, days, count)).tolist())
    ]


def look_points(trials=40, scale=Scale.LOG_RATIO):
    """Two looks and the end of trials that drift upwards, each ended by what it meets first."""
    draw, points = np.random.default_rng(3), []
    for trial in range(trials):
        score = 0.0
        for place, (at, before) in enumerate(((0.3, 0.0), (0.6, 0.3), (1.0, 0.6))):
            score += draw.normal(2.0 * (at - before), math.sqrt(at - before))
            z = score / math.sqrt(at)
            raw = -z * 2 / math.sqrt(200 * at)
            rejects, futile = z >= (3.9, 2.7, 2.0)[place], place < 2 and z <= (0.0, 0.5)[place]
            decision = "rejects" if rejects else "futility" if futile else "goes on"
            if place == 2 and not rejects:
                decision = "does not reject"
            effect = math.exp(raw) if scale is Scale.LOG_RATIO else raw / 3
            favours = ARMS[1] if rejects else ""
            points.append(LookPoint(trial, place + 1, 900 * at, at, z, effect, decision, favours))
            if rejects or futile:
                break
    return points


def looks_answer(scale=Scale.LOG_RATIO, **changes):
    """Two looks and the end, two-sided, with futility; reports of looks are left out."""
    ratio = scale is Scale.LOG_RATIO

    def effect(z, at):
        raw = -z * 2 / math.sqrt(200 * at)
        return math.exp(raw) if ratio else raw / 3

    looks = tuple(
        PlannedLook(
            *(moment, at, 200 * at, z, -z, futile, 0.01, 0.01),
            *(effect(z, at), effect(-z, at), None if futile is None else effect(futile, at)),
        )
        for moment, at, z, futile in (
            ("60 deaths", 0.3, 3.9, 0.0),
            ("120 deaths", 0.6, 2.7, 0.5),
            ("", 1.0, 2.0, None),
        )
    )
    unknown = Estimate(0.5, 0.01)
    made = Looks(
        analysis="log_rank",
        measure="hazard ratio" if ratio else "risk difference",
        scale=scale,
        null_effect=1.0 if ratio else 0.0,
        information="deaths",
        max_information=200.0,
        spending="lan_demets_obrien_fleming",
        spending_title="Lan-DeMets spending, O'Brien-Fleming type",
        futility="z(0,0.5)",
        futility_title="threshold",
        binding=False,
        after_stopping="complete",
        looks=(),
        boundaries=PlannedBoundaries(True, looks, LookLevels(0.05, 0.031, 0.05)),
        power=WithAndWithout("1", unknown, unknown, unknown),
        compared={},
        trials=40,
    )
    return replace(made, **changes)


def stop_points(months=38):
    """Trials that stop at two looks, most of them at the end."""
    points = []
    for month in range(10, months):
        futility = 0.03 if 11 <= month <= 13 else 0.01 if 17 <= month <= 20 else 0.0
        efficacy = 0.05 if 17 <= month <= 20 else 0.0
        planned = 0.335 if month >= months - 2 else 0.0
        days = 30.4375 * month
        points.append(StopPoint(month + 1, days, days + 30.4375, efficacy, futility, planned))
    return points
