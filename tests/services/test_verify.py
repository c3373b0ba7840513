"""The check of the four properties: what it tells, its report, a deep check that goes on, files that act by themselves."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import docx
import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from qrecords.services.administer import init, open_office
from qrecords.services.care import formats, readers
from qrecords.services.care.verify import verify
from tests.conftest import NOW, CommandLine
from tests.laid import laid
from tests.stores.test_archive import put

ITEMS = [f"urn:qrecords:sample:{n}" for n in range(6)]


def pdf(path: Path, **change: Callable[[PdfWriter], object]) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    for edit in change.values():
        edit(writer)
    writer.write(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "office"
    with closing(init(root, clock=lambda: NOW)) as office:
        for object_id in ITEMS:
            put(office.archive, object_id, {"data.json": b"{}", "page.pdf": pdf(root / "page.pdf")})
    return root


@pytest.fixture
def cli(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    laid(made, tmp_path / "office")
    return CommandLine(tmp_path / "office", capsys)


def properties(answer: Any) -> dict[str, bool]:
    return {entry["label"]: entry["ok"] for entry in answer["properties"]}


def damage(cli: CommandLine) -> None:
    path = next((cli.root / "archive" / "objects").rglob("data.json"))
    path.write_bytes(b"[]")


def test_each_property_has_its_checks_and_its_result(cli: CommandLine) -> None:
    answer = cli.json("verify", "--deep")
    assert properties(answer) == {"真实性": True, "完整性": True, "可用性": True, "安全性": True}
    checks = {c["name"]: c for entry in answer["properties"] for c in entry["checks"]}
    assert checks["objects"]["checked"] == len(ITEMS)
    assert checks["formats"]["checked"] == checks["active"]["checked"] == 2 * len(ITEMS)
    damage(cli)
    (cli.root / "archive" / "objects" / "stray.exe").write_bytes(b"")
    answer = cli.json("verify", "--deep", ok=False)
    assert properties(answer) == {"真实性": False, "完整性": True, "可用性": True, "安全性": False}
    told = cli("verify", "--deep", ok=False)
    assert "✗ 真实性" in told.out
    assert "✓ 完整性" in told.out


def test_a_shallow_check_says_what_it_did_not_look_at(cli: CommandLine) -> None:
    assert "加 --deep 才查" in cli("verify").out
    assert "加 --deep 才查" not in cli("verify", "--deep").out


def test_the_report_is_a_document_and_json(cli: CommandLine, tmp_path: Path) -> None:
    damage(cli)
    cli("verify", "--deep", "-o", tmp_path / "report.docx", ok=False)
    document = docx.Document(str(tmp_path / "report.docx"))
    text = "\n".join(cell.text for t in document.tables for row in t.rows for cell in row.cells)
    assert "有1处问题，见下表" in text
    assert "data.json 的内容与归档时不同；请从备份恢复这个对象" in text
    cli("verify", "--deep", "-o", tmp_path / "report.json", ok=False)
    assert len(json.loads((tmp_path / "report.json").read_text("utf-8"))["problems"]) == 1
    assert cli("verify", "-o", tmp_path / "report.json", ok=False).status == 6, "never written over"
    assert cli("verify", "-o", tmp_path / "report.xls", ok=False).status == 2


def test_a_deep_check_broken_off_goes_on(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(cli)

    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with closing(open_office(cli.root)) as office:
        with pytest.raises(KeyboardInterrupt):
            verify(office, deep=True, progress=stop)
        read: list[Any] = []
        ask = readers._Reader.ask
        monkeypatch.setattr(readers._Reader, "ask", lambda r, q: (read.append(q["object"]), ask(r, q))[1])
        found = verify(office, deep=True)
        assert found.checked.resumed == len(ITEMS) - len(read) >= 3
        assert len(found.problems) == 1, "what is damaged is read again, and told"
        assert verify(office, deep=True).checked.resumed == 0


@pytest.mark.parametrize("lines", ["", "half a li", "\x00\xff\n", "urn:qrecords:sample:0 v9\n"])
def test_a_torn_journal_does_no_harm(cli: CommandLine, lines: str) -> None:
    (cli.root / "indexes" / "verify-deep.txt").write_text(lines, "latin-1")
    assert cli.json("verify", "--deep")["checked"]["resumed"] == 0


def office_file(kind: str, path: Path, *names: str) -> bytes:
    main = {"docx": "wordprocessingml.document", "xlsx": "spreadsheetml.sheet"}[kind]
    types = f"<Types><Override ContentType='application/vnd.openxmlformats-officedocument.{main}.main+xml'/></Types>"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("[Content_Types].xml", types)
        for name in names:
            package.writestr(name, bytes.fromhex("d0cf11e0a1b11ae1"))
    return path.read_bytes()


docx_with, xlsx_with = partial(office_file, "docx"), partial(office_file, "xlsx")


def with_script(writer: PdfWriter) -> None:
    action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert('x')")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)


def with_attachment(writer: PdfWriter) -> None:
    writer.add_attachment("x.txt", b"x")


def with_bytes_like_a_name(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(b"chance /JS and /Launch in a picture")
    writer._add_object(stream)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.pdf", pdf, ("", "")),
        ("a.pdf", lambda p: pdf(p, js=with_script), ("", "脚本")),
        ("a.pdf", lambda p: pdf(p, packed=with_bytes_like_a_name), ("", "")),
        ("a.pdf", lambda p: pdf(p, attached=with_attachment), ("", "附件")),
        ("a.pdf", lambda p: pdf(p, secret=lambda w: w.encrypt("x", algorithm="RC4-128")), ("加了密", "")),
        ("a.pdf", lambda p: pdf(p)[:200], ("打不开", "")),
        ("a.pdf", lambda p: b"GIF89a", ("打不开", "")),
        ("a.docx", docx_with, ("", "")),
        ("a.docx", lambda p: docx_with(p, "word/vbaProject.bin"), ("", "宏")),
        ("a.xlsx", lambda p: xlsx_with(p, "xl/embeddings/oleObject1.bin"), ("", "嵌入的文件")),
        ("a.docx", lambda p: b"PK\x03\x04", ("打不开", "")),
        ("a.json", lambda p: b"{", ("打不开", "")),
        ("a.exe", lambda p: b"MZ", ("不适合长期保存", "")),
    ],
)
def test_files_are_looked_into(
    tmp_path: Path, name: str, content: Callable[[Path], bytes], told: tuple[str, str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content(path))
    verdict = formats.looked_into(path, name)
    for found, wanted in zip((verdict.unreadable, verdict.active), told, strict=True):
        assert bool(found) == bool(wanted)
        assert wanted in found


@pytest.mark.skipif(os.name != "posix", reason="only POSIX folders have such rights")
def test_a_folder_open_to_all_is_told(cli: CommandLine) -> None:
    folder = cli.root / "archive"
    folder.chmod(0o777)
    answer = cli.json("verify", ok=False)
    assert properties(answer)["安全性"] is False
    assert "chmod o-w" in answer["problems"][0]["message"]
