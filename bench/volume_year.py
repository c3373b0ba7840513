"""A typical year for the binding measurement: 11,680 records of all eleven forms, laid into archive and register.

How many there are of each form is what a centre of 40 to 60 people has; the texts are real ones where they lie beside
the checkout (as in search_corpus), else the sample office's. Registers are filed by month, everything else by record.
A hundred PDFs of each form, and every month of the registers, are made once; they stand for all items, and as a volume
holds no more than a hundred of two pages, none holds the same one twice.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.search_corpus import FIELDS, REAL, rows
from qrecords.model.field import FieldType
from qrecords.model.form import Form
from qrecords.model.numbering import ArchiveClass, file_safe
from qrecords.model.record import Action, Record, State
from qrecords.office import Office
from qrecords.render.code import code_png, payload
from qrecords.render.context import SYSTEM_TAGS, form_context, register_context
from qrecords.render.docx import Template
from qrecords.render.pdf import Converter, finish_pdf, page_count
from qrecords.services.checking import derived
from qrecords.services.demo import SYMPTOMS
from qrecords.services.freezing import Filing, item_of
from qrecords.stores import durable
from qrecords.stores.formfiles import FormCatalogue, FormFolder

FORMS = Path(__file__).resolve().parents[1] / "forms" / "QR758"
YEAR, SEED = 2025, 758
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
# Records a year by form; 11,680 in all.
RECORDS = {"01": 700, "02": 5000, "03": 1000, "04": 700, "05": 150, "06": 1500, "07": 700, "08": 80, "09": 900,
           "10": 600, "11": 350}  # fmt: skip
REGISTER_TEXT, RECORD_TEXT = 18, 300  # characters in a field: a row of a register is a few words
MONTHS = [f"{YEAR}-{month:02d}" for month in range(1, 13)]

Values = dict[str, Any]


@dataclass(frozen=True)
class Paper:
    """A PDF made once, and the values of the records in it."""

    pdf: Path
    pages: int
    sha256: str
    values: Sequence[Values]


class Sentences:
    """Real text, a piece at a time, with a fixed seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        texts = [row[column] for row in rows() for column in FIELDS.values()] if REAL.exists() else list(SYMPTOMS)
        self._known = [f"{s.strip()}。" for text in texts for s in text.split("。") if s.strip()]

    def text(self, most: int) -> str:
        """Return one to four sentences, at most so many characters."""
        return "".join(self._random.choices(self._known, k=self._random.randrange(1, 5)))[:most]

    def number(self, most: int) -> int:
        """Return a number below `most`."""
        return self._random.randrange(most)


def count_of(form: Form, share: float) -> int:
    """Return how many records of a form the year has, or this share of it."""
    return max(12, round(RECORDS[form.number] * share))


def papers(folder: Path, documents: int, share: float) -> dict[str, list[Paper]]:
    """Return finished PDFs by form code, at most `documents` of each, always the same; those there are taken."""
    folder.mkdir(parents=True, exist_ok=True)
    forms = [entry for entry in FormCatalogue(FORMS).all() if entry.form.number in RECORDS]
    wanted: dict[str, list[tuple[str, list[Values]]]] = {}
    for entry in forms:
        form = entry.form
        count = count_of(form, share)
        if form.is_register:
            rows_each = -(-count // len(MONTHS))
            wanted[form.code] = [(f"{form.code}-{m}", _values(entry, f"{m}x{rows_each}", rows_each)) for m in MONTHS]
        else:
            numbers = range(1, min(count, documents) + 1)
            wanted[form.code] = [(f"{form.code}-{YEAR}-{n:05d}", _values(entry, str(n), 1)) for n in numbers]
    _make(folder, {e.form.code: e for e in forms}, [x for made in wanted.values() for x in made])
    return {code: [_paper(folder, name, values) for name, values in made] for code, made in wanted.items()}


def _paper(folder: Path, name: str, values: list[Values]) -> Paper:
    path = folder / _stem(name, values)
    pdf = path.with_suffix(".pdf")
    return Paper(pdf, page_count(pdf), hashlib.sha256(pdf.read_bytes()).hexdigest(), values)


def _stem(name: str, values: Sequence[Values]) -> str:
    return f"{name}x{len(values)}"


def _make(folder: Path, forms: Mapping[str, FormFolder], wanted: Sequence[tuple[str, list[Values]]]) -> None:
    """Make the PDFs that are not there yet, as filing would."""
    templates: dict[str, Template] = {}
    made = []
    for name, values in wanted:
        path = folder / f"{_stem(name, values)}.docx"
        if path.with_suffix(".pdf").exists():
            continue
        entry = forms[name[:9]]
        template = templates.setdefault(name[:9], Template.load(entry.template_bytes))
        path.write_bytes(template.render(_context(entry.form, name, values), code_png(payload(name, 1))))
        made.append((path, name, entry.form.title))
    raw = folder / "raw"
    converter = Converter(seconds_per_file=300)
    by_stem = {path.stem: (name, title) for path, name, title in made}

    def finish(path: Path) -> None:
        name, title = by_stem[path.stem]
        names = {"print_id": payload(name, 1), "title": f"{title} {name}"}
        finish_pdf(path, folder / path.name, **names, created=CREATED, stamp_room=True)

    converter.convert([path for path, _, _ in made], raw, on_done=finish)
    shutil.rmtree(raw, ignore_errors=True)


def _context(form: Form, name: str, values: list[Values]) -> dict[str, Any]:
    head = dict.fromkeys(SYSTEM_TAGS, "") | {
        "org_name": "示例通信设备公司", "form_title": form.title, "form_code": form.code, "form_edition": form.edition,
        "retention": f"{form.retention.years}年", "record_no": name, "supervisor_opinion": "同意归档",
        "archive_no": "示例", "archived_by": "示例管理员", "archived_on": "2026年1月1日", "print_id": payload(name, 1),
    }  # fmt: skip
    if form.is_register:
        lines = [(f"{form.code}-{YEAR}-{n:05d}", row) for n, row in enumerate(values, start=1)]
        return register_context(form, lines, head, name[-7:])
    return form_context(form, values[0], head)


def _values(entry: FormFolder, seed: str, count: int) -> list[Values]:
    """Return the form's sample so many times, with real text in its long fields and days of its own."""
    form, sentences = entry.form, Sentences(f"{SEED} {entry.form.code} {seed}")
    sample = form.check(entry.sample()).values
    most = REGISTER_TEXT if form.is_register else RECORD_TEXT
    long = {
        f.key: min(f.max_length or most, most) for f in form.fields if f.type is FieldType.LTEXT and sample.get(f.key)
    }
    made = []
    for _ in range(count):
        month = seed[5:7] if form.is_register else f"{sentences.number(12) + 1:02d}"
        day = f"{YEAR}-{month}-{sentences.number(28) + 1:02d}"
        texts = {key: sentences.text(most) for key, most in long.items()}
        date = {form.date_field: day + sample[form.date_field][10:]}
        made.append({**sample, **texts, **date, "customer_unit": f"示例单位{sentences.number(40) + 1:02d}"})
    return made


def lay(office: Office, made: Mapping[str, Sequence[Paper]], share: float, year: int = YEAR) -> None:
    """Lay a year's items into archive and register, as filing would leave them; nobody waits for the disk."""
    durable._flush, flush = lambda _handle: None, durable._flush
    try:
        _lay(office, made, share, year)
    finally:
        durable._flush = flush


def _lay(office: Office, made: Mapping[str, Sequence[Paper]], share: float, year: int) -> None:
    for entry in office.forms.of_main():
        found = list(_filings(office, entry.form, made[entry.form.code], share, year))
        with office.under_way() as intent:
            for filing, records, paper in found:
                _freeze(office, intent, filing, records, paper)
            shutil.rmtree(office.archive.work_dir(intent), ignore_errors=True)
        with office.register.write() as tx:
            for filing, records, paper in found:
                item = item_of(office, filing, records, pages=paper.pages, sha256=paper.sha256, version=1)
                tx.items.reserve(item, filing.form_code, year, filing.month, CREATED.isoformat(), "bench")
                tx.items.filed(item, CREATED.isoformat(), "bench")
            tx.records.add([(r, None) for _, records, _ in found for r in records])
            tx.records.touch([r.record_no for _, records, _ in found for r in records])
            # Sealed by the log, as filed items are: binding compares.
            tx.audit.append([office.event(Action.FILE, filing.archive_no) for filing, _, _ in found])


def _freeze(office: Office, intent: str, filing: Filing, records: Sequence[Record], paper: Paper) -> None:
    frozen = json.dumps([r.values for r in records], ensure_ascii=False).encode()
    files: dict[str, bytes | Path] = {"form.pdf": paper.pdf, "form.docx": b"PK", "record.json": frozen}
    staged = office.archive.stage(
        filing.object_id, files, message="归档", user="bench", created=CREATED, intent=intent
    )  # fmt: skip
    office.archive.publish(staged)


def _filings(
    office: Office, form: Form, made: Sequence[Paper], share: float, year: int
) -> Iterator[tuple[Filing, list[Record], Paper]]:
    """Give every item of a form: its filing, its records, its PDF."""
    codes = office.settings.office
    series = ArchiveClass(codes.fonds_no, codes.class_code, form.number, year, form.retention.years)
    count = len(MONTHS) if form.is_register else count_of(form, share)
    for number in range(1, count + 1):
        paper = made[(number - 1) % len(made)]
        archive_no = series.archive_no(number)
        month = f"{year}{MONTHS[number - 1][4:]}" if form.is_register else ""
        first = (number - 1) * len(paper.values) + 1
        records = [
            _record(form, first + n, _within(form, values, month or str(year)), archive_no, year)
            for n, values in enumerate(paper.values)
        ]
        yield (
            Filing(
                form.code, month, tuple(r.record_no for r in records), year, archive_no,
                f"urn:qrecords:item:{file_safe(archive_no)}", 1, 1, CREATED.isoformat(), "bench",
            ),
            records,
            paper,
        )  # fmt: skip


def _within(form: Form, values: Values, period: str) -> Values:
    return {**values, form.date_field: period + values[form.date_field][len(period) :]}


def _record(form: Form, number: int, values: Values, archive_no: str, year: int) -> Record:
    return Record(
        record_no=f"{form.code}-{year}-{number:05d}", form_code=form.code, year=year, state=State.FILED, values=values,
        created_at=CREATED.isoformat(), created_by="bench", reviewed_on=f"{year}-12-31", archive_no=archive_no,
        record_year=year, **derived(form, values),
    )  # fmt: skip
