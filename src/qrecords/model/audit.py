"""The log of the office: events in a hash chain, so that none is changed, removed or moved unseen (5.11.1).

hash = SHA-256 over the canonical JSON of the event, which holds the hash of the event before it.
Details hold hashes of values, never the values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64


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


def canonical(value: Any) -> bytes:
    """Return the one JSON form a value is hashed in: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def event_hash(event: Event) -> str:
    """Return the hash the event must carry."""
    return digest(
        {
            "seq": event.seq,
            "at": event.at,
            "account": event.account,
            "action": event.action,
            "object": event.object,
            "outcome": event.outcome,
            "detail": dict(event.detail),
            "prev": event.prev,
        }
    )


def first_break(events: Iterable[Event]) -> tuple[int, str] | None:
    """Return (sequence number, what is wrong) of the first event out of the chain, None when all hold."""
    prev, seq = GENESIS, 0
    for event in events:
        if event.seq != seq + 1:
            return seq + 1, f"第{seq + 1}条事件不见了，后面接的是第{event.seq}条"
        if event.prev != prev:
            return event.seq, f"第{event.seq}条事件与前一条接不上"
        if event_hash(event) != event.hash:
            return event.seq, f"第{event.seq}条事件的内容被改过"
        prev, seq = event.hash, event.seq
    return None
