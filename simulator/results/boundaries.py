"""The answer of `boundaries`: critical values of a group-sequential design, by look."""

from dataclasses import dataclass
from typing import ClassVar

from simulator.results.attained import AttainedLevel
from simulator.results.base import Answer, Record, Row, flat


@dataclass(frozen=True, repr=False)
class Stops(Record):
    """Probability to stop at a look, for each reason.

    Attributes
    ----------
    efficacy
        The boundary in favour of the experimental arm is crossed.
    lower
        That in favour of the other arm is; 0 in a one-sided design.
    futility
        The trial stops without an effect; at the last look: it ends without one.
    """

    efficacy: float
    lower: float
    futility: float


@dataclass(frozen=True, repr=False)
class BoundaryLook(Record):
    """A look and its critical values; positive Z favours the experimental arm.

    Attributes
    ----------
    information
        Fraction of the planned information.
    efficacy_z
        At or above it efficacy is shown; None: it cannot be at this look.
    lower_z
        At or below it efficacy of the other arm is; None in a one-sided design, or as above.
    futility_z
        At or below it the trial stops without an effect; at the last look that for efficacy. None
        without futility.
    alpha_spent
        So far, both sides together.
    nominal_p
        P value of `efficacy_z`, two-sided if the boundary is two-sided and symmetric.
    beta_spent
        Probability so far to stop without an effect, under the design's effect; None without
        futility or power.
    smallest_effect
        Smallest estimate that shows efficacy, in standard errors of the estimate at the planned
        end.
    under_null, under_design
        Probability to stop here where there is no effect, and under the effect of the design; that
        is None without power.
    """

    information: float
    efficacy_z: float | None
    lower_z: float | None
    futility_z: float | None
    alpha_spent: float
    nominal_p: float
    beta_spent: float | None
    smallest_effect: float | None
    under_null: Stops
    under_design: Stops | None


@dataclass(frozen=True, repr=False)
class MeanInformation(Record):
    """Mean information at the end, as a fraction of the planned one.

    `half` is under half of the design's effect; it and `design` are None without power.
    """

    null: float
    half: float | None
    design: float | None


@dataclass(frozen=True, repr=False)
class WhoseLooks(Record):
    """The scenario whose looks these are.

    Attributes
    ----------
    scenario, analysis
        Its name, and that of the analysis which is looked at or leads a family.
    alpha, sides
        Level of the analysis; 2: half of it is for the favour of each arm.
    arm
        Which positive Z favours, of a two-sided analysis.
    information, max_information
        What is counted as information, and how much of it is whole.
    together
        Other analyses of the family, which have boundaries of their own.
    target_changes
        Whether what is seen at a look may change the number of patients.
    """

    scenario: str
    analysis: str
    alpha: float
    sides: int
    arm: str
    information: str
    max_information: float
    together: tuple[str, ...] = ()
    target_changes: bool = False


@dataclass(frozen=True, repr=False)
class Boundaries(Answer):
    """Boundaries of a group-sequential design.

    Attributes
    ----------
    spending, futility, lower_spending
        The rules, as they are written on one line; None: there is none. Without `spending` no look
        before the last shows efficacy, and the last has all of alpha.
    spending_title, futility_title
        In words.
    alpha, sides
        Level, of both sides together, and 1 or 2 of them.
    lower_alpha
        Of the lower side where it has a rule of its own; else None.
    binding
        Whether the boundary for efficacy counts on futility being obeyed.
    looks
        In their order.
    level, level_futility_ignored
        Probability to show efficacy where there is no effect, if futility is obeyed and if not.
    mean_information
        At the end of the trial.
    power
        That was asked for, in favour of the experimental arm, futility obeyed; None: none was.
    drift
        Mean of Z at the planned end with which the design has the power.
    fixed_drift
        That with which a trial without looks has it.
    inflation
        Planned information over that of a trial without looks.
    attained
        Of a scenario whose looks have exact nominal levels: these, and what they attain at the
        planned sizes.
    plan
        Whose looks these are; None: those that were asked for without a scenario.
    """

    KIND: ClassVar[str] = "boundaries"
    SHOWN_COLUMNS = (
        *("information", "efficacy_z", "futility_z", "nominal_p", "alpha_spent"),
        *("smallest_effect", "design_efficacy"),
    )

    spending: str | None
    spending_title: str
    alpha: float
    sides: int
    lower_spending: str | None
    lower_alpha: float | None
    futility: str | None
    futility_title: str | None
    binding: bool
    looks: tuple[BoundaryLook, ...]
    level: float
    level_futility_ignored: float
    mean_information: MeanInformation
    power: float | None
    drift: float | None
    fixed_drift: float | None
    inflation: float | None
    version: str
    attained: AttainedLevel | None = None
    plan: WhoseLooks | None = None

    def rows(self) -> list[Row]:
        """One row per look."""
        return [
            {"look": place, **flat(look), **_stops("null", look.under_null)}
            | _stops("design", look.under_design)
            for place, look in enumerate(self.looks, start=1)
        ]

    def headline(self) -> list[str]:
        """The critical values, and what they cost."""
        values = ", ".join(_z(look.efficacy_z) for look in self.looks)
        side = "one-sided" if self.sides == 1 else "two-sided"
        rule = self.spending or "efficacy at the end alone"
        lines = [f"{rule}, {side}, alpha {self.alpha:g}: efficacy Z {values}"]
        if self.futility is not None:
            lines.append(f"futility Z {', '.join(_z(look.futility_z) for look in self.looks)}")
        if self.power is not None:
            lines.append(f"power {self.power:g}: drift {self.drift:.4f}")
            lines[-1] += f", inflation {self.inflation:.4f}"
        return lines


def _stops(under: str, stops: Stops | None) -> Row:
    cells: Row = dict.fromkeys(("efficacy", "lower", "futility")) if stops is None else flat(stops)
    return {f"{under}_{name}": cell for name, cell in cells.items()}


def _z(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
