"""The folders of series and forms below `forms/`; every start may ask, so nothing is read and little loaded."""

from __future__ import annotations

import os
import re
from pathlib import Path

SERIES_FILE = "series.toml"
_SERIES_FOLDER = re.compile(r"[A-Z0-9]+(?:[.-][A-Z0-9]+)*")  # as model/series.py wants its code
_FORM_FOLDER = re.compile(r"\d{1,4}[A-Z]?|[A-Z]{1,4}")


def series_folders(main: Path) -> list[Path]:
    """Return the folders of all series: the main one, then those beside it, by name; a copy laid aside is none."""
    beside = [p for p in _folders(main.parent) if p.name != main.name and _SERIES_FOLDER.fullmatch(p.name)]
    return [main, *(p for p in beside if (p / SERIES_FILE).exists())]


def form_codes(main: Path) -> list[str]:
    """Return the codes of all forms by their folders, those of the main series first; no file is read."""
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
