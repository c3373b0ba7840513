"""The access matrix through HTTP: every role, every form, every step the desk has a button for, own and another's.

The records are void, so that a step one may take is refused for that alone (409) and nothing changes under the walk.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from qrecords.model.access import Account, Grant, Subject
from qrecords.model.record import Action, Record, State
from qrecords.office import Office
from qrecords.web.app import ROUTES
from qrecords.web.pages.records import STEPS
from tests.services.test_access_matrix import FORMS, ROLES, TABLE, by_hand, ways
from tests.web.test_desk import Browser

ACTIONS = tuple(action for action in (*STEPS, Action.SIGN) if action is not Action.UPDATE)
REGISTERS = ("02A", "03A", "09A", "10A")
UNITS = ("示例一所", "示例二所")

# What the desk does beside the steps of a record: the address, what is sent, the action it takes; a `file` is sent as one.
BEYOND: tuple[tuple[str, dict[str, str], Action], ...] = (
    ("GET /office/log", {}, Action.AUDIT_READ),
    ("POST /office/log/verify", {}, Action.AUDIT_READ),
    ("POST /office/log/export", {}, Action.AUDIT_EXPORT),
    ("POST /office/log/close", {}, Action.AUDIT_CLOSE),
    ("POST /office/lists/customers", {"entry.customer_unit": "示例单位"}, Action.KEEP_LISTS),
    ("POST /office/lists/customers/import", {"file": "用户单位\n示例单位\n"}, Action.KEEP_LISTS),
    *((f"POST /office/accounts/{a}", {"name": "nobody"}, Action.ACCOUNTS) for a in ("rename", "disable")),
    *((f"POST /office/accounts/{a}", {"name": "nobody", "role": "reader", "level": "一般"}, Action.RIGHTS)
      for a in ("grant", "revoke", "clearance")),
    ("POST /office/forms/06A/template", {"file": "no template"}, Action.ADMINISTER),
    ("POST /office/people", {"list": "none", "names": "示例"}, Action.ADMINISTER),
    ("POST /office/holidays", {"days": "x"}, Action.ADMINISTER),
    ("GET /office/packs", {}, Action.ADMINISTER),
    ("POST /office/packs/ledger", {"turn": "off"}, Action.ADMINISTER),
    ("GET /office/backups/none", {}, Action.ADMINISTER),
    ("POST /office/backups/none/check", {}, Action.ADMINISTER),
    ("POST /office/backups/none/restore", {}, Action.ADMINISTER),
    ("POST /office/restored/none/replay", {}, Action.DESTROY),
    ("POST /jobs", {"work": "0"}, Action.VERIFY),
    ("POST /jobs", {"work": "3"}, Action.ADMINISTER),
    ("POST /shelf/2026/export", {}, Action.EXPORT),
    *(("POST /spares", {"do": do}, Action.REPORT_DRAW) for do in ("show", "workbook")),
    ("POST /shelf/2026/compile", {}, Action.BIND),
    ("POST /shelf/verify", {}, Action.READ),
    ("POST /shelf/2026/print-set", {}, Action.BIND),
    ("POST /retention/hold", {"subject": "示例单位", "reason": "示例"}, Action.HOLD),
    ("POST /retention/release", {"subject": "示例单位无", "reason": "示例"}, Action.RELEASE),
)  # fmt: skip


RETENTION = (Action.HOLD, Action.RELEASE, Action.APPRAISE, Action.APPROVE, Action.WITNESS, Action.DESTROY)
# The pages to be looked at: the address, and the actions any of which lets in; none = everyone who is signed in.
PAGES: tuple[tuple[str, tuple[Action, ...]], ...] = (
    ("/fill", ()), ("/owed", ()), ("/search", ()), ("/office", ()), ("/office/forms", ()), ("/office/forms/06A", ()),
    ("/jobs", ()),
    *((address, (Action.READ,)) for address in (
        "/records", "/records/list.csv", "/review", "/review/rows/10A", "/search/hits.csv?q=x", "/shelf", "/shelf/2026",
        "/shelf/2026/catalogue.pdf", "/volumes/none", "/volumes/none/volume.pdf", "/copies", "/copies/list.xlsx",
        "/reports/complaints.xlsx", "/office/lists/customers", "/improve", "/office/tracking", "/office/tracking/list.csv")),
    ("/reports", (Action.READ, Action.REPORT_READ)), ("/spares", (Action.REPORT_DRAW,)),
    ("/scans", (Action.ATTACH, Action.SIGN)), ("/scans/P000000000000/page.jpg", (Action.ATTACH, Action.SIGN)),
    ("/retention", RETENTION), ("/retention/lists/XH-2026-001", RETENTION),
    ("/retention/lists/XH-2026-001/list.pdf", RETENTION),
    ("/office/accounts", (Action.ACCOUNTS, Action.RIGHTS, Action.AUDIT_READ)),
    ("/office/packs", (Action.ADMINISTER,)), ("/office/log", (Action.AUDIT_READ,)),
    ("/office/backups", (Action.ADMINISTER, Action.DESTROY)), ("/office/forms/06A/tried.png", (Action.ADMINISTER,)),
)  # fmt: skip
# The table tells of documents by their right alone: who draws the report of visits draws no plan of spare parts.
OTHER_KINDS = {("/spares", "planner"), ("POST /spares", "planner")}
FOR_NOBODY_YET = {"/", "/in", "/login", "/password", "/search/offices"}  # asked apart, or before one is signed in


def a_record(number: int, form: str, unit: str, made_by: str) -> Record:
    values: dict[str, Any] = {"performed_by": "相关单位", "performing_unit": unit}
    values |= {"info_type": ["投诉" if number % 2 else "咨询"]} if form == "01A" else {}
    values |= {"staff": []} if form == "04A" else {}
    return Record(
        record_no=f"QR758-{form}-2026-{number:05}", form_code=f"QR758-{form}", year=2026, state=State.VOID, values=values,
        title="示例", date="2026-03-01", customer_unit="示例单位", created_at="2026-03-01T09:00:00+08:00", created_by=made_by,
    )  # fmt: skip


@pytest.fixture(params=sorted(ROLES))
def person(request: pytest.FixtureRequest, office: Office) -> tuple[str, Browser, list[Record]]:
    """Return a role, its browser, and the records: of each form an own and another's, one of each unit."""
    role = request.param
    records = [
        a_record(2 * n + k + 1, form, UNITS[(n + k) % 2], role if k else "other")
        for n, form in enumerate(FORMS)
        for k in (0, 1)
    ]
    account = Account(role, "示例甲", None, True, "示例一所", 3, (Grant(role),))
    with office.register.write() as tx:
        tx.accounts.add(account, office.now())
        tx.records.add([(record, None) for record in records])
        tx.records.touch([record.record_no for record in records])
        tx.audit.append([office.event("accounts", f"account/{role}")])
    return role, Browser(Office(office.workspace, account)).enter(), records


def test_the_desk_shows_and_takes_what_the_table_says(person: tuple[str, Browser, list[Record]]) -> None:
    role, browser, records = person
    shown = browser.http.get("/records?state=void").text
    token = browser.token
    account = Account(role, "示例甲", None, True, "示例一所", 3, (Grant(role),))
    for record in records:
        subject = Subject.of(record, account)
        reads = by_hand(TABLE["read"][role], subject)
        assert (record.record_no in shown) is reads, record
        if record in records[::11]:  # a page of each is much, and they differ by form and hand alone
            may = by_hand(TABLE["correct"][role], subject)
            for page, seen in (("", 200), ("/papers", 200), ("/correct", 409 if may else 403)):
                answer = browser.http.get(f"/records/{record.record_no}{page}")
                assert answer.status_code == (seen if reads else 404), (record.record_no, page)
        # The page of a refusal is made for the few: it takes as long as the rest, and the script asks without one.
        asks_for = {} if record in records[::11] else {"accept": "application/json"}
        kind = {"04A": "issuer-signature"}.get(record.form_code[-3:], "engineer")
        for action in ACTIONS:
            if action is Action.FILE and record.form_code[-3:] in REGISTERS:
                continue  # filed by the month, never a row
            data = {
                "token": token,
                "number": record.record_no,
                "reason": "示例",
                "by": "示例",
                "kind": kind,
                "back": "/",
            }
            answer = browser.http.post(f"/step/{action.value}", data=data, headers=asks_for)
            may = by_hand(TABLE[action.value][role], subject)
            if action is Action.SIGN and reads and answer.status_code == 422:
                continue  # the form has no such signature
            assert answer.status_code == (404 if not reads else 409 if may else 403), (record.record_no, action)
        begins = browser.http.post(f"/records/{record.record_no}/go-on", data={"token": token}, headers=asks_for)
        may = by_hand(TABLE["update"][role], subject)
        assert begins.status_code == (404 if not reads else 409 if may else 403), record.record_no
    for form in FORMS:
        begun = browser.http.post(f"/fill/{form}", data={"token": token}).status_code
        may = any(forms == "*" or form in forms for forms, *_ in ways(TABLE["create"][role]))
        assert begun == (303 if may else 403), form  # whose it will be is seen when it is made
    _walk_beyond_records(role, browser, token)


@pytest.mark.slow
def test_every_page_lets_in_whom_the_table_says(person: tuple[str, Browser, list[Record]]) -> None:
    role, browser, _ = person
    for address, needs in PAGES:
        if (address, role) in OTHER_KINDS:
            continue
        if not needs or any(TABLE[action.value][role] != "-" for action in needs):
            answer = browser.http.get(address)
            assert answer.status_code != 403, (address, role)
            assert answer.status_code < 500, address


def test_no_page_is_forgotten() -> None:
    there = {route.path for route in ROUTES if "GET" in (route.methods or ()) and "{" not in route.path}
    assert there == {address.partition("?")[0] for address, _ in PAGES} & there | FOR_NOBODY_YET


def _walk_beyond_records(role: str, browser: Browser, token: str) -> None:
    """What is about no one record is refused for the right alone; who has it gets further, whatever is wrong then."""
    browser.app.state.work = lambda: None  # jobs are written down, not done
    first = browser.http.get("/")
    assert first.status_code == (303 if TABLE["read"][role] == "-" else 200)
    for screen in re.findall(r'<a href="([^"]*)" accesskey', browser.get("/office")):
        assert browser.http.get(screen).status_code == 200, f"{role} is offered {screen}"
    for address, needs in PAGES:
        if (address, role) in OTHER_KINDS or (needs and all(TABLE[action.value][role] == "-" for action in needs)):
            assert browser.http.get(address).status_code == 403, (address, role)
    for way, sent, action in BEYOND:
        method, _, path = way.partition(" ")
        files = {"file": ("示例.csv", text.encode(), "text/csv")} if (text := sent.get("file")) else None
        data = {"token": token, **{k: v for k, v in sent.items() if k != "file"}}
        answer = browser.http.get(path) if method == "GET" else browser.http.post(path, data=data, files=files)
        may = TABLE[action.value][role] != "-" and (way, role) not in OTHER_KINDS
        assert (answer.status_code == 403) is not may, (way, role, answer.status_code)
        assert answer.status_code < 500, way
