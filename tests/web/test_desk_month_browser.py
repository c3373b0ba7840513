"""A register's month in a real browser: by keyboard alone, pasted from Excel and WPS, input methods, two sizes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Request, expect

from qrecords.office import Office
from qrecords.services.finding.find import list_records
from qrecords.services.intake import registermonth
from tests.web.test_desk import _first_stage, as_typed
from tests.web.test_desk_browser import chromium, page, pytestmark, site

__all__ = ["chromium", "page", "pytestmark", "site"]  # fixtures and marks of the desk's browser

MONTH = "/fill/QR758-09A/months/2026-03"


def cell(page: Page, line: int, key: str) -> Locator:
    return page.locator(f'[name="lines.{line}.{key}"]')


def kept(page: Page, act: Callable[[], Any]) -> dict[str, Any]:
    """Do something and return what the next saving was told."""
    with page.expect_response(lambda r: r.request.method == "POST" and r.url.endswith(MONTH)) as answer:
        act()
    return dict(answer.value.json())


def paste(where: Locator, text: str) -> None:
    where.focus()
    where.evaluate(
        """(e, text) => { const data = new DataTransfer(); data.setData("text/plain", text);
        e.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }""",
        text,
    )


@pytest.fixture
def values(office: Office, sample: Callable[..., dict[str, Any]]) -> dict[str, str]:
    """Return what a line of the register says."""
    return as_typed(office, "09A", _first_stage(office, "09A", sample("09A")))


def columns(office: Office) -> list[str]:
    return [f.key for f in registermonth.fields_of(office.forms.get("09A").form)]


def as_table(office: Office, values: dict[str, str], lines: int) -> str:
    """Return lines as Excel copies them, from the first column on; subjects with a line break and quotes."""
    keys = columns(office)
    rows = [
        {**values, "sent_on": f"3.{n % 28 + 1}", "subject": f'"示例第{n}件\n附""说明"""'} for n in range(1, lines + 1)
    ]
    return "".join("\t".join(row.get(k, "") for k in keys) + "\r\n" for row in rows)


def test_a_register_by_keyboard_alone(page: Page, office: Office, values: dict[str, str]) -> None:
    page.goto("/fill")
    link = page.locator('a[href="/fill/QR758-09A/months"]')
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/months/2026-03")
    expect(cell(page, 0, "sent_on")).to_be_focused()
    for n, key in enumerate(columns(office)):
        page.keyboard.insert_text("3" if key == "sent_on" else values.get(key, ""))
        if n == 1:
            page.keyboard.press("Tab")  # from a list of choices too
        elif key != columns(office)[-1]:
            page.keyboard.press("Tab")
    cell(page, 0, "sent_on").focus()
    page.keyboard.press("Enter")
    expect(cell(page, 1, "sent_on")).to_be_focused()
    page.keyboard.press("F4")
    expect(cell(page, 1, "sent_on")).to_have_value("3")
    for _ in range(len(columns(office)) - 1):
        page.keyboard.press("Tab")
        page.keyboard.press("F4")
    cell(page, 1, "subject").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("示例：第二件")
    page.keyboard.press("Control+Enter")
    expect(cell(page, 2, "sent_on")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(cell(page, 1, "sent_on")).to_be_focused()
    page.keyboard.press("Control+;")
    expect(cell(page, 1, "sent_on")).to_have_value(re.compile(r"^\d{4}-\d\d-\d\d$"))
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("4")
    page.keyboard.press("Alt+Delete")
    expect(cell(page, 1, "sent_on")).to_have_value("")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.get_by_text("已登记1行：QR758-09A-2026-00001")).to_be_visible(timeout=30_000)
    assert [r.record_no for r in list_records(office)] == ["QR758-09A-2026-00001"]
    expect(page.locator(".there tr")).to_have_count(1)


def test_pasted_lines_come_whole_and_more_columns_than_there_are_is_told(
    page: Page, office: Office, values: dict[str, str]
) -> None:
    page.goto(MONTH)
    lines = 40
    told = kept(page, lambda: paste(cell(page, 0, "sent_on"), as_table(office, values, lines)))
    assert len(told["lines"]) == lines
    assert not [one for one in told["lines"] if one.get("problems")]
    for n in (0, 2, 3, lines - 1):
        expect(cell(page, n, "subject")).to_have_value(f'示例第{n + 1}件\n附"说明"')
        expect(cell(page, n, "handled_by")).to_have_value(values["handled_by"])
    paste(cell(page, 0, "delivered_on"), "3.5\t多出来的")
    expect(page.locator("#banner")).to_contain_text("没有粘贴")
    expect(cell(page, 0, "delivered_on")).to_have_value("")
    paste(cell(page, 0, "sent_on"), "1\n" * 600)
    expect(page.locator("#banner")).to_contain_text("600行")
    expect(cell(page, 0, "sent_on")).to_have_value("3.2")
    page.reload()
    expect(cell(page, lines - 1, "subject")).to_have_value(f'示例第{lines}件\n附"说明"')
    page.locator("#make").click()
    expect(page.get_by_text(f"已登记{lines}行")).to_be_visible(timeout=60_000)
    numbers = [r.record_no for r in list_records(office)]
    assert len(numbers) == lines
    with office.register.read() as tx:
        assert sorted(r.values["subject"] for r in tx.records.many(numbers)) == sorted(
            f'示例第{n}件\n附"说明"' for n in range(1, lines + 1)
        )


def test_a_table_copied_with_its_headings_goes_by_them(page: Page) -> None:
    page.goto(MONTH)
    kept(page, lambda: paste(cell(page, 0, "sent_on"), "地址\t收件人\t发件日期\r\n示例路1号\t示例人甲\t5\r\n"))
    for key, value in (("customer_address", "示例路1号"), ("contact_person", "示例人甲"), ("sent_on", "5")):
        expect(cell(page, 0, key)).to_have_value(value)
    expect(cell(page, 1, "sent_on")).to_have_value("")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a\tb\r\nc\td\r\n", [["a", "b"], ["c", "d"]]),
        ('"两\n行"\tb', [["两\n行", "b"]]),
        ('"说""好"""\tb', [['说"好"', "b"]]),
        ('"甲"公司\tb', [['"甲"公司', "b"]]),
        ('"甲"\tb', [['"甲"', "b"]]),
        ('"没有合上\tb\nc', [['"没有合上', "b"], ["c"]]),
        ("a\t\t\nb", [["a", "", ""], ["b"]]),
        ("\n\nx", [[""], [""], ["x"]]),
    ],
)
def test_cells_are_read_as_they_were_copied(page: Page, text: str, cells: list[list[str]]) -> None:
    page.goto(MONTH)
    script = page.locator('script[src$="month.js"]').get_attribute("src")
    assert page.evaluate("async ([s, t]) => (await import(s)).cellsFrom(t)", [script, text]) == cells


def test_nothing_is_sent_while_a_syllable_is_composed_in_a_cell(page: Page) -> None:
    page.goto(MONTH)
    page.wait_for_timeout(1000)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    box = cell(page, 0, "subject")
    box.focus()
    devtools = page.context.new_cdp_session(page)
    for text in ("s", "sh", "shi"):
        devtools.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(300)
    page.wait_for_timeout(1000)
    assert sent == []
    for fields in ({"isComposing": True}, {"keyCode": 229}):
        box.evaluate(
            "(e, f) => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, ...f}))", fields
        )
        expect(box).to_be_focused()
    told = kept(page, lambda: devtools.send("Input.insertText", {"text": "示例"}))
    assert len(told["lines"]) == 1
    expect(box).to_have_value("示例")


def test_errors_stand_in_their_cell_and_what_is_missing_waits_until_the_line_is_left(
    page: Page, values: dict[str, str]
) -> None:
    page.goto(MONTH)
    cell(page, 0, "sent_on").fill("45")
    say = cell(page, 0, "sent_on").locator("xpath=../div")
    expect(say).to_contain_text("日历上没有")
    expect(cell(page, 0, "sent_on")).to_have_attribute("aria-invalid", "true")
    expect(cell(page, 0, "subject")).to_have_attribute("aria-invalid", "false")
    page.keyboard.press("Enter")
    expect(cell(page, 0, "subject").locator("xpath=../div")).to_have_text("必填")
    cell(page, 0, "delivery_method").fill("快")
    page.keyboard.press("Tab")
    expect(cell(page, 0, "delivery_method")).to_have_value("快递")
    cell(page, 0, "secrecy_level").fill("秘密")
    expect(cell(page, 0, "delivery_method").locator("xpath=../div")).to_contain_text("5.11.1")


def test_a_lost_connection_while_making_makes_nothing_twice(page: Page, office: Office, values: dict[str, str]) -> None:
    page.clock.install()
    page.goto(MONTH)
    kept(page, lambda: paste(cell(page, 0, "sent_on"), as_table(office, values, 3)))
    lost: list[Any] = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch())  # the server does it; the answer never comes
            route.abort()
        else:
            route.continue_()

    page.route("**/make", lose)
    page.locator("#make").click()
    expect(page.locator("#banner")).to_contain_text("连不上服务器")
    page.clock.fast_forward(4_000)  # until it asks again
    expect(page.get_by_text("已登记3行")).to_be_visible(timeout=30_000)
    assert len(lost) == 1
    assert len(list_records(office)) == 3


def test_what_was_typed_last_is_kept_when_the_page_is_left(page: Page) -> None:
    page.goto(MONTH)
    cell(page, 0, "subject").fill("示例：刚写下就走")
    page.goto("/fill")
    page.wait_for_timeout(500)
    page.goto(MONTH)
    expect(cell(page, 0, "subject")).to_have_value("示例：刚写下就走")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (683, 384)], ids=["1366×768", "at 200 %"])
def test_the_grid_is_usable_by_all(page: Page, office: Office, values: dict[str, str], width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(MONTH)
    kept(page, lambda: paste(cell(page, 0, "sent_on"), as_table(office, values, 3)))
    page.locator("#make").click()
    expect(page.get_by_text("已登记3行")).to_be_visible(timeout=30_000)
    kept(page, lambda: paste(cell(page, 0, "sent_on"), "45\t不是一类\n6\t函件\n"))
    results = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    found = [
        (v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in results if v["impact"] in {"serious", "critical"}
    ]
    assert found == [], json.dumps(found, ensure_ascii=False, indent=1)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    for n in (0, 1):
        box = cell(page, n, "sent_on")
        box.focus()
        assert box.evaluate("e => e.getBoundingClientRect().bottom <= innerHeight"), (
            "it can be seen while it is written"
        )
