"""Papers kept as evidence until they are frozen with their record; taken back when their step broke off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qrecords.errors import InvalidInput, Problem
from qrecords.model.record import Record
from qrecords.office import Office
from qrecords.services.intents import open_steps
from qrecords.stores.given import GivenFile


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
