"""Questions that were asked before: an answer that is kept is found without reading a scenario.

What a question is, in full, only a checked scenario tells: to make it takes a second, and what has
to be prepared takes more. So it is noted, once it is answered, in which words it was asked, on
which files it rests, and what its digest is. The same words, with all of those files unchanged and
by the same program, are the same question. All that stands in the run is checked as ever.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from simulator.caches import PROGRAM_DIGEST, digest_folder, keep, read_kept
from simulator.inputs import forget, is_as_noted, noted

# How an answer is worked out, kept and shown, but not what it is.
_NOT_ASKED = {"jobs", "backend", "scheduler", "yes", "out", "force", "full", "json"}


class Known(NamedTuple):
    """A question that was answered: its digest, and the folder that it has if none is named."""

    digest: str
    folder: str


class _Words(NamedTuple):
    command: str
    options: Mapping[str, Any]
    folder: str

    @property
    def place(self) -> Path:
        """Where it is noted: a name made of the words, the folder they are said in, the program."""
        asked = {key: repr(value) for key, value in self.options.items() if key not in _NOT_ASKED}
        whole = json.dumps([self.command, asked, self.folder, PROGRAM_DIGEST], sort_keys=True)
        name = hashlib.sha256(whole.encode()).hexdigest()[:32]
        return digest_folder("asked", PROGRAM_DIGEST) / f"{name}.json"


_WORDS: ContextVar[_Words | None] = ContextVar("_WORDS", default=None)


@contextmanager
def words(command: str, options: Mapping[str, Any]) -> Iterator[None]:
    """Hold the words in which a command is asked, for `known` and `remember`."""
    token = _WORDS.set(_Words(command, options, os.getcwd()))
    forget()
    try:
        yield
    finally:
        _WORDS.reset(token)


def known() -> Known | None:
    """Return the question that these words are; None if they were not asked, or a file changed."""
    words = _WORDS.get()
    if words is None:
        return None
    found = read_kept(words.place)
    try:
        question, files = Known(*map(str, found["question"])), dict(found["files"])
    except (KeyError, TypeError, ValueError):
        return None
    return question if all(is_as_noted(path, was) for path, was in files.items()) else None


def remember(question: Known) -> None:
    """Note what question these words are, and the files that it rests on."""
    words = _WORDS.get()
    if words is not None:
        keep(words.place, {"question": question, "files": noted()})
