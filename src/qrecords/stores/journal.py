"""Remembers how far a long reading got, so that the next try goes on from there; losing it costs only time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


class Journal:
    """Lines of what is done, appended one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> set[str]:
        """Return what an earlier try had done; a line cut short by a crash is none."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return set()
        return {line.removesuffix("\n") for line in text.splitlines(keepends=True) if line.endswith("\n")}

    def add(self, line: str) -> None:
        """Note one thing done; where it cannot be written the work goes on without."""
        with suppress(OSError), self.path.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")

    def finish(self) -> None:
        """Forget all: the work is done."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
