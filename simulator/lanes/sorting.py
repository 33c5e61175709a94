"""Sorting in lanes: many short lists side by side, one a lane, by one network of comparisons.

A network compares and exchanges the same places whatever stands in them, so that the processor
takes several lanes at once. This one is bitonic (Batcher 1968; Knuth, The Art of Computer
Programming, volume 3, 5.3.4). Up to eight rows at a time are loaded, about as many as a processor
has registers for, and go through three layers of comparisons before they are stored again.

Two sorted halves of a stretch of rows, one climbing and one falling, are merged by comparing rows
at distances of half the stretch, a quarter, ..., 1. Which of two rows is to have the smaller value
is said by the order in which they are listed: a stretch that is to fall is listed backwards.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.records import Ints
from simulator.rules.kernel import inlined, kernel

MOST_ROWS = 128  # beyond, NumPy's own sort is faster
_EIGHT, _LAYERS = 8, 3  # rows that are taken together at the most, and layers that they go through


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


@lru_cache(maxsize=8)
def network(rows: int) -> tuple[Ints, Ints]:
    """Rows to take together, eight places a line, and the number of rows in each line.

    A number of 0 has the eight rows of the line sorted.
    """
    lines = [_turned(list(range(k, k + _EIGHT)), _EIGHT) for k in range(0, rows, _EIGHT)]
    sizes = [0] * len(lines)
    size = 2 * _EIGHT
    while size <= rows:
        stretch = size
        while stretch > 1:
            # The layers left over from threes come first, so that the last take neighbours.
            together = 1 << ((stretch.bit_length() - 2) % _LAYERS + 1)
            step = stretch // together
            for first in range(0, rows, stretch):
                for k in range(first, first + step):
                    line = list(range(k, k + stretch, step))
                    lines.append(_turned(line, size) + [0] * (_EIGHT - together))
                    sizes.append(together)
            stretch = step
        size *= 2
    return np.array(lines, np.int64), np.array(sizes, np.int64)


def _turned(rows: list[int], size: int) -> list[int]:
    """Rows of a stretch of `size` as they are to climb: every other stretch is to fall."""
    return rows[::-1] if rows[0] & size else rows


@inlined
def _exchange(a: Any, b: Any) -> tuple[Any, Any]:
    """The smaller and the larger of two."""
    return (a if a < b else b), (b if a < b else a)


@kernel
def sort_block(rows: npt.NDArray[Any], lines: Ints, sizes: Ints) -> None:
    """Take a block through the lines of its network."""
    for k in range(sizes.size):
        line = lines[k]
        if sizes[k] == 0:
            _sort_eight(rows, line)
        elif sizes[k] == 8:
            _merge_eight(rows, line)
        elif sizes[k] == 4:
            _merge_four(rows, line)
        else:
            _merge_two(rows, line)


@kernel
def _sort(values: npt.NDArray[Any], lines: Ints, sizes: Ints) -> None:
    for block in range(values.shape[0]):
        sort_block(values[block], lines, sizes)


@kernel
def _sort_copies(
    values: npt.NDArray[Any], last: int, lines: Ints, sizes: Ints, out: npt.NDArray[Any]
) -> None:
    for block in range(values.shape[0]):
        for p in range(out.shape[1]):
            row = out[block, p]
            if p < values.shape[1]:
                row[:] = values[block, p]
            else:
                row[:] = last
        sort_block(out[block], lines, sizes)


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
def _merge_four(rows: npt.NDArray[Any], line: Ints) -> None:
    """Compare four rows at the distances two and one."""
    a, b, c, d = rows[line[0]], rows[line[1]], rows[line[2]], rows[line[3]]
    for t in range(rows.shape[1]):
        (p, r), (q, s) = _exchange(a[t], c[t]), _exchange(b[t], d[t])
        a[t], b[t] = _exchange(p, q)
        c[t], d[t] = _exchange(r, s)


@kernel
def _merge_two(rows: npt.NDArray[Any], line: Ints) -> None:
    """Compare two rows."""
    a, b = rows[line[0]], rows[line[1]]
    for t in range(rows.shape[1]):
        a[t], b[t] = _exchange(a[t], b[t])
