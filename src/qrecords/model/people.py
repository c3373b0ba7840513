"""Whom the office has named for a task of the procedure (forms/QR758/people.toml)."""

from __future__ import annotations

from pydantic import field_validator

from qrecords.model.field import Definition


class PeopleList(Definition):
    """A list of people by name, as records write them."""

    label: str
    rule: str
    names: tuple[str, ...] = ()

    @field_validator("names")
    @classmethod
    def _plain(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Blanks around a name, or between its words, are those a record has."""
        plain = tuple(" ".join(name.split()) for name in names)
        if not all(plain):
            raise ValueError("names 里有空的名字")
        return plain
