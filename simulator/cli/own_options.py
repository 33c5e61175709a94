"""The options of `trialsim new`, read, and what they make a scenario of."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from simulator.cli import told
from simulator.cli.shared import WRONG_INPUT, fail, refuse

if TYPE_CHECKING:
    from simulator.planning.own_trial import OwnTrial, Recruitment
    from simulator.scenario.errors import RuleError

Given = dict[str, Any]  # text by option; a list of those that can be given twice

ARMS = "control", "treatment"
MORTALITY = ("mortality", "median", "survival", "curve")
RATES = ("randomised-per-month", "referred-per-month")
READERS: dict[str, told.Reader] = {
    "title": told.title,
    "arms": told.arms,
    "n": told.patients,
    "follow-up": told.days,
    "start": told.day,
    "mortality": told.each(told.share, 2, "35%,22%"),
    "by-day": told.days,
    "median": told.each(told.positive, 2, "300,420"),
    "hazard-ratio": told.positive,
    "sites": told.sites,
    "randomised-per-month": told.each(told.rate, 1000, "3, 4/3 or 3,2,2"),
    "referred-per-month": told.each(told.rate, 1000, "10, 20/3 or 10,5,5"),
    "opens": told.each(told.not_negative, 1000, "0,60,120"),
    "eligible": told.share,
    "consent": told.share,
    "loss": told.loss,
    "analysis": told.tests,
    "alpha": told.share,
    "ratio": told.ratio,
    "scheme": told.title,
}
_NOT_OF_A_VARIANT = ("arms", "median", "survival", "curve", "eligible")
_FIELDS = {"n": "patients", "follow-up": "follow_up_days", "analysis": "tests"}  # of a variant


def value_of(given: Given, key: str) -> Any:
    """Return an option as its reader reads it; None where it is not given."""
    typed = given.get(key)
    return None if typed is None else READERS[key](f"--{key}", str(typed))


def own_text(path: Path, given: Given) -> str:
    """Return the text of a scenario of one's own, checked; what is wrong ends the command."""
    from simulator.planning.own_trial import scenario_text
    from simulator.scenario.errors import RuleError

    try:
        text = scenario_text(_own_trial(path, given), path.name)
    except RuleError as error:
        _refuse_rule(error, given)
    return _checked(text, path)


def _own_trial(path: Path, given: Given) -> "OwnTrial":
    from simulator.planning.own_hazard import Outcome
    from simulator.planning.own_trial import OwnTrial

    follow_up = value_of(given, "follow-up")
    survival = [told.points("--survival", text) for text in given.get("survival", ())]
    curves = [Path(text) for text in given.get("curve", ())]
    for key, several in (("survival", survival), ("curve", curves)):
        if len(several) > 2:
            refuse(f"--{key}", given[key][2], "is a third", "give the control's, then the other's")
    by_day = value_of(given, "by-day")
    if by_day is not None and not given.get("mortality"):
        refuse(
            "--by-day", given["by-day"], "is the day of --mortality", "add it, or leave this out"
        )
    outcome = Outcome(
        by_day=by_day or follow_up,
        mortality=value_of(given, "mortality") or (),
        medians=value_of(given, "median") or (),
        survival=tuple(survival),
        curves=tuple(curves),
        hazard_ratio=value_of(given, "hazard-ratio"),
    )
    tests = value_of(given, "analysis")
    return OwnTrial(
        name=path.stem,
        arms=value_of(given, "arms") or ARMS,
        patients=value_of(given, "n"),
        follow_up_days=follow_up,
        recruitment=_recruitment(given),
        outcome=outcome,
        title=value_of(given, "title"),
        start=value_of(given, "start"),
        loss=value_of(given, "loss") or None,
        tests=tests or ("log_rank",),
        tests_typed=tests is not None or given.get("alpha") is not None,
        alpha=value_of(given, "alpha"),
        ratio=value_of(given, "ratio"),
        scheme=value_of(given, "scheme"),
    )


def _rates(given: Given) -> tuple[tuple[float, ...], str]:
    """Return the rates of the sites and their key, one of the two."""
    both = [key for key in RATES if given.get(key)]
    if len(both) > 1:
        refuse(
            f"--{both[1]}", given[both[1]], f"says the same as --{both[0]}", "give one of the two"
        )
    return (value_of(given, both[0]), both[0]) if both else ((), RATES[0])


def _recruitment(given: Given) -> "Recruitment":
    from simulator.planning.own_trial import Recruitment

    rates, key = _rates(given)
    sites = value_of(given, "sites") or ("site 1",)
    if not given.get("sites") and len(rates) > 1:
        sites = tuple(f"site {k + 1}" for k in range(len(rates)))
    opens = value_of(given, "opens") or ()
    for option, values in ((key, rates), ("opens", opens)):
        if len(values) not in {len(sites), *([1] if option == key else [0])}:
            rule = f"has {len(values)} values, and there are {len(sites)} sites"
            refuse(f"--{option}", given[option], rule, "give one for each")
    shares = {option: value_of(given, option) for option in ("eligible", "consent")}
    for option, held in shares.items():
        if held is not None and key == RATES[0]:
            rule = "would not matter: the rate is of patients randomised"
            refuse(f"--{option}", given[option], rule, "use --referred-per-month, or leave it out")
    every = rates if len(rates) == len(sites) else rates * len(sites)
    return Recruitment(sites, every, key == RATES[1], opens, **shares)


def variant_text_of(path: Path, like: str, given: Given) -> str:
    """Return the text of a scenario that extends another, checked."""
    from simulator.planning.own_variant import Variant, variant_text
    from simulator.scenario.errors import RuleError
    from simulator.scenario.loader import load_scenario
    from simulator.scenario.shipped import find_scenario

    for key in _NOT_OF_A_VARIANT:
        if given.get(key):
            rule = f"cannot be changed of {like} here"
            refuse(f"--{key}", given[key], rule, "leave --like out, or edit the file")
    parent = load_scenario(find_scenario(like, path.parent) or like).scenario
    rates, key = _rates(given)
    values = {
        _FIELDS.get(key, key.replace("-", "_")): value_of(given, key)
        for key in READERS
        if given.get(key) and key not in RATES
    }
    variant = Variant(path.stem, like, rates=rates, referred=key == RATES[1], **values)
    try:
        text = variant_text(variant, parent, path.name)
    except RuleError as error:
        _refuse_rule(error, given | {"like": like})
    return _checked(text, path)


def _checked(text: str, path: Path) -> str:
    """Return the text if it would load as the file; else end the command."""
    from simulator.planning.own_trial import checked_text
    from simulator.scenario.errors import ScenarioError

    try:
        checked_text(text, path)
    except ScenarioError as error:
        fail(f"{error}\n{path} was not written: it would be refused so", WRONG_INPUT)
    return text


def _refuse_rule(error: "RuleError", given: Given) -> NoReturn:
    typed = given.get(error.key, "")
    shown = typed if isinstance(typed, str) else " and ".join(typed)
    refuse(f"--{error.key}", shown or '""', error.rule, error.remedy)
