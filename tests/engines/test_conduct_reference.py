"""A trial is the same up to the day on which its conduct changes (model page, section 11).

Held here for the reference engine alone: every column, as far as it was settled by then, and the
log of all that happened. The engines are held to each other in test_conduct.py, and what conduct
does in test_conduct_rules.py.
"""

import numpy as np
import pytest
from conduct_scenarios import PATIENTS, SEED, shipped_params, under
from conducts import before, conduct_of, may_grow, observed
from differences import assert_same
from known_by import known_by

from simulator.allocation import SCHEMES
from simulator.conduct import as_planned
from simulator.engines import reference
from simulator.params.types import Params
from simulator.scenario.shipped import shipped_names

REFERRED = "randomised", "screening failed", "consent refused"


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
        settled = np.array([changes_on if that_day else np.nextafter(changes_on, -1.0)])
        assert_same(known_by(seen, params, settled), known_by(planned, params, settled))
        assert its_log != log, change
        assert seen.trials.screened[0] >= np.sum(np.array(referred) < changes_on)


@pytest.mark.slow  # daily in the compiled engine, which is held to this one under every scheme
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_before_a_change_of_conduct_depends_on_it_under_any_scheme(scheme):
    hold_up_to_each_change(under(scheme), 0)


@pytest.mark.parametrize("name", ["nct05484908-scarce", "two-arm-survival"])
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
