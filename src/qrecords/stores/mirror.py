"""Copies an object's versions to another storage root, byte for byte: into a backup, and out of one.

Every file is checked against the inventory while it is copied, so that damage never travels. A kill leaves either the
object as it was, or a version folder its root inventory does not name yet; the next copy goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from qrecords.errors import IntegrityFailure, StorageFailure
from qrecords.stores import durable, ocfl, ocflcheck
from qrecords.stores.layouts import NAMED, TUPLES, Layout
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory


def copy_object(
    source: Path,
    target: Path,
    object_id: str,
    version: int,
    aside: Path,
    *,
    layouts: tuple[Layout, Layout] = (NAMED, NAMED),
) -> int:
    """Bring an object's versions up to `version` from one storage root to another; returns the bytes copied.

    `aside` is a folder on the target's file system for what is under way; `layouts` are the source's and the target's.
    IntegrityFailure when the source is damaged.
    """
    here, there = source / layouts[0].path(object_id), target / layouts[1].path(object_id)
    have = whole_head(there, object_id)
    if have == version:
        return 0
    durable.remove_tree(aside)
    inventory = Inventory.parse(_read(here / f"v{version}" / INVENTORY), object_id)
    if 0 < have < version:
        return _grow(here, there, aside, inventory, range(have + 1, version + 1))
    copied = _copy_versions(here, aside, inventory, range(1, version + 1))
    name, declaration = ocfl.OBJECT_DECLARATION
    durable.put_file(aside / name, declaration)
    _put_root_inventory(here, aside, version)
    durable.fsync_tree(aside)
    durable.remove_tree(there)
    durable.make_dirs(there.parent)
    durable.replace_dir(aside, there)
    return copied


def whole_head(home: Path, object_id: str) -> int:
    """Return the newest version of an object that stands there whole; 0 when it does not."""
    try:
        head = Inventory.parse(_read(home / INVENTORY), object_id).head
    except IntegrityFailure:
        return 0
    return 0 if ocflcheck.check_structure(home, object_id) else head


def remove_object(root: Path, object_id: str) -> None:
    """Remove an object from a copy, with the folders that stand empty after it."""
    home = root / ocfl.object_path(object_id)
    durable.remove_tree(home)
    for folder in home.parents[:TUPLES]:
        with suppress(OSError):
            folder.rmdir()


def _grow(here: Path, there: Path, aside: Path, inventory: Inventory, newer: range) -> int:
    copied = _copy_versions(here, aside, inventory, newer)
    _put_root_inventory(here, aside, inventory.head)
    durable.fsync_tree(aside)
    for number in newer:
        durable.replace_dir(aside / f"v{number}", there / f"v{number}")
        durable.checkpoint("mirror.version_in")
    for name in (INVENTORY, SIDECAR):
        durable.replace_file(aside / name, there / name)
        durable.checkpoint(f"mirror.{name}")
    durable.remove_tree(aside)
    return copied


def _copy_versions(here: Path, aside: Path, inventory: Inventory, versions: range) -> int:
    copied = 0
    for name, digest in _content(inventory, versions):
        copied += _copy_checked(here / name, aside / name, digest)
    for number in versions:
        for name in (INVENTORY, SIDECAR):
            durable.put_file(aside / f"v{number}" / name, _read(here / f"v{number}" / name))
    return copied


def _put_root_inventory(here: Path, aside: Path, version: int) -> None:
    """Put the inventory of a version at the root: there may be newer ones at the source, which are not wanted."""
    data = _read(here / f"v{version}" / INVENTORY)
    if _read(here / f"v{version}" / SIDECAR) != ocfl.sidecar(data):
        raise IntegrityFailure(f"{here.name} 第{version}版的清单与它的校验值不符", remedy=ocflcheck.RESTORE)
    durable.put_file(aside / INVENTORY, data)
    durable.put_file(aside / SIDECAR, ocfl.sidecar(data))


def _content(inventory: Inventory, versions: range) -> Iterator[tuple[str, str]]:
    folders = {f"v{number}" for number in versions}
    for digest, names in sorted(inventory.manifest.items()):
        yield from ((name, digest) for name in names if name.split("/", 1)[0] in folders)


def _copy_checked(source: Path, target: Path, digest: str) -> int:
    if not source.is_file():
        raise IntegrityFailure(f"缺文件 {source.name}", remedy=ocflcheck.RESTORE)
    durable.copy_file(source, target)
    with durable.storage_errors(target):
        if ocfl.sha512_of(target) != digest:
            raise IntegrityFailure(f"{source.name} 的内容与归档时不同", remedy=ocflcheck.RESTORE)
        return target.stat().st_size


def _read(path: Path) -> bytes:
    try:
        with durable.storage_errors(path):
            return path.read_bytes()
    except StorageFailure:
        raise IntegrityFailure(f"读不出 {path.parent.name}/{path.name}", remedy=ocflcheck.RESTORE) from None
