"""Scanned papers of documents (reports, briefs): found by their code, kept as evidence of the signatures on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qrecords.advice import Input, Sentence, advise
from qrecords.errors import Problem, QRecordsError
from qrecords.model.document import PART_LABELS, Part
from qrecords.office import Office
from qrecords.render.sheets import Picture, sheets_pdf
from qrecords.services.reports.progress import Hand, sign
from qrecords.services.scans.answers import PrintKept, PrintRefused, Source
from qrecords.services.scans.sheets import Print, Signing
from qrecords.stores.given import GivenFile


@dataclass(slots=True)
class Bound:
    """A whole paper of a document: its pages in one PDF, the signatures said to stand on it, and why not to take it."""

    found: Print
    wanted: list[tuple[Part, Signing]]
    data: bytes = b""
    done: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        """Return the pages of the files it was scanned from."""
        return [Source(s.source, s.number) for s in self.found.sheets]

    def kept(self) -> PrintKept:
        """Return what is answered of it."""
        known = self.found.known
        kinds = [PART_LABELS[part] for part in self.done]
        return PrintKept(
            known.subject, [], known.print_id, self.found.sheets[0].source, len(self.found.sheets), self.sources,
            "、".join(kinds), kinds, [],
        )  # fmt: skip

    def refused(self) -> PrintRefused:
        """Return what is answered of what was not taken."""
        return PrintRefused(self.found.known.print_id, self.sources, self.problems)


def bound(prints: Sequence[Print], wanted: Sequence[Signing]) -> list[Bound]:
    """Return the whole papers among these, their pages read while they are there."""
    made = []
    for found in prints:
        if found.missing:
            continue
        one = Bound(found, [(part, w) for w in wanted or found.wanted if (part := _part(w.kind))])
        if why := _obstacle(one):
            one.problems.append(Problem(why, source=found.known.subject))
        else:
            one.data = sheets_pdf([Picture(s.picture(), s.points) for s in found.sheets], found.known.print_id)
        made.append(one)
    return made


def register(office: Office, one: Bound) -> None:
    """Register the signatures of a paper, one after the other, with the paper as their evidence."""
    for part, said in one.wanted:
        evidence = GivenFile(one.found.known.file_name, one.data)
        try:
            sign(office, one.found.known.subject, part, Hand(said.by, said.on, evidence))
        except QRecordsError as error:
            one.problems.append(Problem(error.told, source=one.found.known.subject))
            return
        one.done.append(part)
    office.papers.inbox.remove(*(s.waiting for s in one.found.sheets if s.waiting))


def _part(kind: str) -> Part | None:
    """Return the part of a signature people call so: reviewer or 审核."""
    return next((part for part, label in PART_LABELS.items() if kind in (part, label)), None)


def _obstacle(one: Bound) -> Sentence | str:
    known = one.found.known
    if known.document is None or known.document.paper_number != known.number:
        return f"{known.subject} 后来重新拟制过，这份纸印的不是现在的内容；请重新打印，签署后再扫描"
    if not one.wanted:
        kinds = "、".join(f"{PART_LABELS[part]}（{part}）" for part in (*known.document.awaits, "drafter"))
        return advise("没有写 {} 上是哪种签署；请用 {} 写明：{}", known.print_id, Input.KIND, kinds)
    if not all(said.by for _, said in one.wanted):
        return advise("没有写 {} 的签署人；请用 {} 写明", known.print_id, Input.BY)
    return ""
