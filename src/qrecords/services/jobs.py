"""Long work as jobs: written down, done by the desk's own process or by workers on any machine, told from the register.

A job is no step: what its service does is. Who does it holds its lease. Of one whose process was killed that which it
had under way is finished or undone as after any crash (care/recover.py); then it is done again, or told as broken off.
It stops where its service tells how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from qrecords.acting import in_use
from qrecords.advice import Sentence, advise
from qrecords.desk.places import unfit_for_many
from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import (
    NotFound,
    NotPermitted,
    Occupied,
    Overtaken,
    QRecordsError,
    StorageFailure,
    UsageError,
    WrongState,
)
from qrecords.model.job import Job, JobState
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.care.recover import recover
from qrecords.services.jobfiles import GIVEN, MADE, drop_given, given_with, keep_given, keep_made
from qrecords.services.jobkinds import KINDS
from qrecords.services.jobtypes import Outcome, Progress, Shared, problem_lines
from qrecords.stores.given import GivenFile
from qrecords.stores.register import Transaction
from qrecords.stores.register.jobs import lease_of

LEASE = "work/jobs"
OF_THE_HOUSE = (Action.VERIFY, Action.ADMINISTER)  # such jobs tell of no record's values
MOST_LINES = 2000
LIVE_LINES = 200  # of what is told while a job runs
BEAT_SECONDS = 0.5  # between two notes of how far a job is
LOOK_SECONDS = 0.2  # between two looks whether others have done their parts
UNBEGUN = "还没有开始就停下了"
MOST_TRIES = 3  # of a job: one that kills whoever does it must not go round for ever
Words = Callable[[Sentence], str]


class Stopped(WrongState):
    """Someone asked the job to stop."""


class GivenBack(WrongState):
    """Who does the job was told to end: another one shall go on."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Who takes jobs: its name, "" for the desk; which kinds; whether it shares one with others; when it ends."""

    name: str = ""
    kinds: Container[str] = frozenset(KINDS)
    shares: bool = False
    ends: Callable[[], bool] = bool  # False


DESK = Hand()


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
    if (check := KINDS[kind].check) is not None:
        check(office, arguments)
    with office.leases.take_over(lease_of(key)):  # a file given with it is nobody's until its row is there
        said = {**arguments, GIVEN: keep_given(office, key, files)} if files else dict(arguments)
        job = Job(key, kind, office.account.name, office.origin, said, JobState.WAITING, office.now())
        with office.register.write() as tx:
            if tx.jobs.get(key) is None:
                tx.jobs.add(job)
    return job


def require_kinds(office: Office, kinds: Sequence[str]) -> None:
    """Let the account start workers that take jobs of these kinds (none = all), or refuse; UsageError for others."""
    office.authorise(Action.ADMINISTER, "worker")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"没有「{unknown[0][:40]}」这种长活", remedy=f"可用：{'、'.join(KINDS)}")
    if unfit := unfit_for_many(office.settings):
        raise StorageFailure("这个工作区不能由几台机器一起办", remedy=unfit[0])


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
            tx.jobs.end(job.key, JobState.STOPPED, office.now(), UNBEGUN)
        else:
            for open_one in (job, *tx.jobs.open(job.key)):
                tx.jobs.ask_to_stop(open_one.key)
    return show_job(office, key)


def waiting(workspace: Workspace) -> bool:
    """Tell whether there is a job to be done, or one whose process is gone to be told of."""
    with workspace.register.read() as tx:
        found = tx.jobs.open()
    left = any(job.state is JobState.WAITING or not workspace.leases.is_alive(lease_of(job.key)) for job in found)
    return left and not workspace.leases.is_alive(LEASE)


def work_off(workspace: Workspace, words: Words) -> None:
    """Do the jobs that wait, one after the other, unless another process of the desk is at them."""
    while waiting(workspace):
        with workspace.leases.take_over(LEASE) as mine:
            if not mine:
                return
            while take_one(workspace, words):
                pass


def is_left(workspace: Workspace, hand: Hand) -> bool:
    """Tell whether a job of its kinds waits or runs anywhere."""
    with workspace.register.read() as tx:
        return any(job.kind in hand.kinds for job in tx.jobs.open())


def take_one(workspace: Workspace, words: Words, hand: Hand = DESK, part_of: str = "") -> Job | None:
    """Do the first job nobody is at, if there is one; returns it as it ended, or was given back.

    Of many who try at once one gets its lease. One whose process is gone is taken again, a few times, when a worker did
    it; what the desk did itself is told as broken off.
    """
    with workspace.register.read() as tx:
        found = tx.jobs.open(part_of)
    for job in found:
        if job.kind not in hand.kinds:
            continue
        with workspace.leases.take_over(lease_of(job.key)) as mine:
            if mine and (begun := _begin(workspace, job, words, hand)) is not None:
                _do(workspace, begun, words, hand)
                with workspace.register.read() as tx:
                    return tx.jobs.get(job.key)
    return None


def _begin(workspace: Workspace, job: Job, words: Words, hand: Hand) -> Job | None:
    """Note that a job is begun by who holds its lease; None when it is over, or shall not be begun."""
    with workspace.register.write() as tx:
        now = tx.jobs.get(job.key)
        if now is None or not now.is_open:
            return None
        if now.state is JobState.WAITING and now.stop:
            tx.jobs.end(job.key, JobState.STOPPED, workspace.clock().isoformat(), UNBEGUN)
            return None
        if now.state is JobState.WAITING:
            tx.jobs.begin(job.key, workspace.clock().isoformat(), hand.name)
            return tx.jobs.get(job.key)
    return _again(workspace, now, words, hand)


def _again(workspace: Workspace, job: Job, words: Words, hand: Hand) -> Job | None:
    """Finish or undo what a job had under way whose process is gone; then begin it again, or tell that it broke off.

    StorageFailure: register or store are out of reach, Occupied: another recovers; it stays as it is for whoever looks
    when that is over.
    """
    told: Sentence = "办事的程序中断了；做到一半的已接着做完或撤回，可以再办一次"
    again = _may_again(job)
    try:
        recover(_session(workspace, job, words))
    except QRecordsError as error:
        if again and isinstance(error, StorageFailure | Occupied):  # out of reach, or another recovers and takes long
            raise
        told, again = advise("办事的程序中断了，恢复时：{}", error.told), False
    if not again:
        _end(workspace, job, JobState.BROKEN, words(told))
        return None
    with workspace.register.write() as tx:
        tx.jobs.begin(job.key, workspace.clock().isoformat(), hand.name)
        return tx.jobs.get(job.key)


def _do(workspace: Workspace, job: Job, words: Words, hand: Hand) -> None:
    state, told, lines, at = JobState.FAILED, "", list[str](), _At(workspace, job, words, hand.ends)
    try:
        office = _session(workspace, job, words)
        made = _run(office, job, words, hand, at)
        state, told = (JobState.DONE if made.ok else JobState.FAULTY), words(made.told)
        lines = made.written(words, MOST_LINES)
    except Stopped:
        state, told = JobState.STOPPED, "已在安全的地方停下；做完的留着，再办一次会接着做"
        with suppress(QRecordsError):  # else the next start does it
            recover(_session(workspace, job, words))
    except QRecordsError as error:
        waits = isinstance(error, GivenBack) or (isinstance(error, Occupied) and bool(job.worker))
        if waits or (isinstance(error, StorageFailure | Overtaken) and _may_again(job)):
            _give_back(workspace, job, words, untried=waits)
            return
        told, lines = words(error.told), [words(line) for line in [*problem_lines(error.problems)][:MOST_LINES]]
    except Exception as error:  # a bug of ours must not leave a job that seems to run
        told = f"程序内部错误：{type(error).__name__}；已写入的数据没有损坏，请告诉维护人员"
    _end(workspace, job, state, told, lines, at.made)


def _may_again(job: Job) -> bool:
    """Tell whether a job that broke off is done again by itself: a worker did it, and not for the last time."""
    return bool(job.worker) and job.tries < MOST_TRIES and not job.stop


def _give_back(workspace: Workspace, job: Job, words: Words, *, untried: bool) -> None:
    """Let another one go on with a job: who did it ends, or what it needed was out of reach."""
    with suppress(QRecordsError):  # else the next start does it
        recover(_session(workspace, job, words))
    with workspace.register.write() as tx:
        if _is_mine(workspace, tx, job):
            tx.jobs.give_back(job.key, untried=untried)


def _run(office: Office, job: Job, words: Words, hand: Hand, at: _At) -> Outcome:
    kind = KINDS[job.kind]
    if hand.shares and kind.shared and not job.part_of and _cut(office, job, kind.shared):
        return kind.shared.joined(office, job.arguments, _share(office, job, words, hand, at), at)
    with given_with(office, job) as files:
        return kind.run(office, job.arguments, files, at)


def _cut(office: Office, job: Job, shared: Shared) -> bool:
    """Cut a job into parts of its own, once; False for one that is not worth it."""
    with office.register.read() as tx:
        there = tx.jobs.parts(job.key)
    if there:
        return True
    cut = shared.cut(office, job.arguments)
    if len(cut) < 2:
        return False
    with office.register.write() as tx:
        if not tx.jobs.parts(job.key):
            for number, arguments in enumerate(cut, start=1):
                key = f"{job.key}.{number}"
                part = replace(job, key=key, arguments=arguments, state=JobState.WAITING, began_at="", part_of=job.key)
                tx.jobs.add(replace(part, done=0, total=0, tries=0, worker="", asked_at=office.now()))
    return True


def _share(office: Office, job: Job, words: Words, hand: Hand, at: Progress) -> list[Job]:
    """Work off the parts of a job, together with whoever else takes some; returns them when all are over."""
    while True:
        with office.register.read() as tx:
            parts = tx.jobs.parts(job.key)
        left = sum(part.is_open for part in parts)
        at(len(parts) - left, len(parts))
        if not left:
            return parts
        if take_one(office.workspace, words, hand, job.key) is None:
            time.sleep(LOOK_SECONDS)


def _session(workspace: Workspace, job: Job, words: Words) -> Office:
    """Return who asked for a job, as his account is now; NotPermitted when it is in use no more."""
    with workspace.register.read() as tx:
        account = tx.accounts.by_name(job.account)
        if account is None:
            raise NotPermitted(f"账号 {job.account} 不见了", remedy="请由在用的账号再办")
        account = in_use(tx, account, workspace.clock())
    return Session(workspace, account, "desk", job.origin, words)


class _At:
    """Notes how far a job is, now and then; ends it there when someone asked for that, or it is another one's now."""

    def __init__(self, workspace: Workspace, job: Job, words: Words, ends: Callable[[], bool]) -> None:
        self._workspace, self._job, self._words, self._ends = workspace, job, words, ends
        self._told_at = 0.0
        self._lines: list[str] = []
        self.made: list[str] = []

    @property
    def word(self) -> str:
        """Return the job's key."""
        return self._job.key

    @property
    def since(self) -> str:
        """Return when the job was asked for."""
        return self._job.asked_at

    def tell(self, line: Sentence) -> None:
        """Keep a line for the next note: the last of them are shown while the job runs."""
        self._lines.append(self._words(line))
        del self._lines[:-LIVE_LINES]

    def give(self, name: str, data: bytes) -> None:
        """Keep a file for who asked."""
        self.made.append(name)
        keep_made(self._workspace, self._job.key, len(self.made), data)

    def __call__(self, done: int, total: int, /) -> None:
        """Note how far it is."""
        if self._ends():
            raise GivenBack("办事的程序要停下")
        now, job = time.monotonic(), self._job
        if done < total and now - self._told_at < BEAT_SECONDS:
            return
        self._told_at = now
        with self._workspace.register.read() as tx:
            there, mine = tx.jobs.get(job.key), _is_mine(self._workspace, tx, job)
        if there is not None and there.stop:
            raise Stopped("按要求停下")
        if not mine:
            raise WrongState("停顿太久，已由另一个程序接着办", remedy="请看这项长活现在的情况")
        with suppress(QRecordsError), self._workspace.register.write(wait=False) as tx:
            tx.jobs.progress(job.key, done, total, self._lines)


def _end(
    workspace: Workspace, job: Job, state: JobState, told: str, lines: Sequence[str] = (), made: Sequence[str] = ()
) -> None:
    with workspace.register.write() as tx:
        if not _is_mine(workspace, tx, job):
            return  # it was held up for so long that another one has taken it
        tx.jobs.end(job.key, state, workspace.clock().isoformat(), told, lines)
        if state not in {JobState.DONE, JobState.FAULTY}:
            for part in tx.jobs.parts(job.key):
                tx.jobs.ask_to_stop(part.key)  # nobody would join what they come to
        if made:
            tx.jobs.offer(job.key, MADE, {str(n): name for n, name in enumerate(made, start=1)})
    with suppress(QRecordsError):
        drop_given(workspace, job)


def _is_mine(workspace: Workspace, tx: Transaction, job: Job) -> bool:
    """Tell whether who works here still is the one who does a job."""
    return tx.jobs.holder(job.key) in workspace.register.holders


def _get(office: Office, key: str) -> Job | None:
    with office.register.read() as tx:
        return tx.jobs.get(key)


def _as_it_is(office: Office, job: Job) -> Job:
    """Return a job as it is: one that seems to run while nobody works is broken off.

    What came of another account's work on records is told to him alone: to administer is not to read.
    """
    if job.account != office.account.name and _needs(job) not in OF_THE_HOUSE:
        job = replace(job, told="", lines=(), arguments={})
    if job.state is JobState.RUNNING and not office.leases.is_alive(lease_of(job.key)):
        told = "办事的程序中断了；别的会接着办" if job.worker else "办事的程序中断了；下次启动工作台时接着做完或撤回"
        return replace(job, state=JobState.BROKEN, told=told)
    return job


def _needs(job: Job) -> Action | None:
    kind = KINDS.get(job.kind)  # a newer release may know others
    return kind.needs if kind else None
