"""The appendix of a full justification: four reporting guidelines, item by item."""

from collections.abc import Sequence

from simulator.report.document.blocks import Block, Heading, Paragraph, Table
from simulator.report.document.checklist_item import Guideline, Written, names_of, where
from simulator.report.document.checklist_of_simulations import ademp, stress_des
from simulator.report.document.checklist_of_trials import delta2, spirit
from simulator.report.document.dossier import Dossier
from simulator.report.document.numbers import count, joined, listed


def guidelines(dossier: Dossier, written: Sequence[Block]) -> tuple[Guideline, ...]:
    """Return what each guideline asks, and where it is answered.

    Parameters
    ----------
    written
        The document so far: an item points at nothing but what is in it, and at figures, which
        may come later.
    """
    drawn = tuple(f"figure-{name}" for name in dossier.pictures)
    found = Written(dossier, (*names_of(written), *drawn))
    return delta2(found), spirit(found), ademp(found), stress_des(found)


def checklist_blocks(dossier: Dossier, written: Sequence[Block]) -> list[Block]:
    """Return the guidelines as an appendix, a table each; `written` is the document so far."""
    found = guidelines(dossier, written)
    return [
        Heading("Appendix: reporting checklists", name="section-checklists", is_numbered=False),
        Paragraph(_introduction(found)),
        *(_table(guideline) for guideline in found),
    ]


def _introduction(found: Sequence[Guideline]) -> str:
    named = listed([f"{g.name} [@{g.key}] in [#{_name(g)}]" for g in found])
    left = sum(bool(item.left) for guideline in found for item in guideline.items)
    items = sum(len(guideline.items) for guideline in found)
    return joined(
        [
            f"The tables say where this document answers the items of four guidelines: {named}.",
            "The words of the items are not those of the guidelines. What stands in quotation "
            "marks is the heading of a section.",
            f"Of the {count(items)} items {count(left)} are left to the author, in whole or in "
            "part, with what is wanted.",
        ]
    )


def _table(guideline: Guideline) -> Table:
    return Table(
        caption=f"Items of {guideline.name}, and where they are answered.",
        header=("No.", "Item", "Where it is answered"),
        rows=tuple((item.number, item.asks, where(item)) for item in guideline.items),
        note=guideline.note,
        name=_name(guideline),
        words=(0, 1, 2),
        widths=(0.6, 2.7, 3.7),
    )


def _name(guideline: Guideline) -> str:
    return f"checklist-{guideline.key}"
