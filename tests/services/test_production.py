"""Series production and who serves what (QS/PA758A clauses 3 and 4; rules R29, R28)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput
from qrecords.model.lists import PRODUCTS, Catalogue, take_lines
from qrecords.model.production import plain, series_by_model, with_status
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.finding.find import show
from qrecords.services.intake.lists import add_entry, list_entries
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.procedure import Procedure
from tests.conftest import FORMS, CommandLine
from tests.services.test_rules import NOTICE, Desk

KINDS = Procedure(FORMS).batch_kinds
CATALOGUE = FormCatalogue(FORMS)
UNIT = {"performed_by": "相关单位", "performing_unit": "示例研究所"}


@pytest.fixture
def desk(office: Office, sample: Callable[..., Any], write: Callable[..., Path]) -> Desk:
    return Desk(office, sample, write)


def entry(serial: str, **more: Any) -> dict[str, Any]:
    return {"product_name": "短波电台（示例）", "product_model": "SL-120", "serial_no": serial, **more}


def a_line(**changes: Any) -> dict[str, Any]:
    return {"product_name": "短波电台（示例）", "product_model": "SL-120", "serial_no": "S1", "quantity": 1, **changes}


@pytest.mark.parametrize(
    ("kind", "produced", "batch"),
    [("单机", 9, False), ("单机", 10, True), ("系统", 1, False), ("系统", 2, True), ("", 99, False)],
)
def test_r29_clause_3_from_ten_units_or_two_systems_on_it_is_a_batch(kind: str, produced: int, batch: bool) -> None:
    series = series_by_model([entry("S1", product_kind=kind, produced=produced)], KINDS)[plain("SL-120")]
    assert (series.status == "批量") is batch
    assert series.computed is batch


def test_r29_clause_3_units_on_the_list_were_produced_too() -> None:
    entries = [entry(f"S{n}", product_kind="单机") for n in range(10)]
    assert series_by_model(entries, KINDS)[plain("SL-120")].produced == 10
    assert series_by_model([*entries[:9], entries[0]], KINDS)[plain("SL-120")].status == ""
    assert (
        series_by_model([entry("S1", produced=12), *entries[:2]], KINDS)[plain("SL-120")].told
        == "批量（单机，已生产12台）"
    )


def test_r29_clause_3_what_is_stated_goes_before_what_is_counted() -> None:
    entries = [entry("S1", product_kind="单机", produced=30, production_status="工程"), entry("S2")]
    series = series_by_model(entries, KINDS)
    assert (series[plain("SL-120")].status, series[plain("SL-120")].computed, series[plain("SL-120")].told) == (
        "工程",
        False,
        "工程",
    )
    assert [e["production_status"] for e in with_status(entries, series)] == ["工程", "工程"]
    mixed = [
        entry("S1", product_kind="单机", produced=30, production_status="工程"),
        entry("S2", production_status="批量"),
    ]
    said = series_by_model(mixed, KINDS)[plain("SL-120")]
    assert (said.status, said.told) == ("", "同型号各行写的产品状态不一致，请核对"), "the list says two things"
    doubtful = [entry("S1", product_kind="单机", produced=30), entry("S2", product_kind="系统")]
    assert series_by_model(doubtful, KINDS)[plain("SL-120")].status == ""


def test_r29_the_numbers_are_data_and_a_wrong_one_is_told(desk: Desk) -> None:
    path = desk.office.settings.forms_dir / "batch.toml"
    text = path.read_text(encoding="utf-8")
    add_entry(desk.office, PRODUCTS, entry("S1", product_kind="单机", produced="9"))
    assert list_entries(desk.office, PRODUCTS)[0]["series"] == "未达批量（单机，已生产9台，10台以上为批量）"
    for written, says in (("batch_from = 9", "批量（单机，已生产9台）"), ('batch_from = "多"', None)):
        path.write_text(text.replace("batch_from = 10", written), encoding="utf-8")
        desk.office.workspace.forget_forms()
        if says:
            assert list_entries(desk.office, PRODUCTS)[0]["series"] == says
        else:
            with pytest.raises(InvalidInput, match=r"batch\.toml"):
                list_entries(desk.office, PRODUCTS)
    path.unlink()
    desk.office.workspace.forget_forms()
    assert "series" not in list_entries(desk.office, PRODUCTS)[0]


def test_r28_the_choices_are_those_of_the_product_information() -> None:
    """QR758-04A, QR758-11A and the product list name the same four."""
    rows = [CATALOGUE.get(code).form.by_key["products"].column("production_status") for code in ("04A", "11A")]
    listed = next(f for f in CATALOGUE.block("product_series") if f.key == "production_status")
    assert len({f.choices for f in (*rows, listed) if f}) == 1


@pytest.mark.parametrize(
    ("by", "status", "words"),
    [
        ({}, "新产品", "由相关单位服务"),
        ({}, "边研制边生产", "由相关单位服务"),
        ({}, "工程", "由相关单位服务"),
        (UNIT, "批量", "由客户服务中心服务"),
        ({}, "批量", ""),
        (UNIT, "工程", ""),
        ({}, None, ""),
    ],
)
def test_r28_clause_4_the_wrong_side_is_reminded(
    desk: Desk, by: dict[str, str], status: str | None, words: str
) -> None:
    line = a_line(**({"production_status": status} if status else {}))
    made = desk.filled("04A", **by, products=[line])
    told = [note for note in made.notes if "QS/PA758A 第4章" in note]
    assert bool(told) is bool(words)
    assert all(words in note and "提醒" in note for note in told)
    assert [words in t for t in show(desk.office, NOTICE).reminders if "第4章" in t] == ([True] if words else [])


def test_r28_r29_the_list_gives_the_status_a_notice_leaves_out(desk: Desk) -> None:
    add_entry(desk.office, PRODUCTS, entry("S1", product_kind="单机", produced="10"))
    add_entry(desk.office, PRODUCTS, {"型号": "SL-210", "出厂编号": "S9", "产品状态": "新产品"})
    lines = [
        a_line(),
        a_line(product_model="SL-210", serial_no="S5 至 S7", quantity=3),
        a_line(product_model="SL-210", production_status="批量", serial_no="S9"),
        a_line(product_model="SL-333", serial_no="S1"),
    ]
    made = desk.filled("04A", **UNIT, products=lines)
    rows = reading.one(desk.office, NOTICE).values["products"]
    assert [row.get("production_status") for row in rows] == ["批量", "新产品", "批量", None]
    assert any("第1行产品状态「批量」、第2行产品状态「新产品」" in note for note in made.notes)
    assert any("批量、转产定型产品由客户服务中心服务" in note for note in made.notes)
    assert desk.new("11A", notice_no=None, products=[a_line()]), "its status is required, and the list has it"


def test_r28_a_line_with_something_wrong_is_told_and_not_filled_over(desk: Desk) -> None:
    add_entry(desk.office, PRODUCTS, entry("S1", product_kind="单机", produced="10"))
    with pytest.raises(InvalidInput) as refused:
        desk.new("04A", products=[a_line(production_status="不知道")])
    assert "产品状态" in refused.value.problems[0].message


def test_r28_a_line_takes_what_its_serial_number_says() -> None:
    form = CATALOGUE.get("04A").form
    catalogue = Catalogue(PRODUCTS, [entry("S1", production_status="批量"), entry("S2", production_status="工程")])
    present = {"products": [{"serial_no": "S2", "quantity": 1}, {"product_model": "SL-120", "quantity": 1}]}
    taken = take_lines(catalogue, form, present, ())
    assert taken.values["products"][0] == entry("S2", production_status="工程", quantity=1)
    assert "production_status" not in taken.values["products"][1], "the model has two"
    assert take_lines(catalogue, form, present, {"products"}).values == {}


def test_r29_the_commands_say_it(cli: CommandLine, tmp_path: Path) -> None:
    cli("products", "add", "型号=SL-120", "出厂编号=S1", "产品类型=系统", "已生产数量=2")
    assert "批量（系统，已生产2套）" in cli("products", "list").out
    source = tmp_path / "products.csv"
    source.write_text("型号,出厂编号,产品类型,已生产数量\nSL-9,A1,单机,十\n", encoding="utf-8")
    assert "已生产数量" in cli("products", "import", source, ok=False).err
    source.write_text("型号,出厂编号,产品类型,已生产数量\nSL-9,A1,单机,3\n", encoding="utf-8")
    cli("products", "import", source)
    found = {e["product_model"]: e["series"] for e in cli.json("products", "list")["products"]}
    assert found["SL-9"] == "未达批量（单机，已生产3台，10台以上为批量）"
