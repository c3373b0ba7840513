"""Finish or undo the steps a crash left half-way, from their intents; runs whenever a workspace is opened."""

from __future__ import annotations

from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.intents import step_of
from qrecords.work.step import UNDONE, UNFINISHED, Step


def recover(office: Office) -> list[dict[str, str]]:
    """Finish or undo every step whose process is gone; returns what was done, for the log and the user.

    IntegrityFailure, and nothing is touched, when one of them is of a kind this release does not know.
    """
    if office.register.read_only:
        return []
    office.note([])  # what was read while another wrote, and that one did not take into the log
    with office.register.read() as tx:
        open_intents = tx.intents.open()
    left = [*(i.id for i in open_intents), *office.archive.steps_in_staging()]
    if all(office.leases.is_alive(step) for step in left):
        return []
    with office.exclusive("recover", "恢复中断的操作"):
        with office.register.read() as tx:  # another start may have done it while this one waited
            open_intents = tx.intents.open()
        broken = [(i.id, step_of(i)) for i in open_intents if not office.leases.is_alive(i.id)]
        done = []
        for key, step in broken:
            with office.leases.take_over(key) as is_dead:
                if is_dead and _is_open(office, key):
                    done.append(_recover_one(office, key, step))
        office.archive.sweep(office.leases.is_alive)
        office.papers.sweep()
    return done


def _is_open(office: Office, key: str) -> bool:
    """Tell whether a step still waits for its end: its process may have come to it meanwhile."""
    with office.register.read() as tx:
        return any(intent.id == key for intent in tx.intents.open())


def _recover_one(office: Office, key: str, step: Step[Office]) -> dict[str, str]:
    office.archive.recover()  # an object moved in half is whole again before anyone counts on it
    for object_id in step.publishes():
        office.archive.let_go_half(object_id)  # and what is no object is none to anybody
    outcome = step.recover(office, key)
    if outcome != UNFINISHED:
        with office.register.write() as tx:
            if outcome == UNDONE:
                tx.intents.close(key, done=False)
            tx.audit.append([office.event(Action.ADMINISTER, f"intent/{key}", kind=step.KIND, did=outcome)])
    return {"intent": key, "kind": step.KIND, "outcome": outcome}
