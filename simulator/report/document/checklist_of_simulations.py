"""What ADEMP and STRESS-DES ask of a simulation, and where a justification answers it."""

from dataclasses import replace

from simulator.report.document.checklist_item import Guideline, Item, Written
from simulator.report.document.checklist_of_trials import VALUES, references_left, sensitivity

_CODE = "an address at which program and scenario are kept, with its DOI"
_NO_SESSIONS = "nobody is treated in sessions"
_ASSUMED = ("assumed-effect", "assumed-conduct", "assumed-patients", "assumed-treatment")


def ademp(written: Written) -> Guideline:
    """Key steps of Morris, White and Crowther (2019), numbered by the sections that treat them."""
    return Guideline(
        "ademp",
        "ADEMP",
        (*_planning(written), *_execution(written), *_reporting(written)),
        "The numbers are of the sections of the guideline, which does not number its items.",
    )


def _planning(written: Written) -> tuple[Item, ...]:
    at = written.at
    several = len(written.dossier.power.analyses) > 1
    return (
        Item("3.1", "Aims", at("section-aims")),
        Item(
            "3.2",
            "Data-generating mechanisms: resampled or from a model, how complex, from which data",
            at("section-mechanisms", "section-assumptions", *_ASSUMED),
        ),
        sensitivity("3.2", "Which factors are varied, over which values, and how crossed", written),
        Item("3.3", "Estimands", at("section-estimands", "estimands")),
        Item(
            "3.4",
            "Methods compared, and whether they suit the estimands",
            at("section-analysis", "section-methods", "estimands"),
            left="the literature behind the choice of analyses" if several else "",
        ),
        Item(
            "3.5",
            "Performance measures, with formulas of the less usual",
            at("section-measures", "performance"),
        ),
        Item(
            "5.3",
            "Number of simulated trials, by the Monte Carlo error that it leaves",
            at("section-execution", "power"),
        ),
    )


def _execution(written: Written) -> tuple[Item, ...]:
    at = written.at
    return (
        Item("4", "Simulation and analysis kept apart, with checks", at("section-execution")),
        Item(
            "4",
            "Seed and states of the random numbers; separate streams in parallel work",
            at("section-execution", "section-repeat"),
        ),
    )


def _reporting(written: Written) -> tuple[Item, ...]:
    at = written.at
    return (
        Item("5.1", "Exploration of the estimates", at("section-measures", "performance")),
        Item("5.2", "Estimates with Monte Carlo standard errors", at("power", "performance")),
        Item("6", "Report in the order of ADEMP, with reasons", at("section-simulation")),
        Item("6", "Methods side by side in tables and figures", at("power", "performance")),
        Item("6", "Code to repeat it, published", at("section-repeat"), left=_CODE),
    )


def stress_des(written: Written) -> Guideline:
    """Items of STRESS-DES, version 1.0 (Monks et al. 2019)."""
    items = (
        *_objectives(written),
        *_logic(written),
        *_components(written),
        *_data(written),
        *_experimentation(written),
        *_implementation(written),
    )
    return Guideline("stress", "STRESS-DES", items)


def _objectives(written: Written) -> tuple[Item, ...]:
    at = written.at
    outputs = ("section-measures", "power", "patients", "sessions", "performance")
    return (
        Item(
            "1.1",
            "Purpose of the model",
            at("section-aims", "section-summary"),
            left="the background of the trial",
        ),
        Item("1.2", "Outputs, with equations and their errors", at(*outputs)),
        _experiments(
            "1.3", "Aims of the experiments: what is varied, and what is searched for", written
        ),
    )


def _experiments(number: str, asks: str, written: Written) -> Item:
    """Return an item that is answered by the sweeps and the searches for a size."""
    aims, found = written.at("section-aims"), sensitivity(number, asks, written)
    searches = written.beginning("size-")
    if not searches:
        return replace(found, at=(*aims, *found.at))
    heading = written.at("section-sensitivity")
    return Item(number, asks, (*aims, *heading, *found.at[1:], *searches))


def _logic(written: Written) -> tuple[Item, ...]:
    at, sweeps = written.at, written.beginning("sweep-")
    figure = at("figure-flow")
    return (
        Item(
            "2.1",
            "Diagram of the base model",
            (*figure, *at("section-mechanisms")),
            left="" if figure else "a flow diagram of a patient's way through the trial",
        ),
        Item("2.2", "Logic of the base model", at("section-mechanisms", "section-execution")),
        Item(
            "2.3",
            "Logic of the other scenarios, where it differs",
            sweeps,
            without="" if sweeps else "no other scenario is simulated",
        ),
        Item(
            "2.4",
            "Algorithms, as of allocation and of queues",
            at("section-execution", "assumed-conduct"),
        ),
    )


def _components(written: Written) -> tuple[Item, ...]:
    at = written.at
    o = written.dossier.power.operations
    execution = at("section-execution")
    resources = (*execution, *at("assumed-treatment"))
    scarce = o.has_sessions and o.unit.days_open.mean > 0
    none = "" if scarce else _NO_SESSIONS if not o.has_sessions else "no resource is limited"
    activities = (*at("section-mechanisms"), *(resources if o.has_sessions else execution))
    return (
        Item("2.5.1", "Entities", execution),
        Item("2.5.2", "Activities", activities),
        Item("2.5.3", "Resources", resources if scarce else (), without=none),
        Item("2.5.4", "Queues and their discipline", execution if scarce else (), without=none),
        Item("2.5.5", "Entry and exit", (*execution, *at("assumed-conduct"))),
    )


def _data(written: Written) -> tuple[Item, ...]:
    assumed = written.at(*_ASSUMED)
    wanting = "" if assumed else VALUES
    return (
        Item("3.1", "Sources of data", assumed, left=wanting or references_left(written)),
        Item(
            "3.2",
            "What was done to the data before they were used",
            left="how each value was derived from its source",
        ),
        Item(
            "3.3",
            "Input parameters and distributions",
            (*written.at("section-assumptions"), *assumed),
            left=wanting,
        ),
        Item("3.4", "Assumptions", written.at("section-assumptions", "section-limits")),
    )


def _experimentation(written: Written) -> tuple[Item, ...]:
    execution = written.at("section-execution")
    return (
        Item("4.1", "Initialisation, warm-up and end", execution),
        Item("4.2", "Run length and unit of time", execution),
        Item("4.3", "Replications, how many and why", (*execution, *written.at("power"))),
    )


def _implementation(written: Written) -> tuple[Item, ...]:
    at = written.at
    versions = written.dossier.provenance.versions
    return (
        Item(
            "5.1",
            "Software, with versions, and operating system",
            at("section-repeat"),
            left="" if versions else "versions of Python and its libraries, and operating system",
        ),
        Item("5.2", "Random numbers: generator and streams", at("section-execution")),
        Item("5.3", "Event mechanism, priorities, parallel work", at("section-execution")),
        Item("5.4", "Run time and hardware", left="the computer and the time that the run took"),
        Item("6.1", "Access to the code", at("section-repeat"), left=_CODE),
    )
