"""A record somebody else changed while a draft went on with it: what is whose, and where the two meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qrecords.stores.register.deskdrafts import DeskDraft


def own_changes(draft: DeskDraft) -> set[str]:
    """Return the fields written in a draft itself, not only taken over from the record."""
    return {k for k, v in draft.values.items() if plain(v) != plain(draft.base.get(k))}


def changed_since(draft: DeskDraft, now: Mapping[str, Any]) -> Sequence[str]:
    """Return the fields the record (as it would be typed) says otherwise than when the draft began."""
    return [k for k in {**draft.base, **now} if plain(now.get(k)) != plain(draft.base.get(k))]


def met(draft: DeskDraft, now: Mapping[str, Any]) -> Sequence[str]:
    """Return the fields both changed, each to something else: one of the two would be lost."""
    own = own_changes(draft)
    return [k for k in changed_since(draft, now) if k in own and plain(draft.values.get(k)) != plain(now.get(k))]


def plain(value: Any) -> Any:
    """Return a typed value without what a browser adds: line ends, empty cells."""
    match value:
        case None:
            return ""
        case str():
            return value.replace("\r\n", "\n").strip()
        case list():
            return [plain(one) for one in value]
        case Mapping():
            return {k: bare for k, v in value.items() if (bare := plain(v)) not in ("", [])}
        case _:
            return value
