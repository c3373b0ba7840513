"""What is worked out once for all who ask: seen anew at every change, by everyone what he may read, made once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qrecords.desk.kept import Kept
from qrecords.errors import NotPermitted
from qrecords.model.access import Account, Grant
from qrecords.office import Office
from qrecords.services import steps
from qrecords.services.due import due
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.fill import fill
from qrecords.stores.formfolders import COMPLAINTS_FILE
from qrecords.stores.given import on_disk

NOTICE, REPORT = "QR758-04A-2025-00001", "QR758-06A-2025-00001"


def shown(office: Office) -> dict[str, str]:
    """Return the step each record waits for, by number; "" for those that wait for others."""
    found = waiting(office)
    mine = {s.record_no: action.value for action, lines in found.mine.items() for s in lines}
    return {s.record_no: "" for s in found.others} | mine


def test_lists_follow_every_change(
    office: Office, sample: Callable[..., Any], write: Callable[..., Path], monkeypatch: Any
) -> None:
    assert shown(office) == {} and due(office).due == []
    fill(office, "04A", [on_disk(write(sample("04A", submitted_on=None)))])
    assert shown(office) == {NOTICE: "issue"}
    steps.issue(office, [NOTICE])
    assert shown(office)[NOTICE] in {"submit", "update"}
    entries = [d for d in due(office).due if d.about == NOTICE]
    assert entries and "还缺" in str(entries[0].detail)
    fill(office, "06A", [on_disk(write(sample("06A")))])
    assert shown(office)[REPORT] == "submit"
    steps.submit(office, [REPORT])
    assert shown(office)[REPORT] == "review", "its state is the register's, whoever asked before"
    later = replace(office, workspace=office.workspace)
    days = {d.about: d.days_left for d in due(office).due}
    source = office.workspace.source
    monkeypatch.setattr(office.workspace, "source", lambda: source() + timedelta(days=1))
    assert {d.about: d.days_left for d in due(later).due} == {about: left - 1 for about, left in days.items()}


def test_what_counts_as_a_complaint_is_read_whenever_it_is_asked(
    office: Office, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    open_one = {"info_type": ["投诉"], "channel": "电话", "replied_at": None, "handled_on": None, "closed_on": None}
    fill(office, "01A", [on_disk(write(sample("01A", **open_one)))])

    def told() -> str:
        return "".join(str(d.detail) for d in due(office).due if d.key == "information_due")

    assert "投诉" in told()
    (office.settings.forms_dir / COMPLAINTS_FILE).unlink()
    assert "投诉" not in told()


def test_everyone_is_shown_what_he_may_read_in_any_order(
    office: Office, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    fill(office, "01A", [on_disk(write(sample("01A")))])
    secret = {"secrecy_level": "秘密", "secrecy_period": "10年", "customer_unit": "示例单位九"}
    fill(office, "01A", [on_disk(write(sample("01A", **secret)))])
    high, low = (
        replace(office, account=Account(name, name, None, clearance=clearance, grants=(Grant("supervisor"),)))
        for name, clearance in (("high", 3), ("low", 1))
    )
    for _ in range(2):
        assert len(shown(high)) == 2
        assert [*shown(low)] == ["QR758-01A-2025-00001"]
    reader = replace(low, account=replace(low.account, name="reader", grants=()))
    for _ in range(2):
        with pytest.raises(NotPermitted):
            waiting(reader)


def test_what_is_asked_for_together_is_made_once_and_a_failure_is_not_kept() -> None:
    kept, made = Kept(), []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get(1, "a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8
    assert kept.get(1, "b", make) == 2, "another key is another thing"
    assert kept.get(2, "a", make) == 3, "another state is another thing"

    def broken() -> int:
        raise OSError

    for _ in range(2):
        with pytest.raises(OSError):
            kept.get(2, "c", broken)
    assert kept.get(2, "c", make) == 4
