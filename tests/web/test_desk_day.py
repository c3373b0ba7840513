"""A record's day from hand to hand through 今日, and the page of one that is filed: what each person sees and may do."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from qrecords.model.access import Account, Grant
from qrecords.model.papers import Waiting
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.correct import correct
from qrecords.services.file import file_records
from qrecords.services.finding.find import list_records, show
from qrecords.services.intake.fill import fill
from qrecords.services.intake.update import update
from qrecords.stores.given import GivenFile, on_disk
from tests.faulty_disk import blank_convert
from tests.services.test_returned import HEADINGS, parcel
from tests.web.test_desk import Browser, as_typed

ROLES = ("clerk", "engineer", "issuer", "supervisor", "archivist")


@pytest.fixture(autouse=True)
def _blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)


@pytest.fixture
def people(office: Office) -> dict[str, Browser]:
    """Return a browser of a person of each role."""
    with office.register.write() as tx:
        for role in ROLES:
            tx.accounts.add(Account(role, f"示例{role}", None, clearance=3, grants=(Grant(role),)), office.now())
            tx.audit.append([office.event("accounts", f"account/{role}")])
        accounts = {role: tx.accounts.by_name(role) for role in ROLES}
    return {role: Browser(Office(office.workspace, found)).enter() for role, found in accounts.items() if found}


def waits(browser: Browser) -> dict[str, list[str]]:
    """Return the numbers under each heading of 今日."""
    sections = re.findall(r"<section><h2>([^<]*)(.*?)</section>", browser.get("/"), re.DOTALL)
    return {name: re.findall(r'<a href="/records/([^"]+)"', body) for name, body in sections}


def made(browser: Browser, office: Office, form: str, values: dict[str, Any]) -> str:
    """Fill a form through its page and return the number."""
    draft, sent = browser.begin(form), as_typed(office, form, values)
    told = browser.keep(draft, sent)
    answer = browser.ask(f"{draft}/make", {**sent, "revision": told["revision"]})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["number"])


def taken(browser: Browser, action: str, number: str, **more: str) -> None:
    answer = browser.post(f"/step/{action}", {"number": number, "back": "/", **more})
    assert answer.status_code == 303, answer.text


def test_a_record_goes_from_hand_to_hand(
    office: Office, people: dict[str, Browser], sample: Callable[..., dict[str, Any]]
) -> None:
    number = made(people["clerk"], office, "01A", sample("01A", source_record_no=None, channel="电话"))
    way = [
        ("clerk", "等我提交", "submit", {}),
        ("supervisor", "等我审查", "return", {"reason": "示例：电话号码写全"}),
        ("clerk", "等我提交", "submit", {}),
        ("supervisor", "等我审查", "review", {"opinion": "示例：同意"}),
        ("archivist", "等我归档", "file", {}),
    ]
    returned = False
    for role, heading, action, more in way:
        for other, browser in people.items():
            seen = waits(browser)
            if other == role:
                assert seen[heading] == [number], (role, heading)
            else:  # who may read it sees that it waits for somebody else; who may not sees nothing
                assert [h for h, numbers in seen.items() if number in numbers and h.startswith("等我")] == [], other
                may = other in {"clerk", "supervisor", "archivist"}
                assert (number in seen.get("等别人办", [])) is may, other
        if returned and action == "submit":
            assert "退回：示例：电话号码写全" in people[role].get("/")
        taken(people[role], action, number, **more)
        returned = action == "return"
    for browser in people.values():
        assert number not in "".join(map(str, waits(browser).values()))


def test_a_notice_is_issued_and_completed_by_the_one_it_sends(
    office: Office, people: dict[str, Browser], sample: Callable[..., dict[str, Any]]
) -> None:
    form = office.forms.get("04A").form
    first = {f.key for f in form.input_fields if f.stage == form.stages[0].key}
    values = {k: v for k, v in sample("04A").items() if k in first}
    if isinstance(values.get("staff"), list):
        values["staff"] = [{**values["staff"][0], "name": "示例engineer"}]
    number = made(people["issuer"], office, "04A", values)
    assert waits(people["issuer"])["等我签发"] == [number]
    taken(people["issuer"], "issue", number)
    assert waits(people["issuer"]).get("等我签发") is None
    assert waits(people["engineer"])["等我续填"] == [number], "the person it names completes it"
    assert number in waits(people["supervisor"])["等别人办"]


def test_what_lacks_signatures_alone_waits_for_who_may_register_them(
    office: Office, people: dict[str, Browser], repair: str
) -> None:
    """Who files cannot go on with it; who may sign but not file has something to do (QS/PA758A 5.5.5, 5.5.6)."""
    number = repair
    supervisor, archivist = people["supervisor"], people["archivist"]

    def headings() -> list[list[str]]:
        return [[h for h, there in waits(one).items() if number in there] for one in (supervisor, archivist)]

    for action in (steps.submit, steps.review):
        assert "等我登记签名" not in headings()[0], "it lacks nothing before that step"
        action(office, [number])  # type: ignore[operator]
    asked = show(office, number).missing
    assert len(asked) == 2, asked
    assert headings() == [["等我登记签名"], ["等别人办"]]
    taken(supervisor, "sign", number, kind="customer-seal", by="示例单位一")
    assert headings() == [["等我登记签名"], ["等别人办"]], "one is still missing"
    taken(supervisor, "sign", number, kind="engineer", by="示例签名人")
    assert headings() == [["等别人办"], ["等我归档"]]


@pytest.fixture
def repair(office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> str:
    """Return the number of a repair report with its notice."""
    notice = fill(office, "04A", [on_disk(write(sample("04A")))]).records[0].record_no
    steps.issue(office, [notice])
    return fill(office, "06A", [on_disk(write(sample("06A", notice_no=notice)))]).records[0].record_no


def once_of(browser: Browser, address: str, form: str) -> str:
    """Return the own word of a form on a page."""
    return re.findall(rf'action="{form}".*?name="once" value="(\w+)"', browser.get(address))[0]


def signed_by(office: Office, number: str) -> list[str]:
    return [s.by for s in show(office, number).signatures]


def test_a_signature_sent_again_is_registered_once(office: Office, people: dict[str, Browser], repair: str) -> None:
    """On the way, and once it is filed, when each signature makes a version of its own."""
    browser, page = people["supervisor"], f"/records/{repair}"
    given = {"number": repair, "kind": "engineer", "by": "示例签名人", "back": page}
    first = {**given, "once": once_of(browser, page, "/step/sign")}
    answers = [browser.post("/step/sign", first) for _ in range(3)]
    assert {(a.status_code, a.headers["location"]) for a in answers} == {(303, page)}
    assert signed_by(office, repair) == ["示例签名人"]
    with office.register.read() as tx:
        assert [e.outcome for e in tx.audit.events(repair) if e.action == "sign"] == ["done"]
    other = {**given, "once": once_of(browser, page, "/step/sign"), "by": "示例又一人"}
    assert browser.post("/step/sign", other).status_code == 303
    assert signed_by(office, repair) == ["示例签名人", "示例又一人"], "said anew it is another one"
    steps.sign(office, [repair], kind="customer-seal", by="示例单位一")
    for action in (steps.submit, steps.review):
        action(office, [repair])  # type: ignore[operator]
    file_records(office, [repair])
    desk = Browser(office).enter()
    late = {**given, "by": "示例补签人", "once": once_of(desk, page, "/step/sign")}
    for _ in range(2):
        assert desk.post("/step/sign", late).status_code == 303
    assert signed_by(office, repair).count("示例补签人") == 1
    assert desk.post("/step/sign", first).status_code == 409, "another's word is not mine"
    assert browser.post("/step/sign", first).status_code == 403, "who may no more is told so, sent before or not"


def prints(office: Office, subject: str) -> list[int]:
    with office.register.read() as tx:
        return [row.number for row in tx.records.prints(subject)]


def test_a_print_sent_again_is_the_same_print(
    office: Office, people: dict[str, Browser], repair: str, write: Callable[..., Path]
) -> None:
    browser, page = Browser(office).enter(), f"/records/{repair}"
    before = prints(office, repair)
    asked = {"once": once_of(browser, page, f"{page}/print")}
    answers = [browser.post(f"{page}/print", asked) for _ in range(2)]
    assert all(a.status_code == 200 and a.content.startswith(b"%PDF") for a in answers)
    taken = [before[-1] + 1] if before else [1]
    assert prints(office, repair) == before + taken
    with office.register.read() as tx:
        assert len([e for e in tx.audit.events(repair) if e.action == "print"]) == 1
    assert browser.post(f"{page}/print", {"once": once_of(browser, page, f"{page}/print")}).status_code == 200
    assert len(prints(office, repair)) == len(before) + 2, "asked for anew it is another one"
    update(office, repair, on_disk(write({"fault_symptom": "示例：后来改的"})))
    late = browser.post(f"{page}/print", asked)
    assert late.status_code == 409, "its code never stands on other words"
    assert "打印以后又改过" in late.text
    assert len(prints(office, repair)) == len(before) + 2


@pytest.fixture
def handed_in(office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> str:
    """Return the number of a record that waits for its review."""
    values = sample("01A", source_record_no=None, channel="电话", contact_person="示例甲", info_content="示例：原来的")
    number = fill(office, "01A", [on_disk(write(values))]).records[0].record_no
    steps.submit(office, [number])
    return number


def shown_changes(page: str) -> list[tuple[str, str, str]]:
    """Return what 审查 says was changed since: field, what it said then, what it says now."""
    table = page.partition("退回以后改过的</caption>")[2].partition("</table>")[0].partition("<tbody>")[2]
    return re.findall(r'<a href="#v-(\w+)">.*?退回时">([^<]*)</td>.*?现在">([^<]*)</td>', table)


def test_a_reviewer_sees_old_and_new_values_of_what_changed_since_it_was_returned(
    office: Office, people: dict[str, Browser], handed_in: str, write: Callable[..., Path]
) -> None:
    supervisor, address = people["supervisor"], f"/review?number={handed_in}"
    assert "退回以后改过的" not in supervisor.get(address)
    for n, old in enumerate(("示例甲", "示例乙<b>")):
        taken(supervisor, "return", handed_in, reason="示例：电话号码写全")
        if n == 0:
            steps.submit(office, [handed_in])
            page = supervisor.get(address)
            assert "之后没有改过" in page and shown_changes(page) == []
            taken(supervisor, "return", handed_in, reason="示例：还是没有")
        new = ("示例乙<b>", "示例丙")[n]
        update(office, handed_in, on_disk(write({"contact_person": new})))
        steps.submit(office, [handed_in])
        written = [text.replace("<", "&lt;").replace(">", "&gt;") for text in (old, new)]
        assert shown_changes(supervisor.get(address)) == [("contact_person", *written)], "since the last return alone"
    with office.register.write() as tx:  # edited by hand: the log's hash of what it said then no longer fits
        said = dict(tx.returned.of(handed_in) or {}) | {"contact_person": "示例：从没有写过的"}
        tx.returned.keep({handed_in: said})
    assert shown_changes(supervisor.get(address)) == [("contact_person", "（没有留下）", "见下面")]
    taken(supervisor, "review", handed_in)
    with office.register.read() as tx:
        assert tx.returned.of(handed_in) is None, "nobody asks for it again"


def test_what_was_secret_when_it_was_returned_is_not_told(
    office: Office, people: dict[str, Browser], handed_in: str, write: Callable[..., Path]
) -> None:
    steps.send_back(office, [handed_in], reason="示例：定密")
    secret = {"secrecy_level": "秘密", "secrecy_period": "10年", "info_content": "示例：秘密时写的"}
    update(office, handed_in, on_disk(write(secret)))
    steps.submit(office, [handed_in])
    steps.send_back(office, [handed_in], reason="示例：不涉密")
    update(
        office,
        handed_in,
        on_disk(write({"secrecy_level": "内部", "secrecy_period": None, "info_content": "示例：公开"})),
    )
    steps.submit(office, [handed_in])
    with office.register.write() as tx:
        tx.accounts.add(Account("low", "示例low", None, clearance=1, grants=(Grant("supervisor"),)), office.now())
        tx.audit.append([office.event("accounts", "account/low")])
        low = tx.accounts.by_name("low")
    assert low is not None
    address = f"/review?number={handed_in}"
    assert "示例：秘密时写的" in people["supervisor"].get(address)
    page = Browser(Office(office.workspace, low)).enter().get(address)
    assert "示例：秘密时写的" not in page
    assert ("info_content", "（没有留下）", "见下面") in shown_changes(page)


def test_a_reviewer_is_told_which_records_nearly_say_the_same(
    office: Office, people: dict[str, Browser], handed_in: str, sample: Callable[..., dict[str, Any]],
    write: Callable[..., Path],
) -> None:  # fmt: skip
    supervisor, address = people["supervisor"], f"/review?number={handed_in}"
    assert "很像" not in supervisor.get(address)
    values = sample("01A", source_record_no=None, channel="电话", contact_person="示例丁", info_content="示例：原来的")
    other = fill(office, "01A", [on_disk(write(values))], same_again=True).records[0].record_no
    told = supervisor.get(address).partition("很像")[2].partition("</section>")[0]
    assert f'href="/records/{other}"' in told
    assert "示例甲 → 示例丁" in told
    with office.register.read() as tx:
        read = [e.account for e in tx.audit.events(other) if e.action == "read"]
    assert read == ["supervisor"], "what is shown of it is logged"
    steps.void(office, [other], reason="示例：写重了")
    assert "很像" not in supervisor.get(address)


def test_the_page_of_a_filed_record(
    office: Office, people: dict[str, Browser], sample: Callable[..., dict[str, Any]]
) -> None:
    values = sample("01A", source_record_no=None, channel="电话")
    number = made(people["clerk"], office, "01A", values)
    taken(people["clerk"], "submit", number)
    taken(people["supervisor"], "review", number, opinion="示例：同意")
    taken(people["archivist"], "file", number)
    change = GivenFile("new.json", '{"contact_person": "示例更正人"}'.encode())
    correct(office, number, change, reason="示例：姓名写错")
    page = people["clerk"].get(f"/records/{number}")
    text = re.sub(r"<[^>]+>", " ", page)
    item = list_records(office)[0].archive_no
    for said in (
        "已归档",
        item,
        "示例：同意",
        "第1版",
        "第2版",
        "示例：姓名写错",
        values["contact_person"],
        "示例更正人",
    ):
        assert said in text, said
    for who, did in (("clerk", "提交"), ("supervisor", "审查"), ("archivist", "归档")):
        assert re.search(rf"{who}\s+{did}", text), "who did what"
    steps = page.partition('class="steps"')[2].partition("</section>")[0]
    assert not re.findall(r'action="/step/(\w+)"', steps), "nothing more is to be done with it by a clerk"
    assert people["clerk"].http.get(f"/records/{number}/paper.pdf").content.startswith(b"%PDF")
    printed = people["clerk"].post(f"/records/{number}/print")
    assert printed.content.startswith(b"%PDF")
    assert number in printed.headers["content-disposition"]
    with office.register.read() as tx:
        events = [e for e in tx.audit.events(number) if e.action == "print"]
    assert (events[-1].account, events[-1].detail["via"]) == ("clerk", "desk")


def test_a_second_record_like_the_first_is_made_only_when_that_is_said(
    office: Office, people: dict[str, Browser], sample: Callable[..., dict[str, Any]]
) -> None:
    browser = people["clerk"]
    values = as_typed(office, "01A", sample("01A", source_record_no=None, channel="电话"))
    first = made(browser, office, "01A", sample("01A", source_record_no=None, channel="电话"))
    draft = browser.begin("01A")
    revision = browser.keep(draft, values)["revision"]
    refused = browser.ask(f"{draft}/make", {**values, "revision": revision})
    assert (refused.status_code, refused.json()["alike"]) == (422, True), refused.text
    assert first in refused.json()["message"]
    assert "「确是两条」" in refused.json()["remedy"]
    without_script = browser.post(f"{draft}/make", {**values, "revision": revision})
    assert 'name="same_again"' in without_script.text
    assert len(list_records(office)) == 1
    said = {**values, "revision": revision, "same_again": "1"}
    second = browser.ask(f"{draft}/make", said)
    assert second.status_code == 200, second.text
    assert second.json()["number"] != first
    assert browser.ask(f"{draft}/make", said).json()["number"] == second.json()["number"], "asked again, made once"
    assert len(list_records(office)) == 2


def test_a_refused_workbook_comes_back_marked(office: Office, people: dict[str, Browser]) -> None:
    book = Workbook()
    for row in (HEADINGS, parcel("示例甲厂"), parcel("示例乙厂", day="2月30日")):
        book.worksheets[0].append(row)
    book.save(sent := BytesIO())
    browser = people["clerk"]
    answer = browser.http.post(
        "/fill/10A/file", data={"token": browser.token}, files={"file": ("收件.xlsx", sent.getvalue())}
    )
    assert answer.status_code == 422
    ((data, name),) = re.findall(r'href="data:[^;]+;base64,([^"]+)" download="([^"]+)"', answer.text)
    assert name.endswith(".xlsx")
    (sheet, *_) = load_workbook(BytesIO(base64.b64decode(data))).worksheets
    assert {c.coordinate for row in sheet.iter_rows() for c in row if c.comment} == {"A3"}
    assert list_records(office) == []


def test_pages_without_a_place_are_told_to_who_may_give_them_one(office: Office, people: dict[str, Browser]) -> None:
    assert "没有归处的扫描件" not in people["archivist"].get("/")
    page = Waiting(page_id="P0A1B2C3D4E5F", source="示例.pdf", number=1, reason="没有编码", points=(595.0, 842.0))
    office.papers.inbox.put(page, b"jpeg", b"png")
    assert "没有归处的扫描件" in people["archivist"].get("/")
    with office.register.write() as tx:
        tx.accounts.add(Account("auditor", "示例auditor", None, grants=(Grant("auditor"),)), office.now())
        tx.audit.append([office.event("accounts", "account/auditor")])
        auditor = tx.accounts.by_name("auditor")
    assert auditor is not None
    assert "没有归处的扫描件" not in Browser(Office(office.workspace, auditor)).enter().get("/", 303)
