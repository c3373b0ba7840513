"""The whole way through the command line alone: every form, every state, into a bound volume."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.conftest import FORMS, CommandLine, blank_scan

pytestmark = pytest.mark.office

SIGNERS = {
    "customer-signature": "示例用户",
    "customer-seal": "示例用户单位",
    "engineer": "示例工程师",
    "unit-leader": "示例单位领导",
    "quality-receipt": "示例质量员",
}
RECORD_FORMS = ("04A", "01A", "05A", "06A", "07A", "08A", "11A")
REGISTERS = ("02A", "03A", "09A", "10A")
SIGNED_ON, REVIEWED_ON = "2025-12-30", "2025-12-31"


def fill_sample(cli: CommandLine, form: str) -> str:
    answer = cli.json("fill", form, FORMS / form / "sample.json", "--out", cli.root / "out")
    (record,) = answer["records"]
    assert Path(record["docx"]).is_file()
    return str(record["record_no"])


def state(cli: CommandLine, number: str) -> str:
    return str(cli.json("show", number)["record"]["state"])


def sign_all(cli: CommandLine, number: str, form: str) -> None:
    shown = cli.json("forms", "show", form)["form"]
    for signature in shown["signatures"]:
        kind = signature["kind"]
        cli.json("sign", number, "--kind", kind, "--by", SIGNERS[kind], "--on", SIGNED_ON)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return blank_scan(tmp_path / "签字页.pdf")


def test_all_eleven_forms_go_all_the_way(cli: CommandLine, scan: Path) -> None:
    numbers = {"04A": fill_sample(cli, "04A")}
    assert state(cli, numbers["04A"]) == "draft"
    assert cli.json("submit", numbers["04A"], ok=False)["error"]["code"] == "wrong_state"
    cli.json("issue", numbers["04A"])
    assert state(cli, numbers["04A"]) == "issued"
    numbers |= {form: fill_sample(cli, form) for form in RECORD_FORMS[1:]}
    for form, number in numbers.items():
        sign_all(cli, number, form)
        assert cli.json("submit", number)["records"] == [{"record_no": number, "state": "submitted"}]
    evidence = ("--kind", "customer-signature", "--by", "示例用户", "--on", SIGNED_ON, "--evidence", scan)
    cli.json("sign", numbers["06A"], *evidence)
    cli.json("return", numbers["06A"], "--reason", "示例：更换件数量请核对")
    assert state(cli, numbers["06A"]) == "draft"
    cli.json("submit", numbers["06A"])
    cli.json("review", *numbers.values(), "--opinion", "同意归档", "--on", REVIEWED_ON)
    filed = cli.json("file", "--all")["records"]
    assert sorted(f["record_no"] for f in filed) == sorted(numbers.values())
    assert state(cli, numbers["06A"]) == "filed"
    assert cli.json("update", numbers["06A"], scan, ok=False)["error"]["code"] == "wrong_state"

    months = file_registers(cli)
    bind_and_check(cli, [*numbers.values(), *months])
    assert state(cli, numbers["06A"]) == "bound"
    history = [e["action"] for e in cli.json("show", numbers["06A"], "--history")["record"]["history"]]
    history = [action for action in history if action != "read"]  # every look at it stands there too
    assert history == ["create", *["sign"] * 4, "submit", "sign", "return", "submit", "review", "file"]
    assert cli.json("verify", "--deep")["problems"] == []
    assert any(p.name.endswith("customer-signature.pdf") for p in (cli.root / "archive" / "objects").rglob("scans/*"))


def file_registers(cli: CommandLine) -> list[str]:
    months = []
    for form in REGISTERS:
        number = fill_sample(cli, form)
        month = cli.json("show", number)["record"]["date"][:7]
        assert cli.json("file", number, ok=False)["error"]["code"] == "wrong_state"
        cli.json("submit", f"QR758-{form}", "--month", month)
        cli.json("review", form, "--month", month, "--on", REVIEWED_ON)
        (printed,) = cli.json("print", form, "--month", month)["prints"]
        assert len(PdfReader(printed["pdf"]).pages) == 1
        (filed,) = cli.json("file", form, "--month", month)["records"]
        assert filed["rows"] == 1
        months.append(number)
    return months


def bind_and_check(cli: CommandLine, numbers: list[str]) -> None:
    planned = cli.json("compile", 2025, "--dry-run")
    assert planned["left_out"] == []
    volumes = cli.json("compile", 2025)["volumes"]
    assert len(volumes) == len(planned["volumes"]) == 11
    for volume in volumes:
        pdf = PdfReader(volume["pdf"])
        text = "".join("".join(page.extract_text() for page in pdf.pages).split())  # cells wrap where they must
        assert volume["volume_code"] in text
        assert volume["title"] in text
        bound = [n for n in numbers if n[6:9] == volume["form_code"][6:9]]
        assert all(n in text for n in bound)
        shown = cli.json("volume", "show", volume["volume_code"])["volumes"][0]
        assert [c["page_from"] for c in shown["contents"]] == [1]
    assert [v["volume_code"] for v in cli.json("volume", "list", "--year", 2025)["volumes"]]
    assert cli.json("compile", 2025)["volumes"] == [], "nothing is bound twice"


def test_a_register_month_takes_its_late_row_as_the_next_version(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    done = sample("02A", call_at="2025-03-03 10:00", closed_on="2025-03-03")
    later = {k: v for k, v in done.items() if k not in {"handling_result", "closed_on"}} | {
        "call_at": "2025-03-28 16:00"
    }
    first, open_row = [r["record_no"] for r in cli.json("fill", "02A", write([done, later]))["records"]]
    cli.json("submit", "02A", "--month", "2025-03")
    assert cli.json("submit", open_row, ok=False)["error"]["problems"], "a call without its result stays open (R5)"
    cli.json("review", "02A", "--month", "2025-03", "--on", "2025-04-01")
    (filed,) = cli.json("file", "02A", "--month", "2025-03")["records"]
    assert (filed["rows"], filed["carried"], filed["version"]) == (1, [open_row], 1)
    cli.json("update", open_row, write({"handling_result": "已电话答复，用户满意", "closed_on": "2025-04-02"}))
    cli.json("submit", open_row)
    cli.json("review", open_row, "--on", "2025-04-03")
    (again,) = cli.json("file", "02A", "--month", "2025-03")["records"]
    assert (again["rows"], again["carried"], again["version"]) == (2, [], 2)
    assert again["archive_no"] == filed["archive_no"]
    assert again["object"] == filed["object"]
    assert {state(cli, n) for n in (first, open_row)} == {"filed"}
    assert cli.json("verify", "--deep")["problems"] == []


def test_a_void_number_stays_with_its_reason_and_the_input_may_be_filled_anew(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    source = write(sample("10A"))
    (first,) = cli.json("fill", "10A", source)["records"]
    assert cli.json("fill", "10A", source)["records"][0]["record_no"] == first["record_no"], "same input, same number"
    cli.json("void", first["record_no"], "--reason", "示例：填错用户")
    assert cli.json("show", first["record_no"])["record"]["reason"] == "示例：填错用户"
    (second,) = cli.json("fill", "10A", source)["records"]
    assert second["record_no"].endswith("00002")
    assert cli.json("verify")["problems"] == []


def test_a_year_with_open_records_is_bound_only_with_a_reason(cli: CommandLine, sample: Callable[..., Any]) -> None:
    filed, open_ = (fill_sample(cli, form) for form in ("10A", "03A"))
    month = cli.json("show", filed)["record"]["date"][:7]
    cli.json("submit", filed)
    cli.json("review", filed, "--on", REVIEWED_ON)
    cli.json("file", "10A", "--month", month)
    refused = cli.json("compile", 2025, ok=False)
    assert refused["error"]["code"] == "wrong_state"
    answer = cli.json("compile", 2025, "--with-gaps", "--reason", "示例：传真件待补")
    assert [o["record_no"] for o in answer["left_out"]] == [open_]
    assert len(answer["volumes"]) == 1


def test_numbers_come_from_standard_input(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    numbers = [fill_sample(cli, form) for form in ("10A", "03A")]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(numbers)))
    assert [r["state"] for r in cli.json("submit", "-")["records"]] == ["submitted", "submitted"]


def test_the_archive_is_read_without_the_program(cli: CommandLine) -> None:
    number = fill_sample(cli, "10A")
    cli.json("submit", number)
    cli.json("review", number, "--opinion", "同意", "--on", REVIEWED_ON)
    month = cli.json("show", number)["record"]["date"][:7]
    (filed,) = cli.json("file", "10A", "--month", month)["records"]
    (path,) = (cli.root / "archive" / "objects").rglob("record.json")
    frozen = json.loads(path.read_text(encoding="utf-8"))
    assert frozen["archive_no"] == filed["archive_no"]
    assert frozen["records"][0]["values"] == cli.json("show", number)["record"]["values"]
    assert frozen["records"][0]["opinion"] == "同意"


def test_a_report_reviewed_in_january_belongs_to_the_new_year(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    fill_sample(cli, "04A")
    cli.json("issue", "QR758-04A-2025-00001")
    dates = {"reported_on": "2025-12-29", "started_on": "2025-12-29", "finished_on": "2025-12-31"}
    report = sample("06A", **dates, user_sign_date="2025-12-31")
    (number,) = [r["record_no"] for r in cli.json("fill", "06A", write(report))["records"]]
    for kind in ("customer-seal", "engineer"):
        cli.json("sign", number, "--kind", kind, "--by", SIGNERS[kind], "--on", "2025-12-31")
    cli.json("submit", number)
    cli.json("review", number, "--on", "2026-01-03")
    assert [o["record_no"] for o in cli.json("compile", 2026, "--form", "06A", "--dry-run")["left_out"]] == [number]
    (filed,) = cli.json("file", number)["records"]
    assert number.startswith("QR758-06A-2025-")
    assert "·2026·" in filed["archive_no"]
    assert cli.json("compile", 2025, "--form", "06A")["volumes"] == []
    (volume,) = cli.json("compile", 2026, "--form", "06A")["volumes"]
    assert volume["items"] == 1
    (again,) = cli.json("print", number)["prints"]
    assert again["print_id"] == f"{number}/3", "filled, filed, printed"
