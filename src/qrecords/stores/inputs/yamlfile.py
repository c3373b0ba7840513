"""Reads YAML: one or many documents, without the guesses that change what was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from qrecords.errors import Problem
from qrecords.model.form import Form
from qrecords.stores.inputs.common import InputRecord, read_text, refuse
from qrecords.stores.inputs.nested import MAX_DEPTH, SYNTAX, TooMuchError, records_of

# Keys merged in (<<) double with every level: of one mapping, and of a whole file.
MAX_MERGES, MAX_MERGED = 20, 100_000


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
        refuse(path, f"不是正确的 YAML{where}{reason}", SYNTAX, row=line)
    except yaml.YAMLError:
        refuse(path, "不是正确的 YAML：含有不能用的字符", SYNTAX)
    except TooMuchError:
        limits = f"最多{MAX_DEPTH}层、一处合并{MAX_MERGES}组、合并出{MAX_MERGED}项"
        refuse(path, f"套得太深，或用 << 合并得太多（{limits}）", "请拆成几个文件，不要用引用（&、*、<<）反复套用")
    except ValueError:
        refuse(path, "不是正确的 YAML：有不能读的值", SYNTAX)
    return records_of(path, [r for d in documents for r in (d if isinstance(d, list) else [d])], problems)


def _require_shallow(text: str) -> None:
    """Refuse deep nesting while it is still a row of events: the C loader recurses without a limit and would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise TooMuchError


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
            raise TooMuchError
        super().flatten_mapping(node)
        self._merged += len(node.value) if merges else 0
        if self._merged > MAX_MERGED:
            raise TooMuchError

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
