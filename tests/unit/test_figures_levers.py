"""The tornado and the designs as figures: what is drawn, and where."""

import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from simulator.report.figures import style
from simulator.report.figures.pareto import draw_pareto
from simulator.report.figures.tornado import draw_tornado
from simulator.report.text import full_text
from simulator.report.text.design import design_screen
from simulator.report.text.levers import levers_screen
from simulator.report.text.page import as_text
from simulator.results import DesignSearch, Levers
from simulator.results.design import Constraint, Design, Feasibility, NearMiss
from simulator.results.levers import BaseTrial, FailedMove, Lever, LeverKind, LeverMove
from simulator.results.measures import Estimate, NullHypothesis, PairedEstimate, Share

ALL = Share(1.0, 0.99, 1.0)


def moved(to, difference, *, told):
    power = PairedEstimate(0.4 + difference, 0.01, difference, 0.005)
    days = PairedEstimate(900.0, 1.0, 0.0, 0.0)
    return LeverMove((to,), power, told, days, days, None, Estimate(60.0, 0.0), ALL)


def lever(name, kind, *moves):
    return Lever(name, kind, ("a.key",), (1,), moves)


def ranking(levers=None):
    base = BaseTrial(
        Estimate(0.4, 0.01), Estimate(800.0, 1.0), Estimate(900.0, 1.0), None,
        Estimate(60.0, 0.0), ALL,
    )  # fmt: skip
    if levers is None:
        levers = (
            lever(
                "ratio", LeverKind.ASSUMPTION, moved(0, 0.2, told=True), moved(2, -0.1, told=True)
            ),
            lever("patients", LeverKind.CHOICE, moved(30, -0.004, told=False)),
        )
    failed = (FailedMove("share", LeverKind.ASSUMPTION, (0.1, 0.2), "must sum to 1"),)
    return Levers(
        "mine", "Mine", 1, 400, "0.1.0", NullHypothesis.NONE, "log_rank", "the log-rank test",
        None, base, levers, failed, (),
    )  # fmt: skip


def design(n, power, days, *, on_front, feasibility=Feasibility.FEASIBLE, cost=1e6):
    misses = () if feasibility is Feasibility.FEASIBLE else (Constraint.POWER,)
    return Design(
        {"n": n, "sites": 2}, n, Estimate(power, 0.006), power - 0.012, power + 0.012,
        Estimate(float(n), 0.0), ALL, Estimate(days - 84, 2.0), Estimate(days, 2.0),
        Estimate(cost, 1000.0), 4000, True, feasibility, misses, on_front,
    )  # fmt: skip


def search(designs, nearest=()):
    return DesignSearch(
        "mine", "Mine", 1, 4000, "0.1.0", "log_rank", "the log-rank test", 0.8, 1500.0, 2e6,
        "EUR", {"sites": (1, 2)}, {"sites": 1, "n": 60}, designs, nearest, (),
    )  # fmt: skip


def test_a_tornado_has_a_bar_from_the_scenarios_own_power_for_every_move():
    drawing = draw_tornado(ranking())
    above, below = drawing.figure.axes
    bars = [(bar.get_x(), bar.get_width()) for bar in above.patches]
    assert bars == [(pytest.approx(40), pytest.approx(20)), (pytest.approx(40), pytest.approx(-10))]
    (bar,) = below.patches
    assert bar.get_width() == pytest.approx(-0.4)
    assert bar.get_hatch()
    assert not any(patch.get_hatch() for patch in above.patches)
    assert [text.get_text() for text in above.get_yticklabels()] == ["ratio"]


def test_the_screen_of_levers_says_what_can_be_told_and_what_failed():
    text = " ".join(as_text(levers_screen(ranking(), 100)).split())
    assert "1 of 2 levers move the power beyond Monte Carlo error" in text
    assert "assumptions: ratio (+20.0); choices: none" in text
    assert "1 move failed: section missing" in text
    assert "must sum to 1" in full_text(ranking())


def test_without_a_lever_that_can_be_told_the_screen_says_so():
    only = (lever("patients", LeverKind.CHOICE, moved(30, -0.004, told=False)),)
    text = as_text(levers_screen(ranking(only), 100))
    assert "NO CHANGE of the power is beyond" in text
    assert "No assumption of this scenario has a range" in text


def test_designs_of_the_front_are_filled_and_named():
    front = design(300, 0.83, 1200.0, on_front=True)
    other = design(300, 0.82, 1400.0, on_front=False, cost=1.4e6)
    drawing = draw_pareto(search((front, other)))
    axes = drawing.figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["n 300, sites 2"]
    marks = [one for one in axes.collections if isinstance(one, PathCollection)]
    edges = {to_hex(one.get_edgecolor()[0]) for one in marks}
    assert style.INK in edges
    assert "No design meets every limit" not in drawing.caption


def test_the_verdict_on_designs_is_feasible_undecided_or_none():
    fine = design(300, 0.83, 1200.0, on_front=True)
    assert "1 feasible on the front: the fastest takes 1,200 days" in full_text(search((fine,)))
    unclear = design(300, 0.8, 1200.0, on_front=True, feasibility=Feasibility.UNDECIDED)
    assert "CANNOT BE TOLD with 4,000 trials" in full_text(search((unclear,)))
    short = design(300, 0.6, 1200.0, on_front=False, feasibility=Feasibility.INFEASIBLE)
    miss = NearMiss(Constraint.POWER, 0.8, Estimate(0.6, 0.006), 0.2, (), short)
    text = " ".join(as_text(design_screen(search((short,), (miss,)), 100)).split())
    assert "NO DESIGN tried gives 80% power" in text
    assert "20.0 points short (300 patients, sites 2)" in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_page(width):
    fine = design(300, 0.83, 1200.0, on_front=True)
    for blocks in (levers_screen(ranking(), width), design_screen(search((fine,)), width)):
        assert max(map(len, as_text(blocks, width).splitlines())) <= width
