"""What services answer: frozen dataclasses, whose fields, by their names, are what programs read.

ALSO_TOLD = ("days",) names the properties of such a class that are told as if they were fields.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def told(answer: DataclassInstance) -> dict[str, Any]:
    """Return an answer by the names programs know, its values as they are."""
    return {name: getattr(answer, name) for name in _names(type(answer))}


@cache
def _names(kind: type[DataclassInstance]) -> tuple[str, ...]:
    return (*(f.name for f in fields(kind)), *getattr(kind, "ALSO_TOLD", ()))
