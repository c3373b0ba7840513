"""The ledger by threads: one row a need, its class, whether it was answered, how whole it is (N.2, N.4, N.5)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qrecords.model.figures.drawing import Means
from qrecords.model.record import Correction, Record
from tests.model.figures.rows import FORMS, Paper, means, record

INFO, CALL, NOTICE, REPORT, ROW = (f"{code}-2026-{n:05}" for n, code in enumerate(
    ("QR758-01A", "QR758-02A", "QR758-04A", "QR758-06A", "TZ758-TZ"), 1))  # fmt: skip


@pytest.fixture(scope="module")
def with_ledger(tmp_path_factory: pytest.TempPathFactory) -> Means:
    folder = tmp_path_factory.mktemp("ledger") / "forms"
    shutil.copytree(FORMS.parent, folder)
    shutil.copytree(Path(__file__).parents[3] / "packs" / "ledger", folder / "TZ758")
    return means(folder / "QR758")


def row(**said: str) -> Record:
    values = {"entered_on": "2026-03-20", "customer_unit": "乙", "category": "维护意见", "content": "示例"} | said
    return Record(ROW, "TZ758-TZ", 2026, "submitted", values, ROW, "2026-03-20", "乙", "", "", seq=1)  # type: ignore[arg-type]


def information(name: str = INFO, **said: object) -> Record:
    values = {
        "info_type": ["质量信息"],
        "received_at": "2026-03-02 09:00",
        "customer_unit": "甲",
        "product_model": "SL-120",
    }
    return record(name, "01A", **values | said)


def a_need(**said: object) -> list[Record]:
    """A call, the information made of it, the notice it led to and its report: one need."""
    return [
        record(
            CALL,
            "02A",
            call_at="2026-03-01 10:00",
            direction="来电",
            linked_record=f"见 {INFO}",
            closed_on="2026-03-01",
        ),
        information(**said),
        record(NOTICE, "04A", issued_on="2026-03-03", source_record_no="", service_category=["现场维修"]),
        record(REPORT, "06A", finished_on="2026-03-06", notice=NOTICE, intake_record_no="", repair_conclusion="修复"),
    ]


def test_records_that_name_one_another_are_one_need(with_ledger: Means) -> None:
    others = [row(source_no="")]
    done = {"replied_at": "2026-03-04 09:00", "handled_on": "2026-03-04", "resolved": True, "resp_person": "示例甲"}
    found = Paper("2026-03", [*a_need(source_record_no=NOTICE, **done), *others], using=with_ledger)
    classes = found.column("L03", "classes", "count")
    # Of four papers one row, of the class its first record tells; the keeper's row stands for itself.
    assert {k: v for k, v in classes.items() if v != "0"} == {"故障返修需求": "1", "维护意见": "1", "total": "2"}
    assert found["L03.classes.total.closed"] == "1", "the keeper's row has no day of closing yet"
    assert found["L03.classes.total.answered"] == "100.0", "48 hours to the minute is in time"


def test_the_keeper_says_the_class(with_ledger: Means) -> None:
    """A row of the ledger that names a record makes its thread of that class; the record itself stays as it is."""
    paper = Paper("2026-03", [information(), row(source_no=INFO)], using=with_ledger)
    assert {k for k, v in paper.column("L03", "classes", "count").items() if v == "1"} == {"维护意见", "total"}


def test_48_hours_pause_for_nothing_and_what_is_open_below_them_is_in_no_rate(with_ledger: Means) -> None:
    """Friday 16:30: until Sunday 16:30, a rest day (V-9)."""
    late = information(received_at="2026-02-13 16:30", replied_at="2026-02-15 16:31")
    in_time = information("QR758-01A-2026-00008", received_at="2026-02-13 16:30", replied_at="2026-02-15 16:30")
    fresh = information("QR758-01A-2026-00009", received_at="2026-02-27 09:00")
    paper = Paper(
        "2026-02", [late, in_time, fresh, row(entered_on="2026-02-20")], cutoff="2026-02-28", using=with_ledger
    )
    assert paper["L03.classes.total.answered"] == "50.0"
    assert paper["L03.classes.total.waiting"] == "1"


def test_four_indicators(with_ledger: Means) -> None:
    """Whole, never corrected, and all it names is there: of what is closed; traceable of all."""
    done = {
        "replied_at": "2026-03-03 09:00",
        "handled_on": "2026-03-03",
        "resp_person": "示例甲",
        "handling_result": "示例",
    }
    whole = information(**done)
    corrected = information("QR758-01A-2026-00011", **done)
    corrected = Record(**{f: getattr(corrected, f) for f in Record.__slots__} | {
        "corrections": (Correction(2, "2026-03-20", "x", "示例", {"info_content": ["a", "b"]}),)})  # fmt: skip
    gone = information("QR758-01A-2026-00012", source_record_no="QR758-02A-2026-00077")
    lacking = information(
        "QR758-01A-2026-00013", **done | {"product_model": None, "info_type": ["意见"], "resp_person": None}
    )
    paper = Paper(
        "2026-03", [whole, corrected, gone, lacking, row(source_no=INFO, closed_on="2026-03-20")], using=with_ledger
    )
    quality = paper.row("L03", "quality", "total")
    assert quality == {"closed": "3", "complete": "66.7", "exact": "66.7", "traceable": "75.0"}


def test_what_has_no_class_is_listed(with_ledger: Means) -> None:
    call = record(CALL, "02A", call_at="2026-03-01 10:00", direction="来电", customer_unit="丙")
    table = Paper("2026-03", [call, row()], using=with_ledger).part("L03", "unclassified")
    assert [one.cells[1] for one in table.rows] == ["丙"] and CALL in table.rows[0].cells[2]


def asked(number: int, day: str, entered: str = "") -> Record:
    values = {"entered_on": day, "category": "征求意见", "content": "无意见"}
    no = f"TZ758-TZ-2026-{number:05}"
    return Record(no, "TZ758-TZ", 2026, "submitted", values, no, day, "", entered, "", seq=1)  # type: ignore[arg-type]


def test_r138_a_week_missed_stays_missed(with_ledger: Means) -> None:
    """29 December is of the first week of 2026 (V-9); what is entered after its Sunday makes no week good."""
    rows = [
        asked(1, "2025-12-29"),
        asked(2, "2026-01-07", "2026-01-12 09:00:00"),
        asked(3, "2026-01-21", "2026-01-25 17:00:00"),
        asked(4, "2026-01-22", "2026-03-01 09:00:00"),
    ]
    paper = Paper("2026-H1", [*rows, information()], cutoff="2026-02-02", using=with_ledger)
    assert paper.row("L07", "weeks") == {"due": "5", "done": "2", "late": "1", "missed": "2", "percent": "40.0"}
    assert paper.listed("L07", "missed") == [
        ("2026-W02", "2026-01-05", "2026-01-11", "补登"),
        ("2026-W03", "2026-01-12", "2026-01-18", "漏"),
        ("2026-W05", "2026-01-26", "2026-02-01", "漏"),
    ]
    # A week missed rests on the last solicitation before it.
    assert paper.figure("L07.weeks.total.missed").records == (rows[1].record_no, rows[2].record_no, rows[3].record_no)
    before = Paper("2026-H1", rows, cutoff="2026-02-01", using=with_ledger)
    assert before["L07.weeks.total.missed"] == "1", "on Sunday the week is not over"
    year = Paper("2025", rows, cutoff="2026-02-02", using=with_ledger)
    assert year["L07.weeks.total.due"] == "0", "that week ends in 2026"


def test_the_month_lists_the_ledger_a_row_a_need(with_ledger: Means) -> None:
    """N.3: what was asked, by whom, of what, who took it up, what came of it; told by Monday of a Friday's measure."""
    done = {
        "replied_at": "2026-03-09 09:00",
        "handled_on": "2026-03-06",
        "handling_result": "更换",
        "resp_person": "示例甲",
    }
    need = a_need(serial_no="09", info_content="无显示", user_satisfied="满意", **done)
    kept = row(
        source_no=INFO, improvement_no="KF758-GJ-2026-00001", phase="返修", closed_on="2026-03-20", content="示例二"
    )
    paper = Paper("2026-03", [*need, kept], using=with_ledger)
    assert paper.listed("L03", "rows")[0] == (
        "2026-03-01 10:00", "甲", "/", "SL-120/09", "返修", "维护意见", "无显示", "、".join((INFO, ROW)), "示例甲",
        "2026-03-20", "已办结",
    )  # fmt: skip
    assert paper.listed("L03", "answers")[0] == (
        "甲", "维护意见", "更换", "2026-03-06", "2026-03-09 09:00", "超过48小时", "按期", "更换", "满意",
        "KF758-GJ-2026-00001", "已办结",
    )  # fmt: skip
    for part in ("rows", "answers"):
        assert [row.key for row in paper.part("L03", part).rows][:1] == [CALL], (
            "found by the number of its first record"
        )
    assert not [
        t
        for t in Paper("2026-H1", [*need, kept], using=with_ledger).drawn.tables
        if (t.id, t.part) in {("L03", "rows"), ("L03", "answers")}
    ]
    late = information(handled_on="2026-03-06")
    assert (
        Paper("2026-03", [late, row()], cutoff="2026-03-10", using=with_ledger).listed("L03", "answers")[0][6] == "逾期"
    )
    assert Paper("2026-03", [late, row()], cutoff="2026-03-09", using=with_ledger).listed("L03", "answers")[0][6] == "/"
