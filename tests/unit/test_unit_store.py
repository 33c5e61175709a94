"""Units that are kept: found again to the last bit, or worked out again, never taken on trust."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_builder import base_case, shipped

from simulator.analysis import plans_of
from simulator.montecarlo import work as work_module
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.loop import Run, Stop, monte_carlo
from simulator.montecarlo.multiplicity import families_of
from simulator.montecarlo.unit_arrays import arrays_of, unit_from
from simulator.montecarlo.units import run_unit
from simulator.montecarlo.work import Work
from simulator.montecarlo.work_key import key_of
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.planning.averaged_deaths import AveragedDeaths
from simulator.planning.curves import grid_of, observer
from simulator.store.units import UnitStore
from simulator.truth import Truth

SEED = 3
TRIALS = 230  # four units of 50 and one that is short


def asked_of(scenario, **more):
    plans = plans_of(scenario)
    truths = (Truth(0.1, 0.001, 0.1, 0.001),) * len(plans)
    return Evaluation(plans, truths, families_of(scenario, plans), **more)


@pytest.fixture(scope="module")
def bare():
    scenario = shipped("two-arm-survival")
    return lower(scenario), asked_of(scenario)


@pytest.fixture(autouse=True)
def _small_units(monkeypatch):
    monkeypatch.setattr(work_module, "trials_a_unit", lambda *_: 50)


@pytest.fixture
def store(tmp_path):
    said = []
    found = UnitStore(tmp_path / "units", said.append)
    folder = tmp_path / "units"
    return SimpleNamespace(
        units=found, said=said, folder=folder, anew=lambda: UnitStore(folder, said.append)
    )


def silent(*_):
    return None


def bits(sums):
    return [array.tobytes() for array in sums.state().values()]


def answer(bare, units=None, trials=TRIALS, jobs=1, precision=None, seed=SEED):
    kept = []
    stop = Stop(None, precision) if precision else Stop(trials, None)
    run = Run(*bare, seed, stop, silent, lambda first, unit: kept.append((first, unit)))
    done = monte_carlo(run, Workers(jobs, units), Engine.COMPILED)
    verdicts = [(first, unit.verdicts.bits.tobytes()) for first, unit in kept]
    totals = done.sums.totals
    moments = [array.tobytes() for array in (totals._mean, totals._moment)]
    counts = [int(count) for count in (*totals._sums, *totals._products)]
    return done.trials, done.rejections.tolist(), verdicts, moments, counts


# Round trip

CASES = "two-arm-survival", "nct05484908", "nct05484908-scarce", "nct05484908-slow"


@pytest.mark.parametrize("name", CASES)
def test_a_unit_comes_back_to_the_last_bit(name, store):
    scenario = shipped(name) if name == "two-arm-survival" else base_case(name)
    params = lower(scenario)
    asked = asked_of(
        scenario,
        observer=observer(grid_of(params)),
        columns=("deaths", "trial_days", "left_out"),
        table=True,
    )
    unit = run_unit(params, asked, Engine.COMPILED, SEED, 40, 30)
    units = store.units.of("key", {})
    units.keep(40, 30, arrays_of(unit))
    again = unit_from(params, asked, store.anew().of("key", {}).find(40, 30))

    assert bits(again.sums) == bits(unit.sums)
    assert again.verdicts.bits.tobytes() == unit.verdicts.bits.tobytes()
    assert again.verdicts[1:] == unit.verdicts[1:]
    for one, other in [
        *zip(again.observed, unit.observed, strict=True),
        *zip(again.table, unit.table, strict=True),
        *((again.columns[name], unit.columns[name]) for name in asked.columns),
    ]:
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()


def test_control_variates_come_back_too(bare, store):
    params, asked = bare
    controls = AveragedDeaths(params, asked.plans).controls
    asked = asked._replace(control=controls)
    unit = run_unit(params, asked, Engine.COMPILED, SEED, 0, 30)
    store.units.of("key", {}).keep(0, 30, arrays_of(unit))
    again = unit_from(params, asked, store.units.of("key", {}).find(0, 30))
    assert again.controls.tobytes() == unit.controls.tobytes()


@given(
    values=st.lists(
        st.one_of(
            st.floats(width=64),
            st.integers(-(2**40), 2**40).map(float),
            st.sampled_from([0.0, -0.0]),
        ),
        min_size=64,
        max_size=80,
    ),
    whole=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_any_numbers_come_back_as_they_were(values, whole, tmp_path_factory):
    column = np.array(values)
    if whole:
        column = np.nan_to_num(column, posinf=7, neginf=-7).clip(-1e15, 1e15).astype(np.int64)
    units = UnitStore(tmp_path_factory.mktemp("units"), silent).of("key", {})
    units.keep(0, 1, {"column": column})
    again = units.find(0, 1)["column"]
    assert again.dtype == column.dtype
    assert again.tobytes() == column.tobytes()


# Finding


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_was_done_is_not_done_again(bare, store, jobs):
    undisturbed = answer(bare)
    assert answer(bare, store.units, jobs=jobs) == undisturbed
    assert (store.units.found, store.units.made) == (0, TRIALS)
    again = store.anew()
    assert answer(bare, again, jobs=jobs) == undisturbed
    assert (again.found, again.made) == (TRIALS, 0)
    assert not store.said


def test_more_trials_go_on_from_what_is_there(bare, store):
    answer(bare, store.units)
    more = store.anew()
    assert answer(bare, more, trials=400) == answer(bare, trials=400)
    assert (more.found, more.made) == (200, 200)  # the unit that was cut short is of other trials


def test_a_precision_is_reached_where_it_would_be_and_goes_on_from_what_is_there(bare, store):
    coarse, fine = 0.0152, 0.0138
    assert answer(bare, store.units, precision=coarse) == answer(bare, precision=coarse)
    made = store.units.made
    again = store.anew()
    assert answer(bare, again, precision=fine) == answer(bare, precision=fine)
    assert again.found >= made - 100
    assert again.found + again.made < 2_000


@given(lost=st.sets(st.integers(0, 4)))
@settings(max_examples=12, deadline=None)
def test_any_units_may_be_lost(bare, tmp_path_factory, lost):
    folder = tmp_path_factory.mktemp("units")
    whole = answer(bare, UnitStore(folder, silent))
    for number, path in enumerate(sorted(folder.glob("*/*.npz"))):
        if number in lost:
            path.unlink()
    again = UnitStore(folder, silent)
    assert answer(bare, again, jobs=2) == whole
    assert again.made == sum(30 if number == 4 else 50 for number in lost)


def test_the_reference_engine_goes_on_too(bare, store):
    params, asked = bare

    def by_reference(units, trials=70):
        run = Run(params, asked, SEED, Stop(trials, None), silent, silent)
        return bits_of(monte_carlo(run, Workers(1, units), Engine.REFERENCE))

    def bits_of(done):
        return done.trials, done.rejections.tolist(), done.totals._moment.tobytes()

    undisturbed = by_reference(None)
    assert by_reference(store.units) == undisturbed
    next(iter(sorted(store.folder.glob("*/*50-20.npz")))).unlink()
    again = store.anew()
    assert by_reference(again) == undisturbed
    assert again.found == 50


# Not to be trusted


def _truncated(path, _):
    path.write_bytes(path.read_bytes()[:-70])


def _emptied(path, _):
    path.write_bytes(b"")


def _flipped(path, _):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def _of_another_seed(path, others):
    path.write_bytes((others / path.name).read_bytes())


def _next_one(path, _):
    path.write_bytes(path.with_name("000000000150-50.npz").read_bytes())


def _folder(path, _):
    path.unlink()
    path.mkdir()


def _pipe(path, _):
    path.unlink()
    os.mkfifo(path)


def _link_to_nowhere(path, _):
    path.unlink()
    path.symlink_to(path)


HARM = _truncated, _emptied, _flipped, _of_another_seed, _next_one, _folder, _pipe, _link_to_nowhere


@pytest.mark.parametrize("harm", HARM)
def test_a_unit_that_is_not_as_it_was_kept_is_named_set_aside_and_done_again(
    bare, store, tmp_path, harm
):
    whole = answer(bare, store.units)
    other = UnitStore(tmp_path / "other", silent)
    answer(bare, other, seed=SEED + 1)
    (others,) = (path for path in (tmp_path / "other").iterdir())
    path = next(iter(store.folder.glob("*/000000000050-50.npz")))
    harm(path, others)
    again = store.anew()
    assert answer(bare, again) == whole
    assert again.made == 50
    (line,) = store.said
    assert str(path) in line
    assert os.path.lexists(path.parent / "damaged" / path.name)
    last = store.anew()
    assert answer(bare, last) == whole
    assert last.made == 0


def test_a_unit_says_which_byte_was_changed_or_is_refused(bare, store):
    """Every single byte matters."""
    answer(bare, store.units, trials=50)
    (path,) = store.folder.glob("*/*.npz")
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        units = UnitStore(store.folder, silent)
        answer(bare, units, trials=50)
        assert units.made == 50, place


def test_sums_of_another_kind_are_refused(bare, store):
    params, asked = bare
    unit = run_unit(params, asked, Engine.COMPILED, SEED, 0, 50)
    work = Work(params, asked, SEED, 50, 0, Engine.COMPILED, store.units)
    arrays = arrays_of(unit)
    work._units.keep(0, 50, arrays | {"counts": arrays["counts"][:-1]})
    assert work.found(0, 50) is None
    assert store.units.found == 0
    assert len(store.said) == 1


# Keys


def test_a_key_tells_everything_apart_that_a_unit_is_a_function_of(bare):
    params, asked = bare
    seen = observer(grid_of(params))

    def key(params=params, asked=asked, seed=SEED, engine=Engine.COMPILED):
        store = UnitStore(Path(os.devnull), silent)
        return Work(params, asked, seed, 50, 0, engine, store)._units._folder.name

    plans = asked.plans
    others = {
        "seed": key(seed=4),
        "engine": key(engine=Engine.REFERENCE),
        "patients": key(params._replace(trial=params.trial._replace(target_randomised=62))),
        "hazard": key(params._replace(hazard=params.hazard._replace(direct_log_hazard_ratio=-0.1))),
        "alpha": key(asked=asked._replace(plans=(plans[0]._replace(alpha=0.04), *plans[1:]))),
        "truth": key(asked=asked._replace(truths=(Truth(0.2, 0.001, 0.1, 0.001),))),
        "observer": key(asked=asked._replace(observer=seen)),
        "observer of fewer": key(asked=asked._replace(observer=seen._replace(trials=7))),
        "table": key(asked=asked._replace(table=True)),
        "columns": key(asked=asked._replace(columns=("deaths",))),
        "control": key(asked=asked._replace(control=lambda *_: None)),
    }
    assert len({key(), *others.values()}) == 1 + len(others)
    assert key() == key()
    work = Work(*bare, SEED, 9_999, 0, Engine.COMPILED, UnitStore(Path(os.devnull), silent))
    assert work._units._folder.name == key()  # trials are no part of it


def test_a_key_is_the_same_in_another_process_and_another_of_another_program(monkeypatch):
    parts = (1, 1.5, "é", None, (np.arange(3.0), {"b": 2, "a": [True]}), Engine.COMPILED)
    script = (
        "import numpy as np; from simulator.montecarlo.work_key import key_of; "
        "from simulator.montecarlo.units import Engine; "
        "print(key_of(1, 1.5, 'é', None, (np.arange(3.0), {'a': [True], 'b': 2}), Engine.COMPILED))"
    )
    asked = [sys.executable, "-c", script]
    there = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == key_of(*parts)
    import simulator.montecarlo.work_key as module

    monkeypatch.setattr(module, "program", lambda: {"model": "another"})
    assert key_of(*parts) != there.stdout.strip()


@pytest.mark.parametrize("part", [object(), lambda: None, np.array([object()]), {1, 2}])
def test_what_has_no_digest_is_refused(part):
    with pytest.raises(TypeError):
        key_of(part)


# No room


def test_without_room_the_run_goes_on_and_says_so_once(bare, store, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert answer(bare, store.units) == answer(bare)
    (line,) = store.said
    assert "No space left on device" in line
    assert not [path for path in store.folder.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_made_is_no_hindrance(bare, store):
    store.folder.write_text("a file")
    assert answer(bare, store.units) == answer(bare)
    assert len(store.said) == 1
    assert store.folder.read_text() == "a file"


def test_two_stores_keep_the_same_bytes(bare, store, tmp_path):
    answer(bare, store.units)
    answer(bare, UnitStore(tmp_path / "other", silent), jobs=3)
    one, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npz")}
        for folder in (store.folder, tmp_path / "other")
    )
    assert one == other


def test_workers_of_one_job_keep_their_units(store):
    assert replace(Workers(4, store.units), jobs=1) == Workers(4, store.units).of_one_job()


def test_python_keeps_units_where_it_is_told(tmp_path):
    import simulator

    study, said = simulator.load("two-arm-survival"), []
    hired = simulator.workers(1, units=tmp_path / "mine", say=said.append)
    first = study.power(120, jobs=hired)
    assert first == study.power(120, jobs=1)
    again = simulator.workers(2, units=tmp_path / "mine")
    assert study.power(120, jobs=again) == first
    assert (again.units.found, again.units.made) == (120, 0)
    assert not said
