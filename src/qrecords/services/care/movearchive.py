"""Take objects and papers of an office to an S3 store, or back into the workspace's folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from qrecords.desk.places import PLACE, open_archive, open_register
from qrecords.errors import UsageError, WrongState
from qrecords.model.record import Action
from qrecords.office import Clock, Office, system_now
from qrecords.services.administer import open_office
from qrecords.services.care.backup import REMOVAL
from qrecords.services.jobfiles import GIVEN, drop_made
from qrecords.services.jobkinds import KINDS
from qrecords.settings import FILE_NAME, Settings, load, wrong_store
from qrecords.stores import durable
from qrecords.stores.archives import blobs_of, claim, leave_folder, left_in_folder
from qrecords.stores.movingobjects import Move
from qrecords.stores.papers import WAITING
from qrecords.stores.register import Transaction
from qrecords.stores.settingsfile import with_archive
from qrecords.strict import require_none

FOLDER = "folder"  # what the workspace's own folder is called where the URL of a store may stand

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """Where objects and papers are now; how many there are, and how many bytes were copied for it.

    `finished`: all that was left to do of a move before; then nothing was counted.
    """

    called: str
    objects: int
    papers: int
    bytes: int
    finished: bool = False


def move_archive(
    root: Path,
    to: str,
    *,
    account_name: str | None = None,
    clock: Clock = system_now,
    progress: Progress | None = None,
) -> Moved:
    """Move objects and papers and let the settings name their new place; one that broke off is finished.

    WrongState while anybody works, or over another office's; the old ones are in force until all was compared.
    """
    require_none("搬档案库")
    settings = load(root)
    url = "" if to == FOLDER else to.rstrip("/")
    if told := wrong_store(url):
        raise UsageError(f"要搬去的地方 {to} {told}", remedy=f"请写 s3://桶/前缀，或 {FOLDER}（搬回工作区的文件夹）")
    target = replace(settings, archive=replace(settings.archive, url=url))
    with closing(open_register(settings)) as register, register.read() as tx:
        is_switched = tx.facts.get(PLACE) == url
    if is_switched:
        made = _left_over(settings, target)
    else:
        with closing(open_office(root, account_name, clock=clock)) as office:
            if settings.archive.url == url:  # a new office took what its settings name just now
                raise _already(target)
            office.authorise(Action.ADMINISTER, "archive")
            made = _taken_over(office, target, progress)
    _switch(settings, target, clock)
    return made


def _taken_over(office: Office, target: Settings, progress: Progress | None) -> Moved:
    """Copy and compare while others work, then what came since while nobody does; that the register says so decides."""
    here = office.settings
    archive = open_archive(target)
    if target.archive.url:
        claim(target.root, target.archive, office.register.register_id)
    with office.register.read() as tx:
        _require_none_waiting(tx)
    papers = [(blobs_of(here.root, here.archive, f), blobs_of(here.root, target.archive, f)) for f in WAITING]
    with office.exclusive(REMOVAL, "备份、销毁或搬档案库"), office.under_way() as key:
        move = Move(open_archive(here), archive, papers, key)
        move.take_over(progress)
        with office.register.write() as tx:
            owners = [lease.owner for lease in tx.leases.all()]
            if tx.intents.open() or any(owner not in office.register.holders for owner in owners):
                remedy = "请等它办完，关掉工作台和其他 qrecords 程序，再试；已经搬过去的不用再搬"
                raise WrongState("还有程序在办事，档案库不能搬", remedy=remedy)
            _require_none_waiting(tx)
            objects, count = move.take_over(partial(_seen_alive, tx))
            drop_made(office)
            tx.facts.set(PLACE, target.archive.url)
            to = "s3" if target.archive.url else FOLDER
            tx.audit.append([office.event(Action.ADMINISTER, "archive", to=to, objects=objects, papers=count)])
    return Moved(archive.blobs.called(), objects, count, move.size)


def _seen_alive(tx: Transaction, _done: int, _all: int) -> None:
    """Ask the register something: a server takes who holds it and asks nothing for long as gone."""
    tx.facts.get(PLACE)


def _require_none_waiting(tx: Transaction) -> None:
    """Refuse while jobs wait whose files lie in the archive: they are no paper yet, and stay behind."""
    if waiting := [job for job in tx.jobs.open() if GIVEN in job.arguments]:
        raise WrongState(
            f"还有{len(waiting)}项长活带着文件在等（如「{KINDS[waiting[0].kind].label}」），档案库不能搬",
            remedy="请先让它们办完，或停下它们，再试；已经搬过去的不用再搬",
        )


def _left_over(settings: Settings, target: Settings) -> Moved:
    """Return what a move before did when only the last is left; UsageError when nothing is."""
    archive = open_archive(target)
    is_left = bool(target.archive.url) and bool(left_in_folder(target.root))
    if settings.archive.url == target.archive.url and not is_left:
        raise _already(target)
    return Moved(archive.blobs.called(), 0, 0, 0, finished=True)


def _already(target: Settings) -> UsageError:
    return UsageError(f"档案库已经在 {open_archive(target).blobs.called()}", remedy="请写要搬去的另一个地方")


def _switch(settings: Settings, target: Settings, clock: Clock) -> None:
    """Let the settings name the new place, and what lay in the folder be kept under other names."""
    path = settings.root / FILE_NAME
    durable.write_file(path, with_archive(path.read_text(encoding="utf-8-sig"), target.archive.url).encode())
    if target.archive.url:
        leave_folder(target.root, f"{target.moment(clock):%Y%m%d%H%M%S}")
