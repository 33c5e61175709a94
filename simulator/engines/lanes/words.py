"""Random words by address, the trials being lanes."""

import numpy as np
import numpy.typing as npt

from simulator import draws
from simulator.engines.compiled.kernel import kernel
from simulator.records import Ints

Words = npt.NDArray[np.uint32]

A_BLOCK = 4  # words of one block of the generator


def rows_of(words: int) -> int:
    """Rows that hold so many words of each trial: whole blocks of the generator."""
    return -(-words // A_BLOCK) * A_BLOCK


@kernel
def draw_words(seed: int, trial: Ints, purpose: int, who: int, rows: int, out: Words) -> None:
    """Fill `rows` rows of `out`, a multiple of `A_BLOCK`, with the words of the trials in lanes.

    Word `which` of the trial in lane t is out[which, t]; see `draws.block`.
    """
    for index in range(rows // A_BLOCK):
        row = A_BLOCK * index
        first, second, third, fourth = out[row], out[row + 1], out[row + 2], out[row + 3]
        for t in range(out.shape[1]):
            first[t], second[t], third[t], fourth[t] = draws.block(
                seed, trial[t], purpose, who, index
            )
