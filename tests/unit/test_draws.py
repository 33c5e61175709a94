"""Addressed random numbers against the known answers of the Random123 distribution."""

import math
from itertools import product

import numpy as np
import pytest

from simulator import draws
from simulator.draws import Purpose

# Random123 1.14, tests/kat_vectors, lines "philox4x32 10": counter, key, answer.
KNOWN_ANSWERS = {
    "zeros": (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    "ones": (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    "digits of pi": (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
}
LARGEST_SEED = 2**63 - 1
LARGEST_WORD = 2**32 - 1


def words_of(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def slow_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4x32-10 with Python's whole numbers, from the paper's figure 2 and table 1."""
    left, right = key
    a, b, c, d = counter
    for round_number in range(10):
        bump0 = (left + round_number * 0x9E3779B9) % 2**32
        bump1 = (right + round_number * 0xBB67AE85) % 2**32
        high0, low0 = divmod(a * 0xD2511F53, 2**32)
        high1, low1 = divmod(c * 0xCD9E8D57, 2**32)
        a, b, c, d = high1 ^ b ^ bump0, low1, high0 ^ d ^ bump1, low0
    return [a, b, c, d]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS.values(), ids=KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter, key, answer):
    arguments = [np.uint64(word) for word in words_of(counter) + words_of(key)]
    assert [int(word) for word in draws.philox4x32(*arguments)] == words_of(answer)


@pytest.mark.parametrize(
    ("seed", "trial", "who", "index"),
    list(product([0, 1, 2**32 + 5, LARGEST_SEED], [0, 17, 2**31, LARGEST_WORD], [0, 59], [0, 3])),
)
def test_an_address_is_the_counter_and_the_seed_is_the_key(seed, trial, who, index):
    high, low = divmod(seed, 2**32)
    for purpose in (Purpose.SITE_RATE, Purpose.LAB_ERROR):
        slow = slow_philox([index, who, int(purpose), trial], [low, high])
        found = draws.block(seed, trial, int(purpose), who, index)
        assert [int(word) for word in found] == slow


def test_which_counts_the_words_of_consecutive_blocks():
    found = [draws.uniform(7, 8, int(Purpose.PROFILE), 9, which) for which in range(8)]
    words = slow_philox([0, 9, 4, 8], [7, 0]) + slow_philox([1, 9, 4, 8], [7, 0])
    assert found == [(word + 0.5) / 2**32 for word in words]


def test_fill_gives_what_uniform_gives_one_by_one():
    out = np.empty(11)
    for first in (0, 8):
        draws.fill(LARGEST_SEED, 3, int(Purpose.PROFILE), 5, first, out)
        alone = [
            draws.uniform(LARGEST_SEED, 3, int(Purpose.PROFILE), 5, first + i) for i in range(11)
        ]
        assert out.tolist() == alone


def test_no_word_leads_to_0_or_1():
    lowest = draws.to_uniform(np.uint64(0))
    highest = draws.to_uniform(np.uint64(LARGEST_WORD))
    assert 0.0 < lowest == 2.0**-33
    assert highest == 1.0 - 2.0**-33 < 1.0


def test_every_part_of_an_address_changes_the_number():
    base = (12, 34, int(Purpose.EXIT), 56, 78)
    changed = [tuple(part + (i == place) for i, part in enumerate(base)) for place in range(5)]
    high_half_of_seed = (base[0] + 2**32, *base[1:])
    addresses = [base, *changed, high_half_of_seed]
    assert len({draws.uniform(*address) for address in addresses}) == len(addresses)


def test_purposes_do_not_share_a_number():
    assert len({int(purpose) for purpose in Purpose}) == len(Purpose)
    assert all(0 < int(purpose) <= LARGEST_WORD for purpose in Purpose)


@pytest.mark.parametrize("vary", ["trial", "who", "which"])
def test_uniforms_are_uniform_along_every_part_of_the_address(vary):
    size, bins = 20_000, 50
    place = {"trial": 1, "who": 3, "which": 4}[vary]
    address = [1, 0, int(Purpose.REFERRAL), 0, 0]
    found = np.empty(size)
    for i in range(size):
        address[place] = i
        found[i] = draws.uniform(*address)
    counts = np.histogram(found, bins, (0.0, 1.0))[0]
    chi_square = ((counts - size / bins) ** 2).sum() / (size / bins)
    # mean bins - 1, variance 2 (bins - 1); neighbours are uncorrelated, with error 1/sqrt(n)
    assert abs(chi_square - (bins - 1)) < 4 * math.sqrt(2 * (bins - 1))
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 4 / math.sqrt(size - 1)
