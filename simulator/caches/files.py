"""A file of the cache: whole or not there at all, and read only if it is this user's own.

It begins with a checksum of the rest, is written aside, made durable and then renamed. Two
processes that write the same one do no harm: each renames a whole file into its place.
"""

import contextlib
import hashlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

from simulator.durable import sync_folder, write_durably

# Nothing is followed, and nothing that stands in the way of a file is waited for.
_READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # each where a system has it
    _READ |= getattr(os, _flag, 0)
_OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH

_said: set[str] = set()


def read_kept(path: Path) -> Any:
    """Return the JSON that a file keeps; None if there is no file, or it was damaged."""
    content = read_bytes(path)
    try:
        return None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        set_aside(path, "is no JSON")
        return None


def read_bytes(path: Path) -> bytes | None:
    """Return what a file keeps; None if there is none. One that is damaged is set aside."""
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, _READ)) as file:
            why = why_not_own(os.fstat(file.fileno()))
            whole = b"" if why else file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        set_aside(path, f"cannot be read: {error.strerror}")
        return None
    checksum, _, content = whole.partition(b"\n")
    if not why and checksum != _checksum(content):
        why = "is damaged"
    if why:
        set_aside(path, why)
        return None
    return content


def why_not_own(found: os.stat_result, *, folder: bool = False) -> str:
    """Why something on the disk is not used as this user's own; nothing if it is."""
    if not (stat.S_ISDIR if folder else stat.S_ISREG)(found.st_mode):
        return "is no folder" if folder else "is no regular file"
    if not hasattr(os, "geteuid"):  # a system without such owners
        return ""
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    return "can be written to by others" if found.st_mode & _OF_OTHERS else ""


def set_aside(path: Path, why: str) -> None:
    """Name a file that is not used, and rename it, in place of one that was set aside before."""
    aside = path.with_name(f"{path.name}.damaged")
    try:
        os.replace(path, aside)
    except FileNotFoundError:  # another process was first
        return
    except OSError:
        say(f"{path} {why}: not used")
    else:
        say(f"{path} {why}: set aside as {aside.name} and made anew")


def keep(path: Path, plain: Any) -> None:
    """Write JSON as `keep_bytes` does."""
    keep_bytes(path, json.dumps(plain).encode())


def keep_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole and durably or not at all; what cannot be written is done without."""
    try:
        make_private(path.parent)
        write_durably(path, _checksum(content) + b"\n" + content)
        sync_folder(path.parent)
    except OSError as error:
        why = error.strerror or str(error)
        say(f"cannot be kept in {path.parent}: {why}; going on without", why)


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    for missing in [*reversed(folder.parents), folder]:
        if not missing.is_dir():
            missing.mkdir(mode=0o700, exist_ok=True)


def say(message: str, what: str = "") -> None:
    """Say something of the cache on standard error: once a process, and not in each worker's.

    Parameters
    ----------
    what
        What is said once, if the message may differ.
    """
    process = sys.modules.get("multiprocessing.process")
    if (what or message) in _said or (process and process.parent_process() is not None):
        return
    _said.add(what or message)
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    if sys.stderr is not None:  # print would take the other stream
        with contextlib.suppress(OSError, ValueError):  # it is closed or full
            print(f"cache: {shown}", file=sys.stderr, flush=True)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
