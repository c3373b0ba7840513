"""Paper as jobs: records filled and filed, documents drawn, the text of scans read. Done twice, each is done once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from qrecords.advice import Sentence, advise
from qrecords.errors import UsageError
from qrecords.model.job import Job, JobState
from qrecords.model.papers import AFTER_FILING
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.jobtypes import Arguments, Outcome, Progress, problem_lines
from qrecords.stores.given import GivenFile

if TYPE_CHECKING:
    from qrecords.services.file import Left
    from qrecords.services.filingshares import Line

PAPERS_A_PART = 20  # some minutes of one core


@dataclass(frozen=True, slots=True)
class TextsRead:
    """What a part of the reading came to: how many papers and pages gave no text."""

    silent: int


def may_fill(office: Office, arguments: Arguments) -> None:
    """Refuse a form the account may not fill, before it is written down."""
    office.authorise(Action.CREATE, office.forms.full_code(str(arguments.get("form", ""))))


@dataclass(frozen=True, slots=True)
class _Given:
    """Where copies of workbooks go that were given with a job (services/intake/returning.Copies): to who asked."""

    at: Progress

    def returned(self, source: GivenFile, data: bytes) -> str:
        """Give a copy with what is wrong in it; returns what it is called."""
        return self._give(source, "退回", data)

    def numbered(self, source: GivenFile, data: bytes) -> str:
        """Give a copy with the numbers its rows got; returns what it is called."""
        return self._give(source, "已编号", data)

    def _give(self, source: GivenFile, what: str, data: bytes) -> str:
        name = f"{re.sub(rf'-{what}(-[0-9]+)?$', '', PurePath(source.name).stem)}-{what}.xlsx"
        self.at.give(name, data)
        return name


def fill_records(office: Office, arguments: Arguments, files: Sequence[GivenFile], at: Progress) -> Outcome:
    """Make a record of every row of the files that is none yet; one made before a worker was gone is found again.

    Workbooks come back marked where rows were refused, and with the numbers their rows got.
    """
    from qrecords.services.intake.fill import fill
    from qrecords.services.jobfiles import drop_forgotten

    if not files:
        raise UsageError("没有要填的文件", remedy="请给一个 .xlsx、.csv、.json 或 .yaml 文件")
    as_pdf, keep_going, same_again = (bool(arguments.get(name)) for name in ("pdf", "keep_going", "same_again"))
    at(0, 1)
    drop_forgotten(office)
    made = fill(
        office, str(arguments.get("form", "")), files, pdf=as_pdf, keep_going=keep_going, same_again=same_again,
        copies=_Given(at), progress=at,
    )  # fmt: skip
    again = sum(bool(record.again) for record in made.records)
    lines: list[Sentence] = [f"{r.record_no}{'  已有' if r.again else ''}" for r in made.records]
    lines += [f"{one.source} 第{one.row}行与 {one.record_no} 登记的不同，记录没有变动" for one in made.changed]
    lines += [*problem_lines(problem for row in made.rejected for problem in row.problems), *made.notes]
    told = f"生成{len(made.records) - again}份记录" + (f"，{again}行已有编号" if again else "")
    left = len(made.rejected) + len(made.changed)
    return Outcome(f"{told}，{left}条没有生成" if left else told, lines, ok=not left)


def may_draw(office: Office, arguments: Arguments) -> None:
    """Refuse what cannot be drawn, before it is written down."""
    from qrecords.services.reports.draw import require_drawable

    require_drawable(office, *(str(arguments.get(name, "")) for name in ("kind", "period", "branch", "milrep")))


def draw_document(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    """Draw a document, unless this very job has done so before its worker was gone."""
    from qrecords.services.reports.draw import draw

    at(0, 1)
    with office.register.read() as tx:
        number = tx.answered.get(office.account.name, at.word)
        there = tx.documents.get(number) if number else None
    if there is not None:
        at(1, 1)
        return Outcome(f"已拟制 {there.document_no}　{there.title}")
    kind, period, branch, milrep, answer = (
        str(arguments.get(name, "")) for name in ("kind", "period", "branch", "milrep", "answer")
    )
    remarks = [str(remark) for remark in arguments.get("remarks", ())]
    answers = {str(key): str(text) for key, text in dict(arguments.get("answers") or {}).items()}
    made = draw(
        office, kind, period, branch=branch, milrep=milrep, answer=answer, answers=answers, remarks=remarks,
        word=at.word, progress=at,
    )  # fmt: skip
    return Outcome(f"已拟制 {made.document_no}　{made.title}")


def may_file(office: Office, arguments: Arguments) -> None:
    """Refuse records that are not there, or that the account may not file, before it is written down."""
    if numbers := _numbers(arguments):
        office.authorise_all(Action.FILE, reading.many(office, numbers))
    elif not arguments.get("all"):
        raise UsageError("没有选中记录", remedy="请先选要归档的记录")


def file_many(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    """File records, or all that lack nothing; of those named one that is filed already is told with its number."""
    from qrecords.services import file as filing
    from qrecords.services.filingshares import file_named, file_part, lines_of

    numbers = _numbers(arguments)
    if part := arguments.get("part"):
        return Outcome("归档完这一部分", found=file_part(office, part, named=not arguments.get("all"), progress=at))
    if numbers:
        at(0, len(numbers))
        return _filed(file_named(office, numbers, progress=at).lines, [])
    filed = filing.file_all(office, progress=at)
    return _filed(lines_of(office, filed), filing.left_behind(office))


def _filed(lines: Sequence[Line], left: Sequence[Left], failed: Sequence[Job] = ()) -> Outcome:
    """Tell what was filed, what was before, what is left, and which parts were not done."""
    fresh, before = [one for one in lines if not one.before], [one for one in lines if one.before]
    told: list[Sentence] = [f"{one.record_no}  {one.archive_no}" for one in fresh]
    told += [f"{one.record_no}  {one.archive_no}  早已归档" for one in before]
    told += [f"{one.record_no}：{note}" for one in fresh for note in one.notes]
    told += [advise("没有归档 {}：{}", one.record_no, why) for one in left for why in one.why]
    told += [line for part in failed for line in (part.told, *part.lines)]
    said = f"归档{len(fresh)}件" + (f"，{len(left)}份没有归档" if left else "")
    said += f"，有{len(failed)}部分没有办成，请按各条处理后再办一次" if failed else ""
    return Outcome(said, told, ok=not failed)


def cut_filing(office: Office, arguments: Arguments) -> Sequence[Arguments]:
    """Cut a filing by fonds, form and year."""
    from qrecords.services import filingshares

    numbers = _numbers(arguments)
    return [{"part": part, "all": not numbers} for part in filingshares.cut_filing(office, numbers)]


def join_filing(office: Office, arguments: Arguments, parts: Sequence[Job], _at: Progress) -> Outcome:
    """Tell what all parts came to, as one filing of the whole would."""
    from qrecords.services.file import left_behind
    from qrecords.services.filingshares import Line, PartFiled

    numbers = _numbers(arguments)
    lines = [line for part in parts if (found := part.found(PartFiled)) for line in found.lines]
    if others := {*numbers} - {line.record_no for line in lines}:  # filed before it was cut, or by a part that failed
        filed = [r for r in reading.many(office, sorted(others)) if r.state in AFTER_FILING]
        lines += [Line(r.record_no, r.archive_no, before=True) for r in filed]
    place = {number: at for at, number in enumerate(numbers)}
    lines.sort(key=lambda one: (place.get(one.record_no, 0), one.record_no))
    failed = [part for part in parts if part.state is not JobState.DONE]
    return _filed(lines, [] if numbers else left_behind(office), failed)


def read_texts(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    """Read the text of all papers and waiting pages that have none yet, or of those of one part."""
    from qrecords.services.scans.recognise import recognise_part, recognise_unread, recognise_waiting

    papers, pages = ([str(name) for name in arguments.get(what, ())] for what in ("papers", "pages"))
    if papers or pages:
        return Outcome("识别完这一部分", found=TextsRead(recognise_part(office, papers, pages, progress=at)))
    notes = dict.fromkeys([*recognise_unread(office, progress=at), *recognise_waiting(office, progress=at)])
    return Outcome("扫描件里的文字已识别，可以检索", [*notes])


def cut_texts(office: Office, _arguments: Arguments) -> Sequence[Arguments]:
    """Cut what has no text yet into parts of some minutes; into none where nothing can be read."""
    from qrecords.services.scans.recognise import unread

    papers, pages = unread(office)
    return [
        {what: names[start : start + PAPERS_A_PART]}
        for what, names in (("papers", papers), ("pages", pages))
        for start in range(0, len(names), PAPERS_A_PART)
    ]


def join_texts(office: Office, arguments: Arguments, parts: Sequence[Job], at: Progress) -> Outcome:
    """Put the texts read into the objects, and read what a part left; returns what came of all."""
    made = read_texts(office, arguments, (), at)
    silent = sum(found.silent for part in parts if (found := part.found(TextsRead)))
    return Outcome(made.told, [*made.lines, *([f"{silent}份扫描件没有识别出文字"] if silent else [])])


def _numbers(arguments: Arguments) -> list[str]:
    return [str(number) for number in arguments.get("numbers", ())]
