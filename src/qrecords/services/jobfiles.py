"""Files that go with long work: those given with a job, until it is done; those it made, until who asked took them.

They lie among the papers, where every machine finds them: what is given as `KEY-0001`, what was made as `KEY/0001`.
What a job made goes with its row when something is destroyed (`drop_forgotten`), and after KEPT_DAYS: it can be made
again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from qrecords.desk.workspace import Workspace
from qrecords.errors import NotFound
from qrecords.model.job import Job
from qrecords.office import Office
from qrecords.stores.given import GivenFile, on_disk
from qrecords.stores.register.jobs import lease_of

GIVEN = "files"  # among a job's arguments: what the files given with it are called
MADE = "made"  # what those it made are called, by number
KEPT_DAYS = 30


def keep_given(office: Office, key: str, files: Sequence[GivenFile]) -> list[str]:
    """Keep the files given with a job where every machine finds them; returns what they are called."""
    for number, file in enumerate(files, start=1):
        with file.lent() as path:
            office.papers.given.replace(_given(key, number), path)
    return [file.name for file in files]


@contextmanager
def given_with(office: Office, job: Job) -> Iterator[list[GivenFile]]:
    """Lend the files given with a job, under their own names."""
    with TemporaryDirectory(prefix="qrecords-job-", ignore_cleanup_errors=True) as folder:
        found = []
        for number, name in enumerate(job.arguments.get(GIVEN, ()), start=1):
            path = Path(folder) / f"{number:04d}" / name
            path.parent.mkdir()
            with office.papers.given.lent(_given(job.key, number)) as kept:
                shutil.copyfile(kept, path)
            found.append(on_disk(path))
        yield found


def drop_given(workspace: Workspace, job: Job) -> None:
    """Let go of the files given with a job that is over."""
    if given := job.arguments.get(GIVEN):
        workspace.papers.given.delete(*(_given(job.key, n) for n in range(1, len(given) + 1)))


def keep_made(workspace: Workspace, key: str, number: int, data: bytes) -> None:
    """Keep a file a job made; one of the same number, made before its worker was gone, is replaced."""
    workspace.papers.given.replace(_made(key, number), data)


def made_by(job: Job) -> Mapping[str, str]:
    """Return what the files are called that wait to be taken, by number."""
    return dict(job.arguments.get(MADE, {}))


def take_made(office: Office, key: str, number: str) -> tuple[str, bytes]:
    """Return a file a job made for this account, its name and bytes, and keep it no longer; NotFound otherwise."""
    with office.register.read() as tx:
        job = tx.jobs.get(key)
    if job is None or job.account != office.account.name or number not in made_by(job):
        raise NotFound("没有这个文件，或已经取走了", remedy="要再取，请把原来的文件再填一次")
    place = _made(key, int(number))
    with office.papers.given.lent(place) as path:
        data = path.read_bytes()
    with office.register.write() as tx:
        now = tx.jobs.get(key)
        left = dict(made_by(now)) if now else {}
        if (name := left.pop(number, None)) is None:  # asked for twice at once: one gets it
            raise NotFound("这个文件已经取走了", remedy="要再取，请把原来的文件再填一次")
        tx.jobs.offer(key, MADE, left)
    office.papers.given.delete(place)
    return name, data


def drop_forgotten(office: Office) -> None:
    """Let go of what nobody asks for any more.

    What was given with a job that is over, or that was never written down; what one made that is forgotten, or ended
    long ago and nobody took it.
    """
    given = office.papers.given
    for name in [*given.names()]:
        is_made = "/" in name
        key = name.partition("/")[0] if is_made else name.rpartition("-")[0]
        with office.register.read() as tx:
            job = tx.jobs.get(key)
        if job is None:
            over = is_made or not office.leases.is_alive(lease_of(key))
        else:
            over = bool(job.ended_at) and (not is_made or _is_old(office, job.ended_at))
        if over:
            given.delete(name)


def _is_old(office: Office, ended_at: str) -> bool:
    return datetime.fromisoformat(ended_at) < datetime.fromisoformat(office.now()) - timedelta(days=KEPT_DAYS)


def drop_made(office: Office) -> None:
    """Let go of all that jobs made and nobody took: the archive moves, and it stays behind."""
    office.papers.given.delete(*[name for name in office.papers.given.names() if "/" in name])


def _given(key: str, number: int) -> str:
    return f"{key}-{number:04d}"


def _made(key: str, number: int) -> str:
    return f"{key}/{number:04d}"
