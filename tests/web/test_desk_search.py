"""检索 through HTTP: facets, the list as a file, how a query is written, and what half a query gets."""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest

from qrecords.model.access import Account, Grant
from qrecords.model.query import parse_query
from qrecords.model.queryways import WAYS
from qrecords.office import Office
from qrecords.services.access.accounts import rename
from qrecords.services.administer import open_office
from qrecords.services.finding.saved import saved_searches
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from tests.conftest import CHECKOUT, CommandLine, at_now, sample_of
from tests.laid import laid
from tests.web.test_desk import HOSTILE, Browser, _require_harmless


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[..., Path]) -> Path:
    """Return an office of seven records on three forms (one of them given twice), searched already."""
    folder = tmp_path_factory.mktemp("stocked")
    rows = [sample_of("09A", customer_unit=f"示例单位{n}", product_model=f"TH-12{n}") for n in ("一", "一", "一二")]
    parcels = [sample_of("10A", customer_unit="示例单位一", user_need=f"示例：第{n}件") for n in range(3)]
    levels = [sample_of("01A", source_record_no=None, channel="电话", customer_unit="示例单位三")]
    secret = [sample_of("10A", customer_unit="示例单位密", secrecy_level="秘密", secrecy_period="10年")]
    with closing(open_office(fresh(folder / "office", at_now), clock=at_now)) as office:
        given = [(f, v) for f, vs in (("09A", rows), ("10A", parcels), ("01A", levels), ("10A", secret)) for v in vs]
        for n, (form, one) in enumerate(given):
            path = folder / f"input{n}.json"
            path.write_text(json.dumps(one, ensure_ascii=False), encoding="utf-8")
            fill(office, form, [on_disk(path)], same_again=True)
        assert search(office, "示例", Criteria()).total == 7
    return folder / "office"


@pytest.fixture
def office(stocked: Path, tmp_path: Path) -> Iterator[Office]:
    with closing(open_office(laid(stocked, tmp_path / "office"), clock=at_now)) as opened:
        yield opened


@pytest.fixture
def cli(office: Office, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(office.settings.root, capsys)


@pytest.fixture
def browser(office: Office) -> Browser:
    return Browser(office).enter()


def counts(page: str) -> dict[str, tuple[int, str]]:
    """Return what the facets of a page count, by name, each with where it leads."""
    found = re.findall(r'<li><a href="(/search\?[^"]+)">([^<]+)<span class="count">(\d+)</span></a></li>', page)
    return {html.unescape(name): (int(count), html.unescape(go)) for go, name, count in found}


def total(page: str) -> int:
    return int(re.findall(r"找到(\d+)份", page)[0])


def test_every_facet_counts_what_its_click_finds(browser: Browser) -> None:
    page = browser.get("/search?q=示例")
    offered = counts(page)
    assert {"示例单位一", "示例单位一二", "草稿"} & set(offered)
    assert len(offered) > 6
    assert counts(browser.get("/search?q=示例&part=facets")) == offered, "what the script asks for once typing rests"
    assert not counts(browser.get("/search?q=示例&part=hits"))
    for name, (count, go) in offered.items():
        narrowed = browser.get(go)
        assert total(narrowed) == count, name
        without = html.unescape(re.findall(r'class="chip" href="([^"]+)"', narrowed)[0])
        assert total(browser.get(without)) == total(page)
        assert all(c <= count for c, _ in counts(narrowed).values())


def test_typing_on_keeps_what_was_clicked(browser: Browser) -> None:
    go = counts(browser.get("/search?q=示例"))["示例单位一"][1]
    form = browser.get(go).split("data-find")[1].partition("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert fields == {"customer": "示例单位一"}


def test_counts_are_of_what_the_account_may_read(office: Office, browser: Browser) -> None:
    with office.register.write() as tx:
        tx.accounts.add(Account("low", "示例读者", None, clearance=1, grants=(Grant("supervisor"),)), office.now())
        tx.audit.append([office.event("accounts", "account/low")])
    low = Browser(
        Office(office.workspace, Account("low", "示例读者", None, clearance=1, grants=(Grant("supervisor"),)))
    )
    mine, all_of_it = (counts(b.get("/search?q=示例")) for b in (low.enter(), browser))
    assert "示例单位密" in all_of_it
    assert "示例单位密" not in mine
    assert (
        sum(c for n, (c, _) in mine.items() if n.startswith("示例单位"))
        == sum(c for n, (c, _) in all_of_it.items() if n.startswith("示例单位")) - 1
    )
    assert total(low.get("/search?customer=示例单位密")) == 0
    assert "示例单位密" not in low.http.get("/search/hits.csv?q=示例").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("q=示例", ["示例"]), ("q=示例&form=10A", ["示例", "--form", "10A"]), ("customer=示例单位一", ["--customer", "示例单位一"]),
        ("q=示例&state=draft&year=2025&sort=relevance", ["示例", "--state", "草稿", "--year", "2025", "--sort", "相关程度"]),
        ("q=示例&from=2025-01-01&to=2025-12-31", ["示例", "--from", "2025-01-01", "--to", "2025-12-31"]),
        ("model=TH-12一", ["--model", "TH-12一"]),
    ],
)  # fmt: skip
def test_the_page_and_its_file_say_what_the_command_line_says(
    browser: Browser, cli: CommandLine, tmp_path: Path, query: str, words: list[str]
) -> None:
    told = cli.json("search", *words)
    page = browser.get(f"/search?{query}")
    assert total(page) == told["total"] > 0
    assert re.findall(r'<li><a href="/records/([\w-]+)">', page) == [h["record_no"] for h in told["hits"]]
    cli("search", *words, "-o", tmp_path / "hits.csv")
    sent = browser.http.get(f"/search/hits.csv?{query}")
    assert sent.content == (tmp_path / "hits.csv").read_bytes()
    assert sent.headers["content-disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(BytesIO(browser.http.get(f"/search/hits.xlsx?{query}").content)).worksheets[0]
    listed = [row[0] for row in csv.reader(StringIO(sent.text.removeprefix("\ufeff")))]
    assert [c.value for c in next(sheet.iter_cols())][1 - len(listed) :] == listed[1:]


def test_the_ledger_goes_out_as_the_command_line_writes_it(browser: Browser, cli: CommandLine, tmp_path: Path) -> None:
    cli("list", "--all", "--form", "10A", "-o", tmp_path / "ledger.csv")
    sent = browser.http.get("/records/list.csv?form=10A")
    assert sent.content == (tmp_path / "ledger.csv").read_bytes()
    assert browser.http.get("/records/list.exe").status_code == 409


def test_what_goes_out_is_in_the_log(office: Office, browser: Browser) -> None:
    browser.http.get("/search/hits.csv?q=示例")
    with office.register.read() as tx:
        event = [e for e in tx.audit.events("search") if e.detail.get("exported")][-1]
    assert (event.detail["exported"], event.detail["via"]) == (".csv", "desk")
    assert "示例" not in str(event.detail)


@pytest.mark.parametrize(
    "query", ["q=过热 OR", "q=状态:什么", "q=！", "year=26", "state=nothing", "from=昨天", f"q={'长' * 1001}"]
)
def test_half_a_query_says_what_is_missing_and_breaks_nothing(browser: Browser, query: str) -> None:
    whole = browser.http.get(f"/search?{query}")
    assert whole.status_code == 422
    assert 'class="wrong"' in whole.text
    part = browser.http.get(f"/search?{query}&part=hits")
    assert part.status_code == 200, "the page's script shows it"
    assert 'class="wrong"' in part.text
    assert browser.http.get(f"/search/hits.csv?{query}").status_code == 422


def test_a_near_query_is_one_click_away(browser: Browser) -> None:
    page = browser.get("/search?q=示例单位一 没有这样的词&form=10A")
    near = html.unescape(re.findall(r'没有完全符合的。<a href="([^"]+)"', page)[0])
    assert total(browser.get(near)) > 0


def test_pages_of_hits_go_on(office: Office, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qrecords.web.pages.searching.HITS", 3)
    page, seen = browser.get("/search?q=示例&sort=relevance"), []
    for _ in range(5):
        seen += re.findall(r'<li><a href="/records/([\w-]+)">', page)
        if not (on := re.findall(r'href="([^"]+)">再往后', page)):
            break
        assert parse_qs(urlsplit(html.unescape(on[0])).query)["sort"] == ["relevance"]
        page = browser.get(html.unescape(on[0]))
    assert sorted(seen) == sorted(h.record_no for h in search(office, "示例", Criteria(), limit=99).hits)


def test_how_a_query_is_written_is_said_alike_everywhere(browser: Browser, cli: CommandLine) -> None:
    page, told = html.unescape(browser.get("/search")), cli("search", "--help").out
    readme = (CHECKOUT / "README.zh-CN.md").read_text(encoding="utf-8")
    for way, meaning in WAYS:
        parse_query(way)
        assert f"<code>{way}</code>" in page and meaning in page
        assert way in told and meaning in told
        assert way in readme, f"README does not show {way}"


# Searches kept by a name


def kept(page: str) -> dict[str, str]:
    """Return the searches a page offers by name, with where each leads."""
    found = re.findall(r'<li><a class="chip" href="([^"]+)"[^>]*>([^<]+)</a>', page)
    return {html.unescape(name): html.unescape(go) for go, name in found}


def test_a_search_kept_at_the_desk_is_the_command_lines_too(browser: Browser, cli: CommandLine) -> None:
    asked = {"q": "示例", "customer": "示例单位一", "form": "10A", "sort": "relevance"}
    assert browser.post("/search/save", {**asked, "name": " 一单位的\n寄修 "}).status_code == 303
    page = browser.get(kept(browser.get("/search"))["一单位的 寄修"])
    told = cli.json("search", "--saved", "一单位的 寄修")
    assert total(page) == told["total"] == 3
    assert re.findall(r'<li><a href="/records/([\w-]+)">', page) == [h["record_no"] for h in told["hits"]]
    assert cli.json("search", "第1件", "--saved", "一单位的 寄修")["total"] == 1
    assert cli.json("search", "--saved", "一单位的 寄修", "--form", "09A")["total"] == 1
    (listed,) = cli.json("search", "--list-saved")["saved"]
    assert (listed["name"], listed["query"], listed["customer"], listed["sort"]) == (
        "一单位的 寄修", "示例", "示例单位一", "relevance",
    )  # fmt: skip


def test_a_search_kept_by_the_command_line_is_at_the_desk(browser: Browser, cli: CommandLine) -> None:
    cli("search", "示例", "--year", "2025", "--state", "草稿", "--from", "2025-01-01", "--save", "去年的")
    told = cli("search", "功放 OR 示例", "--save", "去年的").out
    assert "替换了原来的「示例」" in told
    assert parse_qs(urlsplit(kept(browser.get("/search"))["去年的"]).query) == {"q": ["功放 OR 示例"]}
    refused = cli("search", "--saved", "前年的", ok=False)
    assert refused.status == 5
    assert "存过的有：去年的" in refused.err
    assert browser.post("/search/forget", {"name": "去年的"}).status_code == 303
    assert kept(browser.get("/search")) == {}
    assert cli("search", "--forget", "去年的", ok=False).status == 5
    assert "还没有" in cli("search", "--list-saved").out


@pytest.mark.parametrize("given", [{"name": "", "q": "示例"}, {"name": "长" * 41, "q": "示例"}, {"name": "空", "q": ""},
                                   {"name": "半", "q": "过热 OR"}, {"name": "年", "q": "示例", "year": "26"}])  # fmt: skip
def test_what_cannot_be_asked_again_is_not_kept(browser: Browser, given: dict[str, str]) -> None:
    assert browser.post("/search/save", given).status_code == 422
    assert kept(browser.get("/search")) == {}


def test_nobody_sees_what_another_keeps(office: Office, browser: Browser) -> None:
    browser.post("/search/save", {"name": "示例甲的", "q": "示例"})
    with office.register.write() as tx:
        tx.accounts.add(Account("other", "示例乙", None, grants=(Grant("supervisor"),)), office.now())
        tx.audit.append([office.event("accounts", "account/other")])
    other = Browser(Office(office.workspace, Account("other", "示例乙", None, grants=(Grant("supervisor"),)))).enter()
    assert "示例甲的" not in other.get("/search")
    there, nowhere = (other.post("/search/forget", {"name": name}) for name in ("示例甲的", "没有的"))
    assert there.status_code == nowhere.status_code == 404
    assert there.text.replace("示例甲的", "") == nowhere.text.replace("没有的", "")
    other.post("/search/save", {"name": "示例甲的", "q": "功放"})
    assert "q=%E7%A4%BA%E4%BE%8B" in kept(browser.get("/search"))["示例甲的"], "the same name is each one's own"


def test_the_shell_offers_the_names(cli: CommandLine, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.post("/search/save", {"name": "寄修", "q": "示例"})
    for option, begun, offered in (
        ("--saved", "寄", ["plain,寄修"]),
        ("--forget", "", ["plain,寄修"]),
        ("--saved", "x", []),
    ):
        monkeypatch.chdir(cli.root)
        monkeypatch.setenv("_QRECORDS_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", f"qrecords search {option} {begun}")
        monkeypatch.setenv("COMP_CWORD", "3")
        assert cli().out.split() == offered
        monkeypatch.delenv("_QRECORDS_COMPLETE")


@pytest.mark.parametrize("address", ["/search/hits.XLSX?q=示例", "/records/list.Csv"])
def test_a_list_comes_by_whatever_case_its_kind_is_written(browser: Browser, address: str) -> None:
    assert browser.http.get(address).headers["content-disposition"].startswith("attachment")


def test_a_condition_no_address_holds_is_not_kept(office: Office, browser: Browser) -> None:
    kept = browser.ask("/search/save", {"name": "示例", "q": "示例", "customer": "某" * 201})
    assert kept.status_code == 422
    assert "最多200个字" in kept.json()["message"]
    assert saved_searches(office) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_comes_out_as_text(browser: Browser, text: str) -> None:
    told = browser.post("/search/save", {"name": text, "q": "示例", "customer": text})
    assert told.status_code == 303, told.text
    for address in ("/search", told.headers["location"], f"{told.headers['location']}&part=hits"):
        _require_harmless(browser.get(address))


@pytest.fixture
def group(stocked: Path, office: Office, tmp_path: Path) -> Callable[[str], Path]:
    """Return a way to lay another office of the group beside this one, named in its settings."""

    def lay(name: str) -> Path:
        other = laid(stocked, tmp_path / name)
        settings = other.parent / "office" / "qrecords.toml"
        text = settings.read_text(encoding="utf-8")
        written = re.search(r'(?m)^offices = "(.*)"', text)
        assert written
        both = "; ".join(filter(None, [written[1], f"../{name}"]))
        settings.write_text(text.replace(written[0], f'offices = "{both}"'), encoding="utf-8")
        return other

    return lay


@pytest.fixture
def opened(office: Office) -> Iterator[Callable[[], Office]]:
    """Return a way to open this office anew, with the settings as they are then."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(open_office(office.settings.root, clock=at_now)))


def test_offices_of_a_group_are_searched_together(group: Callable[[str], Path], opened: Callable[[], Office]) -> None:
    group("kf2")
    group("kf3")
    browser = Browser(opened()).enter()
    assert 'formaction="/search/offices"' in browser.get("/search?q=示例")
    page = browser.get("/search/offices?q=示例")
    assert total(page) == 21
    assert [page.count(f"（{name}）7份") for name in ("office", "kf2", "kf3")] == [1, 1, 1]
    following = html.unescape(re.findall(r'href="(/search/offices\?[^"]+after[^"]+)"', page)[0])
    rest = browser.get(following)
    hits = re.findall(
        r"<li>(<a href=\"/records/[^>]+>)?<strong>([^<]+)</strong>.*?<small>[^<]*（(\w+)）", page + rest, re.S
    )
    assert len(hits) == len({(number, where) for _, number, where in hits}) == 21
    assert {where for link, _, where in hits if link} == {"office"}, "what lies elsewhere has no page here"
    assert "after" not in "".join(re.findall(r'href="(/search/offices\?[^"]+)"', rest))
    assert browser.get("/search/offices?q=没有这样的字").count("找到0份") == 1


def test_other_offices_answer_by_the_rights_one_has_there(
    group: Callable[[str], Path], opened: Callable[[], Office]
) -> None:
    there = group("kf2")
    here = opened()
    reader = Account("low", "示例读者", None, clearance=1, grants=(Grant("supervisor"),))
    with here.register.write() as tx:
        tx.accounts.add(reader, here.now())
        tx.audit.append([here.event("accounts", "account/low")])
    low = Browser(Office(here.workspace, reader)).enter()
    answer = low.http.get("/search/offices?q=示例")
    assert answer.status_code == 422
    assert "kf2" in answer.text
    assert "那里没有账号 low" in answer.text
    assert "示例单位一" not in answer.text, "no list that lacks an office"
    with closing(open_office(there, clock=at_now)) as other, other.register.write() as tx:
        tx.accounts.add(replace(reader, display_name="示例另一人"), other.now())
        tx.audit.append([other.event("accounts", "account/low")])
    assert "是另一个人的" in low.http.get("/search/offices?q=示例").text
    with closing(open_office(there, clock=at_now)) as other:
        rename(other, "low", "示例读者")
    page = low.get("/search/offices?q=示例")
    assert total(page) == 12
    assert "示例单位密" not in page
    with closing(open_office(there, clock=at_now)) as other, other.register.read() as tx:
        told = [e.detail["via"] for e in tx.audit.events("search") if e.account == "low"]
    assert told == ["desk"], "read there, logged there"


def test_without_other_offices_none_are_asked(browser: Browser) -> None:
    assert "/search/offices" not in browser.get("/search?q=示例")
    answer = browser.http.get("/search/offices?q=示例")
    assert answer.status_code == 409
    assert "offices" in answer.text
