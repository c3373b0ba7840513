"""What is over, what is held, and what is kept longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput, NotFound, NotPermitted, QRecordsError, UsageError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.audit import digest
from qrecords.model.record import Action
from qrecords.services.disposition.hold import hold, holds, release
from qrecords.services.disposition.lists import draw
from qrecords.services.disposition.retention import VolumeKept, due, extend, of_volume
from qrecords.services.volumes.shelf import show_volume
from tests.conftest import CommandLine
from tests.retention_office import (
    ITEM_A,
    ITEM_C,
    ITEM_ROWS,
    LAST_DAY,
    NOW,
    ROWS,
    VOLUME,
    A,
    C,
    People,
    copied,
    filled,
    information,
    opened,
)

pytestmark = pytest.mark.office


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return copied(tmp_path)


@pytest.fixture
def people(kept: Path) -> Iterator[People]:
    with opened(kept) as found:
        yield found


def found(people: People, on: str = "") -> dict[str, Any]:
    return {unit.code: unit for unit in due(people("甲"), on)}


def test_volumes_and_what_is_in_none_come_due_together(people: People) -> None:
    assert found(people, LAST_DAY) == {}
    units = found(people, "2025-01-01")
    assert set(units) == {VOLUME, ITEM_C, ITEM_ROWS}, "not the items of the volume by themselves"
    assert {unit.state for unit in units.values()} == {"due"}
    assert {unit.last_day for unit in units.values()} == {LAST_DAY}
    assert units[VOLUME].items == 2


def test_a_setting_counts_from_the_filing(kept: Path, people: People) -> None:
    settings = kept / "qrecords.toml"
    settings.write_text(settings.read_text("utf-8").replace('"record-year"', '"filing-year"'), "utf-8")
    from qrecords.settings import load

    people.office.workspace.settings = load(kept)
    assert found(people, "2025-01-01") == {}
    assert found(people, "2026-01-01")[VOLUME].last_day == "2025-12-31"
    settings.write_text(settings.read_text("utf-8").replace('"filing-year"', '"creation-year"'), "utf-8")
    with pytest.raises(InvalidInput) as told:
        load(kept)
    assert [p.field for p in told.value.problems] == ["retention.count"]


def test_a_customer_or_a_contract_may_ask_for_longer(kept: Path, people: People) -> None:
    rules = '[[longer]]\nyears = 10\nreason = "合同约定"\ncustomer = "示例单位二"\n[[longer]]\nyears = 6\nreason = "示例"\nform = "02A"\n'
    (kept / "retention.toml").write_text(rules, "utf-8")
    assert set(found(people, "2025-01-01")) == {ITEM_C}
    assert found(people, "2026-01-01")[ITEM_ROWS].last_day == "2025-12-31"
    assert found(people, "2030-01-01")[VOLUME].last_day == "2029-12-31", "a volume is kept as long as its latest item"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("[[longer]]\nyears = 4\nreason = 'x'\nform = '01A'", ["years"]),
        ("[[longer]]\nyears = 7\nform = '01A'", ["reason"]),
        ("[[longer]]\nyears = 7\nreason = 'x'", ["form"]),
        ("[[longer]]\nyears = 7\nreason = 'x'\nunit = 'y'\ncustomer = 3", ["unit", "customer"]),
        ("[shorter]\nyears = 1", ["shorter"]),
        ("longer = 3", ["longer"]),
    ],
)
def test_a_wrong_rule_is_told_and_nothing_is_guessed(kept: Path, people: People, text: str, fields: list[str]) -> None:
    (kept / "retention.toml").write_text(text, "utf-8")
    with pytest.raises(InvalidInput) as told:
        found(people)
    assert [p.field for p in told.value.problems] == fields


def test_without_the_list_of_complaints_nothing_is_judged(kept: Path, people: People) -> None:
    (kept / "forms" / "QR758" / "disposition" / "complaints.toml").unlink()
    with pytest.raises(InvalidInput, match="投诉"):
        found(people)


@pytest.mark.parametrize(("subject", "blocked"), [(A, VOLUME), (VOLUME, VOLUME), (ITEM_C, ITEM_C), ("示例单位三", ITEM_C), (ROWS[1], ITEM_ROWS)])  # fmt: skip
def test_a_hold_blocks_until_another_person_releases_it(people: People, subject: str, blocked: str) -> None:
    hold(people("甲"), subject, "诉讼未决")
    assert {code for code, unit in found(people).items() if unit.state == "blocked"} == {blocked}
    with pytest.raises(NotPermitted, match="自己"):
        release(people("甲"), subject, "想解除")
    assert len(holds(people("乙"))) == 1
    assert [h.subject for h in release(people("乙"), subject, "诉讼已结")] == [subject]
    assert holds(people("乙")) == []
    assert found(people)[blocked].state == "due"
    with people.office.register.read() as tx:
        events = [e for e in tx.audit.events() if e.action in {"hold", "release"}]
    assert [(e.account, e.action) for e in events] == [("甲", "hold"), ("乙", "release")]
    logged = f"customer/{digest(subject)[:16]}" if subject.startswith("示例") else subject
    assert {e.object for e in events} == {logged}, "a number as it is, of a customer only the hash"


def test_a_volume_says_how_long_it_is_kept_and_what_forbids_its_end(kept: Path, people: People) -> None:
    first = people("甲")
    shown = show_volume(first, VOLUME).retention
    assert (shown.last_day, shown.over, shown.tells) == (LAST_DAY, True, True)
    assert (shown.holds, shown.complaints, shown.others, shown.list_no, shown.fault) == ([], [], [], "", "")
    hold(first, A, "诉讼未决")
    hold(first, C, "不在这一册")
    complaint = information(9, "示例单位二", replied_at=None, qa_followup=None) | {"info_type": ["投诉", "质量信息"]}
    (number,) = filled(people.office, "01A", complaint)
    shown = of_volume(people("乙"), VOLUME)
    assert [(h.subject, h.reason, h.placed_by) for h in shown.holds] == [(A, "诉讼未决", "甲")]
    assert shown.complaints == [number]
    reader = replace(people("乙"), account=Account("reader", "示例员工", None, grants=(Grant("clerk"),)))
    assert not reader.allows(Action.APPRAISE)
    assert of_volume(reader, VOLUME) == VolumeKept(LAST_DAY, over=True), "the day, nothing of what is in the way"
    leader = replace(reader, account=Account("leader", "示例员工", None, grants=(Grant("leader"),)))
    shown = of_volume(leader, VOLUME)
    assert shown.complaints == []
    assert shown.others == ["有1份您不能查阅的投诉还没有了结"], "it stands in the way, and may not be read"
    extend(people("甲"), [VOLUME], "2031-12-31", "还有用")
    shown = of_volume(first, VOLUME)
    assert (shown.last_day, shown.over) == ("2031-12-31", False)
    (kept / "retention.toml").write_text("[shorter]\nyears = 1", "utf-8")
    assert "retention.toml" in of_volume(first, VOLUME).fault, "the volume opens all the same"
    assert show_volume(first, VOLUME).items == 2


def test_a_volume_says_which_list_it_stands_on(people: People) -> None:
    number = draw(people("甲"), [VOLUME], "无继续保存价值").list_no
    assert of_volume(people("乙"), VOLUME).list_no == number


def test_two_holds_need_two_people(people: People) -> None:
    hold(people("甲"), C, "一")
    hold(people("乙"), C, "二")
    release(people("乙"), C, "甲的事了结")
    assert found(people)[ITEM_C].state == "blocked", "乙 cannot release his own"
    release(people("甲"), C, "乙的事了结")
    assert found(people)[ITEM_C].state == "due"


@pytest.mark.parametrize(
    ("subject", "reason", "error"),
    [("示例单位", "x", NotFound), ("QR758-01A-2019-00009", "x", NotFound), ("", "x", NotFound), (A, " ", UsageError)],
)
def test_a_hold_on_nothing_is_refused(people: People, subject: str, reason: str, error: type[QRecordsError]) -> None:
    with pytest.raises(error):
        hold(people("甲"), subject, reason)
    with pytest.raises(NotFound):
        release(people("甲"), ITEM_A, "x")


def test_an_appraisal_may_keep_longer_never_shorter(people: People) -> None:
    office = people("甲")
    with pytest.raises(InvalidInput, match=LAST_DAY):
        extend(office, [VOLUME], LAST_DAY, "示例")
    extend(office, [VOLUME, C], "2028-06-30", "还有用")
    with pytest.raises(InvalidInput, match="没有意义"):
        extend(office, [VOLUME], "2027-01-01", "示例")
    assert set(found(people)) == {ITEM_ROWS}
    assert found(people, "2028-06-30").keys() == {ITEM_ROWS}
    assert found(people, "2028-07-01")[VOLUME].last_day == "2028-06-30"


def test_units_that_cannot_be_appraised_are_all_named(people: People) -> None:
    with pytest.raises(NotFound) as told:
        extend(people("甲"), ["没有", "QR758-04A-2019-00001", VOLUME], "2040-01-01", "示例")
    assert [p.source for p in told.value.problems] == ["没有", "QR758-04A-2019-00001"]


def test_with_the_clock_before_the_newest_event_no_period_is_judged(people: People) -> None:
    hold(people("甲"), C, "x")
    for step in (due, lambda o: extend(o, [VOLUME], "2040-01-01", "x")):
        with pytest.raises(WrongState, match="时钟"):
            step(people.at(NOW - timedelta(seconds=1))("甲"))


def test_the_commands_say_it_to_people(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CommandLine(kept, capsys)
    placed = cli.json("retention", "hold", C, "--reason", "诉讼未决")["hold"]
    assert (placed["kind"], placed["subject"]) == ("record", C)
    assert "诉讼未决" in cli("retention", "holds").out
    assert cli("retention", "release", C, "--reason", "x", ok=False).status == 4
    told = cli("retention", "due").out
    assert "诉讼未决" in told
    assert "待鉴定" in told
    answer = cli.json("retention", "appraise", VOLUME, "--extend-to", "2090-12-31", "--reason", "还有用")
    assert [unit["code"] for unit in answer["extended"]] == [VOLUME]
    assert {u["code"]: u["state"] for u in cli.json("retention", "due")["due"]} == {ITEM_C: "blocked", ITEM_ROWS: "due"}
    assert cli("retention", "appraise", "没有", "--extend-to", "2090-12-31", "--reason", "x", ok=False).status == 5
