"""Numbers of all of a trial's patients at once: faster than one when it is needed, though some are
drawn for visits and sessions that a patient does not live to see.
"""

from simulator import draws
from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import Patient, Run
from simulator.engines.compiled.structures import Floats, Ints, Records
from simulator.rules.normal import normal_quantiles

WORDS = 4  # of a block


@kernel
def draw_uniforms(
    run: Run, purpose: int, patient: Records[Patient], index: int, out: Floats
) -> None:
    """Fill the four rows of `out` with which = 4 index to 4 index + 3, one column per patient."""
    patients, seed, trial = run.patients, run.seed, run.trial
    first, second = out[0][:patients], out[1][:patients]
    third, fourth = out[2][:patients], out[3][:patients]
    for p in range(patients):
        w0, w1, w2, w3 = draws.block(seed, trial, purpose, patient[p].candidate, index)
        first[p], second[p] = draws.to_uniform(w0), draws.to_uniform(w1)
        third[p], fourth[p] = draws.to_uniform(w2), draws.to_uniform(w3)


@kernel
def draw_normals(
    run: Run,
    purpose: int,
    patient: Records[Patient],
    read: int,
    uniform: Floats,
    place: Ints,
    out: Floats,
) -> None:
    """Fill `out` with normals, one row for each which = 0, 1, ..., one column per patient.

    The number of rows is a multiple of WORDS, and of so many the first `read` are filled.
    `uniform` and `place` are work space.
    """
    for index in range(out.shape[0] // WORDS):
        draw_uniforms(run, purpose, patient, index, uniform)
        for word in range(read):
            u = uniform[word][: run.patients]
            normal_quantiles(u, out[WORDS * index + word][: run.patients], u, place)
