"""A year's compilation shared by several workers: cut by what is bound together, each part a step of its own.

Fonds, year and group have volume numbers, items and gaps of their own, so parts never wait for each other. Who binds a
group holds `compile/YEAR/GROUP`, which a whole compilation, a destruction and the end of this one exclude. The year's
catalogue and the segment of the log, of which there is one each, are made when all parts are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from qrecords.office import Office
from qrecords.services.access.audit import file_log
from qrecords.services.finding.indexing import follow
from qrecords.services.volumes import catalogue
from qrecords.services.volumes.compile import (
    Compiled,
    CompiledVolume,
    Plan,
    Progress,
    authorise,
    bind_all,
    compile_year,
    groups_and_report,
    plans_of,
    require_no_gaps,
)

LEAST_PAGES = 300  # of a part: below, the start of LibreOffice costs more than sharing saves
LABEL = "成册"


def cut_year(office: Office, year: int, *, with_gaps: bool, reason: str) -> list[list[str]]:
    """Return the groups that make up each part, the largest part first; refuses what the compilation would refuse."""
    authorise(office, year, with_gaps=with_gaps, reason=reason)
    groups, report = groups_and_report(office, year)
    plans = plans_of(office, groups, year)
    require_no_gaps(year, plans, report, with_gaps=with_gaps)
    parts: list[tuple[int, list[str]]] = []
    for pages, code in sorted(((_pages(plan), plan[0].code) for plan in plans), reverse=True):
        if parts and parts[-1][0] < LEAST_PAGES:
            parts[-1] = (parts[-1][0] + pages, [*parts[-1][1], code])
        else:
            parts.append((pages, [code]))
    return [codes for _, codes in sorted(parts, reverse=True)]


def _pages(plan: Plan) -> int:
    return sum(volume.pages for volume in plan[1])


def compile_part(
    office: Office, year: int, groups: Sequence[str], *, with_gaps: bool, reason: str, progress: Progress | None = None
) -> list[CompiledVolume]:
    """Bind the year's items of some groups; returns the volumes. Done again, it binds what is left."""
    authorise(office, year, with_gaps=with_gaps, reason=reason)
    with ExitStack() as held:
        for code in sorted(groups):
            held.enter_context(office.exclusive(f"compile/{year}/{code}", LABEL))
        found, report = groups_and_report(office, year, only=groups)
        plans = plans_of(office, found, year)
        require_no_gaps(year, plans, report, with_gaps=with_gaps)
        made = bind_all(office, year, plans, report, reason, progress, catalogued=False) if plans else []
    follow(office)
    return made


def join_year(office: Office, year: int) -> Compiled:
    """Bring the year's catalogue and the log's segments up to what the parts bound; returns what was left out."""
    with office.exclusive(f"compile/{year}", LABEL):
        if catalogue.is_behind(office, year):
            file_log(office)
            catalogue.catch_up(office, year)
    return compile_year(office, year, dry_run=True)
