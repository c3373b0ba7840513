"""The wheel holds all the program is made of: the desk's pages and what browsers get, forms, packs, migrations."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

# Where files lie, and where they are in the wheel.
CARRIED = {"src/qrecords": "qrecords", "forms": "qrecords/_forms", "packs": "qrecords/_packs"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Build the wheel and return its files by name."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("what builds the wheel is not installed (pip install .[dev])")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (made,) = out.glob("*.whl")
    with zipfile.ZipFile(made) as bag:
        return {name: bag.read(name) for name in bag.namelist()}


def files(folder: str) -> dict[str, Path]:
    """Return the files of a folder by their names in the wheel."""
    found = [p for p in (CHECKOUT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return {f"{CARRIED[folder]}/{p.relative_to(CHECKOUT / folder).as_posix()}": p for p in found}


@pytest.mark.parametrize("folder", CARRIED)
def test_the_wheel_holds_every_file_as_it_is(wheel: dict[str, bytes], folder: str) -> None:
    expected = files(folder)
    assert expected
    assert [name for name in expected if name not in wheel] == []
    assert [name for name, path in expected.items() if wheel[name] != path.read_bytes()] == []


def test_the_wheel_holds_what_a_browser_needs(wheel: dict[str, bytes]) -> None:
    for folder, some in (("templates", {"base.html", "today.html", "draft.html"}), ("static", {"desk.css", "desk.js"})):
        there = {name.rpartition("/")[2] for name in wheel if name.startswith(f"qrecords/web/{folder}/")}
        assert there == {path.name for path in (CHECKOUT / "src/qrecords/web" / folder).iterdir()}
        assert some <= there
    (told,) = (data.decode() for name, data in wheel.items() if name.endswith(".dist-info/entry_points.txt"))
    assert "qrecords = qrecords.cli:main" in told
