"""Declarations: each analysis, allocation scheme, baseline hazard and exit, once.

They say what a thing is called, takes, needs and limits, and name what computes it as
`module:name`. Nothing here is compiled, and nothing of the program above is imported.
"""
