"""What a document tells of recruitment, sessions, plasma and losses."""

import re

import pytest
from answers import (
    FISHER,
    NOTHING_BY_ARM,
    analysis_power,
    by_arm,
    operations,
    operations_without_sessions,
    performance,
    power_answer,
)
from documents import LENGTHS, dossier, plain, with_operations, words

from simulator.report.document.blocks import (
    Table,
)
from simulator.report.document.justification import justification
from simulator.results.measures import (
    Estimate,
    Share,
)
from simulator.results.operations import Operations


def test_sessions_due_are_those_of_the_rows_below():
    """80.52 = 79.81 + 0.279 + 0.431, and 89.98 = 80.52 + 9.46: nothing is without a row."""
    document = justification(dossier(), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "sessions")
    cells = {row[0]: float(plain(row[1]).split(" ")[0]) for row in table.rows}
    due = sum(
        cells[row]
        for row in (
            "Delivered",
            "Missed: not begun within the window",
            "Not begun: treatment ended first",
        )
    )
    # Cells of three digits: those of two figures before the point are rounded to one decimal.
    assert cells["Due"] == pytest.approx(due, abs=0.11)
    never = cells["Of these, never due: treatment had ended"]
    assert cells["Planned"] == pytest.approx(cells["Due"] + never, abs=0.11)


def test_recruitment_is_a_risk_only_where_it_is_slow():
    slow = with_operations(target_reached=Share(0.4, 0.39, 0.41), randomised=Estimate(51.3, 0.1))
    text = words(justification(slow, "full"))
    assert "Recruitment is a risk" in text
    assert "Recruitment is the limit: 51.3 are randomised on average" in text
    assert "Recruitment is the limit: a mean of 51.3 patients are randomised." in text
    assert "The probability of reaching 60 patients is 40.0% (95% interval 39.0-41.0%)" in text
    assert "60 patients (30 per arm) planned, of whom 51.3 are recruited on average" in text
    assert "Recruitment is a risk" not in words(justification(dossier(), "full"))


def test_late_completion_is_a_risk_below_an_even_chance():
    late = with_operations(on_time=Share(0.4999, 0.49, 0.51))
    assert "Recruitment is a risk" in words(justification(late, "full"))


def test_recruitment_has_its_range_over_trials():
    text = words(justification(dossier(), "paragraph"))
    assert "expected to take 26 months (90% range 21-32)" in text
    full = words(justification(dossier(), "full"))
    assert "90% range 633-968 days, 5th to 95th percentile" in full


def test_plasma_is_told_only_where_it_is_short():
    assert "plasma is short" in words(justification(dossier(), "full"))
    assert "plasma is short" not in words(justification(dossier(), "paragraph"))
    scarce = with_operations(short_of_plasma_share=by_arm(0.356, 0.225, 0.001))
    none = with_operations(short_of_plasma_share=by_arm(0.0, 0.0, 0.0))
    assert (
        "Plasma is short on the planned day for 35.6% of the sessions due with PE and 22.5% with "
        "DPMAS+LPE; 0.3% and 0.2% of the sessions due are missed."
    ) in words(justification(scarce, "paragraph"))
    assert "plasma is short" not in words(justification(none, "full"))


def test_trial_without_sessions_is_told_nothing_of_them():
    bare = dossier(power_answer(operations=operations_without_sessions()))
    text = words(justification(bare, "full"))
    assert "Sessions per trial" not in text
    assert "Sessions per trial" in words(justification(dossier(), "full"))
    assert "plasma is" not in text.lower()


def test_mean_that_does_not_exist_is_a_dash():
    document = justification(with_operations(mortality_from_tumour=NOTHING_BY_ARM), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "patients")
    assert "nan" not in words(document)
    assert not any("tumour" in row[0] for row in table.rows)


@pytest.mark.parametrize("length", LENGTHS)
def test_single_trial_has_no_errors_to_show(length):
    one = Operations.from_dict(without_errors(operations().to_dict()))
    unsure = performance(truth_mcse=None, bias_mcse=None, coverage_mcse=None, sign_error_mcse=None)
    first = analysis_power(FISHER, performance=unsure)
    document = justification(dossier(power_answer(operations=one, analyses=(first,))), length)
    assert "26 months" in words(document)
    assert not re.search(r"\bnan\b", words(document))


def without_errors(plain):
    if isinstance(plain, dict):
        return {key: None if key == "mcse" else without_errors(v) for key, v in plain.items()}
    return [without_errors(item) for item in plain] if isinstance(plain, list) else plain
