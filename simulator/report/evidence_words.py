"""Figures of rows of evidence in words, for text and documents."""

from math import isfinite

from simulator.results.evidence import CountKind, EvidenceRow, Statistic

_COUNTED = {
    CountKind.DEATHS: "died",
    CountKind.SURVIVORS: "survived",
    CountKind.DEATHS_OR_TRANSPLANTS: "died or had a transplant",
    CountKind.PATIENTS_WITH_EVENT: "had the event",
    CountKind.PATIENTS_TREATED: "were treated",
    CountKind.PATIENTS: "patients",
    CountKind.SESSIONS: "sessions",
    CountKind.EVENTS: "events",
}


def figure(row: EvidenceRow) -> str:
    """Return the figure of a row with its unit and its spread."""
    unit = f" {row.unit}"
    kind = row.statistic
    if kind is Statistic.COUNT:
        return counted(row)
    if kind is Statistic.TEXT:
        return row.value_text
    if kind is Statistic.RANGE:
        return f"{row.low:.6g} to {row.high:.6g}{unit}"
    before = {Statistic.BELOW: "below ", Statistic.ABOVE: "above "}.get(kind, "")
    text = f"{before}{row.value:.6g}{unit}"
    if kind is Statistic.MEAN:
        text = f"mean {text}" + (f" (SD {row.sd:.6g})" if isfinite(row.sd) else "")
    elif kind is Statistic.MEDIAN:
        text = f"median {text}"
        text += f" (quartiles {row.q1:.6g} to {row.q3:.6g})" if isfinite(row.q1) else ""
    elif isfinite(row.low):
        text += f" ({row.low:.6g} to {row.high:.6g})"
    return text


def counted(row: EvidenceRow) -> str:
    """Return the count of a row and what it counts; empty where it has none."""
    if row.count is None or row.count_kind is None:
        return ""
    what = _COUNTED[row.count_kind]
    if row.count_kind.is_of_patients and row.n is not None:
        return f"{row.count:,} of {row.n:,} {what}"
    return f"{row.count:,} {what}"


def interval(row: EvidenceRow) -> str:
    """Return the interval of a row; empty where it has none."""
    return f"{row.ci_low:.6g} to {row.ci_high:.6g}" if row.has_interval else ""


def of_whom(row: EvidenceRow) -> str:
    """Say in whom, under what and until when a figure was found."""
    day = f"day {row.time_days:.6g}" if isfinite(row.time_days) else ""
    return "; ".join(filter(None, (row.population, row.arm, day)))


def reference_text(row: EvidenceRow) -> str:
    """Return the citation of a published row; its address has the DOI, else the PMID."""
    return row.citation if row.citation.endswith(".") else f"{row.citation}."
