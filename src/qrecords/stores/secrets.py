"""Passwords and logins as they are kept: argon2id hashes, and tokens in a file only their holder can read."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qrecords.advice import Do, advise
from qrecords.errors import NotPermitted
from qrecords.stores.durable import make_dirs, storage_errors

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LONGEST = 256  # characters of a password; hashing costs by length


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id with the parameters of RFC 9106 for common machines


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_hex())


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, salt and parameters in it."""
    return _hasher().hash(password)


def password_fits(known: str, password: str) -> bool:
    """Tell whether a password is the one of a hash; without a hash it takes as long and fits never."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        fits = _hasher().verify(known or _nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and bool(known) and len(password) <= LONGEST


def new_token() -> str:
    """Return a fresh token."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what the register keeps of a token; it is long and random, so that one plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_file(register_id: str, uid: str) -> Path:
    """Return where a caller's token for one workspace lies: in his own state folder."""
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "qrecords" / f"{register_id}-{uid}.token"


def write_token(path: Path, token: str) -> None:
    """Write a token so that nobody else can read it, not even for a moment."""
    make_dirs(path.parent)
    with storage_errors(path):
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(token)
        except OSError:
            path.unlink(missing_ok=True)  # half a token is none
            raise


def read_token(path: Path) -> str:
    """Return the token of a file, empty when there is none; NotPermitted when others could have read or laid it."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return ""
    except OSError:
        raise _unsafe(path) from None
    with os.fdopen(handle, encoding="ascii", errors="replace") as file:
        found = os.fstat(file.fileno())
        if os.name == "posix" and (stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid()):
            raise _unsafe(path)
        return file.read(200).strip()


def _unsafe(path: Path) -> NotPermitted:
    return NotPermitted(f"登录文件 {path} 别人也能读写，不能用", remedy=advise("请删除它，再用 {} 重新登录", Do.LOGIN))
