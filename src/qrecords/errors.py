"""The one root of every error a user may meet: code, exit status, message and remedy in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence, advise


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one place of the input; `row` counts as the clerk counts (1 = first record)."""

    message: Sentence
    field: str | None = None
    row: int | None = None
    source: str | None = None

    def at(self, source: str | None, row: int | None) -> Problem:
        """Return the same problem, placed in a source and row."""
        return Problem(self.message, self.field, row, source)


class QRecordsError(Exception):
    """Root of all expected errors; `message` says what is wrong, `remedy` what to do next."""

    code = "error"
    exit_status = 1

    def __init__(self, message: Sentence, *, remedy: Sentence = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.problems = tuple(problems)

    @property
    def told(self) -> Sentence:
        """Return what is wrong and what to do next in one sentence."""
        return advise("{}；{}", self.message, self.remedy)


class UsageError(QRecordsError):
    """The command line does not make sense."""

    code = "usage"
    exit_status = 2


class InvalidInput(QRecordsError):
    """Values or files do not fit the form; `problems` lists all of them."""

    code = "invalid_input"
    exit_status = 3


class NotPermitted(QRecordsError):
    """The account may read the record but not do this with it."""

    code = "not_permitted"
    exit_status = 4


class NotFound(QRecordsError):
    """There is no such thing, or the account may not know of it: the same answer."""

    code = "not_found"
    exit_status = 5


class WrongState(QRecordsError):
    """The step is not open from the state the record is in, or two changes met."""

    code = "wrong_state"
    exit_status = 6


class Occupied(WrongState):
    """Another program does just this work; it can be done when that is over."""


class Overtaken(WrongState):
    """Another change of an object came first; the step done again begins from what is there now."""


class IntegrityFailure(QRecordsError):
    """What is stored is not what was stored."""

    code = "integrity"
    exit_status = 7


class MissingProgram(QRecordsError):
    """A needed program is not installed; the remedy says what to install."""

    code = "missing_program"
    exit_status = 8


class StorageFailure(QRecordsError):
    """The disk, the folder or the database did not take a write: full, read-only, gone, forbidden."""

    code = "storage"
    exit_status = 7
