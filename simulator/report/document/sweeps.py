"""Sensitivity analyses: sweeps, each with its difference from the plan and the paired error."""

from simulator.report.document.arm_words import with_arm
from simulator.report.document.assumptions import label
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import Dossier, analysis_named, plan_note
from simulator.report.document.figure_citations import shown_in
from simulator.report.document.numbers import (
    DASH,
    LEFT_OUT,
    capital,
    count,
    interval,
    joined,
    known,
    listed,
    number,
    percent,
    points,
    points_with_error,
    rounded_mean,
    uncapital,
    whole_percent,
)
from simulator.report.document.power import rate_name
from simulator.results.base import Value
from simulator.results.flow import flow
from simulator.results.measures import Judgement, NullHypothesis
from simulator.results.size import PATIENTS
from simulator.results.sweep import PointPower, Sweep, SweepPoint

_PAIRED = f"Differences are paired: every point uses the same random numbers. {LEFT_OUT}"


def sweep_blocks(dossier: Dossier) -> list[Block]:
    """Each sweep in words and in a table."""
    blocks: list[Block] = []
    for place, sweep in enumerate(dossier.sweeps):
        if sweep.points:
            name = f"sweep-{place}"
            blocks.append(Paragraph(_sweep_in_words(dossier, sweep, name)))
            blocks.append(_sweep_table(dossier, sweep, name))
    return blocks


def sensitivity_sentence(dossier: Dossier) -> str:
    """Say for a form's box what power is at the ends of each sweep over one number; else empty."""
    return joined(_ends(dossier, sweep) for sweep in dossier.sweeps if len(sweep.keys) == 1)


def _ends(dossier: Dossier, sweep: Sweep) -> str:
    (key,) = sweep.keys
    points = [p for p in _in_order(sweep) if known(p.values[key]) and not p.is_base]
    if not points or sweep.null_hypothesis is not NullHypothesis.NONE:
        return ""
    name = _analysis(dossier, sweep)
    if name != dossier.power.primary.name:
        return ""
    own = sweep.base.get(key)
    beside = f" instead of {number(own, None, 3)}" if known(own) else ""
    first, last = points[0], points[-1]
    said = (
        f"With the {uncapital(label(dossier, key))} at {_at(first, key)}{beside}, power "
        f"would be {_power_at(first, name)}"
    )
    if last is not first:
        said += f"; at {_at(last, key)}, {_power_at(last, name)}"
    return f"{said}."


def _at(point: SweepPoint, key: str) -> str:
    value = point.values[key]
    return number(value, None, 3) if known(value) else _value(value)


def _power_at(point: SweepPoint, name: str) -> str:
    """Return power at a point, and how many are recruited where that is the limit."""
    found = _of(point, name)
    shown = percent(found.power, found.mcse)
    if not point.recruitment_is_the_limit:
        return shown
    return f"{shown} ({rounded_mean(point.randomised)} recruited)"


def _analysis(dossier: Dossier, sweep: Sweep) -> str:
    """Name of the primary analysis, where a sweep has it; else of the first that it has."""
    names = [a.name for a in sweep.points[0].analyses]
    wanted = dossier.power.primary.name
    return wanted if wanted in names else names[0]


def _of(point: SweepPoint, name: str) -> PointPower:
    return next((a for a in point.analyses if a.name == name), point.analyses[0])


def _sweep_in_words(dossier: Dossier, sweep: Sweep, table: str) -> str:
    name = _analysis(dossier, sweep)
    keys = listed([uncapital(label(dossier, key)) for key in sweep.keys])
    found = [_of(point, name) for point in sweep.points]
    low, high = (pick(found, key=lambda a: a.power) for pick in (min, max))
    text = (
        f"[#{table}] varies {keys} in the scenario {literal(sweep.scenario)}, with "
        f"{count(sweep.trials)} simulated trials per point (seed {sweep.seed}). The "
        f"{rate_name(sweep.null_hypothesis)} of {analysis_named(dossier.power, name)} lies between "
        f"{percent(low.power, low.mcse)} and {percent(high.power, high.mcse)}."
    )
    words = [text, _drawn_in(dossier, sweep)]
    words += [_not_analysable(sweep, found), _clear_differences(sweep, found)]
    if sweep.null_hypothesis is NullHypothesis.NONE:
        words.append(_reaching(sweep, found))
    words += _families(sweep)
    return joined(words)


def _drawn_in(dossier: Dossier, sweep: Sweep) -> str:
    """Say which figure draws a sweep: that of the first over as many keys."""
    figures = {1: "power_curve", 2: "heat_map"}
    first = next(s for s in dossier.sweeps if len(s.keys) == len(sweep.keys))
    name = figures.get(len(sweep.keys))
    return shown_in(dossier, name) if name is not None and sweep is first else ""


def _families(sweep: Sweep) -> list[str]:
    """Say how often analyses judged together reject anything, from point to point."""
    said = []
    for place, family in enumerate(sweep.points[0].families):
        found = [point.families[place].any for point in sweep.points]
        low, high = (pick(found, key=lambda a: a.power) for pick in (min, max))
        said.append(
            f"At least one hypothesis of {literal(family.name)} "
            f"({literal(family.method.replace('_', ' '))}) is rejected in "
            f"{percent(low.power, low.mcse)} to {percent(high.power, high.mcse)} of trials."
        )
    return said


def _not_analysable(sweep: Sweep, found: list[PointPower]) -> str:
    """Say how many trials of a point have no result; empty where all have one."""
    least, most = (pick(a.not_analysable for a in found) for pick in (min, max))
    if not most:
        return ""
    between = count(most) if least == most else f"{count(least)} to {count(most)}"
    return (
        f"Of the {count(sweep.trials)} trials per point {between} "
        f"(at most {percent(most / sweep.trials)}) are not analysable and count as no rejection."
    )


def _clear_differences(sweep: Sweep, found: list[PointPower]) -> str:
    """Say how many points differ from the plan by more than chance."""
    others = [
        a
        for a, point in zip(found, sweep.points, strict=True)
        if known(a.difference) and known(a.paired_mcse) and not point.is_base
    ]
    if not others:
        return ""
    clear = sum(a.differs_from_base for a in others)
    return (
        "It differs from the plan by more than 1.96 paired standard errors at "
        f"{clear or 'none'} of the {len(others)} other points."
    )


def _reaching(sweep: Sweep, found: list[PointPower]) -> str:
    target = whole_percent(sweep.threshold)
    judgements = [a.judgement for a in found]
    enough = judgements.count(Judgement.ADEQUATE)
    unclear = sum(j in (Judgement.INCONCLUSIVE, Judgement.TOO_FEW_TRIALS) for j in judgements)
    if judgements.count(Judgement.UNDERPOWERED) == len(found):
        return f"No point reaches {target}."
    text = f"Of {len(found)} points, {enough or 'none'} reach{'es' if enough == 1 else ''} {target}"
    near = judgements.count(Judgement.AT_TARGET)
    if near:
        text += f", {near} {'meets' if near == 1 else 'meet'} it to within the Monte Carlo error"
    if unclear:
        text += f" and {unclear} {'is' if unclear == 1 else 'are'} inconclusive"
    return f"{text}, by the limits of their intervals."


def _sweep_table(dossier: Dossier, sweep: Sweep, table: str) -> Table:
    name = _analysis(dossier, sweep)
    heads = [label(dossier, key) for key in sweep.keys]
    rate = capital(rate_name(sweep.null_hypothesis))
    is_told = tells_randomised(sweep)
    return Table(
        caption=f"{rate} of {analysis_named(dossier.power, name)} by "
        f"{listed([uncapital(head) for head in heads])}.",
        header=(
            *heads,
            *(("Randomised",) * is_told),
            rate,
            "95% interval",
            "Difference from plan, points",
            *(f"Mortality {with_arm(arm)}" for arm in sweep.points[0].mortality),
        ),
        rows=tuple(_row(sweep, point, _of(point, name)) for point in _in_order(sweep)),
        note=joined([_PAIRED, _limit_note(sweep), _plan_note(dossier, sweep, name)]),
        name=table,
        words=(),
    )


def _plan_note(dossier: Dossier, sweep: Sweep, name: str) -> str:
    """Say what is quoted for the plan, where the table has a row of it; else empty."""
    has_plan = any(point.is_base for point in sweep.points)
    return plan_note(dossier, name, sweep.trials) if has_plan else ""


def tells_randomised(sweep: Sweep) -> bool:
    """Whether patients randomised are shown: their number is varied, or cannot be recruited."""
    return PATIENTS in sweep.keys or any(p.recruitment_is_the_limit for p in sweep.points)


def _limit_note(sweep: Sweep) -> str:
    """Say where recruitment is the limit; empty where it is nowhere."""
    short = sum(point.recruitment_is_the_limit for point in sweep.points)
    if not short:
        return ""
    return (
        f"{literal('*')}: recruitment is the limit, at {short} of {len(sweep.points)} points: most "
        "trials there randomise fewer patients than planned, and the rate is that of the patients "
        "randomised, shown as their mean."
    )


def _in_order(sweep: Sweep) -> list[SweepPoint]:
    """Return the points by their values where these are numbers, else as they were asked for."""
    values = [tuple(point.values[key] for key in sweep.keys) for point in sweep.points]
    if not all(known(value) for row in values for value in row):
        return list(sweep.points)
    return [sweep.points[k] for k in sorted(range(len(values)), key=values.__getitem__)]


def _row(sweep: Sweep, point: SweepPoint, a: PointPower) -> tuple[str, ...]:
    cells = [literal(_value(point.values[key])) for key in sweep.keys]
    if point.is_base:
        cells[0] += " (plan)"
    if tells_randomised(sweep):
        mark = "*" if point.recruitment_is_the_limit else ""
        cells.append(literal(rounded_mean(point.randomised) + mark))
    return (
        *cells,
        percent(a.power, a.mcse),
        interval(a.ci_low, a.ci_high, threshold=sweep.threshold),
        DASH if point.is_base else _difference(a),
        *(percent(entry.mean) for entry in point.mortality.values()),
    )


def _value(found: Value) -> str:
    if isinstance(found, int) and not isinstance(found, bool):
        return count(found)
    return f"{found:.4g}" if isinstance(found, float) else flow(found)


def _difference(a: PointPower) -> str:
    if not known(a.difference):
        return DASH
    if not known(a.paired_mcse) or a.paired_mcse == 0:
        return points(a.difference)
    return points_with_error(a.difference, a.paired_mcse)
