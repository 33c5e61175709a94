"""Whether a scenario that is asked agrees with what was held out."""

from calibration.acceptance import acceptance_of
from simulator.planning.prepared import Prepared
from simulator.results.acceptance import Acceptance


def accepted(prepared: Prepared, jobs: int = 1) -> Acceptance | None:
    """Return the checks of a scenario; None where nothing is held out.

    Call it before what takes long: then it is not what an interruption cuts off.
    """
    return acceptance_of(prepared.loaded, prepared.solved, prepared.params, jobs)
