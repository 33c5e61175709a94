"""Where logs are kept."""

LOG = "run.log"  # in the folder of a run; it has no checksum in the manifest, as a log may grow
LOGS = "log"  # in a folder of units: of all attempts at a question, DIGEST.log
