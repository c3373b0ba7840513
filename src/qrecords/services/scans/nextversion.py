"""What the next version of a filed item holds when papers, or the texts read off them, are added to it.

The form and all that is there stay as they are; what is added, and who added it when, goes into record.json. The values
come from the object, never from the register: a version made here carries no silent change (QS/PA758A 5.11.2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure, QRecordsError
from qrecords.model.formats import FrozenRecord, RecordJson
from qrecords.model.papers import AFTER_FILING, Added, supplemented
from qrecords.model.record import Record
from qrecords.office import Office
from qrecords.services.freezing import free_name, held_papers, item_row, papers_of
from qrecords.stores.given import GivenFile
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow
from qrecords.work.step import EXACT

TOLD = 5  # papers a version names
TEXT_MESSAGE = "存入扫描件、附件上识别出的文字"


@dataclass(frozen=True, slots=True)
class Late:
    """Something for a filed record, and where its bytes are; `taken` are the inbox pages it was made of."""

    record: Record
    added: Added
    stored: str = ""
    source: GivenFile | None = None
    taken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Next:
    """The next version of one item: its records, what it adds to them, and each new file with its SHA-256."""

    __pydantic_config__: ClassVar = EXACT

    archive_no: str
    object_id: str
    version: int
    record_nos: tuple[str, ...]
    message: str
    papers: tuple[Added, ...] = ()
    texts: tuple[str, ...] = ()  # of these papers, by their SHA-256
    files: Mapping[str, str] = field(default_factory=dict)
    taken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the bytes of a version's new files come from, by their names: made here, or stored among the evidence."""

    made: dict[str, bytes]
    stored: dict[str, str]


def paper_version(office: Office, tx: Transaction, late: Sequence[Late]) -> tuple[Next, Sources]:
    """Return the version that adds papers to one item, with the bytes of its new files.

    IntegrityFailure when the register does not say of the item what was frozen.
    """
    item = item_row(office, tx, late[0].record)
    held = office.archive.read_as(RecordJson, item.object_id, item.version)
    numbers = held.record_nos
    before = {r.record_no: r for r in tx.records.many([*numbers, *(o.record.record_no for o in late)])}
    after = {no: supplemented(r, [o.added for o in late if o.added.record_no == no]) for no, r in before.items()}
    frozen = {record.record_no: record for record in held.records}
    for number in dict.fromkeys(o.record.record_no for o in late):
        _require_as_frozen(before[number], frozen.get(number))
        now = FrozenRecord.of(after[number])
        frozen[number] = replace(frozen[number], signatures=now.signatures, attached=now.attached)
    described = replace(held, records=tuple(frozen[number] for number in numbers)).to_bytes()
    papers = held_papers(office, item.object_id, item.version)
    new = _new_names(papers, after.values(), {o.stored for o in late if o.source})
    files = {RecordJson.FILE: hashlib.sha256(described).hexdigest()}
    files |= {name: Path(stored).stem for name, stored in new.items()}
    texts = _texts(office, item, {**papers, **{name: files[name] for name in new}})
    added = tuple(o.added for o in late)
    made = Next(
        item.archive_no, item.object_id, item.version + 1, numbers, _message(added), added,
        tuple(sorted(texts.values())), files | _hashes(office, texts), tuple(p for o in late for p in o.taken),
    )  # fmt: skip
    return made, Sources({RecordJson.FILE: described}, new | _stored(texts))


def text_version(office: Office, tx: Transaction, item: ItemRow) -> tuple[Next, Sources] | None:
    """Return the version that adds the texts an item's object lacks, with their bytes.

    None when it lacks none, or cannot be read: `verify` tells of that.
    """
    object_id, version = item.object_id, item.version
    try:
        if office.archive.head(object_id) != version:
            return None
        texts = _texts(office, item, held_papers(office, object_id, version))
    except QRecordsError:
        return None
    if not texts:
        return None
    numbers = tuple(r.record_no for r in tx.records.find(archive_no=item.archive_no, states=AFTER_FILING))
    made = Next(
        item.archive_no, object_id, version + 1, numbers, TEXT_MESSAGE,
        texts=tuple(sorted(set(texts.values()))), files=_hashes(office, texts),
    )  # fmt: skip
    return made, Sources({}, _stored(texts))


def _texts(office: Office, item: ItemRow, papers: Mapping[str, str]) -> dict[str, str]:
    """Return the names of the texts that are known and not in the object, each with its paper's SHA-256."""
    there = set(office.archive.names(item.object_id, item.version))
    return {
        f"{name}.txt": sha256
        for name, sha256 in papers.items()
        if f"{name}.txt" not in there and text_of(office, sha256).strip("\f\n ")
    }


def text_of(office: Office, sha256: str) -> str:
    """Return the text read off a paper; it waits beside it."""
    return office.papers.evidence.text(sha256) or ""


def _hashes(office: Office, texts: Mapping[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text_of(office, sha256).encode()).hexdigest() for name, sha256 in texts.items()}


def _stored(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{sha256}.txt" for name, sha256 in texts.items()}


def _message(papers: Iterable[Added]) -> str:
    """Return why a version was made, as its history tells it."""
    names: dict[str, None] = {}
    for paper in papers:
        file, signed = paper.attached, paper.signed
        if file and file.print_id:
            names[f"扫描件 {file.print_id}"] = None
        elif file:
            names[f"附件 {file.name}"] = None
        elif signed:
            names[f"签署 {signed.by} {signed.evidence}".rstrip()] = None
    told = list(names)
    return "补存" + "、".join(told[:TOLD]) + (f"等{len(told)}份" if len(told) > TOLD else "")


def _require_as_frozen(record: Record, frozen: FrozenRecord | None) -> None:
    """Make sure the register says of a record what was frozen: else its signatures and papers are not to be trusted."""
    changed = FrozenRecord.of(record).differing(frozen) if frozen else ["record_no"]
    if changed:
        raise IntegrityFailure(
            f"登记库里 {record.record_no} 的内容与归档时不同（{'、'.join(changed)}）",
            remedy=advise("请先运行 {} 核对日志和备份；没有附上任何东西", Do.VERIFY),
        )


def _new_names(held: Mapping[str, str], records: Iterable[Record], stored: Collection[str]) -> dict[str, str]:
    """Return the names new papers get in the object; one that another paper has there is left to it."""
    there, names = dict(held), dict[str, str]()
    for wanted, kept in papers_of(records).items():
        if kept in stored and (name := free_name(there, wanted, Path(kept).stem)) not in there:
            there[name], names[name] = Path(kept).stem, kept
    return names
