"""A deep check shared by several workers: cut by fonds, year and form, each share read by itself.

A volume binds items of its own series alone, so a share reads both. A share reads what the register says of its own
objects. What there is one of, the register's numbers, the log, records no object holds, what lies around the objects,
is checked when all shares are over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from qrecords.errors import Problem
from qrecords.model.four_properties import Checks
from qrecords.model.record import Action
from qrecords.model.spans import Span, packed, unpacked
from qrecords.office import Office
from qrecords.services.care.verify import Progress, Verified, check_share, verify_rest

LEAST_OBJECTS = 500  # of a share: some minutes of one core, where they are opened for the first time
_KIND = re.compile(r"^urn:qrecords:[a-z]+:")


@dataclass(frozen=True, slots=True)
class Share:
    """The series of a share, "" for what belongs to none, and all their objects there were when it was cut."""

    series: list[str]
    objects: list[Span]


@dataclass(frozen=True, slots=True)
class Told:
    """A problem, in words."""

    message: str
    field: str | None
    row: int | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a share came to: of each check how much and what, damaged objects, how many came before."""

    checks: dict[str, tuple[int, tuple[Told, ...]]]
    damaged: tuple[str, ...]
    resumed: int


def cut(office: Office) -> list[Share]:
    """Return the shares, the largest first.

    Each names its objects: the archive is walked once for all, not once a share (on a store that is many requests).
    """
    office.authorise(Action.VERIFY, "verify")
    by_series: dict[str, list[str]] = defaultdict(list)
    for object_id in sorted(office.archive.ids()):
        by_series[_series(object_id)].append(object_id)
    shares: list[tuple[int, list[str]]] = []
    for name, ids in sorted(by_series.items(), key=lambda one: (-len(one[1]), one[0])):
        if shares and shares[-1][0] < LEAST_OBJECTS:
            shares[-1] = (shares[-1][0] + len(ids), [*shares[-1][1], name])
        else:
            shares.append((len(ids), [name]))
    return [
        Share(names, packed(sorted(i for name in names for i in by_series[name])))
        for _, names in sorted(shares, reverse=True)
    ]


def checked(office: Office, series: Sequence[str], objects: Sequence[Span] | None, *, progress: Progress) -> Found:
    """Check the objects of a share deeply; of one an earlier release cut they are looked up by series."""
    wanted = {*series}
    mine = sorted(i for i in office.archive.ids() if _series(i) in wanted) if objects is None else [*unpacked(objects)]
    name = sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:12]
    checks, damaged, resumed = check_share(office, mine, name, progress=progress)
    found = {
        check.name: (check.count, tuple(_told(office, problem) for problem in check.problems))
        for check in checks.values()
        if check.count or check.problems
    }
    return Found(found, tuple(sorted(damaged)), resumed)


def joined(office: Office, found: Sequence[Found]) -> Verified:
    """Check the rest, and return what all shares found with it, as one check of the whole would."""
    checks, damaged = Checks(), set[str]()
    for share in found:
        damaged.update(share.damaged)
        for name, (count, told) in share.checks.items():
            checks[name].add([Problem(one.message, one.field, one.row, one.source) for one in told], count)
    return verify_rest(office, checks, damaged, sum(share.resumed for share in found))


def _told(office: Office, problem: Problem) -> Told:
    return Told(office.words(problem.message), problem.field, problem.row, problem.source)


def _series(object_id: str) -> str:
    """Return the series an object's number belongs to: fonds, form and year."""
    return _KIND.sub("", object_id).rpartition("-")[0]
