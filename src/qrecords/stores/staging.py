"""Makes a new version of an object, whole and synced, in a folder of its own; moving it in is the archive's work."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from qrecords.errors import InvalidInput, NotFound
from qrecords.ports import Files, Staged
from qrecords.stores import durable, ocfl
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory, Version

NOTE = "object-id"  # beside a new version: the object it belongs to, for whoever finds the folder after a crash


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a version, when (RFC 3339) and why."""

    name: str
    created: str
    message: str


def build(folder: Path, before: Inventory, files: Files, keep: Collection[str], author: Author) -> Staged:
    """Write the version after `before` (empty for a new object) into `folder`: `files`, and the names in `keep`."""
    object_id, number = before.object_id, before.head + 1
    kept = _kept(before, keep)
    _require_safe_names([*files, *kept])
    durable.remove_tree(folder)
    durable.make_dirs(folder)
    home = folder / "tree" / ocfl.object_path(object_id) if number == 1 else folder
    put, added = _put_content(home, f"v{number}", files, before, folder / "incoming")
    version = Version({**kept, **put}, author.created, author.message, author.name)
    inventory = before.grown(version, added).to_bytes()
    for place in (home / f"v{number}", home):
        durable.put_file(place / INVENTORY, inventory)
        durable.put_file(place / SIDECAR, ocfl.sidecar(inventory))
    if number == 1:
        name, declaration = ocfl.OBJECT_DECLARATION
        durable.put_file(home / name, declaration)
    else:
        durable.put_file(folder / NOTE, object_id.encode())
    durable.fsync_tree(folder)
    durable.checkpoint("stage.done")
    return Staged(object_id, number, folder)


def _put_content(
    home: Path, number: str, files: Files, before: Inventory, incoming: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """Put the files the object does not have yet; returns digests by name, and the paths of new content by digest."""
    state: dict[str, str] = {}
    added: dict[str, str] = {}
    for name, content in sorted(files.items()):
        if isinstance(content, bytes):
            durable.put_file(incoming, content)
        else:
            durable.copy_file(content, incoming)
        with durable.storage_errors(incoming):
            # Of the copy, not of the source: that may change while it is read.
            digest = state[name] = ocfl.sha512_of(incoming)
            if digest in before.manifest or digest in added:
                incoming.unlink()
                continue
        added[digest] = _content_path(number, name, set(added.values()))
        durable.move_file(incoming, home / added[digest])
    return state, added


def _content_path(number: str, name: str, taken: Collection[str]) -> str:
    """Return where a file's bytes lie in its version: as it is named, but for `%`, which packages may not have."""
    path = f"{number}/content/{name.replace('%', '％')}"
    while path in taken:
        folder, _, last = path.rpartition("/")
        path = f"{folder}/_{last}"
    return path


def _kept(before: Inventory, keep: Collection[str]) -> dict[str, str]:
    state = before.versions[-1].state if before.versions else {}
    if missing := sorted(set(keep) - set(state)):
        has = "、".join(sorted(state)) or "还没有归档的文件"
        raise NotFound(f"{before.object_id} 里没有 {'、'.join(missing)}", remedy=f"它有：{has}")
    return {name: state[name] for name in keep}


def _require_safe_names(names: Collection[str]) -> None:
    folders = {name[: slash.start()] for name in names for slash in re.finditer("/", name)}
    if bad := sorted({n for n in names if not ocfl.is_safe_name(n) or n in folders}):
        raise InvalidInput(f"文件名不能用于归档：{'、'.join(bad)}", remedy='请改名，不要用 \\ : * ? " < > | 和“..”')
