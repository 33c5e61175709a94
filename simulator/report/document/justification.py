"""The justification of a sample size, in the order of DELTA2 and then of ADEMP."""

from typing import Literal

from simulator.report.document.blocks import Block, Document, Heading, Paragraph, printable
from simulator.report.document.lengths import full_blocks, page_blocks, paragraph_text
from simulator.report.document.material import Material, value
from simulator.report.document.references import references

Length = Literal["paragraph", "page", "full"]


def justification(material: Material, length: Length) -> Document:
    """Write the justification of a trial's size.

    Parameters
    ----------
    material
        Summaries of the runs that it rests on.
    length
        `paragraph` for the box of a form, `page` for an application, `full` for its appendix.
    """
    blocks: tuple[Block, ...]
    if length == "paragraph":
        blocks = (Paragraph(paragraph_text(material)),)
    elif length == "page":
        blocks = page_blocks(material)
    else:
        blocks = full_blocks(material)
    cited = references(blocks, value(material, "trial.registry_id"))
    if cited.entries:
        blocks = (*blocks, Heading("References"), cited)
    return Document(f"Sample size justification: {printable(material.power['title'])}", blocks)
