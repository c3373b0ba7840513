"""Figures of an office: the scope decided before a record is read, read in few queries, the same every time (F.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from qrecords.errors import NotPermitted, WrongState
from qrecords.model import answer
from qrecords.model.access import Account, Grant
from qrecords.model.audit import canonical
from qrecords.model.formats import FigureJson, _members
from qrecords.model.period import Period
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.reports import kept
from qrecords.services.reports.draw import draw
from qrecords.services.reports.figures import Figures, figures_of
from qrecords.services.require import owed, owed_by
from tests.faulty_disk import blank_convert
from tests.model.figures.rows import Paper
from tests.model.figures.test_v1_month import contacts, notices, reports

COUNTED = ("T01", "T03", "T05", "T07", "T09", "T10", "T11")


def tables(office: Office, kind: str, period: str, *, branch: str = "", level: str = "机密") -> Figures:
    with office.register.read() as tx:
        return figures_of(office, tx, kind, Period.read(period), branch=branch, level=level)


def numbered(records: list[Record]) -> list[Record]:
    """The records of an example under numbers of the office."""
    numbers: dict[str, str] = {}
    for record in records:
        count = sum(no.startswith(f"{record.form_code}-{record.year}") for no in numbers.values())
        numbers[record.record_no] = f"{record.form_code}-{record.year}-{count + 1:05}"
    return [
        replace(r, record_no=numbers[r.record_no], values=r.values | ({"notice_no": no} if no else {}), notice_no=no, title="x")
        for r in records
        for no in [numbers.get(r.notice_no, "")]
    ]  # fmt: skip


def keep(office: Office, records: list[Record]) -> None:
    with office.register.write() as tx:
        tx.records.add([(replace(r, created_at=office.now(), created_by="x", signatures=()), None) for r in records])
        for record in records:
            for signed in record.signatures:
                tx.records.sign([record.record_no], signed, office.now(), "x")
        tx.records.touch([r.record_no for r in records])


def submitted(code: str, number: int, day: str, state: State = State.SUBMITTED, **values: Any) -> Record:
    """Return a record of the navy's 甲部队 about an SL-120, but for what is said otherwise."""
    usual = {"product_model": "SL-120", "secrecy_level": "内部", "military_branch": "海军", "customer_unit": "甲部队"}
    said, year = usual | values, int(day[:4])
    no = f"QR758-{code}-{year}-{number:05}"
    return Record(no, f"QR758-{code}", year, state, said, "示例", day, str(said["customer_unit"]), "", "")


@pytest.fixture
def held(office: Office) -> tuple[Office, list[Record]]:
    records = numbered([*notices(), *reports(), *contacts()])
    keep(office, records)
    # The example's month is over.
    office.workspace.source = lambda: datetime.fromisoformat("2026-04-10T09:00:00+08:00")
    return office, records


def test_v1_the_month_of_an_office_is_that_of_its_records(held: tuple[Office, list[Record]]) -> None:
    office, records = held
    found = tables(office, "BB", "2026-03")
    expected = Paper("2026-03", records, cutoff="2026-04-10")
    for one in found.drawn.tables:
        if one.id in COUNTED:
            assert [(f.id, f.shown, set(f.records)) for f in one.figures()] == [
                (f.id, f.shown, set(f.records)) for f in expected.part(one.id, one.part).figures()
            ]
    figures = {f.id: f for one in found.drawn.tables for f in one.figures()}
    assert figures["T06.arrival.total.percent"].shown == "66.7"
    left_out = {no for f in figures.values() for no, _ in f.left_out}
    assert set(found.drawn.records) == left_out | {no for f in figures.values() for no in (*f.records, *f.of)} | {
        no for one in found.drawn.tables for row in one.rows for no in row.records
    }
    assert min(found.drawn.records.values()) > 0, "each with its change number"
    again = tables(office, "BB", "2026-03")
    assert again.drawn.tables == found.drawn.tables


def test_f5_what_a_figure_could_not_count_is_told_to_who_may_read_it(
    held: tuple[Office, list[Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the JSON of the figure, in the workbook's detail, and after a rebuild of either; hidden as records are."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    office, _ = held
    number = draw(office, "BB", "2026-03").document_no
    (late,), (faults,) = (
        kept.figures_of(office, number, f"{name}") for name in ("T06.arrival.total.percent", "T07.total.total.faults")
    )
    lines = [answer.told(r) for r in answer.told(late)["left_out"]]
    told = [(r["record_no"], r["version"], r["reason"]) for r in lines]
    assert told == [("QR758-04A-2026-00005", 0, "逾期未到")]
    assert [(r.record_no, r.reason) for r in faults.left_out] == [
        ("QR758-06A-2026-00004", "未签署"), ("QR758-06A-2026-00003", "草稿"),
    ]  # fmt: skip
    assert late.whole and faults.whole
    low = replace(office, account=Account("low", "示例员工", None, True, "", 3, (Grant("quality"),)))
    (hidden,) = kept.figures_of(low, number, late.id)
    assert (hidden.value, hidden.left_out, hidden.whole) == (late.value, [], False)
    for who, cell in ((office, "QR758-04A-2026-00005（逾期未到）"), (low, None)):
        book = openpyxl.load_workbook(BytesIO(kept.document_file(who, number, "tables.xlsx")))
        (line,) = [row for row in book["明细"].iter_rows(values_only=True) if row[0] == late.id]
        assert line[7] == cell


def test_f5_a_document_drawn_before_left_outs_were_told_keeps_its_hash() -> None:
    """Its bytes have no such key: reading and writing them gives the same."""
    figure = FigureJson("T01.a.b", "示例", "1", "1", "件", "0")
    data = {"figures": (figure, replace(figure, left_out=(("草稿", "0"),)))}
    plain, told = json.loads(canonical(data, _members))["figures"]
    assert "left_out" not in plain and plain["counts"] == [] and told["left_out"] == [["草稿", "0"]]


def test_r115_each_alarm_is_answered_by_an_item_or_by_its_own_reason(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the result of the measurement (M08), and counted beside the index in the report of the same month (T13)."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr(office.workspace, "source", lambda: datetime.fromisoformat("2026-04-10T09:00:00+08:00"))
    bad = {"service_category": "返厂维修", "finished_on": "2026-03-05", "user_sign_date": "2026-03-06"}
    for number, word in ((1, "不满意"), (2, "很不满意"), (3, "满意")):
        keep(office, [submitted("06A", number, "2026-03-05", product_rating=word, serial_no=str(number), **bad)])
    first, second = (f"QR758-06A-2026-0000{n}" for n in (1, 2))
    values = {
        "raised_on": "2026-04-01",
        "source_kind": "满意度预警",
        "sources": [{"record_no": first}],
        "secrecy_level": "内部",
    }
    item = "KF758-GJ-2026-00001"
    keep(office, [Record(item, "KF758-GJ", 2026, State.DRAFT, values, "示例", "2026-04-01", "", "", "")])
    with pytest.raises(WrongState, match="1条告警没有说明") as refused:
        draw(office, "MY", "2026-03")
    assert [str(p.message).partition("　")[0] for p in refused.value.problems] == [f"A1.{second}"]
    drawn = draw(office, "MY", "2026-03", answers={f"A1.{second}": "示例：已当面说明"})
    me = office.account.person or office.account.name
    assert [(a.key, a.state, a.items, a.reason, a.by) for a in drawn.alarm_states or ()] == [
        (f"A1.{first}", "已立项", (item,), "", ""), (f"A1.{second}", "不立项", (), "示例：已当面说明", me),
    ]  # fmt: skip
    (alarm_rows,) = [table.rows for table in drawn.tables or () if table.key == "M08.alarms"]
    assert [list(row[2:4]) for row in alarm_rows] == [["已立项", item], ["不立项", "示例：已当面说明"]]
    found = tables(office, "BB", "2026-03")
    (counted,) = [one for one in found.drawn.tables if (one.id, one.part) == ("T13", "alarms")]
    assert [f.shown for f in counted.figures()] == ["2", "1", "0", "1"]
    assert [f.records for f in counted.figures()] == [(first, second), (first,), (), (second,)]


def test_v14_a_scope_above_the_account_is_refused_whether_there_are_records_in_it_or_not(
    held: tuple[Office, list[Record]],
) -> None:
    office, _ = held
    low = replace(office, account=Account("low", "示例员工", None, True, "", 1, (Grant("supervisor"),)))
    kinds = office.settings.forms_dir.parent / "KF" / "documents.toml"
    text = kinds.read_text(encoding="utf-8")
    kinds.write_text(text.replace('secrecy_level = "内部"', 'secrecy_level = "秘密"'), encoding="utf-8")
    for period in ("2026-03", "2019-01"):
        with pytest.raises(NotPermitted, match="涉密等级"):
            draw(low, "BB", period)


def test_v14_the_figures_of_one_branch_are_of_its_records_alone(held: tuple[Office, list[Record]]) -> None:
    office, _ = held
    found = tables(office, "BZ", "2026-03", branch="海军")
    issued = next(t for t in found.drawn.tables if (t.id, t.part) == ("T03", "flow"))
    assert [row.label for row in issued.rows] == ["客户服务中心", "合计"]
    with office.register.read() as tx:
        used = tx.records.many([*found.drawn.records])
    assert {r.values["military_branch"] for r in used} == {"海军"}


def test_r98_a_month_without_records_has_its_tables_with_noughts(office: Office) -> None:
    found = tables(office, "BB", "2026-03")
    shown = {f.shown for one in found.drawn.tables for f in one.figures()}
    assert shown <= {"0", "0.0", "0.00", "—"}
    assert {one.id for one in found.drawn.tables} >= {"T01", "T03", "T06", "T18"}
    assert tables(office, "MY", "2026-03").alarms == ()


@pytest.fixture
def queries(office: Office) -> Iterator[list[str]]:
    """The statements sent to the register."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_figures_and_what_notices_owe_take_few_queries(held: tuple[Office, list[Record]], queries: list[str]) -> None:
    office, records = held
    tables(office, "BB", "2026-03")
    assert len(queries) < 60, "no query for each record"
    queries.clear()
    issued = [r for r in records if r.form_code == "QR758-04A"]
    together = owed_by(office, issued)
    assert len(queries) < 8
    assert {no: found.debts for no, found in together.items()} == {r.record_no: owed(office, r).debts for r in issued}
