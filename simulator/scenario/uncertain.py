"""What is not known of a scenario: a joint distribution of some of its numeric keys.

It changes no simulated trial: assurance averages over it, and nothing else reads it.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from simulator.declarations.parts import Line, Part
from simulator.scenario.distributions import (
    FAMILIES,
    Distribution,
    Parameters,
    check_distribution,
    distribution_of,
)
from simulator.scenario.errors import RuleError, nearest
from simulator.scenario.matrices import too_small_eigenvalue

if TYPE_CHECKING:
    FamilyWord = str
else:
    FamilyWord = Literal[tuple(FAMILIES)]

T = TypeVar("T")

_AS_LISTS = "keys", "distribution", "parameters"


def _one_or_several(schema: dict[str, Any]) -> None:
    """Let a list be written as its one item."""
    parts = ("type", "items", "minItems")
    whole = {key: schema.pop(key) for key in parts if key in schema}
    schema["anyOf"] = [whole["items"], whole]


def _listed(description: str) -> Any:
    return Field(min_length=1, description=description, json_schema_extra=_one_or_several)


class Uncertain(Part):
    """Some numeric keys of which the values are not known, independent of those of other items."""

    keys: list[Line] = _listed(
        "numeric keys of the scenario, as hazard.mortality_targets.PE; an item of a list may be "
        "called by its name, as arms[PE].plan.sessions, or all by a star"
    )
    distribution: list[FamilyWord] = _listed("its name; or one for each key")
    parameters: list[dict[str, float | list[float]]] = _listed(
        "of the distribution, as {median: 0.47, interval_95: [0.30, 0.65]}; or one set per key"
    )
    bounds: list[float | None] | None = Field(
        default=None,
        min_length=2,
        max_length=2,
        description="the distributions are truncated to [low, high]; null: not at that end",
    )
    correlation: float | list[list[float]] | None = Field(
        default=None,
        description="of the keys' normal scores (Gaussian copula): one number for every pair, or "
        "a matrix; null: independent",
    )
    source: Line | None = Field(
        default=None, description="where it comes from, if no comment says so"
    )

    # Keys written as their one item: they are dumped so too, so that a value has the same path in
    # the plain values as in the file.
    _written_alone: tuple[str, ...] = PrivateAttr(())

    @model_validator(mode="wrap")
    @classmethod
    def _as_lists(cls, values: Any, handler: ModelWrapValidatorHandler["Uncertain"]) -> "Uncertain":
        if not isinstance(values, Mapping):
            return handler(values)
        single = {
            key: [values[key]]
            for key in _AS_LISTS
            if key in values and isinstance(values[key], str | Mapping)
        }
        found = handler({**values, **single})
        found._written_alone = tuple(single)
        return found

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        return plain | {key: plain[key][0] for key in self._written_alone if key in plain}

    @model_validator(mode="after")
    def _checked(self) -> "Uncertain":
        for name in ("distribution", "parameters"):
            given, keys = len(getattr(self, name)), len(self.keys)
            if given not in (1, keys):
                rule = f"has {given} items for {keys} key{'s' * (keys > 1)}"
                raise RuleError(rule, "give one for all keys, or one for each", name)
        _check_bounds(self.bounds)
        self.matrix()
        for place in range(len(self.keys)):
            self._of(place, check_distribution)
        return self

    def word(self, place: int) -> str:
        """Name of the distribution of the key at a place."""
        return self.distribution[place if len(self.distribution) > 1 else 0]

    def parameters_key(self, place: int) -> str:
        """Path, from here, of the parameters of the key at a place."""
        return f"parameters[{place}]" if len(self.parameters) > 1 else "parameters"

    def untruncated(self, place: int) -> Distribution:
        """Distribution of the key at a place, without the bounds.

        Raises
        ------
        RuleError
            If the parameters name none.
        """
        return self._of(place, distribution_of)

    def _of(self, place: int, do: Callable[[str, Parameters], T]) -> T:
        """Do something with word and parameters of the key at a place; errors name its key."""
        parameters = self.parameters[place if len(self.parameters) > 1 else 0]
        try:
            return do(self.word(place), parameters)
        except RuleError as error:
            key = self.parameters_key(place)
            near = nearest(error.key, FAMILIES[self.word(place)].names)
            known = not error.key or error.key in FAMILIES[self.word(place)].names
            remedy = error.remedy if known or not near else f"did you mean {near}?"
            key = f"{key}.{error.key}" if error.key else key
            raise RuleError(error.rule, remedy, key) from None

    def limits(self) -> tuple[float, float]:
        """Return the bounds, infinite where there is none."""
        low, high = self.bounds or (None, None)
        infinite = float("inf")
        return -infinite if low is None else low, infinite if high is None else high

    def marginal(self, place: int) -> Distribution:
        """Distribution of the key at a place, truncated to the bounds."""
        whole = self.untruncated(place)
        return whole if self.bounds is None else whole.within(*self.limits())

    def matrix(self) -> list[list[float]]:
        """Correlation matrix of the normal scores, (keys, keys).

        Raises
        ------
        RuleError
            If what is given is none.
        """
        size, given = len(self.keys), self.correlation
        if size == 1 and given is not None:
            rule, remedy = "one key correlates with nothing", "leave it out, or list several keys"
            raise RuleError(rule, remedy, "correlation")
        if given is None or isinstance(given, float):
            rho = given or 0.0
            rows = [[1.0 if i == j else rho for j in range(size)] for i in range(size)]
        else:
            rows = given
        _check_matrix(rows, size)
        return rows


def _check_bounds(bounds: list[float | None] | None) -> None:
    if bounds is None:
        return
    low, high = bounds
    if low is not None and high is not None and not low < high:
        raise RuleError("must be two numbers, the smaller first", "as [0.05, 0.95]", "bounds")


def _check_matrix(rows: list[list[float]], size: int) -> None:
    if len(rows) != size or any(len(row) != size for row in rows):
        rule = f"must be a number or a matrix of {size} x {size}, in the order of the keys"
        raise RuleError(rule, "as 0.5, or [[1, 0.5], [0.5, 1]]", "correlation")
    places = range(size)
    if any(rows[i][i] != 1.0 or rows[i][j] != rows[j][i] for i in places for j in places):
        rule = "a correlation matrix is symmetric, with ones on its diagonal"
        raise RuleError(rule, "correct it, or give one number for every pair", "correlation")
    if any(abs(value) > 1.0 for row in rows for value in row):
        raise RuleError("a correlation lies from -1 to 1", "correct it", "correlation")
    least = too_small_eigenvalue(rows)
    if least is not None:
        rule = f"must be positive definite; its smallest eigenvalue is {least:.3g}"
        remedy = "bring the correlations nearer to 0, or leave out a key that others determine"
        raise RuleError(rule, remedy, "correlation")
