"""Where register and objects of a workspace lie, for who makes, restores or looks at one without acting in it."""

from __future__ import annotations

from pathlib import Path

from qrecords.errors import IntegrityFailure
from qrecords.settings import ARCHIVE, FILE_NAME, Settings
from qrecords.stores.archive import Archive
from qrecords.stores.archives import archive_at
from qrecords.stores.durable import make_dirs
from qrecords.stores.register import Register

REGISTER_FILE = "register.sqlite"


def archive_below(root: Path) -> Archive:
    """Return the objects of the workspace in a folder."""
    return archive_at(str(root / ARCHIVE))


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


def lay_out(settings: Settings) -> Register:
    """Make what a new workspace lacks of folders, storage root and register; what is there stays.

    IntegrityFailure over objects without their register: in an empty one their numbers would be given a second time.
    """
    for folder in (settings.archive_dir, settings.indexes_dir):
        make_dirs(folder)
    archive, register = archive_below(settings.root), register_below(settings.root)
    archive.prepare()
    if settings.register.url:
        return open_register(settings)
    if not register.exists() and any(archive.ids()):
        raise IntegrityFailure(
            f"{settings.archive_dir} 里有归档件，登记库 {REGISTER_FILE} 却不见了",
            remedy="请从备份恢复登记库；不要另建，以免编号重复",
        )
    return Register.create(register)
