"""The loop on synthetic paper: filled, printed, stained, skewed, badly scanned, shuffled – and home again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qrecords.render.code import payload
from qrecords.scanning import ocr
from tests import paper
from tests.conftest import CommandLine

pytestmark = pytest.mark.office

SIGNED = ("--kind", "customer-seal", "--by", "示例单位", "--on", "2025-12-01")
IN_ONE_FILE = 40


def filled(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], count: int) -> list[str]:
    """Fill so many reports; print one of them, whose pages serve all, each with its own code."""
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    taught = ("training_content", "training_hours", "training_people", "training_instructor")
    untaught = dict.fromkeys(taught)  # so many hours together would ask for a training record
    reports = [sample("06A", serial_no=f"S{n:05d}", **untaught) for n in range(count)]
    made = cli.json("fill", "06A", write(reports))["records"]
    return [r["record_no"] for r in made]


def scanned_paper(
    cli: CommandLine, numbers: list[str], folder: Path
) -> tuple[list[Path], dict[tuple[str, int], tuple[str, int]]]:
    """Print, treat, shuffle and bundle two pages a record; returns the files, and what every page truly is."""
    (printed,) = cli.json("print", numbers[0], "--out", folder)["prints"]
    sides = {dpi: paper.drawn(Path(printed["pdf"]), dpi) for dpi in (150, 200)}
    wanted = [(number, page) for number in numbers for page in (1, 2)]
    random.Random(4).shuffle(wanted)
    hows = paper.treatments(len(wanted))
    truth: dict[tuple[str, int], tuple[str, int]] = {}
    files = []
    for dpi in (150, 200):
        mine = [(n, what, how) for n, (what, how) in enumerate(zip(wanted, hows, strict=True)) if how.dpi == dpi]
        for start in range(0, len(mine), IN_ONE_FILE):
            name = f"{dpi}-{start:04d}.pdf"
            pages: list[Image.Image] = []
            for seed, (number, page), how in mine[start : start + IN_ONE_FILE]:
                fresh = paper.recoded(sides[dpi][page - 1], payload(number, 1, page))
                pages.append(paper.treated(fresh, how, seed))
                truth[name, len(pages)] = (number, page)
            files.append(paper.bundle(pages, folder / name, dpi))
    return files, truth


def come_home(cli: CommandLine, files: list[Path], truth: dict[tuple[str, int], tuple[str, int]]) -> float:
    """Scan; no page may be at a wrong record or place. Returns the share of pages that found theirs."""
    answer = cli.json("scan", *files, *SIGNED)
    assert answer["refused"] == []
    home = 0
    for attached in answer["attached"]:
        for place, source in enumerate(attached["sources"], start=1):
            assert truth[source["file"], source["page"]] == (attached["record_no"], place)
            home += 1
    for note in (cli.root / "archive" / "inbox" / "unmatched").glob("*.json"):
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["code"]:  # it found its print, and waits there for its other page
            assert known["code"] == payload(
                truth[known["source"], known["number"]][0], 1, truth[known["source"], known["number"]][1]
            )
            home += 1
    return home / len(truth)


@pytest.fixture(autouse=True)
def without_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: False)


def test_24_pages_come_home(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    files, truth = scanned_paper(cli, filled(cli, sample, write, 12), tmp_path)
    assert come_home(cli, files, truth) == 1


@pytest.mark.slow
def test_500_pages_come_home(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    files, truth = scanned_paper(cli, filled(cli, sample, write, 250), tmp_path)
    assert len(truth) == 500
    share = come_home(cli, files, truth)
    print(f"{share:.1%} of {len(truth)} pages came home")
    assert share >= 0.99
