"""Tells when a table is that of another form: its headings fit that one, and too few of the one asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from qrecords.advice import Do, advise
from qrecords.model.form import Form
from qrecords.model.worksheet import main_fields, must_be_filled
from qrecords.stores.inputs.common import refuse
from qrecords.stores.inputs.table import HEAD_ROWS, Headings, Row, find_headings


def other_form(rows: Sequence[Row], form: Form, own: Headings | None, others: Sequence[Form]) -> Form | None:
    """Return the form a table looks like, when that is not `form`; None when it fits, or fits none better.

    A table with what a record of `form` needs is never another's, whatever else it has: a ledger may serve several.
    """
    known = set(own.keys.values()) if own else set()
    ours = lacking(form, known)
    if own and ours < 2:
        return None
    best: tuple[int, Form] | None = None
    for other in others:
        if other.code != form.code and (found := find_headings(rows[:HEAD_ROWS], other.key_of)):
            theirs = set(found.keys.values())
            fits = len(theirs) - lacking(other, theirs)
            if len(theirs) > max(len(known), 2) and lacking(other, theirs) < ours and (not best or fits > best[0]):
                best = fits, other
    return best[1] if best else None


def refuse_other(path: Path, form: Form, other: Form) -> NoReturn:
    """Refuse a table that is another form's."""
    fill = Do.FILL(f"{other.number}{other.edition}")
    remedy = advise("请用 {}，或换成 {} 的表", fill, form.code)
    refuse(path, f"像是 {other.code} {other.title}，不是 {form.code} {form.title}", remedy)


def lacking(form: Form, known: Collection[str]) -> int:
    """Return how many fields a record must have that no heading means."""
    return sum(must_be_filled(form, f) and f.key not in known for f in main_fields(form))
