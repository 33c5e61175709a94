"""What a document tells of searches for a size, closed forms and detectable differences."""

import math
import re
from dataclasses import replace

import pytest
from answers import (
    closed_form,
    closed_forms,
    curve_point,
    detectable_difference,
    size_answer,
)
from documents import dossier, searched, table_of, words

from simulator.report.document import numbers
from simulator.report.document.blocks import (
    Equation,
    Table,
)
from simulator.report.document.justification import justification
from simulator.report.text.size import size_in_words
from simulator.results.closed_forms import Contrast, DetectableBy, Formula, Missing
from simulator.results.size import (
    LargestPower,
    NoSize,
    NoSizeKind,
    SizeBasis,
    SizeEstimate,
)


def test_detectable_difference_that_does_not_exist_is_told():
    none = detectable_difference(experimental=math.nan)
    text = words(justification(dossier(detectable=none), "page"))
    assert "no effect on death by day 84 has 80% power" in text


def test_detectable_difference_says_how_it_was_worked_out():
    exact = words(justification(dossier(), "page"))
    by_normal = detectable_difference(by=DetectableBy.NORMAL)
    normal = words(justification(dossier(detectable=by_normal), "page"))
    assert "(32.9 percentage points)" in exact
    assert "(32.9 percentage points; normal approximation)" in normal


def test_search_that_finds_no_size_says_why():
    text = words(justification(dossier(sizes=(size_answer(reached=False),)), "full"))
    why = "in the 1825 days that recruitment may take, 141 patients can be recruited on average"
    assert f"No attainable sample size gave 80% power: {why}." in text
    assert f"In the simulation no attainable sample size gave 80% power: {why}." in text
    assert "The largest power found is 9.0%" in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            NoSizeKind.NOT_CONVERGED,
            "The search over the number of patients for 80% power did not converge: with values "
            "from 60 to 7000 the trials do not tell",
        ),
        (NoSizeKind.ALWAYS, "Every number of patients from 60 to 7,000 gave more than 80% power."),
        (NoSizeKind.NEVER, "no value tried, from 60 to 7000, has the power asked"),
    ],
)
def test_reason_for_no_size_follows_its_kind(kind, said):
    found = replace(size_answer(reached=False), reason=NoSize(kind, 60.0, 7000.0))
    text = words(justification(dossier(sizes=(found,)), "full"))
    assert said in text
    if kind is NoSizeKind.NOT_CONVERGED:
        assert "No attainable sample size" not in text
        assert "this says nothing of the trial: allow more patients" in text


def test_the_answer_and_the_table_of_a_size_tell_one_power():
    """The row of the answer, the sentence and the answer itself: 80.1 % (21,627 of 27,000)."""
    curve = (*(curve_point(60.0 + k, 60.0 + k, 1000, 50) for k in range(41)),)
    found = size_answer()
    found = replace(found, curve=(*curve, found.curve[-1]))
    document = justification(dossier(sizes=(found,)), "full")
    assert "where power is 80.1%" in words(document)
    rows = table_of(document, "size-0").rows
    assert len(rows) < len(found.curve)
    assert next(row for row in rows if row[0] == "7,040")[4] == "80.1%"


def test_the_table_of_a_size_shows_who_is_randomised_and_what_is_analysable():
    document = justification(dossier(sizes=(size_answer(reached=False),)), "full")
    last = table_of(document, "size-0").rows[-1]
    assert last[:4] == (
        "7,000",
        "141",
        "25,000",
        "23,750",
    )
    assert (
        "Recruitment is the limit: from 154 planned patients on most trials end before the target; "
        "in the 1825 days that recruitment may take, at most 141.2 patients (MCSE 0.3) are "
        "randomised on average." in words(document)
    )


def test_a_largest_power_near_the_one_asked_is_not_called_out_of_reach():
    """79.7 % with an error of .3 points: its 95 % interval contains 80 %."""
    found = replace(size_answer(reached=False), largest=LargestPower(7000.0, 0.797, 0.003))
    text = words(justification(dossier(sizes=(found,)), "full"))
    assert (
        "The trials do not tell whether a number of patients gives 80% power: in the 1825" in text
    )
    assert "attainable" not in text
    assert "UNDECIDED: the trials do not tell whether" in size_in_words(found)
    far = replace(found, largest=LargestPower(7000.0, 0.79, 0.003))
    assert "OUT OF REACH" in size_in_words(far)


def test_trials_without_a_result_are_told_of_beside_the_power():
    """A twentieth of 27,000 trials have none."""
    text = words(justification(dossier(sizes=(size_answer(),)), "full"))
    assert (
        "Of the 27,000 trials at 7040, 1,350 (5.0%) are not analysable and count as not rejecting."
        in text
    )


def test_planned_patients_of_whom_fewer_are_randomised_are_not_called_what_is_needed():
    found = size_answer()
    row = replace(found.curve[-1], randomised=6100.0, randomised_mcse=0.4)
    found = replace(found, curve=(row,))
    text = words(justification(searched(found=found), "full"))
    assert "80% power requires 7,040 patients planned (6100.0 randomised on average)" in text


def test_an_exact_size_is_called_exact_and_a_trend_a_trend():
    trend = words(justification(dossier(sizes=(size_answer(),)), "full"))
    assert "The number is where the fitted trend crosses 80%." in trend
    assert "climbs in teeth about that trend" in trend
    exact = SizeEstimate(216.0, 216.0, 216.0, 0.8019, 0.0, 0.95, SizeBasis.LASTING)
    found = replace(size_answer(), answer=exact, n_lasting=216.0)
    text = words(justification(searched(found=found), "full"))
    assert "It is reached with 216 (exact), where power is 80.2%." in text
    assert "power requires 216 patients (exact: from there on power stays at or above this)" in text
    assert "from 216 patients on the power stays at or above 80%" in text
    assert "7040 (95% confidence interval 6950 to 7130)" in text


def test_size_that_is_no_number_of_patients_keeps_its_decimals():
    found = size_answer(key="hazard.effect.hazard_ratio")
    answer = replace(found.answer, value=0.612, low=0.598, high=math.nan)
    text = words(justification(dossier(sizes=(replace(found, answer=answer),)), "full"))
    assert "It is reached at 0.612 (95% confidence interval 0.598 or more)" in text
    assert "indicates about 7,100" in text


def test_patients_of_a_formula_are_rounded_up():
    forms = closed_forms(closed_form(Formula.NORMAL, 7100.2))
    text = words(justification(dossier(closed_forms=forms), "page"))
    assert "indicates about 7,101 patients for 80% power" in text


def test_patients_of_a_formula_are_rounded_to_their_error():
    forms = closed_forms(closed_form(Formula.NORMAL, 7101.2, mcse=130.0))
    text = words(justification(dossier(closed_forms=forms), "page"))
    assert "indicates about 7,200 patients for 80% power" in text


def test_closed_forms_say_what_they_assume_or_why_there_is_none():
    exact = Formula.EXACT_BINOMIAL
    forms = closed_forms(
        closed_form(Formula.NORMAL, 7100.0, mcse=468.0),
        closed_form(exact, 7200.0),
        closed_form(exact, None, missing=Missing.TOO_LARGE),
        closed_form(exact, None, missing=Missing.NOT_ENUMERATED),
    )
    document = justification(dossier(closed_forms=forms), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "closed-forms")
    assert table.header[1:] == ("Patients", "Monte Carlo error", "Assumptions")
    assert table.rows == (
        ("Normal approximation, two proportions", "7,100", "470", "risk 44.9% v 41.6%, 3.6% lost "
         "to follow-up, no correction for continuity"),
        ("Exact binomial", "7,200", "exact", "Fisher's exact test, whole arms of fixed size, risk "
         "44.9% v 41.6%, 3.6% lost to follow-up"),
        ("Exact binomial", "not calculated", numbers.DASH, "not calculated: may exceed 600 "
         "patients"),
        ("Exact binomial", "not calculated", numbers.DASH, "not calculated: Fisher's exact test "
         "is not enumerated at every size"),
    )  # fmt: skip
    assert sum(isinstance(block, Equation) for block in document.blocks) == 1 + 3


def test_formulas_of_a_log_rank_test_have_their_events_in_table_and_text():
    inputs = {"hazard_ratio": 0.5575, "proportional": True, "event_probability": 0.489}
    forms = closed_forms(
        closed_form(Formula.SCHOENFELD, 188.07, events=91.96, **inputs),
        closed_form(Formula.FREEDMAN, 198.2, events=96.9, **inputs),
        test_name="the log-rank test",
        exact_inputs=True,
    )
    text = words(justification(dossier(closed_forms=forms), "paragraph"))
    assert "indicate about 189-199 patients for 80% power (92-97 events)" in text
    document = justification(dossier(closed_forms=forms), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "closed-forms")
    assert [row[1:4] for row in table.rows] == [("92", "189", "exact"), ("96.9", "199", "exact")]
    assert "hazard ratio 0.5575, an event seen in 48.9% of patients" in table.rows[0][4]


def test_no_formula_is_said_to_apply_where_none_does():
    none = closed_forms(contrast=Contrast.NO_FORMULA, test_name="the MaxCombo test")
    text = words(justification(dossier(closed_forms=replace(none, needed=())), "full"))
    assert "No closed-form sample size applies to the MaxCombo test." in text


@pytest.mark.parametrize(
    ("control", "experimental", "lost", "mcse"),
    [
        (0.455812, 0.423271, 0.03554, 600.0),
        (0.455812, 0.423271, 0.03554, 0.0),
        (0.35, 0.22, 0.04, 0),
    ],
)
def test_the_size_of_a_formula_is_found_again_from_the_inputs_shown(
    control, experimental, lost, mcse
):
    """Fleiss's formula by hand, with R's qnorm(.975) and qnorm(.8), from what the table prints.

    Of 45.6 % v 42.3 % it gives 7,365, of the inputs before rounding 7,600.
    """

    def needed(p, q, gone):
        mean = (p + q) / 2
        under_null, apart = 2 * mean * (1 - mean), p * (1 - p) + q * (1 - q)
        z = 1.959964 * math.sqrt(under_null) + 0.8416212 * math.sqrt(apart)
        return 2 * (z / (p - q)) ** 2 / (1 - gone)

    form = closed_form(Formula.NORMAL, needed(control, experimental, lost), mcse=mcse)
    forms = closed_forms(form, control=control, experimental=experimental, lost=lost)
    document = justification(dossier(closed_forms=forms), "full")
    _, patients, _, said = table_of(document, "closed-forms").rows[0]
    shown = [float(part) / 100 for part in re.findall(r"([0-9.]+)%", said)]
    unit = 100 if mcse else 1
    assert abs(needed(*shown) - form.patients) < unit / 2
    assert int(patients.replace(",", "")) == math.ceil(form.patients / unit) * unit


@pytest.mark.parametrize(
    "name", ["p\N{COMBINING MACRON}", "r", "z", "\N{GREEK SMALL LETTER ALPHA}", "β"]
)
def test_every_symbol_of_a_formula_is_told(name):
    text = words(justification(dossier(), "full"))
    where = text[text.index("Here z are quantiles") :]
    assert re.search(rf"(?<!\w){name}(?!\w)", where[: where.index("Limits")])


def test_a_search_without_a_fit_draws_no_curve(everything):
    tried = replace(size_answer(), fitted=())
    text = words(justification(replace(everything, sizes=(tried,)), "full"))
    assert "draws them." in text
    assert "the fitted curve" not in text


def test_the_row_of_the_plan_is_of_the_search_and_a_note_has_the_best_estimate():
    """43 of 1,000 trials reject at the plan; the run of power has 3.8 % of 10,000."""
    plan = curve_point(60, 60, 1_000, 43)
    found = size_answer()
    found = replace(found, curve=(plan, *found.curve), own_value=60)
    table = table_of(justification(searched(found=found), "full"), "size-0")
    assert table.rows[0][2:5] == ("1,000", "950", "4.3%")
    assert "the best estimate for the plan is 3.8%, of 10,000 trials" in table.note
