"""The words that a scenario can hold and those that it does: literals, null, true and false."""

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from simulator.declarations.parts import Part
from simulator.scenario.analyses import AnalysisBase, Multiplicity
from simulator.scenario.calibrated import Measured
from simulator.scenario.decision import Decision
from simulator.scenario.monitoring import Monitoring
from simulator.scenario.ranges import Range
from simulator.scenario.schema import Costs, Scenario
from simulator.scenario.trial_end import TrialEnd
from simulator.scenario.uncertain import Uncertain

_NOT_OF_AN_ENGINE = (
    *(AnalysisBase, Multiplicity, Monitoring, Costs, Decision, Measured, Range, Uncertain),
    TrialEnd,
)
_NOT_ASKED = {
    ("Trial", "registry_id"),
    ("Trial", "planned_completion_date"),
    ("Trial", "max_follow_up_days"),  # test_agreement_followed_longer.py, as goes_on
    ("Trial", "end"),
    ("ExitRate", "goes_on"),
    ("Infection", "goes_on"),
    ("Scenario", "acceptance"),
    ("Scenario", "calibrated"),
    ("Scenario", "costs"),
    ("Scenario", "decision"),
    ("Scenario", "evidence_file"),
    ("Scenario", "monitoring"),
    ("Scenario", "multiplicity"),
    ("Scenario", "ranges"),
    ("Scenario", "uncertain"),
}


def words_of_schema(part: type[BaseModel] = Scenario) -> set[tuple[str, str, object]]:
    """Every (part, key, word) that a scenario can hold, null, true and false being words."""
    found: set[tuple[str, str, object]] = set()
    done: set[type[BaseModel]] = set()

    def visit(model: type[BaseModel]) -> None:
        done.add(model)
        for key, field in model.model_fields.items():
            for leaf in _leaves(field.annotation):
                if isinstance(leaf, type) and issubclass(leaf, BaseModel):
                    if leaf not in done and not issubclass(leaf, _NOT_OF_AN_ENGINE):
                        visit(leaf)
                elif leaf is bool:
                    found.update({(model.__name__, key, True), (model.__name__, key, False)})
                elif leaf is None or isinstance(leaf, str):
                    found.add((model.__name__, key, leaf))

    visit(part)
    solved = {word for word in found if word[2] == "solved"}  # no engine meets the word
    return {word for word in found - solved if word[:2] not in _NOT_ASKED}


def _leaves(annotation: object) -> Iterator[object]:
    """Types and literal words that an annotation is made of."""
    if annotation is type(None):
        yield None
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_args(annotation):
        for inner in get_args(annotation):
            yield from _leaves(inner)
    else:
        yield annotation


def words_used(part: Part) -> Iterator[tuple[str, str, object]]:
    """Every (part, key, word) that a scenario holds."""
    for key in type(part).model_fields:
        held = getattr(part, key)
        values = held if isinstance(held, list | tuple) else [held]
        for value in values:
            if isinstance(value, Part):
                yield from words_used(value)
            elif value is None or isinstance(value, str | bool):
                yield type(part).__name__, key, value
        for inner in (v for v in values if isinstance(v, list)):
            for value in (v for v in inner if isinstance(v, Part)):
                yield from words_used(value)
