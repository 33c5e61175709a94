"""The simulation in the order of ADEMP, with its equations."""

from simulator.report.document.after_stopping import after_stopping_blocks
from simulator.report.document.blocks import Block, Equation, Heading, Paragraph, Table, literal
from simulator.report.document.dossier import (
    Dossier,
    planned_patients,
    test_in_short,
    title,
)
from simulator.report.document.execution import execution_blocks
from simulator.report.document.figure_citations import shown_in
from simulator.report.document.numbers import (
    DASH,
    LEFT_OUT,
    capital,
    count,
    joined,
    known,
    listed,
    number,
    percent,
    percent_with_error,
    whole_percent,
    with_error,
)
from simulator.report.document.outcome import effect_sentence
from simulator.report.document.power import rate_name
from simulator.results.measures import Estimate, Scale
from simulator.results.power import AnalysisPower, Power

_POWER = r"\hat{\pi} = \frac{r}{n}"
_POWER_SPOKEN = "pi hat equals r divided by n"
_ERROR = r"\mathrm{SE}(\hat{\pi}) = \sqrt{\frac{\tilde{p}(1-\tilde{p})}{n+4}}"
_ERROR += r", \quad \tilde{p} = \frac{r+2}{n+4}"
_ERROR_SPOKEN = (
    "the standard error of pi hat equals the square root of p tilde times one minus p tilde, "
    "divided by n plus four, where p tilde equals r plus two divided by n plus four"
)


_UNITS = {Scale.PROPORTION: " pp", Scale.DAYS: " days", Scale.MELD_POINTS: " points"}


def simulation_blocks(dossier: Dossier) -> list[Block]:
    """Aims, data-generating mechanisms, estimands, methods, performance measures."""
    power = dossier.power
    return [
        Paragraph("The simulation is reported in the order of ADEMP [@ademp]."),
        Heading("Aims", 2, "section-aims"),
        Paragraph(_aims(dossier)),
        Heading("Data-generating mechanisms", 2, "section-mechanisms"),
        *_mechanisms(dossier),
        Heading("Estimands", 2, "section-estimands"),
        *_estimands(power),
        Heading("Methods", 2, "section-methods"),
        Paragraph(_methods(power)),
        Heading("Performance measures", 2, "section-measures"),
        *_measures(power),
        Heading("Execution", 2, "section-execution"),
        *execution_blocks(dossier),
        Heading("How to repeat it", 2, "section-repeat"),
        Paragraph(_how_to_repeat(dossier)),
    ]


def _aims(dossier: Dossier) -> str:
    power, patients = dossier.power, count(planned_patients(dossier))
    others = " and of the secondary and sensitivity analyses" if power.analyses[1:] else ""
    return (
        f"To estimate the {rate_name(power.null_hypothesis)} of {test_in_short(power.primary)}"
        f"{others} in a trial that is to randomise {patients} patients, and the probability that "
        "the trial can be carried out as planned."
    )


def _mechanisms(dossier: Dossier) -> list[Block]:
    latex, spoken, where = hazard_model(dossier)
    o = dossier.power.operations
    text = "Each trial is simulated patient by patient: candidates are referred"
    text += ", screened and randomised" if len(o.funnel) > 1 else " and randomised"
    if o.has_sessions:
        text += ", and sessions wait for a machine, a nurse and plasma"
    text += f". {effect_sentence(dossier.power)} The hazard of liver-related death of patient "
    return [
        Paragraph(text + "*i*, *s* days after randomisation, is"),
        Equation(latex, spoken),
        Paragraph(joined([where, shown_in(dossier, "meld")])),
    ]


def hazard_model(dossier: Dossier) -> tuple[str, str, str]:
    """Hazard of death as this scenario uses it: LaTeX, as it is read out, and what stands for what.

    Factors that the scenario switches off are left out; without its values all are kept.
    """
    latex, spoken = r"h_i(s) = h_0(s)", "h of i at s equals h nought of s"
    where = ["*h*₀ is the baseline hazard"]
    if _used(dossier, "hazard.log_hazard_ratio_per_meld_point"):
        latex += r" \, \exp\{\beta\,(M_i(s) - M_{\mathrm{ref}})\}"
        spoken += ", times the exponential of beta times M of i at s minus M ref"
        where.append(
            "*M* is MELD, held for each day, *M*ref the MELD at which the hazard is the baseline "
            "hazard, and β the log hazard ratio per point"
        )
    if _used(dossier, "hazard.covariates"):
        latex += r" \, \exp\{\gamma^{\top}(z_i - c)\}"
        spoken += ", times the exponential of gamma transposed times z of i minus c"
        where.append(
            "*z* are baseline covariates about their centres *c*, and "
            "\N{GREEK SMALL LETTER GAMMA} their log hazard ratios"
        )
    if _used(dossier, "hazard.frailty_log_sd"):
        latex += r" \, w_i"
        spoken += ", times w of i"
        where.append("*w* is a lognormal frailty of mean 1")
    if _used(dossier, "hazard.drift"):
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


def _used(dossier: Dossier, key: str) -> bool:
    entries = [
        e
        for e in dossier.values
        if e.key == key or e.key.startswith(f"{key}.") or e.key.startswith(f"{key}[")
    ]
    if not entries:
        return not dossier.values
    return any(e.value not in (None, 0, "null", "") for e in entries)


def _estimands(power: Power) -> list[Block]:
    rows = tuple((title(a), literal(capital(a.estimand)), _truth(a)) for a in power.analyses)
    return [
        Paragraph(
            "[#estimands] has the estimand of each analysis, in terms of ICH E9(R1) [@e9], and its "
            "true value: that of many simulated patients of the scenario with complete follow-up, "
            "nobody lost and no visit missed, in whom intercurrent events are treated by the "
            "strategies of the estimand: they happen and count as it says or, where an analysis "
            "takes an event for loss, do not happen."
        ),
        Table(
            caption="Analyses, their estimands and true values.",
            header=("Analysis", "Estimand", "True value"),
            rows=rows,
            note="Differences of proportions are in percentage points, marked pp; ratios are on "
            f"the log scale. {LEFT_OUT}",
            name="estimands",
            words=(0, 1),
            widths=(1.4, 5, 1.6),
        ),
    ]


def _truth(analysis: AnalysisPower) -> str:
    p = analysis.performance
    return _estimate(analysis.scale, p.truth, p.truth_mcse)


def _estimate(scale: Scale, found: float | None, error: float | None) -> str:
    if not known(found):
        return DASH
    factor, unit = 100 if scale is Scale.PROPORTION else 1, _UNITS.get(scale, "")
    if not known(error) or not error:
        return number(factor * found, None, 3) + unit
    return with_error(Estimate(factor * found, factor * error)) + unit


def _methods(power: Power) -> str:
    levels = {(a.hypothesis.sides, a.alpha) for a in power.analyses}
    sides, alpha = min(levels)
    each = f"a {sides} level of {whole_percent(alpha)}"
    if len(levels) > 1:
        mixed = len({sides for sides, _ in levels}) > 1
        lines = [
            " ".join(filter(None, (title(a), mixed * a.hypothesis.sides, whole_percent(a.alpha))))
            for a in power.analyses
        ]
        each = f"its {'own' if mixed else sides} level ({'; '.join(lines)})"
    if len(power.analyses) == 1:
        return f"Every simulated trial is analysed by {test_in_short(power.primary)}, at {each}."
    return (
        "Every simulated trial is analysed by each analysis of [#power], which the section on the "
        f"analysis names in full, at {each}. All analyses see the same trials."
    )


def _conditional(power: Power) -> list[Block]:
    """How power is estimated with deaths averaged out, where it was asked for."""
    found = power.primary.conditional
    if found is None:
        return []
    return [
        Paragraph(
            f"Beside the counts the {rate_name(power.null_hypothesis)} is estimated by conditional "
            "expectation [@blackwell]. Each trial is simulated again without liver-related deaths "
            "and without a limited unit. What the analysis would decide from the deaths that the "
            "hazards of that run bring, less its expectation over them, has mean zero and serves "
            "as a control variate [@glasserman], so that the estimate is unbiased whatever that "
            f"run leaves out. Its coefficient comes from the first {count(found.pilot_trials)} "
            "trials, which are left out; the standard error is from the spread over the others."
        )
    ]


def _measures(power: Power) -> list[Block]:
    misled = (
        "; so are, among the trials that reject, the type S error, which is the share of estimates "
        "of the wrong sign, and the type M error, which is the exaggeration ratio, the mean size "
        "of an estimate over the true size [@gelman]."
    )
    return [
        Paragraph(
            f"The {rate_name(power.null_hypothesis)} is the share of all trials that reject; a "
            "trial that is not analysable is no rejection. With *r* rejections in *n* trials it is "
            "estimated by"
        ),
        Equation(_POWER, _POWER_SPOKEN),
        Paragraph("with the Monte Carlo standard error of Agresti and Coull [@agresti]"),
        Equation(_ERROR, _ERROR_SPOKEN),
        Paragraph(
            "and Wilson's 95% interval [@wilson]. Bias and coverage of each estimate are in "
            "[#performance]" + (misled if power.verdict.is_power else ".")
        ),
        *_conditional(power),
        _performance_table(power),
        *after_stopping_blocks(power),
    ]


def _performance_table(power: Power) -> Table:
    signs = power.verdict.is_power
    rows = []
    for a in power.analyses:
        p = a.performance
        cells = [
            title(a),
            count(p.estimates),
            _estimate(a.scale, p.bias, p.bias_mcse),
            _share(p.coverage, p.coverage_mcse),
        ]
        if signs:
            cells += [
                _share(p.sign_error, p.sign_error_mcse),
                _ratio(p.exaggeration, p.exaggeration_mcse),
            ]
        rows.append(tuple(cells))
    return Table(
        caption="Performance of the estimates.",
        header=(
            "Analysis",
            "Trials with an estimate",
            "Bias",
            "Coverage, %",
            *(("Type S error, %", "Type M error (ratio)") * signs),
        ),
        rows=tuple(rows),
        note=f"Of {count(power.trials)} simulated trials. pp: percentage points. A dash: nothing "
        f"to tell, as where no interval is made.{_rests_on(power, signs=signs)} {LEFT_OUT}",
        name="performance",
    )


def _rests_on(power: Power, *, signs: bool) -> str:
    """Say what rests on other trials than those with an estimate: intervals, rejections."""
    fewer = [
        f"{literal(a.name)} {count(a.performance.intervals)}"
        for a in power.analyses
        if known(a.performance.coverage) and a.performance.intervals < a.performance.estimates
    ]
    text = f" Trials with an interval: {', '.join(fewer)}." if fewer else ""
    if signs:
        told = [
            f"{literal(a.name)} {count(a.performance.significant)}"
            for a in power.analyses
            if known(a.performance.sign_error)
        ]
        text += f" Type S and M errors are of the trials that reject: {', '.join(told)}." * bool(
            told
        )
    return text


def _share(found: float | None, error: float | None) -> str:
    if not known(found):
        return DASH
    if not known(error) or not error:
        return percent(found)[:-1]
    return percent_with_error(Estimate(found, error))


def _ratio(found: float | None, error: float | None) -> str:
    if not known(found):
        return DASH
    if not known(error) or not error:
        return number(found, None, 1)
    return with_error(Estimate(found, error))


def _how_to_repeat(dossier: Dossier) -> str:
    power, made = dossier.power, dossier.provenance
    target = dossier.value("name") or power.scenario
    text = (
        f"Scenario {literal(target)}: {count(power.trials)} trials, seed {power.seed}, "
        f"{literal(power.engine)} engine, trialsim {literal(power.version)}. A trial is a function "
        "of scenario, seed and its number, so the run gives the same digits again."
    )
    if made.command:
        text += f" Command: “{literal(made.command)}”."
    if made.more:
        commands = listed([f"“{literal(command)}”" for command in made.more])
        text += f" The sensitivity analyses are made by {commands}."
    if made.versions:
        found = ", ".join(f"{literal(name)} {literal(v)}" for name, v in made.versions.items())
        text += f" Versions: {found}."
    return text
