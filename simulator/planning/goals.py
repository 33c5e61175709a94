"""What a question is of: an analysis of a scenario, or a family of those judged together."""

from collections.abc import Callable, Sequence
from operator import methodcaller

from simulator.planning.prepared import Goal, Prepared, goal_of
from simulator.scenario.errors import Problem, ScenarioError, nearest
from simulator.scenario.loaded import LoadedScenario

Narrow = Callable[[LoadedScenario], LoadedScenario]  # leaves a goal alone of what is analysed
ALL_OF = "all:"  # before the name of a family: every hypothesis of it is to be rejected


def asked_for(prepared: Prepared, analysis: str | None) -> tuple[Narrow, Goal | None]:
    """Return the same as `goal_named`, but None: all analyses and families, and nothing left out.

    Raises
    ------
    ScenarioError
        If the scenario has none of that name.
    """
    return (lambda loaded: loaded, None) if analysis is None else goal_named(prepared, analysis)


def goal_named(prepared: Prepared, analysis: str | None) -> tuple[Narrow, Goal]:
    """Return what is asked for, and what leaves that alone of the scenario or of a variant of it.

    Parameters
    ----------
    analysis
        Name of an analysis, or of a family of those judged together, of which any hypothesis is to
        be rejected or, as `all:NAME`, every one; None: the first analysis.

    Raises
    ------
    ScenarioError
        If the scenario has none of that name.
    """
    families = prepared.asked.multiplicity or []
    names = [family.name for family in families]
    known = [plan.name for plan in prepared.plans]
    if analysis is not None and analysis not in known:
        name, of_all = family_named(analysis, names)
        if name in names:
            index = names.index(name)
            family = families[index]
            which = "all hypotheses" if of_all else "any hypothesis"
            words = f"{which} of {name} ({family.method.replace('_', ' ')})"
            goal = Goal(analysis, words, family.alpha, True, of_all)
            return methodcaller("with_one_family", index), goal
    others = [*names, *(f"{ALL_OF}{name}" for name in names)]
    place = 0 if analysis is None else place_of(prepared, analysis, others)
    return methodcaller("with_one_analysis", place), goal_of(prepared.plans, place)


def family_named(asked: str, names: Sequence[str]) -> tuple[str, bool]:
    """Return the name of the family that is asked for, and whether all of it is."""
    if asked in names or not asked.startswith(ALL_OF):
        return asked, False
    return asked.removeprefix(ALL_OF), True


def place_of(prepared: Prepared, analysis: str, others: Sequence[str] = ()) -> int:
    """Return the place of an analysis among the scenario's; `others` would have done too.

    Raises
    ------
    ScenarioError
        If the scenario has none of that name.
    """
    names = [plan.name for plan in prepared.plans]
    if analysis not in names:
        known = [*names, *others]
        near = nearest(analysis, known)
        remedy = f"did you mean {near}?" if near else f"use one of {', '.join(known)}"
        rule = "is no analysis of this scenario"
        raise ScenarioError(Problem("", 0, "analysis", analysis, rule, remedy))
    return names.index(analysis)
