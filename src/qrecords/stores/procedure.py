"""Reads the tables of the procedure beside the forms: requirements, deadlines, holidays, people, series production."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from qrecords.errors import InvalidInput, Problem
from qrecords.model.deadlines import FREE, WORKED, Calendar, Deadline, Deadlines
from qrecords.model.people import PeopleList
from qrecords.model.production import BatchKind
from qrecords.model.requirements import Row
from qrecords.model.values import parse_date
from qrecords.stores.inputs.common import read_text
from qrecords.stores.packagedforms import came_with

T = TypeVar("T")
HOLIDAYS_FILE = "holidays.csv"
PEOPLE_FILE = "people.toml"
REMEDY = "请按提示修改，或从备份恢复 forms/ 文件夹"


class Procedure:
    """What the procedure asks beside the forms, as the office may edit it."""

    def __init__(self, folder: Path, main: Path | None = None) -> None:
        """Read one series' tables; the days of rest are the office's, where it has none of its own those of `main`."""
        self.folder = folder
        self._holidays = next((f for f in (folder, main or folder) if (f / HOLIDAYS_FILE).exists()), folder)

    @property
    def people_path(self) -> Path:
        """Return where the lists of people are written."""
        return self.folder / PEOPLE_FILE

    @property
    def holidays_path(self) -> Path:
        """Return where the days of rest are written."""
        return self._holidays / HOLIDAYS_FILE

    @cached_property
    def requirements(self) -> tuple[Row, ...]:
        """Return Table 1; InvalidInput names every row that is wrong."""
        path = self.folder / "requirements.toml"
        found: list[Row] = []
        problems: list[Problem] = []
        for number, row in enumerate(_toml(path).get("rows", []), start=1):
            try:
                found.append(Row.model_validate(row))
            except ValidationError as error:
                problems += _problems(path, f"rows[{number}]", error)
        return tuple(_sound(path, found, problems))

    @cached_property
    def deadlines(self) -> Deadlines:
        """Return the deadlines by key; InvalidInput names every one that is wrong."""
        path = self.folder / "deadlines.toml"
        found: list[tuple[str, Deadline]] = []
        problems: list[Problem] = []
        for key, table in _toml(path).items():
            try:
                found.append((key, Deadline.model_validate(table)))
            except ValidationError as error:
                problems += _problems(path, key, error)
        return dict(_sound(path, found, problems))

    @property
    def people(self) -> dict[str, tuple[str, ...]]:
        """Return the names the office has put on each list; none when it keeps no such file."""
        return {key: one.names for key, one in self.people_lists.items()}

    @cached_property
    def people_lists(self) -> dict[str, PeopleList]:
        """Return the lists of people the office keeps, with what each is for."""
        path = self.people_path
        found: list[tuple[str, PeopleList]] = []
        problems: list[Problem] = []
        for key, table in (_toml(path) if path.exists() else {}).items():
            try:
                found.append((key, PeopleList.model_validate(table)))
            except ValidationError as error:
                problems += _problems(path, key, error)
        return dict(_sound(path, found, problems))

    @cached_property
    def batch_kinds(self) -> tuple[BatchKind, ...]:
        """Return from how many units on a product is in series production; none when the office keeps no such file."""
        path = self.folder / "batch.toml"
        found: list[BatchKind] = []
        problems: list[Problem] = []
        for number, table in enumerate(_toml(path).get("kinds", []) if path.exists() else [], start=1):
            try:
                found.append(BatchKind.model_validate(table))
            except ValidationError as error:
                problems += _problems(path, f"kinds[{number}]", error)
        return tuple(_sound(path, found, problems))

    @cached_property
    def calendar(self) -> Calendar:
        """Return the working-day calendar; InvalidInput names every line that is wrong."""
        path = self.holidays_path
        days: list[tuple[date, str]] = []
        problems: list[Problem] = []
        lines = _table_lines(path) if path.exists() or came_with(self.folder.name, path.name) else []
        for number, line in enumerate(lines, start=1):
            cells = [cell.strip() for cell in next(csv.reader([line]), [])]
            if not cells or not cells[0] or cells[0].startswith("#") or cells[0] == "日期":
                continue
            try:
                day, kind = date.fromisoformat(parse_date(cells[0])), (cells[1:] or [""])[0]
            except ValueError as error:
                problems.append(Problem(str(error), row=number, source=path.name))
                continue
            if kind not in {FREE, WORKED}:
                problems.append(Problem(f"{day} 的类别是「{kind}」，应为 休 或 班", row=number, source=path.name))
            days.append((day, kind))
        return Calendar.of(_sound(path, days, problems))


def with_names(path: Path, key: str, names: Sequence[str]) -> str:
    """Return the text of people.toml with the names of one list, all else as it is written; InvalidInput."""
    text, before = "\n".join(_lines(path)) + "\n", _toml(path)
    section = re.search(rf"^\[{re.escape(key)}\][^\n]*\n(?:(?!\[\w).*\n)*", text, re.MULTILINE)
    written = f"names = [{', '.join(json.dumps(name, ensure_ascii=False) for name in names)}]"
    if section:
        part, found = re.subn(r"^names\s*=\s*\[[^\]]*\]", lambda _: written, section[0], count=1, flags=re.MULTILINE)
        text = (
            text[: section.start()] + (part if found else f"{section[0].rstrip()}\n{written}\n") + text[section.end() :]
        )
    with suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(text) == {**before, key: {**before.get(key, {}), "names": list(names)}}:
            return text
    raise InvalidInput(f"{path.name} 写得特别，不能在这里改", remedy="请由管服务器的人在文件里改")


def with_days(path: Path, days: Mapping[date, str]) -> str:
    """Return the text of holidays.csv with the lines of some days, "" = none; other lines stay as they are written."""
    lines = _table_lines(path) if path.exists() else ["日期,类别,名称"]
    kept = [line for line in lines if _day_of(line) not in days]
    return "\n".join([*kept, *(line for _, line in sorted(days.items()) if line)]) + "\n"


def _day_of(line: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(parse_date(next(csv.reader([line]), [""])[0]))
    return None


def _table_lines(path: Path) -> list[str]:
    """Return the lines of a table as spreadsheets write it: days in their way, on Chinese Windows in GBK."""
    try:
        return read_text(path).splitlines()
    except FileNotFoundError:
        raise InvalidInput(f"缺少文件 {path}", remedy=REMEDY) from None


def _sound(path: Path, found: list[T], problems: list[Problem]) -> list[T]:
    if problems:
        raise InvalidInput(f"{path} 有误", remedy=REMEDY, problems=problems)
    return found


def _toml(path: Path) -> dict[str, Any]:
    if not path.exists() and not came_with(path.parent.name, path.name):
        return {}  # another procedure may name no such table
    try:
        return tomllib.loads("\n".join(_lines(path)))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy=REMEDY) from None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InvalidInput(f"缺少文件 {path}", remedy=REMEDY) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} 不是 UTF-8 编码", remedy=REMEDY) from None


def _problems(path: Path, where: str, error: ValidationError) -> list[Problem]:
    return [
        Problem(e["msg"].removeprefix("Value error, "), ".".join([where, *map(str, e["loc"])]), source=path.name)
        for e in error.errors(include_url=False)
    ]
