"""Copies an object's versions to another storage root, byte for byte: into a backup, and out of one.

Every file is checked against the inventory while it is copied, so that damage never travels. A kill leaves either the
object as it was, or a version folder its root inventory does not name yet; the next copy goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qrecords.errors import IntegrityFailure, NotFound, StorageFailure
from qrecords.ports import Blobs, Moves
from qrecords.stores import durable, ocfl, ocflcheck
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory


def copy_object(of: tuple[Blobs, str], to: tuple[Moves, str], object_id: str, version: int, aside: Path) -> int:
    """Bring an object's versions up to `version` from one storage root to another; returns the bytes copied.

    `of` and `to` say where it lies and where it belongs; `aside` is a folder for what is under way, on the file system
    of a target that is a folder. IntegrityFailure when the source is damaged.
    """
    (source, here), (target, there) = of, to
    have = whole_head(target.blobs, there, object_id)
    if have == version:
        return 0
    durable.remove_tree(aside)
    inventory = Inventory.parse(_read(source, f"{here}/v{version}/{INVENTORY}"), object_id)
    grows = 0 < have < version
    new = range(have + 1 if grows else 1, version + 1)
    copied = _copy_versions(source, here, aside, inventory, new)
    if not grows:
        name, declaration = ocfl.OBJECT_DECLARATION
        durable.put_file(aside / name, declaration)
    _put_root_inventory(source, here, aside, version)
    durable.fsync_tree(aside)
    if grows:
        target.take_versions(aside, there, new)
    else:
        target.take_copy(aside, there)
    durable.remove_tree(aside)
    return copied


def whole_head(blobs: Blobs, home: str, object_id: str) -> int:
    """Return the newest version of an object that stands there whole; 0 when it does not."""
    try:
        head = Inventory.parse(_read(blobs, f"{home}/{INVENTORY}"), object_id).head
    except IntegrityFailure:
        return 0
    return 0 if ocflcheck.look_at(blobs, home, object_id).problems else head


def _copy_versions(source: Blobs, here: str, aside: Path, inventory: Inventory, versions: range) -> int:
    copied = 0
    for name, digest in _content(inventory, versions):
        copied += _copy_checked(source, f"{here}/{name}", aside / name, digest)
    for number in versions:
        for name in (INVENTORY, SIDECAR):
            durable.put_file(aside / f"v{number}" / name, _read(source, f"{here}/v{number}/{name}"))
    return copied


def _put_root_inventory(source: Blobs, here: str, aside: Path, version: int) -> None:
    """Put the inventory of a version at the root: there may be newer ones at the source, which are not wanted."""
    data = _read(source, f"{here}/v{version}/{INVENTORY}")
    if _read(source, f"{here}/v{version}/{SIDECAR}") != ocfl.sidecar(data):
        leaf = here.rpartition("/")[2]
        raise IntegrityFailure(f"{leaf} 第{version}版的清单与它的校验值不符", remedy=ocflcheck.RESTORE)
    durable.put_file(aside / INVENTORY, data)
    durable.put_file(aside / SIDECAR, ocfl.sidecar(data))


def _content(inventory: Inventory, versions: range) -> Iterator[tuple[str, str]]:
    folders = {f"v{number}" for number in versions}
    for digest, names in sorted(inventory.manifest.items()):
        yield from ((name, digest) for name in names if name.split("/", 1)[0] in folders)


def _copy_checked(source: Blobs, name: str, target: Path, digest: str) -> int:
    last = name.rpartition("/")[2]
    try:
        with source.lent(name) as path:
            durable.copy_file(path, target)
    except NotFound:
        raise IntegrityFailure(f"缺文件 {last}", remedy=ocflcheck.RESTORE) from None
    with durable.storage_errors(target):
        if ocfl.sha512_of(target) != digest:
            raise IntegrityFailure(f"{last} 的内容与归档时不同", remedy=ocflcheck.RESTORE)
        return target.stat().st_size


def _read(blobs: Blobs, name: str) -> bytes:
    try:
        return blobs.get(name)
    except (NotFound, StorageFailure):
        raise IntegrityFailure(f"读不出 {ocflcheck.short(name)}", remedy=ocflcheck.RESTORE) from None
