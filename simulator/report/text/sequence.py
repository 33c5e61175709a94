"""One trial of an allocation scheme as a page of text, one line per patient."""

from collections.abc import Iterator, Mapping

from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import new_table
from simulator.results.allocation import AllocationSequence


def _sequence(answer: AllocationSequence) -> Iterator[Block]:
    title = f"{answer.scenario}: allocations of trial {answer.trial}, seed "
    yield Bold(f"{title}{answer.seed}, under {answer.scheme}")
    first, second = answer.arms
    table = new_table(
        "patient",
        "day",
        "stratum",
        "before",
        "in stratum",
        "known dead",
        "known alive",
        f"P({first})",
        "draw",
        "arm",
        "guess",
        words=("stratum", "arm", "guess"),
    )
    for s in answer.sequence:
        known = s.known
        table.add_row(
            str(s.patient),
            f"{s.day:.2f}",
            s.stratum,
            _pair(s.before),
            _pair(s.before_in_stratum),
            f"{known[first].died} v {known[second].died}",
            f"{known[first].survived} v {known[second].survived}",
            f"{s.probability[first]:.4f}",
            f"{s.draw:.4f}",
            s.arm,
            "-" if s.guess_right is None else "right" if s.guess_right else "wrong",
        )
    yield table
    yield f"the draw gives {first} below P({first}); guess: of the arm behind in the stratum"


def _pair(counts: Mapping[str, int]) -> str:
    return " v ".join(map(str, counts.values()))


SEQUENCE_SECTIONS = (Section("sequence", _sequence),)
