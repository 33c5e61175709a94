"""Whoever simulates, an answer is the same to the last byte."""

import pytest
from dask_folders import files_of, forget_units, manifest_of

TRIALS = 150  # three units


@pytest.mark.parametrize("engine", ["compiled", pytest.param("reference", marks=pytest.mark.slow)])
def test_the_same_bytes_by_one_job_two_jobs_one_worker_and_three(engine, run, folder, cluster):
    asked = f"power several.yaml --trials {TRIALS} --by-trial --engine {engine} --out"
    ways = {
        "one": "--jobs 1",
        "two": "--jobs 2",
        "worker": f"--backend dask --scheduler {cluster.with_workers(1).address}",
        "workers": f"--backend dask --scheduler {cluster.address}",
    }
    found = {}
    for name, way in ways.items():
        if name == "workers":
            cluster.with_workers(3)
        status, _, err = run(asked, name, way)
        assert status == 0, err
        told = manifest_of(folder / name)
        assert (told["trials_simulated"], told["trials_found"]) == (TRIALS, 0)
        found[name] = files_of(folder / name)
        forget_units(folder)  # or the next would find all units done
    assert "trials.csv" in found["one"]
    for name in ways:
        assert found[name] == found["one"], name


@pytest.mark.slow
@pytest.mark.parametrize("trials", [77, 5_000])
def test_the_same_bytes_of_the_base_case(trials, run, folder, cluster):
    """Whatever is asked for: trials that are no whole unit, or several units."""
    found = []
    for number in (0, 1, 3):
        way = f"--backend dask --scheduler {cluster.with_workers(number).address}"
        asked = f"power nct05484908 --trials {trials} --out run-{number}"
        status, _, err = run(asked, way if number else "--jobs 2")
        assert status == 0, err
        found.append(files_of(folder / f"run-{number}"))
        forget_units(folder)
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_a_precision_ends_at_the_same_trial(run, folder, cluster):
    """The unit in which a run stops is worked out short, on a worker."""
    found = []
    cluster.with_workers(3)
    for name, way in (("here", "--jobs 1"), ("there", f"--scheduler {cluster.address}")):
        backend = "--backend dask" if name == "there" else ""
        status, _, err = run("power several.yaml --precision 0.032 --out", name, way, backend)
        assert status == 0, err
        found.append(files_of(folder / name))
        forget_units(folder)
    assert found[0] == found[1]


def test_units_of_a_cluster_are_kept_as_others_are(run, folder, cluster):
    """And whoever goes on from them ends with the bytes of one who did all."""
    way = f"--backend dask --scheduler {cluster.with_workers(1).address}"
    assert run("power several.yaml --trials 100 --out few", way).status == 0
    assert run("power several.yaml --trials 200 --jobs 1 --out more").status == 0
    assert run("power several.yaml --trials 250 --out most", way).status == 0
    counts = [manifest_of(folder / name) for name in ("few", "more", "most")]
    assert [told["trials_simulated"] for told in counts] == [100, 100, 50]
    assert [told["trials_found"] for told in counts] == [0, 100, 200]
    forget_units(folder)
    assert run("power several.yaml --trials 250 --jobs 1 --out alone").status == 0
    assert files_of(folder / "most") == files_of(folder / "alone")


@pytest.mark.slow
def test_two_runs_at_once_share_a_cluster(folder, cluster, begin):
    cluster.with_workers(2)
    way = f"--backend dask --scheduler {cluster.address}"
    begun = [begin(f"power several.yaml --trials 200 --seed {s} --out s{s} {way}") for s in (1, 2)]
    for process in begun:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    first, second = (files_of(folder / f"s{seed}") for seed in (1, 2))
    assert first["estimates.json"] != second["estimates.json"]


def test_the_same_bytes_by_the_reference_engine_on_workers(run, folder, cluster):
    asked = "power several.yaml --trials 100 --engine reference --out"
    way = f"--backend dask --scheduler {cluster.with_workers(3).address}"
    for name, how in (("there", way), ("here", "--jobs 1")):
        status, _, err = run(asked, name, how)
        assert status == 0, err
        forget_units(folder)
    assert files_of(folder / "there") == files_of(folder / "here")
