"""The answer of assurance as one screen: what matters most of what is not known, the verdict."""

import math
import shlex
from collections.abc import Iterator
from pathlib import Path

from simulator.report.text.assurance import (
    decision_blocks,
    failed_blocks,
    head_blocks,
    parameter_table,
    power_table,
    verdict_blocks,
    weight,
)
from simulator.report.text.page import KEPT, LINES, Block, Bold, Command, apart, line_count
from simulator.report.text.wrapping import shortened
from simulator.results.assurance import Assurance

_LARGEST_ERROR = 0.005  # of an assurance that is quoted


def assurance_screen(answer: Assurance, width: int, run: Path | None = None) -> list[Block]:
    """Return one screen: what matters most of what is not known, power, the verdict."""
    title = Bold(shortened(f"{answer.scenario}: {answer.title}", width))
    above: list[Block] = [title, *list(head_blocks(answer))[1:], ""]
    verdict = list(verdict_blocks(answer))
    if answer.decision is not None:  # which takes the room of what is beside the verdict
        del verdict[1]
    below = list(
        apart([decision_blocks(answer), failed_blocks(answer), verdict, _next_steps(answer, run)])
    )
    beside = line_count([KEPT.format(run=run), "the prompt"], width)
    room = LINES - beside - line_count([*above, "", *below], width)
    keys, analyses = len(answer.parameters), len(answer.analyses)
    while True:
        middle: list[Block] = [
            parameter_table(answer, keys),
            "",
            power_table(answer, answer.analyses[:analyses]),
        ]
        more = _more(answer, keys, analyses, run)
        if line_count([*middle, *more], width) <= room or (keys <= 2 and analyses <= 1):
            break
        if analyses > 1 and (analyses > 3 or keys <= 3):
            analyses -= 1
        else:
            keys -= 1
    return [*above, *middle, *more, "", *below]


def _more(answer: Assurance, keys: int, analyses: int, run: Path | None) -> list[Block]:
    """What there was no room for, and where it is."""
    left = []
    if keys < len(answer.parameters):
        left.append(_counted(len(answer.parameters) - keys, "key", "keys"))
    if analyses < len(answer.analyses):
        left.append(_counted(len(answer.analyses) - analyses, "analysis", "analyses"))
    named = "RUN" if run is None else shlex.quote(str(run))
    return [Command(f"and {', '.join(left)}: trialsim show {named}")] if left else []


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} more {one if count == 1 else several}"


def _next_steps(answer: Assurance, run: Path | None) -> Iterator[Block]:
    a, scenario = answer.analyses[0], shlex.quote(answer.asked)
    seed = "" if answer.seed == 1 else f" --seed {answer.seed}"
    if a.averaged.se > _LARGEST_ERROR:
        draws = int(min(math.ceil(answer.draws * (a.averaged.se / _LARGEST_ERROR) ** 2), 100_000))
        draws = -(-draws // 100) * 100
        yield Command(
            f"more precisely:  trialsim assurance {scenario} --draws {draws} --trials "
            f"{answer.trials}{seed}"
        )
    shares = [share for share in a.shares if math.isfinite(share.total)]
    if shares and answer.decision is None:  # which says itself what knowing each key is worth
        key = max(shares, key=weight).key
        one = next(p for p in answer.parameters if p.key == key)
        values = ",".join(f"{value:.3g}" for value in (one.q025, one.median, one.q975))
        vary = shlex.quote(f"{key}={values}")
        yield Command(f"largest share:   trialsim sweep {scenario} --vary {vary}{seed}")
    if run is not None and answer.finished:
        yield Command(f"everything:      trialsim show {shlex.quote(str(run))}")
