"""Every column of every table of the register edited by hand, one at a time: which check finds it, or why none needs to.

What no check finds stands below, with the reason why none needs to.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qrecords.cli import app
from qrecords.services.access.deskaccess import open_session
from qrecords.services.administer import open_office
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.services.disposition.retention import extend
from tests.conftest import FORMS, CommandLine
from tests.retention_office import ITEM_ROWS, LIST_NO, TODAY, VOLUME, copied, opened

pytestmark = [pytest.mark.office, pytest.mark.slow]

KIND = "quality-receipt"
DERIVED = {
    "attached": "id",
    "correction": "id",
    "extension": "id",
    "origin": "book sheet row",
    "record": "source_key",
    "role_grant": "id",
    "said": "fingerprint",
    "signature": "id",
}
"""Made again from other columns, a running number, or what recognises a row of a ledger."""
FOR_PEOPLE = {
    "attached": "pages print_id text added_at added_by",
    "print": "printed_at printed_by",
    "record": "created_at created_by reason paper_no",
    "signature": "evidence recorded_at recorded_by",
}
"""Told to people beside the log, which has it too; decides nothing."""
WORK = {
    "account": "failures locked_until",
    "intent": "id kind payload account created_at",
}
"""What is under way, or how often a password was wrong."""
HEALS = {
    "meta": "key value",
}
"""What the register notes of itself: the log proves the clock's, a seal the series numbered elsewhere (both in
test_register_edited.py), roles are logged when they differ; an identity that is another one makes the index anew."""
UNUSED = {
    "record": "opinion reviewed_on reviewed_by archive_no record_year volume_code",
}
"""Of a record that is still a draft: they count from its review or filing on, and are compared then."""
EMPTY = {"answered", "desk_draft", "job", "saved_search", "lease", "login_try", "returned"}
"""What is typed at the desk and is no record yet; what people keep for themselves; what a living process holds;
how passwords fared; by what a request sent again is known; what records said when they were returned, which is compared
with the log when it is shown."""


def names(*groups: dict[str, str]) -> set[str]:
    """Return the columns of groups, each with its table."""
    return {f"{table}.{column}" for group in groups for table, columns in group.items() for column in columns.split()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an office with something in as many tables as the command line alone can fill."""
    folder = tmp_path_factory.mktemp("columns")
    root = folder / "office"

    def run(*words: object) -> None:
        with pytest.raises(SystemExit) as left:
            app.run(["--root", str(root), *map(str, words)])
        assert not left.value.code, words

    def written(form: str, **changes: Any) -> Path:
        values = json.loads((FORMS / form / "sample.json").read_text(encoding="utf-8")) | changes
        path = folder / f"{form}{len(list(folder.iterdir()))}.json"
        path.write_text(json.dumps({k: v for k, v in values.items() if v is not None}), encoding="utf-8")
        return path

    run("init")
    run("fill", "01A", written("01A"))
    run("fill", "01A", written("01A", info_content="示例：另一件"))
    run("fill", "11A", written("11A", notice_no=None))
    picture = folder / "p.png"
    Image.effect_noise((50, 50), 40).save(picture)
    first, second = "QR758-01A-2025-00001", "QR758-01A-2025-00002"
    run("attach", second, picture)
    run("print", second)
    for number in (first, second):
        run("submit", number)
        run("review", number, "--on", "2025-12-30")
    run("file", first)
    run("report", "draw", "BB", "--period", "2025-12")
    run("print", second)  # of a record on its way: what it shows is compared until it is filed
    run("compile", "2025", "--form", "01A", "--with-gaps", "--reason", "示例")
    run("sign", "QR758-11A-2025-00001", "--kind", KIND, "--by", "示例某人", "--on", "2025-12-30")
    run("retention", "hold", first, "--reason", "示例")
    run("copies", "request", first, "--purpose", "示例", "--for", "示例某人")
    asked = f"FS-{date.today().year}-0001"
    run("copies", "approve", asked)
    run("copies", "issue", asked, "--out", folder / "copies")
    run("accounts", "add", "example", "--name", "示例某人", "--unit", "示例一所")
    run("accounts", "grant", "example", "engineer")
    with closing(open_office(root)) as office:
        open_session(office.workspace, office.account.name, via="desk")
    return root


@pytest.fixture(scope="module")
def retained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an office where a volume was destroyed, an item is kept longer, and another one was corrected."""
    root = copied(tmp_path_factory.mktemp("retained"))
    with opened(root) as people:
        extend(people("甲"), [ITEM_ROWS], "2030-12-31", "示例")
        drawn = draw(people("甲"), [VOLUME], "示例")
        approve(people("乙"), LIST_NO)
        for name in ("丙", "丁"):
            witness(people(name), LIST_NO, drawn.sha256, TODAY)
        destroy(people("甲"), LIST_NO)
    return root


def columns(root: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(root / "archive" / "register.sqlite")) as register:
        tables = [row[0] for row in register.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in sorted(tables):
            for _, column, *_ in register.execute(f'PRAGMA table_info("{table}")').fetchall():
                yield table, column


def spoiled(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case None:
            return "1"
        case 0 | 1:
            return 1 - value
        case int():
            return value + 1
        case bytes():
            return value + b"x"
        case _ if str(value)[:1] in "{[":
            return json.dumps({"spoiled": True})
        case _:
            return f"{value}x"


def found_by(root: Path, table: str, column: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return how an edit of one column is found: by the database, by a check, by whoever opens it; "" when it is not."""
    register = root / "archive" / "register.sqlite"
    with closing(sqlite3.connect(register)) as edited:
        edited.execute("PRAGMA foreign_keys = ON")
        row = edited.execute(f'SELECT rowid, "{column}" FROM "{table}" ORDER BY rowid DESC').fetchone()
        if row is None:
            return "empty"
        try:
            edited.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (spoiled(row[1]), row[0]))
            edited.commit()
        except sqlite3.DatabaseError:
            return "database"
    line = CommandLine(root, capsys)
    for words in ("verify", "audit verify", "status"):
        if line(*words.split(), ok=False).status:
            return words
    return ""


def test_each_column_is_found_or_said_why_not(
    made: Path, retained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, str] = {}
    for office in (made, retained):
        assert CommandLine(office, capsys).json("verify")["problems"] == []
        for table, column in columns(office):
            if told.get(name := f"{table}.{column}", "empty") == "empty":
                root = shutil.copytree(office, tmp_path / f"{office.parent.name}-{name}")
                told[name] = found_by(root, table, column, capsys)
                shutil.rmtree(root, ignore_errors=True)  # an index may still join its segments
    assert {name.split(".")[0] for name, how in told.items() if how == "empty"} == EMPTY
    missed = {name for name, how in told.items() if how == ""}
    explained = names(DERIVED, FOR_PEOPLE, WORK, HEALS, UNUSED)
    assert sorted(missed - explained) == []
    assert sorted(explained - missed) == []
