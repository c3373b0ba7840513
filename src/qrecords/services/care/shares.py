"""A deep check shared by several workers: cut by fonds, year and form, each share read by itself.

A volume binds items of its own series alone, so a share reads both. What there is one of, the register's numbers, the
log, what lies around the objects, is checked when all shares are over.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256

from qrecords.errors import Problem
from qrecords.model.four_properties import Checks
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.care.verify import Progress, Verified, check_share, verify_rest

LEAST_OBJECTS = 500  # of a share: some minutes of one core, where they are opened for the first time
_KIND = re.compile(r"^urn:qrecords:[a-z]+:")


def cut(office: Office) -> list[list[str]]:
    """Return the series that make up each share, the largest share first; "" is what belongs to none."""
    office.authorise(Action.VERIFY, "verify")
    counted = Counter(map(_series, office.archive.ids()))
    shares: list[tuple[int, list[str]]] = []
    for name, count in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        if shares and shares[-1][0] < LEAST_OBJECTS:
            shares[-1] = (shares[-1][0] + count, [*shares[-1][1], name])
        else:
            shares.append((count, [name]))
    return [names for _, names in sorted(shares, reverse=True)]


def checked(office: Office, series: Sequence[str], *, progress: Progress) -> str:
    """Check the objects of some series deeply; returns what was found, for `joined`."""
    ids, wanted = sorted(office.archive.ids()), set(series)
    mine = [object_id for object_id in ids if _series(object_id) in wanted]
    name = sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:12]
    checks, damaged, resumed = check_share(office, ids, mine, name, progress=progress)
    found = {
        check.name: [check.count, [asdict(replace(p, message=office.words(p.message))) for p in check.problems]]
        for check in checks.values()
        if check.count or check.problems
    }
    return json.dumps({"checks": found, "damaged": sorted(damaged), "resumed": resumed}, ensure_ascii=False)


def joined(office: Office, told: Sequence[str]) -> Verified:
    """Check the rest, and return what all shares found with it, as one check of the whole would."""
    checks, damaged, resumed = Checks(), set[str](), 0
    for share in map(json.loads, told):
        damaged.update(share["damaged"])
        resumed += share["resumed"]
        for name, (count, problems) in share["checks"].items():
            checks[name].add([Problem(**problem) for problem in problems], count)
    return verify_rest(office, checks, damaged, resumed)


def _series(object_id: str) -> str:
    """Return the series an object's number belongs to: fonds, form and year."""
    return _KIND.sub("", object_id).rpartition("-")[0]
