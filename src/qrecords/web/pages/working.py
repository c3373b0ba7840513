"""长活: long work as jobs, one list with how far each is, what came of it, and a way to stop it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from qrecords.model.job import JOB_LABELS
from qrecords.model.record import Action
from qrecords.services import jobs
from qrecords.services.jobfiles import made_by, take_made
from qrecords.services.jobkinds import KINDS
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, download

_KEY = re.compile(r"[0-9a-f]{32}")
LABELS = {name: kind.label for name, kind in KINDS.items()}
# What is begun from this page: the kind, what is said with it, what the button is called.
HERE: tuple[tuple[str, Mapping[str, Any], str], ...] = (
    ("verify", {}, "检查档案"),
    ("verify", {"deep": True}, "逐字节检查"),
    ("backup", {}, "备份"),
    ("index", {}, "重建检索库"),
    ("texts", {}, "识别扫描件的文字"),
)
READING = next(n for n, (kind, _, _) in enumerate(HERE) if kind == "texts")  # what /scans begins from here too


def begin(
    asked: Asked, kind: str, arguments: Mapping[str, Any], files: Sequence[GivenFile] = (), told: str = ""
) -> Response:
    """Write a job down and go to its page; the same request again meets the same job."""
    once = asked.text("once")
    key = once if _KEY.fullmatch(once) else ""
    job = jobs.start(asked.session, kind, arguments, key=key, files=files)
    asked.request.app.state.work()
    if asked.wants_data:
        return JSONResponse({"go": f"/jobs/{job.key}"})
    return asked.go(f"/jobs/{job.key}", told)


def listed(asked: Asked) -> Response:
    """Show the jobs, and what can be begun."""
    asked.request.app.state.work()  # what a server that was stopped left waiting
    found = jobs.list_jobs(asked.session)
    may = [
        n for n, (kind, _, _) in enumerate(HERE) if (need := KINDS[kind].needs) is None or asked.session.allows(need)
    ]
    return asked.page(
        "jobs.html", jobs=found, labels=LABELS, states_of=JOB_LABELS, here_to_begin=[(n, HERE[n][2]) for n in may],
        everyone=asked.session.allows(Action.ADMINISTER), backup_to=asked.session.settings.desk.backup_folder,
    )  # fmt: skip


def start(asked: Asked) -> Response:
    """Begin one of those jobs."""
    number = asked.text("work")
    kind, arguments, _ = HERE[int(number)] if number in {str(n) for n in range(len(HERE))} else ("", {}, "")
    return begin(asked, kind, arguments)


def one(asked: Asked) -> Response:
    """Show one job; the page's script asks for the part that changes alone."""
    job = jobs.show_job(asked.session, asked.path["key"])
    if not job.ended_at:
        asked.request.app.state.work()  # should the process that did it be gone
    alone = asked.query("part") == "job"
    return asked.page(
        "job_part.html" if alone else "job.html", job=job, label=LABELS.get(job.kind, job.kind), states_of=JOB_LABELS,
        go=_back(job.kind, job.arguments), made=made_by(job),
    )  # fmt: skip


def take(asked: Asked) -> Response:
    """Give a file a job made for who asked; it is kept no longer."""
    return download(*take_made(asked.session, asked.path["key"], asked.path["number"]))


def stop(asked: Asked) -> Response:
    """Ask a job to stop."""
    job = jobs.stop(asked.session, asked.path["key"])
    return asked.go(f"/jobs/{job.key}", "会在最近的安全之处停下" if job.is_open else "已停下")


def _back(kind: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Return where one goes on after a job."""
    match kind:
        case "export" if numbers := arguments.get("numbers"):
            return f"/records/{numbers[0]}/papers", "回到这份记录"
        case "compile" | "export" | "print-set":
            return f"/shelf/{arguments.get('year', '')}", "看这一年的档案架"
        case "verify-volume":
            return "/shelf", "回到档案架"
        case "report":
            return "/reports", "看报表"
        case "file" | "fill":
            return "/", "回到今日"
        case "scan" | "texts":
            return "/scans", "回到扫描"
        case "check-backup" | "restore" | "replay":
            return "/office/backups", "回到备份"
    return "/jobs", "回到长活"
