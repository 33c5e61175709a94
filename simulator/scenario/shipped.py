"""The scenarios that come with the program."""

from pathlib import Path

from ruamel.yaml import YAML

_INSTALLED = Path(__file__).parents[1] / "shipped_scenarios"
_CHECKOUT = Path(__file__).parents[2] / "scenarios"


def shipped_folder() -> Path:
    """Folder of the shipped scenarios: in the installed package, or at the top of a checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def shipped_names() -> list[str]:
    """Names of the shipped scenarios, in order."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


def shipped_path(name: str) -> Path:
    """Path of a shipped scenario, whether or not there is one of that name."""
    return shipped_folder() / f"{name}.yaml"


def shipped_titles() -> dict[str, str]:
    """Name and title of each shipped scenario."""
    yaml = YAML(typ="safe", pure=True)
    return {name: str(yaml.load(shipped_path(name)).get("title", "")) for name in shipped_names()}
