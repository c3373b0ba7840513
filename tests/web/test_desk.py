"""The desk through HTTP: who comes in, what is refused, that it does what the command line does, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from lxml import html
from starlette.testclient import TestClient

from qrecords.advice import Do, Input, Sentence, advise
from qrecords.errors import IntegrityFailure
from qrecords.model.access import Account, Grant
from qrecords.model.field import FieldType
from qrecords.office import Office
from qrecords.services.access.accounts import add, grant, revoke
from qrecords.services.access.deskaccess import open_session
from qrecords.services.access.login import set_password
from qrecords.services.finding.find import list_records
from qrecords.services.intake.fill import fill
from qrecords.services.steps import issue
from qrecords.stores import secrets
from qrecords.stores.given import on_disk
from qrecords.stores.register import tables
from qrecords.web.app import ROUTES, desk_app
from qrecords.web.security import LARGEST_BODY
from qrecords.web.signedin import COOKIE, Door
from qrecords.web.wording import worded
from tests.conftest import FORMS, LASTING, NOW

SITE = "http://127.0.0.1:7580"
SAME = {"sec-fetch-site": "same-origin", "origin": SITE}
ALL_FORMS = sorted(p.name for p in FORMS.iterdir() if (p / "sample.json").is_file())
HOSTILE = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7331*7 }}", "{% raw %}", "javascript:alert(1)",
    "</textarea><b>x", "</script><b>x", "'; DROP TABLE record; --", "&lt;b&gt;", "\u202eevil<svg onload=alert(1)>",
]  # fmt: skip


@cache
def event_loop() -> BlockingPortal:
    """Return the loop all browsers of a process ask in: left to itself each starts a thread and a loop a request."""
    return LASTING.enter_context(start_blocking_portal())


class Browser:
    """One browser at the desk."""

    def __init__(self, office: Office) -> None:
        self.door = Door(office.workspace, link_account=office.account.name)
        self.app = desk_app(self.door, hosts={"127.0.0.1"})
        self.http = TestClient(self.app, base_url=SITE, follow_redirects=False, headers=SAME)
        self.http.portal = event_loop()

    def enter(self) -> Browser:
        """Come in by the one-time link."""
        assert self.http.get(f"/in?key={self.door.key}").status_code == 303
        return self

    def get(self, address: str, status: int = 200) -> str:
        answer = self.http.get(address)
        assert answer.status_code == status, answer.text
        return answer.text

    @property
    def token(self) -> str:
        """Return what this session's forms carry."""
        return re.findall(r'data-token="(\w+)"', self.get("/fill"))[0]

    def post(self, address: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.http.post(address, data={"token": self.token, **(data or {})}, headers=headers)

    def ask(self, address: str, data: dict[str, Any]) -> Any:
        """Ask as the page's script does."""
        return self.post(address, data, accept="application/json")

    def begin(self, form: str) -> str:
        """Begin a draft and return its address."""
        return str(self.post(f"/fill/{form}").headers["location"])

    def keep(self, draft: str, values: dict[str, Any], status: int = 200) -> Any:
        revision = re.findall(r'name="revision" value="(\d+)"', self.get(draft))[0]
        answer = self.ask(draft, {**values, "revision": revision})
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def browser(office: Office) -> Browser:
    """Return a browser whose person has come in."""
    return Browser(office).enter()


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make argon2 short."""
    from argon2 import PasswordHasher

    monkeypatch.setattr(secrets, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    secrets._nobody.cache_clear()


def as_typed(office: Office, form_code: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return values as a browser sends what was typed and ticked."""
    form = office.forms.get(form_code).form
    sent: dict[str, Any] = {}
    for field in form.input_fields:
        value = values.get(field.key)
        if value is None:
            continue
        if field.type is FieldType.ROWS:
            sent |= {f"{field.key}.{n}.{k}": _text(v) for n, line in enumerate(value) for k, v in line.items()}
        else:
            sent[field.key] = [_text(v) for v in value] if isinstance(value, list) else _text(value)
    return sent


def _text(value: Any) -> str:
    return ("是" if value else "否") if isinstance(value, bool) else str(value)


# Who comes in


def test_without_a_session_every_page_leads_to_the_login_and_no_change_is_made(office: Office) -> None:
    stranger = Browser(office)
    for route in ROUTES:
        address = re.sub(r"\{(\w+)\}", "QR758-06A-2026-00001", route.path)
        if address in {"/in", "/login", "/password"}:
            continue
        if route.methods and "GET" in route.methods:
            answer = stranger.http.get(address)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), address
        elif address != "/logout":
            assert stranger.http.post(address, data={"token": "x"}).status_code == 401, address


def test_the_link_lets_in_once(office: Office) -> None:
    first, key = Browser(office), ""
    key = first.door.key
    assert first.http.get("/in?key=wrong").status_code == 403
    first.enter()
    second = TestClient(first.app, base_url=SITE, follow_redirects=False)
    assert second.get(f"/in?key={key}").status_code == 403
    assert second.get("/in?key=").status_code == 403, "a used key is no empty one"
    assert "今日" in first.get("/")


@pytest.mark.usefixtures("quick_passwords")
def test_passwords_sessions_and_locks_are_those_of_the_command_line(office: Office) -> None:
    add(office, "clerk1", display_name="示例员工一")
    password = "示例Sample-2026"
    set_password(office, "clerk1", password)
    with office.register.write() as tx:
        tx.accounts.change("clerk1", must_change=False)
        tx.audit.append([office.event("accounts", "account/clerk1")])
    person = Browser(office)
    for name, given in (("clerk1", "Guess-2026-示例"), ("nobody", password)):
        refused = person.http.post("/login", data={"name": name, "password": given, "to": "/"})
        assert refused.status_code == 403
        assert "账号或密码不对" in refused.text
        assert given not in refused.text
    entered = person.http.post("/login", data={"name": "clerk1", "password": password, "to": "//evil.example/"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/"), "no way to another site"
    cookie = entered.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    assert "示例员工一" in person.get("/fill")
    with office.register.read() as tx:
        events = [e for e in tx.audit.events("clerk1") if e.action == "login"]
    assert events[-1].detail["via"] == "desk"
    token = person.http.cookies[COOKIE]
    assert person.post("/logout").status_code == 303
    person.http.cookies.set(COOKIE, token)
    assert person.http.get("/").status_code == 303, "the session is over, not only the cookie"
    for _ in range(office.settings.access.failures_before_lock):
        person.http.post("/login", data={"name": "clerk1", "password": "wrong", "to": "/"})
    locked = person.http.post("/login", data={"name": "clerk1", "password": password, "to": "/"})
    assert locked.status_code == 403


def test_a_disabled_account_is_out_at_once(office: Office, browser: Browser) -> None:
    with office.register.write() as tx:
        tx.accounts.change(office.account.name, active=False)
        tx.audit.append([office.event("accounts", f"account/{office.account.name}")])
    assert browser.http.get("/").status_code == 303


def test_an_account_is_compared_with_the_log_at_every_page(office: Office) -> None:
    """Grants taken back count in its seal as the log has it; a row edited by hand lets nobody in, from that moment."""
    add(office, "clerk1", display_name="示例员工一")
    for role in ("clerk", "desk"):
        grant(office, "clerk1", Grant(role))
    revoke(office, "clerk1", "desk")
    browser = Browser(office)
    browser.http.cookies.set(COOKIE, open_session(office.workspace, "clerk1", via="desk"))
    browser.get("/")
    with office.register.write() as tx:
        tx.connection.execute(sa.update(tables.account).where(tables.account.c.name == "clerk1").values(clearance=3))
    with pytest.raises(IntegrityFailure, match="可能被人改过"):
        browser.http.get("/")


# What is refused whatever the page


def test_every_answer_has_the_policy_and_names_no_other_place(browser: Browser) -> None:
    for address in ("/", "/fill", "/search", "/records", "/review", "/login", "/nowhere", browser.begin("06A")):
        answer = browser.http.get(address)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), address
        assert not re.search(r"<script(?![^>]*(?:src=|application/json))|\son\w+=|style=\"|javascript:", answer.text)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:7580", "evil.example:7580", ""])
def test_another_name_that_leads_here_is_refused(browser: Browser, host: str) -> None:
    assert browser.http.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.example"},
        {"origin": "null"}, {"origin": "http://127.0.0.1:9999"},
    ],
)  # fmt: skip
def test_a_change_another_site_asks_for_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    before = browser.get("/")
    answer = browser.http.post("/fill/06A", data={"token": browser.token}, headers=headers)
    assert answer.status_code == 403
    assert browser.get("/") == before


def test_a_change_without_the_sessions_own_word_is_refused(browser: Browser) -> None:
    bare = TestClient(browser.app, base_url=SITE, follow_redirects=False, cookies=browser.http.cookies)
    assert bare.post("/fill/06A", data={"token": browser.token}).status_code == 403, "no browser of today says nothing"
    for token in ("", "0" * 32, browser.token[:-1]):
        assert browser.http.post("/fill/06A", data={"token": token}).status_code == 403


def test_who_is_signed_out_reads_what_to_do_and_comes_back_to_the_same_place(office: Office) -> None:
    """A button pressed after the night showed {"message": …}; signing in led to a search without its words."""
    stranger = Browser(office)
    answer = stranger.http.post("/office/lists/customers", data={"token": "x"}, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "登录已结束，没有执行。请重新登录" in answer.text
    said = stranger.http.post("/office/lists/customers", headers={"accept": "application/json"})
    assert "登录已结束" in said.json()["message"]
    asked = "/records/QR758-06A-2026-00001/page?q=功放 过热&hit=2"
    location = stranger.http.get(asked).headers["location"]
    form = html.fromstring(stranger.http.get(location).text)
    assert unquote_plus(form.xpath("//input[@name='to']/@value")[0]) == asked


def test_too_much_at_once_is_told_as_that(browser: Browser) -> None:
    """501 scans dropped on the page were answered with 没有这一页."""
    scans = [("files", (f"{number}.pdf", b"x")) for number in range(501)]
    for answer, told in (
        (browser.http.post("/scans", data={"token": browser.token}, files=scans), "一次最多500个文件"),
        (
            browser.post("/office/lists/customers", {"entry.customer_unit": "示" * (1 << 20)}),
            "有一栏太长（超过1024 KB）",
        ),
        (browser.http.post("/scans", content=b"x", headers={"content-type": "multipart/form-data"}), "内容不完整"),
    ):
        assert answer.status_code == 400
        assert told in answer.text
    assert "这个地址只在按页面上的按钮时用" in browser.get("/office/lists/customers/import", 405)


def test_bodies_too_large_to_be_meant_are_refused(browser: Browser) -> None:
    answer = browser.http.post("/fill/06A", headers={"content-length": str(LARGEST_BODY + 1)}, content=b"x")
    assert answer.status_code == 413


# Filling in


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_page_makes_the_record_fill_makes(
    office: Office, browser: Browser, form: str, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    fields = {f.key for f in office.forms.get(form).form.input_fields}
    values = {
        k: v for k, v in (sample(form) | _referred_to(office, sample, write, but=form)).items() if k in fields and v
    }
    expected = fill(office, form, [on_disk(write(values))], dry_run=True).sound[0].values
    draft = browser.begin(form)
    told = browser.keep(draft, as_typed(office, form, values))
    assert told["sound"], told["problems"]
    made = browser.ask(f"{draft}/make", {**as_typed(office, form, values), "revision": told["revision"]})
    assert made.status_code == 200, made.text
    with office.register.read() as tx:
        record = tx.records.get(made.json()["number"])
    assert record is not None
    assert record.values == expected
    again = fill(office, form, [on_disk(write(values))]).records
    assert [r.record_no for r in again] == [record.record_no], "fill knows it as the same"


def _first_stage(office: Office, form_code: str, values: dict[str, Any]) -> dict[str, Any]:
    form = office.forms.get(form_code).form
    first = {f.key for f in form.input_fields if f.stage == form.stages[0].key}
    return {k: v for k, v in values.items() if k in first}


def _referred_to(
    office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path], *, but: str
) -> dict[str, str | None]:
    """Make the records samples refer to, but of one form, and return their numbers by field."""
    by_form = {"02A": "source_record_no", "04A": "notice_no", "10A": "intake_record_no"}
    made = {f: fill(office, f, [on_disk(write(sample(f)))]).records[0].record_no for f in by_form if f != but}
    if "04A" in made:
        issue(office, [made["04A"]])
    return {by_form[f]: number for f, number in made.items()}


def test_what_is_wrong_is_told_at_its_field_while_typing(browser: Browser) -> None:
    told = browser.keep(
        browser.begin("06A"), {"finished_on": "2月30日", "repair_cost": "很多", "customer_unit": "示例单位"}
    )
    wrong = {p["field"]: p["message"] for p in told["problems"] if p["kind"] == "wrong"}
    assert set(wrong) == {"finished_on", "repair_cost"}
    assert "日历上没有" in wrong["finished_on"]
    missing = {p["field"] for p in told["problems"] if p["kind"] == "missing"}
    assert {"fault_symptom", "service_category"} <= missing
    assert "customer_unit" not in missing


@pytest.mark.parametrize(
    ("typed", "read"),
    [("3.3", "2026-03-03"), ("0303", "2026-03-03"), ("3/3", "2026-03-03"), ("3月3日", "2026-03-03"),
     ("20260303", "2026-03-03"), ("2026.3.3", "2026-03-03"), ("12.31", "2025-12-31"), ("5-31", "2026-05-31")],
)  # fmt: skip
def test_days_are_taken_as_the_keyboard_gives_them(browser: Browser, typed: str, read: str) -> None:
    told = browser.keep(browser.begin("06A"), {"finished_on": typed})
    assert told["read"].get("finished_on") == read, told


def test_a_draft_is_found_again_and_takes_no_number(office: Office, browser: Browser) -> None:
    draft = browser.begin("06A")
    browser.keep(draft, {"fault_symptom": "示例：半句", "parts.0.name": "示例件", "parts.0.quantity": "2"})
    again = Browser(office)
    again.http.cookies = browser.http.cookies
    page = again.get(draft)
    assert "示例：半句" in page
    assert 'name="parts.0.name" value="示例件"' in page
    assert draft in again.get("/")
    assert list_records(office) == []


def test_a_second_tab_overwrites_nothing(browser: Browser) -> None:
    draft = browser.begin("06A")
    browser.keep(draft, {"fault_symptom": "第一个窗口"})
    late = browser.ask(draft, {"fault_symptom": "第二个窗口", "revision": "1"})
    assert late.status_code == 409
    assert "另一个窗口" in late.json()["message"]
    assert "第一个窗口" in browser.get(draft)
    once_more = browser.ask(
        draft, {"fault_symptom": "第一个窗口", "secrecy_level": "内部", "performed_by": "客户服务中心", "revision": "1"}
    )
    assert once_more.status_code in {200, 409}


def test_the_same_making_twice_makes_one_record(
    office: Office, browser: Browser, sample: Callable[..., dict[str, Any]]
) -> None:
    values = as_typed(office, "09A", _first_stage(office, "09A", sample("09A")))
    draft = browser.begin("09A")
    revision = browser.keep(draft, values)["revision"]
    first = browser.ask(f"{draft}/make", {**values, "revision": revision})
    assert first.status_code == 200, first.text
    second = browser.ask(f"{draft}/make", {**values, "revision": revision})
    assert (second.status_code, second.json()["number"]) == (200, first.json()["number"])
    assert len(list_records(office)) == 1
    late = browser.ask(f"{draft}/make", {**values, "subject": "示例：旧窗口里写的", "revision": revision})
    assert late.status_code == 409
    assert first.json()["number"] in late.json()["message"]
    assert browser.http.get(draft).headers["location"] == f"/records/{first.json()['number']}"
    assert len(list_records(office)) == 1


def test_another_accounts_draft_is_not_there(office: Office, browser: Browser) -> None:
    draft = browser.begin("06A")
    add(office, "clerk1", display_name="示例员工一")
    with office.register.read() as tx:
        account = tx.accounts.by_name("clerk1")
    assert account is not None
    other = Browser(Office(office.workspace, account)).enter()
    nowhere = other.get("/drafts/" + "0" * 32, 404)
    assert other.get(draft, 404).replace(draft, "") == nowhere.replace("/drafts/" + "0" * 32, "")


def test_nothing_typed_comes_out_as_anything_but_text(
    office: Office, browser: Browser, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    for number, text in enumerate(HOSTILE):
        draft = browser.begin("06A")
        browser.keep(draft, {"fault_symptom": text, "customer_unit": text, "parts.0.name": text})
        _require_harmless(browser.get(draft))
        values = _first_stage(office, "09A", sample("09A")) | {"customer_unit": f"示例{number}{text}"}
        texts = [
            f.key for f in office.forms.get("09A").form.input_fields if f.type in {FieldType.TEXT, FieldType.LTEXT}
        ]
        values |= {k: f"{number}{text}" for k in texts if k in values and k != "customer_unit"}
        made = fill(office, "09A", [on_disk(write(values))], keep_going=True).records
        if made:
            _require_harmless(browser.get(f"/records/{made[0].record_no}"))
    for address in ("/", "/records", "/search?q=示例", "/review"):
        _require_harmless(browser.get(address))
    for text in HOSTILE:
        _require_harmless(browser.http.get("/search", params={"q": text}).text)
        _require_harmless(browser.http.get("/records", params={"form": text, "year": text}).text)
        _require_harmless(browser.http.get("/login", params={"to": text}).text)


def _require_harmless(page: str) -> None:
    assert not re.search(r"<script(?![^>]*(?:src=\"/static|application/json))", page)
    assert not re.search(r"<(?:img|svg)\b|<b>", page)
    assert "51317" not in page, "what was typed was run as a template"


# Steps


@pytest.fixture
def filled(office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> str:
    """Return the number of a complete record of user information."""
    values = sample("01A", source_record_no=None, channel="电话")
    return fill(office, "01A", [on_disk(write(values))]).records[0].record_no


@pytest.mark.office
def test_a_record_goes_its_way_and_the_log_names_the_desk(office: Office, browser: Browser, filled: str) -> None:
    assert filled in browser.get("/")
    for action, more in (("submit", {}), ("review", {"opinion": "示例：同意"}), ("file", {})):
        taken = browser.post(f"/step/{action}", {"number": filled, "back": "/", **more})
        assert taken.status_code == 303, taken.text
    page = browser.get(f"/records/{filled}")
    assert "已归档" in page
    paper = browser.http.get(f"/records/{filled}/paper.pdf")
    assert paper.content.startswith(b"%PDF")
    assert paper.headers["content-type"] == "application/pdf"
    with office.register.read() as tx:
        told = {e.action: e.detail.get("via") for e in tx.audit.events(filled)}
    assert {told[a] for a in ("submit", "review", "file", "read")} == {"desk"}
    assert filled in browser.get(f"/search?q={filled}&part=hits")


def test_a_step_that_may_not_be_taken_says_why_and_where_to_go(browser: Browser, filled: str) -> None:
    refused = browser.post("/step/review", {"number": filled, "back": "/"})
    assert refused.status_code == 409
    assert "不能审查" in refused.text
    assert not re.search(r"qrecords [a-z]", refused.text), "the desk has buttons, no commands"
    elsewhere = browser.post("/step/submit", {"number": filled, "back": "https://evil.example/"})
    assert elsewhere.headers["location"] == "/"


def test_what_may_not_be_read_is_as_if_it_were_not_there(office: Office, filled: str) -> None:
    low = replace(office.account, name="low", uid=None, clearance=0, grants=(Grant("supervisor", branch="空军"),))
    with office.register.write() as tx:
        tx.accounts.add(Account("low", "示例读者", None, grants=low.grants), office.now())
        tx.audit.append([office.event("accounts", "account/low")])
    reader = Browser(Office(office.workspace, low)).enter()
    missing = "QR758-01A-2026-09999"
    for address in ("/records/{}", "/records/{}/paper.pdf", "/review?number={}", "/search?q={}&part=hits"):
        there, nowhere = (reader.http.get(address.format(no)) for no in (filled, missing))
        assert there.status_code == nowhere.status_code
        assert there.text.replace(filled, "") == nowhere.text.replace(missing, ""), address
    for action in ("submit", "review", "return", "void", "sign", "file"):
        data = {"back": "/", "reason": "示例", "kind": "engineer", "by": "示例"}
        there, nowhere = (reader.post(f"/step/{action}", {**data, "number": no}) for no in (filled, missing))
        assert there.status_code == nowhere.status_code == 404, action
        assert there.text.replace(filled, "") == nowhere.text.replace(missing, "")
    for address in ("/", "/records"):
        assert filled not in reader.get(address)


@pytest.fixture(autouse=True)
def at_the_same_moment(office: Office) -> Iterator[None]:
    """Keep the office's clock where the samples are."""
    assert office.workspace.clock().date() == NOW.date()
    yield


SIGN = Do.SIGN("QR758-06A-2026-00001", Input.KIND("customer-signature"))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (advise("缺少「用户签名」，用 {} 登记", SIGN), "缺少「用户签名」，用「登记签名」登记"),
        (advise("请先用 {} 打印", Do.PRINT("QR758-06A-2026-00001")), "请先用「打印」打印"),
        (advise("请用 {} 写明原因，它会留在记录上", Input.REASON), "请用「原因」写明原因，它会留在记录上"),
        ("没有这份记录", "没有这份记录"),
        (advise("请先改密码：{}", Do.SET_PASSWORD("clerk1")), "请先改密码：登录页的「修改密码」"),
        (advise("请运行 {}", Do.RESTORE), "请运行命令行的「从备份恢复」"),
        (advise("提醒：{}；{}", advise("用 {} 查看", Do.LIST), "qrecords {}"), "提醒：用「台账」查看；qrecords {}"),
    ],
)  # fmt: skip
def test_what_to_do_next_is_worded_as_pages_and_fields(message: Sentence, said: str) -> None:
    assert worded(message) == said
