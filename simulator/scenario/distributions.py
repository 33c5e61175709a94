"""Families of distributions of what is not known: their parameters in plain terms, and quantiles.

Each family is a monotone image of a probability, so that a truncated quantile is a quantile at
another probability, and a Gaussian copula joins any of them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from simulator.constants import NORMAL_QUANTILE_975
from simulator.errors import RuleError

Parameters = Mapping[str, float | list[float]]
_Pair = tuple[float, float]
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
    check
        Raises `RuleError`, with the key of the parameter, where parameters make no member.
    make
        Parameters, which were checked, to member.
    """

    ways: tuple[tuple[str, ...], ...]
    support: tuple[float, float]
    check: Callable[[Parameters], None]
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
    check_distribution(word, parameters)
    return FAMILIES[word].make(parameters)


def check_distribution(word: str, parameters: Parameters) -> None:
    """Refuse parameters that name no member of a family, as `distribution_of` does.

    Most are checked without the libraries that a member computes with.

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
    family.check(parameters)


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


class _Normal(NamedTuple):
    """A family of distributions that are normal on a scale.

    Attributes
    ----------
    scale, inverse
        Of numbers or arrays.
    scale_of_one, inverse_of_one
        The same of one number, for messages and checks; they may differ in the last bit.
    """

    scale: Function
    inverse: Function
    scale_of_one: Callable[[float], float]
    inverse_of_one: Callable[[float], float]
    support: tuple[float, float]
    centre: str
    spread: str

    def check(self, parameters: Parameters) -> None:
        """Refuse what makes no member.

        A centre beside an interval must be that of the interval: of no normal on the scale else are
        both true.
        """
        if INTERVAL not in parameters:
            _positive(parameters, self.spread)
        if self.centre not in parameters:
            return
        value, (low, high) = _number(parameters, self.centre), self.support
        if not low < value < high:
            rule = f"must lie between {low:g} and {high:g}"
            raise RuleError(rule, "correct it, or choose another distribution", self.centre)
        if INTERVAL not in parameters:
            return
        first, last = map(self.scale_of_one, _pair(parameters))
        own, most = (first + last) / 2, _ROUNDING * (last - first) / 2
        if abs(self.scale_of_one(value) - own) > most:
            shown = f"{self.inverse_of_one(own):.3g}"
            rule = f"is not the {self.centre} of this interval, which is {shown}"
            raise RuleError(rule, f"leave out the {self.centre}, or the interval", self.centre)

    def make(self, parameters: Parameters) -> Distribution:
        """Return the member of parameters that were checked."""
        from scipy import special

        scale, inverse, support = self.scale, self.inverse, self.support
        if INTERVAL in parameters:
            low, high = (float(scale(limit)) for limit in _pair(parameters))
            mean, sd = (low + high) / 2, (high - low) / (2 * NORMAL_QUANTILE_975)
        else:
            sd = _number(parameters, self.spread)
        if self.centre in parameters:
            mean = float(scale(_number(parameters, self.centre)))

        def cdf(x: Any) -> Any:
            import numpy as np

            inside = np.clip(x, *support)
            with np.errstate(divide="ignore"):
                return special.ndtr((scale(inside) - mean) / sd)

        return Distribution(cdf, lambda p: inverse(mean + sd * special.ndtri(p)), *support)

    def family(self) -> Family:
        """Return it as a family: centre and spread, an interval, or centre and interval."""
        ways = (self.centre, self.spread), (INTERVAL,), (self.centre, INTERVAL)
        return Family(ways, self.support, self.check, self.make)


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


def _logit_of_one(x: float) -> float:
    return math.log(x) - math.log1p(-x)


def _expit_of_one(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


# Beta and gamma: by two shape parameters, by mean and sd, or by an interval


def _check_beta(parameters: Parameters) -> None:
    if INTERVAL in parameters:
        _beta(parameters)  # whether there is one is found by looking for it
    elif "mean" in parameters:
        mean, sd = _number(parameters, "mean"), _positive(parameters, "sd")
        if not 0 < mean < 1:
            raise RuleError("must lie between 0 and 1", "correct it", "mean")
        if sd**2 >= mean * (1 - mean):
            rule = f"must be below {math.sqrt(mean * (1 - mean)):.4g}, of a beta of this mean"
            raise RuleError(rule, "lower it", "sd")
    else:
        _positive(parameters, "alpha")
        _positive(parameters, "beta")


def _beta(parameters: Parameters) -> Distribution:
    if INTERVAL in parameters:
        low, high = _pair(parameters)
        mean = (low + high) / 2
        kappa = max(mean * (1 - mean) / ((high - low) / 4) ** 2 - 1, 0.1)
        shapes = _fitted(_beta_of, (mean * kappa, (1 - mean) * kappa), (low, high))
    elif "mean" in parameters:
        mean, sd = _number(parameters, "mean"), _number(parameters, "sd")
        kappa = mean * (1 - mean) / sd**2 - 1
        shapes = mean * kappa, (1 - mean) * kappa
    else:
        shapes = _number(parameters, "alpha"), _number(parameters, "beta")
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


def _check_gamma(parameters: Parameters) -> None:
    if INTERVAL in parameters:
        _gamma(parameters)
        return
    for name in ("mean", "sd") if "mean" in parameters else ("shape", "rate"):
        _positive(parameters, name)


def _gamma(parameters: Parameters) -> Distribution:
    if INTERVAL in parameters:
        low, high = _pair(parameters)
        mean, sd = (low + high) / 2, (high - low) / 4
        shapes = _fitted(_gamma_of, ((mean / sd) ** 2, mean / sd**2), (low, high))
    elif "mean" in parameters:
        mean, sd = _number(parameters, "mean"), _number(parameters, "sd")
        shapes = (mean / sd) ** 2, mean / sd**2
    else:
        shapes = _number(parameters, "shape"), _number(parameters, "rate")
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


@lru_cache(256)  # it is checked, and then made
def _fitted(
    of: Callable[[float, float], Distribution],
    start: tuple[float, float],
    pair: tuple[float, float],
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


def _check_uniform(parameters: Parameters) -> None:
    if not _number(parameters, "low") < _number(parameters, "high"):
        raise RuleError("must be above low", "correct one of the two", "high")


def _uniform(parameters: Parameters) -> Distribution:
    import numpy as np

    low, high = _number(parameters, "low"), _number(parameters, "high")
    width = high - low
    return Distribution(
        lambda x: np.clip((x - low) / width, 0.0, 1.0), lambda p: low + p * width, low, high
    )


def _check_triangular(parameters: Parameters) -> None:
    low, mode, high = (_number(parameters, name) for name in ("low", "mode", "high"))
    if not low <= mode <= high or low == high:
        raise RuleError("must lie from low to high, which differ", "order the three", "mode")


def _triangular(parameters: Parameters) -> Distribution:
    import numpy as np

    low, mode, high = (_number(parameters, name) for name in ("low", "mode", "high"))
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

_NORMAL = _Normal(_identity, _identity, float, float, _EVERYWHERE, "mean", "sd")
_LOGNORMAL = _Normal(_log, _exp, math.log, math.exp, _ABOVE_0, "median", "log_sd")
_LOGIT_NORMAL = _Normal(
    _logit, _expit, _logit_of_one, _expit_of_one, _FROM_0_TO_1, "median", "logit_sd"
)
_BETA_WAYS = ("alpha", "beta"), ("mean", "sd"), (INTERVAL,)
_GAMMA_WAYS = ("shape", "rate"), ("mean", "sd"), (INTERVAL,)

FAMILIES: dict[str, Family] = {
    "normal": _NORMAL.family(),
    "lognormal": _LOGNORMAL.family(),
    "logit_normal": _LOGIT_NORMAL.family(),
    "beta": Family(_BETA_WAYS, _FROM_0_TO_1, _check_beta, _beta),
    "gamma": Family(_GAMMA_WAYS, _ABOVE_0, _check_gamma, _gamma),
    "uniform": Family((("low", "high"),), _EVERYWHERE, _check_uniform, _uniform),
    "triangular": Family((("low", "mode", "high"),), _EVERYWHERE, _check_triangular, _triangular),
}
