"""Expected utility of the options of a decision, and what better evidence would be worth to it."""

import math
from collections.abc import Sequence

import numpy as np

from simulator.planning.assurance_draws import DrawTrials
from simulator.planning.averages import jackknife
from simulator.planning.information_value import value_of_one, value_of_perfect_information
from simulator.records import Floats, Ints
from simulator.results.assurance import DecisionValue, InformationValue, OptionValue
from simulator.scenario.decision import Utility


def utility_of(found: DrawTrials | None, utility: Utility, goal: int, trials: int) -> float:
    """Mean utility of a trial at a draw; 0 of no trial, NaN where it could not be simulated.

    Parameters
    ----------
    goal
        Place of the analysis that concludes.
    """
    if found is None:
        return 0.0
    if found.problem is not None:
        return math.nan
    first, second = found.favouring[goal] / trials
    averted = found.mortality[0] - found.mortality[1]
    right, wrong = (second, first) if averted > 0 else (first, second)
    return float(
        utility.right_conclusion * right
        + utility.wrong_conclusion * wrong
        + utility.per_death_averted * utility.later_patients * averted * second
        - utility.per_cost * found.cost
    )


def decide(
    names: Sequence[str],
    keys: Sequence[str],
    utilities: Floats,
    powers: Floats,
    scores: Floats,
    unit: str,
    analysis: str,
) -> DecisionValue:
    """Choose among options.

    Parameters
    ----------
    names, keys
        Of the options, and of the uncertain keys.
    utilities, powers
        (draws, options).
    scores
        (draws, keys): normal scores.
    """
    means = utilities.mean(axis=0)
    best = int(means.argmax())
    root = math.sqrt(len(utilities))
    apart = utilities - utilities[:, [best]]
    options = tuple(
        OptionValue(
            name=name,
            assurance=float(powers[:, k].mean()),
            utility=float(means[k]),
            se=float(utilities[:, k].std(ddof=1)) / root,
            difference=float(apart[:, k].mean()),
            difference_se=float(apart[:, k].std(ddof=1)) / root,
        )
        for k, name in enumerate(names)
    )

    def values(chosen: Ints) -> Floats:
        u, z = utilities[chosen], scores[chosen]
        every = value_of_perfect_information(u, z)
        # Nobody can gain more by knowing one key than by knowing all.
        alone = [min(value_of_one(u, z[:, k]), every) for k in range(len(keys))]
        return np.array([every, *alone])

    found, errors = jackknife(values, len(utilities))
    return DecisionValue(
        unit=unit,
        analysis=analysis,
        best=names[best],
        options=options,
        evpi=float(found[0]),
        evpi_se=float(errors[0]),
        evppi=tuple(
            InformationValue(key, float(value), float(error))
            for key, value, error in zip(keys, found[1:], errors[1:], strict=True)
        ),
    )
