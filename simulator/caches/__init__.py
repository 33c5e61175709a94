"""What is kept in the user's cache: where, how, and by which digests of this very program.

All of it can be worked out again. So nothing about it ends a run: what is damaged is named, set
aside and made anew; what cannot be kept is done without, and that is said once. What another user
could have written is never read: compiled kernels are code.
"""

from simulator.caches.digests import KERNELS_DIGEST, MODEL_DIGEST, PROGRAM_DIGEST, SOURCES_DIGEST
from simulator.caches.files import keep, keep_bytes, read_bytes, read_kept, say, set_aside
from simulator.caches.folders import cache_folder, digest_folder, home_cache, kernels_root

__all__ = [
    "KERNELS_DIGEST",
    "MODEL_DIGEST",
    "PROGRAM_DIGEST",
    "SOURCES_DIGEST",
    "cache_folder",
    "digest_folder",
    "home_cache",
    "keep",
    "keep_bytes",
    "kernels_root",
    "read_bytes",
    "read_kept",
    "say",
    "set_aside",
]
