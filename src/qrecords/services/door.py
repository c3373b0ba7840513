"""The door: whatever file is to be kept as it is, is looked into first, by the very check the archive makes afterwards.

The look is taken by a child process within limits of memory and time, so that a hostile file ends that process alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput
from qrecords.scanning.child import Silent, answers
from qrecords.scanning.limits import limit
from qrecords.services.care import formats
from qrecords.services.care.formats import BROKEN, Verdict, looked_into

LATE = formats.LATE
LARGEST = 50 << 20  # bytes of one paper: a stack of scans at 200 dpi
MEMORY = 2 << 30
SECONDS = 60  # one file may take: less than the deep check allows, so that it never stumbles over what came in here
ACTING_REMEDY = "请打印成 PDF 另存后再试（Word、Excel 文件请去掉这些内容再另存）；夹带的文件请单独附上"
BROKEN_REMEDY = "请用原来的软件打开，另存或重新扫描后再试"
_TOO_MUCH = Verdict(f"查看它用的时间超过{SECONDS}秒，或内存超过 {MEMORY >> 30} GB；请打印成 PDF 另存，或分成几个文件")


def looked_at(files: Sequence[tuple[Path, str]]) -> list[Verdict]:
    """Return what the archive would say of each file, by path and the name it is to be kept under."""
    told: list[Verdict] = []
    while len(told) < len(files):
        request = {"files": [(str(path.absolute()), name) for path, name in files[len(told) :]]}
        with suppress(Silent):
            for answer in answers("qrecords.services.door", request, silence=SECONDS):
                told.append(Verdict(**answer))
        if len(told) < len(files):  # it was lost over this one
            told.append(_TOO_MUCH)
    return told


def require_harmless(path: Path, name: str = "") -> None:
    """Make sure the archive will never condemn a file; InvalidInput says why it must stay outside."""
    refuse(looked_at([(path, name or path.name)])[0], path)


def refuse(verdict: Verdict, path: Path) -> None:
    """Raise InvalidInput when a file must stay outside."""
    if verdict.active:
        raise InvalidInput(f"{path.name} {_fact(verdict.active)}", remedy=ACTING_REMEDY)
    if verdict.unreadable == BROKEN:
        raise InvalidInput(f"{path.name} 已损坏，或不是扩展名所说的文件", remedy=BROKEN_REMEDY)
    if verdict.unreadable:
        fact, _, remedy = verdict.unreadable.partition("；")
        raise InvalidInput(f"{path.name} {fact}", remedy=remedy or BROKEN_REMEDY)


def carried(verdict: Verdict) -> str:
    """Return in a few words what is left behind when only the pictures of a file's pages are taken."""
    return _fact(verdict.active).removeprefix("里有")


def _fact(text: str) -> str:
    return text.partition("；")[0]


def main(request: dict[str, Any]) -> None:
    """Look into files, one answer a line."""
    # What a library prints must not stand between the answers.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    limit(MEMORY, SECONDS * max(1, len(request["files"])))
    for path, name in request["files"]:
        verdict = looked_into(Path(path), name)
        told.write(json.dumps({"unreadable": verdict.unreadable, "active": verdict.active}) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
