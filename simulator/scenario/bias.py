"""What may bias a trial: an investigator who guesses the next arm, and a drift of mortality."""

from typing import Annotated, Literal

from pydantic import Field

from simulator.declarations.parts import Part, Positive, Probability, Word


class _Investigator(Part):
    """Somebody who guesses the next arm to be the one that has fewer patients."""

    favours: Word = Field(description="name of the arm that is to look better")


class _Chooser(_Investigator):
    """Keeps from an arm the candidates who do not suit it."""

    variable: Word = Field(description="candidate variable by which prognosis is judged")
    poor_above: float = Field(description="a candidate above this has a poor prognosis")
    probability: Probability = Field(description="that the investigator acts on a candidate")


class TurnAway(_Chooser):
    """Candidates who do not suit the guessed arm are turned away for good."""

    kind: Literal["turn_away"]


class Defer(_Chooser):
    """Candidates who do not suit the guessed arm come back later, and are randomised then."""

    kind: Literal["defer"]
    returns_after_days: Positive = Field(description="days until the candidate comes back")


class ShiftOutcome(_Investigator):
    """Patients are as the investigator wants them, without any being turned away."""

    kind: Literal["shift"]
    hazard_ratio: Positive = Field(
        description="factor on the hazard of a patient whose arm is guessed to be the favoured "
        "one; its inverse if the guess is the other"
    )


SelectionBias = Annotated[TurnAway | Defer | ShiftOutcome, Field(discriminator="kind")]


class _Drift(Part):
    """Change of the hazard from the first patient to the last, with a mean log factor of 0."""

    hazard_ratio: Positive = Field(description="the last patient's hazard against the first's")


class LinearDrift(_Drift):
    """In proportion to the patient's number."""

    kind: Literal["linear"]


class LogarithmicDrift(_Drift):
    """In proportion to its logarithm: fast at first."""

    kind: Literal["logarithmic"]


class StepDrift(_Drift):
    """At once."""

    kind: Literal["step"]
    after_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="share of the patients who come before the step"
    )


Drift = Annotated[LinearDrift | LogarithmicDrift | StepDrift, Field(discriminator="kind")]
