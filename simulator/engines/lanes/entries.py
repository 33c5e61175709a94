"""When patients enter under uniform accrual, in order."""

import math

import numpy as np

from simulator import draws
from simulator.engines.compiled.kernel import entry
from simulator.engines.lanes.words import Words, draw_words, rows_of
from simulator.lanes.sorting import padded, sort_lanes
from simulator.params.types import Params
from simulator.records import Floats
from simulator.rules import accrual

_ENTRY = draws.code_of(draws.Purpose.UNIFORM_ENTRY)
_LAST_WORD = np.iinfo(np.uint32).max


def draw_entries(params: Params, seed: int, first_trial: int, blocks: int, lanes: int) -> Floats:
    """Trial days of randomisation, shape (blocks, patients planned, lanes); infinity for never.

    The words are sorted, not the days, of which a word is half as long and climbs with them.
    """
    target, candidates = params.trial.target_randomised, params.accrual.candidates
    rows = max(padded(candidates), rows_of(candidates))
    words = np.empty((blocks, rows, lanes), np.uint32)
    _draw(seed, first_trial, rows_of(candidates), words)
    words[:, candidates:] = _LAST_WORD
    sort_lanes(words)
    days = np.empty((blocks, target, lanes))
    days[:, candidates:] = math.inf
    limit = float(params.trial.max_recruitment_days)
    _place(words, params.accrual.over_days, limit, min(target, candidates), days)
    return days


@entry
def _draw(seed: int, first_trial: int, rows: int, words: "Words") -> None:
    """Draw a word a candidate."""
    for block in range(words.shape[0]):
        trial = first_trial + block * words.shape[2]
        draw_words(seed, trial, _ENTRY, np.int64(0), rows, words[block])


@entry
def _place(words: "Words", over_days: float, limit: float, patients: int, days: Floats) -> None:
    """Turn words into days; who would come after the limit never does."""
    for block in range(words.shape[0]):
        for p in range(patients):
            word, out = words[block, p], days[block, p]
            for t in range(out.size):
                day = accrual.uniform_entry(over_days, draws.to_uniform(np.uint64(word[t])))
                out[t] = day if day <= limit else math.inf
