"""Words of assurance: limits, errors and plurals."""

from dataclasses import replace

import pytest

import simulator
from simulator.report.text import full_text
from simulator.report.text.assurance_screen import assurance_screen
from simulator.report.text.page import as_text
from simulator.results.measures import Share


@pytest.fixture(scope="module")
def answer():
    """The real trial's assurance from a few draws."""
    return simulator.load("nct05484908").assurance(6, 20)


def screen(answer, **changes) -> str:
    """Return the screen of an answer whose first analysis is changed, on one line."""
    first = replace(answer.analyses[0], **changes)
    changed = replace(answer, analyses=(first, *answer.analyses[1:]))
    return " ".join(as_text(assurance_screen(changed, 100), 100).split())


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (Share(0.0, 0.0, 0.0095), "at least 80%: <1% (95 % interval 0.0% to"),
        (Share(0.0, 0.0, 0.114), "at least 80%: <12% (95"),
        (Share(0.0, 0.0, 0.00096), "at least 80%: <0.1% (95"),
        (Share(1.0, 0.9905, 1.0), "at least 80%: >99% (95"),
        (Share(0.25, 0.21, 0.3), "at least 80%: 25.0% (95 % interval 21.0% to 30.0%)"),
    ],
)
def test_a_probability_that_no_draw_has_is_told_by_its_limit(answer, share, words):
    assert words in screen(answer, probability_of_target=share)


def test_draws_that_failed_are_told_with_their_number_and_reason(answer):
    from simulator.results.assurance import FailedDraws

    failed = replace(answer, failures=(FailedDraws("a.key", "no hazard reaches it", 2, 3),))
    text = " ".join(full_text(failed).split())
    assert "2 of 6 draws could not be simulated; each counts as no rejection:" in text
    assert "2, the first draw 3: a.key: no hazard reaches it" in text


def test_the_source_of_what_is_not_known_is_shown(answer):
    assert "hazard.mortality_targets.PE: derived [A12, A15, A21, A24]" in full_text(answer)


def test_an_interrupted_answer_says_how_many_draws_there_are(answer):
    text = " ".join(full_text(replace(answer, interrupted=True, draws_asked=400)).split())
    assert (
        "Interrupted after 6 of 400 draws, which are shown; the same command goes on from there"
        in text
    )
