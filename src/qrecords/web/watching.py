"""The scanner's folder, looked into by itself: what lies there whole is read as a job and put aside.

A process of its own looks, beside the desk and beside workers, so that nobody waits for it; it ends with who started
it. Of several that look, on one machine or many, one takes what lies there, by its lease: nothing is read twice. A file
is whole when it is as it was at the look before. It is put aside once the job has a copy of it: broken off in between,
the same job is met again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

from qrecords.acting import in_use
from qrecords.advice import Input, advise
from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import NotFound, QRecordsError
from qrecords.intake.scanned import SUFFIXES, scans_of
from qrecords.model.job import Job
from qrecords.model.record import Action
from qrecords.services import jobs
from qrecords.settings import WORKERS, Settings
from qrecords.strict import RUN, installed
from qrecords.web.wording import worded
from qrecords.web.worker import NICE

TAKEN = "已取"  # the folder below the scanner's for what was taken
MOST_FILES = 400  # of one job
ORIGIN = "watch"
LEASE = "work/watch"
LOOKS = "looks"  # said to the process: others do the work


def scanner_files(settings: Settings) -> list[Path]:
    """Return the scans that lie in the scanner's folder, by name; none where no folder is named or it is away."""
    folder = settings.root / settings.desk.scan_folder
    if not settings.desk.scan_folder or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)


def is_watched(settings: Settings) -> bool:
    """Tell whether the folder is looked into by itself."""
    return bool(settings.desk.scan_folder and settings.desk.scan_account and settings.desk.scan_every)


class Watch:
    """Looks into the folder; what it saw the last time tells which files are whole now."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._before: dict[Path, tuple[int, int]] = {}

    def look(self) -> Job | None:
        """Begin to read what is whole, as the account the settings name; None when there is nothing.

        NotFound, NotPermitted: there is no such account, or it may not take in scans; the files stay.
        """
        there = self._there()
        whole = [path for path, seen in there.items() if seen[0] and self._before.get(path) == seen]
        self._before = there
        if not whole:
            return None
        with self._workspace.leases.take_over(LEASE) as mine:
            return self._taken(whole) if mine else None

    def _there(self) -> dict[Path, tuple[int, int]]:
        """Return what lies there: the size and the time of each file."""
        there = {}
        for path in scanner_files(self._workspace.settings):
            with suppress(OSError):  # it went meanwhile
                found = path.stat()
                there[path] = (found.st_size, found.st_mtime_ns)
        return there

    def _taken(self, whole: Sequence[Path]) -> Job | None:
        """Begin to read what another one that looks has not taken meanwhile."""
        there = self._there()
        left = [path for path in whole if there.get(path) == self._before[path]][:MOST_FILES]
        if not left:
            return None
        said = repr([(path.name, *there[path]) for path in left])
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        job = jobs.start(self._session(), "scan", {"unattended": True}, key=key, files=scans_of(left))
        for path in left:
            _put_aside(path)
        return job

    def _session(self) -> Session:
        name = self._workspace.settings.desk.scan_account
        with self._workspace.register.read() as tx:
            account = tx.accounts.by_name(name)
            if account is None:
                raise NotFound(
                    f"没有账号 {name}，扫描仪的文件夹没有取",
                    remedy=advise("请核对 qrecords.toml 的 [desk] 里的 scan_account（{}）", Input.ACCOUNT),
                )
            account = in_use(tx, account, self._workspace.clock())
        session = Session(self._workspace, account, "desk", ORIGIN, worded)
        if not session.allows(Action.SIGN):
            session.authorise(Action.ATTACH, "scans")
        return session


def _put_aside(path: Path) -> None:
    """Move a file into the folder of what was taken, under a name that is free there."""
    folder = path.parent / TAKEN
    folder.mkdir(exist_ok=True)
    names = (f"{path.stem}-{n}{path.suffix}" if n > 1 else path.name for n in count(1))
    path.rename(next(folder / name for name in names if not (folder / name).exists()))


@contextmanager
def watched(settings: Settings, *, reads: bool = True) -> Iterator[None]:
    """Let a process look into the folder meanwhile, where the settings say so; `reads`: it does what it begins, too."""
    if not is_watched(settings):
        yield
        return
    command = [sys.executable, "-m", "qrecords.web.watching", str(settings.root), *([] if reads else [LOOKS])]
    # What it reads from never says anything: it ends when who holds the other end is gone, however he went.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        if process.stdin:
            process.stdin.close()


def main(root: Path, how: str = "") -> None:
    """Look into the folder of a workspace until the desk, or who started workers, is gone."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    if (strict := installed()) is not None and strict.root == root.resolve():
        RUN.strict = strict  # as the desk's other processes
    gone = threading.Event()

    def listen() -> None:
        sys.stdin.buffer.read()
        gone.set()

    threading.Thread(target=listen, daemon=True).start()
    with closing(Workspace.open(root)) as workspace:
        watch, told = Watch(workspace), ""
        while not gone.wait(workspace.settings.desk.scan_every):
            try:
                if watch.look() and how != LOOKS and workspace.settings.desk.long_work != WORKERS:
                    jobs.work_off(workspace, worded)
                told = ""
            except (QRecordsError, OSError) as error:  # the next look may find it mended
                text = worded(error.told) if isinstance(error, QRecordsError) else str(error)
                if text != told:
                    sys.stderr.write(f"扫描仪的文件夹：{text}\n")
                    sys.stderr.flush()
                told = text


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
