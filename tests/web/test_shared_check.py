"""A deep check shared by workers tells what one that checks alone would, and misses nothing a worker left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from qrecords.errors import WrongState
from qrecords.model.job import JobState
from qrecords.office import Office
from qrecords.services import jobs
from qrecords.services.care import shares
from qrecords.services.finding import indexing
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


@pytest.mark.parametrize("damaged", [False, True], ids=["sound", "damaged"])
def test_a_deep_check_is_shared_and_tells_what_one_alone_would(
    people: kept.People, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    office, told = people.office, []
    if damaged:
        damaged_object(office)
    for hand in (jobs.DESK, ANYONE):
        job = jobs.start(office, "verify", {"deep": True})
        with ThreadPoolExecutor(2) as pool:
            [*pool.map(lambda _, hand=hand: work_off(office, hand), range(2 if hand.shares else 1))]
        done = jobs.show_job(office, job.key)
        told.append((done.state, done.told, sorted(done.lines)))
        assert len(parts_of(office, job)) == (4 if hand.shares else 0), "three series, and what belongs to none"
    assert told[0] == told[1]
    assert told[0][0] is (JobState.FAULTY if damaged else JobState.DONE)
    assert any("与归档时不同" in line for line in told[0][2]) is damaged


def test_a_share_nobody_finished_is_checked_by_who_joins(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LEAST_OBJECTS", 1)
    checked, failed = shares.checked, list[bool]()

    def once(*given: Any, **named: Any) -> str:
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
