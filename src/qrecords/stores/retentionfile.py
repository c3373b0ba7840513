"""Reads what the office says of retention: longer periods (retention.toml), and which records are complaints."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput, Problem
from qrecords.model.numbering import FLOOR_YEARS
from qrecords.model.retention import ComplaintKind, Longer
from qrecords.stores.formfolders import COMPLAINTS_FILE, complaint_kinds_mark

FILE_NAME = "retention.toml"
_KEYS = {"years", "reason", "form", "customer", "contract"}
_LONGEST = 200


def read_longer(root: Path) -> tuple[Longer, ...]:
    """Return the longer periods of a workspace, none when there is no file; InvalidInput names every wrong entry."""
    path = root / FILE_NAME
    if not path.exists():
        return ()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy="请按 TOML 格式修改，以 UTF-8 保存") from None
    problems = [
        Problem(f"没有「{key}」这一项，只用 [[longer]]", key, source=FILE_NAME) for key in data if key != "longer"
    ]
    entries = data.get("longer", [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        problems.append(Problem("请把每一条写成 [[longer]] 一节", "longer", source=FILE_NAME))
        entries = []
    for row, entry in enumerate(entries, start=1):
        problems += [Problem(text, field, row, FILE_NAME) for field, text in _wrong(entry)]
    if problems:
        raise InvalidInput(f"{path} 有误", remedy="请按提示修改", problems=problems)
    return tuple(
        Longer(e["years"], e["reason"], e.get("form", ""), e.get("customer", ""), e.get("contract", ""))
        for e in entries
    )


def read_complaint_kinds(forms_dir: Path) -> tuple[ComplaintKind, ...]:
    """Return which records count as complaints; InvalidInput when that is not said: then nothing can be destroyed."""
    path = forms_dir / COMPLAINTS_FILE
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8-sig"))["complaints"]
        return tuple(
            ComplaintKind(str(e["form"]), str(e["field"]), frozenset(map(str, e["among"])), str(e["settled_field"]))
            for e in entries
        )
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path} 读不出（{type(error).__name__}），不知道哪些记录是投诉",
            remedy="请从备份恢复 forms 文件夹",
        ) from None


def complaint_kinds_shown(forms_dir: Path) -> tuple[ComplaintKind, ...]:
    """Return the same for a page that shows a record, read when the file changed; what destroys reads it itself."""
    return _read_once(forms_dir, complaint_kinds_mark(forms_dir))


@lru_cache(maxsize=8)
def _read_once(forms_dir: Path, _mark: object) -> tuple[ComplaintKind, ...]:
    return read_complaint_kinds(forms_dir)


def _wrong(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [
        (key, f"没有 {key} 这一项，可用：years、reason、form、customer、contract")
        for key in sorted(entry.keys() - _KEYS)
    ]
    years = entry.get("years")
    if type(years) is not int or not FLOOR_YEARS <= years <= _LONGEST:
        found.append(
            ("years", f"years 要写 {FLOOR_YEARS} 到 {_LONGEST} 的整数：不得短于{FLOOR_YEARS}年（QS/PA758A 第7章）")
        )
    for key in ("reason", "form", "customer", "contract"):
        if not isinstance(entry.get(key, ""), str):
            found.append((key, f"{key} 要写成加引号的文字"))
    if not entry.get("reason"):
        found.append(("reason", "请写明 reason：为什么要保存得更久"))
    if not any(entry.get(key) for key in ("form", "customer", "contract")):
        found.append(("form", "form、customer、contract 至少写一项"))
    return found
