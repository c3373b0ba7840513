"""Reads records from JSON, YAML and TOML: one record, or a list of them.

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

import yaml

from qrecords.errors import Problem
from qrecords.model.form import Form
from qrecords.stores.inputs.common import InputRecord, read_text, refuse, time_text

# A file that unfolds to more values, or deeper, is a mistake or a trap.
MAX_VALUES, MAX_DEPTH = 2_000_000, 20
# Keys merged in (<<) double with every level: of one mapping, and of a whole file.
MAX_MERGES, MAX_MERGED = 20, 100_000
MAX_TOLD = 20  # keys named twice, of one object
TOML_LIST = "records"
# Reading a dotted key takes the square of its length.
_ENDLESS_KEY = re.compile(rf"""(?<![\w"'.-])(?:[\w"'-]+[ \t]*\.[ \t]*){{{MAX_DEPTH}}}""")
_SYNTAX = "请按格式改正；可参照表式的 sample.json"


def read_json(path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Read one object or a list of objects; a key written twice, NaN and Infinity are problems."""
    text = read_text(path)
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_float=Decimal)
    except json.JSONDecodeError as error:
        refuse(path, f"不是正确的 JSON：第{error.lineno}行第{error.colno}个字符处有误", _SYNTAX, row=error.lineno)
    except (ValueError, RecursionError):
        refuse(path, "不是正确的 JSON：数字太长或套得太深", _SYNTAX)
    return _records(path, data if isinstance(data, list) else [data], problems)


def read_yaml(path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Read one or many documents, each one record or a list; dates stay dates, what looks like a code stays text."""
    text = read_text(path)
    try:
        _require_shallow(text)
        documents = [d for d in yaml.load_all(text, Loader=_Loader) if d is not None]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        where = f"：第{line}行有误" if line else ""
        reason = f"（{error.problem}）" if isinstance(error, _Repeated) else ""
        refuse(path, f"不是正确的 YAML{where}{reason}", _SYNTAX, row=line)
    except yaml.YAMLError:
        refuse(path, "不是正确的 YAML：含有不能用的字符", _SYNTAX)
    except _TooMuchError:
        limits = f"最多{MAX_DEPTH}层、一处合并{MAX_MERGES}组、合并出{MAX_MERGED}项"
        refuse(path, f"套得太深，或用 << 合并得太多（{limits}）", "请拆成几个文件，不要用引用（&、*、<<）反复套用")
    except ValueError:
        refuse(path, "不是正确的 YAML：有不能读的值", _SYNTAX)
    return _records(path, [r for d in documents for r in (d if isinstance(d, list) else [d])], problems)


def read_toml(path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Read one record, or many under `[[records]]`."""
    text = read_text(path)
    if _ENDLESS_KEY.search(text):
        refuse(path, "不是正确的 TOML：键名套得太深", _SYNTAX)
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"：第{line[1]}行有误" if line else ""
        refuse(path, f"不是正确的 TOML{where}", _SYNTAX, row=int(line[1]) if line else None)
    except RecursionError:
        refuse(path, "不是正确的 TOML：套得太深", _SYNTAX)
    many = data.get(TOML_LIST)
    if not isinstance(many, list):
        return _records(path, [data], problems)
    if outside := sorted(set(data) - {TOML_LIST}):
        remedy = f"请把它们写进各个 [[{TOML_LIST}]] 里"
        problems.append(Problem(f"{'、'.join(outside)} 写在了记录外面；{remedy}", source=path.name))
    return _records(path, many, problems)


def _records(path: Path, entries: list[Any], problems: list[Problem]) -> Iterator[InputRecord]:
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
        except _TooMuchError:
            refuse(path, "展开后太大或套得太深", "请拆成几个文件，不要用引用（&、*）反复套用", row=row)
        if found:
            problems += [p.at(path.name, row) for p in found]
        else:
            yield InputRecord(path.name, row, values)


class _TooMuchError(Exception):
    """The values unfold to more than any record holds."""


def _plain(value: Any, name: str, budget: Iterator[int], found: list[Problem], depth: int = 0) -> Any:
    """Return a copy of a value that shares nothing with others; what no form can hold goes to `found`."""
    if next(budget, None) is None or depth > MAX_DEPTH:
        raise _TooMuchError
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


def _require_shallow(text: str) -> None:
    """Refuse deep nesting while it is still a row of events: the C loader recurses without a limit and would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _TooMuchError


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it named twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        made.twice = tuple(islice((key for key, count in counts.items() if count > 1), MAX_TOLD))
    return made


class _Repeated(yaml.constructor.ConstructorError):
    """A YAML mapping names a key twice."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML without the guesses that change what was written: 15:20 is no 920, 0123 no 83, `no` no false."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._seen: set[yaml.MappingNode] = set()
        self._merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse a key written twice, before keys merged in (<<) join them."""
        if node not in self._seen:
            self._seen.add(node)
            keys: set[tuple[str, Any]] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in keys:
                    raise _Repeated(None, None, f"「{key.value}」写了两次", key.start_mark)
                keys.add((key.tag, key.value if isinstance(key, yaml.ScalarNode) else id(key)))
        merges = [value for key, value in node.value if key.tag == f"{_TAG}merge"]
        if any(isinstance(value, yaml.SequenceNode) and len(value.value) > MAX_MERGES for value in merges):
            raise _TooMuchError
        super().flatten_mapping(node)
        self._merged += len(node.value) if merges else 0
        if self._merged > MAX_MERGED:
            raise _TooMuchError

    def construct_day_or_text(self, node: yaml.ScalarNode) -> Any:
        """Return a date or moment; one the calendar does not have stays text, for the form to refuse by name."""
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            return node.value


_TAG = "tag:yaml.org,2002:"
_KEPT = {f"{_TAG}timestamp", f"{_TAG}null", f"{_TAG}merge"}
_Loader.yaml_implicit_resolvers = {
    first: [entry for entry in resolvers if entry[0] in _KEPT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$"), list("-0123456789"))
_Loader.add_constructor(f"{_TAG}float", lambda loader, node: Decimal(node.value))
_Loader.add_constructor(f"{_TAG}timestamp", _Loader.construct_day_or_text)
