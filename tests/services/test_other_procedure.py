"""Another office's procedure, as data alone (tests/fixtures/series): from the first entry to the destruction.

Its codes, signatures, keepers, periods and families are its own; it has no table 1, no calendar, no complaints, no
papers around volumes. Nothing of it stands in the code.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qrecords.desk.workspace import system_now
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import CHECKOUT, CommandLine
from tests.retention_office import opened
from tools.templates.plain import build

CODE = "SZ.W"
SERIES = CHECKOUT / "tests" / "fixtures" / "series" / CODE
SHEET, ROW, SHIFT = "SZ.W-DJ-2012-00001", "SZ.W-JY-2013-00001", "SZ.W-JJ-2013-00001"


@pytest.fixture
def other(cli: CommandLine) -> Iterator[CommandLine]:
    """Return an office that has this series alone."""
    shutil.rmtree(cli.root / "forms")
    shutil.copytree(SERIES, cli.root / "forms" / CODE)
    settings = cli.root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace("forms/QR758", f"forms/{CODE}")
    settings.write_text(text, encoding="utf-8")
    yield cli


def sample(form: str) -> Path:
    return SERIES / form / "sample.json"


@pytest.mark.office
@pytest.mark.parametrize("packs", [False, True], ids=["alone", "with every optional part"])
def test_from_the_first_entry_to_the_destruction(other: CommandLine, tmp_path: Path, packs: bool) -> None:
    names = [p["name"] for p in other.json("packs", "list")["packs"]]
    for name in names if packs else ():
        other.json("packs", "on", name)

    def own_due(*on: str) -> list[tuple[str, str]]:
        """Return what is due of the office's own records: a part on asks for its weekly row beside."""
        found = other.json("due", *on)["due"]
        assert packs or all(CODE in d["about"] for d in found)
        return [(d["key"], d["limit_on"]) for d in found if CODE in d["about"]]

    for form in ("JY", "DJ", "JJ"):
        other.json("fill", form, sample(form))
    assert other.json("show", "jj-2013-1")["record"]["values"]["check_no"] == SHEET
    assert own_due("--on", "2013-04-01") == []

    # One is signed on paper that is scanned, one by two kinds that stand elsewhere, one is a register's month.
    (printed,) = other.json("print", SHEET, "--out", tmp_path)["prints"]
    other.json("submit", SHEET, SHIFT)
    other.json("submit", "JY", "--month", "2013-03")
    other.json("review", SHEET, "--on", "2012-12-01")
    other.json("review", SHIFT, "--on", "2013-02-02")
    other.json("review", "JY", "--month", "2013-03", "--on", "2013-04-01")
    refused = other.json("file", SHEET, SHIFT, ok=False)["error"]["problems"]
    assert [clause in json.dumps(refused, ensure_ascii=False) for clause in ("6.2", "6.3", "4.1")] == [True] * 3
    signed = ("--kind", "点检人签名", "--by", "示例丁", "--kind", "试验站章", "--by", "示例三号站")
    other.json("scan", printed["pdf"], *signed, "--on", "2012-11-21", "--no-ocr")
    other.json("sign", SHIFT, "--kind", "shift-book", "--by", "示例丙", "--on", "2013-02-01")
    filed = other.json("file", SHEET, SHIFT)["records"] + other.json("file", "JY", "--month", "2013-03")["records"]
    assert [f["archive_no"] for f in filed] == [
        "S12-SZ·W·DJ·2012·D12-0001",
        "S12-SZ·W·JJ·2013·D8-0001",
        "S12-SZ·W·JY·2013·D8-0001",
    ]
    hits = {h["record_no"] for query in ("渗漏", "表：JY") for h in other.json("search", query)["hits"]}
    assert hits == {SHEET, ROW}
    waits = [("yearly_binding", f"{year}-06-30") for year in (2013, 2014, 2014)]
    assert own_due() == waits, "its own day, its own deadline"

    made = [v["volume_code"] for year in (2012, 2013) for v in other.json("compile", year)["volumes"]]
    assert made == ["S12-SZ·W·DJ·2012·D12-001", "S12-SZ·W·JJ·2013·D8-001", "S12-SZ·W·JY·2013·D8-001"]
    assert all(other.json("volume", "verify", code)["problems"] == [] for code in made)
    over = json.dumps(other.json("retention", "due"), ensure_ascii=False)
    assert all(code in over for code in made)

    with opened(other.root, clock=system_now) as people:
        drawn = draw(people("甲"), made, "无继续保存价值")
        approve(people("乙"), drawn.list_no)
        for name in ("丙", "丁"):
            witness(people(name), drawn.list_no, drawn.sha256, people(name).today())
        destroy(people("戊"), drawn.list_no)
    assert other.json("search", "渗漏")["total"] == 0
    assert other.json("show", SHEET)["record"]["state"] == "destroyed"
    assert other.json("verify", "--deep")["problems"] == []
    on = {p["name"] for p in other.json("packs", "list")["packs"] if p["on"]}
    assert on == (set(names) if packs else set())


def test_the_optional_parts_change_nothing_of_it(other: CommandLine) -> None:
    """What the office has of its own is the same without any pack, with all of them, and when they are off again."""

    def seen(own: bool = False) -> dict[str, object]:
        forms = [f for f in other.json("forms", "list")["forms"] if not own or f["code"].startswith(CODE)]
        schemas = [other.json("forms", "schema", form) for form in ("DJ", "JY", "JJ")]
        about = [d for d in other.json("due", "--on", "2013-07-01")["due"] if not own or CODE in d["about"]]
        return {"forms": forms, "schemas": schemas, "due": about, "list": other.json("list", "--all")["records"]}

    for form in ("JY", "DJ", "JJ"):
        other.json("fill", form, sample(form))
    before = seen()
    names = [p["name"] for p in other.json("packs", "list")["packs"]]
    for name in names:
        other.json("packs", "on", name)
    assert seen(own=True) == before
    assert len(seen()["forms"]) > len(before["forms"])  # type: ignore[arg-type]
    for name in names:
        other.json("packs", "off", name)
    assert seen() == before


@pytest.mark.parametrize("form", ["DJ", "JJ", "JY"])
def test_its_templates_are_those_any_form_can_have(form: str) -> None:
    folder = FormCatalogue(SERIES).get(form)
    assert build(folder.form) == folder.template_bytes
