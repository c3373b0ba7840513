"""Folders with texts of records outside of the workspace: what a killed process left goes, what is in use stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qrecords.render import workfolder
from qrecords.render.workfolder import PREFIX, work_folder

HOLDING = """
import sys, time
from qrecords.render.workfolder import work_folder
with work_folder() as folder:
    (folder / "record.docx").write_text("secret")
    print(folder.parent, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(workfolder, "_YOUNG", -1)


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    with work_folder() as folder:
        (folder / "a").write_text("text")
        assert folder.parent.name.startswith(PREFIX)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_that_of_a_killed_process_goes_with_the_next_and_one_in_use_stays(tmp_path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, text=True)
    assert held.stdout
    folder = Path(held.stdout.readline().strip())
    assert folder.parent == tmp_path
    with work_folder():
        assert (folder / "work" / "record.docx").exists(), "its process lives"
    held.send_signal(signal.SIGKILL)
    held.wait()
    with work_folder():
        assert not folder.exists()


def test_what_others_put_there_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    try:
        (tmp_path / f"{PREFIX}link").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    (tmp_path / f"{PREFIX}file").write_text("a file")
    with work_folder():
        pass
    assert (elsewhere / "kept").exists()
    assert (tmp_path / f"{PREFIX}file").exists()
