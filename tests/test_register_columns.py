"""Every column of every table of the register edited by hand, one at a time: which check finds it, or why none needs to.

`OPEN` are those that decide something and that no check compares with the log yet: the list may only become shorter.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qrecords.cli import app
from tests.conftest import FORMS, CommandLine

pytestmark = [pytest.mark.office, pytest.mark.slow]

KIND = "quality-receipt"
DERIVED = {
    "attached": "id",
    "audit_segment": "first_seq object_id",
    "hold": "id",
    "origin": "book sheet row",
    "record": "source_key seq",
    "role_grant": "id",
    "said": "fingerprint",
    "signature": "id",
}
"""Made again from other columns, a running number, or what recognises a row of a ledger."""
FOR_PEOPLE = {
    "account": "created_at display_name",
    "attached": "pages print_id text added_at added_by",
    "audit_segment": "closed_at closed_by",
    "hold": "reason placed_at placed_by released_by release_reason",
    "record": "created_at created_by reason paper_no",
    "role_grant": "granted_by granted_at revoked_by",
    "signature": "evidence recorded_at recorded_by",
}
"""Told to people beside the log, which has it too; decides nothing."""
WORK = {
    "account": "failures locked_until must_change password_set_at",
    "intent": "id kind payload account created_at",
}
"""What is under way, or how often a password was wrong."""
UNUSED = {
    "record": "opinion reviewed_on reviewed_by archive_no record_year volume_code",
}
"""Of a record that is still a draft: they count from its review or filing on, and are compared then."""
OPEN = {
    "account": "active clearance expires_on password uid unit",
    "copy_request": "archive_no count decided_at decided_by document_no due may_extract may_print purpose reason recipient request_no requested_at requested_by state",
    "counter": "last name",
    "item": "creator date_from date_to document_no filed_at filed_by pages secrecy_level sha256 title",
    "meta": "key value",
    "print": "number pages printed_at printed_by snapshot subject template_sha256",
    "role_grant": "branch revoked_at role since unit until",
    "volume": "compiled_at compiled_by form_code number secrecy_level sha256 supplement title year",
    "volume_item": "position sha256 version",
}
"""They decide something, and no check compares them yet."""
EMPTY = {
    "copy",
    "correction",
    "desk_draft",
    "disposition",
    "disposition_unit",
    "extension",
    "lease",
    "session",
    "tombstone",
}  # tables the office made here has nothing in


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
    run("compile", "2025", "--form", "01A", "--with-gaps", "--reason", "示例")
    run("sign", "QR758-11A-2025-00001", "--kind", KIND, "--by", "示例某人", "--on", "2025-12-30")
    run("retention", "hold", first, "--reason", "示例")
    run("copies", "request", first, "--purpose", "示例", "--for", "示例某人")
    run("accounts", "add", "example", "--name", "示例某人", "--unit", "示例一所")
    run("accounts", "grant", "example", "engineer")
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


def test_each_column_is_found_or_said_why_not(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {}
    for number, (table, column) in enumerate(columns(made)):
        root = tmp_path / str(number)
        shutil.copytree(made, root)
        told[f"{table}.{column}"] = found_by(root, table, column, capsys)
        shutil.rmtree(root)
    assert {name.split(".")[0] for name, how in told.items() if how == "empty"} == EMPTY
    missed = {name for name, how in told.items() if how == ""}
    assert missed == names(DERIVED, FOR_PEOPLE, WORK, UNUSED, OPEN)
