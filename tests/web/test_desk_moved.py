"""A record moved meanwhile by somebody else: at the desk it is shown, and nothing is overwritten unsaid."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.office import Office
from qrecords.services import steps
from qrecords.services.finding.find import show
from qrecords.services.intake.fill import fill
from qrecords.services.intake.update import update
from qrecords.stores.given import on_disk
from tests.web.test_desk import Browser


@pytest.fixture
def number(office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> str:
    values = sample("01A", source_record_no=None, channel="电话", info_content="示例：原来的", contact_person="示例甲")
    return fill(office, "01A", [on_disk(write(values))]).records[0].record_no


@pytest.fixture
def browser(office: Office) -> Browser:
    return Browser(office).enter()


def fields(page: str) -> dict[str, Any]:
    """Return what a browser would send of a draft's page."""
    page = page.partition('id="draft"')[2].partition("</form>")[0]
    sent: dict[str, Any] = {}
    for name, value in re.findall(r'<input id="[^"]*" name="(\w+)" value="([^"]*)"', page):
        sent[name] = html.unescape(value)
    for name, value in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', page):
        sent[name] = html.unescape(value).replace("\n", "\r\n")
    for kind, name, value in re.findall(r'<input type="(radio|checkbox)" name="(\w+)" value="([^"]*)" checked>', page):
        if kind == "radio":
            sent[name] = html.unescape(value)
        else:
            sent.setdefault(name, []).append(html.unescape(value))
    return sent | {"revision": re.findall(r'name="revision" value="(\d+)"', page)[0]}


def gone_on(browser: Browser, number: str, **changes: str) -> tuple[str, dict[str, Any]]:
    """Go on with a record at the desk and return the draft with what is to be sent."""
    draft = str(browser.post(f"/records/{number}/go-on").headers["location"])
    return draft, fields(browser.get(draft)) | changes


def test_what_others_wrote_meanwhile_stays(
    office: Office, browser: Browser, number: str, write: Callable[..., Path]
) -> None:
    draft, sent = gone_on(browser, number, contact_person="示例乙")
    update(office, number, on_disk(write({"info_content": "示例：别人写的"})))
    told = browser.ask(draft, sent)
    assert told.status_code == 200, told.text
    assert any("别人刚改过" in note and "别人写的" in note for note in told.json()["notes"])
    made = browser.ask(f"{draft}/make", {**sent, "revision": told.json()["revision"]})
    assert made.status_code == 200, made.text
    values = show(office, number).values
    assert (values["info_content"], values["contact_person"]) == ("示例：别人写的", "示例乙")


def test_where_both_wrote_the_other_is_shown_before_it_goes(
    office: Office, browser: Browser, number: str, write: Callable[..., Path]
) -> None:
    draft, sent = gone_on(browser, number, info_content="示例：这里写的")
    update(office, number, on_disk(write({"info_content": "示例：别人写的", "contact_person": "示例丙"})))
    first = browser.ask(f"{draft}/make", sent)
    assert first.status_code == 409
    assert "别人写的" in first.json()["message"]
    assert "示例丙" not in first.json()["message"], "that stays anyway"
    assert show(office, number).values["info_content"] == "示例：别人写的"
    page = fields(browser.get(draft))
    assert page["info_content"] == "示例：这里写的", "what was typed is still there"
    second = browser.ask(f"{draft}/make", page)
    assert second.status_code == 200, second.text
    values = show(office, number).values
    assert (values["info_content"], values["contact_person"]) == ("示例：这里写的", "示例丙")


def test_nothing_typed_writes_nothing(office: Office, browser: Browser, number: str) -> None:
    draft, sent = gone_on(browser, number)
    before = show(office, number, history=True)
    assert browser.ask(f"{draft}/make", sent).status_code == 200
    after = show(office, number, history=True)
    assert (before.values, len(before.history)) == (after.values, len(after.history))
    assert draft not in browser.get("/")


def test_a_record_gone_on_its_way_takes_no_draft(office: Office, browser: Browser, number: str) -> None:
    draft, sent = gone_on(browser, number, info_content="示例：这里写的")
    steps.submit(office, [number])
    refused = browser.ask(f"{draft}/make", sent)
    assert refused.status_code in {409, 422}
    assert "已提交" in refused.text or "不能" in refused.text
    assert show(office, number).values["info_content"] == "示例：原来的"
    assert draft in browser.get("/"), "what was typed is not lost"


def test_a_step_taken_by_another_first_is_told(office: Office, browser: Browser, number: str) -> None:
    steps.submit(office, [number])
    steps.review(office, [number])
    late = browser.post("/step/review", {"number": number, "opinion": "示例：第二个", "back": "/review"})
    assert late.status_code == 409
    assert "已审查" in late.text
    assert show(office, number).opinion == ""


@pytest.mark.parametrize("step", ["review", "return", "void"])
def test_nobody_decides_about_words_he_has_not_read(
    office: Office, browser: Browser, number: str, write: Callable[..., Path], step: str
) -> None:
    """While the page is open another returns the record, changes it and hands it in again: it is told, and stays."""
    steps.submit(office, [number])
    place = "/review" if step != "void" else f"/records/{number}"
    form = browser.get(place).partition(f'action="/step/{step}"')[2].partition("</form>")[0]
    seen = re.findall(r'name="seen" value="([^"]+)"', form)
    assert seen
    steps.send_back(office, [number], reason="示例")
    update(office, number, on_disk(write({"info_content": "示例：另外写的"})))
    steps.submit(office, [number])
    sent = {"number": number, "reason": "示例", "back": "/review"}
    late = browser.post(f"/step/{step}", {**sent, "seen": seen})
    assert late.status_code == 409
    assert "刚被别人改过" in late.text
    assert show(office, number).state == "submitted"
    again = re.findall(r'name="seen" value="([^"]+)"', browser.get(place))
    assert browser.post(f"/step/{step}", {**sent, "seen": again}).status_code == 303
