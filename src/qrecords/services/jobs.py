"""Long work as jobs: written down, done by one process of the serving machine after another, told from the register.

A job is no step: what its service does is. One whose process was killed is told as broken off, and what it had under
way is finished or undone as after any crash (care/recover.py). It stops where its service tells how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from qrecords.acting import in_use
from qrecords.advice import Sentence, advise
from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import NotFound, NotPermitted, QRecordsError, UsageError, WrongState
from qrecords.model.job import Job, JobState
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.care.recover import recover
from qrecords.services.jobkinds import KINDS, problem_lines
from qrecords.stores.durable import make_dirs, remove_tree
from qrecords.stores.given import GivenFile, on_disk

LEASE = "work/jobs"
FILES = "jobs"  # under indexes/: files given with a job, until it is done
OF_THE_HOUSE = (Action.VERIFY, Action.ADMINISTER)  # such jobs tell of no record's values
MOST_LINES = 2000
BEAT_SECONDS = 0.5  # between two notes of how far a job is
Words = Callable[[Sentence], str]


class Stopped(WrongState):
    """Someone asked the job to stop."""


def start(
    office: Office, kind: str, arguments: Mapping[str, Any], *, key: str = "", files: Sequence[GivenFile] = ()
) -> Job:
    """Write a job down; the same `key` again is the same request, and makes no second one."""
    if kind not in KINDS:
        raise UsageError(f"没有「{kind[:40]}」这种长活", remedy="请从页面上选")
    if (needs := KINDS[kind].needs) is not None:
        office.authorise(needs, kind)
    key = key or uuid4().hex
    if (there := _get(office, key)) is not None:
        if there.account != office.account.name:
            raise NotFound("没有这项长活", remedy="请刷新页面后再试")
        return there
    _keep_files(office, key, files)
    job = Job(key, kind, office.account.name, office.origin, dict(arguments), JobState.WAITING, office.now())
    with office.register.write() as tx:
        if tx.jobs.get(key) is None:
            tx.jobs.add(job)
    return job


def list_jobs(office: Office) -> list[Job]:
    """Return the newest jobs first: one's own, for who administers everyone's."""
    with office.register.read() as tx:
        found = tx.jobs.all("" if office.allows(Action.ADMINISTER) else office.account.name)
    return [_as_it_is(office, job) for job in found]


def show_job(office: Office, key: str) -> Job:
    """Return one job; NotFound for another account's, unless one administers."""
    job = _get(office, key.strip())
    if job is None or not (job.account == office.account.name or office.allows(Action.ADMINISTER)):
        raise NotFound("没有这项长活", remedy="请从长活的清单里选")
    return _as_it_is(office, job)


def stop(office: Office, key: str) -> Job:
    """Ask a job to stop at the next moment it safely can; one that still waits does not begin."""
    job = show_job(office, key)
    if not job.is_open:
        raise WrongState("这项长活已经结束", remedy="不用再停；要再办一次，请重新开始")
    with office.register.write() as tx:
        now = tx.jobs.get(job.key)
        if now is not None and now.state is JobState.WAITING:
            tx.jobs.end(job.key, JobState.STOPPED, office.now(), "还没有开始就停下了")
        else:
            tx.jobs.ask_to_stop(job.key)
    return show_job(office, key)


def waiting(workspace: Workspace) -> bool:
    """Tell whether there is a job to be done, or one whose process is gone to be told of."""
    with workspace.register.read() as tx:
        left = bool(tx.jobs.in_state(JobState.WAITING)) or bool(tx.jobs.in_state(JobState.RUNNING))
    return left and not workspace.leases.is_alive(LEASE)


def work_off(workspace: Workspace, words: Words) -> None:
    """Do the jobs that wait, one after the other, unless another process is at them."""
    while waiting(workspace):
        with workspace.leases.take_over(LEASE) as mine:
            if not mine:
                return
            _end_broken(workspace, words)
            while job := _next(workspace):
                _do(workspace, job, words)


def _end_broken(workspace: Workspace, words: Words) -> None:
    """Tell of jobs whose process was killed, once what they had under way is finished or undone."""
    with workspace.register.read() as tx:
        broken = tx.jobs.in_state(JobState.RUNNING)
    for job in broken:
        told: Sentence = "办事的程序中断了；做到一半的已接着做完或撤回，可以再办一次"
        try:
            recover(_session(workspace, job, words))
        except QRecordsError as error:
            told = advise("办事的程序中断了，恢复时：{}", error.told)
        _end(workspace, job, JobState.BROKEN, words(told))


def _next(workspace: Workspace) -> Job | None:
    with workspace.register.write() as tx:
        found = next(iter(tx.jobs.in_state(JobState.WAITING)), None)
        if found is not None:
            tx.jobs.begin(found.key, workspace.clock().isoformat())
    return found


def _do(workspace: Workspace, job: Job, words: Words) -> None:
    state, told, lines = JobState.FAILED, "", list[Sentence]()
    try:
        office = _session(workspace, job, words)
        made = KINDS[job.kind].run(office, job.arguments, _files(office, job.key), _progress(workspace, job))
        state, told, lines = (JobState.DONE if made.ok else JobState.FAULTY), words(made.told), [*made.lines]
    except Stopped:
        state, told = JobState.STOPPED, "已在安全的地方停下；做完的留着，再办一次会接着做"
        with suppress(QRecordsError):  # else the next start does it
            recover(_session(workspace, job, words))
    except QRecordsError as error:
        told, lines = words(error.told), [*problem_lines(error.problems)]
    except Exception as error:  # a bug of ours must not leave a job that seems to run
        told = f"程序内部错误：{type(error).__name__}；已写入的数据没有损坏，请告诉维护人员"
    _end(workspace, job, state, told, [words(line) for line in lines[:MOST_LINES]])


def _session(workspace: Workspace, job: Job, words: Words) -> Office:
    """Return who asked for a job, as his account is now; NotPermitted when it is in use no more."""
    with workspace.register.read() as tx:
        account = tx.accounts.by_name(job.account)
        if account is None:
            raise NotPermitted(f"账号 {job.account} 不见了", remedy="请由在用的账号再办")
        account = in_use(tx, account, workspace.clock())
    return Session(workspace, account, "desk", job.origin, words)


def _progress(workspace: Workspace, job: Job) -> Callable[[int, int], None]:
    told_at = 0.0

    def at(done: int, total: int) -> None:
        nonlocal told_at
        now = time.monotonic()
        if done < total and now - told_at < BEAT_SECONDS:
            return
        told_at = now
        with workspace.register.read() as tx:
            if (there := tx.jobs.get(job.key)) is not None and there.stop:
                raise Stopped("按要求停下")
        with suppress(QRecordsError), workspace.register.write(wait=False) as tx:
            tx.jobs.progress(job.key, done, total)

    return at


def _end(workspace: Workspace, job: Job, state: JobState, told: str, lines: Sequence[str] = ()) -> None:
    with workspace.register.write() as tx:
        tx.jobs.end(job.key, state, workspace.clock().isoformat(), told, lines)
    with suppress(QRecordsError):
        remove_tree(_folder(workspace, job.key))


def _get(office: Office, key: str) -> Job | None:
    with office.register.read() as tx:
        return tx.jobs.get(key)


def _as_it_is(office: Office, job: Job) -> Job:
    """Return a job as it is: one that seems to run while nobody works is broken off.

    What came of another account's work on records is told to him alone: to administer is not to read.
    """
    if job.account != office.account.name and _needs(job) not in OF_THE_HOUSE:
        job = replace(job, told="", lines=(), arguments={})
    if job.state is JobState.RUNNING and not office.leases.is_alive(LEASE):
        return replace(job, state=JobState.BROKEN, told="办事的程序中断了；下次启动工作台时接着做完或撤回")
    return job


def _needs(job: Job) -> Action | None:
    kind = KINDS.get(job.kind)  # a newer release may know others
    return kind.needs if kind else None


def _folder(workspace: Workspace, key: str) -> Path:
    return workspace.indexes_dir / FILES / key


def _keep_files(office: Office, key: str, files: Sequence[GivenFile]) -> None:
    if not files:
        return
    folder = _folder(office.workspace, key)
    for number, file in enumerate(files, start=1):
        place = folder / f"{number:04d}"
        make_dirs(place)
        with file.lent() as path, path.open("rb") as given, (place / file.name).open("wb") as kept:
            while block := given.read(1 << 20):
                kept.write(block)


def _files(office: Office, key: str) -> list[GivenFile]:
    folder = _folder(office.workspace, key)
    return [on_disk(path) for path in sorted(folder.glob("*/*"))] if folder.is_dir() else []
