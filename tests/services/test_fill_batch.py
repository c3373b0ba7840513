"""What a fill costs: as many queries for a hundred records as for ten, whatever is checked, and the papers in one go."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qrecords.errors import StorageFailure
from qrecords.model.lists import CUSTOMERS
from qrecords.office import Office
from qrecords.services.intake.fill import fill
from qrecords.services.intake.lists import add_entry
from qrecords.services.steps import issue
from qrecords.stores import durable
from qrecords.stores.given import on_disk

Sample = Callable[..., dict[str, Any]]
Write = Callable[..., Path]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements any register is sent, but for a heart's that beats meanwhile."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def noticed(office: Office, sample: Sample, write: Write, count: int) -> list[str]:
    """Issue notices and return their numbers."""
    notices = [sample("04A", reports=None, task_description=f"示例任务 {n}") for n in range(count)]
    numbers = [r.record_no for r in fill(office, "04A", [on_disk(write(notices))]).records]
    issue(office, numbers)
    return numbers


def reports(sample: Sample, notices: list[str], count: int, first: int) -> list[dict[str, Any]]:
    late = {k: None for k in sample("06A") if "training" in k or "rating" in k}
    return [
        sample("06A", **late, notice_no=notices[n % len(notices)], serial_no=f"S22{first + n:05d}")
        for n in range(count)
    ]


def trainings(sample: Sample, notices: list[str], count: int, first: int) -> list[dict[str, Any]]:
    return [
        sample("05A", notice_no=notices[n % len(notices)], customer_unit=f"示例单位{first + n}", customer_code=None)
        for n in range(count)
    ]


def calls(sample: Sample, _notices: list[str], count: int, first: int) -> list[dict[str, Any]]:
    return [
        sample("01A", source_record_no=None, channel="电话", info_content=f"示例内容 {first + n}") for n in range(count)
    ]


@pytest.mark.parametrize(("form", "make"), [("01A", calls), ("05A", trainings), ("06A", reports)])
def test_ten_and_a_hundred_records_take_the_same_queries(
    office: Office, sample: Sample, write: Write, form: str, make: Callable[..., list[dict[str, Any]]]
) -> None:
    add_entry(office, CUSTOMERS, {"用户单位": "示例单位一", "地址": "示例市示例路1号"})
    notices = noticed(office, sample, write, 20)
    fill(office, form, [on_disk(write(make(sample, notices, 1, 0)))])  # what a first paper of a form keeps for good
    sent = []
    for count, first in ((10, 100), (100, 1000)):
        source = write(make(sample, notices, count, first))
        with counted() as statements:
            made = fill(office, form, [on_disk(source)])
        assert len(made.records) == count
        sent.append(statements)
    few, many = sent
    assert len(many) == len(few), "\n".join(s for s in many if many.count(s) != few.count(s))


def test_the_same_file_again_takes_the_same_queries(office: Office, sample: Sample, write: Write) -> None:
    notices = noticed(office, sample, write, 5)
    sent = []
    for count, first in ((10, 100), (100, 1000)):
        source = write(reports(sample, notices, count, first))
        fill(office, "06A", [on_disk(source)])
        with counted() as statements:
            assert all(r.again for r in fill(office, "06A", [on_disk(source)]).records)
        sent.append(len(statements))
    assert sent[0] == sent[1]


def test_rows_of_one_file_meet_each_other_in_their_notice(office: Office, sample: Sample, write: Write) -> None:
    (notice,) = noticed(office, sample, write, 1)
    one = {"notice_no": notice, "service_category": "技术保障", "support_checks": ["天线"], "summary_report_no": "Z-1"}
    rows = reports(sample, [notice], 3, 0)
    rows = [row | one | {"serial_no": serial} for row, serial in zip(rows, ("S1", "S2", "S1"), strict=True)]
    rows[2]["fault_symptom"] = "另一处故障"
    found = fill(office, "06A", [on_disk(write(rows))], keep_going=True)
    assert [len(found.records), len(found.rejected)] == [2, 1]
    assert "S1 已在 本次输入的另一条记录" in found.rejected[0].problems[0].message
    alone = fill(office, "06A", [on_disk(write([rows[2] | {"fault_symptom": "再一处故障"}]))], keep_going=True)
    assert "S1 已在 QR758-06A-2025-00001" in alone.rejected[0].problems[0].message


@pytest.mark.parametrize("primitive", ["_write", "_sync", "_rename"])
def test_of_many_files_none_is_left_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, primitive: str) -> None:
    whole = getattr(durable, primitive)

    def refuse(path: Path, *rest: Any) -> None:
        if path.name.endswith(".tmp") and len([*tmp_path.glob(".*.tmp")]) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        whole(path, *rest)

    monkeypatch.setattr(durable, primitive, refuse)
    with pytest.raises(StorageFailure, match="磁盘已满"):
        durable.write_files(tmp_path, ((f"{n}.docx", bytes([n])) for n in range(40)))
    monkeypatch.undo()
    assert [*tmp_path.iterdir()] == []
    durable.write_files(tmp_path, ((f"{n}.docx", bytes([n])) for n in range(40)))
    assert sorted(int(p.stem) for p in tmp_path.iterdir()) == [*range(40)]
    assert all(p.read_bytes() == bytes([int(p.stem)]) for p in tmp_path.iterdir())


def test_an_error_in_the_making_leaves_nothing(tmp_path: Path) -> None:
    def made() -> Iterator[tuple[str, bytes]]:
        yield "1.docx", b"1"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        durable.write_files(tmp_path, made())
    assert [*tmp_path.iterdir()] == []
