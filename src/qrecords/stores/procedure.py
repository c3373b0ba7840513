"""Reads the tables of the procedure beside the forms: requirements, deadlines, holidays, people, series production."""

from __future__ import annotations

import csv
import tomllib
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
from qrecords.stores.packagedforms import came_with

T = TypeVar("T")
HOLIDAYS_FILE = "holidays.csv"
REMEDY = "请按提示修改，或从备份恢复 forms/ 文件夹"


class Procedure:
    """What the procedure asks beside the forms, as the office may edit it."""

    def __init__(self, folder: Path, main: Path | None = None) -> None:
        """Read one series' tables; the days of rest are the office's, where it has none of its own those of `main`."""
        self.folder = folder
        self._holidays = next((f for f in (folder, main or folder) if (f / HOLIDAYS_FILE).exists()), folder)

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
        path = self.folder / "people.toml"
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
        path = self._holidays / HOLIDAYS_FILE
        days: list[tuple[date, str]] = []
        problems: list[Problem] = []
        lines = _lines(path) if path.exists() or came_with(self.folder.name, path.name) else []
        for number, line in enumerate(lines, start=1):
            cells = [cell.strip() for cell in next(csv.reader([line]), [])]
            if not cells or not cells[0] or cells[0].startswith("#") or cells[0] == "日期":
                continue
            try:
                day, kind = date.fromisoformat(cells[0]), (cells[1:] or [""])[0]
            except ValueError:
                problems.append(Problem(f"「{cells[0]}」不是 2026-01-01 样的日期", row=number, source=path.name))
                continue
            if kind not in {FREE, WORKED}:
                problems.append(Problem(f"{day} 的类别是「{kind}」，应为 休 或 班", row=number, source=path.name))
            days.append((day, kind))
        return Calendar.of(_sound(path, days, problems))


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
