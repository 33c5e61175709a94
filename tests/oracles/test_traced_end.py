"""A trace ends with its trial: held to the trial that does not end, cut by hand, and to `power`."""

import math
from types import SimpleNamespace

import pytest
from reference_analysis import trials_in
from scenario_builder import changed
from test_trial_ends import CASES, SEED, known_death, part_of, slow_end

from simulator.analysis import plans_of
from simulator.engines import reference
from simulator.params.lower import lower
from simulator.planning.trace import trace_trial
from simulator.report.text import as_text
from simulator.report.text.trace import TRACE_SECTIONS

TRIALS = 0, 3, 31  # in the last the fifty-first death comes
OF_THE_END = "trial ends", "censored: trial ends"


def traced(scenario, trial):
    params, plans = lower(scenario), plans_of(scenario)
    arms = [arm.name for arm in scenario.arms]
    asked = SimpleNamespace(solved=scenario, asked=scenario, params=params, plans=plans, arms=arms)
    return trace_trial(asked, SEED, trial)


def told(events):
    """What events tell but that recruitment is over, which the end of a trial may bring forward."""
    left_out = ("recruitment ends", *OF_THE_END)
    return [
        (e.trial_day, e.event, e.patient, dict(e.details))
        for e in events
        if e.event not in left_out
    ]


@pytest.fixture(scope="module", params=[name for name, s in CASES.items() if s.trial.end])
def cases(request):
    """Traces of a scenario, of the same trials without their end, and the slow end of each."""
    scenario, found = CASES[request.param], []
    endless = changed(scenario, {"trial.end": None})
    for trial in TRIALS:
        records = reference.simulate(lower(endless), SEED, trial, 1)
        (patients,) = trials_in(records)
        end = slow_end(scenario, patients, records.trials)
        found.append((traced(scenario, trial), traced(endless, trial), patients, end))
    return scenario, found


def test_events_are_those_of_the_endless_trial_until_it_ends(cases):
    for mine, endless, _, end in cases[1]:
        assert mine.ended.trial_day == mine.trial_end_day == end
        assert told(mine.all_events) == told(e for e in endless.all_events if e.trial_day <= end)
        assert mine.recruitment_end_day == min(endless.recruitment_end_day, end)
        assert all(e.trial_day <= end for e in mine.all_events)
        assert mine.event_count == len(mine.all_events)


def test_the_end_is_an_event_and_censors_who_is_in_follow_up(cases):
    scenario, found = cases
    most, censored = scenario.trial.max_follow_up_days, 0
    for mine, _, patients, end in found:
        entered = [p for p in patients if p["entry_day"] <= end]
        deaths = sum(p["entry_day"] + known_death(p, most) <= end for p in entered)
        left = {
            number: end - p["entry_day"]
            for number, p in enumerate(entered)
            if p["entry_day"]
            + min(p["death_after_days"], p["loss_after_days"], p["transplant_after_days"], most)
            > end
        }
        (at,) = [k for k, e in enumerate(mine.all_events) if e.event == "trial ends"]
        assert mine.all_events[at].details == {"known_deaths": deaths, "still_followed": len(left)}
        last = mine.all_events[at + 1 :]
        assert {e.patient: e.patient_day for e in last} == left
        assert {e.event for e in last} <= {"censored: trial ends"}
        shown = {p.patient: dict(p.outcomes) for p in mine.patients}
        assert len(shown) == len(entered)
        ended = {n: days["trial end"] for n, days in shown.items() if "trial end" in days}
        assert ended == left
        for number, p in enumerate(entered):
            died = p["entry_day"] + p["death_after_days"] <= end
            assert any("death" in word for word in shown[number]) == died
        assert sum(mine.deaths.values()) == sum(
            p["entry_day"] + p["death_after_days"] <= end for p in entered
        )
        asked = scenario.trial.end.deaths
        assert mine.ended.deaths_asked == asked
        assert mine.ended.reached == (None if asked is None else deaths >= asked)
        censored += len(left)
    assert censored


def test_analyses_are_those_that_power_counts(cases):
    scenario, found = cases
    part, _, _ = part_of(scenario, max(TRIALS) + 1)
    for trial, (mine, *_) in zip(TRIALS, found, strict=True):
        for k, analysis in enumerate(mine.analyses):
            for name in ("p_value", "estimate", "standard_error"):
                counted = getattr(part.table, name)[trial, k]
                shown = getattr(analysis, name)
                shown = math.nan if shown is None else shown
                assert shown == pytest.approx(counted, rel=0, abs=0, nan_ok=True)


def test_the_end_is_told_in_words(cases):
    _, found = cases
    mine = found[0][0]
    blocks = [block for section in TRACE_SECTIONS for block in section.blocks(mine)]
    text = " ".join(as_text(blocks, 100).split())
    assert f"The trial ends on day {mine.trial_end_day:.1f}" in text
    assert f"{mine.ended.still_followed} patients in follow-up, who are censored there" in text
    assert ("did not come" in text) == (mine.ended.reached is False)
