"""管理 through HTTP: templates tried with the page before and after."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.shared import RGBColor
from lxml import html
from PIL import Image

from qrecords.office import Office
from qrecords.services.intake.templates import template_file
from tests.web.test_desk import Browser


@pytest.fixture
def browser(office: Office) -> Browser:
    return Browser(office).enter()


# Templates


def in_red(template: bytes) -> bytes:
    """Return a template with its first table's written words in red."""
    document = Document(BytesIO(template))
    for cell in document.tables[0].rows[0].cells:
        for run in (run for paragraph in cell.paragraphs for run in paragraph.runs):
            run.font.color.rgb = RGBColor(0xE0, 0, 0)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def reds(picture: bytes) -> int:
    image = Image.open(BytesIO(picture)).convert("RGB")
    assert min(image.size) > 500, "large enough to be read"
    red, green, _ = image.split()
    return sum(r - g > 90 for r, g in zip(red.tobytes(), green.tobytes(), strict=True))


def tried(browser: Browser, name: str, data: bytes, **said: str) -> Any:
    files = {"file": (name, data)}
    return browser.http.post("/office/forms/01A/template", data={"token": browser.token, **said}, files=files)


@pytest.mark.office
def test_a_template_tried_is_seen_beside_the_one_in_use(office: Office, browser: Browser) -> None:
    answer = tried(browser, "red.docx", in_red(template_file(office, "01A")))
    assert answer.status_code == 200, answer.text
    rows = html.fromstring(answer.text).xpath('//table[contains(@class, "compare")]/tbody/tr')
    pictures = [[browser.http.get(src) for src in row.xpath(".//img/@src")] for row in rows]
    assert pictures
    assert all(p.headers["content-type"] == "image/png" for row in pictures for p in row)
    assert all(len(row) == 2 for row in pictures), "as many pages after as before"
    before, after = pictures[0]
    assert reds(before.content) == 0
    assert reds(after.content) > 100
    again = html.fromstring(answer.text).xpath('//table[contains(@class, "compare")]//img/@src')[0]
    assert browser.http.get(again).content == before.content, "looked at as often as one likes"
    assert Browser(office).enter().http.get(again).status_code == 404, "another desk has none"
    assert template_file(office, "01A") != in_red(template_file(office, "01A")), "nothing is put in place"


@pytest.mark.office
def test_a_template_that_prints_nothing_says_so_beside_the_one_in_use(office: Office, browser: Browser) -> None:
    document = Document(BytesIO(template_file(office, "01A")))
    document.add_paragraph("{{ nonsense")
    stream = BytesIO()
    document.save(stream)
    answer = tried(browser, "bad.docx", stream.getvalue())
    assert answer.status_code == 422
    (row,) = html.fromstring(answer.text).xpath('//table[contains(@class, "compare")]/tbody/tr[1]')
    assert len(row.xpath(".//img")) == 1
    assert "印不出来" in row[1].text_content()
    assert "没有采用" in answer.text
    assert browser.http.get("/office/forms/01A/tried.png?word=x").status_code == 404
