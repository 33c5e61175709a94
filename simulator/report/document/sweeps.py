"""What was varied: sweeps, each with its difference from the plan and the paired error."""

from simulator.report.document.assumptions import label
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.material import Mapped, Material, analysis_named, primary
from simulator.report.document.numbers import (
    DASH,
    capital,
    count,
    error_of,
    interval,
    known,
    listed,
    percent,
    plus_minus,
    points,
    uncapital,
)
from simulator.report.document.verdict import is_power, rate_name, threshold

_TWO_SIDED = 1.96


def sweep_blocks(material: Material) -> list[Block]:
    """Each sweep in words and in a table."""
    blocks: list[Block] = []
    for place, sweep in enumerate(material.sweeps):
        if sweep["points"]:
            table = _sweep_table(material, sweep, place)
            blocks += [Paragraph(_sweep_words(material, sweep, table.name)), table]
    return blocks


def _analysis(material: Material, sweep: Mapped) -> str:
    """The primary analysis, where a sweep has it; else the first that it has."""
    names = [a["name"] for a in sweep["points"][0]["analyses"]]
    wanted = primary(material)["name"]
    return str(wanted if wanted in names else names[0])


def _of(point: Mapped, name: str) -> Mapped:
    found: Mapped = next((a for a in point["analyses"] if a["name"] == name), point["analyses"][0])
    return found


def _sweep_words(material: Material, sweep: Mapped, table: str) -> str:
    name, rate = _analysis(material, sweep), rate_name(material)
    keys = listed([uncapital(label(material, key)) for key in sweep["keys"]])
    found = [_of(point, name) for point in sweep["points"]]
    low, high = min(found, key=_power), max(found, key=_power)
    text = (
        f"[#{table}] varies {keys} in the scenario {literal(sweep['scenario'])}, with "
        f"{count(sweep['trials'])} simulated trials a point (seed {sweep['seed']}). The {rate} of "
        f"{analysis_named(material, name)} lies between {percent(low['power'], low['mcse'])} and "
        f"{percent(high['power'], high['mcse'])}."
    )
    words = [text, _told_from_base(sweep, found)]
    if is_power(material):
        words.append(_reaches(material, found))
    return " ".join(filter(None, words))


def _power(analysis: Mapped) -> float:
    return float(analysis["power"])


def _told_from_base(sweep: Mapped, found: list[Mapped]) -> str:
    """Say how many points differ from the plan by more than chance."""
    pairs = [
        (a["difference"], a["paired_mcse"])
        for a, point in zip(found, sweep["points"], strict=True)
        if known(a["difference"]) and known(a["paired_mcse"]) and not _is_base(sweep, point)
    ]
    if not pairs:
        return ""
    clear = sum(abs(difference) > _TWO_SIDED * error for difference, error in pairs)
    return (
        f"It differs from the plan by more than {_TWO_SIDED} paired standard errors at "
        f"{clear or 'none'} of the {len(pairs)} other points."
    )


def _reaches(material: Material, found: list[Mapped]) -> str:
    wanted = threshold(material)
    usual = f"{100 * wanted:.0f}%"
    enough = sum(a["ci_low"] >= wanted for a in found)
    short = sum(a["ci_high"] < wanted for a in found)
    if short == len(found):
        return f"No point reaches {usual}."
    unclear = len(found) - enough - short
    text = f"Of {len(found)} points, {enough or 'none'} reach{'es' if enough == 1 else ''} {usual}"
    if unclear:
        text += f" and {unclear} cannot be told from it"
    return f"{text}, by the limits of their intervals."


def _is_base(sweep: Mapped, point: Mapped) -> bool:
    return all(sweep["base"].get(key) == value for key, value in point["values"].items())


def _sweep_table(material: Material, sweep: Mapped, place: int) -> Table:
    name, keys = _analysis(material, sweep), list(sweep["keys"])
    names = list(sweep["points"][0].get("mortality") or {})
    rows = []
    for point in sweep["points"]:
        a = _of(point, name)
        cells = [literal(_value(point["values"][key])) for key in keys]
        if _is_base(sweep, point):
            cells[0] += " (plan)"
        rows.append(
            (
                *cells,
                percent(a["power"], a["mcse"]),
                interval(a["ci_low"], a["ci_high"], threshold=threshold(material)),
                DASH if _is_base(sweep, point) else _difference(a),
                *(percent(entry["mean"], most=1) for entry in point["mortality"].values()),
            )
        )
    heads = [label(material, key) for key in keys]
    rate = rate_name(material)
    return Table(
        caption=f"{capital(rate)} of {analysis_named(material, name)} by "
        f"{listed([uncapital(head) for head in heads])}.",
        header=(
            *heads,
            capital(rate),
            "95% interval",
            "Difference from the plan, points",
            *(f"Mortality, {literal(arm)}" for arm in names),
        ),
        rows=tuple(rows),
        note="Differences are paired: every point uses the same random numbers. ± is their "
        "Monte Carlo standard error.",
        name=f"sweep-{place}",
        words=(),
    )


def _value(found: object) -> str:
    if isinstance(found, int) and not isinstance(found, bool):
        return count(found)
    if found is None or isinstance(found, bool):
        return {None: "null", True: "true", False: "false"}[found]
    return f"{found:g}" if isinstance(found, float) else str(found)


def _difference(analysis: Mapped) -> str:
    difference, error = analysis["difference"], analysis["paired_mcse"]
    if not known(difference):
        return DASH
    if not known(error) or error == 0:
        return points(difference)
    return plus_minus(points(difference, error, 2), error_of({"mcse": error}, 100, 2))
