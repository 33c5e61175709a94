"""From runs on disk to a document."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from simulator.planning.formulas import Facts, detectable, facts_of, sizes_by_formula
from simulator.report.document.justification import justification
from simulator.report.document.material import Material
from simulator.report.pictures import Kinds, Pictures, draw_power_run, draw_size, draw_sweep
from simulator.report.summary import USUAL_POWER
from simulator.store import Run

Length = Literal["paragraph", "page", "full"]
_DRAWING = {"sweep": draw_sweep, "size": draw_size}
_PICTURE = {"docx": "png", "html": "svg"}  # what each kind of document shows


def write_justification(runs: Sequence[Run], kind: str, length: Length, path: Path) -> None:
    """Write the justification of a sample size.

    Parameters
    ----------
    runs
        A run of power, then those of sweep and size that are to be told of.
    kind
        docx or html.
    length
        A paragraph, a page or all, with figures.

    Raises
    ------
    ImportError
        If a library that it needs is not installed.
    """
    if kind == "docx":
        from simulator.report.document.word import write_word as write
    else:
        from simulator.report.document.html import write_html as write
    with tempfile.TemporaryDirectory() as folder:
        pictures = _pictures(runs, Path(folder), (_PICTURE[kind],)) if length == "full" else {}
        write(justification(material_of(runs, pictures), length), path)


def write_figures(runs: Sequence[Run], folder: Path) -> None:
    """Write every figure of the runs as SVG and PNG into a folder, which is made."""
    folder.mkdir(exist_ok=True)
    draw_power_run(runs[0], folder)
    for number, run in enumerate(runs[1:]):
        own = folder / str(number) if number else folder
        own.mkdir(exist_ok=True)
        _DRAWING[run.manifest["question"]["command"]](run.summary, own)


def material_of(runs: Sequence[Run], pictures: Pictures) -> Material:
    """Gather what a justification is written from."""
    power, question = runs[0], runs[0].manifest["question"]
    scenario, sources = question["scenario"], question["sources"]
    kinds = [run.manifest["question"]["command"] for run in runs]
    facts = facts_of(scenario, 0, power.summary["operations"])
    return Material(
        power=power.summary,
        values=[
            {"key": key, "value": _value_at(scenario, key), "source": source}
            for key, source in sources.items()
        ],
        sweeps=[run.summary for run, k in zip(runs, kinds, strict=True) if k == "sweep"],
        sizes=[run.summary for run, k in zip(runs, kinds, strict=True) if k == "size"],
        pictures=pictures,
        manifest={
            "command": power.manifest["command"],
            "seed": question["seed"],
            "trials": power.summary["trials"],
            "engine": power.summary["engine"],
            "versions": power.manifest["versions"],
        },
        closed_forms=sizes_by_formula(facts, USUAL_POWER),
        detectable=_detectable(facts, scenario),
    )


def _detectable(facts: Facts, scenario: dict[str, Any]) -> dict[str, Any] | None:
    """Smallest detectable difference of the planned size, both arms whole."""
    first, second = scenario["allocation"]["ratio"]
    patients = scenario["trial"]["target_randomised"]
    control = round(patients * first / (first + second))
    return detectable(facts, (control, patients - control), USUAL_POWER)


def _value_at(scenario: Any, key: str) -> Any:
    """Value at a key path such as arms[1].plan.sessions; None where it is none."""
    found = scenario
    for step in key.replace("[", ".[").split("."):
        if found is None:
            return None
        found = found[int(step[1:-1])] if step.startswith("[") else found[step]
    return found


def _pictures(runs: Sequence[Run], folder: Path, kinds: Kinds) -> Pictures:
    """Draw the figures of every run; of several of a kind the first is shown."""
    found = draw_power_run(runs[0], folder, kinds)
    for number, run in enumerate(runs[1:]):
        own = folder / str(number)
        own.mkdir()
        draw = _DRAWING[run.manifest["question"]["command"]]
        for name, paths in draw(run.summary, own, kinds).items():
            found.setdefault(name, paths)
    return found
