"""Scenarios: what may be asked of the simulator, and how a file that asks it is read."""
