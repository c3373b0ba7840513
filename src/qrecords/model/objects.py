"""The kinds of objects in the archive, listed once: how their ids begin, and what each kind has and is subject to.

Checking, rebuilding, handing over, binding and destroying ask here; a new kind is told to the office in this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qrecords.model.numbering import file_safe

_URN = "urn:qrecords:"


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One kind: `paper` is the PDF whose SHA-256 the register keeps; "" when it has none.

    `in_register`: the register has a row for each object, so that neither may know of one the other does not.
    `handed_over`: it goes with a package to another archive and comes in from one.
    """

    name: str
    paper: str = ""
    in_register: bool = False
    handed_over: bool = False

    @property
    def prefix(self) -> str:
        """Return how the ids of its objects begin."""
        return f"{_URN}{self.name}:"

    def object_id(self, code: str | int) -> str:
        """Return the id of the object of a number or code."""
        return f"{self.prefix}{file_safe(str(code))}"

    def has(self, object_id: str) -> bool:
        """Tell whether an object is of this kind."""
        return object_id.startswith(self.prefix)


ITEM = ObjectKind("item", "form.pdf", in_register=True, handed_over=True)
VOLUME = ObjectKind("volume", "volume.pdf", in_register=True, handed_over=True)
DOCUMENT = ObjectKind("document", "document.pdf", in_register=True, handed_over=True)
LIST = ObjectKind("disposition", in_register=True)
TEMPLATE = ObjectKind("template", handed_over=True)
LOG = ObjectKind("audit")
CATALOGUE = ObjectKind("catalogue")

KINDS: Mapping[str, ObjectKind] = {kind.name: kind for kind in (ITEM, VOLUME, DOCUMENT, LIST, TEMPLATE, LOG, CATALOGUE)}
# The PDFs whose SHA-256 the register keeps, by the names they have in objects.
PAPERS = frozenset(kind.paper for kind in KINDS.values() if kind.paper)


def kind_of(object_id: str) -> ObjectKind | None:
    """Return the kind of an object; None for one no kind knows."""
    return KINDS.get(object_id.removeprefix(_URN).partition(":")[0]) if object_id.startswith(_URN) else None


def paper_of(object_id: str) -> str:
    """Return the name of the PDF that stands for an object: form.pdf of an item, document.pdf of a document."""
    kind = kind_of(object_id)
    return kind.paper if kind and kind.paper else ITEM.paper
