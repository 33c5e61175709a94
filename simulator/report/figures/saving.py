"""A drawing on disk: SVG, PNG and PDF, with its caption in each and as text beside them."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simulator.report.figures import style
from simulator.report.figures.drawing import Drawing

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

            def write(path: str, kind: str = kind) -> None:
                drawing.figure.savefig(path, format=kind, dpi=_DPI, metadata=about[kind])

            _write_whole(stem.with_name(f"{stem.name}.{kind}"), write)
    text = stem.with_name(f"{stem.name}.txt")
    _write_whole(text, lambda path: Path(path).write_text(caption + "\n", "utf-8", newline="\n"))
    return caption


def _metadata(shows: str, caption: str) -> dict[str, dict[str, Any]]:
    """Return what each format says of itself; None leaves out what would change with time."""
    is_dated = bool(os.environ.get("SOURCE_DATE_EPOCH"))
    return {
        "svg": {"Title": shows, "Description": caption} | ({} if is_dated else {"Date": None}),
        "png": {"Title": shows, "Description": caption, "Software": None},
        "pdf": {"Title": shows, "Subject": caption} | ({} if is_dated else {"CreationDate": None}),
    }


def _write_whole(path: Path, write: Callable[[str], object]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
