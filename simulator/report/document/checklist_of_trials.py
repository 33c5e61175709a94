"""What DELTA2 and SPIRIT 2025 ask of the size of a trial, and where a justification answers it."""

from simulator.declarations.keys import matched
from simulator.declarations.quantities import EFFECT
from simulator.report.document.blocks import literal
from simulator.report.document.checklist_item import Guideline, Item, Written
from simulator.report.document.dossier import (
    Dossier,
    matching,
    planned_by_arm,
    switched_off,
)
from simulator.report.document.inputs import effect_sources
from simulator.report.document.numbers import count, known
from simulator.report.document.sources import is_assumed, wants_reference
from simulator.results.measures import Scale

_NO_EFFECT = "this run has no effect, so there is no target difference"
_RUN_WITH_EFFECT = "a run of trialsim power on the scenario with its effect, which has the power"
_RUN_SWEEP = "a run of trialsim sweep over the least certain values, given to the report"
VALUES = "the values of the scenario, with their sources"
_VARIED = "hazard.mortality_targets.*", "hazard.effect.hazard_ratio"  # named in a command
_ASSUMED = ("assumed-effect", "assumed-conduct", "assumed-patients", "assumed-treatment")


def delta2(written: Written) -> Guideline:
    """Items of Cook et al. (2018) for a trial with a superiority question."""
    return Guideline("delta2", "DELTA2", (*_core(written), *_of_the_difference(written)))


def _core(written: Written) -> tuple[Item, ...]:
    at = written.at
    return (
        Item("1", "Primary outcome that the size rests on", at("section-outcome", "estimand")),
        Item(
            "2",
            "Significance level and power",
            at("section-analysis", "section-power", "power"),
            left="" if written.dossier.power.verdict.is_power else _RUN_WITH_EFFECT,
        ),
        _difference(written),
        Item(
            "4",
            "Allocation ratio; if unequal, why",
            at("section-size", "assumed-conduct"),
            left="why the ratio is unequal" if _is_unequal(written.dossier) else "",
        ),
        Item(
            "5a",
            "How the size was worked out, with references; of times to an event, the events needed",
            at("section-methods", "section-measures", "closed-forms"),
        ),
        Item(
            "5b",
            "Adjustments, as for loss to follow-up and for several tests",
            at("section-events", "patients", "families"),
        ),
        Item(
            "5c",
            "Of other designs, what else went in, as the correlation within clusters",
            at("section-mechanisms"),
            left="whether outcomes could be correlated within sites, which the simulation leaves "
            "out",
        ),
        _to_assumptions(written),
    )


def _to_assumptions(written: Written) -> Item:
    """Return the item that a sweep over mortality or effect answers, and no other does."""
    number, asks = "5d", "Sensitivity of the size to what went in"
    dossier = written.dossier
    of_effect = {
        f"sweep-{place}"
        for place, sweep in enumerate(dossier.sweeps)
        if any(matched(q.pattern, key) is not None for key in sweep.keys for q in EFFECT)
    }
    found = written.at(*sorted(of_effect))
    if found:
        return Item(number, asks, (*written.at("section-sensitivity"), *found))
    return Item(number, asks, left=_effect_sweep(dossier))


def _effect_sweep(dossier: Dossier) -> str:
    """Name the run that would show how power depends on mortality or effect."""
    entries = [e for pattern in _VARIED for e in matching(dossier, pattern)]
    key = next((e.key for e in entries if known(e.value)), None)
    run = "a sweep over mortality or effect, given to the report"
    if key is None:
        return run
    name = literal(dossier.power.asked)
    return f"{run}: “trialsim sweep {name} --vary '{literal(key)}=LOW,HIGH'”"


def sensitivity(number: str, asks: str, written: Written) -> Item:
    """Return an item that only a sweep answers."""
    sweeps = written.beginning("sweep-")
    heading = written.at("section-sensitivity") if sweeps else ()
    return Item(number, asks, (*heading, *sweeps), left="" if sweeps else _RUN_SWEEP)


def _difference(written: Written) -> Item:
    number, asks = "3a-c", "Target difference in the terms of the outcome, and its inputs by arm"
    power = written.dossier.power
    if not power.verdict.is_power:
        return Item(number, asks, without=_NO_EFFECT)
    found = written.at("section-difference", "assumed-effect", "estimands", "figure-survival")
    is_mean = power.primary.scale is Scale.MELD_POINTS
    left = "the standard deviation, and the difference in units of it" if is_mean else ""
    return Item(number, asks, found, left=left)


def _is_unequal(dossier: Dossier) -> bool:
    ratio = [dossier.value(f"allocation.ratio[{place}]") for place in range(2)]
    patients = ratio if None not in ratio else planned_by_arm(dossier) or ratio
    return len(set(patients)) > 1


def _of_the_difference(written: Written) -> tuple[Item, ...]:
    """Items of grant applications, protocols and reports of results."""
    registered = not switched_off(written.dossier.value("trial.registry_id"))
    return (
        *_basis(written),
        Item(
            "8",
            "In the report of results: a reference to the protocol",
            written.at("section-outcome") if registered else (),
            left="the protocol, once it is published",
        ),
    )


def _basis(written: Written) -> tuple[Item, Item]:
    basis = "Whether the difference is thought important, realistic or both"
    choice = "Why this difference was chosen, with methods and earlier research"
    if not written.dossier.power.verdict.is_power:
        return Item("6", basis, without=_NO_EFFECT), Item("7", choice, without=_NO_EFFECT)
    return (
        Item(
            "6",
            basis,
            written.at("section-difference", "assumed-effect"),
            left="which difference would matter to patients",
        ),
        Item("7", choice, written.at("assumed-effect"), left=_evidence(written.dossier)),
    )


def _evidence(dossier: Dossier) -> str:
    """Say which evidence is wanting; empty where every value behind the difference has a source."""
    sources = effect_sources(dossier)
    if not sources:
        return "evidence for the mortality and the effect"
    assumed = sum(map(is_assumed, sources))
    if not assumed:
        return ""
    values = "value that is an assumption" if assumed == 1 else "values that are assumptions"
    return f"evidence for the {count(assumed)} {values}"


def spirit(written: Written) -> Guideline:
    """The sample size in Chan et al. (2025), and the items that it rests on."""
    return Guideline(
        "spirit",
        "SPIRIT 2025",
        (*_sample_size(written), *_beside(written)),
        "Item 19 is the sample size, which was item 14 of SPIRIT 2013; the others are those that "
        "it rests on.",
    )


def _sample_size(written: Written) -> tuple[Item, ...]:
    at, is_power = written.at, written.dossier.power.verdict.is_power
    searches = written.beginning("size-")
    assumed = at(*_ASSUMED)
    return (
        Item(
            "16",
            "Primary and secondary outcomes: variable, summary, time point",
            at("section-outcome", "estimand", "estimands"),
            left="outcomes that are not simulated, harms among them",
        ),
        Item(
            "19",
            "Sample size: the number, and how it was determined",
            at("section-size", "section-power", "power", *searches),
            left="" if is_power else _RUN_WITH_EFFECT,
        ),
        Item(
            "19",
            "Every assumption behind it, with its source",
            (*at("section-assumptions"), *assumed),
            left=references_left(written) if assumed else VALUES,
        ),
    )


def references_left(written: Written) -> str:
    """Say of how many sources the reference is left to the author; empty where all are cited."""
    bare = sum(map(wants_reference, written.dossier.values))
    if not bare:
        return ""
    sources = "the source of 1 value" if bare == 1 else f"the sources of {count(bare)} values"
    return f"references of {sources}"


def _beside(written: Written) -> tuple[Item, ...]:
    at = written.at
    return (
        Item(
            "20",
            "Recruitment: how the number will be reached",
            at("section-feasibility", "figure-recruitment"),
            left="how candidates will be found, and patients kept",
        ),
        Item(
            "27a",
            "Statistical methods of primary and secondary outcomes, harms among them",
            at("section-analysis", "power"),
            left="the analysis of harms",
        ),
        Item("27b", "Who is analysed, and in which arm", at("estimand", "figure-flow")),
        Item("27c", "How missing data are handled", at("section-events", "estimand")),
        Item(
            "27d",
            "Additional analyses, as of subgroups and of sensitivity",
            at("section-analysis", "estimands"),
            left="subgroup analyses",
        ),
        Item(
            "28a",
            "Data monitoring committee: role, reporting, independence; or why there is none",
            at("section-committee"),
            left="members, and who is unblinded"
            if at("section-committee")
            else "whether there is one",
        ),
        Item(
            "28b",
            "Interim analyses and stopping",
            at("section-interim", "looks", "boundaries") or at("section-limits"),
            left=""
            if at("section-interim")
            else "whether interim analyses are planned: the simulation has none",
        ),
    )
