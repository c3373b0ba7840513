"""Where register and objects of a workspace lie, for who makes, restores or looks at one without acting in it."""

from __future__ import annotations

from pathlib import Path

from qrecords import ports
from qrecords.advice import Do, Sentence, advise
from qrecords.errors import IntegrityFailure, WrongState
from qrecords.settings import ARCHIVE, FILE_NAME, Settings
from qrecords.stores.archive import Archive
from qrecords.stores.archives import archive_at, archive_of, claim
from qrecords.stores.durable import make_dirs
from qrecords.stores.mounts import mount_of
from qrecords.stores.register import Register, Transaction

REGISTER_FILE = "register.sqlite"
PLACE = "archive"  # the fact of a register that names the store of its objects; none: the workspace's folder


def archive_below(root: Path) -> Archive:
    """Return the objects that lie in the folder of a workspace."""
    return archive_at(str(root / ARCHIVE))


def open_archive(settings: Settings) -> Archive:
    """Return the objects of a workspace, wherever they are kept."""
    return archive_of(settings.root, settings.archive)


def register_below(root: Path) -> Path:
    """Return the register's file of the workspace in a folder."""
    return root / ARCHIVE / REGISTER_FILE


def open_register(settings: Settings) -> Register:
    """Open the register of a workspace, wherever it is kept; IntegrityFailure for another office's."""
    register = Register.open(register_below(settings.root), settings.register.url)
    if (known := settings.register.id) and register.register_id != known:
        told = register.called
        register.close()
        raise IntegrityFailure(
            f"{told} 是另一个办公室的登记库", remedy=f"请核对 {FILE_NAME} 的 [register] url；不要改 id"
        )
    return register


def unfit_for_many(settings: Settings) -> list[Sentence]:
    """Return what keeps a workspace on a network file system from being several machines': what, and what to do."""
    mount, told = mount_of(settings.archive_dir), list[Sentence]()
    if mount.is_networked and not settings.register.url:
        told.append(
            advise(
                "登记库的文件在网络文件系统（{}）上，只能有一台机器用它：两台一起用会写坏；"
                "请把工作区放回那台机器的磁盘上，或用 {} 搬到 PostgreSQL",
                mount.kind,
                Do.MOVE_REGISTER,
            )
        )
    if mount.locks_alone and not settings.archive.url:
        told.append(
            f"归档件的文件夹挂载成只在本机有效的锁（{mount.options}），别的机器看不见；"
            "请去掉 nolock、local_lock、nobrl 再挂载，或把归档件搬到 S3 存储"
        )
    return told


def require_place(settings: Settings, register: ports.Register[Transaction]) -> None:
    """Refuse settings that name other objects than those the register goes with; WrongState says what to do.

    A new office takes the store its settings name: there is nothing yet that could be elsewhere.
    """
    with register.read() as tx:
        known = tx.facts.get(PLACE)
    if known == settings.archive.url:
        return
    if not (known or register.read_only or any(archive_below(settings.root).ids())):
        claim(settings.root, settings.archive, register.register_id)
        with register.write() as tx:
            tx.facts.set(PLACE, settings.archive.url)
        return
    raise WrongState(
        f"归档件在 {known or '工作区的文件夹'}，{FILE_NAME} 的 [archive] url 却是 {settings.archive.url or '空'}",
        remedy=advise("搬到一半的，请再运行一次 {}；别处搬走的，请关掉重开，并改好 url", Do.MOVE_ARCHIVE),
    )


def lay_out(settings: Settings) -> Register:
    """Make what a new workspace lacks of folders, storage root and register; what is there stays.

    IntegrityFailure over objects without their register: in an empty one their numbers would be given a second time.
    """
    for folder in (settings.archive_dir, settings.indexes_dir):
        make_dirs(folder)
    archive = open_archive(settings)
    if not settings.archive.url:
        archive.prepare()
    register = _laid_out(settings, archive)
    if settings.archive.url:  # a store is this office's before anything is put there
        require_place(settings, register)
        archive.prepare()
    return register


def _laid_out(settings: Settings, archive: Archive) -> Register:
    if settings.register.url:
        return open_register(settings)
    register = register_below(settings.root)
    if not register.exists() and any(archive.ids()):
        raise IntegrityFailure(
            f"{archive.blobs.called()} 里有归档件，登记库 {REGISTER_FILE} 却不见了",
            remedy="请从备份恢复登记库；不要另建，以免编号重复",
        )
    return Register.create(register)
