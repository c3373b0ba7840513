"""Millimetres into Word's own units."""

MM_PER_INCH = 25.4


def twips(mm: float) -> int:
    """Return twentieths of a point."""
    return round(mm * 1440 / MM_PER_INCH)


def emu(mm: float) -> int:
    """Return English Metric Units, those of pictures."""
    return round(mm * 36_000)
