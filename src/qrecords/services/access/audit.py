"""The log: list, check, export it, and file its closed segments (QS/PA758A 5.11.1; docs/audit.md).

A segment is filed as every other step that makes files: intent, object, commit. It holds the events up to the moment
of its intent, so that whoever rewrites the register later has to rewrite the archive too, and all backups of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from qrecords.advice import Input, advise
from qrecords.errors import InvalidInput, Problem, QRecordsError, WrongState
from qrecords.model import audit
from qrecords.model.audit import Anchor, Event, as_dict, canonical
from qrecords.model.clock import Backwards
from qrecords.model.formats import Manifest, SegmentJson
from qrecords.model.objects import LOG
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.strays import taken_back_to
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.stores.register.audit import Segment, Wanted
from qrecords.work.step import Step, running


@dataclass(frozen=True)
class FileLog(Step[Office]):
    """A segment of the log and its object. One whose object is not there is undone: the next takes its number."""

    KIND = "audit"

    segment: Segment

    def publishes(self) -> tuple[str]:
        """Return the segment's object."""
        return (self.segment.object_id,)

    def standing(self, office: Office) -> FileLog | None:
        """Return all of it when the object was published."""
        return self if office.archive.exists(self.segment.object_id) else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Close the segment, with the event."""
        tx.audit.close(self.segment)
        tx.audit.append([office.event(Action.AUDIT_CLOSE, self.segment.object_id, **_span(self.segment))])


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: its first and last event, and the hash of the last."""

    first_seq: int
    last_seq: int
    head: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of the log: its number and its hash, which vouches for all before it."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events in order, how many fit in all, and the head of the log."""

    events: Sequence[Event]
    total: int
    head: Head


@dataclass(frozen=True, slots=True)
class LogCounts:
    """What was checked of the log: its events, and the heads known from elsewhere."""

    events: int
    anchors: int


@dataclass(frozen=True, slots=True)
class LogChecked:
    """What was checked of the log, its head, and everything wrong with it."""

    checked: LogCounts
    head: Head
    problems: Sequence[Problem]


def list_events(office: Office, wanted: Wanted, *, limit: int = 50, after: int | None = None) -> EventPage:
    """Return events in order: the newest ones that fit, or the first ones after a number."""
    office.authorise(Action.AUDIT_READ, "audit")
    with office.register.read() as tx:
        events = tx.audit.page(wanted, limit=limit, after=after)
        total, (seq, head) = tx.audit.count(wanted), tx.audit.head()
    return EventPage(events, total, Head(seq, head))


def verify_log(office: Office, heads: Sequence[str] = ()) -> LogChecked:
    """Check the whole chain, and that it holds every head known from volumes, segments, steps and paper (`heads`)."""
    office.authorise(Action.AUDIT_READ, "audit")
    typed = [Anchor(_typed(text), "您给出的链头") for text in heads]
    with office.register.read() as tx:
        return check_log(office, tx, typed)


def check_log(office: Office, tx: Transaction, typed: Sequence[Anchor] = ()) -> LogChecked:
    """Return what was checked of the log, and everything wrong with it; the first break comes first."""
    problems: list[Problem] = []
    anchors = [*typed, *_anchors(office, tx, problems)]
    times = Backwards()
    found = audit.check_chain(times.watch(tx.audit.events()), anchors)
    lost = found.lost
    if lost:  # a segment may have been filed since this transaction began: the log goes on meanwhile
        with office.register.read() as later:
            lost = audit.check_chain(later.audit.events(), anchors).lost
    told = []
    if found.broken:
        seq, what = found.broken
        told.append(Problem(f"日志链断裂：{what}；请保留现场并报告安全管理员", source=f"audit/{seq}"))
    told += [
        Problem(
            f"日志里没有{a.where}的链头 {a.head[:16]}…：日志被截短或改写过；请保留现场并报告安全管理员", source="audit"
        )
        for a in lost
    ]
    if missing := tx.audit.missing_guards():
        names = "、".join(missing)
        told.append(Problem(f"登记库里保护日志的触发器不见了（{names}）：有人绕过程序改过登记库", source="audit"))
    told += times.problems() + problems
    return LogChecked(LogCounts(found.events, len(anchors)), Head(found.events, found.head), told)


def export_events(office: Office, *, date_from: str = "", date_to: str = "") -> tuple[Exported, bytes]:
    """Return a stretch of the log, one event a line as docs/audit.md defines it; the export itself is an event."""
    office.authorise(Action.AUDIT_EXPORT, "audit")
    with office.register.read() as tx:
        stretch = tx.audit.stretch(Wanted(date_from=date_from, date_to=date_to))
        if stretch is None:
            raise WrongState("这段时间里没有日志", remedy=advise("请核对 {} 和 {}", Input.FROM, Input.TO))
        events = list(tx.audit.between(*stretch))
    exported = Exported(*stretch, events[-1].hash)
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.AUDIT_EXPORT, "audit", **_span(exported))])
    return exported, _lines(events)


def close_segment(office: Office) -> Segment:
    """File all events since the last segment as an object; WrongState when there are none."""
    office.authorise(Action.AUDIT_CLOSE, "audit")
    return file_log(office)


def file_log(office: Office) -> Segment:
    """File the log up to now whoever acts, as a step of a compilation: the head on its paper then lies in an object."""
    with office.exclusive("audit", "封存日志"), running(office) as run:
        with office.register.write() as tx:
            filed = tx.audit.segments()
            first, (last, head) = (filed[-1].last_seq + 1 if filed else 1), tx.audit.head()
            if last < first:
                raise WrongState("上次封存以后没有新的日志", remedy="不用再封存")
            number = len(filed) + 1
            segment = Segment(number, first, last, head, object_id(number), office.now(), office.account.name)
            taken_back_to(office, tx, segment.object_id, 0)
            step = run.begin(tx, FileLog(segment))
            events = list(tx.audit.between(first, last))
        durable.checkpoint("audit.intent")
        staged = office.archive.stage(
            segment.object_id,
            {"events.jsonl": _lines(events), SegmentJson.FILE: SegmentJson(**asdict(segment)).to_bytes()},
            message="封存日志段",
            user=office.account.display_name,
            created=datetime.fromisoformat(segment.closed_at),
            intent=run.key,
            expected_head=0,
        )
        office.archive.publish(staged)
        durable.checkpoint("audit.published")
        run.commit(step)
    return segment


def object_id(number: int) -> str:
    """Return the id of a segment's object."""
    return LOG.object_id(f"{number:04d}")


def _anchors(office: Office, tx: Transaction, problems: list[Problem]) -> Iterator[Anchor]:
    """Give every head the office itself keeps outside the log."""
    for step in tx.intents.all():
        yield Anchor(step.audit_head, f"操作 {step.id} 开始时")
    for row in tx.items.volumes():
        if row.version > 0 and not tx.facts.is_elsewhere(f"volume/{row.volume_code.rpartition('-')[0]}"):
            where = f"《{row.title}》备考表上"
            yield from _kept(office, row.object_id, _of_volume, where, problems)
    registered = {s.number: s for s in tx.audit.segments()}
    number = 1
    while number in registered or office.archive.exists(object_id(number)):
        if number in registered:
            segment = registered[number]
            yield Anchor(segment.head, f"日志段 {number} 登记", segment.last_seq)
        where = f"日志段 {number} 封存"
        yield from _kept(office, object_id(number), _of_segment, where, problems)
        number += 1


def _of_volume(office: Office, object_id: str, where: str) -> Anchor:
    return Anchor(office.archive.read_as(Manifest, object_id).audit_head, where)


def _of_segment(office: Office, object_id: str, where: str) -> Anchor:
    held = office.archive.read_as(SegmentJson, object_id)
    return Anchor(held.head, where, held.last_seq)


def _kept(
    office: Office, object_id: str, read: Callable[[Office, str, str], Anchor], where: str, problems: list[Problem]
) -> Iterator[Anchor]:
    try:
        yield read(office, object_id, where)
    except (QRecordsError, ValueError) as error:
        problems.append(Problem(f"读不出{where}的链头：{error}；请从备份恢复", source=object_id))


def _typed(text: str) -> str:
    head = audit.typed_head(text)
    if head is None:
        raise InvalidInput(
            f"「{text}」不是链头", remedy=f"请照备考表写至少前 {audit.SHORTEST_HEAD} 位（0–9、a–f），最多 64 位"
        )
    return head


def _span(part: Exported | Segment) -> dict[str, Any]:
    return {"first": part.first_seq, "last": part.last_seq, "head": part.head}


def _lines(events: Sequence[Event]) -> bytes:
    return b"".join(canonical(as_dict(event)) + b"\n" for event in events)
