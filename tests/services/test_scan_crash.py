"""A process killed while it attaches scanned pages: the next start finishes or takes back, the same command ends the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from qrecords.render.code import code_png, payload
from qrecords.stores import durable
from tests.conftest import CommandLine
from tests.dying import killed_at
from tests.retention_office import MONTH, ROWS, C, copied
from tests.services.test_crash import assert_valid_ocfl

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

SIGNED = ("--kind", "customer-signature", "--by", "示例用户", "--on", "2025-12-01", "--no-ocr")


def sheet(path: Path, text: str) -> None:
    """A page with nothing but a code on it: no LibreOffice needed."""
    import io

    page = Image.new("L", (1240, 1754), 255)
    page.paste(Image.open(io.BytesIO(code_png(text))).convert("L").resize((260, 260)), (900, 80))
    page.paste(90, (100, 600, 1100, 640))
    page.save(path, dpi=(150, 150))


@pytest.fixture
def paper(
    cli: CommandLine, sample: Callable[..., dict[str, object]], write: Callable[..., Path], tmp_path: Path
) -> Path:
    """Two Word prints of reports as scanned, and a page nobody knows."""
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    cli("fill", "06A", write([sample("06A"), sample("06A", serial_no="S999")]))
    folder = tmp_path / "paper"
    folder.mkdir()
    for number in (1, 2):
        sheet(folder / f"{number}.png", payload(f"QR758-06A-2025-0000{number}", 1))
    sheet(folder / "3.png", "HTTP://EXAMPLE.ORG")
    return folder


@pytest.mark.parametrize(
    ("checkpoint", "passes"),
    [
        ("scan.intent", 1),
        ("write_file.aside", 2),
        ("write_file.aside", 5),
        ("scan.kept", 1),
        ("scan.committed", 1),
        ("scan.tidied", 1),
    ],
)
def test_scan(cli: CommandLine, paper: Path, checkpoint: str, passes: int) -> None:
    killed_at(checkpoint, passes, cli.root, "scan", paper, *SIGNED)
    cli("status")  # the next start finishes or takes back
    archive = cli.root / "archive"
    numbers = ["QR758-06A-2025-00001", "QR758-06A-2025-00002"]
    signed = [cli.json("show", number)["record"]["signatures"] for number in numbers]
    assert [len(s) for s in signed] in ([0, 0], [1, 1]), "all of them or none"
    hashes = {s["evidence_sha256"] for record in signed for s in record}
    evidence = {p.stem for p in (archive / "evidence").glob("*.pdf")} if (archive / "evidence").exists() else set()
    assert evidence == hashes, "no file without its record, no record without its file"
    cli.json("scan", paper, *SIGNED)
    assert [len(cli.json("show", number)["record"]["signatures"]) for number in numbers] == [1, 1]
    (note,) = (archive / "inbox" / "unmatched").glob("*.json")
    assert json.loads(note.read_text(encoding="utf-8"))["source"] == "3.png"
    assert cli.json("status")["under_way"] == 0
    assert list((archive / "staging").iterdir()) == []
    assert cli.json("verify", "--deep")["problems"] == []


def evidence_of(cli: CommandLine, number: str) -> tuple[set[str], set[str]]:
    """Return the files among the evidence, and what a record's signatures and papers name; the workspace is opened."""
    record = cli.json("show", number)["record"]
    named = {s["evidence_sha256"] for s in record["signatures"]} | {a["sha256"] for a in record["attached"]}
    return {p.stem for p in (cli.root / "archive" / "evidence").glob("*")}, named


@pytest.mark.parametrize(("checkpoint", "signatures"), [("scan.intent", 0), ("scan.kept", 0), ("scan.committed", 1)])
def test_signing_with_evidence_leaves_no_scan_without_its_signature(
    cli: CommandLine, paper: Path, checkpoint: str, signatures: int
) -> None:
    number = "QR758-06A-2025-00001"
    words = ("sign", number, *SIGNED[:-1], "--evidence", paper / "3.png")
    killed_at(checkpoint, 1, cli.root, *words)
    there, named = evidence_of(cli, number)
    assert there == named
    assert len(named) == signatures
    if not signatures:
        cli(*words)
    there, named = evidence_of(cli, number)
    assert there == named
    assert len(named) == 1
    assert cli.json("status")["under_way"] == 0


@pytest.mark.parametrize("words", [("sign", *SIGNED[:-1], "--evidence"), ("attach", "--no-ocr")])
def test_a_file_that_changes_while_it_is_kept_is_not_kept(
    cli: CommandLine, paper: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    picture, number = paper / "3.png", "QR758-06A-2025-00001"
    with monkeypatch.context() as patched:
        patched.setattr(
            durable, "checkpoint", lambda at: at == "scan.intent" and sheet(picture, "HTTP://EXAMPLE.ORG/2")
        )
        ran = cli(words[0], number, *words[1:], picture, ok=False)
    assert (ran.status, "刚被改动" in ran.err) == (3, True)
    assert evidence_of(cli, number) == (set(), set())
    assert cli.json("status")["under_way"] == 0


SLOW = pytest.mark.slow
SHEET = f"QR758-02A-{MONTH}"


@pytest.fixture
def filed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The office of tests/retention_office.py: everything in it is filed."""
    return CommandLine(copied(tmp_path), capsys)


def assert_whole(cli: CommandLine) -> None:
    """All is sound, and every file among the evidence belongs to a record."""
    answer = cli.json("verify", "--deep")
    assert answer["problems"] == []
    assert_valid_ocfl(cli.root)
    assert cli.json("status")["under_way"] == 0
    assert list((cli.root / "archive" / "staging").iterdir()) == []
    records = [cli.json("show", number)["record"] for number in (C, *ROWS)]
    known = {s["evidence_sha256"] for r in records for s in r["signatures"]}
    known |= {a["sha256"] for r in records for a in r["attached"]}
    assert {p.stem for p in (cli.root / "archive" / "evidence").glob("[!.]*")} <= known


@pytest.mark.office
@pytest.mark.parametrize(
    ("checkpoint", "version"),
    [
        ("add.intent", 2),
        pytest.param("write_file.aside", 2, marks=SLOW),
        pytest.param("add.kept", 2, marks=SLOW),
        pytest.param("stage.done", 2, marks=SLOW),
        pytest.param("publish.begin", 2, marks=SLOW),
        ("publish.version_in", 3),
        pytest.param("publish.inventory_in", 3, marks=SLOW),
        pytest.param("publish.done", 3, marks=SLOW),
        pytest.param("publish.tidy", 3, marks=SLOW),
        pytest.param("add.frozen", 3, marks=SLOW),
        pytest.param("add.committed", 3, marks=SLOW),
        pytest.param("add.tidied", 3, marks=SLOW),
    ],
)
def test_a_paper_for_a_filed_record_is_in_its_object_or_nowhere(
    filed: CommandLine, tmp_path: Path, checkpoint: str, version: int
) -> None:
    picture = tmp_path / "photo.png"
    sheet(picture, "HTTP://EXAMPLE.ORG")
    killed_at(checkpoint, 1, filed.root, "attach", C, picture, "--no-ocr")
    filed("status")  # the next start finishes or takes back
    record = filed.json("show", C)["record"]
    assert record["item"]["version"] == version
    assert [a["name"] for a in record["attached"]] == ["photo.png"] * (version - 2)
    assert_whole(filed)
    ran = filed("attach", C, picture, "--no-ocr", ok=version == 2)
    assert ran.status == (0 if version == 2 else 6), "there already"
    assert filed.json("show", C)["record"]["item"]["version"] == 3
    assert filed.json("search", "附件:photo")["total"] == 1
    assert_whole(filed)


@pytest.mark.office
@pytest.mark.parametrize(
    ("checkpoint", "passes", "versions"),
    [("publish.begin", 2, (3, 1)), pytest.param("add.committed", 1, (3, 2), marks=SLOW)],
)
def test_of_several_filed_items_each_is_whole(
    filed: CommandLine, tmp_path: Path, checkpoint: str, passes: int, versions: tuple[int, int]
) -> None:
    folder = tmp_path / "paper"
    folder.mkdir()
    sheet(folder / "1.png", payload(C, 3))
    sheet(folder / "2.png", payload(SHEET, 2))
    words = ("scan", folder, "--kind", "customer-seal", "--by", "示例单位三", "--on", "2020-01-10", "--no-ocr")
    killed_at(checkpoint, passes, filed.root, *words)
    filed("status")
    now = [filed.json("show", number)["record"]["item"]["version"] for number in (C, ROWS[0])]
    assert tuple(now) == versions
    assert_whole(filed)
    filed.json(*words)
    now = [filed.json("show", number)["record"]["item"]["version"] for number in (C, ROWS[0])]
    assert now == [3, 2]
    assert_whole(filed)


@pytest.mark.office
def test_a_page_assigned_to_a_filed_record_does_not_wait_any_more(filed: CommandLine, tmp_path: Path) -> None:
    sheet(tmp_path / "page.png", "HTTP://EXAMPLE.ORG")
    (lost,) = filed.json("scan", tmp_path / "page.png", "--no-ocr")["unmatched"]
    killed_at("add.committed", 1, filed.root, "scan-assign", lost["page"], SHEET, "--no-ocr")
    filed("status")
    assert filed.json("show", ROWS[0])["record"]["item"]["version"] == 2
    assert list((filed.root / "archive" / "inbox" / "unmatched").iterdir()) == []
    assert_whole(filed)
