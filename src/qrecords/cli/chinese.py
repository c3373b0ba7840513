"""Click in Chinese: its messages by a catalogue of gettext, help pages, types and usage errors."""

from __future__ import annotations

import gettext
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

DOMAIN = "click"
LOCALE = Path(__file__).parent / "locale"  # what click says, in Chinese: made by tools/messages.py
TERM_LIMIT = 34  # columns of a help page given to the names of options and commands


def speak() -> None:
    """Let click's own messages be Chinese, as all else the program says is, whatever language the terminal is set to.

    Click asks the standard library's gettext, which goes by the environment.
    """
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = "zh_CN"


class Formatter(click.HelpFormatter):
    """Lays out help pages by the columns a terminal gives Chinese text, two a character."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line; a full-width colon needs no space behind it."""
        super().write_usage(prog, args, prefix or gettext.gettext("Usage:"))

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(f"{'':>{self.current_indent}}{heading}：\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = TERM_LIMIT, col_spacing: int = 2) -> None:
        """Write names and what they mean as two columns."""
        rows = [(term, _ADDED.sub(r"（\1）", meaning)) for term, meaning in rows]
        column = min(max(width(term) for term, _ in rows), col_max) + col_spacing
        for term, meaning in rows:
            self.write(f"{'':>{self.current_indent}}{term}")
            if width(term) > col_max:
                self.write(f"\n{'':>{self.current_indent + column}}{meaning}\n")
            else:
                self.write(f"{'':>{column - width(term)}}{meaning}\n")


_ADDED = re.compile(r"  \[([^\]]*)\]$")  # what click adds to an option's meaning: required, its default


class Context(click.Context):
    """The context of our commands."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose help page is Chinese."""

    context_class = Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"options_metavar": "[选项]"} | kwargs)


class Group(Command, click.Group):
    """A group of commands, each imported when it is called; `lazy` maps names to (`module:attribute`, short help)."""

    command_class = Command

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, subcommand_metavar="命令 [参数]...", **kwargs)
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; click's own offers of a near one know nothing of the lazy ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands without importing those that are lazy."""
        if not self._lazy:
            return super().shell_complete(ctx, incomplete)
        found = [CompletionItem(n, help=short) for n, (_, short) in self._lazy.items() if n.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing those that are lazy."""
        rows = [(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section(gettext.gettext("Commands")):
            formatter.write_dl(rows)

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
        case click.MissingParameter():
            return UsageError(f"缺少 {_name(error.param)}", remedy=remedy)
        case click.BadParameter():
            name = _name(error.param)
            return UsageError(f"{name}：{error.message}" if name else error.message, remedy=remedy)
        case click.NoSuchOption() | click.NoSuchCommand():
            near = f"，是不是 {'、'.join(error.possibilities)}？" if error.possibilities else ""
            return UsageError(f"{error.message}{near}", remedy=remedy)
    return UsageError(error.format_message(), remedy=remedy)


def _name(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    return param.opts[0] if isinstance(param, click.Option) else param.make_metavar(click.Context(click.Command("")))
