"""The level that looks attain, in words."""

from simulator.report.text.numbers import plain, rounded
from simulator.results.attained import AttainedLevel, AttainedOverTrials, LargestLevel

NORMAL, EXACT = "normal boundary", "exact levels"


def attained_in_words(found: AttainedLevel, where: str) -> str:
    """Return what looks attain; `where` says which sizes these are."""
    words = f"Level attained, of {_percent(found.level)}, {where} ({_sizes(found)} patients): "
    words += _attained(found, found.normal_p, found.normal_level, found.normal_at, NORMAL)
    if found.exact_p is not None and found.exact_level is not None and found.exact_at is not None:
        exact = _attained(found, found.exact_p, found.exact_level, found.exact_at, EXACT)
        words += f"; {exact}"
    words += f". With a patient more or fewer in an arm at the end up to {_most(found)}"
    return f"{words}. By enumeration, the largest over the mortality common to the arms."


def attained_over_trials_in_words(found: AttainedOverTrials) -> str:
    """Return what looks attain at the sizes of single trials."""
    parts = [_over(NORMAL, found.normal_mean, found.normal_above, found.normal_largest, found)]
    if found.exact_mean is not None and found.exact_above is not None and found.exact_largest:
        exact = found.exact_mean, found.exact_above, found.exact_largest
        parts.append(_over(EXACT, *exact, found))
    if found.own_mean is not None and found.own_largest is not None:
        own = found.own_mean, 0.0, found.own_largest
        parts.append(_over("exact levels enumerated anew at each trial's own sizes", *own, found))
    return (
        f"Level attained at the sizes of {found.trials:,} trials, {found.distinct:,} "
        f"different (none stopped; each at the worst mortality common to the arms): "
        f"{'; '.join(parts)}."
    )


def _over(
    name: str, level: float, above: float, largest: LargestLevel, found: AttainedOverTrials
) -> str:
    words = f"{name} {_percent(level)} on average{_above(level, found.level)}"
    if largest.first_arm:
        words += f", at most {_percent(largest.level)} ({_sizes(largest)})"
    share = f"{plain(round(100.0 * above, 1))}% of trials are above {_percent(found.level)}"
    return f"{words}, {share}" if above > 0.0 else words


def _sizes(found: AttainedLevel | LargestLevel) -> str:
    arms = zip(found.first_arm, found.second_arm, strict=True)
    return ", ".join(f"{n0} v {n1}" for n0, n1 in arms)


def _most(found: AttainedLevel) -> str:
    """The largest levels at sizes near by."""
    levels = [found.normal_most, *([] if found.exact_most is None else [found.exact_most])]
    return " and ".join(_percent(level) + _above(level, found.level) for level in levels)


def _above(level: float, nominal: float) -> str:
    return ", ABOVE IT" if level > nominal else ""


def _attained(
    found: AttainedLevel, levels: tuple[float, ...], level: float, at: float, name: str
) -> str:
    nominal = ", ".join(rounded(p, 5) if p else "none" for p in levels)
    above = _above(level, found.level)
    return f"{name} (p {nominal}) {_percent(level)}{above}, at a mortality of {rounded(at, 2)}"


def _percent(level: float) -> str:
    return f"{plain(round(100.0 * level, 2))}%"
