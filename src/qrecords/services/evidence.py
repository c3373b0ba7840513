"""Papers kept as evidence until they are frozen with their record; taken back when their step broke off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from qrecords.errors import InvalidInput
from qrecords.office import Office
from qrecords.stores import durable


def store(office: Office, files: Mapping[str, Path]) -> None:
    """Keep files by the names (SHA-256 and kind) their intent wrote down; InvalidInput for one changed since."""
    durable.make_dirs(office.evidence_dir)
    for name, path in files.items():
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != Path(name).stem:
            raise InvalidInput(f"{path.name} 刚被改动，没有附上", remedy="请等文件写完后再试")
        durable.write_file(office.evidence_dir / name, data)


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
