"""The leak test through HTTP: what an account may not read shows on no page, in no count, by no answer of any address.

Two offices as in tests/services/test_leaks.py: in one stands what the account may not read, in the other it was never filled.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from qrecords.model.access import Account
from qrecords.office import Office
from qrecords.web.app import ROUTES
from tests.services.test_leaks import (
    BRIEF,
    DIFFERENCES,
    HIDDEN,
    HIDDEN_BRIEF,
    HIDDEN_COMPLAINT,
    MARK,
    REPORT,
    Difference,
    pair,
)
from tests.web.test_desk import Browser

__all__ = ["pair"]
NEVER = "KF-JB-2025-009"  # a number that was never given
DOCUMENTS = (REPORT, BRIEF, HIDDEN_BRIEF, NEVER)
FIGURES = (
    (REPORT, "T01.forms.total.now"), (REPORT, "T11.flow.complaint.new"), (BRIEF, "J01.summary.now.info"),
    (HIDDEN_BRIEF, "J01.summary.now.info"),
)  # fmt: skip
NOBODYS = "it is about no record"
# What each address is asked with; a new one must say so here, or why it has nothing to tell.
ASKED: dict[str, str | list[str]] = {
    "GET /in": NOBODYS, "GET /login": NOBODYS, "POST /login": NOBODYS, "POST /logout": NOBODYS,
    "GET /password": NOBODYS, "POST /password": NOBODYS,
    "GET /": [""],
    "GET /fill": [""],
    "GET /owed": [""],
    "POST /owed": ["service_category=开通&on_site=是"],
    "GET /spares": [""],
    "POST /spares": ["do=show", "do=workbook", "do=draft"],
    "GET /improve": [""],
    "POST /improve": [f"key={HIDDEN}", f"key={HIDDEN_COMPLAINT}"],
    "POST /fill/{form}": ["form=06A", "form=04A"],
    "POST /fill/{form}/file": "uploads go the way of fill, which tests/services/test_leaks.py asks",
    "GET /fill/{form}/months": ["form=10A"],
    "GET /fill/{form}/months/{month}": ["form=10A&month=2025-11", "form=02A&month=2025-03"],
    "POST /fill/{form}/months/{month}": "it keeps what the account types itself",
    "POST /fill/{form}/months/{month}/make": "rows go the way of fill, which tests/services/test_leaks.py asks",
    "POST /fill/{form}/months/{month}/clear": "it keeps what the account types itself",
    "POST /fill/{form}/months/{month}/print": ["form=06A&month=2025-03", "form=02A&month=2025-03", "form=01A&month=2025-03"],
    "POST /fill/{form}/months/{month}/file": ["form=06A&month=2025-03", "form=02A&month=2025-03", "form=10A&month=2025-11"],
    "GET /drafts/{key}": [f"key={HIDDEN}"],
    "POST /drafts/{key}": [f"key={HIDDEN}"],
    "POST /drafts/{key}/make": [f"key={HIDDEN}"],
    "POST /drafts/{key}/drop": [f"key={HIDDEN}"],
    "GET /drafts/{key}/page.pdf": [f"key={HIDDEN}"],
    "GET /records": ["", "form=06A", "year=2025", "state=draft", f"form={HIDDEN}"],
    "GET /records/list.{kind}": ["kind=csv", "kind=csv&form=06A"],
    "GET /records/{number}": [f"number={HIDDEN}", f"number={HIDDEN_COMPLAINT}", "number=06A-2025-2"],
    "GET /records/{number}/paper.pdf": [f"number={HIDDEN}"],
    "POST /records/{number}/print": [f"number={HIDDEN}"],
    "GET /records/{number}/page": [f"number={HIDDEN}", f"number={HIDDEN}&q={MARK}"],
    "GET /records/{number}/page.png": [f"number={HIDDEN}&q={MARK}"],
    "POST /records/{number}/go-on": [f"number={HIDDEN}"],
    "GET /records/{number}/correct": [f"number={HIDDEN}"],
    "POST /records/{number}/correct": [f"number={HIDDEN}&info_content=示例&reason=示例"],
    "GET /records/{number}/papers": [f"number={HIDDEN}"],
    "GET /records/{number}/papers/{sha256}": [f"number={HIDDEN}&sha256={'0' * 64}"],
    "GET /records/{number}/papers/{sha256}/page.png": [f"number={HIDDEN}&sha256={'0' * 64}&page=1"],
    "POST /records/{number}/signed": "files go the way of sign, as the step does; tests/services/test_leaks.py asks it",
    "POST /records/{number}/attach": "files go the way of attach, which tests/services/test_leaks.py asks",
    "POST /records/{number}/feedback": [f"number={HIDDEN}&kind=docx", f"number={HIDDEN_COMPLAINT}&kind=docx"],
    "POST /records/{number}/excerpt": [f"number={HIDDEN}&name=intake&kind=docx"],
    "POST /records/{number}/alike": [f"number={HIDDEN}", "number=06A-2025-1", "number=06A-2025-2"],
    "POST /step/{action}": [
        *(f"action={a}&number={HIDDEN}&reason=示例&kind=engineer&by=示例&back=/"
          for a in ("submit", "issue", "review", "return", "void", "sign", "file")),
        f"action=submit&number={HIDDEN}&number=QR758-06A-2025-00099",
    ],
    "GET /review": ["", f"number={HIDDEN}"],
    "GET /review/rows/{form}": ["form=10A", "form=01A"],
    "GET /search": [
        f"q={MARK}", f"q={HIDDEN}", "q=用户:示例单位九", "q=示例", "q=示例 OR 功放&sort=relevance", f"q={MARK} 没有这样的词&form=06A",
        "q=示例 -功放", "q=型号:ZZ-9&year=2025", "customer=示例单位九", "model=ZZ-9", "state=draft&form=06A", "q=示例&part=hits",
        "q=示例&part=facets", f"q={MARK}&part=facets", "part=facets&customer=示例单位九",
    ],
    "GET /search/hits.{kind}": ["kind=csv&q=示例", f"kind=csv&q={MARK}", "kind=csv&customer=示例单位九"],
    "GET /search/offices": ["q=示例"],
    "POST /search/save": [f"name=示例&q={MARK}"],
    "POST /search/forget": ["name=示例"],
    "GET /scans": ["", f"q={HIDDEN}", f"q={MARK}", "q=示例"],
    "POST /scans": "scans go the way of scan, which tests/services/test_leaks.py asks",
    "POST /scans/take": "scans go the way of scan, which tests/services/test_leaks.py asks",
    "POST /scans/give": [f"page=P000000000000&number={HIDDEN}"],
    "POST /scans/let-go": ["page=P000000000000&why=strange"],
    "GET /scans/{page}/page.jpg": ["page=P000000000000"],
    "POST /scans/{page}/turn": ["page=P000000000000&quarters=1"],
    "GET /shelf": [""],
    "GET /shelf/{year}": ["year=2025"],
    "POST /shelf/verify": [""],
    "POST /shelf/{year}/compile": "as a job it says nothing; the job goes the way of compile, tests/services/test_leaks.py",
    "POST /records/{number}/export": [f"number={HIDDEN}"],
    "POST /shelf/{year}/print-set": "as a job it says nothing; it packs what the list of volumes shows, which GET /shelf asks",
    "POST /shelf/{year}/export": "as a job it says nothing; the job goes the way of export, tests/services/test_leaks.py",
    "GET /shelf/{year}/catalogue.{kind}": ["year=2025&kind=pdf"],
    "GET /volumes/{code}": [f"code={HIDDEN}"],
    "GET /volumes/{code}/volume.pdf": [f"code={HIDDEN}"],
    "POST /volumes/{code}/print-set": [f"code={HIDDEN}"],
    "POST /volumes/{code}/verify": [f"code={HIDDEN}"],
    "GET /retention": [""],
    "POST /retention/{action}": [
        *(f"action={a}&number={HIDDEN}&subject={HIDDEN}&list=XH-2025-001&reason=示例&until=2040-01-01&hash={'0' * 64}&on=2025-01-01"
          for a in ("hold", "release", "extend", "appraise", "approve", "witness", "withdraw", "destroy")),
    ],
    "GET /retention/lists/{number}": ["number=XH-2025-001"],
    "GET /retention/lists/{number}/{name}": ["number=XH-2025-001&name=list.pdf"],
    "GET /copies": ["", f"number={HIDDEN}"],
    "GET /copies/list.xlsx": "a workbook of what GET /copies lists, its bytes differ by the moment",
    "POST /copies/leave": ["word=x"],
    "POST /copies/{action}": [
        *(f"action={a}&number={HIDDEN}&purpose=示例&reason=示例" for a in ("request", "approve", "refuse", "issue", "return")),
    ],
    "GET /reports": [
        "", "year=2025", *(f"year=2025&figure={f}" for f in ("due", "complaints", "arrivals", "x")),
        "year=2025&figure=due&of=late", "year=2025&figure=complaints&of=open", "year=2025&figure=complaints&of=3",
        "year=2025&figure=arrivals&of=awaited", "year=2025&figure=arrivals&unit=示例单位九",
    ],
    "GET /reports/charts/{name}.svg": [*(f"name={n}&year=2025" for n in ("states", "due", "complaints", "arrivals"))],
    "GET /reports/complaints.{kind}": "as complaints -o, which tests/services/test_leaks.py asks; its bytes differ by the moment",
    "POST /reports/steps/{action}": [
        *(f"action={a}&number={number}&part=reviewer&reason=示例&by=示例&recipient=示例"
          for a in ("issue", "receipt", "correct", "sign", "return", "void") for number in (HIDDEN_BRIEF, NEVER)),
        "action=draw&kind=JB&period=2025-02&branch=空军", "action=draw&kind=JB&period=2025-03&branch=空军",
        "action=draw&kind=JB&period=2025-02&branch=空军&milrep=示例代表室",
    ],
    "GET /reports/{number}": [*(f"number={n}" for n in DOCUMENTS), f"number={HIDDEN}", *(f"number={n}&figure={f}" for n, f in FIGURES)],
    "GET /reports/{number}/chart": [*(f"number={n}&name=T03-category-C2" for n in DOCUMENTS)],
    "POST /reports/{number}/evaluation": [f"number={REPORT}"],
    "GET /reports/{number}/file": [*(f"number={n}&name={name}" for n in DOCUMENTS for name in ("document.pdf", "nothing.pdf"))],
    "GET /office": [""],
    "POST /office/people": NOBODYS,
    "POST /office/holidays": NOBODYS,
    "GET /office/accounts": [""],
    "POST /office/accounts/{action}": NOBODYS,
    "GET /office/lists/{name}": ["name=customers", "name=products"],
    "POST /office/lists/{name}": NOBODYS,
    "POST /office/lists/{name}/import": NOBODYS,
    "GET /office/tracking": ["", "q=SL"],
    "GET /office/tracking/list.{kind}": ["kind=csv"],
    "GET /office/forms": [""],
    "GET /office/forms/{form}": ["form=06A"],
    "GET /office/forms/{form}/page.pdf": NOBODYS,
    "GET /office/forms/{form}/tried.png": NOBODYS,
    "GET /office/forms/{form}/template.docx": NOBODYS,
    "POST /office/forms/{form}/template": NOBODYS,
    "GET /office/packs": [""],
    "POST /office/packs/{name}": [f"name={HIDDEN}&turn=on"],
    "GET /office/backups": [""],
    "GET /office/backups/{name}": [f"name={HIDDEN}"],
    "POST /office/backups/{name}/check": NOBODYS,
    "POST /office/backups/{name}/restore": NOBODYS,
    "POST /office/restored/{name}/replay": NOBODYS,
    "GET /office/log": [f"object={HIDDEN}"],
    "POST /office/log/verify": [""],
    "POST /office/log/close": "it files the log, and tells its numbers to who may",
    "POST /office/log/export": "as audit export, which tests/services/test_leaks.py asks",
    "GET /jobs": [""],
    "POST /jobs": "it begins long work, which goes the way of its service",
    "GET /jobs/{key}": [f"key={HIDDEN}"],
    "POST /jobs/{key}/stop": [f"key={HIDDEN}"],
    "POST /jobs/{key}/made/{number}": [f"key={HIDDEN}&number=1"],
}  # fmt: skip


class Person(Browser):
    """A browser that stays open for all that is asked of its office, and knows what its forms carry."""

    @cached_property
    def token(self) -> str:  # type: ignore[override]
        return super().token


_came_in: dict[tuple[Path, str], Person] = {}


def person(office: Office, account: Account, name: str) -> Browser:
    """Return the browser of an account, made in the office when it is not there."""
    if (place := (office.settings.root, name)) not in _came_in:
        _came_in[place] = _comes_in(office, account, name)
    return _came_in[place]


def _comes_in(office: Office, account: Account, name: str) -> Person:
    with office.register.read() as tx:
        there = tx.accounts.by_name(name)
    if there is None:
        with office.register.write() as tx:
            tx.accounts.add(replace(account, name=name, display_name=f"示例员工 {name}"), office.now())
            tx.audit.append([office.event("accounts", f"account/{name}")])
    browser = Person(Office(office.workspace, replace(account, name=name)))
    browser.enter()
    return browser


def asked(browser: Browser, way: str, given: str) -> tuple[int, str]:
    """Ask an address and return status and text, without what differs from session to session."""
    method, _, path = way.partition(" ")
    words: list[tuple[str, str]] = [(k, v) for k, _, v in (part.partition("=") for part in given.split("&")) if k]
    for name in re.findall(r"\{(\w+)\}", path):
        value = next(v for k, v in words if k == name)
        path = path.replace(f"{{{name}}}", value)
        words = [(k, v) for k, v in words if k != name]
    if method == "GET":
        answer = browser.http.get(path, params=words)
    else:
        data: dict[str, Any] = {"token": browser.token}
        for key, value in words:
            data.setdefault(key, []).append(value)
        answer = browser.http.post(path, data=data)
    assert answer.status_code != 429, "asked too often to tell anything"
    text = f"{answer.headers.get('location', '')}\n{answer.text}"
    return answer.status_code, re.sub(r"\b[0-9a-f]{32}\b", "KEY", text)


def test_no_address_is_forgotten() -> None:
    there = {f"{method} {route.path}" for route in ROUTES for method in (route.methods or ()) if method != "HEAD"}
    assert set(ASKED) == there, "a new address must be asked here, or say why not"


@pytest.mark.parametrize("way", sorted(w for w, given in ASKED.items() if isinstance(given, list)))
def test_nothing_of_it_shows(pair: tuple[Difference, Office, Office], way: str) -> None:
    difference, with_it, without = pair
    there, nowhere = (person(office, difference.low, "low") for office in (with_it, without))
    for given in ASKED[way]:
        told = asked(there, way, given)
        if difference is DIFFERENCES["apart"] and way == "GET /reports/{number}" and told[0] == 200:
            # What it prints goes by its scope (F.3): tests/services/test_leaks.py asks the same of the service.
            assert f'href="/records/{HIDDEN}' not in told[1] and f'href="/records/{HIDDEN_COMPLAINT}' not in told[1]
            continue
        assert told == asked(nowhere, way, given), given


def test_a_figure_leads_to_its_records_who_may_read_them(pair: tuple[Difference, Office, Office]) -> None:
    """The page asked above does link the record to who sees it: its absence there says something."""
    difference, with_it, _ = pair
    if difference is not DIFFERENCES["apart"]:
        pytest.skip("a document of the whole centre counts it there alone")
    given = f"number={REPORT}&figure=T01.forms.total.now"
    high = replace(difference.high, clearance=3)
    assert (
        f'href="/records/{HIDDEN_COMPLAINT}'
        in asked(person(with_it, high, "higher"), "GET /reports/{number}", given)[1]
    )


@pytest.mark.parametrize("way", ["GET /", "GET /records", "GET /search", "GET /search/hits.{kind}"])
def test_who_has_the_one_thing_more_sees_it(pair: tuple[Difference, Office, Office], way: str) -> None:
    difference, with_it, without = pair
    given = {"GET /search": "q=示例", "GET /search/hits.{kind}": "kind=csv&q=示例"}.get(way, "")
    there, nowhere = (asked(person(o, difference.high, "high"), way, given) for o in (with_it, without))
    assert there != nowhere
    assert HIDDEN in there[1]
    assert HIDDEN not in asked(person(with_it, difference.low, "low"), way, given)[1]


def test_a_refused_look_names_the_desk_in_the_log(pair: tuple[Difference, Office, Office]) -> None:
    difference, with_it, _ = pair
    assert asked(person(with_it, difference.low, "low"), "GET /records/{number}", f"number={HIDDEN}")[0] == 404
    with with_it.register.read() as tx:
        event = [e for e in tx.audit.events(HIDDEN) if e.account == "low"][-1]
    assert (event.action, event.outcome, event.detail.get("via")) == ("read", "refused", "desk")
