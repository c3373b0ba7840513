"""Spreadsheets as others read and save them: calamine, openpyxl, LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook


def seen(path: Path, sheet: int = 0) -> list[list[str]]:
    """Return the cells of a sheet of texts, row by row, as calamine and openpyxl both read them."""
    theirs = [[str(c) for c in row] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(sheet).to_python()]
    ours = openpyxl.load_workbook(path).worksheets[sheet].iter_rows(values_only=True)
    assert theirs == [["" if c is None else str(c) for c in row] for row in ours]
    return theirs


def saved_by_libreoffice(path: Path, folder: Path) -> Path:
    """Return a workbook as LibreOffice writes it after opening it."""
    program = shutil.which("soffice") or pytest.skip("LibreOffice is not installed")
    out = folder / "saved by libreoffice"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    words = [program, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)]
    subprocess.run(words, check=True, capture_output=True, timeout=180)
    saved = out / path.name
    if not saved.exists():
        pytest.skip("this LibreOffice has no Calc")
    return saved
