"""The office's clock: a caller's TZ, a clock that stands in the past, one that jumped ahead once, and the way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli.wording import worded
from qrecords.desk.session import Session
from qrecords.desk.workspace import system_now
from qrecords.errors import InvalidInput, NotPermitted, WrongState
from qrecords.model.access import Account
from qrecords.model.audit import Event
from qrecords.model.clock import CLOCK, TOLERANCE, Backwards
from qrecords.office import Office, trusted_newest
from qrecords.services.access.accounts import add
from qrecords.services.access.audit import check_log
from qrecords.services.access.clock import ask, clock_state, confirm
from qrecords.services.administer import init, open_office
from qrecords.services.finding.find import list_records
from qrecords.services.intake.fill import fill
from qrecords.settings import load
from qrecords.stores.given import on_disk
from tests import dying
from tests.conftest import NOW, CommandLine


def at(office: Office, moment: datetime) -> Office:
    return Session(replace(office.workspace, source=lambda: moment), office.account)


def told_by_verify(office: Office) -> list[str]:
    with office.register.read() as tx:
        return [str(p.message) for p in check_log(office, tx).problems]


@pytest.fixture
def entry(tmp_path: Path, sample: Callable[..., dict[str, Any]]) -> Callable[[], Path]:
    """Return what writes an input file, each time of another customer: the same again would be no new record."""
    numbers = count(1)

    def write() -> Path:
        path = tmp_path / "entry.json"
        path.write_text(
            json.dumps({**sample("01A"), "customer_unit": f"示例单位{next(numbers)}", "记录编号": "新"}),
            encoding="utf-8",
        )
        return path

    return write


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati", "UTC+25", "nonsense/zone", ""])
def test_the_day_is_the_offices_whatever_the_callers_zone(
    tmp_path: Path, zone: str, fresh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = fresh(tmp_path / "office", system_now)
    monkeypatch.setenv("TZ", zone)
    code = "import sys, pathlib; from qrecords.services.administer import open_office as o; "
    code += "print(o(pathlib.Path(sys.argv[1])).now())"
    ended = dying.run(code, root)
    assert ended.status == 0, ended.err
    said = datetime.fromisoformat(ended.out.strip())
    assert said.utcoffset() == timedelta(hours=8)
    assert abs(datetime.now(UTC) - said) < timedelta(minutes=2)


def test_rights_end_by_the_offices_day(tmp_path: Path) -> None:
    late = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)  # already the 5th in Shanghai
    with closing(init(tmp_path / "office", clock=lambda: late)) as office:
        assert office.today() == office.rules.on == "2026-03-05"


@pytest.mark.parametrize("zone", ["Asia/Peking", "../../etc/passwd", "/etc/localtime", "", "Asia", "a\\u0000b"])
def test_a_zone_that_is_none_is_told(tmp_path: Path, zone: str) -> None:
    (tmp_path / "qrecords.toml").write_text(f'[office]\ntimezone = "{zone}"\n', "utf-8")
    with pytest.raises(InvalidInput) as told:
        load(tmp_path)
    assert "时区" in str(told.value.problems[0].message)


def test_a_clock_in_the_past_writes_nothing(office: Office, entry: Callable[[], Path]) -> None:
    fill(office, "01A", [on_disk(entry())])
    with office.register.read() as tx:
        before = tx.audit.head()
    past = at(office, NOW - TOLERANCE - timedelta(seconds=1))
    with pytest.raises(WrongState, match="早，没有办理"):
        fill(past, "01A", [on_disk(entry())])
    with office.register.read() as tx:
        assert tx.audit.head() == before
    assert len(list_records(past)) == 1, "looking goes on"
    assert fill(at(office, NOW - TOLERANCE), "01A", [on_disk(entry())]).records


def test_a_clock_walked_back_in_small_steps(office: Office, entry: Callable[[], Path]) -> None:
    fill(office, "01A", [on_disk(entry())])
    fill(at(office, NOW - timedelta(minutes=9)), "01A", [on_disk(entry())])
    with pytest.raises(WrongState, match="早，没有办理"):
        fill(at(office, NOW - timedelta(minutes=18)), "01A", [on_disk(entry())])


def test_a_clock_years_ahead_writes_nothing(office: Office, entry: Callable[[], Path]) -> None:
    fill(office, "01A", [on_disk(entry())])
    with pytest.raises(WrongState, match="1100天以上"):
        fill(at(office, NOW + timedelta(days=1101)), "01A", [on_disk(entry())])
    assert fill(at(office, NOW + timedelta(days=1099)), "01A", [on_disk(entry())]).records


def test_one_jump_ahead_is_undone_by_two(office: Office, entry: Callable[[], Path]) -> None:
    add(office, "second", display_name="示例管理员")
    fill(office, "01A", [on_disk(entry())])
    fill(at(office, NOW + timedelta(days=400)), "01A", [on_disk(entry())])
    with pytest.raises(WrongState) as told:
        fill(office, "01A", [on_disk(entry())])
    assert "audit clock" in worded(told.value.remedy)
    with pytest.raises(WrongState, match="没有人提出"):
        confirm(office)
    with pytest.raises(InvalidInput):
        ask(office, " ")
    ask(office, "时钟电池没电")
    assert clock_state(office).asked_by == office.account.name
    desk = office.account.grants
    with office.register.write() as tx:
        tx.accounts.grant("second", desk[0], office.now(), office.account.name)
        tx.seals.touched()
    with pytest.raises(NotPermitted, match="另一名"):
        confirm(office)
    with pytest.raises(WrongState, match="没有人提出"):
        confirm(at(office, NOW + timedelta(days=2)))
    confirm(replace(office, account=Account("second", "示例管理员", "", grants=desk)))
    assert fill(office, "01A", [on_disk(entry())]).records
    assert told_by_verify(office) == []
    with office.register.read() as tx:
        steps = [(e.account, e.outcome) for e in tx.audit.events() if e.action == CLOCK]
        newest = trusted_newest(tx, whole=True)
    assert steps == [(office.account.name, "begun"), ("second", "done")]
    assert newest == NOW


def test_a_declaration_written_by_hand_counts_for_nothing(office: Office, entry: Callable[[], Path]) -> None:
    fill(at(office, NOW + timedelta(days=400)), "01A", [on_disk(entry())])
    with office.register.write() as tx:
        tx.facts.set(CLOCK, str(tx.audit.head()[0]))
    with pytest.raises(WrongState):
        fill(office, "01A", [on_disk(entry())])
    with office.register.write() as tx:
        tx.facts.set(CLOCK, "no number")
    with pytest.raises(WrongState):
        fill(office, "01A", [on_disk(entry())])


def test_verify_names_times_that_run_backwards(office: Office) -> None:
    with office.register.write() as tx:
        moments = (NOW, NOW - timedelta(hours=1), NOW - timedelta(minutes=5), NOW)
        tx.audit.append([Event(0, m.isoformat(), "x", "update", "y") for m in moments])
    assert len(told := told_by_verify(office)) == 1
    assert "1条的时间比前面的早" in worded(told[0])


def test_offsets_are_compared_as_moments() -> None:
    times = Backwards()
    list(
        times.watch(
            Event(n, at, "x", "update", "y")
            for n, at in enumerate(
                ("2026-03-04T09:30:00+08:00", "2026-03-04T01:31:00+00:00", "2026-03-03T20:32:00-05:00", "never")
            )
        )
    )
    assert times.problems() == []


def test_the_command_says_how_it_stands(cli: CommandLine) -> None:
    assert cli.json("audit", "clock")["clock"]["timezone"] == "Asia/Shanghai"
    assert "另一名管理员" in cli("audit", "clock", "--reason", "示例").out
    assert "已声明" in cli("audit", "clock", "--confirm").out
    assert "声明时钟" in cli("audit", "list").out
    with closing(open_office(cli.root)) as office:
        assert told_by_verify(office) == []
