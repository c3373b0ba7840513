"""Numbers, the log's chain, and the split into volumes."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model import audit, numbering
from qrecords.model.audit import Event
from qrecords.model.volume import File, Item, Limits, Piece, Volume, by_task, split, volume_title


def test_numbers_written_by_hand_are_told_as_they_are_called() -> None:
    assert "QR758-04A-2026-00001" in numbering.numbers_told("ｑｒ758－04a - 2026-1；")
    assert {"QR758-04A-2026-00001", "KF-MY-2026-001"} <= {
        *numbering.numbers_told("见QR758-04A-2026-00001、kf-my-2026-001。")
    }
    assert numbering.numbers_told("没有") == ("没有",)
    told = numbering.records_told("NO.qr758-06a-2026-00012 和 04A-2026-3、KF-MY-2026-001")
    assert told == ["QR758-06A-2026-00012", "04A-2026-3"]
    assert [*numbering.numbers_within("编号qr758-06a-2026-00012")] == ["QR758-06A-2026-00012"]


def test_numbers_look_as_the_office_writes_them() -> None:
    series = numbering.ArchiveClass("750", "KJ·KF", "06", 2026, 5)
    assert numbering.record_no("QR758-06A", 2026, 123) == "QR758-06A-2026-00123"
    assert series.archive_no(123) == "750-KJ·KF·06·2026·D5-0123"
    assert series.volume_code(3) == "750-KJ·KF·06·2026·D5-003"
    assert numbering.file_safe(series.archive_no(1)) == "750-KJ.KF.06.2026.D5-0001"


@given(st.integers(1, 11), st.integers(2000, 2100), st.integers(1, 10**7))
def test_a_record_number_reads_back(form: int, year: int, number: int) -> None:
    code = f"QR758-{form:02d}A"
    assert numbering.parse_record_no(numbering.record_no(code, year, number)) == (code, year, number)


@pytest.mark.parametrize("text", ["", "QR758-06A-26-1", "QR758-06A-2026-0001", "x"])
def test_what_is_no_record_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="不是记录编号"):
        numbering.parse_record_no(text)


@given(st.sets(st.integers(1, 60)))
def test_gaps_and_numbers_together_are_all(numbers: set[int]) -> None:
    missing = numbering.gaps(sorted(numbers))
    assert set(missing).isdisjoint(numbers)
    assert set(missing) | numbers == set(range(1, max(numbers, default=0) + 1))


def chain(length: int) -> list[Event]:
    events, prev = [], audit.GENESIS
    for seq in range(1, length + 1):
        event = Event(seq, f"2026-01-01T00:00:{seq:02d}+08:00", "a", "create", f"no{seq}", "done", {"v": "x"}, prev)
        events.append(replace(event, hash=audit.event_hash(event)))
        prev = events[-1].hash
    return events


def test_a_whole_chain_holds() -> None:
    assert audit.first_break(chain(9)) is None
    assert audit.first_break([]) is None


@pytest.mark.parametrize("name", [f.name for f in fields(Event)])
def test_a_change_of_any_column_is_found(name: str) -> None:
    events = chain(5)
    changed = {"seq": 7, "detail": {"v": "y"}}.get(name, "changed")
    events[2] = replace(events[2], **{name: changed})
    broken = audit.first_break(events)
    assert broken is not None
    assert broken[0] in {3, 4}


def test_a_removed_and_a_moved_event_are_found() -> None:
    events = chain(5)
    assert audit.first_break([*events[:2], *events[3:]]) is not None
    assert audit.first_break([events[1], events[0], *events[2:]]) is not None


def item(number: int, pages: int) -> Item:
    return Item(
        f"A{number:04d}", f"N{number}", "题名", "中心", "2025-01-01", "2025-01-02", pages, "内部", f"o{number}", 1, ""
    )


def volumes_of(items: list[Item], limit: int) -> list[Volume]:
    return split([Piece(i, (File("form.pdf", i.pages),)) for i in items], Limits(limit, thickness=10**9))


@given(st.lists(st.integers(1, 260), max_size=120), st.integers(1, 220))
def test_every_item_is_bound_once_in_order_within_the_limit(sizes: list[int], limit: int) -> None:
    items = [item(n, pages) for n, pages in enumerate(sizes)]
    volumes = volumes_of(items, limit)
    assert [p.item for v in volumes for p in v.placed] == items
    for volume in volumes:
        assert volume.pages <= limit or len(volume.placed) == 1
        numbers = [n for p in volume.placed for n in range(p.page_from, p.page_to + 1)]
        assert numbers == list(range(1, volume.pages + 1))
        assert [p.position for p in volume.placed] == list(range(1, len(volume.placed) + 1))
        assert all(p.page_to - p.page_from + 1 == p.item.pages for p in volume.placed)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=60))
def test_no_volume_is_closed_while_the_next_item_still_fits(sizes: list[int]) -> None:
    volumes = volumes_of([item(n, pages) for n, pages in enumerate(sizes)], 50)
    for volume, after in pairwise(volumes):
        assert volume.pages + after.placed[0].item.pages > 50


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=60),
    st.integers(1, 60),
    st.integers(1, 40),
    st.booleans(),
)
def test_volumes_are_no_thicker_than_allowed(
    sizes: list[tuple[int, int]], pages: int, sheets: int, double_sided: bool
) -> None:
    pieces = [
        Piece(item(n, size), (File("scan.pdf", size + blank, tuple(range(size, size + blank))),))
        for n, (size, blank) in enumerate(sizes)
    ]
    volumes = split(pieces, Limits(pages, sheets * 100, 100, double_sided))
    assert [p.item for v in volumes for p in v.placed] == [p.item for p in pieces]
    for volume in volumes:
        fits = volume.pages <= pages and volume.sheets(double_sided=double_sided) <= sheets
        assert fits or len(volume.placed) == 1
        numbers = [n for p in volume.placed for file in p.numbers for n in file if n]
        assert numbers == list(range(1, volume.pages + 1)), "written pages alone are numbered, each once"


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=40))
def test_each_report_follows_its_notice_and_none_is_lost(called_by: list[int | None]) -> None:
    notices = [replace(item(n, 1), archive_no=f"N{n}") for n in range(5)]
    reports = [replace(item(n, 1), archive_no=f"R{n}") for n in range(len(called_by))]
    pieces = [Piece(i, ()) for i in [*notices, *reports]]
    own = {f"N{n}": f"no{n}" for n in range(5)}
    names = {f"R{n}": f"no{notice}" for n, notice in enumerate(called_by) if notice is not None}
    order = [p.item.archive_no for p in by_task(pieces, own, names)]
    assert sorted(order) == sorted(p.item.archive_no for p in pieces)
    expected = [no for n in range(5) for no in (f"N{n}", *(r for r in names if names[r] == f"no{n}"))]
    assert order[: len(expected)] == expected


def test_a_volume_is_as_secret_as_its_most_secret_item() -> None:
    items = [item(1, 1), replace(item(2, 1), secrecy_level="机密"), replace(item(3, 1), secrecy_level="公开")]
    assert volumes_of(items, 200)[0].secrecy_level == "机密"


def test_a_volume_is_titled_as_archives_do() -> None:
    assert volume_title(2025, "维修服务报告", "QR758-06A", 2) == "2025年度维修服务报告（QR758-06A）第2册"
    assert volume_title(2025, "维修服务报告", "QR758-06A", 3, supplement=True).endswith("第3册（补编）")


def test_numbers_in_a_text_without_blanks_are_found_at_its_end() -> None:
    found = [*numbering.numbers_within("A-" * 20_000 + "QR758-06A-2026-00123")]
    assert "QR758-06A-2026-00123" in found
    assert len(found) < 100
