"""Documents of a scenario that was held against published figures say what came of it."""

from dataclasses import replace

import pytest
from answers import power_answer
from documents import LENGTHS, dossier, valued, words

from calibration.evidence import read_evidence
from simulator.report.document.blocks import References
from simulator.report.document.justification import justification
from simulator.results.acceptance import Acceptance, AcceptanceCheck

CHECK = AcceptanceCheck(
    rows=("A33",),
    measure="mortality",
    label="mortality, PE",
    arm="PE",
    is_share=True,
    observed=0.1,
    n=40,
    observed_sd=None,
    simulated=0.45,
    mcse=0.004,
    between_study_sd=0.5,
    low=0.2,
    high=0.7,
    p_value=0.004,
    fails=True,
    note="",
)


def written(length, *checks, p_value=0.004):
    failed = sum(check.fails for check in checks)
    found = Acceptance(1, 30_000, checks, {}, failed, p_value, p_value < 0.05)
    return words(justification(dossier(replace(power_answer(), acceptance=found)), length))


@pytest.mark.parametrize("length", LENGTHS)
def test_a_scenario_that_fails_says_so_at_every_length(length):
    said = "at odds with published figures that were not used to set it: one of one lies outside"
    assert said in written(length, CHECK)


def test_the_full_document_shows_every_figure():
    passing = replace(CHECK, observed=0.5, p_value=0.6, fails=False, rows=("A08",))
    text = written("full", CHECK, passing)
    for part in ("Mortality, PE", "A33", "A08", "20.0% to 70.0%", "0.004"):
        assert part in text


@pytest.mark.parametrize("length", LENGTHS)
def test_one_that_agrees_is_not_called_at_odds(length):
    passing = replace(CHECK, observed=0.5, p_value=0.6, fails=False)
    text = written(length, passing, p_value=0.6)
    assert "at odds" not in text.lower()
    assert ("lies within its 95 % predictive interval" in text) == (length == "full")


@pytest.mark.parametrize("length", LENGTHS)
def test_one_that_fails_gives_the_figures_and_the_work_by_number(length):
    known = read_evidence()
    seen = replace(CHECK, rows=("A17",), observed=0.12, simulated=0.46)
    found = Acceptance(1, 30_000, (seen,), {}, 1, 0.004, True)
    rows = {key: known[key] for key in ("A15", "A17")}
    used = valued("hazard.meld_reference", 27, "published [A15]", {"A15": ("evidence-A15",)})
    whole = dossier(replace(power_answer(), acceptance=found), evidence=rows)
    whole = replace(whole, values=(*whole.values, used))
    document = justification(whole, length)
    text = words(document)
    assert "observed 12.0% , 46.0% simulated (of a publication that sets values too)" in text
    assert "P = 0.004, Bonferroni" in text
    works = [b for b in document.blocks if isinstance(b, References)]
    assert "evidence-A15" in [entry.key for entry in works[0].entries]
