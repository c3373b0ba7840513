"""Execute a destruction list (domain rule C.10; DA/T 42-2009 7.7): check again, certify, bury, remove, verify.

Crash order: the intent says which list; certificate and tombstones are published with the list's object, synced, before
the first byte goes. From then on there is no way back: the register buries what is listed; then objects, files,
index and the register's old pages go; then all is looked for, and the result is added to the certificate. A step that
fails stops the rest and says what is still there; opening the workspace, or `destroy` again, goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure, Problem, QRecordsError, StorageFailure, WrongState
from qrecords.model.audit import Event, first_break
from qrecords.model.destruction import (
    CertificateJson,
    ListedObject,
    ListJson,
    ResultJson,
    Tombstone,
    TombstonesJson,
)  # fmt: skip
from qrecords.model.disposition import DestructionList, ListState
from qrecords.model.formats import DocumentJson, RecordJson
from qrecords.model.objects import DOCUMENT
from qrecords.model.period import Period
from qrecords.model.record import Action, State
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.care.backup import REMOVAL
from qrecords.services.disposition import remains
from qrecords.services.disposition.hold import lost_holds
from qrecords.services.disposition.lists import ListShown, get, listed_units, require_free, require_same, shown
from qrecords.services.disposition.liststep import Listed, ListStep
from qrecords.services.disposition.papers import Papers, certificate_papers, word_of
from qrecords.services.disposition.retained import require_clock
from qrecords.services.hands import require_other_hands
from qrecords.services.intents import open_steps
from qrecords.services.jobfiles import drop_forgotten
from qrecords.services.sealed import not_as_sealed
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.stores.register.retention import SECRECY
from qrecords.work.step import FINISHED, UNDONE, UNFINISHED, Run, running

KEPT = ("list.json", "list.docx", "list.pdf", "list.xlsx")
AND_CERTIFIED = (*KEPT, CertificateJson.FILE, TombstonesJson.FILE)
CERTIFIED, VERIFIED = 2, 3  # versions of a list's object
BEFORE = "本证明在销毁开始之前写成并存盘；执行结果见本证明的下一版。"


@dataclass(frozen=True)
class DestroyListed(ListStep):
    """A list about to be executed. Until its certificate stands nothing has gone; from then on it is finished."""

    KIND = "destroy"

    def standing(self, office: Office) -> DestroyListed | None:
        """Return all of it when the certificate stands."""
        return self if office.archive.head(self.object_id) >= CERTIFIED else None

    def finish(self, run: Run[Office]) -> None:
        """Do all that comes after the certificate; what is done already is passed over."""
        office = run.desk
        with office.register.read() as tx:
            drawn = get(office, self.list_no, tx)
        certificate = office.archive.read_as(CertificateJson, drawn.object_id, CERTIFIED)
        try:
            if office.archive.head(drawn.object_id) < VERIFIED:
                _bury(office, drawn, certificate)
                durable.checkpoint("destroy.buried")
                remains.remove_objects(office, certificate, run.key)
                remains.remove_files(office, certificate)
                remains.remove_text(office)
                drop_forgotten(office)
                if problems := remains.left(office, certificate):
                    raise StorageFailure("有的内容没有删掉", problems=problems)
                _add_result(office, run.key, drawn, certificate)
                durable.checkpoint("destroy.verified")
            run.commit(self)
            durable.remove_tree(run.folder)
        except (QRecordsError, OSError) as error:
            problems = _left(office, certificate)
            why, remedy = (error.message, error.remedy) if isinstance(error, QRecordsError) else (str(error), "")
            raise StorageFailure(
                advise("清册 {} 的销毁没有做完：{}；还剩{}处", self.list_no, why, len(problems)),
                remedy=advise("{}；然后再运行 {}，会接着做完", remedy or "请排除故障", Do.DESTROY(self.list_no)),
                problems=problems,
            ) from error

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the list be executed, with the event."""
        drawn = get(office, self.list_no, tx)
        if drawn.state is ListState.APPROVED:
            raise WrongState(f"清册 {self.list_no} 还没有登记销毁", remedy=advise("请运行 {} 核对", Do.VERIFY))
        tx.retention.save_list(replace(drawn, state=ListState.DESTROYED, version=VERIFIED))
        certificate = hashlib.sha256(office.archive.read(drawn.object_id, "certificate.pdf", VERIFIED)).hexdigest()
        tx.audit.append([office.event(Action.DESTROY, self.list_no, result="verified", certificate=certificate)])

    def recover(self, office: Office, key: str) -> str:
        """Finish it when nobody files, compiles or backs up; what is in the way is told by who executes it again."""
        if self.standing(office) is None:
            return UNDONE
        try:
            with undisturbed(office):
                self.finish(Run(office, key))
        except QRecordsError:  # others may go on working
            return UNFINISHED
        return FINISHED


def destroy(office: Office, list_no: str) -> ListShown:
    """Destroy what stands on an approved and witnessed list; nothing of the listed may be held, open or changed."""
    office.authorise(Action.DESTROY, list_no)
    with undisturbed(office):
        drawn = get(office, list_no)
        drawn.require_executor(office.account.name)
        if _went_on(office, drawn):
            return shown(office, get(office, list_no))
        with running(office) as run:
            with office.register.write() as tx:
                require_clock(office, tx)
                drawn = get(office, list_no, tx)
                certificate = _checked(office, tx, drawn)
                step = run.begin(tx, DestroyListed((Listed(drawn.list_no, drawn.object_id),)))
            durable.checkpoint("destroy.intent")
            _certify(office, run.key, drawn, certificate)
            durable.checkpoint("destroy.certified")
            step.finish(run)
    return shown(office, get(office, list_no))


@contextmanager
def undisturbed(office: Office) -> Iterator[None]:
    """Let no filing, compilation or backup meet a destruction."""
    with (
        office.exclusive("file", "归档"),
        office.exclusive("compile", "成册"),
        office.exclusive(REMOVAL, "备份或销毁"),
    ):
        yield


def _went_on(office: Office, drawn: DestructionList) -> bool:
    """Take up a destruction that stopped after its certificate; one that stopped before it is undone."""
    with office.register.read() as tx:
        steps = [(key, step) for key, step in open_steps(tx) if isinstance(step, DestroyListed)]
    mine = [(key, step) for key, step in steps if step.list_no == drawn.list_no]
    if mine and mine[0][1].standing(office):
        key, step = mine[0]
        with office.leases.take_over(key) as is_dead:
            if not is_dead:
                raise WrongState(f"另一个程序正在接着办清册 {drawn.list_no}", remedy="请过一会儿再看，不用重做")
            step.finish(Run(office, key))
        return True
    if drawn.state is ListState.DESTROYING:
        raise IntegrityFailure(
            f"清册 {drawn.list_no} 正在销毁，却没有这一步的记载", remedy=advise("请运行 {} 核对", Do.VERIFY)
        )
    with office.register.write() as tx:
        for key, _ in mine:
            tx.intents.close(key, done=False)
    return False


def _checked(office: Office, tx: Transaction, drawn: DestructionList) -> CertificateJson:
    """Check all again at this moment and return the certificate; whoever executes is its last signature."""
    drawn.require_executor(office.account.name)
    require_other_hands(office, tx, [drawn.list_no], {Action.APPROVE, Action.WITNESS})
    content = require_same(office, drawn)
    require_log(tx, drawn)
    units = listed_units(office, tx, content)
    # Each day someone confirmed must lie after the period, so that a clock set forward today helps nobody.
    days = [office.today(), *(c.on for c in (drawn.approved, *drawn.witnesses) if c)]
    require_free(office, tx, units, days, drawn.list_no)
    _require_as_kept(office, tx, content)
    reading.require_free(tx, content.records)
    assert drawn.approved is not None  # asked of the executor above
    return CertificateJson(
        list_no=drawn.list_no,
        sha256=drawn.sha256,
        approved=drawn.approved,
        witnesses=drawn.witnesses,
        executed=word_of(office, drawn),
        list=content,
        objects=tuple(
            ListedObject(p.object, p.code, **asdict(office.archive.measure(p.object))) for p in content.pieces
        ),
        files=tuple(remains.files_of(office, tx, content)),
        backups=remains.backups(tx),
        copies=remains.copies(tx, content),
        audit_head=tx.audit.head()[1],
    )


def _require_as_kept(office: Office, tx: Transaction, content: ListJson) -> None:
    """Make sure no hold, no year and no decision in the register was edited: they decide whether this may go."""
    problems = [*lost_holds(tx), *not_as_sealed(tx)]
    for piece in content.pieces:
        row = tx.items.row(piece.code)
        if row is None:
            continue
        year = _year_of(office, row.object_id, row.version)
        if year != row.record_year:
            told = f"登记库里是{row.record_year}年的，归档时是{year}年"
            problems.append(Problem(told, source=piece.code))
    if problems:
        remedy = "登记库可能被改过。不能销毁，请报告安全管理员"
        raise IntegrityFailure("登记库与日志、归档件不符", remedy=remedy, problems=problems)


def _year_of(office: Office, object_id: str, version: int) -> int:
    """Return the year an item was frozen with."""
    if DOCUMENT.has(object_id):
        return Period.read(office.archive.read_as(DocumentJson, object_id, version).period).year
    return office.archive.read_as(RecordJson, object_id, version).record_year


def require_log(tx: Transaction, drawn: DestructionList) -> None:
    """Make sure the log says the same of approval and witnesses as the register, and that its chain holds."""
    if broken := first_break(tx.audit.events()):
        raise IntegrityFailure(f"日志链断裂：{broken[1]}", remedy="不能销毁。请保留现场，报告安全管理员")
    words = [(Action.APPROVE, drawn.approved), *((Action.WITNESS, w) for w in drawn.witnesses)]
    expected = {(str(action), c.account, c.on, c.sha256) for action, c in words if c}
    logged = {_word(event) for event in tx.audit.events(drawn.list_no) if event.outcome == "done"}
    if missing := sorted(expected - logged):
        raise IntegrityFailure(
            f"日志里没有 {missing[0][1]} 对清册 {drawn.list_no} 的确认",
            remedy="登记库可能被改过。不能销毁，请报告安全管理员",
        )


def _word(event: Event) -> tuple[str, str, str, str]:
    return event.action, event.account, str(event.detail.get("on", "")), str(event.detail.get("list", ""))


def _certify(office: Office, intent: str, drawn: DestructionList, certificate: CertificateJson) -> None:
    stones = tuple(map(Tombstone.of, certificate.list.pieces))
    files = {
        **certificate_papers(office, certificate, [BEFORE], office.archive.work_dir(intent)),
        CertificateJson.FILE: certificate.to_bytes(),
        TombstonesJson.FILE: TombstonesJson(drawn.list_no, stones).to_bytes(),
    }
    _publish(office, intent, drawn, certificate, files, KEPT)


def _publish(
    office: Office,
    intent: str,
    drawn: DestructionList,
    certificate: CertificateJson,
    files: Papers,
    keep: tuple[str, ...],
) -> None:
    result = len(keep) > len(KEPT)
    staged = office.archive.stage(
        drawn.object_id,
        files,
        message="销毁结果" if result else "销毁证明",
        user=certificate.executed.name,
        created=office.clock(),
        intent=intent,
        expected_head=CERTIFIED if result else CERTIFIED - 1,
        keep=keep,
    )
    office.archive.publish(staged)


def _bury(office: Office, drawn: DestructionList, certificate: CertificateJson) -> None:
    """Put tombstones in the register: what is listed is destroyed from now on, each record with its event."""
    if drawn.state is not ListState.APPROVED:
        return
    content, executed = certificate.list, certificate.executed
    numbers, codes = content.records, {e.code: e.object for e in certificate.objects}
    with office.register.write() as tx:
        tx.retention.bury(drawn.list_no, codes, executed.at)
        tx.documents.bury([i for i in codes.values() if DOCUMENT.has(i)])
        tx.retention.forget(numbers, remains.subjects_of(content))
        tx.jobs.forget_ended()
        blank = dict.fromkeys(("customer_unit", "notice_no", "opinion", "reviewed_by", "reason"), "")
        for record in tx.records.many(numbers):
            kept = {SECRECY: record.values[SECRECY]} if SECRECY in record.values else {}
            tx.records.change([record.record_no], state=State.DESTROYED, values=kept, **blank)
        tx.retention.save_list(replace(drawn, state=ListState.DESTROYING, version=CERTIFIED, executed=executed))
        done = office.event(Action.DESTROY, drawn.list_no, list=drawn.sha256, list_no=drawn.list_no)
        done = replace(done, account=executed.account)  # whoever opens the office next may finish it
        tx.audit.append([replace(done, object=one) for one in (drawn.list_no, *codes, *numbers)])


def _add_result(office: Office, intent: str, drawn: DestructionList, certificate: CertificateJson) -> None:
    objects = certificate.objects
    files, size = sum(entry.files for entry in objects), sum(entry.size for entry in objects)
    result = ResultJson(office.now(), len(objects), len(certificate.files), size)
    lines = [
        f"{office.now()[:19].replace('T', ' ')} 核对完毕：",
        f"{len(objects)}个对象（{files}个文件，{size}字节）已从档案库删除，逐个核对，都已不在。",
        f"打印件、签署扫描件等文件{len(certificate.files)}个已删除；检索库已重做；登记库已清除内容并重写。",
    ]
    made = certificate_papers(office, certificate, lines, office.archive.work_dir(intent))
    _publish(office, intent, drawn, certificate, made | {ResultJson.FILE: result.to_bytes()}, AND_CERTIFIED)


def _left(office: Office, certificate: CertificateJson) -> list[Problem]:
    try:
        return remains.left(office, certificate)
    except QRecordsError:
        return []
