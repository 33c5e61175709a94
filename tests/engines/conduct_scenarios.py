"""Scenarios of which tests change the conduct: every scheme, and those that are shipped."""

import functools

from generated_scenarios import quick_screening
from scenario_builder import base_case, shipped
from scheme_options import options_of

from simulator.allocation import SCHEMES
from simulator.params.lower import lower
from simulator.params.types import Params

SEED = 20_261_127
FACTORS = [
    {"variable": "bilirubin_umol_per_l", "cut_points": [360.0]},
    {"variable": "inr", "cut_points": [1.9, 2.2]},
]
PATIENTS = 16


@functools.cache
def under(scheme: str) -> Params:
    """The trial with scarce plasma, smaller and under another scheme."""
    taken = SCHEMES[scheme].factors.name in ("STRATA", "NEEDED", "USED")
    allocation = {
        "scheme": scheme,
        "ratio": [1, 1],
        "options": options_of(scheme, (2, 3)),
        "factors": FACTORS if taken else None,
    }
    changes = {"allocation": allocation, "trial.target_randomised": PATIENTS}
    with quick_screening():
        return lower(base_case("nct05484908-scarce", changes))


@functools.cache
def shipped_params(name: str) -> Params:
    """A shipped scenario; a baseline that would have to be solved is set."""
    scenario = shipped(name)
    solved = scenario.hazard.mortality_targets is None
    with quick_screening():
        return lower(scenario if solved else base_case(name))
