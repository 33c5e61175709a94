"""Sorting in lanes: many short lists side by side, one a lane, by one network of comparisons.

A network compares and exchanges the same places whatever stands in them, so that the processor
takes several lanes at once. This one is bitonic (Batcher 1968; Knuth, The Art of Computer
Programming, volume 3, 5.3.4). Up to eight rows at a time are loaded, about as many as a processor
has registers for, and go through three layers of comparisons before they are stored again.

Two sorted halves of a stretch of rows are merged by comparing each row with that as far from the
other end of the stretch, then rows at distances of a quarter of the stretch, an eighth, ..., 1. The
smaller value always goes to the lower row. So rows at the end that hold the largest number there is
stay where they are, and comparisons with them are left out.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.records import Ints
from simulator.rules.kernel import inlined, kernel

MOST_ROWS = 128  # beyond, NumPy's own sort is faster
_EIGHT, _LAYERS = 8, 3  # rows that are taken together at the most, and layers that they go through
_SORT, _A_STEP = 0, 4


def padded(rows: int) -> int:
    """Rows that `sort_lanes` needs for so many values of a lane."""
    return rows if rows > MOST_ROWS else max(_EIGHT, 1 << (rows - 1).bit_length())


def sort_lanes(values: npt.NDArray[Any]) -> None:
    """Sort each lane of `values`, shape (blocks, padded rows, lanes), in place.

    Rows beyond the values are to hold the largest number there is.
    """
    if values.shape[1] > MOST_ROWS:
        rows = np.ascontiguousarray(values.transpose(0, 2, 1))
        rows.sort(axis=2)
        values[...] = rows.transpose(0, 2, 1)
    else:
        _sort(values, *network(values.shape[1]))


def sorted_lanes(values: npt.NDArray[Any], last: int) -> npt.NDArray[Any]:
    """Return each lane of `values`, (blocks, rows, lanes), in order, with padded rows of `last`."""
    blocks, rows, lanes = values.shape
    found = np.empty((blocks, padded(rows), lanes), values.dtype)
    if rows > MOST_ROWS:
        found[...] = values
        sort_lanes(found)
    else:
        _sort_copies(values, last, *network(found.shape[1]), found)
    return found


@lru_cache(maxsize=64)
def network(rows: int, filled: int | None = None) -> tuple[Ints, Ints]:
    """Rows to take together, eight places a line, and what is to be done with each line.

    That is a number of rows to merge, or `_SORT`. Negative: the first comparisons are with the row
    as far from the other end.

    Parameters
    ----------
    rows
        As `padded` has them.
    filled
        Rows beyond these hold the largest number there is; all are filled unless given.
    """
    filled = rows if filled is None else filled
    lines = [list(range(k, k + _EIGHT)) for k in range(0, rows, _EIGHT)]
    kinds = [_SORT] * len(lines)
    size = 2 * _EIGHT
    while size <= rows:
        stretch = size
        while stretch > 1:
            # The layers left over from threes come first, so that the last take neighbours.
            together = 1 << ((stretch.bit_length() - 2) % _LAYERS + 1)
            step = stretch // together
            for first in range(0, rows, stretch):
                if first // size * size + size // 2 >= filled:
                    continue  # there is nothing to merge with
                for k in range(step):
                    line = list(range(first + k, first + stretch, step))
                    if stretch == size:
                        other = range(first + stretch - 1 - k, first, -step)
                        line[together // 2 :] = list(other)[together // 2 - 1 :: -1]
                    lines.append(line + [0] * (_EIGHT - together))
                    kinds.append(-together if stretch == size else together)
            stretch = step
        size *= 2
    of_all = np.array(lines, np.int64), np.array(kinds, np.int64)
    needed = of_all[0][:, 1] < filled
    return of_all[0][needed], of_all[1][needed]


@lru_cache(maxsize=64)
def network_for(rows: int, filled: int, asked: tuple[int, ...]) -> tuple[Ints, Ints]:
    """Return what is needed of a network for what comes to stand in some rows alone."""
    lines, kinds = network(rows, filled)
    needed, kept = set(asked), []
    for k in range(kinds.size - 1, -1, -1):
        line = lines[k, : abs(kinds[k]) or _EIGHT].tolist()
        if not needed.isdisjoint(line):
            needed.update(line)
            kept.append(k)
    return lines[kept[::-1]], kinds[kept[::-1]]


class Networks(NamedTuple):
    """The networks of lists that fill all rows or some, in steps of `_EIGHT // 2`.

    Attributes
    ----------
    lines, kinds
        Those of all networks, one network after another.
    first
        Where the network of each number of steps begins, and the end.
    """

    lines: Ints
    kinds: Ints
    first: Ints


@lru_cache(maxsize=8)
def networks(rows: int) -> Networks:
    """Return the networks of up to so many rows."""
    found = [network(rows, filled) for filled in range(0, rows + 1, _A_STEP)]
    first = np.cumsum([0, *(kinds.size for _, kinds in found)])
    lines, kinds = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Networks(lines, kinds, first)


@inlined
def _exchange(a: Any, b: Any) -> tuple[Any, Any]:
    """The smaller and the larger of two."""
    return (a if a < b else b), (b if a < b else a)


@kernel
def sort_block(rows: npt.NDArray[Any], lines: Ints, kinds: Ints) -> None:
    """Take a block through the lines of its network."""
    for k in range(kinds.size):
        line = lines[k]
        if kinds[k] == _SORT:
            _sort_eight(rows, line)
        elif kinds[k] == 8:
            _merge_eight(rows, line)
        elif kinds[k] == -8:
            _merge_eight_from_ends(rows, line)
        elif kinds[k] == -4:
            _merge_four_from_ends(rows, line)
        else:
            _merge_two(rows, line)


@kernel
def sort_filled(rows: npt.NDArray[Any], filled: int, of: Networks) -> None:
    """Sort a block in which some rows are filled, and those beyond hold the largest number."""
    steps = (filled + _A_STEP - 1) // _A_STEP
    mine = slice(of.first[steps], of.first[steps + 1])
    sort_block(rows, of.lines[mine], of.kinds[mine])


@kernel
def _sort(values: npt.NDArray[Any], lines: Ints, kinds: Ints) -> None:
    for block in range(values.shape[0]):
        sort_block(values[block], lines, kinds)


@kernel
def _sort_copies(
    values: npt.NDArray[Any], last: int, lines: Ints, kinds: Ints, out: npt.NDArray[Any]
) -> None:
    for block in range(values.shape[0]):
        for p in range(out.shape[1]):
            row = out[block, p]
            if p < values.shape[1]:
                row[:] = values[block, p]
            else:
                row[:] = last
        sort_block(out[block], lines, kinds)


@kernel
def _sort_eight(rows: npt.NDArray[Any], line: Ints) -> None:
    """Sort eight rows by 19 comparisons (Knuth 5.3.4)."""
    a, b, c, d = rows[line[0]], rows[line[1]], rows[line[2]], rows[line[3]]
    e, f, g, h = rows[line[4]], rows[line[5]], rows[line[6]], rows[line[7]]
    for t in range(rows.shape[1]):
        p, q, r, s, u, v, w, x = a[t], b[t], c[t], d[t], e[t], f[t], g[t], h[t]
        (p, r), (q, s), (u, w), (v, x) = (
            _exchange(p, r),
            _exchange(q, s),
            _exchange(u, w),
            _exchange(v, x),
        )
        (p, u), (q, v), (r, w), (s, x) = (
            _exchange(p, u),
            _exchange(q, v),
            _exchange(r, w),
            _exchange(s, x),
        )
        (p, q), (r, s), (u, v), (w, x) = (
            _exchange(p, q),
            _exchange(r, s),
            _exchange(u, v),
            _exchange(w, x),
        )
        (r, u), (s, v) = _exchange(r, u), _exchange(s, v)
        (q, u), (s, w) = _exchange(q, u), _exchange(s, w)
        (q, r), (s, u), (v, w) = _exchange(q, r), _exchange(s, u), _exchange(v, w)
        a[t], b[t], c[t], d[t], e[t], f[t], g[t], h[t] = p, q, r, s, u, v, w, x


@kernel
def _merge_eight(rows: npt.NDArray[Any], line: Ints) -> None:
    """Compare eight rows at the distances four, two and one."""
    a, b, c, d = rows[line[0]], rows[line[1]], rows[line[2]], rows[line[3]]
    e, f, g, h = rows[line[4]], rows[line[5]], rows[line[6]], rows[line[7]]
    for t in range(rows.shape[1]):
        p, q, r, s, u, v, w, x = a[t], b[t], c[t], d[t], e[t], f[t], g[t], h[t]
        (p, u), (q, v), (r, w), (s, x) = (
            _exchange(p, u),
            _exchange(q, v),
            _exchange(r, w),
            _exchange(s, x),
        )
        (p, r), (q, s), (u, w), (v, x) = (
            _exchange(p, r),
            _exchange(q, s),
            _exchange(u, w),
            _exchange(v, x),
        )
        (p, q), (r, s), (u, v), (w, x) = (
            _exchange(p, q),
            _exchange(r, s),
            _exchange(u, v),
            _exchange(w, x),
        )
        a[t], b[t], c[t], d[t], e[t], f[t], g[t], h[t] = p, q, r, s, u, v, w, x


@kernel
def _merge_eight_from_ends(rows: npt.NDArray[Any], line: Ints) -> None:
    """Compare eight rows with the one as far from the other end, then at distances two and one."""
    a, b, c, d = rows[line[0]], rows[line[1]], rows[line[2]], rows[line[3]]
    e, f, g, h = rows[line[4]], rows[line[5]], rows[line[6]], rows[line[7]]
    for t in range(rows.shape[1]):
        p, q, r, s, u, v, w, x = a[t], b[t], c[t], d[t], e[t], f[t], g[t], h[t]
        (p, x), (q, w), (r, v), (s, u) = (
            _exchange(p, x),
            _exchange(q, w),
            _exchange(r, v),
            _exchange(s, u),
        )
        (p, r), (q, s), (u, w), (v, x) = (
            _exchange(p, r),
            _exchange(q, s),
            _exchange(u, w),
            _exchange(v, x),
        )
        (p, q), (r, s), (u, v), (w, x) = (
            _exchange(p, q),
            _exchange(r, s),
            _exchange(u, v),
            _exchange(w, x),
        )
        a[t], b[t], c[t], d[t], e[t], f[t], g[t], h[t] = p, q, r, s, u, v, w, x


@kernel
def _merge_four_from_ends(rows: npt.NDArray[Any], line: Ints) -> None:
    """Compare four rows with the one as far from the other end, then at the distance one."""
    a, b, c, d = rows[line[0]], rows[line[1]], rows[line[2]], rows[line[3]]
    for t in range(rows.shape[1]):
        (p, s), (q, r) = _exchange(a[t], d[t]), _exchange(b[t], c[t])
        a[t], b[t] = _exchange(p, q)
        c[t], d[t] = _exchange(r, s)


@kernel
def _merge_two(rows: npt.NDArray[Any], line: Ints) -> None:
    """Compare two rows."""
    a, b = rows[line[0]], rows[line[1]]
    for t in range(rows.shape[1]):
        a[t], b[t] = _exchange(a[t], b[t])
