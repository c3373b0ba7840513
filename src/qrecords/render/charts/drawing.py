"""A drawing: shapes at their places, as the SVG template writes them. Units are four to a millimetre, y goes down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from qrecords.render.charts.measure import ASCENT, DESCENT, LEADING, clean, shortened, width, wrapped

WIDTH = 624  # 156 mm, the width of the text on a page
EDGE = 4  # kept free on every side
TITLE, BODY, SMALL = 16, 13, 10.5  # 11.4, 9.2 and 7.4 points

Anchor = Literal["start", "middle", "end"]
# Told apart without colour; as bars of a series, and from the best grade to the worst.
FILLS = ("grey", "hatch", "dots", "white", "black")
GRADES = ("white", "dots", "hatch", "grey", "black")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "1 2")
SIGNS = ("dot", "ring", "square", "diamond", "dot")


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Tell whether two boxes lie over each other."""
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


@dataclass(frozen=True, slots=True)
class Text:
    """Words on a line at (x, y), upright or read from below; `halo`: white around, where lines pass.

    `whole` is what was cut off, shown when pointed at."""

    shape: ClassVar[str] = "text"
    x: float
    y: float
    words: str
    size: float = BODY
    anchor: Anchor = "middle"
    upright: bool = False
    halo: bool = False
    whole: str = ""

    @property
    def box(self) -> Box:
        """Return the room it takes at most."""
        long = width(self.words, self.size)
        start = {"start": 0.0, "middle": long / 2, "end": long}[self.anchor]
        if self.upright:
            top = self.y + start - long
            return Box(self.x - ASCENT * self.size, top, self.x + DESCENT * self.size, top + long)
        left = self.x - start
        return Box(left, self.y - ASCENT * self.size, left + long, self.y + DESCENT * self.size)


@dataclass(frozen=True, slots=True)
class Rect:
    """A box, filled with one of the patterns."""

    shape: ClassVar[str] = "rect"
    x: float
    y: float
    wide: float
    high: float
    fill: str
    edge: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; dashes as SVG has them."""

    shape: ClassVar[str] = "line"
    points: tuple[tuple[float, float], ...]
    thick: float = 1
    dash: str = ""
    faint: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """What marks a point of a line."""

    shape: ClassVar[str] = "sign"
    x: float
    y: float
    sign: str


Shape = Text | Rect | Line | Sign


@dataclass(slots=True)
class Drawing:
    """Shapes in the order they are drawn, and how far down they reach."""

    high: float = EDGE
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Draw shapes over those that are there."""
        self.shapes.extend(shapes)

    @property
    def texts(self) -> list[Text]:
        """Return all words of the drawing."""
        return [s for s in self.shapes if isinstance(s, Text) and s.words]

    @property
    def fills(self) -> list[str]:
        """Return the patterns that are used."""
        return sorted({s.fill for s in self.shapes if isinstance(s, Rect)})


def one_line(x: float, y: float, words: str, room: float, size: float = BODY, anchor: Anchor = "middle") -> Text:
    """Return words on one line, shortened where they have no room."""
    words = clean(words)
    kept = shortened(words, room, size)
    return Text(x, y, kept, size, anchor, whole=words if kept != words else "")


def block(
    x: float, top: float, words: str, room: float, *, lines: int, size: float = BODY, anchor: Anchor = "middle"
) -> list[Text]:
    """Return words below a height in up to so many lines."""
    whole = clean(words)
    made = wrapped(whole, room, size, lines)
    cut = whole if made and made[-1].endswith("…") and not whole.endswith(made[-1]) else ""
    return [
        Text(x, top + (number * LEADING + ASCENT) * size, line, size, anchor, whole=cut)
        for number, line in enumerate(made)
    ]


def block_high(words: str, room: float, *, lines: int, size: float = BODY) -> float:
    """Return how high a block is."""
    return len(wrapped(words, room, size, lines)) * LEADING * size
