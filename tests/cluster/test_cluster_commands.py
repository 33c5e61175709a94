"""Every command that simulates gives its work to a cluster, and says the same."""

import pytest
from dask_folders import files_of, forget_units

SMALL = "{extends: two-arm-survival, name: small, trial: {target_randomised: 16}}\n"
UNSURE = """\
extends: small.yaml
name: unsure
uncertain:
  - keys: hazard.effect.hazard_ratio
    distribution: lognormal
    parameters: {median: 0.70, interval_95: [0.45, 1.10]}
"""
COMMANDS = {
    "power": "power small.yaml --trials 100",
    "by trial": "power small.yaml --trials 100 --by-trial",
    "certificate": "power small.yaml --certify --trials 100",
    "sweep": "sweep small.yaml --vary n=16,20 --trials 100",
    "size": "size small.yaml --power 0.5 --within 10",
    "compare": "compare small.yaml two-arm-survival --trials 100",
    "allocation": "allocation small.yaml --schemes complete,big_stick(2) --trials 100",
    "assurance": "assurance unsure.yaml --draws 4 --trials 100",
    "levers": "levers unsure.yaml --trials 200",
    "design": "design small.yaml --choose n=16,20 --power 0.2 --trials 200",
}


DAILY = "power", "by trial", "sweep"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(words, id=name, marks=() if name in DAILY else pytest.mark.slow)
        for name, words in COMMANDS.items()
    ],
)
def test_an_answer_is_the_same_as_without_a_cluster(command, run, folder, cluster):
    (folder / "small.yaml").write_text(SMALL)
    (folder / "unsure.yaml").write_text(UNSURE)
    way = f"--backend dask --scheduler {cluster.with_workers(1).address}"
    there = run(command, "--out there", way)
    assert there.status == 0, there.err
    simulated = list(folder.glob("results/units/*/*.npz"))
    assert simulated  # where the command runs, whose units they are
    forget_units(folder)
    here = run(command, "--out here --jobs 1")
    assert here.status == 0, here.err
    assert there.out.replace(" there", " here") == here.out.replace(" there", " here")
    assert files_of(folder / "there") == files_of(folder / "here")
