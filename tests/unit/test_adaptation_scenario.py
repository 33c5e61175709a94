"""Each way in which re-estimation or slow recruitment can be asked for wrongly has its message.

Lines are counted in the text of the file, not asked of the loader.
"""

from pathlib import Path

import pytest
from test_monitoring_scenario import problems

from simulator.allocation import AllocationError
from simulator.planning.candidate_schemes import candidate_scheme_of, every_scheme
from simulator.planning.prepared import prepare
from simulator.scenario.loader import load_scenario

HEAD = """\
extends: nct05484908
name: adapts
title: a trial that adapts
analyses: [{name: fisher, test: fisher}, {name: time, test: log_rank}]
"""
BLINDED = (
    HEAD
    + """\
monitoring:
  analysis: fisher
  looks: [{at: {completed: 30}}]
  efficacy: null
  blinded_reestimation:
    look: 1
    difference: 0.3
    power: 0.8
    least_randomised: 40
    most_randomised: 90
  slow_recruitment:
    day: 400
    fewer_than: 20
    then: analyse
"""
)
ZONE = (
    HEAD
    + """\
monitoring:
  analysis: fisher
  looks: [{at: {completed: 30}}]
  promising_zone:
    from_conditional_power: 0.41
    to_conditional_power: 0.8
    conditional_power: 0.8
    most_randomised: 90
    final_test: conventional
"""
)
# A trial whose test on time has as much information as it ends by, however many its patients.
BY_DEATHS = """\
extends: nct05484908-events
name: adapts
title: a trial that adapts and ends by its deaths
monitoring:
  looks: [{at: {deaths: 18}}]
  promising_zone: {from_conditional_power: 0.4, most_randomised: 90}
"""
B, Z, S = (
    f"monitoring.{key}" for key in ("blinded_reestimation", "promising_zone", "slow_recruitment")
)


def changed(old: str, new: str, text: str) -> tuple[str, int]:
    """Text with its only occurrence of a part replaced, and the line of that part."""
    assert text.count(old) == 1, f"{old!r} does not say which part is meant"
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


UNTIL_A_DATE = BY_DEATHS.replace(
    "monitoring:", "trial: {end: {deaths_per_patient: null, min_follow_up_days: 84}}\nmonitoring:"
).replace("looks:", "max_information: 36\n  looks:")
BLINDED_BY_DEATHS = BY_DEATHS.replace(
    "promising_zone: {from_conditional_power: 0.4, ", "blinded_reestimation: {hazard_ratio: 0.6, "
)


@pytest.mark.parametrize("text", [BLINDED, ZONE, UNTIL_A_DATE, BLINDED_BY_DEATHS])
def test_the_scenarios_of_these_tests_are_good(text: str, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(text)
    prepared = prepare(load_scenario(tmp_path / "case.yaml"), lambda _: None)
    assert prepared.monitoring is not None
    assert prepared.monitoring.adaptation is not None


MOST = "most_randomised: 90"
BAD = [
    (BLINDED, MOST, "most_randomised: 50", f"{B}.most_randomised", "below the target of 60"),
    (BLINDED, MOST, "most_randomised: 0", f"{B}.most_randomised", ">= 1"),
    (BLINDED, "look: 1", "look: 2", f"{B}.look", "there is one look"),
    (BLINDED, "look: 1", "look: 0", f"{B}.look", ">= 1"),
    (BLINDED, "difference: 0.3", "difference: 1.0", f"{B}.difference", "no difference of prop"),
    (BLINDED, "difference: 0.3", "difference: 0.0", f"{B}.difference", "> 0"),
    (BLINDED, "difference: 0.3", "difference: .nan", f"{B}.difference", "finite"),
    (BLINDED, "difference: 0.3", "hazard_ratio: 0.7", f"{B}.hazard_ratio", "is no effect of fi"),
    (BLINDED, "power: 0.8", "power: 0.4", f"{B}.power", "> 0.5"),
    (BLINDED, "least_randomised: 40", "least_randomised: 61", f"{B}.least_randomised", "above"),
    (BLINDED, "day: 400", "day: 5000", f"{S}.day", "recruitment has ended by day"),
    (BLINDED, "day: 400", "look: 3", f"{S}.look", "there is one look"),
    (BLINDED, "fewer_than: 20", "fewer_than: 61", f"{S}.fewer_than", "all trials have fewer"),
    (BLINDED, "fewer_than: 20", "share_below: 1.5", f"{S}.share_below", "< 1"),
    (BLINDED, "then: analyse", "then: stop", f"{S}.then", "one of"),
    (ZONE, MOST, "most_randomised: 50", f"{Z}.most_randomised", "below the target of 60"),
    (
        ZONE,
        "from_conditional_power: 0.41",
        "from_conditional_power: 0.1",
        f"{Z}.from_conditional_power",
        "the level is exceeded",
    ),
    (
        ZONE,
        "from_conditional_power: 0.41",
        "from_conditional_power: 0.9",
        f"{Z}.from_conditional_power",
        "not below 0.8",
    ),
    (
        ZONE,
        "to_conditional_power: 0.8",
        "to_conditional_power: 0.9",
        f"{Z}.to_conditional_power",
        "above 0.8, the power to be reached",
    ),
    (ZONE, "final_test: conventional", "final_test: usual", f"{Z}.final_test", "one of"),
    (BY_DEATHS, "promising_zone", "promising_zone", Z, "ends by its deaths has as many"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "key", "words"), BAD, ids=[f"{key} {new}" for _, _, new, key, _ in BAD]
)
def test_a_wrong_adaptation_is_one_message_at_its_line(
    text: str, old: str, new: str, key: str, words: str, tmp_path: Path
) -> None:
    text, line = changed(old, new, text)
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (line, key)
    assert words in str(found)
    assert found.remedy


@pytest.mark.parametrize("text", [BLINDED, ZONE])
@pytest.mark.parametrize("scheme", ["random_allocation", "truncated_binomial", "maximal"])
def test_a_target_above_the_places_of_the_scheme_is_refused(
    text: str, scheme: str, tmp_path: Path
) -> None:
    allocation = f"allocation: {{scheme: {scheme}, options: {{}}}}\n"
    text, line = changed(MOST, MOST, text.replace("monitoring:", f"{allocation}monitoring:"))
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key.rpartition(".")[2]) == (line, "most_randomised")
    assert f"allocation.scheme: {scheme} has exactly as many places" in found.rule
    named = found.remedy.rpartition(", as ")[2]
    mended = text.replace(f"scheme: {scheme}, options: {{}}", f"scheme: {named}")
    mended = mended.replace(f"{named}}}", f"{named}, options: {{block_size: 4}}}}")
    (tmp_path / "mended.yaml").write_text(mended)
    load_scenario(tmp_path / "mended.yaml")


def test_a_comparison_of_schemes_refuses_those_without_a_place(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(ZONE)
    scenario = load_scenario(tmp_path / "case.yaml").scenario
    with pytest.raises(AllocationError, match="monitoring may raise the target to 90"):
        candidate_scheme_of(scenario, "random_allocation")
    schemes = {text.partition("(")[0] for text in every_scheme(scenario)}
    assert "permuted_block" in schemes
    assert schemes.isdisjoint({"random_allocation", "truncated_binomial", "maximal"})


def test_a_target_above_the_candidates_of_uniform_accrual_is_refused(tmp_path: Path) -> None:
    text = ZONE.replace("extends: nct05484908", "extends: two-arm-survival")
    text = text.replace("name: fisher, test", "name: fisher, lost: excluded, test")
    text = text.replace("monitoring:", "accrual: {kind: uniform, over_days: 700}\nmonitoring:")
    text, line = changed(MOST, MOST, text)
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (line, f"{Z}.most_randomised")
    assert "under accrual.kind: uniform the number of candidates is fixed" in found.rule


def test_the_usual_test_needs_a_look_at_known_information(tmp_path: Path) -> None:
    text = ZONE.replace("at: {completed: 30}", "at: {day: 500}")
    (found,) = problems(text, tmp_path)
    assert found.key == f"{Z}.from_conditional_power"
    assert "not known beforehand" in found.rule
    weighted = text.replace("conventional", "cui_hung_wang")
    (tmp_path / "case.yaml").write_text(weighted)
    prepare(load_scenario(tmp_path / "case.yaml"), lambda _: None)


def test_one_re_estimation_at_most(tmp_path: Path) -> None:
    zone = "  promising_zone: {from_conditional_power: 0.4, most_randomised: 90}\n"
    (found,) = problems(BLINDED + zone, tmp_path)
    assert (found.line, found.key) == (BLINDED.count("\n") + 1, Z)
    assert "re-estimated blinded already" in found.rule


@pytest.mark.parametrize(
    ("line", "words"),
    [("    day: 400\n", "takes day or look"), ("    fewer_than: 20\n", "takes few")],
)
def test_slow_recruitment_needs_a_moment_and_a_number(
    line: str, words: str, tmp_path: Path
) -> None:
    (found,) = problems(BLINDED.replace(line, ""), tmp_path)
    assert found.key == S
    assert words in found.rule


def test_slow_recruitment_has_one_moment(tmp_path: Path) -> None:
    text, line = changed("    day: 400\n", "    day: 400\n    look: 1\n", BLINDED)
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (line + 1, f"{S}.look")
    assert "has both day and look" in found.rule


def test_an_effect_is_needed_and_is_that_of_the_analysis(tmp_path: Path) -> None:
    (found,) = problems(BLINDED.replace("    difference: 0.3\n", ""), tmp_path)
    assert (found.key, "takes the difference" in found.rule) == (B, True)
    on_time = BLINDED.replace("analysis: fisher", "analysis: time\n  max_information: 26")
    (found,) = problems(on_time, tmp_path)
    assert (found.key, found.remedy) == (f"{B}.difference", "give hazard_ratio")
    (found,) = problems(on_time.replace("difference: 0.3", "hazard_ratio: 1.0"), tmp_path)
    assert (found.key, "is no effect" in found.rule) == (f"{B}.hazard_ratio", True)


def test_what_has_no_proportion_and_no_mean_cannot_be_pooled(tmp_path: Path) -> None:
    text = BLINDED.replace("{name: time, test: log_rank}", "{name: km, test: km_difference}")
    text = text.replace("analysis: fisher", "analysis: km\n  max_information: 60")
    (found,) = problems(text, tmp_path)
    assert (found.key, "neither a proportion nor a mean" in found.rule) == (B, True)


@pytest.mark.parametrize("text", [BLINDED, ZONE])
def test_equivalence_is_refused_as_ever(text: str, tmp_path: Path) -> None:
    one = "{name: fisher, test: log_rank, equivalence: [0.8, 1.25]}"
    (found,) = problems(text.replace("{name: fisher, test: fisher}", one), tmp_path)
    assert found.key == "analyses[0].equivalence"


def test_looks_that_only_change_the_target_need_not_stop(tmp_path: Path) -> None:
    text = BLINDED[: BLINDED.index("  blinded")]
    (found,) = problems(text, tmp_path)
    assert found.key == "monitoring.efficacy"
    assert "no look can stop the trial" in found.rule


@pytest.mark.parametrize(
    ("monitoring", "line", "key", "words"),
    [
        (
            "  efficacy: {exact: true}\n"
            "  promising_zone: {from_conditional_power: 0.5, most_randomised: 90}\n",
            7, "monitoring.efficacy.exact", "promising_zone changes the sizes at the end",
        ),
        (
            "  efficacy: {exact: true}\n"
            "  blinded_reestimation: {difference: 0.3, most_randomised: 90}\n",
            7, "monitoring.efficacy.exact", "blinded_reestimation changes the sizes",
        ),
        (
            "  efficacy: {exact: true}\n"
            "  slow_recruitment: {day: 300, fewer_than: 9, then: analyse}\n",
            7, "monitoring.efficacy.exact", "slow_recruitment changes the sizes",
        ),
        (
            "  after_stopping: stop_treatment\n  efficacy: null\n"
            "  blinded_reestimation: {difference: 0.3, most_randomised: 90}\n",
            7, "monitoring.after_stopping", "no look stops the trial",
        ),
    ],
)  # fmt: skip
def test_what_would_do_nothing_or_not_hold_together_is_refused(
    monitoring: str, line: int, key: str, words: str, tmp_path: Path
) -> None:
    text = f"{HEAD}monitoring:\n  looks: [{{at: {{completed: 30}}}}]\n{monitoring}"
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (line, key)
    assert words in found.rule
