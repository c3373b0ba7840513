"""What is written behind options and as arguments: numbers, days, words, paths; what is wrong with it, in Chinese."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from qrecords.model.values import parse_date
from qrecords.strict import RUN


class Number(click.ParamType[int]):
    """A whole number from a lower limit on."""

    name = "数"

    def __init__(self, low: int = 0, high: int = 1_000_000) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        if not re.fullmatch(r"\d{1,9}", str(value)) or not self.low <= int(value) <= self.high:
            self.fail(f"「{value}」不行，要写 {self.low} 到 {self.high} 的整数", param, ctx)
        return int(value)


class Year(Number):
    """A year."""

    name = "年"

    def __init__(self) -> None:
        super().__init__(1990, 2199)


class Word(click.ParamType[str]):
    """One of some words, as the program writes it or as the screen shows it: draft or 草稿."""

    name = "词"

    def __init__(self, words: Sequence[str], labels: Mapping[str, str] | None = None) -> None:
        self.words = words
        self.labels = {word: (labels or {}).get(word, word) for word in words}

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the choices as the help shows them."""
        return "|".join(self.labels.values())

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the program's word."""
        written = unicodedata.normalize("NFKC", str(value)).strip().casefold()
        meant = [w for w, label in self.labels.items() if written in {w.casefold(), label.casefold()}]
        if not meant:
            known = "、".join(label if label == word else f"{label}（{word}）" for word, label in self.labels.items())
            self.fail(f"「{value}」不在可选范围内，可选：{known}", param, ctx)
        return meant[0]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the words as the screen shows them, found by either writing."""
        begun = incomplete.casefold()
        found = [pair for pair in self.labels.items() if any(written.casefold().startswith(begun) for written in pair)]
        return [CompletionItem(label, help=word) for word, label in found]


class Day(click.ParamType[str]):
    """A day as people write it; YYYY-MM-DD inside."""

    name = "日期"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the day."""
        try:
            return parse_date(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Month(click.ParamType[str]):
    """A month, YYYY-MM."""

    name = "月"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the month."""
        found = re.fullmatch(r"(\d{4})[-/年.]?(\d{1,2})月?", str(value))
        if not found or not 1 <= int(found[2]) <= 12:
            self.fail(f"「{value}」不是月份，请写成 2026-03 的样子", param, ctx)
        return f"{found[1]}-{int(found[2]):02d}"


class Pair(click.ParamType[tuple[str, str]]):
    """A field and what stands in it: 用户单位=示例单位一."""

    name = "栏目=内容"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the heading and the value."""
        heading, mark, content = str(value).partition("=")
        if not mark or not heading.strip():
            self.fail(f"「{value}」看不出是哪一栏，请写成 栏目=内容 的样子，如 用户单位=示例单位一", param, ctx)
        return heading.strip(), content


class SystemUser(click.ParamType[str]):
    """A user of the operating system, by name or number; the number inside."""

    name = "系统用户"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the uid; on Windows, which has none, the name."""
        user = str(value)
        if user.isdigit() or sys.platform == "win32":
            return user
        import pwd  # not on Windows

        try:
            return str(pwd.getpwnam(user).pw_uid)
        except KeyError:
            self.fail(f"没有系统用户 {user}，请核对名称，或直接写 uid", param, ctx)


class Place(click.Path):
    """A path on the command line, and what it is for."""

    def __init__(self, use: str = "", *, beside: bool = False) -> None:
        super().__init__(path_type=Path)
        self._use, self._beside = use, beside

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path; on a strict machine where the caller's file is found, touched with his rights alone."""
        path = super().convert(value, param, ctx)
        if RUN.callers is None or not self._use or os.fspath(path) == "-":
            return path
        return RUN.callers.local(os.fsdecode(path), self._use, beside=self._beside)


PATH = Place("fetch")  # to read from
PACKAGE = Place("fetch", beside=True)  # to read from, with what lies beside it
OUTPUT = Place("write")  # to write to
FOLDER = Place()  # the office's own
