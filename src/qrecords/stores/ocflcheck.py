"""Checks stored OCFL objects: inventories against digests, files against inventories (DA/T 70)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from qrecords.errors import IntegrityFailure
from qrecords.stores import ocfl
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory

RESTORE = "请从备份恢复这个对象"


def check_structure(home: Path, object_id: str) -> list[str]:
    """Return what is wrong with an object, without reading the content of its files."""
    if not home.is_dir():
        return [f"档案库里没有这个对象的文件夹；{RESTORE}"]
    try:
        inventory = _verified_inventory(home)
        found = [*_root(home, inventory, object_id), *_earlier_inventories(home, inventory), *_files(home, inventory)]
    except IntegrityFailure as error:
        found = [f"{error.message}；{error.remedy}"]
    except OSError as error:
        found = [f"读不出 {error.filename}：{error.strerror}；请检查磁盘和权限，必要时从备份恢复"]
    return found


def check_content(home: Path) -> list[str]:
    """Return which files of an object no longer have the bytes that were stored; missing ones are not told again."""
    try:
        inventory = _verified_inventory(home)
    except (IntegrityFailure, OSError):
        return []  # told by check_structure
    found = []
    for digest, paths in sorted(inventory.manifest.items(), key=lambda entry: list(entry[1])):
        for name in paths:
            try:
                if (home / name).is_file() and ocfl.sha512_of(home / name) != digest:
                    found.append(f"{name} 的内容与归档时不同；{RESTORE}")
            except OSError as error:
                found.append(f"读不出 {name}：{error.strerror}；请检查磁盘，必要时从备份恢复")
    return found


def check_root(objects: Path) -> list[str]:
    """Return what is wrong above the objects: the declaration, and whatever is not an object or a way to one."""
    name, declaration = ocfl.ROOT_DECLARATION
    found = []
    if not (objects / name).is_file() or (objects / name).read_bytes() != declaration:
        found.append(f"档案库缺声明文件 {name}，或它被改动；请从备份恢复")
    for fixed, data in (
        ("ocfl_layout.json", ocfl.LAYOUT),
        (f"extensions/{ocfl.LAYOUT_NAME}/config.json", ocfl.LAYOUT_CONFIG),
    ):
        if not (objects / fixed).is_file() or (objects / fixed).read_bytes() != ocfl.to_json(data):
            found.append(f"档案库缺 {fixed}，或它被改动；请从备份恢复")
    known = {name, "ocfl_layout.json", "extensions"}
    for entry in sorted(objects.iterdir() if objects.is_dir() else []):
        if entry.name not in known:
            found += _ways(entry, ocfl.TUPLES)
    return found


def _ways(entry: Path, depth: int) -> Iterator[str]:
    """Follow the folders named by digest down to the objects, and tell what does not belong there."""
    if depth == 0:
        if not (entry / ocfl.OBJECT_DECLARATION[0]).is_file():
            yield f"{entry} 不是归档对象；请移走它，或从备份恢复"
    elif not re.fullmatch(f"[0-9a-f]{{{ocfl.TUPLE_SIZE}}}", entry.name) or not entry.is_dir():
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise IntegrityFailure(f"缺文件 {path.parent.name}/{path.name}", remedy=RESTORE) from None


def _root(home: Path, inventory: Inventory, object_id: str) -> Iterator[str]:
    name, declaration = ocfl.OBJECT_DECLARATION
    if inventory.object_id != object_id:
        yield f"清单里的编号是 {inventory.object_id}，不是这个对象；{RESTORE}"
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
        try:
            own = _verified_inventory(folder)
        except IntegrityFailure as error:
            yield f"{error.message}；{error.remedy}"
            continue
        same_history = own.object_id == inventory.object_id and list(own.versions) == list(inventory.versions[:number])
        if not same_history or any(inventory.manifest.get(d) != paths for d, paths in own.manifest.items()):
            yield f"v{number} 的清单与对象的清单不一致；{RESTORE}"
        for stray in sorted({entry.name for entry in folder.iterdir()} - {INVENTORY, SIDECAR, "content"}):
            yield f"多出 v{number}/{stray}；请移走它，或从备份恢复"


def _files(home: Path, inventory: Inventory) -> Iterator[str]:
    listed = {path for paths in inventory.manifest.values() for path in paths}
    present: set[str] = set()
    for number in range(1, inventory.head + 1):
        for here, folders, names in os.walk(home / f"v{number}" / "content"):
            inside = Path(here).relative_to(home).as_posix()
            present |= {f"{inside}/{name}" for name in names}
            if not folders and not names:
                yield f"{inside} 是空文件夹；请删去它，并核对是否少了文件"
    for missing in sorted(listed - present):
        yield f"缺文件 {missing}；{RESTORE}"
    for stray in sorted(present - listed):
        yield f"多出文件 {stray}，清单里没有；请移走它，或从备份恢复"
