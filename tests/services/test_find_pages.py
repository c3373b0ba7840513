"""Search as a clerk uses it: pages, files of hits, papers opened, and a way on where nothing is found."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from qrecords.errors import MissingProgram, NotFound
from qrecords.intake.viewer import VIEWER_VARIABLE, open_with_viewer
from qrecords.model.access import Account, Grant
from qrecords.model.looser import loosen
from qrecords.model.query import parse_query
from qrecords.office import Office
from qrecords.render.listbooks import list_csv, list_workbook
from qrecords.services.finding.hitlist import hits_file
from qrecords.services.finding.search import Criteria, search
from qrecords.services.finding.viewing import paper_to_open
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from tests.conftest import CommandLine

FORMULA = '=HYPERLINK("http://example.invalid","示例")'


@pytest.fixture
def filled(cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]) -> CommandLine:
    rows = [
        sample("10A", user_need=f"示例：遥控盒第{n}件，功放过热", received_on=f"2025-04-{n % 5 + 1:02}")
        for n in range(7)
    ]
    cli("fill", "10A", write(rows))
    return cli


def numbers(answer: Any) -> list[str]:
    return [hit["record_no"] for hit in answer["hits"]]


@pytest.mark.parametrize("sort", ["date", "relevance"])
def test_pages_lead_through_all_hits(filled: CommandLine, sort: str) -> None:
    whole = numbers(filled.json("search", "遥控盒", "--sort", sort))
    assert len(whole) == 7
    paged: list[str] = []
    words = ["search", "遥控盒", "--sort", sort, "--limit", "3"]
    answer = filled.json(*words)
    for _ in range(3):
        assert answer["total"] == 7
        paged += numbers(answer)
        if answer["next"]:
            answer = filled.json(*words, "--after", answer["next"])
    assert paged == whole
    assert answer["next"] is None


def test_a_page_stays_when_records_come_in(
    filled: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    whole = numbers(filled.json("search", "遥控盒"))
    first = filled.json("search", "遥控盒", "--limit", "3")
    filled("fill", "10A", write(sample("10A", user_need="示例：又一件遥控盒", received_on="2025-04-09")))
    second = filled.json("search", "遥控盒", "--after", first["next"])
    assert numbers(first) + numbers(second) == whole


@pytest.mark.parametrize(
    "after", ["x", "2025-04-01", "2025-04-01/", "1e9/QR758-10A-2025-00001", "3.2/QR758-10A-2025-00001"]
)
def test_a_place_that_is_none_is_refused(filled: CommandLine, after: str) -> None:
    refused = filled("search", "遥控盒", "--after", after, ok=False)
    assert refused.status == 3
    assert "不是这次检索的位置" in refused.err


def test_a_word_left_out_needs_no_quotes(filled: CommandLine) -> None:
    assert filled.json("search", "遥控盒", "-第3件")["total"] == 6
    wrong = filled("search", "遥控盒", "--yaer", "2025", ok=False)
    assert (wrong.status, "没有选项 --yaer" in wrong.err) == (2, True)


def test_all_hits_as_a_file(filled: CommandLine, tmp_path: Path) -> None:
    whole = numbers(filled.json("search", "遥控盒"))
    for kind in ("csv", "xlsx", "json"):
        path = tmp_path / f"结果.{kind}"
        assert filled.json("search", "遥控盒", "--limit", "2", "-o", path)["total"] == 7
        assert filled("search", "遥控盒", "-o", path, ok=False).status == 6  # what is there stays
    read = list(csv.DictReader(io.StringIO((tmp_path / "结果.csv").read_text(encoding="utf-8-sig"))))
    assert [row["记录编号"] for row in read] == whole
    sheet = openpyxl.load_workbook(tmp_path / "结果.xlsx").active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == whole
    kept = json.loads((tmp_path / "结果.json").read_text(encoding="utf-8"))
    assert numbers(kept) == whole
    assert read[0]["摘录"] == kept["hits"][0]["snippet"]
    assert filled("search", "遥控盒", "-o", tmp_path / "结果.doc", ok=False).status == 2


@pytest.mark.parametrize("cell", [FORMULA, "+1", "-1+1", "@SUM(A1)", "\t=1", "\uff1d1"])
def test_no_cell_turns_into_a_formula(cell: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(list_workbook("示例", [("甲", 9)], [[cell]])))
    written = book.worksheets[0].cell(2, 1)
    assert (written.data_type, written.value, written.quotePrefix) == ("s", cell, True)
    [row] = list(csv.reader(io.StringIO(list_csv(["甲"], [[cell]]).decode("utf-8-sig"))))[1:]
    assert row == ["'" + cell]


def test_odd_characters_are_written() -> None:
    odd = "a\x00b\x1f\ufffe\ud800" + "长" * 40_000
    assert openpyxl.load_workbook(io.BytesIO(list_workbook("示例", [("甲", 9)], [[odd]])))
    assert list_csv(["甲"], [[odd]])


def viewer(tmp_path: Path) -> tuple[Path, Path]:
    """Return a program that writes down what it was given, and where."""
    program, seen = tmp_path / "viewer", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{seen}.part" && mv "{seen}.part" "{seen}"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program, seen


@pytest.mark.skipif(os.name != "posix", reason="the viewer is a shell script")
def test_opens_the_last_print_of_a_draft(filled: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = viewer(tmp_path)
    monkeypatch.setenv(VIEWER_VARIABLE, str(program))
    answer = filled.json("search", "遥控盒第3件", "--open", "1")
    assert answer["opened"].endswith("QR758-10A-2025-04.docx")
    beyond = filled("search", "遥控盒第3件", "--open", "2", ok=False)
    assert (beyond.status, "没有第2条" in beyond.err) == (5, True)
    monkeypatch.setenv(VIEWER_VARIABLE, str(tmp_path / "no such program"))
    assert filled("search", "遥控盒", "--open", "1", ok=False).status == 8


def test_opens_a_checked_copy_of_what_is_archived(
    office: Office, write: Callable[..., Path], sample: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(office, "10A", [on_disk(write(sample("10A")))])
    number = "QR758-10A-2025-00001"
    row = SimpleNamespace(object_id="o", version=1, document_no="QR758-10A-2025-04")
    monkeypatch.setattr("qrecords.stores.register.items.Items.row", lambda _self, _no: row)
    monkeypatch.setattr(type(office.archive), "read", lambda *_: b"%PDF-1.7 frozen")
    with office.register.write() as tx:
        tx.records.reserve(number, "750-KJ·KF·10·2025·D5-0001", 2025)
    opened = [paper_to_open(office, number) for _ in range(2)]
    assert [path.name for path in opened] == ["QR758-10A-2025-04.pdf"] * 2
    assert opened[0].read_bytes() == b"%PDF-1.7 frozen"
    assert opened[0].is_relative_to(office.settings.indexes_dir)


def test_what_has_no_paper_cannot_be_opened(
    office: Office, write: Callable[..., Path], sample: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(office, "10A", [on_disk(write(sample("10A")))])
    assert made
    for path in office.papers.drafts.iterdir():
        path.unlink()
    with pytest.raises(NotFound, match="没有打印过"):
        paper_to_open(office, "QR758-10A-2025-00001")
    monkeypatch.setenv(VIEWER_VARIABLE, "/no/such/program")
    (office.papers.drafts / "QR758-10A-2025-00001.pdf").write_bytes(b"%PDF")
    with pytest.raises(MissingProgram):
        open_with_viewer(paper_to_open(office, "QR758-10A-2025-00001"))


LOOSER = {
    "遥控盒 火星车": ("遥控盒", "去掉「火星车」"),
    "遥控盒 功放 火星车": ("遥控盒 功放", "去掉「火星车」"),
    "遥控盒 -功放": ("遥控盒", "去掉「-功放」"),
    "遥控盒 年:2001": ("遥控盒", "去掉「年:2001」"),
    "型号:遥控盒": ("遥控盒", "不限栏目"),
    "遥控盒火星车": ("遥控盒", "缩短检索词"),
    '"遥控盒，火星车"': ("遥控盒", "缩短检索词"),
    "火星盒": ("盒", "缩短检索词"),
    "火星 水星 遥控盒": ("遥控盒", "只查「遥控盒」"),
}


@pytest.mark.parametrize("asked", LOOSER)
def test_where_nothing_is_found_there_is_a_way_on(filled: CommandLine, asked: str) -> None:
    answer = filled.json("search", asked)
    assert answer["total"] == 0
    looser = answer["looser"]
    assert (looser["query"], looser["how"]) == LOOSER[asked]
    assert filled.json("search", looser["query"])["total"] == looser["total"] > 0


def test_conditions_are_dropped_first(filled: CommandLine) -> None:
    looser = filled.json("search", "遥控盒", "--year", "2001")["looser"]
    assert looser == {"query": "遥控盒", "conditions": False, "total": 7, "how": "不限条件"}
    looser = filled.json("search", "遥控盒 火星车", "--form", "10A")["looser"]
    assert (looser["query"], looser["conditions"]) == ("遥控盒", True)
    assert "不限条件" in filled("search", "遥控盒 火星车", "--year", "2001").out
    assert filled.json("search", "囧")["looser"] is None


def test_a_looser_query_is_never_the_same_and_always_finds() -> None:
    texts = ["功放过热", "泵不转，电源正常"]

    def count(text: str) -> int:
        query = parse_query(text)
        return sum(all(w.text in t.replace("，", "|") for w in query.words) and bool(query.words) for t in texts)

    for asked in ("功放 泵", "过热泵", "功放热", "x y z", "功放 OR 啸叫 火星", "状态:归档 火星", "a -b", '"电源，泵"'):
        found = loosen(parse_query(asked), count)
        if found:
            assert found.text != asked
            assert count(found.text) == found.total > 0
    assert loosen(parse_query("火星"), count) is None


def test_facets_are_those_of_all_hits(filled: CommandLine) -> None:
    facets = filled.json("search", "遥控盒", "--limit", "1")["facets"]
    assert facets["form_code"] == {"QR758-10A": 7}
    assert facets["state"] == {"draft": 7}
    assert list(facets) == ["form_code", "year", "customer_unit", "model", "state"]
    assert sum(facets["customer_unit"].values()) == 7
    assert facets["model"]


def test_search_writes_what_was_asked_for_by_its_digest_only(office: Office) -> None:
    search(office, "机密词语", Criteria())
    with office.register.read() as tx:
        assert not any("机密词语" in str(event.detail) for event in tx.audit.events("search"))


@pytest.fixture
def clerk(office: Office, write: Callable[..., Path], sample: Callable[..., Any]) -> Office:
    """The office of a clerk, who reads parcels but no service notice of others."""
    fill(office, "10A", [on_disk(write(sample("10A", user_need="示例：遥控盒一件")))])
    fill(office, "04A", [on_disk(write(sample("04A")))])
    account = Account("clerk", "示例登记员", None, grants=(Grant("clerk"),))
    return Office(office.workspace, account)


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_what_may_not_be_read_is_not_there(clerk: Office, office: Office, engine: str, tmp_path: Path) -> None:
    if engine == "tantivy":
        pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    notice = "QR758-04A-2025-00001"
    for one in (office, clerk):
        one.workspace.use_engine(engine)
    assert [hit.record_no for hit in search(office, "功放过热", Criteria()).hits] == [notice]
    for text in ("功放过热", "编号:04A202500001", "排除短波电台功放过热故障"):
        found = search(clerk, text, Criteria())
        assert (found.total, found.hits, found.next) == (0, [], None)
        assert not any(found.facets.values())
        assert "功放" not in str(found.looser)  # which would tell that the word is somewhere
    everything = search(clerk, "-不存在", Criteria())
    assert [hit.form_code for hit in everything.hits] == ["QR758-10A"]
    assert everything.facets["form_code"] == {"QR758-10A": 1}
    assert hits_file(clerk, "功放过热", Criteria(), "无.csv").total == 0
    with pytest.raises(NotFound):
        paper_to_open(clerk, notice)
    clerk.index.close()


def test_the_right_is_asked_once_more_on_the_way_out(clerk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Office, "readable", lambda _: None)
    assert search(clerk, "功放过热", Criteria()).hits == []
    clerk.index.close()
