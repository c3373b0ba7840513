"""What poppler's pdftotext reads on papers: a judge from outside.

It is given them without the colours a PDF/A is meant for: of those it makes a table on every page, nine tenths of its
time, and takes nothing from it.
"""

from __future__ import annotations

import subprocess
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import pikepdf


def pdftotext(pdf: str | Path, *options: object) -> str:
    """Return the text of a PDF, a form feed after each page; the options are the program's."""
    found = Path(pdf).stat()
    told = ["pdftotext", *map(str, options), "-", "-"]
    ran = subprocess.run(
        told, input=_colourless(pdf, found.st_mtime_ns, found.st_size), capture_output=True, check=True
    )
    return ran.stdout.decode()


@lru_cache(maxsize=4)  # a volume is asked page by page
def _colourless(pdf: str | Path, _changed: int, _size: int) -> bytes:
    saved = BytesIO()
    with pikepdf.open(pdf) as document:
        if "/OutputIntents" in document.Root:
            del document.Root["/OutputIntents"]
        document.save(saved)
    return saved.getvalue()
