"""Past paper records come in as filed: with the numbers they had, their scans, and never a gap unasked (domain rule R4)."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from PIL import Image, ImageDraw
from pypdf import PdfReader

from qrecords.office import system_now
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve, draw, witness
from tests.conftest import CommandLine
from tests.dying import killed_at
from tests.retention_office import opened

HEAD = ("表式", "记录编号", "日期", "用户单位", "题名", "扫描件")
FIRST, SECOND = "QR758-06A-2019-00001", "QR758-06A-2019-00002"
Row = tuple[Any, ...]


def picture(path: Path, words: str = "paper", pages: int = 1) -> str:
    """Write a small page (A6) with a few words on it, as a scanner does; returns its name."""
    images = []
    for number in range(pages):
        image = Image.new("L", (413, 583), 250)
        ImageDraw.Draw(image).text((50, 50 + 20 * number), f"{words} {number}", fill=20)
        image.paste(60, (50, 200 + 25 * number, 350, 215 + 25 * number))
        images.append(image)
    if path.suffix == ".pdf":
        images[0].save(path, "PDF", save_all=True, append_images=images[1:], resolution=100)
    else:
        images[0].save(path, dpi=(100, 100))
    return path.name


def listed(folder: Path, rows: Sequence[Row], head: Row = HEAD, name: str = "past.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    return path


@pytest.fixture
def past(tmp_path: Path) -> Path:
    folder = tmp_path / "past"
    folder.mkdir()
    picture(folder / "a.png", "first")
    picture(folder / "b.pdf", "second", pages=2)
    return folder


def two(folder: Path) -> Path:
    return listed(
        folder,
        [
            ("06A", FIRST, "2019-03-05", "示例用户一厂", "示例：更换轴承", "a.png"),
            ("06A", SECOND, "2019-04-06", "示例用户二厂", "示例：更换电机", "b.pdf; a.png"),
        ],
    )


def sound(cli: CommandLine) -> None:
    assert cli.json("verify", "--deep")["problems"] == []
    assert cli.json("status")["under_way"] == 0
    assert list((cli.root / "archive" / "staging").iterdir()) == []


def problems(cli: CommandLine, *words: object) -> list[str]:
    ran = cli("--json", "import", *words, "--as-filed", "--no-ocr", ok=False)
    assert ran.status == 3
    return [f"{p['row']} {p['message']}" for p in ran.json["error"]["problems"]]


def test_past_papers_are_filed_with_the_numbers_they_had_and_their_scans(cli: CommandLine, past: Path) -> None:
    made = cli.json("import", two(past), "--as-filed", "--no-ocr")["records"]
    assert [(r["record_no"], r["paper_no"]) for r in made] == [(FIRST, FIRST), (SECOND, SECOND)]
    record = cli.json("show", SECOND, "--history")["record"]
    assert (record["state"], record["date"], record["title"]) == ("filed", "2019-04-06", "示例：更换电机")
    (version,) = record["versions"]
    folder = Path(version["pdf"]).parent
    assert len(PdfReader(version["pdf"]).pages) == 3, "all scans, page after page"
    assert (folder / "scans" / f"{SECOND}-1-b.pdf").read_bytes() == (past / "b.pdf").read_bytes()
    assert json.loads((folder / "record.json").read_text("utf-8"))["records"][0]["paper_no"] == SECOND
    assert f"据纸质原件补录，原编号：{SECOND}" in cli("show", SECOND).out
    assert cli.json("search", "更换电机")["hits"][0]["record_no"] == SECOND
    sound(cli)


def test_the_same_list_again_doubles_nothing_and_new_records_go_on_behind(cli: CommandLine, past: Path) -> None:
    cli("import", two(past), "--as-filed", "--no-ocr")
    again = cli.json("import", two(past), "--as-filed", "--no-ocr")
    assert [(r["record_no"], r["again"]) for r in again["records"]] == [(FIRST, True), (SECOND, True)]
    more = listed(past, [("06A", "维修-19-007", "2019-05-01", "示例用户一厂", "示例：旧编号", "a.png")])
    (made,) = cli.json("import", more, "--as-filed", "--no-ocr")["records"]
    assert (made["record_no"], made["paper_no"]) == ("QR758-06A-2019-00003", "维修-19-007")
    assert cli.json("search", "维修-19-007")["hits"][0]["record_no"] == "QR758-06A-2019-00003"
    sound(cli)


def test_numbers_left_out_stop_it_and_are_void_only_when_asked(cli: CommandLine, past: Path) -> None:
    third = listed(past, [("06A", "QR758-06A-2019-00003", "2019-05-01", "", "示例", "a.png")])
    (told,) = problems(cli, third)
    assert FIRST in told
    assert "--fill-gaps" in told
    assert cli.json("list", "--all")["records"] == []
    answer = cli.json("import", third, "--as-filed", "--fill-gaps", "--no-ocr")
    assert answer["unused"] == [FIRST, SECOND]
    void = cli.json("show", FIRST)["record"]
    assert (void["state"], void["reason"]) == ("void", "补录时空号")
    far = listed(past, [("06A", "QR758-06A-2018-09999", "2018-05-01", "", "示例", "a.png")])
    ran = cli("import", far, "--as-filed", "--fill-gaps", "--no-ocr", ok=False)
    assert (ran.status, "有没有写错" in ran.err) == (3, True)
    sound(cli)


WRONG: dict[str, tuple[Row, str]] = {
    "no form": (("", "旧-1", "2019-01-02", "", "示例", "a.png"), "没有写「表式」"),
    "unknown form": (("99A", "旧-1", "2019-01-02", "", "示例", "a.png"), "99A"),
    "no date": (("06A", "旧-1", "", "", "示例", "a.png"), "没有写「日期」"),
    "no day": (("06A", "旧-1", "2019-02-30", "", "示例", "a.png"), "「日期」"),
    "to come": (("06A", "旧-1", f"{date.today().year + 1}-06-01", "", "示例", "a.png"), "还没有到"),
    "other year": (("06A", FIRST, "2020-01-02", "", "示例", "a.png"), "不符"),
    "other form": (("07A", FIRST, "2019-01-02", "", "示例", "a.png"), "不符"),
    "no title": (("06A", "旧-1", "2019-01-02", "", "", "a.png"), "没有写「题名」"),
    "no scan": (("06A", "旧-1", "2019-01-02", "", "示例", ""), "没有写「扫描件」"),
    "scan not there": (("06A", "旧-1", "2019-01-02", "", "示例", "c.png"), "c.png"),
    "scan elsewhere": (("06A", "旧-1", "2019-01-02", "", "示例", "../other.png"), "不在清单旁边"),
    "no picture": (("06A", "旧-1", "2019-01-02", "", "示例", "past.csv"), "不是扫描件"),
    "damaged": (("06A", "旧-1", "2019-01-02", "", "示例", "bad.pdf"), "bad.pdf"),
}


def test_all_that_is_wrong_is_told_at_once_and_nothing_comes_in(cli: CommandLine, past: Path) -> None:
    (past / "bad.pdf").write_bytes(b"%PDF-1.7 nothing more")
    picture(past.parent / "other.png")
    good = ("06A", FIRST, "2019-03-05", "", "示例", "a.png")
    source = listed(past, [row for row, _ in WRONG.values()] + [good, (*good[:4], "示例：另一份", "b.pdf")])
    told = problems(cli, source)
    for number, (name, (_, words)) in enumerate(WRONG.items(), start=2):
        assert any(p.startswith(f"{number} ") and words in p for p in told), (name, told)
    assert any("相同" in p for p in told), "a number twice in the list"
    assert cli.json("list", "--all")["records"] == []
    assert not [*(cli.root / "archive").glob("evidence/*")]
    ran = cli("--json", "import", source, "--as-filed", "--keep-going", "--no-ocr", ok=False)
    assert [r["record_no"] for r in ran.json["records"]] == [FIRST]
    assert len(ran.json["rejected"]) == len(WRONG) + 1
    used = problems(cli, listed(past, [(*good[:4], "示例：又一份", "b.pdf")]))
    assert any("已在用" in p for p in used)
    sound(cli)


def test_without_the_flag_nothing_is_taken_for_filed_and_a_dry_run_changes_nothing(
    cli: CommandLine, past: Path
) -> None:
    assert cli("import", two(past), ok=False).status == 2
    assert len(cli.json("import", two(past), "--as-filed", "--dry-run")["records"]) == 2
    assert cli.json("list", "--all")["records"] == []


def test_workbook_and_json_with_fields_of_the_form(cli: CommandLine, past: Path) -> None:

    book = Workbook()
    assert book.active
    book.active.append((*HEAD, "出厂编号"))
    book.active.append(("06A", "旧-1", datetime(2019, 3, 5), "示例用户一厂", "示例", "a.png", "S2203017"))
    book.save(past / "past.xlsx")
    (one,) = cli.json("import", past / "past.xlsx", "--as-filed", "--no-ocr")["records"]
    assert cli.json("show", one["record_no"])["record"]["values"]["serial_no"] == "S2203017"
    entry = {"form": "06A", "paper_no": "旧-2", "date": "2019-03-06", "title": "示例", "scans": ["a.png", "b.pdf"]}
    (past / "past.json").write_text(json.dumps([entry]), encoding="utf-8")
    (two_,) = cli.json("import", past / "past.json", "--as-filed", "--no-ocr")["records"]
    assert len(cli.json("show", two_["record_no"])["record"]["attached"]) == 2


def test_the_rows_of_a_register_come_in_as_their_month(cli: CommandLine, past: Path) -> None:
    rows = [
        ("10A", "收-1", "2019-03-05", "示例用户一厂", "示例：收到一件", "a.png"),
        ("10A", "收-2", "2019-03-06", "示例用户一厂", "示例：收到两件", "a.png"),
        ("10A", "收-3", "2019-04-01", "示例用户一厂", "示例：四月", "b.pdf"),
    ]
    made = cli.json("import", listed(past, rows), "--as-filed", "--no-ocr")["records"]
    assert len({r["archive_no"] for r in made[:2]}) == 1, "one item a month"
    assert made[2]["archive_no"] != made[0]["archive_no"]
    (version,) = cli.json("show", made[0]["record_no"], "--history")["record"]["versions"]
    assert len(PdfReader(version["pdf"]).pages) == 1, "a sheet that shows two rows comes once"
    late = problems(cli, listed(past, [("10A", "收-4", "2019-03-07", "", "示例", "b.pdf")]))
    assert "已归档" in late[0]
    sound(cli)


def test_a_correction_keeps_the_scan_and_there_is_nothing_to_print(
    cli: CommandLine, past: Path, tmp_path: Path
) -> None:
    cli("import", two(past), "--as-filed", "--no-ocr")
    change = tmp_path / "change.json"
    change.write_text(json.dumps({"serial_no": "S1"}), encoding="utf-8")
    cli("correct", FIRST, change, "--reason", "示例：补上出厂编号")
    one, two_ = cli.json("show", FIRST, "--history")["record"]["versions"]
    assert Path(one["pdf"]).read_bytes() == Path(two_["pdf"]).read_bytes()
    record = cli.json("show", FIRST)["record"]
    assert (record["values"]["serial_no"], record["title"]) == ("S1", "示例：更换轴承")
    assert cli("print", FIRST, ok=False).status == 6
    sound(cli)


@pytest.mark.office
def test_past_papers_are_bound_once(cli: CommandLine, past: Path) -> None:
    cli("import", two(past), "--as-filed", "--no-ocr")
    (volume,) = cli.json("compile", 2019)["volumes"]
    assert (volume["items"], volume["pages"]) == (2, 4)
    manifest = json.loads(Path(volume["pdf"]).with_name("manifest.json").read_text(encoding="utf-8"))
    assert not [note for note in manifest["notes"] if "未装入" in note], "all scans are bound"
    sound(cli)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize(
    ("checkpoint", "passes"),
    [
        ("past.kept", 1),
        ("publish.done", 2),
        *[
            pytest.param(name, 1, marks=pytest.mark.slow)
            for name in ("past.intent", "past.reserved", "past.frozen", "past.committed")
        ],
    ],
)
def test_killed(cli: CommandLine, past: Path, checkpoint: str, passes: int) -> None:
    source = two(past)
    killed_at(checkpoint, passes, cli.root, "import", source, "--as-filed", "--no-ocr")
    there = [r["record_no"] for r in cli.json("list", "--all")["records"]]
    assert there == ([] if checkpoint in {"past.intent", "past.kept"} else [FIRST, SECOND]), "all or none"
    evidence = [*(cli.root / "archive").glob("evidence/*")]
    assert len(evidence) == (2 if there else 0)
    again = cli.json("import", source, "--as-filed", "--no-ocr")["records"]
    assert [r["record_no"] for r in again] == [FIRST, SECOND]
    sound(cli)


def test_a_lost_register_is_rebuilt_with_the_numbers_on_paper(cli: CommandLine, past: Path) -> None:
    row = ("06A", "维修-19-007", "2019-05-01", "示例用户一厂", "示例：旧编号", "a.png")
    (made,) = cli.json("import", listed(past, [row]), "--as-filed", "--no-ocr")["records"]
    for left in (cli.root / "archive").glob("register.sqlite*"):
        left.unlink()
    cli("rebuild")
    record = cli.json("show", made["record_no"])["record"]
    assert (record["paper_no"], record["title"]) == ("维修-19-007", "示例：旧编号")
    sound(cli)


def test_past_papers_whose_years_are_over_are_destroyed_scans_and_all(cli: CommandLine, past: Path) -> None:
    made = cli.json("import", two(past), "--as-filed", "--no-ocr")["records"]
    scans = {(past / name).read_bytes() for name in ("a.png", "b.pdf")}
    with opened(cli.root, system_now) as people:
        drawn = draw(people("甲"), [r["archive_no"] for r in made], "示例：期满，无保存价值")
        approve(people("乙"), drawn.list_no)
        for name in ("丙", "丁"):
            witness(people(name), drawn.list_no, drawn.sha256, people.office.today())
        destroy(people("戊"), drawn.list_no)
    assert cli.json("show", SECOND)["record"]["state"] == "destroyed"
    assert not [p for p in cli.root.rglob("*") if p.is_file() and p.read_bytes() in scans]
    sound(cli)
