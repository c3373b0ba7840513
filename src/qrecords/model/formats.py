"""What the JSON files inside archived objects hold, each read, checked and written here and nowhere else.

They must be readable without the register, and in many years; a change of one raises its `schema`. Written they are
canonical JSON with a line's end, so that the same content has the same bytes.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError

from qrecords.model import runs
from qrecords.model.audit import canonical
from qrecords.model.document import Progress
from qrecords.model.record import Attached, Correction, Record, Signed
from qrecords.model.volume import File, Placed, Spot

EXACT = ConfigDict(extra="forbid")


class Format:
    """A file of an object, called FILE in it: from its bytes and back."""

    __slots__ = ()
    FILE: ClassVar[str]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read and check a file; ValueError names every key that is missing, unknown or of another type."""
        try:
            found: Self = _adapter(cls).validate_json(data, strict=True)  # type: ignore[arg-type]  # classes hash
        except ValidationError as error:
            told = "；".join(f"{'.'.join(map(str, e['loc'])) or '内容'}：{e['msg']}" for e in error.errors()[:3])
            raise ValueError(told) from None
        return found

    def to_bytes(self) -> bytes:
        """Return the file as it lies in the object."""
        return canonical(self, _members) + b"\n"


def _members(one: Any) -> dict[str, Any]:
    """Return a dataclass one level deep: a year's document names its records a million times."""
    return {f.name: value for f in fields(one) if (value := getattr(one, f.name)) or f.name not in _LATER}


# What a format did not have at first: written only where it says something, so that older files keep bytes and hash.
_LATER = frozenset({"left_out", "alarm_states", "milrep"})


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True, slots=True)
class FrozenRecord:
    """One record as its item keeps it: nothing that changes after filing without a new version."""

    __pydantic_config__: ClassVar = EXACT

    record_no: str
    title: str
    date: str
    values: dict[str, Any]
    created_at: str
    created_by: str
    opinion: str
    reviewed_on: str
    reviewed_by: str
    paper_no: str
    signatures: tuple[Signed, ...]
    attached: tuple[Attached, ...]
    corrections: tuple[Correction, ...]

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what is kept of a record as the register has it: signatures that hold, papers that stand."""
        return cls(
            record_no=record.record_no,
            title=record.title,
            date=record.date,
            values=record.values,
            created_at=record.created_at,
            created_by=record.created_by,
            opinion=record.opinion,
            reviewed_on=record.reviewed_on,
            reviewed_by=record.reviewed_by,
            paper_no=record.paper_no,
            signatures=tuple(s for s in record.signatures if not s.lapsed),
            attached=tuple(record.standing_papers),
            corrections=tuple(record.corrections),
        )

    def differing(self, other: FrozenRecord) -> list[str]:
        """Return the parts in which another state of the record differs from this one."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]


@dataclass(frozen=True, slots=True)
class RecordJson(Format):
    """record.json: all that is needed to read an item without the register."""

    FILE: ClassVar = "record.json"
    __pydantic_config__: ClassVar = EXACT

    archive_no: str
    form_code: str
    form_title: str
    template_sha256: str
    month: str
    record_year: int
    retention_years: int
    filed_at: str
    filed_by: str
    print_id: str
    records: tuple[FrozenRecord, ...]
    schema: int = 1

    @property
    def record_nos(self) -> tuple[str, ...]:
        """Return the numbers of its records, in order."""
        return tuple(record.record_no for record in self.records)


@dataclass(frozen=True, slots=True)
class Around:
    """A part around the items of a volume (cover, contents, file note): title, first page of the PDF, pages."""

    title: str
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class BoundItem:
    """An item's place in a volume: which version is bound, from which to which page, made of which files."""

    __pydantic_config__: ClassVar = EXACT

    position: int
    archive_no: str
    document_no: str
    title: str
    date: str
    object: str
    version: int
    sha256: str
    page_from: int
    page_to: int
    files: tuple[File, ...]
    stamp: Spot | None = None

    @classmethod
    def of(cls, placed: Placed) -> Self:
        """Return the place an item was given."""
        item = placed.item
        return cls(
            position=placed.position,
            archive_no=item.archive_no,
            document_no=item.document_no,
            title=item.title,
            date=item.date_to,
            object=item.object_id,
            version=item.version,
            sha256=item.sha256,
            page_from=placed.page_from,
            page_to=placed.page_to,
            files=placed.files,
            stamp=placed.stamp,
        )


@dataclass(frozen=True, slots=True)
class Manifest(Format):
    """manifest.json: what a volume was bound of, what stands around it, and the page each of its files begins on."""

    FILE: ClassVar = "manifest.json"
    __pydantic_config__: ClassVar = EXACT

    volume_code: str
    title: str
    form_code: str
    year: int
    number: int
    supplement: bool
    retention_years: int
    compiled_at: str
    compiled_by: str
    audit_head: str
    secrecy_level: str
    date_from: str
    date_to: str
    pages: int
    items: tuple[BoundItem, ...]
    notes: tuple[str, ...]
    gaps: tuple[str, ...]
    around: tuple[Around, ...] = ()
    pdf_pages: tuple[int, ...] = ()
    schema: int = 1


@dataclass(frozen=True, slots=True)
class SegmentJson(Format):
    """segment.json: a stretch of the log, first and last event, and the hash of the last."""

    FILE: ClassVar = "segment.json"
    __pydantic_config__: ClassVar = EXACT

    number: int
    first_seq: int
    last_seq: int
    head: str
    object_id: str
    closed_at: str
    closed_by: str
    schema: int = 1

    def parts(self) -> dict[str, Any]:
        """Return what the register keeps of a segment, by its names."""
        return {key: value for key, value in asdict(self).items() if key != "schema"}


@dataclass(frozen=True, slots=True)
class FigureJson:
    """A number in a document: what it prints, what it is exactly (a fraction), and the records it counts.

    Records stand as runs of places in the list of the document's records (`model/runs.py`): `records` those that give
    something, `counts` what each gives (none written: one each), `of` those it is a part of, which give nothing.
    `left_out` are those that belong here and could not be counted, by the reason (F.5).
    """

    __pydantic_config__: ClassVar = EXACT

    id: str
    label: str
    value: str
    exact: str
    unit: str
    records: str = ""
    counts: tuple[str, ...] = ()
    of: str = ""
    left_out: tuple[tuple[str, str], ...] = ()  # reason, records


@dataclass(frozen=True, slots=True)
class TableJson:
    """A table of a document: its columns, and rows of a label and the ids of its figures (or a text)."""

    __pydantic_config__: ClassVar = EXACT

    key: str
    title: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """Return its title with the unit, where all its columns have one."""
        return f"{self.title}（单位：{self.unit}）" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class ChartSeriesJson:
    """A series of a chart; each value exact (a fraction, "" = none) and as its table prints it."""

    __pydantic_config__: ClassVar = EXACT

    label: str
    role: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ChartJson:
    """A chart of a document: what it shows of the tables, `kind` C1 … C7; `n` records stand behind it."""

    __pydantic_config__: ClassVar = EXACT

    name: str
    kind: str
    title: str
    unit: str
    period: str
    n: int
    categories: tuple[str, ...]
    series: tuple[ChartSeriesJson, ...]


@dataclass(frozen=True, slots=True)
class AlarmJson:
    """An alarm of a document: what it says, how it stood then, the items it led to, or why none and who says so."""

    __pydantic_config__: ClassVar = EXACT

    key: str
    kind: str
    says: str
    state: str
    items: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""

    @property
    def line(self) -> str:
        """Return the alarm as documents list it."""
        return f"{self.kind}　{self.says}"

    @property
    def answer(self) -> str:
        """Return how it stands, in a line."""
        reason = f"{self.reason}（{self.by}）" if self.reason and self.by else self.reason
        return "　".join(filter(None, (self.state, "、".join(self.items), reason)))


@dataclass(frozen=True, slots=True)
class ChangedFigure:
    """A figure a correction changed: what it was, what it is now."""

    __pydantic_config__: ClassVar = EXACT

    id: str
    label: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class DocumentJson(Format):
    """document.json: all a document says, as it was drawn; what people did with it stands in progress.json.

    `records` are those its figures rest on, each once, by number: with the version of its item, 0 = not filed then.
    """

    FILE: ClassVar = "document.json"
    __pydantic_config__: ClassVar = EXACT

    document_no: str
    form_code: str
    kind_title: str
    title: str
    period: str
    date_from: str
    date_to: str
    branch: str
    secrecy_level: str
    retention_years: int
    edition: int
    as_of: str
    register_seq: int
    audit_head: str
    settings_sha256: str
    org_name: str
    unit: str
    drawn_by: str
    drawn_by_name: str
    needs: tuple[str, ...]
    recipients: tuple[str, ...]
    tables: tuple[TableJson, ...]
    figures: tuple[FigureJson, ...]
    remarks: tuple[str, ...]
    basis: tuple[str, ...]
    alarms: tuple[str, ...]
    answer: str
    reason: str
    changes: tuple[ChangedFigure, ...]
    files: dict[str, str]
    charts: tuple[ChartJson, ...] = ()
    records: tuple[tuple[str, int], ...] = ()
    layout: str = "report"
    issue: str = ""  # of a brief: 第3期（总第27期）
    alarm_states: tuple[AlarmJson, ...] = ()
    milrep: str = ""  # the office it is narrowed to
    schema: int = 2  # 1: nobody told what a figure left out, nor how each alarm stood

    @property
    def alarm_lines(self) -> tuple[str, ...]:
        """Return each alarm with how it stood, as far as that was kept; what is said to all stands once, below them."""
        if not self.alarm_states:
            return self.alarms
        told = (replace(a, reason="", by="") if a.reason == self.answer else a for a in self.alarm_states)
        return tuple(f"{alarm.line}：{alarm.answer}" for alarm in told)

    def records_of(self, figure: FigureJson) -> Iterator[tuple[str, int, str]]:
        """Give the records of a figure: number, version of its item, what it gives (0: it is only a part of it)."""
        for order, place in enumerate(runs.read(figure.records)):
            yield (*self.records[place], figure.counts[order] if figure.counts else "1")
        yield from ((*self.records[place], "0") for place in runs.read(figure.of))

    def left_out_of(self, figure: FigureJson) -> Iterator[tuple[str, int, str]]:
        """Give the records a figure could not count: number, version of its item, why."""
        for reason, records in figure.left_out:
            yield from ((*self.records[place], reason) for place in runs.read(records))

    def naming(self, records: Container[str]) -> Self:
        """Return the document as it is told to who may read these records: its figures name no others."""
        shown = [number in records for number, _ in self.records]

        def told(places: str) -> str:
            return runs.written(place for place in runs.read(places) if shown[place])

        def counts(f: FigureJson) -> tuple[str, ...]:
            return tuple(n for place, n in zip(runs.read(f.records), f.counts, strict=True) if shown[place])

        def left_out(f: FigureJson) -> tuple[tuple[str, str], ...]:
            return tuple((reason, some) for reason, records in f.left_out if (some := told(records)))

        return replace(
            self,
            figures=tuple(
                replace(
                    f, records=told(f.records), counts=counts(f) if f.counts else (), of=told(f.of),
                    left_out=left_out(f),
                )
                for f in self.figures
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProgressJson(Format):
    """progress.json: the signatures, sendings and receipts of a document, as far as the register has them."""

    FILE: ClassVar = "progress.json"
    __pydantic_config__: ClassVar = EXACT

    document_no: str
    progress: Progress
    schema: int = 1
