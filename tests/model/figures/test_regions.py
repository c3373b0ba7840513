"""Service by region, service point and level, as the list of customers says (R178, R179): figures by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from qrecords.model.record import Record
from qrecords.model.regions import Regions
from qrecords.model.values import choice_key
from tests.model.figures.rows import Paper, means, record

WHERE = {
    "甲": {"region": "示例北区", "service_point": "示例一站", "service_level": "A"},
    "乙": {"region": "示例北区", "service_point": "示例二站"},
    "丙": {"region": "示例南区", "service_level": "B"},
}


@pytest.fixture(scope="module")
def paper() -> Paper:
    def sent(name: str, unit: str, left: str, there: str, back: str) -> object:
        days = {"issued_on": "2026-03-01", "required_arrival": "2026-03-05", "departed_on": left, "arrived_on": there}
        return record(name, "04A", customer_unit=unit, returned_on=back, staff=[{"name": "示例"}] * 2, **days)

    records = [
        sent("N1", "甲", "2026-03-02", "2026-03-05", "2026-03-08"),
        sent("N2", "乙", "2026-03-03", "2026-03-07", "2026-03-08"),
        sent("N3", "丙", "2026-03-04", "2026-03-05", "2026-03-05"),
        sent("N4", "丁", "2026-03-04", "2026-03-05", "2026-03-05"),
        record("R1", "06A", finished_on="2026-03-06", customer_unit="甲", service_category="现场维修"),
        record("I1", "01A", received_at="2026-03-10 09:00", replied_at="2026-03-12 09:00", due_date="2026-03-12",
               handled_on="2026-03-11", customer_unit=" 甲", info_type=["投诉"]),
    ]  # fmt: skip
    listed = {choice_key(name): said for name, said in WHERE.items()}
    return Paper("2026-H1", records, listed=listed)  # type: ignore[arg-type]


def test_r178_each_region_with_what_was_done_there(paper: Paper) -> None:
    north = paper.row("T14", "regions", "示例北区")
    assert {k: north[k] for k in ("customers", "sent", "days", "units", "percent", "way", "complaints")} == {
        "customers": "2", "sent": "2", "days": "26", "units": "1", "percent": "50.0", "way": "3.5", "complaints": "1",
    }  # fmt: skip
    assert paper.column("T14", "regions", "sent") == {"示例北区": "2", "示例南区": "1", "未填": "1", "total": "4"}
    assert paper.column("T14a", "points", "sent") == {"示例一站": "1", "示例二站": "1", "未填": "2", "total": "4"}


def test_r178_points_without_customers_partners_and_how_soon_people_left() -> None:
    """From the call that asked to the departure, over the information made of it; a later call is no need (T14)."""
    call, info, first, second, third = (f"QR758-{form}-2026-{n:05}" for n, form in enumerate(
        ("02A", "01A", "04A", "04A", "04A"), 1))  # fmt: skip

    def sent(name: str, left: str, unit: str = "") -> Record:
        by = {"performed_by": "相关单位", "performing_unit": unit} if unit else {}
        return record(name, "04A", customer_unit="甲", issued_on="2026-03-01", departed_on=left, **by)

    records = [
        record(call, "02A", call_at="2026-03-01 10:00", direction="来电", customer_unit="甲", linked_record=info),
        record(info, "01A", received_at="2026-03-02 09:00", customer_unit="甲", source_record_no=f"已派 {first}"),
        sent(first, "2026-03-05", "示例 合作单位"),
        sent(second, "2026-04-01", "示例合作单位"),
        sent(third, "2026-03-05"),
        record(
            "QR758-02A-2026-00009",
            "02A",
            call_at="2026-03-09 10:00",
            direction="去电",
            customer_unit="甲",
            linked_record=third,
        ),
    ]
    partners = [{"unit": "示例合作单位", "until": "2026-03-31"}]
    regions = Regions.model_validate({"points": ["示例二站", "示例一站"], "partners": partners})
    listed = {choice_key(name): said for name, said in WHERE.items()}
    paper = Paper("2026-H1", records, listed=listed, using=replace(means(), regions=regions))
    rows = paper.part("T14a", "points").rows
    assert [row.key for row in rows] == ["示例二站", "示例一站", "total"], "as the office lists them, used or not"
    assert {v for k, v in paper.row("T14a", "points", "示例二站").items() if k != "customers"} == {"0", "—"}
    there = paper.row("T14a", "points", "示例一站")
    assert (there["sent"], there["partners"], there["response"]) == ("3", "1", "4.0")
    assert paper.row("T14", "regions", "示例北区")["response"] == "4.0"
    with pytest.raises(ValidationError, match="写了两次"):
        Regions.model_validate({"points": ["甲", "甲 "]})


def test_r179_each_level_with_what_it_got(paper: Paper) -> None:
    first = paper.row("T14b", "levels", "A")
    assert (first["sent"], first["percent"], first["answer"], first["reply_days"]) == ("1", "100.0", "100.0", "2.0")
    assert paper.column("T14b", "levels", "sent") == {"A": "1", "B": "1", "未填": "2", "total": "4"}


def test_no_list_no_table() -> None:
    alone = Paper(
        "2026-H1", [record("N1", "04A", issued_on="2026-03-01", departed_on="2026-03-02", customer_unit="甲")]
    )
    assert not [t.id for t in alone.drawn.tables if t.id.startswith("T14")]
