"""What a PDF says of itself: the information dictionary and the XMP packet, which must agree (ISO 19005-2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape

PRODUCER = "qrecords"


@dataclass(frozen=True, slots=True)
class Meta:
    """Title (题名), identifier (record, print or volume number) and the moment given as the making."""

    title: str
    identifier: str
    created: datetime

    def info(self) -> dict[str, str]:
        """Return the information dictionary."""
        date = _pdf_date(self.created)
        return {
            "/Title": self.title,
            "/Subject": self.identifier,
            "/Producer": PRODUCER,
            "/CreationDate": date,
            "/ModDate": date,
        }

    def xmp(self, *, pdf_a: bool) -> bytes:
        """Return the XMP packet; `pdf_a` claims PDF/A-2b."""
        moment = _zoned(self.created).isoformat(timespec="seconds")
        title, identifier = escape(self.title, quote=False), escape(self.identifier, quote=False)
        claim = "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" if pdf_a else ""
        return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/">
{claim}
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{identifier}</rdf:li></rdf:Alt></dc:description>
<dc:identifier>{identifier}</dc:identifier>
<pdf:Producer>{PRODUCER}</pdf:Producer>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.astimezone()


def _pdf_date(moment: datetime) -> str:
    zoned = _zoned(moment)
    offset = f"{zoned:%z}"
    return f"D:{zoned:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:5]}'"
