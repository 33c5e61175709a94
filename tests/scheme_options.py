"""Options and factors with which each scheme can be built, for tests of all schemes."""

from collections.abc import Sequence

from simulator.allocation import SCHEMES
from simulator.allocation.schemes import RULES
from simulator.declarations.schemes import Factors

_GIVEN = {"block_size": 4, "block_sizes": [4, 6]}
_PER_FACTOR = "weights", "margins"

ADAPTIVE = [word for word, scheme in SCHEMES.items() if scheme.adaptive]
STRATIFIED = [word for word, scheme in SCHEMES.items() if scheme.factors is Factors.STRATA]
WITHOUT_DRAWS = [word for word, rules in zip(SCHEMES, RULES, strict=True) if rules.due is None]
TABLED = [word for word, scheme in SCHEMES.items() if scheme.counts_alone]


def options_of(scheme: str, factors: Sequence[int] = (2,)) -> dict[str, object]:
    """Return the standard options, lists spelt out for so many factors."""
    options: dict[str, object] = dict(SCHEMES[scheme].standard)
    for key in options:
        if key in _GIVEN:
            options[key] = _GIVEN[key]
        elif key in _PER_FACTOR:
            options[key] = [1.0 + i for i in range(len(factors))]
        elif key == "burn_in":
            options[key] = 2
    return options


def factors_of(scheme: str, factors: Sequence[int] = (2,)) -> list[int]:
    """Return the factors if the scheme takes them."""
    refused = SCHEMES[scheme].factors in (Factors.REFUSED, Factors.TRIAL)
    return [] if refused else list(factors)


# Keys of a scheme's metrics, in `allocation --json` and in `exact_metrics`.
METRICS = {
    "mean_abs_imbalance",
    "sd_imbalance",
    "max_imbalance",
    "loss",
    "imbalance_index",
    "balanced_share",
    "forcing_index",
    "deterministic_share",
    "correct_guesses",
    "correct_guesses_maximum_probability",
    "entropy",
    "zhao_distance",
    "incertus_distance",
}
