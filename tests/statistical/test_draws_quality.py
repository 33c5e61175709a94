"""The addressed random numbers look random, along every part of the address and across it.

Every test has a level of its own, LEVEL, shared among its p values (Bonferroni). There are at most
MOST_TESTS, which is checked; so a perfect generator would fail the file with a probability below
MOST_TESTS * LEVEL = 1e-4. Numbers that are too even are refused like those that are too uneven. And
no statistic is trusted until it has refused a generator that is known to be bad.

Sources: Knuth (1997), The Art of Computer Programming 2, section 3.3.2; L'Ecuyer and Simard (2007),
TestU01, ACM Transactions on Mathematical Software 33(4), 22; Salmon et al. (2011).
"""

import functools
import itertools
import math

import numba
import numpy as np
import pytest
from scipy import special, stats

from simulator import draws
from simulator.declarations.exits import Exit
from simulator.draws import Purpose

FAMILY_WISE, MOST_TESTS = 1e-4, 200
LEVEL = FAMILY_WISE / MOST_TESTS
SIZE = 2**20  # numbers of a stream
WORD = 2.0**32
SEED_BITS, PART_BITS = 63, 32


# ------------------------------------------------------------------------------- generators


@numba.vectorize(["uint32(int64, int64, int64, int64, int64)"])
def addressed(seed, trial, purpose, who, which):
    """Return the word of 32 bits from which the uniform at an address is made."""
    return np.int64(draws.uniform(seed, trial, purpose, who, which) * WORD)


@numba.njit
def weak_block(rounds, seed, trial, purpose, who, index):
    """Philox 4x32 with fewer rounds than its ten: a counter that is hashed weakly."""
    low = np.uint64(0xFFFFFFFF)
    c0, c1, c2, c3 = np.uint64(index), np.uint64(who), np.uint64(purpose), np.uint64(trial)
    k0, k1 = np.uint64(seed) & low, np.uint64(seed) >> np.uint64(32)
    for _ in range(rounds):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        high0, high1 = p0 >> np.uint64(32), p1 >> np.uint64(32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, p1 & low, high0 ^ c3 ^ k1, p0 & low
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return c0, c1, c2, c3


@numba.vectorize(["uint32(int64, int64, int64, int64, int64)"])
def weakly_hashed(seed, trial, purpose, who, which):
    words = weak_block(2, seed, trial, purpose, who, which >> 2)
    place = which & 3
    if place < 2:
        return words[0] if place == 0 else words[1]
    return words[2] if place == 2 else words[3]


@numba.njit
def congruential(multiplier, increment, bits, size):
    """Linear congruential generator modulo 2^bits, as words of 32 bits."""
    out = np.empty(size, np.uint32)
    x = np.uint64(1)
    for i in range(size):
        x = (np.uint64(multiplier) * x + np.uint64(increment)) & np.uint64(2**bits - 1)
        out[i] = x << np.uint64(32 - bits)
    return out


def sticky() -> np.ndarray:
    """Good words, of which one in 64 is that before it."""
    words, repeated = stream("which").copy(), stream("who")[1:] < WORD / 64
    words[1:][repeated] = words[:-1][repeated]
    return words


def tied_bits() -> np.ndarray:
    """Good words, of which bit 9 is bit 8 again."""
    words = stream("which")
    return words & ~np.uint32(1 << 9) | (words & np.uint32(1 << 8)) << np.uint32(1)


BAD = {
    "multiples of the golden ratio": lambda: (
        np.arange(SIZE, dtype=np.uint32) * np.uint32(0x9E3779B9)
    ),
    "low bits in short cycles": lambda: congruential(1664525, 1013904223, 32, SIZE),
    "RANDU": lambda: congruential(65539, 0, 31, SIZE),
    "twelve bits": lambda: stream("which") & np.uint32(0xFFF00000),
    "sticky": sticky,
    "tied bits": tied_bits,
}


COUNT = np.arange(SIZE)
RUN = np.unravel_index(COUNT, (SIZE // 2**10, 2**6, 2**4))
PROFILE = int(Purpose.PROFILE)
# Addresses (seed, trial, purpose, who, which) in the order in which a part of them counts up.
STREAMS = {
    "which": (1, 5, PROFILE, 7, COUNT),
    "first words of blocks": (1, 5, PROFILE, 7, 4 * COUNT),
    "who": (1, 5, PROFILE, COUNT, 0),
    "purpose": (1, 5, COUNT, 7, 0),
    "trial": (1, COUNT, PROFILE, 7, 0),
    "trials of the solver": (0, 2**31 + COUNT, PROFILE, 7, 0),
    "seed": (COUNT, 5, PROFILE, 7, 0),
    "upper half of the seed": (COUNT << 32, 5, PROFILE, 7, 0),
    "trials, patients, purposes": (1, RUN[0], RUN[2] + 1, RUN[1], 0),
}


@functools.cache
def stream(name: str) -> np.ndarray:
    return addressed(*STREAMS[name])


# ------------------------------------------------------------------------------- p values


def refused(p_values) -> bool:
    p = np.ravel(p_values)
    assert p.size > 0
    assert np.isfinite(p).all()
    return bool(p.min() * p.size < LEVEL)


def two_sided(law, value):
    return np.minimum(1.0, 2 * np.minimum(law.cdf(value), law.sf(value)))


def by_normal(z):
    return 2 * stats.norm.sf(np.abs(z))


def chi_square(counts, expected=None):
    """Of classes that are equally likely, if nothing else is said."""
    counts = np.ravel(counts)
    expected = counts.sum() / counts.size if expected is None else np.ravel(expected)
    return two_sided(stats.chi2(counts.size - 1), ((counts - expected) ** 2 / expected).sum())


def uniform(words) -> np.ndarray:
    return (words + 0.5) / WORD


def scores(words) -> np.ndarray:
    return special.ndtri(uniform(words))


def cells(bits: int, *columns):
    """Counts of the cells into which the leading bits of columns of words fall together."""
    place = np.zeros(columns[0].size, np.int64)
    for words in columns:
        place = place << bits | words >> np.uint32(32 - bits)
    return np.bincount(place, minlength=1 << bits * len(columns))


def correlation(x, y):
    return by_normal(np.corrcoef(x, y)[0, 1] * math.sqrt(x.size))


def weight_classes(words):
    """Numbers of bits set in five classes, and the probabilities of these."""
    edges = np.array([-1, 13, 15, 16, 18, 32])
    law = np.diff(stats.binom(32, 0.5).cdf(edges))
    return np.searchsorted(edges[1:-1], np.bitwise_count(words)), law


def bit_planes(words) -> np.ndarray:
    """Shape (32, words / 64): a row has one bit of all the words."""
    octets = np.unpackbits(words.astype("<u4").view(np.uint8).reshape(-1, 4), axis=1)
    return np.ascontiguousarray(np.packbits(octets, axis=0).T).view(np.uint64)


def cross_bits(first, second):
    """Every bit of one word against every bit of the other: the whole, and the largest."""
    planes, others = bit_planes(first), bit_planes(second)
    unequal = [np.bitwise_count(plane ^ others).sum(axis=1, dtype=int) for plane in planes]
    z = (2 * np.array(unequal) - first.size) / math.sqrt(first.size)
    largest = min(1.0, z.size * by_normal(np.abs(z).max()))
    return [two_sided(stats.chi2(z.size), (z * z).sum()), largest]


# ------------------------------------------------------------------------------- statistics


def frequencies(words):
    """In 4096 classes by the leading, some middle and the last bits."""
    shifted = (words, words << np.uint32(10), words << np.uint32(20))
    return [chi_square(cells(12, part)) for part in shifted]


def pairs(words):
    low = words << np.uint32(26)
    return [chi_square(cells(6, part[::2], part[1::2])) for part in (words, low)]


def triples(words):
    whole = words[: words.size // 3 * 3]
    return chi_square(cells(5, whole[::3], whole[1::3], whole[2::3]))


def kolmogorov_smirnov(words):
    p = stats.kstest(uniform(words), "uniform").pvalue
    return min(1.0, 2 * min(p, 1 - p))


def extremes(words):
    """Largest and smallest of 64, whose 64th powers are uniform; largest and smallest of all."""
    groups = uniform(words).reshape(-1, 64)
    top, bottom = groups.max(axis=1) ** 64, (1 - groups.min(axis=1)) ** 64
    counts = [np.histogram(part, 32, (0, 1))[0] for part in (top, bottom)]
    ends = uniform(words).max() ** words.size, (1 - uniform(words).min()) ** words.size
    return [*map(chi_square, counts), *(two_sided(stats.uniform, end) for end in ends)]


def runs(words):
    """Runs above and below 1/2 (Wald and Wolfowitz), turning points, orders of four in a row."""
    above = words >= 2**31
    changes = (above[1:] != above[:-1]).sum()
    rising = words[1:] > words[:-1]
    turns, n = (rising[1:] != rising[:-1]).sum(), words.size
    order = np.argsort(words.reshape(-1, 4), axis=1) @ np.array([64, 16, 4, 1])
    counts = np.unique(order, return_counts=True)[1]
    assert counts.size == 24
    return [
        two_sided(stats.binom(n - 1, 0.5), changes),
        by_normal((turns - 2 * (n - 2) / 3) / math.sqrt((16 * n - 29) / 90)),
        chi_square(counts),
    ]


def gaps(words):
    """Lengths of the gaps between visits to the lowest, a middle and the last eighth."""
    found, longest = [], 60
    law = stats.geom(1 / 8).pmf(np.arange(1, longest))
    law = np.append(law, 1 - law.sum())
    for eighth in (0, 3, 7):
        visits = np.flatnonzero(words >> np.uint32(29) == eighth)
        lengths = np.minimum(np.diff(visits), longest)
        counts = np.bincount(lengths, minlength=longest + 1)[1:]
        found.append(chi_square(counts, law * counts.sum()))
    return found


def serial_correlations(words):
    u, z = uniform(words), scores(words)
    return [correlation(x[lag:], x[:-lag]) for x in (u, z, z * z) for lag in (1, 2, 3, 4, 8, 60)]


def hamming_weights(words):
    """Numbers of bits set: their law, and that of two neighbours together."""
    weights = np.bincount(np.clip(np.bitwise_count(words), 6, 26), minlength=27)[6:]
    law = np.diff(stats.binom(32, 0.5).cdf([-1, *range(6, 26), 32]))
    classes, shares = weight_classes(words)
    both = np.bincount(5 * classes[::2] + classes[1::2], minlength=25)
    joint = np.outer(shares, shares) * (words.size // 2)
    return [chi_square(weights, law * words.size), chi_square(both, joint)]


def bits(words):
    """Each bit alone, and against each bit of the next word."""
    part = words[: SIZE // 2]
    ones = np.bitwise_count(bit_planes(part)).sum(axis=1, dtype=int)
    alone = (2 * ones - part.size) / math.sqrt(part.size)
    return [*by_normal(alone), *cross_bits(part[::2], part[1::2])]


def birthday_spacings(words):
    """Equal spacings among 2048 birthdays in a year of 2^32 days, 128 times: Poisson with mean 64.

    That is 2048^3 / 2^34 each time; 128 * 2048^3 <= (2^32)^(5/4), up to which the law holds well.
    Once by the words, once by their bytes in reverse order.
    """
    found, part = [], words[: 128 * 2048]
    for days in (part, part.byteswap()):
        birthdays = np.sort(days.reshape(128, 2048), axis=1)
        spacings = np.sort(np.diff(birthdays, axis=1), axis=1)
        equal = int((np.diff(spacings, axis=1) == 0).sum())
        law = stats.poisson(64)
        found.append(min(1.0, 2 * min(law.cdf(equal), law.sf(equal - 1))))
    return found


# Each statistic and a generator that it must refuse.
STATISTICS = {
    frequencies: "low bits in short cycles",
    pairs: "multiples of the golden ratio",
    triples: "RANDU",
    kolmogorov_smirnov: "multiples of the golden ratio",
    extremes: "twelve bits",
    runs: "sticky",
    gaps: "sticky",
    serial_correlations: "sticky",
    hamming_weights: "tied bits",
    bits: "low bits in short cycles",
    birthday_spacings: "multiples of the golden ratio",
}


def name_of(value) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("statistic", STATISTICS, ids=name_of)
def test_words_along_a_part_of_the_address_look_random(statistic, name):
    assert not refused(statistic(stream(name)))


@pytest.mark.parametrize(("statistic", "bad"), STATISTICS.items(), ids=name_of)
def test_each_statistic_refuses_a_bad_generator(statistic, bad):
    assert refused(statistic(BAD[bad]()))


# ------------------------------------------------------------------------------- avalanche


@numba.njit
def avalanche(addresses, rounds, flips, distances):
    """Count which bits of a block change as each bit of an address does; rounds = 0: our own."""
    for address in addresses:
        changed = address.copy()
        base = block_of(address, rounds)
        for bit in range(flips.shape[0]):
            part = 0 if bit < SEED_BITS else 1 + (bit - SEED_BITS) // PART_BITS
            shift = bit if part == 0 else (bit - SEED_BITS) % PART_BITS
            changed[part] = address[part] ^ (1 << shift)
            other = block_of(changed, rounds)
            changed[part] = address[part]
            distance = 0
            for w in range(4):
                difference = base[w] ^ other[w]
                for b in range(32):
                    flipped = np.int64(difference >> np.uint64(b) & np.uint64(1))
                    flips[bit, 32 * w + b] += flipped
                    distance += flipped
            distances[distance] += 1


@numba.njit
def block_of(a, rounds):
    if rounds == 0:
        return draws.block(a[0], a[1], a[2], a[3], a[4])
    return weak_block(rounds, a[0], a[1], a[2], a[3], a[4])


def avalanche_p_values(kind: str, rounds: int) -> list:
    rng = np.random.default_rng(21)
    most = {"usual": (50, 100_000, 19, 300, 30), "any": (2**63 - 1, *[2**32] * 4)}[kind]
    addresses = np.stack([rng.integers(0, top, 1000) for top in most], axis=1)
    flips = np.zeros((SEED_BITS + 4 * PART_BITS, 128), np.int64)
    distances = np.zeros(129, np.int64)
    avalanche(addresses, rounds, flips, distances)
    n = len(addresses)
    z = (flips - n / 2) / math.sqrt(n / 4)
    by_word = z.reshape(-1, 4, 32).sum(axis=2) / math.sqrt(32)
    law = np.diff(stats.binom(128, 0.5).cdf([-1, *range(46, 82), 128]))
    seen = np.bincount(np.clip(np.arange(129), 46, 82), distances)[46:]
    return [
        *two_sided(stats.chi2(128), (z * z).sum(axis=1)),  # by bit of the address
        *two_sided(stats.chi2(len(z)), (z * z).sum(axis=0)),  # by bit of the block
        *by_normal(by_word).ravel(),
        chi_square(seen, law * distances.sum()),
    ]


@pytest.mark.parametrize("kind", ["usual", "any"])
def test_a_bit_of_the_address_flips_half_of_the_bits_of_every_word(kind):
    assert not refused(avalanche_p_values(kind, 0))


@pytest.mark.parametrize("kind", ["usual", "any"])
def test_the_avalanche_test_refuses_five_rounds_of_philox(kind):
    assert refused(avalanche_p_values(kind, 5))


# ------------------------------------------------------------------------------- neighbours


PARTS = ("seed", "upper half of the seed", "trial", "purpose", "who", "which", "block")


def neighbours(generator, part: str) -> list[np.ndarray]:
    """Words at 2^18 scattered addresses, and at the next and the next but one along a part."""
    rng = np.random.default_rng(22)
    tops = (1000, 2**20, 18, 300, 100)
    base = [rng.integers(0, top, 2**18) for top in tops]
    step = 4 if part == "block" else 2**32 if part == "upper half of the seed" else 1
    place = {"trial": 1, "purpose": 2, "who": 3, "which": 4, "block": 4}.get(part, 0)
    found = []
    for k in range(3):
        address = list(base)
        address[place] = base[place] + k * step
        found.append(generator(*address))
    return found


def dependence(columns) -> list:
    """P values of all pairs of columns, and of all of them together on a grid."""
    found = [chi_square(cells(12 // len(columns), *columns))]
    law = np.diff(stats.binom(32, 0.5).cdf([-1, *range(6, 26), 32]))
    for first, second in itertools.combinations(columns, 2):
        x, y = scores(first), scores(second)
        found += [correlation(uniform(first), uniform(second)), correlation(x, y)]
        found += [correlation(x * x, y * y), chi_square(cells(5, first, second))]
        weights = np.clip(np.bitwise_count(first ^ second), 6, 26) - 6
        found.append(chi_square(np.bincount(weights, minlength=21), law * weights.size))
        found += cross_bits(first, second)
    return found


@pytest.mark.parametrize("part", PARTS)
def test_neighbours_along_a_part_of_the_address_are_independent(part):
    assert not refused(dependence(neighbours(addressed, part)))


@pytest.mark.parametrize("part", PARTS)
def test_the_test_of_neighbours_refuses_two_rounds_of_philox(part):
    assert refused(dependence(neighbours(weakly_hashed, part)))


def test_the_four_words_of_a_block_are_independent():
    rng = np.random.default_rng(23)
    trial, who, index = (rng.integers(0, top, 2**18) for top in (2**20, 300, 25))
    words = [addressed(3, trial, int(Purpose.LAB_ERROR), who, 4 * index + k) for k in range(4)]
    assert not refused(dependence(words))


# ------------------------------------------------------------------------------- joint laws


def of_a_patient(generator) -> np.ndarray:
    """Shape (patients, numbers): all that patients of the main scenario ask for, 64 a trial."""
    by_candidate = {Purpose.PROFILE: range(21), Purpose.CONSENT: range(1), Purpose.EXIT: range(6)}
    whichs = {
        Purpose.SLOPE: range(3),
        Purpose.FRAILTY: range(1),
        Purpose.SESSION_LENGTH: range(3),
        Purpose.ADVERSE_EVENT: [8 * session + kind for session in range(3) for kind in range(5)],
        Purpose.ADVERSE_FRACTION: [8 * session + kind for session in range(3) for kind in range(5)],
        Purpose.VISIT_MISSED: range(5),
        Purpose.VISIT_TIME: range(5),
        Purpose.LAB_ERROR: [4 * visit + lab for visit in range(6) for lab in range(3)],
    }
    trial, candidate = np.divmod(np.arange(2**14)[:, None], 64)
    first, who = np.array([(int(p), k) for p, several in by_candidate.items() for k in several]).T
    second, which = np.array([(int(p), k) for p, several in whichs.items() for k in several]).T
    columns = [
        generator(7, trial, first, who, candidate),
        generator(7, trial, second, candidate, which),
    ]
    return np.concatenate(columns, axis=1)


def of_a_trial(generator) -> np.ndarray:
    """Shape (trials, numbers): entries, arms, deaths and losses of 60 patients."""
    k = np.arange(60)
    several = [(Purpose.UNIFORM_ENTRY, 0, k), (Purpose.ALLOCATION, 0, k)]
    several += [(Purpose.EXIT, Exit.LIVER, k), (Purpose.EXIT, Exit.LOSS, k)]
    trial = np.arange(2**13)[:, None]
    columns = [generator(7, trial, int(p), np.int64(who), which) for p, who, which in several]
    return np.concatenate(columns, axis=1)


def same_patient_in_all_purposes(generator) -> np.ndarray:
    """Shape (patients, purposes): the number 0 of each purpose and patient."""
    trial, who = np.divmod(np.arange(2**15)[:, None], 64)
    return generator(2, trial, np.array(list(Purpose), dtype=np.int64), who, 0)


VECTORS = (of_a_patient, of_a_trial, same_patient_in_all_purposes)


def correlation_matrix(columns) -> list:
    """All correlations together, and the largest of them."""
    n, d = columns.shape
    r = np.corrcoef(columns, rowvar=False)[np.triu_indices(d, 1)]
    largest = min(1.0, r.size * by_normal(np.abs(r).max() * math.sqrt(n - 1)))
    return [two_sided(stats.chi2(r.size), (n - 1) * (r * r).sum()), largest]


def joint_law(words) -> list:
    """Correlations of scores, of their squares and of ranks; length, sums, extremes, signs."""
    d = words.shape[1]
    z, u = scores(words), uniform(words)
    ranks = np.argsort(np.argsort(u, axis=0), axis=0)
    found = [p for columns in (z, z * z, ranks) for p in correlation_matrix(columns)]
    signs = np.random.default_rng(24).choice([-1.0, 1.0], (d, 8)) / math.sqrt(d)
    uniforms = [
        stats.chi2(d).cdf((z * z).sum(axis=1)),
        *special.ndtr(z @ signs).T,
        u.max(axis=1) ** d,
        (1 - u.min(axis=1)) ** d,
    ]
    found += [two_sided(stats.uniform, stats.kstest(v, "uniform").pvalue) for v in uniforms]
    above = u[:, :: max(1, d // 8)][:, :8] > 0.5
    found.append(chi_square(np.bincount(above @ (1 << np.arange(8)), minlength=256)))
    return found


@pytest.mark.parametrize("vectors", VECTORS, ids=name_of)
def test_the_numbers_that_are_used_together_are_independent(vectors):
    assert not refused(joint_law(vectors(addressed)))


@pytest.mark.parametrize("vectors", VECTORS, ids=name_of)
def test_the_test_of_joint_laws_refuses_two_rounds_of_philox(vectors):
    assert refused(joint_law(vectors(weakly_hashed)))


@pytest.mark.parametrize("vectors", VECTORS[:2], ids=name_of)
def test_no_two_addresses_of_a_vector_are_the_same(vectors):
    """Equal words in a row are as rare as chance has it: 2^-32 a pair."""
    words = np.sort(vectors(addressed), axis=1)
    equal = int((np.diff(words, axis=1) == 0).sum())
    pairs_in_all = len(words) * math.comb(words.shape[1], 2)
    assert not refused([min(1.0, stats.poisson(pairs_in_all / WORD).sf(equal - 1))])


def test_there_are_no_more_tests_than_the_error_is_shared_among(request):
    here = [item for item in request.session.items if item.path == request.path]
    assert len(here) <= MOST_TESTS
