"""Ready offices laid out anew for each test: read once, written from memory, in a seventh of the time a copy takes."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from qrecords.stores import formoutlines
from qrecords.stores.formfiles import FormCatalogue


@cache
def _read(base: Path) -> tuple[list[tuple[str, int]], list[tuple[str, int, bytes]]]:
    """Return the folders and files below a folder that changes no more, each with its mode."""
    folders: list[tuple[str, int]] = []
    files: list[tuple[str, int, bytes]] = []
    for place, _, names in os.walk(base):
        here = Path(place)
        folders.append((here.relative_to(base).as_posix(), here.stat().st_mode & 0o7777))
        for path in (here / name for name in names):
            files.append((path.relative_to(base).as_posix(), path.stat().st_mode & 0o7777, path.read_bytes()))
    return folders, files


def laid(base: Path, root: Path) -> Path:
    """Lay a ready folder out at another place, which may be there already, and return that; `base` changes no more."""
    folders, files = _read(base)
    mask = os.umask(0o022)
    os.umask(mask)
    for name, mode in folders:
        (root / name).mkdir(mode, parents=True, exist_ok=True)
        if mode & mask:
            (root / name).chmod(mode)
    there = f"{root}{os.sep}"
    for name, mode, data in files:
        handle = os.open(there + name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb", buffering=0) as stream:
            stream.write(data)
        if mode & mask:
            Path(there + name).chmod(mode)
    for office in (root, root / "office"):
        _hold_outlines(office)
    return root


def _hold_outlines(root: Path) -> None:
    """Let the outlines of an office's forms hold for the files of its copy too."""
    kept = root / "indexes" / formoutlines.CACHE_FILE
    if not kept.exists():
        return
    forms = root / "forms" / "QR758"
    outlines = formoutlines.FormOutlines(forms, kept.parent, lambda: FormCatalogue(forms))
    kept.write_text(f'{{"marks": {json.dumps(outlines._marks())}, {_but_marks(kept.read_bytes())}', encoding="utf-8")


@cache
def _but_marks(outlines: bytes) -> str:
    """Return the rest of the outlines as JSON, its opening brace left out."""
    return json.dumps({key: value for key, value in json.loads(outlines).items() if key != "marks"})[1:]
