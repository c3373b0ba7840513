"""Click in Chinese: help pages, types and usage errors."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from qrecords.cli.output import width
from qrecords.errors import UsageError
from qrecords.model.values import parse_date
from qrecords.strict import RUN

HELP = "显示帮助并退出"
TERM_LIMIT = 34  # columns of a help page given to the names of options and commands


class Formatter(click.HelpFormatter):
    """Lays out help pages by the columns a terminal gives Chinese text, two a character."""

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(f"{'':>{self.current_indent}}{heading}：\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = TERM_LIMIT, col_spacing: int = 2) -> None:
        """Write names and what they mean as two columns."""
        rows = list(rows)
        column = min(max(width(term) for term, _ in rows), col_max) + col_spacing
        for term, meaning in rows:
            self.write(f"{'':>{self.current_indent}}{term}")
            if width(term) > col_max:
                self.write(f"\n{'':>{self.current_indent + column}}{meaning}\n")
            else:
                self.write(f"{'':>{column - width(term)}}{meaning}\n")


class Context(click.Context):
    """The context of our commands."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose help page is Chinese."""

    context_class = Context

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="用法：")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under a Chinese heading."""
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        records = [r for p in options if (r := p.get_help_record(ctx)) is not None]
        with formatter.section("选项"):
            formatter.write_dl([(term, _in_chinese(meaning)) for term, meaning in records])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the help option, explained in Chinese."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = HELP
        return option

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line."""
        return ["[选项]" if p == "[OPTIONS]" else p for p in super().collect_usage_pieces(ctx)]


def _in_chinese(meaning: str) -> str:
    """Return an option's meaning with what click adds to it in Chinese."""
    meaning = re.sub(r"\s*\[required\]", "（必填）", meaning)
    return re.sub(r"\s*\[default: ([^\]]*)\]", "（默认\\1）", meaning)


class Group(Command, click.Group):
    """A group of commands, each imported when it is called; `lazy` maps names to (`module:attribute`, short help)."""

    command_class = Command

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order a record's life takes, not the alphabet."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its module now."""
        if cmd_name in self._lazy:
            from importlib import import_module

            module, _, attribute = self._lazy[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        return super().get_command(ctx, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands without importing those that are lazy."""
        if not self._lazy:
            return super().shell_complete(ctx, incomplete)
        found = [CompletionItem(n, help=short) for n, (_, short) in self._lazy.items() if n.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write options and commands under Chinese headings."""
        super().format_options(ctx, formatter)
        rows = [(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("命令"):
            formatter.write_dl(rows)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line."""
        return [p.replace("COMMAND [ARGS]...", "命令 [参数]...") for p in super().collect_usage_pieces(ctx)]

    def _short_help(self, ctx: click.Context, name: str) -> str:
        if name in self._lazy:
            return self._lazy[name][1]
        command = self.get_command(ctx, name)
        return command.get_short_help_str(80) if command else ""


Group.group_class = Group


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


def usage_error(error: click.UsageError) -> UsageError:
    """Return what click found wrong with the command line, in Chinese."""
    command = error.ctx.command_path if error.ctx else "qrecords"
    remedy = f"用 {command} --help 查看用法"
    match error:
        case click.NoSuchOption():
            near = f"，是不是 {'、'.join(error.possibilities)}？" if error.possibilities else ""
            return UsageError(f"没有选项 {error.option_name}{near}", remedy=remedy)
        case click.MissingParameter():
            return UsageError(f"缺少 {_name(error.param)}", remedy=remedy)
        case click.BadParameter():
            name = _name(error.param)
            return UsageError(f"{name}：{error.message}" if name else error.message, remedy=remedy)
    text = error.format_message()
    if found := re.search(r"No such command '([^']*)'", text):
        return UsageError(f"没有命令 {found[1]}", remedy=remedy)
    if found := re.search(r"Got unexpected extra arguments? \((.*)\)", text):
        return UsageError(f"多出了参数：{found[1]}", remedy=remedy)
    if found := re.search(r"Option '([^']*)' requires an argument", text):
        return UsageError(f"选项 {found[1]} 后面要写值", remedy=remedy)
    if "Missing command" in text:
        return UsageError("没有写命令", remedy=remedy)
    return UsageError(text, remedy=remedy)


def _name(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    return param.opts[0] if isinstance(param, click.Option) else param.make_metavar(click.Context(click.Command("")))
