"""What the register says is in the archive: each object in its version, of every kind that has rows of its own."""

from __future__ import annotations

from qrecords.model.objects import DOCUMENT, kind_of
from qrecords.stores.register import Transaction


def stored(tx: Transaction) -> dict[str, int]:
    """Return every object the register knows, with its version: 0 while only a number is kept, below it when destroyed.

    A document that was approved is an item too; its object goes on gaining versions, so the document's row counts.
    """
    found = {row.object_id: row.version for row in tx.items.all() if not DOCUMENT.has(row.object_id)}
    found |= {row.object_id: row.version for row in tx.items.volumes()}
    found |= {drawn.object_id: drawn.version for drawn in tx.retention.lists()}
    return found | {document.object_id: document.version for document in tx.documents.all(reserved=True)}


def has_row(object_id: str) -> bool:
    """Tell whether an object is of a kind the register has rows of."""
    kind = kind_of(object_id)
    return kind is not None and kind.in_register
