"""The log of the office: events in a hash chain, so that none is changed, removed or moved unseen (5.11.1).

hash = SHA-256 over the canonical JSON of the event, which holds the hash of the event before it.
Details hold hashes of values, never the values. docs/audit.md defines every part, docs/audit-check.py checks a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

GENESIS = "0" * 64
SHORTEST_HEAD = 16  # hexadecimal digits of a printed head that must be typed: fewer could be forged by trying

OUTCOME_LABELS = {"done": "", "refused": "被拒绝", "failed": "失败", "begun": "开始"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when (RFC 3339), by which account, what, to what, with what outcome."""

    seq: int
    at: str
    account: str
    action: str
    object: str
    outcome: str = "done"
    detail: Mapping[str, Any] = field(default_factory=dict)
    prev: str = GENESIS
    hash: str = ""


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode  # made once, asked often


def canonical(value: Any, members: Callable[[Any], Any] | None = None) -> bytes:
    """Return the one JSON form a value is hashed in: sorted keys, no blanks, UTF-8; `members` opens what is no JSON."""
    if members is None:
        return _encode(value).encode()
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=members).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def fingerprint(form_code: str, values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a record of a form says, by which the same row is known again."""
    return digest([form_code, dict(values)])


def event_hash(event: Event) -> str:
    """Return the hash the event must carry."""
    return digest({name: value for name, value in as_dict(event).items() if name != "hash"})


def as_dict(event: Event) -> dict[str, Any]:
    """Return an event with its hash, as exports and segments write it, one canonical JSON line each."""
    # Not `asdict`: it copies what is in the detail, piece by piece, and a log has many events.
    return {f.name: getattr(event, f.name) for f in fields(event)} | {"detail": dict(event.detail)}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of the chain kept elsewhere: on paper, in a volume, in a filed segment; `head` may be its beginning."""

    head: str
    where: str
    seq: int | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether all 64 digits are known."""
        return len(self.head) == len(GENESIS)


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What came of a check: how many events, the newest hash, the first break, the anchors not found."""

    events: int
    head: str
    broken: tuple[int, str] | None
    lost: tuple[Anchor, ...]


def short_head(head: str) -> str:
    """Return a head as paper shows it: its first digits in groups that can be read aloud and typed (typed_head)."""
    return " ".join(head[n : n + 4] for n in range(0, SHORTEST_HEAD, 4))


def typed_head(text: str) -> str | None:
    """Return a head as someone read it off paper (blanks and case do not matter), None when it cannot be one."""
    head = re.sub(r"[\s-]", "", text).lower()
    return head if re.fullmatch(rf"[0-9a-f]{{{SHORTEST_HEAD},{len(GENESIS)}}}", head) else None


def check_chain(events: Iterable[Event], anchors: Iterable[Anchor] = ()) -> ChainCheck:
    """Check every event and that every anchor is the hash of one: rewriting the log would have lost them."""
    waiting = [a for a in anchors if a.head != GENESIS]
    parts = [a for a in waiting if not a.is_whole]
    seen: dict[str, int] = {}
    wanted, found = {a.head for a in waiting}, set[str]()
    prev, seq, count, broken = GENESIS, 0, 0, None
    for event in events:
        broken = broken or _wrong(event, seq, prev)
        prev, seq, count = event.hash, event.seq, count + 1
        if prev in wanted:
            seen[prev] = seq
        found.update(a.head for a in parts if str(prev).startswith(a.head))
    lost = [a for a in waiting if a.head not in found and (a.head not in seen or a.seq not in {None, seen[a.head]})]
    return ChainCheck(count, prev, broken, tuple(lost))


def first_break(events: Iterable[Event]) -> tuple[int, str] | None:
    """Return (sequence number, what is wrong) of the first event out of the chain, None when all hold."""
    return check_chain(events).broken


def _wrong(event: Event, seq: int, prev: str) -> tuple[int, str] | None:
    """Return what is wrong with an event that should follow number `seq` with hash `prev`."""
    if event.seq != seq + 1:
        return seq + 1, f"第{seq + 1}条事件不见了，后面接的是第{event.seq}条"
    if event.prev != prev:
        return event.seq, f"第{event.seq}条事件与前一条接不上"
    try:
        sound = event_hash(event) == event.hash
    except (TypeError, ValueError):  # someone wrote what is no event at all
        sound = False
    return None if sound else (event.seq, f"第{event.seq}条事件的内容被改过")
