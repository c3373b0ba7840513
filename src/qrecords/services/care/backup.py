"""Back up the archive while others work, and bring it back (DA/T 70; domain rule C.4).

The register is copied first, as it stands at one moment, into a file of SQLite whatever keeps it; then the objects it
knows, each in the version it knows.
Objects only gain versions, so what the copied register names is there whatever happens meanwhile; destruction waits.
Working copies (`archive/drafts`) and the index are left out: they can be made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qrecords import __version__
from qrecords.acting import account_in_use, acting_account
from qrecords.advice import advise
from qrecords.desk.places import PLACE, archive_below, register_below
from qrecords.errors import IntegrityFailure, NotPermitted, Problem, UsageError, WrongState
from qrecords.model.access import ANYTHING, Rules, decide
from qrecords.model.record import OPEN_STATES, Action
from qrecords.office import REGISTER_FILE, Clock, Office, system_now
from qrecords.services.administer import open_office, open_signed_in
from qrecords.services.care.stored import has_row, stored
from qrecords.services.care.verify import Verified, verify
from qrecords.services.evidence import spoiled_papers
from qrecords.services.finding.indexing import rebuild
from qrecords.settings import FILE_NAME, load
from qrecords.stores import durable
from qrecords.stores.accessfile import FILE_NAME as ACCESS_FILE
from qrecords.stores.accessfile import read_access
from qrecords.stores.backupstore import ASIDE, OWN_NAMES, BackupStore, Manifest
from qrecords.stores.formfolders import series_folders
from qrecords.stores.outside import require_outside
from qrecords.stores.register import Register
from qrecords.stores.settingsfile import with_archive, with_register
from qrecords.strict import require_backup_place, require_here

RESTORING = ".restoring"  # in a workspace being laid out, until it is one
REMOVAL = "removal"  # the lock of whatever takes objects away: a backup and a destruction never meet

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Backup:
    """What a backup did: where, how much was new, what could not be copied."""

    folder: Path
    manifest: Manifest
    copied_bytes: int = 0
    copied_objects: int = 0
    problems: list[Problem] = field(default_factory=list)


def backup(office: Office, folder: Path, *, progress: Progress | None = None) -> Backup:
    """Make or renew the backup in a folder; damaged objects are left as the backup has them, and told."""
    office.authorise(Action.ADMINISTER, "backup")
    require_backup_place(folder)
    _require_outside(office, folder)
    store = BackupStore(folder)
    with office.exclusive(REMOVAL, "备份或销毁"):
        _require_same_office(office, store)
        store.prepare()
        with office.register.write() as tx:
            tx.audit.append([])  # takes in what was read while another wrote
        made = _copy_all(office, store, progress)
    with office.register.write() as tx:
        detail: dict[str, Any] = {"folder": str(folder.resolve()), "objects": len(made.manifest.objects)}
        tx.audit.append([office.event(Action.ADMINISTER, "backup", audit_head=made.manifest.audit_head, **detail)])
    return made


def _copy_all(office: Office, store: BackupStore, progress: Progress | None) -> Backup:
    durable.make_dirs(store.aside)
    copy = store.aside / REGISTER_FILE
    durable.remove_file(copy)
    office.register.copy_to(copy)
    seq, head, wanted = _as_copied(office, copy)
    register_sha256 = store.put_register(copy)
    durable.checkpoint("backup.register")
    before = store.manifest()
    spoiled = _spoiled(office)
    files = {name: store.put_file(path) for name, path in _files(office)}
    for place in office.papers.waiting():
        if place not in spoiled:
            with office.papers.lent(place) as path:
                files[place] = store.put_file(path)
    if before:  # what is spoiled here stays there as it was
        files |= {name: kept for name, kept in before.files.items() if name in spoiled}
    durable.checkpoint("backup.files")
    objects: dict[str, tuple[int, str]] = {}
    made = Backup(store.folder, _manifest(office, register_sha256, seq, head, files, objects))
    made.problems += spoiled.values()
    for done, (object_id, version) in enumerate(sorted(wanted.items()), start=1):
        try:
            copied, digest = store.put_object(office.archive, object_id, version)
            objects[object_id] = (version, digest)
            made.copied_bytes += copied
            made.copied_objects += copied > 0
        except IntegrityFailure as error:
            made.problems.append(Problem(advise("没有备份：{}", error.told), source=object_id))
            if before and object_id in before.objects:
                objects[object_id] = before.objects[object_id]
        if progress:
            progress(done, len(wanted))
    store.publish(made.manifest)
    return made


def _as_copied(office: Office, path: Path) -> tuple[int, str, dict[str, int]]:
    """Return the head of the log in a copied register, and every object that belongs to it, in its version."""
    register = Register(path)
    try:
        with register.read() as tx:
            seq, head = tx.audit.head()
            wanted = {object_id: version for object_id, version in stored(tx).items() if version > 0}
    finally:
        register.close()
    for object_id in office.archive.ids():
        if not has_row(object_id):
            wanted[object_id] = office.archive.head(object_id)
    return seq, head, wanted


def _manifest(
    office: Office,
    register_sha256: str,
    seq: int,
    head: str,
    files: Mapping[str, str],
    objects: Mapping[str, tuple[int, str]],
) -> Manifest:
    return Manifest(
        register_id=office.register.register_id,
        made_at=office.now(),
        made_by=office.account.name,
        program=__version__,
        register_sha256=register_sha256,
        audit_seq=seq,
        audit_head=head,
        files=files,
        objects=objects,
    )


def _spoiled(office: Office) -> dict[str, Problem]:
    """Return the papers waiting to be filed that are not what was kept, by their places."""
    with office.register.read() as tx:
        waiting = tx.records.find(states=OPEN_STATES)
    found = spoiled_papers(office, waiting)
    return {place: Problem(advise("没有备份：{}", problem.message), source=problem.source) for place, problem in found}


def _files(office: Office) -> Iterator[tuple[str, Path]]:
    """Give every file of the workspace that is neither paper nor object nor made again: settings, forms, lists."""
    root = office.settings.root
    found = [p for p in root.iterdir() if p.suffix in {".toml", ".csv"}]
    for folder in series_folders(office.settings.forms_dir):
        found += folder.rglob("*")
    for path in sorted(found):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(root).as_posix(), path


def _require_outside(office: Office, folder: Path) -> None:
    settings, there = office.settings, folder.absolute().resolve()
    own = [path.stat() for path in settings.folders]
    # By what the folders are, not by their names: a link or another mount leads there too.
    above = [path.stat() for path in (there, *there.parents) if path.exists()]
    if any(os.path.samestat(one, other) for one in above for other in own):
        raise UsageError(f"{folder} 就在工作区里，同坏同丢", remedy="请备份到别的磁盘上的文件夹")
    require_outside(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} 不是文件夹", remedy="请换一个位置")
    # A write that broke off leaves a hidden file beside its place.
    if folder.is_dir() and {p.name for p in folder.iterdir() if not p.name.startswith(".")} - OWN_NAMES:
        raise UsageError(f"{folder} 里有别的东西", remedy="请换一个空文件夹，或以前备份过的文件夹")


def _require_same_office(office: Office, store: BackupStore) -> None:
    """Refuse to write an older or another office over a backup."""
    before = store.manifest()
    if before is None:
        return
    if before.register_id != office.register.register_id:
        raise WrongState(f"{store.folder} 是另一个工作区的备份", remedy="请换一个文件夹")
    with office.register.read() as tx:
        known = before.audit_seq == 0 or tx.audit.hash_of(before.audit_seq) == before.audit_head
    if not known:
        raise WrongState(
            f"{store.folder} 里的备份比这个工作区新（日志接不上）",
            remedy="请换一个文件夹备份，原来的备份留作核对",
        )


def restore(
    folder: Path,
    target: Path,
    *,
    account_name: str | None = None,
    signed_in: str = "",
    progress: Progress | None = None,
) -> Manifest:
    """Lay a backup out as a new workspace; every byte is checked on the way. Opening and checking it comes after.

    A restore that broke off goes on where it stopped: the settings come last, and make it a workspace. NotPermitted
    for who may not administer the office the backup is of; on a strict machine it is laid out in the one place for it.
    `signed_in`: the account a running office knows to be at work; its rights are those it has in the backup.
    """
    require_backup_place(folder)
    require_here(target)
    require_outside(target)
    store = BackupStore(folder)
    manifest = store.require_manifest()
    _require_right(store, manifest, target, account_name, signed_in)
    mark = target / RESTORING
    # A kill at the very first write leaves a hidden file and no mark yet.
    full = target.exists() and any(not p.name.startswith(".") for p in target.iterdir())
    if full and not mark.exists():
        raise WrongState(f"{target} 不是空文件夹", remedy="请恢复到一个新的空文件夹，原来的工作区留作核对")
    durable.make_private(target)
    durable.write_file(mark, manifest.audit_head.encode())
    archive = archive_below(target)
    archive.prepare()
    total = len(manifest.objects)
    for done, object_id in enumerate(sorted(manifest.objects), start=1):
        store.restore_object(archive, object_id, manifest)
        if progress:
            progress(done, total)
    durable.checkpoint("restore.objects")
    archive.drop_aside(ASIDE)
    for name, sha256 in sorted(manifest.files.items()):
        if name != FILE_NAME:
            store.restore_file(sha256, target / name)
    store.restore_register(manifest.register_sha256, register_below(target))
    durable.checkpoint("restore.register")
    _restore_settings(store, manifest.files[FILE_NAME], target)
    durable.remove_file(mark)
    return manifest


def _restore_settings(store: BackupStore, sha256: str, target: Path) -> None:
    """Bring the settings back; they name register and objects that came back with them, never those on a server."""
    with TemporaryDirectory(prefix="qrecords-restore-") as aside:
        store.restore_file(sha256, Path(aside) / FILE_NAME)
        settings = load(Path(aside))
        text = (Path(aside) / FILE_NAME).read_text(encoding="utf-8-sig")
    if settings.register.url:
        text = with_register(text, "", "")
    if settings.archive.url:
        text = with_archive(text, "")
        with closing(Register(register_below(target))) as register, register.write() as tx:
            tx.facts.set(PLACE, "")
    if settings.register.url or settings.archive.url:
        durable.write_file(target / FILE_NAME, text.encode())
    else:
        store.restore_file(sha256, target / FILE_NAME)


def _require_right(
    store: BackupStore, manifest: Manifest, target: Path, account_name: str | None, signed_in: str
) -> None:
    """Ask the backup's own accounts and roles whether whoever runs this may bring it back."""
    with TemporaryDirectory(prefix="qrecords-restore-") as aside:
        for name in {FILE_NAME, ACCESS_FILE} & set(manifest.files):
            store.restore_file(manifest.files[name], Path(aside) / name)
        store.restore_register(manifest.register_sha256, Path(aside) / REGISTER_FILE)
        settings = load(Path(aside))
        with closing(Register.open(Path(aside) / REGISTER_FILE)) as register:
            now = settings.moment(system_now)
            if signed_in:
                account = account_in_use(register, signed_in, now)
            else:
                account = acting_account(register, replace(settings, root=target), account_name, now)
            separation: Any = settings.access.separation
            rules = Rules(separation, read_access(Path(aside), settings.forms_dir.name).roles, now.date().isoformat())
            decision = decide(account, Action.ADMINISTER, ANYTHING, rules)
    if not decision.allowed:
        raise NotPermitted(decision.reason, remedy=decision.remedy)


def open_restored(
    target: Path,
    manifest: Manifest,
    *,
    account_name: str | None = None,
    signed_in: str = "",
    clock: Clock = system_now,
    progress: Progress | None = None,
) -> Verified:
    """Open a restored workspace: finish or undo what was under way, make the index again, check every byte."""
    opened = open_signed_in(target, signed_in, clock) if signed_in else open_office(target, account_name, clock=clock)
    with closing(opened) as office:
        rebuild(office)
        with office.register.write() as tx:
            same_log = tx.audit.hash_of(manifest.audit_seq) == manifest.audit_head
            tx.audit.append([office.event(Action.ADMINISTER, "restore", audit_head=manifest.audit_head)])
        found = verify(office, deep=True, progress=progress)
    if not same_log:
        where = f"audit/{manifest.audit_seq}"
        found.problems.append(Problem("日志与备份清单里的链头不符；请换一份备份", source=where))
    return found
