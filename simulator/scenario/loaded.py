"""A scenario with the file, the line and the source of every value, and what can be asked of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from simulator.declarations.keys import EVERY, SHORT, Step, every, key_path, steps_of
from simulator.declarations.unsupported import unsupported
from simulator.results.sources import BY_DEFAULT, Source
from simulator.scenario.cross_checks import disagreements
from simulator.scenario.defaults import filled, nodes_of
from simulator.scenario.errors import Problem, RuleError, ScenarioError, nearest, shown
from simulator.scenario.merging import Merger
from simulator.scenario.messages import Finding, findings
from simulator.scenario.monitored_family_rules import family_of, looked_at
from simulator.scenario.range_checks import RangeOf, range_findings, ranges_of
from simulator.scenario.schema import Scenario
from simulator.scenario.sources import source_of, wrong_sources
from simulator.scenario.steps import WHOLES, list_of_names, replaced, resolved, written_at
from simulator.scenario.uncertain_rules import absent_keys
from simulator.scenario.yaml_reader import REFUSED, Node, walk

MOST_PROBLEMS = 200


class Location(NamedTuple):
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario and where it comes from.

    Attributes
    ----------
    scenario
        The scenario, checked.
    provenance
        Key path of each value to where it comes from, as the comment at the end of its line says;
        without one of its own, that of the nearest enclosing key of the same file that has one;
        else no source. So what a file overrides loses the source of what it extends. What the
        schema filled in is its default.
    files
        The file, then the one it extends, and so on, as a user would write them.
    asked
        The name or path by which it was asked for.
    """

    scenario: Scenario
    provenance: dict[str, Source]
    files: tuple[str, ...]
    asked: str
    _nodes: dict[str, Node] = field(repr=False)  # defaults included, by key path
    _written: Node = field(repr=False)  # without the defaults, which follow from what is written

    def location(self, key: str) -> Location:
        """Return where a key stands, or else the nearest key around it that is given."""
        node = enclosing(self._nodes, key)
        return Location(node.file, node.line)

    def is_default(self, key: str) -> bool:
        """Return whether the schema filled the value of a key in."""
        return self._nodes[key].is_default

    def problem(self, key: str, rule: str, remedy: str = "") -> ScenarioError:
        """Return the error of a rule broken at a key, to be raised after loading."""
        return ScenarioError(_placed(self._nodes, key, rule, remedy))

    def located(self, error: RuleError) -> ScenarioError:
        """Return the error of a rule that was found broken only after loading, with its place."""
        return self.problem(error.key, error.rule, error.remedy)

    def key(self, written: str, origin: str, values: Sequence[Any] = (0,)) -> str:
        """Return the path of a key: of a single value, as it stands in `provenance`.

        Parameters
        ----------
        written
            The path; an item of a list may be called by its name, as arms[PE].plan.sessions, and
            all of them by a star, as accrual.sites[*].opens_day; n is short for
            trial.target_randomised.
        origin
            Where it was written, for the message.
        values
            What it is to have. A key of several values can have lists, mappings and null; and so
            can an item that is new, in a list whose items have names.

        Raises
        ------
        ScenarioError
            If the scenario has no such key, or it cannot have such values.
        """
        text = SHORT.get(written.strip(), written.strip())
        if self._every(text):
            return text
        steps = resolved(self._nodes[""], steps_of(text) or (text,))
        path, is_whole = key_path(steps), all(isinstance(v, WHOLES) for v in values)
        if path in self.provenance or (is_whole and path in self._nodes and path):
            return path
        if is_whole and list_of_names(steps) is not None and isinstance(steps[-1], str):
            name, place = key_path(steps[-1:]), key_path(steps[:-1])
            return f"{place}[{name}]" if name == steps[-1] and not name.isdigit() else path
        feature = next(filter(None, (unsupported(str(step)) for step in steps)), None)
        if feature is not None:
            problem = feature.rule, feature.instead
        elif (absent := self._absent_item(steps)) is not None:
            problem = absent
        elif path in self._nodes and path:
            problem = "holds several values", f"name one of them, as {self._first_below(path)}"
        else:
            near = text.lower() if text.lower() in SHORT else _like(path, self.provenance)
            advice = f"did you mean {near}?" if near else "trialsim scenarios NAME lists them"
            problem = "is not a key of this scenario", advice
        raise ScenarioError(Problem(origin, 0, written[:100], "", *problem))

    def _absent_item(self, steps: list[Step]) -> tuple[str, str] | None:
        """Say that a list has no item of a name, where that is why there is no such key."""
        for end in range(2, len(steps) + 1):
            name_key, name = list_of_names(steps[:end]), steps[end - 1]
            place = key_path(steps[: end - 1])
            if name_key is not None and isinstance(name, str) and place in self._nodes:
                items = self._nodes[place].value or []
                known = [str(item.value[name_key].value) for item in items]
                near = nearest(name, known)
                remedy = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
                return f"{place} has no item of the name {name}", remedy
        return None

    def _first_below(self, path: str) -> str:
        return next(key for key, _ in walk(self._nodes[path], path) if key in self.provenance)

    def value(self, key: str) -> Any:
        """Value at a key, of several values as the files write them; None where there is none."""
        if found := self._every(key):
            values = [self.value(one) for one in found]
            return values[0] if all(value == values[0] for value in values) else values
        if key in self.provenance or key not in self._nodes:
            return values_of(self._nodes[key]) if key in self._nodes else None
        steps = steps_of(key) or ()
        found = values_of(written_at(self._written, self._nodes[""], steps))
        name_key = list_of_names(steps)
        if name_key is not None and isinstance(found, dict):
            found.pop(name_key, None)
        return found

    def ranges(self) -> list[RangeOf]:
        """Return the scenario's ranges, those that do not fit its values with the reason."""
        return ranges_of(self.scenario, self._nodes[""])

    def _every(self, key: str) -> tuple[str, ...]:
        """Return the keys that a key with a star stands for; none of any other."""
        return every(key, self.provenance) if EVERY in key else ()

    def changed(
        self, values: Mapping[str, Any], origin: str, whole: Collection[str] = ()
    ) -> "LoadedScenario":
        """Return the scenario with other values, checked anew as a whole.

        What the schema fills in is filled in anew: it may follow from what is changed. A mapping is
        laid over what is there, as a file is laid over the one that it extends: of a list whose
        items have names it adds or changes an item, and null removes one.

        Parameters
        ----------
        values
            New value by key, as `key` gives it; a value loses the source of the old one.
        origin
            Where the values come from, as --vary: it stands in messages in place of the file.
        whole
            Keys whose mapping replaces what is there.

        Raises
        ------
        ScenarioError
            If the scenario that this makes breaks a rule.
        """
        values = {one: v for key, v in values.items() for one in self._every(key) or (key,)}
        root, given, merger = self._written, self._nodes[""], Merger()
        parted = {key: self._by_name(steps_of(key) or (), value) for key, value in values.items()}
        self._refuse_removed(values, origin)
        # What is removed goes last: until then, places in lists are those of the keys.
        for key in sorted(parted, key=lambda key: values[key] is None):
            steps, value = parted[key]
            leaf = nodes_of(value, origin)
            if isinstance(value, Mapping) and key not in whole:
                pattern = tuple(step if isinstance(step, str) else "" for step in steps)
                leaf = merger.over(written_at(root, given, steps), leaf, pattern)
            root = replaced(root, given, steps, leaf)
        if merger.problems:
            raise ScenarioError(*merger.problems)
        return checked(root, self.files, self.asked, (*self.files, origin), [])

    def _by_name(self, steps: tuple[Step, ...], value: Any) -> tuple[tuple[Step, ...], Any]:
        """Return steps and value; of an item that has a name, those of its list, by that name."""
        name_key = list_of_names(steps)
        if name_key is None or not (value is None or isinstance(value, Mapping)):
            return steps, value
        name = steps[-1]
        if isinstance(name, int):
            name = str(self._nodes[key_path((*steps, name_key))].value)
        return steps[:-1], {name: value}

    def _refuse_removed(self, values: Mapping[str, Any], origin: str) -> None:
        """Refuse values of an item that another value removes."""
        gone = [steps_of(key) or () for key, value in values.items() if value is None]
        for key in values:
            steps = steps_of(key) or ()
            for item in gone:
                if steps[: len(item)] == item and len(steps) > len(item):
                    rule = f"is part of {key_path(item)}, which is removed beside it"
                    raise ScenarioError(Problem(origin, 0, key, "", rule, "change one of the two"))

    def with_one_analysis(self, index: int) -> "LoadedScenario":
        """Return the scenario with one of its analyses alone, first.

        What it replays stays, and what is looked at before the end: the trial rests on it.
        """
        return self._with_parts([index], None)

    def with_one_family(self, index: int) -> "LoadedScenario":
        """Return the scenario with one family of its analyses that are judged together alone."""
        family = (self.scenario.multiplicity or [])[index]
        names = [analysis.name for analysis in self.scenario.analyses]
        return self._with_parts([names.index(name) for name in family.analyses], index)

    def _with_parts(self, chosen: list[int], family: int | None) -> "LoadedScenario":
        root, asked = self._written, self.scenario.analyses
        names = [analysis.name for analysis in asked]
        # A randomisation test stands on the analysis whose statistic it compares.
        below = [names.index(of) for i in chosen if (of := getattr(asked[i], "of", None)) in names]
        analyses = root.value["analyses"]
        monitoring, looked_at = self._monitoring()
        below += [names.index(name) for name in looked_at]
        kept = [analyses.value[index] for index in dict.fromkeys([*chosen, *below])]
        together = nodes_of(None, root.file, root.line)
        kept_families = self._families(family)
        if kept_families:
            families = root.value["multiplicity"]
            together = replace(families, value=[families.value[index] for index in kept_families])
        parts = {"analyses": replace(analyses, value=kept), "multiplicity": together}
        if monitoring is not None:
            parts["monitoring"] = monitoring
        parts["decision"] = nodes_of(None, root.file, root.line)  # it may be of another analysis
        whole = replace(root, value=root.value | parts)
        return checked(whole, self.files, self.asked, self.files, [])

    def _monitoring(self) -> tuple[Node | None, list[str]]:
        """What is written of looks, with the analysis that leads by its name; all looked at."""
        asked, root = self.scenario.monitoring, self._written
        if asked is None:
            return None, []
        written, family = root.value["monitoring"], family_of(self.scenario)
        name = looked_at(self.scenario)
        named = nodes_of(name, written.file, written.line)
        beside = [] if family is None else family.analyses
        return replace(written, value=written.value | {"analysis": named}), [name, *beside]

    def _families(self, chosen: int | None) -> list[int]:
        """Places of the family that is chosen, first, and of that which is looked at."""
        families, watched = self.scenario.multiplicity or [], family_of(self.scenario)
        beside = [k for k, family in enumerate(families) if family is watched]
        return list(dict.fromkeys([*([] if chosen is None else [chosen]), *beside]))

    def leaves(self, key: str) -> tuple[str, ...]:
        """Return the keys of single values that a key, as `key` gives it, stands for or holds."""
        if found := self._every(key):
            return found
        below = (path for path, _ in walk(self._nodes[key], key)) if key in self._nodes else ()
        return tuple(path for path in below if path in self.provenance)

    def first_place(self, source: Source) -> tuple[str, Location]:
        """Return the key and line that a source stands at first."""
        for key, node in self._nodes.items():
            if not node.is_default and node.comment and source_of(node.comment) == source:
                return key, Location(node.file, node.line)
        raise KeyError(source.text)

    def values(self) -> list[tuple[str, Any, Source]]:
        """Key, value and source of every value, in the order of the file."""
        return [(key, values_of(self._nodes[key]), self.provenance[key]) for key in self.provenance]


def checked(
    root: Node,
    files: tuple[str, ...],
    asked: str,
    order: tuple[str, ...],
    problems: list[Problem],
) -> LoadedScenario:
    """Return the scenario of a tree of nodes.

    Parameters
    ----------
    root
        What is written, those that it extends included.
    files, asked
        As `LoadedScenario` has them.
    order
        The names that a node's file may have, in the order in which problems are told.
    problems
        What is wrong already.

    Raises
    ------
    ScenarioError
        If there is a problem.
    """
    nodes = dict(walk(root, ""))
    values = values_of(root)
    try:
        scenario = Scenario.model_validate(values, context=values)
    except ValidationError as error:
        found = findings(error.errors(include_url=False), Scenario)
        problems += _problems(found, nodes, order)
    else:
        whole = filled(root, scenario)
        nodes = dict(walk(whole, ""))
        broken = [*disagreements(scenario), *_absent_of_its_own(scenario, nodes, files, order)]
        found = [Finding(rule.key, str(rule), rule.remedy, cross_check=True) for rule in broken]
        found += range_findings(scenario, nodes, files)
        problems += [*_problems(found, nodes, order), *wrong_sources(nodes)]
        if not problems:
            leaves = {key: node for key, node in nodes.items() if not _is_branch(node)}
            provenance = {
                key: BY_DEFAULT if node.is_default else source_of(node.comment)
                for key, node in leaves.items()
            }
            return LoadedScenario(scenario, provenance, files, asked, nodes, root)
    raise ScenarioError(*problems) from None


def _absent_of_its_own(
    scenario: Scenario, nodes: Mapping[str, Node], files: Sequence[str], order: Sequence[str]
) -> list[RuleError]:
    """Return the uncertain keys that a file names and its scenario has not.

    What a change or a file that extends took away is no mistake of that kind.
    """
    is_own = tuple(order) == tuple(files) and nodes["uncertain"].file == files[0]
    return list(absent_keys(scenario)) if is_own else []


def values_of(node: Node) -> Any:
    """Return the plain values of a tree of nodes."""
    if isinstance(node.value, dict):
        return {key: values_of(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [values_of(child) for child in node.value]
    return node.value


def _like(path: str, known: Iterable[str]) -> str:
    """Return the known key that was most likely meant, or nothing."""
    keys = list(known)
    steps = steps_of(path) or (path,)
    same = [key for key in keys if (steps_of(key) or ("",))[-1] == steps[-1]]
    return nearest(path, same) or next(iter(same), "") or nearest(path, keys)


def _is_branch(node: Node) -> bool:
    return isinstance(node.value, dict | list) and len(node.value) > 0


# Problems and their places


def enclosing(nodes: Mapping[str, Node], key: str) -> Node:
    """Return the node of a key path, or of the longest part of it that is given."""
    steps = steps_of(key) or ()
    while key_path(steps) not in nodes:
        steps = steps[:-1]
    return nodes[key_path(steps)]


def _placed(nodes: dict[str, Node], key: str, rule: str, remedy: str) -> Problem:
    node = enclosing(nodes, key)
    value = shown(values_of(node)) if key and key in nodes else ""
    if value and node.is_default:
        value += " (default)"
    return Problem(node.file, node.line, key, value, rule, remedy)


def _is_refused(nodes: dict[str, Node], key: str) -> bool:
    value = enclosing(nodes, key).value
    items = value if key in nodes and isinstance(value, list) else []
    return value is REFUSED or any(item.value is REFUSED for item in items)


def _problems(
    broken: list[Finding], nodes: dict[str, Node], order: tuple[str, ...]
) -> list[Problem]:
    """Problems in the order of the files and lines, those of single values first."""
    found = []
    for finding in broken:
        if _is_refused(nodes, finding.key):
            continue  # what is wrong with it as YAML has been said
        if finding.follows and finding.key not in nodes:
            continue  # what it follows from is wrong, and that is said there
        problem = _placed(nodes, finding.key, finding.rule, finding.remedy)
        place = (finding.cross_check, order.index(problem.file), problem.line)
        found.append((place, problem))
    found.sort(key=lambda pair: pair[0])
    problems = [problem for _, problem in found[:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        rule = f"{len(found) - MOST_PROBLEMS} more problems"
        problems.append(Problem(order[0], 0, "", "", rule, "correct the first ones"))
    return problems
