"""What a scenario's uncertain keys must be, and the keys and distributions that they are."""

from collections.abc import Iterator
from typing import NamedTuple

from simulator.declarations.keys import EVERY, SHORT, every, key_path, steps_of
from simulator.scenario.defaults import nodes_of, plain
from simulator.scenario.distributions import Distribution
from simulator.scenario.errors import RuleError, nearest
from simulator.scenario.numeric_range import NumericRange, numeric_range
from simulator.scenario.schema import Scenario
from simulator.scenario.steps import resolved
from simulator.scenario.uncertain import Uncertain
from simulator.scenario.yaml_reader import Node, walk

_NO_PART_OF_THE_TRIAL = (
    *("uncertain", "decision", "ranges", "calibrated", "acceptance"),
    *("name", "title", "null_hypothesis", "analyses", "multiplicity"),
)
_NEGLIGIBLE = 1e-9  # probability outside a key's range: no draw is ever there


class UncertainKey(NamedTuple):
    """A key of which the value is not known.

    Attributes
    ----------
    written
        As the scenario has it.
    keys
        The path of each value that it stands for: one but for a star.
    value
        In the scenario.
    marginal
        Its distribution, truncated to the bounds.
    range
        What values it can have.
    item, place
        The item of `uncertain`, and the place among its keys.
    """

    written: str
    keys: tuple[str, ...]
    value: float
    marginal: Distribution
    range: NumericRange
    item: int
    place: int


def uncertain_keys(scenario: Scenario) -> tuple[UncertainKey, ...]:
    """Return the uncertain keys of a checked scenario, in the order of the file.

    Raises
    ------
    RuleError
        If the scenario has not one of them.
    """
    for error in absent_keys(scenario):
        raise error
    leaves = _Leaves(scenario)
    return tuple(
        leaves.uncertain(one, item, place)
        for item, one in enumerate(scenario.uncertain or [])
        for place in range(len(one.keys))
    )


def uncertain_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield the rules that the uncertain keys of a scenario, and its decision, break.

    A key that the scenario has not breaks none here: it may have been lost on the way from a
    scenario that this one extends; see `absent_keys`.
    """
    yield from _decision_rules(scenario)
    if scenario.uncertain:
        yield from (error for error, is_absent in _broken(scenario) if not is_absent)


def absent_keys(scenario: Scenario) -> Iterator[RuleError]:
    """Yield the uncertain keys that a scenario has not, or not as numbers."""
    if scenario.uncertain:
        yield from (error for error, is_absent in _broken(scenario) if is_absent)


def _broken(scenario: Scenario) -> Iterator[tuple[RuleError, bool]]:
    """Yield what is broken, and whether it is that a key is not there."""
    leaves = _Leaves(scenario)
    seen: dict[str, str] = {}
    for item, one in enumerate(scenario.uncertain or []):
        for place in range(len(one.keys)):
            several = f"[{place}]" if len(one.keys) > 1 else ""
            here = f"uncertain[{item}].keys{several}"
            try:
                found = leaves.uncertain(one, item, place)
            except RuleError as error:
                yield RuleError(error.rule, error.remedy, here), True
                continue
            try:
                _refuse_outside(one, found)
            except RuleError as error:
                yield error, False
            for key in found.keys:
                if key in seen:
                    rule = f"its value is uncertain already, by {seen[key]}"
                    yield RuleError(rule, "leave one of the two out", here), False
                seen[key] = f"uncertain[{item}]"


def _decision_rules(scenario: Scenario) -> Iterator[RuleError]:
    decision = scenario.decision
    if decision is None:
        return
    known = [analysis.name for analysis in scenario.analyses]
    known += [family.name for family in scenario.multiplicity or []]
    if decision.analysis is not None and decision.analysis not in known:
        near = nearest(decision.analysis, known)
        remedy = f"did you mean {near}?" if near else f"use one of {', '.join(known)}"
        yield RuleError("is no analysis of this scenario", remedy, "decision.analysis")
    if decision.utility.per_cost and scenario.costs is None:
        rule = "what a trial costs is not given"
        yield RuleError(rule, "give costs, or leave it out", "decision.utility.per_cost")


class _Leaves:
    """The single values of a scenario, by key."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.root = nodes_of(plain(scenario), "")
        self.nodes: dict[str, Node] = dict(walk(self.root, ""))
        self.values = {
            key: node.value
            for key, node in self.nodes.items()
            if not isinstance(node.value, dict | list)
        }

    def uncertain(self, one: Uncertain, item: int, place: int) -> UncertainKey:
        """Return a key with all that is known of it; raises RuleError where it is none."""
        written = one.keys[place]
        keys = self.found(written)
        numbers = [self.number(key) for key in keys]
        first = keys[0]
        return UncertainKey(
            written,
            keys,
            float(numbers[0]),
            one.marginal(place),
            numeric_range(self.scenario, first),
            item,
            place,
        )

    def found(self, written: str) -> tuple[str, ...]:
        """Return the keys that a written one stands for."""
        text = SHORT.get(written.strip(), written.strip())
        steps = steps_of(text) or (text,)
        if steps[0] in _NO_PART_OF_THE_TRIAL:
            raise RuleError("is no part of the trial's course", "name another key")
        if EVERY in text:
            keys = every(text, self.values)
        else:
            path = key_path(resolved(self.root, steps))
            keys = (path,) if path in self.values else ()
            if path in self.nodes and not keys:
                raise RuleError("holds several values", self._one_below(path))
        if not keys:
            last = [key for key in self.values if (steps_of(key) or ("",))[-1] == steps[-1]]
            near = nearest(text, last) or nearest(text, self.values)
            remedy = f"did you mean {near}?" if near else "trialsim scenarios NAME lists the keys"
            raise RuleError("is not a key of this scenario", remedy)
        return keys

    def _one_below(self, path: str) -> str:
        steps = steps_of(path) or ()
        below = [key for key in self.values if (steps_of(key) or ())[: len(steps)] == steps]
        numbers = [key for key in below if _is_number(self.values[key])]
        return f"name one, as {numbers[0]}" if numbers else "none of them is a number"

    def number(self, key: str) -> float:
        """Value of a key, which must be a number."""
        value = self.values[key]
        if value == "solved":
            targets = self.scenario.hazard.mortality_targets or {}
            names = [arm.name for arm in self.scenario.arms if arm.name in targets]
            target = key_path(("hazard", "mortality_targets", *names[:1]))
            rule = "is solved from a mortality target"
            raise RuleError(rule, f"let the target be uncertain, as {target}")
        if not _is_number(value):
            shown = "null" if value is None else str(value)
            rule = f"its value is {shown}, not a number"
            raise RuleError(rule, "give it a number, or name a numeric key")
        return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse_outside(one: Uncertain, found: UncertainKey) -> None:
    """Refuse a distribution that leaves its key's range, or has nothing within its bounds."""
    whole, (low, high) = one.untruncated(found.place), one.limits()
    if float(whole.cdf(high) - whole.cdf(low)) < _NEGLIGIBLE:
        rule = f"{found.written}: the distribution has no probability within the bounds"
        raise RuleError(
            rule, "widen them, or correct the parameters", f"uncertain[{found.item}].bounds"
        )
    valid, marginal = found.range, found.marginal
    # A whole number is the nearest to what is drawn.
    margin = 0.5 if valid.whole else 0.0
    outside = float(marginal.cdf(valid.low - margin)) + 1 - float(marginal.cdf(valid.high + margin))
    if outside > _NEGLIGIBLE:
        rule = (
            f"{found.written}: must be {valid}; this distribution has probability {outside:.2g} "
            "outside"
        )
        ends = ", ".join("null" if abs(end) == float("inf") else f"{end:g}" for end in valid[:2])
        remedy = f"correct its parameters, choose another, or truncate it by bounds: [{ends}]"
        key = f"uncertain[{found.item}].{one.parameters_key(found.place)}"
        raise RuleError(rule, remedy, key)
