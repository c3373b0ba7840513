"""Rows given out as a workbook and taken back: which cells the clerk changed, and what others changed meanwhile.

The workbook keeps, out of sight, a short hash of what each cell said when it was given out. A cell that still says it
was not touched, whatever became of the record since; a cell that says something else is a change, and a conflict where
the record says something else too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from qrecords.model.audit import digest
from qrecords.model.field import Field
from qrecords.model.form import Form
from qrecords.model.rules import is_empty
from qrecords.model.sameness import Difference, comparable
from qrecords.model.values import Values

_SHORT = 16  # hexadecimal digits: tells a change, proves nothing
UNTAKEN = "-"  # a cell no table gives back as it is: never read

Said = Mapping[str, str]


def said_of(form: Form, values: Values, untaken: Collection[str] = ()) -> str:
    """Return what a record's cells say, as the workbook keeps it."""
    said = {f.key: _said(f, values.get(f.key)) for f in form.input_fields if not is_empty(values.get(f.key))}
    return json.dumps(said | dict.fromkeys(untaken, UNTAKEN), sort_keys=True)


def parse_said(text: str) -> Said | None:
    """Return what a workbook keeps of a row; None when it is not whole any more."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    sound = isinstance(found, dict) and all(isinstance(v, str) for v in found.values())
    return found if sound else None


@dataclass(slots=True)
class Returned:
    """What a row that came back asks for: the changes, and the fields somebody else changed otherwise meanwhile."""

    changes: list[Difference] = field(default_factory=list)
    conflicts: list[Difference] = field(default_factory=list)


def returned(form: Form, now: Values, row: Values, columns: Collection[str], said: Said | None) -> Returned:
    """Compare a row that came back with its record.

    `columns` are the fields the table has: a cell emptied in one of them is a change. Without `said`, of a row that was
    never given out, a blank cell says nothing.
    """
    found = Returned()
    for each in form.input_fields:
        new, old = row.get(each.key), now.get(each.key)
        was = (said or {}).get(each.key, _said(each, None))
        if was == UNTAKEN or each.key not in columns or comparable(each, new) == comparable(each, old):
            continue
        if is_empty(new) if said is None else _said(each, new) == was:
            continue
        difference = Difference(each.key, each.label, old, new)
        (found.changes if said is None or _said(each, old) == was else found.conflicts).append(difference)
    return found


def _said(each: Field, value: Any) -> str:
    return digest(comparable(each, value))[:_SHORT]
