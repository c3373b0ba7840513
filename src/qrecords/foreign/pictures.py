"""Reads picture files as a viewer shows them: upright, on white ground, in grey or colour of eight bits, in their size.

What cannot be shown faithfully is refused with the reason; what is left out (a preview inside a photograph) is told.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps, TiffImagePlugin, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "TIFF")
MOST_PIXELS = 120_000_000  # of one picture: A3 at 600 dpi and some more
# Outside, what a picture says of its size is no scanner's word: cameras say 72 whatever they took.
LOWEST_DPI, HIGHEST_DPI = 73.0, 1_200.0
A4_LONG = 841.89  # points
_PLAIN = ("1", "L", "RGB")
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_LYING = {5, 6, 7, 8}  # EXIF orientations that change width and height
_ORIENTATION, _PHOTOMETRIC, _SAMPLE_FORMAT = 0x0112, 262, 339
_SUBFILE_TYPE, _NO_PAGE = 254, 0b101  # a smaller copy, a mask
_WHITE = 0xFFFF  # in 16 bits of grey


class NotShown(Exception):
    """The picture cannot be read as it is seen; `reason` is one of REASONS, `why` for the curious."""

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why


# Reason: what is told, what to do.
REASONS = {
    "damaged": ("已损坏，或不是扫描件", "请用完好的 PDF、JPEG、PNG 或 TIFF 文件，或重新扫描"),
    "too_large": ("的页面太大，超出内存限制", "请降低扫描分辨率（200 dpi 已够）后再试"),
    "too_many": ("的页数太多", "请分成几个文件再试"),
    "animated": ("是动画，不是一页一页的扫描件", "请另存为不动的 PNG，或重新扫描"),
    "deep": ("每点的灰度不是8位或16位（如32位浮点），显示不准", "请把扫描软件设为8位灰度或彩色，重新扫描"),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of a picture file; `points` is its size on paper (72 an inch).

    `jpeg` are the file's own bytes, when they are a JPEG that every viewer shows just like `image`.
    """

    image: Image.Image
    points: tuple[float, float]
    jpeg: bytes | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture file being read: its kind, its pages, and how many pictures inside it are no pages."""

    kind: str
    pages: int
    previews: int
    frames: Iterator[Frame]


@contextmanager
def opened(path: Path, *, most: int = 1_000) -> Iterator[Opened]:
    """Open a picture file and give its pages; NotShown when it cannot be shown, then or on the way."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # it warns from here, and refuses from twice as many
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as picture:
                kind, count = _kind(picture)
                if kind == "png" and count > 1:
                    raise NotShown("animated")
                if kind != "jpeg" and count > 2 * most:
                    raise NotShown("too_many")
                pages = _pages(picture, kind, count)
                if len(pages) > most:
                    raise NotShown("too_many")
                yield Opened(kind, len(pages), count - len(pages), _frames(picture, path, pages))
    except (MemoryError, Image.DecompressionBombError):
        raise NotShown("too_large") from None
    except (UnidentifiedImageError, ValueError, SyntaxError, EOFError, KeyError, TypeError) as error:
        raise NotShown("damaged", type(error).__name__) from None
    except OSError as error:
        if error.errno:  # the disk's, not the file's
            raise
        raise NotShown("damaged", type(error).__name__) from None
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _kind(picture: Any) -> tuple[str, int]:
    """Return the kind of file, and how many pictures are in it; a phone's MPO is a JPEG with more behind it."""
    kind = "jpeg" if picture.format == "MPO" else str(picture.format).lower()
    return kind, int(getattr(picture, "n_frames", 1))


def _pages(picture: Any, kind: str, count: int) -> list[int]:
    """Return which pictures of a file are pages: of a TIFF not its thumbnails and masks, which say so themselves."""
    if kind == "jpeg":
        return [0]
    if kind != "tiff" or count == 1:
        return [*range(count)]
    pages = []
    for number in range(count):
        picture.seek(number)
        if not int(picture.tag_v2.get(_SUBFILE_TYPE, 0)) & _NO_PAGE:
            pages.append(number)
    return pages or [*range(count)]


def _frames(picture: Any, path: Path, pages: list[int]) -> Iterator[Frame]:
    for number in pages:
        picture.seek(number)
        points = _on_paper(picture)
        picture.load()
        turned = picture.getexif().get(_ORIENTATION, 1)
        image = ImageOps.exif_transpose(_plain(picture))
        if turned in _LYING:
            points = points[::-1]
        as_it_is = picture.format == "JPEG" and turned == 1 and picture.mode in _PLAIN and not _profile(picture)
        yield Frame(image, points, path.read_bytes() if as_it_is else None)


def _plain(picture: Any) -> Image.Image:
    """Return a picture in black and white, grey or colour of eight bits, on white ground, still as it lies."""
    image: Image.Image
    if picture.mode in _DEEP_GREY or picture.mode == "I":
        image = _eight_bits(picture)
    elif picture.mode == "F" or _samples(picture) not in {1, 2}:
        raise NotShown("deep")
    elif picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    else:
        image = _in_plain_colours(picture)
    # How it lies is told by the picture, not by what was made of it.
    image.info = {}
    image.getexif()[_ORIENTATION] = picture.getexif().get(_ORIENTATION, 1)
    return image


def _samples(picture: Any) -> int:
    """Return how a TIFF's numbers are to be read: 1 unsigned, 2 signed, 3 floating; 1 where nothing says so."""
    told = picture.tag_v2.get(_SAMPLE_FORMAT, 1) if isinstance(picture, TiffImagePlugin.TiffImageFile) else 1
    return int(told[0] if isinstance(told, tuple) else told)


def _eight_bits(picture: Any) -> Image.Image:
    """Return 16 bits of grey as 8, as viewers do; Pillow would cut them off at 255."""
    if _samples(picture) != 1:
        raise NotShown("deep")
    shades = picture.convert("I")
    darkest, lightest = shades.getextrema()
    if picture.mode == "I" and (darkest < 0 or lightest > _WHITE):
        raise NotShown("deep")  # 32 bits of grey: nobody says which shade is white
    grey: Image.Image = shades.point(lambda shade: shade * (255 / _WHITE) + 0.5).convert("L")
    white_is_zero = isinstance(picture, TiffImagePlugin.TiffImageFile) and picture.tag_v2.get(_PHOTOMETRIC) == 0
    return ImageOps.invert(grey) if white_is_zero else grey


def _in_plain_colours(picture: Any) -> Image.Image:
    """Return a picture in the colours a screen shows: by its own colour profile, when it brings one."""
    if profile := _profile(picture):
        mode = "L" if picture.mode in {"1", "L"} else "RGB"
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a broken profile is none
            source = picture.convert("L") if picture.mode == "1" else picture
            screen: Any = ImageCms.createProfile("sRGB")
            if seen := ImageCms.profileToProfile(source, profile, screen, outputMode="RGB"):
                return seen.convert(mode)
    image: Image.Image = picture.copy() if picture.mode in _PLAIN else picture.convert("RGB")
    return image


def _profile(picture: Any) -> Any:
    """Return the colour profile a picture brings, None when it has none, or the plain one of screens."""
    data = picture.info.get("icc_profile")
    if not data or picture.mode == "P":
        return None
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        profile = ImageCms.ImageCmsProfile(BytesIO(data))
        if not ImageCms.getProfileDescription(profile).strip().startswith("sRGB"):
            return profile
    return None


def _on_paper(picture: Any) -> tuple[float, float]:
    """Return the size on paper of a picture as it lies: by its resolution each way, else A4 by its longer side."""
    across, down = _resolution(picture)
    if not all(LOWEST_DPI <= dpi <= HIGHEST_DPI for dpi in (across, down)):
        # No inches, but perhaps how much wider than high a dot is.
        wide, high = picture.width * (down / across if across > 0 and down > 0 else 1.0), float(picture.height)
        if not 1 / 4 <= wide * picture.height / (high * picture.width) <= 4:
            wide = float(picture.width)
        return wide * A4_LONG / max(wide, high), high * A4_LONG / max(wide, high)
    return picture.width * 72 / across, picture.height * 72 / down


def _resolution(picture: Any) -> tuple[float, float]:
    told = picture.info.get("dpi") or picture.info.get("resolution") or picture.info.get("aspect")
    told = told or picture.info.get("jfif_density") or (0, 0)
    with suppress(TypeError, ValueError, ZeroDivisionError):
        across, down = (float(value) for value in told)
        return across, down
    return 0.0, 0.0
