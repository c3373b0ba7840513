"""What LibreOffice made of a document, kept for the session: a start takes more than all else most tests do.

So is the profile it made itself at its first start, a quarter of one. Only the installed program itself, run in this
process, is remembered. Tests put programs that fail or hang in its place,
and a refused disk is no answer to remember; those run as they do in an office.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from qrecords.render.soffice import Run, Soffice

_really, _prepare = Soffice.convert, Soffice._prepare_profile
FOLDER = "QRECORDS_TEST_PAPERS"  # names the folder to this process and those it starts


def remember() -> None:
    """Keep the PDF of each document by its SHA-256 in the folder named, for as long as the process lives."""
    folder = Path(os.environ[FOLDER])
    program = shutil.which("soffice")
    profile = folder / "profile"

    def prepare(self: Soffice) -> None:
        if self._program == program and profile.exists() and not self._profile.exists():
            shutil.copytree(profile, self._profile)
        _prepare(self)

    def convert(
        self: Soffice, files: Sequence[Path], out_dir: Path, *, seconds_per_file: float, on_tick: Callable[[], int]
    ) -> Run:
        if self._program != program:
            return _really(self, files, out_dir, seconds_per_file=seconds_per_file, on_tick=on_tick)
        kept = {file: folder / f"{hashlib.sha256(file.read_bytes()).hexdigest()}.pdf" for file in files}
        unknown = [file for file in files if not kept[file].exists()]

        def ticked() -> int:
            for file in unknown:
                made = out_dir / f"{file.stem}.pdf"
                if made.exists() and made.read_bytes().rstrip().endswith(b"%%EOF"):
                    beside = kept[file].with_suffix(f".{os.getpid()}")
                    shutil.copyfile(made, beside)
                    beside.replace(kept[file])
            return on_tick()

        for file in files:
            if file not in unknown:
                shutil.copyfile(kept[file], out_dir / f"{file.stem}.pdf")
        on_tick()
        if not unknown:
            return Run(hung=False, last_words="")
        run = _really(self, unknown, out_dir, seconds_per_file=seconds_per_file, on_tick=ticked)
        if not profile.exists() and not run.hung:
            beside = profile.with_suffix(f".{os.getpid()}")
            with suppress(OSError):  # another process was faster
                shutil.copytree(self._profile, beside).replace(profile)
        return run

    Soffice.convert, Soffice._prepare_profile = convert, prepare  # type: ignore[method-assign]
