"""What a first run compiles beside the engine, compiled on the records of a blank trial."""

import math
from collections.abc import Callable, Iterator
from functools import partial

from simulator.analysis import END, AnalysisPlan, analyse, design_of
from simulator.declarations.estimands import statistic_of
from simulator.engines.compiled.sharing import blank_trial
from simulator.montecarlo.columns import layout_of
from simulator.montecarlo.multiplicity import Family
from simulator.montecarlo.sums import Sums
from simulator.montecarlo.trial_ends import metric_rows_at_the_end
from simulator.params.types import Params
from simulator.truth import Truth

Plans = tuple[AnalysisPlan, ...]

_UNKNOWN = Truth(math.nan, math.nan, math.nan, math.nan)


def pieces(plans: Plans, families: tuple[Family, ...]) -> Iterator[Callable[[Params], None]]:
    """What is to be compiled for analyses, trial metrics and sums, a piece after another."""
    for plan in plans:
        statistic = statistic_of(plan, plans)
        both = (plan,) if statistic == plan else (statistic, plan)
        yield partial(_compile_analysis, both)
    yield partial(_compile_sums, plans, families)


def _compile_analysis(plans: Plans, params: Params) -> None:
    analyse(blank_trial(params), plans, design_of(params, 0), END)


def _compile_sums(plans: Plans, families: tuple[Family, ...], params: Params) -> None:
    records, layout = blank_trial(params), layout_of(params, plans)
    table = analyse(records, plans, design_of(params, 0), END)
    rows = metric_rows_at_the_end(params, layout, records, plans)
    Sums(layout, plans, (_UNKNOWN,) * len(plans), families).add(table, rows, 1)
