"""A scenario of one's own that extends another: what a designer knows differs, the rest stays."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from simulator.planning.own_trial import (
    TYPED,
    Recruitment,
    accrual_part,
    allocation_part,
    analyses_part,
)
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario
from simulator.scenario.writing import Items, Line, written

_HEADING = """\
Written by trialsim new: what differs from {like}; the rest is as there. What stands behind
a # is the source of the line's values: registry, published, derived or assumption, then words.
trialsim scenarios {file} lists every value."""

_SOLVED = "derived: from mortality_targets"


@dataclass(frozen=True)
class Variant:
    """What differs from the scenario that is extended; None: nothing."""

    name: str
    like: str
    title: str | None = None
    start: date | None = None
    patients: int | None = None
    follow_up_days: int | None = None
    mortality: tuple[float, ...] = ()
    by_day: int | None = None
    hazard_ratio: float | None = None
    rates: tuple[float, ...] = ()
    referred: bool = False
    sites: tuple[str, ...] = ()
    opens: tuple[float, ...] = ()
    consent: float | None = None
    loss: float | None = None
    tests: tuple[str, ...] = ()
    alpha: float | None = None
    ratio: tuple[int, int] | None = None
    scheme: str | None = None


def variant_text(variant: Variant, parent: Scenario, file: str) -> str:
    """Return the text of a scenario that extends its parent.

    Raises
    ------
    RuleError
        With the option that is at fault as its key.
    """
    v = variant
    frame = {
        "start_date": v.start,
        "target_randomised": v.patients,
        "follow_up_days": v.follow_up_days,
    }
    parts: dict[str, Any] = {
        "extends": Line(v.like),
        "name": Line(v.name),
        "title": Line(v.title or f"{parent.title}: {v.name}"),
        "trial": {key: Line(value, TYPED) for key, value in frame.items() if value is not None},
        "accrual": _accrual(v, parent),
        "eligibility": _consent(v, parent),
        "allocation": allocation_part(v.ratio, v.scheme),
        **_outcome(v, parent),
        "exits": {} if v.loss is None else {"loss": {"net_probability": Line(v.loss, TYPED)}},
        "analyses": _analyses(v, parent),
    }
    if all(parts[key] in ({}, None) for key in parts if key not in ("extends", "name", "title")):
        raise RuleError(
            f"nothing differs from {v.like}", "say what does, as --n 120 or --mortality 40%", "like"
        )
    return written(parts, _HEADING.format(like=v.like, file=file))


def _accrual(v: Variant, parent: Scenario) -> dict[str, Any]:
    held = parent.accrual.sites if parent.accrual.kind == "poisson" else []
    names = v.sites or tuple(site.name for site in held)
    if not v.rates:
        if v.sites or v.opens:
            raise RuleError("no rate is given", "add --randomised-per-month", "sites")
        return {}
    if not names:
        raise RuleError(f"{v.like} has no sites", "name them with --sites", "sites")
    rates = v.rates if len(v.rates) > 1 else v.rates * len(names)
    if len(rates) != len(names) or (v.opens and len(v.opens) != len(names)):
        rule = f"must be one number, or one for each of the sites {', '.join(names)}"
        raise RuleError(rule, "give as many", "opens" if len(rates) == len(names) else "sites")
    part = accrual_part(Recruitment(names, rates, v.referred, v.opens))
    if not held:
        return dict(part)
    # By name: what is changed of a site that there is, and null for one that is not of the trial.
    by_name: dict[str, Any] = {s.name: Line(None, TYPED) for s in held if s.name not in names}
    for site, found in zip(names, part["sites"].values, strict=True):
        values = {key: value for key, value in found.items() if key != "name"}
        before = next((s for s in held if s.name == site), None)
        if before is not None and before.rate_key not in values:
            values[before.rate_key] = None
        by_name[site] = Line(values, part["sites"].comment)
    return {"sites": by_name}


def _consent(v: Variant, parent: Scenario) -> dict[str, Any]:
    if v.consent is None:
        return {}
    if parent.eligibility is None:
        raise RuleError(f"{v.like} has no eligibility", "leave it out", "consent")
    return {"consent_probability": Line(v.consent, TYPED)}


def _outcome(v: Variant, parent: Scenario) -> dict[str, Any]:
    """Return what differs in the hazard: mortality of the control, of both, or a hazard ratio."""
    hazard: dict[str, Any] = {}
    modalities: dict[str, Any] = {}
    effect, second = parent.hazard.effect, parent.arms[1]
    if v.hazard_ratio is not None:
        if effect.kind != "direct" or len(v.mortality) > 1:
            rule = "is given beside both mortalities"
            if effect.kind != "direct":
                rule = f"{v.like} has no hazard ratio between the arms: its effect is {effect.kind}"
            raise RuleError(rule, "give --mortality of both arms instead", "hazard-ratio")
        hazard["effect"] = {"hazard_ratio": Line(v.hazard_ratio, TYPED)}
    if v.mortality:
        names = [arm.name for arm in parent.arms]
        hazard["baseline"] = {"mortality_at_horizon": Line("solved", _SOLVED)}
        targets = dict(zip(names, v.mortality, strict=False))
        hazard["mortality_targets"] = Line(targets, f"{TYPED}, with every session on time")
        if v.by_day is not None:
            hazard["mortality_target_day"] = Line(v.by_day, TYPED)
        if len(v.mortality) > 1:
            solved = Line("solved", _SOLVED)
            if effect.kind == "direct":
                hazard["effect"] = {"hazard_ratio": solved}
            elif effect.kind == "by_session" and second.modality is not None:
                modalities = {second.modality: {"full_course_hazard_ratio": solved}}
            else:
                rule = f"the effect {effect.kind} has no hazard ratio of {second.name} to solve for"
                raise RuleError(rule, "give the control's mortality alone", "mortality")
    return {"modalities": modalities, "hazard": hazard}


def _analyses(v: Variant, parent: Scenario) -> Items | dict[str, Any]:
    if v.tests:
        return analyses_part(v.tests, v.alpha, typed=True)
    if v.alpha is None:
        return {}
    return {a.name: {"alpha": Line(v.alpha, TYPED)} for a in parent.analyses}
