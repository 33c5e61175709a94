"""Units of work on disk: a file a unit, whole or not there at all, in a folder a question.

A file is an .npz with a digest of its bytes behind it: one whose bytes have another digest was cut
off or changed, is set aside under `damaged`, and is as good as not there. It also says which unit
it is: one from elsewhere is no better. Arrays are kept as they are, to the last bit; nothing that
could be run is ever read.
"""

import hashlib
import io
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.durable import write_durably
from simulator.store.reading import read_bytes

ABOUT = "key.json"
_DAMAGED = "damaged"
_HEAD = "head"
_DIGITS = 64  # of a digest, the last bytes of a file
_MOST_BYTES = 1 << 30  # of a unit
_MODE = 0o644
_WORTH_PACKING = 1 << 16
_SMALL = np.int8, np.int16, np.int32

Array = npt.NDArray[Any]


class UnitStore:
    """A folder of units that are done.

    Parameters
    ----------
    folder
        Made once there is a unit to keep.
    tell
        Called with a line on what was found damaged, and if no more units can be kept.

    Attributes
    ----------
    found, made
        Trials of units that were there, and of those that were kept, since this began.
    keys
        Of the questions about trials that were asked, in their order.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder, self._tell = folder.absolute(), tell
        self.found = self.made = 0
        self.keys: dict[str, None] = {}
        self._lock = threading.Lock()
        self._is_open = True

    def of(self, key: str, about: Mapping[str, Any]) -> "KeptUnits":
        """Return the units of one question about trials.

        Parameters
        ----------
        key
            Names what the units are functions of.
        about
            The same for people.
        """
        with self._lock:
            self.keys.setdefault(key)
        return KeptUnits(self, self.folder / key, about)

    def count(self, *, found: int = 0, made: int = 0) -> None:
        """Count trials."""
        with self._lock:
            self.found += found
            self.made += made

    def tell(self, line: str) -> None:
        """Say something, one thread at a time."""
        with self._lock:
            self._tell(line)

    def give_up(self, error: OSError) -> None:
        """Keep nothing any more, and say why once."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
        if was_open:
            self.tell(
                f"{error.filename or self.folder}: units of work cannot be kept: "
                f"{error.strerror or error}; the run goes on, but what is done from now on is lost "
                "if it is killed; make room, or give leave to write"
            )

    @property
    def is_open(self) -> bool:
        """Whether units are still kept."""
        return self._is_open


class KeptUnits:
    """Those units of a store that are functions of one question about trials."""

    def __init__(self, store: UnitStore, folder: Path, about: Mapping[str, Any]) -> None:
        self._store, self._folder, self._about = store, folder, about
        self._lock = threading.Lock()

    def _path(self, first: int, trials: int) -> Path:
        return self._folder / f"{first:012d}-{trials}.npz"

    def find(self, first: int, trials: int) -> dict[str, Array] | None:
        """Return the arrays of a unit; None if it is not there, or not as it was kept."""
        path = self._path(first, trials)
        try:
            arrays = _decoded(_read(path), self._name(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            self._set_aside(path, getattr(error, "strerror", None) or f"{error}")
            return None
        self._store.count(found=trials)
        return arrays

    def whole(self, trials: int) -> Iterator[dict[str, Array]]:
        """Yield the units that make up the trials from 0 on, as far as they are kept.

        Several may begin with the same trial: one that a run stopped in is short.
        """
        spans = [path.stem.partition("-") for path in self._folder.glob("*-*.npz")]
        lengths: dict[int, list[int]] = {}
        for first, _, length in spans:
            if first.isdecimal() and length.isdecimal():
                lengths.setdefault(int(first), []).append(int(length))
        done = 0
        while done < trials:
            fitting = [length for length in lengths.get(done, []) if length <= trials - done]
            unit = self.find(done, max(fitting)) if fitting else None
            if unit is None:
                return
            yield unit
            done += max(fitting)

    def refuse(self, first: int, trials: int) -> None:
        """Set a unit aside that was found, and is none that was asked for."""
        self._store.count(found=-trials)
        self._set_aside(self._path(first, trials), "holds other sums than are asked for")

    def _name(self, path: Path) -> str:
        return f"{self._folder.name}/{path.name}"

    def _set_aside(self, path: Path, why: str) -> None:
        """Say that a unit is not as it was kept, and move it to where nobody looks for it."""
        self._store.tell(f"{path}: {why}; set aside, and simulated again")
        try:
            (self._folder / _DAMAGED).mkdir(exist_ok=True)
            os.replace(path, self._folder / _DAMAGED / path.name)
        except OSError:
            return  # what is kept anew takes its place

    def keep(self, first: int, trials: int, arrays: Mapping[str, Array]) -> None:
        """Keep a unit durably; without room or leave, say so once and keep nothing any more."""
        self._store.count(made=trials)
        if not self._store.is_open:
            return
        path = self._path(first, trials)
        try:
            self._begin()
            write_durably(path, _encoded(arrays, self._name(path)), _MODE)
        except OSError as error:
            self._store.give_up(error)

    def _begin(self) -> None:
        """Make the folder, with what its units are for people to read."""
        with self._lock:
            if not (self._folder / ABOUT).exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                text = json.dumps(dict(self._about), indent=2) + "\n"
                write_durably(self._folder / ABOUT, text.encode(), _MODE)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _read(path: Path) -> bytes:
    """Return the bytes of a unit that are those which its last ones are the digest of.

    Raises
    ------
    OSError, ValueError
        If it is no file, or too large for one; if they are not.
    """
    whole = read_bytes(path, _MOST_BYTES)
    content, digest = whole[:-_DIGITS], whole[-_DIGITS:]
    if _digest(content) != digest:
        raise ValueError("was changed or cut off since it was kept")
    return content


def _encoded(arrays: Mapping[str, Array], name: str) -> bytes:
    """Return the bytes of a file of arrays, a function of the arrays and their name alone.

    The digest behind the archive does not hinder those who read it as .npz.
    """
    small = {key: _narrow(array) for key, array in arrays.items()}
    head = {"unit": name, "kinds": {key: array.dtype.str for key, array in arrays.items()}}
    content = io.BytesIO()
    large = sum(array.nbytes for array in small.values()) > _WORTH_PACKING
    write = np.savez_compressed if large else np.savez
    write(content, allow_pickle=False, **{_HEAD: np.array(json.dumps(head)), **small})
    return content.getvalue() + _digest(content.getvalue())


def _decoded(content: bytes, name: str) -> dict[str, Array]:
    """Return the arrays of a file.

    Raises
    ------
    ValueError
        If they were kept under another name.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        head = json.loads(str(arrays[_HEAD]))
        if head["unit"] != name:
            raise ValueError(f"is the unit {head['unit']}")
        return {key: arrays[key].astype(kind, copy=False) for key, kind in head["kinds"].items()}


def _narrow(array: Array) -> Array:
    """Return whole numbers in as few bytes as hold them, to the last bit: -0.0 and NaN stay."""
    if array.dtype not in (np.float64, np.int64) or array.size < 64:
        return array
    low, high = array.min(), array.max()
    for kind in _SMALL:
        if low >= np.iinfo(kind).min and high <= np.iinfo(kind).max:
            small = array.astype(kind)
            return small if small.astype(array.dtype).tobytes() == array.tobytes() else array
    return array
