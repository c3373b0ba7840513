"""The log: nothing in it can be changed, removed, inserted or moved unseen, and anyone can check an export."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qrecords.model.audit import Anchor, ChainCheck, Event, check_chain, event_hash, typed_head
from qrecords.stores.register import Register
from qrecords.stores.register.audit import Audit
from qrecords.stores.register.seals import Seals
from tests.conftest import CHECKOUT, CommandLine
from tests.dying import killed_at

COLUMNS = ("seq", "at", "account", "action", "object", "outcome", "detail", "prev", "hash")
EVENTS = 6
CHECKER = CHECKOUT / "docs" / "audit-check.py"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a log of a few events as SQL, without the guards of the database."""
    path = tmp_path_factory.mktemp("kept") / "register.sqlite"
    with closing(Register.create(path)) as register:
        for n in range(1, EVENTS + 1):
            with register.write() as tx:
                detail: dict[str, Any] = {"n": n, "values": {"字段": "0" * 8}}
                tx.audit.append(
                    [Event(0, f"2026-03-0{n}T08:00:00+08:00", "a", "read", f"QR758-06A-2026-0000{n}", detail=detail)]
                )
    with closing(sqlite3.connect(path)) as connection:
        return "".join(line for line in connection.iterdump() if "audit" in line and "audit_" not in line)


@pytest.fixture
def tamper(kept: str) -> Callable[..., ChainCheck]:
    def change(*statements: str, anchors: tuple[Anchor, ...] = ()) -> ChainCheck:
        with closing(sqlite3.connect(":memory:")) as memory:
            memory.executescript(kept)
            for statement in statements:
                assert memory.execute(statement).rowcount != 0, statement
            memory.commit()
            engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=sa.StaticPool)
            with engine.connect() as connection:
                return check_chain(Audit(connection, Seals(connection)).events(), anchors)

    return change


NEW_VALUES = ["'x'", "x'00ff'", "''", "7", "'{}'", "'[1]'", """'{"n": 1.5}'"""]


@pytest.mark.parametrize("seq", range(1, EVENTS + 1))
@pytest.mark.parametrize("column", COLUMNS[1:])
def test_every_column_of_every_event_changed_by_hand_is_found(
    tamper: Callable[..., ChainCheck], column: str, seq: int
) -> None:
    for value in NEW_VALUES:
        found = tamper(f'UPDATE audit SET "{column}" = {value} WHERE seq = {seq}')
        assert found.broken is not None, value
        assert found.broken[0] == seq, value


@pytest.mark.parametrize("seq", range(1, EVENTS + 1))
def test_an_event_with_another_number_is_found(tamper: Callable[..., ChainCheck], seq: int) -> None:
    found = tamper(f"UPDATE audit SET seq = 70 WHERE seq = {seq}")
    assert found.broken is not None
    assert found.broken[0] == seq


@pytest.mark.parametrize("seq", range(1, EVENTS))
def test_a_removed_event_is_found(tamper: Callable[..., ChainCheck], seq: int) -> None:
    found = tamper(f"DELETE FROM audit WHERE seq = {seq}")
    assert found.broken == (seq, f"第{seq}条事件不见了，后面接的是第{seq + 1}条")


@pytest.mark.parametrize("seq", range(1, EVENTS))
def test_two_events_that_changed_places_are_found(tamper: Callable[..., ChainCheck], seq: int) -> None:
    moves = [f"UPDATE audit SET seq = {to} WHERE seq = {old}" for old, to in ((seq, 99), (seq + 1, seq), (99, seq + 1))]
    found = tamper(*moves)
    assert found.broken is not None
    assert found.broken[0] == seq


@pytest.mark.parametrize("seq", range(2, EVENTS + 1))
def test_an_inserted_event_is_found_even_with_a_right_hash(
    tamper: Callable[..., ChainCheck], kept: str, seq: int
) -> None:
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.executescript(kept)
        (prev,) = memory.execute("SELECT hash FROM audit WHERE seq = ?", [seq - 1]).fetchone()
    forged = Event(seq, "2026-03-04T08:00:00+08:00", "b", "read", "x", prev=prev)
    room = [f"UPDATE audit SET seq = seq + 1 WHERE seq = {n}" for n in range(EVENTS, seq - 1, -1)]
    row = f"INSERT INTO audit VALUES ({seq}, '{forged.at}', 'b', 'read', 'x', 'done', '{{}}', '{prev}', '{event_hash(forged)}')"
    found = tamper(*room, row)
    assert found.broken is not None
    assert found.broken[0] == seq + 1, "the forged event holds, the next one no longer follows it"


def test_a_tail_cut_off_is_found_by_the_head_on_paper(tamper: Callable[..., ChainCheck]) -> None:
    printed = Anchor(tamper().head, "纸上")
    start = Anchor(printed.head[:16], "纸上")
    assert tamper(anchors=(printed, start)).lost == ()
    cut = tamper(f"DELETE FROM audit WHERE seq > {EVENTS - 2}", anchors=(printed, start))
    assert cut.broken is None, "what is left is a sound chain"
    assert cut.lost == (printed, start)


def test_the_anchor_of_a_segment_must_stand_at_its_number(tamper: Callable[..., ChainCheck]) -> None:
    head = tamper().head
    assert tamper(anchors=(Anchor(head, "x", EVENTS),)).lost == ()
    assert tamper(anchors=(Anchor(head, "x", EVENTS - 1),)).lost != ()


def test_a_head_is_read_as_people_type_it() -> None:
    assert typed_head("AB12 cd34-0000 1111") == "ab12cd3400001111"
    assert typed_head("ab12cd34") is None
    assert typed_head("g" * 16) is None


REPLACE = "INSERT OR REPLACE INTO audit SELECT {}, at, 'x', action, object, outcome, detail, prev, hash FROM audit WHERE seq = 1"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET account = 'x'",
        "UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2",
        "DELETE FROM audit",
        REPLACE.format(1),
        REPLACE.format(2),
        REPLACE.format(4),
        "INSERT INTO audit SELECT 3, at, account, action, object, outcome, detail, 'x', hash FROM audit WHERE seq = 1",
    ],
)
def test_the_database_refuses_every_way_to_change_the_log(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "register.sqlite"
    with closing(Register.create(path)) as register:
        with register.write() as tx:
            tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", "a", "create", str(n)) for n in (1, 2)])
        with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
        with register.read() as tx:
            assert check_chain(tx.audit.events()).broken is None


# In a workspace


@pytest.fixture
def used(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> CommandLine:
    cli("fill", "01A", write(sample("01A", source_record_no=None, channel="电话")))
    cli("search", "功放")
    cli("show", "QR758-01A-2025-00001")
    cli("void", "QR758-01A-2025-00001", "--reason", "示例：重复")
    return cli


@pytest.fixture
def database(used: CommandLine) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(used.root / "archive" / "register.sqlite")) as connection:
        yield connection


def without_guards(connection: sqlite3.Connection, *statements: str) -> None:
    names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    kept = [s for (s,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    with connection:
        for statement in [*(f"DROP TRIGGER {name}" for name in names), *statements, *kept]:
            connection.execute(statement)


def actions(answer: Any) -> list[str]:
    return [e["action"] for e in answer["events"]]


def test_what_is_read_is_in_the_log(used: CommandLine) -> None:
    events = used.json("audit", "list")["events"]
    assert [e["action"] for e in events] == ["create", "read", "read", "void"]
    assert [e["object"] for e in events][1:3] == ["search", "QR758-01A-2025-00001"]


def test_no_value_of_a_record_is_in_the_log(used: CommandLine) -> None:
    text = used("audit", "list").out + used("audit", "list", "--json").out
    record = used.json("show", "QR758-01A-2025-00001")["record"]
    shown = [v for v in record["values"].values() if isinstance(v, str) and len(v) > 3]
    assert len(shown) > 5
    assert [v for v in [*shown, "功放", "重复"] if v in text.replace("QR758-01A-2025-00001", "")] == []


def test_events_are_found_by_what_is_asked(used: CommandLine) -> None:
    everything = used.json("audit", "list")
    account, day = everything["events"][0]["account"], everything["events"][0]["at"][:10]
    assert actions(used.json("audit", "list", "--object", "QR758-01A-2025-00001")) == ["create", "read", "void"]
    assert actions(used.json("audit", "list", "--action", "read", "--by", account)) == ["read", "read"]
    assert actions(used.json("audit", "list", "--by", "nobody")) == []
    assert actions(used.json("audit", "list", "--from", day, "--to", day)) == actions(everything)
    assert actions(used.json("audit", "list", "--to", "2020-01-01")) == []
    assert [e["seq"] for e in used.json("audit", "list", "--limit", 2)["events"]] == [3, 4]
    page = used.json("audit", "list", "--limit", 2, "--after", 1)
    assert ([e["seq"] for e in page["events"]], page["total"]) == ([2, 3], 4)


def test_a_sound_log_is_told(used: CommandLine) -> None:
    head = used.json("audit", "list")["head"]
    told = used.json("audit", "verify", "--head", head["hash"], "--head", head["hash"][:20])
    assert told["head"] == head
    assert told["problems"] == []


@pytest.mark.parametrize("command", [["audit", "verify"], ["verify"]], ids=" ".join)
def test_the_first_event_that_was_changed_is_named(
    used: CommandLine, database: sqlite3.Connection, command: list[str]
) -> None:
    without_guards(
        database, "UPDATE audit SET account = 'x' WHERE seq = 2", "UPDATE audit SET object = 'x' WHERE seq = 3"
    )
    answer = used.json(*command, ok=False)
    assert answer["error"]["code"] == "integrity"
    (problem,) = [p for p in answer["problems"] if p["source"].startswith("audit")]
    assert (problem["source"], "第2条事件的内容被改过" in problem["message"]) == ("audit/2", True)


def test_a_log_cut_short_is_found_with_the_printed_head(used: CommandLine, database: sqlite3.Connection) -> None:
    head = used.json("audit", "list")["head"]["hash"]
    without_guards(database, "DELETE FROM audit WHERE seq = 4")
    assert used.json("audit", "verify")["problems"] == [], "nothing but the paper knows"
    (problem,) = used.json("audit", "verify", "--head", head, ok=False)["problems"]
    assert "截短或改写过" in problem["message"]


def test_guards_taken_out_are_told(used: CommandLine, database: sqlite3.Connection) -> None:
    database.execute("DROP TRIGGER audit_no_delete")
    (problem,) = used.json("audit", "verify", ok=False)["problems"]
    assert "audit_no_delete" in problem["message"]


def test_a_wrong_head_is_a_wrong_input(used: CommandLine) -> None:
    assert "至少前 16 位" in used("audit", "verify", "--head", "12", ok=False).err


# Segments


def test_a_segment_finds_a_log_written_anew(used: CommandLine, database: sqlite3.Connection) -> None:
    used("audit", "close")
    segment = used.json("audit", "list", "--action", "audit-close")["events"][0]
    assert segment["detail"]["last"] == 4
    rewritten = rechained(database, lambda row: row | {"account": "x"} if row["seq"] == 3 else row)
    without_guards(database, "DELETE FROM audit", *rewritten)
    problems = used.json("audit", "verify", ok=False)["problems"]
    assert any("日志段 1 封存的链头" in p["message"] for p in problems)
    # Who hides the segment's row too is given away by the object.
    without_guards(database, "DELETE FROM audit_segment", "DELETE FROM intent")
    problems = used.json("audit", "verify", ok=False)["problems"]
    assert ["日志段 1 封存的链头" in p["message"] for p in problems] == [True]


def rechained(database: sqlite3.Connection, change: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
    """Return the statements that write the whole log anew, sound in itself."""
    database.row_factory = sqlite3.Row
    statements, prev = [], "0" * 64
    for row in database.execute("SELECT * FROM audit ORDER BY seq").fetchall():
        values = change(dict(row)) | {"prev": prev}
        event = Event(**(values | {"detail": json.loads(values["detail"])}))
        prev = values["hash"] = event_hash(event)
        quoted = ["'" + str(values[c]).replace("'", "''") + "'" for c in COLUMNS]
        statements.append(f"INSERT INTO audit VALUES ({', '.join(quoted)})")
    return statements


def test_an_old_register_put_back_is_found_by_the_archive(used: CommandLine, tmp_path: Path) -> None:
    archive, old = used.root / "archive", tmp_path / "old.sqlite"
    used("audit", "close")
    with closing(sqlite3.connect(archive / "register.sqlite")) as now, closing(sqlite3.connect(old)) as then:
        now.backup(then)
    used("void", "QR758-01A-2025-00001", "--reason", "示例", ok=False)
    used("show", "QR758-01A-2025-00001")
    used("audit", "close")
    for name in archive.glob("register.sqlite*"):
        name.unlink()
    old.rename(archive / "register.sqlite")
    problems = used.json("audit", "verify", ok=False)["problems"]
    assert ["日志段 2 封存的链头" in p["message"] for p in problems] == [True]


@pytest.mark.parametrize("updated", [False, True], ids=["as made", "updated"])
def test_values_changed_beside_the_log_are_found_before_they_are_filed(
    used: CommandLine,
    database: sqlite3.Connection,
    sample: Callable[..., Any],
    write: Callable[..., Path],
    updated: bool,
) -> None:
    call = sample("02A", handling_result=None, closed_on=None, linked_record=None)
    (number,) = [r["record_no"] for r in used.json("fill", "02A", write(call))["records"]]
    if updated:
        used("update", number, write({"handling_result": "示例：已答复", "closed_on": "2025-12-31"}))
    assert used.json("verify")["problems"] == []
    values = database.execute('SELECT "values" FROM record WHERE record_no = ?', [number]).fetchone()[0]
    with database:
        changed = json.dumps(json.loads(values) | {"customer_unit": "示例单位九"}, ensure_ascii=False)
        database.execute('UPDATE record SET "values" = ? WHERE record_no = ?', [changed, number])
    (problem,) = used.json("verify", ok=False)["problems"]
    assert (problem["source"], "内容" in problem["message"]) == (number, True)


def test_segments_follow_each_other_and_are_valid_objects(used: CommandLine) -> None:
    first = used.json("audit", "close")["segment"]
    second = used.json("audit", "close")["segment"]
    assert (first["first_seq"], first["last_seq"]) == (1, 4)
    assert (second["number"], second["first_seq"], second["last_seq"]) == (2, 5, 5)
    assert used.json("audit", "verify")["problems"] == []
    assert used.json("verify", "--deep")["problems"] == []
    lines = [p for p in (used.root / "archive" / "objects").rglob("events.jsonl") if checked(p).returncode == 0]
    assert len(lines) == 2


SLOWLY = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("publish.begin", "audit.published", "audit.committed")
]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("checkpoint", ["audit.intent", "publish.done", *SLOWLY])
def test_a_crash_while_closing_leaves_each_event_in_one_segment(used: CommandLine, checkpoint: str) -> None:
    killed_at(checkpoint, 1, used.root, "audit", "close")
    used("audit", "close")
    with closing(Register.open(used.root / "archive" / "register.sqlite")) as register, register.read() as tx:
        segments = tx.audit.segments()
    assert [s.number for s in segments] == list(range(1, len(segments) + 1))
    assert [s.first_seq for s in segments] == [1, *(s.last_seq + 1 for s in segments[:-1])]
    assert used.json("verify", "--deep")["problems"] == []


# Exports


def checked(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(CHECKER), str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_script_in_the_documents_checks_an_export(used: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    done = used.json("audit", "export", path)["exported"]
    assert (done["first_seq"], done["last_seq"]) == (1, 4)
    assert checked(path, done["head"][:16]).stdout == "sound\n"
    assert "no event has the head" in checked(path, "0" * 16).stdout
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        for key, value in json.loads(line).items():
            changed = json.dumps(
                json.loads(line)
                | {key: 9 if isinstance(value, int) else {"x": 1} if isinstance(value, dict) else f"{value}x"}
            )
            path.write_text("".join([*lines[:number], changed + "\n", *lines[number + 1 :]]), encoding="utf-8")
            assert checked(path).returncode == 1, (number, key)
    path.write_text("".join(lines[:1] + lines[2:]), encoding="utf-8")
    assert "does not follow" in checked(path).stdout
    assert len(CHECKER.read_text(encoding="utf-8").splitlines()) <= 30


def test_an_export_never_replaces_a_file_and_is_itself_in_the_log(used: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "log.jsonl"
    used("audit", "export", path)
    assert used("audit", "export", path, ok=False).status == 6
    assert actions(used.json("audit", "list", "--limit", 1)) == ["audit-export"]
    assert used("audit", "export", tmp_path / "none.jsonl", "--to", "2020-01-01", ok=False).status == 6
