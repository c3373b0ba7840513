"""The year's volumes of a small office, judged by pdftotext, qpdf and pdffonts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from openpyxl import load_workbook
from pikepdf import Pdf

from qrecords.errors import NotFound, WrongState
from qrecords.model.volume import split
from qrecords.office import Office
from qrecords.render.docx import Template
from qrecords.render.freespace import free_spot
from qrecords.render.pdf import Converter
from qrecords.render.room import noted_room
from qrecords.services import demo, steps
from qrecords.services import file as filing
from qrecords.services.administer import init
from qrecords.services.care.verify import verify
from qrecords.services.intake.fill import fill
from qrecords.services.volumes.arranging import groups_of, limits, pieces_of
from qrecords.services.volumes.catalogue import show_catalogue
from qrecords.services.volumes.check import verify_volumes
from qrecords.services.volumes.compile import compile_year
from qrecords.services.volumes.notes import notes_of
from qrecords.services.volumes.printset import print_sets
from qrecords.services.volumes.shelf import find_records, show_volume
from qrecords.services.volumes.stampspots import with_spots
from qrecords.stores.given import on_disk
from qrecords.stores.register.rows import VolumeRow
from tests.conftest import FORMS, NOW, CommandLine
from tests.pdfa import claims, faults
from tests.render.test_render_volume import scanned
from tests.textlayer import pdftotext

pytestmark = pytest.mark.office
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is not installed")
needs_qpdf = pytest.mark.skipif(not shutil.which("qpdf"), reason="qpdf is not installed")


def file_a_year(office: Office, counts: Mapping[str, int], year: int = 2025) -> dict[str, list[str]]:
    """Fill, sign, review and file so many records of each form; the notices are issued first and filed last."""
    usual, made = dict(demo.COUNTS), {}
    demo.COUNTS.update(dict.fromkeys(usual, 0) | dict(counts))
    try:
        for number in counts:
            folder = office.forms.get(f"QR758-{number}A")
            made[number] = demo._fill_year(office, folder, year, made.get(demo.NOTICE, []))
            if number == demo.NOTICE:
                steps.issue(office, made[number])
            else:
                demo._file_year(office, folder, made[number])
        demo._file_year(office, office.forms.get(f"QR758-{demo.NOTICE}A"), made[demo.NOTICE])
    finally:
        demo.COUNTS.update(usual)
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
        made = file_a_year(office, {"04": 2, "02": 9, "06": 5, "08": 1})
    with closing(Office.open(root, clock=lambda: NOW)) as office:
        shutil.copytree(root, root.with_name("unbound"))
        yield office, compile_year(office, 2025).volumes, made


def unbound(bound: Any, tmp_path: Path, settings: str) -> Office:
    """The same year before it was compiled, with other settings."""
    root = tmp_path / "office"
    shutil.copytree(bound[0].settings.root.with_name("unbound"), root)
    (root / "qrecords.toml").write_text(settings, encoding="utf-8")
    return Office.open(root, clock=lambda: NOW)


def test_by_task_a_notice_is_followed_by_its_reports(bound: Any, tmp_path: Path) -> None:
    with closing(unbound(bound, tmp_path, '[volumes]\narrangement = "task"\n')) as office:
        notices = bound[2]["04"]
        (group,) = groups_of(office, "06A")
        with office.register.read() as tx:
            pieces = pieces_of(office, tx, group, 2025)
            called = {r.record_no: r.values.get("notice_no") for n in bound[2].values() for r in tx.records.many(n)}
        order = [p.item.document_no for p in pieces]
        assert sorted(order) == sorted(n for form in ("04", "06", "08") for n in bound[2][form])
        assert order[0] == notices[0]
        mine, after = order[1 : order.index(notices[1])], order[order.index(notices[1]) + 1 :]
        assert {called[n] for n in mine} == {notices[0]}
        assert {called[n] for n in after} == {notices[1]}
        planned = compile_year(office, 2025, dry_run=True).volumes
        assert [v.form_code for v in planned] == ["QR758-02A", "QR758-04A"]
        assert planned[1].title == "2025年度售后服务通知单和服务报告（记录）（QR758-04A至08A）"


def test_items_without_room_for_the_stamp_stand_in_the_file_note(bound: Any, tmp_path: Path) -> None:
    told = "首页没有空白处，未盖归档章"
    with closing(unbound(bound, tmp_path, "")) as office:
        (group,) = groups_of(office, "06A")
        with office.register.read() as tx:
            (volume,) = split(pieces_of(office, tx, group, 2025), limits(office))
        assert notes_of(office, volume, supplement=False) == (f"第1、2、3、4、5件{told}。",)
        (found,) = with_spots(office, [volume])
        assert notes_of(office, found, supplement=False) == ()
    (tmp_path / "office" / "qrecords.toml").write_text("[volumes]\nstamp = false\n", encoding="utf-8")
    with closing(Office.open(tmp_path / "office", clock=lambda: NOW)) as office:
        assert with_spots(office, [volume]) == [volume]
        assert notes_of(office, volume, supplement=False) == ()


@pytest.mark.slow
@needs_poppler
def test_late_records_make_a_supplement_and_gaps_stand_on_its_file_note(
    bound: Any, tmp_path: Path, write: Callable[..., Path]
) -> None:
    root = tmp_path / "later"
    shutil.copytree(bound[0].settings.root, root)
    with closing(Office.open(root, clock=lambda: NOW)) as office:
        before = {v.volume_code: v.sha256 for v in _rows(office)}
        folder = office.forms.get("QR758-06A")
        found = [demo._variation(folder, n, date(2025, 12, 1), bound[2]["04"]) for n in (20, 21, 22, 23)]
        reports = [{k: v for k, v in values.items() if not k.startswith("train")} for values in found]
        records = fill(office, "QR758-06A", [on_disk(write(reports))]).records
        first, second, open_, next_year = [r.record_no for r in records]
        for number, pages in ((first, ("ink", "blank", "ink")), (second, ("ink",))):
            scan = scanned(tmp_path, *pages)
            if number == second:  # a photograph of the paper
                with pypdfium2.PdfDocument(scan) as paper:
                    scan = scan.with_suffix(".jpg")
                    paper[0].render(scale=2).to_pil().save(scan, dpi=(144, 144))
            steps.submit(office, [number])
            for kind in ("customer-seal", "engineer", "unit-leader"):
                steps.sign(office, [number], kind=kind, by="示例", on="2025-12-30", evidence=on_disk(scan))
            steps.review(office, [number], opinion="同意归档", on="2025-12-31")
        filing.file_records(office, [first, second])
        steps.submit(office, [next_year])
        for kind in ("customer-seal", "engineer", "unit-leader"):
            steps.sign(office, [next_year], kind=kind, by="示例", on="2026-01-04", evidence=on_disk(scan))
        steps.review(office, [next_year], opinion="同意归档", on="2026-01-05")
        settings_of(office, '[volumes]\nmax_pages = 6\nnumbered = "all"\n')
        with closing(Office.open(root, clock=lambda: NOW)) as other:
            (planned,) = compile_year(other, 2025, form_code="06A", dry_run=True).volumes
            assert planned.pages == 3 + (1 + 2), "the blank back of the first scan is numbered too"
        with pytest.raises(WrongState, match="还有1份记录没有归档"):
            compile_year(office, 2025, form_code="06A")
        done = compile_year(office, 2025, form_code="06A", with_gaps=True, reason="示例：用户未回复")
        (volume,) = done.volumes
        assert [line.record_no for line in done.late] == [first, second]
        assert volume.title.endswith("第3册（补编）")
        assert volume.pages == 2 + (1 + 2), "a whole scan stands for its form, a part of one is followed by it"
        shown = pages_of(volume.pdf)
        note = shown[-1]
        for told in (
            "补编",
            "第1件装入的是签署后的扫描件",
            open_,
            "用户未回复",
            "缺用户签名或用户公章",
            f"{next_year} 按审查日期归入2026年度",
        ):
            assert "".join(told.split()) in note
        assert verify_volumes(office, [volume.volume_code]) == (1, [])
        assert {v.volume_code: v.sha256 for v in _rows(office)}.items() >= before.items()
        assert [v.remark for v in show_catalogue(office, 2025).volumes].count("补编") == 1
        assert verify(office, deep=True).problems == []


@pytest.mark.slow
def test_the_same_year_bound_again_gives_the_same_bytes(bound: Any, tmp_path: Path) -> None:
    with closing(unbound(bound, tmp_path, "[volumes]\nmax_pages = 6\n")) as office:
        again = compile_year(office, 2025).volumes
        for volume, other in zip(bound[1], again, strict=True):
            for name in ("volume.pdf", "manifest.json", "contents.xlsx", "cover.docx", "spine.pdf"):
                one, two = (Path(v.pdf).with_name(name).read_bytes() for v in (volume, other))
                assert one == two, name
        one, two = (Path(show_catalogue(o, 2025).pdf or "").read_bytes() for o in (bound[0], office))
        assert one == two


def pages_of(pdf: str | Path) -> list[str]:
    """The text of each page by pdftotext, blanks left out."""
    return ["".join(page.split()) for page in pdftotext(pdf, "-layout").split("\f")[:-1]]


def label_page(pdf: str, number: int) -> int:
    """The index of the page that bears a number, by its label."""
    from pypdf import PdfReader

    return PdfReader(pdf).page_labels.index(str(number))


def corner(pdf: str, index: int) -> str:
    """The text in the lower right corner of a page as it is seen, an upright A4 sheet."""
    area = ["-x", "530", "-y", "805", "-W", "65", "-H", "37", "-f", str(index + 1), "-l", str(index + 1)]
    return pdftotext(pdf, *area).strip()


@needs_poppler
def test_every_record_is_on_the_page_find_names(bound: Any) -> None:
    office, volumes, made = bound
    numbers = [number for form in made.values() for number in form]
    places = find_records(office, numbers)
    assert [p.record_no for p in places] == numbers
    texts = {v.pdf: pages_of(v.pdf) for v in volumes}
    for place in places:
        page = texts[place.pdf][label_page(place.pdf, place.page)]
        year = place.record_no[:-6]
        assert place.record_no in page or (year in page and place.record_no[-5:] in page)
    for pdf, number in {(p.pdf, p.page) for p in places}:
        assert corner(pdf, label_page(pdf, number)) == str(number)


def test_a_volume_is_checked_page_by_page(bound: Any) -> None:
    office, volumes, _ = bound
    assert verify_volumes(office) == (len(volumes), [])


def test_a_manifest_that_tells_another_page_is_found(bound: Any, tmp_path: Path) -> None:
    office, volumes, _ = bound
    root = tmp_path / "copy"
    shutil.copytree(office.settings.root, root)
    with closing(Office.open(root)) as other:
        code = next(v.volume_code for v in volumes if v.form_code == "QR758-06A")
        (row,) = (v for v in _rows(other) if v.volume_code == code)
        path = Path(other.archive.called(row.object_id, "manifest.json"))
        manifest = json.loads(path.read_text(encoding="utf-8"))
        first, second = manifest["items"][:2]
        first["object"], second["object"] = second["object"], first["object"]
        path.write_text(json.dumps(manifest), encoding="utf-8")
        _, problems = verify_volumes(other, [code])
        assert problems


def _rows(office: Office) -> list[VolumeRow]:
    with office.register.read() as tx:
        return tx.items.volumes()


@needs_poppler
@needs_qpdf
def test_what_is_printed_alone_is_what_was_sealed(bound: Any, tmp_path: Path) -> None:
    office, volumes, _ = bound
    code = volumes[-1].volume_code
    files = print_sets(office, [code], tmp_path / "print")
    whole = pages_of(volumes[-1].pdf)
    for file in files:
        assert subprocess.run(["qpdf", "--check", file.pdf], capture_output=True, check=False).returncode == 0
        assert Path(file.docx).read_bytes()[:2] == b"PK"
        if file.part == "案卷脊背":
            assert code in "".join(pages_of(file.pdf))
        else:
            assert all(page in whole for page in pages_of(file.pdf))
    assert {f.part for f in files} == {"封面", "卷内目录", "备考表", "案卷脊背"}


@needs_qpdf
@needs_poppler
def test_outside_judges_accept_every_volume(bound: Any) -> None:
    office, volumes, _ = bound
    for volume in volumes:
        checked = subprocess.run(["qpdf", "--check", volume.pdf], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
        fonts = subprocess.run(["pdffonts", volume.pdf], capture_output=True, text=True, check=True).stdout
        embedded = [re.split(r"\s+", line.strip())[-5] for line in fonts.splitlines()[2:]]
        assert embedded
        assert set(embedded) == {"yes"}
        texts = pages_of(volume.pdf)
        for line in show_volume(office, volume.volume_code).contents:
            page = texts[label_page(volume.pdf, line.page_from)]
            assert line.document_no.split()[0][-5:] in page  # a narrow cell may part the number
            assert line.archive_no.rsplit("-", 1)[1] in page
            assert page.count("全宗号") == 1, "the archive stamp"


@needs_poppler
def test_the_longest_title_stands_on_one_line_of_every_spine(tmp_path: Path) -> None:
    words = {"title": "2025年度正常批量开通/改造服务报告（QR758-08A）第1册（补编）", "code": "750-KJ·KF·08·2025·D5-012"}
    context = {"reference_code": words["code"], "volume_title": words["title"], "retention": "5年"}
    spines = sorted((FORMS / "volume").glob("spine-*.docx"))
    assert len(spines) > 3
    for spine in spines:
        (tmp_path / spine.name).write_bytes(Template.load(spine).render(context, None))
    for pdf in Converter(workers=1).convert([tmp_path / spine.name for spine in spines], tmp_path):
        found = re.findall(r'<word xMin="([\d.]+)"[^>]*>([^<]+)</word>', pdftotext(pdf, "-bbox"))
        for ideograph in "补编批量册":
            assert {left for left, word in found if word == ideograph} == {{w: x for x, w in found}["第"]}, pdf


def test_filed_forms_note_the_room_a_look_would_find(bound: Any) -> None:
    office, _, _ = bound
    forms = list(office.archive.objects.rglob("form.pdf"))
    assert len(forms) > 10
    for path in forms:
        assert noted_room(path) == (True, free_spot(path, 0))


def test_what_says_it_is_pdf_a_is_pdf_a(bound: Any, tmp_path: Path) -> None:
    office, volumes, _ = bound
    printed = [Path(f.pdf) for f in print_sets(office, [volumes[0].volume_code], tmp_path)]
    papers = [*office.archive.objects.rglob("*.pdf"), *printed]
    assert {p.name for p in papers} >= {"form.pdf", "volume.pdf", "spine.pdf", "catalogue.pdf"}
    for path in papers:
        with Pdf.open(path) as pdf:
            assert claims(pdf), path.name
        assert faults(path) == [], path.name


@needs_poppler
def test_the_catalogue_lists_every_volume_in_three_formats(bound: Any) -> None:
    office, volumes, _ = bound
    found = show_catalogue(office, 2025)
    assert [v.volume_code for v in found.volumes] == sorted(v.volume_code for v in volumes)
    sheet = load_workbook(found.xlsx).worksheets[0]
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    assert [(r[1], r[2], r[3], r[4]) for r in rows] == [
        (v.volume_code, v.title, v.items, v.pages) for v in sorted(volumes, key=lambda v: v.volume_code)
    ]
    text = "".join(pages_of(found.pdf))
    assert all(v.volume_code in text for v in volumes)


def test_the_contents_are_kept_as_a_workbook(bound: Any) -> None:
    office, volumes, _ = bound
    for volume in volumes:
        path = Path(volume.pdf).with_name("contents.xlsx")
        rows = list(load_workbook(path).worksheets[0].iter_rows(min_row=3, values_only=True))
        listed = show_volume(office, volume.volume_code).contents
        assert [(r[0], r[1], r[5]) for r in rows] == [(c.position, c.document_no, c.page_from) for c in listed]


def test_limits_hold_and_every_item_is_bound_once(bound: Any) -> None:
    office, volumes, _ = bound
    assert all(v.pages <= 6 or v.items == 1 for v in volumes)
    contents = [c.archive_no for v in volumes for c in show_volume(office, v.volume_code).contents]
    with office.register.read() as tx:
        assert sorted(contents) == [i.archive_no for i in tx.items.all()]


def test_unknown_codes_and_unbound_records_are_told(bound: Any, cli: CommandLine) -> None:
    office, _, _ = bound
    with pytest.raises(NotFound):
        print_sets(office, ["750-X-001"], Path("nowhere"))
    with pytest.raises(NotFound):
        find_records(office, ["QR758-06A-2025-09999"])
    with pytest.raises(WrongState, match="还没有成册"):
        demo_open = office.settings.root / "inputs" / "open.json"
        demo_open.write_text(json.dumps([_first_stage(office)], ensure_ascii=False), encoding="utf-8")
        (record,) = fill(office, "QR758-03A", [on_disk(demo_open)]).records
        find_records(office, [record.record_no])
    assert cli("volume", "verify").out.startswith("✓ 逐页核对了0册")


def _first_stage(office: Office) -> dict[str, Any]:
    folder = office.forms.get("QR758-03A")
    return dict(folder.form.check(folder.sample()).values)
