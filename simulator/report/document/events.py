"""Loss to follow-up and other intercurrent events: how they count, and how often they happen."""

from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.material import Mapped, Material, arms, operations, primary, value
from simulator.report.document.numbers import (
    DASH,
    known,
    listed,
    percent,
    whole_percent,
    with_error,
)

_EVENTS = (
    ("lost", "lost to follow-up"),
    ("withdrawn", "withdrawn from treatment"),
    ("transplants", "transplanted"),
    ("infections", "infected"),
)


def loss_sentence(material: Material, *, short: bool = False) -> str:
    """Say how many are lost, and that the power allows for them."""
    o = operations(material)
    shares = {arm: share(o["lost"][arm], o["patients"][arm]) for arm in arms(material)}
    if not any(shares.values()):
        return "Nobody is lost to follow-up in the simulated trials."
    told = listed([f"{percent(share)} under {literal(arm)}" for arm, share in shares.items()])
    if short:
        return f"Loss to follow-up is allowed for ({told})."
    attributes = primary(material)["estimand_attributes"]
    net = value(material, "exits.loss.net_probability")
    assumed = ""
    if known(net):
        assumed = (
            f", fewer than the {whole_percent(net)} that would be if nobody died first"
            if max(shares.values()) < net
            else f" ({whole_percent(net)} was assumed)"
        )
    return (
        f"In the simulated trials {told} are lost to follow-up{assumed}. "
        f"The results above allow for it ({literal(attributes['loss'])}), so the number of "
        "patients is not raised for loss a second time."
    )


def share(part: Mapped, whole: Mapped) -> float:
    """Return one mean as a share of another; 0 of nothing."""
    return float(part["mean"] / whole["mean"]) if whole["mean"] else 0.0


def event_blocks(material: Material) -> list[Block]:
    """Loss and the other intercurrent events, with a table of how often they happen."""
    a = primary(material)["estimand_attributes"]
    rules = [
        f"{word} ({literal(a[key])})"
        for key, word in (
            ("transplant", "transplant"),
            ("rescue", "rescue or another modality"),
            ("withdrawal", "withdrawal from treatment"),
            ("death", "death"),
        )
        if key in a
    ]
    text = f"Other intercurrent events are handled as follows: {'; '.join(rules)}."
    return [
        Paragraph(loss_sentence(material)),
        Paragraph(f"{text} [#patients] has how often they happen."),
        _patients_table(material),
    ]


def _patients_table(material: Material) -> Table:
    o, names = operations(material), arms(material)
    rows = [("Randomised", *(with_error(o["patients"][arm]) for arm in names))]
    for label, key in (
        ("Died", "mortality"),
        ("Of these, from the tumour", "mortality_from_tumour"),
    ):
        if any(o[key][arm]["mean"] for arm in names):
            rows.append((f"{label}, % of patients", *(percents(o[key][arm]) for arm in names)))
    for key, word in _EVENTS:
        if any(o[key][arm]["mean"] for arm in names):
            rows.append((word.capitalize(), *(with_error(o[key][arm]) for arm in names)))
    return Table(
        caption="Patients of a trial: mean number by arm, and its Monte Carlo standard error.",
        header=("Patients", *(literal(arm) for arm in names)),
        rows=tuple(rows),
        note="Deaths are counted to the end of follow-up, those after loss among them.",
        name="patients",
    )


def percents(entry: Mapped) -> str:
    """Return a proportion in per cent, without the sign, and its error."""
    if not known(entry["mean"]):
        return DASH
    return with_error({"mean": 100 * entry["mean"], "mcse": 100 * entry["mcse"]}, 2)
