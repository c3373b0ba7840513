"""One saver: what is not saved is named, a lost answer is asked for again, two windows never write over each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from qrecords.office import Office
from qrecords.services import steps
from qrecords.services.finding.find import list_records, show
from qrecords.services.intake.drafting import draft_of
from qrecords.services.intake.fill import fill
from qrecords.services.intake.registermonth import LINES, month_draft
from qrecords.stores.given import on_disk
from tests.conftest import sample_of
from tests.web.browsing import address, browser_marks, chromium, context, house
from tests.web.test_desk import _first_stage, as_typed

__all__ = ["address", "chromium", "context", "house"]
pytestmark = browser_marks
MONTH = "/fill/QR758-09A/months/2026-0{}"


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Return a page on a new draft of a repair report."""
    opened = context.new_page()
    opened.goto("/fill")
    opened.get_by_role("button", name=re.compile("^维修服务报告")).click()
    opened.wait_for_url("**/drafts/**")
    opened.wait_for_timeout(1000)  # what the page does by itself when it opens
    yield opened


def duplicated(page: Page) -> Page:
    """Open the page once more as "duplicate this tab" does: with a copy of what the tab keeps."""
    with page.context.expect_page() as opened:
        page.evaluate("window.open(location.href)")
    opened.value.wait_for_load_state("networkidle")
    return opened.value


def box(page: Page, key: str) -> Locator:
    return page.locator(f"[name={key}]").first


def content(route: Route) -> dict[str, Any]:
    return {k: v for k, v in parse_qs(route.request.post_data or "").items() if k != "token"}


def test_an_answer_that_was_lost_is_asked_for_again_word_for_word(page: Page, house: Office) -> None:
    key, sent = page.url.rpartition("/")[2], list[dict[str, Any]]()

    def lose(route: Route) -> None:
        sent.append(content(route))
        if len(sent) == 1:
            route.fetch()  # kept by the server; the answer never comes
            route.abort()
        else:
            route.continue_()

    page.route(f"**/drafts/{key}", lose)
    box(page, "fault_symptom").fill("示例：第一句")
    expect(page.locator("#banner")).to_contain_text("连不上服务器。还没有保存：「")
    expect(page.locator("#banner")).to_contain_text("请不要关闭这一页")
    label = house.forms.get("06A").form.label("fault_symptom")
    expect(page.locator("#banner")).to_contain_text(f"「{label}」")
    box(page, "fault_symptom").fill("示例：第一句，第二句")
    expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
    page.wait_for_timeout(300)
    assert sent[1] == sent[0], "the same request, known by the revision it goes on from"
    assert draft_of(house, key).values["fault_symptom"] == "示例：第一句，第二句"


def test_what_two_windows_write_is_brought_together_and_never_overwritten_unsaid(page: Page, house: Office) -> None:
    page.clock.install()
    key, other = page.url.rpartition("/")[2], duplicated(page)
    for window in (page, other):
        expect(window.locator("#beside")).to_contain_text("另一个窗口")
    box(page, "fault_symptom").fill("示例：这边写的现象")
    expect(box(other, "fault_symptom")).to_have_value("示例：这边写的现象", timeout=10_000)
    other.locator('[name="parts.0.name"]').fill("示例件")
    expect(page.locator('[name="parts.0.name"]')).to_have_value("示例件", timeout=10_000)
    other.route(f"**/drafts/{key}", lambda route: route.abort())  # cut off while both write into one field
    box(other, "contact_person").fill("示例乙")
    expect(other.locator("#banner")).to_contain_text("连不上服务器")
    box(page, "contact_person").fill("示例甲")
    expect(page.locator("#saved")).to_contain_text("已保存")
    page.wait_for_timeout(1500)
    other.unroute(f"**/drafts/{key}")
    other.clock.fast_forward(4_000)  # until it tries again
    expect(other.locator("#banner")).to_contain_text("「示例甲」", timeout=15_000)
    assert draft_of(house, key).values["contact_person"] == "示例甲"
    other.get_by_role("button", name="以这里写的为准").click()
    expect(box(page, "contact_person")).to_have_value("示例乙", timeout=10_000)
    kept = draft_of(house, key).values
    assert (kept["contact_person"], kept["fault_symptom"], kept["parts"][0]["name"]) == (
        "示例乙", "示例：这边写的现象", "示例件",
    )  # fmt: skip


def test_a_draft_made_twice_is_one_record_however_the_answer_was_lost(context: BrowserContext, house: Office) -> None:
    values = as_typed(house, "09A", _first_stage(house, "09A", sample_of("09A", subject="示例：断线时生成")))
    page, lost = context.new_page(), list[Any]()
    page.clock.install()
    page.goto("/fill")
    page.get_by_role("button", name=re.compile("QR758-09A")).click()
    page.wait_for_url("**/drafts/**")
    for key, value in values.items():
        field = page.locator(f"[name={key}]")
        if field.first.get_attribute("type") == "radio":
            page.locator(f'[name={key}][value="{value}"]').check()
        elif field.count():
            field.first.fill(value)

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/make", lose)
    second, before = duplicated(page), len(list_records(house))
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/make")):
        page.locator("#make").click()
    page.clock.fast_forward(4_000)  # until it asks again
    page.wait_for_url("**/records/QR758-09A-*", timeout=30_000)
    assert len(list_records(house)) == before + 1
    box(second, "subject").fill("示例：另一个窗口还在写")
    expect(second.locator("#banner")).to_contain_text("已在另一个窗口里写成了")
    second.on("dialog", lambda dialog: dialog.accept())
    second.reload()
    second.wait_for_url("**/records/QR758-09A-*")


def test_lines_two_windows_add_to_a_month_are_all_there(context: BrowserContext, house: Office) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(MONTH.format(2))
    other = duplicated(page)
    page.locator('[name="lines.0.subject"]').fill("示例：这边的行")
    expect(other.locator('[name="lines.0.subject"]')).to_have_value("示例：这边的行", timeout=10_000)
    other.route("**/months/2026-02", lambda route: route.abort())
    other.locator('[name="lines.1.subject"]').fill("示例：断线时写的行")
    expect(other.locator("#banner")).to_contain_text("还没有保存：第2行")
    page.locator('[name="lines.1.subject"]').fill("示例：这边又一行")
    expect(page.locator("#count")).to_contain_text("2行没有生成")
    other.unroute("**/months/2026-02")
    other.clock.fast_forward(4_000)  # until it tries again
    expect(page.locator('[name="lines.2.subject"]')).to_have_value("示例：断线时写的行", timeout=15_000)
    lines = [line["subject"] for line in month_draft(house, "QR758-09A", "2026-02").values[LINES]]
    assert lines == ["示例：这边的行", "示例：这边又一行", "示例：断线时写的行"]


def test_a_pass_taken_back_in_one_window_is_not_sent_by_its_copy(
    context: BrowserContext, house: Office, write: Any
) -> None:
    rows = [sample_of("09A", subject=f"示例：审查{n}") for n in range(2)]
    numbers = [r.record_no for r in fill(house, "09A", [on_disk(write(rows))]).records]
    steps.submit(house, numbers)
    context.add_init_script("Date.now = () => 1_800_000_000_000")  # the ten seconds never pass by themselves
    context.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
    page = context.new_page()
    for back in (True, False):
        page.goto(f"/review?number={numbers[0]}")
        page.keyboard.press("t")
        expect(page.locator("#held")).to_contain_text("10秒内可撤回")
        copy = duplicated(page)
        expect(copy.locator("#held")).to_contain_text("10秒内可撤回")
        if back:
            page.keyboard.press("z")
            expect(copy.locator("#held")).to_contain_text("已在另一个窗口撤回")
            copy.goto("/")
            assert show(house, numbers[0]).state == "submitted"
        else:
            page.keyboard.press("j")
            expect(page.locator("#held")).to_be_hidden()
            expect(copy.locator("#held")).to_contain_text("已在另一个窗口送出")
            assert show(house, numbers[0]).state == "reviewed"
            copy.keyboard.press("z")
            copy.goto("/")
            expect(copy.locator("#banner")).to_be_hidden()
        copy.close()
    with house.register.read() as tx:
        assert [e.outcome for e in tx.audit.events(numbers[0]) if e.action == "review"] == ["done"]
