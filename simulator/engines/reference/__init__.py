"""The reference engine: SimPy processes, to be read beside docs/model.md from `trial` on."""

from simulator.engines.reference.trial import Observer, simulate

__all__ = ["Observer", "simulate"]
