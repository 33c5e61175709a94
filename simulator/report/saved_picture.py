"""A picture as it was saved, for those who show it."""

from pathlib import Path
from typing import NamedTuple


class SavedPicture(NamedTuple):
    """Where each format of a picture is, and the caption that it goes under.

    A format that was not asked for is not there. The caption is plain text.
    """

    png: Path
    svg: Path
    pdf: Path
    caption: str = ""
