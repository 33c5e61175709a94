"""The manifest of a run: the question, by what it was answered, when, and a checksum of each file.

It has a checksum of its own and the digest of its question, and both are worked out again whenever
it is read: what was changed in it is never shown as what was asked. The checksums find what was
changed by accident. They are no proof against forgery: who rewrites a file can rewrite its
checksum. To be sure, rerun the command, which gives the same digits.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from simulator.errors import TrialsimError
from simulator.store.durable import write_text
from simulator.store.question import Question, digest_of
from simulator.store.reading import read_bytes
from simulator.store.writing import plain_json, to_json

MANIFEST = "manifest.json"
_LARGEST = 1 << 28  # bytes
_TYPES = {
    "digest": str,
    "finished": bool,
    "question": dict,
    "command": str,
    "ended": str,
    "versions": dict,
    "files": dict,
}
_AGAIN = "give its command again, with --force"


class StoreError(TrialsimError):
    """A folder is not what was asked for: the path, the rule and the remedy."""

    def __init__(self, path: Path, rule: str, remedy: str) -> None:
        self.path, self.rule, self.remedy = path, rule, remedy
        super().__init__(f"{path}: {rule}; {remedy}")


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a run, and its checksum in it."""
    plain = plain_json(manifest)
    whole = {**plain, "checksum": _checksum(plain)}
    write_text(folder / MANIFEST, to_json(whole) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run, which is as it was written.

    Raises
    ------
    StoreError
        If there is none, or it was changed.
    """
    manifest = plain_manifest(folder)
    checksum = manifest.pop("checksum", None)
    if checksum is None:
        rule = f"{MANIFEST} has no checksum: it was changed, or an earlier version wrote it"
        raise StoreError(folder, rule, _AGAIN)
    try:
        is_whole = checksum == _checksum(manifest)
        is_asked = digest_of(manifest["question"], manifest["program"]) == manifest["digest"]
    except (TypeError, KeyError, ValueError, RecursionError):
        is_whole = is_asked = False
    if not is_whole:
        raise StoreError(folder, f"{MANIFEST} was changed since the run was written", _AGAIN)
    if not is_asked:
        rule = f"{MANIFEST} holds another question than the one that was answered"
        raise StoreError(folder, rule, _AGAIN)
    return manifest


def plain_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run that may have been changed: enough to tell its own files.

    Raises
    ------
    StoreError
        If there is none.
    """
    try:
        manifest = json.loads(read_bytes(folder / MANIFEST, _LARGEST).decode("utf-8"))
        is_one = all(isinstance(manifest[key], type_) for key, type_ in _TYPES.items())
        is_one = is_one and isinstance(Question(**manifest["question"]).scenario, dict)
        is_one = is_one and all(map(_is_inside, manifest["files"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        is_one = False
    if not is_one:
        rule = f"is not the folder of a run, or its {MANIFEST} is broken"
        raise StoreError(folder, rule, "make one, as trialsim power nct05484908 does")
    return dict(manifest)


def manifest_digest(folder: Path) -> str:
    """Digest of a manifest's bytes, which tells one run from another; empty if there is none."""
    try:
        return hashlib.sha256(read_bytes(folder / MANIFEST, _LARGEST)).hexdigest()
    except OSError:
        return ""


def _is_inside(name: str) -> bool:
    """Whether a file's name leads nowhere outside its run."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and name == path.as_posix()


def _checksum(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()
