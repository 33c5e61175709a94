"""A baseline hazard as a page of text: its sources, its pieces, and what goes into a scenario."""

import math
from collections.abc import Iterator
from pathlib import Path

from simulator.report.text.numbers import NO_NUMBER, rounded
from simulator.report.text.page import Block, Bold, Command, Section, apart
from simulator.report.text.tables import new_table
from simulator.results.baseline import BaselineHazard, BaselineSource, Heterogeneity

_AGREE = 0.05  # p value below which sources are said to differ
_YAML_WIDTH = 76
_MOST_SOURCES = 6  # on a screen


def _head(answer: BaselineHazard) -> Iterator[Block]:
    number = len(answer.sources)
    yield Bold(
        f"Baseline hazard to day {answer.horizon_days:g} from {number} "
        f"source{'s' * (number != 1)}, trialsim {answer.version}"
    )


def _sources(answer: BaselineHazard, most: int | None = None) -> Iterator[Block]:
    until = f"mortality by day {answer.horizon_days:g}"
    curves = any(source.kind == "curve" for source in answer.sources)
    heads = ["source", "read as", "patients", "deaths", *["censored"] * curves, "fit - read"]
    table = new_table(*heads, "to day", until, "+-", words=("source", "read as"))
    for source in answer.sources[:most]:
        is_curve = source.kind == "curve"
        cells = [
            source.name,
            source.kind,
            rounded(source.patients, 0),
            rounded(source.deaths, 0),
        ]
        if curves:
            cells.append(rounded(source.censored, 0) if is_curve else NO_NUMBER)
        cells += [
            _gaps(source),
            f"{source.last_day:g}",
            _percent(source.mortality_at_horizon),
            _percent(source.mortality_se),
        ]
        table.add_row(*cells)
    yield table
    if most is not None and len(answer.sources) > most:
        yield f"and {len(answer.sources) - most} more, which --full lists"
    yield "fit - read: survival fitted less survival read, on average and where farthest apart."
    if any(not source.patients.is_integer() for source in answer.sources if source.patients > 0):
        yield "Patients of a pooled survival: as many as would give its confidence interval."


def _gaps(source: BaselineSource) -> str:
    """Mean and largest gap, with their signs."""
    if not math.isfinite(source.mean_fit_gap):
        return NO_NUMBER
    # No sign where rounding leaves nothing.
    gaps = (100 * source.mean_fit_gap, 100 * source.largest_fit_gap)
    return ", ".join("0.0%" if abs(gap) < 0.05 else f"{gap:+.1f}%" for gap in gaps)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if math.isfinite(share) else NO_NUMBER


def _pieces(answer: BaselineHazard) -> Iterator[Block]:
    table = new_table(
        "days",
        "share of hazard",
        "+-",
        "95 % interval",
        "by its end",
        "+-",
        "deaths per patient-day",
    )
    is_alone = len(answer.intervals) == 1  # its share is 1, whatever the data
    for piece in answer.intervals:
        interval = f"{_percent(piece.share_low)} to {_percent(piece.share_high)}"
        table.add_row(
            f"{piece.start_day:g} to {piece.end_day:g}",
            _percent(piece.share),
            _percent(piece.share_se) if not is_alone else NO_NUMBER,
            interval if math.isfinite(piece.share_low) and not is_alone else NO_NUMBER,
            _percent(piece.share_by_end),
            _percent(piece.share_by_end_se) if piece is not answer.intervals[-1] else NO_NUMBER,
            f"{piece.hazard_per_day:.3g}",
        )
    yield table
    notes = ["+- is the standard error."]
    if any(math.isnan(source.patients) for source in answer.sources):
        notes = ["No standard errors: the source does not say of how many patients (column n)."]
    if any(source.kind == "points" for source in answer.sources):
        notes.append("Assumption: nobody read as points was censored before the last day.")
    last = max(source.last_day for source in answer.sources)
    if last < answer.horizon_days:
        notes.append(f"Assumption: after day {last:g}, where the sources end, the hazard goes on.")
    yield " ".join(notes)


def _agreement(answer: BaselineHazard) -> Iterator[Block]:
    """Say whether the sources agree in shape, and in level."""
    if len(answer.sources) < 2:
        return
    yield f"Shape: {_differ(answer.shape, 'when patients die')}"
    yield f"Level: {_differ(answer.level, 'how many die')}"


def _differ(test: Heterogeneity, what: str) -> str:
    if not test.degrees_of_freedom:
        return f"the sources share nothing in which they could differ in {what}."
    found = (
        f"chi-square {test.chi_square:.2f} on {test.degrees_of_freedom} "
        f"degree{'s' * (test.degrees_of_freedom != 1)} of freedom, p = {_p(test.p_value)}"
    )
    said = f"the sources differ in {what} ({found})"
    if test.p_value >= _AGREE:
        said = f"no sign that the sources differ in {what} ({found})"
    if test.error_factor > 1:
        said += f"; errors are multiplied by {test.error_factor:.2f} for it"
    return f"{said}."


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _verdict(answer: BaselineHazard) -> Iterator[Block]:
    yield Bold(
        f"For a scenario (mortality {_percent(answer.mortality_at_horizon)} +- "
        f"{_percent(answer.mortality_se)}):"
    )
    yield Command("hazard:")
    yield Command("  baseline:")
    yield Command("    kind: piecewise")
    yield Command(f"    horizon_days: {answer.horizon_days:g}")
    yield Command(
        f"    mortality_at_horizon: {answer.mortality_at_horizon:.4g}  "
        "# write solved where mortality_targets has the control"
    )
    yield from _yaml_list("days", [f"{day:g}" for day in answer.days])
    yield from _yaml_list("shares", [f"{share:g}" for share in answer.shares])
    yield "Approximation: a cohort's hazard in place of a patient's (model page, section 7.4)."


def _yaml_list(key: str, items: list[str]) -> Iterator[Block]:
    """A list in brackets, over more than one line where it is long."""
    line = f"    {key}: ["
    for place, item in enumerate(items):
        last = place == len(items) - 1
        piece = f"{item}]" if last else f"{item},"
        if len(line) + len(piece) > _YAML_WIDTH:
            yield Command(line.rstrip())
            line = "      "
        line += piece if last else f"{piece} "
    yield Command(line)


def baseline_screen(answer: BaselineHazard, width: int, run: Path | None) -> list[Block]:
    """Return the page for one screen: long lists of sources are shortened."""
    del width
    parts = [
        [*_head(answer), *_sources(answer, _MOST_SOURCES)],
        _pieces(answer),
        _agreement(answer),
        _verdict(answer),
        [f"Figure and tables: {run}"] if run is not None else [],
    ]
    return list(apart(parts))


BASELINE_SECTIONS = (
    Section("head", _head),
    Section("sources", _sources),
    Section("pieces", _pieces),
    Section("agreement", _agreement),
    Section("scenario", _verdict),
)
