"""The report of a check of the four properties (四性检测报告, DA/T 70), as a Word document or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import PurePath
from typing import Any

from qrecords.errors import Problem, UsageError
from qrecords.model.audit import short_head
from qrecords.office import Office
from qrecords.render.context import date_text
from qrecords.render.docx import Template
from qrecords.services.care.verify import Verified
from qrecords.services.making import filled

KINDS = (".docx", ".json")
SHOWN = 500  # problems printed; all of them are in the JSON


def report_kind(name: str) -> str:
    """Return the suffix of a report's name; UsageError for a kind that is not made: asked before the long work."""
    path = PurePath(name)
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"报告不能写成 {path.suffix or '没有扩展名的'} 文件", remedy="请写成 .docx 或 .json")
    return path.suffix.lower()


def report_file(office: Office, name: str, result: Verified) -> bytes:
    """Return what `verify` found as a file of that name."""
    problems = result.problems
    if report_kind(name) == ".json":
        plain_problems = [asdict(replace(p, message=office.words(p.message))) for p in problems]
        plain = asdict(result) | {"at": office.now(), "by": office.account.name, "problems": plain_problems}
        return json.dumps(plain, ensure_ascii=False, indent=2).encode()
    template = Template.load(office.forms.house("verify/report.docx"))
    context = _context(office, result, problems)
    return filled(template, context, context["audit_code"])


def _context(office: Office, result: Verified, problems: list[Problem]) -> dict[str, Any]:
    checked = result.checked
    with office.register.read() as tx:
        _, head = tx.audit.head()
    checks = [
        {
            "property": entry.label,
            "label": check.label,
            "count": f"{check.checked}{check.unit}" if check.checked else "未查",
            "result": f"{check.problems}处不对" if check.problems else "合格" if check.checked else "/",
        }
        for entry in result.properties
        for check in entry.checks
    ]
    shown = [
        {"no": str(number), "source": problem.source or "/", "message": office.words(problem.message)}
        for number, problem in enumerate(problems[:SHOWN], start=1)
    ]
    if len(problems) > SHOWN:
        shown.append({"no": "…", "source": "/", "message": f"另有{len(problems) - SHOWN}处，见 .json 报告"})
    return {
        "org_name": office.settings.office.org_name,
        "unit": office.settings.office.unit,
        "checked_on": date_text(office.today()),
        "checked_by": office.account.person,
        "scope": f"{checked.objects}个对象（{checked.items}件，{checked.volumes}册），{checked.events}条日志",
        "depth": "重读每个字节" if checked.deep else "核对清单、登记和日志",
        "conclusion": f"有{len(problems)}处问题，见下表" if problems else "四性检测合格，没有发现问题",
        "audit_head": short_head(head),
        "audit_code": head,
        "checks": checks,
        "problems": shown,
    }
