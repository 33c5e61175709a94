"""Published ratios as hazard ratios, and published intervals as standard errors.

Page: docs/synthesis.md, section 2. Proportional hazards up to the day of the ratio are assumed.
"""

import math

Z95 = 1.959963984540054


def hazard_ratio_of_risk_ratio(risk_ratio: float, control_risk: float) -> float:
    """Return the ratio of cumulative hazards of a risk ratio: ln(1 - RR p) / ln(1 - p).

    NaN where the ratio takes the risk to 1 or beyond.
    """
    risk = risk_ratio * control_risk
    return math.log1p(-risk) / math.log1p(-control_risk) if risk < 1 else math.nan


def hazard_ratio_of_odds_ratio(odds_ratio: float, control_risk: float) -> float:
    """Return the ratio of cumulative hazards that an odds ratio of death amounts to."""
    odds = odds_ratio * control_risk / (1 - control_risk)
    return math.log1p(odds) / -math.log1p(-control_risk)


def logit(risk: float) -> float:
    """Return ln(p / (1 - p))."""
    return math.log(risk) - math.log1p(-risk)


def risk_by_day(risk: float, share: float) -> float:
    """Return the risk once a share of a risk's cumulative hazard has come: 1 - (1 - p)^share."""
    return -math.expm1(share * math.log1p(-risk))


def standard_error(low: float, high: float) -> float:
    """Return the standard error of a 95 % interval, on the scale where it is normal."""
    return (high - low) / (2 * Z95)
