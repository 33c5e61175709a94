"""The level that looks at two proportions attain, in sentences of the document."""

from simulator.report.document.numbers import listed, percent
from simulator.results.looks import Looks


def attained_sentences(found: Looks) -> list[str]:
    """Return what the test attains by enumeration; none where it is not known."""
    return [*_at_mean_sizes(found), *_over_trials(found)]


def _at_mean_sizes(found: Looks) -> list[str]:
    """The level attained, by enumeration."""
    level = found.attained
    if level is None or found.own_sizes:
        return []
    attained = level.exact_level if found.exact else level.normal_level
    most = level.exact_most if found.exact else level.normal_most
    if attained is None or most is None:
        return []
    return [
        "At the mean sizes of the analyses the test attains, over all of them and at the worst "
        f"mortality common to the arms, a level of {percent(attained)}"
        f"{', above the nominal one' if attained > level.level else ''} (by enumeration"
        f"{', futility ignored' if found.futility else ''}), and up to {percent(most)} with a "
        "patient more or fewer in an arm at the end."
    ]


def _over_trials(found: Looks) -> list[str]:
    """The level attained at the sizes of single trials, by enumeration."""
    over = found.attained_over_trials
    if over is None:
        return []
    level, largest = over.normal_mean, over.normal_largest
    if found.exact and over.exact_mean is not None and over.exact_largest is not None:
        level, largest = over.exact_mean, over.exact_largest
    own = over.own_mean
    if found.own_sizes and own is not None and over.own_largest is not None:
        level, largest = own, over.own_largest
    if not largest.first_arm:
        return []
    sizes = zip(largest.first_arm, largest.second_arm, strict=True)
    said = (
        f"At the sizes of {over.trials:,} simulated trials the level attained is {percent(level)} "
        f"on average and at most {percent(largest.level)} "
        f"({listed([f'{n0} v {n1} patients' for n0, n1 in sizes])})"
    )
    if found.exact and not found.own_sizes and own is not None:
        said += "; nominal levels enumerated at each trial's own sizes would have "
        said += f"{percent(own)} on average"
    return [f"{said}."]
