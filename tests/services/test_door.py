"""The check at the door is the archive's own: what it lets in is never condemned, what is condemned never gets in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput
from qrecords.render.docx import Template
from qrecords.services import door
from qrecords.services.care.formats import looked_into
from tests.conftest import FORMS, CommandLine
from tests.door_files import ACTING, HARMLESS, WORD_RELS, related, with_field, word, written
from tests.services.test_importing import listed

A = "QR758-10A-2026-00001"
SCANS = (".pdf", ".png", ".jpg", ".tif")
ALL = [*HARMLESS, *ACTING]


@pytest.fixture
def record(cli: CommandLine, write: Callable[..., Path], sample: Callable[..., object]) -> str:
    made = cli.json("fill", "10A", write(sample("10A")))["records"][0]
    return str(made["record_no"])


def told(problems: list[Mapping[str, Any]], name: str) -> str:
    return " ".join(p["message"] for p in problems if name in (p.get("source") or "") or name in p["message"])


@pytest.mark.parametrize("name", ALL)
def test_the_deep_check_condemns_what_acts_and_nothing_else(tmp_path: Path, name: str) -> None:
    (path,) = written(tmp_path, [name])
    verdict = looked_into(path, name)
    assert bool(verdict.active or verdict.unreadable) is (name in ACTING)
    if name in ACTING and ACTING[name][1] != "损坏":
        assert ACTING[name][1] in verdict.active + verdict.unreadable


def test_attach_lets_in_what_the_deep_check_takes(cli: CommandLine, record: str, tmp_path: Path) -> None:
    cli("attach", record, *written(tmp_path, list(HARMLESS)), "--no-ocr")
    error = cli.json("attach", record, *written(tmp_path, list(ACTING)), "--no-ocr", ok=False)["error"]
    for name, (_, words) in ACTING.items():
        assert words in told(error["problems"], name), name
    assert len(cli.json("show", record)["record"]["attached"]) == len(HARMLESS)
    answer = cli.json("verify", "--deep")
    assert answer["problems"] == []


def test_past_paper_is_asked_the_same(cli: CommandLine, tmp_path: Path) -> None:
    names = [name for name in ALL if name.endswith(SCANS)]
    written(tmp_path, names)
    rows = [("06A", "", f"2019-03-{day:02d}", "示例用户", f"示例{day}", n) for day, n in enumerate(names[:28], 1)]
    rows += [("06A", "", f"2019-04-{day:02d}", "示例用户", f"示例{day}", n) for day, n in enumerate(names[28:], 1)]
    ran = cli.json("import", listed(tmp_path, rows), "--as-filed", "--no-ocr", "--keep-going", ok=False)
    problems = ran["error"]["problems"]
    refused = {name for name in names if any(f"「{name}」" in p["message"] for p in problems)}
    assert refused == {name for name in names if name in ACTING}
    assert len(ran["records"]) == len(names) - len(refused)
    assert cli.json("verify", "--deep")["problems"] == [], "nothing filed is condemned for what the door let in"


@pytest.mark.parametrize("name", ["address.pdf", "picture.jpg", "owner-locked.pdf", "page-action.pdf", "launch.pdf"])
def test_evidence_of_a_signature_is_asked_the_same(
    cli: CommandLine, tmp_path: Path, name: str, write: Callable[..., Path], sample: Callable[..., object]
) -> None:
    cli("fill", "04A", write(sample("04A")))
    by = ("--kind", "customer-seal", "--by", "示例单位", "--on", "2025-12-01")
    ran = cli("sign", "QR758-04A-2025-00001", *by, "--evidence", *written(tmp_path, [name]), ok=name in HARMLESS)
    assert (ran.status == 0) is (name in HARMLESS)
    if name in ACTING:
        assert ACTING[name][1] in ran.err


def test_a_scan_says_what_it_leaves_behind(cli: CommandLine, tmp_path: Path) -> None:
    names = ["address.pdf", "launch.pdf", "attachment.pdf", "page-action.pdf", "owner-locked.pdf"]
    notes = cli.json("scan", *written(tmp_path, names), "--no-ocr")["notes"]
    told = {name: [n for n in notes if name in n and "已去掉" in n] for name in names}
    assert {name for name, found in told.items() if found} == {"launch.pdf", "attachment.pdf", "page-action.pdf"}
    assert "启动程序" in told["launch.pdf"][0]


ACTING_TEMPLATES = {
    "dde": (with_field("DDEAUTO c:\\x"), "DDE"),
    "picture": (with_field("INCLUDEPICTURE https://example.invalid"), "INCLUDEPICTURE"),
    "image": ({WORD_RELS: related("image", "https://example.invalid/a.png")}, "外部图片"),
    "macro": ({"word/media/x.png": bytes.fromhex("d0cf11e0a1b11ae1")}, "宏"),
}


@pytest.mark.parametrize("kind", ACTING_TEMPLATES)
def test_a_template_is_asked_the_same(cli: CommandLine, tmp_path: Path, kind: str) -> None:
    changes, words = ACTING_TEMPLATES[kind]
    path = tmp_path / "06A.docx"
    path.write_bytes(word(changes, source=(FORMS / "06A" / "template.docx").read_bytes()))
    assert words in looked_into(path, "template.docx").active
    with pytest.raises(InvalidInput, match=words):
        Template.load(path)
    for command in (("check", "06A", "--template", path), ("adopt", "06A", path, "--no-pages")):
        error = cli.json("forms", *command, ok=False)["error"]
        assert words in " ".join(p["message"] for p in error["problems"]) + error["message"]


def test_a_file_its_reader_is_lost_over_stays_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "answers", lambda *_, **__: iter(()))
    (path,) = written(tmp_path, ["plain.pdf"])
    with pytest.raises(InvalidInput, match="超过"):
        door.require_harmless(path)
