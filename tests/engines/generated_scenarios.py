"""Small scenarios that ask for everything the schema knows, with numbers chosen to coincide.

Hours are mostly quarters of a day, intervals and windows whole days or quarters, lengths of
sessions often without spread: then sums of them are exact, and sessions of several patients fall
due, begin, end and are missed at one instant, often that of an opening. Every scenario is legal by
construction, so a refusal is a fault of this file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import pytest
from generated_disease import exits, hazard, labs, treatment_effect
from generated_people import SHIFTS, candidates, eligibility, factors_for, visits
from generated_units import Draw, Parts, longest_opening, pick, unit
from hypothesis import strategies as st
from scenario_builder import checked

from simulator.allocation import SCHEMES
from simulator.declarations.schemes import Factors, Ratio
from simulator.params import population
from simulator.scenario.schema import Scenario

DAYS_PER_MONTH = 30.4375
SEEDS = (1, 0, 2**32 + 5, 2**63 - 1)
FIRST_TRIALS = (0, 7, 2**31 - 2, 2**32 - 6)
EVENTS = ("allergy", "hypotension", "bleeding", "clotting")


class Case(NamedTuple):
    """A scenario and the trials of it to simulate."""

    scenario: Scenario
    seed: int
    first_trial: int


@contextmanager
def quick_screening() -> Iterator[None]:
    """Let lowering screen 8,192 candidates, not 131,072: most of a small scenario's time.

    The share that is eligible, which only scales the rate of referral, is the same for both engines
    either way; it loses precision that no gate needs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "SAMPLE_SIZE", 8_192)
        yield


@st.composite
def cases(draw: Draw) -> Case:
    """A scenario, a seed and a first trial."""
    scenario = checked(whole(draw))
    return Case(scenario, pick(draw, *SEEDS), pick(draw, *FIRST_TRIALS))


def whole(draw: Draw) -> Parts:
    """Every key of a scenario.

    In a clockwork a session, or two, and the interval after it take a day, so that whoever begins
    at an opening is due again at one, and windows of whole days end there too.
    """
    with_labs = pick(draw, True, True, True, False)
    clockwork = pick(draw, False, False, True)
    follow_up_days = draw(st.one_of(st.integers(1, 5), st.integers(6, 30)))
    one = unit(draw, with_labs, clockwork)
    common_unit = one if clockwork else pick(draw, one, one, None)
    referral = accrual(draw, with_labs, clockwork)
    people = candidates(draw, with_labs)
    units = [common_unit, *(site["unit"] for site in referral.get("sites", ()))]
    kinds = modalities(draw, with_labs, longest_opening([u for u in units if u]), clockwork)
    names = [kind["name"] for kind in kinds]
    plans = [plan(draw, names, with_labs, follow_up_days, clockwork) for _ in range(2)]
    arms = [
        arm(draw, name, names, its_plan)
        for name, its_plan in zip(("control", "other"), plans, strict=True)
    ]
    effect = treatment_effect(draw, with_labs, any(a["plan"] for a in arms))
    if effect["kind"] == "by_session":
        for kind in kinds:
            kind["full_course_hazard_ratio"] = pick(draw, 0.5, 1.0, 2.0)
    ratioless = effect["kind"] == "by_labs" or effect["combined_with_labs"]
    nulls = ("strong",) if ratioless else ("strong", "mortality")
    sites = len(referral.get("sites", "1"))
    scheme, target = allocation(draw, people, sites, draw(st.integers(1, 25)))
    if referral["kind"] == "uniform":
        referral["candidates"] = max(referral["candidates"], target)
    return {
        "name": "generated",
        "title": "generated",
        "null_hypothesis": pick(draw, "none", "none", "none", "none", *nulls),
        "trial": {
            "registry_id": None,
            "start_date": date(2022, 8, pick(draw, 1, 5, 6, 7)),  # Monday, Friday, weekend
            "planned_completion_date": None,
            "target_randomised": target,
            "max_recruitment_days": pick(draw, 300.0, 60.0, 10.0, 3.5),
            "follow_up_days": follow_up_days,
        },
        "accrual": referral,
        "candidates": people,
        "eligibility": eligibility(draw, people),
        "allocation": scheme,
        "selection_bias": selection_bias(draw, people, scheme["scheme"]),
        "modalities": kinds,
        "arms": arms,
        "unit": common_unit,
        "labs": labs(draw) if with_labs else None,
        "hazard": hazard(draw, follow_up_days, with_labs, people) | {"effect": effect},
        "exits": exits(draw, follow_up_days),
        "assessment": visits(draw, follow_up_days) if with_labs else None,
        "analyses": [
            {
                "name": "log_rank",
                "test": "log_rank",
                "alpha": 0.05,
                "population": "randomised",
                "transplant": "event",
                "rescue": "ignored",
                "withdrawal": "ignored",
                "lost": "censored",
            }
        ],
        "multiplicity": None,
        "costs": None,
    }


# Accrual and allocation


def accrual(draw: Draw, with_labs: bool, clockwork: bool) -> Parts:
    """Uniform accrual, or one to three sites, often opened together."""
    if pick(draw, False, False, False, True):
        return {
            "kind": "uniform",
            "candidates": draw(st.integers(1, 40)),
            "over_days": pick(draw, 7.0, 1.0, 0.25, 40.0),
        }
    rates = pick(draw, {"kind": "fixed"}, {"kind": "gamma", "shape": pick(draw, 1.0, 0.1, 5.0)})
    number = pick(draw, 1, 1, 2, 3)
    sites = [{"name": f"site {i}"} | site(draw, with_labs, clockwork) for i in range(number)]
    return {"kind": "poisson", "sites": sites, "site_rates": rates}


def site(draw: Draw, with_labs: bool, clockwork: bool) -> Parts:
    steps = (
        None,
        [(0.0, 1.0), (2.0, 0.25), (5.0, 3.0)],
        [(0.0, 0.0), (3.0, 1.0)],
    )
    listed = pick(draw, *steps)
    opens_day = pick(draw, 0.0, 0.0, 2.0, 4.5)
    randomised, referred = pick(
        draw, (3.0, None), (30.0, None), (None, 1.0 + 19.0 * clockwork)
    )  # a day
    return {
        "opens_day": opens_day,
        "randomised_per_month": randomised and DAYS_PER_MONTH * randomised,
        "referred_per_month": referred and DAYS_PER_MONTH * referred,
        "ramp_days": pick(draw, 0.0, 2.0, 10.0),
        "rate_steps": listed and [{"from_day": d, "multiplier": m} for d, m in listed],
        "unit": pick(draw, None, unit(draw, with_labs, clockwork)),
    }


def allocation(draw: Draw, people: Parts | None, sites: int, target: int) -> tuple[Parts, int]:
    """A scheme that honours its ratio, and the target, which the scheme may round."""
    scheme = pick(draw, *SCHEMES)
    made = SCHEMES[scheme]
    ratio = pick(draw, [1, 1], [2, 1], [1, 3]) if made.ratio is Ratio.ANY else [1, 1]
    whole_block = sum(ratio)
    chosen: list[Parts] = []
    if made.factors not in (Factors.REFUSED, Factors.TRIAL):
        least = int(made.factors is Factors.NEEDED)
        chosen = factors_for(draw, people, sites, least)
        if len(chosen) < least:
            scheme, made = "efron", SCHEMES["efron"]
    if scheme in ("random_allocation", "truncated_binomial", "maximal"):
        target = max(target // whole_block, 1) * whole_block
    if scheme in ("permuted_block", "random_blocks"):
        target = max(target, 3 * whole_block)
    if scheme == "thompson":
        target = max(target, 6)
    options: Parts = {
        key: pick(draw, *_OPTIONS[key]) if key in _OPTIONS else standard
        for key, standard in made.standard.items()
    }
    for key in ("weights", "margins"):
        if key in options:
            options[key] = [pick(draw, 1, 0.3, 2) for _ in chosen]
    if scheme == "permuted_block":
        options = {"block_size": whole_block * pick(draw, 1, 2, 3)}
    elif scheme == "random_blocks":
        options = {"block_sizes": [whole_block * k for k in pick(draw, [1], [2, 3], [1, 2, 3])]}
    parts = {"scheme": scheme, "ratio": ratio, "options": options, "factors": chosen or None}
    return parts, target


_OPTIONS: dict[str, tuple[object, ...]] = {
    "probability": (2 / 3, 0.5, 1.0),
    "bound": (1, 2, 3),
    "exponent": (0.5, 2, 1, 0),
    "initial_balls": (1, 2),
    "added_balls": (1, 0.5),
    "gamma": (0.1, 2, 0.01),
    "blocks": (1, 3),
    "balls": (1, 4, 7),
    "mass": (0.5, 2, 4),
    "eta": (0.5, 0.0, 1.0),
    "measure": ("range", "variance", "standard_deviation"),
    "overall": (0.0, 0.3, 1),
    "stratum": (0.0, 0.7, 1),
    "immigration_balls": (1, 3),
    "target": ("neyman", "rsihr", "urn"),
    "alpha": (0.5, 0.0, 1.0),
    "burn_in": (0, 5),
    "clip": (0.0, 0.1, 0.5),
}


def selection_bias(draw: Draw, people: Parts | None, scheme: str) -> Parts | None:
    """Nobody, or an investigator who turns away, puts off or shifts; seldom with any effect."""
    if SCHEMES[scheme].adaptive or pick(draw, False, False, True):
        return None
    variables = [v["name"] for v in people["variables"]] if people else []
    favours = pick(draw, "control", "other")
    kind = pick(draw, *(("turn_away", "defer", "defer") if variables else ()), "shift")
    if kind == "shift":
        return {"kind": kind, "favours": favours, "hazard_ratio": pick(draw, 0.5, 1.0, 3.0)}
    variable = pick(draw, *variables)
    parts = {
        "kind": kind,
        "favours": favours,
        "variable": variable,
        "poor_above": _MIDDLE.get(variable, 0.5),
        "probability": pick(draw, 0.5, 1.0, 0.0),
    }
    if kind == "defer":
        parts["returns_after_days"] = pick(draw, 1.0, 0.25, 7.0)
    return parts


# Near the middle of each variable's distributions.
_MIDDLE = {
    "bilirubin_umol_per_l": 350.0,
    "inr": 2.0,
    "creatinine_umol_per_l": 85.0,
    "platelets_1e9_per_l": 110.0,
    "age_years": 52.0,
    "ast_u_per_l": 1080.0,
    "alt_u_per_l": 1200.0,
}


# Treatment


def modalities(draw: Draw, with_labs: bool, longest_hours: float, clockwork: bool) -> list[Parts]:
    """None, or up to three; a session may take all of the longest opening."""
    hours = [h for h in (6.0, 3.0, 12.0, 24.0, 1.5, 1.0) if h <= longest_hours]
    if longest_hours < 24.0:
        hours.append(longest_hours)
    elif longest_hours > 24.0:
        hours.append(100.0)
    if clockwork:
        hours = [6.0, 6.0, 12.0]
    return [
        {
            "name": f"modality {m}",
            "machine_hours": pick(draw, *hours),
            "machine_hours_log_sd": 0.0 if clockwork else pick(draw, 0.0, 0.15, 1.0),
            "plasma_litres": pick(draw, *((1.0, 2.0) if m == 0 else (0.0, 0.5, 2.0))),
            "full_course_hazard_ratio": None,
            "shifts": shifts(draw) if with_labs else pick(draw, None, shifts(draw)),
            "adverse_events": None if clockwork else pick(draw, None, adverse_events(draw)),
        }
        for m in range(pick(draw, 1, 2, 2, 3, int(clockwork)))
    ]


def shifts(draw: Draw) -> Parts:
    return {lab: pick(draw, *SHIFTS) for lab in ("bilirubin", "inr", "creatinine", "platelets")}


def adverse_events(draw: Draw) -> Parts:
    return {
        name: {
            "probability": pick(draw, 0.0, 0.05, 0.3, 0.9),
            "consequence": pick(draw, "none", "cut_short", "stop_treatment"),
            "serious": pick(draw, False, True),
        }
        for name in EVENTS
    }


def arm(draw: Draw, name: str, names: list[str], its_plan: Parts) -> Parts:
    """An arm with its plan, or medical treatment alone."""
    given = pick(draw, *names, *names, None)
    return {"name": name, "modality": given, "plan": given and its_plan}


def plan(
    draw: Draw, names: list[str], with_labs: bool, follow_up_days: int, clockwork: bool
) -> Parts:
    """One to four sessions, the first perhaps due as follow-up is about to end."""
    rescue = {
        "max_sessions": draw(st.integers(1, 3)),
        "bilirubin_above_umol_per_l": pick(draw, 50.0, 300.0),
    }
    intervals = (0.75, 0.5, 0.25, 0.0) if clockwork else (0.0, 1.0, 0.25, 0.75, 3.0)
    windows = (1.0, 2.0, 0.5, 0.25) if clockwork else (1.0, 2.0, 5.0, 0.5, 30.0)
    return {
        "sessions": draw(st.integers(1, 4)),
        "first_after_days": pick(draw, 1.0, 0.0, 0.5, 2.0, follow_up_days - 0.25),
        "least_interval_days": pick(draw, *intervals),
        "window_days": pick(draw, *windows),
        "stop_if_bilirubin_below_umol_per_l": pick(draw, None, 100.0, 300.0) if with_labs else None,
        "postpone_if_platelets_below_1e9_per_l": (
            pick(draw, None, 100.0, 110.0, 130.0) if with_labs else None
        ),
        "rescue": pick(draw, None, rescue) if with_labs else None,
        "switch_if_plasma_short_to": pick(draw, None, *reversed(names)),
    }
