"""Check bound volumes page by page: what is in them is what was frozen, numbered and listed as the manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from qrecords.errors import Problem, QRecordsError
from qrecords.office import Office
from qrecords.render.volumecheck import Expected, differences, texts
from qrecords.services.volumes.shelf import manifest_of, sealed
from qrecords.services.volumes.stamps import figures_of

Row = dict[str, Any]
Progress = Callable[[int, int], None]


def verify_volumes(
    office: Office, volume_codes: Sequence[str] = (), *, progress: Progress | None = None
) -> tuple[int, list[Problem]]:
    """Check these sealed volumes, or all; return how many, and every problem."""
    rows = sealed(office, volume_codes)
    problems: list[Problem] = []
    for done, row in enumerate(rows, start=1):
        problems += volume_problems(office, row)
        if progress:
            progress(done, len(rows))
    return len(rows), problems


def volume_problems(office: Office, row: Row) -> list[Problem]:
    """Return what is wrong with one volume: its bytes, its manifest against the register, pages, numbers, contents."""
    code = row["volume_code"]
    try:
        return [Problem(told, source=code) for told in _differences(office, row)]
    except (QRecordsError, KeyError, TypeError, ValueError) as error:
        return [Problem(f"读不出这一册：{error}；请从备份恢复", source=code)]


def _differences(office: Office, row: Row) -> Iterator[str]:
    object_id, version = row["object_id"], row["version"]
    manifest = manifest_of(office, object_id, version)
    if hashlib.sha256(office.archive.read(object_id, "volume.pdf", version)).hexdigest() != row["sha256"]:
        yield "volume.pdf 与成册时登记的不同；请从备份恢复"
        return
    with office.register.read() as tx:
        lines = tx.items.in_volume(row["volume_code"])
    keys = ("archive_no", "version", "position", "page_from", "page_to")
    if [[line[k] for k in keys] for line in lines] != [[item[k] for k in keys] for item in manifest["items"]]:
        yield "卷内各件与登记库不符；请核对备份"
    volume = office.archive.path(object_id, "volume.pdf", version)
    yield from differences(volume, list(_expected(office, manifest)))
    yield from _contents(volume, manifest)


def _expected(office: Office, manifest: Row) -> Iterator[Expected]:
    """Give every bound file with its place in the volume and the numbers its pages should have."""
    number, firsts = 0, iter(manifest["pdf_pages"])
    for item in manifest["items"]:
        pages = item["page_to"] - item["page_from"] + 1
        stamped = figures_of(item["archive_no"], pages) if item.get("stamp") else ()
        for file in item["files"]:
            numbers = []
            for page in range(file["pages"]):
                number += page not in file["blank"]
                numbers.append(0 if page in file["blank"] else number)
            source = office.archive.path(item["object"], file["name"], item["version"])
            yield Expected(source, f"{item['position']} {item['document_no']}", next(firsts), tuple(numbers), stamped)
            stamped = ()


def _contents(volume: Path, manifest: Row) -> Iterator[str]:
    """Compare the printed list of contents with the manifest: every item, in order, with its page."""
    (listed,) = (a for a in manifest["around"] if a["title"] == "卷内目录")
    text, at = "".join(texts(volume, listed["page"] - 1, listed["pages"])), 0
    for item in manifest["items"]:
        number = "".join(item["document_no"].split())
        line = f"{item['date'].replace('-', '')}{item['page_from']}{item['page_to'] - item['page_from'] + 1}"
        found = text.find(number, at)
        if found < 0 or text.find(line, found) < 0:
            yield f"卷内目录上没有第{item['position']}件 {item['document_no']}，或页号不对"
            return
        at = text.find(line, found)
