"""The answer of `power` as a page of text."""

import math
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.report.text.numbers import (
    count_of,
    number,
    percent,
    plain,
    plain_percent,
    share_in_words,
    value_or_dash,
)
from simulator.report.text.tables import new_table, print_table
from simulator.report.words import (
    LEVEL_WORDS,
    RATES,
    below_level_in_words,
    biases_in_words,
    effect_in_words,
)
from simulator.results.measures import CONVENTIONAL_POWER, Judgement, Verdict
from simulator.results.operations import ByArm, Operations, UnitUse
from simulator.results.power import AnalysisPower, FamilyPower, Performance, Power, PriorReport

_ADVICE = "trialsim scenarios {name} lists every value with its source"


def print_power(answer: Power, console: Console) -> None:
    """Print what a designer needs first, then what stands behind it."""
    _print_head(answer, console)
    print_table(_power_table(answer), console)
    console.print()
    print_table(_estimates_table(answer), console)
    _print_estimates_explained(answer, console)
    _print_loss_explained(answer, console)
    if answer.agreement:
        console.print()
        print_table(_agreement_table(answer), console)
    for family in answer.multiplicity:
        console.print()
        print_table(_family_table(family), console)
    operations = answer.operations
    console.print()
    print_table(_patients_table(operations), console)
    _print_recruitment(operations, console)
    if operations.has_sessions:
        console.print()
        print_table(_sessions_table(operations), console)
        _print_unit(operations, console)
    for a in answer.analyses:
        for arm, report in a.prior.items():
            console.print(f"{a.name}, {prior_in_words(arm, report)}")
    _print_sources(answer, console)
    if len(operations.funnel) > 1:
        console.print()
        console.print(_funnel_table(operations))


def _print_head(answer: Power, console: Console) -> None:
    console.print(Text(f"{answer.scenario}: {answer.title}", style="bold"))
    console.print(
        f"{answer.trials:,} trials, seed {answer.seed}, {answer.engine} engine, "
        f"trialsim {answer.version}. +- is the Monte Carlo standard error (MCSE)."
    )
    console.print(f"Effect: {effect_in_words(answer.effect, answer.arms)}.")
    for words in biases_in_words(answer.selection_bias, answer.drift):
        console.print(f"Biased: {words}.")
    console.print()
    console.print(Text(verdict_in_words(answer), style="bold"))
    if answer.operations.recruitment_is_the_limit:
        console.print(Text(_limit_in_words(answer.operations), style="bold"))
    console.print()


def _limit_in_words(o: Operations) -> str:
    return (
        f"RECRUITMENT IS THE LIMIT: of {o.target_randomised:,} planned patients "
        f"{number(o.randomised)} are randomised on average; the target is reached in "
        f"{o.target_reached.mean:.1%} of trials. What is told is the power with these."
    )


def verdict_in_words(answer: Power) -> str:
    """Say in a sentence or two what the primary analysis can do."""
    first, verdict = answer.primary, answer.verdict
    rate = RATES[answer.null_hypothesis]
    found = (
        f"{rate} ({first.test.full}) {first.power:.1%} (95 % interval {first.ci_low:.1%} to "
        f"{first.ci_high:.1%})"
    )
    if first.not_analysable:
        found += (
            f", {count_of(first.not_analysable, first.trials)} of {first.trials:,} trials not "
            "analysable, which count as no rejection"
        )
    if verdict.judgement is Judgement.EQUAL_HAZARDS:
        return f"EQUAL HAZARDS, arms treated as they are: {found}; this is no type I error."
    if verdict.is_level:
        kept = LEVEL_WORDS[verdict.judgement]
        return f"TYPE I ERROR: {found}; this {kept} its nominal level of {first.alpha:.1%}."
    arm, favoured = list(first.in_favour_of.items())[-1]
    found = (
        f"{found}, in favour of {arm} {favoured.power:.1%} (95 % interval {favoured.ci_low:.1%} "
        f"to {favoured.ci_high:.1%})"
    )
    target = f"{100 * verdict.target_power:.10g}%"
    if verdict.judgement is Judgement.INCONCLUSIVE:
        return (
            f"INCONCLUSIVE at this precision: {found}; the interval contains the target of "
            f"{target}: run more trials."
        )
    rates = mortality_in_words(answer.operations.mortality)
    if verdict.judgement is Judgement.UNDERPOWERED:
        return (
            f"UNDERPOWERED for the assumed effect: {found}; {_target(verdict)}; "
            f"{rates}.{_below_level(answer)}"
        )
    return f"ADEQUATELY POWERED for the assumed effect: {found}; {_target(verdict)}; {rates}."


def _below_level(answer: Power) -> str:
    """Say why power is below the nominal level; empty where it is not."""
    words = below_level_in_words(answer)
    return f" {words}" if words else ""


def mortality_in_words(mortality: ByArm) -> str:
    """Say what the mortality of each arm is, or that it has none: nobody was randomised to it."""
    empty = [arm for arm, share in mortality.items() if math.isnan(share.mean)]
    if len(empty) == len(mortality):
        return "nobody was randomised, so that there is no estimate of mortality"
    rates = ", ".join(
        f"{share.mean:.1%} under {arm}" for arm, share in mortality.items() if arm not in empty
    )
    nobody = f"; nobody was randomised to {empty[0]}" if empty else ""
    return f"mortality is {rates}{nobody}"


def _target(verdict: Verdict) -> str:
    """The target power, which is the conventional one unless the user says otherwise."""
    kind = "conventional target" if verdict.target_power == CONVENTIONAL_POWER else "target"
    return f"{kind} {100 * verdict.target_power:.10g}%"


def prior_in_words(arm: str, report: PriorReport) -> str:
    """Say what a prior holds, and whether the mortality expected contradicts it."""
    return (
        f"prior of {arm}: mean {report.mean:.3f} ({report.low:.3f} to {report.high:.3f}), "
        f"worth {report.effective_patients:g} patients beside {report.patients}; prior "
        "predictive probability of deaths no more likely than at a mortality of "
        f"{plain(report.mortality, '.3g')}: {plain(report.predictive_p, '.3f')}."
    )


def _funnel_table(operations: Operations) -> Table:
    """Where candidates leave on their way to randomisation."""
    table = new_table("Funnel", "share of candidates", "fail (in any order)")
    table.add_column("criterion")
    for row in operations.funnel:
        at_all = "" if row.fails_at_all is None else f"{row.fails_at_all:.1%}"
        table.add_row(row.step, percent(row.first_failed), at_all, row.text)
    return table


def _power_table(answer: Power) -> Table:
    table = new_table(
        "Analysis",
        RATES[answer.null_hypothesis],
        "+-",
        "95 % interval",
        *(f"favours {arm}" for arm in answer.arms),
        f"not analysable, of {answer.trials:,}",
    )
    for a in answer.analyses:
        table.add_row(
            a.name,
            f"{a.power:.1%}",
            f"{a.mcse:.1%}",
            f"{a.ci_low:.1%} to {a.ci_high:.1%}",
            *(f"{d.power:.1%} +- {d.mcse:.1%}" for d in a.in_favour_of.values()),
            count_of(a.not_analysable, a.trials),
        )
    return table


_ESTIMATE_COLUMNS = (
    "trials with\nan estimate",
    "true value",
    "bias",
    "empirical\nSE",
    "mean\nmodel SE",
    "RMSE",
    "coverage",
    "type S error",
    "type M error",
)


def _estimates_table(answer: Power) -> Table:
    """How good each estimate is."""
    table = new_table("Estimates", *_ESTIMATE_COLUMNS)
    for a in answer.analyses:
        p = a.performance
        table.add_row(
            a.name,
            f"{p.estimates:,}",
            value_or_dash(p.truth, p.truth_mcse),
            value_or_dash(p.bias, p.bias_mcse),
            value_or_dash(p.empirical_se),
            value_or_dash(p.model_se),
            value_or_dash(p.rmse),
            plain_percent(p.coverage),
            value_or_dash(p.sign_error, p.sign_error_mcse, show=percent),
            value_or_dash(p.exaggeration, p.exaggeration_mcse),
        )
        if p.survivor_average is not None:
            average = value_or_dash(p.survivor_average, p.survivor_average_mcse)
            table.add_row("  always-survivors", "", average)
    return table


def _print_estimates_explained(answer: Power, console: Console) -> None:
    measured: dict[str, list[str]] = {}
    for a in answer.analyses:
        measured.setdefault(a.estimand_attributes.summary, []).append(a.name)
    for words, names in measured.items():
        console.print(f"{words[:1].upper()}{words[1:]}: {', '.join(names)}.")
    found = [a.performance for a in answer.analyses]
    errors = _errors_in_words(found)
    if errors:
        console.print(errors)
    for a in answer.analyses:
        for line in _fewer_in_words(a.name, a.performance):
            console.print(line)
    if any(p.sign_error is not None for p in found):
        console.print(
            "Type S error: among the trials that reject "
            f"({_rejecting_in_words(answer)}), estimates on the wrong side of no effect. "
            "Type M error (exaggeration ratio): how many times the true size they have on average."
        )
    if any(p.survivor_average is not None for p in found):
        console.print(
            "Always-survivors: the effect in those who would survive under either treatment."
        )


def _print_loss_explained(answer: Power, console: Console) -> None:
    """Say how what is made of the lost biases each estimate, where anybody is lost."""
    if not any(lost.mean for lost in answer.operations.lost.values()):
        return
    found: dict[str, list[str]] = {}
    for a in answer.analyses:
        found.setdefault(a.estimand_attributes.loss_bias, []).append(a.name)
    for words, names in found.items():
        console.print(f"Bias from loss to follow-up ({', '.join(names)}): {words}.")


def _rejecting_in_words(answer: Power) -> str:
    told = (a for a in answer.analyses if a.performance.sign_error is not None)
    return ", ".join(f"{a.name} {a.performance.significant:,}" for a in told)


def _errors_in_words(found: Sequence[Performance]) -> str:
    """Monte Carlo errors that the table has no room for: the largest of all analyses."""
    relative = [error for p in found for error in _relative_errors(p)]
    coverage = [p.coverage_mcse for p in found if p.coverage and p.coverage_mcse is not None]
    parts = []
    if relative:
        parts.append(
            f"empirical SE, mean model SE and RMSE: relative MCSE at most {max(relative):.1%}"
        )
    if coverage:
        parts.append(f"coverage: MCSE at most {max(coverage):.1%}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _fewer_in_words(name: str, p: Performance) -> Iterator[str]:
    """What rests on fewer trials than have an estimate: standard errors, intervals."""
    for words, value, number_of in (
        ("mean model SE", p.model_se, p.standard_errors),
        ("coverage", p.coverage, p.intervals),
    ):
        if value is not None and number_of < p.estimates:
            yield f"{name}: the {words} is of {number_of:,} of {p.estimates:,} trials."


def _relative_errors(p: Performance) -> Iterator[float]:
    for value, error in (
        (p.empirical_se, p.empirical_se_mcse),
        (p.model_se, p.model_se_mcse),
        (p.rmse, p.rmse_mcse),
    ):
        if value and error is not None:
            yield error / value


def _agreement_table(answer: Power) -> Table:
    """How the primary analysis agrees with the others."""
    first = answer.primary.name
    columns = ["both", f"only {first}", "only the other"]
    mine = [pair for pair in answer.agreement if pair.first == first]
    some_fail = any(pair.not_analysable for pair in mine)
    columns += [f"a result is missing, of {answer.trials:,}"] * some_fail
    table = new_table(f"Rejections of {first} and", *columns)
    for pair in mine:
        counts = pair.both, pair.only_first, pair.only_second
        cells = [f"{count / pair.trials:.1%}" for count in counts]
        cells += [count_of(pair.not_analysable, pair.trials)] * some_fail
        table.add_row(pair.second, *cells)
    return table


def _family_table(family: FamilyPower) -> Table:
    """Rejections of analyses judged together."""
    title = f"Together: {family.name} ({family.method}, level {family.alpha:g})"
    table = new_table(title, f"rejected, of {family.trials:,} trials")
    for name, share in family.by_analysis.items():
        table.add_row(name, percent(share))
    table.add_row("any of them", percent(family.any))
    table.add_row("all of them", percent(family.all))
    table.add_row("none has a result", count_of(family.not_analysable, family.trials))
    return table


def _rows(table: Table, rows: Iterable[tuple[str, ByArm, bool]]) -> Table:
    for label, by_arm, is_share in rows:
        show = percent if is_share else number
        table.add_row(label, *(show(entry) for entry in by_arm.values()))
    return table


def _patients_table(o: Operations) -> Table:
    rows = (
        ("randomised", o.patients, False),
        ("mortality by the end of follow-up", o.mortality, True),
        ("  of this, from the tumour", o.mortality_from_tumour, True),
        ("lost to follow-up", o.lost, False),
        ("withdrawn from treatment", o.withdrawn, False),
        ("transplanted", o.transplants, False),
        ("infected", o.infections, False),
        ("used by the primary analysis", {a: f.analysed for a, f in o.flow.items()}, False),
    )
    return _rows(new_table("Patients per trial", *o.arms), rows)


def _print_recruitment(o: Operations, console: Console) -> None:
    days = o.enrolment_days
    console.print(
        f"\nRecruitment: mean {plain(days.mean, '.0f')} days (MCSE {plain(days.mcse, '.0f')}; 90 % "
        f"range {plain(days.p5, '.0f')} to {plain(days.p95, '.0f')}), "
        f"{plain(o.screened.mean, '.0f')} candidates screened, {number(o.randomised)} patients "
        f"randomised; the target of {o.target_randomised:,} is reached in "
        f"{plain_percent(o.target_reached.mean)} of trials."
    )
    if o.on_time is not None:
        console.print(
            f"Probability of completing by the planned date: {share_in_words(o.on_time)}."
        )


def _sessions_table(o: Operations) -> Table:
    rows = (
        ("planned", o.sessions_planned, False),
        ("  of these, never due", o.sessions_not_due, False),
        ("rescue sessions due", o.sessions_beyond_plan, False),
        ("due", o.sessions_due, False),
        ("delivered", o.sessions_delivered, False),
        ("  of these, cut short", o.sessions_cut_short, False),
        ("missed", o.sessions_missed, False),
        ("not begun: treatment ended first", o.sessions_left_waiting, False),
        ("broken off: treatment ended", o.sessions_broken_off, False),
        ("delayed more than 1 day", o.sessions_late, False),
        ("without plasma on the planned day", o.short_of_plasma_share, True),
        ("wait for a session, days", o.wait_days, False),
        ("plasma, litres", o.plasma_litres, False),
        ("machine time, hours", o.machine_hours, False),
    )
    return _rows(new_table("Sessions per trial", *o.arms), rows)


def _print_unit(o: Operations, console: Console) -> None:
    if o.unit.days_open.mean > 0:
        console.print(_unit_in_words(o.unit))
    if o.cost is not None:
        console.print(
            f"Sessions cost {plain(o.cost.mean, ',.0f')} {o.cost.currency} per trial (MCSE "
            f"{plain(o.cost.mcse, ',.0f')})."
        )


def _unit_in_words(unit: UnitUse) -> str:
    return (
        f"\nOf {unit.days_open.mean:.0f} site-days open, the unit is without plasma for a waiting "
        f"patient on {number(unit.days_short_of_plasma)}; its machines are in use for "
        f"{plain(unit.machine_use.mean, '.0%')} of its hours."
    )


def _print_sources(answer: Power, console: Console) -> None:
    advice = _ADVICE.format(name=answer.asked)
    defaults = f" and {answer.defaults} values are defaults" if answer.defaults else ""
    console.print(
        f"\n{len(answer.assumptions)} lines of this scenario are assumptions{defaults}; {advice}."
    )
    for line in _failures(answer.analyses):
        console.print(line)
    if answer.interrupted:
        console.print(
            f"Interrupted after {answer.trials:,} trials: partial results saved. A trial is the "
            "same whenever it is run: run again with --trials for more."
        )


def _failures(analyses: Iterable[AnalysisPower]) -> Iterator[str]:
    for a in analyses:
        for why, count in a.reasons.items():
            yield f"{a.name}: {count:,} of {a.trials:,} trials not analysable ({why})"
