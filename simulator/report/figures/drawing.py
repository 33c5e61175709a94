"""A figure and the caption that it goes under."""

from dataclasses import dataclass, replace

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure without a title, and its caption sentence by sentence.

    Attributes
    ----------
    shows
        What the figure shows, in a phrase.
    notes
        How to read it: what lines, bands and bars are. Each a sentence without its full stop.
    of
        What was simulated: the scenario and the number of trials.
    """

    figure: Figure
    shows: str
    notes: tuple[str, ...] = ()
    of: str = ""

    @property
    def caption(self) -> str:
        """The whole caption."""
        sentences = [self.shows, *self.notes, self.of]
        return " ".join(f"{sentence}." for sentence in sentences if sentence)

    def made_of(self, text: str) -> "Drawing":
        """Return the same with what was simulated."""
        return replace(self, of=text)
