"""A process killed at any named step of fill, file and compile: nothing filed is lost, no number is lost or used twice.

The steps are the `checkpoint`s of stores/durable.py; a child process kills itself (SIGKILL) at one of them, then the
next start must finish or undo what it left, and the same commands must lead to the same end as without the crash.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ocfl
import pytest

from qrecords.desk.places import open_archive
from qrecords.settings import load
from tests.conftest import CommandLine
from tests.dying import killed_at

pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]


@pytest.fixture
def parcels(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> Path:
    return write(
        [sample("01A", received_at=f"2025-03-0{n} 09:00", source_record_no=None, channel="电话") for n in (1, 2, 3)]
    )


def numbers(answer: Any) -> list[str]:
    return [r["record_no"] for r in answer["records"]]


EXPECTED = [f"QR758-01A-2025-0000{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize("checkpoint", ["fill.intent", "fill.papers", "fill.committed", "write_file.aside"])
def test_fill(cli: CommandLine, parcels: Path, checkpoint: str) -> None:
    killed_at(checkpoint, 1, cli.root, "fill", "01A", parcels)
    assert numbers(cli.json("fill", "01A", parcels)) == EXPECTED
    assert numbers(cli.json("list")) == EXPECTED
    assert cli.json("status")["under_way"] == 0
    assert_sound(cli)


def reviewed(cli: CommandLine, source: Path) -> list[str]:
    made = numbers(cli.json("fill", "01A", source))
    cli.json("submit", *made)
    cli.json("review", *made, "--on", "2025-12-31")
    return made


@pytest.mark.parametrize(
    ("checkpoint", "passes"),
    [
        pytest.param("file.intent", 1, marks=pytest.mark.slow),
        pytest.param("file.papers", 1, marks=pytest.mark.slow),
        pytest.param("publish.begin", 1, marks=pytest.mark.slow),
        ("publish.begin", 2),
        ("publish.done", 2),
        pytest.param("publish.tidy", 3, marks=pytest.mark.slow),
        pytest.param("file.frozen", 1, marks=pytest.mark.slow),
        ("file.committed", 1),
    ],
)
def test_file(cli: CommandLine, parcels: Path, checkpoint: str, passes: int) -> None:
    made = reviewed(cli, parcels)
    killed_at(checkpoint, passes, cli.root, "file", *made)
    cli("status")  # the next start finishes or undoes
    waiting = [r["record_no"] for r in cli.json("list", "--state", "reviewed")["records"]]
    if waiting:
        cli.json("file", *waiting)
    records = [cli.json("show", number)["record"] for number in made]
    assert [r["state"] for r in records] == ["filed"] * 3
    assert sorted(r["archive_no"][-4:] for r in records) == ["0001", "0002", "0003"], "no gap, none twice"
    assert all(r["item"]["version"] == 1 for r in records)
    assert_sound(cli)


@pytest.mark.parametrize(
    "checkpoint",
    [
        pytest.param("compile.intent", marks=pytest.mark.slow),
        pytest.param("compile.matter", marks=pytest.mark.slow),
        pytest.param("publish.begin", marks=pytest.mark.slow),
        "publish.done",
        "compile.sealed",
        pytest.param("compile.committed", marks=pytest.mark.slow),
        "compile.catalogue",
    ],
)
def test_compile(cli: CommandLine, parcels: Path, checkpoint: str) -> None:
    made = reviewed(cli, parcels)
    cli.json("file", *made)
    killed_at(checkpoint, 1, cli.root, "compile", 2025)
    cli("status")
    cli.json("compile", 2025)
    (volume,) = cli.json("volume", "list")["volumes"]
    assert volume["volume_code"].endswith("-001")
    assert volume["items"] == 3
    assert not volume["supplement"]
    assert [v["volume_code"] for v in cli.json("volume", "catalogue", 2025)["catalogue"]["volumes"]] == [
        volume["volume_code"]
    ]
    assert {cli.json("show", number)["record"]["volume_code"] for number in made} == {volume["volume_code"]}
    assert_sound(cli)


def test_a_year_broken_off_between_volumes_is_bound_in_the_same_volumes(cli: CommandLine, parcels: Path) -> None:
    settings = cli.root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace("max_pages = 200", "max_pages = 1")
    settings.write_text(text, encoding="utf-8")
    made = reviewed(cli, parcels)
    cli.json("file", *made)
    killed_at("compile.sealed", 2, cli.root, "compile", 2025)
    again = cli.json("compile", 2025)["volumes"]
    assert [v["volume_code"][-3:] for v in again] == ["003"], "two were sealed; the third takes its own number"
    volumes = cli.json("volume", "list")["volumes"]
    assert [(v["volume_code"][-3:], v["items"], v["supplement"]) for v in volumes] == [
        ("001", 1, False),
        ("002", 1, False),
        ("003", 1, False),
    ]
    places = cli.json("volume", "find", *made)["places"]
    assert [p["volume_code"] for p in places] == [v["volume_code"] for v in volumes], "the order is kept"
    assert len(cli.json("volume", "catalogue", 2025)["catalogue"]["volumes"]) == 3
    assert_sound(cli)


def test_a_late_row_that_was_moved_in_half_is_whole_after_the_next_start(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    done = sample("10A")
    late = sample("10A", user_need="示例：迟到的一件")
    month = done["received_on"][:7]
    for entry in (done, late):
        (number,) = numbers(cli.json("fill", "10A", write(entry)))
        cli.json("submit", number)
        cli.json("review", number, "--on", "2025-12-31")
        if entry is done:
            cli.json("file", "10A", "--month", month)
    killed_at("publish.version_in", 1, cli.root, "file", "10A", "--month", month)
    cli("status")
    assert [r["state"] for r in cli.json("list", "--all")["records"]] == ["filed", "filed"]
    assert_sound(cli)


def assert_sound(cli: CommandLine) -> None:
    """The office verifies, its objects please an independent judge, and search knows every record."""
    assert cli.json("verify", "--deep")["problems"] == []
    assert_valid_ocfl(cli.root)
    for record in cli.json("list", "--all")["records"]:
        hits = cli.json("search", f"编号:{record['record_no']}")["hits"]
        assert [h["record_no"] for h in hits] == [record["record_no"]]


def assert_valid_ocfl(root: Path) -> None:
    """Let ocfl-py judge the objects of a workspace, or a copy of those on a store."""
    objects = root / "archive" / "objects"
    if not objects.exists():
        objects, blobs = root / "judged", open_archive(load(root)).blobs
        shutil.rmtree(objects, ignore_errors=True)
        for name in blobs.names():
            (objects / name).parent.mkdir(parents=True, exist_ok=True)
            (objects / name).write_bytes(blobs.get(name))
    assert ocfl.StorageRoot(root=str(objects)).validate(check_digests=True)
