"""pdfium serves one thread at a time: whoever opens a PDF with it has it alone until the PDF is closed.

The desk answers in several threads, and a step may look into a PDF while a preview is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import pypdfium2

_ALONE = RLock()


@contextmanager
def looked_into(source: Path | bytes) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF; what is taken of it is closed with it. pypdfium2.PdfiumError when it does not open."""
    with _ALONE:
        document = pypdfium2.PdfDocument(source)
        try:
            yield document
        finally:
            document.close()
