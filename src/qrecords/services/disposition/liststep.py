"""What the steps on a destruction list keep of it in their intent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qrecords.office import Office
from qrecords.work.step import EXACT, Step


@dataclass(frozen=True, slots=True)
class Listed:
    """A destruction list, as an intent names it."""

    __pydantic_config__: ClassVar = EXACT

    list_no: str
    object_id: str


@dataclass(frozen=True)
class ListStep(Step[Office]):
    """A step on one destruction list."""

    lists: tuple[Listed]

    @property
    def list_no(self) -> str:
        """Return the list's number."""
        return self.lists[0].list_no

    @property
    def object_id(self) -> str:
        """Return the list's object."""
        return self.lists[0].object_id

    def publishes(self) -> tuple[str]:
        """Return the list's object."""
        return (self.object_id,)
