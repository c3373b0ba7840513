"""What a job is made of: how it is run, told of, and cut into parts workers share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from qrecords.advice import Sentence, advise
from qrecords.errors import Problem
from qrecords.model.job import Job
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.stores.given import GivenFile

Arguments = Mapping[str, Any]


class Progress(Protocol):
    """Where a job tells how far it is; it stops here when it was asked to."""

    @property
    def word(self) -> str:
        """Return what the job is known by: what is made under it once is made once, however often the job is done."""

    @property
    def since(self) -> str:
        """Return when the job was asked for: what it did before whoever did it was gone, it did since then."""

    def __call__(self, done: int, total: int, /) -> None:
        """Tell that so much of all is done."""

    def give(self, name: str, data: bytes) -> None:
        """Keep a file for who asked, to be taken once; what a job that is done again gives takes its place."""

    def tell(self, line: Sentence) -> None:
        """Tell of a thing done, in a line shown while the job runs; what the job came to takes the place of all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to: one sentence, the lines below it, and whether all was well.

    `found` is what a part of a job came to, a dataclass, for who joins them; it stands in the place of lines.
    """

    told: Sentence
    lines: Sequence[Sentence] = ()
    ok: bool = True
    found: Any = None

    def written(self, words: Callable[[Sentence], str], most: int) -> list[str]:
        """Return the lines as the register keeps them, `most` at most; what was found as one of JSON."""
        if self.found is not None:
            return [json.dumps(asdict(self.found), ensure_ascii=False)]
        return [words(line) for line in self.lines[:most]]


@dataclass(frozen=True, slots=True)
class Shared:
    """How a job is cut into parts workers share, as the arguments of each; what comes of it when all are over."""

    cut: Callable[[Office, Arguments], Sequence[Arguments]]
    joined: Callable[[Office, Arguments, Sequence[Job], Progress], Outcome]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job; `needs` and `check` are asked before it is written down, the service asks again when it runs."""

    label: str
    run: Callable[[Office, Arguments, Sequence[GivenFile], Progress], Outcome]
    needs: Action | None = None
    shared: Shared | None = None
    check: Callable[[Office, Arguments], object] | None = None


def problem_lines(problems: Iterable[Problem]) -> Iterator[Sentence]:
    """Give problems as lines."""
    for p in problems:
        where = " ".join(part for part in (p.source, f"第{p.row}行" if p.row is not None else "") if part)
        yield advise("{}：{}", where, p.message) if where else p.message
