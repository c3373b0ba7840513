"""Ways to have a list destroyed that may not be: one table for the services' tests and for the desk's, through HTTP."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qrecords.errors import IntegrityFailure, QRecordsError, WrongState
from qrecords.services.disposition.hold import hold
from qrecords.services.disposition.lists import approve, draw, lists, witness
from qrecords.services.disposition.retention import extend
from tests.retention_office import (
    ALL,
    ITEM_A,
    ITEM_C,
    LIST_NO,
    NOW,
    TODAY,
    VOLUME,
    B,
    C,
    People,
    copied,
    copied_witnessed,
    filled,
    information,
)


@dataclass(frozen=True)
class Cheat:
    """What is done to an office whose list waits for its execution by 戊, and what the execution says to it."""

    do: Callable[[People], object]
    error: type[QRecordsError]
    told: str
    # What verify finds of it afterwards: nothing, but for what was done to the register or archive by hand.
    source: str = ""
    message: str = ""
    deep: bool = False  # verify finds it where it reads every byte
    start: Callable[[Path], Path] = copied_witnessed


def tamper(people: People, statement: str, *values: Any) -> None:
    """Change the register by hand, as whoever can write its file may."""
    with closing(sqlite3.connect(people.office.register.path)) as connection, connection:
        connection.execute(statement, values)


def _longer(people: People) -> None:
    rule = '[[longer]]\nyears = 30\nreason = "合同"\ncustomer = "示例单位二"'
    (people.root / "retention.toml").write_text(rule, "utf-8")


def _progress(people: People) -> dict[str, Any]:
    """Return what people did about the list, as the register keeps it."""
    shown = asdict(lists(people("甲"))[0])
    return {key: shown[key] for key in ("approved", "witnesses", "reason")}


def _write_progress(people: People, progress: dict[str, Any]) -> None:
    tamper(people, "UPDATE disposition SET progress = ?", json.dumps(progress))


def _change_approval(people: People) -> None:
    progress = _progress(people)
    progress["approved"]["sha256"] = "0" * 64
    _write_progress(people, progress)


def _change_witness(people: People) -> None:
    progress = _progress(people)
    progress["witnesses"][1]["sha256"] = "0" * 64
    _write_progress(people, progress)


def _invent_witness(people: People) -> None:
    """Write a second witness into the register alone."""
    found = draw(people("甲"), ALL, "x")
    approve(people("乙"), LIST_NO)
    witness(people("丙"), LIST_NO, found.sha256, TODAY)
    progress = _progress(people)
    progress["witnesses"] += (progress["witnesses"][0] | {"account": "丁", "name": "丁"},)
    _write_progress(people, progress)


def _complaint(people: People) -> None:
    values = information(9, "示例单位二") | {"info_type": ["投诉"], "cause_analysis": "示例"}
    filled(people("甲"), "01A", values)


def _delete_hold(subject: str) -> Callable[[People], None]:
    def do(people: People) -> None:
        hold(people("己"), subject, "诉讼")
        tamper(people, "DELETE FROM hold")

    return do


def _release_hold(people: People) -> None:
    hold(people("己"), B, "诉讼")
    tamper(people, "UPDATE hold SET released_at = ?, released_by = '甲', release_reason = '已结'", NOW.isoformat())


def _change_paper(people: People) -> None:
    path = Path(people.office.archive.called(f"urn:qrecords:disposition:{LIST_NO}", "list.json", 1))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(ITEM_C.encode(), ITEM_A.encode()))


_LOG = "登记库与日志"
_MOVED = "UPDATE item SET record_year = record_year - 1"
_NEWER = "UPDATE item SET version = version + 1 WHERE archive_no = ?"

CHEATS = {
    "a longer period after the witnesses": Cheat(_longer, WrongState, "2049-12-31"),
    "an extension after the witnesses": Cheat(
        lambda people: extend(people("甲"), [C], "2026-12-31", "还有用"), WrongState, "2026-12-31"
    ),
    "a hold after the witnesses": Cheat(lambda people: hold(people("己"), B, "诉讼"), WrongState, "冻结中"),
    "a complaint that is open": Cheat(_complaint, WrongState, "没有了结"),
    "the approval changed in the register": Cheat(_change_approval, IntegrityFailure, "不同", LIST_NO),
    "a witness changed in the register": Cheat(_change_witness, IntegrityFailure, "不同", LIST_NO),
    "a witness in the register alone": Cheat(
        _invent_witness, IntegrityFailure, "日志里没有 丁", LIST_NO, start=copied
    ),
    "a record's hold deleted": Cheat(_delete_hold(B), IntegrityFailure, _LOG, message="冻结"),
    "a volume's hold deleted": Cheat(_delete_hold(VOLUME), IntegrityFailure, _LOG, message="冻结"),
    "a customer's hold deleted": Cheat(_delete_hold("示例单位三"), IntegrityFailure, _LOG, message="冻结"),
    "a hold said to be released": Cheat(_release_hold, IntegrityFailure, _LOG, message="冻结"),
    "the year moved": Cheat(lambda people: tamper(people, _MOVED), IntegrityFailure, _LOG, message="年度"),
    "a unit changed after the list": Cheat(
        lambda people: tamper(people, _NEWER, ITEM_C), WrongState, "不同了", message=ITEM_C
    ),
    "the list's paper changed": Cheat(_change_paper, IntegrityFailure, "list.json", message="list.json", deep=True),
}  # fmt: skip
