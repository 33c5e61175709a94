"""A scenario: all that may be asked of the simulator.

Each part is checked as it is made; that the parts agree with one another is checked by the loader
(`cross_checks`).
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from simulator.declarations.parts import (
    NOTHING,
    Count,
    Line,
    NotNegative,
    Part,
    Positive,
    Word,
    follows,
)
from simulator.declarations.schemes import REQUIRED, SCHEMES
from simulator.scenario.analyses import Analysis, Procedure
from simulator.scenario.bias import SelectionBias
from simulator.scenario.calibrated import AcceptanceCheck, CalibrationTarget
from simulator.scenario.decision import Decision
from simulator.scenario.disease import Assessment, Exits, Hazard, Labs
from simulator.scenario.monitoring import Monitoring
from simulator.scenario.population import Accrual, Candidates, Eligibility
from simulator.scenario.ranges import Range
from simulator.scenario.treatment import Arm, Modality, Unit
from simulator.scenario.trial_end import TrialEnd
from simulator.scenario.uncertain import Uncertain

if TYPE_CHECKING:
    SchemeWord = str
else:
    SchemeWord = Literal[tuple(SCHEMES)]


class Trial(Part):
    """The trial's frame."""

    registry_id: Word | None = Field(default=None, description="registration number; null: none")
    start_date: date = Field(
        default=date(2024, 1, 1),
        description="date of trial time 0, when the first site opens; by default a Monday: it "
        "matters to opening hours and to the dates shown",
    )
    planned_completion_date: date | None = Field(
        default=None, description="last follow-up as planned; null: no date is judged"
    )
    target_randomised: Count = Field(description="patients to randomise")
    max_recruitment_days: Annotated[float, Field(gt=0, le=36_600)] = Field(
        default=3650.0, description="recruitment ends on this day at the latest"
    )
    follow_up_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        description="from randomisation; also the day to which mortality by the end, MELD and "
        "target mortality refer"
    )
    max_follow_up_days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        default=None,
        description="from randomisation, at the longest, for tests on time; null: follow_up_days",
    )
    end: TrialEnd | None = Field(
        default=None,
        description="what ends the trial; null: every patient's own follow-up, of "
        "max_follow_up_days",
    )

    @property
    def longest_follow_up_days(self) -> int:
        """Days for which a patient is followed at the longest."""
        return self.max_follow_up_days or self.follow_up_days

    @property
    def last_follow_up_days(self) -> int:
        """Days from the last entry to the end of the trial, at the latest."""
        if self.end is not None and self.end.min_follow_up_days is not None:
            return self.end.min_follow_up_days
        return self.longest_follow_up_days


class Factor(Part):
    """A stratification or minimisation factor: a variable cut at points, or the site."""

    variable: Word = Field(description="a candidate variable, or the word site")
    cut_points: list[float] = Field(
        default=[],
        description="levels are below the first, from the first to below the second, ...; "
        "empty for a discrete variable or the site: its values are the levels",
    )


class Allocation(Part):
    """How patients are allocated to arms."""

    scheme: SchemeWord = Field(
        default="random_allocation",
        description="the scheme's name; by default arms of the planned sizes in random order",
    )
    ratio: list[Annotated[int, Field(ge=1, le=20)]] = Field(
        default=[1, 1], min_length=2, max_length=2, description="patients by arm, as [1, 1]"
    )
    options: dict[str, int | float | str | list[int] | list[float]] = Field(
        default={}, description="the scheme's own keys, as block_size: 4; others are standard"
    )
    factors: list[Factor] | None = Field(
        default=None,
        description="strata (or, for minimisation and its like, margins); null: none",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_standard_options(cls, values: Any) -> Any:
        """Give the options that are left out the values that the scheme's name alone stands for."""
        if not isinstance(values, dict) or not isinstance(values.get("options", {}), dict):
            return values
        scheme, factors = values.get("scheme"), values.get("factors")
        if not isinstance(scheme, str) or scheme not in SCHEMES:
            return values
        alike = [1] * len(factors) if isinstance(factors, list) else []
        standard = {
            key: alike if value is None else value
            for key, value in SCHEMES[scheme].standard.items()
            if value is not REQUIRED
        }
        return values | {"options": {**standard, **values.get("options", {})}}


class Costs(Part):
    """What a trial costs: the sum of what has a price."""

    currency: Word = Field(description="as CNY")
    per_session: dict[str, Positive] = Field(
        default={}, description="per session delivered, by modality"
    )
    per_patient: NotNegative = Field(default=0.0, description="per patient randomised")
    per_site: NotNegative = Field(default=0.0, description="per site, to open and to run it")
    per_month: NotNegative = Field(
        default=0.0,
        description="per month (30.4375 d) from the first opening to the end of the last follow-up",
    )
    per_plasma_litre: NotNegative = Field(
        default=0.0, description="per litre of plasma given to the trial's patients"
    )


class Scenario(Part):
    """A trial to simulate: what is not given, here or in the scenario that it extends, has the
    schema's default, if it has one.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,79}$")] = Field(
        description="the scenario's name, which also names files: letters, digits, . _ + -"
    )
    title: Line = follows("name", "one line on what it is; by default the name")
    null_hypothesis: Literal["none", "strong", "mortality"] = Field(
        default="none",
        description="none: as given; strong: both arms get the control arm's plan, modality and "
        "kinetics; mortality: hazard ratio 1 between arms, the rest as given",
    )
    trial: Trial = Field(description="size, dates, follow-up")
    accrual: Accrual = Field(description="referral of candidates")
    candidates: Candidates | None = Field(
        default=None, description="their characteristics; null: not modelled"
    )
    eligibility: Eligibility | None = Field(
        default=None, description="null: every candidate is randomised"
    )
    allocation: Allocation = Field(default=NOTHING, description="allocation scheme")
    selection_bias: SelectionBias | None = Field(
        default=None, description="an investigator who guesses the next arm; null: none"
    )
    modalities: list[Modality] = Field(
        default=[], max_length=8, description="kinds of ALSS session"
    )
    arms: list[Arm] = Field(min_length=2, max_length=2, description="the control arm first")
    unit: Unit | None = Field(
        default=None, description="the ALSS unit of each site; null: no resource is scarce"
    )
    labs: Labs | None = Field(
        default=None, description="course of the labs and MELD; null: not modelled"
    )
    hazard: Hazard = Field(description="death from the liver")
    exits: Exits | None = Field(default=None, description="other exits; null: none")
    assessment: Assessment | None = Field(default=None, description="visits; null: none")
    analyses: list[Analysis] = Field(
        min_length=1, max_length=50, description="the first is primary"
    )
    multiplicity: list[Procedure] | None = Field(
        default=None, description="analyses judged together; null: each for itself"
    )
    monitoring: Monitoring | None = Field(
        default=None, description="looks before the end; null: each analysis once, at the end"
    )
    costs: Costs | None = Field(default=None, description="null: not counted")
    calibrated: list[CalibrationTarget] | None = Field(
        default=None,
        max_length=50,
        description="figures that parameters were set to meet (trialsim calibrate); null: none",
    )
    acceptance: list[AcceptanceCheck] | None = Field(
        default=None,
        max_length=50,
        description="published figures held out, which the scenario must agree with; null: none",
    )
    uncertain: list[Uncertain] | None = Field(
        default=None,
        max_length=50,
        description="numeric keys whose values are not known, with their joint distribution, for "
        "assurance; it changes no simulated trial; null: none",
    )
    decision: Decision | None = Field(
        default=None,
        description="designs to choose from and what their outcomes are worth, for assurance; it "
        "changes no simulated trial; null: none",
    )
    ranges: list[Range] | None = Field(
        default=None,
        max_length=500,
        description="plausible limits of numeric keys, for trialsim levers; they change no trial; "
        "null: none",
    )
    evidence_file: Line | None = Field(
        default=None,
        description="a CSV file of one's own evidence, relative to this file, whose rows sources "
        "can name beside the shipped ones; null: the shipped evidence alone",
    )

    @classmethod
    def of_plain(cls, values: Mapping[str, Any]) -> "Scenario":
        """Return the scenario of plain values, such as an answer is kept with: dates are text."""
        return cls.model_validate(values, strict=False)

    def variable_names(self) -> tuple[str, ...]:
        """Names of the candidate variables, in order."""
        return tuple(v.name for v in self.candidates.variables) if self.candidates else ()
