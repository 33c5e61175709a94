"""Discrete-event simulation of the randomised trial NCT05484908 and of trials like it."""

import hashlib
import os
import tempfile
from pathlib import Path


def _digest_of_sources() -> str:
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        digest.update(source.relative_to(package).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


SOURCES_DIGEST = _digest_of_sources()  # names this very program in the keys of caches


def cache_folder() -> Path:
    """Folder for what can be worked out again; a temporary one if home cannot be written to."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if os.access(home if home.exists() else home.parent, os.W_OK):
        return home / "trialsim"
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"trialsim-{user}"


# Numba looks at the file that defines a kernel, not at those of the kernels that it calls: without
# a folder of their own, callers would go on running an edited rule as it was.
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "kernels" / SOURCES_DIGEST))
