"""Paths as they come: signs of a URL in a workspace's name, names in another encoding, a backup put inside the office."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from qrecords.services.administer import init
from tests.conftest import CommandLine


@pytest.mark.parametrize(
    "name",
    [
        "a%41",
        "a%2Fb",
        "a#b",
        "a&b=c",
        pytest.param("a?mode=ro", marks=pytest.mark.skipif(sys.platform == "win32", reason="no ? in names there")),
    ],
)
def test_signs_of_a_url_in_a_path_open_no_other_register(tmp_path: Path, name: str) -> None:
    init(tmp_path / name).close()
    assert (tmp_path / name / "archive" / "register.sqlite").is_file()
    assert [found.name for found in tmp_path.iterdir()] == [name]


GBK = os.fsdecode("报告".encode("gb18030"))  # as it comes from a disk written by an older Windows
by_bytes = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")


@by_bytes
@pytest.mark.parametrize(
    "words",
    [
        ("fill", "01A", f"{GBK}.json"),
        ("attach", "01A-2025-1", f"{GBK}.json"),
        ("search", GBK),
        ("void", "01A-2025-1", "--reason", GBK),
        ("show", GBK),
        ("backup", GBK),
        ("list", "-o", f"{GBK}.xlsx"),
    ],
)
def test_names_in_another_encoding_are_told_and_not_an_internal_error(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], words: tuple[str, ...]
) -> None:
    cli("fill", "01A", write(sample("01A")))
    path = Path(f"{GBK}.json")
    path.write_text(json.dumps(sample("01A")), encoding="utf-8")
    refused = cli(*words, ok=False)
    assert refused.status == 3
    assert "按 GBK 读是「报告" in refused.err
    assert "改名" in refused.err


@by_bytes
@pytest.mark.office
def test_such_a_name_inside_a_folder_is_told_too(cli: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    picture = Image.new("L", (400, 560), 255)
    ImageDraw.Draw(picture).rectangle((50, 50, 300, 90), fill=0)  # else it is a blank page, and let go
    picture.save(folder / f"{GBK}.png")
    refused = cli("scan", folder, ok=False)
    assert refused.status == 3
    assert "按 GBK 读是「报告.png」" in refused.err
    assert cli.json("verify")["problems"] == []


@pytest.mark.parametrize("where", ["b", "archive/b", "indexes/b", "forms/QR758/b", "archive/drafts/x/y", "."])
@pytest.mark.parametrize("by_link", [False, True])
def test_a_backup_is_never_inside_what_it_backs_up(cli: CommandLine, tmp_path: Path, where: str, by_link: bool) -> None:
    root = cli.root
    if by_link:
        root = tmp_path / "link"
        root.symlink_to(cli.root)
    assert "就在工作区里" in cli("backup", root / where, ok=False).err
