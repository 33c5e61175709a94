"""The level that looks attain, in words."""

from simulator.report.text.numbers import plain, rounded
from simulator.results.attained import AttainedLevel

NORMAL, EXACT = "normal boundary", "exact levels"


def attained_in_words(found: AttainedLevel, where: str) -> str:
    """Return what looks attain; `where` says which sizes these are."""
    sizes = ", ".join(
        f"{n0} v {n1}" for n0, n1 in zip(found.first_arm, found.second_arm, strict=True)
    )
    words = f"Level attained, of {_percent(found.level)}, {where} ({sizes} patients): "
    words += _attained(found, found.normal_p, found.normal_level, found.normal_at, NORMAL)
    if found.exact_p is not None and found.exact_level is not None and found.exact_at is not None:
        exact = _attained(found, found.exact_p, found.exact_level, found.exact_at, EXACT)
        words += f"; {exact}"
    return f"{words}. By enumeration, the largest over the mortality common to the arms."


def _attained(
    found: AttainedLevel, levels: tuple[float, ...], level: float, at: float, name: str
) -> str:
    nominal = ", ".join(rounded(p, 5) if p else "none" for p in levels)
    above = ", ABOVE IT" if level > found.level else ""
    return f"{name} (p {nominal}) {_percent(level)}{above}, at a mortality of {rounded(at, 2)}"


def _percent(level: float) -> str:
    return f"{plain(round(100.0 * level, 2))}%"
