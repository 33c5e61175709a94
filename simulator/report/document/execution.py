"""How a trial is executed: what comes and goes, queues, order of events, random numbers, engine."""

from simulator.report.document.blocks import Block, Paragraph, literal
from simulator.report.document.dossier import Dossier, happens
from simulator.report.document.numbers import count, joined, points_of_error, rounded_mean
from simulator.report.document.trial_end import last_event

_ENTRY = {
    "poisson": "by a Poisson process at each site",
    "uniform": "at independent uniform times over a fixed period",
}
_QUEUES = {
    "first_come": "the earliest due first",
    "sickest_first": "the highest MELD first",
    "shortest_window": "the earliest end of the window first",
}
_ENGINES = {
    "compiled": "This run used the compiled engine, a loop over events; the reference engine, "
    "written apart as processes in SimPy, agrees",
    "reference": "This run used the reference engine, processes in SimPy; the compiled engine, "
    "written apart as a loop over events, agrees",
}


def execution_blocks(dossier: Dossier) -> list[Block]:
    """What simulates, apart from the model: for whoever would build it again."""
    paragraphs = (
        [_entities(dossier), _beginning_and_end(dossier)],
        [_resources(dossier)],
        [_order(dossier), _engine(dossier)],
        [_random_numbers(), _replications(dossier)],
    )
    return [Paragraph(text) for words in paragraphs if (text := joined(words))]


def _entities(dossier: Dossier) -> str:
    o = dossier.power.operations
    entry = _ENTRY.get(str(dossier.value("accrual.kind")), "at random times")
    ways = [("transplant", o.transplants), ("loss to follow-up", o.lost)]
    exits = " or ".join(["death", *(way for way, by_arm in ways if happens(by_arm))])
    rest = "; withdrawal ends treatment and visits alone" if happens(o.withdrawn) else ""
    return (
        f"The entities are candidates, who come {entry} and become patients once they are "
        f"randomised. A patient leaves by {exits}, or at the end of follow-up{rest}."
    )


def _beginning_and_end(dossier: Dossier) -> str:
    days = rounded_mean(dossier.power.operations.trial_days)
    return (
        "A trial is a terminating system: it begins without patients and without a warm-up period "
        f"when the first site opens, and ends when {last_event(dossier.power)}, after a mean of "
        f"{days} days. Time is continuous, in days."
    )


def _resources(dossier: Dossier) -> str:
    """Say what sessions wait for; empty where there are none."""
    o = dossier.power.operations
    if not o.has_sessions:
        return ""
    if not o.unit.days_open.mean:
        return "No machine, nurse or plasma is limited: a session starts when it falls due."
    queue = _QUEUES.get(str(dossier.value("unit.queue")), "in the order that the scenario gives")
    return (
        "The resources are machines, nurses and plasma; a session takes all three together or "
        f"waits in the queue of its site, which is served {queue}, ties in the order of "
        "randomisation. Who is short of plasma is skipped, so that others can be served. A session "
        "that has not begun by the end of its window is missed."
    )


def _order(dossier: Dossier) -> str:
    sessions = dossier.power.operations.has_sessions
    kinds = ["exits of patients", "referrals", "the daily update of labs and hazard"]
    if sessions:
        kinds = ["the opening of a unit", kinds[0], "ends of sessions and of their windows"]
        kinds += ["sessions falling due", "referrals", "the daily update of labs and hazard"]
        kinds += ["the queue"]
    return (
        "Time advances from event to event. Simultaneous events have a fixed order: "
        f"{', '.join(kinds)}; within a kind, the order of the patients' numbers."
    )


def _engine(dossier: Dossier) -> str:
    engine = dossier.power.engine
    used = _ENGINES.get(engine, f"This run used the {literal(engine)} engine; the other agrees")
    return f"{used} with it to the last digit, for every patient, in the program's tests."


def _random_numbers() -> str:
    return (
        "Random numbers come from the generator Philox 4x32-10 [@philox]. Each is computed from "
        "its address (seed, trial, purpose, person and number) and none is drawn in turn, so that "
        "designs that are compared share their random numbers, and neither parallel work nor the "
        "order of trials changes a digit."
    )


def _replications(dossier: Dossier) -> str:
    power = dossier.power
    return (
        f"The {count(power.trials)} trials are independent replications, which leaves a Monte "
        f"Carlo standard error of {points_of_error(power.primary.mcse)} in the share of trials "
        "that reject."
    )
