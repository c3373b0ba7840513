"""Makes pages of a foreign PDF say by their own drawing what a viewer shows of them, so that they can be bound.

A page alone loses what its file says of it: form fields and seals belong to the file's form, layers are switched off in
its catalogue, and a drawing that leaves its state open runs on into whatever is drawn after it. Fields become part of
the drawing, what a hidden layer draws is left out, states are closed. A page that then does not look as it did is
bound as a picture of itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Operator

from qrecords.foreign.drawing import drawable, drawn, looks_like
from qrecords.foreign.layers import Layers

_PICTURE_DPI = 200
_MAX_SIDE = 6_000  # dots
_PAINTS = {"f", "F", "f*", "B", "B*", "b", "b*", "s", "S"}
_SHOWS_TEXT = {"Tj", "TJ", "'", '"'}
_OPENS_MARK, _CLOSES_MARK = {"BDC", "BMC"}, "EMC"
_DEEPEST = 12  # forms within forms


def settled(path: Path) -> Path | bytes:
    """Return the file itself when its pages can be bound as they are, else a PDF whose pages show the same.

    Same file, same bytes. The file itself, too, when it cannot be read or is locked: who binds it tells of that.
    """
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            if pdf.is_encrypted or not _settle(pdf):
                return path
            made = _saved(pdf)
            if other := _pages_that_look_otherwise(path, made):
                _as_pictures(pdf, path, other)
                made = _saved(pdf)
            return made
    except (pikepdf.PdfError, pikepdf.PasswordError, pypdfium2.PdfiumError, OSError, RuntimeError, ValueError):
        return path


def _settle(pdf: pikepdf.Pdf) -> bool:
    """Change what must be changed; False when nothing must."""
    layers = Layers(pdf)
    noted = any(_is_drawn(note) for page in pdf.pages for note in page.obj.get("/Annots", []))
    changed = noted or bool(layers)
    if noted:
        for page in pdf.pages:
            _drop_hidden_notes(page, layers)
        form = pdf.Root.get("/AcroForm", Dictionary())
        if form.get("/NeedAppearances", False):
            pdf.generate_appearance_streams()
        pdf.flatten_annotations("screen")
        if "/AcroForm" in pdf.Root:
            del pdf.Root["/AcroForm"]
    for page in pdf.pages:
        if layers:
            _leave_out_hidden(pdf, page.obj, layers, set())
        changed |= _close_states(page)
    return changed


def _is_drawn(note: Any) -> bool:
    return isinstance(note, Dictionary) and note.get("/Subtype") not in {"/Link", "/Popup"}


def _drop_hidden_notes(page: pikepdf.Page, layers: Layers) -> None:
    notes = page.obj.get("/Annots")
    if isinstance(notes, Array):
        kept = [note for note in notes if not (isinstance(note, Dictionary) and layers.hides(note.get("/OC")))]
        page.obj.Annots = Array(kept)


def _leave_out_hidden(pdf: pikepdf.Pdf, holder: Any, layers: Layers, seen: set[Any], depth: int = 0) -> None:
    """Take the drawing of hidden layers out of a page or form; what it says of position and state stays."""
    if depth > _DEEPEST:
        return
    resources = holder.get("/Resources", Dictionary())
    named, objects = resources.get("/Properties", Dictionary()), resources.get("/XObject", Dictionary())
    for name in list(objects.keys()):
        inner = objects[name]
        if isinstance(inner, pikepdf.Stream) and inner.get("/Subtype") == "/Form" and inner.objgen not in seen:
            seen.add(inner.objgen)
            _leave_out_hidden(pdf, inner, layers, seen, depth + 1)
    kept = list(_shown_operators(pikepdf.parse_content_stream(holder), named, objects, layers))
    data = pikepdf.unparse_content_stream(kept)
    if isinstance(holder, pikepdf.Stream):
        holder.write(data)
    else:
        holder.Contents = pdf.make_stream(data)


def _shown_operators(content: Any, named: Any, objects: Any, layers: Layers) -> Iterator[Any]:
    marks: list[bool] = []  # of each mark that is open: whether it hides
    mode = 0  # how text is shown
    for part in content:
        operator, operands = str(part.operator), part.operands
        if operator in _OPENS_MARK:
            marks.append(_hides(operands, named, layers))
        elif operator == _CLOSES_MARK and marks:
            marks.pop()
        hidden = any(marks)
        if operator == "Tr" and operands:
            mode = int(operands[0])
        if operator == "Do" and operands:
            drawn_object = objects.get(str(operands[0]))
            if hidden or (drawn_object is not None and layers.hides(drawn_object.get("/OC"))):
                continue
        if not hidden:
            yield part
        elif operator in _PAINTS:
            yield [], Operator("n")  # the path ends, and nothing is painted
        elif operator in _SHOWS_TEXT:
            yield [3], Operator("Tr")  # it goes on behind the text as if it had been shown
            yield part
            yield [mode], Operator("Tr")
        elif operator not in {"sh", "INLINE IMAGE"}:
            yield part


def _hides(operands: Any, named: Any, layers: Layers) -> bool:
    if len(operands) != 2 or operands[0] != "/OC":
        return False
    membership = operands[1]
    if isinstance(membership, Name):
        membership = named.get(str(membership))
    return layers.hides(membership)


def is_closed(page: pikepdf.Page) -> bool:
    """Tell whether a page's drawing closes all it opens, and no more: nothing drawn after it is changed by it."""
    return not any(_left_open(page))


def _close_states(page: pikepdf.Page) -> bool:
    """Close what a page's drawing leaves open, and open what it closes too often; False when it does neither."""
    missing, open_states, marks, in_text = _left_open(page)
    if not (missing or open_states or marks or in_text):
        return False
    if missing:
        page.contents_add(b"q\n" * missing, prepend=True)
    page.contents_add(b"\n" + (b"ET\n" if in_text else b"") + b"EMC\n" * marks + b"Q\n" * open_states)
    return True


def _left_open(page: pikepdf.Page) -> tuple[int, int, int, bool]:
    """Return how many states are closed too often and how many stay open, the open marks, whether text is open."""
    depth = lowest = marks = 0
    in_text = False
    for part in pikepdf.parse_content_stream(page):
        match str(part.operator):
            case "q":
                depth += 1
            case "Q":
                depth -= 1
                lowest = min(lowest, depth)
            case "BT":
                in_text = True
            case "ET":
                in_text = False
            case "BDC" | "BMC":
                marks += 1
            case "EMC":
                marks = max(marks - 1, 0)
    return -lowest, depth - lowest, marks, in_text


def _saved(pdf: pikepdf.Pdf) -> bytes:
    made = BytesIO()
    pdf.save(made, static_id=True, fix_metadata_version=False)
    return made.getvalue()


def _pages_that_look_otherwise(path: Path, made: bytes) -> list[int]:
    with drawable(path) as before, drawable(made) as after:
        return [n for n in range(len(before)) if not looks_like(before[n], after[n])]


def _as_pictures(pdf: pikepdf.Pdf, path: Path, numbers: list[int]) -> None:
    """Put pictures in the place of pages: what a viewer shows of them is what is bound."""
    with drawable(path) as document:
        for number in numbers:
            shown, page = document[number], pdf.pages[number]
            wide, high = shown.get_size()
            image = drawn(shown, min(_PICTURE_DPI / 72, _MAX_SIDE / max(wide, high)))
            picture = pdf.make_stream(zlib.compress(image.tobytes(), 6))
            picture.stream_dict = Dictionary(
                Type=Name.XObject, Subtype=Name.Image, Width=image.width, Height=image.height,
                ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.FlateDecode,
            )  # fmt: skip
            for key in ("/CropBox", "/Rotate", "/UserUnit", "/Annots", "/Group"):
                with suppress(KeyError):
                    del page.obj[key]
            page.obj.MediaBox = Array([0, 0, wide, high])
            page.obj.Resources = Dictionary(XObject=Dictionary(P=picture))
            page.obj.Contents = pdf.make_stream(f"q {wide:.2f} 0 0 {high:.2f} 0 0 cm /P Do Q".encode("ascii"))
