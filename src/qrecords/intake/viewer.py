"""Opens files on the screen of who sits here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from qrecords.errors import MissingProgram
from qrecords.strict import require_no_program

VIEWER_VARIABLE = "QRECORDS_VIEWER"


def open_with_viewer(path: Path) -> None:
    """Hand a file to the platform's viewer, or to the program QRECORDS_VIEWER names; it goes on by itself."""
    require_no_program("看文件的程序")
    viewer = os.environ.get(VIEWER_VARIABLE, "")
    if sys.platform == "win32" and not viewer:
        os.startfile(path)  # noqa: S606 - how this platform opens a file
        return
    program = viewer or ("open" if sys.platform == "darwin" else "xdg-open")
    try:
        subprocess.Popen(
            [program, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        raise MissingProgram(
            f"没有能打开文件的程序 {program}",
            remedy=f"文件在 {path}，请自行打开；或用环境变量 {VIEWER_VARIABLE} 指明看 PDF 的程序",
        ) from None
