"""Finish or undo the steps a crash left half-way, from their intents; runs whenever a workspace is opened.

What finishes a step is imported when there is one: every command opens a workspace, and hardly any has to.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.stores.durable import sweep_asides

# Kinds of steps whose recovery asks for the intent's id and payload alone; loaded when needed: every start comes by.
_WAYS = {
    "past": "intake.importing:recover_import",
    "adopt": "intake.templates:recover_adoption",
    "audit": "access.audit:recover_segment",
    "scan": "scans.keeping:recover_scan",
    "add": "scans.adding:recover_added",
    "import": "care.handover:recover_import",
}


def recover(office: Office) -> list[dict[str, str]]:
    """Finish or undo every step whose process is gone; returns what was done, for the log and the user."""
    if office.register.read_only:
        return []
    office.note([])  # what was read while another wrote, and that one did not take into the log
    with office.register.read() as tx:
        open_intents = tx.intents.open()
    left = [*(i["id"] for i in open_intents), *office.archive.steps_in_staging()]
    if all(office.leases.is_alive(step) for step in left):
        return []
    with office.exclusive("recover", "恢复中断的操作"):
        with office.register.read() as tx:  # another start may have done it while this one waited
            open_intents = tx.intents.open()
        done = []
        for intent in open_intents:
            with office.leases.take_over(intent["id"]) as is_dead:
                if is_dead and _is_open(office, intent["id"]):
                    done.append(_recover_one(office, intent))
        office.archive.sweep(office.leases.is_alive)
        for folder in (office.drafts_dir, office.evidence_dir, office.inbox_dir):
            sweep_asides(folder)
    return done


def _is_open(office: Office, step: str) -> bool:
    """Tell whether a step still waits for its end: its process may have come to it meanwhile."""
    with office.register.read() as tx:
        return any(intent["id"] == step for intent in tx.intents.open())


def _recover_one(office: Office, intent: dict[str, Any]) -> dict[str, str]:
    office.archive.recover()  # an object moved in half is whole again before anyone counts on it
    match intent["kind"]:
        case "fill":
            from qrecords.services.intake.fill import recover_filled

            recover_filled(office, intent["id"], intent["payload"]["records"])
            outcome = "finished"
        case "file":
            outcome = _recover_filing(office, intent)
        case "correct":
            from qrecords.services.correct import recover_correction

            outcome = recover_correction(office, intent)
        case "compile":
            outcome = _recover_binding(office, intent)
        case "copies":
            outcome = "undone"  # the numbers stay reserved for the next issue of the same request
        case "draw" | "destroy":
            outcome = _recover_disposition(office, intent)
        case kind if kind in _WAYS:
            module, function = _WAYS[kind].split(":")
            finish = getattr(import_module(f"qrecords.services.{module}"), function)
            outcome = finish(office, intent["id"], intent["payload"])
        case _:
            outcome = "unknown"
    if outcome == "unfinished":
        return {"intent": intent["id"], "kind": intent["kind"], "outcome": outcome}
    with office.register.write() as tx:
        if outcome == "undone":
            tx.intents.close(intent["id"], done=False)
        tx.audit.append([office.event(Action.ADMINISTER, f"intent/{intent['id']}", kind=intent["kind"], did=outcome)])
    return {"intent": intent["id"], "kind": intent["kind"], "outcome": outcome}


def _recover_filing(office: Office, intent: dict[str, Any]) -> str:
    """Commit the items whose object was published; the others keep their reserved number for the next filing."""
    from qrecords.services.file import commit_filed
    from qrecords.services.freezing import Filing, is_frozen

    filings = [Filing.from_intent(entry) for entry in intent["payload"]["filings"]]
    published = [f for f in filings if is_frozen(office, f)]
    commit_filed(office, intent["id"], published)
    return "finished" if len(published) == len(filings) else "partly"


def _recover_disposition(office: Office, intent: dict[str, Any]) -> str:
    """Finish the drawing of a list whose object stands, and the destruction whose certificate stands."""
    from qrecords.services.disposition.destroy import recover_destruction
    from qrecords.services.disposition.lists import recover_drawing

    step = recover_drawing if intent["kind"] == "draw" else recover_destruction
    return step(office, intent["id"], intent["payload"]["lists"][0])


def _recover_binding(office: Office, intent: dict[str, Any]) -> str:
    """Commit the volumes that were sealed; the codes of the others wait for the next compilation."""
    from qrecords.services.volumes.binding import Binding, is_sealed
    from qrecords.services.volumes.compile import commit_bound

    bindings = [Binding.from_intent(entry) for entry in intent["payload"]["bindings"]]
    sealed = [b for b in bindings if is_sealed(office, b)]
    commit_bound(office, intent["id"], sealed)
    return "finished" if len(sealed) == len(bindings) else "partly"
