"""The shipped evidence holds every figure that was collected; the schema refuses what breaks it."""

import csv
import math
import re
from pathlib import Path

import pytest

from calibration.evidence import (
    COLUMNS,
    CountKind,
    EvidenceStatus,
    Statistic,
    read_evidence,
)
from simulator.scenario.errors import ScenarioError

# Ids and figures as they were collected, before they were parted into columns and rows.
COLLECTED = Path(__file__).parents[1] / "data" / "figures_of_evidence.csv"
NUMBER = re.compile(r"\d+(?:\.\d+)?")

GOOD = {
    "id": "X1",
    "topic": "mortality",
    "quantity": "28-day mortality",
    "n": "50",
    "count": "10",
    "count_kind": "deaths",
    "statistic": "estimate",
    "value": "20",
    "unit": "%",
    "ci_low": "10",
    "ci_high": "33",
    "citation": "Smith A. J Hepatol 2021;1:1-9",
    "doi": "10.1000/abc",
    "status": "published",
}


def collected():
    with COLLECTED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(evidence, collected_id):
    """Rows that a collected one became: itself, or itself with a letter."""
    return [row for key, row in evidence.items() if re.fullmatch(f"{collected_id}[a-z]?", key)]


def numbers_in(row):
    numeric = ("n", "count", "value", "sd", "q1", "q3", "low", "high", "ci_low", "ci_high")
    found = [getattr(row, name) for name in (*numeric, "time_days")]
    words = (row.value_text, row.note, row.quantity, row.population)
    told = [float(text) for one in words for text in NUMBER.findall(one)]
    return {float(one) for one in found if one is not None and not math.isnan(one)} | set(told)


def test_every_collected_row_is_there():
    evidence = read_evidence()
    assert len(collected()) == 180
    assert [row["id"] for row in collected() if not rows_of(evidence, row["id"])] == []


@pytest.mark.parametrize("row", collected(), ids=lambda row: row["id"])
def test_every_collected_figure_is_there(row):
    found = set().union(*map(numbers_in, rows_of(read_evidence(), row["id"])))
    ends_of_range = row["value"].replace("+-", " ").replace("-", " ")
    cells = (row["n"], row["events"], ends_of_range, row["unit"], row["ci_low"], row["ci_high"])
    signed = {abs(number) for number in found}
    for text in (*cells, row["time_days"]):
        for number in NUMBER.findall(re.sub(r"log10|3_0", "", text)):
            assert float(number) in signed, f"{number} of {row['id']}"


def test_figures_that_were_not_numbers_are_now():
    """Of the collected values 77 were no numbers; what has none now is words by nature."""
    assert sum(not re.fullmatch(r"-?\d+(\.\d+)?", row["value"]) for row in collected()) == 77
    words = [key for key, row in read_evidence().items() if row.statistic is Statistic.TEXT]
    expected = "A36 D14 E18 E19b H01 H02 H03 H04 H05 H20 H22 I01 I02 I03 I04 I05 I06"
    assert words == expected.split()


@pytest.mark.parametrize(
    ("row", "figures"),
    [
        ("C01", {"value": 43.2, "sd": 11.1, "n": 303}),
        ("C06", {"value": 137, "q1": 63, "q3": 325}),
        ("D01", {"value": -42.3, "sd": 7.2}),
        ("D07a", {"value": 0.33}),
        ("D07b", {"value": 0.35}),
        ("E04", {"low": 5000, "high": 6000}),
        ("A24", {"count": 62, "count_kind": CountKind.SURVIVORS, "n": 104}),
        ("E16", {"count": 606, "count_kind": CountKind.SESSIONS, "n": 106}),
        ("E19a", {"count": 473, "count_kind": CountKind.SESSIONS, "n": 232}),
        ("F05", {"count": 70, "count_kind": CountKind.PATIENTS_WITH_EVENT, "n": 181}),
    ],
)
def test_parted_figures(row, figures):
    found = read_evidence()[row]
    assert {name: getattr(found, name) for name in figures} == figures


def test_no_address_of_a_mirror_is_a_reference():
    mirrors = ("proxy", "vukou", "folio-dev", "sigmaaldrich", "distantreader", "bohrium")
    for row in read_evidence().values():
        assert not any(word in row.url for word in mirrors), row.id
        assert not row.doi or not row.url, f"{row.id}: a DOI needs no address"


def test_published_rows_are_cited_and_say_so_where_authors_are_not_known():
    published = [r for r in read_evidence().values() if r.status is EvidenceStatus.PUBLISHED]
    assert all(row.citation for row in published)
    unknown = [row.id for row in published if row.citation.startswith("[authors not stated]")]
    assert "A05" in unknown
    assert "A42" not in unknown


# Derived figures, from the figures of the rows that they name.


def survival(row):
    return read_evidence()[row].value / 100


def close(found, expected, digits):
    assert found == pytest.approx(expected, abs=0.5001 * 10.0**-digits)


def test_derived_shares_of_the_hazard():
    log, value = math.log, lambda row: read_evidence()[row].value
    close(value("B09"), log(survival("A20")) / log(survival("A21")), 3)
    close(value("B10"), log(1 - survival("A11")) / log(1 - survival("A12")), 3)
    close(value("B12"), log(1 - survival("A13")) / log(1 - survival("A14")), 3)
    at = [0.0, *(-log(survival(row)) for row in ("B05", "B06", "B07", "B08"))]
    for week, row in enumerate(("B11a", "B11b", "B11c", "B11d")):
        close(value(row), (at[week + 1] - at[week]) / at[4], 3)


def test_derived_rebound_recruitment_costs_and_hours():
    value = lambda row: read_evidence()[row].value  # noqa: E731
    close(value("D17"), (value("D01") - value("D02")) / value("D01"), 3)
    close(value("D18"), (value("D04") - value("D05")) / value("D04"), 3)
    close(value("G01"), value("A08") - value("A07"), 1)
    close(value("G01"), value("A10") - value("A09"), 1)
    close(value("G03"), 100 * (1 - survival("G02") ** (84 / 365)), 1)
    close(value("H07"), 60 / (872 / 30.4375), 2)
    costs = [
        value(cost) * value(share) / 100 / value(sessions)
        for cost, share, sessions in zip(
            ("E20a", "E20b", "E20c"), ("E20d", "E20e", "E20f"), ("E13", "E14", "E15"), strict=True
        )
    ]
    per_session = read_evidence()["E21"]
    close(per_session.low, min(costs), 0)
    close(per_session.high, max(costs), 0)
    for row, litres in (("E22a", 2000), ("E22c", 1000)):
        rate = read_evidence()["E17b"]
        close(read_evidence()[row].low, litres / rate.high, 0)
        close(read_evidence()[row].high, litres / rate.low, 0)


def test_derived_meld_at_the_centre_values():
    """9.57 ln Cr + 3.78 ln TBIL + 11.20 ln INR + 6.43, in mg/dL."""
    value = lambda row: read_evidence()[row].value  # noqa: E731
    creatinine, bilirubin, inr = value("C04") / 88.4, value("C05") / 17.1, value("C03")
    rest = 3.78 * math.log(bilirubin) + 11.20 * math.log(inr) + 6.43
    close(value("C29a"), 9.57 * math.log(max(creatinine, 1)) + rest, 2)
    close(value("C29b"), 9.57 * math.log(creatinine) + rest, 2)


def test_derived_counts_agree_with_the_percentages_that_they_come_from():
    evidence = read_evidence()
    for row in evidence.values():
        if row.status is EvidenceStatus.DERIVED and row.statistic is Statistic.COUNT:
            source = evidence[row.derived_from[0]]
            share = 100 * row.count / row.n
            survives = "survival" in source.quantity
            told = 100 - source.value if survives else source.value
            assert share == pytest.approx(told, abs=0.051), row.id  # one row is cut, not rounded


def test_derived_pooled_ratio_is_the_fixed_effect_of_its_four_counts():
    evidence = read_evidence()
    row = evidence["A57"]
    counts = [(evidence[one].count, evidence[one].n) for one in row.derived_from]
    logs, weights = [], []
    for (a, n), (b, m) in (counts[:2], counts[2:]):
        logs.append(math.log((a / n) / (b / m)))
        weights.append(1 / (1 / a - 1 / n + 1 / b - 1 / m))
    pooled = sum(w * x for w, x in zip(weights, logs, strict=True)) / sum(weights)
    half = 1.959964 / math.sqrt(sum(weights))
    close(row.value, math.exp(pooled), 3)
    close(row.ci_low, math.exp(pooled - half), 2)
    close(row.ci_high, math.exp(pooled + half), 2)


# Bad files


def written(folder, *rows, head=tuple(GOOD)):
    path = folder / "own.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_file_of_ones_own_needs_few_columns(tmp_path):
    found = read_evidence(written(tmp_path, GOOD))
    assert list(found) == ["X1"]
    assert found["X1"].n == 50
    assert found["X1"].has_interval
    assert found["X1"].arm == ""


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"citation": ""}, "citation", "must have its citation in full"),
        ({"count": "60"}, "count", "deaths exceed n = 50"),
        ({"count_kind": ""}, "count_kind", "what is counted is not known"),
        ({"count_kind": "death"}, "count_kind", "did you mean deaths?"),
        ({"count": "11"}, "value", "11 of 50 is 22.0 %, not 20 %"),
        ({"ci_low": "21"}, "ci_low", "must hold value = 20"),
        ({"ci_low": "40"}, "ci_low", "must not end below its start"),
        ({"ci_high": ""}, "ci_high", "must have two ends"),
        ({"value": "120", "ci_high": "130"}, "value", "between 0 and 100"),
        ({"unit": "percent"}, "unit", "is not a known unit"),
        ({"unit": ""}, "unit", "is not a known unit"),
        ({"unit": "text"}, "unit", "is of words alone"),
        ({"value": "0", "unit": "hazard ratio", "ci_low": "0"}, "value", "must be above 0"),
        ({"value": "43.2+-11.1"}, "value", "must be one finite number"),
        ({"value": "20,5"}, "value", "decimal point"),
        ({"value": "nan"}, "value", "must be one finite number"),
        ({"value": "1e999"}, "value", "must be one finite number"),
        ({"n": "50.5"}, "n", "must be a whole number"),
        ({"n": "-3"}, "n", "must be a whole number"),
        ({"doi": "https://doi.org/10.1000/abc"}, "doi", "is not well-formed"),
        ({"status": "derived"}, "derived_from", "must name its rows"),
        ({"status": "proven"}, "status", "is not a known word"),
        ({"topic": ""}, "topic", "is empty"),
        ({"id": "A 1"}, "id", "must be letters and a number"),
        ({"statistic": "range"}, "low", "is empty, and the statistic is range"),
        ({"quantity": ""}, "quantity", "is empty"),
    ],
)  # fmt: skip
def test_a_row_that_breaks_a_rule_is_named_by_line_row_and_column(tmp_path, change, column, rule):
    with pytest.raises(ScenarioError) as error:
        read_evidence(written(tmp_path, {**GOOD, "id": "X0"}, GOOD | change))
    found = [p for p in error.value.problems if p.key == f"{change.get('id', 'X1')}.{column}"]
    assert found, str(error.value)
    assert found[0].line == 3
    assert rule in str(found[0])
    assert found[0].remedy


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("sd", "3", "belongs to a mean"),
        ("q1", "3", "belong to a median"),
        ("pmid", "PMID 1", "is not well-formed"),
        ("registry_id", "NCT", "is not well-formed"),
        ("url", "http://192.0.2.1:8081/1", "no IP address"),
        ("time_days", "-1", "must be at least 0"),
        ("derived_from", "X0", "stands beside the status published"),
    ],
)
def test_other_columns_have_their_rules(tmp_path, column, text, rule):
    with pytest.raises(ScenarioError, match=re.escape(rule)):
        read_evidence(written(tmp_path, GOOD | {column: text}, head=(*GOOD, column)))


def test_rows_that_are_derived_name_rows_and_not_themselves(tmp_path):
    head = (*GOOD, "derived_from", "derivation")
    derived = GOOD | {"status": "derived", "citation": "", "doi": "", "derivation": "a sum"}
    unknown = derived | {"derived_from": "X2"}
    with pytest.raises(ScenarioError, match=r"X1.derived_from = X2: is not a row of the evidence"):
        read_evidence(written(tmp_path, unknown, head=head))
    circle = derived | {"derived_from": "X2"}, derived | {"id": "X2", "derived_from": "X1"}
    with pytest.raises(ScenarioError, match="is derived from itself in the end"):
        read_evidence(written(tmp_path, *circle, head=head))
    shipped = derived | {"derived_from": "A42 A43"}
    found = read_evidence(written(tmp_path, shipped, head=head), read_evidence())
    assert found["X1"].derived_from == ("A42", "A43")


def test_ids_are_unique_among_ones_own_and_the_shipped(tmp_path):
    with pytest.raises(ScenarioError, match=r"own\.csv:3: X1: is the id of a row of line 2 too"):
        read_evidence(written(tmp_path, GOOD, GOOD))
    taken = written(tmp_path, GOOD | {"id": "A42"})
    with pytest.raises(ScenarioError, match="is the id of a row of the shipped evidence too"):
        read_evidence(taken, read_evidence())


def test_a_source_is_cited_in_one_way(tmp_path):
    other = GOOD | {"id": "X2", "citation": "Smith 2021, J Hepatol"}
    with pytest.raises(ScenarioError, match=r"X2.citation.*is not how row X1 cites the same DOI"):
        read_evidence(written(tmp_path, GOOD, other))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (",".join(COLUMNS).encode(), "has no rows"),
        (b"id,topic\nX1,mortality\n", "quantity: this column is missing"),
        (b"id,topic,quantity,statistic,unit,status,citation,valeu\n", "did you mean value?"),
        (b"id,id,topic,quantity,statistic,unit,status,citation\n", "stands twice"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"id,topic,quantity,statistic,unit,status,citation\nX1,2\n", "has 2 cells where the head"),
        (b'id,topic,quantity,statistic,unit,status,citation\n"X1,2\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_evidence(tmp_path, content, rule):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=re.escape(rule)):
        read_evidence(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_evidence(tmp_path / "none.csv")
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_evidence(tmp_path)
