"""Papers that belong beside a record: fax copies, photographs, summaries (QS/PA758A 5.5.5, Table 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from qrecords.advice import Sentence
from qrecords.errors import InvalidInput, Problem, WrongState
from qrecords.model.papers import AFTER_FILING, Added
from qrecords.model.record import Action, Attached, Record, require_open
from qrecords.office import Office
from qrecords.scanning.reader import read_file, require_file
from qrecords.services import door, reading
from qrecords.services.door import LARGEST
from qrecords.services.finding.indexing import follow
from qrecords.services.scans.adding import add
from qrecords.services.scans.keeping import keep_files
from qrecords.services.scans.nextversion import Late
from qrecords.services.scans.recognise import recognise_unread
from qrecords.services.scans.rights import authorise_papers
from qrecords.stores.durable import remove_tree
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import file_sha256

PAGES = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff"})
OFFICE = frozenset({".docx", ".xlsx"})
LONGEST_NAME = 100


def attach(
    office: Office, record_no: str, files: Sequence[GivenFile], *, recognise: bool = True
) -> tuple[Record, int, list[Sentence]]:
    """Put files beside a record, all or none; returns the record as it is then, the version made of its item, notes.

    They are kept as they are: InvalidInput for one that cannot be read, or carries scripts, macros or files of its own.
    Of a filed record they make the next version of its item, by the right of who files; else the version is 0.
    """
    record = reading.one(office, record_no)
    authorise_papers(office, Action.ATTACH, [record])
    require_open(office.forms.get(record.form_code).form, record, Action.ATTACH)
    version = 0
    with office.under_way() as step, ExitStack() as stack:
        work = office.archive.work_dir(step)
        paths = [stack.enter_context(file.lent()) for file in files]
        try:
            attached = _checked(paths, work / "pages")
            _require_new(record, attached)
            if record.state in AFTER_FILING:
                version = add(office, [*_late(office, record, attached, files)])[record.archive_no]
            else:
                keep_files(office, step, record, list(zip(attached, files, strict=True)))
        finally:
            remove_tree(work)
    notes = recognise_unread(office) if recognise else []
    follow(office)
    return reading.one(office, record.record_no), version, notes


def _late(office: Office, record: Record, attached: Sequence[Attached], files: Sequence[GivenFile]) -> Iterator[Late]:
    for one, file in zip(attached, files, strict=True):
        kept = replace(one, added_at=office.now(), added_by=office.account.name)
        yield Late(record, Added(record.record_no, kept), one.stored, file)


def _checked(files: Sequence[Path], work: Path) -> list[Attached]:
    made: list[Attached] = []
    problems: list[Problem] = []
    untakable = {path: error for path in dict.fromkeys(files) if (error := _untakable(path))}
    takable = [path for path in files if path not in untakable]
    verdicts = dict(zip(takable, door.looked_at([(path, path.name) for path in takable]), strict=True))
    for number, path in enumerate(files):
        try:
            if path in untakable:
                raise untakable[path]
            door.refuse(verdicts[path], path)
            pages = _pages(path, work / f"{number:05d}")
            made.append(Attached("file", safe_name(path.name), file_sha256(path), pages))
        except InvalidInput as error:
            problems.append(Problem(error.told, source=path.name))
    if problems:
        raise InvalidInput(
            f"有{len(problems)}个文件不能附上", remedy="请按提示处理后再试；没有附上任何一个", problems=problems
        )
    return made


def _untakable(path: Path) -> InvalidInput | None:
    """Return why a file is of a kind not taken, missing or too large, before it is opened."""
    if path.suffix.lower() not in PAGES | OFFICE:
        return InvalidInput(
            f"{path.name} 的格式不能附上", remedy="可附 PDF、JPEG、PNG、TIFF、docx、xlsx；其他的请先转成 PDF"
        )
    try:
        require_file(path)
    except InvalidInput as error:
        return error
    if path.stat().st_size > LARGEST:
        return InvalidInput(f"{path.name} 超过 {LARGEST >> 20} MB", remedy="请压缩图片，或分成几个文件")
    return None


def _pages(path: Path, work: Path) -> int:
    """Return how many pages a file has, 0 for an office document; InvalidInput when a page cannot be read."""
    return 0 if path.suffix.lower() in OFFICE else len(read_file(path, work).pages)


def safe_name(name: str) -> str:
    """Return a name every system takes, its kind of file kept."""
    plain = re.sub(r'[\x00-\x1f\\/:*?"<>|]', "_", name).strip(" .") or "附件"
    stem, dot, kind = plain.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(kind)]}{dot}{kind}" if dot else plain[:LONGEST_NAME]


def _require_new(record: Record, attached: Sequence[Attached]) -> None:
    have = {a.sha256 for a in record.attached} | {s.evidence_sha256 for s in record.signatures}
    if same := [a.name for a in attached if a.sha256 in have]:
        raise WrongState(f"{'、'.join(same)} 已经附在 {record.record_no} 上", remedy="去掉已附的再试")
