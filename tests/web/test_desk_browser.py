"""The desk in a real browser: a whole day by keyboard, input methods, pasted lines, a connection that is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from qrecords.model.access import Grant
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.services.access.accounts import add, grant
from qrecords.services.access.deskaccess import open_session
from qrecords.services.access.login import set_password
from qrecords.services.finding.find import list_records, show
from qrecords.services.intake.drafting import draft_of
from qrecords.services.intake.fill import fill
from qrecords.services.steps import issue
from qrecords.stores.given import on_disk
from qrecords.web.signedin import COOKIE, Door
from tests.web.browsing import browser_marks, chromium, served
from tests.web.test_desk import quick_passwords

__all__ = ["chromium", "quick_passwords"]
pytestmark = browser_marks


@pytest.fixture
def site(office: Office) -> Iterator[tuple[str, str]]:
    """Serve the office and give its address and the link that lets in."""
    door = Door(office.workspace, link_account=office.account.name)
    with served(office, door=door) as address:
        yield address, f"{address}/in?key={door.key}"


@pytest.fixture
def page(chromium: Browser, site: tuple[str, str]) -> Iterator[Page]:
    """Return a page on 今日; whatever the page's script complains of fails the test."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=site[0])
    context.set_default_navigation_timeout(120_000)  # a page has come when the print in its frame has
    opened, complaints = context.new_page(), list[str]()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    opened.goto(site[1])
    yield opened
    context.close()  # Chromium never answers this while a page is on its way to another: a test waits for it
    assert complaints == []


def saved(page: Page, act: Callable[[], Any]) -> dict[str, Any]:
    """Do something and return what the next saving was told."""
    with page.expect_response(lambda r: r.request.method == "POST" and "/drafts/" in r.url) as answer:
        act()
    return dict(answer.value.json())


def begin(page: Page, title: str) -> None:
    page.goto("/fill")
    page.get_by_role("button", name=re.compile(f"^{title}")).first.click()
    page.wait_for_url("**/drafts/**")


@pytest.mark.usefixtures("quick_passwords")
def test_a_whole_day_by_keyboard(
    page: Page, office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    """Sign in, fill 06A without touching the mouse, submit, return, review, sign, file, search, open the page itself."""
    sign_in(page, office)
    values, form = sample("06A"), office.forms.get("06A").form
    (notice,) = fill(office, "04A", [on_disk(write(sample("04A")))]).records
    issue(office, [notice.record_no])
    values["notice_no"] = notice.record_no
    page.keyboard.press("Alt+2")
    page.wait_for_url("**/fill")
    button = page.get_by_role("button", name=re.compile(f"^{form.title}")).first
    while not button.evaluate("b => b === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/drafts/**")
    type_in(page, _typed(form, values, first=True))
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/records/QR758-06A-*")
    (record,) = list_records(office, form_code="06A")
    number = record.record_no
    _press(page, "续填")
    page.wait_for_url("**/drafts/**")
    type_in(page, _typed(form, values, first=False))
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/records/{number}")
    _press(page, "提交")
    page.keyboard.press("Alt+3")
    page.wait_for_url("**/review")
    page.keyboard.press("r")
    page.keyboard.insert_text("示例：再核对一遍")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("没有等待审查的记录")).to_be_visible()
    page.keyboard.press("Alt+1")
    expect(page.get_by_text("退回：示例：再核对一遍")).to_be_visible()
    page.get_by_role("link", name=number).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/records/{number}")
    _press(page, "提交")
    page.keyboard.press("Alt+3")
    page.wait_for_url("**/review")
    expect(page.get_by_text("上次退回的原因：示例：再核对一遍。之后没有改过")).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_text("没有等待审查的记录")).to_be_visible()
    page.get_by_role("link", name="回到今日").focus()
    with page.expect_navigation():  # what was passed is sent when the page is left
        page.keyboard.press("Enter")
    for kind in ("customer-signature", "engineer"):
        page.goto(f"/records/{number}")
        page.locator("select[name=kind]").focus()
        while page.locator("select[name=kind]").input_value() != kind:
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.insert_text("示例签名人")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    _press(page, "归档")
    expect(page.get_by_text("已归档").first).to_be_visible(timeout=60_000)
    page.keyboard.press("/")
    page.keyboard.insert_text(values["serial_no"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/search**")
    link = page.locator(".hits a", has_text=number).first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/records/{number}")
    page.go_back()
    page.locator(".hits a.look").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/records/{number}/page?q=*")
    sheet = page.locator("img.sheet")
    expect(sheet).to_be_visible()
    assert sheet.evaluate("(e) => e.decode().then(() => e.naturalWidth)") > 500, "the archived page is drawn"
    expect(sheet).to_have_attribute("alt", re.compile("标出"))
    paper = page.request.get(f"/records/{number}/paper.pdf")
    assert paper.body().startswith(b"%PDF")
    expected = {k: v for k, v in values.items() if form.by_key[k] in form.input_fields}
    assert {k: v for k, v in show(office, number).values.items() if k in expected} == expected


def sign_in(page: Page, office: Office) -> None:
    """Come in at the login page, as an account with a password does."""
    add(office, "person1", display_name="示例员工一")
    grant(office, "person1", Grant("desk"))
    set_password(office, "person1", password := "示例Sample-2026")
    with office.register.write() as tx:
        tx.accounts.change("person1", must_change=False)
        tx.audit.append([office.event("accounts", "account/person1")])
    page.context.clear_cookies()
    page.goto("/")
    page.wait_for_url("**/login?to=/")
    expect(page.locator("[name=name]")).to_be_focused()  # the page sees to it, a moment after it is there
    for text in ("person1", password):
        page.keyboard.insert_text(text)
        page.keyboard.press("Tab")
    page.locator("[name=password]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    expect(page.get_by_text("示例员工一").first).to_be_visible()


def _typed(form: Form, values: dict[str, Any], *, first: bool) -> dict[str, Any]:
    """Return what is typed into the inputs of the first stage, or of those after it, by their names."""
    typed: dict[str, Any] = {}
    for field in form.input_fields:
        value = values.get(field.key)
        if value is None or (_stage(form, field.key) == 0) is not first:
            continue
        if field.columns:
            typed |= {f"{field.key}.{n}.{k}": v for n, line in enumerate(value) for k, v in line.items()}
        else:
            typed[field.key] = value
    return typed


def _stage(form: Form, key: str) -> int:
    return [stage.key for stage in form.stages].index(form.by_key[key].stage)


def type_in(page: Page, values: dict[str, Any]) -> None:
    """Go through the fields with Tab and write or tick what they shall hold."""
    done = set[str]()
    for _ in range(300):
        page.keyboard.press("Tab")
        name, kind = page.evaluate("(e => [e.name ?? '', e.type ?? ''])(document.activeElement)")
        if page.evaluate("document.activeElement.id") == "make":
            break
        if name not in values or (name in done and kind != "checkbox"):
            continue
        given = values[name]
        if kind == "checkbox":
            if page.evaluate("document.activeElement.value") in given:
                page.keyboard.press("Space")
        elif kind == "radio":
            page.keyboard.press("Space")
            for _ in range(30):
                if page.evaluate("document.activeElement.value") == as_text(given):
                    break
                page.keyboard.press("ArrowRight")
        elif kind == "select-one":
            while page.evaluate("document.activeElement.value") != as_text(given):
                page.keyboard.press("ArrowDown")
        else:
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(as_text(given))
        done.add(name)
    assert done == set(values)


def as_text(value: Any) -> str:
    return ("是" if value else "否") if isinstance(value, bool) else re.sub(r"^([\d-]{10})T", r"\1 ", str(value))


def _press(page: Page, label: str) -> None:
    button = page.get_by_role("button", name=label, exact=True).first
    button.focus()
    with page.expect_navigation(timeout=60_000):  # else the next key leaves the page before the step is sent
        page.keyboard.press("Enter")


def test_nothing_is_sent_while_a_syllable_is_composed(page: Page) -> None:
    begin(page, "维修服务报告")
    page.wait_for_timeout(1500)  # what the page does by itself when it opens
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    box = page.locator("[name=fault_symptom]")
    box.focus()
    devtools = page.context.new_cdp_session(page)
    for text in ("g", "go", "gon", "gong"):
        devtools.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(300)
    page.wait_for_timeout(1200)
    assert sent == [], "half a syllable was sent"
    told = saved(page, lambda: devtools.send("Input.insertText", {"text": "功放过热"}))
    assert "revision" in told
    expect(box).to_have_value("功放过热")
    assert "gong" not in "".join(str(request.post_data) for request in sent)


def test_the_enter_that_ends_a_composition_is_not_ours(page: Page) -> None:
    begin(page, "维修服务报告")
    box = page.locator("[name=contact_person], [name=contact_name]").first
    box.focus()
    for fields in ({"isComposing": True}, {"keyCode": 229}):
        moved = box.evaluate(
            """(e, fields) => { e.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, ...fields}));
            return document.activeElement !== e; }""",
            fields,
        )
        assert not moved
    page.keyboard.press("Enter")
    assert box.evaluate("e => document.activeElement !== e"), "a plain Enter goes to the next field"


def test_lines_pasted_from_a_workbook_become_lines(page: Page) -> None:
    begin(page, "维修服务报告")
    cell = page.locator('[name="parts.0.name"]')
    cell.focus()
    text = "\r\n".join(f"示例件{n}\tXH-{n}\tA{n}\t{n + 1}" for n in range(7)) + "\r\n"
    told = saved(page, lambda: cell.evaluate(
        """(e, text) => { const data = new DataTransfer(); data.setData("text/plain", text);
        e.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }""", text,
    ))  # fmt: skip
    assert not [p for p in told["problems"] if p["kind"] == "wrong"]
    for n in range(7):
        expect(page.locator(f'[name="parts.{n}.name"]')).to_have_value(f"示例件{n}")
        expect(page.locator(f'[name="parts.{n}.quantity"]')).to_have_value(str(n + 1))
    page.reload()
    expect(page.locator('[name="parts.6.name"]')).to_have_value("示例件6")


def test_a_lost_connection_loses_nothing_and_makes_nothing_twice(
    page: Page, office: Office, sample: Callable[..., dict[str, Any]]
) -> None:
    begin(page, "维修服务报告")
    page.context.set_offline(True)
    page.locator("[name=fault_symptom]").fill("示例：断线时写的")
    expect(page.locator("#banner")).to_contain_text("没有保存", timeout=10_000)
    page.context.set_offline(False)
    expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
    page.reload()
    expect(page.locator("[name=fault_symptom]")).to_have_value("示例：断线时写的")


@pytest.mark.parametrize("same", [True, False], ids=["the same account", "another account"])
def test_a_login_that_ended_is_renewed_over_the_form(page: Page, office: Office, same: bool) -> None:
    page.clock.install()
    begin(page, "维修服务报告")
    draft = page.url.rpartition("/")[2]
    page.wait_for_timeout(1500)  # what the page does by itself when it opens
    page.context.clear_cookies()
    page.locator("[name=fault_symptom]").fill("示例：登录到时以后写的")
    expect(page.locator("#banner")).to_contain_text("登录已结束", timeout=10_000)
    name = office.account.name
    if not same:
        name = "clerk1"
        add(office, name, display_name="示例员工一")
    token = open_session(office.workspace, name, via="desk")
    address = page.url.partition("/drafts")[0]
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
    page.clock.fast_forward(8_000)  # until the page tries again
    if same:
        expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
        page.reload()
        expect(page.locator("[name=fault_symptom]")).to_have_value("示例：登录到时以后写的")
    else:
        expect(page.locator("#banner")).to_contain_text("页面已过期", timeout=15_000)
        assert "fault_symptom" not in draft_of(office, draft).values
