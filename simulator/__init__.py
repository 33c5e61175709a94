"""Discrete-event simulation of the randomised trial NCT05484908 and of trials like it."""

import os
from typing import TYPE_CHECKING, Any

from simulator.caches import KERNELS_DIGEST, cache_folder

if TYPE_CHECKING:
    from simulator.study import Study

# Numba looks at the file that defines a kernel, not at those of the kernels that it calls: without
# a folder of their own, callers would go on running an edited rule as it was.
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "kernels" / KERNELS_DIGEST))


def load(name_or_path: str, **options: Any) -> "Study":
    """Load a scenario, by name or path, to be asked: `simulator.load("nct05484908").power()`.

    See `simulator.study.load`; imported here only when called, as it takes a second.
    """
    from simulator import study

    return study.load(name_or_path, **options)
