"""Which program made a result."""

from functools import cache


@cache
def program_version() -> str:
    """Version of the installed program."""
    from importlib.metadata import PackageNotFoundError, version  # .03 s, and little needs it

    try:
        return version("trialsim")
    except PackageNotFoundError:
        return "not installed"
