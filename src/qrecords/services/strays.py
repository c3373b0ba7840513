"""Versions of objects that came in after their step was undone: on a store, a put that was held up on its way.

The step was killed or cut off; whoever recovered it found nothing in the archive, undid it, and what it had reserved
waits for the next try. That one would find the place taken, every time. Nobody was told of such a version and no
register knows it, so it is taken back, as all of its step was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from qrecords.errors import QRecordsError
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.intents import step_of
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import IntentRow


def taken_back_to(office: Office, tx: Transaction, object_id: str, known: int) -> bool:
    """Take back what came late of an object; tells whether it stands at the version the register knows then, 0: none.

    The one version after that is taken back where a step that is over brought it in: that it is the step's own, its
    content says, and any other is left where it is. A register restored from an old backup knows less than the archive,
    too, but no step of its own made that. The caller keeps others from the object.
    """
    head = office.archive.head(object_id)
    if head and not known:
        office.archive.let_go_half(object_id)
        head = office.archive.head(object_id)
    if head != known + 1:
        return head == known
    intent = next(_makers(office, tx, object_id), None)
    if intent is None:
        return False
    office.archive.take_back(object_id, head, intent.id)
    tx.audit.append([office.event(Action.ADMINISTER, f"intent/{intent.id}", kind=intent.kind, did="undone")])
    return True


def _makers(office: Office, tx: Transaction, object_id: str) -> Iterator[IntentRow]:
    """Give the steps that are over, and planned just what the archive holds of an object."""
    for intent in tx.intents.over(naming=object_id):
        with suppress(QRecordsError):  # what cannot be read is nobody's
            stands = step_of(intent).standing(office)
            if stands is not None and object_id in [*stands.publishes()]:
                yield intent
