"""Discrete-event simulation of the randomised trial NCT05484908 and of trials like it."""

import hashlib
import os
import tempfile
from pathlib import Path


def _use_kernel_cache_of_these_sources() -> None:
    """Point Numba's cache at a folder that is named by a hash of the package's sources.

    Numba looks at the file that defines a kernel, not at the files of the kernels that it calls:
    without this, an edited rule would go on running as it was in every caller that was not edited.
    """
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        digest.update(source.relative_to(package).as_posix().encode())
        digest.update(source.read_bytes())
    fallback = Path(tempfile.gettempdir()) / f"trialsim-{os.getuid() if hasattr(os, 'getuid') else 0}"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    base = home / "trialsim" if os.access(home if home.exists() else home.parent, os.W_OK) else fallback
    os.environ.setdefault("NUMBA_CACHE_DIR", str(base / "kernels" / digest.hexdigest()[:16]))


_use_kernel_cache_of_these_sources()
