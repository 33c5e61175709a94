"""What a row of evidence must obey, each rule with its column and its remedy."""

import re
from collections.abc import Iterator
from datetime import date
from math import isfinite
from typing import NamedTuple

from calibration.evidence.units import UNITS, WORDS_ALONE
from simulator.results.evidence import CountKind, EvidenceRow, EvidenceStatus, Statistic
from simulator.scenario.errors import nearest

ID = re.compile(r"[A-Za-z][A-Za-z_-]*[0-9][A-Za-z0-9_-]*")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_PMID = re.compile(r"[1-9]\d{0,8}")
_REGISTRY = re.compile(r"[A-Za-z]{2,}[A-Za-z0-9-]*\d{4,}[A-Za-z0-9-]*")
_URL = re.compile(r"https?://(?!\d+\.\d+\.\d+\.\d+[:/])[\w.-]+\.[A-Za-z]{2,}([/:?#]\S*)?")

FIGURES = ("value", "low", "high", "ci_low", "ci_high", "q1", "q3")  # all in the row's unit
_NEEDED = {
    Statistic.ESTIMATE: ("value",),
    Statistic.MEAN: ("value",),
    Statistic.MEDIAN: ("value",),
    Statistic.RANGE: ("low", "high"),
    Statistic.BELOW: ("value",),
    Statistic.ABOVE: ("value",),
    Statistic.COUNT: ("count",),
    Statistic.TEXT: ("value_text",),
}


class Broken(NamedTuple):
    """A rule that a row breaks, in the words of `simulator.scenario.errors.Problem`."""

    column: str
    rule: str
    remedy: str


def broken_rules(row: EvidenceRow, decimals: int) -> Iterator[Broken]:
    """Yield the rules that a row breaks by itself.

    Parameters
    ----------
    row
        Of the right types; what names other rows is looked at by `broken_chains`.
    decimals
        Digits after the point of its value as written, for the percentage of a count.
    """
    yield from _identity(row)
    yield from _figure(row)
    yield from _unit(row)
    yield from _count(row, decimals)
    yield from _intervals(row)
    yield from _source(row)


def _identity(row: EvidenceRow) -> Iterator[Broken]:
    if not ID.fullmatch(row.id):
        yield Broken("id", "must be letters and a number", "write it as A42 or smith2021-os")
    if not row.quantity:
        yield Broken("quantity", "is empty", "say what was measured")


def _figure(row: EvidenceRow) -> Iterator[Broken]:
    kind = row.statistic
    for column in _NEEDED[kind]:
        found = getattr(row, column)
        if found is None or found == "" or (isinstance(found, float) and not isfinite(found)):
            yield Broken(column, f"is empty, and the statistic is {kind.value}", "give it")
    if kind in (Statistic.RANGE, Statistic.COUNT, Statistic.TEXT) and isfinite(row.value):
        yield Broken(
            "value", f"stands beside the statistic {kind.value}", "name another or drop it"
        )
    if isfinite(row.sd) and kind is not Statistic.MEAN:
        yield Broken("sd", "belongs to a mean", "write mean as the statistic")
    if isfinite(row.sd) and row.sd < 0:
        yield Broken("sd", "must be at least 0", "give the standard deviation")
    if (isfinite(row.q1) or isfinite(row.q3)) and kind is not Statistic.MEDIAN:
        yield Broken("q1", "quartiles belong to a median", "write median as the statistic")
    if isfinite(row.time_days) and row.time_days < 0:
        yield Broken("time_days", "must be at least 0", "count days from the start of treatment")


def _unit(row: EvidenceRow) -> Iterator[Broken]:
    if row.unit not in UNITS:
        near = nearest(row.unit, UNITS)
        remedy = f"did you mean {near}?" if near else f"known are {', '.join(UNITS)}"
        yield Broken("unit", "is not a known unit", remedy)
        return
    if row.unit in WORDS_ALONE:
        if row.statistic is not Statistic.TEXT:
            yield Broken("unit", "is of words alone", "write text as the statistic, or a unit")
        elif row.unit == "date" and not _is_date(row.value_text):
            yield Broken("value_text", "is no date", "write it as 2022-08-12")
        return
    limits = UNITS[row.unit]
    for column in FIGURES:
        found = getattr(row, column)
        if not isfinite(found):
            continue
        if not limits.least <= found <= limits.greatest or (limits.is_open and found == 0):
            yield Broken(column, f"{row.unit} {_allowed(row.unit)}", "correct it, or its unit")
    if row.statistic is Statistic.COUNT and row.count_kind is not None:
        unit = "patients" if row.count_kind.is_of_patients else row.count_kind.value
        if row.unit != unit:
            yield Broken("unit", f"of a count of {row.count_kind.value} is {unit}", f"write {unit}")


def _allowed(unit: str) -> str:
    least, greatest, is_open = UNITS[unit]
    if isfinite(greatest):
        return f"must lie between {least:g} and {greatest:g}"
    return f"must be {'above' if is_open else 'at least'} {least:g}"


def _count(row: EvidenceRow, decimals: int) -> Iterator[Broken]:
    if row.count is None:
        if row.count_kind is not None:
            yield Broken("count_kind", "stands without a count", "give the count or drop it")
        return
    if row.count_kind is None:
        kinds = ", ".join(kind.value for kind in CountKind)
        yield Broken("count_kind", "is empty, so what is counted is not known", f"one of {kinds}")
        return
    if not row.count_kind.is_of_patients or row.n is None:
        return
    if row.count > row.n:
        rule = f"{row.count_kind.value} exceed n = {row.n}"
        yield Broken("count", rule, "correct count, n or count_kind (sessions and events may)")
    elif row.unit == "%" and isfinite(row.value) and row.n:
        share = 100 * row.count / row.n
        if abs(share - row.value) > 0.5001 * 10.0**-decimals:
            rule = f"{row.count} of {row.n} is {share:.{decimals + 1}f} %, not {row.value:g} %"
            yield Broken("value", rule, "correct one of the three")


def _intervals(row: EvidenceRow) -> Iterator[Broken]:
    for low, high, words in (
        ("ci_low", "ci_high", "interval"),
        ("q1", "q3", "quartiles"),
        ("low", "high", "range"),
    ):
        least, greatest = getattr(row, low), getattr(row, high)
        if isfinite(least) != isfinite(greatest):
            empty = low if isfinite(greatest) else high
            yield Broken(empty, f"is empty: the {words} must have two ends", "give both or neither")
        elif not isfinite(least):
            continue
        elif least > greatest:
            yield Broken(low, f"the {words} must not end below its start", f"swap with {high}")
        elif isfinite(row.value) and not least <= row.value <= greatest:
            rule = f"the {words} {least:g} to {greatest:g} must hold value = {row.value:g}"
            yield Broken(low, rule, "correct one of the three")
        elif low == "ci_low" and not isfinite(row.value):
            yield Broken("value", "an interval stands without its estimate", "give the estimate")


def _source(row: EvidenceRow) -> Iterator[Broken]:
    if row.status is EvidenceStatus.PUBLISHED:
        if len(row.citation) < 8:
            remedy = "give authors, journal, year and pages, or say that they are not known"
            yield Broken("citation", "a published row must have its citation in full", remedy)
        if row.derived_from:
            remedy = "write derived as the status, or drop the rows"
            yield Broken("derived_from", "stands beside the status published", remedy)
    else:
        if not row.derived_from:
            remedy = "name the rows, separated by spaces"
            yield Broken("derived_from", "a derived row must name its rows", remedy)
        if not row.derivation:
            yield Broken("derivation", "a derived row must say how", "write the formula")
    for column, pattern, form in (
        ("doi", _DOI, "10.1000/xyz123, without address"),
        ("pmid", _PMID, "30758886"),
        ("registry_id", _REGISTRY, "NCT05484908"),
        ("url", _URL, "https://host.org/page; no IP address"),
    ):
        found = getattr(row, column)
        if found and not pattern.fullmatch(found):
            yield Broken(column, "is not well-formed", f"write it as {form}")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
