"""The child process that looks for words on the pages of a paper, and draws the page they stand on.

Started by `pages` with one JSON argument; it loads nothing of the office, so that it is there at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from qrecords.foreign.drawing import drawable
from qrecords.render.wordmarks import marks_on, picture
from qrecords.scanning.limits import limit

MEMORY = 2 << 30
SECONDS = 30
MOST_PAGES = 300  # looked through for words; a year's past paper is shorter


def main(request: dict[str, Any]) -> None:
    """Look for the words and draw the page."""
    limit(MEMORY, SECONDS)
    folder, words = Path(request["folder"]), request["words"]
    with drawable(folder / "paper.pdf") as document:
        looked_at = range(min(len(document), MOST_PAGES)) if words else range(0)
        marks = {n + 1: found for n in looked_at if (found := marks_on(document[n], words))}
        number = request["page"] or next(iter(marks), 1)
        number = min(max(number, 1), len(document))
        (folder / "page.png").write_bytes(picture(document[number - 1], marks.get(number, [])))
        there = {mark.word for found in marks.values() for mark in found}
        counts = {page: len(found) for page, found in marks.items()}
        absent = [word for word in words if word not in there]
        height = document[number - 1].get_size()[1]
        tops = [box[3] for mark in marks.get(number, []) for box in mark.boxes]
        told = {
            "page": number, "pages": len(document), "found": counts, "absent": absent,
            "at": round(1 - max(tops) / height, 3) if tops else 0,
        }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
