"""A chart as a picture for Word and PDF: drawn by resvg from named font files, the same each time on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import resvg_py
from PIL import Image, ImageFont

from qrecords.errors import InvalidInput
from qrecords.render.charts.chart import Chart
from qrecords.render.charts.svg import laid_out, svg
from qrecords.render.fonts import file_with, hei_file

DPI = 300
_LOOK = 24  # how large a character is drawn to be looked at
_NO_CHARACTER = "\U000ffffe"  # what fonts draw for it is their empty box


def picture(chart: Chart) -> bytes:
    """Return the chart as PNG in grey, 300 dots an inch.

    MissingProgram when this machine has no Chinese face; InvalidInput names characters none of its fonts has.
    """
    files = _files("".join(text.words for text in laid_out(chart).texts))
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg(chart),
        background="white",
        dpi=DPI,
        skip_system_fonts=True,
        font_files=[str(path) for path in files],
        sans_serif_family=ImageFont.truetype(files[0]).getname()[0],
    )
    with Image.open(BytesIO(drawn)) as shown:
        made = BytesIO()
        shown.convert("L").save(made, "PNG", dpi=(DPI, DPI))
    return made.getvalue()


def _files(words: str) -> list[Path]:
    """Return the files of the fonts these words need; InvalidInput when one of them would be an empty box."""
    files = [hei_file()]
    missing = []
    for char in dict.fromkeys(words):
        if not has(files[0], char):
            other = file_with(char)
            if other is None or not has(other, char):
                missing.append(char)
            elif other not in files:
                files.append(other)
    if missing:
        told = "、".join(_told(missing))
        raise InvalidInput(f"图上有本机字体没有的字：{told}", remedy="请改用常用的字，或安装有这些字的字体")
    return files


def _told(chars: list[str]) -> Iterator[str]:
    return (f"{char}（U+{ord(char):04X}）" for char in chars)


@lru_cache(maxsize=4096)
def has(file: Path, char: str) -> bool:
    """Tell whether a font draws a character, and not the box that stands for those it lacks."""
    if char.isspace():
        return True
    font = _font(file)
    return bytes(font.getmask(char)) != bytes(font.getmask(_NO_CHARACTER))


@lru_cache(maxsize=8)
def _font(file: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, _LOOK)
