"""Accounts and the roles granted to them (QS/PA758A 5.11.1; three administrators apart).

The system administrator keeps the accounts, the security administrator rights and clearances; nobody changes his own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from qrecords.acting import unheld
from qrecords.advice import Do, Input, advise, joined
from qrecords.errors import InvalidInput, NotFound, NotPermitted, Problem, UsageError, WrongState
from qrecords.model import values
from qrecords.model.access import (
    CENTRE,
    NAME_LENGTH,
    SECRECY_LEVELS,
    Account,
    Grant,
    Role,
    one_line,
    person_of,
)
from qrecords.model.answer import left_out
from qrecords.model.audit import digest
from qrecords.model.lookalikes import looks
from qrecords.model.record import Action
from qrecords.model.values import choice_key
from qrecords.office import Office
from qrecords.stores.register import Transaction

FIRST_CLEARANCE = SECRECY_LEVELS.index("内部")
# Letters, digits and ideographs a reader tells apart at sight; other alphabets hold letters that look the same.
_LETTER = "A-Za-z0-9_\u3400-\u9fff\U00020000-\U0003ffff"
_NAME = re.compile(f"[{_LETTER}][{_LETTER}.-]{{1,31}}")
NAMESAKES = advise("用 {} 查看；同名的人请在姓名后加部门", Do.LIST_ACCOUNTS)
LIMITS = {
    "unit": advise("单位（{}）", Input.UNIT),
    "branch": advise("兵种（{}）", Input.BRANCH),
    "until": advise("截止日（{}）", Input.UNTIL),
}


@dataclass(frozen=True, slots=True)
class RoleShown:
    """A role an account has now, with what it is limited to."""

    role: str
    label: str
    unit: str | None = left_out()
    branch: str | None = left_out()
    since: str | None = left_out()
    until: str | None = left_out()


@dataclass(frozen=True, slots=True)
class GrantShown:
    """A role once given, by whom and when, and when it was taken back; "" while it holds."""

    role: str
    unit: str
    branch: str
    since: str
    until: str
    granted_by: str
    granted_at: str
    revoked_by: str
    revoked_at: str


@dataclass(frozen=True, slots=True)
class AccountShown:
    """An account with its roles; `password` tells whether it has one. Its history is told when it is asked for."""

    name: str
    display_name: str
    uid: str | None
    password: bool
    active: bool
    unit: str
    clearance: str
    expires_on: str
    roles: tuple[RoleShown, ...]
    history: tuple[GrantShown, ...] | None = left_out()


def add(
    office: Office, name: str, *, display_name: str = "", uid: str = "", unit: str = "", expires_on: str = ""
) -> AccountShown:
    """Add an account without any right; `uid` lets an operating-system user in without a password."""
    about = f"account/{name}"
    office.authorise(Action.ACCOUNTS, about)
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"账号名「{name[:NAME_LENGTH]}」不行", remedy="请用2至32个英文字母、数字、汉字、点、横线")
    unit = one_line(unit, "单位")
    related = "" if unit == CENTRE else unit
    person = person_of(display_name, name) if display_name else name
    account = Account(name, person, uid or None, True, related, FIRST_CLEARANCE, (), expires_on)
    with office.register.write() as tx:
        for taken, what in (
            (tx.accounts.by_name(name), f"账号 {name}"),
            (tx.accounts.by_display_name(person), f"姓名 {person}"),
            (tx.accounts.by_uid(uid) if uid else None, f"系统用户 {uid}"),
        ):
            if taken:
                raise WrongState(f"{what} 已经有了", remedy=NAMESAKES)
        _require_unlike(tx, name, {"账号名": name, "姓名": person})
        tx.accounts.add(account, office.now())
        tx.audit.append([office.event(Action.ACCOUNTS, about, did="add", peer=bool(uid), unit=related)])
    return _after(office, name)


def rename(office: Office, name: str, display_name: str) -> AccountShown:
    """Say who the person of an account is; papers made from now on print it, what is archived stays as it is.

    In strict mode never one's own: rights on "own" records go by this name.
    """
    about = f"account/{name}"
    office.authorise(Action.ACCOUNTS, about)
    if office.rules.separation == "strict":
        _not_oneself(office, name, "改自己的姓名")
    with office.register.write() as tx:
        before = _known(tx, name).display_name
        person = person_of(display_name, name)
        if (taken := tx.accounts.by_display_name(person)) and taken.name != name:
            raise WrongState(f"姓名 {person} 已经有了", remedy=NAMESAKES)
        _require_unlike(tx, name, {"姓名": person})
        tx.accounts.change(name, display_name=person)
        tx.audit.append([office.event(Action.ACCOUNTS, about, did="rename", before=digest(before), now=digest(person))])
    return _after(office, name)


def _require_unlike(tx: Transaction, account: str, names: Mapping[str, str]) -> None:
    """Refuse names a reader would take for another account's: rights and signatures go by them."""
    for other in tx.accounts.all():
        if other.name == account:
            continue
        theirs = {known: looks(known) for known in (other.name, other.display_name)}
        for what, name in names.items():
            if like := next((known for known, keys in theirs.items() if keys & looks(name)), ""):
                raise WrongState(f"{what}「{name}」与账号 {other.name} 的「{like}」看起来一样", remedy=NAMESAKES)


def list_accounts(office: Office) -> list[AccountShown]:
    """Return all accounts with their roles in force; no password, no hash of one."""
    _may_look(office)
    with office.register.read() as tx:
        return [_shown(office, tx, account) for account in tx.accounts.all()]


def show(office: Office, name: str = "") -> AccountShown:
    """Return one account (one's own when none is named) with every grant it ever had."""
    name = name or office.account.name
    if name != office.account.name:
        _may_look(office)
    with office.register.read() as tx:
        account = _known(tx, name)
        history = tuple(
            GrantShown(
                g.role, g.unit, g.branch, g.since, g.until, g.granted_by, g.granted_at, g.revoked_by, g.revoked_at
            )
            for g in tx.accounts.grants(name)
        )
        return replace(_shown(office, tx, account), history=history)


def grant(office: Office, name: str, given: Grant) -> AccountShown:
    """Give an account a role, perhaps for one unit, branch or period; never to oneself."""
    about = f"account/{name}"
    office.authorise(Action.RIGHTS, about)
    _not_oneself(office, name, "给自己授权")
    role = _role(office, given.role)
    given = replace(
        given, role=role.name, unit=one_line(given.unit, "单位"), branch=one_line(given.branch, "用户类别/兵种")
    )
    if missing := [LIMITS[need] for need in role.needs if not getattr(given, need)]:
        raise UsageError(advise("授予 {} 要限定{}", role.label, joined("、", missing)), remedy="请补上后再授予")
    if given.since and given.until and given.until < given.since:
        raise UsageError("截止日早于起始日", remedy=advise("请核对 {} 和 {}", Input.SINCE, Input.UNTIL))
    if given.until and given.until < office.today():
        told = advise("请核对 {}；今天是 {}", Input.UNTIL, office.today())
        raise UsageError(f"截止日 {given.until} 已经过了，授予了也办不了事", remedy=told)
    given = replace(given, branch=_branch(office, given.branch))
    with office.register.write() as tx:
        _keep_apart(office, _known(tx, name), role)
        tx.accounts.grant(name, given, office.now(), office.account.name)
        limits = {k: v for k in ("unit", "branch", "since", "until") if (v := getattr(given, k))}
        tx.audit.append([office.event(Action.RIGHTS, about, did="grant", role=role.name, **limits)])
    return _after(office, name)


def _branch(office: Office, branch: str) -> str:
    """Return a branch as records say it: by any other name a right shows nothing, and nobody is told why."""
    choices: tuple[str, ...] = ()
    with suppress(NotFound):  # another procedure's forms may have none
        choices = next((f.choices for f in office.forms.block("customer") if f.key == "military_branch"), ())
    if not branch or not choices:
        return branch
    named = [choice for choice in choices if choice_key(choice) == choice_key(branch)]
    if not named:
        raise UsageError(f"没有用户类别/兵种「{branch}」", remedy=f"可用：{'、'.join(choices)}")
    return named[0]


def revoke(office: Office, name: str, role: str) -> AccountShown:
    """Take a role back at once; never one's own, and never the last one who can grant."""
    about, role = f"account/{name}", _role_name(office, role)
    office.authorise(Action.RIGHTS, about)
    _not_oneself(office, name, "收回自己的角色")
    with office.register.write() as tx:
        _known(tx, name)
        if not tx.accounts.revoke(name, role, office.now(), office.account.name):
            raise NotFound(f"账号 {name} 没有角色 {role}", remedy=advise("用 {} 查看", Do.SHOW_ACCOUNT(name)))
        _keep_three(office, tx)
        tx.audit.append([office.event(Action.RIGHTS, about, did="revoke", role=role)])
    return _after(office, name)


def clear(office: Office, name: str, level: str) -> AccountShown:
    """Set up to which secrecy level an account may read; never one's own."""
    about = f"account/{name}"
    office.authorise(Action.RIGHTS, about)
    _not_oneself(office, name, "改自己的涉密等级")
    if level not in SECRECY_LEVELS:
        raise UsageError(f"没有密级「{level}」", remedy=f"可用：{'、'.join(SECRECY_LEVELS)}")
    with office.register.write() as tx:
        before = SECRECY_LEVELS[_known(tx, name).clearance]
        tx.accounts.change(name, clearance=SECRECY_LEVELS.index(level))
        tx.audit.append([office.event(Action.RIGHTS, about, did="clearance", before=before, now=level)])
    return _after(office, name)


def set_active(office: Office, name: str, *, active: bool) -> AccountShown:
    """Put an account out of use, or back; its logins end at once. Never one's own."""
    about = f"account/{name}"
    office.authorise(Action.ACCOUNTS, about)
    _not_oneself(office, name, "停用或启用自己的账号")
    with office.register.write() as tx:
        _known(tx, name)
        tx.accounts.change(name, active=active)
        _keep_three(office, tx)
        if not active:
            tx.accounts.close_sessions(name=name)
        tx.audit.append([office.event(Action.ACCOUNTS, about, did="enable" if active else "disable")])
    return _after(office, name)


def roles(office: Office) -> list[Role]:
    """Return the roles of access.toml."""
    return list(office.access.roles.values())


def _after(office: Office, name: str) -> AccountShown:
    """Return an account as it is after a change."""
    with office.register.read() as tx:
        return _shown(office, tx, _known(tx, name))


def _may_look(office: Office) -> None:
    if not any(office.allows(a) for a in (Action.RIGHTS, Action.AUDIT_READ)):
        office.authorise(Action.ACCOUNTS, "accounts")


def _known(tx: Transaction, name: str) -> Account:
    account = tx.accounts.by_name(name)
    if account is None:
        raise NotFound(f"没有账号 {name}", remedy=advise("用 {} 查看账号", Do.LIST_ACCOUNTS))
    return account


def _not_oneself(office: Office, name: str, what: str) -> None:
    if name != office.account.name:
        return
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.RIGHTS, f"account/{name}", outcome="refused", why="oneself")])
    raise NotPermitted(f"不能{what}", remedy="请由另一位有权限的管理员办理")


def _role_name(office: Office, named: str) -> str:
    """Return the role a word means: its name, its label, or one of the words of a label that joins two."""
    wanted = values.choice_key(named)
    for role in roles(office):
        if wanted in {values.choice_key(word) for word in (role.name, role.label, *role.label.split("/"))}:
            return role.name
    return named


def _role(office: Office, name: str) -> Role:
    found = office.access.roles.get(_role_name(office, name))
    if found is None:
        known = "、".join(f"{r.name}（{r.label}）" for r in roles(office))
        raise NotFound(f"没有角色 {name}", remedy=f"可用：{known}；角色写在 access.toml")
    if found.single_desk and office.rules.separation == "strict":
        raise NotPermitted(f"三员分立（strict）：不能授予 {found.label}", remedy="请按职责授予各个角色")
    return found


def _keep_apart(office: Office, account: Account, role: Role) -> None:
    """Nobody holds two administrators' roles, nor one beside a role of the records."""
    known = office.access.roles
    held = sorted({g.role for g in account.grants if g.role in known and g.role != role.name})
    clash = [n for n in held if role.administrator or known[n].administrator]
    if clash:
        raise NotPermitted(
            f"三员分立：账号 {account.name} 已有角色 {'、'.join(clash)}，不能再有 {role.name}",
            remedy="三员互不兼任，也不兼办记录；请授予另一个账号，或先收回原有角色",
            problems=[Problem(f"已有 {known[n].label}", source=n) for n in clash],
        )


def _keep_three(office: Office, tx: Transaction) -> None:
    """In strict mode no change may leave one of the three unheld: the office would not open any more."""
    if office.rules.separation == "strict" and (missing := unheld(tx)):
        names = "、".join(office.access.roles[role].label for role in missing)
        raise WrongState(f"这样就没有{names}了", remedy="请先把这个角色授予另一个账号")


def _shown(office: Office, tx: Transaction, account: Account) -> AccountShown:
    known, password = office.access.roles, tx.accounts.password(account.name)
    roles = [
        RoleShown(
            role=g.role,
            label=known[g.role].label if g.role in known else "（access.toml 里没有）",
            unit=g.unit or None,
            branch=g.branch or None,
            since=g.since or None,
            until=g.until or None,
        )
        for g in account.grants
    ]
    return AccountShown(
        name=account.name,
        display_name=account.display_name,
        uid=account.uid,
        password=bool(password and password.hash),
        active=account.active,
        unit=account.unit,
        clearance=SECRECY_LEVELS[account.clearance],
        expires_on=account.expires_on,
        roles=tuple(roles),
    )
