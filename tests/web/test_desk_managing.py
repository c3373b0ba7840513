"""管理 through HTTP: accounts, lists, people, days of rest, the log, templates tried with the page before and after."""

from __future__ import annotations

import json
import re
from datetime import date
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.shared import RGBColor
from lxml import html
from PIL import Image

from qrecords.model.lists import CUSTOMERS
from qrecords.office import Office
from qrecords.services.intake.lists import list_fields
from qrecords.services.intake.templates import template_file
from tests.web.test_desk import Browser, quick_passwords

__all__ = ["quick_passwords"]


@pytest.fixture
def browser(office: Office) -> Browser:
    return Browser(office).enter()


def sent(browser: Browser, address: str, status: int = 303, **said: str) -> str:
    answer = browser.post(address, said)
    assert answer.status_code == status, answer.text
    return browser.get(answer.headers["location"]) if status == 303 else str(answer.text)


# Accounts


@pytest.mark.usefixtures("quick_passwords")
def test_an_account_is_added_granted_given_a_password_and_comes_in(office: Office, browser: Browser) -> None:
    page = sent(browser, "/office/accounts/add", name="clerk1", display_name="示例员工一", unit="示例一所")
    (row,) = html.fromstring(page).xpath('//tr[td[1]="clerk1"]')
    assert (row[1].text_content(), row[2].text_content()) == ("示例员工一", "示例一所")
    page = sent(browser, "/office/accounts/grant", name="clerk1", role="clerk", until="2026-12-31")
    assert "到 2026-12-31" in html.fromstring(page).xpath('string(//tr[td[1]="clerk1"]/td[5])')
    assert "2026-13-01" in sent(browser, "/office/accounts/grant", 422, name="clerk1", role="clerk", until="2026-13-01")
    password = "示例Sample-2026"
    twice = {"name": "clerk1", "new": password}
    assert "两次写的密码不同" in sent(browser, "/office/accounts/password", 422, **twice, again="另一个")
    sent(browser, "/office/accounts/password", **twice, again=password)
    person = Browser(office)
    first = person.http.post("/login", data={"name": "clerk1", "password": password, "to": "/"})
    assert first.status_code in {303, 403}
    assert "/password" in first.headers.get("location", "") + first.text, "one's first step is to change it"
    page = sent(browser, "/office/accounts/revoke", name="clerk1", role="clerk")
    assert "到 2026-12-31" not in page
    assert "clerk1（停用）" in sent(browser, "/office/accounts/disable", name="clerk1")
    with office.register.read() as tx:
        account = tx.accounts.by_name("clerk1")
        told = [e.action for e in tx.audit.events("account/clerk1")]
    assert account is not None
    assert not account.active
    assert len(told) >= 5, "each step is logged"


# Lists


def test_a_list_is_imported_whole_or_not_at_all(office: Office, browser: Browser) -> None:
    def imported(text: str) -> Any:
        files = {"file": ("用户.csv", text.encode("utf-8-sig"))}
        return browser.http.post("/office/lists/customers/import", data={"token": browser.token}, files=files)

    labels = {f.key: f.label for f in list_fields(office, CUSTOMERS)}
    head = f"{labels['customer_unit']},{labels['customer_code']}\n"
    assert imported(f"{head}示例单位七,SL-007\n示例单位八,SL-008\n").status_code == 303
    page = browser.get("/office/lists/customers")
    assert "示例单位七" in page
    assert "SL-008" in page
    only = browser.get("/office/lists/customers?q=示例单位八")
    assert "示例单位七" not in only
    refused = imported(f"{head}示例单位九,SL-009\n,SL-010\n")
    assert refused.status_code in {409, 422}
    assert "用户.csv 第3行：没有写" in refused.text, "which row of two thousand"
    assert "示例单位九" not in browser.get("/office/lists/customers"), "all or none"
    assert "新增0条，更新1条" in _told(imported(f"{head}示例单位七改,SL-007\n"))
    # What was passed over is said here as on the command line; a browser drops a cookie of more than 4 KB, and the words.
    told = _told(imported(f"{head.strip()},颜色\n示例单位七改,SL-007,绿\n"))
    assert "更新0条" in told
    assert "「颜色」" in told
    many = ",".join(f"没有的栏目{'长' * 40}{number}" for number in range(40))
    answer = imported(f"{head.strip()},{many}\n示例单位七改,SL-007\n")
    assert len(answer.headers["set-cookie"]) < 4096
    assert _told(answer).startswith("新增0条，更新0条")
    assert _told(answer).endswith("……")


def _told(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return json.loads(SimpleCookie(answer.headers["set-cookie"])["told"].value)


# People and days of rest


def test_the_names_of_a_list_are_changed_and_stand_in_its_file(office: Office, browser: Browser) -> None:
    path = office.forms.procedure.people_path
    before = path.read_text(encoding="utf-8")
    page = sent(browser, "/office/people", list="complaint_handlers", names='示例 "甲"\n  示例乙 \n示例乙\n')
    assert "示例乙" in page
    assert office.forms.procedure.people["complaint_handlers"] == ('示例 "甲"', "示例乙")
    comments = [line for line in before.splitlines() if line.startswith("#")]
    assert comments
    assert [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")] == comments
    sent(browser, "/office/people", list="complaint_handlers", names="")
    assert path.read_text(encoding="utf-8") == before, "as it was, to the letter"
    sent(browser, "/office/people", 404, list="nobody", names="示例")
    with office.register.read() as tx:
        assert [e.action for e in tx.audit.events("people.toml")] == ["administer"] * 2


def test_days_of_rest_are_added_written_over_and_taken_out(office: Office, browser: Browser) -> None:
    path = office.forms.procedure.holidays_path
    before = path.read_text(encoding="utf-8-sig")
    sent(browser, "/office/holidays", days="2031/1/1，休，元旦\n\n2031-01-04,班\n")
    calendar = office.forms.procedure.calendar
    assert 2031 in calendar.years()
    assert "2031" in browser.get("/office")
    assert (calendar.is_working(date(2031, 1, 1)), calendar.is_working(date(2031, 1, 4))) == (False, True)
    told = sent(browser, "/office/holidays", 422, days="2031-01-02,休\n2031-02-30,休\n2031-01-03,假\n2031-01-02,班")
    assert all(word in told for word in ("2031-02-30", "「假」", "写了两次"))
    assert office.forms.procedure.calendar == calendar, "nothing has changed"
    sent(browser, "/office/holidays", days="2031-01-01,班\n2031-01-04,删")
    assert office.forms.procedure.calendar.is_working(date(2031, 1, 1))
    sent(browser, "/office/holidays", days="2031-01-01,删")
    assert path.read_text(encoding="utf-8-sig") == before, "as it was, to the letter"


# The log


def test_the_log_is_filtered_and_its_chain_verified(office: Office, browser: Browser) -> None:
    sent(browser, "/office/accounts/add", name="clerk1", display_name="示例员工一")
    sent(browser, "/office/holidays", days="2031-01-01,休")

    def objects(query: str) -> set[str]:
        page = html.fromstring(browser.get(f"/office/log?{query}"))
        return {cell.text_content() for cell in page.xpath("//tbody/tr/td[5]")}

    assert objects("object=account/clerk1") == {"account/clerk1"}
    assert objects("action=administer") == {"holidays.csv"}
    assert {"account/clerk1", "holidays.csv"} <= objects(f"account={office.account.name}&from={office.today()}")
    assert objects("account=nobody") == objects("to=2001-01-01") == set()
    head = re.findall(r"链头 ([0-9a-f]{16,})", browser.get("/office/log"))[0]
    answer = browser.post("/office/log/verify", {"heads": head})
    assert "没有问题" in answer.text
    assert "核对了2个链头" in answer.text, "the one given, and the one the step of the days of rest noted"
    wrong = browser.post("/office/log/verify", {"heads": "f" * 64})
    assert wrong.status_code == 200
    assert "有1处问题" in wrong.text


def test_more_events_than_a_page_takes_are_gone_through_with_the_conditions_kept(
    office: Office, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrecords.web.pages.managing.EVENTS", 2)
    for name in ("clerk1", "clerk2", "clerk3", "clerk4", "clerk5"):
        sent(browser, "/office/accounts/add", name=name, display_name=f"示例{name}")
    sent(browser, "/office/holidays", days="2031-01-01,休")
    where, seen = f"/office/log?action=accounts&from={office.today()}", list[str]()
    for called in ("最早的", "条以后的", "条以后的", ""):
        page = html.fromstring(browser.get(where))
        seen += [cell.text_content() for cell in page.xpath("//tbody/tr/td[5]")][::-1]
        links = [a.get("href") for a in page.xpath('//p[@class="more"]/a') if called and a.text.endswith(called)]
        assert len(links) == bool(called), (where, links)
        where = links[0] if links else ""
    assert seen[2:] == [f"account/clerk{n}" for n in range(1, 6)], "the newest first, then all from the oldest on"
    assert seen[:2] == ["account/clerk4", "account/clerk5"]


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
