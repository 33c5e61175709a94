"""`trialsim new`: what is typed is what the written scenario simulates, or a word says why not."""

import math
import os
import re
import shlex
from itertools import product

import numpy as np
import pytest
from command_line import PROGRAM, ROOT, run_here, run_words
from hypothesis import example, given, settings
from hypothesis import strategies as st
from terminal import on_a_terminal

from calibration import targets
from calibration.targets import solve_targets
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.rules.hazard import cumulative_baseline
from simulator.scenario.errors import RuleError
from simulator.scenario.loader import load_scenario

TYPED = "--mortality 35%,22% --follow-up 90 --n 380 --randomised-per-month 3 --sites 5"
FRAME = "--follow-up 90 --n 200 --randomised-per-month 10"


@pytest.fixture(autouse=True)
def _solved_quickly(tmp_path_factory, monkeypatch):
    """A cache of its own, and few patients: here all of an arm are alike."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(targets, "PATIENTS", 600)


def new(folder, options, name="mine"):
    return run_words(["new", name, *shlex.split(options)], folder=folder)


def mortality(scenario, arm, day):
    """Mortality of an arm by a day from the lowered hazard, in closed form."""
    h = lower(solve_targets(scenario, lambda _: None)).hazard
    total = cumulative_baseline(h.kind, h.day, h.cumulative, h.shape, float(day))
    return -math.expm1(-total * math.exp(h.direct_log_hazard_ratio * (arm == h.direct_arm)))


# What is typed comes out

SHARES = st.integers(3, 97)
DAYS = st.integers(5, 400)


@st.composite
def outcomes(draw):
    """Options that tell of both arms, and the mortality by a day that each arm is to have."""
    first, second, day, by_day = draw(SHARES), draw(SHARES), draw(DAYS), draw(DAYS)
    ratio = draw(st.sampled_from([0.5, 0.8, 1.25]))
    medians = draw(st.tuples(DAYS, DAYS))
    alive = 1 - first / 100
    known = {
        f"--mortality {first}%,{second / 100} --by-day {by_day}": (
            (by_day, first / 100),
            (by_day, second / 100),
        ),
        f"--mortality {first}% --by-day {by_day} --hazard-ratio {ratio}": (
            (by_day, first / 100),
            (by_day, 1 - alive**ratio),
        ),
        f"--median {medians[0]},{medians[1]}": ((medians[0], 0.5), (medians[1], 0.5)),
        f"--median {medians[0]} --mortality {second}% --by-day {by_day}": (
            (medians[0], 0.5),
            (by_day, second / 100),
        ),
        f"--survival {day}={alive:g},{day + 9}={alive / 2:g} --survival {by_day}={second}%": (
            (day + 9, 1 - alive / 2),
            (by_day, 1 - second / 100),
        ),
        f"--survival {day}={alive:g},{day + 30}={alive * 0.9:g} --hazard-ratio {ratio}": (
            (day, 1 - alive),
            (day, 1 - alive**ratio),
        ),
    }
    return draw(st.sampled_from(sorted(known.items())))


@st.composite
def frames(draw):
    """Options of everything but mortality."""
    rate = draw(st.sampled_from(["randomised", "referred"]))
    sites = draw(st.sampled_from(["", "3", "Lyon,Leeds", "'St. Mary [1]: #2',null,1e3"]))
    words = [
        f"--follow-up {draw(DAYS)} --n {12 * draw(st.integers(2, 20))}",
        f"--{rate}-per-month {draw(st.sampled_from(['3', '0.5', '12.25']))}",
        f"--sites {sites}" if sites else "",
        draw(st.sampled_from(["", "--loss 0%", "--loss 4%"])),
        draw(st.sampled_from(["", "--analysis chi_square,log_rank --alpha 0.025"])),
        draw(st.sampled_from(["", "--ratio 2:1", "--scheme permuted_block(4)"])),
        draw(st.sampled_from(["", "--arms 'standard of care,on: {new}'", "--arms null,yes"])),
        draw(st.sampled_from(["", "--title 'It''s new: a #1 \"trial\"'", "--title ~"])),
        draw(st.sampled_from(["", "--start 2027-01-04"])),
    ]
    if rate == "referred":
        words.append(draw(st.sampled_from(["", "--eligible 45% --consent 90%", "--consent .8"])))
    return " ".join(filter(None, words))


@given(outcome=outcomes(), frame=frames())
@example(
    outcome=("--mortality 81%,0.03 --by-day 5", ((5, 0.81), (5, 0.03))),
    frame="--follow-up 91 --n 24 --randomised-per-month 3",
)
@example(
    outcome=("--median 5 --mortality 3% --by-day 5", ((5, 0.5), (5, 0.03))),
    frame="--follow-up 230 --n 24 --randomised-per-month 3",
)
@settings(max_examples=25, deadline=None)
def test_what_is_typed_is_what_the_file_gives(outcome, frame, tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    options, by_arm = outcome
    status, _, err = new(folder, f"{options} {frame}")
    if "hazard ratio of" in err:  # no ratio from 0.001 to 1000 leads from one arm to the other
        assert status == 2
        assert not list(folder.iterdir())
        return
    assert status == 0, err
    scenario = load_scenario(folder / "mine.yaml").scenario
    day, typed = by_arm[0]
    until_the_end = -math.log1p(-typed) * scenario.trial.follow_up_days / day
    is_solved = "mortality_at_horizon: solved" in (folder / "mine.yaml").read_text("utf-8")
    if is_solved and until_the_end > 30:
        with pytest.raises(RuleError, match="no hazard reaches it"):  # nobody would be left
            mortality(scenario, 0, day)
        return
    for arm, (day, typed) in enumerate(by_arm):
        # Shares of a hazard have six digits, a ratio of medians six; the solver stops at 1e-5.
        assert mortality(scenario, arm, day) == pytest.approx(typed, abs=2e-5)
    lines = (folder / "mine.yaml").read_text("utf-8").splitlines()
    assert len(lines) <= 55


def test_a_written_scenario_runs_and_its_patients_die_as_typed(tmp_path):
    assert new(tmp_path, TYPED).status == 0
    solved = solve_targets(load_scenario(tmp_path / "mine.yaml").scenario, lambda _: None)
    p = simulate(lower(solved), 3, 0, 60).patients
    for arm, typed in enumerate((0.35, 0.22)):
        died = p.death_after_days[p.arm == arm] <= 90
        assert abs(died.mean() - typed) <= 4 * math.sqrt(typed * (1 - typed) / died.size)


def test_every_line_has_its_source_and_what_to_do_next_is_said(tmp_path):
    options = f"{TYPED} --loss 4% --analysis chi_square --scheme permuted_block(4)"
    status, out, err = new(tmp_path, options)
    assert (status, err) == (0, "")
    assert "trialsim power mine.yaml" in out
    loaded = load_scenario(tmp_path / "mine.yaml")
    kinds = {key: source.kind.value for key, source in loaded.provenance.items()}
    assert kinds["accrual.kind"] == "assumption"
    told = {"assumption", "derived", "default"}
    bare = {key for key, kind in kinds.items() if kind not in told}
    # The arms' comment says which of them is the control.
    assert {key for key in bare if not key.startswith("arms")} <= {"name", "title"}
    assert max(map(len, (tmp_path / "mine.yaml").read_text("utf-8").splitlines())) <= 120


def test_a_rate_in_all_is_a_fraction_of_it_at_each_site(tmp_path):
    options = "--mortality 35%,22% --follow-up 90 --n 380 --sites 3 --randomised-per-month 4/3"
    assert new(tmp_path, options).status == 0
    sites = load_scenario(tmp_path / "mine.yaml").scenario.accrual.sites
    assert sum(site.randomised_per_month for site in sites) == pytest.approx(4)
    for wrong in ("4/0", "4/", "/3", "1/2/3", "4/nan"):
        status, _, err = new(tmp_path, options.replace("4/3", wrong), "other")
        assert status == 2
        assert "--randomised-per-month" in err


def test_the_tutorial_shows_the_file_that_its_command_writes(tmp_path):
    page = (ROOT / "docs" / "tutorials" / "own-trial.md").read_text("utf-8")
    (command,) = re.findall(r"^    trialsim (new five-sites --.*)$", page, re.MULTILINE)
    (shown,) = re.findall(r"<!-- file: five-sites.yaml -->\n```yaml\n(.*?)```", page, re.DOTALL)
    assert run_words(shlex.split(command), folder=tmp_path).status == 0
    assert (tmp_path / "five-sites.yaml").read_text("utf-8") == shown


# Published curves


def kaplan_meier(times, followed):
    """Days, survival and numbers at risk of exponential times cut at the end of follow-up."""
    days = np.sort(times[times <= followed])
    alive = 1 - np.arange(1, days.size + 1) / times.size
    return days, alive


def curve_file(path, daily, size, seed, followed=120.0):
    """A curve of patients who die at a constant rate a day, none censored before the end."""
    times = -np.log(np.random.default_rng(seed).random(size)) / daily
    days, alive = kaplan_meier(times, followed)
    rows = [f"{d:.4f},{s:.6f}," for d, s in zip(days, alive, strict=True)]
    risk = [f"{d},,{int((times >= d).sum())}" for d in (30, 60, 90)]
    path.write_text("\n".join(["day,survival,at_risk", f"0,1,{size}", *risk, *rows, ""]))
    return np.minimum(times, followed), times <= followed


def test_two_published_curves_give_the_hazard_and_the_ratio_of_their_patients(tmp_path):
    """Oracle: deaths over days at risk in each arm, the ratio of two constant hazards."""
    first = curve_file(tmp_path / "control.csv", 0.006, 300, 1)
    second = curve_file(tmp_path / "new.csv", 0.0036, 300, 2)
    files = "--curve control.csv --curve new.csv"
    assert new(tmp_path, f"{files} {FRAME}").status == 0
    scenario = load_scenario(tmp_path / "mine.yaml").scenario
    at_risk = [(t.clip(max=90).sum(), (d & (t <= 90)).sum()) for t, d in (first, second)]
    rates = [deaths / days for days, deaths in at_risk]
    log_ratio = math.log(rates[1] / rates[0])
    error = math.sqrt(sum(1 / deaths for _, deaths in at_risk))
    # The same patients: the two estimates differ by far less than their standard error.
    assert abs(math.log(scenario.hazard.effect.hazard_ratio) - log_ratio) <= error / 4
    for day in (30, 90):
        died = (first[0] <= day).mean()
        spread = math.sqrt(died * (1 - died) / 300)
        assert abs(mortality(scenario, 0, day) - died) <= spread
    assert "95 % interval" in (tmp_path / "mine.yaml").read_text("utf-8")


def test_a_curve_of_the_control_goes_with_the_mortality_of_the_other_arm(tmp_path):
    times, died = curve_file(tmp_path / "control.csv", 0.006, 400, 3)
    assert new(tmp_path, f"--curve control.csv --mortality 22% {FRAME}").status == 0
    scenario = load_scenario(tmp_path / "mine.yaml").scenario
    seen = (died & (times <= 90)).mean()
    # The curve's last piece ends with the last death before day 90.
    assert mortality(scenario, 0, 90) == pytest.approx(seen, abs=2 / 400)
    assert mortality(scenario, 1, 90) == pytest.approx(0.22, abs=2e-5)


CURVES = {
    "without a number of patients": ("day,survival\n30,.8\n90,.6\n", "number"),
    "in which nobody dies": ("day,survival,at_risk\n0,1,50\n90,1,50\n", "--curve"),
    "of months, not days": ("month,survival\n1,.8\n", "day"),
    "that is empty": ("", "empty"),
    "of text": ("day,survival\n30,many\n", "must be a number"),
}


@pytest.mark.parametrize(("text", "said"), CURVES.values(), ids=CURVES)
def test_a_curve_that_says_too_little_is_refused(tmp_path, text, said):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(text)
    status, _, err = new(tmp_path, f"--curve a.csv --curve b.csv {FRAME}")
    assert status == 2
    assert said in err
    assert "--n " not in err
    assert not (tmp_path / "mine.yaml").exists()


# A scenario that extends another


def test_a_scenario_like_a_shipped_one_has_what_is_typed_and_the_rest_as_there(tmp_path):
    options = "--like nct05484908 --n 120 --mortality 50%,35% --loss 8% --referred-per-month 6"
    assert new(tmp_path, options).status == 0
    made, parent = (load_scenario(n).scenario for n in (tmp_path / "mine.yaml", "nct05484908"))
    assert made.trial.target_randomised == 120
    assert made.hazard.mortality_targets == {"PE": 0.5, "DPMAS+LPE": 0.35}
    assert made.modalities[1].full_course_hazard_ratio == "solved"
    assert made.exits.loss.net_probability == 0.08
    assert made.exits.withdrawal == parent.exits.withdrawal
    site = made.accrual.sites[0]
    assert (site.name, site.referred_per_month, site.randomised_per_month) == ("Guangzhou", 6, None)
    assert made.candidates == parent.candidates
    assert made.analyses == parent.analyses


@pytest.mark.parametrize(
    "options",
    [
        "--hazard-ratio 0.7",
        "--mortality 40%",
        "--mortality 40%,30% --by-day 28",
        "--randomised-per-month 3 --sites Lyon,Leeds",
        "--analysis chi_square --alpha 0.01 --ratio 2:1",
        "--scheme permuted_block(4) --loss 2% --start 2027-01-04 --follow-up 120",
    ],
)
def test_a_scenario_like_the_bare_trial_loads(tmp_path, options):
    status, _, err = new(tmp_path, f"--like two-arm-survival {options}")
    assert status == 0, err
    load_scenario(tmp_path / "mine.yaml")


# On a terminal

ANSWERS = (
    *("usual care,new care", "", "90", "35%", "35%,22%", "many", "380", "Lyon,Leeds", "3"),
    *("4%", "", "5%"),
)


def test_questions_are_asked_on_a_terminal_and_end_in_the_file_of_one_command(tmp_path):
    environment = os.environ | {"TERM": "dumb", "PYTHONPATH": str(ROOT)}
    asked = [*PROGRAM, "new", "mine"]
    status, text = on_a_terminal(asked, tmp_path, environment, columns=100, typed=ANSWERS)
    assert status == 0, text
    assert "--mortality = 35%: needs two values" in text
    assert "--n = many: must be a whole number" in text
    (command,) = [line for line in text.splitlines() if line.startswith("as one command: ")]
    words = shlex.split(command.removeprefix("as one command: trialsim "))
    written = (tmp_path / "mine.yaml").read_text("utf-8")
    assert run_words([*words, "--force"], folder=tmp_path).status == 0
    assert (tmp_path / "mine.yaml").read_text("utf-8") == written
    assert "new care against usual care" in written


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_at_a_question_leaves_nothing(tmp_path, key):
    environment = os.environ | {"TERM": "dumb", "PYTHONPATH": str(ROOT)}
    asked = [*PROGRAM, "new", "mine", "--n", "100"]
    status, text = on_a_terminal(asked, tmp_path, environment, typed=["a,b", key])
    assert status == 130
    assert "Traceback" not in text
    assert "stopped before the first results" in text
    assert not list(tmp_path.iterdir())


def test_without_a_terminal_what_is_missing_is_listed(tmp_path):
    status, out, err = run_here("new", "mine", "--n", 100, folder=tmp_path)
    assert (status, out) == (2, "")
    assert "--follow-up" in err
    assert "--n\n" not in err
    example = err.splitlines()[-1].removeprefix("as trialsim ")
    assert run_words(shlex.split(example), folder=tmp_path).status == 0


# What is wrong

WRONG = {
    "--mortality 35,22": "write 35%",
    "--mortality 35%": "tells of the control arm alone",
    "--mortality 0%,22%": "above 0",
    "--mortality 35%,nan": "above 0",
    "--mortality 35%,0.0001%": "hazard ratio",
    "--mortality 35%,22%,10%": "1 to 2",
    "--mortality 35%,22% --median 300,400": "said by --median",
    "--mortality 35%,22% --hazard-ratio 0.6": "twice",
    "--median 300": "tells of the control arm alone",
    "--median 300,-4": "above 0",
    "--median 300,400 --hazard-ratio .5": "twice",
    "--median 300,400 --by-day 30": "day of --mortality",
    "--survival 28=.8,14=.9 --hazard-ratio .5": "climb",
    "--survival 28=.8,90=.9 --hazard-ratio .5": "must not climb",
    "--survival 28=.8,90=.8 --hazard-ratio .5": "must fall",
    "--survival 28:.8 --hazard-ratio .5": "a day and the survival",
    "--survival 28=.8 --survival 28=.9,90=.8": "one whole day",
    "--survival 28=.8 --survival 28=.9 --survival 28=.9": "third",
    "--curve none.csv --hazard-ratio .5": "no such file",
    "--mortality 35%,22% --sites 3 --opens 0,60": "3 sites",
    "--mortality 35%,22% --arms one": "two values",
    "--mortality 35%,22% --arms one,one": "alike",
    "--mortality 35%,22% --sites a,a": "twice",
    "--mortality 35%,22% --consent 90%": "patients randomised",
    "--mortality 35%,22% --referred-per-month 9": "one of the two",
    "--mortality 35%,22% --loss 100%": "below 100%",
    "--mortality 35%,22% --analysis logrank": "did you mean log_rank",
    "--mortality 35%,22% --ratio 1": "two whole numbers",
    "--mortality 35%,22% --scheme blocks(4)": "scheme",
    "--mortality 35%,22% --scheme permuted_block(3)": "block",
    "--mortality 35%,22% --start 4.1.2027": "date",
    "--mortality 35%,22% --alpha 5": "write 5%",
    "--mortality 35%,22% --analysis km_milestone": "day",
    "--like nct05484908": "unknown",
}


@pytest.mark.parametrize(("options", "said"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path, options, said):
    frame = "" if "--like" in options else FRAME
    if "--like" in options:
        said = "nothing differs"
    status, out, err = new(tmp_path, f"{options} {frame}")
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "-x", "a b", "é", "none/mine", "x" * 100, "a/../b", "."])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    (tmp_path / "a").mkdir()
    status, _, err = run_words(["new", *shlex.split(TYPED), "--", name], folder=tmp_path)
    if name == "a/../b":
        assert status == 0
        return
    assert status == 2
    assert "NAME" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path):
    (tmp_path / "mine.yaml").write_text("mine")
    status, _, err = new(tmp_path, TYPED)
    assert status == 2
    assert "is there already" in err
    assert (tmp_path / "mine.yaml").read_text() == "mine"
    assert new(tmp_path, f"{TYPED} --force").status == 0
    assert (tmp_path / "mine.yaml").read_text() != "mine"


LIKE_WRONG = {
    "--like nct05484908 --hazard-ratio 0.8": "--mortality of both arms",
    "--like nct05484908 --arms a,b": "cannot be changed",
    "--like nct0548490 --n 100": "did you mean",
    "--like two-arm-survival --consent 90%": "no eligibility",
    "--like two-arm-survival --sites a,b": "no rate",
    "--like nct05484908 --follow-up 28": "follow_up",
}


@pytest.mark.parametrize(("options", "said"), LIKE_WRONG.items(), ids=LIKE_WRONG)
def test_what_another_scenario_cannot_have_is_said(tmp_path, options, said):
    status, _, err = new(tmp_path, options)
    assert status == 2
    assert said in err
    assert not list(tmp_path.iterdir())


def test_ways_of_telling_are_told_apart():
    """Two ways for one arm are refused, whichever they are."""
    from simulator.planning.own_hazard import Outcome, hazard_of
    from simulator.scenario.errors import RuleError

    ways = {
        "medians": (300.0,),
        "survival": (((28.0, 0.8),),),
        "curves": ("a.csv",),
    }
    for one, other in product(ways, ways):
        if one < other:
            with pytest.raises(RuleError, match="says the same"):
                hazard_of(Outcome(90, **{k: ways[k] for k in (one, other)}), ("a", "b"), 90)
