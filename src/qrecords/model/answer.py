"""What services answer: frozen dataclasses, whose fields, by their names, are what programs read.

left_out()                       a field that is told only where there is something to tell
field(metadata=named("from"))    a field whose name for programs is no name in Python
ALSO_TOLD = ("days",)            properties of a class that are told as if they were fields
"""

from __future__ import annotations

from dataclasses import field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_NAME, _OPTIONAL = "name", "optional"


def left_out() -> Any:
    """Return a field that is None by default, and then is no part of what is told."""
    return field(default=None, metadata={_OPTIONAL: True})


def named(name: str) -> dict[str, str]:
    """Return what a field is marked with that programs know by another name."""
    return {_NAME: name}


def told(answer: DataclassInstance) -> dict[str, Any]:
    """Return an answer by the names programs know, its values as they are."""
    return {
        name: value
        for attribute, name, optional in _fields(type(answer))
        if (value := getattr(answer, attribute)) is not None or not optional
    }


@cache
def _fields(kind: type[DataclassInstance]) -> tuple[tuple[str, str, bool], ...]:
    own = [(f.name, f.metadata.get(_NAME, f.name), f.metadata.get(_OPTIONAL, False)) for f in fields(kind)]
    return (*own, *((name, name, False) for name in getattr(kind, "ALSO_TOLD", ())))
