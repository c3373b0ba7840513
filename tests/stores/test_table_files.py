"""Table definitions: an office adds its own without code; a mistake is told with file and place, all at once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from qrecords.errors import InvalidInput
from qrecords.stores.tablefiles import Tables, read_tables
from tests.model.figures.rows import FORMS, Paper, means, record

OWN = """
id = "B01"
title = "本单位的表"
kinds = ["BB"]
[[parts]]
key = "sites"
set = "FAR"
rows = { head = "型号", field = "product_model", empty = false }
columns = [
  { key = "count", label = "台次" },
  { key = "hours", label = "工时", measure = "sum", fields = ["work_hours"], unit = "小时" },
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped tables in a folder of the office's own."""
    shutil.copytree(FORMS / "tables", tmp_path / "QR758" / "tables")
    shutil.copy(FORMS / "satisfaction.toml", tmp_path / "QR758")
    return tmp_path / "QR758"


def read(folder: Path) -> Tables:
    return read_tables(folder, means().editions)


def refused(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInput) as error:
        read(folder)
    return [(str(p.source), str(p.field), str(p.message)) for p in error.value.problems]


def test_an_office_adds_a_table_without_code(folder: Path) -> None:
    (folder / "tables" / "B01.toml").write_text(OWN, encoding="utf-8")
    sets = folder / "tables" / "sets.toml"
    own = '\n[FAR]\ntitle = "远海维修"\nof = "REP"\nwhen = [{ field = "platform", among = ["远海"] }]\n'
    sets.write_text(sets.read_text(encoding="utf-8") + own, encoding="utf-8")
    reports = [
        record(f"R{n}", "06A", finished_on="2026-03-06", platform=where, product_model=model, work_hours="2.5")
        for n, (where, model) in enumerate([("远海", "甲"), ("远海", "甲"), ("近岸", "甲"), ("远海", "乙")])
    ]
    found = read(folder)
    paper = Paper("2026-03", reports, using=replace(means(), sets=found.sets, tables=found.tables))
    assert paper.column("B01", "sites", "count") == {"甲": "2", "乙": "1", "total": "3"}
    assert paper.column("B01", "sites", "hours") == {"甲": "5", "乙": "2.5", "total": "7.5"}
    assert paper.figure("B01.sites.甲.count").records == ("R0", "R1")


def test_a_workspace_older_than_reports_uses_the_tables_that_came_with_the_program(folder: Path) -> None:
    shutil.rmtree(folder / "tables")
    (folder / "satisfaction.toml").unlink()
    assert {t.id for t in read(folder).tables} >= {"T01", "T06", "M01"}


def test_every_mistake_is_told_at_once_with_its_file_and_place(folder: Path) -> None:
    wrong = OWN.replace('"FAR"', '"REP"')
    wrong = wrong.replace('field = "product_model"', 'field = "product_modell"').replace('"sum"', '"summ"')
    (folder / "tables" / "B01.toml").write_text(wrong, encoding="utf-8")
    other = OWN.replace("B01", "B02").replace("FAR", "REPP")
    (folder / "tables" / "B02.toml").write_text(other, encoding="utf-8")
    found = refused(folder)
    assert (
        "B01.toml",
        "parts.sites.rows.field",
        "表式 06 没有栏目「product_modell」，是不是「product_model」？",
    ) in found
    assert any(f == "B01.toml" and place == "parts.sites.columns.hours.measure" and "没有度量「summ」" in told for f, place, told in found)  # fmt: skip
    assert ("B02.toml", "parts.sites.set", "没有集合「REPP」，是不是「REP」？") in found


@pytest.mark.parametrize(
    ("written", "place", "told"),
    [
        ('title = "甲"\nof = "NOBODY"', "X.of", "没有集合「NOBODY」"),
        ('title = "甲"\nforms = ["99"]', "X.forms", "没有表式「99」"),
        ('title = "甲"', "X.forms", "没有写 forms"),
        ('title = "甲"\nof = "X"', "X.of", "互相引用"),
        ('title = "甲"\nforms = ["06"]\ndate = "finished"', "X.date", "没有栏目「finished」"),
        ('title = "甲"\nforms = ["06"]\nover = "spares"', "X.over", "「spares」不是"),
        ('title = "甲"\nforms = ["06"]\nuntil = "finished_on"', "X.since", "还要写 since"),
        ('title = "甲"\nforms = ["06"]\nwhen = [{ field = "@nothing" }]', "X.when", "没有推算项「@nothing」"),
        (
            'title = "甲"\nforms = ["06"]\nwhen = [{ field = "repair_conclusion", among = ["修好"] }]',
            "X.when",
            "没有「修好」这个选项，是不是「修复」？",
        ),
        ('title = "甲"\nforms = ["06"]\ncolour = "red"', "X.colour", ""),
    ],
)
def test_a_wrong_set_is_told(folder: Path, written: str, place: str, told: str) -> None:
    sets = folder / "tables" / "sets.toml"
    sets.write_text(f"{sets.read_text(encoding='utf-8')}\n[X]\n{written}\n", encoding="utf-8")
    assert any(p == place and told in message for _, p, message in refused(folder))


@pytest.mark.parametrize(
    ("was", "becomes", "place", "told"),
    [
        ('label = "台次" }', 'label = "台次", at = "closing" }', "parts.sites.columns.count.at", "有 since 的集合"),
        ('label = "台次" }', 'label = "台次", measure = "rate" }', "parts.sites.columns.count.hit", "rate 要写 hit"),
        ('fields = ["work_hours"], ', "", "parts.sites.columns.hours.fields", "写1个栏目"),
        ('measure = "sum", fields = ["work_hours"]', 'measure = "growth", of = ["none", "count"]', "parts.sites.columns.hours.of", "前面没有列「none」"),
        ('field = "product_model", empty = false }', 'each = [{ key = "a", label = "甲", of = ["b", "c"] }] }', "parts.sites.rows.a.of", "前面的两行"),
        ('key = "hours"', 'key = "count"', "parts.0", "写了两次"),
        ('id = "B01"', 'id = "T01"', "id", "另一个文件已有"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_told(folder: Path, was: str, becomes: str, place: str, told: str) -> None:
    (folder / "tables" / "Z.toml").write_text(OWN.replace("FAR", "REP").replace(was, becomes), encoding="utf-8")
    assert any(p == place and told in message for _, p, message in refused(folder)), refused(folder)


def test_a_file_that_is_no_toml_and_a_method_without_its_words_are_told_together(folder: Path) -> None:
    (folder / "tables" / "T03.toml").write_text("id = ", encoding="utf-8")
    (folder / "satisfaction.toml").write_text('[scores]\n"满意" = 4\n', encoding="utf-8")
    found = refused(folder)
    assert {source for source, _, _ in found} == {"T03.toml", "satisfaction.toml"}
    assert any("很满意" in told for _, _, told in found)
