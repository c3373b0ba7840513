"""Check that all is as it was stored, as a list of the four properties (四性, DA/T 70).

Reading, not repairing: what is safe to repair (dead staging, a step to finish or undo, an index behind) is done
whenever the workspace is opened. `deep` reads every byte again; broken off, it goes on where it stopped. Others work
meanwhile: what only differs because archive and register were read at two moments is looked at again before it is told.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from qrecords.advice import Do, advise
from qrecords.errors import Problem, QRecordsError
from qrecords.model.audit import digest
from qrecords.model.document import Document
from qrecords.model.formats import DocumentJson, FrozenRecord, ProgressJson, RecordJson
from qrecords.model.four_properties import Checks, PropertyChecked
from qrecords.model.numbering import gaps, record_no
from qrecords.model.objects import DOCUMENT, ITEM, TEMPLATE, VOLUME
from qrecords.model.record import OPEN_STATES, Action, Record, State
from qrecords.model.replay import AsLogged, as_logged
from qrecords.office import Office
from qrecords.render.pdflook import look
from qrecords.services.access.audit import check_log
from qrecords.services.care.deep import Deep, Found
from qrecords.services.care.stored import has_row, stored
from qrecords.services.checking import derived
from qrecords.services.disposition.hold import lost_holds
from qrecords.services.evidence import spoiled_papers
from qrecords.services.intents import open_steps
from qrecords.services.reports.content import content_sha256
from qrecords.services.sealed import not_as_sealed
from qrecords.services.volumes.check import unreadable
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow, PlacedItem, VolumeRow

Progress = Callable[[int, int], None]
FILED = (State.FILED, State.BOUND)
Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Counted:
    """How much was checked; `resumed`: how many objects a deep check that broke off had done already."""

    objects: int
    items: int
    volumes: int
    events: int
    deep: bool
    resumed: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, the four properties with their checks, and every problem."""

    checked: Counted
    properties: list[PropertyChecked]
    problems: list[Problem]


def verify(office: Office, *, deep: bool = False, afresh: bool = False, progress: Progress | None = None) -> Verified:
    """Check the whole office; `deep` reads every byte again. Returns what was checked and every problem.

    `afresh` also opens and compares again what an earlier deep check found sound.
    """
    office.authorise(Action.VERIFY, "verify")
    checks = Checks()
    checks["rights"].add(_open_to_others(office), count=2)
    ids = sorted(office.archive.ids())
    checks["strays"].add(office.archive.check_root(), len(ids))
    with ExitStack() as stack:
        reading = stack.enter_context(Deep(office, ids, afresh=afresh)) if deep else None
        resumed, damaged = _objects(office, checks, ids, reading, progress)
        with office.register.read() as tx:  # both of one moment
            filed = tx.records.find(states=FILED)
            held = Held(tx.items.all(), tx.documents.all(), tx.items.volumes(), filed)
            _contents(office, checks, held, set(ids), set(damaged), reading)
            counts = _register(office, tx, checks, ids, damaged, {r.record_no: r.archive_no for r in filed}, deep=deep)
    checked = Counted(objects=len(ids), **counts, deep=deep, resumed=resumed)
    return Verified(checked, checks.properties(), checks.problems)


def check_share(office: Office, mine: Sequence[str], name: str, *, progress: Progress) -> tuple[Checks, set[str], int]:
    """Check some objects deeply; returns what was found, the damaged ones, how many were done already.

    Of items and records what is about these objects alone is read; a record that is filed where no item is,
    `verify_rest` tells. `name` is what the share is known by, should its check break off.
    """
    office.authorise(Action.VERIFY, "verify")
    checks = Checks()
    with Deep(office, mine, share=name) as reading:
        resumed, damaged = _objects(office, checks, mine, reading, progress)
        with office.register.read() as tx:
            items = tx.items.of_objects(mine)
            filed = tx.records.archived_under([row.archive_no for row in items], FILED)
            held = Held(items, tx.documents.all(), tx.items.volumes(), [*filed])
            _contents(office, checks, held, set(mine), damaged, reading)
    return checks, damaged, resumed


def verify_rest(office: Office, checks: Checks, damaged: Collection[str], resumed: int) -> Verified:
    """Check what there is one of, and add it to what deep checks of all shares found."""
    office.authorise(Action.VERIFY, "verify")
    checks["rights"].add(_open_to_others(office), count=2)
    ids = sorted(office.archive.ids())
    checks["strays"].add(office.archive.check_root(), len(ids))
    with office.register.read() as tx:
        filed = tx.records.archived_as(FILED)
        counts = _register(office, tx, checks, ids, damaged, filed, deep=True)
    checked = Counted(objects=len(ids), **counts, deep=True, resumed=resumed)
    return Verified(checked, checks.properties(), checks.problems)


@dataclass(frozen=True, slots=True)
class Held:
    """What the register knows of objects that are compared with it, all of one moment."""

    items: Sequence[ItemRow]
    documents: Sequence[Document]
    volumes: Sequence[VolumeRow]
    filed: Sequence[Record]


def _contents(
    office: Office, checks: Checks, held: Held, known: set[str], damaged: set[str], reading: Deep | None
) -> None:
    """Compare what stands in those of the `known` objects that are sound with the register."""
    sound = known - damaged

    @cache
    def has_template(object_id: str) -> bool:
        return object_id in known or office.archive.exists(object_id)

    items = [row for row in held.items if row.version > 0 and row.object_id in sound]
    records: dict[str, list[Record]] = defaultdict(list)
    for record in held.filed:
        records[record.archive_no].append(record)

    def compared(row: ItemRow) -> list[Problem]:
        return [*_item(office, row, records.get(row.archive_no, ()), has_template, reading)]

    for told in _at_once(office, compared, [row for row in items if not DOCUMENT.has(row.object_id)]):
        checks["items"].add(told)
    by_object = {row.object_id: row for row in items}
    for document in held.documents:
        if document.object_id in sound and document.version > 0:
            checks["documents"].add(_document(office, document, by_object.get(document.object_id), reading))
    whole = [v for v in held.volumes if v.version > 0 and v.object_id in sound]
    checks["volumes"].add(_volumes(office, whole, damaged, reading), len(whole))


def _register(
    office: Office, tx: Transaction, checks: Checks, ids: Sequence[str], damaged: Collection[str],
    filed: Mapping[str, str], *, deep: bool,
) -> dict[str, int]:  # fmt: skip
    """Check the register by itself, and that it knows of all objects; returns how much of each there is."""
    reserved, codes = tx.items.all(), tx.items.volumes()
    items, volumes = [i for i in reserved if i.version > 0], [v for v in codes if v.version > 0]
    known = set(ids)
    checks["both_ways"].add(_looked_at_twice(office, _both_ways(office, tx, known, damaged), damaged), len(ids))
    for volume in volumes:
        placed = tx.items.in_volume(volume.volume_code)
        checks["places"].add(_places(volume, placed), len(placed))
    checks["numbers"].add(_record_numbers(tx), sum(map(len, tx.records.numbers().values())))
    checks["numbers"].add(_counters(tx), len(tx.counters.all()))
    checks["numbers"].add(_series(tx, "archive", {i.archive_no for i in reserved}, 4), len(reserved))
    documents = {d.document_no for d in tx.documents.all(reserved=True)}
    checks["numbers"].add(_series(tx, "document", documents, 3), len(documents))
    checks["numbers"].add(_series(tx, "volume", {v.volume_code for v in codes}, 3), len(codes))
    checks["records"].add(_records_against_items(filed, {i.archive_no for i in items}), len(filed))
    waiting = tx.records.find(states=[*OPEN_STATES, State.VOID])
    logged = as_logged(tx.audit.of([r.record_no for r in waiting]))
    checks["waiting"].add(_not_as_logged(office, waiting, logged), len(waiting))
    checks["waiting"].add(_not_as_printed(tx, logged), 0)
    with_papers = [r for r in waiting if r.attached or any(s.evidence_sha256 for s in r.signatures)]
    spoiled = spoiled_papers(office, with_papers, deep=deep)
    checks["evidence"].add((problem for _, problem in spoiled), len(with_papers))
    checks["seals"].add(not_as_sealed(tx), len(tx.seals.present()))
    checks["holds"].add(lost_holds(tx), len(tx.retention.holds()))
    log = check_log(office, tx)
    checks["log"].add(log.problems, log.checked.events)
    return {"items": len(items), "volumes": len(volumes), "events": log.checked.events}


def _objects(
    office: Office, checks: Checks, ids: Sequence[str], reading: Deep | None, progress: Progress | None
) -> tuple[int, set[str]]:
    """Check every object; returns how many a deep check that broke off had done already, and the damaged ones."""
    damaged: set[str] = set()
    resumed = 0
    for done, found in enumerate(reading.objects() if reading else _looked_at(office, ids), start=1):
        resumed += found.again
        if found.problems and _is_destroyed(office, found.object_id):
            continue
        if not checks["objects"].add(found.problems):
            damaged.add(found.object_id)
        checks["formats"].add(found.unreadable, found.files)
        checks["active"].add(found.active, found.files)
        if progress:
            progress(done, len(ids))
    return resumed, damaged


def _looked_at(office: Office, ids: Sequence[str]) -> Iterator[Found]:
    """Look at each object without reading its content."""

    def look_at(object_id: str) -> Found:
        return Found(object_id, office.archive.check(object_id, deep=False))

    return _at_once(office, look_at, ids)


def _at_once(office: Office, look_at: Callable[[Given], Made], each: Sequence[Given]) -> Iterator[Made]:
    """Give what a look at each gave, in their order; at several at a time where the way to the archive takes long."""
    if office.archive.at_once == 1:
        yield from map(look_at, each)
        return
    with ThreadPoolExecutor(office.archive.at_once) as pool:
        yield from pool.map(look_at, each)


def _sha256(office: Office, reading: Deep | None, object_id: str, version: int, name: str) -> str:
    """Return the SHA-256 of a file: of its bytes in a deep check, else what its store says, "" when that says none.

    IntegrityFailure when the file is missing.
    """
    told = "" if reading else office.archive.told_sha256(object_id, name, version)
    if not told:  # who tells the digest has the file
        office.archive.require(object_id, name, version)
    return reading.sha256(object_id, version, name) if reading else told


def _open_to_others(office: Office) -> Iterator[Problem]:
    """Tell of folders anyone on this machine may write into."""
    for folder in office.settings.folders[:2]:
        if os.name == "posix" and folder.stat().st_mode & stat.S_IWOTH:
            how = f"请收回别人的写权限：chmod o-w {folder}"
            yield Problem(f"这台机器上的任何人都能改写这个文件夹；{how}", source=str(folder))


def _is_destroyed(office: Office, object_id: str) -> bool:
    """Tell whether an object was destroyed, by the register, while the check went on."""
    if office.archive.is_there(object_id):
        return False
    with office.register.read() as later:
        return any(row.object_id == object_id for row in later.retention.destroyed())


def _looked_at_twice(office: Office, told: Iterable[Problem], damaged: Collection[str]) -> list[Problem]:
    """Return what both register and archive, read once more, still say: an object may have been filed or destroyed."""
    if not (first := list(told)):
        return []
    about = {str(problem.source) for problem in first}
    with office.register.read() as later:
        there = {object_id for object_id in about if office.archive.is_there(object_id)}
        return [p for p in _both_ways(office, later, there, damaged) if p.source in about]


def _both_ways(office: Office, tx: Transaction, ids: set[str], damaged: Collection[str]) -> Iterator[Problem]:
    """Compare register and archive: neither may know of an object the other does not, but for steps under way."""
    under_way = {object_id for _, step in open_steps(tx) for object_id in step.publishes()}
    destroyed = {row.object_id: row.list_no for row in tx.retention.destroyed()}
    rows = {i: version for i, version in stored(tx).items() if version > 0 and i not in under_way}
    for object_id, version in rows.items():
        if object_id not in ids:
            yield Problem("登记库里有，档案库里没有；请从备份恢复这个对象", source=object_id)
        elif object_id not in damaged and office.archive.head(object_id) != version:
            yield Problem(f"档案库里的版本与登记的 v{version} 不符；请核对备份", source=object_id)
    for object_id in sorted(ids - under_way - rows.keys()):
        if list_no := destroyed.get(object_id):
            again = Do.DESTROY(list_no)
            told = advise("已按清册 {} 登记销毁，对象却还在；请再运行 {}，或核对它从哪里恢复的", list_no, again)
            yield Problem(told, source=object_id)
        elif has_row(object_id):
            yield Problem("档案库里有，登记库里没有；可能登记库是从旧备份恢复的，请核对后重建登记", source=object_id)


def _item(
    office: Office, row: ItemRow, records: Sequence[Record], has_template: Callable[[str], bool], reading: Deep | None
) -> Iterator[Problem]:
    """Compare an item with the register: its number, its documents, and every record as it was frozen."""
    object_id, version = row.object_id, row.version
    try:
        if _sha256(office, reading, object_id, version, ITEM.paper) not in {row.sha256, ""}:
            yield Problem("form.pdf 与归档时登记的不同；请从备份恢复", source=object_id)
        frozen = office.archive.read_as(RecordJson, object_id, version)
    except QRecordsError as error:
        if _is_destroyed(office, object_id):
            return
        yield Problem(f"读不出归档内容：{error}；请从备份恢复", source=object_id)
        return
    if (frozen.record_year, frozen.form_code, frozen.month) != (row.record_year, row.form_code, row.month):
        yield Problem("登记的年度、表式或月份与归档时不同；请核对日志和备份", source=object_id)
    if frozen.archive_no != row.archive_no:
        yield Problem("归档内容里的归档编号与登记不符；请核对备份", source=object_id)
    if not has_template(TEMPLATE.object_id(frozen.template_sha256)):
        yield Problem("归档所用的表式模板不在档案库里；请从备份恢复", source=object_id)
    registered = {r.record_no: r for r in records}
    for kept in frozen.records:
        number, record = kept.record_no, registered.get(kept.record_no)
        if record is None:
            yield Problem("已归档的记录在登记库里不是已归档；请核对日志和备份", source=number)
        elif changed := kept.differing(FrozenRecord.of(record)):
            yield Problem(f"登记库里的内容与归档时不同（{'、'.join(changed)}）；请核对日志和备份", source=number)


def _document(office: Office, document: Document, item: ItemRow | None, reading: Deep | None) -> Iterator[Problem]:
    """Compare a document with the register: what it says, what people did with it, and the paper that was approved."""
    object_id, version = document.object_id, document.version
    try:
        held = office.archive.read_as(DocumentJson, object_id, version)
        progress = office.archive.read_as(ProgressJson, object_id, version).progress
        approved = document.progress.approved_version
        sha256 = _sha256(office, reading, object_id, approved or version, DOCUMENT.paper)
        if item and sha256 not in {item.sha256, ""}:
            yield Problem("document.pdf 与批准时登记的不同；请从备份恢复", source=object_id)
    except QRecordsError as error:
        if not _is_destroyed(office, object_id):
            yield Problem(f"读不出文件内容：{error}；请从备份恢复", source=object_id)
        return
    if (held.document_no, held.form_code, held.period, held.branch, held.milrep) != (
        document.document_no, document.form_code, document.period, document.branch, document.milrep
    ) or content_sha256(held) != document.sha256:  # fmt: skip
        yield Problem("登记库里的内容与拟制时不同；请核对日志和备份", source=object_id)
    if progress != document.progress:
        yield Problem("登记的签署、报送、签收与档案库里的不同；请核对日志和备份", source=object_id)
    if bool(approved) != (item is not None) or (item and item.version != approved):
        yield Problem("批准与归档登记不符；请核对日志和备份", source=object_id)


def _places(row: VolumeRow, placed: Sequence[PlacedItem]) -> Iterator[Problem]:
    """Check that a volume has its items in order, page after page."""
    code, page = row.volume_code, 1
    for line in placed:
        if line.page_from != page:
            yield Problem(f"第{line.position}件 {line.archive_no} 的页码不相接", source=code)
        page = line.page_to + 1
    if len(placed) != row.items or page - 1 != row.pages:
        yield Problem("卷内件数或页数与登记不符", source=code)


def _volumes(
    office: Office, rows: Sequence[VolumeRow], damaged: Collection[str], reading: Deep | None
) -> Iterator[Problem]:
    """Compare volumes with the register; a deep check goes on with their pages."""
    whole = []
    for row in rows:
        code = row.volume_code
        try:
            sha256 = _sha256(office, reading, row.object_id, row.version, VOLUME.paper)
        except QRecordsError as error:
            if _is_destroyed(office, row.object_id):
                continue
            yield Problem(unreadable(str(error)), source=code)
            continue
        if sha256 not in {row.sha256, ""}:
            yield Problem("volume.pdf 与成册时登记的不同；请从备份恢复", source=code)
        elif reading:
            whole.append(row)
        elif not sha256:
            with office.archive.lent(row.object_id, VOLUME.paper, row.version) as path:
                seen = look(path)
            if seen is None or not seen.pages:
                yield Problem(unreadable("打不开"), source=code)
            elif seen.pages < row.pages:
                yield Problem("volume.pdf 的页数少于登记页数", source=code)
    if reading:
        yield from reading.volumes(whole, damaged)


def _record_numbers(tx: Transaction) -> Iterator[Problem]:
    for (form_code, year), numbers in sorted(tx.records.numbers().items()):
        for number in [] if tx.facts.is_elsewhere(f"record/{form_code}/{year}") else gaps(numbers):
            yield Problem("编号缺号：登记库里没有这份记录；请查备份", source=record_no(form_code, year, number))


def _counters(tx: Transaction) -> Iterator[Problem]:
    """Check that every series goes on right behind the last number it gave out: else one would be given out twice."""
    used, counted = tx.counters.used(), tx.counters.all()
    for name in sorted(used.keys() | counted.keys()):
        if used.get(name, 0) != counted.get(name, 0) and not tx.facts.is_elsewhere(name):
            source = name.removeprefix("record/").replace("/", "-")
            yield Problem("编号计数器与已用编号不符，可能造成缺号或重号；请核对日志和备份", source=source)


def _series(tx: Transaction, kind: str, used: Collection[str], digits: int) -> Iterator[Problem]:
    """Check that every number a series gave out is used, or kept for a step to be done again."""
    for name, last in tx.counters.all().items():
        if name.startswith(f"{kind}/") and not tx.facts.is_elsewhere(name):
            series = name.removeprefix(f"{kind}/")
            for code in (f"{series}-{number:0{digits}d}" for number in range(1, last + 1)):
                if code not in used:
                    yield Problem("编号缺号：登记库里没有它；请查备份", source=code)


def _not_as_logged(office: Office, waiting: Iterable[Record], logged: Mapping[str, AsLogged]) -> Iterator[Problem]:
    """Compare what is not frozen yet with what its events say, and what stands beside its values with them."""
    for record in waiting:
        found = logged[record.record_no].differing(record) if record.record_no in logged else []
        if record.values and any(
            getattr(record, column) != value
            for column, value in derived(office.forms.get(record.form_code).form, record.values).items()
        ):
            found.append("题名、日期、单位或通知单号")
        if found:
            yield Problem(f"登记库里的{'、'.join(found)}与日志里的不同；请核对日志和备份", source=record.record_no)


def _not_as_printed(tx: Transaction, logged: Mapping[str, AsLogged]) -> Iterator[Problem]:
    """Tell the prints that show values their record never had: a scan of one would be taken for the record's paper."""
    for print_id, number, shown in tx.records.printed_values([*OPEN_STATES, State.VOID]):
        known = logged[number].had if number in logged and logged[number].tells_all else set()
        if known and shown and digest(shown) not in known:
            yield Problem(f"打印件 {print_id} 登记的内容与日志里的都不同；请核对日志和备份", source=number)


def _records_against_items(filed: Mapping[str, str], archive_nos: Collection[str]) -> Iterator[Problem]:
    for number, archive_no in filed.items():
        if archive_no not in archive_nos:
            yield Problem(f"记录已归档，但没有归档件 {archive_no}", source=number)
