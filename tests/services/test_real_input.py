"""Real input: 512 fault records that people wrote become repair reports, filed and bound; none lost, none altered.

The records lie beside the checkout (../shared/data), not in it; without them this test is skipped.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import docx
import pytest
from pypdf import PdfReader

from qrecords.office import Office
from qrecords.services.administer import open_office
from tests.conftest import FORMS, SHARED
from tests.textlayer import pdftotext

SOURCE = SHARED / "data" / "fault_records.csv"
YEARS = (2016, 2017)
# What the real text becomes on the form.
TEXTS = {
    "用户单位": "customer_unit",
    "影响对象": "product_name",
    "原始编号": "serial_no",
    "故障现象": "fault_symptom",
    "原因分析": "fault_cause",
    "处理过程": "repair_action",
    "整改措施": "open_issues",
}
BODY = ("-x", "0", "-y", "103", "-W", "595", "-H", "694")  # points: between head and foot of a page

pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(not SOURCE.exists(), reason="../shared/data/fault_records.csv is not beside this checkout"),
]


def plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def as_report(row: dict[str, str], intake: dict[int, str]) -> dict[str, str]:
    """Map a real fault record to a QR758-06A (return repair, so that no service notice is needed)."""
    year = int(row["故障结束时间"][:4])
    return {
        **{
            key: row[name] or "/" for name, key in TEXTS.items() if row[name] or key in {"fault_cause", "repair_action"}
        },
        "service_category": "返厂维修",
        "intake_record_no": intake[year],
        "military_branch": "民用",
        "contact_person": "示例联系人",
        "contact_phone": "000-00000000",
        "product_model": row["异常类型"] or "不详",
        "reported_on": row["故障开始时间"][:10],
        "finished_on": row["故障结束时间"][:10],
        "fault_category": "其他",
        "repair_conclusion": "修复",
        "inspection_conclusion": "合格",
        "inspector": "示例检验员",
    }


@pytest.fixture(scope="module", params=[pytest.param(1, id="all", marks=pytest.mark.slow), pytest.param(16, id="some")])
def rows(request: pytest.FixtureRequest) -> list[dict[str, str]]:
    """Return the records, every sixteenth of them unless there is time."""
    with SOURCE.open(encoding="utf-8", newline="") as stream:
        every = list(csv.DictReader(stream))
    assert len(every) == 512
    return every[:: request.param]


@pytest.fixture(scope="module")
def bound(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Take all rows the whole way once: filled, signed in the year of the fault, filed, compiled."""
    root = tmp_path_factory.mktemp("real")
    run = _Runner(root)
    run("init")
    intake = {}
    for year in YEARS:
        parcel = json.loads((FORMS / "10A" / "sample.json").read_text(encoding="utf-8"))
        form = parcel | {"received_on": f"{year}-01-04", "closed_on": f"{year}-01-05"}
        path = root / f"parcel{year}.json"
        path.write_text(
            json.dumps({k: v for k, v in form.items() if k in parcel}, ensure_ascii=False), encoding="utf-8"
        )
        intake[year] = run("fill", "10A", path)["records"][0]["record_no"]
    source = root / "faults.json"
    reports = [as_report(row, intake) for row in rows]
    source.write_text(json.dumps(reports, ensure_ascii=False), encoding="utf-8")
    numbers = [r["record_no"] for r in run("fill", "06A", source, "--out", root / "out")["records"]]
    run("sign", *numbers, "--kind", "engineer", "--by", "示例工程师", "--on", "2017-12-31")
    run("submit", *numbers)
    for year in YEARS:
        of_year = [n for n in numbers if f"-{year}-" in n]
        run("review", *of_year, "--on", f"{year}-12-31", "--opinion", "同意")
    filed = run("file", *numbers)["records"]
    volumes = [v for year in YEARS for v in run("compile", year, "--form", "06A")["volumes"]]
    return {"root": root, "numbers": numbers, "reports": reports, "filed": filed, "volumes": volumes}


class _Runner:
    """Runs commands for a module-wide fixture, in this process."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *words: object) -> Any:
        import contextlib
        import io

        from qrecords.cli import app

        out = io.StringIO()
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as left:
            app.run(["--json", "--root", str(self.root), *map(str, words)])
        assert left.value.code == 0, out.getvalue()[:2000]
        return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def opened(bound: dict[str, Any]) -> Office:
    return open_office(bound["root"])


def test_none_is_lost(bound: dict[str, Any], rows: list[dict[str, str]]) -> None:
    assert len(set(bound["numbers"])) == len(rows)
    assert len({f["archive_no"] for f in bound["filed"]}) == len(rows)
    by_year = Counter(int(n.split("-")[2]) for n in bound["numbers"])
    assert by_year == Counter(int(r["故障结束时间"][:4]) for r in rows)


def test_every_docx_holds_the_real_text_unaltered(bound: dict[str, Any]) -> None:
    for number, report in zip(bound["numbers"], bound["reports"], strict=True):
        document = docx.Document(str(bound["root"] / "out" / f"{number}.docx"))
        cells = {plain(c.text) for table in document.tables for row in table.rows for c in row.cells}
        for key in TEXTS.values():
            if report.get(key):
                assert plain(report[key]) in cells, (number, key)


def test_every_pdf_body_holds_the_real_text_unaltered(bound: dict[str, Any], opened: Office) -> None:
    objects = {f["record_no"]: f["object"] for f in bound["filed"]}
    for number, report in zip(bound["numbers"], bound["reports"], strict=True):
        pdf = Path(opened.archive.called(objects[number], "form.pdf"))
        text = plain(_body(pdf))
        for key in TEXTS.values():
            if report.get(key):
                assert plain(report[key]) in text, (number, key)


def test_every_record_is_found_by_six_characters_of_its_fault(bound: dict[str, Any], opened: Office) -> None:
    from qrecords.services.finding.search import Criteria, search

    for number, report in zip(bound["numbers"], bound["reports"], strict=True):
        piece = _six_characters(report["fault_symptom"])
        found = search(opened, f'"{piece}"', Criteria(), limit=1000)
        assert number in {h.record_no for h in found.hits}, (number, piece)


def test_the_volumes_hold_each_record_once_where_the_contents_say(bound: dict[str, Any], opened: Office) -> None:
    seen: Counter[str] = Counter()
    for volume in bound["volumes"]:
        pdf = Path(volume["pdf"])
        object_id = f"urn:qrecords:volume:{volume['volume_code'].replace('·', '.')}"
        manifest = json.loads(opened.archive.read(object_id, "manifest.json"))
        texts = [plain(t) for t in _pages(pdf)]
        first = next(n for n, t in enumerate(texts) if manifest["items"][0]["document_no"] in t and "卷内目录" not in t)
        contents = plain("".join(_pages(pdf, "-raw", "-l", str(first))))
        for item in manifest["items"]:
            number, start = item["document_no"], item["page_from"]
            seen[number] += 1
            page = texts[first + start - 1]
            assert number in page, (number, start)
            assert page.endswith(str(start)), "the stamped number is the page's own"
            line = contents[contents.index(number) + len(number) :].partition("QR758-06A-")[0]
            pages = item["page_to"] - start + 1
            assert re.search(rf"\d{{8}}{start}{pages}(?:\D|\d{{0,3}}$)", line), (number, start, pages, line)
        assert manifest["pages"] <= 200
        assert len(PdfReader(pdf).outline) >= len(manifest["items"])
        subprocess.run(["qpdf", "--check", str(pdf)], check=True, capture_output=True)
    assert seen == Counter(bound["numbers"])


def test_the_office_verifies(bound: dict[str, Any]) -> None:
    assert _Runner(bound["root"])("verify", "--deep")["problems"] == []


def _body(pdf: Path) -> str:
    return pdftotext(pdf, "-raw", *BODY)


def _pages(pdf: Path, *options: str) -> list[str]:
    return pdftotext(pdf, *options).split("\f")[:-1]


def _six_characters(text: str) -> str:
    """Return the last six characters next to each other without the quotes a query reads as its own."""
    clean = re.sub(r"\s+", "", text)
    starts = range(len(clean) - 6, -1, -1)
    return next(clean[n : n + 6] for n in starts if not set('"\u201c\u201d') & set(clean[n : n + 6]))
