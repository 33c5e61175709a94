"""What a reader sees of a figure: its texts, and where they stand."""

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def extents(drawing):
    """Return text and box, in pixels, of every text that the figure shows."""
    figure = drawing.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1, tick.label2}
    shown = [
        text
        for text in figure.findobj(Text)
        if text.get_visible()
        and text.get_text().strip()
        and text not in hidden
        and (text.axes is None or text.axes.axison or text in text.axes.texts)
    ]
    # Of an annotation the text alone: the line that leads to its point is thin.
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in shown]


def said(drawing):
    """Texts of the figure, without line breaks."""
    return [" ".join(text.split()) for text, _ in extents(drawing)]


def assert_nothing_collides(drawing):
    """Assert that texts neither meet each other nor leave the canvas, to a pixel at 100 an inch."""
    boxes, canvas = extents(drawing), drawing.figure.bbox
    for text, box in boxes:
        assert min(box.x0, box.y0) >= -1, text
        assert max(box.x1 - canvas.x1, box.y1 - canvas.y1) <= 1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, (one, other)
