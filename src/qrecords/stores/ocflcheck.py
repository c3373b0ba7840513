"""Checks stored OCFL objects: inventories against digests, files against inventories (DA/T 70)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qrecords.advice import advise
from qrecords.errors import IntegrityFailure, NotFound, StorageFailure
from qrecords.ports import Entry, Walk
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


def look_at(blobs: Walk, home: str, object_id: str) -> Looked:
    """Look at an object without reading the content of its files."""
    try:
        entries = blobs.entries(home)
        if not entries:
            return Looked([f"档案库里没有这个对象的文件夹；{RESTORE}"])
        inventory = _verified_inventory(blobs, home)
    except (IntegrityFailure, StorageFailure) as error:
        return Looked([_told(error)])
    looked = Looked([], inventory)
    try:
        looked.problems += _root(blobs, home, entries, inventory, object_id)
        folders = {n: blobs.entries(f"{home}/v{n}") for n in _versions(inventory) if _has_folder(entries, f"v{n}")}
        looked.problems += _earlier_inventories(blobs, home, folders, inventory)
        looked.problems += _files(blobs, home, folders, inventory)
    except (IntegrityFailure, StorageFailure) as error:
        looked.problems = [_told(error)]
    return looked


def short(name: str) -> str:
    """Return the last two parts of a name: the file, and the version or object it lies in."""
    return "/".join(name.split("/")[-2:])


def _told(error: IntegrityFailure | StorageFailure) -> str:
    if isinstance(error, StorageFailure):
        return str(advise("读不出：{}；请检查磁盘和权限，必要时从备份恢复", error.message))
    return str(error.told)


def check_content(blobs: Walk, home: str, looked: Looked, sha256_of: Collection[str] = ()) -> None:
    """Read every file of an object and add which no longer have the bytes stored; missing ones are not told again.

    Of the content paths `sha256_of` the SHA-256 is noted as well, from the same reading.
    """
    manifest = looked.inventory.manifest if looked.inventory else {}
    for digest, paths in sorted(manifest.items(), key=lambda entry: list(entry[1])):
        for name in paths:
            try:
                with blobs.lent(f"{home}/{name}") as path:
                    found, sha256 = _digests(path, with_sha256=name in sha256_of)
            except (NotFound, IntegrityFailure):  # told by the look at it
                continue
            except OSError as error:
                looked.problems.append(f"读不出 {name}：{error.strerror}；请检查磁盘，必要时从备份恢复")
                continue
            except StorageFailure as error:
                looked.problems.append(str(advise("读不出 {}：{}；请检查磁盘，必要时从备份恢复", name, error.message)))
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


def check_root(blobs: Walk, layout: Layout = NAMED) -> list[str]:
    """Return what is wrong above the objects: the declaration, and whatever is not an object or a way to one."""
    name, declaration = ocfl.ROOT_DECLARATION
    found = []
    if not _holds(blobs, name, declaration):
        found.append(f"档案库缺声明文件 {name}，或它被改动；请从备份恢复")
    for fixed, data in (
        ("ocfl_layout.json", layout.declaration),
        (f"extensions/{layout.name}/config.json", layout.config),
    ):
        if not _holds(blobs, fixed, ocfl.to_json(data)):
            found.append(f"档案库缺 {fixed}，或它被改动；请从备份恢复")
    known = {name, "ocfl_layout.json", "extensions"}
    for entry in blobs.entries():
        if entry.name not in known:
            found += _ways(blobs, "", entry, TUPLES)
    return found


def _holds(blobs: Walk, name: str, data: bytes) -> bool:
    return blobs.has(name) and blobs.get(name) == data


def _ways(blobs: Walk, above: str, entry: Entry, depth: int) -> Iterator[str]:
    """Follow the folders named by digest down to the objects, and tell what does not belong there."""
    at = f"{above}{entry.name}"
    where = blobs.called(at)
    if entry.is_foreign:
        yield f"{where} {LINKED}"
    elif depth == 0:
        if not any(e.name == ocfl.OBJECT_DECLARATION[0] for e in blobs.entries(at)):
            yield f"{where} 不是归档对象；请移走它，或从备份恢复"
    elif not is_way(entry):
        yield f"{where} 不属于档案库；请移走它"
    else:
        below = blobs.entries(at)
        if not below:
            yield f"{where} 是空文件夹；请删去它，并核对是否少了对象"
        for inner in below:
            yield from _ways(blobs, f"{at}/", inner, depth - 1)


def is_way(entry: Entry) -> bool:
    """Tell whether a folder above the objects is named by digest."""
    return entry.is_folder and re.fullmatch(f"[0-9a-f]{{{TUPLE_SIZE}}}", entry.name) is not None


def _versions(inventory: Inventory) -> range:
    return range(1, inventory.head + 1)


def _has_folder(entries: Collection[Entry], name: str) -> bool:
    return any(e.name == name and e.is_folder for e in entries)


def _verified_inventory(blobs: Walk, folder: str) -> Inventory:
    data, digest = (_read(blobs, f"{folder}/{name}") for name in (INVENTORY, SIDECAR))
    last = folder.rpartition("/")[2]
    if digest.split() != [ocfl.sha512(data).encode(), INVENTORY.encode()]:
        raise IntegrityFailure(f"{last} 的清单与它的校验值不符", remedy=RESTORE)
    inventory = Inventory.parse(data, last)
    if inventory.to_bytes() != data:
        # This archive writes inventories in one form alone; whatever else stands there, others may read it otherwise.
        raise IntegrityFailure(f"{last} 的清单被改写过", remedy=RESTORE)
    return inventory


def _same_inventory(blobs: Walk, home: str, folder: str) -> bool:
    return all(_read(blobs, f"{home}/{name}") == _read(blobs, f"{folder}/{name}") for name in (INVENTORY, SIDECAR))


def _read(blobs: Walk, name: str) -> bytes:
    try:
        return blobs.get(name)
    except NotFound:
        raise IntegrityFailure(f"缺文件 {short(name)}", remedy=RESTORE) from None


def _root(blobs: Walk, home: str, entries: Collection[Entry], inventory: Inventory, object_id: str) -> Iterator[str]:
    name, declaration = ocfl.OBJECT_DECLARATION
    if inventory.object_id != object_id:
        yield f"清单里的编号是 {inventory.object_id}，不是这个对象；{RESTORE}"
    yield from _linked(entries)
    versions = {f"v{n}" for n in _versions(inventory)}
    present = {entry.name for entry in entries}
    for missing in sorted({name, *versions} - present):
        yield f"缺 {missing}；{RESTORE}"
    if name in present and not _holds(blobs, f"{home}/{name}", declaration):
        yield f"声明文件 {name} 被改动；{RESTORE}"
    for stray in sorted(present - versions - {name, INVENTORY, SIDECAR}):
        yield f"多出 {stray}，清单里没有；请移走它，或从备份恢复"


def _earlier_inventories(
    blobs: Walk, home: str, folders: dict[int, list[Entry]], inventory: Inventory
) -> Iterator[str]:
    """Check that each version's own inventory tells the same history as the object's."""
    for number, entries in folders.items():
        yield from _linked(entries, f"v{number}/")
        folder = f"{home}/v{number}"
        try:
            # The newest version's inventory is the object's own, byte for byte: checked already.
            newest = number == inventory.head and _same_inventory(blobs, home, folder)
            own = inventory if newest else _verified_inventory(blobs, folder)
        except IntegrityFailure as error:
            yield str(error.told)
            continue
        same_history = own.object_id == inventory.object_id and list(own.versions) == list(inventory.versions[:number])
        if not same_history or any(inventory.manifest.get(d) != paths for d, paths in own.manifest.items()):
            yield f"v{number} 的清单与对象的清单不一致；{RESTORE}"
        for stray in sorted({entry.name for entry in entries} - {INVENTORY, SIDECAR, "content"}):
            yield f"多出 v{number}/{stray}；请移走它，或从备份恢复"


EMPTY = "是空文件夹；请删去它，并核对是否少了文件"
LINKED = f"是指向别处的链接；{RESTORE}"


def _below(blobs: Walk, home: str, inside: str) -> Iterator[tuple[str, str]]:
    """Give the files below a folder, and the folders that are empty, each with what is wrong with it."""
    found = blobs.entries(f"{home}/{inside}")
    if not found:
        yield inside, EMPTY
    for entry in found:
        if entry.is_folder:
            yield from _below(blobs, home, f"{inside}/{entry.name}")
        else:
            yield f"{inside}/{entry.name}", LINKED if entry.is_foreign else ""


def _linked(entries: Collection[Entry], inside: str = "") -> Iterator[str]:
    """Tell what is a link right in a folder: it may lead elsewhere tomorrow."""
    yield from (f"{inside}{entry.name} {LINKED}" for entry in entries if entry.is_foreign)


def _files(blobs: Walk, home: str, folders: dict[int, list[Entry]], inventory: Inventory) -> Iterator[str]:
    listed = {path for paths in inventory.manifest.values() for path in paths}
    present: set[str] = set()
    for number, entries in folders.items():
        if _has_folder(entries, "content"):
            for name, what in _below(blobs, home, f"v{number}/content"):
                present |= {name} if what != EMPTY else set()
                if what:
                    yield f"{name} {what}"
    for missing in sorted(listed - present):
        yield f"缺文件 {missing}；{RESTORE}"
    for stray in sorted(present - listed):
        yield f"多出文件 {stray}，清单里没有；请移走它，或从备份恢复"
