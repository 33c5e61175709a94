"""Compile the kernels that most tests need, and keep them for the workers that run the tests.

Each worker would compile what it does not find, and all of them look at the same moment.
"""

import simulator
from simulator.engines.compiled.sharing import share_compiling

SCENARIOS = "nct05484908", "two-arm-survival"  # the engine with events, and the one without
TRIALS = 20

if __name__ == "__main__":
    share_compiling(lambda _: None)
    for name in SCENARIOS:
        simulator.load(name).power(TRIALS, jobs=1)
        simulator.load(name).trace(0)
