"""The input workbook of each form: what a clerk sees, and that `fill` takes back what was written into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form
from qrecords.model.worksheet import RECORD_COLUMN, main_fields, rows_fields
from qrecords.render.inputbook import CHOICES_SHEET, input_workbook
from qrecords.render.inputguide import GUIDE_SHEET
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.inputs import read_records
from tests.conftest import FORMS, CommandLine

CODES = [p.name for p in sorted(FORMS.glob("[0-9][0-9][A-Z]"))]


def form_of(code: str) -> Form:
    return FormCatalogue(FORMS).get(code).form


@pytest.fixture
def sheet(cli: CommandLine, tmp_path: Path) -> Callable[[str], Path]:
    def make(code: str) -> Path:
        return Path(cli.json("forms", "sheet", code, "-o", tmp_path / f"{code}.xlsx")["path"])

    return make


def main_of(book: Workbook, code: str) -> Worksheet:
    return book[next(name for name in book.sheetnames if name.startswith(code))]


def columns_of(sheet: Worksheet) -> dict[str, int]:
    return {str(c.value).removesuffix("*"): c.column for c in sheet[1] if c.value}


def typed(field: Field, value: Any) -> Any:
    """Return what a spreadsheet makes of a value as a clerk types it."""
    match field.type:
        case FieldType.DATE:
            return date.fromisoformat(value)
        case FieldType.DATETIME:
            return datetime.fromisoformat(value)
        case FieldType.DEC:
            return float(value)
        case FieldType.BOOL:
            return "是" if value else "否"
        case FieldType.MULTI:
            return "、".join(value)
        case _:
            return value


def type_record(book: Workbook, form: Form, values: dict[str, Any], number: int) -> None:
    """Type a record into a row of the main sheet, and its lines below what stands on their sheets."""
    main = main_of(book, form.code[6:])
    columns = columns_of(main)
    for field in main_fields(form):
        if field.key in values:
            main.cell(number + 1, columns[field.label], typed(field, values[field.key]))
    for field in rows_fields(form):
        lines = book[field.label.replace("/", "")]
        columns = columns_of(lines)
        free = 1 + max(c.row for c in lines["A"] if c.value)
        for row, line in enumerate(values.get(field.key, []), start=free):
            lines.cell(row, columns[RECORD_COLUMN], number)
            for column in field.columns:
                if column.key in line:
                    lines.cell(row, columns[column.label], typed(column, line[column.key]))


@pytest.fixture
def referred(cli: CommandLine) -> None:
    """File the records the samples refer to."""
    for code in ("04A", "10A"):
        (made,) = cli.json("fill", code, FORMS / code / "sample.json")["records"]
        if code == "04A":
            cli("issue", made["record_no"])


@pytest.mark.usefixtures("referred")
@pytest.mark.parametrize("code", CODES)
def test_what_is_typed_in_comes_back_unchanged(
    cli: CommandLine, sheet: Callable[[str], Path], sample: Callable[..., dict[str, Any]], code: str
) -> None:
    path, form = sheet(code), form_of(code)
    book = openpyxl.load_workbook(path)
    # Some reports may be written once only: the rules between records see to that.
    numbers = (4,) if code in {"05A", "06A", "07A", "08A"} else (1, 2, 4)
    for number in numbers:
        type_record(book, form, sample(code), number)
    book.save(path)
    ran = cli("--json", "fill", code, path, "--dry-run", "--same-again")
    (wanted,) = cli.json("fill", code, FORMS / code / "sample.json", "--dry-run")["records"]
    assert [r["row"] for r in ran.json["records"]] == [number + 1 for number in numbers]
    assert [r["values"] for r in ran.json["records"]] == [wanted["values"]] * len(numbers)
    assert "提示" not in ran.err


@pytest.mark.parametrize("code", CODES)
def test_an_untouched_sheet_files_nothing(cli: CommandLine, sheet: Callable[[str], Path], code: str) -> None:
    answer = cli.json("fill", code, sheet(code), ok=False)
    assert "没有记录" in answer["error"]["problems"][0]["message"]
    assert cli.json("list", "--all")["records"] == []


@pytest.mark.parametrize("code", CODES)
def test_every_field_a_clerk_writes_has_its_column(sheet: Callable[[str], Path], code: str) -> None:
    form, book = form_of(code), openpyxl.load_workbook(sheet(code))
    main = main_of(book, code)
    assert book.active is main
    assert book.sheetnames[0] == GUIDE_SHEET
    assert main.freeze_panes in {"A2", "B2"}
    headings = [c.value for c in main[1] if c.value != RECORD_COLUMN]
    assert sorted(h.removesuffix("*") for h in headings) == sorted(f.label for f in main_fields(form))
    missing = form.incomplete(form.check({}).values, [form.stages[0].key])
    refused = {p.field for p in missing if p.field and form.by_key[p.field].required}
    starred = {form.key_of(h) for h in headings if h.endswith("*")}
    assert starred | {f.key for f in rows_fields(form) if f.required} >= refused
    assert all(form.by_key[key or ""].required for key in starred)
    for table in (main, *(book[f.label.replace("/", "")] for f in rows_fields(form))):
        assert all(c.comment and c.comment.text.strip() for c in table[1])


def checks_of(sheet: Worksheet, heading: str) -> Any:
    letter = openpyxl.utils.get_column_letter(columns_of(sheet)[heading])
    (found,) = [v for v in sheet.data_validations.dataValidation if f"{letter}2" in v.sqref]
    return found


def test_cells_help_and_refuse(sheet: Callable[[str], Path]) -> None:
    book = openpyxl.load_workbook(sheet("06A"))
    main = main_of(book, "06A")
    columns = columns_of(main)
    for heading in ("出厂编号", "电话", "通知单编号"):
        letter = openpyxl.utils.get_column_letter(columns[heading])
        assert main.column_dimensions[letter].number_format == "@"
    choice = checks_of(main, "责任归属")
    assert (choice.type, choice.errorStyle, choice.showErrorMessage) == ("list", "stop", True)
    ((title, place),) = book.defined_names[choice.formula1].destinations
    assert title == CHOICES_SHEET
    listed = [c.value for (c,) in book[title][place.replace("$", "")]]
    assert tuple(listed) == form_of("06A").by_key["fault_liability"].choices
    assert book[CHOICES_SHEET].sheet_state == "hidden"
    assert not checks_of(main, "保障检查").showErrorMessage, "several choices in one cell are no entry of the list"
    day = checks_of(main, "完成日期")
    assert (day.type, day.formula1) == ("date", "DATE(2010,11,10)")
    assert "2026-03-04" in day.error
    people = checks_of(main, "培训人数")
    assert (people.type, people.formula1) == ("whole", "1")
    assert "单位是人" in people.error
    assert "返修检验" in main[1][columns["检验员"] - 1].comment.text


def test_the_example_stands_on_the_page_of_instructions_alone(sheet: Callable[[str], Path]) -> None:
    book = openpyxl.load_workbook(sheet("06A"))
    told = [str(c.value) for row in book[GUIDE_SHEET].iter_rows() for c in row if c.value]
    for words in ("短波电台（示例）", "散热风扇", "示例（只供参考，不会被读入）"):
        assert words in told
    for table in book.worksheets[1:]:
        if table.sheet_state == "visible":
            assert not [c for row in table.iter_rows(min_row=2, min_col=2) for c in row if c.value is not None]


def test_a_form_of_one_field_is_read_from_its_own_sheet(tmp_path: Path) -> None:
    field = {"key": "day", "label": "日期", "type": "date", "stage": "s", "required": True}
    form = Form.model_validate(
        {
            "code": "QR758-12A",
            "title": "示例[表]",
            "layout": "portrait",
            "date_field": "day",
            "title_fields": ["day"],
            "stages": [{"key": "s", "label": "日期"}],
            "steps": {},
            "fields": [field],
        }
    )
    path = tmp_path / "x.xlsx"
    path.write_bytes(input_workbook(form, {"day": "2026-01-02"}))
    book = openpyxl.load_workbook(path)
    main_of(book, "12A")["A2"] = date(2026, 3, 4)
    book.save(path)
    (record,) = read_records(path, form)
    assert form.check(record.values).values == {"day": "2026-03-04"}
    assert not record.notes


def test_a_file_that_is_there_is_never_overwritten(cli: CommandLine, sheet: Callable[[str], Path]) -> None:
    path = sheet("06A")
    before = path.read_bytes()
    assert cli("forms", "sheet", "06A", "-o", path, ok=False).status == 6
    assert path.read_bytes() == before
    assert cli("forms", "sheet", "06A", "-o", path.with_suffix(".xls"), ok=False).status == 2
    assert cli("forms", "sheet", "12A", "-o", path.with_name("y.xlsx"), ok=False).status == 5


def test_without_a_name_it_is_called_as_the_form(cli: CommandLine) -> None:
    assert cli.json("forms", "sheet", "07A")["path"] == "QR758-07A 开通试验服务报告.xlsx"
    assert Path("QR758-07A 开通试验服务报告.xlsx").is_file()


def test_the_words_of_the_guide_are_of_the_definition(sheet: Callable[[str], Path]) -> None:
    book = openpyxl.load_workbook(sheet("04A"))
    told = json.dumps([[c.value for c in row] for row in book[GUIDE_SHEET].iter_rows()], ensure_ascii=False)
    for words in ("签发（签发人）：现在填", "以后用 qrecords update 续填", "携带资料备件仪器", RECORD_COLUMN):
        assert words in told
