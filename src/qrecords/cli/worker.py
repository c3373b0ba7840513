"""worker."""

from __future__ import annotations

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session


@click.command(cls=chinese.Command)
@click.option("--once", is_flag=True, help="没有长活了就结束")
@click.option("--kinds", multiple=True, metavar="种类", help="只办这些种类（可多次）：compile、file、scan 等")
@click.option("--jobs", type=types.Number(0, 1000), default=0, help="同时办几项；0 表示每个核一项（默认）")
@pass_session
def worker(session: Session, *, once: bool, kinds: tuple[str, ...], jobs: int) -> None:
    """办长活：在任何一台机器上领取填写、归档、成册、拟制文件、检查、备份、读扫描件等长活来办。按 Ctrl-C 结束。

    长活由要它办的账号的名义办。办到一半要结束的，停在最近的安全之处，交还给别的机器接着办；程序被杀、断电的，由别的接着办。
    设置里写了 scan_every、scan_account 的，也去 scan_folder 取扫描件（--once 的、--kinds 里没有 scan 的不取）。
    """
    from qrecords.model.job import JOB_LABELS, JobState
    from qrecords.services.jobkinds import KINDS
    from qrecords.services.jobs import require_kinds
    from qrecords.settings import find_root
    from qrecords.web.workers import Wishes, attend

    require_kinds(session.office, kinds)
    session.close()
    ended: list[dict[str, str]] = []

    def tell(key: str, kind: str, state: JobState) -> None:
        ended.append({"key": key, "kind": kind, "state": state.value})
        if not session.as_json:
            session.answer({}, [f"{KINDS[kind].label}  {key}  {JOB_LABELS[state]}"])

    attend(find_root(session.root), Wishes(jobs, kinds, once), tell)
    session.answer({"jobs": ended}, [f"办事的程序已结束，办了{len(ended)}项"])
