"""The one place that runs LibreOffice: where it is, the profile it runs in, one batch with a watch on it.

It runs without window, macros, network or anyone's own settings, in a profile folder of its own, and with all its
children in one process group, so that what hangs can be ended whole.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO

from filelock import FileLock, Timeout

from qrecords.errors import MissingProgram
from qrecords.render.fonts import fontconfig_file

START_SECONDS = 120  # a first start makes its profile, perhaps on a cold disk
_LOOK_SECONDS = 0.1
_PLACES = (
    "/usr/lib/libreoffice/program/soffice",
    "/usr/lib64/libreoffice/program/soffice",
    "/opt/libreoffice*/program/soffice",
    "/snap/bin/libreoffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "C:/Program Files/LibreOffice/program/soffice.com",
    "C:/Program Files (x86)/LibreOffice/program/soffice.com",
)
REMEDY = (
    "请安装 LibreOffice 7.4 或更新的版本：Debian、Ubuntu、统信用 apt install libreoffice-writer-nogui；"
    "Fedora、RHEL、麒麟用 dnf install libreoffice-writer；Windows、macOS 从 libreoffice.org 下载；"
    "装在别处时，在 qrecords.toml 的 [pdf] soffice 写明程序位置"
)
_OPTIONS = {
    "SelectPdfVersion": {"type": "long", "value": "2"},  # PDF/A-2b
    "UseLosslessCompression": {"type": "boolean", "value": "true"},
    "ReduceImageResolution": {"type": "boolean", "value": "false"},
}
# glibc gives back and fetches again the same memory for every document unless told not to (a twentieth of the time).
_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": str(1 << 29),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 28),
    "MALLOC_TOP_PAD_": str(1 << 24),
}
_WORD = "MS Word 2007 XML"  # named, or a damaged document would be printed as if it were plain text

# (path, property, value) of the profile: no macro, no link followed, no proxy but a closed port, Chinese as system.
_PROFILE = (
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Common/Misc", "FirstRun", "false"),
    # Of no newer program: one that thinks itself just upgraded first tests how the machine draws, 40 % of its start.
    ("org.openoffice.Setup/Product", "ooSetupLastVersion", "99.0"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),
    ("org.openoffice.Inet/Settings", "ooInetProxyType", "2"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
    ("org.openoffice.Setup/L10N", "ooSetupSystemLocale", "zh-CN"),
)


def find_program(setting: str = "") -> str:
    """Return the LibreOffice program: the one set, else on PATH, else in the usual places; MissingProgram if none."""
    if setting:
        found = shutil.which(setting)
        if not found:
            raise MissingProgram(f"设置里的 LibreOffice 程序 {setting} 不存在或不能运行", remedy=REMEDY)
        return found
    for name in ("soffice", "libreoffice", "soffice.com"):
        if found := shutil.which(name):
            return found
    for place in map(Path, _PLACES):
        for path in sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))), reverse=True):
            return str(path)
    raise MissingProgram("没有找到 LibreOffice，不能生成 PDF", remedy=REMEDY)


@dataclass(frozen=True, slots=True)
class Run:
    """How one batch ended: stopped for taking too long, and the last words of the program."""

    hung: bool
    last_words: str


class Soffice:
    """One LibreOffice with a profile folder of its own; not for two threads at once."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._profile = folder / "profile"
        self._folder = folder

    def convert(
        self, files: Sequence[Path], out_dir: Path, *, seconds_per_file: float, on_tick: Callable[[], int]
    ) -> Run:
        """Convert files in one start into `out_dir`; end it when none gets done for `seconds_per_file`.

        `on_tick` is called as time passes and returns how many files are there.
        """
        self._prepare_profile()
        with _place(on_tick), TemporaryFile() as words:
            process = self._start(files, out_dir, words)
            try:
                hung = _watch(process, seconds_per_file, on_tick)
            finally:
                _end(process)
            words.seek(0)
            return Run(hung, words.read().decode("utf-8", "replace").strip()[-500:])

    def _start(self, files: Sequence[Path], out_dir: Path, words: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [
            self._program,
            f"-env:UserInstallation={self._profile.absolute().as_uri()}",
            "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo",
            f"--infilter={_WORD}",
            "--convert-to", f"pdf:writer_pdf_Export:{json.dumps(_OPTIONS, separators=(',', ':'))}",
            "--outdir", str(out_dir.absolute()), *(str(f.absolute()) for f in files),
        ]  # fmt: skip
        try:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words,
                env=self._environment, cwd=self._folder, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise MissingProgram(f"LibreOffice 启动不了：{error.strerror}", remedy=REMEDY) from None

    @cached_property
    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("LC_")}
        # No display and no desktop of the caller; the same language and clock everywhere.
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "LANGUAGE"):
            kept.pop(name, None)
        kept |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "SAL_USE_VCLPLUGIN": "svp"} | _MEMORY
        if fonts := fontconfig_file(self._folder):
            kept["FONTCONFIG_FILE"] = str(fonts)
        return kept

    def _prepare_profile(self) -> None:
        path = self._profile / "user" / "registrymodifications.xcu"
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        items = "".join(
            f'<item oor:path="/{where}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
            for where, name, value in _PROFILE
        )
        path.write_text(
            '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
            f'xmlns:xs="http://www.w3.org/2001/XMLSchema">{items}</oor:items>',
            encoding="utf-8",
        )


def limit(most: int) -> None:
    """Let no more than so many LibreOffice of this user run at once, those of other processes that say so counted."""
    _LIMIT[:] = [most]


_LIMIT: list[int] = []


@contextmanager
def _place(on_tick: Callable[[], int]) -> Iterator[None]:
    """Hold one of the places there are for LibreOffice on this machine, where they are limited."""
    if not _LIMIT:
        yield
        return
    folder = Path(gettempdir()) / f"qrecords-libreoffice-{getattr(os, 'getuid', str)()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    places = [FileLock(folder / f"{number}.lock", thread_local=False) for number in range(_LIMIT[0])]
    while not (held := next((place for place in places if _taken(place)), None)):
        on_tick()  # may say that nobody wants it any more
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        held.release()


def _taken(place: FileLock) -> bool:
    try:
        place.acquire(blocking=False)
    except Timeout:
        return False
    return True


def _watch(process: subprocess.Popen[bytes], seconds_per_file: float, on_tick: Callable[[], int]) -> bool:
    """Wait for the end; tell whether it was given up because nothing was finished for too long."""
    done, since = 0, time.monotonic()
    while True:
        try:
            process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            on_tick()
            return False
        if (now_done := on_tick()) > done:
            done, since = now_done, time.monotonic()
        elif time.monotonic() - since > seconds_per_file + (0 if done else START_SECONDS):
            return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program with all its children; one that ended by itself may have left some."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
