"""Every kind of step, with the class that is its intent (work/step.py), and the steps under way, as those classes.

A class is loaded when a step of its kind is under way: every command comes by here, and hardly any finds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from qrecords.errors import IntegrityFailure
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import IntentRow
from qrecords.work.step import Step

KINDS: Mapping[str, str] = {
    "fill": "intake.fill:FillRecords",
    "file": "file:FileItems",
    "correct": "correct:CorrectRecord",
    "compile": "volumes.compile:BindVolumes",
    "copies": "access.copyissue:IssueCopies",
    "document": "reports.change:ChangeDocument",
    "draw": "disposition.lists:DrawList",
    "destroy": "disposition.destroy:DestroyListed",
    "past": "intake.importing:TakeInPaper",
    "adopt": "intake.templates:AdoptTemplate",
    "put": "intake.putting:PutTable",
    "renew": "renewing:RenewForms",
    "audit": "access.audit:FileLog",
    "scan": "scans.keeping:KeepScans",
    "add": "scans.adding:AddPapers",
    "import": "care.handover:TakeInPackage",
}


def step_class(kind: str) -> type[Step[Any]]:
    """Return the class of a kind; KeyError when there is no such kind."""
    module, name = KINDS[kind].split(":")
    found: type[Step[Any]] = getattr(import_module(f"qrecords.services.{module}"), name)
    return found


def step_of(intent: IntentRow) -> Step[Any]:
    """Return a step as its intent wrote it down; IntegrityFailure when this release cannot know what to do with it."""
    try:
        return step_class(intent.kind).read(intent.payload)
    except (KeyError, ValueError) as error:
        what = "没有这种操作" if isinstance(error, KeyError) else "这一步的记载不是这样写的"
        raise IntegrityFailure(
            f"登记库里有一步没有做完的操作（{intent.kind}，{intent.id}），这一版程序里{what}，没有动它",
            remedy="它可能是较新的版本留下的：请换用那个版本打开这个工作区，它会把这一步做完或撤回；不要从登记库里删去它",
        ) from error


def open_steps(tx: Transaction) -> Iterator[tuple[str, Step[Any]]]:
    """Give the steps under way with their keys, oldest first."""
    for intent in tx.intents.open():
        yield intent.id, step_of(intent)


def being_filed(tx: Transaction) -> set[str]:
    """Return the records a step under way is freezing: they stand still until it is over."""
    return {number for _, step in open_steps(tx) for number in step.freezes()}
