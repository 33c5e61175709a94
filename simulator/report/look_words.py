"""Words for looks that pages of text, documents and figures share: effects, levels."""

from simulator.report import digits
from simulator.results.after_stopping import NoEstimates
from simulator.results.interim import Interim
from simulator.results.looks import Looks
from simulator.results.measures import Estimate, Scale
from simulator.results.planned_looks import PlannedBoundaries

_UNITS = {Scale.PROPORTION: "percentage points", Scale.DAYS: "days", Scale.MELD_POINTS: "points"}
_LEAST_RATIO = 0.1  # below it a ratio has two digits rather than two decimals


def effect_name(found: Looks) -> str:
    """Return what the analysis estimates, with its unit."""
    unit = _UNITS.get(found.scale)
    return f"{found.measure}, {unit}" if unit else found.measure


def effect_in_words(found: Looks, value: Estimate | None) -> str:
    """Return an effect in the unit of `effect_name`, with the digits that its error supports."""
    if value is None:
        return ""
    factor = 100.0 if found.scale is Scale.PROPORTION else 1.0
    shown, error = factor * value.mean, factor * value.mcse
    most = 2 if found.scale is Scale.LOG_RATIO and shown >= _LEAST_RATIO else 1
    if found.scale is Scale.LOG_RATIO and shown < _LEAST_RATIO:
        return f"{shown:.2g}"
    decimals = max(min(digits.of_mean(shown, error), most), 0)
    words = f"{shown:.{decimals}f}"
    return words.lstrip("-") if not words.strip("-0.") else words


def level_in_words(boundaries: PlannedBoundaries, *, has_futility: bool) -> str:
    """Return the level with looks, futility obeyed and ignored, as a clause."""
    level = boundaries.level
    obeyed, ignored = (
        f"{100 * found:.2f}%" for found in (level.futility_obeyed, level.futility_ignored)
    )
    words = f"{obeyed} if futility is obeyed and {ignored} if it is ignored"
    return words if has_futility else ignored


def information_of(boundaries: PlannedBoundaries) -> str:
    """Return at which information boundaries are, as a phrase."""
    return "the planned information" if boundaries.as_planned else "the mean information"


def overrun_patients_in_words(found: Looks) -> str:
    """Return what `overrun_patients` counts, in the plural."""
    return "patients with a known end" if found.information == "completed" else "patients"


_NO_ESTIMATES = {
    NoEstimates.EXACT: "looks reject by exact levels, which no boundary of Z orders",
    NoEstimates.PREDICTIVE_FUTILITY: "futility goes by the tables of deaths, where it has no "
    "boundary of Z",
    NoEstimates.ADAPTATION: "what was seen changes the information to come",
    NoEstimates.FAMILY: "the trial stops by a family, and not by this analysis alone",
}


_AT_NO_EFFECT = (
    " After a promising zone the usual final test keeps its level at no effect; elsewhere the "
    "interval may cover a little less than it says."
)


def _is_usual_after_zone(found: Looks | Interim) -> bool:
    made = found.reestimation if isinstance(found, Looks) else None
    return made is not None and made.zone is not None and made.final_test == "usual"


def no_estimates_in_words(found: Looks | Interim) -> str:
    """Return why there is no estimate that allows for looks; empty where there is.

    Where repeated intervals are valid all the same it says so.
    """
    reasons = "; ".join(_NO_ESTIMATES[reason] for reason in found.no_estimates)
    if not reasons:
        return ""
    if all(reason.leaves_repeated for reason in found.no_estimates):
        return (
            f"No median-unbiased estimate and no stage-wise interval of {found.analysis} is made: "
            f"{reasons}. The repeated interval is that of the final test, whatever changed the "
            f"size.{_AT_NO_EFFECT * _is_usual_after_zone(found)}"
        )
    return (
        f"No estimate of {found.analysis} that allows for the looks (median-unbiased, stage-wise "
        f"or repeated intervals) is made: {reasons}. The usual ones know nothing of the looks."
    )
