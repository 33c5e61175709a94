"""A binary heap of events, ordered by time and then by code."""

from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import Event, Run
from simulator.engines.compiled.structures import Records


@kernel
def push(heap: Records[Event], run: Run, at: float, code: int) -> None:
    """Add an event to the heap."""
    k = run.events
    while k > 0:
        parent = (k - 1) >> 1
        above = heap[parent]
        if above.at < at or (above.at == at and above.code <= code):
            break
        heap[k].at, heap[k].code = above.at, above.code
        k = parent
    heap[k].at, heap[k].code = at, code
    run.events += 1


@kernel
def pop(heap: Records[Event], run: Run) -> None:
    """Take the first event off the heap."""
    size = run.events - 1
    at, code = heap[size].at, heap[size].code
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and (
            heap[child + 1].at < heap[child].at
            or (heap[child + 1].at == heap[child].at and heap[child + 1].code < heap[child].code)
        ):
            child += 1
        if at < heap[child].at or (at == heap[child].at and code <= heap[child].code):
            break
        heap[k].at, heap[k].code = heap[child].at, heap[child].code
        k = child
    heap[k].at, heap[k].code = at, code
    run.events = size
