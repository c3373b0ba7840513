"""What a file that calls itself PDF/A-2b must keep (ISO 19005-2), as far as it can be told without drawing the pages.

Its clauses are named in the answers. This is no full validator: it does not look into font programs or colour profiles
further than their heads, and takes the widths of fonts at their word.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
# Properties of the schemas ISO 19005-2 takes from XMP; any other needs an extension schema.
KNOWN = {
    "pdfaid": {"part", "conformance"},
    "dc": {"title", "description", "identifier", "creator", "format", "language", "date"},
    "pdf": {"Producer", "Keywords"},
    "xmp": {"CreateDate", "ModifyDate", "CreatorTool", "MetadataDate"},
}
FORBIDDEN_ACTIONS = {
    "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Hide", "/SetOCGState", "/Rendition", "/Trans",
    "/GoTo3DView", "/JavaScript",
}  # fmt: skip
ANNOTATIONS = {
    "/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight", "/Underline",
    "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/Popup", "/Widget", "/PrinterMark", "/TrapNet",
    "/Watermark",
}  # fmt: skip
INVISIBLE, HIDDEN, PRINT, NO_VIEW, TOGGLE = 1, 2, 4, 32, 256
STANDARD_CMAPS = re.compile(r"/(Identity-[HV])")
DEEPEST_SAVES = 28


def claims(pdf: pikepdf.Pdf) -> bool:
    """Tell whether a file calls itself PDF/A-2b."""
    if "/Metadata" not in pdf.Root:
        return False
    packet = ET.fromstring(pdf.Root.Metadata.read_bytes())
    said = [packet.findtext(f".//pdfaid:{key}", namespaces=NAMESPACES) for key in ("part", "conformance")]
    return said == ["2", "B"]


def faults(path: Path) -> list[str]:
    """Return what in a file is not as PDF/A-2b has it."""
    with pikepdf.open(path) as pdf:
        found = [*_file(path, pdf), *_metadata(pdf), *_intents(pdf)]
        spaces = _device_spaces(pdf)
        for held in pdf.objects:
            for entry in _parts(held):
                found += _object(entry)
        for number, page in enumerate(pdf.pages, start=1):
            found += [f"page {number}: {told}" for told in _page(page, spaces)]
    return sorted(set(found))


def _file(path: Path, pdf: pikepdf.Pdf) -> Iterator[str]:
    data = path.read_bytes()
    if not re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", data):
        yield "6.1.2 header"
    if not data.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "6.1.3 something stands behind the end"
    if "/ID" not in pdf.trailer or len(pdf.trailer.ID) != 2 or not all(bytes(part) for part in pdf.trailer.ID):
        yield "6.1.3 no ID"
    if pdf.is_encrypted or "/Encrypt" in pdf.trailer:
        yield "6.1.3 encrypted"
    catalog = pdf.Root
    for key, clause in (("/AA", "6.5.2"), ("/Requirements", "6.11")):
        if key in catalog:
            yield f"{clause} {key}"
    if "/Names" in catalog:
        for key in ("/EmbeddedFiles", "/JavaScript", "/AlternatePresentations"):
            if key in catalog.Names:
                yield f"6.8, 6.5, 6.10 {key}"
    if "/AcroForm" in catalog and ("/XFA" in catalog.AcroForm or catalog.AcroForm.get("/NeedAppearances", False)):
        yield "6.4 forms"


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    if "/Metadata" not in pdf.Root:
        yield "6.6.2 no metadata"
        return
    if not claims(pdf):
        yield "6.6.4 does not say part 2, conformance B"
    packet = ET.fromstring(pdf.Root.Metadata.read_bytes())
    prefixes = {uri: prefix for prefix, uri in NAMESPACES.items()}
    for described in packet.iter(f"{{{NAMESPACES['rdf']}}}Description"):
        for entry in described:
            uri, _, name = entry.tag[1:].partition("}")
            if name not in KNOWN.get(prefixes.get(uri, ""), ()):
                yield f"6.6.2.3 property {entry.tag} is of no known schema"
    info, alt = pdf.docinfo, "/rdf:Alt/rdf:li"
    pairs = {"/Title": f"dc:title{alt}", "/Subject": f"dc:description{alt}", "/Producer": "pdf:Producer"}
    for key, place in pairs.items():
        if key in info and str(info[key]) != packet.findtext(f".//{place}", namespaces=NAMESPACES):
            yield f"6.6.3 {key} is told in two ways"
    for key, place in (("/CreationDate", "xmp:CreateDate"), ("/ModDate", "xmp:ModifyDate")):
        if key not in info:
            continue
        written = re.sub(r"'", "", str(info[key])).removeprefix("D:").replace("Z", "+0000")
        told = datetime.fromisoformat(packet.findtext(f".//{place}", "", namespaces=NAMESPACES))
        if datetime.strptime(written, "%Y%m%d%H%M%S%z") != told:
            yield f"6.6.3 {key} is told in two ways"


def _intents(pdf: pikepdf.Pdf) -> Iterator[str]:
    ours = [i for i in pdf.Root.get("/OutputIntents", ()) if i.get("/S") == Name.GTS_PDFA1]
    if len(ours) != 1:
        yield f"6.2.3 {len(ours)} output intents for PDF/A"
        return
    profile = ours[0].DestOutputProfile
    data = profile.read_bytes()
    if data[36:40] != b"acsp" or data[12:16] not in (b"prtr", b"mntr") or data[8] > 4:
        yield "6.2.3 the profile is no ICC profile of an output"
    if {b"RGB ": 3, b"CMYK": 4, b"GRAY": 1}.get(data[16:20]) != int(profile.get("/N", 0)):
        yield "6.2.3 the profile's colours are not those it says"
    if int.from_bytes(data[:4], "big") != len(data):
        yield "6.2.3 the profile is not whole"


def _device_spaces(pdf: pikepdf.Pdf) -> set[str]:
    """Return the device colour spaces the output intent gives a meaning to."""
    for intent in pdf.Root.get("/OutputIntents", ()):
        kind = intent.DestOutputProfile.read_bytes()[16:20]
        return {"/DeviceGray"} | {b"RGB ": {"/DeviceRGB"}, b"CMYK": {"/DeviceCMYK"}}.get(kind, set())
    return set()


def _parts(entry: Any) -> Iterator[Any]:
    """Give an object and what lies directly in it."""
    yield entry
    if isinstance(entry, Dictionary | Stream | Array):
        for inner in entry.values() if not isinstance(entry, Array) else entry:
            if isinstance(inner, pikepdf.Object) and not inner.is_indirect:
                yield from _parts(inner)


def _object(entry: Any) -> Iterator[str]:
    if isinstance(entry, Stream):
        filters = entry.get("/Filter", Array())
        names = {str(f) for f in (filters if isinstance(filters, Array) else [filters])}
        if names & {"/LZWDecode", "/Crypt"}:
            yield "6.1.7.2 filter"
        if any(key in entry for key in ("/F", "/FFilter", "/FDecodeParms")):
            yield "6.1.7.1 a stream outside the file"
        if len(entry.read_raw_bytes()) != int(entry.Length):
            yield "6.1.7.1 length of a stream"
        yield from _drawn(entry)
    if isinstance(entry, Stream | Dictionary):
        yield from _dictionary(entry)
    yield from _limits(entry)


def _drawn(entry: Any) -> Iterator[str]:
    match str(entry.get("/Subtype", "")):
        case "/Image":
            if "/Alternates" in entry or "/OPI" in entry or entry.get("/Interpolate", False):
                yield "6.2.8 picture"
            if "/JPXDecode" in str(entry.get("/Filter", "")):
                yield "6.2.8.3 JPEG 2000 is not looked into here"
        case "/Form":
            if any(key in entry for key in ("/OPI", "/PS", "/Ref")) or entry.get("/Subtype2") == Name.PS:
                yield "6.2.9 form"
        case "/PS":
            yield "6.2.9.3 PostScript"


def _dictionary(entry: Any) -> Iterator[str]:
    if str(entry.get("/S", "")) in FORBIDDEN_ACTIONS and str(entry.get("/Type", "/Action")) == "/Action":
        yield f"6.5.1 action {entry.S}"
    if entry.get("/Type") == Name.Filespec and "/EF" in entry:
        yield "6.8 an embedded file"
    if entry.get("/Type") == Name.ExtGState:  # elsewhere /TR is a row of a table
        yield from _state(entry)
    if entry.get("/Type") == Name.Font:
        yield from _font(entry)
    if entry.get("/Type") == Name.FontDescriptor and not any(f"/FontFile{n}" in entry for n in ("", "2", "3")):
        yield f"6.2.11.4 {entry.get('/FontName')} is not embedded"


def _state(state: Any) -> Iterator[str]:
    if "/TR" in state or state.get("/TR2", Name.Default) != Name.Default or "/HTP" in state:
        yield "6.2.5 transfer function"


def _font(font: Any) -> Iterator[str]:
    kind = str(font.Subtype)
    if kind == "/Type0":
        (descendant,) = font.DescendantFonts
        encoding = font.Encoding
        if not isinstance(encoding, Stream) and not STANDARD_CMAPS.fullmatch(str(encoding)):
            yield "6.2.11.3.3 a CMap that is not embedded"
        if descendant.Subtype == Name.CIDFontType2 and "/CIDToGIDMap" not in descendant:
            yield "6.2.11.3.2 no CIDToGIDMap"
        if "/FontDescriptor" not in descendant:
            yield "6.2.11.4 no descriptor"
    elif kind == "/Type3":
        if any(str(n) not in font.CharProcs for n in font.Encoding.Differences if isinstance(n, Name)):
            yield "6.2.11.4 a figure that is not drawn"
        if int(font.LastChar) - int(font.FirstChar) + 1 != len(font.Widths):
            yield "6.2.11.5 widths"
    elif kind in ("/Type1", "/TrueType", "/MMType1") and "/FontDescriptor" not in font:
        yield f"6.2.11.4 {font.get('/BaseFont')} is not embedded"


def _limits(entry: Any) -> Iterator[str]:
    if isinstance(entry, pikepdf.String) and len(bytes(entry)) > 32767:
        yield "6.1.13 a string"
    if isinstance(entry, Name) and len(str(entry).encode()) > 127:
        yield "6.1.13 a name"


def _page(page: Any, spaces: set[str]) -> Iterator[str]:
    if "/AA" in page.obj or "/PresSteps" in page.obj:
        yield "6.5.2, 6.10 acts by itself"
    for note in page.obj.get("/Annots", ()):
        kind, flags = str(note.Subtype), int(note.get("/F", 0))
        if kind not in ANNOTATIONS or ("/A" in note and note.A.get("/S") not in (Name.URI, Name.GoTo)):
            yield f"6.3 annotation {kind}"
        if kind != "/Popup" and (not flags & PRINT or flags & (INVISIBLE | HIDDEN | NO_VIEW | TOGGLE)):
            yield f"6.3.2 flags {flags} of {kind}"
    yield from _content(page, page.resources, spaces, "the page", set())


def _content(drawing: Any, resources: Any, spaces: set[str], where: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Look through a content stream and the forms it draws: colours, fonts and states it names, saved states."""
    depth = deepest = 0
    for operands, operator in pikepdf.parse_content_stream(drawing):
        name = str(operator)
        depth += (name == "q") - (name == "Q")
        deepest = max(deepest, depth)
        if name in ("rg", "RG") and "/DeviceRGB" not in spaces:
            yield f"6.2.4.3 {where}: RGB without a profile"
        if name in ("k", "K") and "/DeviceCMYK" not in spaces:
            yield f"6.2.4.3 {where}: CMYK without a profile"
        if name == "ri" and str(operands[0]) not in {
            "/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation",
        }:  # fmt: skip
            yield f"6.2.6 {where}: rendering intent"
        kind = {"Tf": "/Font", "Do": "/XObject", "gs": "/ExtGState"}.get(name)
        if kind and (kind not in resources or str(operands[0]) not in resources[kind]):
            yield f"6.2.2 {where}: {operands[0]} is not among its resources"
        elif name == "gs":
            yield from _state(resources.ExtGState[str(operands[0])])
        elif name == "Do":
            form = resources.XObject[str(operands[0])]
            if form.Subtype == Name.Image:
                space = form.get("/ColorSpace", Name.DeviceGray)
                if isinstance(space, Name) and str(space) not in spaces:
                    yield f"6.2.4.3 {where}: picture in {space}"
            elif form.objgen not in seen:
                seen.add(form.objgen)
                yield from _content(form, form.get("/Resources", resources), spaces, f"form {operands[0]}", seen)
    if depth or deepest > DEEPEST_SAVES:
        yield f"6.1.13 {where}: saves its state {deepest} deep, {depth} are left"
