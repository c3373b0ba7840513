"""Scans that are damaged or hostile: refused or cleaned with a clear message, nothing half-attached."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from qrecords.scanning import child, reader
from tests.conftest import CommandLine

A4 = {"width": 595, "height": 842}


def writer(pages: int = 1) -> PdfWriter:
    made = PdfWriter()
    for _ in range(pages):
        made.add_blank_page(**A4)
    return made


def saved(made: PdfWriter, path: Path) -> Path:
    made.write(path)
    return path


def encrypted(path: Path) -> Path:
    made = writer()
    made.encrypt("secret", algorithm="RC4-128")
    return saved(made, path)


def truncated(path: Path) -> Path:
    data = saved(writer(3), path).read_bytes()
    path.write_bytes(data[: len(data) // 3])
    return path


def no_pages(path: Path) -> Path:
    return saved(writer(0), path)


def many_pages(path: Path) -> Path:
    return saved(writer(5_000), path)


def swelling(path: Path) -> Path:
    """A page whose drawing commands are one gigabyte once they are decompressed, and well-formed all along."""
    deflate, check = zlib.compressobj(1), 1
    block = b"0 0 1 1 re f\n" * 80_660  # one megabyte
    # Flushed in full, a block leans on none before it: the second one's bytes are all the others' too.
    first, again = (deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    for _ in range(1024):
        check = zlib.adler32(block, check)
    data = first + again * 1023 + deflate.flush()[:-4] + check.to_bytes(4, "big")
    made = writer()
    contents = DecodedStreamObject()
    contents.set_data(data)
    contents[NameObject("/Filter")] = NameObject("/FlateDecode")
    made.pages[0][NameObject("/Contents")] = made._add_object(contents)
    return saved(made, path)


def vast_picture(path: Path) -> Path:
    """Less than a megabyte that is a picture of 1.6 gigapixels, all black."""
    deflate, lines = zlib.compressobj(1), bytes((1 + 5_000) * 400)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0),
        b"IDAT": b"".join(deflate.compress(lines) for _ in range(100)) + deflate.flush(),
        b"IEND": b"",
    }
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts.items())
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def vast_picture_in_a_pdf(path: Path) -> Path:
    made = writer()
    picture = DecodedStreamObject()
    picture.set_data(zlib.compress(zlib.compress(bytes(1 << 28), 1), 1))
    picture.update(
        {NameObject(k): NumberObject(v) for k, v in (("/Width", 40_000), ("/Height", 40_000), ("/BitsPerComponent", 8))}
    )
    picture[NameObject("/Type")], picture[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Image")
    picture[NameObject("/ColorSpace")], picture[NameObject("/Filter")] = (
        NameObject("/DeviceRGB"),
        NameObject("/FlateDecode"),
    )
    page = made.pages[0]
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/P"): made._add_object(picture)})}
    )
    contents = DecodedStreamObject()
    contents.set_data(b"q 595 0 0 842 0 0 cm /P Do Q")
    page[NameObject("/Contents")] = made._add_object(contents)
    return saved(made, path)


def no_scan(path: Path) -> Path:
    path.write_text("这不是扫描件", encoding="utf-8")
    return path


def nothing(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as stream:
        stream.write(b"%PDF-1.7\n")
        stream.truncate(reader.MAX_FILE + 1)
    return path


REFUSED: list[tuple[Callable[[Path], Path], str]] = [
    (encrypted, "加密"),
    (truncated, "损坏"),
    (no_pages, "没有页面"),
    (many_pages, "1000页"),
    (vast_picture, "太大"),
    (no_scan, "损坏，或不是扫描件"),
    (nothing, "损坏，或不是扫描件"),
    (sparse, "500 MB"),
]


@pytest.mark.parametrize(("made", "told"), REFUSED, ids=[m.__name__ for m, _ in REFUSED])
def test_a_bad_file_is_refused_with_a_reason_and_a_remedy(
    cli: CommandLine, tmp_path: Path, made: Callable[[Path], Path], told: str
) -> None:
    bad = made(tmp_path / "bad.pdf")
    good = tmp_path / "good.png"
    Image.linear_gradient("L").save(good)
    ran = cli("--json", "scan", good, bad, "--no-ocr", ok=False)
    assert ran.status == 3
    error = ran.json["error"]
    assert told in error["message"]
    assert "bad.pdf" in error["message"]
    assert error["remedy"]
    assert_untouched(cli)


@pytest.mark.parametrize("made", [swelling, vast_picture_in_a_pdf])
def test_a_file_that_swells_is_held_within_the_limits(
    tmp_path: Path, made: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = made(tmp_path / "bad.pdf")
    assert bad.stat().st_size < 20 << 20
    monkeypatch.setattr(reader, "SECONDS_PER_PAGE", 5.0)
    try:
        read = reader.read_file(bad, tmp_path / "pages")
    except reader.InvalidInput as error:
        assert "bad.pdf" in error.message
    else:
        assert len(read.pages) == 1, "drawn as far as it could be: a page like any other"


def test_a_file_that_takes_too_long_is_ended(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SECONDS_PER_PAGE", 0.0)
    error = cli.json("scan", saved(writer(), tmp_path / "slow.pdf"), ok=False)["error"]
    assert error["code"] == "invalid_input"
    assert "时间或内存" in error["message"]
    assert_untouched(cli)


def test_a_child_that_says_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "silent.py").write_text(
        "import os, time\ndef main(told):\n    print(os.getpid(), flush=True)\n    time.sleep(600)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = child.answers("silent", {}, silence=0.3)
    pid = next(said)
    with pytest.raises(child.Silent):
        next(said)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_is_imported_from_the_folder_of_the_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise SystemExit", encoding="utf-8")
    Image.linear_gradient("L").save(tmp_path / "page.png")
    monkeypatch.chdir(tmp_path)
    assert len(reader.read_file(tmp_path / "page.png", tmp_path / "pages").pages) == 1


def test_several_bad_files_are_told_at_once(cli: CommandLine, tmp_path: Path) -> None:
    error = cli.json("scan", no_scan(tmp_path / "a.jpg"), encrypted(tmp_path / "b.pdf"), tmp_path / "c.pdf", ok=False)[
        "error"
    ]
    assert [p["source"] for p in error["problems"]] == ["a.jpg", "b.pdf", "c.pdf"]


def test_scripts_and_attachments_stay_behind(cli: CommandLine, tmp_path: Path) -> None:
    made = writer()
    script = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )
    made._root_object[NameObject("/OpenAction")] = script
    made.add_attachment("secret.exe", b"MZ payload")
    image = tmp_path / "page.pdf"
    Image.linear_gradient("L").resize((600, 800)).save(image, "PDF")
    made.append(image)
    answer = cli.json("scan", saved(made, tmp_path / "scripted.pdf"), "--no-ocr")
    assert any("脚本、附件" in note for note in answer["notes"])
    kept = b"".join(p.read_bytes() for p in (cli.root / "archive" / "inbox").rglob("*") if p.is_file())
    assert b"MZ payload" not in kept
    assert b"app.alert" not in kept


def test_a_picture_is_known_by_its_contents_not_its_name(cli: CommandLine, tmp_path: Path) -> None:
    named = tmp_path / "photo.pdf"
    Image.linear_gradient("L").save(named, "JPEG")
    answer = cli.json("scan", named, "--no-ocr")
    assert any("其实是 JPEG" in note for note in answer["notes"])
    assert len(answer["unmatched"]) == 1


def test_evidence_given_by_hand_is_opened_too(
    cli: CommandLine, tmp_path: Path, sample: Callable[..., object], write: Callable[..., Path]
) -> None:
    cli("fill", "04A", write(sample("04A")))
    by = ("--kind", "customer-seal", "--by", "示例单位", "--on", "2025-12-01")
    signed = ("sign", "QR758-04A-2025-00001", *by, "--evidence")
    assert "损坏" in cli.json(*signed, no_scan(tmp_path / "torn.pdf"), ok=False)["error"]["message"]
    made = writer()
    made.add_attachment("secret.exe", b"MZ payload")
    error = cli.json(*signed, saved(made, tmp_path / "carrier.pdf"), ok=False)["error"]
    assert "里有附件" in error["message"]
    assert_untouched(cli)


def assert_untouched(cli: CommandLine) -> None:
    assert not (cli.root / "archive" / "inbox").exists()
    assert not (cli.root / "archive" / "evidence").exists()
    assert list((cli.root / "archive" / "staging").iterdir()) == []
    assert cli.json("status")["under_way"] == 0
