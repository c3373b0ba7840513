"""管理: accounts and what each role may, the office's lists, the forms and their templates, the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.responses import Response

from qrecords.errors import InvalidInput, NotFound, QRecordsError, UsageError
from qrecords.model.access import SECRECY_LEVELS, Grant
from qrecords.model.audit import OUTCOME_LABELS
from qrecords.model.clock import CLOCK
from qrecords.model.job import JOB_LABELS, Job
from qrecords.model.lists import KINDS
from qrecords.model.record import ACTION_LABELS, STATE_LABELS, Action
from qrecords.model.values import parse_date
from qrecords.services import jobs
from qrecords.services.access import accounts, audit, login
from qrecords.services.intake import lists, named
from qrecords.services.intake.forms import list_forms, show_form
from qrecords.services.intake.templatecheck import check_forms
from qrecords.services.intake.templates import adopt, tags_of, template_file, template_name
from qrecords.services.packs import packs, switch
from qrecords.stores.given import GivenFile
from qrecords.stores.register.audit import Wanted
from qrecords.web.asked import Asked, download, pdf
from qrecords.web.pages.working import LABELS
from qrecords.web.wording import worded

EVENTS = 100  # a page of the log
ENTRIES = 500
COMPARED = 4  # pages of a sample shown before and after
ACTIONS = {str(action): label for action, label in ACTION_LABELS.items()} | {
    CLOCK: "声明时钟",
    "login": "登录",
    "logout": "退出",
}
TYPES = {
    "text": "文字", "ltext": "多行文字", "date": "日期", "datetime": "日期时间", "int": "整数", "dec": "数值",
    "enum": "单选", "multi": "多选", "bool": "是否", "rows": "明细表",
    "signature": "签名处", "seal": "盖章处", "computed": "自动计算",
}  # fmt: skip
WHOSE = {"own": "本人的", "unit": "本单位的"}


def office(asked: Asked) -> Response:
    """Show what there is to manage, of what the account has a part in."""
    session = asked.session
    looks = any(session.allows(a) for a in (Action.RIGHTS, Action.AUDIT_READ, Action.ACCOUNTS))
    procedure, year = session.forms.procedure, int(session.today()[:4])
    years = procedure.calendar.years()
    return asked.page(
        "office.html", looks=looks, reads_log=session.allows(Action.AUDIT_READ), kinds=lists.kinds_of(session),
        people=procedure.people_lists, holidays=sorted(years), unknown="" if year in years else year,
        folder=session.settings.forms.folder,
        administers=session.allows(Action.ADMINISTER), destroys=session.allows(Action.DESTROY),
        last=[*_last_done(asked)], states_of=JOB_LABELS,
    )  # fmt: skip


def _last_done(asked: Asked) -> Iterator[tuple[str, Job]]:
    """Give what the office is asked about first, with the last time it was done as a job: backup, check."""
    ended = [job for job in jobs.list_jobs(asked.session) if job.ended_at]
    for kind in ("backup", "verify"):
        if last := next((job for job in ended if job.kind == kind), None):
            yield LABELS[kind], last


def name_people(asked: Asked) -> Response:
    """Change the names of one of the office's lists of people."""
    names = named.name_people(asked.session, asked.text("list"), re.split(r"[\n，、；;]+", asked.text("names")))
    asked.request.app.state.forms.tell()
    return asked.go("/office", f"名单上现在有{len(names)}人：{'、'.join(names)}" if names else "名单空了：不限")


def name_days(asked: Asked) -> Response:
    """Write down special days."""
    count = named.name_days(asked.session, asked.text("days").splitlines())
    asked.request.app.state.forms.tell()
    return asked.go("/office", f"已记下{count}天")


# Accounts


def people(asked: Asked) -> Response:
    """Show the accounts, and what each role may as a table."""
    session = asked.session
    found = accounts.list_accounts(session)
    roles = accounts.roles(session)
    actions = [a for a in Action if any(a in right.actions for role in roles for right in role.rights)]
    matrix = [(ACTION_LABELS[a], [_may(role.rights, a) for role in roles]) for a in actions]
    return asked.page(
        "accounts.html", accounts=found, roles=roles, matrix=matrix, levels=SECRECY_LEVELS,
        keeps=session.allows(Action.ACCOUNTS), grants=session.allows(Action.RIGHTS), rules=session.settings.access,
    )  # fmt: skip


_STATES = {state.value: label for state, label in STATE_LABELS.items()}


def _may(rights: Any, action: Action) -> str:
    """Return in a few words on what a role may take an action: 「全部」, or its limits."""
    told = []
    for right in rights:
        if action in right.actions:
            limits = [WHOSE.get(right.whose, ""), *right.forms, *(_STATES[s] for s in right.states), *right.topics]
            told.append(" ".join(filter(None, limits)) or "全部")
    return "全部" if "全部" in told else "；".join(dict.fromkeys(told))


def change_account(asked: Asked) -> Response:
    """Change an account, or make one."""
    session, name = asked.session, asked.text("name").strip()
    match asked.path["action"]:
        case "add":
            until = _day(asked.text("until"))
            told = {"display_name": asked.text("display_name"), "unit": asked.text("unit"), "expires_on": until}
            accounts.add(session, name, **told)
            told_ = f"已增加账号 {name}；还没有角色和密码"
        case "rename":
            accounts.rename(session, name, asked.text("display_name"))
            told_ = f"{name} 的姓名已改"
        case "grant":
            since, until = _day(asked.text("since")), _day(asked.text("until"))
            given = Grant(asked.text("role"), asked.text("unit"), asked.text("branch"), since, until)
            accounts.grant(session, name, given)
            told_ = f"已授予 {name}：{given.role}"
        case "revoke":
            accounts.revoke(session, name, asked.text("role"))
            told_ = f"已收回 {name} 的 {asked.text('role')}"
        case "clearance":
            accounts.clear(session, name, asked.text("level"))
            told_ = f"{name} 的涉密等级已改为{asked.text('level')}"
        case "enable" | "disable" as how:
            accounts.set_active(session, name, active=how == "enable")
            told_ = f"账号 {name} 已{'启用' if how == 'enable' else '停用'}"
        case "password":
            if asked.text("new") != asked.text("again"):
                raise InvalidInput("两次写的密码不同，没有设", remedy="请再写一遍")
            login.set_password(session, name, asked.text("new"))
            told_ = f"{name} 的密码已设；本人登录时要先修改"
        case _:
            raise UsageError("没有这一步", remedy="请从「账号」里选")
    return asked.go("/office/accounts", told_)


def _day(text: str) -> str:
    try:
        return parse_date(text) if text.strip() else ""
    except ValueError as error:
        raise InvalidInput(str(error), remedy="请写成 2026-03-05 的样子") from None


# Customers and products


def entries(asked: Asked) -> Response:
    """Show a list, or the entries with some words in them."""
    kind, words = _kind(asked), asked.query("q")
    found = lists.list_entries(asked.session, kind, words)
    fields = lists.list_fields(asked.session, kind)
    return asked.page(
        "entries.html", kind=kind, words=words, entries=found[:ENTRIES], more=max(0, len(found) - ENTRIES),
        fields=fields, keeps=asked.session.allows(Action.KEEP_LISTS), series=lists.SERIES,
    )  # fmt: skip


def _kind(asked: Asked) -> Any:
    if (kind := KINDS.get(asked.path["name"])) is None:
        raise NotFound("没有这份清单", remedy="请从「管理」里选")
    return kind


def add_entry(asked: Asked) -> Response:
    """Add an entry, or change what it says."""
    kind = _kind(asked)
    labels = {f.key: f.label for f in lists.list_fields(asked.session, kind)}
    written = {label: text for key, label in labels.items() if (text := asked.text(f"entry.{key}").strip())}
    return _kept(asked, lists.add_entry(asked.session, kind, written))


def import_entries(asked: Asked) -> Response:
    """Take a file into a list."""
    return _kept(asked, lists.import_entries(asked.session, _kind(asked), _uploaded(asked)))


def _kept(asked: Asked, kept: lists.Kept) -> Response:
    told = f"新增{kept.added}条，更新{kept.changed}条，共{kept.total}条"
    return asked.go(f"/office/lists/{asked.path['name']}", "；".join([told, *map(worded, kept.notes)]))


def _uploaded(asked: Asked) -> GivenFile:
    if (upload := asked.file("file")) is None:
        raise UsageError("没有选文件", remedy="请选一个文件")
    return GivenFile(Path((upload.filename or "").replace("\\", "/")).name[-120:], upload.file.read())


# Forms


def forms(asked: Asked) -> Response:
    """Show the controlled forms."""
    return asked.page("office_forms.html", forms=list_forms(asked.session))


def form(asked: Asked) -> Response:
    """Show a form as the clerk sees it, the tags of its template, and a place to try another one."""
    session = asked.session
    shown = show_form(session, asked.path["form"])
    return asked.page(
        "office_form.html", form=shown, types=TYPES, tags=tags_of(session.forms.get(shown.code).form), checked=None,
        administers=session.allows(Action.ADMINISTER),
    )  # fmt: skip


def form_page(asked: Asked) -> Response:
    """Give the form's page as its template prints it now, with the sample in it."""
    folder = asked.session.forms.get(asked.path["form"])
    values = folder.form.check(folder.sample()).values
    return pdf(asked.request.app.state.printer.page(asked.session, folder.form.code, values), f"{folder.form.code}.pdf")


def form_template(asked: Asked) -> Response:
    """Give the template of a form, to be changed in Word."""
    found = asked.session.forms.get(asked.path["form"]).form
    return download(template_name(found), template_file(asked.session, found.code))


def try_template(asked: Asked) -> Response:
    """Check a template, or put it in place when it passes."""
    session, source = asked.session, _uploaded(asked)
    shown = show_form(session, asked.path["form"])
    session.authorise(Action.ADMINISTER, f"{shown.code}/template")
    if asked.text("adopt"):
        done = adopt(session, shown.code, source)
        asked.request.app.state.forms.tell()
        same = done.sha256 == done.before
        told = "就是现用的模板，没有变动" if same else f"模板已换成 {source.name}；以前的印件、归档件不受影响"
        return asked.go(f"/office/forms/{shown.code}", told)
    checked = check_forms(session, [shown.code], template=source, pages=True)
    return asked.page(
        "office_form.html", 422 if checked.problems else 200, form=shown, types=TYPES, checked=checked,
        tags=tags_of(session.forms.get(shown.code).form), administers=True, tried=source.name,
        before=_pictures(asked, shown.code, None), after=_pictures(asked, shown.code, source),
    )  # fmt: skip


def _pictures(asked: Asked, code: str, template: GivenFile | None) -> list[str]:
    """Return the words for the pictures of a form's sample pages; none when nothing is printed."""
    folder, state = asked.session.forms.get(code), asked.request.app.state
    try:
        values = folder.form.check(folder.sample()).values
        pdf = state.printer.page(asked.session, code, values, template)
        first = state.pictures.page(pdf, (), 1)
        more = [state.pictures.page(pdf, (), n) for n in range(2, min(first.pages, COMPARED) + 1)]
    except QRecordsError:  # what is wrong with the template is among the problems of the check
        return []
    return [state.showing.keep(asked.session.account.name, shown.picture) for shown in (first, *more)]


def tried_page(asked: Asked) -> Response:
    """Give the picture of a page that stands beside another one where a template is tried."""
    asked.session.authorise(Action.ADMINISTER, f"{asked.path['form']}/template")
    picture = asked.request.app.state.showing.look(asked.session.account.name, asked.query("word"))
    if picture is None:
        raise NotFound("这一页的图已经不在了", remedy="请再检查一次模板")
    return Response(picture, media_type="image/png")


# Optional parts


def optional_parts(asked: Asked) -> Response:
    """Show the optional parts, what each brings, and whether it is on."""
    session = asked.session
    session.authorise(Action.ADMINISTER, "packs")
    return asked.page("packs.html", packs=packs(session))


def switch_part(asked: Asked) -> Response:
    """Turn an optional part on or off."""
    done = switch(asked.session, asked.path["name"], on=asked.text("turn") == "on")
    asked.request.app.state.forms.tell()
    told = "已开：它的表式、期限和报表可以用了" if done.on else "已关：不再填写、提醒、统计，已归档的照样可查"
    return asked.go("/office/packs", f"{done.title}{told}")


# The log


def log(asked: Asked) -> Response:
    """Show events that fit, the newest last."""
    words = {name: asked.query(name).strip() for name in ("object", "account", "action", "from", "to")}
    wanted = Wanted(words["object"], words["account"], words["action"], _day(words["from"]), _day(words["to"]))
    after = asked.query("after")
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 12 else None
    found = audit.list_events(asked.session, wanted, limit=EVENTS, after=start)
    return asked.page(
        "log.html", found=found, words=words, actions=ACTIONS, outcomes=OUTCOME_LABELS, plain=_plain, checked=None,
        onward=start is not None,
        exports=asked.session.allows(Action.AUDIT_EXPORT), closes=asked.session.allows(Action.AUDIT_CLOSE),
    )  # fmt: skip


def _plain(detail: Mapping[str, Any]) -> str:
    return "，".join(f"{k}={str(v)[:60]}" for k, v in detail.items() if k not in {"via", "origin", "sealed"})


def verify_log(asked: Asked) -> Response:
    """Check the chain of the log, and heads someone copied from paper."""
    heads = [word for word in asked.text("heads").split() if word]
    checked = audit.verify_log(asked.session, heads)
    return asked.page("log_checked.html", checked=checked)


def close_log(asked: Asked) -> Response:
    """File the log since it was last filed."""
    done = audit.close_segment(asked.session)
    return asked.go("/office/log", f"日志段 {done.number} 已封存：第{done.first_seq}条到第{done.last_seq}条")


def export_log(asked: Asked) -> Response:
    """Give a stretch of the log as a file anyone can check."""
    since, until = _day(asked.text("from")), _day(asked.text("to"))
    done, lines = audit.export_events(asked.session, date_from=since, date_to=until)
    return download(f"日志 {done.first_seq}-{done.last_seq}.jsonl", lines)
