"""What tests of documents share: a dossier with all that may be there."""

import pytest
from answers import size_answer, sweep_answer
from documents import dossier, sweep_of_two_keys

from simulator.report.saved_picture import SavedPicture

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.fixture
def everything(tmp_path):
    """A dossier with all that may be there."""
    png, svg = tmp_path / "p.png", tmp_path / "p.svg"
    png.write_bytes(PNG)
    svg.write_bytes(SVG)
    names = (
        "survival",
        "flow",
        "recruitment",
        "meld",
        "sessions",
        "power_curve",
        "heat_map",
        "size",
    )
    pictures = {
        name: SavedPicture(png, svg, png, f"What {name} shows. How to read it.") for name in names
    }
    sweeps = sweep_answer(), sweep_of_two_keys()
    return dossier(sweeps=sweeps, sizes=(size_answer(),), pictures=pictures)
