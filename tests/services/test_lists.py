"""The lists of customers and products: kept as CSV, imported, and what a record takes from them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qrecords.model.access import Account, Grant
from qrecords.model.field import FieldType
from qrecords.model.lists import CUSTOMERS, KINDS, PRODUCTS, Catalogue, Entry, ListKind, merge, take
from qrecords.office import Office
from qrecords.services.intake.lists import add_entry, list_entries
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import FORMS, CommandLine

UNIT = {
    "customer_unit": "示例单位一",
    "customer_code": "SL-001",
    "military_branch": "海军",
    "contact_person": "示例联系人",
    "contact_title": "技师",
    "contact_phone": "000-00000001",
    "customer_address": "示例市示例路1号",
}
RADIO = {
    "product_name": "短波电台（示例）",
    "product_model": "SL-120",
    "serial_no": "S2203017",
    "warranty_status": "保内",
}
CATALOGUE = FormCatalogue(FORMS)

Sample = Callable[..., dict[str, Any]]
Write = Callable[..., Path]


def taken(kind: Any, entries: list[Entry], code: str, **present: Any) -> tuple[dict[str, Any], str]:
    found = take(Catalogue(kind, entries), CATALOGUE.get(code).form, present, present.keys())
    return dict(found.values), found.note


def add(cli: CommandLine, kind: str, values: dict[str, str]) -> Any:
    return cli.json(kind, "add", *(f"{k}={v}" for k, v in values.items()))


@pytest.fixture
def kept(cli: CommandLine) -> None:
    add(cli, "customers", UNIT)
    add(cli, "products", RADIO)


@pytest.mark.usefixtures("kept")
def test_a_code_and_a_serial_number_fill_the_rest(cli: CommandLine, write: Write, sample: Sample) -> None:
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    whole = sample("06A")
    short = {k: v for k, v in whole.items() if k not in {*UNIT, *RADIO}} | {
        "用户代号": "sl-００1",
        "serial_no": "S2203017",
    }
    ran = cli("--json", "fill", "06A", write(short), "--dry-run")
    (record,) = ran.json["records"]
    (wanted,) = cli.json("fill", "06A", write(whole), "--dry-run")["records"]
    # The code stays as its clerk wrote it.
    assert record["values"] == wanted["values"] | {"customer_code": "sl-００1"}
    assert "从用户清单带出：用户单位「示例单位一」" in ran.err
    assert "从产品清单带出" in ran.err
    assert "保修状态「保内」" in ran.err


@pytest.mark.usefixtures("kept")
def test_what_the_clerk_wrote_is_never_changed(cli: CommandLine, write: Write, sample: Sample) -> None:
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    own = {"customer_address": "另一地址", "warranty_status": "保外", "contact_title": None, "delivery_date": "某日"}
    ran = cli("--json", "fill", "06A", write(sample("06A", **own)), "--dry-run", "--keep-going", ok=False)
    assert [p["field"] for p in ran.json["error"]["problems"]] == ["delivery_date"]
    (record,) = cli.json("fill", "06A", write(sample("06A", **own | {"delivery_date": ""})), "--dry-run")["records"]
    assert record["values"]["customer_address"] == "另一地址"
    assert record["values"]["warranty_status"] == "保外"
    assert record["values"]["contact_title"] == "技师"


def test_without_lists_nothing_is_added(cli: CommandLine, write: Write, sample: Sample) -> None:
    ran = cli("--json", "fill", "10A", write(sample("10A", contact_phone=None)), "--dry-run")
    assert "contact_phone" not in ran.json["records"][0]["values"]
    assert "带出" not in ran.err


def test_an_entry_is_found_by_code_then_by_unit() -> None:
    other = {"customer_unit": "示例单位二", "customer_code": "SL-002", "customer_address": "二号"}
    assert taken(CUSTOMERS, [UNIT, other], "06A", customer_code="SL-002")[0] == {
        "customer_unit": "示例单位二",
        "customer_address": "二号",
    }
    assert taken(CUSTOMERS, [UNIT, other], "06A", customer_unit="示例单位二")[0]["customer_code"] == "SL-002"
    assert taken(CUSTOMERS, [UNIT, other], "06A", customer_code="SL-009") == ({}, "")
    assert taken(CUSTOMERS, [UNIT, other], "06A") == ({}, "")


def test_what_says_otherwise_takes_nothing() -> None:
    values, note = taken(CUSTOMERS, [UNIT], "06A", customer_code="SL-001", customer_unit="示例单位二")
    assert values == {}
    assert "不一致" in note
    values, note = taken(PRODUCTS, [RADIO], "06A", serial_no="S2203017", product_model="SL-150")
    assert values == {}
    assert "不一致" in note


def test_what_could_be_two_takes_nothing() -> None:
    twins = [RADIO, RADIO | {"product_model": "SL-150"}]
    values, note = taken(PRODUCTS, twins, "06A", serial_no="S2203017")
    assert values == {}
    assert "分不清" in note
    assert taken(PRODUCTS, twins, "06A", serial_no="S2203017", product_model="SL-150")[0]["warranty_status"] == "保内"


def test_the_telephone_belongs_to_the_person() -> None:
    values, _ = taken(CUSTOMERS, [UNIT], "06A", customer_code="SL-001", contact_person="示例另一人")
    assert set(values) == {"customer_unit", "military_branch", "customer_address"}
    values, _ = taken(CUSTOMERS, [UNIT], "02A", customer_unit="示例单位一")
    assert set(values) == {"military_branch"}, "who called is not for a list to say"
    values, _ = taken(CUSTOMERS, [UNIT], "02A", customer_unit="示例单位一", contact_person="示例联系人")
    assert set(values) == {"military_branch", "contact_title", "contact_phone"}


def test_a_value_the_form_does_not_take_is_left_out() -> None:
    old = UNIT | {"military_branch": "旧名"}
    assert "military_branch" not in taken(CUSTOMERS, [old], "06A", customer_code="SL-001")[0]


def test_lists_are_merged_by_what_tells_entries_apart() -> None:
    new = [
        {"customer_unit": "示例单位一", "customer_code": "SL-001", "contact_phone": "1"},
        {"customer_unit": "示例单位三"},
    ]
    merged, added, changed = merge(CUSTOMERS, [UNIT], new)
    assert merged == [UNIT | {"contact_phone": "1"}, {"customer_unit": "示例单位三"}]
    assert (added, changed) == (1, 1)
    assert merge(CUSTOMERS, merged, new)[1:] == (0, 0)
    assert len(merge(PRODUCTS, [RADIO], [RADIO | {"product_model": "SL-150"}])[0]) == 2


def table_of(path: Path, rows: list[list[Any]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", encoding="gb18030", newline="") as stream:
            csv.writer(stream).writerows(rows)
        return path
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_import_takes_what_a_clerk_has(cli: CommandLine, tmp_path: Path, suffix: str) -> None:
    rows = [
        ["出厂编号*", "型号", "product_name", "颜色", "交付日期"],
        ["00123", "SL-120", "电台", "绿", "2022年11月20日"],
    ]
    source = table_of(tmp_path / f"list{suffix}", rows)
    ran = cli("--json", "products", "import", source)
    assert (ran.json["added"], ran.json["changed"], ran.json["total"]) == (1, 0, 1)
    assert "「颜色」" in ran.err
    (entry,) = cli.json("products", "list")["products"]
    assert entry == {
        "serial_no": "00123",
        "product_model": "SL-120",
        "product_name": "电台",
        "delivery_date": "2022-11-20",
    }
    again = cli.json("products", "import", source)
    assert (again["added"], again["changed"], again["total"]) == (0, 0, 1)
    # What is kept is itself a list that can be imported: nothing is lost in writing and reading.
    own = cli.root / "products.csv"
    assert own.read_bytes().startswith("\ufeff产品名称,型号,出厂编号".encode())
    assert cli.json("products", "import", own)["changed"] == 0


def test_import_takes_all_rows_or_none(cli: CommandLine, tmp_path: Path) -> None:
    rows = [["出厂编号", "型号", "保修状态"], ["1", "SL-120", "保内"], ["2", "SL-120", "也许"], ["3", None, "保外"]]
    error = cli.json("products", "import", table_of(tmp_path / "list.csv", rows), ok=False)["error"]
    assert [(p["row"], p["field"]) for p in error["problems"]] == [(3, "warranty_status"), (4, "product_model")]
    assert not (cli.root / "products.csv").exists()


def test_another_sheet_of_the_file_is_told(cli: CommandLine, tmp_path: Path) -> None:
    """The second sheet of a list, one for each year, was passed over without a word."""
    book = openpyxl.Workbook()
    for title, state in (("2025", "visible"), ("2026", "visible"), ("旧", "hidden")):
        sheet = book.create_sheet(title)
        sheet.append(["出厂编号", "型号"])
        sheet.append([title, "SL-120"])
        sheet.sheet_state = state
    book.save(tmp_path / "list.xlsx")
    ran = cli("products", "import", tmp_path / "list.xlsx")
    assert "只读了工作表「2025」；「2026」的表头也相符，没有读入" in ran.err


def test_a_name_that_means_two_parts_is_told(cli: CommandLine, tmp_path: Path) -> None:
    rows = [["备件名称", "型号", "别名"], ["电源", "DY", "电源板"], ["模块", "DY", "电源板、模块板"], ["天线", "", ""]]
    ran = cli("parts", "import", table_of(tmp_path / "list.csv", rows))
    assert "「电源板 DY」在清单里指2种备件（电源、模块），消耗都算作「电源」的" in ran.err
    assert ran.err.count("在清单里指") == 1


def test_who_reads_of_one_branch_is_told_of_its_customers_alone(office: Office) -> None:
    """An office of military representatives saw every branch's customers, their people and telephones."""
    for code, branch in (("HJ1", "海军"), ("LJ1", "陆军")):
        add_entry(office, CUSTOMERS, {"用户单位": f"示例{branch}", "用户代号": code, "用户类别/兵种": branch})
        add_entry(office, PRODUCTS, {"型号": "SL-120", "出厂编号": f"S{code}", "交付用户代号": code})
    add_entry(office, PRODUCTS, {"型号": "SL-120", "出厂编号": "S0"})
    milrep = Account("rep", "示例", None, clearance=2, grants=(Grant("milrep", branch="海军"),))
    reader = replace(milrep, grants=(*milrep.grants, Grant("supervisor")))

    def told(account: Account, kind: ListKind) -> list[str]:
        key = kind.required[0]
        return [str(e[key]) for e in list_entries(replace(office, account=account), kind)]

    assert (told(milrep, CUSTOMERS), told(milrep, PRODUCTS)) == (["示例海军"], ["SHJ1", "S0"])
    assert (len(told(reader, CUSTOMERS)), len(told(reader, PRODUCTS))) == (2, 3)
    assert list_entries(replace(office, account=milrep), CUSTOMERS, "陆军") == []


def test_a_row_written_twice_and_otherwise_is_refused_and_named(cli: CommandLine, tmp_path: Path) -> None:
    """The later row took the place of the earlier one, and a customer was gone without a word."""
    head = ["用户代号", "用户单位", "联系人"]
    twice = [head, ["C1", "示例乙厂", "甲"], ["", "示例甲厂", "乙"], ["Ｃ1", "示例丙厂", "甲"], ["", "示例甲厂", "丙"]]
    error = cli.json("customers", "import", table_of(tmp_path / "list.csv", twice), ok=False)["error"]
    assert [(p["row"], p["field"]) for p in error["problems"]] == [(4, "customer_unit"), (5, "contact_person")]
    assert "与第2行是同一条（「用户代号」相同）" in error["problems"][0]["message"]
    assert not (cli.root / "customers.csv").exists()
    # The same said twice, or the rest of it, is one entry.
    same = [head, ["C1", "示例乙厂", ""], ["C1", "示例乙厂", "甲"], ["C1", "示例乙厂", "甲"]]
    assert cli.json("customers", "import", table_of(tmp_path / "list.csv", same))["total"] == 1


def test_a_code_given_later_joins_the_entry_of_its_unit() -> None:
    """Two entries of one unit made every record that names the unit alone take nothing."""
    plain = {"customer_unit": "示例单位四", "contact_person": "甲"}
    coded = {"customer_unit": "示例单位四", "customer_code": "SL-004"}
    both = plain | coded
    assert merge(CUSTOMERS, [plain], [coded]) == ([both], 0, 1)
    assert merge(CUSTOMERS, [both], [plain]) == ([both], 0, 0)
    assert merge(CUSTOMERS, [plain], [coded, coded | {"contact_person": "乙"}])[0] == [both | {"contact_person": "乙"}]
    # Another code is another customer; two of one unit are told apart by their codes alone.
    other = coded | {"customer_code": "SL-005"}
    assert len(merge(CUSTOMERS, [coded], [other])[0]) == 2
    assert len(merge(CUSTOMERS, [coded, other], [plain])[0]) == 3


def test_what_somebody_wrote_twice_into_the_list_stays_there() -> None:
    """An office edits its list in Excel: adding an entry at the desk lets none of its rows go."""
    twice = [RADIO, RADIO | {"warranty_status": "保外"}]
    merged, added, changed = merge(PRODUCTS, twice, [RADIO | {"serial_no": "S9"}])
    assert (merged[:2], added, changed) == (twice, 1, 0)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["add", "用户代号=SL-001"], 3, "没有写「用户单位」"),
        (["add", "用户=示例单位一"], 3, "可用：用户单位"),
        (["add", "示例单位一"], 2, "栏目=内容"),
        (["add", "用户单位=示例单位一", "用户类别/兵种=水军"], 3, "不在可选范围内"),
        (["import", "nothing.csv"], 3, "找不到"),
        (["import", "x.txt"], 3, ".csv 或 .xlsx"),
    ],
)
def test_what_is_wrong_is_told(cli: CommandLine, words: list[str], status: int, says: str) -> None:
    Path("x.txt").write_text("x", encoding="utf-8")
    ran = cli("customers", *words, ok=False)
    assert ran.status == status
    assert says in ran.err
    assert not (cli.root / "customers.csv").exists()


@pytest.mark.usefixtures("kept")
def test_list_finds_and_shows(cli: CommandLine) -> None:
    assert cli.json("customers", "list", "sl-001")["customers"] == [UNIT]
    assert cli.json("customers", "list", "别处")["customers"] == []
    assert "示例单位一" in cli("customers", "list").out


@pytest.mark.usefixtures("kept")
def test_a_list_that_cannot_be_read_stops_no_one(cli: CommandLine, write: Write, sample: Sample) -> None:
    (cli.root / "customers.csv").write_text("乱写的内容\n", encoding="utf-8")
    ran = cli("--json", "fill", "10A", write(sample("10A")))
    assert len(ran.json["records"]) == 1
    assert "customers.csv 读不出" in ran.err
    assert cli("customers", "list", ok=False).status == 3


@pytest.mark.usefixtures("kept")
def test_a_change_is_in_the_log(cli: CommandLine) -> None:
    from qrecords.office import Office

    office = Office.open(cli.root)
    with office.register.read() as tx:
        changed = [event.object for event in tx.audit.events()][-2:]
    office.register.close()
    assert changed == ["customers.csv", "products.csv"]


def test_the_lists_hold_what_the_forms_hold() -> None:
    for kind in KINDS.values():
        fields = {f.key: f for f in CATALOGUE.block(kind.block)}
        assert {*kind.found_by, *kind.required} <= fields.keys()
        assert FieldType.ROWS not in {f.type for f in fields.values()}
