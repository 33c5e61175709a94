"""What names this very program in the keys of what is kept, and where it is kept."""

import hashlib
import os
import tempfile
from pathlib import Path

_NO_KERNELS = (
    "cli",
    "report",
    "study.py",
    "store.py",
)  # an edit there need not compile everything anew


def _digest_of_sources(without: tuple[str, ...] = ()) -> str:
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        if source.relative_to(package).parts[0] in without:
            continue
        digest.update(source.relative_to(package).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


SOURCES_DIGEST = _digest_of_sources()  # names this very program in the keys of answers
MODEL_DIGEST = _digest_of_sources(_NO_KERNELS)  # and in those of caches, what is not about words


def cache_folder() -> Path:
    """Folder for what can be worked out again; a temporary one if home cannot be written to."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if os.access(home if home.exists() else home.parent, os.W_OK):
        return home / "trialsim"
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"trialsim-{user}"
