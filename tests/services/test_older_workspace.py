"""A workspace of an older program: it opens, what it broke off is finished, nothing in it is lost or written anew.

`fixtures/register-0001.tar.xz` was made by the program whose register had version 0001: records in every state, one
bound, a month whose filing was killed after its object stood.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from qrecords.acting import peer_uid
from qrecords.stores.register.database import MIGRATION
from tests.conftest import CHECKOUT, CommandLine

OLD = CHECKOUT / "tests" / "fixtures" / "register-0001.tar.xz"


@pytest.fixture
def old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    with tarfile.open(OLD) as packed:
        packed.extractall(tmp_path, filter="data")
    root = next(tmp_path.iterdir())
    with closing(sqlite3.connect(root / "archive" / "register.sqlite")) as register, register:
        # It was made as root; whoever else runs the tests must be known there, too.
        register.execute("UPDATE account SET uid = ?1 WHERE uid <> ?1", [peer_uid()])
    return CommandLine(root, capsys)


def objects(root: Path) -> dict[str, str]:
    folder = root / "archive" / "objects"
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_it_is_opened_and_its_broken_filing_finished(old: CommandLine) -> None:
    before = objects(old.root)
    states = {r["record_no"]: r["state"] for r in old.json("list", "--all")["records"]}
    assert states == {
        "QR758-04A-2025-00001": "issued",
        "QR758-06A-2025-00001": "draft",
        "QR758-10A-2025-00001": "filed",
        "QR758-11A-2025-00001": "bound",
    }
    assert old.json("status")["under_way"] == 0
    with closing(sqlite3.connect(old.root / "archive" / "register.sqlite")) as register:
        assert register.execute("SELECT version_num FROM alembic_version").fetchone() == (MIGRATION,)
    assert old.json("verify", "--deep")["problems"] == []
    assert before.items() <= objects(old.root).items(), "no object was written anew"


def test_it_is_searched_and_compiled(old: CommandLine) -> None:
    assert [h["record_no"] for h in old.json("search", "按键失灵")["hits"]] == ["QR758-10A-2025-00001"]
    bound = old.json("compile", "2025", "--form", "10A")
    assert bound["ok"]
    assert old.json("volume", "list")["volumes"]
    assert old.json("verify")["problems"] == []


def test_it_is_not_upgraded_under_the_feet_of_the_older_program(old: CommandLine) -> None:
    """A step of the older program holds a lock file and no lease: it would be taken for dead."""
    locks = old.root / "archive" / "locks"
    locks.mkdir(exist_ok=True)
    with FileLock(locks / "0123456789ab.lock"):
        refused = old("list", ok=False)
        assert "旧版" in refused.err
    old("list")
