"""Paper as jobs: records filled and filed, documents drawn, the text of scans read. Done twice, each is done once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence, advise
from qrecords.errors import UsageError
from qrecords.model.job import Job
from qrecords.model.papers import AFTER_FILING
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.jobtypes import Arguments, Outcome, Progress, problem_lines
from qrecords.stores.given import GivenFile

PAPERS_A_PART = 20  # some minutes of one core


@dataclass(frozen=True, slots=True)
class TextsRead:
    """What a part of the reading came to: how many papers and pages gave no text."""

    silent: int


def may_fill(office: Office, arguments: Arguments) -> None:
    """Refuse a form the account may not fill, before it is written down."""
    office.authorise(Action.CREATE, office.forms.full_code(str(arguments.get("form", ""))))


def fill_records(office: Office, arguments: Arguments, files: Sequence[GivenFile], at: Progress) -> Outcome:
    """Make a record of every row of the files that is none yet; one made before a worker was gone is found again."""
    from qrecords.services.intake.fill import fill

    if not files:
        raise UsageError("没有要填的文件", remedy="请给一个 .xlsx、.csv、.json 或 .yaml 文件")
    as_pdf, keep_going, same_again = (bool(arguments.get(name)) for name in ("pdf", "keep_going", "same_again"))
    at(0, 1)
    made = fill(
        office, str(arguments.get("form", "")), files, pdf=as_pdf, keep_going=keep_going, same_again=same_again,
        progress=at,
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

    require_drawable(office, *(str(arguments.get(name, "")) for name in ("kind", "period", "branch")))


def draw_document(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    """Draw a document, unless this very job has done so before its worker was gone."""
    from qrecords.services.reports.draw import draw

    at(0, 1)
    with office.register.read() as tx:
        number = tx.answered.get(office.account.name, at.word)
        there = tx.documents.get(number) if number else None
    if there is not None:
        return Outcome(f"已拟制 {there.document_no}　{there.title}")
    kind, period, branch, answer = (str(arguments.get(name, "")) for name in ("kind", "period", "branch", "answer"))
    remarks = [str(remark) for remark in arguments.get("remarks", ())]
    answers = {str(key): str(text) for key, text in dict(arguments.get("answers") or {}).items()}
    made = draw(office, kind, period, branch=branch, answer=answer, answers=answers, remarks=remarks, word=at.word)
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

    if numbers := _numbers(arguments):
        named = reading.many(office, numbers)
        before = [r for r in named if r.state in AFTER_FILING]
        open_ones = [r.record_no for r in named if r.state not in AFTER_FILING]
        at(0, len(open_ones))
        filed = filing.file_records(office, open_ones, progress=at) if open_ones else []
        left: list[filing.Left] = []
    else:
        before, filed = [], filing.file_all(office, progress=at)
        left = filing.left_behind(office)
    lines: list[Sentence] = [f"{one.record_no}  {one.archive_no}" for one in filed]
    lines += [f"{record.record_no}  {record.archive_no}  早已归档" for record in before]
    lines += [advise("{}：{}", one.record_no, note) for one in filed for note in one.notes or ()]
    lines += [advise("没有归档 {}：{}", one.record_no, why) for one in left for why in one.why]
    return Outcome(f"归档{len(filed)}件" + (f"，{len(left)}份没有归档" if left else ""), lines)


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
