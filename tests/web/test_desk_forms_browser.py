"""Each form filled through its page in a real browser is the record `fill` makes; files dropped on a page go its way."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from qrecords.model.access import Account, Grant
from qrecords.model.field import FieldType
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.finding.find import list_records
from qrecords.services.intake.drafting import draft_of
from qrecords.services.intake.fill import fill
from qrecords.services.steps import issue
from qrecords.stores.given import on_disk
from tests.conftest import sample_of
from tests.faulty_disk import blank_convert
from tests.services.test_returned import HEADINGS, parcel
from tests.web.browsing import HANDHELD, address, begin, browser_marks, browsing, chromium, context, house
from tests.web.test_desk import ALL_FORMS

__all__ = ["address", "chromium", "context", "house"]
pytestmark = browser_marks
# Writes values as a person does: into each control, which then tells of it; a list gets its next line by that.
WRITE = """(values) => {
  const told = (e, name) => e.dispatchEvent(new Event(name, {bubbles: true}));
  for (const [name, value] of values) {
    const controls = [...document.querySelectorAll(`#draft [name="${name}"]`)];
    if (!controls.length) throw new Error(name);
    for (const control of controls) {
      if (["radio", "checkbox"].includes(control.type)) control.checked = [value].flat().includes(control.value);
      else control.value = value;
      told(control, "input");
    }
  }
}"""
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0)), given = new DataTransfer();
  given.items.add(new File([bytes], name));
  const where = document.querySelector("#draft");
  for (const kind of ["dragover", "drop"])
    where.dispatchEvent(new DragEvent(kind, {dataTransfer: given, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module", autouse=True)
def _blank() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Converter, "convert", blank_convert)
        yield


@pytest.fixture
def page(context: BrowserContext) -> Page:
    context.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
    return context.new_page()


def controls(house: Office, form_code: str, values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what to write into which control."""

    def said(value: Any) -> Any:
        if isinstance(value, bool):
            return "是" if value else "否"
        return [*map(str, value)] if isinstance(value, list) else str(value)

    found: list[tuple[str, Any]] = []
    for field in house.forms.get(form_code).form.input_fields:
        value = values.get(field.key)
        if value is None:
            continue
        if field.type is FieldType.ROWS:
            found += [(f"{field.key}.{n}.{k}", said(v)) for n, line in enumerate(value) for k, v in line.items()]
        else:
            found.append((field.key, said(value)))
    return found


def test_each_form_through_its_page_is_the_record_fill_makes(page: Page, house: Office, tmp_path: Any) -> None:
    path, named = tmp_path / "input.json", dict[str, str]()
    names = {"02A": "source_record_no", "04A": "notice_no", "10A": "intake_record_no"}  # what others call them by
    for form in sorted(ALL_FORMS, key=lambda form: form not in names):
        fields = {f.key for f in house.forms.get(form).form.input_fields}
        values = {k: v for k, v in (sample_of(form) | named).items() if k in fields}
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        expected = fill(house, form, [on_disk(path)], dry_run=True).sound[0].values
        begin(page, form)
        page.evaluate(WRITE, controls(house, form, values))
        page.locator("#make").click()
        page.wait_for_url(f"**/records/QR758-{form}-*", wait_until="domcontentloaded")
        number = page.url.rpartition("/")[2]
        with house.register.read() as tx:
            record = tx.records.get(number)
        assert record is not None
        assert record.values == expected, form
        if form in names:
            named[names[form]] = number
        if form == "04A":
            issue(house, [number])


def test_what_is_like_a_record_is_made_when_it_is_said_to_be_another(page: Page, house: Office) -> None:
    values = sample_of("09A", subject="示例：两条一样的")
    for expected in (1, 2):
        begin(page, "09A")
        page.evaluate(WRITE, controls(house, "09A", values))
        page.locator("#make").click()
        if expected == 2:
            expect(page.locator("#banner")).to_contain_text("完全相同")
            page.get_by_role("button", name="确是两条").click()
        page.wait_for_url("**/records/QR758-09A-*", wait_until="domcontentloaded")
        found = [r for r in list_records(house, form_code="09A") if r.title.endswith("两条一样的")]
        assert len(found) == expected


def test_a_workbook_dropped_on_a_draft_goes_the_way_of_fill(page: Page, house: Office) -> None:
    book = Workbook()
    for row in (HEADINGS, parcel("示例甲厂"), parcel("示例乙厂", day="2月30日")):
        book.worksheets[0].append(row)
    book.save(sent := BytesIO())
    before = len(list_records(house, form_code="10A"))
    key = begin(page, "10A")
    page.evaluate(WRITE, [("customer_unit", "示例：写了一半")])
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.evaluate(DROP, ["收件.xlsx", base64.b64encode(sent.getvalue()).decode()])
    with page.expect_download() as came:
        page.get_by_role("link", name="取回标好的工作簿").click()
    back = load_workbook(BytesIO(came.value.path().read_bytes()))
    assert {c.coordinate for row in back.worksheets[0].iter_rows() for c in row if c.comment} == {"A3"}
    assert len(list_records(house, form_code="10A")) == before
    assert draft_of(house, key).values["customer_unit"] == "示例：写了一半", "what was typed is kept"
    book.worksheets[0]["A3"] = "2026-03-04"
    book.save(sent := BytesIO())
    begin(page, "10A")
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.evaluate(DROP, ["收件.xlsx", base64.b64encode(sent.getvalue()).decode()])
    expect(page.get_by_text("2条有了编号")).to_be_visible()
    assert len(list_records(house, form_code="10A")) == before + 2


@pytest.fixture(scope="module")
def engineer(house: Office) -> Office:
    """Return the desk of an engineer who may do what is his own."""
    with house.register.write() as tx:
        account = Account("engineer", "示例外出工程师", None, clearance=1, grants=(Grant("engineer"),))
        tx.accounts.add(account, house.now())
        tx.audit.append([house.event("accounts", "account/engineer")])
        found = tx.accounts.by_name("engineer")
    assert found is not None
    return Office(house.workspace, found)


@pytest.mark.parametrize("size", HANDHELD)
def test_the_engineer_a_notice_sends_signs_its_completion_off_at_the_customers(
    chromium: Browser, house: Office, address: str, engineer: Office, tmp_path: Any, size: str
) -> None:
    """Reads the notice, writes down how it went, registers the customer's signature, hands it in: by finger alone."""
    form, where = house.forms.get("04A").form, f"示例：在外地的用户处（{size}）"
    values = sample_of("04A", customer_address=where, customer_unit=f"示例单位（{size}）", task_description=where)
    values["staff"] = [{**values["staff"][0], "name": engineer.account.display_name}]
    first, execution = (
        {f.key for f in form.stage_fields(stage) if f in form.input_fields} for stage in ("issue", "execution")
    )
    written = {k: v for k, v in values.items() if k in execution and not form.by_key[k].listed_by}
    path = tmp_path / "notice.json"
    path.write_text(json.dumps({k: v for k, v in values.items() if k in first}, ensure_ascii=False), "utf-8")
    number = fill(house, "04A", [on_disk(path)]).records[0].record_no
    issue(house, [number])
    with browsing(chromium, engineer, address, size) as held:
        held.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
        page = held.new_page()

        def arrived(where: str) -> None:
            page.wait_for_url(where, wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url

        page.goto("/", wait_until="domcontentloaded")
        mine = page.locator("section", has=page.get_by_role("heading", name="等我续填"))
        mine.get_by_role("link", name=number).tap()
        arrived(f"**/records/{number}")
        expect(page.get_by_text(where).first).to_be_visible()
        page.get_by_role("button", name="续填").tap()
        arrived("**/drafts/**")
        for name, value in controls(house, "04A", written):
            control = page.locator(f'#draft [name="{name}"]')
            if control.first.get_attribute("type") == "radio":
                page.locator("#draft label", has=page.locator(f'[name="{name}"][value="{value}"]')).tap()
            else:
                control.tap()
                control.fill(value)
        page.get_by_role("button", name=f"写入 {number}").tap()
        arrived(f"**/records/{number}")
        page.locator("select[name=kind]").select_option("customer-signature")
        page.locator("input[name=by]").fill("示例用户")
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.get_by_role("button", name="登记签名").tap()
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.get_by_role("button", name="提交", exact=True).tap()
        arrived(f"**/records/{number}")
        expect(page.locator("h1 .state")).to_have_text("已提交")
    with house.register.read() as tx:
        record = tx.records.get(number)
        done = {e.account for e in tx.audit.events(number) if e.action in {"update", "sign", "submit"}}
    assert record is not None
    assert record.state.value == "submitted"
    assert {k: record.values.get(k) for k in written} == written
    assert [(s.kind, s.by) for s in record.signatures] == [("customer-signature", "示例用户")]
    assert done == {"engineer"}
