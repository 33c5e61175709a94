"""What holds for all tests.

Hypothesis sets no deadline to an example: the first one may compile a kernel, and the machine may
be busy with other work. How many examples a test draws is its own to say.
"""

from hypothesis import settings

settings.register_profile("trialsim", deadline=None)
settings.load_profile("trialsim")
