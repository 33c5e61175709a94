"""Mortality by arm: what is assumed, from where, and what the simulated trials give."""

from simulator.report.document.arm_words import with_arm
from simulator.report.document.dossier import Dossier, ScenarioValue
from simulator.report.document.inputs import input_of_arm
from simulator.report.document.numbers import known, listed, number, percent, whole_percent
from simulator.report.document.sources import is_assumed, source_in_brackets
from simulator.results.measures import Estimate
from simulator.results.operations import ByArm

_TARGET = "hazard.mortality_targets."
_BASELINE = "hazard.baseline.mortality_at_horizon"
_COURSE = ".full_course_hazard_ratio"
_ASSUMPTION = "assumption"
_AS_ASSUMED = (
    0.005  # of a share: further from its target, simulated mortality is told apart from it
)
_AS_TYPED = 0.003  # of a share: within it, targets of all arms stand alone


def assumed_mortality(dossier: Dossier) -> str:
    """Return mortality by arm with what each follows from.

    Where every arm has a target these are told as the scenario has them, with what the trials gave
    if that is another; else what the trials gave, beside a target that it departs from.
    """
    arms = dossier.power.operations.mortality.items()
    inputs = [input_of_arm(dossier, place) for place in range(len(arms))]
    typed = targets(dossier)
    shown = []
    for place, ((arm, entry), found) in enumerate(zip(arms, inputs, strict=True)):
        value = percent(entry.mean) if typed is None else whole_percent(typed[place])
        why = _why(dossier, found, entry, is_typed=typed is not None) if dossier.values else ""
        shown.append(f"{value} {with_arm(arm)}{f' ({why})' if why else ''}")
    return f"{mortality_name(dossier)} of {listed(shown)}"


def assumed_difference(dossier: Dossier) -> str:
    """Return the difference of the mortalities that are told; empty without them."""
    mortality, typed = dossier.power.operations.mortality, targets(dossier)
    simulated = absolute_difference(mortality)
    if typed is None or not simulated:
        return simulated
    apart = f"{number(100 * abs(typed[-1] - typed[0]), None, 3)} percentage points"
    if all(map(_is_as_typed, typed, mortality.values())):
        return apart
    return f"{apart} ({simulated.removesuffix(' percentage points')} in the simulated trials)"


def targets(dossier: Dossier) -> list[float] | None:
    """Return the mortality that each arm is to have; None unless every arm has a target."""
    places = range(len(dossier.power.operations.mortality))
    found = [input_of_arm(dossier, place) for place in places]
    shares = [e.value for e in found if e is not None and e.key.startswith(_TARGET)]
    return [s for s in shares if known(s)] if len(shares) == len(places) else None


def _why(dossier: Dossier, found: ScenarioValue | None, entry: Estimate, *, is_typed: bool) -> str:
    """Say in brackets what an arm's mortality follows from, and the source of that."""
    if found is None or not known(found.value):
        return _ASSUMPTION
    source = _source(found, entry)
    if found.key.startswith(_TARGET):
        return _of_target(dossier, found.value, source, entry, is_typed=is_typed)
    if found.key == _BASELINE:
        is_close = abs(entry.mean - found.value) <= _AS_ASSUMED
        return source if is_close else f"from a baseline of {whole_percent(found.value)}; {source}"
    if source == _ASSUMPTION:
        return source
    course = "full-course " if found.key.endswith(_COURSE) else ""
    assumed = "assumed " if is_assumed(found) else ""
    return f"{assumed}{course}hazard ratio {found.value:.3g}: {source}"


def _of_target(
    dossier: Dossier, target: float, source: str, entry: Estimate, *, is_typed: bool
) -> str:
    if is_typed:
        simulated = f"{percent(entry.mean)} in the simulated trials"
        return source if _is_as_typed(target, entry) else f"{source}; {simulated}"
    if abs(entry.mean - target) <= _AS_ASSUMED:
        return source
    return f"{_target_in_words(dossier, target)}; {source}"


def departures(dossier: Dossier) -> str:
    """Return, to end a sentence, the targets that simulated mortality departs from; else empty."""
    found = []
    for place, (arm, entry) in enumerate(dossier.power.operations.mortality.items()):
        given = input_of_arm(dossier, place)
        if given is None or not given.key.startswith(_TARGET) or not known(given.value):
            continue
        if abs(entry.mean - given.value) > _AS_ASSUMED:
            found.append(f"{with_arm(arm)} {_target_in_words(dossier, given.value)}")
    return f"; {listed(found)}" if found else ""


def _target_in_words(dossier: Dossier, target: float) -> str:
    # Targets are solved where nothing is scarce.
    when = " if no session is late or missed" if dossier.power.operations.has_sessions else ""
    return f"{whole_percent(target)} is assumed{when}"


def _is_as_typed(target: float, entry: Estimate) -> bool:
    return abs(entry.mean - target) <= _AS_TYPED


def _source(found: ScenarioValue, entry: Estimate) -> str:
    """Return a source after the word `Assuming`; one that repeats the mortality says nothing."""
    source = source_in_brackets(found).removeprefix(f"{_ASSUMPTION}: ")
    same = f"{100 * entry.mean:.0f}%"
    return _ASSUMPTION if source in (same, f"mortality of {same}") else source


def mortality_name(dossier: Dossier) -> str:
    """Name the deaths that are counted: `84-day mortality`."""
    days = dossier.value("trial.follow_up_days")
    return f"{days:g}-day mortality" if known(days) else "mortality by the end of follow-up"


def absolute_difference(mortality: ByArm) -> str:
    """Return the difference of mortalities as they are shown, with its unit; empty without them."""
    control, experimental = (list(mortality.values())[place].mean for place in (0, -1))
    if not known(control) or not known(experimental):
        return ""
    # Of the rounded numbers, since readers subtract them.
    return f"{abs(round(100 * control, 1) - round(100 * experimental, 1)):.1f} percentage points"
