"""Destroy again what an older backup brought back: replay the destruction lists of the office it was taken from.

A restored workspace may hold records that were destroyed after its backup. The lists stay for ever in the workspace the
backup was taken from; those executed there are executed here once more. Nobody is asked again, so all is checked: this
workspace was restored, its log goes on in the other one, approval and witnesses stand in that log, and by the periods
and holds of this workspace nothing goes early.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from qrecords.advice import Do, advise
from qrecords.desk.places import open_archive, open_register, register_below
from qrecords.errors import IntegrityFailure, NotFound, WrongState
from qrecords.model.destruction import CertificateJson
from qrecords.model.disposition import DestructionList, ListState
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.ports import Objects
from qrecords.services.disposition.destroy import CERTIFIED, KEPT, DestroyListed, require_log, undisturbed
from qrecords.services.disposition.lists import listed_units, require_free
from qrecords.services.disposition.liststep import Listed
from qrecords.services.disposition.retained import require_clock
from qrecords.settings import FILE_NAME, load
from qrecords.stores.register import Register, Transaction
from qrecords.strict import require_backup_place
from qrecords.work.step import running


def replay(office: Office, source: Path) -> list[str]:
    """Execute every list that was executed in another workspace and is not here; returns their numbers.

    IntegrityFailure when the other workspace is not the later life of this one, or a list means other objects.
    """
    require_backup_place(source)
    office.authorise(Action.DESTROY, "replay")
    done: list[str] = []
    with _register_of(source) as (register, archive):
        with register.read() as there:
            _require_later_life(office, there)
            executed = [one for one in there.retention.lists() if one.version >= CERTIFIED]
            for one in executed:
                require_log(there, one)
        for one in executed:
            with office.register.read() as tx:
                known = tx.retention.lists(one.list_no)
            if known and known[0].state is ListState.DESTROYED:
                continue
            certificate = archive.read_as(CertificateJson, one.object_id, CERTIFIED)
            _require_same_office(office, certificate)
            _execute(office, archive, one.object_id, certificate)
            done.append(one.list_no)
    return done


@contextmanager
def _register_of(source: Path) -> Iterator[tuple[Register, Objects]]:
    settings = load(source) if (source / FILE_NAME).is_file() else None
    if settings is None or not (settings.register.url or register_below(source).is_file()):
        raise NotFound(f"{source} 不是工作区", remedy="请指明备份所出的那个工作区；只有较新的备份时，先把它恢复到别处")
    register = open_register(settings)
    try:
        yield register, open_archive(settings)
    finally:
        register.close()


def _require_later_life(office: Office, there: Transaction) -> None:
    """Make sure that this workspace was restored, and that the other one's log goes on from the restored one."""
    with office.register.read() as tx:
        heads = [str(event.detail.get("audit_head", "")) for event in tx.audit.events("restore")]
        if not heads:
            raise WrongState(
                "这个工作区不是从备份恢复的，没有要重新执行的清册", remedy=advise("销毁请按清册办理：{}", Do.DESTROY)
            )
        seq = next((event.seq for event in tx.audit.events() if event.hash == heads[-1]), 0)
    if seq == 0 or there.audit.hash_of(seq) != heads[-1]:
        raise IntegrityFailure("那个工作区的日志和这里接不上，不是同一个工作区", remedy="请指明备份所出的那个工作区")


def _require_same_office(office: Office, certificate: CertificateJson) -> None:
    """Make sure a list means the very objects that lie here, byte for byte, and is the list it says it is."""
    list_no = certificate.list_no
    if certificate.list.sha256 != certificate.sha256:
        raise IntegrityFailure(f"清册 {list_no} 的证明与清册不符", remedy="请换一份完好的备份或原来的工作区")
    for entry in certificate.objects:
        if office.archive.exists(entry.object) and office.archive.measure(entry.object).sha512 != entry.sha512:
            raise IntegrityFailure(
                f"{entry.code} 与清册 {list_no} 上的不是同一份内容，没有销毁",
                remedy="这份清册可能是另一个工作区的，或这一件在清册之后又变了；请核对后按现在的内容重新鉴定",
            )


def _execute(office: Office, archive: Objects, object_id: str, certificate: CertificateJson) -> None:
    list_no = certificate.list_no
    with undisturbed(office), running(office) as run:
        with office.register.write() as tx:
            require_clock(office, tx)
            words = (certificate.approved, *certificate.witnesses)
            days = [office.today(), *(word.on for word in words)]
            require_free(office, tx, listed_units(office, tx, certificate.list), days, list_no)
            approved = _approved(object_id, certificate)
            if tx.retention.lists(list_no):
                tx.retention.save_list(approved)
            else:
                tx.retention.reserve_list(approved, [unit.code for unit in certificate.list.units])
                year, number = list_no.split("-")[1:]
                last = tx.counters.last(f"disposition/{year}")
                tx.counters.take(f"disposition/{year}", max(int(number) - last, 0))
            step = run.begin(tx, DestroyListed((Listed(list_no, object_id),)))
            detail = {"list": certificate.sha256, "replay": archive.address}
            tx.audit.append([office.event(Action.DESTROY, list_no, **detail)])
        for version in range(office.archive.head(object_id) + 1, CERTIFIED + 1):
            _copy(office, archive, object_id, version, run.key)
        step.finish(run)


def _approved(object_id: str, certificate: CertificateJson) -> DestructionList:
    content = certificate.list
    return DestructionList(
        list_no=certificate.list_no,
        state=ListState.APPROVED,
        object_id=object_id,
        version=1,
        sha256=certificate.sha256,
        drawn_at=content.drawn_at,
        drawn_by=content.drawn_by,
        approved=certificate.approved,
        witnesses=certificate.witnesses,
    )


def _copy(office: Office, archive: Objects, object_id: str, version: int, intent: str) -> None:
    """Take a version of a list over as it was made."""
    made = archive.versions(object_id)[version - 1]
    names = [name for name in archive.names(object_id, version) if version == 1 or name not in KEPT]
    staged = office.archive.stage(
        object_id,
        {name: archive.read(object_id, name, version) for name in names},
        message=made.message,
        user=made.user,
        created=datetime.fromisoformat(made.created),
        intent=intent,
        expected_head=version - 1,
        keep=KEPT if version > 1 else (),
    )
    office.archive.publish(staged)
