"""A half-year beside the sum of its approved months (V-3): 43 now, 41 told, and every record between with its reason."""

from __future__ import annotations

from dataclasses import replace

from qrecords.model.figures.reconcile import Part, Why, differences, reconciliation, told
from qrecords.model.record import Correction, Record, State
from tests.model.figures.rows import Paper, record

TOLD = (6, 5, 8, 7, 9, 6)
FIGURE = "T03.planned.total.sent"


def notice(name: str, month: int, state: str = "filed", **values: str) -> Record:
    day = f"2026-{month:02}-10"
    return record(name, "04A", state, **{"issued_on": day, "departed_on": day, "returned_on": day} | values)


def test_v3_a_half_year_beside_its_approved_months() -> None:
    told_then = [notice(f"N{m}-{n}", m) for m, count in enumerate(TOLD, 1) for n in range(count)]
    moved = notice("J", 7)  # July, when June was approved
    approved = {m: Paper(f"2026-0{m}", [*told_then, moved]) for m in range(1, 7)}
    parts = [
        Part(
            f"2026年{m}月",
            100 * m,
            {f.id: told(f) for t in paper.drawn.tables for f in t.figures()},
            f"2026-{m:02}-01",
            f"2026-{m:02}-31",
        )
        for m, paper in approved.items()
    ]
    assert [p.figures[FIGURE].value for p in parts] == [*TOLD]

    later = [notice("V", 3), notice("L", 4)]  # valid only in May; entered in May, when April was told and June not yet
    correction = Correction(2, "2026-07-20", "甲", "写错", {"departed_on": ["2026-07-10", "2026-06-10"]})
    corrected = replace(notice("J", 6), corrections=(correction,))
    voided = [replace(r, state=State.VOID) if r.record_no == "N5-0" else r for r in told_then]
    records = [*voided, *later, corrected]
    half = Paper("2026-H1", records)

    found = differences(
        parts, [half.figure(FIGURE)], {r.record_no: r for r in records}, {r.record_no: 50 for r in records} | {"L": 450}
    )
    assert [(d.summed, d.now, d.difference) for d in found] == [(41, 43, 2)]
    assert dict(found[0].records) == {
        "V": Why.LATER_VALID, "L": Why.LATE_ENTRY, "J": Why.DATE, "N5-0": Why.VOID,
    }  # fmt: skip
    row = reconciliation(found, parts).rows[0]
    assert row.cells[:3] == ("41", "43", "2")
    assert "作废1：N5-0" in str(row.cells[3])


def test_v3_parts_that_agree_say_so_and_rates_are_no_sums() -> None:
    records = [notice(f"N{m}", m, required_arrival=f"2026-0{m}-10", arrived_on=f"2026-0{m}-10") for m in range(1, 7)]
    papers = [Paper(f"2026-0{m}", records) for m in range(1, 7)]
    parts = [Part("月", 1, {f.id: told(f) for t in p.drawn.tables for f in t.figures()}) for p in papers]
    half = Paper("2026-H1", records)
    figures = [half.figure(name) for name in (FIGURE, "T06.arrival.total.percent")]
    found = differences(parts, figures, {r.record_no: r for r in records}, {})
    assert found == []
    assert "与各期已报数一致" in reconciliation(found, parts).notes
    assert reconciliation([], []).notes == ("没有已批准的各期报表",)
    some = reconciliation([], [], ["2019年5月", "2019年6月"])
    assert some.notes == ("没有已批准的：2019年5月、2019年6月；各期齐全后才能比较",) and not some.rows


def test_v3_a_corrected_value_is_a_difference_even_where_the_sum_is_the_same() -> None:
    def repair(name: str, month: int, hours: str) -> Record:
        return record(name, "06A", finished_on=f"2026-0{month}-10", work_hours=hours, repair_conclusion="修复")

    before = [repair("A", 1, "2"), repair("B", 2, "3")]
    parts = [
        Part("月", 1, {f.id: told(f) for t in Paper(f"2026-0{m}", before).drawn.tables for f in t.figures()})
        for m in range(1, 7)
    ]
    now = [repair("A", 1, "3"), repair("B", 2, "2")]
    figure = Paper("2026-H1", now).figure("T05.cost.total.hours")
    found = differences(parts, [figure], {r.record_no: r for r in now}, {})
    assert [(d.difference, dict(d.records)) for d in found] == [(0, {"A": Why.VALUE, "B": Why.VALUE})]
