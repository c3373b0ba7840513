"""A second series beside the first: another code, another class, kept longer, bound by itself (forms/*/series.toml)."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput, NotFound
from qrecords.model.access import Account, Grant, Rules, Subject, decide
from qrecords.model.numbering import FormCodes, full_record_no
from qrecords.model.record import Action
from qrecords.model.roles import read_roles
from qrecords.office import Office
from qrecords.services.administer import open_office
from qrecords.services.archiveclass import archive_class
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.stores.accessfile import template
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.given import on_disk
from tests.conftest import FORMS, CommandLine, at_now

SERIES = """\
title = "外场服务记录"
pattern = "WC.JL-{000}"
procedure = "示例程序"
class_code = "WC·JL"
retention_years = 10
closed = true

[[families]]
key = "outside"
title = "外场服务记录"

[[forms]]
code = "WC.JL-002"
title = "外场电话记录"
family = "outside"

[[forms]]
code = "WC.JL-010"
title = "外场收件记录"
retention_years = 15
family = "outside"
"""
TAKEN = {"002": "02A", "010": "10A"}


def add_series(forms: Path, text: str = SERIES, code: str = "WC.JL") -> Path:
    """Put another office's series beside the first: its forms are those of the first under other codes."""
    series = forms / code
    series.mkdir()
    (series / "series.toml").write_text(text, encoding="utf-8")
    for number, form in TAKEN.items():
        shutil.copytree(FORMS / form, series / number)
        definition = (series / number / "form.toml").read_text(encoding="utf-8")
        definition = definition.replace(f'code = "QR758-{form}"', f'code = "{code}-{number}"\nedition = ""')
        definition = definition.replace("retention = { years = 5, year_of", "retention = { year_of")
        (series / number / "form.toml").write_text(definition, encoding="utf-8")
    return series


@pytest.fixture
def two(cli: CommandLine) -> CommandLine:
    add_series(cli.root / "forms")
    return cli


@pytest.mark.office
def test_a_second_series_goes_all_the_way(two: CommandLine) -> None:
    listed = {f["code"]: f for f in two.json("forms", "list")["forms"]}
    assert list(listed)[-2:] == ["WC.JL-002", "WC.JL-010"]
    assert (listed["WC.JL-002"]["retention_years"], listed["WC.JL-010"]["retention_years"]) == (10, 15)
    for form in ("02A", "WC.JL-002", "wc.jl-010"):
        sample = FORMS / TAKEN.get(form[-3:], form) / "sample.json"
        two.json("fill", form, sample)
    numbers = [r["record_no"] for r in two.json("list")["records"]]
    assert set(numbers) == {"QR758-02A-2025-00001", "WC.JL-002-2025-00001", "WC.JL-010-2025-00001"}

    shown = two.json("show", "002-2025-1")["record"]
    assert shown["record_no"] == "WC.JL-002-2025-00001"
    assert two.json("show", "02A-2025-1")["record"]["record_no"] == "QR758-02A-2025-00001"
    month = shown["date"][:7]
    filed = {}
    for form in ("02A", "WC.JL-002"):
        two.json("submit", form, "--month", month)
        two.json("review", form, "--month", month, "--on", f"{month}-28")
        (filed[form],) = two.json("file", form, "--month", month)["records"]
    assert filed["02A"]["archive_no"] == "750-KJ·KF·02·2025·D5-0001"
    assert filed["WC.JL-002"]["archive_no"] == "750-WC·JL·002·2025·D10-0001"

    hits = two.json("search", "002-2025-1")["hits"]
    assert [h["record_no"] for h in hits] == ["WC.JL-002-2025-00001"]
    assert {h["record_no"] for h in two.json("search", "--form", "WC.JL-002")["hits"]} == {"WC.JL-002-2025-00001"}
    assert two.json("search", "表：WC.JL-002")["total"] == 1

    made = two.json("compile", "2025", "--with-gaps", "--reason", "示例")["volumes"]
    codes = {v["form_code"]: v["volume_code"] for v in made}
    assert codes["WC.JL-002"] == "750-WC·JL·002·2025·D10-001"
    for code in codes.values():
        assert two.json("volume", "verify", code)["problems"] == []
    assert two.json("verify", "--deep")["problems"] == []

    two.json("backup", two.root.parent / "备份")
    two.json("restore", two.root.parent / "备份", two.root.parent / "恢复")
    assert (two.root.parent / "恢复" / "forms" / "WC.JL" / "series.toml").read_text(encoding="utf-8") == SERIES


@pytest.mark.office
def test_the_objects_are_enough_for_a_second_series(two: CommandLine) -> None:
    two.json("fill", "WC.JL-002", FORMS / "02A" / "sample.json")
    month = two.json("show", "002-2025-1")["record"]["date"][:7]
    two.json("submit", "WC.JL-002", "--month", month)
    two.json("review", "WC.JL-002", "--month", month, "--on", f"{month}-28")
    two.json("file", "WC.JL-002", "--month", month)
    before = two.json("show", "002-2025-1")["record"]["values"]
    (two.root / "archive" / "register.sqlite").rename(two.root.parent / "register.gone")
    for left in (two.root / "archive").glob("register.sqlite-*"):
        left.unlink()
    two.json("rebuild")
    assert two.json("show", "002-2025-1")["record"]["values"] == before
    (again,) = two.json("fill", "WC.JL-002", FORMS / "02A" / "sample.json", "--same-again")["records"]
    assert again["record_no"] == "WC.JL-002-2025-00002"


def test_an_office_of_another_procedure_alone(tmp_path: Path, office_like: Callable[..., CommandLine]) -> None:
    cli = office_like("WC.JL")
    shutil.copy(FORMS / "blocks.toml", cli.root / "forms" / "WC.JL")
    (record,) = cli.json("fill", "002", FORMS / "02A" / "sample.json")["records"]
    assert record["record_no"] == "WC.JL-002-2025-00001"
    assert cli.json("show", "002-2025-1")["record"]["form_code"] == "WC.JL-002"
    assert [f["code"] for f in cli.json("forms", "list")["forms"]] == ["WC.JL-002", "WC.JL-010"]


@pytest.fixture
def office_like(cli: CommandLine) -> Callable[[str], CommandLine]:
    """Return an office whose only series is another one."""

    def made(code: str) -> CommandLine:
        for series in ("QR758", "KF758"):
            shutil.rmtree(cli.root / "forms" / series)
        add_series(cli.root / "forms", code=code)
        settings = cli.root / "qrecords.toml"
        text = settings.read_text(encoding="utf-8").replace("forms/QR758", f"forms/{code}")
        settings.write_text(text, encoding="utf-8")
        return cli

    return made


def beside(tmp_path: Path, text: str = SERIES) -> FormCatalogue:
    for name in ("02A", "10A"):
        shutil.copytree(FORMS / name, tmp_path / "QR758" / name)
    for name in ("series.toml", "blocks.toml", "people.toml", "deadlines.toml", "holidays.csv"):
        shutil.copy(FORMS / name, tmp_path / "QR758" / name)
    add_series(tmp_path, text)
    return FormCatalogue(tmp_path / "QR758")


def test_a_closed_series_takes_no_further_form(tmp_path: Path) -> None:
    catalogue = beside(tmp_path)
    shutil.copytree(tmp_path / "QR758" / "02A", tmp_path / "QR758" / "12A")
    definition = tmp_path / "QR758" / "12A" / "form.toml"
    definition.write_text(definition.read_text(encoding="utf-8").replace("QR758-02A", "QR758-12A"), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"封闭.*QR758-12A.*第7章"):
        catalogue.get("12A")
    shutil.copytree(tmp_path / "QR758" / "02A", tmp_path / "QR758" / "02B")
    definition = tmp_path / "QR758" / "02B" / "form.toml"
    edition = definition.read_text(encoding="utf-8").replace('"QR758-02A"', '"QR758-02B"\nedition = "B"')
    definition.write_text(edition, encoding="utf-8")
    assert catalogue.get("02B").form.edition == "B", "a new edition is no new form"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('pattern = "WC.JL-{000}"', 'pattern = "WC.JL-{00}{A}"', "不符"),
        ('pattern = "WC.JL-{000}"', 'pattern = "WC-{000}"', "pattern 应如"),
        ('pattern = "WC.JL-{000}"', 'pattern = "WC.JL-002"', "pattern 应如"),
        ("retention_years = 10", "retention_years = 4", "不得短于5年"),
        ("retention_years = 15", "retention_years = 3", "不得短于5年"),
        ('family = "outside"', 'family = "elsewhere"', "没有定义"),
        ("closed = true", 'closed = "maybe"', ""),
        ('title = "外场服务记录"', 'titel = "外场服务记录"', ""),
        ('title = "外场服务记录"', 'code = "WX"', "文件夹却是"),
    ],
)
def test_a_wrong_series_says_what_is_wrong(tmp_path: Path, before: str, after: str, said: str) -> None:
    catalogue = beside(tmp_path, SERIES.replace(before, after, 1))
    with pytest.raises(InvalidInput) as refused:
        catalogue.get("WC.JL-002")
    told = [refused.value.message, *(p.message for p in refused.value.problems)]
    assert any(said in one for one in told), told
    assert catalogue.get("02A").form.code == "QR758-02A", "the other series is as it was"


def test_a_form_is_kept_as_long_as_its_series_asks(tmp_path: Path) -> None:
    catalogue = beside(tmp_path)
    definition = tmp_path / "WC.JL" / "010" / "form.toml"
    shorter = definition.read_text(encoding="utf-8").replace("{ year_of", "{ years = 6, year_of")
    definition.write_text(shorter, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        catalogue.get("WC.JL-010")
    assert any("不得短于15年" in p.message for p in refused.value.problems)


def test_series_may_not_share_their_class_code(cli: CommandLine) -> None:
    add_series(cli.root / "forms", SERIES.replace('class_code = "WC·JL"\n', ""))
    cli.json("fill", "WC.JL-002", FORMS / "02A" / "sample.json")
    month = cli.json("show", "002-2025-1")["record"]["date"][:7]
    cli.json("submit", "WC.JL-002", "--month", month)
    cli.json("review", "WC.JL-002", "--month", month, "--on", f"{month}-28")
    error = cli.json("file", "WC.JL-002", "--month", month, ok=False)["error"]
    assert error["code"] == "invalid_input"
    assert "档号会分不开" in error["message"]
    assert "class_code" in error["remedy"]


def test_a_code_in_short_is_of_the_main_series() -> None:
    codes = FormCodes("QR758", ("QR758-02A", "KF758-02A", "KF758-ZF", "WC.JL-002"))
    assert codes.full("02a") == "QR758-02A"
    assert codes.full("KF758-02A") == "KF758-02A"
    assert codes.full("ZF") == "KF758-ZF"
    assert codes.full("002") == "WC.JL-002"
    assert codes.full("QR758") == codes.full("") == ""
    assert full_record_no("zf－２０２６－１２", codes) == "KF758-ZF-2026-00012"
    assert full_record_no("2026-12", codes, "WC.JL-002") == "WC.JL-002-2026-00012"
    for other in ("XH-2026-001", "FB-2026-00001", "KF-BB-2026-003", "2026-03-12", "61187-2026-1"):
        assert full_record_no(other, codes) == other
    assert codes.form_named("QR758-02A-2026-03") == "QR758-02A"
    assert codes.form_named("WC.JL-002-2026-00012") == codes.form_named("WC.JL-002") == "WC.JL-002"
    assert codes.form_named("accounts") == codes.form_named("XH-2026-001") == ""


@pytest.mark.parametrize(
    ("form", "reaches"), [("02A", "QR758-02A"), ("WC.JL-002", "WC.JL-002"), ("KF758-02A", "KF758-02A")]
)
def test_a_right_to_a_form_is_one_to_its_series_alone(form: str, reaches: str) -> None:
    office = tomllib.loads(template().decode())
    office["roles"]["clerk"] = {"rights": [{"actions": ["read"], "forms": [form]}]}
    roles, problems = read_roles(office, "QR758")
    assert not problems
    account = Account("zhao", "示例", "1000", grants=(Grant("clerk"),))
    for code in ("QR758-02A", "KF758-02A", "WC.JL-002", "QR758-03A"):
        subject = Subject(form_code=code, record=True)
        assert decide(account, Action.READ, subject, Rules("strict", roles, "")).allowed == (code == reaches), code


def test_a_form_that_is_in_no_series_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="没有「03A」"):
        beside(tmp_path).get("03A")


@pytest.mark.parametrize("name", ["QR758-bak", ".QR758.old", "QR758 副本"])
def test_a_copy_of_a_series_laid_aside_is_none(tmp_path: Path, name: str) -> None:
    forms = tmp_path / "forms"
    shutil.copytree(FORMS, forms / "QR758")
    before = FormCatalogue(forms / "QR758").codes()
    shutil.copytree(FORMS, forms / name)
    catalogue = FormCatalogue(forms / "QR758")
    assert catalogue.codes() == before
    assert [folder.form.code for folder in catalogue.all()] == before
    assert [series.code for series in catalogue.series()] == ["QR758"]


@pytest.mark.parametrize("text", ["x = [", 'title = "示例"', None])
def test_a_series_that_cannot_be_read_keeps_nobody_from_searching_the_other(
    office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path], text: str | None
) -> None:
    fill(office, "09A", [on_disk(write(sample("09A")))])
    series = add_series(office.settings.forms_dir.parent) / "series.toml"
    series.write_text(text or series.read_text(encoding="utf-8").replace("WC.JL-{000}", "WC-{000}"), encoding="utf-8")
    with closing(open_office(office.settings.root, clock=at_now)) as again:
        assert search(again, "示例", Criteria()).total == 1
        assert again.outlines.doing("notice") == "QR758-04"
        with pytest.raises(InvalidInput) as told:
            archive_class(again, again.forms.get("09A").form, 2026, 5)
    assert not text or "Field required" not in str([p.message for p in told.value.problems])
