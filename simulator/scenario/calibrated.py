"""What parameters were set to meet, and what was held out: `calibrated` and `acceptance`.

Neither changes a simulated trial.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from simulator.declarations.measures import LABS, MEASURES, label_of
from simulator.declarations.parts import Count, Line, NotNegative, Part, Positive, Probability, Word
from simulator.scenario.errors import RuleError

if TYPE_CHECKING:
    MeasureWord = str
    LabWord = str
else:
    MeasureWord = Literal[tuple(MEASURES)]
    LabWord = Literal[LABS]

Row = Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,4}[a-z]?$")]


class Measured(Part):
    """A figure of the simulated trials."""

    measure: MeasureWord = Field(description="which figure")
    arm: Word | None = Field(default=None, description="of this arm; null: of all patients")
    by_day: Positive | None = Field(
        default=None, description="day after randomisation; null: the end of follow-up"
    )
    lab: LabWord | None = Field(default=None, description="which lab, of mean_lab and median_lab")
    baseline_meld: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        description="of those alone with a baseline MELD from the first to below the second; "
        "null: of all",
    )

    @model_validator(mode="after")
    def _says_of_whom(self) -> "Measured":
        declared = MEASURES[self.measure]
        for key in ("arm", "by_day", "lab", "baseline_meld"):
            given = getattr(self, key) is not None
            if given and key not in declared.takes:
                raise RuleError(f"has no meaning for {self.measure}", "leave it out", key)
            if not given and key in declared.needs:
                raise RuleError(f"must be given for {self.measure}", "add it", key)
        if self.baseline_meld is not None and self.baseline_meld[0] >= self.baseline_meld[1]:
            raise RuleError("must climb", "give the lower limit first", "baseline_meld")
        return self

    @property
    def label(self) -> str:
        """What it is called, as `mortality, PE`."""
        low_high = None if self.baseline_meld is None else tuple(self.baseline_meld)
        return label_of(self.measure, self.arm, self.by_day, self.lab, low_high)  # type: ignore[arg-type]


class MovableKey(Part):
    """A key that a calibration may move."""

    key: Word = Field(description="a numeric key of the scenario")
    low: float = Field(description="lowest value that is plausible")
    high: float = Field(description="highest value that is plausible")

    @model_validator(mode="after")
    def _low_below_high(self) -> "MovableKey":
        if self.low >= self.high:
            raise RuleError("must be above low", "exchange the two, or widen the limits", "high")
        return self


class CalibrationTarget(Measured):
    """A figure that parameters are to bring about."""

    value: float = Field(description="what it is to be")
    tolerance: Positive = Field(description="how far from that it may be")
    by: list[MovableKey] = Field(
        default=[], max_length=10, description="keys that may move to meet it; empty: none"
    )
    rows: list[Row] = Field(default=[], description="rows of the evidence that the value rests on")
    source: Line = Field(description="where the value comes from, as published: Du 2021")
    note: Line = Field(default="", description="what a reader should know, as why it is missed")

    @model_validator(mode="after")
    def _possible(self) -> "CalibrationTarget":
        if MEASURES[self.measure].is_share and not 0 <= self.value <= 1:
            raise RuleError("must be from 0 to 1, being a share", "give a share", "value")
        keys = [movable.key for movable in self.by]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise RuleError("this key is given twice", "leave one out", f"by[{place}].key")
        return self


class Observed(Part):
    """What a study saw: events of n, a share of n, or a mean with its standard deviation."""

    events: Annotated[int, Field(ge=0)] | None = Field(default=None, description="of n patients")
    share: Probability | None = Field(default=None, description="in place of events")
    mean: float | None = Field(default=None, description="of n patients")
    sd: Positive | None = Field(default=None, description="between patients, of a mean")
    n: Count = Field(description="patients")

    @model_validator(mode="after")
    def _one_of_three(self) -> "Observed":
        given = [key for key in ("events", "share", "mean") if getattr(self, key) is not None]
        if len(given) != 1:
            rule = "needs one of events, share and mean" + (
                f", has {' and '.join(given)}" * bool(given)
            )
            raise RuleError(rule, "as {events: 20, n: 40} or {mean: 2.3, sd: 0.8, n: 33}")
        if (self.mean is None) != (self.sd is None):
            raise RuleError("a mean has a standard deviation, a share has none", "mend it", "sd")
        if self.events is not None and self.events > self.n:
            raise RuleError(f"must be at most n, {self.n}", "exchange the two", "events")
        return self


class AcceptanceCheck(Measured):
    """A published figure that was not used, and that the scenario must agree with."""

    rows: list[Row] = Field(min_length=1, description="rows of the evidence that hold it")
    observed: Observed = Field(description="what the study saw")
    between_study_log_odds_sd: NotNegative | None = Field(
        default=None, description="sd between studies of the log odds, of a share"
    )
    between_study_sd: NotNegative | None = Field(
        default=None, description="sd between studies in the figure's own unit, of a mean"
    )
    note: Line = Field(default="", description="what a reader should know")

    @model_validator(mode="after")
    def _on_its_scale(self) -> "AcceptanceCheck":
        is_share = MEASURES[self.measure].is_share
        if self.measure in ("hazard_ratio_per_meld_point", "sd_meld", "median_lab") or (
            self.measure.startswith("share_of_")
        ):
            raise RuleError(
                "cannot be checked: its sampling is neither of events of n nor of a mean",
                "make it a target of calibrated",
                "measure",
            )
        if is_share != (self.observed.mean is None):
            kind = "events or a share of n" if is_share else "a mean with its sd"
            raise RuleError(f"{self.measure} needs {kind}", "mend it", "observed")
        wanted, other = "between_study_log_odds_sd", "between_study_sd"
        if not is_share:
            wanted, other = other, wanted
        if getattr(self, other) is not None:
            raise RuleError(f"has no meaning for {self.measure}", f"give {wanted}", other)
        if getattr(self, wanted) is None:
            raise RuleError(f"must be given for {self.measure}", "0 where there is none", wanted)
        return self
