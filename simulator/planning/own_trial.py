"""A scenario of one's own, written from what a designer knows."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from simulator.allocation import AllocationError, build_plan
from simulator.allocation.notation import parse_scheme
from simulator.params.recruitment import lower_allocation
from simulator.planning.own_hazard import Outcome, hazard_of
from simulator.scenario.errors import RuleError
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.loader import load_text
from simulator.scenario.writing import Block, Items, Line, written

TYPED = "assumption: the designer's figure"
_USUAL = "assumption: usual, not typed"
_INDEPENDENT = "assumption: patients come independently of one another"

_HEADING = """\
Written by trialsim new; change any line. What stands behind a # is the source of the line's values:
registry, published, derived or assumption, then words. A key that is not here has its default:
trialsim scenarios {file} lists them all."""


@dataclass(frozen=True)
class Recruitment:
    """Where patients come from.

    Attributes
    ----------
    sites
        Names.
    rates
        Patients randomised a month, or candidates referred, by site.
    referred
        Whether the rates are of candidates referred.
    opens
        Days on which the sites open.
    eligible, consent
        Share of the candidates who are eligible, and of these who consent; None: all.
    """

    sites: tuple[str, ...]
    rates: tuple[float, ...]
    referred: bool = False
    opens: tuple[float, ...] = ()
    eligible: float | None = None
    consent: float | None = None


@dataclass(frozen=True)
class OwnTrial:
    """What is known of a trial; None: not said."""

    name: str
    arms: tuple[str, str]
    patients: int
    follow_up_days: int
    recruitment: Recruitment
    outcome: Outcome
    title: str | None = None
    start: date | None = None
    loss: float | None = None
    tests: tuple[str, ...] = ("log_rank",)
    tests_typed: bool = False
    alpha: float | None = None
    ratio: tuple[int, int] | None = None
    scheme: str | None = None


def scenario_text(trial: OwnTrial, file: str) -> str:
    """Return the text of the scenario, as it would be written by hand.

    Raises
    ------
    RuleError
        With the option that is at fault as its key.
    ScenarioError
        If a curve cannot be read.
    """
    first, second = trial.arms
    parts: dict[str, Any] = {
        "name": Line(trial.name),
        "title": Line(trial.title or f"{second} against {first}"),
        "trial": {
            **({} if trial.start is None else {"start_date": Line(trial.start, TYPED)}),
            "target_randomised": Line(trial.patients, f"{TYPED}, patients"),
            "follow_up_days": Line(trial.follow_up_days, f"{TYPED}, days from randomisation"),
        },
        "accrual": accrual_part(trial.recruitment),
        **_eligibility_parts(trial.recruitment),
        "allocation": allocation_part(trial.ratio, trial.scheme),
        "arms": Items([{"name": first}, {"name": second}], "the control first"),
        "hazard": hazard_of(trial.outcome, trial.arms, trial.follow_up_days),
        "exits": loss_part(trial.loss),
        "analyses": analyses_part(trial.tests, trial.alpha, typed=trial.tests_typed),
    }
    return written(parts, _HEADING.format(file=file))


def accrual_part(known: Recruitment) -> Block:
    """Return the part `accrual`."""
    key = "referred_per_month" if known.referred else "randomised_per_month"
    unit = "candidates" if known.referred else "patients"
    comment = f"{TYPED}, {unit} a month at each site"
    opens = known.opens or (0.0,) * len(known.sites)
    if known.opens:
        comment += ", day on which it opens"
    sites = [
        {"name": name, key: _plain(rate)} | ({"opens_day": _plain(day)} if known.opens else {})
        for name, rate, day in zip(known.sites, known.rates, opens, strict=True)
    ]
    return {"kind": Line("poisson", _INDEPENDENT), "sites": Items(sites, comment)}


def _plain(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _eligibility_parts(known: Recruitment) -> dict[str, Any]:
    """Return candidates of whom a share is eligible and consents."""
    if known.eligible is None and known.consent is None:
        return {}
    share = 1.0 if known.eligible is None else known.eligible
    variable = {"name": "eligible", "kind": "bernoulli", "probability": share}
    condition = {"variable": "eligible", "comparison": "==", "threshold": 1}
    criterion = {"kind": "conditions", "label": "I1", "text": "eligible", "all_of": [[condition]]}
    consent = {} if known.consent is None else {"consent_probability": Line(known.consent, TYPED)}
    return {
        "candidates": {"variables": Items([variable], f"{TYPED}, share of the candidates")},
        "eligibility": {"criteria": Items([criterion]), **consent},
    }


def allocation_part(ratio: tuple[int, int] | None, scheme: str | None) -> Block:
    """Return the part `allocation`; empty where the defaults are meant."""
    part: dict[str, Any] = {}
    if scheme is not None:
        try:
            word, options = parse_scheme(scheme)
        except AllocationError as error:
            raise RuleError(error.rule, error.remedy, "scheme") from None
        part["scheme"] = Line(word, TYPED)
        if options:
            part["options"] = Line(options, TYPED)
    if ratio is not None:
        part["ratio"] = Line(list(ratio), f"{TYPED}, the control first")
    return part


def loss_part(loss: float | None) -> Block:
    """Return the part `exits`."""
    if loss is None:
        return {}
    comment = f"{TYPED}, lost to follow-up if nobody died"
    return {"loss": Line({"net_probability": loss}, comment)}


def analyses_part(tests: tuple[str, ...], alpha: float | None, *, typed: bool) -> Items:
    """Return the list `analyses`, the first being the primary one."""
    level = 0.05 if alpha is None else alpha
    comment = f"{TYPED if typed else _USUAL}, two-sided level; the first is primary"
    return Items([{"test": test, "alpha": level} for test in tests], comment)


def checked_text(text: str, path: Path) -> LoadedScenario:
    """Return the scenario that a text makes in a file that is to be.

    Raises
    ------
    ScenarioError
        If it would not load, or its allocation cannot be followed.
    """
    loaded = load_text(text, path)
    a, patients = lower_allocation(loaded.scenario), loaded.scenario.trial.target_randomised
    try:
        build_plan(a.scheme, a.options, a.ratio, a.factor_levels, patients)
    except AllocationError as error:
        problem = RuleError(error.rule, error.remedy, f"allocation.{error.key}")
        raise loaded.located(problem) from None
    return loaded
