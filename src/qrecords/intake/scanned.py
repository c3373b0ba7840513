"""Scans someone names: files, and folders they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qrecords.errors import NotFound
from qrecords.stores.given import GivenFile, on_disk

SUFFIXES = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff"})


def scans_of(paths: Sequence[Path]) -> list[GivenFile]:
    """Return the files, those of a folder in the order of their names; NotFound for a folder without any."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not inside:
            raise NotFound(f"{path} 里没有扫描件", remedy="扫描件是 PDF、JPEG、PNG 或 TIFF 文件")
        found += inside
    return [on_disk(path) for path in dict.fromkeys(found)]
