"""`prior`: its screen, its JSON, its tables, and what goes into a scenario."""

import math

import numpy as np
import pytest
from command_line import one_json_object, rows_of, run_here
from ruamel.yaml import YAML

import simulator
from calibration.synthesis.studies import COLUMNS, SHIPPED
from simulator.report.text import full_text
from simulator.results import Prior
from simulator.results.prior import Parameter

SMALL = "mortality", "A24", "one", 42, 104, *("",) * 7, 90, "death", 1, "used", "known"
RATIO = "hazard_ratio", "A01", "two", 15, 54, 29, 77, *("",) * 5, 28, "death", 1, "used", "known"


def write(path, *rows):
    lines = [",".join(map(str, row)) for row in (COLUMNS, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The run of the shipped studies: its folder, its screen, its answer."""
    folder = tmp_path_factory.mktemp("prior")
    status, out, err = run_here("prior --out r --draws 4000", folder=folder)
    assert status == 0, err
    status, text, err = run_here("prior --out r --draws 4000 --json", folder=folder)
    assert status == 0, err
    return folder / "r", out, one_json_object(text)


def test_the_screen_has_studies_summaries_keys_and_what_to_do_next(shipped):
    _, out, _ = shipped
    lines = out.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
    for words in ("Liu H 2020", "26/78", "REML, Knapp-Hartung", "uncertain:", "trialsim assurance"):
        assert words in out


def test_the_uncertain_keys_are_yaml_that_the_run_holds_too(shipped):
    folder, out, answer = shipped
    text = (folder / "uncertain.yaml").read_text("utf-8")
    assert text in out
    (first, second) = YAML(typ="safe").load(text)["uncertain"]
    assert first["keys"] == ["hazard.mortality_targets.PE"]
    assert second["keys"] == [
        "modalities[PE].full_course_hazard_ratio",
        "modalities[DPMAS+LPE].full_course_hazard_ratio",
    ]
    course, both = (p["log_sd"] for p in second["parameters"])
    assert second["correlation"] == pytest.approx(course / both, abs=0.002)
    contrast = next(p for p in answer["parameters"] if p["parameter"] == "hazard_ratio")["fitted"]
    assert math.hypot(course, contrast["sd"]) == pytest.approx(both, rel=0.005)
    ratio = second["parameters"][1]["median"] / second["parameters"][0]["median"]
    assert ratio == pytest.approx(contrast["median"], rel=0.005)
    for item in (first, second):
        assert item["source"].startswith("derived [A")


def test_the_published_risk_ratio_is_told(shipped):
    _, _, answer = shipped
    shown = [round(answer["risk_ratio"][part], 3) for part in ("estimate", "low", "high")]
    assert shown == [0.775, 0.489, 1.229]


def test_draws_have_the_distributions_that_are_told(shipped):
    folder, _, answer = shipped
    rows = rows_of(folder / "data" / "draws.csv")
    assert len(rows) == 4000
    for parameter in answer["parameters"]:
        values = np.array([float(row[parameter["parameter"]]) for row in rows])
        used = parameter["used"]
        for share, limit in ((0.5, "estimate"), (0.025, "low"), (0.975, "high")):
            below = (values < used[limit]).mean()
            assert abs(below - share) < 4 * math.sqrt(share * (1 - share) / 4000)
    logs = np.log([
        [float(row["course_hazard_ratio"]), float(row["second_course_hazard_ratio"])]
        for row in rows
    ])  # fmt: skip
    rho = answer["uncertain"][1]["correlation"]
    found = np.corrcoef(np.argsort(np.argsort(logs, axis=0), axis=0).T)[0, 1]
    latent = 2 * math.sin(math.pi * found / 6)
    assert latent == pytest.approx(rho, abs=0.05)  # of ranks: long tails weigh less than in logs


def test_the_figure_is_drawn_and_every_section_can_be_shown(shipped):
    folder, _, _ = shipped
    assert {p.name for p in (folder / "figures").iterdir()} >= {"forest.svg", "forest.txt"}
    status, out, _ = run_here(f"show {folder} sensitivity", folder=folder)
    assert status == 0
    assert "half_cauchy(0.5)" in out
    assert "without Yao J 2019" in out
    assert "weights halved" in out
    status, out, _ = run_here(f"show {folder}", folder=folder)
    assert "Set aside: weight 0" in " ".join(out.split())
    assert "0.775 (0.489 to 1.23)" in " ".join(out.split())


def test_python_answers_as_the_command_does(shipped):
    _, _, answer = shipped
    found = simulator.prior(draws=10)
    theirs = Prior.from_dict(answer)
    assert found.to_dict() == theirs.to_dict()
    assert len(found.frames()["draws"]) == 10


def test_mean_and_no_extrapolation_leave_the_posterior_of_the_mean(answer_of, folder):
    write(folder / "mine.csv", SMALL)
    answer = answer_of("prior mine.csv --for mean --extrapolation 0,0")
    (parameter,) = answer["parameters"]
    assert parameter["used"] == parameter["mean"]
    assert answer["prior_for"] == "mean"
    assert answer["without_evidence"] == ["course_hazard_ratio", "hazard_ratio"]


def test_what_has_no_evidence_is_said_and_left_out(run, folder):
    write(folder / "mine.csv", SMALL)
    status, out, _ = run("prior mine.csv")
    assert status == 0
    assert "No evidence on the hazard ratio, DPMAS+LPE v PE" in out
    assert "full_course_hazard_ratio" not in out
    write(folder / "mine.csv", RATIO)
    text = full_text(simulator.prior(folder / "mine.csv"))
    assert "hazard.effect.hazard_ratio" in text
    assert "No evidence on the mortality" in text


def test_a_file_without_any_weight_is_told(run, folder):
    write(folder / "mine.csv", (*SMALL[:14], 0, *SMALL[15:]))
    status, _, err = run("prior mine.csv")
    assert status == 2
    assert "no study has a weight" in err


def test_another_file_is_another_question(run, folder):
    write(folder / "mine.csv", SMALL)
    assert run("prior mine.csv --out r").status == 0
    assert "answered before" in run("prior mine.csv --out r").err
    write(folder / "mine.csv", (*SMALL[:3], 43, *SMALL[4:]))
    status, _, err = run("prior mine.csv --out r")
    assert status == 2
    assert "another question" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("prior --heterogeneity half_normal", "--heterogeneity"),
        ("prior --heterogeneity half_normal(nan)", "half_normal(0.5)"),
        ("prior --for me", "new_study, mean"),
        ("prior --extrapolation 0.2", "two numbers"),
        ("prior --extrapolation -1,0", "from 0 to 3"),
        ("prior --extrapolation nan,0", "from 0 to 3"),
        ("prior --draws 0", "--draws"),
        ("prior none.csv", "none.csv: cannot be read"),
        ("prior .", "cannot be read"),
    ],
)
def test_wrong_input_is_refused(refused, arguments, words):
    assert words in refused(arguments)


def test_wrong_cells_are_refused_by_line_and_column(refused, folder):
    write(folder / "mine.csv", (*SMALL[:3], 142, *SMALL[4:]))
    assert "mine.csv:2: deaths" in refused("prior mine.csv")


def test_every_parameter_has_a_study_in_the_shipped_file(shipped):
    _, _, answer = shipped
    assert [p["parameter"] for p in answer["parameters"]] == [p.value for p in Parameter]
    assert answer["file"] == "shipped"
    assert SHIPPED.is_file()
