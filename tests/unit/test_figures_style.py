"""The palette and the type of all figures."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from figure_points import flow, survival_points
from figure_texts import assert_nothing_collides, said
from matplotlib import colormaps, font_manager

from simulator.report.figures import style
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.saving import save
from simulator.report.figures.survival import draw_survival

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
COLOUR_BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # of sRGB, white D65


def linear(colour):
    """Linear RGB of a colour written as #RRGGBB, as WCAG and sRGB define it."""
    shares = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(shares):
    """CIELAB of linear RGB."""
    xyz = TO_XYZ @ np.clip(shares, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast_on_white(colour):
    """WCAG 2.2: (1 + .05) / (relative luminance + .05)."""
    return 1.05 / (float(linear(colour) @ TO_XYZ[1]) + 0.05)


@pytest.mark.parametrize("colour", [*(look.colour for look in style.LOOKS), style.FAINT, style.INK])
def test_thin_lines_have_a_contrast_of_3_to_1_on_white(colour):
    """What WCAG 2.2 asks of graphical objects (success criterion 1.4.11)."""
    assert contrast_on_white(colour) >= 3.0


def test_the_contrast_is_that_of_wcag():
    """Of #777777 on white it is 4.48:1, a much quoted value just below the 4.5 asked of text."""
    assert contrast_on_white("#777777") == pytest.approx(4.48, abs=0.005)
    assert contrast_on_white("#000000") == pytest.approx(21.0)


def test_looks_are_told_apart_in_grey():
    """By lightness, 0 black to 100 white: 2.3 is what is just noticed side by side."""
    lightness = [lab(linear(look.colour))[0] for look in style.LOOKS]
    assert min(abs(a - b) for a, b in combinations(lightness, 2)) >= 5.5
    assert min(abs(a - b) for a, b in pairwise(lightness)) >= 14
    assert abs(lightness[0] - lightness[1]) >= 20  # two arms are what most figures have
    assert len({str(look.line) for look in style.LOOKS}) == len(style.LOOKS)
    assert len({look.marker for look in style.LOOKS}) == len(style.LOOKS)


@pytest.mark.parametrize("kind", COLOUR_BLIND)
def test_looks_are_told_apart_by_the_colour_blind(kind):
    seen = [lab(np.array(COLOUR_BLIND[kind]) @ linear(look.colour)) for look in style.LOOKS]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 20


def test_numbers_on_any_shade_of_a_heat_map_can_be_read():
    """Text on cividis is white on its darker half and black on the lighter: 4.5:1 by WCAG."""
    for share in np.linspace(0, 1, 101):
        red, green, blue, _ = colormaps["cividis"](float(share))
        colour = "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))
        luminance = float(linear(colour) @ TO_XYZ[1])
        is_dark = style.is_dark((red, green, blue))
        contrast = 1.05 / (luminance + 0.05) if is_dark else (luminance + 0.05) / 0.05
        assert contrast >= 4.5, share


def test_wrapped_text_keeps_its_letters_and_its_width():
    text = "an extraordinarily_long_identifier_without_any_space and a few words"
    wrapped = style.wrap(text, 60, 8)
    assert wrapped.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    assert max(style.text_width(line, 8) for line in wrapped.split("\n")) <= 60


def test_characters_without_a_font_are_numbers_that_the_caption_explains(monkeypatch, tmp_path):
    """Where no font has them they would be boxes; 4E2D and 5FC3 are the characters' numbers."""
    monkeypatch.setattr(style, "families", lambda: ("DejaVu Sans",))
    style._can_be_set.cache_clear()
    arms = ("\u4e2d\u5fc3", "PE")
    drawing = draw_survival(survival_points(arms))
    caption = save(drawing, tmp_path / "s", ("png",))
    assert "<4E2D><5FC3>" in said(drawing)
    assert caption == f"{drawing.caption} {style.NO_FONT}"
    assert_nothing_collides(drawing)
    assert style.NO_FONT in save(draw_flow(flow(arms)), tmp_path / "f", ("png",))
    style._can_be_set.cache_clear()


def test_characters_are_set_in_the_first_font_that_has_them(monkeypatch):
    """The sign for a script that DejaVu Sans lacks, in a font that comes with matplotlib too."""
    lacking = "\ue000"  # of a private range, which STIX fills and DejaVu does not
    monkeypatch.setattr(style, "families", lambda: ("DejaVu Sans", "STIXNonUnicode"))
    style._can_be_set.cache_clear()
    assert style.plain(lacking) == lacking
    monkeypatch.setattr(style, "families", lambda: ("DejaVu Sans",))
    style._can_be_set.cache_clear()
    assert style.plain(lacking) == "<E000>"
    style._can_be_set.cache_clear()


def test_fonts_for_other_scripts_are_taken_where_they_are_installed(monkeypatch):
    one = font_manager.fontManager.ttflist[0]
    found = [*font_manager.fontManager.ttflist, replace(one, name="SimHei")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", found)
    style.families.cache_clear()
    assert style.families()[0] == "DejaVu Sans"
    assert "SimHei" in style.families()
    style.families.cache_clear()
