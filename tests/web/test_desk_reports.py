"""报表 through HTTP: every figure of the office leads to as much as it says; a document from drawing to its correction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from qrecords.model.access import Account, Grant
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.reports import kept as documents
from tests import retention_office as kept
from tests.conftest import blank_scan
from tests.faulty_disk import blank_convert
from tests.services.test_arrivals import LATE, NOT_YET, UNIT
from tests.services.test_complaints import COMPLAINT, OPEN
from tests.services.test_rules import Desk
from tests.web.test_desk import Browser
from tests.web.test_desk_retention import Person, add_people, browser_of

NUMBER = "KF-BB-2019-001"
FIGURE = re.compile(r"/reports\?[^\"]*figure=(\w+)")


def written(svg: bytes) -> list[str]:
    """Return the texts of a drawing, one a text element."""
    assert svg.lstrip().startswith(b"<svg"), svg[:80]
    found = etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(one.itertext()) for one in found]


# The office's own figures


@pytest.fixture
def browser(
    office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> tuple[Browser, dict[str, str]]:
    """Give the desk of an office with two open complaints, a late, an awaited and a timely notice, and what is which."""
    desk = Desk(office, sample, write)
    found = {
        "complaint": desk.new("01A", **COMPLAINT, **OPEN),
        "older": desk.new("01A", **COMPLAINT, **OPEN, received_at="2025-01-05 09:00", info_content="示例：又一件"),
        "late": desk.notice(**LATE),
        "unit": desk.notice(**UNIT),
        "awaited": desk.notice(**NOT_YET),
    }
    return Browser(office).enter(), found


def leading(page: str) -> dict[str, int]:
    """Return the figures of the page that lead somewhere, each with the number it shows."""
    links = [(a.get("href", ""), a.text_content()) for a in html.fromstring(page).iter("a")]
    numbers = [(go, re.search(r"(\d+)(件|次|次还没有到达日期)?$", text)) for go, text in links if FIGURE.search(go)]
    return {go: int(number[1]) for go, number in numbers if number}


def test_every_figure_leads_to_as_much_as_it_says(browser: tuple[Browser, dict[str, str]]) -> None:
    desk, _ = browser
    page = desk.get("/reports?year=2025")
    figures = leading(page)
    kinds = {FIGURE.search(address)[1] for address in figures}  # type: ignore[index]
    assert kinds == {"due", "complaints", "arrivals"}
    for address, number in figures.items():
        shown = html.fromstring(desk.get(address)).get_element_by_id("figure")
        assert int(re.findall(r"：(\d+)$", shown.findtext("h2"))[0]) == number, address
        assert len(shown.xpath(".//tbody/tr")) == number, address
        for link in shown.xpath(".//tbody//a/@href"):
            assert desk.http.get(link).status_code == 200, link
    assert all('href="/"' not in str(etree.tostring(s)) for s in html.fromstring(page).xpath("//section"))


@pytest.mark.parametrize(
    ("address", "there", "absent"),
    [
        ("figure=complaints&of=open", ["complaint", "older"], ["late"]),
        ("figure=complaints&of=1", ["older"], ["complaint"]),
        ("figure=arrivals&of=late", ["late"], ["awaited"]),
        ("figure=arrivals&of=awaited", ["awaited"], ["late"]),
        ("figure=arrivals", ["late", "awaited", "unit"], ["complaint"]),
        ("figure=arrivals&of=in-time", ["unit"], ["late", "awaited"]),
        ("figure=arrivals&unit=示例一所", ["unit"], ["late", "awaited"]),
        ("figure=arrivals&unit=示例没有这个所", [], ["late", "awaited"]),
    ],
)
def test_what_a_figure_counts(
    browser: tuple[Browser, dict[str, str]], address: str, there: list[str], absent: list[str]
) -> None:
    desk, found = browser
    shown = html.fromstring(desk.get(f"/reports?year=2025&{address}")).get_element_by_id("figure")
    links = shown.xpath(".//tbody//a/@href")
    assert {f"/records/{found[name]}" for name in there} <= {*links}
    assert not {f"/records/{found[name]}" for name in absent} & {*links}
    assert bool(links) == bool(there)


def test_a_figure_there_is_not_is_told_and_what_is_late_is_late(browser: tuple[Browser, dict[str, str]]) -> None:
    desk, _ = browser
    assert desk.http.get("/reports?figure=secrets").status_code == 404
    late = html.fromstring(desk.get("/reports?figure=due&of=late")).get_element_by_id("figure")
    rows = late.xpath(".//tbody/tr")
    assert rows
    assert all("逾期" in row.text_content() for row in rows)


def test_the_charts_say_what_the_tables_beside_them_say(browser: tuple[Browser, dict[str, str]]) -> None:
    desk, _ = browser
    page = html.fromstring(desk.get("/reports?year=2025"))
    drawn = {
        a.rpartition("/")[2].partition(".")[0]: written(desk.http.get(a).content) for a in page.xpath("//img/@src")
    }
    assert {*drawn} == {"states", "due", "complaints", "arrivals"}
    for name, texts in drawn.items():
        (section,) = page.xpath(f'//section[.//img[contains(@src, "/{name}.svg")]]')
        if name in {"states", "due"}:
            rows = [
                (row[0].text_content(), row[-1].text_content()) for row in section.xpath(".//tbody/tr") if len(row) == 2
            ]
            for label, number in rows[: len(rows) - (name == "states")]:
                assert number in texts, (name, label, texts)
                assert label[:4] in "".join(texts), (name, label, texts)
    assert drawn["complaints"].count("1") >= 2, "one each in two months"
    assert desk.http.get("/reports/charts/secrets.svg").status_code == 404


# Documents


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Give the browser of a person of the retention tests' office."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    with kept.opened(kept.copied(tmp_path), clock=lambda: kept.THEN) as people:
        add_people(people.office, "甲", "乙", "丙")
        yield browser_of(people)


def step(browser: Browser, action: str, status: int = 303, **said: str) -> str:
    answer = browser.post(f"/reports/steps/{action}", {"number": NUMBER, **said})
    assert answer.status_code == status, answer.text
    return browser.get(answer.headers["location"]) if status == 303 else str(answer.text)


def buttons(page: str) -> set[str]:
    return {*re.findall(r'action="/reports/steps/(\w+)"', page)}


def test_a_document_is_drawn_looked_at_signed_sent_received_and_corrected(person: Person, tmp_path: Path) -> None:
    drafter, reviewer, approver = map(person, "甲乙丙")
    page = step(drafter, "draw", kind="BB", period="2019", remark="示例说明")
    assert "2019年度售后服务情况报表" in page
    assert "示例说明" in page
    assert f'href="/reports/{NUMBER}"' in drafter.get("/reports")
    paper = drafter.http.get(f"/reports/{NUMBER}/file?name=document.pdf")
    assert paper.content.startswith(b"%PDF")
    assert drafter.http.get(f"/reports/{NUMBER}/file?name=tables.xlsx").content.startswith(b"PK")

    figure = html.fromstring(drafter.get(f"/reports/{NUMBER}?figure=T01.forms.f01.now")).get_element_by_id("figure")
    links = figure.xpath(".//a/@href")
    assert links == [f"/records/{kept.A}", f"/records/{kept.B}"]
    assert "：2" in figure.findtext("h2")
    assert all(drafter.http.get(link).status_code == 200 for link in links)

    assert "没有写成" in step(drafter, "draw", 409, kind="MY", period="2019-03", answers="示例")
    assert "没有告警「A9」" in step(drafter, "draw", 409, kind="MY", period="2019-03", answers="A9：示例")
    assert "没有这种签署" in step(reviewer, "sign", 409, part="anything")
    assert step(drafter, "sign", 409, part="approver"), "nothing is approved before its review"
    assert "已审核" in step(reviewer, "sign", part="reviewer", by="示例主任")
    assert step(reviewer, "return", 409, reason=" ")
    back = step(reviewer, "return", reason="示例：少一段")
    assert "拟制" in back
    assert "issue" not in buttons(back)
    step(drafter, "draw", kind="BB", period="2019")
    step(reviewer, "sign", part="reviewer", by="示例主任", on="2020-01-20")
    scan = blank_scan(tmp_path / "signed.pdf")
    answer = approver.http.post(
        "/reports/steps/sign",
        data={"token": approver.token, "number": NUMBER, "part": "approver", "by": "示例领导", "on": "2020-01-21"},
        files={"evidence": ("signed.pdf", scan.read_bytes())},
    )
    assert answer.status_code == 303, answer.text
    page = drafter.get(f"/reports/{NUMBER}")
    assert "归档编号 750-KJ·KF·BB·2019·D5-0001" in page
    assert "批准：示例领导" in page
    assert "（有扫描件）" in page
    assert "draw" not in buttons(page)
    assert step(drafter, "draw", 409, kind="BB", period="2019"), "what was approved is never drawn over"

    page = step(drafter, "issue", to="", on="2020-01-22")
    recipients = re.findall(r'name="recipient" value="([^"]+)"', page)
    assert recipients == ["公司主管领导", "质量部"]
    for name in recipients:
        page = step(drafter, "receipt", recipient=name, by="示例收件人", on="2020-01-23")
        assert f"签收 {name} 示例收件人" in page
    assert "receipt" not in buttons(page)
    page = step(drafter, "issue", to="示例 一处；示例二处", on="2020-01-24")
    assert re.findall(r'name="recipient" value="([^"]+)"', page) == ["示例 一处", "示例二处"], "a blank parts no name"
    assert "写了两条不同的说明" in step(drafter, "draw", 409, kind="MY", period="2019-03", answers="A2=一\nA2=二")
    assert step(drafter, "receipt", 409, recipient="没有报送的人", by="示例收件人")

    kept.filled(person.people.office, "01A", kept.information(7, "示例单位七"))  # type: ignore[attr-defined]
    assert step(drafter, "correct", 409, reason=" ")
    page = step(drafter, "correct", reason="漏计一份")
    assert "第2版" in page
    changed = html.fromstring(page).xpath('//section[h2="与前一版不同的数字"]//li')
    assert any(re.search(r"原为 2，现为 3", one.text_content()) for one in changed)


def test_the_desk_draws_and_sends_what_one_office_looks_after(person: Person, tmp_path: Path) -> None:
    drafter, reviewer, approver = map(person, "甲乙丙")
    assert 'name="milrep"' not in drafter.get("/reports"), "there is no such office"
    root = tmp_path / "office"
    with (root / "forms" / "KF" / "documents.toml").open("a", encoding="utf-8") as kinds:
        kinds.write('\n[milreps."示例甲室"]\nbranches = ["海军"]\n')
        kinds.write('[milreps."示例丙室"]\nbranches = ["海军"]\ncustomers = ["示例单位一"]\n')
    form = html.fromstring(drafter.get("/reports")).xpath('//form[@action="/reports/steps/draw"]')[0]
    assert form.xpath('.//select[@name="milrep"]/option/text()') == ["全兵种一份", "示例丙室"]
    of = {"kind": "JB", "period": "2019-03", "branch": "海军"}
    told = step(drafter, "draw", 409, **of, milrep="示例甲室")
    assert "分管海军的全部" in told and "「代表室」" in told
    page = step(drafter, "draw", **of, milrep="示例丙室")
    number = "KF-JB-2019-001"
    assert "只给示例丙室" in page and number in page
    assert "（示例丙室）" in drafter.get("/reports")
    job = drafter.post("/reports/steps/draw", {**of, "period": "2019-04", "milrep": "示例没有室", "later": "1"})
    assert job.status_code == 422 and "没有军事代表室" in job.text, "before it is written down"
    step(reviewer, "sign", number=number, part="reviewer", by="示例主任")
    step(approver, "sign", number=number, part="approver", by="示例领导")
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        (mail,) = kept.filled(people("甲"), "09A", kept.sample("09A", subject=f"报送 {number}"))
    told = step(approver, "issue", 409, number=number, to="示例甲室", mail=mail)
    assert "给示例丙室拟制的" in told and "请报送示例丙室" in told
    assert "报送 示例丙室" in step(approver, "issue", number=number, mail=mail)


def test_a_year_is_voided_and_its_charts_are_drawings_of_its_tables(person: Person) -> None:
    drafter = person("甲")
    office = person.people.office  # type: ignore[attr-defined]
    kept.filled(office, "01A", *(kept.information(n % 9 + 1, f"示例单位{n}") for n in range(12)))
    page = step(drafter, "draw", kind="BB", period="2019")
    charts = html.fromstring(page).xpath(f'//img[contains(@src, "/reports/{NUMBER}/chart")]')
    assert charts, "a dozen records are enough for a picture"
    drawn = documents.outline(office, NUMBER).charts
    assert len(charts) == len(drawn)
    for image, chart in zip(charts, drawn.values(), strict=True):
        answer = drafter.http.get(image.get("src"))
        assert answer.headers["content-type"].startswith("image/svg+xml")
        texts = written(answer.content)
        said = {v.text for s in chart.series for v in s.values if v.exact}
        assert said
        assert {*said, *chart.categories} <= {*texts}, (chart.name, texts)
        assert image.get("alt")
    assert drafter.http.get(f"/reports/{NUMBER}/chart?name=x").status_code == 404
    assert step(drafter, "void", 409, reason=" ")
    assert "作废" in step(drafter, "void", reason="示例：拟错了年度")


def test_who_may_not_read_documents_sees_none_and_takes_no_step(person: Person) -> None:
    office: Office = person.people.office  # type: ignore[attr-defined]
    step(person("甲"), "draw", kind="BB", period="2019")
    with office.register.write() as tx:
        tx.accounts.add(Account("戌", "示例戌", "uid-戌", True, "", 1, (Grant("clerk"),)), office.now())
        tx.audit.append([office.event("accounts", "account/戌")])
    clerk = Browser(person.people("戌")).enter()  # type: ignore[attr-defined]
    with office.register.read() as tx:
        held = tx.accounts.by_name("戌")
    assert held is not None
    assert NUMBER not in clerk.get("/reports")
