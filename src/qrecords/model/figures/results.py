"""What a table gives: figures that know their exact value and the records they were counted from (F.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `TABLE.part.row.column`, exact, and as printed.

    `value` is None where it cannot be computed. A rate has numerator and denominator, with the records of each
    (`records`, `of`); `contributions` say what each of `records` gives, empty = one each. `left_out` names records
    that belong here but could not be counted, with the reason.
    """

    id: str
    label: str
    unit: str
    value: Number | None
    shown: str
    numerator: Number | None = None
    denominator: Number | None = None
    records: tuple[str, ...] = ()
    contributions: tuple[Number, ...] = ()
    of: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def exact(self) -> str:
        """Return the value before rounding, as a fraction: 200/3; "" when there is none."""
        return "" if self.value is None else str(Fraction(self.value))


@dataclass(frozen=True, slots=True)
class ColumnHead:
    """A column's key, heading and unit."""

    key: str
    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: figures, or the words of a list's line (then `records` says whose)."""

    key: str
    label: str
    cells: tuple[Figure | str, ...]
    records: tuple[str, ...] = ()
    total: bool = False


@dataclass(frozen=True, slots=True)
class TableResult:
    """One part of a table as it is printed: `id` T06, `part` arrival."""

    id: str
    part: str
    title: str
    part_title: str
    row_head: str
    columns: tuple[ColumnHead, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()

    def figures(self) -> Iterator[Figure]:
        """Give every figure of the part, row by row."""
        for row in self.rows:
            for cell in row.cells:
                if isinstance(cell, Figure):
                    yield cell

    def named(self) -> set[str]:
        """Return the records its figures and rows name, by number."""
        counted = (numbers for figure in self.figures() for numbers in (figure.records, figure.of))
        left_out = {number for figure in self.figures() for number, _ in figure.left_out}
        return left_out.union(*counted, *(row.records for row in self.rows))

    def cell(self, row: str, column: str) -> Figure | str:
        """Return the cell of a row and a column by their keys; KeyError when there is none."""
        place = next((n for n, head in enumerate(self.columns) if head.key == column), None)
        found = next((r for r in self.rows if r.key == row), None)
        if place is None or found is None:
            raise KeyError(f"{self.id}.{self.part}.{row}.{column}")
        return found.cells[place]


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One row of a chart's values: drawn as `bar` or `line`, one `level` for all, or a `figure`: written only."""

    label: str
    role: str
    values: tuple[tuple[Number | None, str], ...]


@dataclass(frozen=True, slots=True)
class ChartResult:
    """A chart of figures that a table of the same document prints; `n` records stand behind them."""

    name: str
    kind: str
    title: str
    unit: str
    categories: tuple[str, ...]
    series: tuple[ChartSeries, ...]
    n: int
