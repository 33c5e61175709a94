"""Allocation of patients to arms (model page, section 4).

One contract for every scheme: `probabilities` is a pure function of what is known when a patient
is randomised; the draw is apart from it (`choose`), and only `record`, `learn` and, for schemes
that draw something of their own (the size of a block, immigrations into an urn), `apply_draw`
change the history. Each scheme is a file in `schemes`.
"""

from simulator.allocation.build import build_plan, scheme_of
from simulator.allocation.history import (
    apply_draw,
    choose,
    choose_of_two,
    clear,
    combination_of,
    draw_due,
    guess,
    learn,
    levels_of,
    new_state,
    probabilities,
    record,
    stratum_of,
)
from simulator.allocation.plan import AllocationError, Plan, State
from simulator.declarations.schemes import SCHEMES, Scheme

__all__ = [
    "SCHEMES",
    "AllocationError",
    "Plan",
    "Scheme",
    "State",
    "apply_draw",
    "build_plan",
    "choose",
    "choose_of_two",
    "clear",
    "combination_of",
    "draw_due",
    "guess",
    "learn",
    "levels_of",
    "new_state",
    "probabilities",
    "record",
    "scheme_of",
    "stratum_of",
]
