"""Every named moment of every step (stores/durable.py: checkpoint) is one at which a process was killed (SIGKILL)."""

from __future__ import annotations

import ast
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import qrecords
from qrecords.render.pdf import Converter
from qrecords.services.intents import KINDS
from qrecords.stores import durable
from tests.faulty_disk import blank_convert
from tests.office_steps import STEPS, assert_whole, killed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")


def moments() -> Iterator[str]:
    """Give the moments the program names; what is put together as it runs stands as *."""
    for path in sorted(Path(qrecords.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="checkpoint") | ast.Name(id="checkpoint"), args=[argument]):
                    yield _pattern(argument)


def _pattern(argument: ast.expr) -> str:
    match argument:
        case ast.Constant(value=str(name)):
            return name
        case ast.JoinedStr(values=parts):
            return "".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in parts)
    raise AssertionError(f"a moment without a name: {ast.unparse(argument)}")


def test_every_named_moment_belongs_to_a_step_that_is_killed_there() -> None:
    """A new checkpoint must come into tests/office_steps.py, whose steps are killed at each of theirs below."""
    named = set(moments())
    assert len(named) > 50
    killed_at = {moment for step in STEPS.values() for moment in step.passes}
    assert sorted(name for name in named if not any(fnmatchcase(at, name) for at in killed_at)) == []
    assert sorted(at for at in killed_at if not any(fnmatchcase(at, name) for name in named)) == []


def test_every_kind_of_step_is_killed_when_it_is_committed() -> None:
    killed_at = {moment for step in STEPS.values() for moment in step.passes}
    assert {f"{kind}.committed" for kind in KINDS} <= killed_at


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_killed_at_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Killed at each moment, when it comes the first and when it comes the last time."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    step, passed = STEPS[name], Counter[str]()
    (tmp_path / "whole").mkdir()
    root = step.start(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(durable, "checkpoint", lambda at: passed.update([at]))
        step.act(root)
    assert set(passed) == set(step.passes)
    jobs = []
    for moment, times in sorted(passed.items()):
        for at in sorted({1, times}):
            folder = tmp_path / f"{moment}-{at}"
            folder.mkdir()
            jobs.append((moment, at, step.start(folder)))
    assert killed(name, jobs) == [-signal.SIGKILL] * len(jobs)
    for moment, at, root in jobs:
        try:
            assert_whole(root, step)
        except BaseException as error:
            error.add_note(f"killed at {moment}, pass {at}")
            raise
        shutil.rmtree(root.parent)
