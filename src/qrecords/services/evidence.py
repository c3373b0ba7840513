"""Papers kept as evidence until they are frozen with their record; the signatures they show, one each.

Papers of a step that broke off are taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qrecords.errors import InvalidInput, Problem
from qrecords.model.record import Record, Signed
from qrecords.office import Office
from qrecords.services.intents import open_steps
from qrecords.stores.given import GivenFile
from qrecords.stores.register import Transaction


@dataclass(frozen=True, slots=True)
class Evidence:
    """A paper as a step's intent names it: what it is stored as, and its SHA-256."""

    name: str
    sha256: str

    @classmethod
    def stored_as(cls, names: Iterable[str]) -> tuple[Evidence, ...]:
        """Return papers by what they are stored as: SHA-256 and kind."""
        return tuple(cls(name, Path(name).stem) for name in names)


def store(office: Office, files: Mapping[str, GivenFile]) -> None:
    """Keep files by the names (SHA-256 and kind) their intent wrote down; InvalidInput for one changed since."""
    for name, file in files.items():
        try:
            office.papers.evidence.keep(name, file.read())
        except ValueError:
            raise InvalidInput(f"{file.name} 刚被改动，没有附上", remedy="请等文件写完后再试") from None


def register(office: Office, tx: Transaction, record_nos: Collection[str], signed: Signed) -> dict[str, str]:
    """Write down that a signature stands on the papers of records on their way.

    One that was registered first and whose paper comes now is one signature with its paper, of the moment it came: a
    value changed since lets it lapse. Returns when it was registered, by record, to be said in the log.
    """
    now = {"recorded_at": office.now(), "recorded_by": office.account.name}
    first = {no: at for no in record_nos if (at := tx.records.prove(no, signed, **now)) is not None}
    if further := [no for no in record_nos if no not in first]:
        tx.records.sign(further, signed, office.now(), office.account.name)
    return first


def proving(registered: str | None) -> dict[str, str]:
    """Return what the log says of a signature whose paper came to one registered before."""
    return {} if registered is None else {"proves": registered}


def spoiled_papers(office: Office, records: Iterable[Record], *, deep: bool = True) -> Iterator[tuple[str, Problem]]:
    """Give the places of papers that wait to be filed with records and are not what was kept: gone, changed, a link.

    Not `deep`, a store's own digests are believed.
    """
    evidence, seen = office.papers.evidence, set[str]()
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
            if stored not in seen and (what := evidence.fault(stored, deep=deep)):
                told = f"{called}（{stored}）{what}，请从备份恢复 archive/evidence"
                yield evidence.place(stored), Problem(told, kind, source=record.record_no)
            seen.add(stored)


def take_back(office: Office, key: str, files: Iterable[Evidence]) -> None:
    """Remove the files of a step that no record has and no other step under way is keeping.

    Inside a writing transaction: a step that begins later stores the same paper again, after this.
    """
    names = {file.sha256: file.name for file in files}
    with office.register.write() as tx:
        used = tx.beside.used(list(names))
        used |= {sha256 for other, step in open_steps(tx) if other != key for sha256 in step.keeps()}
        office.papers.evidence.drop(*(name for sha256, name in names.items() if sha256 not in used))
