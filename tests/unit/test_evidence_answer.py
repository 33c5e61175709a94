"""From a key to rows and citations, and back from a row to the keys that rest on it."""

import json

import pytest
from typer.testing import CliRunner

from calibration.evidence import read_evidence
from simulator.cli import app
from simulator.declarations.claims import is_claim
from simulator.planning.evidence import evidence_about, evidence_in_file, evidence_overview
from simulator.report.text import SCREENS, full_text
from simulator.report.text.page import as_text, line_count
from simulator.results.evidence_answer import Evidence, EvidenceView
from simulator.results.json_schema import answer_schema
from simulator.results.sources import SourceKind
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names

KEYS = (
    "hazard.log_hazard_ratio_per_meld_point",
    "modalities[PE].full_course_hazard_ratio",
    "hazard.baseline.shares[0]",
    "exits.loss.net_probability",
    "n",
)


@pytest.fixture(scope="module")
def base():
    return load_scenario("nct05484908")


def screen(answer, width=100):
    return as_text(SCREENS["evidence"](answer, width, None), width)


def command(*words):
    return CliRunner().invoke(app, ["evidence", *words])


def test_a_key_leads_to_its_row_and_its_citation(base):
    answer = evidence_about(base, "hazard.log_hazard_ratio_per_meld_point", "KEY")
    assert answer.view is EvidenceView.KEY
    (value,) = answer.values
    assert (value.kind, value.assumed, value.rows) == (SourceKind.PUBLISHED, True, ("A43",))
    assert [row.id for row in answer.evidence] == ["A43"]
    text = screen(answer)
    assert "1.082" in text
    assert "Li H, Zheng J, Chen L, et al. The scoring systems" in text
    assert "Ann Palliat Med 2020;9(5):3048-3058." in " ".join(text.split())
    assert "https://doi.org/10.21037/apm-20-608" in text


def test_a_derived_row_unfolds_to_those_that_it_is_derived_from(base):
    answer = evidence_about(base, "modalities[PE].full_course_hazard_ratio", "KEY")
    assert [row.id for row in answer.evidence] == ["A75", "A19", "A28", "A32"]
    text = screen(answer)
    assert "A75 is derived from A19, A28, A32" in text
    assert "0.74 to 0.85" in text  # the interval of A28


def test_a_row_leads_to_the_keys_that_rest_on_it_directly_or_by_others(base):
    """The shares of the hazard name B10, which is derived from A11 and A12."""
    direct = evidence_about(base, "B10", "KEY")
    assert direct.view is EvidenceView.ROW
    shares = [f"hazard.baseline.shares[{place}]" for place in range(5)]
    assert [value.key for value in direct.values] == shares
    behind = evidence_about(base, "A11", "KEY")
    assert [value.key for value in behind.values] == shares
    assert "No value of nct05484908 rests on it." in screen(evidence_about(base, "I09", "KEY"))


def test_the_overview_counts_rows_and_values(base):
    answer = evidence_overview(base)
    rows = read_evidence()
    assert sum(t.published + t.derived for t in answer.topics) == len(rows)
    claims = [source for key, value, source in base.values() if is_claim(key, value)]
    assert sum(kind.values for kind in answer.kinds) == len(claims)
    in_part = sum(source.is_assumed_in_part for source in claims)
    assert sum(kind.assumed_in_part for kind in answer.kinds) == in_part
    assert f"and {in_part} more in part" in screen(answer)
    assert all(value.rows for value in answer.values)


def test_keys_are_taken_as_elsewhere(base):
    assert evidence_about(base, "n", "KEY").about == "trial.target_randomised"
    both = evidence_about(base, "arms[*].plan.sessions", "KEY")
    assert [v.key for v in both.values] == ["arms[0].plan.sessions", "arms[1].plan.sessions"]
    part = evidence_about(base, "hazard.baseline", "KEY")
    assert "hazard.baseline.shares[4]" in [value.key for value in part.values]


@pytest.mark.parametrize(
    ("about", "rule", "remedy"),
    [
        ("hazard.meld_referenc", "is not a key", "did you mean hazard.meld_reference?"),
        ("A41", "is not a row", "it is in parts: A41a, A41b, A41c, A41d, A41e"),
        ("a43", "is not a row", "did you mean A43?"),
        ("Z99", "is not a", ""),
        ("", "is not a key", ""),
        ("\x1b[31m" + "x" * 500, "is not a key", ""),
    ],
)
def test_what_is_no_key_and_no_row_is_refused(base, about, rule, remedy):
    with pytest.raises(ScenarioError) as caught:
        evidence_about(base, about, "KEY")
    (problem,) = caught.value.problems
    assert problem.file == "KEY"
    assert rule in problem.rule
    assert remedy in problem.remedy
    assert "\x1b" not in str(problem)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("about", ["", *KEYS, "A57", "D01"])
def test_it_fits_a_screen(base, about, width):
    answer = evidence_about(base, about, "KEY") if about else evidence_overview(base)
    blocks = SCREENS["evidence"](answer, width, None)
    assert line_count(blocks, width) <= 30
    assert max(map(len, as_text(blocks, width).splitlines())) <= width


def test_json_comes_back_and_has_its_schema(base):
    for about in KEYS:
        answer = evidence_about(base, about, "KEY")
        plain = json.loads(json.dumps(answer.to_dict()))
        assert Evidence.from_dict(plain).to_dict() == answer.to_dict()
        assert {*answer_schema(Evidence)["properties"]} == {*plain}
        assert all(set(row) == set(answer.rows()[0]) for row in answer.rows())


def test_the_full_text_has_every_value_that_names_rows(base):
    text = full_text(evidence_overview(base))
    for key in ("exits.tumour_death.net_probability", "costs.per_session.PE"):
        assert key in text


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_scenario_has_an_overview(name):
    assert name in screen(evidence_overview(load_scenario(name)))


def test_a_file_of_ones_own_is_checked(tmp_path):
    path = tmp_path / "own.csv"
    head = "id,topic,quantity,statistic,value,unit,citation,status"
    path.write_text(f"{head}\nown1,other,a rate,estimate,12,%,Smith A. J Hepatol 2021,published\n")
    answer = evidence_in_file(path)
    assert answer.view is EvidenceView.FILE
    assert "1 row of evidence, all within the rules" in " ".join(screen(answer).split())
    good = command("--file", str(path))
    assert good.exit_code == 0
    assert "Smith A. J Hepatol 2021" in good.stdout
    refused = command("A43", "--file", str(path))
    assert refused.exit_code == 2


def test_the_command_prints_one_json_object():
    found = command("A43", "--json")
    assert found.exit_code == 0
    plain = json.loads(found.stdout)
    assert plain["kind"] == "evidence"
    assert plain["evidence"][0]["doi"] == "10.21037/apm-20-608"
    assert plain["values"][0]["kind"] == "published"
