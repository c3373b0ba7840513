"""Reads a PDF with pypdf, and one that our own writer wrote without parsing more of it than is asked for.

pypdf parses every object of an object stream as soon as one is wanted, and reads cross-references a number at a time:
for a form with its tags that is most of the time of binding it. Everything written by `pdfout` has one known shape, so
its table is unpacked at once and its objects are found as text. Any other file is read as pypdf reads it.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PdfReadError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NumberObject, read_object

from qrecords.render.pdflayout import ENTRY, HOLDER, IN_GROUP, PLAIN, TAIL, XREF, inflated


class Reader(PdfReader):
    """A PDF being read; `texts` are the objects of our own object streams looked at so far."""

    def read(self, stream: Any) -> None:
        """Read the cross-reference; of our own files without pypdf's."""
        self._data: bytes = stream.getvalue()
        self._texts: dict[int, bytes] = {}
        self._ours = False
        try:
            self._ours = self._read_ours()
        except (zlib.error, struct.error):
            self._ours = False
        if not self._ours:
            super().read(stream)

    def text_in_group(self, number: int) -> bytes | None:
        """Return the text of an object in an object stream of our own; None for every other object."""
        if not self._ours or number not in self.xref_objStm:
            return None
        if number not in self._texts:
            self._unpack(self.xref_objStm[number][0])
        return self._texts.get(number)

    def let_go(self) -> None:
        """Free the file and the texts cut from it; nothing can be read any more."""
        self._data = b""
        self._texts.clear()
        self.xref, self.xref_objStm = {}, {}

    def _read_ours(self) -> bool:
        tail = TAIL.search(self._data, max(0, len(self._data) - 64))
        head = XREF.match(self._data, int(tail[1])) if tail else None
        if not head:
            return False
        size, root, info, length = (int(n) for n in head.groups())
        entries = [*ENTRY.iter_unpack(inflated(self._data[head.end() : head.end() + length]))]
        if len(entries) != size:
            return False
        self.xref = {0: {n: place for n, (kind, place, _) in enumerate(entries) if kind == PLAIN}}
        self.xref_objStm = {n: (place, at) for n, (kind, place, at) in enumerate(entries) if kind == IN_GROUP}
        self.xref_free_entry = {}
        self.trailer = DictionaryObject(
            {
                NameObject("/Size"): NumberObject(size),
                NameObject("/Root"): IndirectObject(root, 0, self),
                NameObject("/Info"): IndirectObject(info, 0, self),
                NameObject("/ID"): ArrayObject(),
            }
        )
        return True

    def _get_object_from_stream(self, indirect_reference: IndirectObject) -> Any:
        """Parse one object, where pypdf parses all that lie beside it."""
        number = indirect_reference.idnum
        text = self.text_in_group(number)
        if text is None:
            return super()._get_object_from_stream(indirect_reference)
        value: Any = read_object(BytesIO(text + b" "), self)
        self.cache_indirect_object(0, number, value)
        return value

    def _unpack(self, holder: int) -> None:
        """Cut one of our object streams into the texts of its objects."""
        head = HOLDER.match(self._data, self.xref[0].get(holder, len(self._data)))
        if not head:
            raise PdfReadError(f"object stream {holder} is not where it should be")
        count, first, length = (int(n) for n in head.groups())
        try:
            data = inflated(self._data[head.end() : head.end() + length])
            numbers = [int(n) for n in data[:first].split()]
        except (zlib.error, ValueError) as error:
            raise PdfReadError(f"object stream {holder} is damaged") from error
        if len(numbers) != 2 * count:
            raise PdfReadError(f"object stream {holder} is damaged")
        ends = [*numbers[3::2], len(data) - first + 1]  # a line end between two
        for number, start, end in zip(numbers[::2], numbers[1::2], ends, strict=True):
            if self.xref_objStm.get(number, (0,))[0] == holder:
                self._texts[number] = data[first + start : first + end - 1]
