"""Figures of what a study found: typed results in, a matplotlib figure out.

No function here reads a file or simulates; `simulator.report.pictures` draws and saves the figures
of an answer. matplotlib is an extra (`trialsim[report]`), so nothing is imported before a figure is
asked for: each module is imported by its own name.
"""
