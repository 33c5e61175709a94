"""What holds for all tests.

Hypothesis sets no deadline to an example: the first one may compile a kernel, and the machine may
be busy with other work. How many examples a test draws is its own to say. Workers of a test run are
given the width of its terminal; what commands print is held to pages of the usual width.
"""

import os
import signal

from hypothesis import settings

settings.register_profile("trialsim", deadline=None)
settings.load_profile("trialsim")
os.environ.pop("COLUMNS", None)

# A test run that was put into the background ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)
