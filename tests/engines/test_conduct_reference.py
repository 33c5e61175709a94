"""A trial is the same up to the day on which its conduct changes (model page, section 11).

Held here for the reference engine alone: every column, as far as it was settled by then, and the
log of all that happened. The engines are held to each other in test_conduct.py, and what conduct
does in test_conduct_rules.py.
"""

import functools

import numpy as np
import pytest
from conducts import assert_known_alike, before, conduct_of, observed
from generated_scenarios import quick_screening
from scenario_builder import base_case, shipped
from scheme_options import options_of

from simulator.allocation import SCHEMES
from simulator.conduct import as_planned
from simulator.engines import reference
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.scenario.shipped import shipped_names

SEED = 20_261_127
FACTORS = [
    {"variable": "bilirubin_umol_per_l", "cut_points": [360.0]},
    {"variable": "inr", "cut_points": [1.9, 2.2]},
]
PATIENTS = 16
REFERRED = "randomised", "screening failed", "consent refused"


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


def may_grow(params: Params) -> bool:
    """Whether more than the target may be randomised."""
    return not (params.accrual.uniform or SCHEMES[params.allocation.scheme].fixed_size)


def hold_up_to_each_change(params: Params, trial: int) -> None:
    """Change each part of conduct in the middle of a trial; all that was before must stay."""
    target = params.trial.target_randomised
    planned, log = observed(params, SEED, as_planned(np.array([trial]), target))
    entry = planned.patients.entry_day
    half = len(entry) // 2
    day = float(entry[half])
    between = (day + float(entry[half + 1])) / 2
    end = float(planned.trials.recruitment_end_day[0])
    referred = [event.day for event in log if event.name in REFERRED]
    changes = [
        ({"closes": day}, day, True),
        ({"most": half + 1}, day, False),
        ({"pauses": ((between, np.inf), (day, between))}, day, True),
        ({"stops": day, "closes": between}, day, False),
    ]
    if may_grow(params) and len(entry) == target:
        changes.append(({"most": target + 10}, end, True))
    for change, changes_on, that_day in changes:
        seen, its_log = observed(params, SEED, conduct_of(params, trial, **change))
        assert before(its_log, changes_on, that_day) == before(log, changes_on, that_day), change
        assert_known_alike(seen, planned, params, changes_on, that_day)
        assert its_log != log, change
        assert seen.trials.screened[0] >= np.sum(np.array(referred) < changes_on)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_before_a_change_of_conduct_depends_on_it_under_any_scheme(scheme):
    hold_up_to_each_change(under(scheme), 0)


@pytest.mark.parametrize("name", shipped_names())
def test_nothing_before_a_change_of_conduct_depends_on_it_in_shipped_scenarios(name):
    hold_up_to_each_change(shipped_params(name), 1)


@pytest.mark.slow
@pytest.mark.parametrize("trial", range(2, 6))
@pytest.mark.parametrize("name", shipped_names())
def test_nothing_before_a_change_of_conduct_depends_on_it_in_more_trials(name, trial):
    hold_up_to_each_change(shipped_params(name), trial)


def test_trials_are_those_of_the_rows_whatever_stands_beside_them():
    params = under("random_blocks")
    trials = np.array([7, 2**32 - 1, 0, 7])
    rows = as_planned(trials, PATIENTS)
    rows = rows._replace(most_randomised=np.array([PATIENTS, 5, 9, 3]))
    whole = reference.conducted(params, SEED, rows)
    assert whole.trials.trial.tolist() == trials.tolist()
    assert whole.trials.randomised.tolist() == [PATIENTS, 5, 9, 3]
    assert whole.trials.first_row.tolist() == [0, PATIENTS, PATIENTS + 5, PATIENTS + 14]
    for row in range(len(trials)):
        alone = reference.conducted(params, SEED, rows.of(np.array([row])))
        first = whole.trials.first_row[row]
        its = slice(first, first + whole.trials.randomised[row])
        for table in ("patients", "sessions"):
            for a, b in zip(getattr(whole, table), getattr(alone, table), strict=True):
                np.testing.assert_array_equal(a[its], b)


def test_no_trials_make_empty_records():
    records = reference.conducted(
        under("random_blocks"), SEED, as_planned(np.empty(0, np.int64), PATIENTS)
    )
    assert all(len(column) == 0 for table in records for column in table)
