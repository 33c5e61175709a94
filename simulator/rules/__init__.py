"""Scalar compiled functions, each one decision or one number, each citing the model page.

Both engines call them, so that they share the arithmetic and nothing else. Every transcendental
function of the simulation is evaluated here: NumPy's array versions may differ in the last bit.
"""
