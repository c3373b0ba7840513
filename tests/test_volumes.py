"""The year's volumes of a small office, judged by pdftotext, qpdf and pdffonts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import NotFound, WrongState
from qrecords.office import Office
from qrecords.services import demo
from qrecords.services.administer import init
from qrecords.services.compile import compile_year
from qrecords.services.printset import print_sets
from qrecords.services.volumecheck import verify_volumes
from qrecords.services.volumes import find_records, show_volume
from tests.conftest import NOW, CommandLine

pytestmark = pytest.mark.office
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is not installed")
needs_qpdf = pytest.mark.skipif(not shutil.which("qpdf"), reason="qpdf is not installed")


def file_a_year(office: Office, counts: Mapping[str, int], year: int = 2025) -> dict[str, list[str]]:
    """Fill, sign, review and file so many records of each form; the notice first, since reports refer to it."""
    demo_counts, made = dict(demo.COUNTS), {}
    demo.COUNTS.clear()
    demo.COUNTS.update(counts)
    try:
        notices: list[str] = []
        for number in counts:
            folder = office.forms.get(f"QR758-{number}A")
            numbers = made[number] = demo._fill_year(office, folder, year, notices)
            if number == demo.NOTICE:
                notices = numbers
                demo.steps.issue(office, numbers)
            demo._file_year(office, folder, numbers)
    finally:
        demo.COUNTS.update(demo_counts)
    return made


def settings_of(office: Office, text: str) -> None:
    """Write qrecords.toml anew; it counts from the next opening on."""
    (office.settings.root / "qrecords.toml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def bound(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Office, list[dict[str, Any]], dict[str, list[str]]]]:
    """A year of four forms in volumes of at most six pages."""
    root = tmp_path_factory.mktemp("year") / "office"
    with closing(init(root, org_name="示例通信设备公司", clock=lambda: NOW)) as office:
        settings_of(office, "[volumes]\nmax_pages = 6\n")
        made = file_a_year(office, {"04": 2, "02": 30, "06": 5, "08": 1})
    with closing(Office.open(root, clock=lambda: NOW)) as office:
        yield office, compile_year(office, 2025).volumes, made


def pages_of(pdf: str | Path) -> list[str]:
    """The text of each page by pdftotext, blanks left out."""
    ran = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    return ["".join(page.split()) for page in ran.stdout.split("\f")[:-1]]


def label_page(pdf: str, number: int) -> int:
    """The index of the page that bears a number, by its label."""
    from pypdf import PdfReader

    return PdfReader(pdf).page_labels.index(str(number))


@needs_poppler
def test_every_record_is_on_the_page_find_names(bound: Any) -> None:
    office, volumes, made = bound
    numbers = [number for form in made.values() for number in form]
    places = find_records(office, numbers)
    assert [p["record_no"] for p in places] == numbers
    texts = {v["pdf"]: pages_of(v["pdf"]) for v in volumes}
    for place in places:
        page = texts[place["pdf"]][label_page(place["pdf"], place["page"])]
        year = place["record_no"][:-6]
        assert place["record_no"] in page or (year in page and place["record_no"][-5:] in page)
        assert page.endswith(str(place["page"])), "the number stamped on it"


def test_a_volume_is_checked_page_by_page(bound: Any) -> None:
    office, volumes, _ = bound
    assert verify_volumes(office) == (len(volumes), [])


def test_a_manifest_that_tells_another_page_is_found(bound: Any, tmp_path: Path) -> None:
    office, volumes, _ = bound
    root = tmp_path / "copy"
    shutil.copytree(office.settings.root, root)
    with closing(Office.open(root)) as other:
        code = next(v["volume_code"] for v in volumes if v["form_code"] == "QR758-06A")
        (row,) = (v for v in _rows(other) if v["volume_code"] == code)
        path = other.archive.path(row["object_id"], "manifest.json")
        manifest = json.loads(path.read_text(encoding="utf-8"))
        first, second = manifest["items"][:2]
        first["object"], second["object"] = second["object"], first["object"]
        path.write_text(json.dumps(manifest), encoding="utf-8")
        _, problems = verify_volumes(other, [code])
        assert problems


def _rows(office: Office) -> list[dict[str, Any]]:
    with office.register.read() as tx:
        return tx.items.volumes()


@needs_poppler
@needs_qpdf
def test_what_is_printed_alone_is_what_was_sealed(bound: Any, tmp_path: Path) -> None:
    office, volumes, _ = bound
    code = volumes[-1]["volume_code"]
    files = print_sets(office, [code], tmp_path / "print")
    whole = pages_of(volumes[-1]["pdf"])
    for file in files:
        assert subprocess.run(["qpdf", "--check", file["pdf"]], capture_output=True, check=False).returncode == 0
        assert Path(file["docx"]).read_bytes()[:2] == b"PK"
        assert all(page in whole for page in pages_of(file["pdf"]))
    assert {f["part"] for f in files} >= {"封面", "卷内目录", "备考表"}


@needs_qpdf
@needs_poppler
def test_outside_judges_accept_every_volume(bound: Any) -> None:
    office, volumes, _ = bound
    for volume in volumes:
        checked = subprocess.run(["qpdf", "--check", volume["pdf"]], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
        fonts = subprocess.run(["pdffonts", volume["pdf"]], capture_output=True, text=True, check=True).stdout
        embedded = [re.split(r"\s+", line.strip())[-5] for line in fonts.splitlines()[2:]]
        assert embedded
        assert set(embedded) == {"yes"}
        texts = pages_of(volume["pdf"])
        for line in show_volume(office, volume["volume_code"])["contents"]:
            page = texts[label_page(volume["pdf"], line["page_from"])]
            assert line["document_no"].split()[0][-5:] in page  # a narrow cell may part the number


def test_unknown_codes_and_unbound_records_are_told(bound: Any, cli: CommandLine) -> None:
    office, _, _ = bound
    with pytest.raises(NotFound):
        print_sets(office, ["750-X-001"], Path("nowhere"))
    with pytest.raises(NotFound):
        find_records(office, ["QR758-06A-2025-09999"])
    with pytest.raises(WrongState, match="还没有成册"):
        demo_open = office.settings.root / "inputs" / "open.json"
        demo_open.write_text(json.dumps([_first_stage(office)], ensure_ascii=False), encoding="utf-8")
        from qrecords.services.fill import fill

        (record,) = fill(office, "QR758-03A", [demo_open]).records
        find_records(office, [str(record["record_no"])])
    assert cli("volume", "verify").out.startswith("✓ 逐页核对了0册")


def _first_stage(office: Office) -> dict[str, Any]:
    folder = office.forms.get("QR758-03A")
    return dict(folder.form.check(folder.sample()).values)
