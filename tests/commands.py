"""Every command there is, from click's own tree: tests that must miss none take them from here."""

from __future__ import annotations

from collections.abc import Iterator

import click

from qrecords.cli.app import app


def leaves(command: click.Command = app, name: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Give every command that does something, by its name: `accounts add`."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            found = command.get_command(context, part)
            assert found is not None
            yield from leaves(found, (*name, part))
    else:
        yield " ".join(name), command
