"""Draw the figures of the tutorials as the commands draw them now.

python docs/refresh_figures.py             # every figure
python docs/refresh_figures.py size.svg    # one
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FIGURES = ROOT / "tutorials" / "figures"
_POWER = "power nct05484908 --out run", "report run --format figures"
_LOOKS = "power nct05484908-looks --out run", "report run --format figures"
COMMANDS = {  # by file: what draws it, and what it is called in the folder of the run
    "survival.png": (_POWER, "survival.png"),
    "flow.svg": (_POWER, "flow.svg"),
    "looks.svg": (_LOOKS, "looks.svg"),
    "stops.svg": (_LOOKS, "stops.svg"),
    "boundaries.svg": (
        (
            "boundaries --information 0.3,0.6,1 --spending lan_demets_obrien_fleming --power 0.9 "
            "--futility hwang_shih_decani(-2) --figure boundaries.svg",
        ),
        "boundaries.svg",
    ),
    "heat-map.svg": (
        (
            "sweep nct05484908 --vary trial.target_randomised=60,140 "
            "--vary accrual.sites[0].randomised_per_month=2.32,4 --trials 1000 --out run",
        ),
        "heat_map.svg",
    ),
    "size.svg": (("size two-arm-survival --power 0.8 --out run",), "size.svg"),
    "tornado.svg": (("levers nct05484908 --out run",), "tornado.svg"),
    "gantt.svg": (("trace nct05484908-scarce --trial 3 --out run",), "gantt.svg"),
}


def draw(name: str) -> None:
    """Run the commands of a figure in a folder of their own and take the figure from there."""
    commands, drawn = COMMANDS[name]
    with tempfile.TemporaryDirectory() as folder:
        for command in commands:
            asked = [sys.executable, "-c", "from simulator.cli import main; main()"]
            subprocess.run(
                [*asked, *command.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL
            )
        of_run = Path(folder) / "run" / "figures"
        shutil.copyfile((of_run if of_run.is_dir() else Path(folder)) / drawn, FIGURES / name)
    print(f"drew {name}")


def main() -> None:
    """Draw the figures named, or all."""
    for name in sys.argv[1:] or COMMANDS:
        draw(name)


if __name__ == "__main__":
    main()
