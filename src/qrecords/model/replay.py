"""What the log says of a record not yet filed: its state, its review, its signatures, its papers, its values.

The register is a file, and files can be edited. The log is a chain: what it says cannot be changed unseen. Before a
record is frozen for good, and in every check, the two are compared (QS/PA758A 5.11.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qrecords.model.audit import Event, digest
from qrecords.model.record import OPEN_STATES, TRANSITIONS, Action, Record, State

REBUILT = "rebuild"
_UNTOLD = digest("")
_NEXT = {(state, action.value): target for (state, action), target in TRANSITIONS.items()}


@dataclass(slots=True)
class LoggedSignature:
    """A signature as its event tells of it: who by the hash of the name."""

    kind: str
    by: str
    on: str
    evidence: str
    lapsed: bool = False

    @property
    def key(self) -> tuple[str, str, str, str, bool]:
        """Return what two signatures are compared by."""
        return self.kind, self.by, self.on, self.evidence, self.lapsed


@dataclass(slots=True)
class AsLogged:
    """A record as its events leave it; `state` is None when they do not tell."""

    state: State | None = None
    values: str | None = None  # a hash
    had: set[str] = field(default_factory=set)  # the hashes of all values it ever had
    tells_all: bool = True  # of them; events of older programs do not
    reviewed_on: str = ""
    reviewed_by: str = ""  # a hash; empty where the log does not tell
    opinion: str = _UNTOLD  # a hash
    signatures: list[LoggedSignature] = field(default_factory=list)
    papers: set[str] = field(default_factory=set)

    def follow(self, event: Event) -> None:
        """Take in the next event of the record."""
        if event.outcome != "done":
            return
        detail = event.detail
        match event.action:
            case Action.CREATE:
                self.state, self.values = State.DRAFT, _text(detail, "values")
                self.papers |= {str(sha256) for sha256 in detail.get("scans", ())}
            case Action.UPDATE:
                self._update(detail)
            case Action.REVIEW:
                self.reviewed_on, self.opinion = str(detail.get("on", "")), str(detail.get("opinion", _UNTOLD))
                self.reviewed_by = _text(detail, "by") or ""
            case Action.RETURN:
                self.reviewed_on, self.reviewed_by, self.opinion = "", "", _UNTOLD
            case Action.SIGN:
                self._sign(detail)
            case Action.ATTACH:
                self.papers |= {*map(str, detail.get("files", ())), *filter(None, [_text(detail, "evidence")])}
        if self.values is not None:
            self.had.add(self.values)
        if event.action == Action.VOID:
            self.state = State.VOID  # a number of past paper nobody used is void from the beginning
        elif self.state is not None:
            self.state = _NEXT.get((self.state, event.action), self.state)

    def _update(self, detail: Mapping[str, Any]) -> None:
        if detail.get("why") == REBUILT:  # it was lost, and is void and empty from here on
            self.state, self.signatures, self.papers = State.VOID, [], set()
        whole = _text(detail, "whole")
        self.values, self.tells_all = whole or self.values, self.tells_all and bool(whole)
        for kind in detail.get("lapsed", ()):
            standing = [s for s in self.signatures if s.kind == kind and not s.lapsed]
            if standing:
                standing[-1].lapsed = True

    def _sign(self, detail: Mapping[str, Any]) -> None:
        evidence = _text(detail, "evidence") or ""
        if detail.get("print_id"):
            self.papers.add(evidence)
        made = LoggedSignature(
            str(detail.get("kind", "")), str(detail.get("by", "")), str(detail.get("on", "")), evidence
        )
        if detail.get("proves"):  # it was registered without its paper, and is one with it from here on
            bare = (made.kind, made.by, made.on, "", False)
            found = next((n for n, s in enumerate(self.signatures) if s.key == bare), None)
            if found is not None:
                del self.signatures[found]
        if made.key not in {s.key for s in self.signatures}:
            self.signatures.append(made)

    def differing(self, record: Record) -> list[str]:
        """Return what the register says otherwise of an open or void record, in words; none where the log is silent."""
        if self.state is None or record.state not in {*OPEN_STATES, State.VOID}:
            return []
        found = []
        if record.state is not self.state:
            found.append("状态")
        if self.values is not None and digest(record.values) != self.values:
            found.append("内容")
        said, logged = (record.reviewed_on, digest(record.opinion)), (self.reviewed_on, self.opinion)
        by_another = self.reviewed_by not in {"", digest(record.reviewed_by)}
        if record.state is State.REVIEWED and (said != logged or by_another):
            found.append("审查")
        signatures = {(s.kind, digest(s.by), s.on, s.evidence_sha256, bool(s.lapsed)) for s in record.signatures}
        if signatures != {s.key for s in self.signatures}:
            found.append("签署")
        if {a.sha256 for a in record.attached} != self.papers:
            found.append("附件")
        return found


def as_logged(events: Iterable[Event]) -> dict[str, AsLogged]:
    """Return every object events tell of, as they leave it."""
    found: dict[str, AsLogged] = {}
    for event in events:
        found.setdefault(event.object, AsLogged()).follow(event)
    return found


def _text(detail: Mapping[str, Any], key: str) -> str | None:
    value = detail.get(key)
    return value if isinstance(value, str) and value else None
