"""docs/desk-commands.md: every verb of the command line beside the page that has it, or why none has."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from qrecords.cli.app import app
from qrecords.web.app import ROUTES
from tests.conftest import CHECKOUT

TABLE = CHECKOUT / "docs" / "desk-commands.md"
ADDRESS = re.compile(r"`(/[^`]*)`")
LINE = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`|—) \| ?(.*?) ?\|$", re.MULTILINE)


def verbs(group: click.Group = app, before: str = "") -> Iterator[str]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from verbs(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_verb_has_its_page_or_a_reason_why_none_has_it() -> None:
    lines = LINE.findall(TABLE.read_text(encoding="utf-8"))
    assert sorted(verb for verb, _, _ in lines) == sorted(verbs())
    assert {page for _, page, _ in lines if page} <= {route.path for route in ROUTES}
    assert [verb for verb, page, why in lines if not page and not why.strip()] == []


def test_every_address_the_table_names_is_one_of_the_desk() -> None:
    named = set(ADDRESS.findall(TABLE.read_text(encoding="utf-8")))
    assert len(named) > 40
    assert named - {route.path for route in ROUTES} == set()
