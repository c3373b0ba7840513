"""The text of pages read off their pictures, by RapidOCR where it is installed (qrecords[ocr]); in a child process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qrecords.scanning.child import Silent, answers
from qrecords.scanning.limits import limit

PACKAGE = "rapidocr_onnxruntime"
SECONDS_PER_PAGE = 120.0  # on an old office machine, the models not yet loaded
MEMORY = 8 << 30  # the runtime reserves much more than it uses
CPU_SECONDS = 12 * 3_600
_SAME_LINE = 0.6  # of a character's height


def is_available() -> bool:
    """Tell whether text can be recognised here."""
    return find_spec(PACKAGE) is not None


def recognise(images: Sequence[Path], *, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """Return the text of each page picture, line by line from the top; empty where nothing could be read in time."""
    texts = [""] * len(images)
    request = {"images": [str(i.absolute()) for i in images], "memory": MEMORY, "cpu_seconds": CPU_SECONDS}
    done = 0
    try:
        for told in answers("qrecords.scanning.ocr", request, silence=SECONDS_PER_PAGE):
            texts[told["page"]] = told["text"]
            done += 1
            if progress:
                progress(done, len(images))
    except Silent:
        pass  # the pages after it stay without text; the caller sees them empty
    return texts


def main(request: dict[str, Any]) -> None:
    """Read the pages one after the other."""
    limit(request["memory"], request["cpu_seconds"])
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR()
    for number, image in enumerate(request["images"]):
        found, _ = engine(image)
        sys.stdout.write(json.dumps({"page": number, "text": _lines(found or [])}) + "\n")
        sys.stdout.flush()


def _lines(found: Sequence[Any]) -> str:
    """Return what was found in reading order: lines from the top, in a line from the left."""
    pieces = sorted(
        (sum(y for _, y in box) / 4, min(x for x, _ in box), max(y for _, y in box) - min(y for _, y in box), text)
        for box, text, _ in found
    )
    lines: list[list[tuple[float, str]]] = []
    at = 0.0
    for middle, left, height, text in pieces:
        if not lines or middle - at > height * _SAME_LINE:
            lines.append([])
            at = middle
        lines[-1].append((left, text))
    return "\n".join(" ".join(text for _, text in sorted(line)) for line in lines)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
