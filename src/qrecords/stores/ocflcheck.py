"""Checks stored OCFL objects: inventories against digests, files against inventories (DA/T 70)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qrecords.errors import IntegrityFailure
from qrecords.stores import ocfl
from qrecords.stores.layouts import NAMED, TUPLE_SIZE, TUPLES, Layout
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory

RESTORE = "请从备份恢复这个对象"
_PIECE = 1 << 18


@dataclass(slots=True)
class Looked:
    """What a look at an object found: what is wrong, its inventory if it can be read, SHA-256 by content path."""

    problems: list[str]
    inventory: Inventory | None = None
    sha256: dict[str, str] = field(default_factory=dict)


def check_structure(home: Path, object_id: str) -> list[str]:
    """Return what is wrong with an object, without reading the content of its files."""
    return look_at(home, object_id).problems


def look_at(home: Path, object_id: str) -> Looked:
    """Look at an object without reading the content of its files."""
    if not home.is_dir():
        return Looked([f"档案库里没有这个对象的文件夹；{RESTORE}"])
    try:
        inventory = _verified_inventory(home)
    except (IntegrityFailure, OSError) as error:
        return Looked([_told(error)])
    looked = Looked([], inventory)
    try:
        looked.problems += _root(home, inventory, object_id)
        looked.problems += _earlier_inventories(home, inventory)
        looked.problems += _files(home, inventory)
    except (IntegrityFailure, OSError) as error:
        looked.problems = [_told(error)]
    return looked


def _told(error: IntegrityFailure | OSError) -> str:
    if isinstance(error, IntegrityFailure):
        return str(error.told)
    return f"读不出 {error.filename}：{error.strerror}；请检查磁盘和权限，必要时从备份恢复"


def check_content(home: Path, looked: Looked, sha256_of: Collection[str] = ()) -> None:
    """Read every file of an object and add which no longer have the bytes stored; missing ones are not told again.

    Of the content paths `sha256_of` the SHA-256 is noted as well, from the same reading.
    """
    manifest = looked.inventory.manifest if looked.inventory else {}
    for digest, paths in sorted(manifest.items(), key=lambda entry: list(entry[1])):
        for name in paths:
            try:
                found, sha256 = _digests(home / name, with_sha256=name in sha256_of)
            except (FileNotFoundError, IsADirectoryError):
                continue
            except OSError as error:
                looked.problems.append(f"读不出 {name}：{error.strerror}；请检查磁盘，必要时从备份恢复")
                continue
            if found != digest:
                looked.problems.append(f"{name} 的内容与归档时不同；{RESTORE}")
            elif sha256:
                looked.sha256[name] = sha256


def _digests(path: Path, *, with_sha256: bool) -> tuple[str, str]:
    """Return SHA-512 and, when asked for, SHA-256 of a file, read once and piece by piece."""
    hashes = [hashlib.sha512(), *([hashlib.sha256()] if with_sha256 else [])]
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(_PIECE):
            for made in hashes:
                made.update(piece)
    return hashes[0].hexdigest(), hashes[1].hexdigest() if with_sha256 else ""


def check_root(objects: Path, layout: Layout = NAMED) -> list[str]:
    """Return what is wrong above the objects: the declaration, and whatever is not an object or a way to one."""
    name, declaration = ocfl.ROOT_DECLARATION
    found = []
    if not (objects / name).is_file() or (objects / name).read_bytes() != declaration:
        found.append(f"档案库缺声明文件 {name}，或它被改动；请从备份恢复")
    for fixed, data in (
        ("ocfl_layout.json", layout.declaration),
        (f"extensions/{layout.name}/config.json", layout.config),
    ):
        if not (objects / fixed).is_file() or (objects / fixed).read_bytes() != ocfl.to_json(data):
            found.append(f"档案库缺 {fixed}，或它被改动；请从备份恢复")
    known = {name, "ocfl_layout.json", "extensions"}
    for entry in sorted(objects.iterdir() if objects.is_dir() else []):
        if entry.name not in known:
            found += _ways(entry, TUPLES)
    return found


def _ways(entry: Path, depth: int) -> Iterator[str]:
    """Follow the folders named by digest down to the objects, and tell what does not belong there."""
    if entry.is_symlink():
        yield f"{entry} {LINKED}"
    elif depth == 0:
        if not (entry / ocfl.OBJECT_DECLARATION[0]).is_file():
            yield f"{entry} 不是归档对象；请移走它，或从备份恢复"
    elif not re.fullmatch(f"[0-9a-f]{{{TUPLE_SIZE}}}", entry.name) or not entry.is_dir():
        yield f"{entry} 不属于档案库；请移走它"
    else:
        below = sorted(entry.iterdir())
        if not below:
            yield f"{entry} 是空文件夹；请删去它，并核对是否少了对象"
        for inner in below:
            yield from _ways(inner, depth - 1)


def _verified_inventory(folder: Path) -> Inventory:
    data, digest = (_read(folder / name) for name in (INVENTORY, SIDECAR))
    if digest.split() != [ocfl.sha512(data).encode(), INVENTORY.encode()]:
        raise IntegrityFailure(f"{folder.name} 的清单与它的校验值不符", remedy=RESTORE)
    inventory = Inventory.parse(data, folder.name)
    if inventory.to_bytes() != data:
        # This archive writes inventories in one form alone; whatever else stands there, others may read it otherwise.
        raise IntegrityFailure(f"{folder.name} 的清单被改写过", remedy=RESTORE)
    return inventory


def _same_inventory(home: Path, folder: Path) -> bool:
    return all(_read(home / name) == _read(folder / name) for name in (INVENTORY, SIDECAR))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise IntegrityFailure(f"缺文件 {path.parent.name}/{path.name}", remedy=RESTORE) from None


def _root(home: Path, inventory: Inventory, object_id: str) -> Iterator[str]:
    name, declaration = ocfl.OBJECT_DECLARATION
    if inventory.object_id != object_id:
        yield f"清单里的编号是 {inventory.object_id}，不是这个对象；{RESTORE}"
    yield from _linked(home)
    versions = {f"v{n}" for n in range(1, inventory.head + 1)}
    present = {entry.name for entry in home.iterdir()}
    for missing in sorted({name, *versions} - present):
        yield f"缺 {missing}；{RESTORE}"
    if name in present and (home / name).read_bytes() != declaration:
        yield f"声明文件 {name} 被改动；{RESTORE}"
    for stray in sorted(present - versions - {name, INVENTORY, SIDECAR}):
        yield f"多出 {stray}，清单里没有；请移走它，或从备份恢复"


def _earlier_inventories(home: Path, inventory: Inventory) -> Iterator[str]:
    """Check that each version's own inventory tells the same history as the object's."""
    for number in range(1, inventory.head + 1):
        folder = home / f"v{number}"
        if not folder.is_dir():
            continue
        yield from _linked(folder, f"v{number}/")
        try:
            # The newest version's inventory is the object's own, byte for byte: checked already.
            newest = number == inventory.head and _same_inventory(home, folder)
            own = inventory if newest else _verified_inventory(folder)
        except IntegrityFailure as error:
            yield str(error.told)
            continue
        same_history = own.object_id == inventory.object_id and list(own.versions) == list(inventory.versions[:number])
        if not same_history or any(inventory.manifest.get(d) != paths for d, paths in own.manifest.items()):
            yield f"v{number} 的清单与对象的清单不一致；{RESTORE}"
        for stray in sorted({entry.name for entry in folder.iterdir()} - {INVENTORY, SIDECAR, "content"}):
            yield f"多出 v{number}/{stray}；请移走它，或从备份恢复"


EMPTY = "是空文件夹；请删去它，并核对是否少了文件"
LINKED = f"是指向别处的链接；{RESTORE}"


def _below(folder: str | Path, inside: str) -> Iterator[tuple[str, str]]:
    """Give the files below a folder, and the folders that are empty, each with what is wrong with it."""
    with os.scandir(folder) as entries:
        found = list(entries)
    if not found:
        yield inside, EMPTY
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, f"{inside}/{entry.name}")
        else:
            yield f"{inside}/{entry.name}", LINKED if entry.is_symlink() else ""


def _linked(folder: Path, inside: str = "") -> Iterator[str]:
    """Tell what is a link right in a folder: it may lead elsewhere tomorrow."""
    with os.scandir(folder) as entries:
        yield from (f"{inside}{entry.name} {LINKED}" for entry in entries if entry.is_symlink())


def _files(home: Path, inventory: Inventory) -> Iterator[str]:
    listed = {path for paths in inventory.manifest.values() for path in paths}
    present: set[str] = set()
    for number in range(1, inventory.head + 1):
        if (content := home / f"v{number}" / "content").is_dir():
            for name, what in _below(content, f"v{number}/content"):
                present |= {name} if what != EMPTY else set()
                if what:
                    yield f"{name} {what}"
    for missing in sorted(listed - present):
        yield f"缺文件 {missing}；{RESTORE}"
    for stray in sorted(present - listed):
        yield f"多出文件 {stray}，清单里没有；请移走它，或从备份恢复"
