"""A process killed while it attaches scanned pages: the next start finishes or takes back, the same command ends the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from qrecords.render.code import code_png, payload
from tests.conftest import CommandLine
from tests.test_crash import killed_at

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
