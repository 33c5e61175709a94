"""Figures of a simulated trial that published ones can be held against, by their words.

Each is of the trials as they are run: resources as scarce as the scenario says, and the dead known
whether they were lost to follow-up before or not.
"""

from typing import NamedTuple

LABS = ("bilirubin", "inr", "creatinine", "platelets")
"""Labs of the randomised, in the order of the records."""


class Measure(NamedTuple):
    """A figure of a simulated trial.

    Attributes
    ----------
    name
        In prose, without arm or day.
    unit
        Of a mean; empty for a share and for a ratio.
    is_share
        Whether it is a share, from 0 to 1.
    takes
        Keys that say of whom it is, beside `measure`: `arm`, `by_day`, `lab`, `baseline_meld`.
    needs
        Those among them that must be given.
    """

    name: str
    unit: str
    is_share: bool
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


_PATIENTS = ("arm", "baseline_meld")

MEASURES: dict[str, Measure] = {
    "mortality": Measure("mortality", "", True, (*_PATIENTS, "by_day")),
    "death_or_transplant": Measure("death or transplant", "", True, (*_PATIENTS, "by_day")),
    "share_of_deaths_by_day": Measure(
        "share of deaths", "", True, (*_PATIENTS, "by_day"), ("by_day",)
    ),
    "share_of_cumulative_hazard_by_day": Measure(
        "share of cumulative hazard", "", True, (*_PATIENTS, "by_day"), ("by_day",)
    ),
    "hazard_ratio_per_meld_point": Measure(
        "hazard ratio per point of baseline MELD", "", False, ("arm",)
    ),
    "mean_meld": Measure("mean baseline MELD", "points", False, ("arm",)),
    "sd_meld": Measure("sd of baseline MELD", "points", False, ("arm",)),
    "mean_lab": Measure("mean", "own", False, ("arm", "lab"), ("lab",)),
    "median_lab": Measure("median", "own", False, ("arm", "lab"), ("lab",)),
    "screen_failure": Measure("screen failure", "", True),
    "sessions_per_patient": Measure("sessions per patient", "sessions", False, ("arm",)),
    "sessions_short_of_plasma": Measure("sessions short of plasma", "", True, ("arm",)),
}

_LAB_NAMES = {"inr": "INR"}


def label_of(
    word: str,
    arm: str | None = None,
    by_day: float | None = None,
    lab: str | None = None,
    baseline_meld: tuple[float, float] | None = None,
) -> str:
    """Return what a measure is called, as `mortality by day 28, PE, MELD 30 to 40`."""
    name = MEASURES[word].name
    if lab is not None:
        name += f" {_LAB_NAMES.get(lab, lab)}"
    if by_day is not None:
        name += f" by day {by_day:g}"
    if arm is not None:
        name += f", {arm}"
    if baseline_meld is not None:
        name += f", MELD {baseline_meld[0]:g} to {baseline_meld[1]:g}"
    return name
