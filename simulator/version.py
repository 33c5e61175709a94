"""Which program made a result, and with which libraries."""

from collections.abc import Iterable
from functools import cache

# `importlib.metadata` takes .03 s to import: an answer that is kept has its versions in it.


@cache
def program_version() -> str:
    """Version of the installed program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("trialsim")
    except PackageNotFoundError:
        return "not installed"


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Versions of installed distributions by their names.

    Raises
    ------
    PackageNotFoundError
        If one is not installed.
    """
    from importlib.metadata import version

    return {name: version(name) for name in names}
