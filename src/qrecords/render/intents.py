"""The colour profile of a PDF/A without the moment LibreOffice made it: the same document, the same bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from pypdf.generic import DictionaryObject

from qrecords.render.pdfout import PdfOut

_PROFILE_DATE = struct.pack(">6H", 2010, 11, 10, 0, 0, 0)  # any fixed date; 24 bytes into an ICC profile's head
_PROFILE_ID = slice(84, 100)  # a hash over the profile, all zero when there is none


def undated_intents(out: PdfOut, catalog: DictionaryObject) -> Iterator[dict[str, Any]]:
    """Give the output intents of a catalogue, their profiles written anew without a moment."""
    intents: Any = catalog.get("/OutputIntents")
    for entry in intents.get_object() if intents is not None else ():
        yield _undated(out, entry.get_object())


def _undated(out: PdfOut, intent: DictionaryObject) -> dict[str, Any]:
    profile = intent.get("/DestOutputProfile")
    if profile is None:
        return dict(intent)
    stream: Any = profile.get_object()
    data = stream.get_data()
    if not any(data[_PROFILE_ID]):
        data = data[:24] + _PROFILE_DATE + data[36:]
    facts = {"/N": stream["/N"]} if "/N" in stream else {}
    return {**intent, "/DestOutputProfile": out.put_stream(facts, data)}
