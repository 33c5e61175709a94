"""True values of estimands in a scenario (model page, section 10)."""

from simulator.truth.values import Truth, true_values

__all__ = ["Truth", "true_values"]
