"""A test that cannot be tried is told by name, and fails where what it lacks is required: nothing is skipped silently."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.conftest import CHECKOUT
from tests.missing import LACKS, NO_LACK, VARIABLE, lack_in

SKIPPING = {"skip", "skipif", "importorskip"}
# Where what a call gives is told as it is: each of its reasons is a lack.
ASKED = {"why_not", "why_no_s3"}

TRIED = """
import pytest

@pytest.fixture
def server():
    pytest.skip("PostgreSQL (initdb) is not installed: tools/system-packages.sh servers")

def test_of_a_server(server):
    pass

@pytest.mark.skipif(True, reason="no Chromium is installed (tools/system-packages.sh judges)")
def test_of_a_browser():
    pass

def test_of_pages():
    pytest.skip("poppler-utils is not installed")

def test_of_root():
    pytest.skip("only root mounts")

def test_of_nothing():
    pass
"""
WHOLE = 'import pytest\n\npytest.importorskip("no_such_package")\n'


def run(folder: Path, text: str, wanted: str) -> tuple[int, str]:
    """Run the tests of a text by themselves, with what is required; returns the exit status and what was said."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    command = [
        sys.executable, "-m", "pytest", "-p", "tests.missing", "-p", "no:cacheprovider", "-c", os.devnull, "--color=no",
        f"--rootdir={folder}", "--confcutdir", str(folder), "test_it.py",
    ]  # fmt: skip
    around = {**os.environ, "PYTHONPATH": str(CHECKOUT), VARIABLE: wanted}
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=around)
    return ran.returncode, ran.stdout + ran.stderr


def test_on_a_bare_machine_what_is_not_tried_is_told_by_name(tmp_path: Path) -> None:
    status, said = run(tmp_path, TRIED, "")
    assert status == 0
    assert "1 passed, 4 skipped" in said
    told = re.findall(r"^=+ (\d not tried for want of .*?) =+\n(.*)$", said, re.MULTILINE)
    assert sorted(told) == [
        ("1 not tried for want of checks: sh tools/system-packages.sh checks", "test_it.py::test_of_pages"),
        ("1 not tried for want of judges: sh tools/system-packages.sh judges", "test_it.py::test_of_a_browser"),
        ("1 not tried for want of servers: sh tools/system-packages.sh servers", "test_it.py::test_of_a_server"),
    ]


def test_what_is_required_and_missing_fails(tmp_path: Path) -> None:
    status, said = run(tmp_path, TRIED, "servers, judges")
    assert status == 1
    assert "1 passed, 2 skipped, 2 errors" in said
    assert f"{VARIABLE} names servers, but PostgreSQL (initdb) is not installed" in said
    assert f"{VARIABLE} names judges, but no Chromium is installed" in said
    status, said = run(tmp_path, WHOLE, "packages")
    assert status != 0
    assert f"{VARIABLE} names packages, but could not import 'no_such_package'" in said
    status, said = run(tmp_path, TRIED, "server")
    assert (status, "no such group: server;" in said) == (4, True)


def test_ci_requires_every_group() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    (named,) = re.findall(rf"^export {VARIABLE}=(\S+)$", script, re.MULTILINE)
    assert sorted(named.split(",")) == sorted(LACKS)


def reasons(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give what tests of a file say when they skip themselves, "" where that cannot be read off."""
    asks = any(isinstance(n, ast.Attribute | ast.Name | ast.alias) and _named(n) in ASKED for n in ast.walk(tree))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SKIPPING):
            continue
        if node.func.attr == "importorskip" and not any(k.arg == "reason" for k in node.keywords):
            yield node.lineno, "could not import"
            continue
        said = [k.value for k in node.keywords if k.arg == "reason"] or node.args[:1]
        if not said or (isinstance(said[0], ast.Name) and said[0].id == "reason" and asks):
            continue
        yield node.lineno, said[0].value if isinstance(said[0], ast.Constant) else ""


def _named(node: ast.Attribute | ast.Name | ast.alias) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else node.name


def test_every_reason_to_skip_is_a_lack_that_is_known_or_none() -> None:
    found = [
        (f"{path.relative_to(CHECKOUT)}:{line}", reason)
        for path in sorted((CHECKOUT / "tests").rglob("*.py"))
        if path.name != "test_missing.py"
        for line, reason in reasons(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(found) > 60, "they are found"
    assert [(at, reason) for at, reason in found if reason not in NO_LACK and not lack_in(reason)] == []
    assert not {reason for reason in NO_LACK if lack_in(reason)}
    assert set(NO_LACK) <= {reason for _, reason in found}, "no reason stands here that nobody gives"


def test_a_server_that_cannot_be_started_is_a_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "programs", lambda: None)
    monkeypatch.setattr(servers, "weed", lambda: None)
    assert lack_in(servers.why_not()) == lack_in(servers.why_no_s3()) == "servers"
    monkeypatch.undo()
    monkeypatch.setattr(servers, "weed", lambda: "weed")
    monkeypatch.setitem(sys.modules, "obstore", None)
    assert lack_in(servers.why_no_s3()) == "servers"
