"""What a report says of a scenario's own values, and leaves out where these do not bear it."""

import re

SCENARIO = """\
name: own
title: 40 patients from one site
trial: {start_date: 2027-01-01, target_randomised: 40, follow_up_days: 84LIMIT}
accrual:
  kind: poisson
  sites: [{name: one, randomised_per_month: 4}]
arms: [{name: control}, {name: experimental}]
hazard:
  baseline: {kind: exponential, mortality_at_horizon: 0.6}
  effect: {kind: direct, hazard_ratio: 0.557}
exits: {transplant: {net_probability: TRANSPLANT}}
analyses: [{name: log_rank, test: log_rank}]
"""


def report(run, folder, length, limit="", transplant="0"):
    text = SCENARIO.replace("LIMIT", limit).replace("TRANSPLANT", transplant)
    (folder / "own.yaml").write_text(text)
    assert run("power", "own.yaml", "--trials", 200, "--out", "own", "--force")[0] == 0
    written = "--format", "html", "--out", "own.html", "--force"
    status, _, err = run("report", "own", "--length", length, *written)
    assert status == 0, err
    page = (folder / "own.html").read_text("utf-8")
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_outcome_names_transplantation_only_where_some_are_transplanted(run, folder):
    for length in ("paragraph", "page", "full"):
        text = report(run, folder, length)
        assert "time to death within 84 days" in text
        assert "or liver transplantation" not in text
        assert "counting as death" not in text
    assert "death or liver transplantation" in report(run, folder, "page", transplant="0.1")


def test_who_could_be_recruited_is_told_by_a_limit_of_the_user_s_own(run, folder):
    """The default of ten years is nobody's plan. 730 d at 4 per 30.4375 d are 96 patients."""
    assert "could be recruited" not in report(run, folder, "paragraph")
    own = report(run, folder, "paragraph", limit=", max_recruitment_days: 730")
    assert "96 could be recruited" in own


def test_a_scenario_with_uncertain_keys_is_written_up_as_any_other(run, folder):
    uncertain = """\
uncertain:
  - keys: hazard.effect.hazard_ratio
    distribution: lognormal  # assumption
    parameters: {median: 0.6, log_sd: 0.3}  # assumption
"""
    (folder / "own.yaml").write_text(
        SCENARIO.replace("LIMIT", "").replace("TRANSPLANT", "0") + uncertain
    )
    assert run("power", "own.yaml", "--trials", 200, "--out", "own")[0] == 0
    for length in ("paragraph", "page", "full"):
        for kind in ("docx", "html"):
            status, _, err = run("report", "own", "--length", length, "--format", kind)
            assert status == 0, err
