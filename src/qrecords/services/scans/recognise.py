"""Reads the text off what lies beside the records, so that it is found by search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qrecords.errors import InvalidInput
from qrecords.model.record import Attached
from qrecords.office import Office
from qrecords.scanning import ocr
from qrecords.scanning.reader import read_file
from qrecords.stores.durable import remove_tree, write_file

ABSENT = "没有安装文字识别（qrecords[ocr]），扫描件里的文字暂时搜不到；装上以后再运行 scan 会补上"

Progress = Callable[[int, int], None]


def recognise_unread(office: Office, *, progress: Progress | None = None) -> list[str]:
    """Read the text of every file that has none yet; returns notes. One that broke off goes on where it was."""
    with office.register.read() as tx:
        unread = tx.beside.unread()
    if not unread:
        return []
    if not ocr.is_available():
        return [ABSENT]
    with office.under_way() as step:
        work = office.archive.work_dir(step)
        try:
            found = [_recognise(office, a, work / f"{n:05d}", progress) for n, a in enumerate(unread)]
        finally:
            remove_tree(work)
    silent = found.count(False)  # not by name: whoever runs this need not be allowed to know of them
    return [f"{silent}份扫描件没有识别出文字"] if silent else []


def _recognise(office: Office, attached: Attached, work: Path, progress: Progress | None) -> bool:
    """Read one file's text and write it down; tell whether there was any on its pages."""
    path = office.evidence_dir / attached.stored
    try:
        pages = read_file(path, work).pages
    except InvalidInput:  # a Word document, or a file gone: `verify` and `file` tell of that
        pages = ()
    texts = [page.text for page in pages]
    if pages and not any(texts):  # a plain scan; a file that has its own text needs no guessing
        texts = ocr.recognise([page.image for page in pages], progress=progress)
    text = "\f".join(texts)
    if path.is_file():
        write_file(path.with_suffix(".txt"), text.encode())
    with office.register.write() as tx:
        tx.records.touch(tx.beside.set_text(attached.sha256, text))
    return not pages or bool(text.strip("\f\n "))
