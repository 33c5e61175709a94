"""An interim analysis as a page of text: where the trial stands, and what is to come."""

from collections.abc import Iterator
from pathlib import Path

from simulator.report.look_words import no_estimates_in_words
from simulator.report.text.attained import attained_in_words
from simulator.report.text.interim_recruitment import recruitment, sites
from simulator.report.text.interim_verdict import UNITS, favoured, margin_of, verdict_blocks
from simulator.report.text.page import Block, Bold, Section, apart
from simulator.report.text.tables import new_table
from simulator.results.interim import (
    Assumption,
    EffectNow,
    Interim,
    Interval,
    NoTarget,
    ReestimatedNow,
    SlowNow,
    Stopped,
)
from simulator.results.measures import Scale

_LEAST = 5e-5
_SMALL = 0.095  # below it a ratio needs more than two decimals
_ASSUMED = {
    Assumption.LOOKS_EQUALLY_SPACED: "looks whose information is not planned stand, in the "
    "futility boundary and the looks to come, as if equally spaced",
    Assumption.NO_LOOKS_PLANNED: "the scenario plans no look: this one spends no alpha, and the "
    "trial is tested once, at its end",
    Assumption.DESIGN_POWER: "the design's effect is the one with which the trial as planned has "
    "80 % power",
    Assumption.FLAT_PRIOR_OF_EFFECT: "predictive power has a flat prior of the effect",
    Assumption.ALL_TO_COME_COMPLETE: "by enumeration: flat priors (beta(1, 1)) of the mortality of "
    "both arms; everybody still to come completes; the level is that of the last look",
    Assumption.APPROXIMATE_STANDARD_ERROR: "the standard error of the log hazard ratio follows "
    "from the deaths and the allocation ratio (Schoenfeld)",
    Assumption.RATES_STAY: "sites go on as they have recruited: each by a Poisson process whose "
    "rate has a gamma distribution (Anisimov and Fedorov 2007)",
    Assumption.WEAK_PRIOR_OF_RATES: "the scenario gives rates without their spread: its rate is "
    "the mean of a weak prior, of shape 1, that weighs as one patient a site",
    Assumption.FURTHER_SITE_LIKE_PRESENT: "a further site has the rate of a present one, each with "
    "equal chances",
    Assumption.FURTHER_SITE_OPENS: "a further site opens 90 days after the cut",
}


def _head(answer: Interim) -> Iterator[Block]:
    yield Bold(
        f"{answer.scenario}, data to {answer.cut}: {answer.analysis}, {answer.hypothesis.sides} "
        f"alpha {answer.alpha:g}{_margin(answer)}"
    )
    counts = {"randomised": answer.randomised, "followed up": answer.followed_up}
    counts["deaths"] = answer.deaths
    known = [f"{number} {name}" for name, number in counts.items() if number is not None]
    found = answer.information
    if found is None:
        known.append(f"{answer.test} cannot be monitored: no boundary")
    elif found.fraction is not None:
        unit, share = UNITS[found.unit], _share(found.fraction)
        known.append(f"information {found.now:.4g} of {found.planned:.4g} {unit}, {share}")
    if known:
        yield "; ".join(known)


def _margin(answer: Interim) -> str:
    return "" if answer.hypothesis.margin is None else f", margin {margin_of(answer)}"


def _looks(answer: Interim) -> Iterator[Block]:
    if not answer.looks:
        return
    has_futility = answer.futility is not None
    two_sided = answer.hypothesis.sides == "two-sided"
    heads = ["look", "cut", "information", "efficacy Z", *["lower Z"] * two_sided]
    heads += ["futility Z"] * has_futility
    table = new_table(*heads, "nominal p", "alpha spent", "Z", "p", spare=("cut", "alpha spent"))
    for place, look in enumerate(answer.looks, start=1):
        nominal = None if look.efficacy_z is None else look.nominal_p
        cells = [str(place), look.cut, f"{look.fraction:.4f}", _z(look.efficacy_z)]
        cells += [_z(look.lower_z)] * two_sided + [_z(look.futility_z)] * has_futility
        cells += [_p(nominal), _p(look.alpha_spent), _z(look.z), _p(look.p_value)]
        table.add_row(*cells)
    yield table
    rules = [f"efficacy: {answer.spending}"] if answer.spending else []
    if has_futility:
        rules.append(f"futility: {answer.futility}, {'' if answer.binding else 'not '}binding")
    rules.append(f"Z above 0 favours {favoured(answer)}")
    yield "; ".join(rules)


_ZONES = {
    "unfavourable": "unfavourable: the target stays",
    "promising": "promising",
    "favourable": "favourable: the target stays",
}
_NO_TARGET = {
    NoTarget.ANOTHER_LOOK: "this is another look",
    NoTarget.NOT_POOLED: "the file has no patients followed up and deaths, or the analysis is no "
    "test of mortality at the end, whose pooled data the file could have",
    NoTarget.NO_STATISTIC: "no statistic is known",
    NoTarget.STOPS: "a boundary is crossed",
}


def _changes(answer: Interim) -> Iterator[Block]:
    """What the look changes beside stopping the trial."""
    found, slow, weighted = answer.reestimated, answer.slow, answer.weighted
    if found is not None:
        yield _reestimated(found)
    if slow is not None:
        yield _slow(slow)
    if weighted is not None:
        shown = "not known: give result and z of the look before" if weighted.z is None else ""
        yield (
            f"The final statistic gives what came before the last look its planned weight, "
            f"{weighted.weight:.4g}: Z {shown or _z(weighted.z)}."
        )


def _reestimated(found: ReestimatedNow) -> str:
    if found.missing is not None or found.value is None or found.target is None:
        why = "" if found.missing is None else f": {_NO_TARGET[found.missing]}"
        return f"The target of {found.planned} is re-estimated at look {found.look}{why}."
    if found.zone is None:
        said = f"Pooled mortality is {_share(found.value)}, as if nobody were lost"
        return f"{said}: the new target is {found.target} ({found.planned} planned)."
    said = f"Conditional power under the estimate is {_share(found.value)}, {_ZONES[found.zone]}"
    if found.zone != "promising":
        return f"{said} at {found.target}."
    return (
        f"{said}: the new target is {found.target} ({found.planned} planned, {found.most} at the "
        "most)."
    )


def _slow(found: SlowNow) -> str:
    when = f"by {found.date}" if found.look is None else f"at look {found.look}"
    rule = f"Recruitment closes with fewer than {found.fewest} randomised {when}"
    if found.slow:
        after = (
            "nothing is tested" if found.unanswered else "those randomised are tested at the end"
        )
        return f"{rule}: there are {found.randomised}, so it closes, and {after}."
    if found.slow is None:
        why = "this cut does not tell" if found.due else "not yet due"
        return f"{rule}: {why}."
    return f"{rule}: there are {found.randomised}, so it goes on."


def _family(answer: Interim) -> Iterator[Block]:
    """Each analysis of a family at the level that it has."""
    found = answer.family
    if found is None:
        return
    heads = "level", "information", "efficacy Z", "lower Z", "nominal p", "Z", "rejected"
    title = f"{found.name}, {found.method.replace('_', ' ')}"
    table = new_table(title, *heads, words=(title, "rejected"))
    for one in found.hypotheses:
        share = "-" if one.fraction is None else f"{one.fraction:.4f}"
        said = "no" if one.z is not None and one.efficacy_z is not None else "-"
        said = ("before" if one.earlier else "now") if one.rejected else said
        level = "-" if one.earlier else f"{one.level:.4g}"
        numbers = _z(one.efficacy_z), _z(one.lower_z), _p(one.nominal_p), _z(one.z)
        table.add_row(one.name, level, share, *numbers, said)
    yield table
    yield (
        "Each is held to the boundary of the level that it has once those that are rejected have "
        "passed theirs on; without information of its own it has none."
    )


def _level(answer: Interim) -> Iterator[Block]:
    if answer.attained is not None:
        yield attained_in_words(answer.attained, "at the sizes so far, then those planned")


def _on_boundary(answer: Interim) -> Iterator[Block]:
    look = answer.looks[-1] if answer.looks else None
    if answer.effect is None or look is None or look.on_boundary is None:
        return
    yield (
        f"By its standard error now, a {_measure(answer.effect)} of "
        f"{_effect(answer.effect, look.on_boundary)} is on the boundary for efficacy at this look."
    )


def _prospects(answer: Interim) -> Iterator[Block]:
    found = answer.prospects
    if found is None:
        return
    table = new_table(
        f"probability to decide for {favoured(answer)}",
        *("design's effect", "estimate"),
        "no effect" if answer.hypothesis.margin is None else "at the margin",
        "predictive",
    )
    design, estimate, none = map(_share, (found.design, found.estimate, found.none))
    table.add_row("conditional power", design, estimate, none, _share(found.predictive))
    if found.enumerated is not None:
        table.add_row("by enumeration", "", "", "", _share(found.enumerated))
    yield table


def _ends(answer: Interim) -> Iterator[Block]:
    """At what level the trial ends, and whose deaths are enumerated."""
    found = answer.prospects
    if found is None:
        return
    yield f"The design's effect has {_share(found.power)} power; at the end p is to be at most " + (
        f"{found.final_p:.4g}."
    )
    if found.to_come is not None:
        first, second = found.to_come
        yield (
            f"By enumeration: {answer.test} at that level, of the deaths among the {first} and "
            f"{second} patients to come."
        )


def _estimates(answer: Interim) -> Iterator[Block]:
    repeated, stopped, effect = answer.repeated, answer.stopped, answer.effect
    if stopped is None and repeated is None:
        return
    measure = "drift (mean Z at the planned end)" if effect is None else _measure(effect)
    two_sided = answer.hypothesis.sides == "two-sided"
    level = f"{100 * (1 - answer.alpha * (1 if two_sided else 2)):g} % interval"
    table = new_table(measure, "estimate", level, "p", words=(measure,))
    if effect is not None:
        limits = f"{_effect(effect, effect.low)} to {_effect(effect, effect.high)}"
        nominal = _p(answer.looks[-1].p_value if answer.looks else None)
        if answer.weighted is not None:  # then that is the p value of the weighted statistic
            nominal = ""
        middle = _effect(effect, effect.estimate)
        table.add_row("usual, as if without looks", middle, limits, nominal)
    if repeated is not None:
        table.add_row(*_repeated(answer, repeated), "")
    if stopped is not None:
        table.add_row(*_stage_wise(answer, stopped))
    yield table
    if answer.no_estimates:
        yield no_estimates_in_words(answer)


def _repeated(answer: Interim, found: Interval) -> tuple[str, str, str]:
    """Name, estimate and interval: its centre is told where it is not the usual estimate."""
    limits = _interval(answer.effect, found)
    if answer.weighted is None:
        return "repeated, valid at every look", "", limits
    return "repeated, by planned weights", _middle(answer.effect, found), limits


def _stage_wise(answer: Interim, stopped: Stopped) -> tuple[str, str, str, str]:
    name = "stage-wise" if answer.final else "stage-wise, if the trial stops here"
    at, middle, limits = stopped.estimate, "", ""
    if at is not None:
        middle, limits = _middle(answer.effect, at), _interval(answer.effect, at)
    return name, middle, limits, _p(stopped.p_value)


def _middle(effect: EffectNow | None, found: Interval) -> str:
    if effect is None or found.effect is None:
        return f"{found.estimate:.3f}"
    return _effect(effect, found.effect)


def _measure(effect: EffectNow) -> str:
    units = {Scale.PROPORTION: " in percentage points", Scale.DAYS: " in days"}
    return f"{effect.measure}{units.get(effect.scale, '')}"


def _effect(effect: EffectNow, value: float) -> str:
    if effect.scale is Scale.PROPORTION:
        return f"{100 * value:.1f}"
    return f"{value:.2g}" if effect.is_ratio and value < _SMALL else f"{value:.2f}"


def _interval(effect: EffectNow | None, found: Interval) -> str:
    if effect is None or found.effect_low is None or found.effect_high is None:
        return f"{found.low:.3f} to {found.high:.3f}"
    return f"{_effect(effect, found.effect_low)} to {_effect(effect, found.effect_high)}"


def _assumed(answer: Interim) -> Iterator[Block]:
    if answer.assumptions:
        yield "Assumptions:"
    for one in answer.assumptions:
        yield f"- {_ASSUMED[one]}"


def interim_screen(answer: Interim, width: int, run: Path | None) -> list[Block]:
    """Return the page for one screen: sites and assumptions are left out."""
    del width
    number = len(answer.assumptions)
    last = [f"It rests on {number} assumption{'s' * (number != 1)}: --full lists them."]
    last = (last if number else []) + ([f"Kept in {run}."] if run is not None else [])
    parts = [
        [*_head(answer), *_looks(answer)],
        [*_family(answer), *_changes(answer)],
        [*_prospects(answer), *_estimates(answer)],
        recruitment(answer),
        [*verdict_blocks(answer), *([" ".join(last)] if last else [])],
    ]
    return list(apart(parts))


def _z(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if value >= _LEAST or value == 0 else "<0.0001"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


INTERIM_SECTIONS = (
    Section("head", _head),
    Section("looks", _looks),
    Section("family", _family),
    Section("changes", _changes),
    Section("level", _level),
    Section("boundary", _on_boundary),
    Section("prospects", _prospects),
    Section("ends", _ends),
    Section("estimates", _estimates),
    Section("recruitment", recruitment),
    Section("sites", sites),
    Section("assumptions", _assumed),
    Section("verdict", verdict_blocks),
)
