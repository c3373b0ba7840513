"""Compares a bound volume with the PDFs it was bound from: every page's own drawing, and the numbers stamped on it.

Stamps are content streams of their own around a page's drawing, so what was frozen can be told from what was added.
Files are opened in place (qpdf): a volume of some hundred MB is not taken into memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2

from qrecords.errors import InvalidInput
from qrecords.foreign.drawing import drawable, looks_like
from qrecords.foreign.pdfium import looked_into
from qrecords.foreign.settling import is_closed
from qrecords.render.pdflayout import is_laid_out_as_ours

_NUMBER = re.compile(rb"\((\d+)\) Tj")
_HYPHEN_AT_LINE_END = "\ufffe"  # as pdfium gives it
_NOT_COMPARED = {"/Length", "/Parent", "/StructParent", "/StructParents"}
_DIGITS = 6  # of a number that is compared: whoever writes it again may round it
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Expected:
    """One bound PDF: source, title, first page in the volume (from 1), the number on each page (0: none).

    `stamped` are the figures of the archive stamp on its first numbered page, if it has one.
    """

    source: Path
    title: str
    first: int
    numbers: tuple[int, ...]
    stamped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One bound file as the archive keeps it (object, name, version), and what is expected of it in the volume."""

    held: tuple[str, str, int]
    title: str
    first: int
    numbers: tuple[int, ...]
    stamped: tuple[str, ...] = ()

    def at(self, source: Path) -> Expected:
        """Return what is expected, with the file it is lent as."""
        return Expected(source, self.title, self.first, self.numbers, self.stamped)

    def as_json(self) -> dict[str, Any]:
        """Return what another process needs to know."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Kept:
        """Return what another process was told."""
        tuples: dict[str, Any] = {key: tuple(entry[key]) for key in ("held", "numbers", "stamped")}
        return cls(**{**entry, **tuples})


@dataclass(frozen=True, slots=True)
class Listed:
    """The printed list of contents: its first page (from 1), its pages, and of each item number, position and figures.

    The figures are day, first page and pages of the item, as they stand beside each other.
    """

    page: int
    pages: int
    lines: tuple[tuple[int, str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Return what another process needs to know."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Listed:
        """Return what another process was told."""
        return cls(entry["page"], entry["pages"], tuple((p, no, figures) for p, no, figures in entry["lines"]))


def compared(volume: Path, items: Iterable[Expected], listed: Listed) -> Iterator[str]:
    """Give, in Chinese, whatever in a volume is not what was frozen, numbered and listed."""
    yield from differences(volume, items)
    yield from not_listed(volume, listed)


def differences(volume: Path, items: Iterable[Expected]) -> Iterator[str]:
    """Give, in Chinese, every page that is not what was frozen, or not numbered as planned.

    An item is taken from `items` just before its file is opened.
    """
    with _opened(volume, "这一册") as bound:
        pages = bound.pages
        for item in items:
            with _opened(_bound_as(item.source), item.title) as source:
                if len(source.pages) != len(item.numbers) or item.first - 1 + len(item.numbers) > len(pages):
                    yield f"「{item.title}」的页数与登记不符"
                    continue
                first = next((n for n, number in enumerate(item.numbers, start=1) if number), 0)
                same = _Same()
                for place, (number, page) in enumerate(zip(item.numbers, source.pages, strict=True), start=1):
                    mine = pages[item.first + place - 2].obj
                    drawing, stamp = _parted(mine)
                    if drawing != _data(_streams(page.obj)) or not same.resources(mine, like=page.obj):
                        yield from _otherwise(bound.pages[item.first + place - 2], item, place)
                    found, *figures = [shown.decode() for shown in _NUMBER.findall(stamp)] or ["0"]
                    if int(found) != number:
                        yield f"「{item.title}」第{place}页的页码不是{number or '空白'}"
                    if tuple(figures) != (item.stamped if place == first else ()):
                        yield f"「{item.title}」第{place}页的归档章与登记不符"


def _otherwise(page: pikepdf.Page, item: Expected, place: int) -> Iterator[str]:
    """Look at a page that is made otherwise than it would be bound today: it counts what one sees (an older volume)."""
    told = f"「{item.title}」第{place}页与归档的原件不同"
    if item.source.suffix.lower() != ".pdf" or is_laid_out_as_ours(item.source):
        yield told
        return
    with pikepdf.new() as alone:
        alone.pages.append(page)
        mine = alone.pages[0]
        if not is_closed(mine):
            yield f"「{item.title}」第{place}页的原件没有收好绘图状态，页码和归档章画得不对"
        streams = _streams(mine.obj)
        if len(streams) > 1 and streams[0].read_bytes() == b"q\n":
            mine.obj.Contents = pikepdf.Array([*streams[:-1], alone.make_stream(b"Q\n")])
        with drawable(item.source) as source:
            original = source[place - 1]
            mine.obj.Rotate = original.get_rotation()
            shown = BytesIO()
            alone.save(shown)
            with drawable(shown.getvalue()) as bound:
                if not looks_like(original, bound[0]):
                    yield told


def not_listed(volume: Path, listed: Listed) -> Iterator[str]:
    """Compare the printed list of contents with what should be on it: every item, in order, with its page."""
    text, at = "".join(texts(volume, listed.page - 1, listed.pages)), 0
    for position, number, figures in listed.lines:
        closed = "".join(number.split())
        found = text.find(closed, at)
        if found < 0 or text.find(figures, found) < 0:
            yield f"卷内目录上没有第{position}件 {number}，或页号不对"
            return
        at = text.find(figures, found)


def texts(volume: Path, first: int, count: int) -> list[str]:
    """Return the text of `count` pages from the index `first` on, blanks left out: cells wrap where they must."""
    try:
        with looked_into(volume) as document:
            return [_text(document[n]) for n in range(first, min(first + count, len(document)))]
    except pypdfium2.PdfiumError as error:
        raise InvalidInput(f"「这一册」不是完好的 PDF（{error}）", remedy="请从备份恢复") from None


def _text(page: Any) -> str:
    with closing(page), closing(page.get_textpage()) as words:
        return "".join(words.get_text_range().split()).replace(_HYPHEN_AT_LINE_END, "-")


def page_of(volume: Path, words: str, first: int, count: int) -> int:
    """Return which of `count` pages from the index `first` on shows these words, from 0; 0 when none does."""
    wanted = "".join(words.split())
    return next((n for n, text in enumerate(texts(volume, first, count)) if wanted in text), 0)


@contextmanager
def _opened(source: Path | bytes, title: str) -> Iterator[pikepdf.Pdf]:
    """Open a PDF; InvalidInput when it cannot be read, now or while it is compared."""
    try:
        with pikepdf.open(BytesIO(source) if isinstance(source, bytes) else source, suppress_warnings=True) as pdf:
            yield pdf
    except (pikepdf.PdfError, pikepdf.PasswordError, OSError, RuntimeError) as error:
        what = "是加密的" if isinstance(error, pikepdf.PasswordError) else f"不是完好的 PDF（{type(error).__name__}）"
        raise InvalidInput(f"「{title}」{what}", remedy="请从备份恢复") from None


def _bound_as(path: Path) -> Path | bytes:
    from qrecords.render.pictures import to_bind  # it brings much along

    return to_bind(path)


def _parted(page: Any) -> tuple[bytes, bytes]:
    """Return a bound page's own drawing, and what was stamped over it."""
    streams = [stream.read_bytes() for stream in _streams(page)]
    if len(streams) > 1 and streams[0] == b"q\n" and streams[-1].startswith(b"Q\n"):
        return b"\n".join(streams[1:-1]), streams[-1]
    return b"\n".join(streams), b""


def _streams(page: Any) -> list[Any]:
    contents = page.get("/Contents")
    if isinstance(contents, pikepdf.Array):
        return list(contents)
    return [] if contents is None else [contents]


def _data(streams: Sequence[Any]) -> bytes:
    return b"\n".join(stream.read_bytes() for stream in streams)


class _Same:
    """Compares what pages of a volume and of one source draw with: fonts, pictures, colour spaces."""

    def __init__(self) -> None:
        self._pairs: set[tuple[Any, Any]] = set()  # objects found the same, or being compared right now

    def resources(self, page: Any, *, like: Any) -> bool:
        """Tell whether a page draws with the same as `like`; names that `like` does not have do not count."""
        before = set(self._pairs)
        same = self._drawn_with(_resources(page), _resources(like))
        if not same:
            self._pairs = before  # what was taken for the same on the way may not be so
        return same

    def _drawn_with(self, own: Any, wanted: Any) -> bool:
        for kind in list(wanted.keys()):
            held, names = own.get(kind), wanted[kind]
            if isinstance(names, pikepdf.Dictionary) and isinstance(held, pikepdf.Dictionary):
                if not all(name in held and self._are(held[name], names[name], 0) for name in list(names.keys())):
                    return False
            elif not self._are(held, names, 0):
                return False
        return True

    def _are(self, mine: Any, own: Any, depth: int) -> bool:
        if not isinstance(mine, pikepdf.Object) or not isinstance(own, pikepdf.Object):
            return bool(_plain(mine) == _plain(own))
        if mine.is_indirect and own.is_indirect:
            pair = mine.objgen, own.objgen
            if pair in self._pairs:
                return True
            self._pairs.add(pair)
        if depth > _DEEPEST or type(mine) is not type(own) or mine._type_code != own._type_code:
            return False
        if isinstance(own, pikepdf.Stream):
            return self._dictionaries(mine.stream_dict, own.stream_dict, depth) and _data_of(mine) == _data_of(own)
        if isinstance(own, pikepdf.Dictionary):
            return self._dictionaries(mine, own, depth)
        if isinstance(own, pikepdf.Array):
            pairs = zip(list(mine), list(own), strict=True) if len(mine) == len(own) else None
            return pairs is not None and all(self._are(a, b, depth + 1) for a, b in pairs)
        return bool(_plain(mine) == _plain(own))

    def _dictionaries(self, mine: Any, own: Any, depth: int) -> bool:
        keys = set(own.keys()) - _NOT_COMPARED
        return keys == set(mine.keys()) - _NOT_COMPARED and all(self._are(mine[k], own[k], depth + 1) for k in keys)


def _plain(value: Any) -> Any:
    """Return a name, text, number or truth, to be compared with another one."""
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | Decimal):
        return round(Decimal(value), _DIGITS)
    if isinstance(value, pikepdf.Object):
        return value._type_code, str(value) if isinstance(value, pikepdf.Name | pikepdf.String) else value.unparse()
    return value


def _data_of(stream: Any) -> bytes:
    # A picture bound as a page is packed again to compare it, perhaps by another release of zlib.
    is_plain_picture = stream.get("/Subtype") == "/Image" and "/DecodeParms" not in stream
    unpacked = "/Filter" not in stream or (is_plain_picture and stream.get("/Filter") == "/FlateDecode")
    return bytes(stream.get_stream_buffer() if unpacked else stream.get_raw_stream_buffer())


def _resources(page: Any) -> Any:
    # A page may have them from the node above it.
    found = pikepdf.Page(page).resources if "/Parent" in page or "/Resources" in page else None
    return pikepdf.Dictionary() if found is None else found
