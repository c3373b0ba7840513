"""Click in Chinese: its messages by a catalogue of gettext, help pages and usage errors."""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from qrecords.cli.output import width
from qrecords.errors import UsageError

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


def usage_error(error: click.UsageError) -> UsageError:
    """Return what click found wrong with the command line, in Chinese."""
    command = error.ctx.command_path if error.ctx else "qrecords"
    remedy = f"用 {command} --help 查看用法"
    match error:
        case click.exceptions.NoArgsIsHelpError(ctx=click.Context(command=click.Group() as group) as ctx):
            known = "：" + "、".join(group.list_commands(ctx)) if ctx.parent else ""  # at the top they are fifty
            return UsageError(f"{command} 后面还要写办什么{known}", remedy=remedy)
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
