"""Rescue, withdrawal and population, against one patient after another in plain Python."""

import math

import numpy as np
import pytest
from analysis_records import design, one_trial, plan_of, result
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_builder import base_case, run

from simulator.analysis import END, analyse, design_of
from simulator.analysis.cut import rows_of
from simulator.analysis.intercurrent import Handling, handled, rescue_after_days
from simulator.params.lower import lower
from simulator.records import Sessions, SessionStatus

NEVER = math.inf
WORDS = ("ignored", "event", "censored")
BEGUN = ("RUNNING", "DELIVERED", "CUT_SHORT", "ENDED_BY_EXIT")
OWN = np.array([0, 1])  # modality of each arm


def slow_rescue(patient, sessions) -> float:
    """First session that the plan did not have: beyond its number, or of another modality."""
    for session in sorted(sessions, key=lambda s: s["start_day"]):
        begun = SessionStatus(session["status"]).name in BEGUN
        other = session["modality"] != OWN[patient["arm"]]
        if begun and (session["place"] >= patient["planned"] or other):
            return session["start_day"] - patient["entry_day"]
    return NEVER


def slow_history(patient, rescue: str, withdrawal: str) -> tuple[float, float]:
    """Times of death and loss once both events count as what they are declared to be."""
    ends = min(patient["death"], patient["loss"], patient["transplant"])
    events = [
        (patient[name], 0 if word == "event" else 1, word)
        for name, word in (("rescue", rescue), ("withdrawal", withdrawal))
        if word != "ignored" and patient[name] < ends
    ]
    if not events:
        return patient["death"], patient["loss"]
    when, _, word = min(events)  # of two at once death counts before loss
    return (when, NEVER) if word == "event" else (NEVER, when)


days = st.sampled_from([0.0, 1.0, 2.0, 2.5, 30.0, 84.0, NEVER])
session = st.fixed_dictionaries(
    {
        "status": st.sampled_from([int(s) for s in SessionStatus]),
        "modality": st.integers(0, 1),
        "start_day": st.sampled_from([100.0, 101.0, 102.0, 102.5, 130.0]),
    }
)
patient = st.fixed_dictionaries(
    {
        "arm": st.integers(0, 1),
        "death": days,
        "loss": days,
        "transplant": days,
        "withdrawal": days,
        "planned": st.integers(0, 3),
        "sessions": st.lists(session, min_size=3, max_size=3),
    }
)


@settings(max_examples=150)
@given(st.lists(patient, min_size=1, max_size=6), st.sampled_from(WORDS), st.sampled_from(WORDS))
def test_histories_are_those_of_patients_one_by_one(patients, rescue, withdrawal):
    for p in patients:
        p["entry_day"] = 100.0
        for place, s in enumerate(p["sessions"]):
            s["place"] = place
        p["rescue"] = slow_rescue(p, p["sessions"])
    n = len(patients)
    columns = {name: np.array([p[name] for p in patients]) for name in ("arm", "entry_day")}
    for name in ("death", "loss", "transplant", "withdrawal"):
        columns[f"{name}_after_days"] = np.array([p[name] for p in patients])
    columns["sessions_planned"] = np.array([p["planned"] for p in patients])
    records = one_trial(columns.pop("arm"), **columns)
    parts = {name: np.zeros((n, 3)) for name in Sessions._fields}
    for name in ("status", "modality"):
        parts[name] = np.array([[s[name] for s in p["sessions"]] for p in patients])
    parts["start_day"] = np.array([[s["start_day"] for s in p["sessions"]] for p in patients])
    records = records._replace(sessions=Sessions(**parts))
    assert rescue_after_days(records, OWN).tolist() == [p["rescue"] for p in patients]
    rows = handled(records, rows_of(records), Handling("randomised", rescue, withdrawal), OWN)
    expected = [slow_history(p, rescue, withdrawal) for p in patients]
    assert rows.death_after_days.tolist() == [death for death, _ in expected]
    assert rows.loss_after_days.tolist() == [loss for _, loss in expected]


@pytest.fixture(scope="module")
def simulated():
    changes = {"exits.withdrawal": {"net_probability": 0.4, "by_day": 84.0}}
    scenario = base_case(changes=changes)
    return run(scenario, 9, 60), lower(scenario)


def test_the_treated_are_those_with_a_session(simulated):
    records, params = simulated
    plan = plan_of("risk_difference", population="treated", interval="newcombe")
    table = analyse(records, [plan], design_of(params, 9), END)
    p = records.patients
    first = np.append(records.trials.first_row, p.arm.size)
    for k in range(first.size - 1):
        mine = slice(first[k], first[k + 1])
        kept = p.sessions_delivered[mine] > 0
        assert kept.any()
        arm, death = p.arm[mine][kept], p.death_after_days[mine][kept]
        loss, transplant = p.loss_after_days[mine][kept], p.transplant_after_days[mine][kept]
        alone = one_trial(
            arm,
            death_after_days=death,
            loss_after_days=loss,
            transplant_after_days=transplant,
        )
        whole = plan_of("risk_difference", interval="newcombe")
        expected = result(analyse(alone, [whole], design(params.trial.follow_up_days), END))
        assert table.estimate[k, 0] == expected.estimate


def test_withdrawal_as_death_raises_mortality_and_as_loss_leaves_patients_out(simulated):
    records, params = simulated
    plans = [
        plan_of("risk_difference", name=word, withdrawal=word, interval="newcombe")
        for word in WORDS
    ]
    errors = analyse(records, plans, design_of(params, 9), END).standard_error
    rows = rows_of(records)
    dead = [
        int(
            np.isfinite(
                handled(
                    records, rows, Handling("randomised", "ignored", word), OWN
                ).death_after_days
            ).sum()
        )
        for word in WORDS
    ]
    assert dead[1] > dead[0] > dead[2]
    assert errors[:, 2].mean() > errors[:, 0].mean()  # fewer patients say less
