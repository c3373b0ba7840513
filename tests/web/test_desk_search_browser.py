"""Typing into the search while answers come late: nothing typed is lost, no older answer takes a newer one's place."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from qrecords.office import Office
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from qrecords.web.pages import searching
from tests.conftest import sample_of
from tests.web.browsing import address, browser_marks, chromium, context, house

__all__ = ["address", "chromium", "context", "house"]
pytestmark = browser_marks
LATE = 0.5  # seconds
# Every state of the list, with what stood in the field then.
WATCH = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const total = document.querySelector("#hits .total")?.textContent ?? "";
    seen.push([document.getElementById("q").value, total, document.querySelectorAll("#hits .facets a").length]);
  }).observe(document.getElementById("hits"), { childList: true, subtree: true });
}"""


def late(made: Callable[..., Any], *queries: str) -> Callable[..., Any]:
    """Let the answers to some queries take their time."""

    def answered(session: Any, query: str, *rest: Any, **more: Any) -> Any:
        found = made(session, query, *rest, **more)
        if query in queries:
            time.sleep(LATE)
        return found

    return answered


def test_what_is_typed_stays_and_the_newest_answer_is_the_last_one_shown(
    context: BrowserContext, house: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, unit in enumerate(("示例甲厂", "示例甲厂", "示例乙厂")):
        path = tmp_path / f"{n}.json"
        path.write_text(
            json.dumps(sample_of("10A", customer_unit=unit, user_need=f"示例：第{n}件"), ensure_ascii=False)
        )
        fill(house, "10A", [on_disk(path)], same_again=True)
    monkeypatch.setattr(searching, "search", late(searching.search, "示例"))
    monkeypatch.setattr(searching, "facets_of", late(searching.facets_of, "示例", "示例甲", "示例甲厂"))
    page = context.new_page()
    page.goto("/search")
    page.evaluate(WATCH)
    field = page.locator("#q")
    field.focus()
    with page.expect_response(lambda r: "part=hits" in r.url):
        page.keyboard.type("示例")
    # What counts the first answer is asked for, and late; the typing goes on meanwhile, in a hand's pace.
    with page.expect_request(lambda r: "part=facets" in r.url):
        pass
    page.keyboard.type("甲", delay=60)
    page.wait_for_timeout(200)
    page.keyboard.type("厂", delay=60)
    expect(page.locator("#hits .total")).to_have_text("找到2份")
    page.keyboard.type(" 第1件", delay=90)
    expect(page.locator("#hits .total")).to_have_text("找到1份")
    page.wait_for_timeout(LATE * 2000)  # all that was asked for has come
    assert field.input_value() == "示例甲厂 第1件"
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.evaluate("document.getElementById('q').selectionStart") == len("示例甲厂 第1件"), "the caret stays"
    seen = page.evaluate("seen")
    totals = [total for _, total, _ in seen]
    assert totals.index("找到1份") > max(n for n, total in enumerate(totals) if total == "找到2份"), "none comes back"
    assert {total for _, total, _ in seen[totals.index("找到1份") :]} == {"找到1份"}
    assert "q=%E7%A4%BA%E4%BE%8B%E7%94%B2%E5%8E%82" in page.url, "the address is the last query's"
    # Facets of an older query were never put beside a newer list.
    assert all(not facets for query, total, facets in seen if query not in ("示例", "示例甲厂") and total == "找到1份")
