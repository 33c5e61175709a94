"""The simulation in the order of ADEMP, with its equations."""

from simulator.report.document.blocks import Block, Equation, Heading, Paragraph, Table, literal
from simulator.report.document.material import (
    Mapped,
    Material,
    has_sessions,
    operations,
    planned_patients,
    primary,
    test_in_short,
    title,
    value,
)
from simulator.report.document.numbers import (
    DASH,
    capital,
    count,
    error_of,
    known,
    number,
    percent,
    plus_minus,
    points,
)
from simulator.report.document.outcome import effect_sentence, in_points
from simulator.report.document.verdict import is_power, rate_name

_POWER = r"\hat{\pi} = \frac{r}{n}"
_POWER_SPOKEN = "pi hat equals r divided by n"
_ERROR = r"\mathrm{SE}(\hat{\pi}) = \sqrt{\frac{\tilde{p}(1-\tilde{p})}{n+4}}"
_ERROR += r", \quad \tilde{p} = \frac{r+2}{n+4}"
_ERROR_SPOKEN = (
    "the standard error of pi hat equals the square root of p tilde times one minus p tilde, "
    "divided by n plus four, where p tilde equals r plus two divided by n plus four"
)


def simulation_blocks(material: Material) -> list[Block]:
    """Aims, data-generating mechanisms, estimands, methods, performance measures."""
    return [
        Paragraph("The simulation is reported in the order of ADEMP [@ademp]."),
        Heading("Aims", 2),
        Paragraph(_aims(material)),
        Heading("Data-generating mechanisms", 2),
        *_mechanisms(material),
        Heading("Estimands", 2),
        *_estimands(material),
        Heading("Methods", 2),
        Paragraph(_methods(material)),
        Heading("Performance measures", 2),
        *_measures(material),
        Heading("How to repeat it", 2),
        *_repeat(material),
    ]


def _aims(material: Material) -> str:
    first, patients = (
        test_in_short(primary(material)),
        count(planned_patients(material)),
    )
    what = f"the {rate_name(material)} of {first} and of the analyses beside it"
    return (
        f"To estimate {what} in a trial that is to randomise {patients} patients, and the chance "
        "that the trial can be carried out as planned."
    )


def _mechanisms(material: Material) -> list[Block]:
    latex, spoken, where = hazard_model(material)
    text = "Each trial is simulated patient by patient: candidates are referred, "
    text += "screened and randomised" if len(operations(material)["funnel"]) > 1 else "randomised"
    if has_sessions(material):
        text += ", and sessions wait for a machine, a nurse and plasma"
    text += f". {effect_sentence(material)} The hazard of death from the liver of patient "
    return [
        Paragraph(text + "*i*, *s* days after randomisation, is"),
        Equation(latex, spoken),
        Paragraph(where),
    ]


def hazard_model(material: Material) -> tuple[str, str, str]:
    """Hazard of death as this scenario uses it: LaTeX, as it is read out, and what stands for what.

    Factors that the scenario switches off are left out; without its values all are kept.
    """
    latex, spoken = r"h_i(s) = h_0(s)", "h of i at s equals h nought of s"
    where = ["*h*₀ is the baseline hazard"]
    if _used(material, "hazard.log_hazard_ratio_per_meld_point"):
        latex += r" \, \exp\{\beta\,(M_i(s) - M_{\mathrm{ref}})\}"
        spoken += ", times the exponential of beta times M of i at s minus M ref"
        where.append("*M* is MELD, held for each day, and β its log hazard ratio a point")
    if _used(material, "hazard.covariates"):
        latex += r" \, \exp\{\gamma^{\top}(z_i - c)\}"
        spoken += ", times the exponential of gamma transposed times z of i minus c"
        where.append("*z* are baseline covariates about their centres *c*")
    if _used(material, "hazard.frailty_log_sd"):
        latex += r" \, w_i"
        spoken += ", times w of i"
        where.append("*w* is a lognormal frailty of mean 1")
    if _used(material, "hazard.drift"):
        latex += r" \, d_i"
        spoken += ", times d of i"
        where.append("*d* is the drift of mortality while the trial recruits")
    latex += r" \, \mathrm{HR}_i(s)"
    spoken += ", times HR of i at s"
    where.append(
        "HR is the effect of treatment, and of infections and serious adverse events where they "
        "change the hazard"
    )
    return latex, spoken, f"where {'; '.join(where)}. Other exits have constant hazards."


def _used(material: Material, key: str) -> bool:
    entries = [
        e
        for e in material.values
        if e["key"] == key or e["key"].startswith(f"{key}.") or e["key"].startswith(f"{key}[")
    ]
    if not entries:
        return not material.values
    return any(e["value"] not in (None, 0, "null", "") for e in entries)


def _estimands(material: Material) -> list[Block]:
    rows = tuple(
        (literal(a["name"]), literal(capital(a["estimand"])), _truth(a))
        for a in material.power["analyses"]
    )
    return [
        Paragraph(
            "[#estimands] has the estimand of each analysis, in terms of ICH E9(R1) [@e9], and its "
            "true value: that of many patients of the scenario, in the world that the estimand "
            "supposes."
        ),
        Table(
            caption="Analyses, their estimands and true values.",
            header=("Analysis", "Estimand", "True value"),
            rows=rows,
            note="Differences of proportions are in percentage points, marked pp. ± is the Monte "
            "Carlo standard error.",
            name="estimands",
            words=(0, 1),
            widths=(1.4, 5, 1.6),
        ),
    ]


def _truth(analysis: Mapped) -> str:
    p = analysis["performance"]
    if not known(p["truth"]):
        return DASH
    return _estimate(analysis, p["truth"], p["truth_mcse"])


def _estimate(analysis: Mapped, found: float, error: float | None) -> str:
    scale = 100 if in_points(analysis) else 1
    unit = " pp" if in_points(analysis) else ""
    if not known(error) or not error:
        return (points(found) if unit else number(found, None, 3)) + unit
    return plus_minus(number(scale * found, scale * error), error_of({"mcse": error}, scale)) + unit


def _methods(material: Material) -> str:
    lines = [f"{title(a)} at {100 * a['alpha']:g}%" for a in material.power["analyses"]]
    return (
        f"Every simulated trial is analysed by each of the following at its level: "
        f"{', '.join(lines)}. All analyses see the same trials."
    )


def _measures(material: Material) -> list[Block]:
    rate = rate_name(material)
    blocks: list[Block] = [
        Paragraph(
            f"The {rate} is the share of all trials that reject; a trial without a result is no "
            "rejection. With *r* rejections in *n* trials it is estimated by"
        ),
        Equation(_POWER, _POWER_SPOKEN),
        Paragraph("with the Monte Carlo standard error of Agresti and Coull [@agresti]"),
        Equation(_ERROR, _ERROR_SPOKEN),
        Paragraph(
            "and Wilson's 95% interval [@wilson]. Bias and coverage of each estimate are in "
            "[#performance]" + _type_s_and_m(material)
        ),
        _performance_table(material),
    ]
    return blocks


def _type_s_and_m(material: Material) -> str:
    if not is_power(material):
        return "."
    return (
        "; so are, among the trials that reject, the share whose estimate has the wrong sign and "
        "the number of times by which estimates exceed the true size on average [@gelman]."
    )


def _performance_table(material: Material) -> Table:
    signs = is_power(material)
    rows = []
    for a in material.power["analyses"]:
        p = a["performance"]
        cells = [literal(a["name"]), _bias(a, p), _share(p, "coverage")]
        if signs:
            cells += [_share(p, "sign_error"), _times(p)]
        rows.append(tuple(cells))
    return Table(
        caption="Performance of the estimates (± Monte Carlo standard error).",
        header=("Analysis", "Bias", "Coverage, %", *(("Wrong sign, %", "Times too large") * signs)),
        rows=tuple(rows),
        note="pp: percentage points. A dash: nothing to tell, as where no interval is made.",
        name="performance",
    )


def _bias(analysis: Mapped, p: Mapped) -> str:
    return _estimate(analysis, p["bias"], p["bias_mcse"]) if known(p["bias"]) else DASH


def _share(p: Mapped, key: str) -> str:
    if not known(p[key]):
        return DASH
    error = p.get(f"{key}_mcse")
    if not known(error) or not error:
        return percent(p[key])[:-1]
    return plus_minus(number(100 * p[key], 100 * error, 2), error_of({"mcse": error}, 100, 2))


def _times(p: Mapped) -> str:
    if not known(p["exaggeration"]):
        return DASH
    error = p["exaggeration_mcse"]
    if not known(error) or not error:
        return number(p["exaggeration"], None, 1)
    return plus_minus(number(p["exaggeration"], error, 2), error_of({"mcse": error}, 1, 2))


def _repeat(material: Material) -> list[Block]:
    p, manifest = material.power, material.manifest
    text = (
        f"{count(p['trials'])} trials, seed {p['seed']}, {literal(p['engine'])} engine, trialsim "
        f"{literal(p['version'])}. A trial is a function of scenario, seed and its number, so the "
        "run gives the same digits again."
    )
    if manifest.get("command"):
        text += f" Command: “{literal(_command(manifest['command']))}”."
    versions = manifest.get("versions")
    if isinstance(versions, dict) and versions:
        found = ", ".join(f"{literal(name)} {literal(v)}" for name, v in versions.items())
        text += f" Versions: {found}."
    target = value(material, "name") or p["scenario"]
    return [Paragraph(f"Scenario {literal(target)}: {text}")]


def _command(found: object) -> str:
    return " ".join(map(str, found)) if isinstance(found, list | tuple) else str(found)
