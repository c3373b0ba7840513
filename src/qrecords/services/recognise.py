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
    notes = []
    with office.under_way() as step:
        work = office.archive.work_dir(step)
        try:
            for number, attached in enumerate(unread):
                notes += _recognise(office, attached, work / f"{number:05d}", progress)
        finally:
            remove_tree(work)
    return notes


def _recognise(office: Office, attached: Attached, work: Path, progress: Progress | None) -> list[str]:
    path = office.evidence_dir / attached.stored
    try:
        read = read_file(path, work)
    except InvalidInput as error:
        return [f"{attached.name} 的文字没有识别：{error.message}"]
    texts = [page.text for page in read.pages]
    if not any(texts):  # a plain scan; a file that has its own text needs no guessing
        texts = ocr.recognise([page.image for page in read.pages], progress=progress)
    text = "\f".join(texts)
    write_file(path.with_suffix(".txt"), text.encode())
    with office.register.write() as tx:
        tx.records.touch(tx.beside.set_text(attached.sha256, text))
    return [] if text.strip("\f\n ") else [f"{attached.name} 里没有识别出文字"]
