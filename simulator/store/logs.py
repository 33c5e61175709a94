"""Where logs are kept."""

from simulator.store.question import RESULTS

LOG = "run.log"  # in the folder of a run; it has no checksum in the manifest, as a log may grow
LOGS = RESULTS / "units" / "log"  # of each question, of all attempts at it: DIGEST.log
