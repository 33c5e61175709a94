"""Small runs as tests of the store write them, and folders of every kind that is no run."""

import os
import subprocess
import sys
from pathlib import Path

from answers import power_answer

from simulator.results.curves import Curves, RecruitmentPoint
from simulator.store import Enclosures, Question, file_run, look, write_run

ROOT = Path(__file__).parents[2]
CURVES = Curves(recruitment=(RecruitmentPoint(30.4, 2.5, 0.1, 1.0, 2.0, 2.5, 3.0, 4.0),))
SCENARIO = {"name": "small", "trial": {"target_randomised": 16}}


def question(**changed):
    given = {"command": "power", "scenario": SCENARIO, "sources": {}, "seed": 1, "asked": {"n": 1}}
    return Question(**given | changed)


def write_small(inside, asked, *, finished=True):
    answer = power_answer(interrupted=not finished, curves=CURVES)
    write_run(inside, asked, answer, "25 %", {"command": "trialsim power small"})


def filed(folder, asked, *, finished=True, force=False, meanwhile=lambda: None, enclosed=None):
    """Work out and write a run; `meanwhile` is what others do after the folder was looked at."""
    place = look(folder, asked.digest, replace=force)
    meanwhile()

    def write(inside):
        write_small(inside, asked, finished=finished)

    return file_run(place, asked.folder, write, enclosed or Enclosures(place.folder))


def written(folder, asked, **how):
    """Write a run where it is to go."""
    found = filed(folder, asked, **how)
    assert (found.folder, found.why, found.left) == (folder, "", None)
    return folder


def tree(folder):
    """Every file and folder below one, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def in_a_process(program, *arguments, folder):
    """Run a program of Python in a process of its own, as it finds this file and the package."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}{os.pathsep}{Path(__file__).parent}"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
