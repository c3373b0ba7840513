"""The ledger `list -o` writes: what is listed, as any spreadsheet reads it, and nothing the account may not read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.services.administer import open_office
from qrecords.services.finding.find import list_records
from qrecords.services.finding.ledger import COLUMNS, ledger_file
from tests.conftest import CommandLine
from tests.spreadsheets import saved_by_libreoffice, seen

HEADINGS = [heading for heading, _ in COLUMNS.values()]
FORMULA = '=HYPERLINK("http://example.invalid";"点这里")'


@pytest.fixture
def listed(cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]) -> CommandLine:
    cli(
        "fill",
        "10A",
        write(
            [sample("10A"), sample("10A", customer_unit=FORMULA, closed_on=None), sample("10A", user_need="+7\n示例")]
        ),
    )
    cli("fill", "01A", write(sample("01A")))
    return cli


@pytest.mark.parametrize("how", ["as written", pytest.param("saved by LibreOffice", marks=pytest.mark.office)])
def test_any_spreadsheet_reads_what_is_listed(listed: CommandLine, tmp_path: Path, how: str) -> None:
    path = tmp_path / "台账.xlsx"
    assert listed.json("list", "-o", path)["total"] == 4
    records = listed.json("list")["records"]
    rows = seen(path if how == "as written" else saved_by_libreoffice(path, tmp_path))
    assert rows[0] == HEADINGS
    for row, record in zip(rows[1:], records, strict=True):
        told = dict(zip(HEADINGS, row, strict=True))
        assert told["记录编号"] == record["record_no"]
        assert (told["日期"], told["用户单位"], told["题名"]) == (
            record["date"],
            record["customer_unit"],
            record["title"],
        )
        assert (told["状态"], told["该谁办"], told["密级"]) == ("草稿", record["turn"], "内部")
        assert told["还缺什么"] == "；".join(record["missing"])
    assert FORMULA in [row[HEADINGS.index("用户单位")] for row in rows]
    assert any(row[HEADINGS.index("还缺什么")] for row in rows[1:])


def test_csv_and_json_hold_the_same(listed: CommandLine, tmp_path: Path) -> None:
    records = listed.json("list", "--form", "10A")["records"]
    for kind in ("csv", "json"):
        assert listed.json("list", "--form", "10A", "-o", tmp_path / f"台账.{kind}")["total"] == 3
    with (tmp_path / "台账.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["记录编号"] for row in csv.DictReader(stream)] == [r["record_no"] for r in records]
    kept = json.loads((tmp_path / "台账.json").read_text(encoding="utf-8"))
    assert kept["total"] == 3
    assert [{k: v for k, v in r.items() if k != "lacking"} for r in kept["records"]] == records


def test_what_is_there_stays_and_other_kinds_are_refused(listed: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "台账.xlsx").write_bytes(b"mine")
    refused = listed("list", "-o", tmp_path / "台账.xlsx", ok=False)
    assert (refused.status, "已经有了" in refused.err) == (6, True)
    assert (tmp_path / "台账.xlsx").read_bytes() == b"mine"
    other = listed("list", "-o", tmp_path / "台账.doc", ok=False)
    assert (other.status, "台账.xlsx" in other.err) == (2, True)


def test_nothing_listed_is_a_ledger_with_headings_alone(cli: CommandLine, tmp_path: Path) -> None:
    assert cli.json("list", "-o", tmp_path / "台账.xlsx")["total"] == 0
    assert seen(tmp_path / "台账.xlsx") == [HEADINGS]


def test_where_it_lies_and_who_took_the_list(listed: CommandLine, tmp_path: Path) -> None:
    number = "QR758-10A-2025-00001"
    with closing(open_office(listed.root)) as office:
        with office.register.write() as tx:
            tx.records.change([number], volume_code="", archive_no="750-KJ·KF·10·2025·D5-0001")
        (tmp_path / "台账.xlsx").write_bytes(ledger_file(office, list_records(office), "台账.xlsx").data)
    row = next(r for r in seen(tmp_path / "台账.xlsx") if r[0] == number)
    assert row[HEADINGS.index("归档编号")] == "750-KJ·KF·10·2025·D5-0001"
    event = listed.json("audit", "list", "--object", "list")["events"][0]
    assert (event["action"], event["detail"]["exported"], event["detail"]["total"]) == ("read", ".xlsx", 4)
