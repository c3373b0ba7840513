"""Steps that need several people: one person with two accounts is refused where it is known, each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import NotPermitted
from qrecords.model.access import Account, Grant
from qrecords.office import Office
from qrecords.services import steps
from qrecords.services.access import copies
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.hold import hold, lost_holds, release
from qrecords.services.disposition.lists import approve, draw, witness
from tests.retention_office import ALL, ITEM_A, LIST_NO, TODAY, A, copied, filled, information, opened

MINE, HERS = "uid/1000", "uid/1001"
SAME = "同一个系统用户"
ROLES = {"甲": "supervisor", "乙": "leader", "丙": "quality", "丁": "quality", "戊": "archivist"}


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Office]:
    """An office that keeps duties apart, with records of 2019 that are over."""
    with opened(copied(tmp_path)) as people:
        access = replace(people.office.settings.access, separation="strict")
        settings = replace(people.office.settings, access=access)
        workspace = replace(people.office.workspace, settings=settings)
        with closing(Office(workspace, people.office.account)) as office:
            yield office


def hand(office: Office, name: str, role: str, origin: str) -> Office:
    """Return the office as somebody works in it from one place."""
    return replace(office, account=Account(name, name, None, clearance=3, grants=(Grant(role),)), origin=origin)


def test_every_event_keeps_where_it_came_from(strict: Office) -> None:
    hold(hand(strict, "甲", "supervisor", MINE), A, "示例")
    with strict.register.read() as tx:
        (event,) = (e for e in tx.audit.events(A) if e.action == "hold")
    assert event.detail["origin"] == MINE


def test_whose_account_filled_in_does_not_review_by_another(strict: Office) -> None:
    clerk = hand(strict, "甲", "clerk", MINE)
    (number,) = filled(clerk, "01A", information(7, "示例单位七"))
    steps.submit(clerk, [number])
    with pytest.raises(NotPermitted, match=SAME):
        steps.review(hand(strict, "乙", "supervisor", MINE), [number])
    steps.review(hand(strict, "乙", "supervisor", HERS), [number])


def test_copies_and_holds(strict: Office) -> None:
    asked = copies.request(hand(strict, "甲", "clerk", MINE), ITEM_A, purpose="示例")
    with pytest.raises(NotPermitted, match=SAME):
        copies.approve(hand(strict, "乙", "supervisor", MINE), asked.request_no)
    copies.approve(hand(strict, "乙", "supervisor", HERS), asked.request_no)
    hold(hand(strict, "甲", "supervisor", MINE), A, "示例")
    with pytest.raises(NotPermitted, match=SAME):
        release(hand(strict, "丙", "supervisor", MINE), A, "示例")
    assert release(hand(strict, "丙", "supervisor", HERS), A, "示例")


def test_a_destruction_takes_five_people_not_five_accounts(strict: Office) -> None:
    def step(name: str, origin: str) -> Office:
        return hand(strict, name, ROLES[name], origin)

    drawn = draw(step("甲", "uid/1"), ALL, "示例")
    confirmed: Any = (LIST_NO, drawn.sha256, TODAY)
    with pytest.raises(NotPermitted, match=SAME):
        approve(step("乙", "uid/1"), LIST_NO)
    approve(step("乙", "uid/2"), LIST_NO)
    with pytest.raises(NotPermitted, match=SAME):
        witness(step("丙", "uid/2"), *confirmed)
    witness(step("丙", "uid/3"), *confirmed)
    with pytest.raises(NotPermitted, match=SAME):
        witness(step("丁", "uid/3"), *confirmed)
    witness(step("丁", "uid/4"), *confirmed)
    for origin in ("uid/2", "uid/3", "uid/4"):
        with pytest.raises(NotPermitted, match=SAME):
            destroy(step("戊", origin), LIST_NO)


def test_on_one_desk_people_share_a_computer(tmp_path: Path) -> None:
    with opened(copied(tmp_path)) as people:
        drawn = draw(replace(people("甲"), origin=MINE), ALL, "示例")
        approve(replace(people("乙"), origin=MINE), LIST_NO)
        witness(replace(people("丙"), origin=MINE), LIST_NO, drawn.sha256, TODAY)


@pytest.mark.parametrize("alone", [False, True], ids=["shared", "a person each"])
def test_an_address_tells_people_apart_where_the_office_says_so(strict: Office, alone: bool) -> None:
    """Behind a proxy, or on the machine itself, everybody comes from one address."""
    access = replace(strict.settings.access, person_per_address=alone)
    workspace = replace(strict.workspace, settings=replace(strict.settings, access=access))
    office, here = Office(workspace, strict.account), "desk/192.0.2.7"
    asked = copies.request(hand(office, "甲", "clerk", here), ITEM_A, purpose="示例")
    if alone:
        with pytest.raises(NotPermitted, match=SAME):
            copies.approve(hand(office, "乙", "supervisor", here), asked.request_no)
        here = "desk/192.0.2.8"
    copies.approve(hand(office, "乙", "supervisor", here), asked.request_no)


def test_a_number_typed_otherwise_is_the_same_list_and_hold(strict: Office) -> None:
    drawn = draw(hand(strict, "甲", "supervisor", MINE), ALL, "示例")
    with pytest.raises(NotPermitted, match=SAME):
        approve(hand(strict, "乙", "leader", MINE), f" {drawn.list_no.lower()} ")
    hold(hand(strict, "甲", "supervisor", MINE), A, "示例")
    with pytest.raises(NotPermitted, match=SAME):
        release(hand(strict, "丙", "supervisor", MINE), A.lower(), "示例")
    release(hand(strict, "丙", "supervisor", HERS), A.lower(), "示例")
    with strict.register.read() as tx:
        assert lost_holds(tx) == []


def test_a_hold_released_before_is_nobodys_now(strict: Office) -> None:
    hold(hand(strict, "甲", "supervisor", MINE), A, "示例")
    release(hand(strict, "丙", "supervisor", HERS), A, "示例")
    hold(hand(strict, "丙", "supervisor", HERS), A, "示例")
    release(hand(strict, "丁", "supervisor", "uid/1002"), A, "示例")
