"""What a command encloses with its answer: figures, and files of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

from simulator.store.aside import MARKER, Aside

Write = Callable[[Path], object]  # writes into a folder that is there


class Enclosures:
    """Files beside those that every run has.

    Nothing is written before the answer is there, so that no answer is lost with a figure; only
    what has to be written while it is worked out, as the rows of single trials, has a folder made
    for it at once.

    Attributes
    ----------
    failure
        Why something that was to be written while the answer was worked out could not be.
    lacks
        What that is; empty if nothing is missing.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._writes: list[Write] = []
        self.aside: Aside | None = None
        self.failure: OSError | None = None
        self.lacks = ""

    def fail(self, name: str, why: OSError | None) -> None:
        """Note that a file could not be written, if it was so."""
        if why is not None:
            self.failure, self.lacks = why, name

    def add(self, write: Write) -> None:
        """Have something written into the folder of the run once the answer is there."""
        self._writes.append(write)

    @property
    def folder(self) -> Path:
        """A folder for what is written at once.

        Raises
        ------
        OSError
            If it cannot be made.
        """
        self.aside = self.aside or Aside(self._place)
        return self.aside.folder

    def write_into(self, folder: Path) -> None:
        """Write all of it into a folder; what was written at once is copied, if it is whole."""
        if self.aside is not None and self.aside.folder != folder and self.failure is None:
            shutil.copytree(
                self.aside.folder,
                folder,
                ignore=shutil.ignore_patterns(MARKER),
                dirs_exist_ok=True,
            )
        for write in self._writes:
            write(folder)

    def discard(self) -> None:
        """Remove what was written at once."""
        if self.aside is not None:
            self.aside.discard()
