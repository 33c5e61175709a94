"""Loss to follow-up and other intercurrent events, and how often they happen."""

from collections.abc import Iterable

from simulator.report.document.arm_words import by_arm
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import Dossier, happens
from simulator.report.document.numbers import (
    LEFT_OUT,
    known,
    percent,
    percent_with_error,
    span,
    whole_percent,
    with_error,
)
from simulator.report.document.trial_end import counted_until
from simulator.results.measures import Estimate
from simulator.results.operations import ByArm, Operations
from simulator.results.power import EstimandAttributes

Rows = list[tuple[str, ...]]


def loss_clause(dossier: Dossier) -> str:
    """Say in a clause how many are lost, and that the power allows for them.

    Where fewer are lost than was assumed, since the dead can no longer be, the input is named.
    """
    o = dossier.power.operations
    shares = sorted(percent(share(o.lost[arm], o.patients[arm])) for arm in o.arms)
    if not any(entry.mean for entry in o.lost.values()):
        return "with no loss to follow-up assumed"
    low, high = shares[0], shares[-1]
    told = f"{span(low.removesuffix('%'), high.removesuffix('%'))}% loss to follow-up"
    told += _by_day(dossier)
    return f"allowing for {told}{_assumed_loss(dossier, (low, high))}"


def _assumed_loss(dossier: Dossier, shown: tuple[str, str]) -> str:
    """Return the loss that was assumed, in brackets, where it is not what is shown."""
    net, day = (dossier.value(f"exits.loss.{key}") for key in ("net_probability", "by_day"))
    if not known(net) or all(value == percent(net) for value in shown):
        return ""
    is_to_the_end = day == dossier.value("trial.follow_up_days")
    until = f" by day {day:g}" if known(day) and not is_to_the_end else ""
    return f" ({whole_percent(net)}{until} if nobody died)"


def loss_in_short(dossier: Dossier) -> str:
    """Say in a sentence that the simulation allows for loss to follow-up."""
    return f"The trial was simulated {loss_clause(dossier)}."


def loss_sentence(dossier: Dossier) -> str:
    """Say how many are lost, and that the power allows for them."""
    o = dossier.power.operations
    shares = {arm: share(o.lost[arm], o.patients[arm]) for arm in o.arms}
    if not any(shares.values()):
        return "Nobody is lost to follow-up in the simulated trials."
    told = by_arm({arm: percent(lost) for arm, lost in shares.items()})
    net = dossier.value("exits.loss.net_probability")
    assumed = ""
    if known(net):
        assumed = (
            f", fewer than the {whole_percent(net)} that would be if nobody died first"
            if max(shares.values()) < net
            else f" ({whole_percent(net)} was assumed)"
        )
    handled = dossier.power.primary.estimand_attributes
    return (
        f"In the simulated trials {told} are lost to follow-up{_by_day(dossier)}{assumed}. The "
        "results above allow "
        f"for it ({literal(handled.loss)}), so there is no further inflation for attrition. Bias "
        f"from it: {literal(handled.loss_bias)}."
    )


def _by_day(dossier: Dossier) -> str:
    """By when losses are counted, where patients are followed for longer."""
    end = dossier.power.trial_end
    return "" if end is None else f" by day {end.follow_up_days}"


def share(part: Estimate, whole: Estimate) -> float:
    """Return one mean as a share of another; 0 of nothing."""
    return part.mean / whole.mean if whole.mean else 0.0


def event_blocks(dossier: Dossier) -> list[Block]:
    """Loss and the other intercurrent events, with a table of how often they happen."""
    o = dossier.power.operations
    rules = _event_rules(dossier.power.primary.estimand_attributes)
    text = f"Other intercurrent events are handled as follows: {'; '.join(rules)}."
    seen = o.has_sessions or happens(o.transplants) or happens(o.withdrawn)
    often = "[#patients] has how often they happen."
    if not seen:
        often = "None of them is simulated; [#patients] has deaths and losses."
    return [
        Paragraph(loss_sentence(dossier)),
        Paragraph(f"{text} {often}"),
        _patients_table(o, counted_until(dossier.power)),
    ]


def _event_rules(a: EstimandAttributes) -> list[str]:
    handled = (
        ("transplant", a.transplant),
        ("rescue or another modality", a.rescue),
        ("withdrawal from treatment", a.withdrawal),
        ("death", a.death),
    )
    return [f"{event} ({literal(rule)})" for event, rule in handled if rule is not None]


def _patients_table(o: Operations, until: str) -> Table:
    rows: Rows = [("Randomised", *map(with_error, o.patients.values()))]
    for label, deaths in (
        ("Died", o.mortality),
        ("Of these, tumour-related", o.mortality_from_tumour),
    ):
        if happens(deaths):
            rows.append((f"{label}, % of patients", *map(percent_with_error, deaths.values())))
    rows += rows_of_means(
        (
            ("Lost to follow-up", o.lost),
            ("Withdrawn from treatment", o.withdrawn),
            ("Transplanted", o.transplants),
            ("Infected", o.infections),
            ("Used by the primary analysis", {a: flow.analysed for a, flow in o.flow.items()}),
        )
    )
    return Table(
        caption="Patients per trial: mean number by arm.",
        header=("Patients", *map(literal, o.arms)),
        rows=tuple(rows),
        note=f"Deaths are counted to {until}, those after loss among them. {LEFT_OUT}",
        name="patients",
    )


def rows_of_means(labelled: Iterable[tuple[str, ByArm]]) -> Rows:
    """Rows of what happens at all, its mean by arm in each."""
    return [
        (label, *map(with_error, by_arm.values())) for label, by_arm in labelled if happens(by_arm)
    ]
