"""The folders of series and forms below `forms/`; every start may ask, so nothing is read and little loaded."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

SERIES_FILE = "series.toml"
COMPLAINTS_FILE = "disposition/complaints.toml"
OFF_FILE = "series.off"  # of a pack that is off
_SERIES_FOLDER = re.compile(r"[A-Z0-9]+(?:[.-][A-Z0-9]+)*")  # as model/series.py wants its code
_FORM_FOLDER = re.compile(r"\d{1,4}[A-Z]?|[A-Z]{1,4}")


def series_folders(main: Path) -> list[Path]:
    """Return the folders of all series: the main one, then those beside it, by name; a copy laid aside is none."""
    beside = [p for p in _folders(main.parent) if p.name != main.name and _SERIES_FOLDER.fullmatch(p.name)]
    return [main, *(p for p in beside if (p / SERIES_FILE).exists())]


def has_form(main: Path, code: str) -> bool:
    """Tell whether a form's folder is there, its series on or off."""
    series, _, form = code.rpartition("-")
    return (main.parent / series / form / "form.toml").is_file()


def form_codes(main: Path) -> tuple[str, ...]:
    """Return the codes of all forms by their folders, those of the main series first; no file is read.

    The folders are looked through again when one of them changed: a page of the desk asks several times.
    """
    now = time.time_ns()
    known = _LISTED.get(main)
    if known and known.marks == [*map(folder_mark, known.folders)]:
        return known.codes
    folders = [main.parent, main, *_folders(main.parent)]
    marks = [*map(folder_mark, folders)]
    codes = tuple(_form_codes(main))
    # What changed within the grain of a file system's clock may change again unseen.
    if max((max(mark) for mark in marks if mark), default=now) < now - _GRAIN_NS:
        _LISTED[main] = _Listed(folders, marks, codes)
    return codes


def complaint_kinds_mark(forms_dir: Path) -> tuple[int, int, int] | None:
    """Return what changes when it is said anew which records are complaints; None when it is not said."""
    try:
        found = (forms_dir / COMPLAINTS_FILE).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


_Mark = tuple[int, int] | None
_GRAIN_NS = 3_000_000_000


@dataclass(frozen=True, slots=True)
class _Listed:
    """The folders looked through, when each changed last, and the codes found then."""

    folders: list[Path]
    marks: list[_Mark]
    codes: tuple[str, ...]


_LISTED: dict[Path, _Listed] = {}  # by main series


def folder_mark(folder: Path) -> _Mark:
    """Return what changes when a name in a folder comes, goes or is replaced; None when there is no such folder."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns


def _form_codes(main: Path) -> list[str]:
    return [
        f"{series.name}-{form.name}"
        for series in series_folders(main)
        for form in _folders(series)
        if _FORM_FOLDER.fullmatch(form.name)
    ]


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return [path / name for name in sorted(e.name for e in entries if e.is_dir())]
    except OSError:
        return []
