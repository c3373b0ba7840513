"""Papers kept as evidence until they are frozen with their record; taken back when their step broke off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from qrecords.errors import InvalidInput, Problem
from qrecords.model.record import Record
from qrecords.office import Office
from qrecords.stores import durable
from qrecords.stores.inputs import file_sha256


def store(office: Office, files: Mapping[str, Path]) -> None:
    """Keep files by the names (SHA-256 and kind) their intent wrote down; InvalidInput for one changed since."""
    durable.make_dirs(office.evidence_dir)
    for name, path in files.items():
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != Path(name).stem:
            raise InvalidInput(f"{path.name} 刚被改动，没有附上", remedy="请等文件写完后再试")
        durable.write_file(office.evidence_dir / name, data)


def spoiled_papers(office: Office, records: Iterable[Record]) -> Iterator[tuple[Path, Problem]]:
    """Give the papers that wait to be filed with records and are not what was kept: gone, changed, a link."""
    seen = set[Path]()
    for record in records:
        papers: list[tuple[str, str, str | None]] = [
            (f"附件「{a.name}」", a.stored, None) for a in record.standing_papers
        ]
        papers += [
            (f"签署扫描件「{s.evidence}」", s.stored, s.kind)
            for s in record.signatures
            if s.evidence_sha256 and not s.lapsed
        ]
        for called, stored, kind in papers:
            path = office.evidence_dir / stored
            if path not in seen and (what := _wrong(path)):
                told = f"{called}（{stored}）{what}，请从备份恢复 archive/evidence"
                yield path, Problem(told, kind, source=record.record_no)
            seen.add(path)


def _wrong(path: Path) -> str:
    if path.is_symlink():
        return "被换成了链接"
    if not path.is_file():
        return "不见了"
    return "" if file_sha256(path) == path.stem else "的内容与登记时不同"


def take_back(office: Office, step: str, files: Iterable[Mapping[str, str]]) -> None:
    """Remove the files of an intent (name, sha256) that no record has and no other step under way is keeping.

    Inside a writing transaction: a step that begins later stores the same paper again, after this.
    """
    names = {file["sha256"]: file["name"] for file in files}
    with office.register.write() as tx, durable.storage_errors(office.evidence_dir):
        used = tx.beside.used(list(names))
        for other in tx.intents.open():
            if other["id"] != step:
                used |= {file["sha256"] for file in other["payload"].get("files", ())}
        for sha256, name in names.items():
            if sha256 not in used:
                (office.evidence_dir / name).unlink(missing_ok=True)
