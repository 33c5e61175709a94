"""The bare trial in NumPy alone, as fast as we could make it: what an engine's speed is held to.

The trial of `scenarios/two-arm-survival.yaml`: 60 patients, 30 an arm by the random allocation
rule, who enter uniformly over 730 days; exponential death and loss; 84 days of follow-up; a
two-sided log-rank test. Every patient's entry, time, event and arm are kept. Patients stand in an
order that says nothing of their entry: this program does not sort them by it, and an engine does.

What makes it fast:

- Death and loss compete, and both are exponential. So the earlier of the two has one exponential
  time, and which of them it is does not depend on that time (Cox and Oakes 1984, chapter 9): one
  logarithm a patient.
- Random lists of 30 and 30 are words of 60 random bits of which 30 are set; others are thrown away.
  One in ten is kept (the binomial probability .1026), which costs less than to shuffle or sort.
- A patient's event and arm replace the last two bits of the time: one `sort` orders all three.
- Ranked patients are a byte each, 64 bytes a trial, and a whole number of eight bytes times
  0x0101010101010101 holds the running sums of its bytes: the numbers at risk.
- Blocks of 1024 trials stay in the cache; a call of NumPy costs the same for a block of any size.

Bytes are little-endian. Run as a program it prints its speed; OMP_NUM_THREADS=1 keeps the matrix
product, which is 2 % of the work, to the one core as well.
"""

import math
import sys
from time import perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]

PATIENTS, AN_ARM = 60, 30
ENTRY_DAYS = 730.0
FOLLOW_UP_DAYS = 84.0
MORTALITY, LOSS = 0.60, 0.05  # by the end of follow-up: control arm, and both arms
HAZARD_RATIO = 0.5574929506502402
CRITICAL_Z = 1.959963984540054  # the normal quantile of .975
RELATIVE_STEP = 2.0**-50  # two bits fewer than a float64: what the sort sees of a time

_DEATH_RATE = -math.log1p(-MORTALITY) / FOLLOW_UP_DAYS
_LOSS_RATE = -math.log1p(-LOSS) / FOLLOW_UP_DAYS
_EXIT_RATES = _DEATH_RATE + _LOSS_RATE, HAZARD_RATIO * _DEATH_RATE + _LOSS_RATE
_MEAN_DAYS = 1 / _EXIT_RATES[0], 1 / _EXIT_RATES[1]
# An exit is a loss with this probability, in steps of 2^-32; the second arm, which dies less, has
# the larger one.
_LOST_BELOW = tuple(np.uint32(round(_LOSS_RATE / rate * 2**32)) for rate in _EXIT_RATES)

_BLOCK = 1024
_PLACES = 64  # bytes a trial, 60 of them used
_TRIES_A_LIST = 10.2  # the binomial probability of 30 in 60 is .1026: some more than needed
_EACH_BYTE = np.uint64(0x0101010101010101)
_AN_ARM_IN_EACH_BYTE = np.uint64(AN_ARM) * _EACH_BYTE
_SHARE = np.zeros(_PLACES)  # of one patient among those at risk
_SHARE[:PATIENTS] = 1.0 / np.arange(PATIENTS, 0, -1)
_SHARE_SQUARED = _SHARE**2


class BareResult(NamedTuple):
    """Records and tests. A row is a trial; records have a column for each of the 60 patients."""

    entry_days: Floats  # trial time of entry
    time_days: Floats  # from entry to death, loss or the end of follow-up
    event: npt.NDArray[np.bool_]  # whether that is death
    arm: Bytes  # 0 control, 1 experimental
    excess: Floats  # deaths of the experimental arm, observed minus expected
    variance: Floats  # hypergeometric variance of it
    rejected: npt.NDArray[np.bool_]  # log-rank test, two-sided, .05; no death is no rejection


class _Scratch(NamedTuple):
    """Room for one block, used again and again."""

    floats: Floats  # trial x patient
    keys: Words  # trial x patient
    ranked: Bytes  # trial x place; the last four places stay 0
    at_risk: Floats  # trial x place


def simulate_and_test(trials: int, seed: int) -> BareResult:
    """Simulate so many bare trials from NumPy's SFC64 generator and test each."""
    shape = trials, PATIENTS
    result = BareResult(
        np.empty(shape),
        np.empty(shape),
        np.empty(shape, np.bool_),
        np.empty(shape, np.uint8),
        np.empty(trials),
        np.empty(trials),
        np.empty(trials, np.bool_),
    )
    size = min(trials, _BLOCK)
    scratch = _Scratch(
        np.empty((size, PATIENTS)),
        np.empty((size, PATIENTS), np.uint64),
        np.zeros((size, _PLACES), np.uint8),
        np.empty((size, _PLACES)),
    )
    random = np.random.Generator(np.random.SFC64(seed))
    lists = np.empty(0, np.uint64)
    for first in range(0, trials, size):
        rows = BareResult._make(column[first : first + size] for column in result)
        count = rows.excess.size
        while lists.size < count:
            lists = np.concatenate([lists, _balanced_lists(random, count)])
        room = _Scratch._make(array[:count] for array in scratch)
        _simulate(random, lists[:count], rows, room)
        _rank(rows, room)
        _log_rank(rows, room)
        lists = lists[count:]
    np.greater(np.square(result.excess), CRITICAL_Z**2 * result.variance, out=result.rejected)
    return result


def _balanced_lists(random: np.random.Generator, about: int) -> Words:
    """Random words of 60 bits of which 30 are set, all such words being equally likely."""
    words = random.bit_generator.random_raw(int(about * _TRIES_A_LIST) + _PLACES)
    words >>= np.uint64(_PLACES - PATIENTS)
    return np.compress(np.bitwise_count(words) == AN_ARM, words)


def _simulate(random: np.random.Generator, lists: Words, rows: BareResult, room: _Scratch) -> None:
    """Fill in the records of a block; `lists` has the arms of a trial, a bit a patient."""
    count, arm, time, scale = lists.size, rows.arm, rows.time_days, room.floats
    arm[...] = np.unpackbits(
        lists.view(np.uint8).reshape(count, 8), axis=1, count=PATIENTS, bitorder="little"
    )
    random.random(out=rows.entry_days)
    np.multiply(rows.entry_days, ENTRY_DAYS, out=rows.entry_days)
    np.copyto(scale, arm)  # not np.where: a processor cannot guess which arm comes next
    scale *= _MEAN_DAYS[0] - _MEAN_DAYS[1]
    scale -= _MEAN_DAYS[0]
    random.random(out=time)
    with np.errstate(divide="ignore"):  # a uniform of 0 is an exit that never comes
        np.log(time, out=time)
    time *= scale
    words = random.bit_generator.random_raw(count * PATIENTS // 2)
    u = words.view(np.uint32).reshape(count, PATIENTS)
    lost = u < _LOST_BELOW[1]
    lost &= arm.view(np.bool_)
    lost |= u < _LOST_BELOW[0]
    np.greater(time < FOLLOW_UP_DAYS, lost, out=rows.event)  # in time, and not lost
    np.minimum(time, FOLLOW_UP_DAYS, out=time)


def _rank(rows: BareResult, room: _Scratch) -> None:
    """Put a trial's patients in order of time: 1 if in the second arm, 2 more if dead.

    Positive floats sort like their bits. The last two bits give way to event and arm, so the order
    is right for times that differ by more than 2^-50 of themselves. Patients who tie otherwise are
    those followed to the end, and nobody dies then.
    """
    event = rows.event.view(np.uint8)
    code = rows.arm + event
    code += event
    np.bitwise_and(rows.time_days.view(np.uint64), ~np.uint64(3), out=room.keys)
    np.bitwise_or(room.keys, code, out=room.keys)
    room.keys.sort(axis=1)
    np.copyto(room.ranked[:, :PATIENTS], room.keys, casting="unsafe")  # the last byte of each


def _log_rank(rows: BareResult, room: _Scratch) -> None:
    """Observed minus expected deaths, and variance, from the ranked patients of each trial.

    With n patients at risk, a of them in the second arm, a death adds a/n to what is expected and
    a/n - (a/n)^2 to the variance.
    """
    words = room.ranked.view(np.uint64)
    second = words & _EACH_BYTE
    words >>= np.uint64(1)
    dead = words
    dead &= _EACH_BYTE
    seen = np.bitwise_count(second & dead).view(np.uint64)
    observed = (seen * _EACH_BYTE) >> np.uint64(56)
    # Byte j of a product with _EACH_BYTE is the sum of bytes 0 .. j; the last is that of the word.
    left = second * _EACH_BYTE
    totals = np.ascontiguousarray(left.view(np.uint8)[:, 7::8]).view(np.uint64)
    totals *= _EACH_BYTE
    totals <<= np.uint64(8)  # of the words before
    left += totals.view(np.uint8) * _EACH_BYTE
    left -= second
    at_risk = np.subtract(_AN_ARM_IN_EACH_BYTE, left, out=left)
    dead *= np.uint64(255)
    at_risk &= dead
    np.copyto(room.at_risk, at_risk.view(np.uint8))
    expected = room.at_risk @ _SHARE
    np.square(room.at_risk, out=room.at_risk)
    np.subtract(observed[:, 0], expected, out=rows.excess)
    np.subtract(expected, room.at_risk @ _SHARE_SQUARED, out=rows.variance)


def _print_speed(trials: int) -> None:
    """Print the speed of the best of several runs, as others' work can only slow a run down."""
    seconds, shares = [], []
    for seed in range(10):
        start = perf_counter()
        result = simulate_and_test(trials, seed)
        seconds.append(perf_counter() - start)
        shares.append(result.rejected.mean())
    best, middle = trials / min(seconds), trials / float(np.median(seconds))
    print(f"{best:,.0f} trials a second at best, {middle:,.0f} in the middle run;", end=" ")
    print(f"power {np.mean(shares):.4f} of {len(shares) * trials:,} trials")


if __name__ == "__main__":
    _print_speed(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
