"""Reads records from JSON and TOML: one record, or a list of them (YAML: yamlfile.py).

Scalars stay what they are; numbers with a point come as Decimal, with the digits as written (1.10 is not 1.1).
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from qrecords.errors import Problem
from qrecords.model.form import Form
from qrecords.stores.inputs.common import InputRecord, read_text, refuse, time_text

# A file that unfolds to more values, or deeper, is a mistake or a trap.
MAX_VALUES, MAX_DEPTH = 2_000_000, 20
MAX_TOLD = 20  # keys named twice, of one object
TOML_LIST = "records"
# Reading a dotted key takes the square of its length.
_ENDLESS_KEY = re.compile(rf"""(?<![\w"'.-])(?:[\w"'-]+[ \t]*\.[ \t]*){{{MAX_DEPTH}}}""")
SYNTAX = "请按格式改正；可参照表式的 sample.json"


def read_json(path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Read one object or a list of objects; a key written twice, NaN and Infinity are problems."""
    text = read_text(path)
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_float=Decimal)
    except json.JSONDecodeError as error:
        refuse(path, f"不是正确的 JSON：第{error.lineno}行第{error.colno}个字符处有误", SYNTAX, row=error.lineno)
    except (ValueError, RecursionError):
        refuse(path, "不是正确的 JSON：数字太长或套得太深", SYNTAX)
    return records_of(path, data if isinstance(data, list) else [data], problems)


def read_toml(path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Read one record, or many under `[[records]]`."""
    text = read_text(path)
    if _ENDLESS_KEY.search(text):
        refuse(path, "不是正确的 TOML：键名套得太深", SYNTAX)
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"：第{line[1]}行有误" if line else ""
        refuse(path, f"不是正确的 TOML{where}", SYNTAX, row=int(line[1]) if line else None)
    except RecursionError:
        refuse(path, "不是正确的 TOML：套得太深", SYNTAX)
    many = data.get(TOML_LIST)
    if not isinstance(many, list):
        return records_of(path, [data], problems)
    if outside := sorted(set(data) - {TOML_LIST}):
        remedy = f"请把它们写进各个 [[{TOML_LIST}]] 里"
        problems.append(Problem(f"{'、'.join(outside)} 写在了记录外面；{remedy}", source=path.name))
    return records_of(path, many, problems)


def records_of(path: Path, entries: list[Any], problems: list[Problem]) -> Iterator[InputRecord]:
    """Give the records of what a file holds, each a copy of its own; TooMuchError never leaves here."""
    budget = iter(range(MAX_VALUES))
    for row, entry in enumerate(entries, start=1):
        entries[row - 1] = None  # what was given on is not held twice
        if not isinstance(entry, dict):
            shown = "一个列表" if isinstance(entry, list) else f"「{str(entry)[:20]}」"
            message = f"这里是{shown}，不是一条记录；请写成“栏目: 内容”的一组"
            problems.append(Problem(message, row=row, source=path.name))
            continue
        found: list[Problem] = []
        try:
            values = _plain(entry, "", budget, found)
        except TooMuchError:
            refuse(path, "展开后太大或套得太深", "请拆成几个文件，不要用引用（&、*）反复套用", row=row)
        if found:
            problems += [p.at(path.name, row) for p in found]
        else:
            yield InputRecord(path.name, row, values)


class TooMuchError(Exception):
    """The values unfold to more than any record holds."""


def _plain(value: Any, name: str, budget: Iterator[int], found: list[Problem], depth: int = 0) -> Any:
    """Return a copy of a value that shares nothing with others; what no form can hold goes to `found`."""
    if next(budget, None) is None or depth > MAX_DEPTH:
        raise TooMuchError
    match value:
        case dict():
            for key in value.twice if isinstance(value, _Object) else ():
                found.append(Problem(f"「{key}」写了两次；请只留一个", key))
            return {str(k): _plain(v, str(k), budget, found, depth + 1) for k, v in value.items()}
        case list():
            return [_plain(v, name, budget, found, depth + 1) for v in value]
        case float() | Decimal() if not math.isfinite(value):
            found.append(Problem(f"「{name}」是 {value}，不是数字；请写数字，没有就不写", name))
            return None
        case time():
            return time_text(value)
        case _:
            return value


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it named twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        made.twice = tuple(islice((key for key, count in counts.items() if count > 1), MAX_TOLD))
    return made
