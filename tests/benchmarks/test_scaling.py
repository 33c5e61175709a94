"""What a unit of work costs beside its trials, and how much the driver can take: docs/scaling.md.

Processor time of one process; the least of several turns, the cases taken in turns.
"""

import pickle
import time

import numpy as np
import pytest
from scenario_builder import base_case, shipped
from table import record

from simulator.analysis import plans_of
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.unit_arrays import arrays_of
from simulator.montecarlo.units import run_unit, trials_a_unit
from simulator.montecarlo.work import Work
from simulator.params.lower import lower
from simulator.store.units import UnitStore
from simulator.truth import Truth

pytestmark = pytest.mark.benchmark

TURNS = 5
SIZES = 50, 100, 200, 400, 800, 1600


@pytest.fixture(params=["nct05484908", "two-arm-survival"])
def case(request):
    scenario = base_case() if request.param == "nct05484908" else shipped(request.param)
    plans = plans_of(scenario)
    asked = Evaluation(plans, (Truth(0.1, 0.1, 0.1, 0.1),) * len(plans), ())
    return request.param, lower(scenario), asked


@pytest.fixture
def tell(capsys):
    def print_now(*row):
        with capsys.disabled():
            print(f"\n    {record(*row)}", end="", flush=True)

    return print_now


def silent(*_):
    return None


def least(*works):
    """Least processor time of each, in turns."""
    found = []
    for _ in range(TURNS):
        found.append([])
        for work in works:
            begun = time.process_time()
            work()
            found[-1].append(time.process_time() - begun)
    return np.min(found, axis=0)


def test_a_unit_costs_so_much_beside_its_trials(case, tell):
    name, params, asked = case
    sizes = [size * (1 if name == "nct05484908" else 32) for size in SIZES]
    works = [
        lambda size=size: run_unit(params, asked, Engine.COMPILED, 1, 0, size) for size in sizes
    ]
    works[0]()
    seconds = least(*works)
    slope, fixed = np.polyfit(sizes, seconds, 1, w=1 / seconds)
    tell(f"{name}, a trial in a unit", slope * 1e6, "us")
    tell(f"{name}, a unit beside its trials", fixed * 1e3, "ms")


def test_keeping_units_takes_little_and_finding_them_less(case, tell, tmp_path):
    """Twenty units of a store, each kept and found, beside the time that one takes to simulate.

    Whole runs with and without a store differ by less than two runs of the same kind do.
    """
    name, params, asked = case
    size = trials_a_unit(params, asked.plans)
    unit = run_unit(params, asked, Engine.COMPILED, 1, 0, size)
    spans = [(number * size, size) for number in range(20)]

    def simulate():
        run_unit(params, asked, Engine.COMPILED, 1, 0, size)

    def keep():
        store = UnitStore(tmp_path / "units", silent)
        work = Work(params, asked, 1, None, 0, Engine.COMPILED, store)
        for first, _ in spans:
            work.keep(first, unit)
        assert store.made == len(spans) * size

    def find():
        store = UnitStore(tmp_path / "units", silent)
        work = Work(params, asked, 1, None, 0, Engine.COMPILED, store)
        assert all(work.found(*span) is not None for span in spans)
        assert store.found == len(spans) * size

    keep()
    simulated, kept, found = least(simulate, keep, find)
    tell(f"{name}, time of keeping units", 100 * kept / len(spans) / simulated, "%", "3")
    tell(f"{name}, time of units that are found", 100 * found / len(spans) / simulated, "%")


def test_what_the_driver_does_with_a_unit(case, tell, tmp_path):
    name, params, asked = case
    size = trials_a_unit(params, asked.plans)
    unit = run_unit(params, asked, Engine.COMPILED, 1, 0, size)
    work = Work(params, asked, 1, None, 0, Engine.COMPILED, UnitStore(tmp_path / "units", silent))
    packed = pickle.dumps(unit)
    whole = asked.new_sums(params)
    number = iter(range(10**9))

    def take_in():
        for _ in range(50):
            back = pickle.loads(packed)
            work.keep(next(number) * size, back)
            whole.merge(back.sums)

    take_in()
    (seconds,) = least(take_in)
    tell(f"{name}, trials a unit", size, "trials")
    tell(f"{name}, what the driver does with a unit", seconds / 50 * 1e3, "ms")
    tell(f"{name}, a unit on its way from a worker", len(packed), "bytes")
    kept = sum(array.nbytes for array in arrays_of(unit).values())
    file = next((tmp_path / "units").glob("*/*.npz"))
    tell(f"{name}, a unit on the disk", file.stat().st_size, "bytes")
    assert file.stat().st_size < kept + 4_000
