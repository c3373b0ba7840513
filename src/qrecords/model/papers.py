"""Paper that comes home after its record was filed: what it adds, and whose right that is (QS/PA758A 5.5.5, 5.5.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from qrecords.model.record import Action, Attached, Record, Signed, State

AFTER_FILING = (State.FILED, State.BOUND)


@dataclass(frozen=True, slots=True)
class Added:
    """What a paper adds to a filed record: a file beside it, a signature with its evidence, or both."""

    record_no: str
    attached: Attached | None = None
    signed: Signed | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A scanned page that waits: where it came from, why, and its code (subject, print, page) where one was read."""

    page_id: str
    source: str
    number: int
    reason: str
    points: tuple[float, float]
    code: str = ""
    text: str = ""
    wanted: tuple[tuple[str, str, str], ...] = ()  # what was said of its signatures: kind, by whom, of which day


def right_for(action: Action, state: State) -> Action:
    """Return the right an added paper asks for: what is filed gets another version from who may file alone (5.5.6)."""
    return Action.FILE if state in AFTER_FILING else action


def supplemented(record: Record, papers: Iterable[Added]) -> Record:
    """Return a record with papers added, its own first; what it has already is not added again.

    Evidence goes to the first standing signature of the same kind, person and day that has none; else the signature
    is a further one.
    """
    signatures, attached = list(record.signatures), list(record.attached)
    for paper in papers:
        if (file := paper.attached) and (file.kind, file.sha256) not in {(a.kind, a.sha256) for a in attached}:
            attached.append(file)
        if signed := paper.signed:
            place = next((n for n, s in enumerate(signatures) if proves(signed, s)), None)
            if place is None:
                signatures.append(signed)
            else:
                shown = {"evidence": signed.evidence, "evidence_sha256": signed.evidence_sha256}
                signatures[place] = replace(signatures[place], **shown)
    return replace(record, signatures=tuple(signatures), attached=tuple(attached))


def doubted(shown: Signed, signatures: Iterable[Signed], together: Iterable[Signed] = ()) -> list[Signed]:
    """Return the standing signatures that a further one of their kind may be, told by another name or day.

    One of the two has its paper and the other has none: a signature registered first whose paper comes home, or one
    registered after its paper. None where the same signature stands there; those told `together` with it are others.
    """
    standing = [s for s in signatures if s.kind == shown.kind and not s.lapsed]
    if any(_same(shown, s) for s in standing):
        return []
    if not shown.evidence_sha256:
        return [s for s in standing if s.evidence_sha256]
    at_home = {s.by for s in standing if s.evidence_sha256}
    others = [one for one in together if one is not shown]
    bare = [s for s in standing if not s.evidence_sha256 and s.by not in at_home]
    return [s for s in bare if not any(_same(one, s) for one in others)]


def _same(one: Signed, other: Signed) -> bool:
    return (one.kind, one.by, one.on) == (other.kind, other.by, other.on)


def proves(shown: Signed, registered: Signed) -> bool:
    """Tell whether a signature shown on paper is one registered without its paper."""
    return (
        _same(shown, registered)
        and bool(shown.evidence_sha256)
        and not registered.evidence_sha256
        and not registered.lapsed
    )
