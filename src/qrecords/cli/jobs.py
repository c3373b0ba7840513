"""jobs list, show, stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table

if TYPE_CHECKING:
    from qrecords.stores.given import GivenFile

KEY = click.argument("key", metavar="编号")


@click.group(cls=chinese.Group)
def jobs() -> None:
    """长活（填写、归档、成册、拟制文件、检查、备份、读扫描件、重建检索库）：办到哪里，结果怎样。"""


@jobs.command("list")
@pass_session
def list_(session: Session) -> None:
    """列出长活：自己的；管理员看全部。"""
    from qrecords.services.jobs import list_jobs

    found = list_jobs(session.office)
    rows = [
        (j["key"], j["label"], _state(j), session.when(j["asked_at"]), j["account"], j["told"])
        for j in map(_told, found)
    ]
    lines = (
        table(("编号", "什么", "情况", "何时", "账号", "结果"), rows, (32, 20, 24, 16, 16, 60))
        if rows
        else ["还没有长活"]
    )
    session.answer({"jobs": [_told(j) for j in found]}, lines)


@jobs.command()
@KEY
@pass_session
def show(session: Session, key: str) -> None:
    """查看一项长活的进度、结果和逐条的记载。"""
    from qrecords.services.jobs import show_job

    _answer(session, show_job(session.office, key))


@jobs.command()
@KEY
@pass_session
def stop(session: Session, key: str) -> None:
    """请一项长活在最近的安全之处停下；做完的留着。"""
    from qrecords.services.jobs import stop as stop_job

    _answer(session, stop_job(session.office, key))


AS_JOB = click.option("--as-job", is_flag=True, help="写成一项长活，由工作台或 qrecords worker 来办")


def begin(session: Session, kind: str, arguments: dict[str, Any], files: Sequence[GivenFile] = ()) -> None:
    """Write a job down, and say how one sees how far it is."""
    from qrecords.services.jobs import start

    told = _told(start(session.office, kind, arguments, files=files))
    lines = [f"✓ 已写成长活：{told['label']}  {told['key']}", f"→ 办到哪里：qrecords jobs show {told['key']}"]
    session.answer({"job": told}, lines)


def _answer(session: Session, job: Any) -> None:
    told = _told(job)
    by = f"  由 {told['worker']} 办" if told["worker"] else ""
    lines = [f"{told['label']}  {_state(told)}{by}  {told['told']}".rstrip(), *(f"  {n}" for n in told["lines"])]
    session.answer({"job": told}, lines)


def _state(told: dict[str, Any]) -> str:
    at = f" {told['done']}/{told['total']}" if told["state"] in {"waiting", "running"} and told["total"] else ""
    return f"{told['state_label']}{at}"


def _told(job: Any) -> dict[str, Any]:
    from qrecords.model.job import JOB_LABELS
    from qrecords.services.jobkinds import KINDS

    label = KINDS[job.kind].label if job.kind in KINDS else job.kind
    keys = ("key", "kind", "account", "asked_at", "began_at", "ended_at", "done", "total", "told", "worker", "tries")
    more = {"label": label, "state": job.state.value, "state_label": JOB_LABELS[job.state], "lines": list(job.lines)}
    return {key: getattr(job, key) for key in keys} | more
