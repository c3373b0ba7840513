"""Scans through HTTP: files read as a job, what waits shown, turned and given to its record, changed values explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import jobs
from qrecords.services.intake.update import update
from qrecords.stores.given import on_disk
from qrecords.web.wording import worded
from tests import office_steps
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.office_steps import F, G, sheet
from tests.web.test_desk import Browser

pytestmark = pytest.mark.office
SIGNED = {"kind": "用户签名", "by": "示例用户", "on": "2019-12-30"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Office, Browser, Path]]:
    """Return an office with two reports to be signed, its browser, and the folder its scans lie in."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    root = office_steps.signing(tmp_path)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people.office
        browser = Browser(office).enter()
        browser.app.state.work = lambda: jobs.work_off(office.workspace, worded)
        yield office, browser, root.parent


def upload(browser: Browser, *paths: Path, status: int = 303) -> str:
    files = [("file", (path.name, path.read_bytes())) for path in paths]
    answer = browser.http.post("/scans", data={"token": browser.token, **SIGNED}, files=files)
    assert answer.status_code == status, answer.text
    return browser.get(answer.headers["location"]) if status == 303 else str(answer.text)


def test_a_stack_is_read_what_waits_is_turned_and_given_to_its_record(desk: tuple[Office, Browser, Path]) -> None:
    _, browser, folder = desk
    before = browser.get("/scans")
    page = re.findall(r'data-page="(P\w{12})"', before)[0]
    told = upload(browser, folder / "f.png")
    assert "附上1份，0页留待处理，0份没有附上" in told
    assert "用户签名" in browser.get(f"/records/{F}")

    shown = browser.http.get(f"/scans/{page}/page.jpg")
    assert shown.headers["content-type"] == "image/jpeg"
    wide, high = Image.open(BytesIO(shown.content)).size
    fresh = browser.post(f"/scans/{page}/turn", {"quarters": "1"}).headers["location"].partition("#")[2]
    assert fresh != page
    assert browser.http.get(f"/scans/{page}/page.jpg").status_code == 404
    assert Image.open(BytesIO(browser.http.get(f"/scans/{fresh}/page.jpg").content)).size == (high, wide)
    assert browser.post(f"/scans/{fresh}/turn", {"quarters": "7"}).status_code == 409

    assert browser.post("/scans/give", {"number": G, **SIGNED}).status_code == 409, "nothing ticked"
    assert browser.post("/scans/give", {"page": fresh, "number": "06A-2019-00099"}).status_code == 404
    assert browser.post("/scans/give", {"page": fresh, "number": G, **SIGNED}).status_code == 303
    assert "没有等着的页" in browser.get("/scans")
    assert "签名、盖章" in browser.get(f"/records/{G}")


def test_a_print_whose_values_changed_says_what_was_and_what_is(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    changes = folder / "more.json"
    changes.write_text('{"customer_unit": "示例单位改"}', encoding="utf-8")
    update(office, F, on_disk(changes))
    told = upload(browser, folder / "f.png")
    assert "1份没有附上" in told
    page = browser.get("/scans")
    assert "印的是「示例单位六」，现在是「示例单位改」" in page


def test_the_scanners_folder_is_taken_from_and_other_files_are_refused(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    assert browser.post("/scans/take").status_code == 409, "no folder is named"
    upload(browser, folder / "paper.docx" if (folder / "paper.docx").exists() else _other(folder), status=409)
    scanner = folder / "scanner"
    scanner.mkdir()
    sheet(scanner / "a.png", "HTTP://EXAMPLE.ORG/9")
    settings = office.settings.root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8")
    assert 'scan_folder = ""' in text
    settings.write_text(text.replace('scan_folder = ""', f'scan_folder = "{scanner}"'), encoding="utf-8")
    with kept.opened(office.settings.root, clock=lambda: kept.THEN) as people:
        again = Browser(people.office).enter()
        again.app.state.work = lambda: jobs.work_off(people.office.workspace, worded)
        assert "1个文件" in again.get("/scans")
        assert again.post("/scans/take", SIGNED).status_code == 303
        assert "a.png" in again.get("/scans")


def _other(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("示例", encoding="utf-8")
    return path
