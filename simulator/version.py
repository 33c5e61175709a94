"""Which program made a result."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Version of the installed program."""
    try:
        return version("trialsim")
    except PackageNotFoundError:
        return "not installed"
