"""The last touch on a converted PDF: each page's code gets its page number, the file its title, date and small size."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import zxingcpp
from pypdf.generic import DictionaryObject, IndirectObject, NameObject, StreamObject

from qrecords.errors import MissingProgram
from qrecords.render.beside import written_beside
from qrecords.render.code import code_operators
from qrecords.render.digits import put_figures
from qrecords.render.intents import undated_intents
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import PdfOut, open_pdf
from qrecords.render.room import room_note

MAX_CODE_PIXELS = 2_000  # a side; anything larger is a picture, not a code
_BITS = [bytes(255 * (byte >> shift & 1) for shift in range(7, -1, -1)) for byte in range(256)]
_NOT_KEPT = ("/Metadata", "/OpenAction", "/AA", "/Names")


def finish_pdf(
    src: Path,
    dst: Path,
    *,
    print_id: str,
    title: str,
    created: datetime,
    stamp_room: bool = False,
    repeat_numbers: bool = False,
) -> int:
    """Write the PDF as it is kept and return how many of its pages carry the code; `src` and `dst` may be the same.

    The document's code (`print_id`) becomes `print_id/PAGE`, drawn in place of the picture wherever the template has
    it. Markers of PDF/A-2b stay; dates and ids depend on `created` and the contents alone. With `stamp_room`, the
    file notes where its first page has room for the archive stamp; with `repeat_numbers`, rows of a register that go on
    over the end of a page name their number again.
    """
    reader = open_pdf(src, strict=True)
    catalog = reader.root_object
    if "/OutputIntents" not in catalog:
        raise MissingProgram(
            f"{src.name} 不是 PDF/A：LibreOffice 的版本太旧，不支持长期保存格式",
            remedy="请安装 LibreOffice 7.4 或更新的版本",
        )
    meta = Meta(title, print_id, created)
    noted = {}
    if stamp_room:
        from qrecords.render.freespace import free_spot  # draws the page, which a print for the desk does without

        noted = room_note(free_spot(src, 0), meta)
    going_on = {}
    if repeat_numbers and len(reader.pages) > 1:
        from qrecords.render.continued import repeat, rows_that_go_on  # reads the pages' text, which others do without

        going_on = rows_that_go_on(src)
    with written_beside(dst) as stream:
        out, codes = PdfOut(stream), _Codes(print_id)
        own = []
        for page in reader.pages:
            own.append(out.reserve())
            out.stand_for(_reference(page), own[-1])
        marked = [codes.swap(out, page, number) for number, page in enumerate(reader.pages, start=1)]
        if going_on:
            font = put_figures(out)
            for number, what in going_on.items():
                repeat(out, reader.pages[number - 1], what, font)
        kept = {key: value for key, value in catalog.items() if key not in _NOT_KEPT}
        packet = out.put_stream({"/Type": "/Metadata", "/Subtype": "/XML"}, meta.xmp(pdf_a=True), deflate=False)
        viewer = {"/DisplayDocTitle": True}
        intents = {"/OutputIntents": [*undated_intents(out, catalog)]}
        root = out.put({**kept, **intents, **noted, "/Metadata": packet, "/ViewerPreferences": viewer})
        for at, page in zip(own, reader.pages, strict=True):
            out.put(page, at)
        out.finish(root, out.put(meta.info()))
    return sum(marked)


class _Codes:
    """Finds the document's code among the pictures of its pages, and puts each page's own code there."""

    def __init__(self, print_id: str) -> None:
        self._print_id = print_id
        self._seen: dict[int, bool] = {}

    def swap(self, out: PdfOut, page: DictionaryObject, number: int) -> bool:
        """Replace the code in the resources of a page; tell whether there was one."""
        resources: Any = page["/Resources"]
        pictures = resources.get("/XObject", DictionaryObject()).get_object()
        names = [name for name, ref in pictures.items() if self._is_code(ref)]
        if not names:
            return False
        # A form fills the unit square as a picture does, so the page's own drawing commands stay as they are.
        facts = {"/Type": "/XObject", "/Subtype": "/Form", "/BBox": [0, 0, 1, 1], "/Resources": {}}
        drawn = out.put_stream(facts, code_operators(f"{self._print_id}/{number}"))
        # Pages share their resources; this one needs its own.
        own = DictionaryObject({**pictures, **{NameObject(name): drawn for name in names}})
        page[NameObject("/Resources")] = DictionaryObject({**resources, NameObject("/XObject"): own})
        return True

    def _is_code(self, ref: Any) -> bool:
        if not isinstance(ref, IndirectObject):
            return False
        if ref.idnum not in self._seen:
            self._seen[ref.idnum] = _text_in(ref.get_object()) == self._print_id
        return self._seen[ref.idnum]


def _text_in(value: Any) -> str:
    """Return what a code among the pictures of a PDF says; blank for any other picture."""
    picture: Any = value
    if not isinstance(value, StreamObject) or picture.get("/Subtype") != "/Image":
        return ""
    width, height = int(picture["/Width"]), int(picture["/Height"])
    if not 0 < width == height <= MAX_CODE_PIXELS or picture.get("/Filter") not in ("/FlateDecode", ["/FlateDecode"]):
        return ""
    data: Any = picture.get_data()  # where numpy is installed, the reader's type names its arrays alone
    stride = len(data) // height
    form = zxingcpp.ImageFormat.Lum
    if stride == (width + 7) // 8:
        rows = (data[y * stride : (y + 1) * stride] for y in range(height))
        data = b"".join(b"".join(_BITS[byte] for byte in row)[:width] for row in rows)
    elif stride == 3 * width:
        form = zxingcpp.ImageFormat.RGB
    elif stride != width:
        return ""
    view = zxingcpp.ImageView(data, width, height, form)
    # Made here each time: one kept in the module makes the library complain when the program ends.
    symbol = zxingcpp.read_barcode(view, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    return symbol.text if symbol else ""


def _reference(page: Any) -> IndirectObject:
    reference: IndirectObject = page.indirect_reference
    return reference
