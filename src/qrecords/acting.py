"""Who is acting: the operating-system user by its uid (peer), or someone who gave his password (login).

Nothing is taken from USER, LOGNAME or the like. In strict mode the workspace belongs to a service account, sudo starts
the program, and strict.py says who called; a caller who could write the files himself is refused.
"""

from __future__ import annotations

import csv
import hmac
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from qrecords.advice import Do, Input, advise
from qrecords.errors import IntegrityFailure, NotPermitted, WrongState
from qrecords.model.access import Account, Rules
from qrecords.model.audit import Event
from qrecords.model.roles import ADMINISTRATION
from qrecords.ports import Register
from qrecords.settings import AccessSettings, Settings
from qrecords.stores.register import Transaction
from qrecords.stores.register.accounts import Password
from qrecords.stores.register.logintries import Tries
from qrecords.stores.secrets import password_fits, read_token, token_file, token_hash
from qrecords.strict import HOW, RUN, require_here, require_private

PASSWORD_VARIABLE = "QRECORDS_PASSWORD"  # noqa: S105  # the name of a variable, no password
LONGEST_LOCK = timedelta(hours=24)
STRANGERS = 10  # times a place's tries: what all places the right password never came from have together
PLACES_KEPT = timedelta(days=400)


def peer_uid() -> str:
    """Return the operating-system user's id; never taken from an environment variable."""
    if sys.platform != "win32":
        return str(os.getuid())
    answer = subprocess.run(["whoami", "/user", "/fo", "csv", "/nh"], capture_output=True, text=True, check=True)
    return next(csv.reader([answer.stdout.strip()]))[1]


LOGIN = Do.LOGIN(Input.ACCOUNT("账号"))


def caller_uid(settings: Settings) -> str:
    """Return whose request this is; in strict mode NotPermitted for one who could write the files himself."""
    if settings.access.separation != "strict":
        return peer_uid()
    if sys.platform == "win32":
        raise NotPermitted("三员分立（strict）要在 Linux 或 macOS 上用服务账号运行", remedy="请在服务器上运行")
    if RUN.callers is None:
        raise NotPermitted("三员分立（strict）：工作区属于服务账号，不能直接操作", remedy=HOW)
    require_here(settings.root)
    require_private(settings.root)
    return str(RUN.callers.uid)


def require_three(register: Register[Transaction], rules: Rules) -> None:
    """Refuse strict mode until each administrator's role is held, by different accounts in use."""
    if rules.separation != "strict":
        return
    with register.read() as tx:
        missing = unheld(tx)
    if missing:
        names = "、".join(f"{rules.roles[role].label}（{role}）" for role in missing)
        raise WrongState(
            f"三员分立（strict）还缺：{names}",
            remedy=advise('请先把 separation 改回 "single-desk"，用 {} 授予三个不同的账号，再改为 strict', Do.GRANT),
        )


def unheld(tx: Transaction) -> list[str]:
    """Return the administrators' roles no account in use holds."""
    held = {g.role for account in tx.accounts.all() if account.active for g in account.grants}
    return [role for role in ADMINISTRATION if role not in held]


def acting_account(
    register: Register[Transaction], settings: Settings, name: str | None, now: datetime, uid: str = ""
) -> Account:
    """Return the account this run acts for, or refuse whoever is not known or not in use; `uid`: who calls."""
    uid = uid or caller_uid(settings)
    with register.read() as tx:
        peer = tx.accounts.by_uid(uid)
    if peer is not None and peer.name == name:
        found: Account | None = peer
    elif name is not None and (password := os.environ.get(PASSWORD_VARIABLE)):
        found = authenticate(register, settings.access, name, password, now, origin=f"uid/{uid}")
    else:
        found = _logged_in(register, uid, name, now) or (peer if name is None else None)
    if found is None:
        who = f"账号 {name} 没有登录" if name else f"系统用户 {uid} 不是这个工作区的账号，也没有登录"
        raise NotPermitted(who, remedy=advise("请先登录：{}；没有账号请找系统管理员", LOGIN))
    with register.read() as tx:
        return in_use(tx, found, now)


def in_use(tx: Transaction, account: Account, now: datetime, seal: str = "") -> Account:
    """Return an account that may be used today; NotPermitted when it is disabled or past its last day.

    IntegrityFailure when its name, level or roles are otherwise than the log says: someone edited the register. `seal`
    is the account's as it is now, where that is known.
    """
    if not tx.seals.is_as_logged(account.name, seal):
        raise IntegrityFailure(
            f"账号 {account.name} 的登记（姓名、等级、角色等）与日志里的不同，可能被人改过",
            remedy=advise("请停止使用，核对后从备份恢复（{}）", Do.RESTORE),
        )
    if not account.active or (account.expires_on and now.date().isoformat() > account.expires_on):
        why = "已停用" if not account.active else f"已于 {account.expires_on} 到期"
        raise NotPermitted(f"账号 {account.name} {why}", remedy="请找系统管理员处理")
    return account


def account_in_use(register: Register[Transaction], name: str, now: datetime) -> Account:
    """Return the account of a name, for who is known to be that person; NotPermitted when it may not be used."""
    with register.read() as tx:
        found = tx.accounts.by_name(name)
        if found is None:
            raise NotPermitted(f"那里没有账号 {name}", remedy="请由那里有的账号办")
        return in_use(tx, found, now)


def authenticate(
    register: Register[Transaction],
    settings: AccessSettings,
    name: str,
    password: str,
    now: datetime,
    *,
    origin: str = "",
    expired_too: bool = False,
) -> Account:
    """Return the account whose password this is. One answer for an unknown account, a wrong password and a lock.

    `origin` is where the try comes from. A try is counted before it is looked at, so that many at once are many.
    `expired_too` lets a password pass that may only be used to change it.
    """
    with register.write() as tx:
        known = tx.accounts.password(name)
        locked = known is not None and not _may_try(tx, settings, name, known, origin, now)
    fits = password_fits("" if known is None or locked else known.hash, password)
    with register.write() as tx:
        outcome = "done" if fits else "refused"
        about = name if known is not None else "unknown"  # what is typed there by mistake may be a password
        tx.audit.append([Event(0, now.isoformat(), about, "login", about, outcome, {"locked": True} if locked else {})])
        if fits:
            tx.accounts.change(name, failures=0, locked_until="")
            tx.login_tries.put(Tries(name, origin, succeeded_at=_utc(now), tried_at=_utc(now)))
        account = tx.accounts.by_name(name)
    if not fits or account is None or known is None:
        raise NotPermitted(
            "账号或密码不对，或账号暂时锁定",
            remedy="请核对后再试；连续输错会锁定，时间逐次加长；忘了密码请找系统管理员",
        )
    if not expired_too and (known.must_change or _is_old(settings, known, now)):
        raise NotPermitted(f"账号 {name} 的密码要先修改", remedy=advise("请先改密码：{}", Do.SET_PASSWORD(name)))
    with register.read() as tx:
        return in_use(tx, account, now)


def _may_try(tx: Transaction, settings: AccessSettings, name: str, known: Password, origin: str, now: datetime) -> bool:
    """Count a try, and tell whether it is looked at.

    Each place locks itself, longer each time. Places the right password never came from have, all together, so many
    tries; from then on one every `lock_minutes`. So guessing from many addresses is hopeless, and who comes from where
    he came before is shut out by nobody else.
    """
    at, tries = _utc(now), tx.login_tries.get(name, origin)
    is_stranger = not tries.succeeded_at
    if tries.locked_until > at or (is_stranger and known.locked_until > at):
        return False
    tx.login_tries.forget(name, before=_utc(now - PLACES_KEPT), now=at)
    failures = tries.failures + 1
    tx.login_tries.put(
        replace(tries, failures=failures, locked_until=_locked_until(settings, failures, now), tried_at=at)
    )
    if is_stranger:
        failures = known.failures + 1
        over = failures >= STRANGERS * settings.failures_before_lock
        until = _utc(now + timedelta(minutes=settings.lock_minutes)) if over else ""
        tx.accounts.change(name, failures=failures, locked_until=until)
    return True


def _logged_in(register: Register[Transaction], uid: str, name: str | None, now: datetime) -> Account | None:
    """Return whose token the caller holds; None when he holds none, or one of another account than asked for."""
    token = read_token(token_file(register.register_id, uid))
    if not token:
        return None
    sha256 = token_hash(token)
    with register.read() as tx:
        account, kept = tx.accounts.by_token(sha256, _utc(now))
    if account is None or not hmac.compare_digest(sha256, kept):
        raise NotPermitted("登录已过期或已失效", remedy=advise("请重新登录：{}，或先 {}", LOGIN, Do.LOGOUT))
    return account if name in {None, account.name} else None


def _locked_until(settings: AccessSettings, failures: int, now: datetime) -> str:
    over = failures - settings.failures_before_lock
    if over < 0:
        return ""
    lock = min(timedelta(minutes=settings.lock_minutes) * 2 ** min(over, 20), LONGEST_LOCK)
    return _utc(now + lock)


def _is_old(settings: AccessSettings, known: Password, now: datetime) -> bool:
    if not settings.password_max_days:
        return False
    return now - datetime.fromisoformat(known.set_at) > timedelta(days=settings.password_max_days)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
