"""A binary heap of events, ordered by time and then by code."""

from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import Floats, Ints


@kernel
def push(heap_time: Floats, heap_code: Ints, size: int, time: float, code: int) -> int:
    """Add an event to a heap ordered by (time, code); return the new size."""
    k = size
    while k > 0:
        parent = (k - 1) >> 1
        if heap_time[parent] < time or (heap_time[parent] == time and heap_code[parent] <= code):
            break
        heap_time[k], heap_code[k] = heap_time[parent], heap_code[parent]
        k = parent
    heap_time[k], heap_code[k] = time, code
    return size + 1


@kernel
def pop(heap_time: Floats, heap_code: Ints, size: int) -> int:
    """Take the first event off a heap; return the new size."""
    size -= 1
    time, code = heap_time[size], heap_code[size]
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and (
            heap_time[child + 1] < heap_time[child]
            or (
                heap_time[child + 1] == heap_time[child] and heap_code[child + 1] < heap_code[child]
            )
        ):
            child += 1
        if time < heap_time[child] or (time == heap_time[child] and code <= heap_code[child]):
            break
        heap_time[k], heap_code[k] = heap_time[child], heap_code[child]
        k = child
    heap_time[k], heap_code[k] = time, code
    return size
