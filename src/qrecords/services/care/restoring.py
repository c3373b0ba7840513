"""Backups as a running office sees them: which there are, what one would bring back, a new workspace made of one.

Nothing here touches the workspace in use: a backup is laid out in a folder of its own, below the one the settings name.
Which workspace is served is decided by who runs the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qrecords.advice import Input, Sentence, advise
from qrecords.desk.places import open_register, register_below
from qrecords.errors import NotFound, Problem, QRecordsError, UsageError, WrongState
from qrecords.model.disposition import DestructionList, ListState
from qrecords.model.record import Action
from qrecords.office import REGISTER_FILE, Office
from qrecords.services.administer import open_signed_in
from qrecords.services.care.backup import RESTORING, Progress, open_restored, restore
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import CERTIFIED
from qrecords.services.disposition.replay import replay
from qrecords.settings import FILE_NAME, load
from qrecords.stores.backupstore import MANIFEST, BackupStore, Manifest
from qrecords.stores.register import Register, Transaction
from qrecords.strict import require_backup_place

MOST = 50  # backups, or workspaces made of them, shown
RESTORE = "restore"  # what the event of a restored workspace is about (care/backup.py)


@dataclass(frozen=True, slots=True)
class BackupListed:
    """A backup in its folder; `wrong` says why it cannot be used."""

    name: str
    made_at: str
    made_by: str
    objects: int
    events: int
    wrong: Sentence = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """How much there is of something in a backup, and in the workspace in use."""

    label: str
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class Executed:
    """A destruction list that was executed, here or there."""

    list_no: str
    on: str


@dataclass(frozen=True, slots=True)
class BackupShown:
    """What a backup would bring back: how much, what happened since, which destructions would be executed again."""

    listed: BackupListed
    follows: bool  # the log of the workspace in use goes on from the backup's
    since: int  # events logged since
    counted: Sequence[Counted]
    destroyed_since: Sequence[Executed]
    target: str  # the folder it would be laid out in; "" when the settings name none


@dataclass(frozen=True, slots=True)
class RestoredListed:
    """A workspace made of a backup, beside the one in use; `owing` are the destructions it has not had again."""

    name: str
    place: str
    restored_at: str
    state: str  # "broken-off", "unopened" or "opened"
    owing: Sequence[Executed] = ()


@dataclass(frozen=True, slots=True)
class RestoredNow:
    """What a restore came to."""

    place: str
    objects: int
    problems: Sequence[Problem]
    owing: Sequence[Executed]


def backups(office: Office) -> list[BackupListed]:
    """Return the backup the desk writes, then those lying beside it; none when the settings name no folder."""
    office.authorise(Action.ADMINISTER, "backups")
    found = []
    for name, store in _stores(office).items():
        try:
            manifest = store.require_manifest()
        except QRecordsError as error:
            found.append(BackupListed(name, "", "", 0, 0, error.told))
            continue
        wrong = "" if manifest.register_id == office.register.register_id else "是另一个工作区的备份"
        found.append(_listed(name, manifest, wrong))
    return found


def show_backup(office: Office, name: str) -> BackupShown:
    """Return what a backup would bring back; NotFound for one that is not there or is another office's."""
    office.authorise(Action.ADMINISTER, "backups")
    store, manifest = _own(office, name)
    with TemporaryDirectory(prefix="qrecords-look-") as aside:
        copy = Path(aside) / REGISTER_FILE
        store.restore_register(manifest.register_sha256, copy)
        with closing(Register.open(copy)) as kept, kept.read() as then, office.register.read() as now:
            follows = now.audit.hash_of(manifest.audit_seq) == manifest.audit_head
            since = now.audit.head()[0] - manifest.audit_seq if follows else 0
            before, after = _numbers(then), _numbers(now)
            counted = [Counted(label, before[label], after[label]) for label in before]
            gone = _not_yet(now, then)
    return BackupShown(_listed(name, manifest), follows, since, counted, gone, _shown_place(office, name, manifest))


def check_backup(office: Office, name: str, *, progress: Progress | None = None) -> tuple[int, list[Problem]]:
    """Read every byte of a backup; returns how many objects it holds, and what is wrong with it."""
    office.authorise(Action.ADMINISTER, "backups")
    store, manifest = _own(office, name)
    return len(manifest.objects), [*store.look_through(manifest, progress)]


def restore_beside(office: Office, name: str, *, progress: Progress | None = None) -> RestoredNow:
    """Make a new workspace of a backup, below the folder the settings name, and check every byte of it.

    One that broke off goes on where it stopped; one that is there already is checked again.
    """
    office.authorise(Action.ADMINISTER, "restore-beside")
    store, manifest = _own(office, name)
    target, me, clock = _target(office, name, manifest), office.account.name, office.workspace.source
    with office.exclusive("restore", "从备份恢复"):
        if not _is_laid_out(target):
            restore(store.folder, target, signed_in=me, progress=progress)
        if _is_opened(target, manifest):
            with closing(open_signed_in(target, me, clock)) as there:
                found = verify(there, deep=True, progress=progress)
        else:
            found = open_restored(target, manifest, signed_in=me, clock=clock, progress=progress)
    with office.register.write() as tx:
        detail: dict[str, Any] = {
            "folder": str(target),
            "audit_head": manifest.audit_head,
            "problems": len(found.problems),
        }
        tx.audit.append([office.event(Action.ADMINISTER, "restore-beside", **detail)])
    return RestoredNow(str(target), len(manifest.objects), found.problems, _owed_by(office, target))


def restored(office: Office) -> list[RestoredListed]:
    """Return the workspaces made of this office's backups, for who administers or executes destructions."""
    if not office.allows(Action.DESTROY):
        office.authorise(Action.ADMINISTER, "backups")
    place = _restore_folder(office)
    if place is None or not place.is_dir():
        return []
    found = []
    for folder in sorted(p for p in place.iterdir() if p.is_dir())[:MOST]:
        if (folder / RESTORING).is_file():
            found.append(RestoredListed(folder.name, str(folder), "", "broken-off"))
        elif _is_laid_out(folder):
            with suppress(QRecordsError):  # of another program's release, or no workspace any more
                found += _restored(office, folder)
    return found


def replay_beside(office: Office, name: str) -> tuple[list[str], list[Problem]]:
    """Execute in a restored workspace what was executed in the one in use since its backup.

    Returns the lists, and what a check of it finds then. The account needs the right to destroy here and there.
    """
    office.authorise(Action.DESTROY, "replay")
    place = next((Path(one.place) for one in restored(office) if one.name == name and one.state != "broken-off"), None)
    if place is None:
        raise NotFound(f"没有恢复在「{name[:60]}」里的工作区", remedy="请从「备份」里选")
    with closing(open_signed_in(place, office.account.name, office.workspace.source)) as there:
        done = replay(there, office.settings.root)
    with closing(open_signed_in(place, office.account.name, office.workspace.source)) as there:
        problems = verify(there).problems if there.allows(Action.VERIFY) else []
    return done, [*problems]


def _stores(office: Office) -> dict[str, BackupStore]:
    if not (named := office.settings.desk.backup_folder):
        return {}
    own = (office.settings.root / named).resolve()
    require_backup_place(own)
    beside: list[Path] = []
    with suppress(OSError):
        beside = sorted(p for p in own.parent.iterdir() if p != own)
    return {p.name: BackupStore(p) for p in [own, *beside] if (p / MANIFEST).is_file()}


def _own(office: Office, name: str) -> tuple[BackupStore, Manifest]:
    store = _stores(office).get(name)
    manifest = store.require_manifest() if store else None
    if store is None or manifest is None or manifest.register_id != office.register.register_id:
        raise NotFound(f"没有「{name[:60]}」这份备份", remedy="请从「备份」里选")
    return store, manifest


def _listed(name: str, manifest: Manifest, wrong: Sentence = "") -> BackupListed:
    return BackupListed(name, manifest.made_at, manifest.made_by, len(manifest.objects), manifest.audit_seq, wrong)


def _numbers(tx: Transaction) -> Mapping[str, int]:
    items, volumes = tx.items.counts()
    return {"记录": sum(tx.records.counts().values()), "归档件": items, "册": volumes}


def _executed(tx: Transaction) -> dict[str, DestructionList]:
    return {one.list_no: one for one in tx.retention.lists() if one.version >= CERTIFIED}


def _not_yet(here: Transaction, there: Transaction) -> list[Executed]:
    """Return the lists that were executed here and are not there."""
    done = {no for no, one in _executed(there).items() if one.state is ListState.DESTROYED}
    return [
        Executed(no, one.executed.on if one.executed else "") for no, one in _executed(here).items() if no not in done
    ]


def _restore_folder(office: Office) -> Path | None:
    named = office.settings.desk.restore_folder
    return (office.settings.root / named).resolve() if named else None


def _target(office: Office, name: str, manifest: Manifest) -> Path:
    """Return the one folder a backup is laid out in: the same for the same backup, so that it can go on."""
    place = _restore_folder(office)
    if place is None:
        raise UsageError(
            "没有设定恢复到哪里",
            remedy=advise("请由管理员在 qrecords.toml 的 [desk] 里写上 restore_folder（{}）", Input.FOLDER),
        )
    if any(place.is_relative_to(folder.resolve()) for folder in office.settings.folders):
        raise UsageError(f"{place} 就在工作区里", remedy="请把 restore_folder 写成工作区以外的文件夹")
    return place / f"{name}-{manifest.made_at[:10]}-{manifest.audit_seq}"


def _shown_place(office: Office, name: str, manifest: Manifest) -> str:
    with suppress(UsageError):
        return str(_target(office, name, manifest))
    return ""


def _is_laid_out(target: Path) -> bool:
    return (target / FILE_NAME).is_file() and not (target / RESTORING).exists()


def _is_opened(target: Path, manifest: Manifest) -> bool:
    """Tell whether a workspace is this backup's, and was opened since; WrongState for one that is another's."""
    with closing(open_register(load(target))) as register, register.read() as tx:
        if register.register_id != manifest.register_id:
            raise WrongState(f"{target} 是另一个工作区", remedy="请先移走它，再恢复")
        return bool(_restored_at(tx))


def _restored_at(tx: Transaction) -> str:
    return next((event.at for event in reversed([*tx.audit.events(RESTORE)])), "")


def _restored(office: Office, folder: Path) -> Iterator[RestoredListed]:
    if not register_below(folder).is_file():
        return
    with closing(open_register(load(folder))) as register, register.read() as there, office.register.read() as here:
        if register.register_id != office.register.register_id:
            return
        at = _restored_at(there)
        yield RestoredListed(folder.name, str(folder), at, "opened" if at else "unopened", _not_yet(here, there))


def _owed_by(office: Office, target: Path) -> Sequence[Executed]:
    return next((one.owing for one in _restored(office, target)), ())
