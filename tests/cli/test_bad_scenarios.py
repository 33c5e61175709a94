"""A wrong scenario ends a command with status 2, its place, the rule and what to do about it."""

import pytest

HEAD = "name: wrong\ntitle: a scenario that cannot be used\n"
CORE = "extends: two-arm-survival\n" + HEAD
REAL = "extends: nct05484908\n" + HEAD


def analysis(test: str, name: str = "a", **keys: object) -> str:
    """Return a line that asks for an analysis, all that it must declare given."""
    declared = {
        "alpha": 0.05,
        "population": "randomised",
        "transplant": "event",
        "rescue": "ignored",
        "withdrawal": "ignored",
        "lost": "excluded",
    }
    listed = ", ".join(f"{key}: {value}" for key, value in (declared | keys).items())
    return f"  - {{name: {name}, test: {test}, {listed}}}\n"


ASK = "analyses:\n"
TWO = analysis("fisher") + analysis("chi_square", "b")

# What is wrong: file, line (None: no line is promised), and words that must be said: key, gist of
# the rule, remedy.
WRONG = {
    "a factor with one level": (
        CORE + "allocation:\n  scheme: efron\n  options: {probability: 0.7}\n"
        "  factors:\n    - {variable: site, cut_points: []}\n",
        8,
        ["allocation.factors[0].variable", "one level", "null"],
    ),
    "strata of what no candidate has": (
        CORE + "allocation:\n  factors:\n    - {variable: age_years, cut_points: [50]}\n",
        6,
        ["allocation.factors[0].variable", "age_years", "unknown"],
    ),
    "weights that are all zero": (
        REAL + "allocation:\n  scheme: minimisation\n"
        "  options: {measure: range, weights: [0], probability: 0.8}\n"
        "  factors:\n    - {variable: inr, cut_points: [2]}\n",
        6,
        ["allocation.options.weights", "> 0"],
    ),
    "a block larger than the trial": (
        CORE + "allocation:\n  scheme: permuted_block\n  options: {block_size: 64}\n",
        6,
        ["allocation.options.block_size", "64", "60 patients", "60 at most"],
    ),
    "half and half of an odd number": (
        CORE + "trial: {target_randomised: 59}\nallocation:\n  scheme: truncated_binomial\n"
        "  options: {}\n  ratio: [1, 1]\n",
        8,
        ["allocation.ratio", "59 patients", "multiple of 2"],
    ),
    "a ratio that an urn loses": (
        CORE + "allocation:\n  scheme: block_urn\n  ratio: [2, 1]\n  options: {blocks: 2}\n",
        6,
        ["allocation.ratio", "patient 5", "0.6400", "permuted_block"],
    ),
    "an investigator who guesses at outcomes": (
        CORE + "allocation: {scheme: erade, options: {target: urn, alpha: 0.5}}\n"
        "selection_bias: {kind: shift, favours: control, hazard_ratio: 0.5}\n",
        5,
        ["selection_bias", "erade", "null"],
    ),
    "a step after the last patient": (
        CORE + "hazard:\n  drift: {kind: step, hazard_ratio: 2, after_share: 0.999}\n",
        5,
        ["hazard.drift.after_share", "no patient"],
    ),
    "an unknown key": (
        CORE + "trial:\n  target_randomized: 40\n",
        5,
        ["trial.target_randomized", "unknown", "target_randomised"],
    ),
    "an unknown key at the top": (CORE + "hazzard: {}\n", 4, ["hazzard", "unknown", "hazard"]),
    "a wrong sign": (
        CORE + "trial:\n  max_recruitment_days: -30\n",
        5,
        ["trial.max_recruitment_days", "-30", "> 0"],
    ),
    "a probability above 1": (
        CORE + "exits:\n  loss: {net_probability: 1.5}\n",
        5,
        ["exits.loss.net_probability", "1.5", "< 1"],
    ),
    "a probability below 0": (
        CORE + "exits:\n  loss: {net_probability: -0.1}\n",
        5,
        ["exits.loss.net_probability", "-0.1", ">= 0"],
    ),
    "a level of 0": (
        CORE + "analyses:\n"
        "  - {name: a, test: log_rank, alpha: 0, population: randomised, "
        "transplant: event, rescue: ignored, withdrawal: ignored, lost: censored}\n",
        5,
        ["analyses[0].alpha", "> 0"],
    ),
    "a number with its unit": (
        REAL + "unit:\n  plasma:\n    capacity_litres: 12 L\n",
        6,
        ["unit.plasma.capacity_litres", "12 L", "number", "unit"],
    ),
    "a number in quotes": (
        CORE + 'trial:\n  target_randomised: "40"\n',
        5,
        ["trial.target_randomised", "40", "number", "quotes"],
    ),
    "half a patient": (
        CORE + "trial:\n  target_randomised: 40.5\n",
        5,
        ["trial.target_randomised", "40.5", "whole number"],
    ),
    "a number that is not one": (
        CORE + "trial:\n  max_recruitment_days: .nan\n",
        5,
        ["trial.max_recruitment_days", "nan"],
    ),
    "an infinite number": (
        CORE + "trial:\n  max_recruitment_days: .inf\n",
        5,
        ["trial.max_recruitment_days", "inf"],
    ),
    "correlations that contradict each other": (
        REAL + "candidates:\n"
        "  rank_correlations:\n"
        "    - {between: [inr, age_years], value: 0.9}\n"
        "    - {between: [inr, creatinine_umol_per_l], value: 0.9}\n"
        "    - {between: [age_years, creatinine_umol_per_l], value: -0.9}\n",
        5,
        # Latent correlation c = 2 sin(.9 pi / 6) = .9080: smallest eigenvalue 1 - 2 c = -.816.
        # The nearest matrix weakens each of the three alike, to 1/2, by .408.
        ["candidates.rank_correlations", "positive definite", "-0.816", "0.408"],
    ),
    "a correlation of a variable that is not there": (
        REAL + "candidates:\n  rank_correlations:\n    - {between: [inr, agee], value: 0.5}\n",
        6,
        ["candidates.rank_correlations[0].between", "agee"],
    ),
    "criteria that admit nobody": (
        REAL + "eligibility:\n"
        "  criteria:\n"
        "    - kind: conditions\n"
        "      label: I9\n"
        "      text: older than anybody\n"
        "      all_of:\n"
        "        - [{variable: age_years, comparison: '>', threshold: 200, unit: own}]\n",
        6,
        ["eligibility.criteria[0]", "I9", "older than anybody", "eligible", "threshold"],
    ),
    "two arms without sessions under by_session": (
        REAL + "arms:\n"
        "  - {name: PE, modality: null, plan: null}\n"
        "  - {name: DPMAS+LPE, modality: null, plan: null}\n",
        6,
        ["arms[1].plan", "an arm has sessions", "by_session", "direct"],
    ),
    "a target below what the tumour alone causes": (
        CORE + "hazard:\n"
        "  baseline: {mortality_at_horizon: solved}\n"
        "  mortality_targets:\n"
        "    control: 0.2\n"
        "exits:\n"
        "  tumour_death: {net_probability: 0.5, by_day: 84}\n",
        7,
        ["hazard.mortality_targets.control", "0.2", "tumour"],
    ),
    "a target that no hazard ratio reaches": (
        CORE + "hazard:\n"
        "  baseline: {mortality_at_horizon: 0.4}\n"
        "  effect: {hazard_ratio: solved}\n"
        "  mortality_targets:\n"
        "    experimental: 0.00001\n",
        8,
        ["hazard.mortality_targets.experimental", "hazard ratio", "reach"],
    ),
    "solved without a target": (
        CORE + "hazard:\n  baseline:\n    mortality_at_horizon: solved\n",
        6,
        ["hazard.baseline.mortality_at_horizon", "solved", "target"],
    ),
    "a block that the ratio does not divide": (
        CORE
        + "allocation:\n  scheme: permuted_block\n  ratio: [2, 1]\n  options: {block_size: 4}\n",
        7,
        ["allocation.options.block_size", "4", "3"],
    ),
    "an option that the scheme does not have": (
        CORE + "allocation:\n  scheme: big_stick\n  options: {boundary: 3}\n",
        6,
        ["allocation.options", "bound"],
    ),
    "a scheme that is not there": (
        CORE + "allocation:\n  scheme: big_stik\n",
        5,
        ["allocation.scheme", "big_stik", "big_stick"],
    ),
    "a test that is not there": (
        CORE + ASK + analysis("fischer"),
        5,
        ["analyses[0].test", "fischer", "fisher"],
    ),
    "an option that the test does not have": (
        CORE + ASK + analysis("fisher", gamma=0.001),
        5,
        ["analyses[0].gamma", "unknown"],
    ),
    "an option of the test left out": (
        CORE + ASK + analysis("fleming_harrington", lost="censored", rho=0),
        5,
        ["analyses[0]", "gamma", "must be given"],
    ),
    "a proportion that is censored": (
        CORE + ASK + analysis("risk_difference", lost="censored", interval="newcombe"),
        5,
        ["analyses[0].lost", "censored", "log_rank"],
    ),
    "a cause of deaths that are only assumed": (
        CORE + ASK + analysis("gray", lost="worst_case", transplant="competing", cause="liver"),
        5,
        ["analyses[0].lost", "cause", "excluded or censored"],
    ),
    "a transplant that counts as a death of the liver": (
        CORE + ASK + analysis("gray", lost="censored", cause="liver"),
        5,
        ["analyses[0].transplant", "competing"],
    ),
    "adjustment for what is not modelled": (
        CORE + ASK + analysis("firth_logistic"),
        5,
        ["analyses[0].test", "labs"],
    ),
    "strata of an allocation without factors": (
        CORE + ASK + analysis("cmh", strata="randomisation"),
        5,
        ["analyses[0].strata", "factors"],
    ),
    "cut points that do not climb": (
        REAL + ASK + analysis("cmh", strata="[30, 20]"),
        5,
        ["analyses[0].strata", "climb"],
    ),
    "the treated of an arm without sessions": (
        CORE + ASK + analysis("fisher", population="treated"),
        5,
        ["analyses[0].population", "control", "randomised"],
    ),
    "a milestone beyond follow-up": (
        CORE + ASK + analysis("rmst_difference", lost="censored", day=90),
        5,
        ["analyses[0].day", "90", "84"],
    ),
    "weights that never level off": (
        CORE + ASK + analysis("modestly_weighted", lost="censored", t_star_days=100),
        5,
        ["analyses[0].t_star_days", "84"],
    ),
    "a gamma that eats the level": (
        CORE + ASK + analysis("boschloo_berger_boos", alpha=0.01, gamma=0.02),
        5,
        ["analyses[0].gamma", "alpha"],
    ),
    "one weight for MaxCombo": (
        CORE + ASK + analysis("max_combo", lost="censored", weights="[[0, 0]]"),
        5,
        ["analyses[0].weights"],
    ),
    "a randomisation test of what is not there": (
        CORE + ASK + TWO + analysis("permutation", "c", of="d", draws=999),
        7,
        ["analyses[2].of", "a, b"],
    ),
    "a randomisation test of a randomisation test": (
        CORE
        + ASK
        + analysis("permutation", "p", of="a", draws=999)
        + analysis("permutation", "q", of="p", draws=999)
        + analysis("fisher"),
        6,
        ["analyses[1].of", "randomisation test"],
    ),
    "a randomisation test that treats the lost otherwise": (
        CORE + ASK + TWO + analysis("permutation", "c", of="b", draws=999, lost="best_case"),
        7,
        ["analyses[2].lost", "b has excluded"],
    ),
    "too few draws to reject": (
        CORE + ASK + TWO + analysis("permutation", "c", of="b", draws=19, alpha=0.01),
        7,
        ["analyses[2].draws", "999"],
    ),
    "a prior without weight": (
        CORE + ASK + analysis("beta_binomial", prior_control="[0, 1]", prior_experimental="[1, 1]"),
        5,
        ["analyses[0].prior_control[0]", ">= 0.01"],
    ),
    "a table for too many patients": (
        CORE
        + "trial: {target_randomised: 400}\naccrual: {candidates: 400}\n"
        + ASK
        + analysis("barnard"),
        7,
        ["analyses[0].test", "150", "fisher"],
    ),
    "a family of an analysis that is not there": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: holm, alpha: 0.05, analyses: [a, z]}\n",
        8,
        ["multiplicity[0].analyses[1]", "z", "a, b"],
    ),
    "a family with one twice": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: holm, alpha: 0.05, analyses: [a, b, a]}\n",
        8,
        ["multiplicity[0].analyses[2]", "twice"],
    ),
    "a procedure that is not there": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: hommel, alpha: 0.05, analyses: [a, b]}\n",
        8,
        ["multiplicity[0].method", "hommel"],
    ),
    "two families of one name": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: holm, alpha: 0.05, analyses: [a, b]}\n"
        "  - {name: m, method: hochberg, alpha: 0.05, analyses: [a, b]}\n",
        9,
        ["multiplicity[1].name", "twice"],
    ),
    "a family that never rejects": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: graphical, alpha: 0.05, analyses: [a, b], weights: [0, 0],\n"
        "     transitions: [[0, 1], [1, 0]]}\n",
        8,
        ["multiplicity[0].weights", "nothing is ever rejected"],
    ),
    "weights above the level": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: graphical, alpha: 0.05, analyses: [a, b], weights: [0.6, 0.6],\n"
        "     transitions: [[0, 1], [1, 0]]}\n",
        8,
        ["multiplicity[0].weights", "at most 1"],
    ),
    "a level that is handed to itself": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: graphical, alpha: 0.05, analyses: [a, b], weights: [0.5, 0.5],\n"
        "     transitions: [[0.5, 0.5], [1, 0]]}\n",
        9,
        ["multiplicity[0].transitions[0][0]", "0.5", "must be 0"],
    ),
    "a row of the graph too short": (
        CORE + ASK + TWO + "multiplicity:\n"
        "  - {name: m, method: graphical, alpha: 0.05, analyses: [a, b], weights: [0.5, 0.5],\n"
        "     transitions: [[0, 1], [1]]}\n",
        9,
        ["multiplicity[0].transitions[1]", "needs 2"],
    ),
    "a list": ("- name: wrong\n- title: a list\n", 1, ["mapping"]),
    "a single word": ("wrong\n", 1, ["mapping"]),
    "an empty file": ("", None, ["empty"]),
    "nothing but comments": ("# to be written\n", None, ["empty"]),
    "brackets left open": (CORE + "allocation: {ratio: [1, 1\n", None, ["YAML"]),
    "a key given twice": (
        CORE + "trial:\n  target_randomised: 40\n  follow_up_days: 84\n  target_randomised: 60\n",
        7,
        ["target_randomised", "twice"],
    ),
    "a date that the calendar does not have": (
        CORE + "trial:\n  start_date: 2022-13-45\n",
        5,
        ["trial.start_date", "date"],
    ),
    "a name with a control character": (
        "extends: two-arm-survival\nname: wrong\ntitle: t\nanalyses:\n"
        '  - {name: "a\\e[31mred", test: log_rank, alpha: 0.05, population: randomised,\n'
        "     transplant: event, rescue: ignored, withdrawal: ignored, lost: censored}\n",
        5,
        ["analyses[0].name", "characters that it may not have"],
    ),
    "a title of two lines": (
        'extends: two-arm-survival\nname: wrong\ntitle: "a\\nb"\n',
        3,
        ["title", "characters that it may not have"],
    ),
    "an extended scenario that is not there": (
        "extends: nct0548490\n" + HEAD,
        1,
        ["extends", "nct0548490", "did you mean nct05484908"],
    ),
    "a scenario that extends itself": ("extends: wrong.yaml\n" + HEAD, 1, ["extends", "circ"]),
    "a key left out where nothing supplies it": (HEAD, 1, ["trial", "must be given"]),
}


@pytest.fixture
def folder(folder):
    """The working folder, with a folder for results."""
    (folder / "results").mkdir()
    return folder


def assert_said(err, place, words):
    """Some line of the message names the place, and all the words are said on it."""
    lines = [line for line in err.splitlines() if line.startswith(place)]
    assert lines, err
    told = [[word for word in words if word.lower() in line.lower()] for line in lines]
    assert words in told, (words, err)


@pytest.mark.parametrize(("text", "line", "words"), WRONG.values(), ids=WRONG)
def test_power_refuses_and_says_where_what_and_how_to_mend_it(text, line, words, folder, refused):
    (folder / "wrong.yaml").write_text(text)
    err = refused("power", "wrong.yaml", "--trials", "5", "--jobs", "1", "--out", "results")
    assert_said(err, "wrong.yaml:" + (f"{line}:" if line else ""), words)


@pytest.mark.parametrize("command", [("trace", "--trial", "0"), ("scenarios",)])
@pytest.mark.parametrize("what", ["an unknown key", "a list", "a key given twice"])
def test_every_command_refuses_in_the_same_words(command, what, folder, refused):
    text, line, words = WRONG[what]
    (folder / "wrong.yaml").write_text(text)
    assert_said(refused(command[0], "wrong.yaml", *command[1:]), f"wrong.yaml:{line}:", words)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x00\x01\x02\xff\xfe" * 50, "text"),
        (b"name: caf\xe9\n", "UTF-8"),
        (b"name: a\x00b\n", "YAML"),
    ],
)
def test_what_is_no_text_is_refused(content, word, folder, refused):
    (folder / "wrong.yaml").write_bytes(content)
    err = refused("power", "wrong.yaml", "--trials", "5")
    assert err.startswith("wrong.yaml")
    assert word in err


def test_a_file_that_is_not_there_is_refused(refused):
    err = refused("power", "not/there.yaml", "--trials", "5")
    assert err.startswith("not/there.yaml")
    assert "no such file" in err


def test_a_misspelt_shipped_name_is_answered_with_the_nearest(refused):
    err = refused("power", "two-arm-survivl", "--trials", "5")
    assert "did you mean two-arm-survival" in err


def test_a_folder_is_refused(refused):
    assert "folder" in refused("power", "results", "--trials", "5")


def test_scenarios_that_extend_each_other_are_refused(folder, refused):
    (folder / "a.yaml").write_text("extends: b.yaml\n" + HEAD)
    (folder / "b.yaml").write_text("extends: a.yaml\n" + HEAD)
    err = refused("power", "a.yaml", "--trials", "5")
    assert "circ" in err
    assert "a.yaml" in err
    assert "b.yaml" in err


def test_a_mistake_in_what_is_extended_is_placed_in_that_file(folder, refused):
    (folder / "parent.yaml").write_text(CORE + "trial:\n  follow_up_days: 0\n")
    (folder / "child.yaml").write_text("extends: parent.yaml\nname: child\ntitle: child\n")
    assert_said(
        refused("power", "child.yaml"), "parent.yaml:5:", ["trial.follow_up_days", "0", ">= 1"]
    )


def test_all_mistakes_are_told_at_once(folder, refused):
    (folder / "wrong.yaml").write_text(
        CORE + "trial:\n  target_randomised: 0\n  follow_up_days: many\nlab: null\n"
    )
    err = refused("power", "wrong.yaml")
    for line, key in ((5, "trial.target_randomised"), (6, "trial.follow_up_days"), (7, "lab")):
        assert_said(err, f"wrong.yaml:{line}:", [key])
