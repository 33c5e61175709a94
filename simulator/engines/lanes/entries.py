"""When patients enter under uniform accrual, in order."""

import math

import numpy as np

from simulator import draws
from simulator.engines.compiled.kernel import entry
from simulator.engines.lanes.words import A_BLOCK, Words, draw_words, rows_of
from simulator.lanes.sorting import MOST_ROWS, network, padded, sort_block, sort_lanes
from simulator.params.types import Params
from simulator.records import Floats, Ints
from simulator.rules import accrual

_ENTRY = draws.code_of(draws.Purpose.UNIFORM_ENTRY)
_LAST_WORD = np.iinfo(np.uint32).max


def draw_entries(params: Params, seed: int, trial: Ints) -> Floats:
    """Trial days of randomisation, shape (blocks, patients planned, lanes); infinity for never.

    `trial` has the index of each trial, (blocks, lanes).

    The words are sorted, not the days, of which a word is half as long and climbs with them.
    """
    target, candidates = params.trial.target_randomised, params.accrual.candidates
    blocks, lanes = trial.shape
    days = np.empty((blocks, target, lanes))
    days[:, candidates:] = math.inf
    over_days, limit = params.accrual.over_days, float(params.trial.max_recruitment_days)
    height = max(padded(candidates), rows_of(candidates))
    if candidates <= MOST_ROWS:
        words = np.empty((1, height, lanes), np.uint32)
        _draw_in_order(
            seed, trial, candidates, words, *network(height, candidates), over_days, limit, days
        )
        return days
    words = np.empty((blocks, height, lanes), np.uint32)
    _draw(seed, trial, candidates, words)
    sort_lanes(words)
    for block in range(blocks):
        _place(words[block], candidates, over_days, limit, days[block])
    return days


@entry
def _draw_in_order(
    seed: int,
    trial: Ints,
    candidates: int,
    words: "Words",
    lines: Ints,
    kinds: Ints,
    over_days: float,
    limit: float,
    days: Floats,
) -> None:
    """Draw, sort and place block after block, in one block of words."""
    for block in range(days.shape[0]):
        _draw(seed, trial[block : block + 1], candidates, words)
        sort_block(words[0], lines, kinds)
        _place(words[0], candidates, over_days, limit, days[block])


@entry
def _draw(seed: int, trial: Ints, candidates: int, words: "Words") -> None:
    """Draw a word a candidate, and the last there is in the rows beyond."""
    rows = (candidates + A_BLOCK - 1) // A_BLOCK * A_BLOCK
    for block in range(words.shape[0]):
        draw_words(seed, trial[block], _ENTRY, np.int64(0), rows, words[block])
        words[block, candidates:] = _LAST_WORD


@entry
def _place(words: "Words", candidates: int, over_days: float, limit: float, days: Floats) -> None:
    """Turn words into days; who would come after the limit never does."""
    for p in range(min(candidates, days.shape[0])):
        word, out = words[p], days[p]
        for t in range(out.size):
            day = accrual.uniform_entry(over_days, draws.to_uniform(np.uint64(word[t])))
            out[t] = day if day <= limit else math.inf
