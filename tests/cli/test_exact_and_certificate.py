"""Exact power and the certificate of level as a user asks for them."""

import pytest
from command_line import one_json_object, run_here

SCENARIO = """\
extends: two-arm-survival
name: tables
title: two tests of proportions
analyses:
  - {name: chi, test: chi_square, alpha: 0.05, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: excluded}
  - {name: survival, test: log_rank, alpha: 0.05, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: censored}
"""
FISHER = ("exact", "--test", "fisher", "--n", "30,30", "--p", "0.6,0.3")


@pytest.fixture
def folder(folder):
    """The working folder, with tables.yaml."""
    (folder / "tables.yaml").write_text(SCENARIO)
    return folder


def test_exact_gives_power_size_and_the_smallest_differences(answer_of):
    found = answer_of(*FISHER)
    assert round(found["power"], 6) == 0.560814
    assert round(found["size"], 6) == 0.027408
    assert found["size_at"] == pytest.approx(0.5, abs=1e-6)
    assert 0 < found["detectable"]["lower"] < 0.3
    assert 0.6 < found["detectable"]["higher"] < 1


def test_exact_as_text_has_ten_digits_and_the_same_numbers(run, answer_of):
    text, found = run(*FISHER).out, answer_of(*FISHER)
    for key in ("power", "size"):
        assert f"{found[key]:.10f}" in text
    for key in ("lower", "higher"):
        assert f"{found['detectable'][key]:.6f}" in text


@pytest.mark.parametrize(
    "test", ["chi_square", "yates", "boschloo", "z_pooled_berger_boos", "beta_binomial"]
)
def test_exact_takes_every_kind_of_table_and_unequal_arms(test, answer_of):
    found = answer_of("exact --n 28,32 --p 0.6,0.3 --test", test)
    assert found["n"] == [28, 32]
    assert 0.5 < found["power"] < 0.75
    assert bool(found["prior"]) == (test == "beta_binomial")
    assert (found["gamma"] is not None) == (test == "z_pooled_berger_boos")


def test_exact_takes_tests_that_decide_by_an_interval(run, answer_of):
    asked = "exact --n 25,35 --p 0.6,0.3 --test risk_difference --interval newcombe"
    found = answer_of(asked)
    assert (found["interval"], round(found["size"], 4)) == ("newcombe", 0.053)
    assert "risk_difference (newcombe), 25 v 35" in run(asked).out


def test_exact_says_when_a_test_exceeds_its_level_and_when_no_difference_will_do(run, answer_of):
    liberal = "exact --test chi_square --n 30,30 --p .6,.3"
    assert answer_of(liberal)["size"] > 0.05
    assert "EXCEEDS alpha" in run(liberal).out
    tiny = (*FISHER[:3], "--n", "3,3", "--p", "0.6,0.3")
    none = answer_of(*tiny)["detectable"]
    assert (none["lower"], none["higher"]) == (None, None)
    assert "no mortality has it" in run(*tiny).out


def test_exact_takes_a_margin_with_its_sign_and_tells_it(run, answer_of):
    asked = "exact --test z_pooled --n 30,30 --p 0.4,0.4 --alpha 0.025"
    found = answer_of(f"{asked} --alternative less --margin 0.15")
    assert (found["margin"], found["equivalence"]) == (0.15, None)
    assert 0 < found["size"] <= 0.025 < found["power"]
    lower, higher = found["detectable"]["lower"], found["detectable"]["higher"]
    assert 0.15 < lower < 0.55
    assert higher is None
    text = run(f"{asked} --alternative less --margin 0.15").out
    assert "non-inferiority: risk difference below 15 percentage points" in text
    assert f"{lower:.6f}" in text
    mirrored = "exact --test z_pooled --n 30,30 --p 0.6,0.6 --alpha 0.025"
    other = answer_of(f"{mirrored} --alternative greater --margin -0.15")
    assert other["power"] == pytest.approx(found["power"], rel=1e-9)
    assert other["size"] == pytest.approx(found["size"], rel=1e-9)


def test_exact_takes_equivalence(run, answer_of):
    asked = "exact --test risk_difference --interval wald --n 90,90 --p 0.4,0.4"
    found = answer_of(f"{asked} --equivalence -0.2,0.2")
    assert found["equivalence"] == [-0.2, 0.2]
    assert found["power"] > 0.7
    assert (
        "equivalence: risk difference between -20 and 20 percentage points"
        in run(f"{asked} --equivalence -0.2,0.2").out
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("z_pooled --alternative less --margin=-0.1", ("--margin", "-0.1", "wrong side")),
        ("z_pooled --alternative greater --margin 0.1", ("--margin", "wrong side", "below 0")),
        ("z_pooled --margin 0.1", ("--margin", "has a side", "alternative: less")),
        ("z_pooled --alternative less --margin 0", ("--margin", "no difference")),
        ("z_pooled --alternative less --margin nan", ("--margin", "nan")),
        ("z_pooled --alternative less --margin 2", ("--margin", "between -1 and 1")),
        ("fisher --alternative less --margin 0.1", ("--margin", "z_pooled")),
        ("chi_square --alternative less --margin 0.1", ("--margin", "farrington_manning")),
        ("barnard --alternative less", ("--alternative", "two-sided by its definition")),
        ("farrington_manning", ("--test", "risk_difference with interval")),
        ("risk_ratio --interval log --alternative less --margin 0.9", ("--margin", "above 1")),
        ("z_pooled --equivalence 0.1,0.2", ("--equivalence", "0.1,0.2", "one below 0")),
        ("z_pooled --equivalence 0.1", ("--equivalence", "two numbers")),
        ("z_pooled --alternative less --alpha 0.5", ("--alpha", "below 0.5")),
    ],
)
def test_exact_refuses_a_margin_that_cannot_be_meant(options, words, refused):
    message = refused("exact --n 30,30 --p 0.6,0.6 --test", options)
    for word in words:
        assert word in message, word


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--test", "fishr"), ("--test", "fishr", "did you mean fisher")),
        (("--test", "log_rank"), ("--test", "log_rank")),
        (("--n", "30"), ("--n", "30", "two whole numbers")),
        (("--n", "30,x"), ("--n", "30,x")),
        (("--n", "0,30"), ("--n", "each arm")),
        (("--n", "9000,9000"), ("--n", "at most")),
        (("--p", "0.6,1.3"), ("--p", "1.3", "probabilities")),
        (("--p", "0.6"), ("--p", "two numbers")),
        (("--p", "nan,0.3"), ("--p", "nan")),
        (("--alpha", "0"), ("--alpha", "> 0")),
        (("--alpha", "nan"), ("--alpha",)),
        (("--power", "0.01"), ("--power", "alpha")),
        (("--power", "1"), ("--power", "1")),
        (("--alternative", "upper"), ("--alternative", "two_sided")),
        (
            ("--test", "barnard", "--n", "9,9", "--alternative", "less"),
            ("--alternative", "barnard"),
        ),
        (("--test", "boschloo_berger_boos", "--gamma", "0.2"), ("--gamma", "alpha")),
        (("--test", "beta_binomial", "--prior", "0,0"), ("--prior", "0.01")),
        (("--test", "risk_difference"), ("--interval", "newcombe or miettinen_nurminen")),
        (("--test", "risk_ratio", "--interval", "newcombe"), ("--interval", "log or")),
        (("--interval", "log"), ("--interval", "leave it out")),
    ],
    ids=" ".join,
)
def test_exact_refuses_in_one_line(options, words, refused):
    err = refused(*FISHER, *options)
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err


# A certificate takes 36 scenarios: asked once, and shown again in each way.


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A certificate asked by one worker: the folder it was asked in, and what was printed."""
    folder = tmp_path_factory.mktemp("certified")
    (folder / "tables.yaml").write_text(SCENARIO)
    asked = "power tables.yaml --certify --trials 50 --out kept --jobs 1 --json"
    return folder, run_here(asked, folder=folder)


def test_a_certificate_says_what_it_covers_and_writes_what_it_prints(certified):
    folder, (status, out, err) = certified
    assert status == 0
    assert "Traceback" not in err
    found = one_json_object(out)
    chi, survival = found["levels"]
    assert round(chi["exact"]["probability"], 4) == 0.0554
    assert chi["verdict"] == "exceeds_exact"
    assert survival["exact"] is None
    assert found["family"]["cells"] == 36
    assert found["trials_per_cell"] == 50
    assert (folder / "kept" / "estimates.json").read_text() == out


def test_a_certificate_has_the_same_digits_for_any_number_of_workers(certified, run):
    asked = "power tables.yaml --certify --trials 50 --jobs 2 --json"
    assert run(asked).out == certified[1].out


def test_a_certificate_as_text_names_family_and_confidence(certified):
    text = " ".join((certified[0] / "kept" / "summary.txt").read_text("utf-8").split())
    for words in ("0.0554", "mortality 0.2, 0.4, 0.6, 0.8", "95% confidence", "36 cells"):
        assert words in text


@pytest.mark.parametrize("options", [("--engine", "reference"), ("--precision", "0.01")])
def test_the_reference_engine_gives_no_certificate_and_precision_goes_with_none(options, refused):
    assert options[0] in refused("power", "tables.yaml", "--certify", *options)
