"""Figures of what a study found: plain rows in, a matplotlib figure out.

No function here reads a file or simulates. matplotlib is an extra (`trialsim[report]`), so nothing
is imported before a figure is asked for: each module is imported by its own name.
"""
