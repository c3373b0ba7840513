"""Statements the databases word differently, each in one place; what they answer is the same."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Either(FunctionElement[Any]):
    """Two wordings of one value: SQLite's, and any other's."""

    inherit_cache = True
    name = "either"


@compiles(_Either)
def _others(element: _Either, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process([*element.clauses][1], **how)


@compiles(_Either, "sqlite")
def _of_sqlite(element: _Either, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **how)


def _either(sqlite: sa.ColumnElement[Any], postgresql: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    made = _Either(sqlite.self_group(), postgresql.self_group())
    made.type = sqlite.type
    return made


def seconds(moment: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """Return the seconds since 1970 of a moment in ISO 8601, whatever its offset."""
    epoch = sa.extract("epoch", sa.cast(moment, sa.DateTime(timezone=True)))
    return _either(sa.cast(sa.func.strftime("%s", moment), sa.Integer), sa.cast(epoch, sa.BigInteger))


def holds(text: sa.ColumnElement[str], part: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Tell whether a text holds another, byte by byte."""
    return _either(sa.func.instr(text, part) > 0, sa.func.strpos(text, part) > 0)


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Return a column of JSON as the text that lies there."""
    return _either(sa.type_coerce(column, sa.Text()), sa.cast(column, sa.Text()))


def written(text: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """Return a text as what a column of JSON takes."""
    return _either(sa.type_coerce(text, sa.Text()), sa.cast(sa.type_coerce(text, sa.Text()), sa.JSON))


def is_false(values: sa.ColumnElement[Any], key: str) -> sa.ColumnElement[bool]:
    """Tell whether a key of a JSON object is false; no when it is not there, or something else."""
    return _either(values[key].as_boolean().is_(False), values[key].as_string() == "false")


def has_member(values: sa.ColumnElement[Any], key: str, field: str, value: str) -> sa.ColumnElement[bool]:
    """Tell whether the list at a key of a JSON object has an object whose field is this."""
    each = sa.func.json_each(values, f"$.{key}").table_valued("value", name="member")
    here = sa.exists().where(sa.func.json_extract(each.c.value, f"$.{field}") == value)
    listed = sa.case(
        (sa.func.json_typeof(values[key]) == "array", values[key]), else_=sa.cast(sa.literal("[]"), sa.JSON)
    )
    member = sa.func.json_array_elements(listed).table_valued(sa.column("value", sa.JSON), name="member")
    there = sa.exists().where(member.c.value[field].as_string() == value)
    return _either(here, there)


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """Return what inserts rows and leaves those whose key is there as they are."""
    if connection.dialect.name == "sqlite":
        return table.insert().prefix_with("OR IGNORE")
    from sqlalchemy.dialects.postgresql import insert

    return insert(table).on_conflict_do_nothing()


def insert_over(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """Return what inserts rows in the place of those of the same key."""
    if connection.dialect.name == "sqlite":
        return table.insert().prefix_with("OR REPLACE")
    from sqlalchemy.dialects.postgresql import insert

    asked = insert(table)
    key = {c.name for c in table.primary_key}
    others = {name: column for name, column in asked.excluded.items() if name not in key}
    return asked.on_conflict_do_update(index_elements=sorted(key), set_=others)
