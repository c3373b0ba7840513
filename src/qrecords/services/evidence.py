"""Papers kept as evidence: taken back when the step that brought them broke off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qrecords.office import Office
from qrecords.stores import durable


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
