"""What costs much may be asked the desk so often a minute, by account, name and address; then it says when again."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from qrecords.model.access import Account
from qrecords.office import Office
from qrecords.services.access.accounts import add
from qrecords.services.access.deskaccess import network_of
from qrecords.services.access.login import set_password
from qrecords.services.finding.find import list_records
from qrecords.settings import DeskSettings, load
from qrecords.web.app import ROUTES
from qrecords.web.limits import _MANY, ADDRESS_TIMES, WINDOW, Costly, Limits
from qrecords.web.pages import filling
from tests.web.test_desk import Browser, quick_passwords

__all__ = ["quick_passwords"]  # fixtures of the desk
FEW = DeskSettings(logins_per_minute=2, previews_per_minute=2, uploads_per_minute=2, searches_per_minute=2)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the limits."""
    return Clock()


@pytest.fixture
def browser(office: Office, clock: Clock) -> Browser:
    """Return a browser whose person has come in to a desk with low limits."""
    browser = Browser(office)
    browser.app.state.limits = Limits(FEW, clock)
    return browser.enter()


@pytest.mark.parametrize("address", ["/search?q=示例", "/search?q=示例&part=hits"])
def test_searches_wait_and_the_page_says_until_when(browser: Browser, clock: Clock, address: str) -> None:
    for _ in range(2):
        browser.get(address)
    clock.now += 17.5
    refused = browser.http.get(address)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "43"
    assert re.search(r"检索太频繁，没有执行；请过43秒（\d\d:\d\d:\d\d 以后）再试", refused.text)
    assert "default-src 'none'" in refused.headers["content-security-policy"]
    browser.get("/")
    browser.get("/records")
    clock.now += 43
    browser.get(address)


def test_a_preview_too_many_is_refused_as_data_where_the_script_asks(
    office: Office, browser: Browser, clock: Clock
) -> None:
    address = f"{browser.begin('06A')}/page.pdf"
    limits: Limits = browser.app.state.limits
    while not limits.wait(Costly.PREVIEW, office.account.name):
        pass
    refused = browser.http.get(address, headers={"accept": "application/json"})
    assert refused.status_code == 429
    assert "打印预览太频繁" in refused.json()["message"]
    assert browser.http.get("/records/QR758-06A-2026-00001/paper.pdf").status_code == 429
    clock.now += WINDOW
    assert browser.http.get("/records/QR758-06A-2026-00001/paper.pdf").status_code == 404


def test_uploads_too_many_are_refused_before_they_are_read(
    office: Office, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(filling, "stored_upload", lambda *_: taken.append("x"))
    limits: Limits = browser.app.state.limits
    while not limits.wait(Costly.UPLOAD, office.account.name):
        pass
    files = {"file": ("a.json", b"[]", "application/json")}
    refused = browser.http.post("/fill/06A/file", data={"token": browser.token}, files=files)
    assert refused.status_code == 429
    assert taken == []
    assert list_records(office) == []


def test_one_account_waits_for_itself_alone(office: Office, browser: Browser) -> None:
    for _ in range(3):
        answer = browser.http.get("/search?q=示例")
    assert answer.status_code == 429
    with office.register.write() as tx:
        tx.accounts.add(Account("clerk1", "示例员工一", None, grants=office.account.grants), office.now())
        tx.audit.append([office.event("accounts", "account/clerk1")])
        account = tx.accounts.by_name("clerk1")
    assert account is not None
    other = Browser(Office(office.workspace, account))
    other.app.state.limits = browser.app.state.limits
    other.enter().get("/search?q=示例")


def test_passwords_are_tried_so_often_by_address_and_by_name_from_there(browser: Browser, clock: Clock) -> None:
    def login(name: str) -> tuple[int, str]:
        answer = browser.http.post("/login", data={"name": name, "password": "Wrong-示例-2026", "to": "/"})
        return answer.status_code, answer.text

    assert [login("a")[0] for _ in range(2)] == [403, 403]
    status, page = login(" a ")
    assert (status, "登录太频繁" in page, 'name="password"' in page) == (429, True, True)
    # Every try of the address counts: 2 × 3 in all.
    assert [login(f"other{n}")[0] for n in range(ADDRESS_TIMES)] == [403] * 3
    assert login("one-more")[0] == 429
    clock.now += WINDOW
    assert login("a")[0] == 403
    assert [network_of(a) for a in ("192.0.2.7", "2001:db8:1:2:3::4", "fe80::1%eth0", "testclient")] == [
        "192.0.2.7", "2001:db8:1:2::/64", "fe80::/64", "testclient",
    ]  # fmt: skip


@pytest.mark.usefixtures("quick_passwords")
def test_nobody_shuts_a_person_out_of_the_browser_he_used_before(office: Office) -> None:
    """Wrong passwords from the same address, from another browser, lock that address: his own browser is known."""
    add(office, "clerk1", display_name="示例员工一")
    set_password(office, "clerk1", "First-示例-2026")
    own, other, right = Browser(office), Browser(office), "Second-示例-2026"

    def login(browser: Browser, password: str) -> int:
        data = {"name": "clerk1", "password": password, "to": "/"}
        return int(browser.http.post("/login", data=data).status_code)

    must = own.http.post("/login", data={"name": "clerk1", "password": "First-示例-2026", "to": "/"})
    assert "登录页的「修改密码」" in must.text
    change = {"name": "clerk1", "password": "First-示例-2026", "new": right, "again": right}
    assert "两次写的新密码不同" in own.http.post("/password", data={**change, "again": "x"}).text
    weak = own.http.post("/password", data={**change, "new": "short", "again": "short"})
    assert (weak.status_code, "至少要" in weak.text) == (422, True)
    assert "请用新密码登录" in own.http.post("/password", data=change).text
    assert login(own, right) == 303
    for _ in range(office.settings.access.failures_before_lock):
        assert login(other, "Guess-示例-2026") == 403
    assert login(other, right) == 403, "the address is locked"
    assert login(own, right) == 303
    assert login(other, right) == 403


def test_what_is_refused_does_not_lengthen_the_wait(clock: Clock) -> None:
    limits = Limits(FEW, clock)
    assert [limits.wait(Costly.SEARCH, "a") for _ in range(3)] == [0, 0, 60]
    clock.now += 59
    assert limits.wait(Costly.SEARCH, "a") == 1
    clock.now += 1
    assert limits.wait(Costly.SEARCH, "a") == 0


def test_no_limit_and_no_endless_memory(clock: Clock) -> None:
    none = Limits(DeskSettings(searches_per_minute=0), clock)
    assert {none.wait(Costly.SEARCH, "a") for _ in range(5000)} == {0}
    limits = Limits(FEW, clock)
    for n in range(_MANY + 1):
        limits.wait(Costly.LOGIN, f"name {n}")
    clock.now += WINDOW + 1
    limits.wait(Costly.LOGIN, "name")
    assert len(limits._let_in) == 1


def test_every_limit_is_a_setting_of_the_workspace(office: Office, tmp_path: Path) -> None:
    text = (office.settings.root / "qrecords.toml").read_text(encoding="utf-8")
    assert all(f"{f.name} = {json.dumps(f.default)}" in text for f in fields(DeskSettings))
    (tmp_path / "qrecords.toml").write_text("[desk]\nsearches_per_minute = 7\n", encoding="utf-8")
    assert load(tmp_path).desk.searches_per_minute == 7


def test_what_costs_much_is_counted(office: Office, browser: Browser) -> None:
    """Every address that prints, takes a file in or searches is refused once the minute's share is used up."""
    limits: Limits = browser.app.state.limits
    token = browser.token
    for costly in Costly:
        while not limits.wait(costly, office.account.name):
            pass
    costly_ones = set()
    for route in ROUTES:
        address = re.sub(r"\{(\w+)\}", "x", route.path)
        for method in (route.methods or set()) & {"GET", "POST"}:
            if address not in {"/in", "/login", "/logout"}:
                answer = browser.http.request(method, address, data={"token": token} if method == "POST" else None)
                if answer.status_code == 429:
                    costly_ones.add(route.path)
    assert {"/search", "/fill/{form}/file", "/drafts/{key}/page.pdf", "/records/{number}/paper.pdf"} <= costly_ones
    assert {"/records/{number}/page", "/records/{number}/page.png"} <= costly_ones
    assert not costly_ones & {"/", "/fill", "/drafts/{key}", "/step/{action}", "/review"}
