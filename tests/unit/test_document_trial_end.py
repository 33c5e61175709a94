"""A document of a trial that ends by its deaths says so wherever it tells of size or of an end."""

from dataclasses import replace

import pytest
from answers import closed_forms, operations, power_answer
from documents import dossier, valued
from documents import words as words_of

from simulator.declarations.quantities import CONDUCT
from simulator.report.document.assumptions import told
from simulator.report.document.execution import execution_blocks
from simulator.report.document.feasibility import feasibility_blocks
from simulator.report.document.justification import justification
from simulator.report.document.losses import event_blocks, loss_clause
from simulator.report.document.needed_size import needed_sentence
from simulator.report.document.paragraph import paragraph
from simulator.report.document.trial_end import end_in_short
from simulator.results.closed_forms import Contrast
from simulator.results.measures import Estimate, Share
from simulator.results.trial_end import TrialEnd

ARMS = ("PE", "DPMAS+LPE")
BY_DEATHS = TrialEnd(
    deaths=36,
    min_follow_up_days=None,
    follow_up_days=84,
    max_follow_up_days=365,
    end_day=Estimate(782.0, 1.0),
    deaths_reached=Share(0.969, 0.965, 0.972),
    known_deaths=dict.fromkeys(ARMS, Estimate(18.0, 0.1)),
    follow_up=dict.fromkeys(ARMS, Estimate(124.0, 0.1)),
)
BY_DATE = replace(BY_DEATHS, deaths=None, deaths_reached=None, min_follow_up_days=100)
LONGER = replace(BY_DATE, min_follow_up_days=None)


def ended(end):
    return power_answer(trial_end=end, operations=operations(target_reached=Share(1.0, 0.99, 1.0)))


def words(blocks):
    return " ".join(str(getattr(b, "text", "")) + str(getattr(b, "note", "")) for b in blocks)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (BY_DEATHS, "The trial is event-driven: its data are cut at 36 known deaths, on day 782"),
        (BY_DATE, "The data are cut 100 days after the last randomisation, on day 782"),
        (LONGER, "Each patient is followed for 365 days; the trial then ends, on day 782"),
    ],
)
def test_the_paragraph_and_the_size_say_what_ends_the_trial(end, said):
    """A size of sixty that is silent on thirty-six deaths is half of the answer."""
    answer = ended(end)
    assert end_in_short(answer).startswith(said)
    assert end_in_short(answer) in paragraph(dossier(answer))
    told = words_of(justification(dossier(answer), "full"))
    assert told.count(said) >= 2  # the summary and the size; recruitment tells more
    assert ("in 3.1% of trials so many deaths never come" in end_in_short(answer)) == (
        end is BY_DEATHS
    )


def test_a_trial_whose_patients_follow_up_ends_it_says_nothing_of_an_end():
    assert end_in_short(power_answer()) == ""
    assert "event-driven" not in paragraph(dossier(power_answer()))


def test_deaths_and_losses_of_the_table_are_those_of_the_day_of_the_outcome():
    """Thirty-six deaths end the trial; the table of twelve weeks has fewer."""
    page = dossier(ended(BY_DEATHS))
    assert "Deaths are counted to day 84" in words(event_blocks(page))
    assert "lost to follow-up by day 84" in words(event_blocks(page))
    assert "loss to follow-up by day 84" in loss_clause(page)
    assert "Deaths are counted to the end of follow-up" in words(event_blocks(dossier()))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (BY_DEATHS, "ends when 36 deaths are known or, where they never come, recruitment is over"),
        (BY_DATE, "ends when 100 days have gone by since the last randomisation"),
        (LONGER, "ends when recruitment is over and the last follow-up has ended"),
        (None, "ends when recruitment is over and the last follow-up has ended"),
    ],
)
def test_the_simulation_is_told_to_end_as_it_does(end, said):
    assert said in words(execution_blocks(dossier(ended(end))))


def test_a_trial_that_its_deaths_end_is_not_said_to_have_all_its_patients():
    assert "reach the target, or before it the deaths that end them." in words(
        feasibility_blocks(dossier(ended(BY_DEATHS)))
    )
    assert "simulated trials reach the target." in words(feasibility_blocks(dossier(ended(None))))


def test_no_formula_is_said_not_to_apply_to_a_test_that_has_some():
    """Schoenfeld's formula is of the log-rank test: what it lacks is a follow-up alike for all."""
    forms = replace(closed_forms(), contrast=Contrast.OTHER_FOLLOW_UP, needed=())
    said = needed_sentence(dossier(ended(BY_DEATHS), closed_forms=forms))
    assert "followed for the same days" in said
    assert "No standard formula applies" not in said


def test_that_a_hazard_goes_on_after_follow_up_is_among_the_assumptions():
    """A year's deaths rest on it; a scenario that does not say so has no such row."""
    values = (
        valued("exits.loss.goes_on", True, "assumption"),
        valued("exits.transplant.goes_on", None, "assumption"),
    )
    rows = told(dossier(values=values), CONDUCT)
    assert rows == [("Loss goes on at its rate after that day", "yes", "assumption")]
