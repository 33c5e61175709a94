"""Workers, schedulers and commands that are killed: nothing that was done is lost."""

import random
import signal
import time

import pytest
from dask_folders import files_of, forget_units, manifest_of
from dask_processes import wait_for

TRIALS = 400  # eight units
MANY = 3_000
GO_ON = "the same command goes on from there"


def kept(folder):
    return len(list(folder.glob("results/units/*/*.npz")))


def undisturbed(run, folder, trials):
    """Return the bytes of a run that nothing happens to, and leave nothing else of it."""
    assert run(f"power several.yaml --trials {trials} --by-trial --out quiet --jobs 2").status == 0
    forget_units(folder)
    return files_of(folder / "quiet")


def asked(cluster, trials=TRIALS, out="run"):
    way = f"--backend dask --scheduler {cluster.address}"
    return f"power several.yaml --trials {trials} --by-trial --out {out} {way}"


def test_a_worker_that_is_killed_loses_nothing(run, folder, own_cluster, begin):
    expected = undisturbed(run, folder, TRIALS)
    own_cluster.add(2)
    process = begin(asked(own_cluster))
    wait_for(lambda: kept(folder) >= 1, process)
    own_cluster.kill(own_cluster.workers[0])
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert files_of(folder / "run") == expected


@pytest.mark.slow
def test_twenty_workers_that_are_killed_lose_nothing(run, folder, own_cluster, begin):
    """At any moment, one after another; another one comes for each."""
    expected, moments = undisturbed(run, folder, MANY), random.Random(1)
    own_cluster.add(2)
    process = begin(asked(own_cluster, MANY))
    wait_for(lambda: kept(folder) >= 1, process)
    killed = 0
    while killed < 20 and process.poll() is None:
        own_cluster.kill(moments.choice(own_cluster.workers))
        killed += 1
        own_cluster.with_workers(2)
        time.sleep(moments.uniform(0, 0.5))
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert killed == 20
    assert files_of(folder / "run") == expected


@pytest.mark.slow
def test_all_workers_that_are_killed_are_waited_for(run, folder, own_cluster, begin):
    expected = undisturbed(run, folder, TRIALS)
    own_cluster.add(1)
    process = begin(asked(own_cluster))
    wait_for(lambda: kept(folder) >= 1, process)
    own_cluster.with_workers(0)
    time.sleep(3)
    assert process.poll() is None
    own_cluster.add(1)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert files_of(folder / "run") == expected


@pytest.mark.slow  # every day, one without a cluster: tests/faults/test_killed.py
def test_a_command_that_is_killed_goes_on(run, folder, own_cluster, begin):
    expected = undisturbed(run, folder, TRIALS)
    own_cluster.add(1)
    process = begin(asked(own_cluster))
    wait_for(lambda: kept(folder) >= 2, process)
    process.kill()
    process.wait()
    done = kept(folder)
    status, _, err = run(asked(own_cluster))
    assert status == 0, err
    told = manifest_of(folder / "run")
    assert told["trials_found"] == 50 * done
    assert told["trials_found"] + told["trials_simulated"] == TRIALS
    assert files_of(folder / "run") == expected


def test_a_scheduler_that_dies_is_told_and_the_rest_is_done_here(run, folder, own_cluster, begin):
    expected = undisturbed(run, folder, TRIALS)
    own_cluster.add(1)
    process = begin(asked(own_cluster))
    wait_for(lambda: kept(folder) >= 2, process)
    own_cluster.kill(own_cluster.scheduler)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, ""), err
    assert "Traceback" not in err
    said = err.splitlines()[-1]
    assert said.startswith(own_cluster.address)
    assert "the scheduler is gone" in said
    assert GO_ON in said
    assert not (folder / "run").exists()
    done = kept(folder)
    assert done >= 2
    status, _, err = run(f"power several.yaml --trials {TRIALS} --by-trial --out run --jobs 1")
    assert status == 0, err
    assert manifest_of(folder / "run")["trials_found"] == 50 * done
    assert files_of(folder / "run") == expected


def processing(cluster):
    """Return how many tasks the scheduler has of anybody."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_a_signal_cancels_what_is_left(number, folder, own_cluster, begin):
    own_cluster.add(1)
    process = begin(asked(own_cluster, 1_000_000))
    wait_for(lambda: kept(folder) >= 1, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert "Traceback" not in err
    assert err.splitlines()[-1].endswith(GO_ON)
    until = time.monotonic() + 60
    while processing(own_cluster):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert own_cluster.workers[0].poll() is None


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_a_signal_leaves_no_process_of_a_cluster_of_this_machine(number, folder, begin):
    psutil = pytest.importorskip("psutil")
    process = begin("power several.yaml --trials 1000000 --backend dask --jobs 1 --out run")
    wait_for(lambda: kept(folder) >= 1, process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


@pytest.mark.slow
def test_a_cluster_of_this_machine_ends_with_a_command_that_is_killed(folder, begin):
    psutil = pytest.importorskip("psutil")
    process = begin("power several.yaml --trials 1000000 --backend dask --jobs 2 --out run")
    wait_for(lambda: kept(folder) >= 1, process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    for one in alive:
        one.kill()
    assert not alive
