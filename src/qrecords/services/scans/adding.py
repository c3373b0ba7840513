"""Adds to what is filed already: signed paper, attachments, texts read off them, as the next version of its object.

Crash order as in filing: the intent names the versions to be made; the papers are kept among the evidence; the versions
are published one by one; then the register commits those published, with their events. What was not published leaves
nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qrecords.model.audit import digest
from qrecords.model.papers import AFTER_FILING, Added
from qrecords.model.record import Action
from qrecords.model.volume import Item
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.evidence import Evidence, proving, store, take_back
from qrecords.services.intents import open_steps
from qrecords.services.scans.nextversion import Late, Next, Sources, paper_version, text_of, text_version
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow
from qrecords.work.step import Run, TidiedStep, running


@dataclass(frozen=True)
class AddPapers(TidiedStep[Office]):
    """The next versions of filed items, and the papers kept among the evidence for them."""

    KIND = "add"

    filings: tuple[Next, ...]
    files: tuple[Evidence, ...]

    def freezes(self) -> Iterator[str]:
        """Give the records of the items."""
        return (number for version in self.filings for number in version.record_nos)

    def publishes(self) -> Iterator[str]:
        """Give the objects of the items."""
        return (version.object_id for version in self.filings)

    def keeps(self) -> Iterator[str]:
        """Give the papers."""
        return (file.sha256 for file in self.files)

    def standing(self, office: Office) -> AddPapers | None:
        """Return the versions that were published."""
        published = tuple(v for v in self.filings if _is_published(office, v))
        return replace(self, filings=published) if published else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the register know of papers, signatures, texts and items at once, with the events."""
        for version in self.filings:
            first = {paper: at for paper in version.papers if (at := _write_down(tx, paper)) is not None}
            for sha256 in version.texts:
                _set_text(office, tx, sha256)
            tx.records.touch(list(dict.fromkeys(p.record_no for p in version.papers)))
            row = tx.items.row(version.archive_no)
            assert row is not None
            item = {key: getattr(row, key) for key in Item.__dataclass_fields__} | {"version": version.version}
            tx.items.filed(Item(**item), row.filed_at, row.filed_by)
            facts: dict[str, Any] = {"archive_no": version.archive_no, "version": version.version}
            events = _events(version, first)
            tx.audit.append([office.event(act, about, **detail, **facts) for act, about, detail in events])

    def tidy(self, office: Office) -> None:
        """Let go of the waiting pages that are in the archive now."""
        office.papers.inbox.remove(*(page for version in self.filings for page in version.taken))

    def undo(self, office: Office, key: str) -> None:
        """Take back the papers of what was not published."""
        take_back(office, key, self.files)


def add(office: Office, late: Sequence[Late]) -> dict[str, int]:
    """Make the next version of every item these papers belong to; returns the versions by archive number."""
    if not late:
        return {}
    stored = {one.stored: one.source for one in late if one.source}
    with office.exclusive("file", "归档"), running(office) as run:
        with office.register.write() as tx:
            reading.require_unchanged(tx, [one.record for one in late])
            made = [paper_version(office, tx, group) for group in _by_item(late)]
            step = _begin(run, tx, made, stored)
        durable.checkpoint("add.intent")
        store(office, stored)
        durable.checkpoint("add.kept")
        _carry_out(run, step, made)
    return {version.archive_no: version.version for version, _ in made}


def keep_texts(office: Office, hashes: Sequence[str]) -> None:
    """Write down texts just read off papers, and put them into the objects of what is filed.

    An item bound in its present version, or being bound, gets no version for that alone (it would be bound once more):
    its text is in the register, and goes into the object with the next one. So it is with an item that cannot be read.
    """
    if not hashes:
        return
    with office.exclusive("file", "归档"), running(office) as run:
        with office.register.write() as tx:
            reading.require_free(tx, [no for no, _ in tx.beside.holders(hashes)])
            made = [found for item in _unbound(tx, hashes) if (found := text_version(office, tx, item))]
            in_objects = {sha256 for version, _ in made for sha256 in version.texts}
            for sha256 in set(hashes) - in_objects:
                _set_text(office, tx, sha256)
            if not made:
                return
            step = _begin(run, tx, made, {})
        durable.checkpoint("add.intent")
        _carry_out(run, step, made)


def _by_item(late: Iterable[Late]) -> list[list[Late]]:
    groups: dict[str, list[Late]] = {}
    for one in late:
        groups.setdefault(one.record.archive_no, []).append(one)
    return list(groups.values())


def _begin(run: Run[Office], tx: Transaction, made: Sequence[tuple[Next, Sources]], stored: Iterable[str]) -> AddPapers:
    return run.begin(tx, AddPapers(tuple(version for version, _ in made), Evidence.stored_as(stored)))


def _carry_out(run: Run[Office], step: AddPapers, made: Sequence[tuple[Next, Sources]]) -> None:
    office = run.desk
    for version, sources in made:
        kept = [n for n in office.archive.names(version.object_id, version.version - 1) if n not in version.files]
        with office.papers.evidence.lent([*sources.stored.values()]) as lent:
            files = sources.made | {name: lent[stored] for name, stored in sources.stored.items()}
            staged = office.archive.stage(
                version.object_id, files, message=version.message, user=office.account.display_name,
                created=office.clock(), intent=run.key, expected_head=version.version - 1, keep=kept,
            )  # fmt: skip
        office.archive.publish(staged)
    durable.checkpoint("add.frozen")
    run.commit(step)


def _write_down(tx: Transaction, paper: Added) -> str | None:
    """Let the register know of a paper; returns when the signature it shows was registered, if that came first."""
    if file := paper.attached:
        tx.beside.add([paper.record_no], file, file.added_at, file.added_by)
    if not (signed := paper.signed):
        return None
    if (first := tx.records.prove(paper.record_no, signed)) is None:
        tx.records.sign([paper.record_no], signed, signed.recorded_at, signed.recorded_by)
    return first


def _events(version: Next, first: Mapping[Added, str]) -> Iterable[tuple[Action, str, dict[str, Any]]]:
    """Give what is logged of a version: each signature, the files of a record together, texts alone by the item.

    `first`: when a signature was registered whose paper came now.
    """
    for number in dict.fromkeys(p.record_no for p in version.papers):
        mine = [p for p in version.papers if p.record_no == number]
        for paper in mine:
            if signed := paper.signed:
                detail = {"kind": signed.kind, "by": digest(signed.by), "on": signed.on}
                shown = {"print_id": paper.attached.print_id} if paper.attached else {}
                detail |= {"evidence": signed.evidence_sha256} | shown | proving(first.get(paper))
                yield Action.SIGN, number, detail
        if files := [p.attached for p in mine if p.attached and not p.signed]:
            prints = sorted({f.print_id for f in files if f.print_id})
            yield Action.ATTACH, number, {"files": [f.sha256 for f in files]} | ({"prints": prints} if prints else {})
    if not version.papers:
        yield Action.ATTACH, version.archive_no, {"texts": list(version.texts)}


def _is_published(office: Office, version: Next) -> bool:
    """Tell whether the archive holds just this version: every file it adds."""
    archive, at = office.archive, (version.object_id, version.version)
    if archive.head(version.object_id) < version.version or not version.files.keys() <= set(archive.names(*at)):
        return False
    return all(
        hashlib.sha256(archive.read(version.object_id, name, version.version)).hexdigest() == sha256
        for name, sha256 in version.files.items()
    )


def _unbound(tx: Transaction, hashes: Sequence[str]) -> list[ItemRow]:
    """Return the items that hold these papers, are in no volume in their present version and are not being bound."""
    numbers = list(dict.fromkeys(no for no, _ in tx.beside.holders(hashes)))
    filed = [r.archive_no for r in tx.records.many(numbers) if r.state in AFTER_FILING]
    rows = [row for no in dict.fromkeys(filed) if (row := tx.items.row(no))]
    bound = {row.archive_no: {p.version for p in tx.items.places(row.archive_no)} for row in rows}
    binding = _being_bound(tx)
    return [row for row in rows if row.version not in bound[no := row.archive_no] and no not in binding]


def _being_bound(tx: Transaction) -> set[str]:
    """Return the items a compilation under way binds: `compile` holds no lock against filing."""
    return {number for _, step in open_steps(tx) for number in step.binds()}


def _set_text(office: Office, tx: Transaction, sha256: str) -> None:
    tx.records.touch(tx.beside.set_text(sha256, text_of(office, sha256)))
