"""Steps of an office on a real S3 store are killed at their moments, and so is the store: all is done once, or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from qrecords.render.pdf import Converter
from qrecords.services.administer import open_office
from qrecords.services.care.movearchive import move_archive
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from qrecords.services.finding.find import show
from tests import retention_office as kept
from tests.conftest import CHECKOUT
from tests.faulty_disk import D, E, blank_convert, workspace
from tests.office_steps import STEPS, Step, assert_whole, killed
from tests.servers import S3Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]
MOMENTS = {
    "file": ("file.intent", "publish.begin", "publish.done", "file.frozen", "file.committed"),
    "correct": ("stage.done", "publish.version_in", "publish.inventory_in", "correct.frozen"),
    "destroy": ("destroy.certified", "remove.taken", "destroy.object", "destroy.scrubbed"),
}


def on_a_store(folder: Path, step: Step, server: S3Server) -> Path:
    folder.mkdir()
    root = step.start(folder)
    path = root / "qrecords.toml"
    text = path.read_text(encoding="utf-8").replace('endpoint = ""', f'endpoint = "{server.endpoint}"')
    path.write_text(text, encoding="utf-8")
    move_archive(root, server.url(), clock=lambda: step.moment)
    return root


@pytest.mark.parametrize("name", MOMENTS)
def test_killed_at_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: S3Server, name: str) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    step = STEPS[name]
    jobs = [(moment, 1, on_a_store(tmp_path / moment, step, s3)) for moment in MOMENTS[name]]
    assert killed(name, jobs) == [-signal.SIGKILL] * len(jobs)
    for moment, _, root in jobs:
        try:
            assert_whole(root, step, deep=False)
        except BaseException as error:
            error.add_note(f"killed at {moment}")
            raise
        assert not (root / "archive" / "objects").exists()


FILING = """
import sys
from pathlib import Path
from qrecords.render.pdf import Converter
from qrecords.services.administer import open_office
from qrecords.services.file import file_records
from qrecords.stores import durable
from tests.faulty_disk import blank_convert
from tests.retention_office import THEN

def checkpoint(at):
    if at == "publish.begin":
        print(at, flush=True)

Converter.convert = blank_convert
durable.checkpoint = checkpoint
office = open_office(Path(sys.argv[1]), clock=lambda: THEN)
file_records(office, sys.argv[2:])
"""


def test_the_store_is_killed_while_records_are_filed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: S3Server
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    root = on_a_store(tmp_path / "office", Step(lambda _: None, lambda _: True, (), workspace), s3)
    command = [sys.executable, "-c", FILING, str(root), D, E]
    filing = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert filing.stdout is not None
    assert filing.stdout.readline() == "publish.begin\n"
    s3.kill()  # with the first puts on their way
    filing.wait(timeout=120)
    s3.start()
    with closing(open_office(root, clock=lambda: kept.THEN)) as office:
        assert verify(office).problems == []
        left = [n for n in (D, E) if show(office, n).state != "filed"]
        assert left, "it was over before the store was gone"
    with closing(open_office(root, clock=lambda: kept.THEN)) as office:
        file_records(office, left)
        assert verify(office, deep=True).problems == []
        assert {show(office, n).state for n in (D, E)} == {"filed"}
        assert office.archive.steps_in_staging() == []
