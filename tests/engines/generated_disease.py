"""Labs, hazard, treatment effect and exits of generated scenarios (model page, 7 and 8)."""

import math

from generated_units import Draw, Parts, pick

# Ends of the pieces of a baseline as shares of its horizon, and their shares of the hazard. In the
# last all hazard lies within a float before the horizon, so that some die at that very instant.
PIECES = (
    ((1.0,), [1.0]),
    ((0.5, 1.0), [0.5, 0.5]),
    ((0.25, 1.0), [0.0, 1.0]),
    ((0.25, 0.75, 1.0), [0.6, 0.0, 0.4]),
    ((math.nextafter(1.0, 0.0), 1.0), [0.0, 1.0]),
)


_DRIFTS = (
    {"kind": "linear", "hazard_ratio": 2.0},
    {"kind": "logarithmic", "hazard_ratio": 0.5},
    {"kind": "step", "hazard_ratio": 3.0, "after_share": 0.5},
)


def treatment_effect(draw: Draw, with_labs: bool, any_planned: bool) -> Parts:
    kinds = ["direct"] + ["by_session"] * 2 * any_planned + ["by_labs"] * with_labs
    kind = pick(draw, *kinds)
    if kind == "by_labs":
        return {"kind": kind}
    combined = {"kind": kind, "combined_with_labs": pick(draw, False, False, True)}
    if kind == "by_session":
        return combined
    return combined | {
        "hazard_ratio": pick(draw, 0.5, 1.0, 3.0),
        "delay_days": pick(draw, 0.0, 1.0, 2.5),
        "waning_half_life_days": pick(draw, None, 3.0),
    }


def hazard(draw: Draw, follow_up_days: int, with_labs: bool, people: Parts | None) -> Parts:
    """All but the effect. A coefficient of 40 a point of MELD meets the limits of the factor."""
    horizon = float(pick(draw, follow_up_days, 7, 84))
    kind = pick(draw, "exponential", "weibull", "piecewise", "piecewise")
    baseline: Parts = {
        "kind": kind,
        "horizon_days": horizon,
        "mortality_at_horizon": pick(draw, 0.3, 0.1, 0.01, 0.9),
    }
    if kind == "weibull":
        baseline["shape"] = pick(draw, 1.0, 0.5, 2.0)
    elif kind == "piecewise":
        ends, shares = pick(draw, *PIECES, PIECES[-1])
        baseline |= {"days": [horizon * end for end in ends], "shares": shares}
    names = [variable["name"] for variable in people["variables"]] if people else []
    one = [
        {"variable": n, "log_hazard_ratio": c, "centre": 2.0}
        for n, c in zip(names, (0.01, -0.02), strict=False)
    ]
    return {
        "baseline": baseline,
        "log_hazard_ratio_per_meld_point": (
            pick(draw, 0.08, 0.08, 0.08, 0.0, 0.2, -0.1, 40.0) if with_labs else 0.0
        ),
        "meld_reference": pick(draw, 27.0, 15.0),
        "covariates": pick(draw, None, one or None),
        "frailty_log_sd": pick(draw, 0.0, 0.5),
        "drift": pick(draw, None, None, *_DRIFTS),
        "mortality_targets": None,
    }


def exits(draw: Draw, follow_up_days: int) -> Parts | None:
    def one() -> Parts:
        return {
            "net_probability": pick(draw, 0.0, 0.0, 0.0, 0.1, 0.3, 0.9),
            "by_day": float(pick(draw, follow_up_days, 1, 0.25, 2 * follow_up_days)),
        }

    parts = {name: one() for name in ("tumour_death", "transplant", "withdrawal", "loss")}
    parts["infection"] = one() | {"hazard_ratio": pick(draw, 1.0, 2.0, 0.5)}
    parts["serious_adverse_event_hazard_ratio"] = pick(draw, 1.0, 3.0, 0.5)
    return pick(draw, parts, parts, parts, None)


def labs(draw: Draw) -> Parts:
    """Slopes without spread, or steep enough that normal and ceiling are met."""
    steep = pick(draw, 0.0, 0.02, 0.3)
    spread = {lab: pick(draw, steep, 0.0) for lab in ("bilirubin", "inr", "creatinine")}
    mean = {lab: pick(draw, 0.0, -0.1, 0.1) for lab in ("bilirubin", "inr", "creatinine")}
    normal = {"bilirubin_umol_per_l": 17.1, "inr": 1.0, "creatinine_umol_per_l": 60.0}
    ceiling = {"bilirubin_umol_per_l": 900.0, "inr": 8.0, "creatinine_umol_per_l": 700.0}
    return {
        "normal": normal,
        "ceiling": ceiling,
        "slope_mean_per_day": mean,
        "slope_sd_per_day": spread,
        "slope_correlation_between_labs": pick(draw, 0.0, 0.5, -0.2),
        "slope_correlation_with_baseline": pick(draw, 0.0, 0.2, -0.3),
        "meld": pick(draw, "registry", "bounded"),
    }
