"""Size by arm, and what share of trials each analysis rejects in."""

from simulator.report.document.blocks import Paragraph, Table, literal
from simulator.report.document.limits import no_result_sentence
from simulator.report.document.material import (
    Mapped,
    Material,
    arms,
    operations,
    planned_by_arm,
    planned_patients,
    primary,
    test_in_short,
    title,
)
from simulator.report.document.numbers import (
    count,
    error_of,
    interval,
    known,
    listed,
    number,
    percent,
)
from simulator.report.document.size import consequence
from simulator.report.document.verdict import (
    Reading,
    is_power,
    judgement,
    rate,
    rate_name,
    reading,
    threshold,
)

_MOST_ROWS_OF_A_PAGE = 8
_MOSTLY = 0.95  # a target reached so often needs no second number beside it


def size_words(material: Material) -> str:
    """Planned number of patients, by arm where the ratio divides it."""
    total, by_arm = planned_patients(material), planned_by_arm(material)
    if by_arm is None:
        return f"{count(total)} patients"
    if len(set(by_arm)) == 1:
        return f"{count(total)} patients ({by_arm[0]} per arm)"
    split = listed([f"{n} to {literal(a)}" for n, a in zip(by_arm, arms(material), strict=True)])
    return f"{count(total)} patients ({split})"


def planned_words(material: Material) -> str:
    """Planned number of patients, and how many come where those are fewer."""
    words, o = f"{size_words(material)} planned", operations(material)
    if o["target_reached"]["mean"] > _MOSTLY:
        return words
    mean = number(o["randomised"]["mean"], o["randomised"]["mcse"], 1)
    return f"{words} and {mean} randomised on average"


def power_sentence(material: Material) -> str:
    """Power of the primary analysis with its error, and what it amounts to."""
    first, name = primary(material), rate_name(material)
    text = (
        f"With {planned_words(material)}, the {name} of {test_in_short(first)} is "
        f"{rate(material, first)}. {judgement(material)}"
    )
    return " ".join(filter(None, [text, consequence(material)]))


def direction_sentence(material: Material) -> str:
    """Say which arm the rejections favour."""
    first = primary(material)
    shares = [
        f"{literal(arm)} in {percent(n / first['trials'])}" for arm, n in first["favouring"].items()
    ]
    return f"Rejections favour {listed(shares)} of trials."


def wrong_sign_sentence(material: Material) -> str:
    """Say how far significant estimates mislead; empty where that is not known, or no power."""
    p = primary(material)["performance"]
    if not is_power(material) or not known(p["sign_error"]) or not known(p["exaggeration"]):
        return ""
    # Too few rejections give no error, and then no number either.
    if not known(p["sign_error_mcse"]) or not known(p["exaggeration_mcse"]):
        return ""
    return (
        f"Among the trials that reject, {percent(p['sign_error'], p['sign_error_mcse'], 2)} have "
        "an estimate of the wrong sign, and estimates are on average "
        f"{number(p['exaggeration'], p['exaggeration_mcse'], 2)} times the true size (Monte Carlo "
        f"standard errors {error_of({'mcse': p['sign_error_mcse']}, 100, 2)} percentage points and "
        f"{error_of({'mcse': p['exaggeration_mcse']}, 1, 2)})."
    )


def power_blocks(material: Material) -> list[Paragraph | Table]:
    """Power by analysis in words and in a table."""
    gelman = wrong_sign_sentence(material)
    words = [
        power_sentence(material),
        direction_sentence(material),
        f"{gelman[:-1]} [@gelman]." if gelman else "",
        no_result_sentence(material),
        "[#power] has every analysis; intervals are Wilson's [@wilson].",
    ]
    found: list[Paragraph | Table] = [
        Paragraph(" ".join(filter(None, words))),
        power_table(material),
    ]
    if material.power["multiplicity"]:
        found.append(_families_table(material))
    return found


def power_table(material: Material, *, short: bool = False) -> Table:
    """Share of trials in which each analysis rejects."""
    analyses = material.power["analyses"]
    chosen = analyses[:_MOST_ROWS_OF_A_PAGE] if short else analyses
    any_without = any(a["not_analysable"] for a in analyses)
    name, names = rate_name(material), arms(material)
    note = "The first analysis is the primary one."
    if len(chosen) < len(analyses):
        note += f" {len(analyses) - len(chosen)} more were simulated."
    note += f" {count(material.power['trials'])} simulated trials, seed {material.power['seed']}."
    return Table(
        caption=f"{name[0].upper()}{name[1:]} by analysis.",
        header=(
            "Analysis",
            name[0].upper() + name[1:],
            "Monte Carlo error, points",
            "95% interval",
            *(f"Favours {literal(arm)}" for arm in names),
            *(("No result",) * any_without),
        ),
        rows=tuple(_row(material, a, any_without) for a in chosen),
        note=note,
        name="power",
    )


def _row(material: Material, a: Mapped, any_without: bool) -> tuple[str, ...]:
    cells = (
        title(a),
        percent(a["power"], a["mcse"], 2),
        error_of(a, 100, 2),
        interval(a["ci_low"], a["ci_high"], threshold=threshold(material)),
        *(percent(n / a["trials"], a["mcse"]) for n in a["favouring"].values()),
    )
    return (*cells, count(a["not_analysable"])) if any_without else cells


def _families_table(material: Material) -> Table:
    rows = [
        (
            literal(family["name"]),
            literal(family["method"].replace("_", " ")),
            percent(family["any"]["mean"], family["any"]["mcse"]),
            percent(family["all"]["mean"], family["all"]["mcse"]),
        )
        for family in material.power["multiplicity"]
    ]
    return Table(
        caption="Analyses judged together: share of trials that reject at least one, and all.",
        header=("Family", "Method", "At least one", "All"),
        rows=tuple(rows),
        name="families",
        words=(0, 1),
    )


def power_heading(material: Material) -> str:
    """Heading of the section on power, or on what stands in its place."""
    headings = {Reading.LEVEL: "Type I error", Reading.EQUAL_HAZARDS: "Rejections"}
    return headings.get(reading(material), "Power")
