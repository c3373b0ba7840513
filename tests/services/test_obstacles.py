"""What stands before a record is told wherever one looks, in the same words, before it is late."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

NOTICE, REPORT = "QR758-04A-2025-00001", "QR758-06A-2025-00001"


@pytest.fixture
def busy(cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> CommandLine:
    """Return an office with a notice not yet issued, and a report of it."""
    cli("fill", "04A", write(sample("04A")))
    cli("issue", NOTICE)
    cli("fill", "06A", write(sample("06A", notice_no=NOTICE)))
    return cli


def told(cli: CommandLine, number: str) -> tuple[list[str], list[str]]:
    """Return what `show` and `list` name as the next obstacles; they are the same."""
    record = cli.json("show", number)["record"]
    (listed,) = [r for r in cli.json("list")["records"] if r["record_no"] == number]
    assert listed["missing"] == record["missing"]
    return record["missing"], record["later"]


def test_what_filing_asks_is_told_at_every_step_before(busy: CommandLine) -> None:
    missing, later = told(busy, REPORT)
    assert missing == []
    assert any("用户签署姓名或加盖公章" in m for m in later), "nobody has signed yet, and filing will ask"
    assert any("服务人员签名" in m for m in later)
    submitted = busy("submit", REPORT).err
    reviewed = busy("review", REPORT, "--on", "2025-12-30").err
    for message in later:
        assert f"归档前还要：{REPORT}  {message}" in submitted
        assert f"归档前还要：{REPORT}  {message}" in reviewed
    missing, later_now = told(busy, REPORT)
    assert (missing, later_now) == (later, []), "it is the next obstacle now, in the same words"
    refused = busy("file", REPORT, ok=False)
    assert refused.status == 6
    for message in missing:
        assert message in refused.err


def test_file_all_says_what_it_left_and_why(
    busy: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    busy("fill", "10A", write(sample("10A")))
    row = "QR758-10A-2025-00001"
    busy("submit", REPORT, row)
    busy("review", REPORT, row, "--on", "2025-12-30")
    ran = busy("file", "--all")
    assert "留下2份没有归档" in ran.out
    assert REPORT in ran.out
    assert "服务人员签名" in ran.out
    assert "登记簿按月归档" in ran.out
    left = {one["record_no"]: one["why"] for one in busy.json("file", "--all")["left"]}
    assert set(left) == {REPORT, row}
    assert left[REPORT] == told(busy, REPORT)[0]


def test_a_reference_that_no_longer_holds_is_the_next_obstacle(
    cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    cli("fill", "10A", write(sample("10A")))
    parcel = "QR758-10A-2025-00001"
    changes = {"service_category": "返厂维修", "notice_no": None, "intake_record_no": parcel, "summary_report_no": None}
    cli("fill", "06A", write(sample("06A", **changes, inspection_conclusion="合格", inspector="示例检验员")))
    assert told(cli, REPORT)[0] == []
    cli("void", parcel, "--reason", "示例：重复")
    missing, _ = told(cli, REPORT)
    assert any(parcel in m and "不是在用的" in m for m in missing)
    refused = cli("submit", REPORT, ok=False)
    assert refused.status == 6
    assert all(m in refused.err for m in missing)


@pytest.mark.office
def test_a_notice_says_what_it_owes_while_it_is_still_out(busy: CommandLine) -> None:
    _, later = told(busy, NOTICE)
    assert any("还缺 QR758-05A" in m for m in later), later
    assert any("没有提交" in m for m in later), "listed reports that are not handed in"


def test_what_nothing_stands_before_can_be_taken_on(
    cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    cli("fill", "10A", write(sample("10A")))
    row = "QR758-10A-2025-00001"
    assert told(cli, row) == ([], [])
    cli("submit", row)
    assert told(cli, row) == ([], [])
    cli("review", row)
    assert told(cli, row) == ([], [])


def test_due_and_status_name_the_same_obstacles(busy: CommandLine) -> None:
    missing, _ = told(busy, REPORT)
    status = busy.json("status")
    assert status["next"] == {"submit": 2}
    assert "待办    可以提交2" in busy("status").out
    (late,) = [d for d in busy.json("due", "--on", "2025-04-01")["due"] if d["about"] == NOTICE]
    assert (missing, late["next"]) == ([], f"接着办：qrecords submit {NOTICE}"), "nothing before that"
    busy("submit", NOTICE)
    busy("review", NOTICE, "--on", "2025-12-30")
    missing, _ = told(busy, NOTICE)
    assert missing
    assert busy.json("status")["next"] == {"submit": 1, "lacking": 1}
    (late,) = [d for d in busy.json("due", "--on", "2025-04-01")["due"] if d["about"] == NOTICE]
    assert late["next"] == f"{missing[0]}（共{len(missing)}处）"


def test_many_records_are_asked_for_together(
    busy: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qrecords.services.neighbours import Neighbours

    plain_report = {k: v for k, v in sample("06A", notice_no=NOTICE).items() if "training" not in k}
    busy("fill", "06A", write([plain_report | {"serial_no": f"S{n}"} for n in range(20)]))
    looked: list[int] = []
    plain = Neighbours.look_up
    monkeypatch.setattr(
        Neighbours, "look_up", lambda self, records: (looked.append(len(records)), plain(self, records))
    )
    busy("list")
    assert sorted(looked) == [1, 21]
