"""Trials whose patients do not touch each other, as lanes of vectors (decision 22).

The trials of the compiled engine, bit for bit: the same rules at the same random numbers, in an
order that lets the processor take several trials at once. What is kept is what analyses of
mortality and trial metrics need; every other column is made by the compiled engine when asked for.
"""

from simulator.engines.lanes.closing import close_lanes
from simulator.engines.lanes.simulate import lanes_of, simulate_lanes

__all__ = ["close_lanes", "lanes_of", "simulate_lanes"]
