"""How patients fare: labs, hazard of death, other exits, visits (model page, 7 to 9)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.declarations.baselines import AnyBaseline
from simulator.declarations.parts import (
    NOTHING,
    Correlation,
    NotNegative,
    OpenProbability,
    Part,
    Positive,
    Probability,
    Solved,
    Word,
    follows,
)
from simulator.scenario.bias import Drift
from simulator.scenario.errors import RuleError


class MeldLabs(Part):
    """A positive value for each lab of MELD."""

    bilirubin_umol_per_l: Positive = Field(description="total bilirubin")
    inr: Positive = Field(description="INR")
    creatinine_umol_per_l: Positive = Field(description="creatinine")


class LogMeldLabs(Part):
    """A value on the natural-log scale for each lab of MELD."""

    bilirubin: float = Field(description="ln bilirubin")
    inr: float = Field(description="ln INR")
    creatinine: float = Field(description="ln creatinine")


class LogMeldSpread(Part):
    """A standard deviation on the natural-log scale for each lab of MELD."""

    bilirubin: NotNegative = Field(description="ln bilirubin")
    inr: NotNegative = Field(description="ln INR")
    creatinine: NotNegative = Field(description="ln creatinine")


class Labs(Part):
    """The native course of the labs and the score made of them."""

    normal: MeldLabs = Field(description="a recovering lab is held at this value")
    ceiling: MeldLabs = Field(description="a worsening lab is held at this value")
    slope_mean_per_day: LogMeldLabs = Field(description="mean native slope")
    slope_sd_per_day: LogMeldSpread = Field(description="its standard deviation between patients")
    slope_correlation_between_labs: Correlation = Field(description="of any two slopes")
    slope_correlation_with_baseline: Correlation = Field(
        description="of a slope with its lab's own baseline (latent normal)"
    )
    meld: Literal["registry", "bounded"] = Field(
        description="registry: no bounds; bounded: values under 1 set to 1, creatinine at most 4"
    )


class Covariate(Part):
    """A baseline variable that acts on the hazard."""

    variable: Word = Field(description="a candidate variable")
    log_hazard_ratio: float = Field(description="log hazard ratio a unit of the variable")
    centre: float = Field(description="value at which the multiplier is 1")


class DirectEffect(Part):
    """A hazard ratio of the second arm against the first."""

    kind: Literal["direct"]
    hazard_ratio: Positive | Solved = Field(description="second arm against first")
    delay_days: NotNegative = Field(
        default=0.0, description="from randomisation to the effect's begin"
    )
    waning_half_life_days: Positive | None = Field(
        default=None, description="half-life of the log hazard ratio; null: it does not wane"
    )
    combined_with_labs: bool = Field(
        default=False,
        description="true: the hazard also sees what sessions do to MELD (counted twice on "
        "purpose)",
    )


class BySessionEffect(Part):
    """Each modality's hazard ratio, earned in proportion to the sessions delivered."""

    kind: Literal["by_session"]
    combined_with_labs: bool = Field(
        default=False,
        description="true: the hazard also sees what sessions do to MELD (counted twice on "
        "purpose)",
    )


class ByLabsEffect(Part):
    """Only what sessions do to MELD."""

    kind: Literal["by_labs"]


class Hazard(Part):
    """The hazard of death from the liver."""

    baseline: AnyBaseline = Field(description="the baseline hazard")
    log_hazard_ratio_per_meld_point: float = Field(
        default=0.0, description="beta; 0: MELD does not act"
    )
    meld_reference: float = Field(default=0.0, description="MELD at which the multiplier is 1")
    covariates: list[Covariate] | None = Field(default=None, description="null: none")
    frailty_log_sd: NotNegative = Field(
        default=0.0, description="sd of the log of the frailty; 0: none"
    )
    drift: Drift | None = Field(
        default=None, description="change of the hazard over the course of recruitment; null: none"
    )
    effect: Annotated[
        DirectEffect | BySessionEffect | ByLabsEffect, Field(discriminator="kind")
    ] = Field(description="the treatment effect")
    mortality_targets: dict[str, OpenProbability] | None = Field(
        default=None,
        description="all-cause mortality by the end of follow-up, or by mortality_target_day, by "
        "arm, with every session delivered on time; null: none",
    )
    mortality_target_day: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        default=None,
        description="patient day to which mortality_targets refer, within follow-up or after it; "
        "null: the end of follow-up",
    )


class ExitRate(Part):
    """A constant hazard until a day, given as the net probability by then."""

    net_probability: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="probability by `by_day` as if nothing else happened"
    )
    by_day: Positive = follows(
        "trial.follow_up_days",
        "patient day to which it refers; by default the end of follow-up",
    )
    goes_on: bool | None = Field(
        default=None,
        description="whether the hazard goes on after by_day, or none happen later; null: where "
        "patients are followed beyond follow_up_days, a hazard that lasts until then goes on",
    )

    def lasts(self, follow_up_days: int, longest_follow_up_days: int) -> bool:
        """Whether the hazard goes on after `by_day`.

        Nothing happens on the last day of a trial's main outcome that would end a hazard which
        lasted until then; one that ended before stays as it was given.
        """
        if self.goes_on is not None:
            return self.goes_on
        return self.by_day >= follow_up_days < longest_follow_up_days


class Infection(ExitRate):
    """Infections, which may raise the hazard."""

    hazard_ratio: Positive = Field(
        default=1.0, description="factor on the liver hazard from the next day on"
    )


class Exits(Part):
    """Everything but death from the liver that may happen to a patient."""

    tumour_death: ExitRate = Field(
        default=NOTHING, description="death from the tumour; part of all-cause death"
    )
    transplant: ExitRate = Field(default=NOTHING, description="liver transplant")
    withdrawal: ExitRate = Field(
        default=NOTHING, description="withdrawal from treatment; survival stays known"
    )
    loss: ExitRate = Field(
        default=NOTHING, description="loss to follow-up: ends treatment and knowledge"
    )
    infection: Infection = Field(default=NOTHING, description="catheter or other infection")
    serious_adverse_event_hazard_ratio: Positive = Field(
        default=1.0,
        description="factor on the liver hazard after a session with a serious adverse event",
    )


class Visit(Part):
    """A planned visit at which labs are taken."""

    day: Annotated[int, Field(ge=0, le=100_000)] = Field(description="patient day planned")
    window_days: NotNegative = Field(
        default=0.0, description="taken uniformly within +- this of the day"
    )
    missed_probability: Probability = Field(
        default=0.0, description="missed, among those alive and not lost"
    )


class Assessment(Part):
    """Visits and the error of their labs."""

    visits: list[Visit] = Field(min_length=2, max_length=50, description="first: baseline")
    measurement_error_log_sd: LogMeldSpread = Field(description="sd of the error on the log scale")

    @model_validator(mode="after")
    def _order(self) -> "Assessment":
        first = self.visits[0]
        if first.day != 0 or first.window_days != 0 or first.missed_probability != 0:
            raise RuleError(
                "the first visit is baseline: day 0, no window, never missed",
                "set its three numbers to 0",
                "visits[0]",
            )
        for index, (a, b) in enumerate(zip(self.visits, self.visits[1:], strict=False)):
            if a.day + a.window_days >= b.day - b.window_days:
                raise RuleError(
                    "visits must climb and their windows must not overlap",
                    "move the visit, or narrow a window",
                    f"visits[{index + 1}].day",
                )
        return self
