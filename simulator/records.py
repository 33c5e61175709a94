"""What a simulated trial leaves behind: every column with its unit and meaning, declared once.

`TrialRecords` is a struct of arrays: `trials` has one row per trial, `patients` one row per
randomised patient (trials one after another, patients in order of randomisation), `sessions` one
row per patient and one column per session that a plan can hold. Times called `..._day` are trial
time t (days since the first site opened); those called `..._after_days` are the patient's own time
s (days since randomisation). An event that did not happen has time infinity; a value that was not
observed is NaN.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """Unit, meaning and extra axes (beyond the row) of a column of the records."""

    unit: str
    meaning: str
    axes: tuple[str, ...] = ()


class DeathCause(IntEnum):
    """Why a patient died."""

    NONE = 0
    LIVER = 1
    TUMOUR = 2


class SessionStatus(IntEnum):
    """What became of a session; the planned ones end in any state but NOT_DUE and RUNNING."""

    NOT_DUE = 0  # never fell due: the patient left, or treatment was stopped, before
    WAITING = 1  # the trial ended while it waited
    RUNNING = 2  # the trial ended while it ran
    DELIVERED = 3
    CUT_SHORT = 4  # ended early by an adverse event; counts as the fraction completed
    MISSED = 5  # its window ended
    LEFT = 6  # the patient left while it waited: neither delivered nor missed
    ENDED_BY_EXIT = 7  # the patient left while it ran: not delivered


SESSIONS_GIVEN = (SessionStatus.DELIVERED, SessionStatus.CUT_SHORT)
"""Sessions that count as given, in full or in part."""

MELD_LABS = 3
"""Bilirubin, INR and creatinine, in this order."""

LABS = MELD_LABS + 1
"""These and platelets, the last."""

ADVERSE_EVENTS = 4
"""Kinds of adverse events of a session: allergy, hypotension, bleeding, clotting."""


class Trials(NamedTuple):
    """One row per trial."""

    trial: Annotated[Ints, Column("1", "index of the trial")]
    first_row: Annotated[Ints, Column("1", "row of its first patient in `patients`")]
    screened: Annotated[Ints, Column("1", "candidates referred while recruitment was open")]
    failed_first: Annotated[
        Ints, Column("1", "candidates by the first criterion that they fail", ("criterion",))
    ]
    refused_consent: Annotated[Ints, Column("1", "eligible candidates who refused")]
    turned_away: Annotated[
        Ints,
        Column(
            "1", "of those who consented, kept out by the investigator, or put off and not back"
        ),
    ]
    deferred: Annotated[Ints, Column("1", "put off once by the investigator, back or not")]
    randomised: Annotated[Ints, Column("1", "patients randomised")]
    recruitment_end_day: Annotated[
        Floats,
        Column(
            "d", "last randomisation, or what ended recruitment before: limit, no more candidates"
        ),
    ]
    trial_end_day: Annotated[Floats, Column("d", "recruitment over and all follow-up ended")]
    unit_days_open: Annotated[Ints, Column("1", "openings of the ALSS units")]
    unit_days_short: Annotated[
        Ints,
        Column("1", "openings after which a waiting patient was passed over for want of plasma"),
    ]
    plasma_delivered_litres: Annotated[Floats, Column("L", "plasma that the units took in")]
    plasma_refused_litres: Annotated[Floats, Column("L", "deliveries beyond the stock's capacity")]
    plasma_background_litres: Annotated[
        Floats, Column("L", "plasma for patients outside the trial")
    ]
    plasma_background_short_litres: Annotated[
        Floats, Column("L", "background demand for plasma that was not met")
    ]
    machine_hours_background: Annotated[Floats, Column("h", "machine time outside the trial")]
    machine_hours_open: Annotated[
        Floats, Column("h", "machine time on offer: machines x opening hours")
    ]


class Patients(NamedTuple):
    """One row per randomised patient."""

    trial: Annotated[Ints, Column("1", "index of the trial")]
    patient: Annotated[Ints, Column("1", "order of randomisation in the trial, from 0")]
    candidate: Annotated[Ints, Column("1", "order of referral in the trial, from 0")]
    site: Annotated[Ints, Column("1", "index of the site")]
    stratum: Annotated[Ints, Column("1", "combination of the levels of the factors")]
    entry_day: Annotated[Floats, Column("d", "trial time of randomisation")]
    arm: Annotated[Ints, Column("1", "index of the arm assigned")]
    allocation_probability: Annotated[
        Floats, Column("1", "probability of each arm, given what was known", ("arm",))
    ]
    allocation_draw: Annotated[Floats, Column("1", "the uniform that decided")]
    baseline_lab: Annotated[
        Floats,
        Column("umol/L, 1, umol/L, 10^9/L", "bilirubin, INR, creatinine, platelets", ("lab",)),
    ]
    baseline_meld: Annotated[Floats, Column("points", "MELD at randomisation, without error")]
    lab_slope_per_day: Annotated[
        Floats, Column("1/d", "native slope of ln bilirubin, ln INR, ln creatinine", ("meld lab",))
    ]
    frailty: Annotated[Floats, Column("1", "multiplier of the liver hazard, mean 1")]
    death_after_days: Annotated[
        Floats, Column("d", "death by the end of follow-up, also of those lost by then")
    ]
    death_cause: Annotated[Ints, Column("1", "a DeathCause")]
    transplant_after_days: Annotated[Floats, Column("d", "liver transplant")]
    withdrawal_after_days: Annotated[
        Floats, Column("d", "withdrawal from treatment, also of those lost by then")
    ]
    loss_after_days: Annotated[Floats, Column("d", "loss to follow-up")]
    infection_after_days: Annotated[Floats, Column("d", "first infection")]
    liver_cumulative_hazard: Annotated[
        Floats, Column("1", "cumulative hazard of liver death up to death, transplant or the end")
    ]
    sessions_planned: Annotated[Ints, Column("1", "sessions of the arm's plan")]
    sessions_delivered: Annotated[Ints, Column("1", "sessions delivered, those cut short included")]
    sessions_equivalent: Annotated[Floats, Column("1", "sum of the fractions completed")]
    sessions_cut_short: Annotated[Ints, Column("1", "sessions cut short by an adverse event")]
    sessions_missed: Annotated[Ints, Column("1", "sessions whose window ended")]
    sessions_late: Annotated[
        Ints, Column("1", "sessions begun more than a day after they were due")
    ]
    sessions_short_of_plasma: Annotated[
        Ints, Column("1", "sessions passed over for want of plasma on the day planned")
    ]
    session_wait_days: Annotated[Floats, Column("d", "waits of the sessions that began, summed")]
    plasma_litres: Annotated[Floats, Column("L", "fresh frozen plasma used")]
    machine_hours: Annotated[Floats, Column("h", "machine time used")]
    adverse_events: Annotated[Ints, Column("1", "adverse events of sessions", ("adverse event",))]
    visit_after_days: Annotated[Floats, Column("d", "when labs were taken, NaN if not", ("visit",))]
    visit_meld: Annotated[
        Floats, Column("points", "MELD from the labs as measured, NaN if not taken", ("visit",))
    ]


class Sessions(NamedTuple):
    """One row per patient, one column per session (planned ones first, then rescue)."""

    status: Annotated[Ints, Column("1", "a SessionStatus", ("session",))]
    modality: Annotated[Ints, Column("1", "index of the modality given, -1 if none", ("session",))]
    due_day: Annotated[Floats, Column("d", "when it fell due", ("session",))]
    start_day: Annotated[Floats, Column("d", "when it began", ("session",))]
    end_day: Annotated[Floats, Column("d", "when it ended or was to end", ("session",))]
    fraction: Annotated[Floats, Column("1", "share completed, 0 if not delivered", ("session",))]
    plasma_litres: Annotated[Floats, Column("L", "plasma used", ("session",))]
    short_of_plasma: Annotated[
        Ints, Column("1", "1 if passed over for want of plasma on the day planned", ("session",))
    ]
    adverse_events: Annotated[Ints, Column("1", "bit k set: adverse event k", ("session",))]


class TrialRecords(NamedTuple):
    """Trials of one scenario and seed, in the order in which they were asked for."""

    trials: Trials
    patients: Patients
    sessions: Sessions


@cache
def columns(table: type[Any]) -> dict[str, Column]:
    """Return name and declaration of every column of `Trials`, `Patients` or `Sessions`."""
    hints = get_type_hints(table, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in table._fields}
