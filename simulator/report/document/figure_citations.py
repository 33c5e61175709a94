"""Sentences of the text that point at the figures: each figure is cited before it stands."""

from simulator.report.document.dossier import Dossier
from simulator.report.document.numbers import joined

FIGURE = "figure-"  # begins what points at a figure
_SENTENCES = {
    "survival": "{figure} shows survival by arm.",
    "recruitment": "{figure} shows recruitment over time.",
    "flow": "{figure} shows what becomes of candidates and patients.",
    "sessions": "{figure} shows when sessions are given and what plasma they take.",
    "meld": "{figure} shows MELD at the visits.",
    "looks": "{figure} shows the boundaries with simulated trials along them.",
    "stops": "{figure} shows when trials end.",
    "power_curve": "{figure} draws it.",
    "heat_map": "{figure} draws it.",
    "size": "{figure} draws them{fit}.",
}


def shown_in(dossier: Dossier, *names: str) -> str:
    """Say which figure shows what; empty where there is none of these."""
    is_fitted = bool(dossier.sizes and dossier.sizes[0].fitted)
    fit = " and the fitted curve" if is_fitted else ""
    return joined(
        [
            _SENTENCES[name].format(figure=f"[#{FIGURE}{name}]", fit=fit)
            for name in names
            if name in dossier.pictures
        ]
    )
