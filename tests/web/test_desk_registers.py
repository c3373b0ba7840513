"""A register's month at the desk: lines kept as one draft, checked as typed, made rows of the register together."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.model.access import Account, Grant
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.finding.find import list_records
from qrecords.services.intake import registermonth
from qrecords.services.intake.drafting import drafts
from qrecords.services.intake.fill import fill
from qrecords.services.steps import review, submit
from qrecords.stores.given import on_disk
from tests.faulty_disk import blank_convert
from tests.web.test_desk import HOSTILE, Browser, _first_stage, _require_harmless, as_typed

MONTH = "/fill/09A/months/2026-03"
REGISTERS = ("02A", "03A", "09A", "10A")


@pytest.fixture
def browser(office: Office) -> Browser:
    """Return a browser whose person has come in."""
    return Browser(office).enter()


@pytest.fixture
def line(office: Office, sample: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, str]]:
    """Return a maker of lines that say all that is asked of a dispatch."""
    values = as_typed(office, "09A", _first_stage(office, "09A", sample("09A")))

    def of(day: int, subject: str, **more: str) -> dict[str, str]:
        return {**values, "sent_on": str(day), "subject": subject, **more}

    return of


def sent(lines: list[dict[str, str]]) -> dict[str, str]:
    return {f"lines.{n}.{k}": v for n, one in enumerate(lines) for k, v in one.items()}


def hidden(page: str, name: str) -> str:
    return re.findall(rf'name="{name}" value="(\w*)"', page)[0]


def keep(browser: Browser, lines: list[dict[str, str]], status: int = 200, address: str = MONTH) -> dict[str, Any]:
    answer = browser.ask(address, {**sent(lines), "revision": hidden(browser.get(address), "revision")})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def make(browser: Browser, lines: list[dict[str, str]], **more: str) -> Any:
    page = browser.get(MONTH)
    given = {"revision": hidden(page, "revision"), "once": hidden(page, "once"), **more}
    return browser.ask(f"{MONTH}/make", {**sent(lines), **given})


@pytest.mark.parametrize("form", REGISTERS)
def test_a_line_of_the_grid_makes_the_row_fill_makes(
    office: Office, browser: Browser, form: str, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    fields = {f.key for f in office.forms.get(form).form.input_fields}
    values = {k: v for k, v in sample(form).items() if k in fields and v}
    expected = fill(office, form, [on_disk(write(values))], dry_run=True).sound[0].values
    month = str(expected[office.forms.get(form).form.date_field])[:7]
    written = as_typed(office, form, values)
    written = {k: "、".join(v) if isinstance(v, list) else v for k, v in written.items()}
    address = f"/fill/{form}/months/{month}"
    told = keep(browser, [written], address=address)
    assert "problems" not in told["lines"][0], told
    page = browser.get(address)
    data = {**sent([written]), "revision": hidden(page, "revision"), "once": hidden(page, "once")}
    made = browser.ask(f"{address}/make", data)
    assert made.status_code == 200, made.text
    (number,) = made.json()["numbers"]
    with office.register.read() as tx:
        record = tx.records.get(number)
    assert record is not None
    assert record.values == expected
    assert f">{number}</a>" in browser.get(address), "it stands above, with its number"


def test_only_registers_have_months(browser: Browser) -> None:
    assert browser.http.get("/fill/06A/months/2026-03").status_code in {409, 422}
    for month in ("2026-13", "2026", "x", "2026-3", "²026-03"):
        assert browser.http.get(f"/fill/09A/months/{month}").status_code in {404, 409, 422}, month
    assert browser.http.get("/fill/09A/months").headers["location"] == MONTH


def test_lines_are_found_again_elsewhere_and_take_no_number(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    keep(browser, [line(3, "示例：第一件"), {"subject": "半行"}])
    elsewhere = Browser(office)
    elsewhere.http.cookies = browser.http.cookies
    page = elsewhere.get(MONTH)
    assert "示例：第一件" in page
    assert "半行" in page
    assert "2行没有生成" in elsewhere.get("/")
    assert list_records(office) == []
    assert drafts(office) == [], "it is no draft of one record"
    key = registermonth.month_draft(office, "09A", "2026-03").key
    assert browser.http.get(f"/drafts/{key}").status_code == 404


def test_every_problem_is_told_in_its_line_and_field(browser: Browser, line: Callable[..., dict[str, str]]) -> None:
    told = keep(
        browser,
        [
            line(3, "好的一行"),
            line(45, "没有这一天"),
            line(4, "涉密件走快递", secrecy_level="秘密", delivery_method="快递"),
            {"subject": "半行"},
        ],
    )
    assert "problems" not in told["lines"][0]
    assert [(p["field"], p["kind"]) for p in told["lines"][1]["problems"]] == [("sent_on", "wrong")]
    (clause,) = [p["message"] for p in told["lines"][2]["problems"] if p["field"] == "delivery_method"]
    assert "QS/PA758A 5.11.1" in clause
    assert {p["kind"] for p in told["lines"][3]["problems"]} == {"missing"}
    assert told["lines"][0]["read"]["sent_on"] == "2026-03-03"


@pytest.mark.parametrize(
    ("typed", "read"),
    [("5", "2026-03-05"), ("5日", "2026-03-05"), ("3.5", "2026-03-05"), ("0305", "2026-03-05"), ("2.28", "2026-02-28")],
)
def test_a_day_says_no_more_than_it_must(
    browser: Browser, line: Callable[..., dict[str, str]], typed: str, read: str
) -> None:
    told = keep(browser, [{**line(1, "示例"), "sent_on": typed}])["lines"][0]
    assert told["read"]["sent_on"] == read
    assert bool([n for n in told.get("notes", []) if "2026-02" in n]) == read.startswith("2026-02")


def test_a_month_of_last_year_takes_days_of_last_year(browser: Browser, line: Callable[..., dict[str, str]]) -> None:
    told = keep(browser, [{**line(1, "示例"), "sent_on": "12.31"}], address="/fill/09A/months/2025-12")
    assert told["lines"][0]["read"]["sent_on"] == "2025-12-31"


def test_one_wrong_line_keeps_all_from_being_made(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    refused = make(browser, [line(3, "好的"), line(4, ""), line(45, "没有这一天")])
    assert refused.status_code == 422
    told = refused.json()
    assert "有2行还不能生成" in told["message"]
    assert [bool(one.get("problems")) for one in told["lines"]] == [False, True, True]
    assert list_records(office) == []
    assert "没有这一天" in browser.get(MONTH), "the lines stay"


def test_lines_take_their_numbers_together_and_in_order(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    made = make(browser, [line(n, f"示例第{n}件") for n in range(1, 31)])
    assert made.status_code == 200, made.text
    numbers = made.json()["numbers"]
    assert numbers == [f"QR758-09A-2026-{n:05}" for n in range(1, 31)]
    with office.register.read() as tx:
        assert [r.values["subject"] for r in tx.records.many(numbers)] == [f"示例第{n}件" for n in range(1, 31)]
        assert {e.detail.get("via") for n in numbers for e in tx.audit.events(n)} == {"desk"}
    page = browser.get(MONTH)
    assert "已登记30行" not in browser.get("/"), "it is told once"
    assert not re.search(r'name="lines\.0\.subject"[^>]*>示例', page), "the grid is empty again"
    again = make(browser, [line(8, "第二批")])
    assert again.json()["numbers"] == ["QR758-09A-2026-00031"]


def sheet_prints(office: Office) -> int:
    with office.register.read() as tx:
        return len(tx.records.prints("QR758-09A-2026-03"))


def test_a_month_is_printed_and_filed_from_its_own_page(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    assert "打印整月" not in browser.get(MONTH), "there is no row yet"
    done = {"delivery_result": "示例：签收", "delivered_on": "20"}
    numbers = make(browser, [line(n, f"示例第{n}件", **done) for n in (1, 2)]).json()["numbers"]
    page = browser.get(MONTH)
    assert "打印整月" in page
    assert "归档整月" not in page, "nothing is reviewed yet"
    once = re.findall(r'action="[^"]*/print".*?name="once" value="(\w+)"', page)[0]
    before = sheet_prints(office)
    for _ in range(2):  # sent again, its answer lost: it is the same print
        assert browser.post(f"{MONTH}/print", {"once": once}).content.startswith(b"%PDF")
    assert sheet_prints(office) == before + 1
    assert browser.post(f"{MONTH}/file").status_code == 409
    submit(office, numbers[:1])
    review(office, numbers[:1])
    assert "归档整月" in browser.get(MONTH)
    row = browser.get(f"/records/{numbers[0]}")
    assert '/months/2026-03/file"' in row
    assert 'action="/step/file"' not in row, "a row is not filed alone"
    answer = browser.post(f"{MONTH}/file", {"back": MONTH})
    assert (answer.status_code, answer.headers["location"]) == (303, MONTH)
    assert numbers[1] in browser.get(MONTH), "told: it is still open"
    with office.register.read() as tx:
        assert [r.state.value for r in tx.records.many(numbers)] == ["filed", "draft"]
        assert {e.detail["via"] for e in tx.audit.events(numbers[0]) if e.action == "file"} == {"desk"}


def test_the_same_request_again_makes_nothing_twice(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    lines = [line(3, "示例：甲"), line(4, "示例：乙")]
    page = browser.get(MONTH)
    request = {**sent(lines), "revision": hidden(page, "revision"), "once": hidden(page, "once")}
    first, second = (browser.ask(f"{MONTH}/make", request) for _ in range(2))
    assert first.json()["numbers"] == second.json()["numbers"]
    assert len(list_records(office)) == 2
    other = browser.ask(f"{MONTH}/make", {**request, "once": "0" * 32})
    assert other.status_code == 409, "another request from a page that is old is no repetition"
    assert len(list_records(office)) == 2


def test_a_making_that_broke_off_before_the_lines_were_cleared_is_found_again(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line(3, "示例：甲"), line(4, "示例：乙")]
    whole = registermonth._keep

    def breaking(office_: Office, draft: Any, values: Any, after: int) -> Any:
        if registermonth.MADE in values:
            raise OSError("broken off")
        return whole(office_, draft, values, after)

    monkeypatch.setattr(registermonth, "_keep", breaking)
    with pytest.raises(OSError, match="broken off"):
        make(browser, lines)
    monkeypatch.undo()
    assert len(list_records(office)) == 2
    told = keep(browser, [*lines, line(5, "示例：丙")])
    assert [one.get("known", "")[-5:] for one in told["lines"]] == ["00001", "00002", ""]
    made = make(browser, [*lines, line(5, "示例：丙")])
    assert [n[-5:] for n in made.json()["numbers"]] == ["00001", "00002", "00003"]
    assert len(list_records(office)) == 3


def test_rows_alike_are_told_and_may_be_two(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]], write: Callable[..., Path]
) -> None:
    two = [line(3, "示例：同一件"), line(3, "示例：同一件")]
    told = keep(browser, two)
    (problem,) = told["lines"][1]["problems"]
    assert "与第1行" in problem["message"]
    assert problem["message"].endswith("写重了就删去一行，确是两条就在这行的「记录编号」栏写「新」"), (
        "the page has no options"
    )
    assert make(browser, two).status_code == 422
    made = make(browser, [two[0], {**two[1], "记录编号": "新"}])
    assert len(set(made.json()["numbers"])) == 2
    known = keep(browser, [line(3, "示例：同一件")])["lines"][0]
    assert known["known"].startswith("QR758-09A-2026-")
    once_more = make(browser, [{**two[0], "记录编号": "新"}])
    assert once_more.json()["numbers"] == ["QR758-09A-2026-00003"]


def test_a_second_tab_overwrites_nothing(browser: Browser, line: Callable[..., dict[str, str]]) -> None:
    old = hidden(browser.get(MONTH), "revision")
    keep(browser, [line(3, "第一个窗口")])
    for address in (MONTH, f"{MONTH}/make"):
        late = browser.ask(address, {**sent([line(3, "第二个窗口")]), "revision": old, "once": "1" * 32})
        assert late.status_code == 409
        assert "另一个窗口" in late.json()["message"]
    assert "第一个窗口" in browser.get(MONTH)
    assert browser.post(f"{MONTH}/clear").status_code == 303
    assert "第一个窗口" not in browser.get(MONTH)


def test_too_many_lines_are_refused_and_nothing_is_cut_off(
    browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    most = registermonth.MOST_LINES
    told = keep(browser, [{"subject": f"示例{n}"} for n in range(most + 1)], 422)
    assert str(most + 1) in told["message"]
    assert len(keep(browser, [{"subject": f"示例{n}"} for n in range(most)])["lines"]) == most


def test_another_accounts_lines_and_hidden_rows_are_not_there(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    number = make(browser, [line(3, "示例：陆军的件", military_branch="陆军")]).json()["numbers"][0]
    keep(browser, [line(4, "还没生成的")])
    grants = (Grant("clerk", branch="空军"),)
    with office.register.write() as tx:
        tx.accounts.add(Account("clerk1", "示例员工一", None, grants=grants), office.now())
        tx.audit.append([office.event("accounts", "account/clerk1")])
        account = tx.accounts.by_name("clerk1")
    assert account is not None
    other = Browser(Office(office.workspace, account)).enter()
    page = other.get(MONTH)
    assert "还没生成的" not in page
    assert number not in page


def test_what_is_shown_of_the_month_is_logged(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    number = make(browser, [line(3, "示例")]).json()["numbers"][0]
    browser.get(MONTH)
    with office.register.read() as tx:
        assert any(e.action == "read" for e in tx.audit.events(number))


def test_hostile_lines_come_out_as_text(browser: Browser, line: Callable[..., dict[str, str]]) -> None:
    keep(browser, [{**line(3, text), "customer_unit": text, "tracking_no": text} for text in HOSTILE])
    _require_harmless(browser.get(MONTH))
    _require_harmless(browser.get("/"))
    made = make(browser, [line(3, f"{n}{text}") for n, text in enumerate(HOSTILE)])
    if made.status_code == 200:
        _require_harmless(browser.get(MONTH))


def test_rows_waiting_for_review_are_shown_whole_and_moved_all_or_none(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    done = {"delivery_result": "示例：签收", "delivered_on": "20"}
    numbers = make(browser, [line(n, f"示例第{n}件", **done) for n in range(1, 4)]).json()["numbers"]
    late = make(browser, [line(9, "还没提交", **done)]).json()["numbers"][0]
    submit(office, numbers)
    assert "3行一起审" in browser.get("/")
    page = browser.get("/review/rows/09A")
    assert all(f"示例第{n}件" in page for n in range(1, 4))
    assert "还没提交" not in page
    with office.register.read() as tx:
        assert any(e.action == "read" for e in tx.audit.events(numbers[2]))
    assert numbers[1] not in browser.get(f"/review/rows/09A?held={numbers[1]}")
    for action, more in (("review", {}), ("return", {"reason": "示例"})):
        refused = browser.ask(f"/step/{action}", {"number": [*numbers, late], "back": "/", **more})
        assert refused.status_code in {409, 422}
        assert late in refused.text, "the one that cannot is named"
        assert {r.state for r in list_records(office) if r.record_no in numbers} == {"submitted"}
    assert browser.ask("/step/return", {"number": numbers, "back": "/", "reason": " "}).status_code != 200
    taken = browser.ask("/step/review", {"number": numbers, "back": "/"})
    assert taken.json()["numbers"] == numbers
    assert "没有等待审查的行" in browser.get("/review/rows/09A")
    assert browser.http.get("/review/rows/06A").status_code in {409, 422}


def test_only_who_may_review_is_shown_the_rows(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    done = {"delivery_result": "示例：签收", "delivered_on": "20"}
    (number,) = make(browser, [line(3, "示例", **done)]).json()["numbers"]
    submit(office, [number])
    with office.register.write() as tx:
        tx.accounts.add(Account("clerk1", "示例员工一", None, grants=(Grant("clerk"),)), office.now())
        tx.audit.append([office.event("accounts", "account/clerk1")])
        account = tx.accounts.by_name("clerk1")
    assert account is not None
    assert number in browser.get("/review/rows/09A")
    assert number not in Browser(Office(office.workspace, account)).enter().get("/review/rows/09A")


@pytest.mark.parametrize("month", ["0000-01", "0000-12", "10000-01", "2026-3"])
def test_what_is_no_month_is_told(browser: Browser, month: str) -> None:
    answer = browser.http.get(f"/fill/09A/months/{month}")
    assert answer.status_code == 409
    assert f"「{month}」不是月份" in answer.text


@pytest.mark.parametrize("revision", ["9" * 5000, "9" * 30, "²", "-1", ""])
def test_a_revision_nobody_was_given_is_none(
    browser: Browser, line: Callable[..., dict[str, str]], revision: str
) -> None:
    for address in (MONTH, browser.begin("06A")):
        assert browser.ask(address, {**sent([line(3, "示例")]), "revision": revision}).status_code in {200, 409}


def test_other_lines_from_a_page_gone_back_to_are_not_said_to_be_made(
    office: Office, browser: Browser, line: Callable[..., dict[str, str]]
) -> None:
    page = browser.get(MONTH)
    given = {"revision": hidden(page, "revision"), "once": hidden(page, "once")}
    first = browser.ask(f"{MONTH}/make", {**sent([line(3, "示例第一件")]), **given})
    assert first.status_code == 200
    assert browser.ask(f"{MONTH}/make", {**sent([line(3, "示例第一件")]), **given}).json() == first.json()
    other = browser.ask(f"{MONTH}/make", {**sent([line(4, "示例第二件")]), **given})
    assert other.status_code == 409
    assert "没有保存" in other.json()["message"]
    assert len(list_records(office)) == 1
