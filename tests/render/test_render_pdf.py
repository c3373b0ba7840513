"""Documents to PDF/A: LibreOffice's part on a few real conversions, everything around it with a stand-in program."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pypdfium2
import pytest
import zxingcpp
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.shared import Mm
from pypdf import PdfReader

from qrecords.errors import InvalidInput, MissingProgram
from qrecords.render import pdf as pdf_module
from qrecords.render import soffice as soffice_module
from qrecords.render.code import code_png, payload
from qrecords.render.docx import Template
from qrecords.render.pdf import Converter, finish_pdf, page_count
from qrecords.render.pdfout import PdfOut

CREATED = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)
office = [
    pytest.mark.office,
    pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed"),
]


def read_codes(pdf: Path, dpi: int = 150) -> list[list[str]]:
    """What the codes of each page say, read from pictures of the pages."""
    pages = []
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        bitmap = page.render(scale=dpi / 72, grayscale=True)
        pixels = bytes(bitmap.buffer)
        view = zxingcpp.ImageView(pixels, bitmap.width, bitmap.height, zxingcpp.ImageFormat.Lum, bitmap.stride)
        pages.append([found.text for found in zxingcpp.read_barcodes(view)])
    return pages


def check_with_qpdf(pdf: Path) -> None:
    if shutil.which("qpdf"):
        done = subprocess.run(["qpdf", "--check", pdf], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


# --- LibreOffice itself: one batch for all these tests


def template(landscape: bool) -> bytes:
    document = Document()
    style = document.styles["Normal"]
    style.font.name = "宋体"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    section.different_first_page_header_footer = True
    for header in (section.first_page_header, section.header):
        picture = header.paragraphs[0].add_run().add_picture(BytesIO(code_png("A/1")), width=Mm(20))
        picture._inline.docPr.set("descr", "记录编码")
    document.add_paragraph("{{ text }}")
    document.add_paragraph("{%p for p in parts %}")
    document.add_paragraph("{{ p.name }} 门骨直刃 ☑合格 □不合格")
    document.add_paragraph("{%p endfor %}")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def subject(number: int) -> str:
    return f"QR758-06A-2026-{number:05d}"


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Path], list[Path]]:
    """Documents, their PDFs and the order of the calls of `on_done`; the last two are one document, twice."""
    folder = tmp_path_factory.mktemp("office")
    made = []
    for number, (landscape, rows) in enumerate([(False, 1), (False, 90), (True, 40), (False, 3), (False, 3)]):
        text = "示例单位一 雷达天线转动异常" if number < 3 else "同一份"
        values = {"text": text, "parts": [{"name": f"部件{n}"} for n in range(rows)]}
        code = code_png(payload(subject(number if number < 3 else 3), 7))
        made.append(folder / f"记录 {number}.docx")
        made[-1].write_bytes(Template.load(template(landscape)).render(values, code))
    called: list[Path] = []
    pdfs = Converter().convert(made, folder / "pdf", called.append)
    return made, pdfs, called


@pytest.fixture(scope="session")
def finished(converted: tuple[list[Path], ...], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("finished")
    result = []
    for number, source in enumerate(converted[1]):
        result.append(folder / source.name)
        print_id = payload(subject(min(number, 3)), 7)
        coded = finish_pdf(source, result[-1], print_id=print_id, title=f"维修服务报告 <{number}>&", created=CREATED)
        assert coded == page_count(source)
    return result


class TestWithLibreOffice:
    pytestmark = office

    def test_every_document_becomes_a_pdf_in_order(self, converted: tuple[list[Path], ...]) -> None:
        documents, pdfs, called = converted
        assert [p.stem for p in pdfs] == [d.stem for d in documents]
        assert sorted(called) == sorted(pdfs)
        assert [page_count(p) > 1 for p in pdfs] == [False, True, True, False, False]

    def test_every_page_carries_its_own_code(self, finished: list[Path]) -> None:
        for number, path in enumerate(finished):
            expected = [[payload(subject(min(number, 3)), 7, page)] for page in range(1, page_count(path) + 1)]
            assert read_codes(path) == expected

    def test_the_text_is_still_there(self, finished: list[Path]) -> None:
        if not shutil.which("pdftotext"):
            pytest.skip("poppler-utils is not installed")
        text = subprocess.run(["pdftotext", finished[1], "-"], capture_output=True, text=True, check=True).stdout
        assert "示例单位一 雷达天线转动异常" in text
        # Between ideographs and figures LibreOffice leaves a little room, which reads as a blank.
        assert "部件89门骨直刃☑合格□不合格" in text.replace(" ", "")

    def test_the_files_are_sound_pdf_a_and_no_larger(
        self, converted: tuple[list[Path], ...], finished: list[Path]
    ) -> None:
        for raw, kept in zip(converted[1], finished, strict=True):
            check_with_qpdf(kept)
            assert kept.stat().st_size < raw.stat().st_size
            root = PdfReader(kept).trailer["/Root"]
            packet = root["/Metadata"].get_data().decode()
            assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in packet
            assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
            assert root["/MarkInfo"]["/Marked"]

    def test_tags_come_through_unchanged(self, converted: tuple[list[Path], ...], finished: list[Path]) -> None:
        if not shutil.which("pdfinfo"):
            pytest.skip("poppler-utils is not installed")
        # With their text for one page only: poppler takes half a minute for the text of three.
        for number, option in enumerate(["-struct-text", "-struct", "-struct"]):
            trees = [
                subprocess.run(["pdfinfo", option, p[number]], capture_output=True, text=True, check=True).stdout
                for p in (converted[1], finished)
            ]
            assert trees[0] == trees[1]
            assert ("门骨直刃" if number == 0 else "Span (inline)") in trees[0]

    def test_title_number_and_date_are_the_callers(self, finished: list[Path]) -> None:
        info = PdfReader(finished[2]).metadata
        assert info is not None
        assert (info.title, info.subject) == ("维修服务报告 <2>&", f"{subject(2)}/7")
        assert info.creation_date == CREATED
        packet = PdfReader(finished[2]).trailer["/Root"]["/Metadata"].get_data().decode()
        assert "维修服务报告 &lt;2&gt;&amp;" in packet
        assert "2026-03-04T08:30:00+00:00" in packet

    def test_finishing_again_gives_the_same_bytes(
        self, converted: tuple[list[Path], ...], finished: list[Path], tmp_path: Path
    ) -> None:
        again = tmp_path / "again.pdf"
        finish_pdf(converted[1][0], again, print_id=f"{subject(0)}/7", title="维修服务报告 <0>&", created=CREATED)
        assert again.read_bytes() == finished[0].read_bytes()

    def test_two_conversions_of_a_document_look_the_same(self, finished: list[Path]) -> None:
        pictures = [bytes(pypdfium2.PdfDocument(p)[0].render(scale=2).buffer) for p in finished[3:5]]
        assert pictures[0] == pictures[1]

    def test_a_damaged_document_is_named_and_the_rest_is_done(
        self, converted: tuple[list[Path], ...], tmp_path: Path
    ) -> None:
        # Were its kind not named, LibreOffice would print this as plain text.
        damaged = tmp_path / "-坏 的.docx"
        damaged.write_text("这不是 Word 文档", encoding="utf-8")
        documents = [damaged, converted[0][0]]
        with pytest.raises(InvalidInput) as refused:
            Converter(workers=1).convert(documents, tmp_path / "out")
        assert [p.source for p in refused.value.problems] == [str(damaged)]
        assert [p.name for p in (tmp_path / "out").iterdir()] == ["记录 0.pdf"]

    def test_a_document_fetches_nothing(self, tmp_path: Path) -> None:
        asked: list[str] = []

        class Listener(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(404)

            do_HEAD = do_OPTIONS = do_PROPFIND = do_GET  # noqa: N815 - names the library looks for

            def log_message(self, *_: Any) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Listener) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            document = Document()
            document.add_paragraph("正文")
            picture = document.add_picture(BytesIO(code_png("A/1")))
            target = f"http://127.0.0.1:{server.server_port}/linked.png"
            link = document.part.relate_to(target, RELATIONSHIP_TYPE.IMAGE, is_external=True)
            blip = picture._inline.xpath(".//a:blip")[0]
            del blip.attrib[qn("r:embed")]
            blip.set(qn("r:link"), link)
            document.save(str(tmp_path / "a.docx"))
            assert page_count(Converter().convert([tmp_path / "a.docx"], tmp_path)[0]) == 1
            server.shutdown()
        assert asked == []


# --- everything around it, with a program that behaves as each file says


STAND_IN = f"""#!{sys.executable}
import os, pathlib, subprocess, sys, time
args = sys.argv[1:]
out = pathlib.Path(args[args.index("--outdir") + 1])
log = pathlib.Path(__file__).with_suffix(".log")
for source in args[args.index("--outdir") + 2:]:
    source = pathlib.Path(source)
    text = source.read_bytes()
    with log.open("a") as stream:
        stream.write(text[:40].decode("latin-1").split()[0] + "\\n")
    if b"SKIP" in text:
        continue
    if b"CRASH" in text:
        os.abort()
    if b"HANG" in text:
        child = subprocess.Popen(["sleep", "600"])
        log.with_suffix(".child").write_text(str(child.pid))
        time.sleep(600)
    (out / (source.stem + ".pdf")).write_bytes(b"%PDF-1.7 " + text + b"\\n%%EOF\\n")
print("last words", file=sys.stderr)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if os.name == "nt":
        pytest.skip("the stand-in is a script")
    path = tmp_path / "stand-in.py"
    path.write_text(STAND_IN)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(soffice_module, "START_SECONDS", 1)
    monkeypatch.setattr(pdf_module, "require_chinese_face", lambda: None)
    # The stand-in cannot read Word files; its probe is any file.
    monkeypatch.setattr(pdf_module, "_smallest_document", lambda: b"probe")
    yield path


def documents(folder: Path, *behaviours: str) -> list[Path]:
    made = []
    for number, behaviour in enumerate(behaviours):
        made.append(folder / f"{number}.docx")
        made[-1].write_text(f"d{number} {behaviour}")
    return made


@pytest.mark.parametrize("bad", ["SKIP", "CRASH", "HANG"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_guilty_document_is_named_and_all_others_are_done(
    bad: str, workers: int, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_module, "WORTH_A_WORKER", 2)
    files = documents(tmp_path, "ok", "ok", bad, "ok", "ok", "ok")
    with pytest.raises(InvalidInput) as refused:
        Converter(soffice=str(program), workers=workers, seconds_per_file=0.5).convert(files, tmp_path / "out")
    assert [p.source for p in refused.value.problems] == [str(files[2])]
    assert ("时间过长" if bad == "HANG" else "读不了") in refused.value.problems[0].message
    done = sorted(p.stem for p in (tmp_path / "out").iterdir())
    assert done == ["0", "1", "3", "4", "5"]
    assert (tmp_path / "out" / "3.pdf").read_bytes().startswith(b"%PDF-1.7 d3")


def test_no_start_gets_more_words_than_libreoffice_reads(program: Path, tmp_path: Path) -> None:
    """It takes 254 words of its command line and leaves the files behind them unsaid."""
    seen = tmp_path / "words.txt"
    program.write_text(STAND_IN + f"\nopen({str(seen)!r}, 'a').write(f'{{len(sys.argv)}}\\n')")
    files = documents(tmp_path, *["ok"] * 500)
    assert len(Converter(soffice=str(program), workers=1).convert(files, tmp_path / "out")) == 500
    words = [int(line) for line in seen.read_text().split()]
    assert max(words) <= 254
    assert sum(words) > 500


def test_what_hangs_is_ended_with_its_children(program: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        Converter(soffice=str(program), seconds_per_file=0.2).convert(documents(tmp_path, "ok", "HANG"), tmp_path / "o")
    child = int(program.with_suffix(".child").read_text())
    for _ in range(50):
        if not _alive(child):
            return
        time.sleep(0.1)
    pytest.fail("the child of a hung program still runs")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        # Where nobody collects orphans, an ended one stays as a zombie.
        state = Path(f"/proc/{process}/stat")
        return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")
    except ProcessLookupError:
        return False


def test_a_program_that_makes_nothing_is_blamed_itself(program: Path, tmp_path: Path) -> None:
    program.write_text(STAND_IN.replace('if b"SKIP" in text', "if True"))
    with pytest.raises(MissingProgram, match="last words") as missing:
        Converter(soffice=str(program)).convert(documents(tmp_path, "ok", "ok"), tmp_path / "out")
    assert missing.value.exit_status == 8
    assert not list((tmp_path / "out").iterdir())


def test_a_full_disk_is_not_blamed_on_the_document_or_the_program(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(pdf_module.shutil, "disk_usage", lambda _folder: usage._replace(free=1000))
    with pytest.raises(OSError, match="No space"):
        Converter(soffice=str(program)).convert(documents(tmp_path, "SKIP"), tmp_path / "out")


def test_a_disk_full_while_a_pdf_is_delivered_leaves_nothing_half(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: IO[bytes], target: IO[bytes]) -> None:
        target.write(b"%PDF-1.7 ha")
        target.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "out"
    out.mkdir()
    (out / "0.pdf").write_bytes(b"of an earlier print")
    monkeypatch.setattr(pdf_module.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        Converter(soffice=str(program)).convert(documents(tmp_path, "ok"), out)
    assert [(p.name, p.read_bytes()) for p in out.iterdir()] == [("0.pdf", b"of an earlier print")]


def test_many_files_start_the_program_few_times(program: Path, tmp_path: Path) -> None:
    files = documents(tmp_path, *["ok"] * 40)
    called: list[Path] = []
    made = Converter(soffice=str(program), workers=2).convert(files, tmp_path / "out", called.append)
    assert sorted(called) == sorted(made)
    assert sorted(program.with_suffix(".log").read_text().split()) == sorted(f"d{n}" for n in range(40))


def test_an_error_of_the_caller_stops_the_work(program: Path, tmp_path: Path) -> None:
    def full(_path: Path) -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        Converter(soffice=str(program), workers=2).convert(documents(tmp_path, *["ok"] * 40), tmp_path / "out", full)


def test_the_program_runs_alone_without_network_or_the_callers_desktop(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    program.write_text(
        STAND_IN + f"\nimport json; open({str(seen)!r}, 'w').write(json.dumps([sys.argv, dict(os.environ)]))"
    )
    monkeypatch.setenv("https_proxy", "http://proxy.invalid")
    monkeypatch.setenv("DISPLAY", ":0")
    Converter(soffice=str(program)).convert(documents(tmp_path, "ok"), tmp_path / "out")
    text = seen.read_text()
    assert "proxy.invalid" not in text
    assert "DISPLAY" not in text
    assert '"TZ": "UTC"' in text
    assert re.search(r"-env:UserInstallation=file:///\S+qrecords-work-", text)


@pytest.mark.office
def test_a_start_does_not_test_how_the_machine_draws(tmp_path: Path) -> None:
    source, out = tmp_path / "one.docx", tmp_path / "out"
    source.write_bytes(pdf_module._smallest_document())
    out.mkdir()
    office = soffice_module.Soffice(soffice_module.find_program(), tmp_path)
    office.convert([source], out, seconds_per_file=60, on_tick=lambda: sum(1 for _ in out.iterdir()))
    assert [p.name for p in out.iterdir()] == ["one.pdf"]
    assert not [*tmp_path.glob("profile/**/GraphicsRenderTests.log")], "a start takes three times as long"


@pytest.mark.parametrize("setting", ["/nowhere/soffice", ""])
def test_without_libreoffice_the_answer_says_what_to_install(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soffice_module.shutil, "which", lambda _name: None)
    monkeypatch.setattr(soffice_module, "_PLACES", (str(tmp_path / "*" / "soffice"),))
    with pytest.raises(MissingProgram) as missing:
        Converter(soffice=setting).convert(documents(tmp_path, "ok"), tmp_path / "out")
    assert "apt install libreoffice" in str(missing.value.remedy)
    assert missing.value.exit_status == 8


def test_no_documents_need_no_program(tmp_path: Path) -> None:
    assert Converter(soffice="/nowhere").convert([], tmp_path) == []


# --- finishing, on PDFs made here as other versions of LibreOffice might make them


def coded_pdf(path: Path, kind: str, text: str, pages: int = 2, **extra: Any) -> None:
    """Pages that share their resources and show a code as a picture of some kind, and another picture beside it."""
    png = code_png(text)
    side = int.from_bytes(png[16:20], "big")
    length = int.from_bytes(png[33:37], "big")
    raw = zlib.decompress(png[41 : 41 + length])
    bits = b"".join(raw[y * (side // 8 + 1) + 1 : (y + 1) * (side // 8 + 1)] for y in range(side))
    pixels = b"".join(bytes(255 * (b >> s & 1) for s in range(7, -1, -1)) for b in bits)
    data, depth, space = {
        "bits": (bits, 1, "/DeviceGray"),
        "gray": (pixels, 8, "/DeviceGray"),
        "colour": (bytes(p for p in pixels for _ in range(3)), 8, "/DeviceRGB"),
    }[kind]
    with path.open("wb") as stream:
        out = PdfOut(stream)
        image = {"/Type": "/XObject", "/Subtype": "/Image", "/Width": side, "/Height": side}
        facts = {**image, "/BitsPerComponent": depth, "/ColorSpace": space}
        code = out.put_stream(facts, data)
        photo = out.put_stream({**image, "/BitsPerComponent": 8, "/ColorSpace": "/DeviceGray"}, bytes(side * side))
        resources = out.put({"/XObject": {"/Im1": code, "/Im2": photo}})
        content = out.put_stream({}, b"q 60 0 0 60 400 700 cm /Im1 Do Q q 40 0 0 40 60 60 cm /Im2 Do Q")
        tree = out.reserve()
        page = {"/Type": "/Page", "/Parent": tree, "/Contents": content}
        own = [out.put({**page, "/StructParents": n}) for n in range(pages)]
        # Resources and size are inherited, as PDF allows.
        shared = {"/Resources": resources, "/MediaBox": [0, 0, 595, 842]}
        out.put({"/Type": "/Pages", "/Kids": own, "/Count": pages, **shared}, tree)
        intents = [{"/Type": "/OutputIntent", "/S": "/GTS_PDFA1"}]
        out.finish(out.put({"/Type": "/Catalog", "/Pages": tree, "/OutputIntents": intents, **extra}), out.put({}))


@pytest.mark.parametrize("kind", ["bits", "gray", "colour"])
def test_the_code_is_found_whatever_picture_it_became(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    coded_pdf(path, kind, "QR758-06A-2026-00001/2")
    assert finish_pdf(path, path, print_id="QR758-06A-2026-00001/2", title="标题", created=CREATED) == 2
    check_with_qpdf(path)
    assert read_codes(path) == [["QR758-06A-2026-00001/2/1"], ["QR758-06A-2026-00001/2/2"]]
    assert not list(tmp_path.glob("*.part"))


def test_another_papers_code_is_left_alone_and_counted_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    coded_pdf(path, "gray", "QR758-06A-2026-00009/1")
    assert finish_pdf(path, path, print_id="QR758-06A-2026-00001/2", title="标题", created=CREATED) == 0
    assert read_codes(path) == [["QR758-06A-2026-00009/1"]] * 2


def test_what_could_act_or_leak_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    script = {"/S": "/JavaScript", "/JS": "app.alert(1)"}
    coded_pdf(path, "gray", "A/1", **{"/OpenAction": script, "/AA": {"/WC": script}})
    finish_pdf(path, path, print_id="A/1", title="标题", created=CREATED)
    root = PdfReader(path).trailer["/Root"]
    assert not {"/OpenAction", "/AA"} & root.keys()


def test_a_libreoffice_too_old_for_pdf_a_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with path.open("wb") as stream:
        out = PdfOut(stream)
        tree = out.reserve()
        page = out.put({"/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, 9, 9], "/Resources": {}})
        out.put({"/Type": "/Pages", "/Kids": [page], "/Count": 1}, tree)
        out.finish(out.put({"/Type": "/Catalog", "/Pages": tree}), out.put({}))
    with pytest.raises(MissingProgram, match="PDF/A"):
        finish_pdf(path, path, print_id="A/1", title="标题", created=CREATED)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"hello", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF"])
def test_what_is_no_pdf_is_refused_by_name(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "扫描.pdf"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=r"扫描\.pdf"):
        page_count(path)
    with pytest.raises(InvalidInput, match=r"没有\.pdf"):
        page_count(tmp_path / "没有.pdf")
