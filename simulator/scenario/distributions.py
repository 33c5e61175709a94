"""Families of distributions of what is not known: their parameters in plain terms, and quantiles.

Each family is a monotone image of a probability, so that a truncated quantile is a quantile at
another probability, and a Gaussian copula joins any of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.constants import NORMAL_QUANTILE_975
from simulator.errors import RuleError

Parameters = Mapping[str, float | list[float]]
Function = Callable[[Any], Any]  # of a number or an array of them

INTERVAL = "interval_95"  # the quantiles of .025 and .975
_LEVELS = 0.025, 0.975
_ROUNDING = 0.05  # of an interval's half width: what a centre may be off that is rounded


@dataclass(frozen=True)
class Distribution:
    """A distribution of one key.

    Attributes
    ----------
    cdf, quantile
        Probability of a smaller value, and its inverse, of numbers or arrays.
    low, high
        Ends of the support, possibly infinite.
    """

    cdf: Function
    quantile: Function
    low: float
    high: float

    def within(self, low: float, high: float) -> "Distribution":
        """Return the distribution truncated to an interval."""
        below, above = float(self.cdf(low)), float(self.cdf(high))

        def cdf(x: Any) -> Any:
            import numpy as np

            return np.clip((self.cdf(x) - below) / (above - below), 0.0, 1.0)

        def quantile(p: Any) -> Any:
            import numpy as np

            return np.clip(self.quantile(below + p * (above - below)), low, high)

        return Distribution(cdf, quantile, max(low, self.low), min(high, self.high))


@dataclass(frozen=True)
class Family:
    """A family: the ways in which its parameters can be given, and what makes a member of them.

    Attributes
    ----------
    ways
        Sets of parameters, any one of which is to be given.
    support
        Ends of what a member can give; of a bounded one, where it must lie.
    make
        Parameters to member; raises `RuleError` with the key of the parameter.
    """

    ways: tuple[tuple[str, ...], ...]
    support: tuple[float, float]
    make: Callable[[Parameters], Distribution]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters that it can take."""
        return tuple(dict.fromkeys(name for way in self.ways for name in way))


def distribution_of(word: str, parameters: Parameters) -> Distribution:
    """Return the member of a family that its parameters name.

    Raises
    ------
    RuleError
        If they name none; its key is that of the parameter.
    """
    family = FAMILIES[word]
    _refuse_unknown(word, family, parameters)
    if INTERVAL in parameters:
        _check_interval(parameters[INTERVAL], family.support)
    for name, value in parameters.items():
        if name != INTERVAL and isinstance(value, list):
            raise RuleError("must be a number", "only interval_95 is a pair of numbers", name)
    return family.make(parameters)


def ways_in_words(word: str) -> str:
    """Say how the parameters of a family can be given."""
    return " or ".join(f"{{{', '.join(way)}}}" for way in FAMILIES[word].ways)


def _refuse_unknown(word: str, family: Family, parameters: Parameters) -> None:
    if any(set(way) == set(parameters) for way in family.ways):
        return
    unknown = [name for name in parameters if name not in family.names]
    rule = f"{word} takes {ways_in_words(word)}"
    remedy = "give one of these sets, each of its parameters and no other"
    raise RuleError(rule, remedy, unknown[0] if unknown else "")


def _check_interval(value: float | list[float], support: tuple[float, float]) -> None:
    pair = value if isinstance(value, list) else []
    if len(pair) != 2 or not pair[0] < pair[1]:
        raise RuleError("must be two numbers, the smaller first", "as [0.30, 0.65]", INTERVAL)
    low, high = support
    if not low < pair[0] or not pair[1] < high:
        rule = f"must lie between {low:g} and {high:g}, where the distribution is"
        raise RuleError(rule, "correct it, or choose another distribution", INTERVAL)


def _number(parameters: Parameters, name: str) -> float:
    value = parameters[name]
    assert not isinstance(value, list)  # `distribution_of` has checked
    return float(value)


def _positive(parameters: Parameters, name: str) -> float:
    value = _number(parameters, name)
    if value <= 0:
        raise RuleError("must be > 0", "correct it", name)
    return value


def _pair(parameters: Parameters) -> tuple[float, float]:
    value = parameters[INTERVAL]
    assert isinstance(value, list)
    return float(value[0]), float(value[1])


# Normal on some scale


def _on_scale(
    scale: Function,
    inverse: Function,
    support: tuple[float, float],
    centre: str,
    spread: str,
) -> Callable[[Parameters], Distribution]:
    """Return what makes a distribution that is normal on a scale.

    A centre beside an interval must be that of the interval: of no normal on the scale else are
    both true.
    """

    def make(parameters: Parameters) -> Distribution:
        from scipy import special

        if INTERVAL in parameters:
            low, high = (float(scale(limit)) for limit in _pair(parameters))
            mean, sd = (low + high) / 2, (high - low) / (2 * NORMAL_QUANTILE_975)
        else:
            sd = _positive(parameters, spread)
        if centre in parameters:
            value = _number(parameters, centre)
            if not support[0] < value < support[1]:
                rule = f"must lie between {support[0]:g} and {support[1]:g}"
                raise RuleError(rule, "correct it, or choose another distribution", centre)
            given, own = float(scale(value)), mean if INTERVAL in parameters else None
            if own is not None and abs(given - own) > _ROUNDING * NORMAL_QUANTILE_975 * sd:
                rule = f"is not the {centre} of this interval, which is {float(inverse(own)):.3g}"
                raise RuleError(rule, f"leave out the {centre}, or the interval", centre)
            mean = given

        def cdf(x: Any) -> Any:
            import numpy as np

            inside = np.clip(x, *support)
            with np.errstate(divide="ignore"):
                return special.ndtr((scale(inside) - mean) / sd)

        return Distribution(cdf, lambda p: inverse(mean + sd * special.ndtri(p)), *support)

    return make


def _identity(x: Any) -> Any:
    return x


def _log(x: Any) -> Any:
    import numpy as np

    return np.log(x)


def _exp(x: Any) -> Any:
    import numpy as np

    return np.exp(x)


def _logit(x: Any) -> Any:
    from scipy import special

    return special.logit(x)


def _expit(x: Any) -> Any:
    from scipy import special

    return special.expit(x)


# Beta and gamma: by two shape parameters, by mean and sd, or by an interval


def _beta(parameters: Parameters) -> Distribution:
    if INTERVAL in parameters:
        low, high = _pair(parameters)
        mean = (low + high) / 2
        kappa = max(mean * (1 - mean) / ((high - low) / 4) ** 2 - 1, 0.1)
        shapes = _fitted(_beta_of, (mean * kappa, (1 - mean) * kappa), (low, high))
    elif "mean" in parameters:
        mean, sd = _number(parameters, "mean"), _positive(parameters, "sd")
        if not 0 < mean < 1:
            raise RuleError("must lie between 0 and 1", "correct it", "mean")
        if sd**2 >= mean * (1 - mean):
            rule = f"must be below {math.sqrt(mean * (1 - mean)):.4g}, of a beta of this mean"
            raise RuleError(rule, "lower it", "sd")
        kappa = mean * (1 - mean) / sd**2 - 1
        shapes = mean * kappa, (1 - mean) * kappa
    else:
        shapes = _positive(parameters, "alpha"), _positive(parameters, "beta")
    return _beta_of(*shapes)


def _beta_of(alpha: float, beta: float) -> Distribution:
    import numpy as np
    from scipy import special

    return Distribution(
        lambda x: special.betainc(alpha, beta, np.clip(x, 0.0, 1.0)),
        lambda p: special.betaincinv(alpha, beta, p),
        0.0,
        1.0,
    )


def _gamma(parameters: Parameters) -> Distribution:
    if INTERVAL in parameters:
        low, high = _pair(parameters)
        mean, sd = (low + high) / 2, (high - low) / 4
        shapes = _fitted(_gamma_of, ((mean / sd) ** 2, mean / sd**2), (low, high))
    elif "mean" in parameters:
        mean, sd = _positive(parameters, "mean"), _positive(parameters, "sd")
        shapes = (mean / sd) ** 2, mean / sd**2
    else:
        shapes = _positive(parameters, "shape"), _positive(parameters, "rate")
    return _gamma_of(*shapes)


def _gamma_of(shape: float, rate: float) -> Distribution:
    import numpy as np
    from scipy import special

    return Distribution(
        lambda x: special.gammainc(shape, rate * np.maximum(x, 0.0)),
        lambda p: special.gammaincinv(shape, p) / rate,
        0.0,
        math.inf,
    )


def _fitted(
    of: Callable[[float, float], Distribution], start: Sequence[float], pair: tuple[float, float]
) -> tuple[float, float]:
    """Find the two parameters of which .025 and .975 have the quantiles of a pair."""
    import numpy as np
    from scipy import optimize

    def missed(logs: Any) -> Any:
        member = of(*map(float, np.exp(logs)))
        return [float(member.cdf(x)) - p for x, p in zip(pair, _LEVELS, strict=True)]

    found = optimize.root(missed, np.log(start), tol=1e-12)
    if max(map(abs, missed(found.x))) > 1e-6:
        rule = "no such distribution has these quantiles"
        raise RuleError(rule, "give mean and sd, or choose another distribution", INTERVAL)
    first, second = map(float, np.exp(found.x))
    return first, second


# Bounded


def _uniform(parameters: Parameters) -> Distribution:
    import numpy as np

    low, high = _number(parameters, "low"), _number(parameters, "high")
    if not low < high:
        raise RuleError("must be above low", "correct one of the two", "high")
    width = high - low
    return Distribution(
        lambda x: np.clip((x - low) / width, 0.0, 1.0), lambda p: low + p * width, low, high
    )


def _triangular(parameters: Parameters) -> Distribution:
    import numpy as np

    low, mode, high = (_number(parameters, name) for name in ("low", "mode", "high"))
    if not low <= mode <= high or low == high:
        raise RuleError("must lie from low to high, which differ", "order the three", "mode")
    width, up = high - low, (mode - low) / (high - low)

    def cdf(x: Any) -> Any:
        t = np.clip((np.asarray(x) - low) / width, 0.0, 1.0)
        rising = t**2 / up if up > 0 else np.zeros_like(t)
        falling = 1 - (1 - t) ** 2 / (1 - up) if up < 1 else np.ones_like(t)
        return np.where(t < up, rising, falling)

    def quantile(p: Any) -> Any:
        p = np.asarray(p)
        rising = np.sqrt(p * up)
        return low + width * np.where(p < up, rising, 1 - np.sqrt((1 - p) * (1 - up)))

    return Distribution(cdf, quantile, low, high)


_EVERYWHERE, _ABOVE_0, _FROM_0_TO_1 = (-math.inf, math.inf), (0.0, math.inf), (0.0, 1.0)

FAMILIES: dict[str, Family] = {
    "normal": Family(
        (("mean", "sd"), (INTERVAL,), ("mean", INTERVAL)),
        _EVERYWHERE,
        _on_scale(_identity, _identity, _EVERYWHERE, "mean", "sd"),
    ),
    "lognormal": Family(
        (("median", "log_sd"), (INTERVAL,), ("median", INTERVAL)),
        _ABOVE_0,
        _on_scale(_log, _exp, _ABOVE_0, "median", "log_sd"),
    ),
    "logit_normal": Family(
        (("median", "logit_sd"), (INTERVAL,), ("median", INTERVAL)),
        _FROM_0_TO_1,
        _on_scale(_logit, _expit, _FROM_0_TO_1, "median", "logit_sd"),
    ),
    "beta": Family((("alpha", "beta"), ("mean", "sd"), (INTERVAL,)), _FROM_0_TO_1, _beta),
    "gamma": Family((("shape", "rate"), ("mean", "sd"), (INTERVAL,)), _ABOVE_0, _gamma),
    "uniform": Family((("low", "high"),), _EVERYWHERE, _uniform),
    "triangular": Family((("low", "mode", "high"),), _EVERYWHERE, _triangular),
}
