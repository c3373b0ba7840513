"""pdfium is asked by one thread at a time, whatever the desk's threads do (render, foreign)."""

from __future__ import annotations

import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pypdf import PdfWriter

import qrecords
from qrecords.foreign.pdfium import looked_into
from qrecords.render.blank import blank_pages

SOURCE = Path(qrecords.__file__).parent
# The child process has one thread.
APART = {"scanning/worker.py", "foreign/pdfium.py"}


def paper(pages: int) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def test_a_second_thread_waits_until_the_pdf_is_closed() -> None:
    entered = threading.Event()

    def other() -> None:
        with looked_into(paper(1)):
            entered.set()

    with looked_into(paper(1)):
        thread = threading.Thread(target=other)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(10)
    thread.join()


def test_it_is_let_go_of_when_the_pdf_does_not_open() -> None:
    for _ in range(2):
        assert blank_pages(b"no pdf") == ()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(blank_pages, paper(2)).result(timeout=10) == (0, 1)


def test_many_threads_see_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(blank_pages, [paper(12)] * 64)) == {tuple(range(12))}


def test_nobody_opens_a_pdf_past_it() -> None:
    files = {p.relative_to(SOURCE).as_posix(): p.read_text(encoding="utf-8") for p in SOURCE.rglob("*.py")}
    assert {name for name, text in files.items() if re.search(r"\bPdfDocument\(", text)} == APART
