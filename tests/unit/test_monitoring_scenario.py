"""Each way in which looks can be asked for wrongly is reported with its line, key, rule and remedy.

Lines are counted in the text of the file, not asked of the loader.
"""

from pathlib import Path

import pytest
from command_line import run_here

from simulator.declarations.analyses import ANALYSES, Analysis, Information
from simulator.planning.prepared import prepare
from simulator.scenario.errors import Problem, ScenarioError
from simulator.scenario.loader import load_scenario

LOOKS = """\
extends: two-arm-survival
name: looked_at
title: two arms and a look
monitoring:
  analysis: log_rank
  max_information: 30
  looks:
    - at: {deaths: 12}
      cleaning_days: 20
    - at: {deaths: 21}
  efficacy: {spending: lan_demets_pocock}
  futility: {rule: z(-0.5), power: 0.8}
  after_stopping: complete
"""
FISHER = LOOKS.replace("analysis: log_rank", "analysis: null").replace(
    "monitoring:", "analyses: [{name: fisher, test: fisher}]\nmonitoring:"
)


def problems(text: str, folder: Path) -> tuple[Problem, ...]:
    """What making a scenario of a text ready reports."""
    path = folder / "case.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        prepare(load_scenario(path), lambda _: None)
    return caught.value.problems


def changed(old: str, new: str, text: str = LOOKS) -> tuple[str, int]:
    """Text with its only occurrence of a part replaced, and the line of that part."""
    assert text.count(old) == 1, f"{old!r} does not say which part is meant"
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


def test_the_looks_of_these_tests_are_good(tmp_path: Path) -> None:
    for text in (LOOKS, FISHER):
        (tmp_path / "case.yaml").write_text(text)
        prepare(load_scenario(tmp_path / "case.yaml"), lambda _: None)


FIRST, SECOND = "at: {deaths: 12}", "at: {deaths: 21}"
SPENDING, RULE = "spending: lan_demets_pocock", "rule: z(-0.5)"
AT = "monitoring.looks[{}].at"
FUTILITY = "monitoring.futility"
LOWER, KIM = "monitoring.efficacy.lower_{}", "lower_spending: kim_demets(1)"
BAD = [
    # efficacy
    (SPENDING, "spending: lan_demets", "monitoring.efficacy.spending", "did you mean lan_demets_p"),
    (SPENDING, "spending: ''", "monitoring.efficacy.spending", "at least 1 character"),
    (SPENDING, "spending: 3", "monitoring.efficacy.spending", "must be text"),
    (SPENDING, "spending: kim_demets", "monitoring.efficacy.spending", "takes rho"),
    (SPENDING, "spending: kim_demets(-1)", "monitoring.efficacy.spending", "rho must be above 0"),
    (SPENDING, "spending: kim_demets(nan)", "monitoring.efficacy.spending", "kim_demets(3)"),
    (SPENDING, "spending: Öbrien", "monitoring.efficacy.spending", "is not a rule"),
    (
        SPENDING,
        'spending: "table(0.01,0.02,0.06)"',
        "monitoring.efficacy.spending",
        "spends 0.06, more than 0.025, half of the two-sided alpha of 0.05",
    ),
    (
        SPENDING,
        'spending: "table(0.01,0.015,0.02)"',
        "monitoring.efficacy.spending",
        "all of 0.025, half of the two-sided alpha",
    ),
    ("cleaning_days: 20", "pause: true", "monitoring.looks[0].pause", "give cleaning_days"),
    (SPENDING, 'spending: "table(0.01,0.025)"', "monitoring.efficacy.spending", "each of 3 looks"),
    (SPENDING, 'spending: "table(0.02,0.01,0.025)"', "monitoring.efficacy.spending", "cannot fall"),
    (SPENDING, "spending: haybittle_peto(1)", "monitoring.efficacy.spending", "spend all of"),
    # each side with a rule of its own
    (SPENDING, "lower_spending: kim_demets(1)", LOWER.format("spending"), "needs lower_alpha"),
    (SPENDING, "lower_alpha: 0.01", LOWER.format("alpha"), "needs lower_spending"),
    (SPENDING, f"{KIM}, lower_alpha: 0.05", LOWER.format("alpha"), "leaves nothing of alpha, 0.05"),
    (SPENDING, f"{KIM}, lower_alpha: 0", LOWER.format("alpha"), "must be > 0"),
    (
        SPENDING,
        "lower_spending: kim_demet(1), lower_alpha: 0.01",
        LOWER.format("spending"),
        "did you mean kim_demets?",
    ),
    (
        SPENDING,
        'lower_spending: "table(0.01,0.025)", lower_alpha: 0.025',
        LOWER.format("spending"),
        "each of 3 looks",
    ),
    # futility
    (RULE, "rule: zz(0)", "monitoring.futility.rule", "is not a rule"),
    (RULE, "rule: z(5)", "monitoring.futility.rule", "not below that for efficacy"),
    (RULE, 'rule: "z(0,1,2)"', "monitoring.futility.rule", "as many as looks before the last, 2"),
    (RULE, "rule: conditional_power(1.5)", "monitoring.futility.rule", "above 0, below 1"),
    ("power: 0.8", "power: 0.4", "monitoring.futility.power", "must be > 0.5"),
    (
        RULE,
        "rule: predictive_probability(0.05)",
        FUTILITY + ".rule",
        "log_rank is no test of these",
    ),
    (RULE, f"{RULE}, prior_control: [1, 1]", FUTILITY + ".prior_control", "is of predictive_prob"),
    # moments
    (SECOND, "at: {deaths: 12}", AT.format(1) + ".deaths", "no later than the look before"),
    (SECOND, "at: {information: 0.3}", AT.format(1) + ".information", "is a look at 9 of 30"),
    (SECOND, "at: {deaths: 30}", AT.format(1) + ".deaths", "is the final analysis"),
    (SECOND, "at: {deaths: 61}", AT.format(1) + ".deaths", "can never be reached"),
    (SECOND, "at: {randomised: 61}", AT.format(1) + ".randomised", "can never be reached"),
    (SECOND, "at: {completed: 61}", AT.format(1) + ".completed", "can never be reached"),
    (SECOND, "at: {day: 815}", AT.format(1) + ".day", "after the last day of the trial, 814"),
    (SECOND, "at: {date: 2024-13-01}", AT.format(1) + ".date", "is not a date"),
    (SECOND, "at: {every_months: 0}", AT.format(1) + ".every_months", "must be > 0"),
    (SECOND, "at: {every_months: 1}", AT.format(1) + ".every_months", "give times: 19"),
    (
        SECOND,
        "at: {every_months: 27}",
        AT.format(1) + ".every_months",
        "last day of the trial, 814",
    ),
    (FIRST, "at: {every_months: 6}", AT.format(0) + ".every_months", "goes on until the end"),
    (
        SECOND,
        "at: {later: [{day: 300}, {every_months: 6}]}",
        AT.format(1) + ".later[1].every_months",
        "a look of its own",
    ),
    ("cleaning_days: 20", "times: 2", "monitoring.looks[0].times", "every_months: 6"),
    (SECOND, "at: {day: .nan}", AT.format(1) + ".day", "finite"),
    (SECOND, "at: {deaths: 20.5}", AT.format(1) + ".deaths", "whole number"),
    (SECOND, "at: {deaths: 0}", AT.format(1) + ".deaths", ">= 1"),
    (SECOND, "at: {information: 1.2}", AT.format(1) + ".information", "< 1"),
    (SECOND, "at: {information: 0}", AT.format(1) + ".information", "> 0"),
    (SECOND, "at: {dead: 21}", AT.format(1) + ".dead", "did you mean deaths?"),
    (SECOND, "at: {deaths: 21, day: 300}", AT.format(1), "has deaths and day"),
    (SECOND, "at: {}", AT.format(1), "takes one of deaths"),
    (SECOND, "at: 21", AT.format(1), "mapping"),
    (SECOND, "at: {later: [{deaths: 21}]}", AT.format(1) + ".later", "at least 2"),
    (
        SECOND,
        "at: {later: [{day: 300}, {deaths: 61}]}",
        AT.format(1) + ".later[1].deaths",
        "can never be reached",
    ),
    # the rest
    ("cleaning_days: 20", "cleaning_days: -1", "monitoring.looks[0].cleaning_days", ">= 0"),
    ("cleaning_days: 20", "pause: maybe", "monitoring.looks[0].pause", "true or false"),
    ("max_information: 30", "max_information: 61", "monitoring.max_information", "are more than"),
    ("max_information: 30", "max_information: 0", "monitoring.max_information", "must be > 0"),
    ("analysis: log_rank", "analysis: logrank", "monitoring.analysis", "did you mean log_rank?"),
    ("after_stopping: complete", "after_stopping: stop", "monitoring.after_stopping", "one of"),
]


@pytest.mark.parametrize(("old", "new", "key", "words"), BAD, ids=[new for _, new, _, _ in BAD])
def test_a_wrong_look_is_one_message_at_its_line(
    old: str, new: str, key: str, words: str, tmp_path: Path
) -> None:
    text, line = changed(old, new)
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (line, key)
    assert words in str(found)
    assert found.remedy


def test_looks_without_a_way_to_stop_are_refused(tmp_path: Path) -> None:
    text = LOOKS.replace("{spending: lan_demets_pocock}", "null").replace("  futility: {rule", "# ")
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (11, "monitoring.efficacy")
    assert "no look can stop the trial" in found.rule


def test_a_one_sided_analysis_has_no_lower_side(tmp_path: Path) -> None:
    text = FISHER.replace("test: fisher", "test: fisher, alternative: less")
    text = text.replace(SPENDING, f"{SPENDING}, {KIM}, lower_alpha: 0.01")
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (12, "monitoring.efficacy.lower_spending")
    assert found.rule == "fisher is one-sided: it has one boundary"


NOT_PREDICTIVE = [
    ("predictive_probability", "takes the predictive probability", "rule"),
    ("predictive_probability(1)", "must be above 0, below 1", "rule"),
    ("predictive_probability(0.05), binding: true", "has no boundary of Z", "rule"),
    ("predictive_probability(0.05), prior_control: [1]", "at least 2", "prior_control"),
    ("predictive_probability(0.05), prior_control: [0, 1]", "must be >= 0.01", "prior_control[0]"),
]


@pytest.mark.parametrize(("rule", "words", "key"), NOT_PREDICTIVE)
def test_a_wrong_predictive_probability_is_one_message_at_its_line(
    rule: str, words: str, key: str, tmp_path: Path
) -> None:
    (found,) = problems(FISHER.replace("z(-0.5)", rule), tmp_path)
    assert (found.line, found.key) == (13, f"{FUTILITY}.{key}")
    assert words in found.rule
    assert found.remedy


def test_predictive_probability_is_of_trials_whose_tables_can_be_enumerated(tmp_path: Path) -> None:
    text = FISHER.replace("z(-0.5)", "predictive_probability(0.05)")
    text = text.replace("test: fisher", "test: chi_square")
    text = text.replace("  max_information: 30\n", "")
    text = text.replace("monitoring:", "trial: {target_randomised: 2002}\nmonitoring:")
    (found,) = problems(text, tmp_path)
    assert found.key == f"{FUTILITY}.rule"
    assert "at most 2,000 patients with chi_square, not 2,002" in found.rule


EXACT = "monitoring.efficacy.exact"
BLINDED = "  blinded_reestimation: {difference: 0.3, most_randomised: 40}\n"
NOT_EXACT = [
    (LOOKS, "{deaths: 12}", "log_rank has no table of p values", EXACT),
    (FISHER, "{deaths: 12}", "the size of look 1 is not known before it is taken", EXACT),
    (FISHER, "{completed: 1}", "the first look has 1 patients, too few", EXACT),
]


@pytest.mark.parametrize(("text", "at", "rule", "key"), NOT_EXACT, ids=["time", "deaths", "few"])
def test_exact_levels_need_tables_at_planned_sizes(
    text: str, at: str, rule: str, key: str, tmp_path: Path
) -> None:
    text = text.replace(SPENDING, f"{SPENDING}, exact: true").replace("{deaths: 12}", at)
    (found,) = problems(text.replace("{deaths: 21}", "{completed: 25}"), tmp_path)
    assert (found.line, found.key) == (12 if "fisher" in text else 11, key)
    assert rule in found.rule
    assert found.remedy


def test_exact_levels_are_of_both_directions_without_a_margin(tmp_path: Path) -> None:
    text = FISHER.replace("{deaths: 12}", "{completed: 12}")
    text = text.replace("{deaths: 21}", "{completed: 21}")
    lower = text.replace(SPENDING, f"{SPENDING}, {KIM}, lower_alpha: 0.01, exact: true")
    (found,) = problems(lower, tmp_path)
    assert found.key == EXACT
    assert "in both directions together" in found.rule
    margin = text.replace(SPENDING, f"{SPENDING}, exact: true")
    z_pooled = "test: z_pooled, alternative: less, margin: 0.1"
    (found,) = problems(margin.replace("test: fisher", z_pooled), tmp_path)
    assert found.key == EXACT
    assert "has a margin" in found.rule
    (found,) = problems(text.replace(SPENDING, f"{SPENDING}, exact: 1"), tmp_path)
    assert (found.line, found.key) == (12, EXACT)
    assert "true or false" in found.rule


def test_sizes_of_exact_levels_need_them_and_outcomes_that_leave_them(tmp_path: Path) -> None:
    text = FISHER.replace("{deaths: 12}", "{completed: 12}")
    text = text.replace("{deaths: 21}", "{completed: 21}")
    (found,) = problems(text.replace(SPENDING, f"{SPENDING}, exact_sizes: actual"), tmp_path)
    assert (found.line, found.key) == (12, f"{EXACT}_sizes")
    assert "exact is false" in found.rule
    assert found.remedy == "add exact: true, or leave exact_sizes out"
    (found,) = problems(text.replace(SPENDING, f"{SPENDING}, exact_sizes: mean"), tmp_path)
    assert (found.line, found.key) == (12, f"{EXACT}_sizes")
    exact = f"{SPENDING}, exact: true, exact_sizes: actual"
    blinded = f"{text.replace(SPENDING, exact)}{BLINDED}"
    (found,) = (one for one in problems(blinded, tmp_path) if one.key == EXACT)
    assert "blinded_reestimation changes the sizes at the end" in found.rule


def test_exact_levels_are_of_small_trials(tmp_path: Path) -> None:
    text = FISHER.replace("{deaths: 12}", "{completed: 12}").replace("  max_information: 30\n", "")
    text = text.replace("{deaths: 21}", "{completed: 21}")
    text = text.replace("monitoring:", "trial: {target_randomised: 401}\nmonitoring:")
    (found,) = problems(text.replace(SPENDING, f"{SPENDING}, exact: true"), tmp_path)
    assert found.key == EXACT
    assert "at most 400 patients, not 401" in found.rule


def test_deaths_need_a_maximum_and_completers_have_one(tmp_path: Path) -> None:
    (found,) = problems(LOOKS.replace("  max_information: 30\n", ""), tmp_path)
    assert found.key == "monitoring.max_information"
    (tmp_path / "fisher.yaml").write_text(FISHER.replace("  max_information: 30\n", ""))
    prepared = prepare(load_scenario(tmp_path / "fisher.yaml"), lambda _: None)
    assert prepared.monitoring is not None
    assert prepared.monitoring.max_information == 60


CANNOT = [w for w, d in ANALYSES.items() if getattr(d, "information", None) in (None, "none")]


def test_what_cannot_be_monitored_is_what_has_no_joint_normal_law() -> None:
    for word in ("max_combo", "gray", "win_ratio", "meld_worst_rank", "rerandomisation"):
        assert word in CANNOT
    for word in ("log_rank", "cox", "fisher", "km_difference", "meld_ancova"):
        declared = ANALYSES[word]
        assert isinstance(declared, Analysis)
        assert declared.information is not Information.NONE


OWN = {
    "max_combo": "lost: censored, weights: [[0, 0], [0, 1]]",
    "gray": "lost: censored, transplant: competing, cause: liver",
    "beta_binomial": "lost: excluded, prior_control: [1, 1], prior_experimental: [1, 1]",
}


@pytest.mark.parametrize("test", OWN)
def test_an_analysis_that_cannot_be_monitored_is_refused_with_the_reason(
    test: str, tmp_path: Path
) -> None:
    text = FISHER.replace("{name: fisher, test: fisher}", f"{{name: x, test: {test}, {OWN[test]}}}")
    (found,) = problems(text, tmp_path)
    assert (found.line, found.key) == (4, "analyses[0].test")
    assert f"{test} cannot be monitored" in found.rule
    assert "joint normal law" in found.rule


TWO = FISHER.replace(
    "[{name: fisher, test: fisher}]", "[{name: fisher, test: fisher}, {name: time, test: log_rank}]"
)


@pytest.mark.parametrize("named", ["null", "time"])
def test_one_analysis_alone_keeps_that_which_is_looked_at(named: str, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(TWO.replace("analysis: null", f"analysis: {named}"))
    loaded = load_scenario(tmp_path / "case.yaml")
    looked_at = "fisher" if named == "null" else named
    for place, name in enumerate(["fisher", "time"]):
        alone = loaded.with_one_analysis(place).scenario
        assert alone.monitoring is not None
        assert alone.monitoring.analysis == looked_at
        names = [analysis.name for analysis in alone.analyses]
        assert names == ([name] if name == looked_at else [name, looked_at])


@pytest.mark.parametrize("command", ["power", "sweep --vary trial.target_randomised=60,80", "size"])
def test_commands_end_with_one_line_and_status_2(command: str, tmp_path: Path) -> None:
    text, line = changed(SPENDING, "spending: lan_demets")
    (tmp_path / "case.yaml").write_text(text)
    name, *words = command.split()
    options = ["--power", "0.5"] if name == "size" else []
    ended = run_here(name, "case.yaml", *words, *options, folder=tmp_path)
    assert (ended.status, ended.out) == (2, "")
    expected = f'case.yaml:{line}: monitoring.efficacy.spending = "lan_demets": '
    assert ended.err.strip().startswith(expected)
    assert ended.err.strip().count("\n") == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "case.yaml"]


@pytest.mark.parametrize("word", ["nan", "inf", "-Infinity"])
def test_a_word_that_is_no_finite_number_is_not_asked_for_without_quotes(
    word: str, tmp_path: Path
) -> None:
    """YAML reads `nan` as text; it had no quotes that could be left out."""
    text, line = changed("max_information: 30", f"max_information: {word}")
    (found,) = problems(text, tmp_path)
    assert found.line == line
    assert "give a finite number" in str(found)
    assert "without quotes" not in str(found)
