"""Where register and objects of a workspace lie, for who makes, restores or looks at one without acting in it."""

from __future__ import annotations

from pathlib import Path

from qrecords.errors import IntegrityFailure
from qrecords.settings import ARCHIVE, Settings
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
    """Open the register of a workspace."""
    return Register.open(register_below(settings.root))


def lay_out(settings: Settings) -> Register:
    """Make what a new workspace lacks of folders, storage root and register; what is there stays.

    IntegrityFailure over objects without their register: in an empty one their numbers would be given a second time.
    """
    for folder in (settings.archive_dir, settings.indexes_dir):
        make_dirs(folder)
    archive, register = archive_below(settings.root), register_below(settings.root)
    archive.prepare()
    if not register.exists() and any(archive.ids()):
        raise IntegrityFailure(
            f"{settings.archive_dir} 里有归档件，登记库 {REGISTER_FILE} 却不见了",
            remedy="请从备份恢复登记库；不要另建，以免编号重复",
        )
    return Register.create(register)
