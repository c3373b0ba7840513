"""Whether a template's paper shows what was filled in: sample and overfull record are printed and read back.

Every value must be seen in full, and the code be read on every page by the reader scans go through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qrecords.advice import advise
from qrecords.errors import InvalidInput, MissingProgram, Problem, QRecordsError
from qrecords.model.field import BOXES, FieldType
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.render.context import TICKED
from qrecords.render.docx import Template
from qrecords.render.finish import finish_pdf
from qrecords.render.paper import PrintedPage, missing_from, page_pictures, plain, read_pages
from qrecords.render.wordplaces import Place
from qrecords.scanning.reader import read_file
from qrecords.services.making import to_pdf

SAMPLE, OVERFULL = "示例", "写满的记录"
_GROWING = {FieldType.TEXT, FieldType.LTEXT, FieldType.MULTI}
SYSTEM_LABELS = {
    "org_name": "公司名称", "form_title": "表名", "form_code": "表式编号", "form_edition": "版本",
    "retention": "保存期限", "record_no": "记录编号", "print_id": "打印号", "supervisor_opinion": "主管审查意见",
    "archive_no": "归档编号", "archived_by": "归档人", "archived_on": "归档日期",
}  # fmt: skip
_MADE = datetime.fromisoformat("2010-11-10T00:00:00+08:00")
_LISTED = 5  # pages named
_SHOWN = 12  # characters of what is missing


@dataclass(frozen=True, slots=True)
class Printable:
    """One form to be printed for its check: what a template prints by fill, its bytes filled in, the code's text."""

    form: Form
    template: Template
    contexts: Mapping[str, Mapping[str, Any]]
    documents: Mapping[str, bytes]
    print_id: str
    places: Sequence[Place] = ()


@dataclass(slots=True)
class Papers:
    """What the printed papers of one form showed: pages of the sample, what is wrong, what could not be done."""

    pages: int = 0
    problems: list[Problem] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Value:
    tag: str  # as in the template; of a list's row `parts.name`
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class _Lost:
    """A value that is not on a paper in full: `rest` is what is missing of it."""

    value: _Value
    fill: str
    rest: str
    is_somewhere: bool  # the file has it, unseen

    @property
    def is_whole(self) -> bool:
        return len(self.rest) == len(plain(self.value.text))


def check_papers(office: Office, printables: Sequence[Printable]) -> list[Papers]:
    """Print the fills of each form, all in one go, and read them back; without LibreOffice a note says that it was not.

    Nothing of it is kept.
    """
    with TemporaryDirectory(prefix="qrecords-check-") as name:
        folder, made = Path(name) / "docx", Path(name) / "pdf"
        folder.mkdir()
        for number, printable in enumerate(printables):
            for fill, document in printable.documents.items():
                (folder / f"{_stem(number, fill)}.docx").write_bytes(document)
        unprinted: dict[str, str] = {}
        try:
            to_pdf(office, sorted(folder.iterdir()), made)
        except MissingProgram as error:
            return [Papers(note=str(advise("没有印出来核对：{}", error.message))) for _ in printables]
        except InvalidInput as error:
            # The converter names its file before the reason.
            unprinted = {Path(str(p.source)).stem: str(p.message).partition(":")[2] for p in error.problems}
        return [_check_form(printable, number, made, unprinted) for number, printable in enumerate(printables)]


def _stem(number: int, fill: str) -> str:
    return f"{number:03d}-{(SAMPLE, OVERFULL).index(fill)}"


def _check_form(printable: Printable, number: int, made: Path, unprinted: Mapping[str, str]) -> Papers:
    form, papers = printable.form, Papers()
    says: list[str] = []
    printed: dict[str, list[PrintedPage]] = {}
    for fill in printable.documents:
        stem = _stem(number, fill)
        if stem in unprinted:
            says.append(f"{fill}印不出来：{unprinted[stem]}")
            continue
        pdf = made / f"{stem}.pdf"
        try:
            finish_pdf(pdf, pdf, print_id=printable.print_id, title=form.title, created=_MADE)
            printed[fill] = read_pages(pdf)
            says += _codes(printable, fill, pdf)
        except QRecordsError as error:
            says.append(f"{fill}印出后读不回来：{error}")
            continue
        says += _leaving(fill, printed[fill])
        says += _ticks(printable, fill, printed[fill])
    if SAMPLE in printed:
        papers.pages = len(printed[SAMPLE])
        if form.sample_pages and papers.pages != form.sample_pages:
            says.append(f"示例印成{papers.pages}页，应为{form.sample_pages}页（form.toml 的 sample_pages）")
    lost = _lost(printable, printed)
    problems = [*map(Problem, says), *_told(printable, lost), *odd_places(printable, lost)]
    papers.problems = [p.at(form.code, None) for p in problems]
    return papers


def _leaving(fill: str, pages: Sequence[PrintedPage]) -> Iterator[str]:
    if outside := [n for n, page in enumerate(pages, start=1) if page.leaves_sheet]:
        yield f"{fill}印出的{_pages(outside)}有表格线或图片伸出纸边，请改窄，或移进页边距以内"


def _codes(printable: Printable, fill: str, pdf: Path) -> Iterator[str]:
    """Read the printed pages as a scan at 150 dpi, by the reader every scan goes through."""
    scan = read_file(page_pictures(pdf, pdf.with_suffix(".tiff")), pdf.with_suffix(""))
    unread = [p.number for p in scan.pages if f"{printable.print_id}/{p.number}" not in p.codes]
    if unread:
        what = "没有编码，或编码扫不出来" if len(unread) < len(scan.pages) else "的编码扫不出来"
        yield (
            f"编码区：{fill}印出的{_pages(unread)}（共{len(scan.pages)}页）{what}；"
            "编码图片要在每一页的页眉里，完整露出，至少20×20毫米，周围留白"
        )


def _pages(numbers: Sequence[int]) -> str:
    listed = "、".join(map(str, numbers[:_LISTED]))
    return f"第{listed}{'等' if len(numbers) > _LISTED else ''}页"


def _lost(printable: Printable, pages: Mapping[str, Sequence[PrintedPage]]) -> list[_Lost]:
    """Return the values not seen in full; what a condition leaves out of one fill must stand in another."""
    always = printable.template.used.always
    lost: list[_Lost] = []
    seen: set[str] = set()
    for fill, printed in pages.items():
        lines = [line for page in printed for line in page.lines]
        unseen = "".join(page.unseen for page in printed)
        for value in _values(printable, fill):
            rest = missing_from(value.text, lines)
            if rest:
                lost.append(_Lost(value, fill, rest, rest[:_SHOWN] in unseen))
            elif plain(value.text):
                seen.add(value.tag)
    return [each for each in lost if each.value.tag in always or each.value.tag not in seen or not each.is_whole]


def _values(printable: Printable, fill: str) -> Iterator[_Value]:
    """Give every value the template prints at a fill."""
    form, used, context = printable.form, printable.template.used, printable.contexts[fill]
    for tag, label in {**SYSTEM_LABELS, "month": "月份"}.items():
        if tag in used.printed and tag in context:
            yield _Value(tag, label, str(context[tag]))
    if form.is_register:
        for line in context["rows"]:
            yield from _of_fields(form, line, used.printed_rows.get("rows", set()), used.printed_rows, "rows")
        return
    yield from _of_fields(form, context, used.printed, used.printed_rows, "")


def _of_fields(
    form: Form, context: Mapping[str, Any], printed: set[str], in_rows: Mapping[str, set[str]], path: str
) -> Iterator[_Value]:
    before = f"{path}." if path else ""
    for each in form.fields:
        if each.type in BOXES:
            continue
        if each.type is FieldType.ROWS:
            names = in_rows.get(f"{before}{each.key}", set())
            for line in context[each.key]:
                for column in each.columns:
                    yield from _texts(
                        column.key, f"{each.label}」的「{column.label}", line, names, f"{before}{each.key}."
                    )
        else:
            yield from _texts(each.key, each.label, context, printed, before)


def _ticks(printable: Printable, fill: str, pages: Sequence[PrintedPage]) -> Iterator[str]:
    """Compare the ticked boxes seen with those printed, where no condition may have left one out."""
    always = printable.template.used.always
    boxes = [v for v in _values(printable, fill) if v.tag.endswith("_boxes") and v.tag in always]
    due = sum(v.text.count(TICKED) for v in boxes)
    seen = sum(page.ticks for page in pages)
    if seen < due:
        yield f"{fill}应印出{due}个打勾的方框（{TICKED}），纸上只见{seen}个；请看选项栏目的字体、颜色和所在的格"


def _texts(key: str, label: str, context: Mapping[str, Any], printed: set[str], before: str) -> Iterator[_Value]:
    for tag in (key, f"{key}_boxes"):
        if tag in printed and tag in context:
            for text in context[tag].split("  ") if tag != key else (context[tag],):
                yield _Value(before + tag, label, text)


def _told(printable: Printable, lost: Sequence[_Lost]) -> Iterator[Problem]:
    """Give one problem a field: how much of it the paper lacks, and why as far as the file tells."""
    for tag in dict.fromkeys(each.value.tag for each in lost):
        worst = max((e for e in lost if e.value.tag == tag), key=lambda e: (e.is_whole, len(e.rest)))
        whole = len(plain(worst.value.text))
        start = worst.rest[:_SHOWN]
        says = (
            f"栏目「{worst.value.label}」{worst.fill}印不全：{whole}字只见{whole - len(worst.rest)}字，缺「{start}…」"
        )
        if worst.is_whole:
            says = f"栏目「{worst.value.label}」{worst.fill}印出来看不到"
        yield Problem(f"{says}；{_reason(printable, worst)}", tag)


def _reason(printable: Printable, lost: _Lost) -> str:
    for place in printable.places:
        if _is_at(place, lost.value.tag) and place.quirks:
            quirk = place.quirks[0]
            return f"{place.words}{quirk.says}，{quirk.remedy}"
    if lost.is_somewhere:
        return "文件里有，纸上看不见：颜色太浅、字太小、被图片或别的文字盖住，或离纸边不到3毫米"
    return "没有排到纸上：请看它所在的行、格、文本框是不是固定大小，是不是隐藏文字，前面的 if 条件是不是总不成立"


def odd_places(printable: Printable, lost: Sequence[_Lost] = ()) -> Iterator[Problem]:
    """Give what keeps a longer value, or any, from the paper, though it did not show with these two."""
    told = {each.value.tag for each in lost}
    growing = set(_growing(printable.form))
    for place in printable.places:
        if any(_is_at(place, tag) for tag in told):
            continue
        for quirk in place.quirks:
            if quirk.always or place.tag.rpartition(".")[2] in growing:
                yield Problem(f"{place.words}{quirk.says}；{quirk.remedy}", place.tag)


def _is_at(place: Place, tag: str) -> bool:
    # A loop's name for a row is the template's own.
    return place.tag == tag or (
        "." in tag and place.tag.rpartition(".")[2] == tag.rpartition(".")[2] and "." in place.tag
    )


def _growing(form: Form) -> Iterator[str]:
    """Give the names that print texts of any length."""
    yield "supervisor_opinion"
    for each in form.fields:
        for one in (each, *each.columns):
            if one.type in _GROWING:
                yield one.key
