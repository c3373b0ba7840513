"""Whether definition, template and sample of a form agree, for the template in place or one the office made in Word."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qrecords.advice import Do, Sentence, advise
from qrecords.errors import InvalidInput, Problem, QRecordsError
from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.render.code import code_png, payload
from qrecords.render.context import NOT_APPLICABLE, REGISTER_TAGS, SYSTEM_TAGS, form_context, register_context
from qrecords.render.docx import Template
from qrecords.render.fonts import missing_faces
from qrecords.render.wordcheck import WordFile
from qrecords.render.wordplaces import Place
from qrecords.services.intake.overfull import FILED, overfull_rows, overfull_values
from qrecords.services.intake.papercheck import OVERFULL, SAMPLE, Printable, check_papers, odd_places
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.given import GivenFile

WITH_BOXES = {FieldType.ENUM, FieldType.MULTI, FieldType.BOOL}
_LINE_TAGS = ("no",)  # of a list's rows
_RECORD_TAGS = ("record_no", "row_no")  # of a register's rows


@dataclass(slots=True)
class Checkup:
    """What a check found: problems to mend, notes to know of, pages the sample takes by form."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """One form under check."""

    folder: FormFolder
    problems: list[Problem] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    printable: Printable | None = None  # sample and overfull record, filled in


def check_forms(
    office: Office, codes: Sequence[str], *, template: GivenFile | None = None, pages: bool = False
) -> Checkup:
    """Check forms, all when none is named; `template` stands for the one form's own; `pages` prints and reads them too.

    Printing needs LibreOffice: without it a note says that it was not done.
    """
    with template.lent() if template else nullcontext() as path:
        return _checkup(office, codes, path, pages=pages)


def _checkup(office: Office, codes: Sequence[str], template: Path | None, *, pages: bool) -> Checkup:
    found, printables = Checkup(), list[Printable]()
    for code in codes or office.forms.codes():
        full = office.forms.full_code(code)
        try:
            folder = office.forms.get(code)
            seen = _Seen(folder if template is None else FormFolder(folder.form, folder.path, template))
            _check(seen)
        except QRecordsError as error:
            found.problems += [p.at(full, None) for p in error.problems] or [Problem(error.message, source=full)]
            continue
        found.problems += [p.at(full, None) for p in seen.problems]
        found.notes += [f"{full}：{note}" for note in seen.notes]
        if seen.printable is not None:
            printables.append(seen.printable)
    if pages and printables:
        for printable, papers in zip(printables, check_papers(office, printables), strict=True):
            found.problems += papers.problems
            found.notes += [papers.note] if papers.note and papers.note not in found.notes else []
            found.pages |= {printable.form.code: papers.pages} if papers.pages else {}
    elif printables:
        for printable in printables:
            found.problems += [p.at(printable.form.code, None) for p in odd_places(printable)]
    return found


def _check(seen: _Seen) -> None:
    folder = seen.folder
    form = folder.form
    checked = form.check(folder.sample())
    seen.problems += [Problem(advise("示例 sample.json：{}", p.message), p.field) for p in checked.problems]
    missing = form.incomplete(checked.values, [s.key for s in form.stages])
    seen.problems += [Problem(advise("示例 sample.json：{}", p.message), p.field) for p in missing]
    broken = _check_word_file(seen)
    try:
        template = Template.load(folder.template_bytes, folder.template.name)
    except InvalidInput as error:
        # What was found tag by tag says it better than the parser's first stumble.
        seen.problems += [] if broken else list(error.problems) or [Problem(error.message)]
        return
    unknown = _check_tags(form, template)
    seen.problems += unknown
    if not broken and not any(str(p.message).startswith("模板里的标记") for p in unknown):
        seen.printable = printable_of(form, template, checked.values, seen.places)


def _check_word_file(seen: _Seen) -> bool:
    """Look at the file as it was made in Word; tell whether a tag in it is broken."""
    try:
        word = WordFile(seen.folder.template_bytes)
    except Exception:
        return False
    seen.places = word.places()
    tags = word.tag_findings()
    for finding in [*tags, *word.code_findings()]:
        if finding.grave:
            seen.problems.append(Problem(finding.message))
        else:
            seen.notes.append(finding.message)
    if lacking := missing_faces(word.faces()):
        named = "、".join(f"{face}（用 {other} 代替）" if other else face for face, other in sorted(lacking.items()))
        seen.notes.append(f"本机没有装这些字体：{named}；转成 PDF 时版面可能略有出入")
    return any(finding.grave for finding in tags)


def printable_of(form: Form, template: Template, sample: Mapping[str, Any], places: Sequence[Place]) -> Printable:
    """Fill a template with the sample, and with a record as full as it gets."""
    number = f"{form.code}-2025-00001"
    fills: dict[str, list[tuple[str, Mapping[str, Any]]]] = {
        SAMPLE: [(number, sample)],
        OVERFULL: [(number, overfull_values(form))],
    }
    if form.is_register:
        fills[OVERFULL] = list(overfull_rows(form))
    contexts = {fill: _context(form, rows, full=fill == OVERFULL) for fill, rows in fills.items()}
    print_id = payload(number, 1)
    documents = {fill: template.render(context, code_png(print_id)) for fill, context in contexts.items()}
    return Printable(form, template, contexts, documents, print_id, places)


def _context(form: Form, rows: Sequence[tuple[str, Mapping[str, Any]]], *, full: bool) -> dict[str, Any]:
    number, values = rows[0]
    head = dict.fromkeys(SYSTEM_TAGS, "") | {
        "org_name": "示例公司",
        "form_title": form.title,
        "form_code": form.code,
        "form_edition": form.edition or NOT_APPLICABLE,
        "retention": f"{form.retention.years}年",
        "record_no": number,
        "print_id": payload(number, 1),
    }
    head |= FILED if full else {}
    return register_context(form, rows, head, "2025-01") if form.is_register else form_context(form, values, head)


def _check_tags(form: Form, template: Template) -> list[Problem]:
    """Return tags the definition does not know, and fields no tag prints, also those of lists and of registers."""
    problems: list[Problem] = []
    used = template.used
    if form.is_register:
        in_rows = used.rows.get("rows", set())
        problems += _unknown(form, used.names, {*REGISTER_TAGS, *SYSTEM_TAGS})
        problems += _unknown(form, in_rows, {*_names(form.fields), *_RECORD_TAGS})
        problems += _unprinted(form.fields, used.printed_rows.get("rows", set()))
    else:
        problems += _unknown(form, used.names, {*_names(form.fields), *SYSTEM_TAGS})
        problems += _unprinted(form.fields, used.printed)
    for list_field in (f for f in form.fields if f.type is FieldType.ROWS):
        path = f"rows.{list_field.key}" if form.is_register else list_field.key
        if path in used.rows:
            problems += _unknown(form, used.rows[path], {*_names(list_field.columns), *_LINE_TAGS}, list_field)
            problems += _unprinted(list_field.columns, used.printed_rows[path], f"「{list_field.label}」的")
    return problems


def _names(fields: Collection[Field]) -> Iterator[str]:
    for each in fields:
        if each.type not in BOXES:
            yield each.key
        if each.type in WITH_BOXES:
            yield f"{each.key}_boxes"


def _unknown(form: Form, used: set[str], known: set[str], list_field: Field | None = None) -> Iterator[Problem]:
    where = f"「{list_field.label}」的明细" if list_field else "定义"
    for tag in sorted(used - known):
        by_label = {c.label: c.key for c in list_field.columns}.get(tag) if list_field else form.key_of(tag)
        near = [by_label] if by_label else difflib.get_close_matches(tag, sorted(known), n=1, cutoff=0.5)
        meant = f"是不是 {near[0]}？" if near else advise("用 {} 看有哪些栏目", Do.SHOW_FORMS(form.code))
        yield Problem(advise("模板里的标记 {} 在{}里没有，{}", tag, where, meant), tag)


def _unprinted(fields: Collection[Field], used: set[str], owner: str = "") -> Iterator[Problem]:
    for each in fields:
        if each.type not in BOXES and not {each.key, f"{each.key}_boxes"} & used:
            yield Problem(f"{owner}栏目「{each.label}」没有标记印出它，请加上 {each.key}", each.key)
