"""The judge of PDF/A itself: a sound file passes, and each kind of fault it is asked about is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import ImageCms

from qrecords.render.volume import Part, bind
from tests.pdfa import claims, faults
from tests.render.test_render_volume import META, made


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bound volume of parts that are PDF/A, with a profile as LibreOffice gives it."""
    folder = tmp_path_factory.mktemp("sound")
    part = folder / "part.pdf"
    with Pdf.open(part_of(folder)) as pdf:
        profile = Stream(pdf, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), N=3)
        intent = Dictionary(
            Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB", DestOutputProfile=profile
        )
        pdf.Root.OutputIntents = Array([intent])
        pdf.save(part)
    bind(folder / "volume.pdf", front=[], items=[Part(part, "1"), Part(part, "2")], back=[], meta=META)
    return folder / "volume.pdf"


def part_of(folder: Path) -> Path:
    path = folder / "made.pdf"
    path.write_bytes(made())
    return path


def test_a_sound_volume_has_no_faults(sound: Path) -> None:
    with Pdf.open(sound) as pdf:
        assert claims(pdf)
    assert faults(sound) == []


def font(pdf: Pdf) -> None:
    pdf.pages[0].obj.Resources.Font.F = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def colours(pdf: Pdf) -> None:
    pdf.pages[0].contents_add(Stream(pdf, b"0 0 0 1 k"))


def unnamed(pdf: Pdf) -> None:
    pdf.pages[0].contents_add(Stream(pdf, b"BT /Nowhere 9 Tf ET"))


def hidden(pdf: Pdf) -> None:
    pdf.pages[0].obj.Annots = Array([Dictionary(Subtype=Name.Text, Rect=[0, 0, 9, 9], F=2)])


def script(pdf: Pdf) -> None:
    pdf.Root.OpenAction = pdf.make_indirect(Dictionary(Type=Name.Action, S=Name.JavaScript, JS="1"))


def launch(pdf: Pdf) -> None:
    pdf.pages[0].obj.Hold = pdf.make_indirect(Dictionary(Type=Name.Action, S=Name.Launch, F="x"))


def transfer(pdf: Pdf) -> None:
    state = pdf.make_indirect(Dictionary(Type=Name.ExtGState, TR=Name.Identity))
    pdf.pages[0].obj.Resources.ExtGState = Dictionary(G=state)


def lzw(pdf: Pdf) -> None:
    pdf.Root.Hold = pdf.make_indirect(Stream(pdf, b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", Filter=Name.LZWDecode))


def outside(pdf: Pdf) -> None:
    pdf.Root.Hold = pdf.make_indirect(Stream(pdf, b"", F="elsewhere.bin"))


def attached(pdf: Pdf) -> None:
    pdf.attachments["a.txt"] = b"text"


def intent(pdf: Pdf) -> None:
    del pdf.Root.OutputIntents


def title(pdf: Pdf) -> None:
    pdf.docinfo["/Title"] = "another"


def claim(pdf: Pdf) -> None:
    del pdf.Root.Metadata


def own_schema(pdf: Pdf) -> None:
    packet = pdf.Root.Metadata.read_bytes().replace(b"dc:identifier", b"dc:invented")
    pdf.Root.Metadata = Stream(pdf, packet, Type=Name.Metadata, Subtype=Name.XML)


BROKEN: list[tuple[Callable[[Any], None], str]] = [
    (font, "6.2.11.4"), (colours, "6.2.4.3"), (unnamed, "6.2.2"), (hidden, "6.3.2"), (script, "6.5"),
    (launch, "6.5.1"), (transfer, "6.2.5"), (lzw, "6.1.7.2"), (outside, "6.1.7.1"), (attached, "6.8"),
    (intent, "6.2.3"), (title, "6.6.3"), (claim, "6.6.2"), (own_schema, "6.6.2.3"),
]  # fmt: skip


@pytest.mark.parametrize(("breaks", "clause"), BROKEN, ids=[b.__name__ for b, _ in BROKEN])
def test_a_fault_is_found(breaks: Callable[[Any], None], clause: str, sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    with Pdf.open(sound) as pdf:
        breaks(pdf)
        pdf.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    assert any(told.removeprefix("page 1: ").startswith(clause) for told in faults(path)), faults(path)


def test_an_encrypted_file_is_none(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    with Pdf.open(sound) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner="示例", user=""))
    assert "6.1.3 encrypted" in faults(path)
