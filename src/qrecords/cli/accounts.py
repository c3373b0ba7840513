"""accounts, login, logout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table
from qrecords.errors import UsageError
from qrecords.model.access import Grant
from qrecords.model.clock import shown
from qrecords.model.record import ACTION_LABELS, Action
from qrecords.settings import find_root

if TYPE_CHECKING:
    from qrecords.services.access.accounts import AccountShown

NEW_PASSWORD_VARIABLE = "QRECORDS_NEW_PASSWORD"  # noqa: S105  # the name of a variable, no password
NAME = click.argument("name", metavar="账号")
LEVELS = ("公开", "内部", "秘密", "机密")


@click.group(cls=chinese.Group)
def accounts() -> None:
    """账号、角色、涉密等级：谁能办什么、看什么。角色的内容写在 access.toml。"""


@accounts.command()
@NAME
@click.option(
    "--name",
    "display_name",
    metavar="姓名",
    default="",
    help="姓名，与通知单上指派人员写的一样（不写的，表上留空待手签）",
)
@click.option(
    "--user",
    "uid",
    metavar="系统用户",
    type=types.SystemUser(),
    help="这个系统用户不用密码即以此账号操作（名称或 uid）",
)
@click.option("--unit", metavar="单位", default="", help="所属相关单位（默认：客户服务中心）")
@click.option("--until", "expires_on", type=types.Day(), default=None, help="最后可用的一天")
@pass_session
def add(session: Session, name: str, display_name: str, uid: str | None, unit: str, expires_on: str | None) -> None:
    """增加账号；新账号没有任何角色。不用 --user 的，再用 accounts passwd --reset 设密码。"""
    from qrecords.services.access.accounts import add as add_account

    made = add_account(
        session.office, name, display_name=display_name, uid=uid or "", unit=unit, expires_on=expires_on or ""
    )
    then = [] if uid else [f"→ 设初始密码：qrecords accounts passwd {name} --reset"]
    lines = [f"✓ 已增加账号 {name}", *then, f"→ 授予角色：qrecords accounts grant {name} 角色"]
    session.answer({"account": made}, lines)


@accounts.command()
@NAME
@click.argument("person", metavar="姓名")
@pass_session
def rename(session: Session, name: str, person: str) -> None:
    """写上或改正账号的姓名；以后的归档人、立卷人、更改人印这个姓名，已归档的不变。"""
    from qrecords.services.access.accounts import rename as name_person

    found = name_person(session.office, name, person)
    session.answer({"account": found}, [f"✓ 姓名已改为 {found.display_name}", *_lines(found)])


@accounts.command("list")
@pass_session
def list_(session: Session) -> None:
    """列出全部账号和现有角色。"""
    from qrecords.services.access.accounts import list_accounts

    found = list_accounts(session.office)
    rows = [
        (a.name, a.display_name, a.unit or "中心", a.clearance, "在用" if a.active else "停用",
         "、".join(r.role for r in a.roles) or "无")
        for a in found
    ]  # fmt: skip
    session.answer({"accounts": found}, table(("账号", "姓名", "单位", "涉密等级", "状态", "角色"), rows))


@accounts.command()
@click.argument("name", metavar="[账号]", default="")
@pass_session
def show(session: Session, name: str) -> None:
    """查看一个账号（默认：自己），连同历次授权。"""
    from qrecords.services.access.accounts import show as show_account

    found = show_account(session.office, name)
    lines = _lines(found)
    for g in found.history or ():
        ended = f"，{session.when(g.revoked_at)} 由 {g.revoked_by} 收回" if g.revoked_at else ""
        lines.append(f"  {session.when(g.granted_at)}  {g.role}  由 {g.granted_by} 授予{ended}")
    session.answer({"account": found}, lines)


@accounts.command()
@pass_session
def roles(session: Session) -> None:
    """列出 access.toml 里的角色，各能做什么。"""
    from qrecords.services.access.accounts import roles as all_roles

    found = all_roles(session.office)
    lines: list[str] = []
    for role in found:
        lines.append(f"{role.name}  {role.label}")
        for right in role.rights:
            what = "全部" if len(right.actions) == len(Action) else "、".join(
                label for action, label in ACTION_LABELS.items() if action in right.actions
            )  # fmt: skip
            limits = [
                *right.forms,
                {"own": "本人的", "unit": "本单位的"}.get(right.whose, ""),
                *right.states,
                *right.topics,
            ]
            lines.append(f"    {what}" + (f"（{' '.join(filter(None, limits))}）" if any(limits) else ""))
    session.answer({"roles": [{"role": r.name, "label": r.label, "needs": list(r.needs)} for r in found]}, lines)


@accounts.command()
@NAME
@click.argument("role", metavar="角色")
@click.option("--unit", metavar="单位", default="", help="只限这个相关单位承办的记录")
@click.option("--branch", metavar="兵种", default="", help="只限这个用户类别/兵种的记录")
@click.option("--since", type=types.Day(), default=None, help="从这一天起")
@click.option("--until", type=types.Day(), default=None, help="到这一天止")
@pass_session
def grant(session: Session, name: str, role: str, unit: str, branch: str, since: str | None, until: str | None) -> None:
    """授予角色，可限于单位、兵种、时间；不能授予自己。"""
    from qrecords.services.access.accounts import grant as give

    found = give(session.office, name, Grant(role, unit, branch, since or "", until or ""))
    session.answer({"account": found}, [f"✓ 已授予 {role}", *_lines(found)])


@accounts.command()
@NAME
@click.argument("role", metavar="角色")
@pass_session
def revoke(session: Session, name: str, role: str) -> None:
    """收回角色，立即生效。"""
    from qrecords.services.access.accounts import revoke as take_back

    found = take_back(session.office, name, role)
    session.answer({"account": found}, [f"✓ 已收回 {role}", *_lines(found)])


@accounts.command()
@NAME
@click.argument("level", metavar="密级", type=types.Word(LEVELS))
@pass_session
def clearance(session: Session, name: str, level: str) -> None:
    """设定涉密等级：能查阅的最高密级。"""
    from qrecords.services.access.accounts import clear

    found = clear(session.office, name, level)
    session.answer({"account": found}, [f"✓ 涉密等级已改为{level}", *_lines(found)])


@accounts.command()
@NAME
@pass_session
def disable(session: Session, name: str) -> None:
    """停用账号，已有的登录立即失效。"""
    _set_active(session, name, active=False)


@accounts.command()
@NAME
@pass_session
def enable(session: Session, name: str) -> None:
    """重新启用账号。"""
    _set_active(session, name, active=True)


@accounts.command()
@NAME
@click.option("--reset", is_flag=True, help="系统管理员为他人设密码，本人下次须先修改")
@pass_session
def passwd(session: Session, name: str, reset: bool) -> None:
    """修改密码。密码从提示输入，或由 QRECORDS_PASSWORD（现在的）、QRECORDS_NEW_PASSWORD（新的）给出。"""
    from qrecords.services.access.login import change_password, set_password

    if reset:
        set_password(session.office, name, _password("新密码", NEW_PASSWORD_VARIABLE, confirm=True))
    else:
        old = _password("现在的密码", "QRECORDS_PASSWORD")
        change_password(_root(session), name, old, _password("新密码", NEW_PASSWORD_VARIABLE, confirm=True))
    session.answer({"account": {"name": name}}, [f"✓ {name} 的密码已改；原有登录已失效，请重新登录"])


@click.command(cls=chinese.Command)
@click.argument("name", metavar="[账号]", default="")
@pass_session
def login(session: Session, name: str) -> None:
    """用密码登录，之后的命令都以这个账号操作，直到 logout 或过期。"""
    from qrecords.services.access.login import login as log_in

    name = name or session.account or ""
    if not name:
        raise UsageError("没有写账号", remedy="例如 qrecords login zhang")
    account, until = log_in(_root(session), name, _password("密码", "QRECORDS_PASSWORD"))
    lines = [f"✓ 已登录：{account.name}（{account.display_name}），有效至 {shown(until)}"]
    session.answer({"account": {"name": account.name}, "until": until}, lines)


@click.command(cls=chinese.Command)
@pass_session
def logout(session: Session) -> None:
    """退出登录。"""
    from qrecords.services.access.login import logout as log_out

    name = log_out(_root(session))
    session.answer({"account": {"name": name} if name else None}, [f"✓ 已退出：{name}" if name else "没有登录"])


def _set_active(session: Session, name: str, *, active: bool) -> None:
    from qrecords.services.access.accounts import set_active

    found = set_active(session.office, name, active=active)
    session.answer({"account": found}, [f"✓ 账号 {name} 已{'启用' if active else '停用'}"])


def _lines(account: AccountShown) -> list[str]:
    lines = [
        f"账号    {account.name}（{account.display_name}）{'' if account.active else '，已停用'}",
        f"单位    {account.unit or '客户服务中心'}，涉密等级 {account.clearance}",
    ]
    for role in account.roles:
        limits = [limit for limit in (role.unit, role.branch, role.since, role.until) if limit]
        lines.append(f"角色    {role.role}  {role.label}" + (f"（限 {'，'.join(limits)}）" if limits else ""))
    return lines if account.roles else [*lines, "角色    无"]


def _root(session: Session) -> Path:
    return find_root(session.root)


def _password(what: str, variable: str, *, confirm: bool = False) -> str:
    """Return a password from the variable or the prompt; never from the command line, which others can see."""
    if found := os.environ.get(variable):
        return found
    if not sys.stdin.isatty():
        raise UsageError(f"没有给出{what}", remedy=f"请在终端运行，或用环境变量 {variable} 给出")
    text: str = click.prompt(what, hide_input=True, confirmation_prompt="再输一遍" if confirm else False, err=True)
    return text
