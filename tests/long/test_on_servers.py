"""The same tests of rights, leaks and crashes pass where the offices they make are on PostgreSQL and an S3 store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers
from tests.conftest import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.office]
CHOSEN = {  # of each file: all, or what its tests that are not slow are called
    "services/test_access_matrix": "",
    "services/test_leaks": "",
    "services/test_crash": "test_fill or test_file or test_compile or publish or late_row",
    "cli/test_leaks_commands": "",
}


@pytest.mark.parametrize("name", CHOSEN)
def test_they_pass_on_servers(tmp_path: Path, name: str) -> None:
    if reason := servers.why_not() or servers.why_no_s3():
        pytest.skip(reason)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "tests.on_servers", "-m", "not slow", "-k", CHOSEN[name],
        f"--basetemp={tmp_path / 'run'}", f"tests/{name}.py",
    ]  # fmt: skip
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
