"""A hit on its paper: the page with the words marked, held against what pdftotext says where they stand."""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from qrecords.errors import StorageFailure
from qrecords.model.access import Account, Grant
from qrecords.model.textnorm import normalise
from qrecords.office import Office
from qrecords.render.wordmarks import SCALE, marks_on
from qrecords.services.finding import pages
from qrecords.services.finding.pages import page_shown
from qrecords.services.intake.fill import fill
from qrecords.services.intake.preview import preview
from qrecords.stores.given import on_disk
from tests.web.test_desk import Browser

pytestmark = pytest.mark.office
LONG = "示例：功放过热后自动关机，再试；" * 12 + "更换 TH-120C 后恢复正常。"


@pytest.fixture
def filled(office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> str:
    values = sample("01A", source_record_no=None, channel="电话", info_content=LONG, remarks=None)
    return fill(office, "01A", [on_disk(write(values))]).records[0].record_no


def yellow(picture: bytes, box: tuple[float, float, float, float] | None = None) -> float:
    """Return which part of a picture is marked."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    if box:
        image = image.crop(tuple(map(round, box)))
    red, _, blue = image.split()
    marked = [r - b > 90 for r, b in zip(red.tobytes(), blue.tobytes(), strict=True)]
    return sum(marked) / len(marked)


def places(pdf: Path, text: str) -> list[tuple[int, tuple[float, float, float, float]]]:
    """Return page and box (points from the upper left) of the words pdftotext finds that hold a text."""
    told = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    found = []
    for number, page in enumerate(told.split("<page ")[1:], start=1):
        for box, word in re.findall(r'<word (xMin="[^>]*)>([^<]*)</word>', page):
            if text in html.unescape(word):
                left, top, right, bottom = map(float, re.findall(r'"([\d.]+)"', box))
                found.append((number, (left, top, right, bottom)))
    return found


def test_the_words_are_marked_where_they_stand(office: Office, filled: str, tmp_path: Path) -> None:
    with office.register.read() as tx:
        record = tx.records.get(filled)
    assert record is not None
    pdf = preview(office, "01A", record.values)
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf)
    unit = record.customer_unit
    shown, bare = page_shown(pdf, [normalise(unit), "没有这样的词"]), page_shown(pdf, [])
    told = [(number, box) for number, box in places(path, unit) if number == shown.number]
    assert told
    assert shown.absent == ["没有这样的词"]
    assert (bare.number, bare.found, yellow(bare.picture)) == (1, {}, 0)
    for _, box in told:
        assert yellow(shown.picture, tuple(side * SCALE for side in box)) > 0.3  # type: ignore[arg-type]
    assert yellow(shown.picture) < 0.05, "the words, not the page"


def test_words_over_two_lines_and_with_joiners_are_found(office: Office, filled: str) -> None:
    with office.register.read() as tx:
        record = tx.records.get(filled)
    assert record is not None
    with pypdfium2.PdfDocument(preview(office, "01A", record.values)) as document:
        marks = [
            mark for page in document for mark in marks_on(page, [normalise("功放过热后自动关机"), normalise("th120c")])
        ]
    over = [mark for mark in marks if mark.word == normalise("功放过热后自动关机")]
    assert len(over) == 12
    assert any(len(mark.boxes) == 2 for mark in over), "twelve in a row do not all fit their lines"
    assert sum(mark.word == "th120c" for mark in marks) == 1


def test_a_hit_leads_to_its_page(office: Office, filled: str) -> None:
    browser = Browser(office).enter()
    hits = browser.get("/search?q=功放过热 TH120C")
    address = html.unescape(re.findall(r'class="look" href="([^"]+)"', hits)[0])
    page = browser.get(address)
    source = html.unescape(re.findall(r'class="sheet" [^>]*src="([^"]+)"', page)[0])
    answer = browser.http.get(source)
    assert answer.headers["content-type"] == "image/png"
    assert yellow(answer.content) > 0
    assert "13处" in page
    assert "不在纸面上" not in page
    with office.register.read() as tx:
        assert [e.detail.get("via") for e in tx.audit.events(filled) if e.action == "read"]


def test_what_is_on_no_paper_is_said_with_where_it_stands(office: Office, filled: str) -> None:
    browser = Browser(office).enter()
    page = html.unescape(browser.get(f"/records/{filled}/page?q=功放 不在任何地方"))
    assert "不在任何地方 不在纸面上" in page
    assert "<mark>功放</mark>" in page
    for number, shown in (("0", 1), ("99999", 2), ("x", 1), ("-3", 1)):
        assert f"第{shown}页" in browser.get(f"/records/{filled}/page?page={number}")
    assert browser.http.get(f"/records/{filled}/page?q=过热 OR").status_code == 422


def test_a_page_of_what_may_not_be_read_is_not_there(office: Office, filled: str) -> None:
    with office.register.write() as tx:
        tx.accounts.add(Account("low", "示例读者", None, grants=(Grant("supervisor", branch="空军"),)), office.now())
        tx.audit.append([office.event("accounts", "account/low")])
    low = Browser(
        Office(office.workspace, Account("low", "示例读者", None, grants=(Grant("supervisor", branch="空军"),)))
    )
    low.enter()
    for kind in ("page", "page.png"):
        there, nowhere = (low.http.get(f"/records/{n}/{kind}?q=功放") for n in (filled, "QR758-01A-2025-09999"))
        assert there.status_code == nowhere.status_code == 404
        assert there.text.replace(filled, "") == nowhere.text.replace("QR758-01A-2025-09999", "")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4 nothing", b"\x00" * 4096])
def test_what_is_no_pdf_ends_the_child_alone(data: bytes) -> None:
    with pytest.raises(StorageFailure, match="画不出来"):
        page_shown(data, ["示例"])


def test_a_page_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SECONDS", 0.01)
    with pytest.raises(StorageFailure, match="画不出来"):
        page_shown(b"%PDF", ["示例"])
