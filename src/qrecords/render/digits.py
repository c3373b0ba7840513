"""The figures of a numbering stamp, as a PDF font drawn here: ten strokes that need no font file on any machine.

A Type 3 font is embedded by nature (PDF/A asks for that), is the same everywhere, and its text can be searched.
"""

from __future__ import annotations

from pypdf.generic import IndirectObject

from qrecords.render.pdfout import PdfOut

ADVANCE = 560  # thousandths of the font size
HEIGHT = 700
_STROKE = 72

_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SIX = (
    "400 665 m 250 600 80 450 80 235 c 80 115 165 35 280 35 c 395 35 480 115 480 230 c "
    "480 345 395 420 285 420 c 180 420 90 340 80 240 c"
)
_PATHS = (
    "80 235 m 80 465 l 80 575 170 665 280 665 c 390 665 480 575 480 465 c 480 235 l "
    "480 125 390 35 280 35 c 170 35 80 125 80 235 c h",
    "160 545 m 310 665 l 310 35 l",
    "90 500 m 100 600 180 665 280 665 c 390 665 470 590 470 490 c 470 400 420 340 350 270 c 85 35 l 480 35 l",
    "95 550 m 115 620 190 665 275 665 c 385 665 455 600 455 515 c 455 430 385 370 290 370 c "
    "400 370 480 305 480 205 c 480 105 395 35 280 35 c 175 35 100 85 80 170 c",
    "380 35 m 380 665 l 70 190 l 490 190 l",
    "450 665 m 140 665 l 110 370 l 160 415 220 435 285 435 c 400 435 480 355 480 240 c "
    "480 115 395 35 275 35 c 180 35 110 80 80 160 c",
    _SIX,
    "80 665 m 480 665 l 210 35 l",
    "280 370 m 185 370 110 430 110 517 c 110 605 185 665 280 665 c 375 665 450 605 450 517 c "
    "450 430 375 370 280 370 c 165 370 80 300 80 200 c 80 105 165 35 280 35 c 395 35 480 105 480 200 c "
    "480 300 395 370 280 370 c h",
    # A nine is a six turned half round about the middle of its cell.
    f"q -1 0 0 -1 {ADVANCE} {HEIGHT} cm {_SIX} S Q",
)
_TO_UNICODE = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CMapName /Figures def
/CMapType 2 def
1 begincodespacerange
<30> <39>
endcodespacerange
1 beginbfrange
<30> <39> <0030>
endbfrange
endcmap
end
end"""


def put_figures(out: PdfOut) -> IndirectObject:
    """Write the font into a PDF and return it; its codes are those of ASCII 0 to 9."""
    head = f"{ADVANCE} 0 0 0 {ADVANCE} {HEIGHT} d1 {_STROKE} w 1 J 1 j "
    drawings = [out.put_stream({}, f"{head}{path} S".encode()) for path in _PATHS]
    names = [f"/{name}" for name in _NAMES]
    font = {
        "/Type": "/Font",
        "/Subtype": "/Type3",
        "/Name": "/Figures",
        "/FontBBox": [0, 0, ADVANCE, HEIGHT],
        "/FontMatrix": [0.001, 0, 0, 0.001, 0, 0],
        "/CharProcs": dict(zip(names, drawings, strict=True)),
        "/Encoding": {"/Type": "/Encoding", "/Differences": [48, *names]},
        "/FirstChar": 48,
        "/LastChar": 57,
        "/Widths": [ADVANCE] * 10,
        "/Resources": {},
        "/ToUnicode": out.put_stream({}, _TO_UNICODE),
    }
    return out.put(font)
