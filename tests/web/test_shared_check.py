"""A deep check shared by workers tells what one that checks alone would, and misses nothing a worker left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from qrecords.errors import WrongState
from qrecords.model.job import JobState
from qrecords.model.spans import unpacked
from qrecords.office import Office
from qrecords.services import jobs
from qrecords.services.care import shares
from qrecords.services.finding import indexing
from qrecords.stores.register.records import Records
from tests import retention_office as kept
from tests.web.test_paper_jobs import ANYONE, parts_of, people, work_off

__all__ = ["people"]


def damaged_object(office: Office) -> str:
    """Change a byte of a filed paper, as a disk does that forgets; returns the object's home."""
    home = office.archive.home(f"urn:qrecords:item:{kept.ITEM_B.replace('·', '.')}")
    path = next((office.settings.archive_dir / "objects" / home).rglob("form.pdf"))
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    return home


def edited(statement: str) -> Callable[[Office], None]:
    """Return what changes the register behind the office's back."""

    def edit(office: Office) -> None:
        with closing(sqlite3.connect(office.settings.archive_dir / "register.sqlite")) as register, register:
            assert register.execute(statement).rowcount == 1

    return edit


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (lambda _: None, ""),
        (damaged_object, "与归档时不同"),
        (edited(f"UPDATE record SET title = '改过的' WHERE record_no = '{kept.A}'"), "登记库里的内容与归档时不同"),
        (edited(f"UPDATE record SET state = 'reviewed' WHERE record_no = '{kept.C}'"), "在登记库里不是已归档"),
        (edited(f"UPDATE record SET archive_no = '{kept.ITEM_C}' WHERE record_no = '{kept.A}'"), "不是已归档"),
        (edited(f"UPDATE record SET archive_no = '示例-0001' WHERE record_no = '{kept.B}'"), "没有归档件 示例-0001"),
        (edited(f"UPDATE item SET object_id = 'urn:x' WHERE archive_no = '{kept.ITEM_ROWS}'"), "登记库里没有"),
        (edited(f"UPDATE volume SET pages = 99 WHERE volume_code = '{kept.VOLUME}'"), "页数与登记不符"),
    ],
)
def test_a_deep_check_is_shared_and_tells_what_one_alone_would(
    people: kept.People, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Office], object], wanted: str
) -> None:
    """Whatever is wrong in one series, between two, or in none: no share passes it on to another that does not look."""
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    office, told = people.office, []
    damage(office)
    for hand in (jobs.DESK, ANYONE):
        job = jobs.start(office, "verify", {"deep": True})
        with ThreadPoolExecutor(2) as pool:
            [*pool.map(lambda _, hand=hand: work_off(office, hand), range(2 if hand.shares else 1))]
        done = jobs.show_job(office, job.key)
        told.append((done.state, done.told, sorted(done.lines)))
        assert len(parts_of(office, job)) == (4 if hand.shares else 0), "three series, and what belongs to none"
    assert told[0] == told[1]
    assert told[0][0] is (JobState.FAULTY if wanted else JobState.DONE)
    assert any(wanted in line for line in told[0][2])


def test_a_share_nobody_finished_is_checked_by_who_joins(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    checked, failed = shares.checked, list[bool]()

    def once(*given: Any, **named: Any) -> shares.Found:
        if not failed:
            failed.append(True)
            raise WrongState("示例")
        return checked(*given, **named)

    monkeypatch.setattr(shares, "checked", once)
    damaged_object(people.office)
    job = jobs.start(people.office, "verify", {"deep": True})
    work_off(people.office)
    assert [p.state for p in parts_of(people.office, job)].count(JobState.FAILED) == 1
    told = jobs.show_job(people.office, job.key)
    assert told.state is JobState.FAULTY
    assert sum("与归档时不同" in line for line in told.lines) == 1


def test_a_share_remembers_what_it_opened_for_itself_until_something_is_destroyed(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    office = people.office

    def remembered() -> dict[str, list[str]]:
        found = office.indexes_dir.glob(indexing.OPENED_SHARES)
        return {path.name: sorted(path.read_text(encoding="utf-8").splitlines()) for path in found}

    for _ in range(2):
        jobs.start(office, "verify", {"deep": True})
        work_off(office)
        kept_now = remembered()
        assert len(kept_now) == 4
        one = next(office.indexes_dir.glob(indexing.OPENED_SHARES))
        with one.open("a", encoding="utf-8") as memory:
            memory.write(f"{'0' * 64}.pdf\n")
    jobs.start(office, "verify", {"deep": True})
    work_off(office)
    assert remembered() == kept_now, "what left the archive is forgotten"
    indexing.purge(office)
    assert remembered() == {}


def test_a_plain_check_is_not_cut(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    job = jobs.start(people.office, "verify", {})
    work_off(people.office)
    assert (jobs.show_job(people.office, job.key).state, parts_of(people.office, job)) == (JobState.DONE, [])


def test_the_shares_name_every_object_once_and_each_reads_what_is_about_its_own(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    office, asked = people.office, list[set[str]]()
    stray = office.settings.archive_dir / "objects" / "ffff" / "no-object"
    stray.mkdir(parents=True)
    (stray / "0=ocfl_object_1.1").write_text("ocfl_object_1.1\n")
    named = [object_id for share in shares.cut(office) for object_id in unpacked(share.objects)]
    assert sorted(named) == sorted(office.archive.ids())
    under = Records.archived_under

    def archived_under(self: Records, archive_nos: Any, states: Any) -> Any:
        asked.append({*archive_nos})
        return under(self, archive_nos, states)

    monkeypatch.setattr(Records, "archived_under", archived_under)
    monkeypatch.setattr(Records, "find", lambda *_, **__: pytest.fail("a share reads all filed records"))
    for share in shares.cut(office):
        shares.checked(office, share.series, share.objects, progress=lambda *_: None)
    assert sum(map(len, asked)) == len(set().union(*asked)) == 4
    assert [one for one in asked if kept.ITEM_C in one] == [{kept.ITEM_C}]


def test_a_share_an_earlier_release_cut_is_checked_by_its_series(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    one = next(share for share in shares.cut(people.office) if "" not in share.series)
    home = damaged_object(people.office)
    found = [
        shares.checked(people.office, one.series, objects, progress=lambda *_: None) for objects in (one.objects, None)
    ]
    assert found[0] == found[1]
    assert (home, found[0].checks["objects"][0]) == (home, len([*unpacked(one.objects)]))
