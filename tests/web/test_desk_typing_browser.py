"""What comes by itself while one types, in a real browser: offers, sums, what the lists know, the print beside."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from qrecords.model.lists import CUSTOMERS
from qrecords.office import Office
from qrecords.services.intake.drafting import draft_of
from qrecords.services.intake.fill import fill
from qrecords.services.intake.lists import add_entry
from qrecords.stores.given import on_disk
from tests.conftest import sample_of
from tests.web.browsing import address, begin, browser_marks, chromium, context, house

__all__ = ["address", "chromium", "context", "house"]
pytestmark = browser_marks
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)  # any: a page's clock stands at it
PAUSE = 2_000  # milliseconds after which the print of what was typed is asked for
LAST = {
    "customer_unit": "示例：常来的单位", "military_branch": "海军", "contact_person": "示例联系人", "contact_title": "技师",
    "contact_phone": "000-00000009", "customer_address": "示例市示例路9号", "product_name": "示例电台", "product_model": "SL-9",
}  # fmt: skip
LISTED = {
    "customer_unit": "示例：清单里的Sample单位七", "customer_code": "SL-007", "military_branch": "空军",
    "contact_person": "示例联系人七", "contact_phone": "000-00000007",
}  # fmt: skip


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def unprinted(page: Page) -> Page:
    """Return a page whose print is left out."""
    page.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
    return page


def cell(page: Page, key: str) -> Locator:
    return page.locator(f'[data-field="{key}"]')


def chosen(page: Page, key: str) -> list[str]:
    return [str(v) for v in page.eval_on_selector_all(f'[name="{key}"]:checked', "all => all.map((e) => e.value)")]


def test_what_the_customers_last_record_said_is_taken_by_a_key_or_a_click(
    unprinted: Page, house: Office, tmp_path: Any
) -> None:
    page = unprinted
    path = tmp_path / "last.json"
    fields = {f.key for f in house.forms.get("01A").form.input_fields}
    values = sample_of("01A", source_record_no=None, channel="电话") | LAST
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    fill(house, "01A", [on_disk(path)])
    key = begin(page, "01A")
    page.locator("[name=customer_unit]").fill(LAST["customer_unit"])
    expect(cell(page, "contact_person").locator(".offer")).to_contain_text("上次：示例联系人")
    expect(page.locator("[name=contact_person]")).to_have_value("", timeout=1)
    assert chosen(page, "military_branch") == [], "nothing is filled unasked"
    page.locator("[name=contact_person]").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("[name=contact_person]")).to_have_value("示例联系人")
    expect(cell(page, "contact_person").locator(".offer")).to_have_count(0)
    cell(page, "military_branch").locator(".offer").click()
    assert chosen(page, "military_branch") == ["海军"]
    page.locator("[name=contact_title]").fill("示例：自己写的")
    expect(cell(page, "contact_title").locator(".offer")).to_have_count(0)
    saving = re.compile(r"/drafts/\w+$")
    with page.expect_response(saving):  # the next pause saves; a page left before that shows what was saved till then
        page.keyboard.press("Alt+Shift+ArrowDown")
    expect(page.locator("[name=contact_phone]")).to_have_value(LAST["contact_phone"])
    expect(page.locator(".offer")).to_have_count(0)
    expect(page.locator("#saved")).to_contain_text("已保存")
    expected = {k: v for k, v in LAST.items() if k in fields} | {"contact_title": "示例：自己写的"}
    page.reload()
    expect(page.locator("[name=contact_phone]")).to_have_value(LAST["contact_phone"])
    kept = draft_of(house, key).values
    assert {k: kept.get(k) for k in expected} == expected


def test_a_computed_value_appears_while_typing(unprinted: Page) -> None:
    page = unprinted
    begin(page, "05A")
    total = page.locator('[data-computed="total_hours"]')
    expect(total).to_have_text("")
    for n, (hours, expected) in enumerate((("1.5", "1.5"), ("2", "3.5"))):
        page.locator(f'[name="courses.{n}.hours"]').fill(hours)
        expect(total).to_contain_text(expected)
    page.locator('[name="courses.0.hours"]').fill("4")
    expect(total).to_contain_text("6")


def test_a_customer_typed_by_a_part_of_the_name_fills_what_the_list_knows(unprinted: Page, house: Office) -> None:
    page = unprinted
    add_entry(house, CUSTOMERS, LISTED)
    begin(page, "06A")
    box = page.locator("[name=customer_unit]")
    box.focus()
    page.keyboard.type("ample", delay=30)
    expect(box).to_have_value("ample", timeout=1)
    expect(cell(page, "customer_unit").locator(".offer")).to_contain_text(f"清单里：{LISTED['customer_unit']}")
    page.keyboard.press("Alt+ArrowDown")
    expect(box).to_have_value(LISTED["customer_unit"])
    for key in ("customer_code", "military_branch", "contact_person", "contact_phone"):
        expect(cell(page, key).locator(".say")).to_contain_text(f"自动填入：{LISTED[key]}")
        expect(cell(page, key).locator(".is-missing")).to_have_count(0)


def test_the_print_of_what_was_typed_is_asked_for_within_two_seconds(page: Page) -> None:
    """By the page's own clock: how long the print takes itself is the machine's (docs/benchmarks.md)."""
    page.clock.install(time=MOMENT)
    printed = re.compile(r"/drafts/\w+/page\.pdf")
    with page.expect_response(printed):
        key = begin(page, "06A")
    page.clock.pause_at(MOMENT + timedelta(hours=1))
    page.locator("[name=fault_symptom]").fill("示例：写了就停下")
    with page.expect_response(f"**/drafts/{key}") as saved:
        page.clock.run_for(700)
    revision = saved.value.json()["revision"]
    expect(page.locator("#saved")).to_contain_text("已保存")
    asked = re.compile(rf"/drafts/{key}/page\.pdf\?r={revision}$")  # of what was typed last
    with page.expect_response(asked) as answer:
        page.clock.run_for(PAUSE - 700)
    assert (answer.value.status, answer.value.headers["content-type"]) == (200, "application/pdf")
    frame = page.locator("iframe#page")
    expect(frame).to_be_visible()
    beside, text = frame.bounding_box(), page.locator("[name=fault_symptom]").bounding_box()
    assert beside is not None and text is not None
    assert beside["x"] >= text["x"] + text["width"], "beside the draft"
