"""What to do next with a power: the very commands, fit to the verdict."""

import math
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simulator.results.measures import CONVENTIONAL_POWER, Judgement
from simulator.results.power import Power

_ENOUGH_TRIALS = 10_000
_NARROW = 0.001  # Monte Carlo standard error of a type I error that is worth telling
_STEPS = 3
_DEFAULT_SEED = 1


class Step(NamedTuple):
    """A command, and what for."""

    purpose: str
    command: str


def next_steps(answer: Power, run: Path | None) -> list[Step]:
    """Return the two or three commands that follow from a verdict, the most useful first.

    Parameters
    ----------
    run
        The folder in which the answer is kept; None where it is not. What was interrupted is no
        finished run, of which more could be shown or written.
    """
    run = run if answer.finished else None
    steps = list(_of_judgement(answer, run))[: _STEPS - 1]
    if run is not None:
        steps.append(Step("everything", f"trialsim show {shlex.quote(str(run))}"))
    return steps


def _of_judgement(answer: Power, run: Path | None) -> Iterator[Step]:
    judgement = answer.verdict.judgement
    if judgement is Judgement.TOO_FEW_TRIALS:
        yield Step("enough trials", _power(answer, f"--trials {_ENOUGH_TRIALS}"))
    elif judgement is Judgement.INCONCLUSIVE:
        yield from _to_settle(answer)
    elif judgement in (Judgement.ADEQUATE, Judgement.AT_TARGET):
        if run is not None:
            yield Step("the document", f"trialsim report {shlex.quote(str(run))}")
        yield Step("type I error", _power(answer, "--certify", with_target=False))
    elif judgement is Judgement.UNDERPOWERED:
        yield from _more_power(answer)
    else:
        yield Step("more precisely", _power(answer, f"--precision {_NARROW}"))
        if answer.verdict.is_level:
            yield Step("largest level", _power(answer, "--certify", with_target=False))


def _to_settle(answer: Power) -> Iterator[Step]:
    needed = answer.verdict.trials_to_settle
    if needed is not None:
        trials = _rounded_up(max(needed, answer.trials + 1))
        yield Step("to settle it", _power(answer, f"--trials {trials}"))
    yield _size(answer)


def _more_power(answer: Power) -> Iterator[Step]:
    limited, o = answer.operations.recruitment_is_the_limit, answer.operations
    if limited:
        key, own = answer.recruitment_key.key, answer.recruitment_key.value
        yield Step("recruit faster", _sweep(answer, key, own))
    yield _size(answer)
    if not limited:
        yield Step("larger trials", _sweep(answer, "trial.target_randomised", o.target_randomised))


def _power(answer: Power, options: str, *, with_target: bool = True) -> str:
    target = answer.verdict.target_power
    if with_target and answer.verdict.is_power and target != CONVENTIONAL_POWER:
        options += f" --power-target {target:.10g}"
    return f"trialsim power {_scenario(answer)} {options}{_seed(answer)}"


def _size(answer: Power) -> Step:
    target = f"{answer.verdict.target_power:.10g}"
    command = f"trialsim size {_scenario(answer)} --power {target}{_seed(answer)}"
    return Step("patients needed", command)


def _sweep(answer: Power, key: str, own: float) -> str:
    """Vary a key: its own value, its double and its fourfold."""
    values = ",".join(f"{times * own:.10g}" for times in (1, 2, 4))
    vary = shlex.quote(f"{key}={values}")
    return f"trialsim sweep {_scenario(answer)} --vary {vary}{_seed(answer)}"


def _scenario(answer: Power) -> str:
    return shlex.quote(answer.asked)


def _seed(answer: Power) -> str:
    return "" if answer.seed == _DEFAULT_SEED else f" --seed {answer.seed}"


def _rounded_up(trials: int) -> int:
    """Return a number of trials to two digits, not below it."""
    step = int(10 ** max(math.floor(math.log10(trials)) - 1, 0))
    return -(-trials // step) * step
