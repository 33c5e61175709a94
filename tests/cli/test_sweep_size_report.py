"""The commands that vary, size and write up; what they keep; and what they refuse."""

import itertools
import json
import re
import shutil
import sys

import pytest
from command_line import rows_of, run_here

import simulator
from simulator.planning import sweep as planning_sweep
from simulator.report.figures.saving import KINDS
from simulator.scenario.errors import ScenarioError

SMALL = """\
extends: two-arm-survival
name: small
title: 40 patients, two tests
trial: {target_randomised: 40}
analyses:
  - {name: log_rank, test: log_rank, alpha: 0.05, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: censored}
  - {name: fisher, test: fisher, alpha: 0.05, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: excluded}
"""
RATIO = "hazard.effect.hazard_ratio"
PATIENTS = "trial.target_randomised"


@pytest.fixture(autouse=True)
def folder(folder):
    """The working folder of every test here, with small.yaml."""
    (folder / "small.yaml").write_text(SMALL)
    return folder


# sweep

SWEEP = f"sweep small.yaml --vary {RATIO}=0.4,0.8 --trials 400"


def test_sweep_has_the_scenario_s_own_values_first_and_the_same_numbers_everywhere(
    answer_of, folder
):
    found = answer_of(SWEEP, "--out run")
    own, *others = found["points"]
    assert own["is_base"]
    assert own["values"] == found["base"] == {RATIO: 0.5574929506502402}
    assert [point["values"][RATIO] for point in others] == [0.4, 0.8]
    assert json.loads((folder / "run" / "estimates.json").read_text()) == found
    rows = rows_of(folder / "run" / "data" / "points.csv")
    assert rows == rows_of(folder / "run" / "estimates.csv")
    text = (folder / "run" / "summary.txt").read_text()
    flat = [(p["values"][RATIO], a) for p in found["points"] for a in p["analyses"]]
    for row, (ratio, a) in zip(rows, flat, strict=True):
        assert float(row[RATIO]) == ratio
        assert row["analysis"] == a["name"]
        for key in ("power", "mcse", "ci_low", "ci_high", "difference"):
            assert float(row[key]) == a[key]
        assert f"{a['power']:.1%}" in text
    assert {path.name for path in (folder / "run" / "figures").iterdir()} == {
        f"power_curve.{kind}" for kind in ("svg", "txt")
    }
    powers = [point["analyses"][0]["power"] for point in found["points"]]
    assert powers[1] > powers[0] > powers[2]  # .4, .557, .8


def test_sweep_over_two_keys_is_every_combination_and_a_heat_map(answer_of, folder):
    found = answer_of(
        f"sweep small.yaml --trials 50 --out run --vary {PATIENTS}=40,60",
        "--vary allocation.scheme=random_allocation,efron(2/3)",
    )
    assert [tuple(p["values"].values()) for p in found["points"]] == [
        (40, "random_allocation"), (40, "efron(2/3)"),
        (60, "random_allocation"), (60, "efron(2/3)"),
    ]  # fmt: skip
    assert [p["randomised"]["mean"] for p in found["points"]] == [40, 40, 60, 60]
    assert (folder / "run" / "figures" / "heat_map.svg").is_file()


def test_sweep_is_stopped_between_points_and_keeps_those_that_are_done(run, monkeypatch):
    whole = planning_sweep.paired_runs

    def paired_runs(*arguments):
        yield from itertools.islice(whole(*arguments), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(planning_sweep, "paired_runs", paired_runs)
    status, out, _ = run(SWEEP, "--json")
    assert status == 130
    found = json.loads(out)
    assert found["interrupted"]
    assert [p["is_base"] for p in found["points"]] == [True, False]


REFUSED_SWEEPS = {
    "an unknown key": (["trial.target=5"], ["trial.target: ", "not a key", "did you mean"]),
    "a key of several values": (["trial=5"], ["trial: holds several values", "trial."]),
    "no value": ([PATIENTS], ["needs a key and values"]),
    "no key": (["=5"], ["needs a key and values"]),
    "a value out of range": ([f"{PATIENTS}=40,0"], [f"{PATIENTS} = 0", "must be >= 1"]),
    "a word for a number": ([f"{RATIO}=small"], [f"{RATIO} = ", "a number"]),
    "half a patient": ([f"{PATIENTS}=40.5"], ["must be a whole number"]),
    "an unknown word": (["analyses[fisher].test=fischer"], ["fischer", "did you mean fisher?"]),
    "an unknown scheme": (["allocation.scheme=coin"], ["allocation.scheme", "coin"]),
    "a scheme's bad option": (["allocation.scheme=efron(2)"], ["probability = 2: must be"]),
    "a rule between keys": (["hazard.baseline.mortality_at_horizon=solved"], ["target"]),
    "a value twice": ([f"{RATIO}=0.5,0.5"], ["a value twice"]),
    "a value twice, written in two ways": ([f"{PATIENTS}=60,60.0"], ["a value twice"]),
    "a label": (["analyses[fisher].name=a,b"], ["analyses[1].name: is a label"]),
    "the hypothesis": (["null_hypothesis=strong"], ["null_hypothesis: is a label, or says what"]),
    "a key twice": ([f"{RATIO}=0.5", f"{RATIO}=0.6"], ["varied already"]),
    "too many points": ([f"{RATIO}={','.join(str(k / 3000) for k in range(1, 2500))}"],
                        ["2,499 points"]),
}  # fmt: skip


@pytest.mark.parametrize(("vary", "words"), REFUSED_SWEEPS.values(), ids=REFUSED_SWEEPS)
def test_a_sweep_that_cannot_be_is_refused_before_its_first_trial(
    vary, words, run, folder, monkeypatch
):
    monkeypatch.setattr(planning_sweep, "paired_runs", None)
    options = [option for text in vary for option in ("--vary", text)]
    status, out, err = run("sweep", "small.yaml", *options)
    assert (status, out) == (2, "")
    assert "--vary" in err or "small.yaml:" in err
    for word in words:
        assert word in err
    assert "Traceback" not in err
    assert not (folder / "results").exists() or not list((folder / "results").iterdir())


def test_dates_words_and_nothing_can_be_varied(answer_of):
    for key, values in (
        ("trial.start_date", "2020-01-01"),
        ("trial.planned_completion_date", "2030-01-01,null"),
        ("analyses[fisher].test", "chi_square,fisher"),
    ):
        found = answer_of(f"sweep small.yaml --trials 20 --vary {key}={values}")
        assert values.partition(",")[0] in [
            str(v) for p in found["points"] for v in p["values"].values()
        ]


def test_a_sweep_of_hours_says_how_long_and_wants_a_yes(run, folder, monkeypatch):
    monkeypatch.setattr(planning_sweep.Planned, "seconds", lambda *_: 9_000.0)
    status, out, err = run(SWEEP)
    assert (status, out) == (2, "")
    assert "3 points of 400 trials take about 2.5 hours" in err
    assert "--yes" in err
    assert not (folder / "results").exists()
    assert run(SWEEP, "--yes")[0] == 0


def test_the_time_foretold_goes_with_trials_patients_and_workers(monkeypatch):
    study = simulator.load("small.yaml")
    planned = study.plan_sweep({PATIENTS: [40, 60]})
    clock = itertools.count()
    # One unit after another takes so many seconds of the processor: the first loads what it needs,
    # and another process is in the way of the third.
    turns = [60.0, 5.0, 30.0, 6.0]

    def thread_time():
        whole, begun = divmod(next(clock), 2)
        return sum(turns[: whole % 4]) + (turns[whole % 4] if begun else 0.0)

    monkeypatch.setattr(planning_sweep.time, "thread_time", thread_time)
    monkeypatch.setattr(planning_sweep, "run_unit", lambda *_: None)
    monkeypatch.setattr(planning_sweep, "trials_a_unit", lambda *_: 50)
    million = 5 / 50 / 40 * (40 + 60) * 1_000_000
    assert planned.seconds(1_000_000, 1) == pytest.approx(million)
    assert planned.seconds(3_000_000, 1) == pytest.approx(3 * million)
    assert planned.seconds(1_000_000, 2) == pytest.approx(million / 2)


def test_few_patients_are_never_too_many_whatever_a_clock_says(monkeypatch):
    planned = simulator.load("small.yaml").plan_sweep({PATIENTS: [40, 60]})
    monkeypatch.setattr(planning_sweep.time, "thread_time", itertools.count(0, 1_000).__next__)
    assert planned.seconds(100_000, 1) == 0  # ten million patients
    assert planned.seconds(100_001, 1) > 3_600


# size


def test_size_keeps_the_answer_its_curve_and_what_formulas_say(answer_of, folder):
    found = answer_of("size small.yaml --power 0.6 --within 6 --out run")
    answer = found["answer"]
    assert answer["low"] <= answer["value"] <= answer["high"]
    assert abs(answer["power"] - 0.6) < 4 * answer["mcse"] + 0.02
    assert found["analysis"] == "log_rank"
    curve = rows_of(folder / "run" / "data" / "curve.csv")
    assert [float(row["power"]) for row in curve] == [row["power"] for row in found["curve"]]
    assert sum(int(row["trials"]) for row in curve) == found["trials"]
    formulas = [form["formula"] for form in found["closed_forms"]["needed"]]
    assert formulas == ["schoenfeld", "freedman"]  # of a log-rank test, and no others
    text = (folder / "run" / "summary.txt").read_text()
    assert f"with {answer['value']:.5g} patients (95 % confidence interval" in text
    assert found["closed_forms"]["contrast"] == "approximation"
    assert "for arms of fixed size and an average loss" in text
    events = found["closed_forms"]["needed"][0]["events"]
    assert re.search(rf"Schoenfeld, log-rank +{events:.1f} ", text)
    assert (folder / "run" / "figures" / "size.svg").is_file()


def test_size_of_another_analysis_and_by_another_key(answer_of):
    found = answer_of(
        f"size small.yaml --analysis fisher --by {RATIO} --between 0.05,0.9 --within 0.02"
    )
    assert (found["analysis"], found["key"]) == ("fisher", RATIO)
    assert 0.05 < found["answer"]["value"] < 0.5


REFUSED_SIZES = {
    "power of alpha": (["--power", "0.05"], "--power = 0.05: must be between alpha (0.05) and 1"),
    "power of one": (["--power", "1"], "--power = 1: must be between alpha"),
    "power of no number": (["--power", "nan"], "--power = nan: must be between"),
    "an unknown analysis": (["--analysis", "fischer"], "did you mean fisher?"),
    "an unknown key": (["--by", "trial.patients"], "--by: trial.patients: is not a key"),
    "a key of words": (["--by", "allocation.scheme"], "does not hold a number"),
    "no bounds": (["--by", RATIO], "--between: is needed to look for a value of"),
    "bounds turned round": (["--by", RATIO, "--between", "0.9,0.1"], "a lower and a higher"),
    "bounds without end": (["--by", RATIO, "--between", "0.1,inf"], "a lower and a higher"),
    "bounds between two numbers": (["--between", "61,61.5"], "holds no multiple of 2"),
    "bounds out of range": (["--by", RATIO, "--between=-1,0.1"], f"{RATIO} = -1.0: must be > 0"),
    "one bound": (["--by", RATIO, "--between", "0.9"], "--between = 0.9: needs two numbers"),
    "no width": (["--within", "0"], "--within"),
}


@pytest.mark.parametrize(("options", "words"), REFUSED_SIZES.values(), ids=REFUSED_SIZES)
def test_a_size_that_cannot_be_is_refused(options, words, run):
    status, out, err = run("size small.yaml", *options)
    assert (status, out) == (2, "")
    assert words in " ".join(err.split())
    assert "Traceback" not in err


def test_a_key_written_as_a_whole_number_that_takes_others_is_searched_between_them(answer_of):
    key = "exits.tumour_death.net_probability"  # 0 in the file
    found = answer_of(f"size small.yaml --by {key} --between 0,0.5 --power 0.15 --patients 2000000")
    tried = [row["value"] for row in found["curve"]]
    assert min(tried) == 0
    assert max(tried) <= 0.5
    assert any(0 < value < 0.5 for value in tried)


def test_a_power_that_trials_cannot_tell_has_no_answer(answer_of):
    found = answer_of("size small.yaml --power 0.999999999 --patients 500000")
    assert found["answer"] is None
    assert found["reason"]["kind"] == "not_converged"


def test_a_size_counts_only_what_favours_the_treatment_arm_where_asked(answer_of, folder):
    command = "size small.yaml --power 0.3 --within 20 --between 20,120 --favoured --out favoured"
    found = answer_of(command)
    assert (found["favoured"], found["n_lasting"]) == (True, None)
    assert found["n_trend"] == found["answer"]["value"]
    assert found["answer"]["basis"] == "trend"
    for row in found["curve"]:
        assert row["power"] == row["favouring"] / row["trials"]
        assert row["favouring"] <= row["rejections"] <= row["analysable"] <= row["trials"]
        assert row["randomised"] == row["value"]
    text = " ".join((folder / "favoured" / "summary.txt").read_text().split())
    assert f"a power of 30% in favour of {found['arm']} with" in text
    assert "either arm" in text
    fitted = rows_of(folder / "favoured" / "data" / "fitted.csv")
    assert len(fitted) == len(found["fitted"])


def test_a_key_that_cannot_reach_the_power_says_where_power_was_largest(answer_of):
    found = answer_of(f"size small.yaml --by {RATIO} --between 0.9,0.99")
    assert not found["reached"]
    assert found["answer"] is None
    assert found["reason"]["kind"] == "never"
    assert (found["reason"]["lowest"], found["reason"]["highest"]) == (0.9, 0.99)
    best = max(found["curve"], key=lambda row: row["power"])
    assert found["largest"]["value"] == best["value"]
    assert found["largest"]["power"] == best["power"]


# power


def test_the_verdict_is_held_against_the_target_asked_for(answer_of, run):
    found = answer_of("power small.yaml --trials 60 --power-target 0.9")
    assert found["verdict"]["target_power"] == found["verdict"]["threshold"] == 0.9
    for target in ("0", "1", "nan"):
        status, _, err = run("power", "small.yaml", "--power-target", target)
        assert status == 2
        assert "must be above 0 and below 1" in err
    assert run("power", "small.yaml", "--certify", "--power-target", "0.9")[0] == 2


# report


@pytest.fixture(scope="module")
def kept_runs(tmp_path_factory):
    """A run of power and one of a sweep, made once: each test is given a copy."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "small.yaml").write_text(SMALL)
    for asked in ("power small.yaml --trials 300 --out power", f"{SWEEP} --out sweep"):
        assert run_here(asked, folder=folder).status == 0
    return folder


@pytest.fixture
def runs(run, folder, kept_runs):
    """Run a command where there are the two runs."""
    shutil.copytree(kept_runs, folder, dirs_exist_ok=True)
    return run


def words_in(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_report_has_the_numbers_of_the_run(runs, folder):
    from docx import Document

    # 400 trials of the same design, where the run of power has 300: the one estimate is theirs.
    found = json.loads((folder / "sweep" / "estimates.json").read_text())["points"][0]
    assert found["is_base"]
    assert runs("report", "power", "sweep")[0] == 0
    document = Document(str(folder / "power" / "justification.docx"))
    table = next(
        t
        for t in document.tables
        if t.cell(0, 0).text == "Analysis" and t.cell(0, 1).text == "Power"
    )
    for row, analysis in zip(table.rows[1:], found["analyses"], strict=True):
        shown = float(row.cells[1].text.rstrip("%"))
        assert abs(shown - 100 * analysis["power"]) <= 0.5
    assert runs("report", "power", "sweep", "--format", "html")[0] == 0
    page = (folder / "power" / "justification.html").read_text("utf-8")
    assert "is quoted from the run of sweep, which has more trials" in words_in(page)
    assert f"provide {found['analyses'][0]['power']:.1%} power" in words_in(page)
    assert not re.findall(r'(?:src|href)="https?://(?!doi\.org|clinicaltrials|database\.ich)', page)


def test_a_target_named_for_the_report_is_what_all_is_judged_by(runs, folder):
    asked = "report", "power", "--length", "paragraph", "--format", "html"
    assert runs(*asked, "--power-target", 0.07, "--out", "low.html")[0] == 0
    assert "adequately powered for this difference (target 7%)" in words_in(
        (folder / "low.html").read_text("utf-8")
    )
    status, _, err = runs(*asked, "--power-target", 1.5, "--out", "bad.html")
    assert status == 2
    assert err == "--power-target = 1.5: must be above 0 and below 1; as 0.9\n"
    assert not (folder / "bad.html").exists()


@pytest.mark.parametrize("kind", ["docx", "html"])
def test_a_report_with_a_set_date_has_the_same_bytes_again(kind, runs, folder, monkeypatch):
    """1,700,000,000 s after 1970 it was 14 November 2023."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("a", "b"):
        assert runs("report", "power", "--format", kind, "--out", f"{name}.{kind}")[0] == 0
    assert (folder / f"a.{kind}").read_bytes() == (folder / f"b.{kind}").read_bytes()
    if kind == "html":
        assert "14 November 2023, scenario small" in (folder / "a.html").read_text("utf-8")


def test_a_set_date_that_is_none_is_refused(runs, folder, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    status, _, err = runs("report", "power", "--out", "a.docx")
    assert status == 2
    assert err == (
        "SOURCE_DATE_EPOCH = today: must be a whole number of seconds since 1970; unset it\n"
    )
    assert not (folder / "a.docx").exists()


def test_a_report_of_a_paragraph_needs_no_figure(runs, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, _, err = runs("report", "power", "--length", "paragraph", "--out", "box.docx")
    assert (status, err) == (0, "wrote box.docx\n")
    assert (folder / "box.docx").is_file()


def test_figures_are_written_as_svg_png_and_pdf_with_their_captions(runs, folder):
    status, _, err = runs("report", "power", "sweep", "--format", "figures", kinds=KINDS)
    assert (status, err) == (0, "wrote power/figures\n")
    names = {path.name for path in (folder / "power" / "figures").iterdir()}
    assert names == {
        f"{name}.{kind}"
        for name in ("survival", "flow", "recruitment", "power_curve")
        for kind in ("svg", "png", "pdf", "txt")
    }
    assert runs("report", "power", "--format", "figures")[0] == 2
    assert runs("report", "power", "--format", "figures", "--force")[0] == 0
    assert runs("power", "small.yaml", "--trials", 300, "--out", "power", "--force")[0] == 0


REFUSED_REPORTS = {
    "no such run": (["nowhere"], "RUN = nowhere: there is no such folder"),
    "a file": (["small.yaml"], "RUN = small.yaml: there is no such folder"),
    "a folder that is no run": (["."], "is not the folder of a run"),
    "a sweep alone": (["sweep"], "is a run of sweep: a justification tells of a power"),
    "a power twice": (["power", "power"], "is a run of power; give runs of sweep and size"),
    "a file of the run": (["power", "--out", "power/manifest.json", "--force"], "does not end in"),
    "an unknown format": (["power", "--format", "pdf"], "--format = pdf: is not a format"),
    "an unknown length": (["power", "--length", "long"], "--length = long: is not a length"),
    "a file that exists": (["power", "--out", "old.docx"], "--out = old.docx: exists"),
    "a folder for a file": (["power", "--out", "dir.docx", "--force"], "--out = dir.docx: exists"),
    "no folder": (["power", "--out", "none/x.docx"], "its folder does not exist"),
}


@pytest.mark.parametrize(("options", "words"), REFUSED_REPORTS.values(), ids=REFUSED_REPORTS)
def test_a_report_that_cannot_be_is_refused(options, words, runs, folder):
    (folder / "old.docx").write_text("mine")
    (folder / "dir.docx").mkdir()
    before = sorted(folder.rglob("*"))
    status, out, err = runs("report", *options)
    assert (status, out) == (2, "")
    assert words in " ".join(err.split())
    assert "Traceback" not in err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(("kind", "library"), [("docx", "docx"), ("html", "jinja2")])
def test_a_missing_library_is_named_with_what_to_install(kind, library, runs, folder, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("simulator.report.document")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    status, out, err = runs("report", "power", "--format", kind)
    assert (status, out) == (2, "")
    assert err == (
        f"--format = {kind}: needs {library}, which is not installed; "
        "pip install 'trialsim[report]'\n"
    )
    assert not (folder / "power" / f"justification.{kind}").exists()


def test_a_report_of_another_scenario_s_sweep_is_refused(runs, folder):
    (folder / "other.yaml").write_text(SMALL.replace("name: small", "name: other"))
    runs("sweep", "other.yaml", "--vary", f"{RATIO}=0.4", "--trials", 20, "--out", "others")
    status, _, err = runs("report", "power", "others")
    assert status == 2
    assert "others: is of a scenario that differs from that of power, small, at name" in err


def test_a_report_of_a_sweep_of_another_version_of_the_scenario_is_refused(runs, folder):
    (folder / "small.yaml").write_text(
        SMALL.replace("log_rank, alpha: 0.05", "log_rank, alpha: 0.1")
    )
    assert runs("size", "small.yaml", "--power", 0.5, "--within", 20, "--out", "size")[0] == 0
    status, _, err = runs("report", "power", "size")
    assert status == 2
    assert "differs from that of power, small, at analyses[0].alpha" in err


def test_a_plan_with_the_number_that_a_search_gave_is_told_of_beside_the_search(runs, folder):
    (folder / "larger.yaml").write_text(
        "extends: ./small.yaml\nname: larger\ntitle: larger\ntrial: {target_randomised: 100}\n"
    )
    (folder / "small.yaml").write_text(SMALL)
    assert runs("size", "small.yaml", "--power", 0.5, "--within", 20, "--out", "found")[0] == 0
    assert runs("power", "larger.yaml", "--trials", 200, "--out", "planned")[0] == 0
    report = ("report", "planned", "found", "--length", "page", "--format", "html")
    status, _, err = runs(*report)
    assert (status, err) == (0, "wrote planned/justification-page.html\n")
    text = (folder / "planned" / "justification-page.html").read_text()
    assert "100 patients" in text


def test_a_handful_of_trials_justifies_nothing(run):
    assert run("power", "small.yaml", "--trials", 20, "--out", "few")[0] == 0
    status, _, err = run("report", "few")
    assert status == 2
    assert "has 20 trials, of which a justification needs 100" in err
    study = simulator.load("small.yaml")
    with pytest.raises(ValueError, match="has 20 trials, of which a justification needs 100"):
        study.report("few.docx", study.power(20))


def test_a_trial_without_patients_is_no_reason_for_anything(run, folder):
    text = SMALL.replace("trial: {target_randomised: 40}",
                         "trial: {target_randomised: 40, max_recruitment_days: 0.001}")  # fmt: skip
    (folder / "small.yaml").write_text(text)
    status, out, _ = run("power", "small.yaml", "--trials", 100, "--out", "none")
    assert status == 0
    assert "nan%" not in out.partition("Patients of a trial")[2]
    status, _, err = run("report", "none")
    assert status == 2
    assert "randomised nobody" in err


# Python


def test_python_gives_what_the_commands_print(answer_of):
    study = simulator.load("small.yaml")
    (first, _) = answer_of("power small.yaml --trials 60")["analyses"]
    assert first["power"] == float(study.power(60).to_frame().power[0])
    printed = answer_of(SWEEP)
    frame = study.sweep({RATIO: [0.4, 0.8]}, 400).to_frame()
    assert frame.power.tolist() == [a["power"] for p in printed["points"] for a in p["analyses"]]
    assert list(frame.columns[:3]) == [RATIO, "is_base", "analysis"]
    assert study.trace(3).to_frame().shape[0] == 40


def test_python_refuses_in_the_same_words():
    with pytest.raises(ScenarioError, match="no shipped scenario"):
        simulator.load("nowhere")
    study = simulator.load("small.yaml")
    with pytest.raises(ScenarioError, match="did you mean"):
        study.sweep({"trial.target": [5]})
    with pytest.raises(ScenarioError, match="between alpha"):
        study.size(0.01)
    for ask, words in (
        (lambda: study.power(0), "trials = 0"),
        (lambda: study.power(None), "trials = None"),
        (lambda: study.power(precision=0.0), "precision = 0"),
        (lambda: study.power(9, seed=-1), "seed = -1"),
        (lambda: study.sweep({}), "vary = {}"),
        (lambda: study.size(within=-1), "within = -1"),
        (lambda: study.trace(-1), "trial = -1"),
    ):
        with pytest.raises((TypeError, ValueError), match=words):
            ask()


def test_tables_behind_figures_agree_with_the_estimates():
    """Trials fewer than the figures see, so that both are of the same ones."""
    from simulator.report.figures.consort import flow_of

    power = simulator.load("small.yaml").power(400)
    o, survival = power.operations, power.curves.survival
    for arm, patients in o.patients.items():
        first, *_, last = [point for point in survival if point.arm == arm]
        assert first.at_risk == pytest.approx(patients.mean, rel=1e-12)
        assert (first.survival, first.day, last.day) == (1.0, 0.0, 84.0)
        # Kaplan and Meier's estimate sees the lost until they are lost; the mortality is of all.
        mortality = o.mortality[arm]
        error = (last.mcse**2 + mortality.mcse**2) ** 0.5
        assert abs(1 - last.survival - mortality.mean) < 4 * error
    assert power.curves.recruitment[-1].mean == o.randomised.mean
    flow = flow_of(power)
    kept_out = sum(exclusion.mean for exclusion in flow.excluded) + (flow.refused or 0)
    assert flow.screened == pytest.approx(kept_out + flow.randomised)
    for arm, found in flow.arms.items():
        left = found.lost.mean + found.died.mean + found.alive.mean
        assert found.randomised.mean == pytest.approx(left)
        assert found.died.mean <= o.mortality[arm].mean * found.randomised.mean
        *_, last = (point for point in survival if point.arm == arm)
        assert found.alive.mean == pytest.approx(last.at_risk)
