"""The text of scans: recognised, kept beside the scan and in the object, found by search; and what happens without."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from qrecords.cli.wording import worded
from qrecords.scanning import ocr
from qrecords.services.scans import recognise
from tests.conftest import CommandLine

WORDS = "示例传真：电源模块交付时间"
CALL = "QR758-02A-2025-00001"


@pytest.fixture
def fax(tmp_path: Path) -> Path:
    """A small page with one line of text."""
    if not shutil.which("fc-match"):
        pytest.skip("no fontconfig to find a Chinese font with")
    asked = ["fc-match", "-f", "%{file}", "Noto Sans CJK SC:lang=zh-cn"]
    font = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    page = Image.new("L", (900, 300), 245)
    ImageDraw.Draw(page).text((60, 120), WORDS, fill=20, font=ImageFont.truetype(font, 44))
    page.save(tmp_path / "fax.png")
    return tmp_path / "fax.png"


@pytest.fixture
def call(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> CommandLine:
    cli("fill", "02A", write(sample("02A")))
    return cli


def test_without_recognition_the_command_says_so_and_the_text_is_made_up_for_later(
    call: CommandLine, fax: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: False)
    assert call.json("attach", CALL, fax)["notes"] == [worded(recognise.ABSENT)]
    assert call.json("search", WORDS)["total"] == 0
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", lambda images, progress=None: [WORDS] * len(images))
    other = fax.with_name("other.png")
    Image.open(fax).rotate(180).save(other)
    call.json("attach", CALL, other)
    assert call.json("search", f"扫描件：{WORDS}")["total"] == 1
    texts = [p.read_text("utf-8") for p in (call.root / "archive" / "evidence").glob("*.txt")]
    assert texts == [WORDS, WORDS], "the one left over too"


def test_recognition_that_broke_off_goes_on_the_next_time(
    call: CommandLine, fax: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: True)

    def dies(images: list[Path], progress: object = None) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(ocr, "recognise", dies)
    assert call("attach", CALL, fax, ok=False).status == 130
    assert [a["name"] for a in call.json("show", CALL)["record"]["attached"]] == ["fax.png"], "attached all the same"
    assert list((call.root / "archive" / "staging").iterdir()) == []
    monkeypatch.setattr(ocr, "recognise", lambda images, progress=None: [WORDS] * len(images))
    other = fax.with_name("other.png")
    Image.open(fax).rotate(180).save(other)
    call.json("scan", other)
    assert call.json("search", WORDS)["total"] == 1


@pytest.mark.skipif(not ocr.is_available(), reason="qrecords[ocr] is not installed")
def test_the_text_of_a_picture_is_found(call: CommandLine, fax: Path) -> None:
    call.json("attach", CALL, fax)
    assert [h["record_no"] for h in call.json("search", "电源模块交付")["hits"]] == [CALL]
    (text,) = (call.root / "archive" / "evidence").glob("*.txt")
    assert "电源模块" in text.read_text("utf-8")


@pytest.mark.skipif(not ocr.is_available(), reason="qrecords[ocr] is not installed")
def test_a_recognition_that_hangs_is_ended(fax: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "SECONDS_PER_PAGE", 0.0)
    assert ocr.recognise([fax]) == [""]


def test_lines_are_put_in_reading_order() -> None:
    def box(x: int, y: int) -> list[list[int]]:
        return [[x, y], [x + 50, y], [x + 50, y + 20], [x, y + 20]]

    found = [(box(300, 12), "右", 0.9), (box(0, 50), "下", 0.9), (box(0, 10), "左", 0.9)]
    assert ocr._lines(found) == "左 右\n下"
