"""The register made again from the objects alone equals the one it replaces, field by field, as far as objects hold it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import NotPermitted
from qrecords.model.access import Account, Grant
from qrecords.model.audit import OUTCOME_LABELS
from qrecords.model.record import Action
from qrecords.office import system_now
from qrecords.services.access.audit import close_segment
from qrecords.services.care.rebuild import LOST
from qrecords.services.disposition.destroy import destroy
from tests import retention_office as sample_office
from tests.conftest import CommandLine
from tests.dying import killed_at
from tests.retention_office import LIST_NO, A, B, C, copied, copied_witnessed, opened

pytestmark = pytest.mark.office

# Not in any object, or the register's own affair.
FORGOTTEN = {"record": {"seq", "source_key"}, "signature": {"id"}, "attached": {"id"}, "correction": {"id"}}


def table(root: Path, name: str, where: str = "1") -> list[dict[str, Any]]:
    with closing(sqlite3.connect(root / "archive" / "register.sqlite")) as register:
        register.row_factory = sqlite3.Row
        rows = [dict(row) for row in register.execute(f'SELECT * FROM "{name}" WHERE {where} ORDER BY 1, 2')]
    for row in rows:
        row |= {
            key: json.loads(row[key]) for key in ("values", "changes", "detail") if key in row
        }  # whatever their keys' order
    return [{k: v for k, v in row.items() if k not in FORGOTTEN.get(name, set())} for row in rows]


def lose_register(root: Path) -> None:
    for path in (root / "archive").glob("register.sqlite*"):
        path.unlink()


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    yield CommandLine(copied(tmp_path), capsys)


def test_every_field_an_object_holds_comes_back(cli: CommandLine) -> None:
    filed = "record_no IN (SELECT record_no FROM record WHERE state IN ('filed', 'bound'))"
    before = {name: table(cli.root, name, filed) for name in ("record", "signature", "attached", "correction")}
    before |= {name: table(cli.root, name) for name in ("item", "volume", "volume_item")}
    assert before["correction"], "the sample holds a corrected record"
    counters = {row["name"]: row["last"] for row in table(cli.root, "counter")}
    found = cli.json("search", "示例单位一 状态:已成册")["total"]
    with opened(cli.root, system_now) as people:
        close_segment(people.office)
    events = table(cli.root, "audit")
    lose_register(cli.root)
    assert cli("status", ok=False).status == 7
    answer = cli.json("rebuild")
    assert answer["problems"] == []
    assert answer["counts"]["events"] == len(events) - 1, "the closing itself is in no segment"
    for name, rows in before.items():
        wanted = filed if name in {"record", "signature", "attached", "correction"} else "1"
        assert table(cli.root, name, wanted) == rows, name
    assert table(cli.root, "audit")[: len(events) - 1] == events[:-1]
    again = {row["name"]: row["last"] for row in table(cli.root, "counter")}
    series = [name for name in counters if name.startswith(("record/", "archive/", "volume/"))]
    assert {name: again.get(name) for name in series} == {name: counters[name] for name in series}
    assert cli.json("verify", "--deep")["problems"] == []
    assert cli.json("search", "示例单位一 状态:已成册")["total"] == found > 0


def test_a_number_lost_with_its_draft_is_void_and_never_given_again(cli: CommandLine) -> None:
    with opened(cli.root) as people:
        (draft,) = sample_office.filled(people.office, "01A", sample_office.information(3, "示例单位五"))
        close_segment(people.office)
        late = sample_office.filled(people.office, "01A", sample_office.information(4, "示例单位六"))
    lose_register(cli.root)
    answer = cli.json("rebuild")
    assert draft in answer["void"]
    assert late[0] not in answer["void"], "reader knows of it: no object holds it"
    assert all(any(word in line for line in answer["not_back"]) for word in ("草稿", "检索", "账号", "日志"))
    shown = cli.json("show", draft)["record"]
    assert (shown["state"], shown["reason"]) == ("void", LOST)
    assert answer["problems"] == []


def test_every_kind_of_event_survives_a_rebuild(cli: CommandLine) -> None:
    """Whatever action with whatever outcome stands in a closed segment: the register comes back, and no number of it."""
    names = ("QR758-01A", "QR758-02A-2019-03", "QR758-01A-2019-0000A", A, "search", "750-KJ·KF·01·2019·D5-0001", "")
    with opened(cli.root) as people:
        office = people.office
        with office.register.write() as tx:
            tx.audit.append(
                [
                    office.event(action, name, outcome=outcome)
                    for action in Action
                    for outcome in OUTCOME_LABELS
                    for name in names
                    # A number that was really given out, changed or signed is told by its record, not by this test.
                    if not (outcome == "done" and name == A)
                ]
            )
        close_segment(office)
        with office.register.read() as tx:
            count = tx.audit.segments()[-1].last_seq
    lose_register(cli.root)
    answer = cli.json("rebuild")
    assert answer["problems"] == []
    assert answer["counts"]["events"] == count
    assert not set(answer["void"]).intersection(names)
    assert cli.json("audit", "verify")["problems"] == []


def test_a_refused_fill_in_a_closed_segment_stops_no_rebuild(cli: CommandLine) -> None:
    """The fault this came from, as an office meets it."""
    with opened(cli.root) as people:
        auditor = replace(people.office, account=Account("auditor", "示例审计员", None, grants=(Grant("auditor"),)))
        with pytest.raises(NotPermitted):
            auditor.authorise(Action.CREATE, "QR758-01A")
        close_segment(people.office)
    lose_register(cli.root)
    assert cli.json("rebuild")["problems"] == []


def test_what_was_destroyed_stays_destroyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CommandLine(copied_witnessed(tmp_path), capsys)
    with opened(cli.root) as people:
        destroy(people("戊"), LIST_NO)
        close_segment(people.office)
    lose_register(cli.root)
    answer = cli.json("rebuild")
    assert answer["problems"] == []
    assert answer["counts"]["lists"] == 1
    assert [cli.json("show", number)["record"]["state"] for number in (A, B, C)] == ["destroyed"] * 3
    (row,) = table(cli.root, "disposition")
    assert row["state"] == "destroyed"
    assert cli.json("verify", "--deep")["problems"] == []


def test_a_damaged_object_is_told_and_the_rest_comes_back(cli: CommandLine) -> None:
    path = next(p for p in (cli.root / "archive" / "objects").rglob("record.json") if "KF%2e02" in str(p))
    path.write_bytes(b"{}")
    lose_register(cli.root)
    refused = cli("rebuild", ok=False)
    assert refused.status == 7
    assert "请从备份恢复这个对象" in refused.out
    assert cli.json("show", A)["record"]["state"] == "bound"
    assert cli("show", sample_office.ROWS[0], ok=False).status == 5


def test_a_sound_register_is_not_replaced(cli: CommandLine) -> None:
    refused = cli("rebuild", ok=False)
    assert refused.status == 6
    assert "restore" in refused.err
    assert cli.json("show", A)["record"]["state"] == "bound"


def test_a_damaged_register_is_put_aside(cli: CommandLine) -> None:
    (cli.root / "archive" / "register.sqlite").write_bytes(b"no database" * 1000)
    kept = Path(cli.json("rebuild")["kept"])
    assert kept.read_bytes().startswith(b"no database")
    assert cli.json("show", C)["record"]["state"] == "filed"


def test_killed_before_the_new_register_is_in_place(cli: CommandLine) -> None:
    lose_register(cli.root)
    killed_at("rebuild.made", 1, cli.root, "rebuild")
    assert cli("status", ok=False).status == 7
    assert cli.json("rebuild")["problems"] == []
    assert not list((cli.root / "archive").glob("*rebuilding*"))


def test_readings_that_waited_beside_the_lost_register_come_after_its_log(cli: CommandLine) -> None:
    with opened(cli.root, system_now) as people:
        close_segment(people.office)
        people.office.register.set_aside([people.office.event("read", "example")])
    lose_register(cli.root)
    assert cli.json("rebuild")["problems"] == []
    told = [(e["action"], e["object"]) for e in cli.json("audit", "list", "--limit", 50)["events"]]
    assert ("read", "example") in told
