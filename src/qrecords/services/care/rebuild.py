"""Make the register again from the objects alone: filed records, volumes, destruction lists, closed log segments.

What no object holds cannot come back, and the answer says so: records not yet filed, what the desk keeps (drafts, saved
searches, jobs), accounts and rights, prints, holds, copies, and the events since the last closed segment. Numbers below
the highest one known stay used: a record lost before it was filed comes back as a void number with its reason, so that
no number is ever given out twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qrecords.acting import peer_uid
from qrecords.advice import Do, advise
from qrecords.desk.places import PLACE, register_below
from qrecords.desk.workspace import Workspace
from qrecords.errors import IntegrityFailure, Problem, WrongState
from qrecords.model.audit import digest
from qrecords.model.numbering import RECORD_NO, gaps, parse_record_no, record_no
from qrecords.model.record import Action, Record, State
from qrecords.office import Clock, Office, system_now
from qrecords.services.administer import first_account, open_office
from qrecords.services.care.putback import put_back, raise_counters
from qrecords.services.care.unfreeze import Unfrozen, unfreeze
from qrecords.services.care.verify import Verified, verify
from qrecords.services.finding.indexing import rebuild as rebuild_index
from qrecords.settings import FILE_NAME, load
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.stores.register.afresh import Afresh
from qrecords.stores.register.seals import AFRESH
from qrecords.strict import require_none

LOST = "登记库重建：没有归档，内容已不在"
NOT_BACK = (
    "没有归档的记录（草稿、已提交、已审查的），请对照纸面重新填写；它们的编号已作废，不会重用",
    "工作台上还没有生成记录的填写、存下的检索、没有办完的长活，请重新填写、再存、再办",
    advise("账号和权限，请用 {} 重新设立", Do.ACCOUNTS),
    "没有归档的打印件的记载（那些纸扫描后认不出，请重新打印）、控制副本的登记、保留令和延长保管的决定",
    advise("最后一次封存（{}）以后的日志", Do.CLOSE_LOG),
)

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Rebuilt:
    """What came back, by kind; which objects could not be read."""

    counts: Counter[str] = field(default_factory=Counter)
    void: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    kept: Path | None = None  # the old register, put aside


def rebuild(
    root: Path, *, account_name: str = "", clock: Clock = system_now, progress: Progress | None = None
) -> Rebuilt:
    """Make a workspace's register anew beside the old place, then move it in; WrongState while a sound one is there."""
    require_none("重建登记库")
    settings = load(root)
    if settings.register.url:
        raise WrongState(
            "登记库在服务器上，不在工作区里重建",
            remedy=advise(
                "请先请管理员从服务器的备份恢复；确实找不回来，把 {} 里 [register] 的 url 和 id 改为空再重建，然后 {}",
                FILE_NAME,
                Do.MOVE_REGISTER,
            ),
        )
    afresh = Afresh(register_below(settings.root))
    afresh.require_lost()
    made = Rebuilt()
    with closing(afresh.begin()) as register:
        first_account(register, account_name, settings.moment(clock))
        with register.read() as tx:
            account = tx.accounts.by_uid(peer_uid())
        assert account is not None
        office = Office(Workspace(settings, register, clock), account)
        found = unfreeze(office, progress)
        made.problems = found.problems
        with register.write() as tx:
            _put(office, tx, found, made)
    durable.checkpoint("rebuild.made")
    made.kept = afresh.take_place(settings.moment(clock))
    return made


def open_rebuilt(root: Path, *, clock: Clock = system_now) -> Verified:
    """Open a workspace whose register was rebuilt: make the index again, and check it all."""
    with closing(open_office(root, clock=clock)) as office:
        rebuild_index(office)
        return verify(office)


def _put(office: Office, tx: Transaction, found: Unfrozen, made: Rebuilt) -> None:
    tx.facts.set(PLACE, office.settings.archive.url)
    created = _put_log(tx, found, made)
    put_back(tx, found)
    made.counts["records"] = sum(len(item.records) for item in found.items)
    made.counts["items"], made.counts["volumes"] = len(found.items), len(found.volumes)
    made.counts["documents"] = len(found.documents)
    for drawn in found.lists:
        tx.retention.reserve_list(drawn.disposition, drawn.codes)
        for item in drawn.items:
            tx.items.restore(item)
        for volume in drawn.volumes:
            tx.items.restore_volume(volume, [])
        for document in drawn.documents:
            tx.documents.reserve(document)
        tx.records.add([(record, None) for record in drawn.records])
        tx.records.touch([r.record_no for r in drawn.records])
        tx.retention.bury(drawn.disposition.list_no, drawn.objects, drawn.destroyed_at)
    made.counts["lists"] = len(found.lists)
    made.void = _void_the_lost(office, tx, created)
    raise_counters(tx)
    detail: dict[str, Any] = {**made.counts, "void": len(made.void), "problems": len(made.problems)}
    tx.seals.touched()  # all is sealed below, in pieces
    tx.audit.append([office.event(Action.ADMINISTER, "rebuild", **detail)])
    # What the log says of accounts, copies and holds is of a register that is gone.
    tx.audit.seal_all(office.event(Action.ADMINISTER, AFRESH))


def _put_log(tx: Transaction, found: Unfrozen, made: Rebuilt) -> list[str]:
    """Append the events of the closed segments as they were; returns the records they say were created."""
    created = []
    for segment, events in found.segments:
        tx.audit.append(events, as_they_were=True)
        if tx.audit.head() != (segment.last_seq, segment.head):
            raise IntegrityFailure(
                f"日志段 {segment.object_id} 与前一段接不上，或被改过",
                remedy=advise("请先运行 {} 用备份恢复", Do.RESTORE),
            )
        tx.audit.close(segment)
        # A refused one names a form, or what was typed: only what was done gave a number out.
        made_here = (e.object for e in events if e.action == Action.CREATE and e.outcome == "done")
        created += [number for number in made_here if RECORD_NO.match(number)]
        made.counts["events"] += len(events)
    return created


def _void_the_lost(office: Office, tx: Transaction, created: list[str]) -> list[str]:
    """Put a void record in the place of every number that was given out, as far as is known, and is in no object."""
    used = {key: set(numbers) for key, numbers in tx.records.numbers().items()}
    for number in created:
        form_code, year, n = parse_record_no(number)
        used.setdefault((form_code, year), set())
        used[form_code, year].add(n)
    there = {key: set(numbers) for key, numbers in tx.records.numbers().items()}
    lost = [
        record_no(form_code, year, n)
        for (form_code, year), numbers in sorted(used.items())
        for n in sorted({*gaps(sorted(numbers)), *numbers} - there.get((form_code, year), set()))
    ]
    records = [
        Record(
            record_no=number, form_code=parse_record_no(number)[0], year=parse_record_no(number)[1], state=State.VOID,
            values={}, title="", date=f"{parse_record_no(number)[1]}-01-01", customer_unit="",
            created_at=office.now(), created_by=office.account.name, reason=LOST,
        )
        for number in lost
    ]  # fmt: skip
    tx.records.add([(record, None) for record in records])
    tx.records.touch(lost)
    # The log says from here on that they are empty: else they would look changed by hand.
    tx.audit.append([office.event(Action.UPDATE, number, whole=digest({}), why="rebuild") for number in lost])
    return lost
