"""Makes the copy of a Word document that LibreOffice reads: what must not be parted on paper holds together in it.

The document that is kept stays as its template made it; text and values are the same in both.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from lxml import etree

from qrecords.render.joins import join_words
from qrecords.render.wordplaces import Styles
from qrecords.render.zips import join, pack

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_PART = re.compile(r"word/(document|header\d*|footer\d*)\.xml")


def for_paper(document: bytes) -> bytes:
    """Return a Word document for conversion; one that cannot be read comes back as it is."""
    try:
        with zipfile.ZipFile(BytesIO(document)) as archive:
            entries = {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
        styles = Styles(entries.get("word/styles.xml", b""), _PARSER)
        changed = {n: new for n, data in entries.items() if _PART.fullmatch(n) and (new := _part(data, styles))}
    except (zipfile.BadZipFile, etree.XMLSyntaxError, ValueError, KeyError, NotImplementedError, EOFError):
        return document
    return join(pack(n, changed.get(n, data), level=1) for n, data in entries.items()) if changed else document


def _part(data: bytes, styles: Styles) -> bytes | None:
    tree = etree.fromstring(data, _PARSER)
    changed = join_words(tree, styles)
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True) if changed else None
