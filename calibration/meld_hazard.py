"""How much a point of MELD multiplies the hazard of death, by each source that says so.

Sources give hazard ratios, odds ratios, or the MELD of survivors and non-survivors. All are put on
the scale of the log hazard ratio, so that they can be held against each other and against the value
of a scenario.
"""

import math
from collections.abc import Mapping

from calibration.evidence import EvidenceRow
from simulator.results.kinetics import KineticEstimate, MeldHazardRatio

_Z = 1.959963984540054
COHORT = 397  # patients in whom Li H 2020 derived the ratios of rows A42 and A43


def meld_hazard_ratios(
    rows: Mapping[str, EvidenceRow], compared_with: float
) -> tuple[MeldHazardRatio, ...]:
    """Return the log hazard ratio per point of every source.

    Parameters
    ----------
    compared_with
        A log hazard ratio per point, as `hazard.log_hazard_ratio_per_meld_point`.
    """
    sd, survival = rows["C02"].sd, {"A42": rows["A20"].value, "A43": rows["A21"].value}
    found = []
    for one, alive in survival.items():
        # Its error is not published: as many deaths as ALSS sees, and the SD of Du 2021.
        error = proportional_hazards_error(sd, COHORT * (1 - alive / 100))
        found.append(
            _told(
                (one,),
                "hazard ratio; error by the expected deaths and the SD of MELD (approximation)",
                math.log(rows[one].value),
                error,
                compared_with,
            )
        )
    odds, dead, alive_row = rows["A52"], rows["C23"], rows["C22"]
    share = (odds.count or 0) / (odds.n or 1)
    log_odds, error = math.log(odds.value), _error_of(odds)
    factor = odds_to_hazard(share)
    found.append(
        _told(
            ("A52",),
            "odds ratio, put on the hazard scale",
            factor * log_odds,
            factor * error,
            compared_with,
        )
    )
    log_odds, error = by_group_means(alive_row, dead)
    factor = odds_to_hazard((dead.n or 0) / ((dead.n or 0) + (alive_row.n or 0)))
    found.append(
        _told(
            ("C22", "C23"),
            "MELD of survivors and non-survivors (linear discriminant), put on the hazard scale",
            factor * log_odds,
            factor * error,
            compared_with,
        )
    )
    return tuple(found)


def _told(
    rows: tuple[str, ...], basis: str, value: float, error: float, compared_with: float
) -> MeldHazardRatio:
    return MeldHazardRatio(
        rows, basis, KineticEstimate(value, error), (value - compared_with) / error
    )


def _error_of(ratio: EvidenceRow) -> float:
    """Standard error of a log ratio by its 95 % interval."""
    return math.log(ratio.ci_high / ratio.ci_low) / (2 * _Z)


def proportional_hazards_error(sd: float, deaths: float) -> float:
    """Standard error of a log hazard ratio per unit of a covariate with this SD.

    Hsieh FY, Lavori PW (2000). *Controlled Clinical Trials* 21, 552-560.
    """
    return 1 / (sd * math.sqrt(deaths))


def odds_to_hazard(mortality: float) -> float:
    """Factor from a log odds ratio of death by a day to a log hazard ratio, for small effects.

    The log odds of F = 1 - exp(-H) change by H / F for each unit of log H.
    """
    return mortality / -math.log1p(-mortality)


def by_group_means(alive: EvidenceRow, dead: EvidenceRow) -> tuple[float, float]:
    """Log odds ratio per unit by the means and SDs of survivors and of the dead, and its error.

    With normal distributions of equal variance the log odds ratio per unit is the difference of the
    means over the variance (Cornfield 1962). The error is by the delta method, that of the pooled
    variance included.
    """
    sizes = alive.n or 0, dead.n or 0
    freedom = sizes[0] + sizes[1] - 2
    variance = ((sizes[0] - 1) * alive.sd**2 + (sizes[1] - 1) * dead.sd**2) / freedom
    slope = (dead.value - alive.value) / variance
    of_means = (1 / sizes[0] + 1 / sizes[1]) / variance
    return slope, math.sqrt(of_means + slope**2 * 2 / freedom)
