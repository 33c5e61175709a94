"""The gate for schemes and biases in the real trial, scarce machines and plasma included.

The generated scenarios reach every scheme; here each meets sixty patients, sessions that wait,
deaths that are learnt late, and a unit that is closed at night.
"""

import pytest
from differences import assert_meaningful, assert_same
from scenario_builder import base_case, changed
from scheme_options import options_of

from simulator.allocation import SCHEMES
from simulator.engines import compiled, reference
from simulator.params.lower import lower

TRIALS, SEED = 3, 20_261_124
FACTORS = [
    {"variable": "bilirubin_umol_per_l", "cut_points": [360.0]},
    {"variable": "inr", "cut_points": [1.9, 2.2]},
]
BIASES = {
    "turned away": {
        "kind": "turn_away",
        "favours": "DPMAS+LPE",
        "variable": "bilirubin_umol_per_l",
        "poor_above": 360.0,
        "probability": 0.7,
    },
    "put off": {
        "kind": "defer",
        "favours": "PE",
        "variable": "inr",
        "poor_above": 2.0,
        "probability": 0.9,
        "returns_after_days": 20.0,
    },
    "shifted": {"kind": "shift", "favours": "PE", "hazard_ratio": 0.5},
}
DRIFT = {"kind": "logarithmic", "hazard_ratio": 3.0}


def gate(scenario):
    params = lower(scenario)
    asked = params, SEED, 0, TRIALS
    records = compiled.simulate(*asked)
    assert_same(records, reference.simulate(*asked))
    assert_meaningful(records, params)
    return records


def under(name, scheme, factors):
    allocation = {
        "scheme": scheme,
        "ratio": [1, 1],
        "options": options_of(scheme, (2, 3)),
        "factors": factors,
    }
    return base_case(name, {"allocation": allocation})


@pytest.mark.parametrize("scheme", SCHEMES)
def test_engines_agree_on_every_scheme_where_plasma_is_short(scheme):
    taken = SCHEMES[scheme].factors.name in ("STRATA", "NEEDED", "USED")
    records = gate(under("nct05484908-scarce", scheme, FACTORS if taken else None))
    assert records.sessions.short_of_plasma.any()


@pytest.mark.parametrize("scheme", [w for w, s in SCHEMES.items() if s.adaptive])
def test_engines_agree_on_adaptation_without_any_session(scheme):
    """No event but referrals: what is known must be found out all the same."""
    arms = [{"name": name, "modality": None, "plan": None} for name in ("PE", "DPMAS+LPE")]
    direct = {
        "kind": "direct",
        "hazard_ratio": 0.5,
        "delay_days": 0.0,
        "waning_half_life_days": None,
        "combined_with_labs": False,
    }
    scenario = changed(
        under("nct05484908", scheme, None), {"arms": arms, "hazard.effect": direct, "unit": None}
    )
    assert (gate(scenario).patients.allocation_probability[:, 0] != 0.5).any()


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("scheme", ["random_blocks", "big_stick", "minimisation"])
def test_engines_agree_on_an_investigator_who_guesses_while_mortality_drifts(scheme, bias):
    scenario = changed(
        under("nct05484908-scarce", scheme, FACTORS),
        {"selection_bias": BIASES[bias], "hazard.drift": DRIFT},
    )
    t = gate(scenario).trials
    if bias == "turned away":
        assert t.turned_away.any()
    if bias == "put off":
        assert t.deferred.any()
