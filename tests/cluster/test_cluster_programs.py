"""Work goes to workers of the same program alone; another is refused by its address."""

import os
import shutil

import pytest
from dask_processes import ROOT


@pytest.fixture
def edited(tmp_path):
    """The package, of which one number of the model is another."""
    place = tmp_path / "edited"
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("simulator", "calibration"):
        shutil.copytree(ROOT / package, place / package, ignore=ignored)
    shutil.copytree(ROOT / "scenarios", place / "scenarios")
    constants = place / "simulator" / "constants.py"
    constants.write_text(constants.read_text("utf-8") + "\nONE_MORE = 1\n", "utf-8")
    return place


def refused(run, cluster):
    asked = "power several.yaml --trials 200 --backend dask --scheduler"
    status, out, err = run(asked, cluster.address)
    assert (status, out) == (1, "")
    assert "Traceback" not in err
    return err.splitlines()[-1]


def addresses(cluster):
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        return list(client.scheduler_info(n_workers=-1)["workers"])


def test_a_worker_of_another_model_is_refused_by_its_address(run, folder, own_cluster, edited):
    own_cluster.add(program=edited)
    (address,) = addresses(own_cluster)
    said = refused(run, own_cluster)
    assert address in said
    assert "model" in said
    assert not list(folder.rglob("*.npz"))  # nothing of it is kept


def test_a_worker_without_the_program_is_refused_by_its_address(run, own_cluster):
    own_cluster.add(bare=True)
    (address,) = addresses(own_cluster)
    said = refused(run, own_cluster)
    assert address in said
    assert "install" in said


@pytest.mark.slow
def test_one_worker_of_another_model_among_others_is_refused(run, own_cluster, edited):
    """Whoever is asked first."""
    own_cluster.add(2)
    own_cluster.add(program=edited)
    said = refused(run, own_cluster)
    assert any(address in said for address in addresses(own_cluster))
    assert "model" in said


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a folder of POSIX")
def test_a_worker_needs_no_folder_of_the_command(run, folder, own_cluster, monkeypatch):
    """Nothing of the scenario's file, the results or the working folder is read by workers."""
    own_cluster.add()
    way = f"--backend dask --scheduler {own_cluster.address}"
    assert run("power several.yaml --trials 100 --out there", way).status == 0
    written = [path for path in own_cluster.folder.rglob("*") if path.suffix in (".npz", ".json")]
    assert [path.name for path in written] == ["scheduler.json"]
