"""A run as one file, to be handed on."""

import hashlib
import os
import zipfile
from datetime import datetime
from pathlib import Path

from simulator.store.durable import written_aside
from simulator.store.logs import LOG
from simulator.store.manifest import MANIFEST, StoreError
from simulator.store.reading import checksum, open_regular
from simulator.store.runs import Run

SUMS = "SHA256SUMS"  # as sha256sum --check reads it
_BLOCK = 1 << 20


def export_run(run: Run, path: Path, *, replace: bool = False) -> list[str]:
    """Write a run into a zip file, whole, and return the names of its files.

    The same run gives the same bytes.

    Raises
    ------
    FileExistsError
        If the file exists, and is not to be replaced.
    OSError
        If it cannot be written.
    StoreError
        If a file of the run changes meanwhile.
    """
    sums = {**run.manifest["files"], MANIFEST: checksum(run.folder / MANIFEST)}
    if (run.folder / LOG).is_file():
        sums[LOG] = checksum(run.folder / LOG)
    ended = datetime.fromisoformat(run.manifest["ended"]).timetuple()
    date = max(ended[:6], (1980, 1, 1, 0, 0, 0))
    top = run.folder.resolve().name
    with (
        written_aside(path, replace=replace) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name, expected in sums.items():
            entry = _entry(f"{top}/{name}", date)
            if _copied(run.folder / name, target, entry) != expected:
                rule = f"{name} was changed while it was exported"
                raise StoreError(run.folder, rule, "give the command again")
        lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
        target.writestr(_entry(f"{top}/{SUMS}", date), lines)
    return [*sums, SUMS]


def _entry(name: str, date: tuple[int, ...]) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (date[0], date[1], date[2], date[3], date[4], date[5]))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    return entry


def _copied(path: Path, target: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """Copy a file into an archive; return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with (
        os.fdopen(open_regular(path), "rb") as source,
        target.open(entry, "w", force_zip64=True) as copy,
    ):
        while block := source.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()
