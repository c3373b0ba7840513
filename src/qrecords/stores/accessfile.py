"""access.toml of a workspace: the roles of the office; without it, those the program comes with."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from qrecords.errors import InvalidInput, Problem
from qrecords.model.access import Role
from qrecords.model.roles import read_apart, read_roles

FILE_NAME = "access.toml"


@dataclass(frozen=True, slots=True)
class AccessFile:
    """The roles, the forms kept apart, and the hash of the bytes they were read from."""

    roles: dict[str, Role]
    sha256: str
    apart: tuple[str, ...] = ()


def template() -> bytes:
    """Return the access.toml of a new workspace."""
    return (resources.files("qrecords.stores") / "access_template.toml").read_bytes()


def template_sha256() -> str:
    """Return the hash of the access.toml of a new workspace."""
    return hashlib.sha256(template()).hexdigest()


def access_mark(root: Path) -> tuple[int, int, int] | None:
    """Return what changes when the file is written again; None without one."""
    try:
        found = (root / FILE_NAME).stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_access(root: Path, series: str) -> AccessFile:
    """Read the roles of a workspace whose main series this is; InvalidInput names every wrong entry at once."""
    path = root / FILE_NAME
    data = path.read_bytes() if path.exists() else template()
    try:
        found, problems = _understood(data, series)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy="请按 TOML 格式修改，以 UTF-8 保存") from None
    if problems:
        placed = [p.at(FILE_NAME, None) for p in problems]
        raise InvalidInput(f"{path} 有误，权限不能确定", remedy="请按提示修改", problems=placed)
    return found


@lru_cache(maxsize=8)  # the same bytes say the same, in whichever office
def _understood(data: bytes, series: str) -> tuple[AccessFile, tuple[Problem, ...]]:
    said = tomllib.loads(data.decode("utf-8-sig"))
    roles, problems = read_roles(said, series)
    apart = () if problems else read_apart(said, series, [])
    return AccessFile(roles, hashlib.sha256(data).hexdigest(), apart), tuple(problems)
