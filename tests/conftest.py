"""What holds for all tests.

Hypothesis sets no deadline to an example: the first one may compile a kernel, and the machine may
be busy with other work. How many examples a test draws is its own to say. Workers of a test run are
given the width of its terminal; what commands print is held to pages of the usual width.
"""

import os

from hypothesis import settings

settings.register_profile("trialsim", deadline=None)
settings.load_profile("trialsim")
os.environ.pop("COLUMNS", None)
