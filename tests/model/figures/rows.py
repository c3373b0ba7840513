"""Rows of input made into records, and the figures of the shipped tables over them: no office, no file but the forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from qrecords.model.field import FieldType
from qrecords.model.figures import Figure, TableResult
from qrecords.model.figures.drawing import Drawn, Means, Read, draw, improvements
from qrecords.model.figures.visits import Customer
from qrecords.model.form import Form
from qrecords.model.period import Period
from qrecords.model.record import Record, Signed, State
from qrecords.stores.documentkinds import read_documents
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.retentionfile import read_complaint_kinds
from qrecords.stores.tablefiles import read_tables

FORMS = Path(__file__).parents[3] / "forms" / "QR758"
CUSTOMER = Signed("customer-signature", "用户", "2026-01-01")


@cache
def means(folder: Path = FORMS) -> Means:
    """Return what the shipped forms and tables say."""
    catalogue = FormCatalogue(folder)

    @cache  # as the program does for each drawing
    def editions(number: str) -> list[Form]:
        return [f.form for f in catalogue.numbered(number)]

    found = read_tables(folder, editions, catalogue.beside, catalogue.deadlines)
    return Means(
        form=lambda code: catalogue.get(code).form,
        editions=editions,
        sets=found.sets,
        tables=found.tables,
        method=found.method,
        calendar=catalogue.procedure.calendar,
        deadlines=catalogue.deadlines,
        complaints=read_complaint_kinds(folder),
        branches=read_documents(folder).branch_days,
    )


def record(
    name: str, form: str, state: str = "filed", *, signed: bool | Sequence[Signed] = True, **values: Any
) -> Record:
    """Return a record of some values; `name` stands for its number, `signed` by the customer unless said otherwise."""
    definition = means().form(form if "-" in form else f"QR758-{form}")
    day = str(values.get(definition.date_field) or "")
    kept = {k: v for k, v in values.items() if k not in {"reason", "paper_no", "notice"} and v is not None}
    kept.setdefault("performed_by", "客户服务中心")
    if "notice" in values:
        kept["notice_no"] = values["notice"]
    for field in definition.fields:  # a choice misspelt in an example would count nowhere
        if field.choices and field.key in kept:
            chosen = kept[field.key] if field.type is FieldType.MULTI else [kept[field.key]]
            assert set(chosen) <= set(field.choices), (field.key, chosen)
    evidence = signed if isinstance(signed, Sequence) else (CUSTOMER,) if signed else ()
    return Record(
        name, definition.code, int(day[:4] or 2026), State(state), kept, name, day[:10],
        str(kept.get("customer_unit", "")), "", "", reason=values.get("reason", ""),
        notice_no=str(kept.get("notice_no", "")), paper_no=values.get("paper_no", ""), seq=1, signatures=tuple(evidence),
    )  # fmt: skip


class Paper:
    """The tables of one document over some records."""

    def __init__(
        self,
        period: str,
        records: Iterable[Record],
        *,
        kind: str = "BB",
        cutoff: str = "",
        owes: Mapping[str, bool] | None = None,
        handed_in: Mapping[str, tuple[str, bool]] | None = None,
        using: Means | None = None,
        listed: Mapping[str, Mapping[str, str]] | None = None,
        delivered: Mapping[tuple[str, str], str] | None = None,
        customers: Iterable[Customer] = (),
    ) -> None:
        held = self.records = [*records]
        span = Period.read(period)
        first = min((r.date for r in held if r.date), default="9999-12-31")
        months = frozenset(r.date[:7] for r in held)
        read = Read(
            held, first, months, owes or {}, handed_in or {}, listed=listed or {}, delivered=delivered or {},
            improved=improvements(held), customers=[*customers],
        )  # fmt: skip
        self.drawn: Drawn = draw(kind, span, read, using or means(), cutoff or span.last)

    def part(self, table: str, part: str) -> TableResult:
        return next(t for t in self.drawn.tables if (t.id, t.part) == (table, part))

    def figure(self, name: str) -> Figure:
        """Return the figure TABLE.part.row.column."""
        table, part, row, column = name.split(".")
        found = self.part(table, part).cell(row, column)
        assert isinstance(found, Figure)
        return found

    def __getitem__(self, name: str) -> str:
        """Return a figure as printed."""
        return self.figure(name).shown

    def row(self, table: str, part: str, row: str = "total") -> dict[str, str]:
        """Return a row as printed, by column."""
        found = self.part(table, part)
        line = next(r for r in found.rows if r.key == row)
        return {
            head.key: cell.shown if isinstance(cell, Figure) else cell
            for head, cell in zip(found.columns, line.cells, strict=True)
        }

    def column(self, table: str, part: str, column: str) -> dict[str, str]:
        """Return a column as printed, by row, without rows where there is nothing."""
        found = self.part(table, part)
        place = next(n for n, head in enumerate(found.columns) if head.key == column)
        shown = {r.key: c.shown if isinstance(c := r.cells[place], Figure) else c for r in found.rows}
        return {key: value for key, value in shown.items() if value not in {"0", "0.0"}}

    def listed(self, table: str, part: str = "list") -> list[tuple[str, ...]]:
        return [tuple(str(c) for c in row.cells) for row in self.part(table, part).rows]
