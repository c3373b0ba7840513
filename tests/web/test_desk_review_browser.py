"""审查 in a real browser: ten seconds to take a 通过 back, and what becomes of it however the page is left."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from qrecords.office import Office
from qrecords.services.finding.find import list_records
from qrecords.services.intake.fill import fill
from qrecords.services.steps import send_back, submit
from qrecords.stores.given import on_disk
from tests.web.browsing import browser_marks
from tests.web.test_desk_browser import chromium, page, site

__all__ = ["chromium", "page", "site"]  # fixtures of the desk's browser
pytestmark = browser_marks
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)  # any: a page's clock stands at it


@pytest.fixture(autouse=True)
def no_paper(page: Page) -> None:
    """Let a page come without the print in its frame: no test here looks at it, and all would wait for it."""
    page.route("**/*.pdf*", lambda route: route.fulfill(content_type="text/html", body="示例"))


@pytest.fixture
def waiting(office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> list[str]:
    """Return the numbers of three dispatches that wait for their review."""
    lines = [sample("09A", subject=f"示例第{n}件") for n in range(3)]
    numbers = [r.record_no for r in fill(office, "09A", [on_disk(write(lines))]).records]
    submit(office, numbers)
    return numbers


def states(office: Office) -> list[str]:
    """Return the states of all records by number."""
    return [r.state for r in sorted(list_records(office), key=lambda r: str(r.record_no))]


def become(office: Office, wanted: list[str]) -> None:
    """Wait until the records have these states."""
    until = time.monotonic() + 10
    while states(office) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    assert states(office) == wanted


def pass_first(page: Page, number: str) -> None:
    page.goto(f"/review?number={number}")
    page.keyboard.press("t")
    expect(page.locator("#held")).to_contain_text(f"已通过 {number}，10秒内可撤回")


def test_within_ten_seconds_it_is_taken_back_and_nothing_was_decided(
    page: Page, office: Office, waiting: list[str]
) -> None:
    pass_first(page, waiting[0])
    expect(page.get_by_role("heading", name=waiting[1])).to_be_visible()
    expect(page.get_by_text("第1份，共2份")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name=waiting[0])).to_be_visible()
    expect(page.locator("#held")).to_be_hidden()
    page.goto("/")
    time.sleep(0.5)
    assert states(office) == ["submitted"] * 3
    with office.register.read() as tx:
        assert "review" not in {e.action for e in tx.audit.events(waiting[0])}


def test_after_ten_seconds_it_is_done(page: Page, office: Office, waiting: list[str]) -> None:
    page.clock.install(time=MOMENT)
    page.clock.pause_at(MOMENT + timedelta(hours=1))  # else it goes on by itself too, as long as a busy machine takes
    pass_first(page, waiting[0])
    page.clock.run_for(9_000)
    assert states(office) == ["submitted"] * 3
    page.clock.run_for(2_000)
    become(office, ["reviewed", "submitted", "submitted"])
    expect(page.locator("#held")).to_have_text(f"{waiting[0]} 已通过")
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name=waiting[1])).to_be_visible()


@pytest.mark.parametrize("way", ["next", "another", "link", "address", "reload", "closed", "logout"])
def test_it_is_done_when_the_page_is_left_however(page: Page, office: Office, waiting: list[str], way: str) -> None:
    pass_first(page, waiting[0])
    match way:
        case "next":
            page.keyboard.press("j")
            expect(page.get_by_role("heading", name=waiting[2])).to_be_visible()
        case "another":
            page.keyboard.press("t")
            expect(page.locator("#held")).to_contain_text(waiting[1])
        case "link":
            page.keyboard.press("Alt+1")
            page.wait_for_url("**/")
        case "address":
            page.goto("/search")
        case "reload":
            page.reload()
        case "closed":
            with page.expect_event("close"):
                page.close(run_before_unload=True)
        case "logout":
            page.get_by_role("button", name="退出").click()
            page.wait_for_url("**/login**")
    become(office, ["reviewed", "submitted", "submitted"])


def test_a_browser_that_is_killed_has_decided_nothing(page: Page, office: Office, waiting: list[str]) -> None:
    pass_first(page, waiting[0])
    page.close()  # without a word to the page
    time.sleep(0.5)
    assert states(office) == ["submitted"] * 3


def test_a_tab_brought_back_long_after_asks_again(page: Page, office: Office, waiting: list[str]) -> None:
    pass_first(page, waiting[0])
    page.evaluate(
        """() => { const d = JSON.parse(sessionStorage.held); d.until -= 3600e3; const text = JSON.stringify(d);
        const remove = Storage.prototype.removeItem; Storage.prototype.removeItem = () => {};
        window.fetch = () => new Promise(() => {}); sessionStorage.setItem("held", text); }"""
    )
    page.reload()
    expect(page.locator("#banner")).to_contain_text("没有送出")
    assert states(office) == ["submitted"] * 3


def test_what_somebody_moved_meanwhile_is_told_and_not_overwritten(
    page: Page, office: Office, waiting: list[str]
) -> None:
    pass_first(page, waiting[0])
    send_back(office, [waiting[0]], reason="示例：另一个人退回")
    page.keyboard.press("j")
    expect(page.locator("#banner")).to_contain_text(f"没有通过 {waiting[0]}")
    assert states(office) == ["draft", "submitted", "submitted"]


def test_a_lost_connection_is_told_and_it_is_sent_again(page: Page, office: Office, waiting: list[str]) -> None:
    page.clock.install()
    pass_first(page, waiting[0])
    page.context.set_offline(True)
    page.keyboard.press("j")
    expect(page.locator("#banner")).to_contain_text("还没有送出")
    assert states(office) == ["submitted"] * 3
    page.context.set_offline(False)
    page.clock.fast_forward(4_000)  # until it is sent again
    become(office, ["reviewed", "submitted", "submitted"])
    expect(page.locator("#banner")).to_be_hidden()


def test_many_rows_are_passed_together_and_taken_back_together(page: Page, office: Office, waiting: list[str]) -> None:
    page.goto("/review")
    page.keyboard.press("m")
    page.wait_for_url("**/review/rows/QR758-09A")
    page.keyboard.press("t")
    expect(page.locator("#banner")).to_contain_text("请先勾选")
    page.keyboard.press("a")
    page.keyboard.press("t")
    expect(page.locator("#held")).to_contain_text(f"{waiting[0]} 等3份")
    expect(page.get_by_text("没有等待审查的行")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("3行")).to_be_visible()
    assert states(office) == ["submitted"] * 3
    page.get_by_label(f"选中 {waiting[1]}").check()
    page.get_by_label("原因").fill("示例：写错")
    page.get_by_role("button", name="选中的都退回").click()
    expect(page.get_by_text(f"已退回：{waiting[1]}")).to_be_visible()
    assert states(office) == ["submitted", "draft", "submitted"]
    page.wait_for_load_state()  # its script hears no key before
    page.keyboard.press("a")
    page.keyboard.press("t")
    expect(page.locator("#held")).to_contain_text("等2份")
    page.keyboard.press("Alt+1")
    page.wait_for_url("**/")
    become(office, ["reviewed", "draft", "reviewed"])


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (683, 384)], ids=["1366×768", "at 200 %"])
def test_the_rows_to_review_are_usable_by_all(page: Page, waiting: list[str], width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    for address in ("/review/rows/09A", f"/review?number={waiting[0]}", "/"):
        page.goto(address)
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == [], (
            address
        )
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, address


@pytest.mark.parametrize("twice", ["key", "button"])
def test_pressed_twice_it_is_held_once_and_can_be_taken_back(
    page: Page, office: Office, waiting: list[str], twice: str
) -> None:
    page.goto(f"/review?number={waiting[0]}")
    press = {
        "key": "document.dispatchEvent(new KeyboardEvent('keydown', { key: 't', bubbles: true }))",
        "button": "document.querySelector('[data-key-press=t]').click()",
    }[twice].replace("document.dispatchEvent", "document.body.dispatchEvent")
    page.evaluate(f"() => {{ {press}; setTimeout(() => {{ {press} }}, 1); }}")
    expect(page.locator("#held")).to_contain_text(f"已通过 {waiting[0]}，10秒内可撤回")
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name=waiting[0])).to_be_visible()
    page.goto("/")
    time.sleep(0.5)
    assert states(office) == ["submitted"] * 3


def test_a_key_held_down_passes_one_record(page: Page, office: Office, waiting: list[str]) -> None:
    page.goto(f"/review?number={waiting[0]}")
    page.keyboard.down("t")
    expect(page.get_by_role("heading", name=waiting[1])).to_be_visible()
    for _ in range(3):
        page.keyboard.down("t")  # what is still down repeats
        time.sleep(0.2)
    page.keyboard.up("t")
    expect(page.get_by_role("heading", name=waiting[1])).to_be_visible()
    assert states(office) == ["submitted"] * 3


def test_what_waits_today_is_one_key_away(page: Page, office: Office, waiting: list[str]) -> None:
    send_back(office, waiting, reason="示例：写错")
    page.set_viewport_size({"width": 1366, "height": 420})
    page.goto("/")
    lines = [page.get_by_role("link", name=number, exact=True) for number in waiting]

    def key(n: int) -> str:
        return str(lines[n].get_attribute("data-key-go")).upper()

    assert [line.locator("kbd").inner_text() for line in lines] == ["1", "2", "3"], "shown beside the line"
    composed = "new KeyboardEvent('keydown', { key: '1', code: 'Digit1', bubbles: true, isComposing: true })"
    page.evaluate(f"() => document.body.dispatchEvent({composed})")
    page.keyboard.press("Shift+Digit2")
    page.keyboard.press("Shift+Digit3")
    ticked = [page.get_by_label(f"选中 {number}").is_checked() for number in waiting]
    assert ticked == [False, True, True]
    send = page.get_by_role("button", name="提交选中的")
    page.keyboard.press(str(send.get_attribute("data-key-press")))
    expect(page.get_by_text(f"已提交：{waiting[1]}等2份")).to_be_visible()
    become(office, ["draft", "submitted", "submitted"])
    expect(lines[0]).to_have_attribute("data-key-go", re.compile("."))  # the page's script gives it once it has run
    page.keyboard.press(key(0))
    page.wait_for_url(f"**/records/{waiting[0]}")
    page.goto("/")
    page.evaluate("document.querySelector('main').style.paddingTop = '600px'; dispatchEvent(new Event('resize'))")
    expect(lines[0]).not_to_have_attribute("data-key-go", "1")  # what is out of sight has none
    page.keyboard.press("End")
    expect(lines[0]).to_have_attribute("data-key-go", "1")
