"""Synthetic paper: a printed page as it comes back from the customer, stained, skewed and badly scanned."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFilter

from qrecords.render.code import code_png

# Where the forms print their code, in parts of the page: from left to right, and its lower edge.
PORTRAIT = ((0.805, 0.93), 0.105)
LANDSCAPE = ((0.86, 0.95), 0.148)


@dataclass(frozen=True)
class Treatment:
    """What happened to a page on its way: all of it follows from the seed."""

    dpi: int = 200
    skew: float = 0.0
    upside_down: bool = False
    noise: float = 0.0
    blur: float = 0.0
    stain: str = ""  # "", "beside" the code, or over a "corner" of it
    grey: bool = False


def treatments(count: int, seed: int = 758) -> list[Treatment]:
    """Give treatments of every kind: mild noise and blur at 150 dpi, heavy at 200."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        dpi = (150, 200)[number % 2]
        heavy = dpi == 200
        made.append(
            Treatment(
                dpi=dpi,
                skew=dice.uniform(-3, 3),
                upside_down=number % 5 == 0,
                noise=dice.uniform(5, 45 if heavy else 18),
                blur=dice.uniform(0, 1.4 if heavy else 0.7),
                stain=("", "beside", "corner")[number % 3],
                grey=number % 4 != 0,
            )
        )
    return made


def drawn(pdf: Path, dpi: int) -> list[Image.Image]:
    """Return the pages of a printed PDF as a perfect scanner sees them."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=dpi / 72).to_pil().convert("RGB") for page in document]


def recoded(page: Image.Image, text: str) -> Image.Image:
    """Return a portrait page as another record's print: its own code over the one that is there."""
    image = page.copy()
    left, right, bottom = (
        int(page.width * PORTRAIT[0][0]),
        int(page.width * PORTRAIT[0][1]),
        int(page.height * PORTRAIT[1]),
    )
    top = int(page.height * 0.018)
    side = min(right - left, bottom - top)
    image.paste((255, 255, 255), (left, top, right, bottom))
    with Image.open(BytesIO(code_png(text))) as code:
        image.paste(code.convert("L").resize((side, side), Image.Resampling.LANCZOS), ((left + right - side) // 2, top))
    return image


def treated(page: Image.Image, how: Treatment, seed: int) -> Image.Image:
    """Return a page after its treatment."""
    dice = random.Random(seed)
    image = _stamped(page, dice)
    if how.stain:
        image = _stained(image, how.stain, dice)
    if how.grey:
        image = image.convert("L")
    if how.skew:
        image = image.rotate(how.skew, Image.Resampling.BILINEAR, fillcolor=250 if how.grey else (250, 250, 248))
    if how.blur:
        image = image.filter(ImageFilter.GaussianBlur(how.blur))
    if how.noise:
        image = _grainy(image, how.noise, seed)
    if how.upside_down:
        image = image.transpose(Image.Transpose.ROTATE_180)
    return image


def bundle(pages: Sequence[Image.Image], target: Path, dpi: int = 200) -> Path:
    """Write pages as one PDF, as a scanner does."""
    pages[0].save(target, "PDF", save_all=True, append_images=pages[1:], resolution=dpi, quality=70)
    return target


@lru_cache(maxsize=4)
def _grain(size: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return one field of noise; every page gets its own part of it."""
    return np.random.default_rng(758).standard_normal((size[1], size[0]), dtype=np.float32)


def _grainy(image: Image.Image, strength: float, seed: int) -> Image.Image:
    field = np.roll(_grain(image.size), (seed * 911, seed * 577), axis=(0, 1))
    field *= strength
    noisy = np.array(image, dtype=np.float32)
    noisy += field if noisy.ndim == 2 else field[..., None]
    return Image.fromarray(np.clip(noisy, 0, 255, out=noisy).astype(np.uint8))


def _stamped(page: Image.Image, dice: random.Random) -> Image.Image:
    """Draw a red seal and a line of ink near the foot."""
    image = page.copy()
    pen = ImageDraw.Draw(image)
    side, x, y = page.width // 6, page.width // 2, int(page.height * 0.75)
    pen.ellipse((x, y, x + side, y + side), outline=(205, 30, 40), width=max(3, side // 30))
    points = [(int(page.width * (0.15 + 0.02 * n)), y + dice.randrange(side)) for n in range(12)]
    pen.line(points, fill=(25, 30, 110), width=max(2, page.width // 400))
    return image


def _stained(page: Image.Image, where: str, dice: random.Random) -> Image.Image:
    """Spill coffee: a dark ring with a lighter inside, see-through beside the code, opaque over a corner of it."""
    across, down = LANDSCAPE if page.width > page.height else PORTRAIT
    left, right, bottom = page.width * across[0], page.width * across[1], page.height * down
    size = right - left
    image = page.copy()
    if where == "corner":
        # The corners are where the reader finds the symbol: only the fourth can be lost.
        spot = size * 0.14
        x, y = right - size * 0.1 - spot * dice.random(), bottom - size * 0.1 - spot * dice.random()
        ImageDraw.Draw(image).ellipse((x - spot, y - spot, x + spot, y + spot), fill=(112, 76, 40))
        return image
    mask = Image.new("L", page.size, 0)
    pen = ImageDraw.Draw(mask)
    radius = size * dice.uniform(0.8, 1.2)
    x, y = left - radius * 0.4, bottom + radius * 0.3
    box = (x - radius, y - radius, x + radius, y + radius)
    pen.ellipse(box, fill=60, outline=120, width=int(radius * 0.12))
    # Blurred where it is, with room for the blur: elsewhere the page is as it was.
    first, top = (max(int(side) - 20, 0) for side in box[:2])
    last, low = (min(int(side) + 20, most) for side, most in zip(box[2:], page.size, strict=True))
    spot = (first, top, last, low)
    image.paste((120, 80, 40), spot, mask.crop(spot).filter(ImageFilter.GaussianBlur(2)))
    return image
