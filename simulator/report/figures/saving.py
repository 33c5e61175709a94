"""A drawing on disk: SVG, PNG and PDF, with its caption in each and as text beside them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.report.figures import style
from simulator.report.figures.drawing import Drawing
from simulator.store import write_whole, written_aside

KINDS = "svg", "png", "pdf"
_DPI = 300  # of PNG, as journals ask for


def save(drawing: Drawing, stem: Path, kinds: Sequence[str] = KINDS) -> str:
    """Write the figure as stem.svg, stem.png and stem.pdf, and the caption, as stem.txt.

    Each is written aside and renamed once complete. Its bytes depend on the drawing alone and, if
    it is set, on SOURCE_DATE_EPOCH, which dates the SVG and the PDF.

    Returns
    -------
    str
        The caption, which explains numbers that stand in place of characters without a font.
    """
    caption = drawing.caption
    if style.lacks_fonts(drawing.figure):
        caption += f" {style.NO_FONT}"
    about = _metadata(drawing.shows, caption)
    with style.context():
        for kind in kinds:
            with written_aside(stem.with_name(f"{stem.name}.{kind}")) as part:
                drawing.figure.savefig(part, format=kind, dpi=_DPI, metadata=about[kind])
    write_whole(stem.with_name(f"{stem.name}.txt"), caption + "\n")
    return caption


def _metadata(shows: str, caption: str) -> dict[str, dict[str, Any]]:
    """Return what each format says of itself; None leaves out what would change with time."""
    is_dated = bool(os.environ.get("SOURCE_DATE_EPOCH"))
    return {
        "svg": {"Title": shows, "Description": caption} | ({} if is_dated else {"Date": None}),
        "png": {"Title": shows, "Description": caption, "Software": None},
        "pdf": {"Title": shows, "Subject": caption} | ({} if is_dated else {"CreationDate": None}),
    }
