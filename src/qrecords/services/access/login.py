"""Log in with a password, log out, change a password (QS/PA758A 5.11.1)."""

from __future__ import annotations

import unicodedata
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qrecords.acting import authenticate, caller_uid
from qrecords.advice import Do, advise
from qrecords.desk.places import open_register
from qrecords.errors import InvalidInput, NotFound, Problem
from qrecords.model.access import Account
from qrecords.model.audit import Event
from qrecords.model.record import Action
from qrecords.office import Clock, Office, system_now
from qrecords.ports import Register
from qrecords.settings import AccessSettings, load
from qrecords.stores.register import Transaction
from qrecords.stores.secrets import (
    LONGEST,
    hash_password,
    new_token,
    password_fits,
    read_token,
    token_file,
    token_hash,
    write_token,
)


def login(root: Path, name: str, password: str, *, clock: Clock = system_now) -> tuple[Account, str]:
    """Check a password and lay a token into the caller's own file; returns the account and until when it holds."""
    settings = load(root)
    now = settings.moment(clock)
    uid = caller_uid(settings)
    with closing(open_register(settings)) as register:
        account = authenticate(register, settings.access, name, password, now, origin=f"uid/{uid}")
        token, until = new_token(), now + timedelta(hours=settings.access.session_hours)
        with register.write() as tx:
            utc = [moment.astimezone(UTC).isoformat() for moment in (until, now)]
            tx.accounts.open_session(account.name, token_hash(token), *utc)
            tx.audit.append([Event(0, now.isoformat(), account.name, "session", account.name)])
        write_token(token_file(register.register_id, uid), token)
    return account, until.isoformat()


def logout(root: Path, *, clock: Clock = system_now) -> str:
    """End the caller's login, here and in the register; returns whose it was, empty when there was none."""
    settings = load(root)
    now = settings.moment(clock)
    with closing(open_register(settings)) as register:
        path = token_file(register.register_id, caller_uid(settings))
        token = read_token(path)
        if not token:
            return ""
        with register.write() as tx:
            account, _ = tx.accounts.by_token(token_hash(token), now.astimezone(UTC).isoformat())
            tx.accounts.close_sessions(token_sha256=token_hash(token))
            name = account.name if account else "unknown"
            tx.audit.append([Event(0, now.isoformat(), name, "logout", name)])
        path.unlink(missing_ok=True)
    return name


def change_password(root: Path, name: str, old: str, new: str, *, clock: Clock = system_now) -> None:
    """Change one's own password, which needs the present one; every login of the account ends."""
    settings = load(root)
    now = settings.moment(clock)
    origin = f"uid/{caller_uid(settings)}"
    with closing(open_register(settings)) as register:
        change_own_password(register, settings.access, name, old, new, now=now, origin=origin)


def change_own_password(
    register: Register[Transaction],
    settings: AccessSettings,
    name: str,
    old: str,
    new: str,
    *,
    now: datetime,
    origin: str,
) -> None:
    """Change a password for whoever knows the present one, wherever he comes from; every login of the account ends."""
    account = authenticate(register, settings, name, old, now, origin=origin, expired_too=True)
    _set(register, settings, account, new, by=account.name, at=now.isoformat(), must_change=False)


def set_password(office: Office, name: str, new: str) -> None:
    """Give an account a first or a new password, which its holder must change before anything else."""
    office.authorise(Action.ACCOUNTS, f"account/{name}")
    with office.register.read() as tx:
        account = tx.accounts.by_name(name)
    if account is None:
        raise NotFound(f"没有账号 {name}", remedy=advise("用 {} 查看账号", Do.LIST_ACCOUNTS))
    own = account.name == office.account.name
    _set(office.register, office.settings.access, account, new,
         by=office.account.name, at=office.now(), must_change=not own)  # fmt: skip


def _set(
    register: Register[Transaction],
    settings: AccessSettings,
    account: Account,
    new: str,
    *,
    by: str,
    at: str,
    must_change: bool,
) -> None:
    with register.read() as tx:
        known = tx.accounts.password(account.name)
    problems = password_problems(settings, account, new)
    if known and known.hash and password_fits(known.hash, new):
        problems.append(Problem("不能与现在的密码相同"))
    if problems:
        raise InvalidInput("新密码不合要求", remedy="请换一个密码", problems=problems)
    hashed = hash_password(new)
    with register.write() as tx:
        tx.accounts.change(
            account.name, password=hashed, password_set_at=at, must_change=must_change, failures=0, locked_until=""
        )
        tx.login_tries.forgive(account.name)
        tx.accounts.close_sessions(name=account.name)
        tx.audit.append([Event(0, at, by, "password", f"account/{account.name}", "done", {"must_change": must_change})])


def password_problems(settings: AccessSettings, account: Account, new: str) -> list[Problem]:
    """Return the rules a new password breaks; the password itself is in no message."""
    found: list[Problem] = []
    if len(new) < settings.password_min_length:
        found.append(Problem(f"至少要{settings.password_min_length}个字"))
    if len(new) > LONGEST:
        found.append(Problem(f"最多{LONGEST}个字"))
    kinds = {_kind(c) for c in new}
    if len(kinds) < settings.password_classes:
        found.append(Problem(f"大写字母、小写字母、数字、其他字符，至少要有{settings.password_classes}类"))
    plain = new.casefold()
    if any(len(part) > 2 and part.casefold() in plain for part in (account.name, account.display_name)):
        found.append(Problem("不能含有账号或姓名"))
    if any(unicodedata.category(c) == "Cc" for c in new):
        found.append(Problem("不能含有控制字符"))
    return found


def _kind(character: str) -> str:
    if character.isdecimal():
        return "digit"
    return "upper" if character.isupper() else "lower" if character.islower() else "other"
