"""A prior from published studies as a screen, or whole."""

import math
from collections.abc import Iterator
from pathlib import Path

from simulator.report.text.page import Block, Bold, Section, Verbatim
from simulator.report.text.tables import Table, new_table
from simulator.report.words import PRIOR_FOR, PRIOR_PARAMETERS, SHORT_PRIOR_PARAMETERS
from simulator.results.prior import (
    Interval,
    Parameter,
    ParameterPrior,
    Prior,
    PriorStudy,
    StudyUse,
    UncertainKeys,
)

_SD_NAMES = {"logit_normal": "logit_sd", "lognormal": "log_sd"}
_SMALLEST = 0.0005
_ENDPOINTS = {"death": "death", "death_or_transplant": "death or transplant"}


def prior_screen(answer: Prior, _width: int, run: Path | None) -> list[Block]:
    """Return the answer as one screen: studies with a weight, summaries, what a scenario holds."""
    blocks = [*_head(answer), _used_table(answer), _short_summaries(answer), *_uncertain(answer)]
    return [*blocks, "", *_verdict(answer), *_next(run)]


def _head(answer: Prior) -> Iterator[Block]:
    used = sum(study.weight > 0 for study in answer.studies)
    held = sum(study.use is StudyUse.HELD_OUT for study in answer.studies)
    aside = len(answer.studies) - used - held
    studies = "studies" if used > 1 else "study"
    source = "" if answer.file == "shipped" else f" of {answer.file}"
    yield Bold(
        f"Prior of {PRIOR_FOR[answer.prior_for]}: {used} {studies}{source}, {aside} set aside, "
        f"{held} held out, {answer.heterogeneity}, trialsim {answer.version}"
    )


def _used_table(answer: Prior) -> Table:
    table = new_table(
        *("study", "of", "deaths", "control", "day", "weight", "by itself, 95 %"),
        words=("study", "of"),
    )
    for study in answer.studies:
        if study.weight > 0:
            table.add_row(
                study.study,
                SHORT_PRIOR_PARAMETERS[study.parameter],
                *_counts(study),
                f"{study.day:g}",
                f"{study.weight:g}",
                _interval(Interval(study.estimate, study.low, study.high)),
            )
    return table


def _counts(study: PriorStudy) -> tuple[str, str]:
    pairs = (study.deaths, study.n), (study.control_deaths, study.control_n)
    first, second = (f"{a}/{b}" if b is not None else "-" for a, b in pairs)
    return first, second


def _studies(answer: Prior) -> Iterator[Block]:
    """Every study with why it has its weight."""
    for use, heading in (
        (True, "Studies with a weight"),
        (None, "Set aside: weight 0; the sensitivity analyses take each in"),
        (False, "Held out: for checks of a scenario, in no synthesis"),
    ):
        chosen = [s for s in answer.studies if _is_of(s, use)]
        if not chosen:
            continue
        yield Bold(heading)
        table = new_table(
            *("study", "rows", "deaths", "control", "day", "endpoint", "weight", "why"),
            words=("study", "rows", "endpoint", "why"),
        )
        for study in chosen:
            table.add_row(
                study.study,
                " ".join(study.rows) or "-",
                *_counts(study),
                f"{study.day:g}",
                _ENDPOINTS[study.endpoint],
                f"{study.weight:g}",
                study.why,
            )
        yield table


def _is_of(study: PriorStudy, use: bool | None) -> bool:
    if study.use is StudyUse.HELD_OUT:
        return use is False
    return (study.weight > 0) is (use is True) and use is not False


def _short_summaries(answer: Prior) -> Table:
    """Without a prior and with one, side by side."""
    table = new_table(
        "95 % interval", "fixed effect", "REML, Knapp-Hartung", "posterior mean", "prior"
    )
    for p in answer.parameters:
        pooled = _pooled(p)
        table.add_row(
            SHORT_PRIOR_PARAMETERS[p.parameter], *pooled, _interval(p.mean), _interval(p.used)
        )
    return table


def _pooled(p: ParameterPrior) -> tuple[str, str]:
    random = p.frequentist.random
    return _interval(p.frequentist.fixed), "-" if random is None else _interval(random)


def _summary_table(answer: Prior) -> Table:
    heads = ("fixed effect", "REML, Knapp-Hartung", "mean", "new study", "prior")
    table = new_table("estimate or median (95 %)", *heads)
    for p in answer.parameters:
        posterior = (_interval(interval) for interval in (p.mean, p.new_study, p.used))
        table.add_row(PRIOR_PARAMETERS[p.parameter], *_pooled(p), *posterior)
    return table


def _summaries(answer: Prior) -> Iterator[Block]:
    yield _summary_table(answer)
    yield (
        "Fixed effect and REML pool each study at full weight, without a prior (normal "
        "approximation). Mean and new study are posterior medians, with weights; the prior is "
        f"that of {PRIOR_FOR[answer.prior_for]} with the step to the trial's patients."
    )
    table = new_table(
        *("between-study SD", "REML", "posterior median", "95 %"),
        *("prior of the mean", "SD of extrapolation", "fitted SD", "error of fit"),
    )
    for p in answer.parameters:
        tau = p.frequentist.tau
        table.add_row(
            SHORT_PRIOR_PARAMETERS[p.parameter],
            "-" if tau is None else _digits(tau),
            _digits(p.tau.estimate),
            f"{_digits(p.tau.low)} to {_digits(p.tau.high)}",
            f"normal({p.prior_mean:g}, {p.prior_sd:g})",
            f"{p.extrapolation_sd:g}",
            _digits(p.fitted.sd),
            _digits(p.fitted.largest_error),
        )
    yield table
    if answer.risk_ratio is not None:
        ratio = answer.risk_ratio
        yield (
            "Risk ratio of the counted studies of the second arm against the first, each by its "
            f"own day and endpoint, fixed effect: {ratio.estimate:.3g} ({ratio.low:.3g} to "
            f"{ratio.high:.3g}). It is no 12-week effect."
        )
    yield (
        "SDs are on the logit scale (mortality) and the log scale (hazard ratios). Prior of the "
        "mean, heterogeneity, weights and extrapolation are assumptions. The error of the fit is "
        "the largest difference of the distribution functions."
    )


def _sensitivity(answer: Prior) -> Iterator[Block]:
    for p in answer.parameters:
        yield Bold(f"{PRIOR_PARAMETERS[p.parameter]}: the prior under other assumptions")
        table = new_table("changed", "median", "95 %", words=("changed",))
        table.add_row("nothing", *_cells(p.used))
        for one in answer.sensitivity:
            if one.parameter is p.parameter:
                table.add_row(one.change, *_cells(one.interval))
        yield table


def _cells(interval: Interval) -> tuple[str, str]:
    return _digits(interval.estimate), f"{_digits(interval.low)} to {_digits(interval.high)}"


def _uncertain(answer: Prior) -> Iterator[Block]:
    if answer.uncertain:
        yield Verbatim(uncertain_yaml(answer))


def uncertain_yaml(answer: Prior) -> str:
    """Return what a scenario file is to hold, as YAML with three significant digits."""
    lines = ["uncertain:"]
    for item in answer.uncertain:
        lines += _item_lines(item)
    return "\n".join(lines) + "\n"


def _item_lines(item: UncertainKeys) -> Iterator[str]:
    first, *rest = [f'"{key}"' if "[" in key else key for key in item.keys]
    pairs = zip(item.medians, item.sds, strict=True)
    name = _SD_NAMES[item.distribution]
    sets = [f"{{median: {_plain(median)}, {name}: {_plain(sd)}}}" for median, sd in pairs]
    yield f"  - keys: [{first}{',' if rest else ']'}"
    yield from (f"           {key}]" for key in rest)
    yield f"    distribution: {item.distribution}"
    yield f"    parameters: {sets[0]}" if not rest else f"    parameters: [{', '.join(sets)}]"
    if item.correlation is not None:
        yield f"    correlation: {_plain(item.correlation)}"
    yield f'    source: "{item.source}"'


def _verdict(answer: Prior) -> Iterator[Block]:
    for parameter in answer.without_evidence:
        yield f"No evidence on the {PRIOR_PARAMETERS[parameter]}: no study of it has a weight."
    told = [_told(p) for p in answer.parameters if p.parameter is Parameter.CONTRAST]
    ranges = [
        f"{SHORT_PRIOR_PARAMETERS[p.parameter]} {_range(answer, p)}" for p in answer.parameters
    ]
    yield Bold(" ".join([*told, f"Medians under other assumptions: {', '.join(ranges)}."]))


def _told(p: ParameterPrior) -> str:
    """Which arm the prior is in favour of."""
    if p.used.low <= 1 <= p.used.high:
        return "The evidence does not tell whether DPMAS+LPE is better than PE."
    better = "DPMAS+LPE" if p.used.high < 1 else "PE"
    return f"The 95 % interval of the hazard ratio is in favour of {better}."


def _range(answer: Prior, p: ParameterPrior) -> str:
    """How far other assumptions move a median."""
    medians = [s.interval.estimate for s in answer.sensitivity if s.parameter is p.parameter]
    return f"{_digits(min(medians))} to {_digits(max(medians))}"


def _next(run: Path | None) -> Iterator[Block]:
    more = f", or see trialsim show {run}" if run else ""
    yield f"Next: put uncertain into a scenario and ask trialsim assurance{more}"


def _interval(interval: Interval) -> str:
    if math.isnan(interval.estimate):
        return "-"
    return f"{_digits(interval.estimate)} ({_digits(interval.low)} to {_digits(interval.high)})"


def _digits(value: float) -> str:
    """Two decimals, or three below 0.1: studies of this size support no more."""
    if math.isnan(value):
        return "-"
    if value < _SMALLEST:
        return "0"
    return f"{value:.2f}" if abs(value) >= 0.0995 else f"{value:.3f}"


def _plain(value: float) -> str:
    """Three significant digits, as in a file."""
    return f"{float(f'{value:.3g}'):g}"


PRIOR_SECTIONS = (
    Section("head", _head),
    Section("studies", _studies),
    Section("summaries", _summaries),
    Section("sensitivity", _sensitivity),
    Section("uncertain", _uncertain),
    Section("verdict", _verdict),
)
