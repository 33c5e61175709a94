"""Candidates, criteria, factors, kinetics and visits of generated scenarios."""

from generated_units import Draw, Parts, pick
from hypothesis import strategies as st

# What remains of a lab at once and after 24 h, and a half-life: all meet the rules of a rebound.
SHIFTS = tuple(
    {"remains_at_once": once, "remains_at_24h": later, "slow_half_life_days": half_life}
    for once, later, half_life in (
        (0.577, 0.865, 7.0),
        (1.0, 1.0, 7.0),
        (0.3, 0.5, 30.0),
        (0.75, 0.8913, 1.0),
    )
)

# Marginal distributions of each variable, all of a similar middle.
_MARGINALS: dict[str, tuple[Parts, ...]] = {
    "bilirubin_umol_per_l": (
        {"kind": "lognormal", "median": 350.0, "log_sd": 0.4, "bounds": None},
        {"kind": "gamma", "mean": 350.0, "shape": 3.0, "bounds": (150.0, None)},
        {"kind": "uniform", "lower": 10.0, "upper": 700.0, "bounds": None},
        {"kind": "exponential", "mean": 400.0, "bounds": (20.0, 2000.0)},
    ),
    "inr": (
        {"kind": "lognormal", "median": 2.0, "log_sd": 0.3, "bounds": (1.0, 6.0)},
        {"kind": "normal", "mean": 2.0, "sd": 1.0, "bounds": (0.5, None)},
        {"kind": "beta", "a": 2.0, "b": 0.5, "bounds": None},
        {"kind": "gamma", "mean": 2.0, "shape": 0.8, "bounds": None},
    ),
    "creatinine_umol_per_l": (
        {"kind": "lognormal", "median": 81.0, "log_sd": 0.3, "bounds": None},
        {"kind": "uniform", "lower": 40.0, "upper": 160.0, "bounds": (50.0, None)},
        {"kind": "exponential", "mean": 90.0, "bounds": None},
    ),
    "platelets_1e9_per_l": (
        {"kind": "lognormal", "median": 110.0, "log_sd": 0.4, "bounds": None},
        {"kind": "uniform", "lower": 60.0, "upper": 200.0, "bounds": None},
    ),
    "age_years": (
        {"kind": "normal", "mean": 52.0, "sd": 10.0, "bounds": None},
        {"kind": "normal", "mean": 52.0, "sd": 10.0, "bounds": (18.0, 85.0)},
        {"kind": "gamma", "mean": 52.0, "shape": 20.0, "bounds": (None, 85.0)},
    ),
    "share": (
        {"kind": "beta", "a": 2.0, "b": 2.0, "bounds": (0.1, 0.9)},
        {"kind": "beta", "a": 0.5, "b": 0.5, "bounds": None},
        {"kind": "uniform", "lower": 0.0, "upper": 1.0, "bounds": None},
    ),
    "ast_u_per_l": ({"kind": "lognormal", "median": 1080.0, "log_sd": 0.5, "bounds": None},),
    "alt_u_per_l": ({"kind": "exponential", "mean": 1200.0, "bounds": None},),
    "yes": (
        {"kind": "bernoulli", "probability": 0.5},
        {"kind": "bernoulli", "probability": 1.0},
        {"kind": "bernoulli", "probability": 0.8},
    ),
    "grade": (
        {"kind": "categorical", "probabilities": [0.2, 0.5, 0.3]},
        {"kind": "categorical", "probabilities": [0.0, 0.5, 0.5, 0.0]},
    ),
}
_LABS = tuple(_MARGINALS)[:4]
_ENZYMES = ("ast_u_per_l", "alt_u_per_l")
# Thresholds that a fair share of candidates lies above and, for the second, below.
_THRESHOLDS = {
    "bilirubin_umol_per_l": (100.0, 400.0),
    "inr": (0.8, 2.5),
    "creatinine_umol_per_l": (60.0, 120.0),
    "platelets_1e9_per_l": (80.0, 150.0),
    "age_years": (40.0, 66.0),
    "share": (0.3, 0.7),
    "ast_u_per_l": (500.0, 2000.0),
    "alt_u_per_l": (500.0, 2000.0),
    "grade": (1.0, 2.0),
    "yes": (0.5, 1.5),
}
_LIMITS_OF_NORMAL = {"ast_u_per_l": 40.0, "alt_u_per_l": 40.0, "bilirubin_umol_per_l": 17.1}
_CUTS = {"age_years": ([52.0], [40.0, 60.0]), "share": ([0.5], [0.2, 0.4, 0.6])}


def candidates(draw: Draw, with_labs: bool) -> Parts | None:
    """The four labs, if they are modelled, and any others, in any order."""
    others = [name for name in _MARGINALS if name not in _LABS]
    names = [name for name in others if pick(draw, False, True)] + list(_LABS) * with_labs
    if not names:
        return None
    names = draw(st.permutations(names))
    variables = [{"name": name} | pick(draw, *_MARGINALS[name]) for name in names]
    return {"variables": variables, "rank_correlations": correlations(draw, names)}


def correlations(draw: Draw, names: list[str]) -> list[Parts] | None:
    """Correlations that make a matrix positive definite, whatever is picked.

    A chain whose latent correlations stay under 1/2, or strong ones between pairs that share none.
    """
    how = pick(draw, "none", "chain", "pairs")
    if how == "none" or len(names) < 2:
        return None
    step, values = (1, (0.4, -0.4, 0.2)) if how == "chain" else (2, (0.9, -0.9))
    return [
        {"between": names[i : i + 2], "value": pick(draw, *values)}
        for i in range(0, len(names) - 1, step)
    ]


def eligibility(draw: Draw, people: Parts | None) -> Parts | None:
    """None, or one to three criteria that a fair share of candidates meets."""
    if people is None or pick(draw, False, False, True):
        return None
    names = [variable["name"] for variable in people["variables"]]
    criteria = [criterion(draw, f"I{i + 1}", names) for i in range(pick(draw, 1, 2, 3))]
    if {*_ENZYMES, _LABS[0]} <= set(names):
        criteria.append(
            {
                "kind": "enzymes_and_bilirubin",
                "label": "I9",
                "text": "enzymes and bilirubin",
                "enzymes_times_upper_limit": 10.0,
                "bilirubin_times_upper_limit": 5.0,
                "enzymes": pick(draw, "either", "both"),
                "join": pick(draw, "and", "or"),
            }
        )
    return {
        "upper_limits_of_normal": _LIMITS_OF_NORMAL,
        "criteria": criteria,
        "consent_probability": pick(draw, 1.0, 0.9, 0.3),
    }


def criterion(draw: Draw, label: str, names: list[str]) -> Parts:
    groups = [
        [condition(draw, pick(draw, *names)) for _ in range(pick(draw, 1, 2))]
        for _ in range(pick(draw, 1, 1, 2))
    ]
    return {"kind": "conditions", "label": label, "text": "as it says", "all_of": groups}


def condition(draw: Draw, name: str) -> Parts:
    low, high = _THRESHOLDS[name]
    if name == "yes":
        comparison, threshold = pick(draw, (">", 0.5), (">=", 1.0), ("==", 1.0))
    else:
        comparison, threshold = pick(draw, (">", low), (">=", low), ("<", high), ("<=", high))
    limit = _LIMITS_OF_NORMAL.get(name)
    if limit and pick(draw, False, True):
        return _condition(name, comparison, threshold / limit, "times_upper_limit_of_normal")
    return _condition(name, comparison, threshold, "own")


def _condition(name: str, comparison: str, threshold: float, of: str) -> Parts:
    return {"variable": name, "comparison": comparison, "threshold": threshold, "unit": of}


def factors_for(draw: Draw, people: Parts | None, sites: int, least: int) -> list[Parts]:
    """Factors of allocation: sites, discrete variables, continuous ones cut at points.

    Those of two levels at least; so there may be fewer than `least`.
    """
    variables = {variable["name"]: variable for variable in people["variables"]} if people else {}
    known = ["site"] if sites > 1 else []
    for name in ("yes", "grade", "age_years", "share"):
        if name in variables and variables[name].get("probability", 0.5) < 1.0:
            known.append(name)
    chosen = [name for name in known if pick(draw, False, True)]
    if len(chosen) < least:
        chosen = known[:least]
    return [{"variable": n, "cut_points": pick(draw, *_CUTS.get(n, ([],)))} for n in chosen]


def visits(draw: Draw, follow_up_days: int) -> Parts | None:
    """Baseline and one to six visits whose windows do not overlap."""
    if pick(draw, False, False, False, True):
        return None
    window = pick(draw, 0.0, 0.45, 1.0, 2.0)
    apart = int(2 * window) + 1
    days = range(int(window) + 1, follow_up_days + 1, apart)
    last = follow_up_days if follow_up_days > window else max(follow_up_days, 1)
    planned = [*[d for d in days if d + window < last - window][: draw(st.integers(0, 5))], last]
    if last - window <= 0:
        window = 0.0
    listed = [{"day": 0, "window_days": 0.0, "missed_probability": 0.0}]
    listed += [
        {"day": d, "window_days": window, "missed_probability": pick(draw, 0.0, 0.3, 1.0)}
        for d in planned
    ]
    error = {lab: pick(draw, 0.0, 0.05) for lab in ("bilirubin", "inr", "creatinine")}
    return {"visits": listed, "measurement_error_log_sd": error}
