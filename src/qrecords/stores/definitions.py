"""Reads the TOML files that define series, forms and blocks, and tells what is wrong with one."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qrecords.errors import InvalidInput, Problem


def read_definition(path: Path | Traversable) -> dict[str, Any]:
    """Return what a definition says; InvalidInput when it is missing or no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(f"缺少文件 {path}", remedy="请补上，或从备份恢复 forms/ 文件夹") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy="请按 TOML 格式修改，以 UTF-8 保存") from None


def definition_problems(path: Path, error: Exception) -> list[Problem]:
    """Return what is wrong with a definition, each entry by its place."""
    if isinstance(error, ValidationError):
        return [
            Problem(_told(e["type"], e["msg"]), ".".join(map(str, e["loc"])), source=str(path))
            for e in error.errors(include_url=False)
        ]
    return [Problem(f"没有 {error} 这一项", source=str(path))]


def _told(kind: str, message: str) -> str:
    return "缺少这一项" if kind == "missing" else message.removeprefix("Value error, ")
