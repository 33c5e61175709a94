"""The grammar of sources, and that every source of a shipped scenario names rows that say so."""

import math

import pytest

from calibration.evidence import cited_rows, read_evidence, unfolded
from simulator.planning.power import assumptions
from simulator.results.sources import NO_SOURCE, Source, SourceKind
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names
from simulator.scenario.sources import RuleError, source_of

R, P, D, A, NONE = (
    SourceKind.REGISTRY,
    SourceKind.PUBLISHED,
    SourceKind.DERIVED,
    SourceKind.ASSUMPTION,
    SourceKind.NONE,
)

BARE = """\
name: mine
trial:
  target_randomised: 200
  follow_up_days: 90
accrual: {kind: uniform, over_days: 700}
arms: [{name: usual}, {name: new}]
hazard:
  baseline: {kind: exponential, mortality_at_horizon: 0.5}
  effect: {kind: direct, hazard_ratio: 0.7}
analyses: [{test: log_rank}]
"""


@pytest.mark.parametrize(
    ("comment", "parts"),
    [
        ("registry", [(R, (), "")]),
        ("published [A43]: 1.082 a point", [(P, ("A43",), "1.082 a point")]),
        ("Published [A43]", [(P, ("A43",), "")]),
        ("derived [E22b, E22c]: flows", [(D, ("E22b", "E22c"), "flows")]),
        ("derived [E22b E22c] flows", [(D, ("E22b", "E22c"), "flows")]),
        ("assumption on the conversion", [(A, (), "on the conversion")]),
        ("assumption: *borrowed* [0.3]", [(A, (), "*borrowed* [0.3]")]),
        (
            "derived [E22a]: flows; assumption: 0.75 h of set-up",
            [(D, ("E22a",), "flows"), (A, (), "0.75 h of set-up")],
        ),
        (
            "derived from flows; 0.75 h of set-up is an assumption",
            [(D, (), "from flows"), (A, (), "0.75 h of set-up is an assumption")],
        ),
        ("published: 3; in 2 weeks", [(P, (), "3; in 2 weeks")]),
        (
            "published: applied by assumption",
            [(P, (), "applied by assumption"), (A, (), "")],
        ),
        ("the primary one", [(NONE, (), "the primary one")]),
        ("assumed", [(NONE, (), "assumed")]),
        ("registrytext", [(NONE, (), "registrytext")]),
        ("", [(NONE, (), "")]),
        (" ; ", [(NONE, (), "")]),
    ],
)
def test_a_comment_is_read_as_the_parts_of_a_source(comment, parts):
    found = source_of(comment)
    assert [(p.kind, p.rows, p.words) for p in found.parts] == parts
    assert Source.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("comment", "assumed", "in_part"),
    [
        ("published [A43]", False, False),
        ("assumption", True, False),
        ("published [A43]; assumption: its use", True, True),
        ("the primary one", True, False),
        ("", True, False),
    ],
)
def test_an_assumption_in_part_counts_as_one_and_so_does_no_source(comment, assumed, in_part):
    found = source_of(comment)
    assert (found.is_assumed, found.is_assumed_in_part) == (assumed, in_part)


@pytest.mark.parametrize(
    ("comment", "rule", "remedy"),
    [
        ("pubished [A43]: x", "pubished is no kind of source", "did you mean published?"),
        ("published []", "name no row", "write it as"),
        ("published [Li H 2020]", "Li is no id of a row", "write it as"),
        ("Li H 2020 [A43]", "does not begin with a kind", "begin it with one of registry"),
    ],
)
def test_what_is_meant_as_a_source_and_is_none_is_refused(tmp_path, comment, rule, remedy):
    with pytest.raises(RuleError, match=r"."):
        source_of(comment)
    (problem,) = problems_of(tmp_path, f"target_randomised: 200  # {comment}")
    assert (problem.line, problem.key) == (3, "trial.target_randomised")
    assert rule in problem.rule
    assert remedy in problem.remedy


def problems_of(folder, line, old="target_randomised: 200"):
    path = folder / "mine.yaml"
    path.write_text(BARE.replace(old, line))
    with pytest.raises(ScenarioError) as caught:
        cited_rows(load_scenario(path))
    return caught.value.problems


@pytest.mark.parametrize(
    ("comment", "rule", "remedy"),
    [
        ("published [A430]", "is not a row of the evidence", "did you mean A43?"),
        ("published [A57]", "row A57 is derived", "call it derived"),
        ("registry [A43]", "row A43 is of no registry", "call it published"),
        ("derived [A43]; assumption [Z99x]", "is not a row of the evidence", "trialsim evidence"),
    ],
)
def test_a_row_that_does_not_exist_or_is_of_another_kind_is_refused(
    tmp_path, comment, rule, remedy
):
    (problem,) = problems_of(tmp_path, f"target_randomised: 200  # {comment}")
    assert (problem.line, problem.key) == (3, "trial.target_randomised")
    assert rule in problem.rule
    assert remedy in problem.remedy


def test_a_source_of_a_whole_part_is_refused_at_its_own_line(tmp_path):
    (problem,) = problems_of(tmp_path, "trial:  # published [Z99]", "trial:")
    assert (problem.line, problem.key) == (2, "trial")


@pytest.mark.parametrize("name", shipped_names())
def test_every_source_of_a_shipped_scenario_names_rows_and_they_exist(name):
    loaded = load_scenario(name)
    assert set(cited_rows(loaded)) <= set(read_evidence())
    for key, _, source in loaded.values():
        for part in source.parts:
            is_given = part.kind in (R, P, D)
            assert part.rows or not is_given, f"{key}: {source.text}"


def test_the_base_case_says_of_every_value_where_it_comes_from():
    loaded = load_scenario("nct05484908")
    assert not [line.key for line in assumptions(loaded) if line.kind is NONE]


def test_a_scenario_without_sources_is_all_assumptions(tmp_path):
    """Seven lines of values; a name, a title and what is off are none."""
    path = tmp_path / "mine.yaml"
    path.write_text(BARE)
    lines = assumptions(load_scenario(path))
    keys = ("trial.target_randomised", "trial.follow_up_days", "accrual", "hazard.baseline")
    assert [line.key for line in lines] == [*keys, "hazard.effect", "analyses[0].test"]
    assert {line.kind for line in lines} == {NONE}


def test_an_assumption_travels_with_its_kind_and_rows():
    line = next(a for a in assumptions(load_scenario("nct05484908")) if "meld_point" in a.key)
    assert (line.kind, line.rows) == (P, ("A43",))
    assert line.source.startswith("published [A43]: hazard ratio 1.082 a point")


def test_what_an_option_changes_is_an_assumption_of_its_own():
    loaded = load_scenario("nct05484908")
    keys = {"trial.target_randomised": 120, "hazard.meld_reference": 25, "title": "other"}
    varied = loaded.changed(keys, "--vary")
    assert varied.provenance["trial.target_randomised"] == NO_SOURCE
    found = {a.key for a in assumptions(varied)} - {a.key for a in assumptions(loaded)}
    assert found == {"trial.target_randomised", "hazard.meld_reference"}


# Evidence of one's own

OWN = """\
id,topic,quantity,n,count,count_kind,statistic,value,unit,citation,status,derived_from,derivation
own1,mortality,90-day mortality,40,20,deaths,estimate,50,%,Smith A. J Hepatol 2021;1:1-9,published,,
own2,mortality,difference from A12,,,,estimate,16.7,%,,derived,own1 A12,50 - 33.3
"""


def own(folder, rows=OWN, name="own.csv"):
    (folder / "own.csv").write_text(rows)
    path = folder / "mine.yaml"
    text = BARE.replace(
        "mortality_at_horizon: 0.5}", "mortality_at_horizon: 0.5}  # derived [own2]"
    )
    path.write_text(f"{text}evidence_file: {name}\n")
    return path


def test_rows_of_ones_own_add_to_the_shipped_ones(tmp_path, monkeypatch):
    """The file lies beside the scenario, wherever one stands."""
    loaded = load_scenario(own(tmp_path))
    assert list(cited_rows(loaded)) == ["own2", "own1", "A12"]
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert list(cited_rows(load_scenario("../mine.yaml"))) == ["own2", "own1", "A12"]


def test_an_evidence_file_that_is_not_there_or_is_wrong_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        cited_rows(load_scenario(own(tmp_path, name="other.csv")))
    with pytest.raises(ScenarioError, match="deaths exceed n = 40"):
        cited_rows(load_scenario(own(tmp_path, OWN.replace(",20,deaths", ",60,deaths"))))


def test_derived_rows_unfold_to_published_ones():
    found = unfolded(["A57"], read_evidence())
    assert list(found) == ["A57", "A58", "A01", "A59", "A02", "A60", "A05", "A61", "A06"]


# Values of the base case that follow from figures of the rows that they name


def figure(row, name="value"):
    return getattr(read_evidence()[row], name)


def per_session(row):
    """Of a share of patients over a course of three sessions, the share of one session."""
    return 1 - (1 - figure(row) / 100) ** (1 / figure("E01"))


FOLLOWS = {
    "modalities[0].shifts.bilirubin.remains_at_once": (lambda: 1 + figure("D01") / 100, 0.0005),
    "modalities[0].shifts.bilirubin.remains_at_24h": (lambda: 1 + figure("D02") / 100, 0.0005),
    "modalities[1].shifts.bilirubin.remains_at_once": (lambda: 1 + figure("D04") / 100, 0.0005),
    "modalities[1].shifts.bilirubin.remains_at_24h": (lambda: 1 + figure("D05") / 100, 0.0005),
    "modalities[1].shifts.platelets.remains_at_once": (
        lambda: 1 - (figure("D09a") + figure("D09b")) / 2,
        0.0005,
    ),
    "modalities[0].plasma_litres": (lambda: figure("E02") / 1000, 0),
    "modalities[1].plasma_litres": (lambda: figure("E03") / 1000, 0),
    "modalities[0].full_course_hazard_ratio": (lambda: figure("A75"), 0),
    "modalities[0].adverse_events.bleeding.probability": (lambda: per_session("F01"), 0.0005),
    "modalities[0].adverse_events.hypotension.probability": (lambda: figure("F11") / 100, 0.005),
    "arms[0].plan.sessions": (lambda: figure("E01"), 0),
    "trial.target_randomised": (lambda: figure("H19"), 0),
    "candidates.variables[9].median": (lambda: figure("C04"), 0),
    "candidates.variables[9].log_sd": (
        lambda: math.log(figure("C04", "q3") / figure("C04", "q1")) / 1.349,
        0.006,
    ),
    "hazard.log_hazard_ratio_per_meld_point": (lambda: math.log(figure("A43")), 0.002),
    "hazard.meld_reference": (lambda: figure("C02"), 0.5),
    "hazard.baseline.shares[0]": (lambda: 0.65 * figure("B11a"), 5e-6),
    "hazard.baseline.shares[2]": (lambda: 0.65 * figure("B11c"), 5e-6),
    "accrual.sites[0].randomised_per_month": (lambda: 60 / ((872 - 84) / 30.4375), 0.005),
}


@pytest.mark.parametrize("key", FOLLOWS)
def test_a_value_is_what_its_rows_say(key):
    """Within the digits of the scenario, or the rounding that the source tells of."""
    found, tolerance = FOLLOWS[key]
    loaded = load_scenario("nct05484908")
    assert loaded.provenance[key].rows
    assert loaded.value(key) == pytest.approx(found(), abs=tolerance)


def test_ranges_hold_the_values_that_name_them():
    """Machine time less 0.75 h of set-up, cost per session, days between sessions."""
    value = load_scenario("nct05484908").value
    hours = {"modalities[0]": ("E22a",), "modalities[1]": ("E22b", "E22c")}
    for modality, rows in hours.items():
        low, high = (sum(figure(row, end) for row in rows) / 60 for end in ("low", "high"))
        assert low <= value(f"{modality}.machine_hours") - 0.75 <= high
    assert figure("E21", "low") <= value("costs.per_session.PE") <= figure("E21", "high")
    assert (
        figure("E05b", "low") <= value("arms[0].plan.least_interval_days") <= figure("E05b", "high")
    )
