"""Whom the office names for a task (people.toml) and its days of rest (holidays.csv): changed, and logged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from qrecords.errors import InvalidInput, NotFound, Problem
from qrecords.model.deadlines import FREE, WORKED
from qrecords.model.record import Action
from qrecords.model.values import parse_date
from qrecords.office import Office
from qrecords.services.intake.putting import put
from qrecords.stores.procedure import with_days, with_names

GONE = "删"  # written for 休 or 班: the day is no special one after all


def name_people(office: Office, key: str, names: Sequence[str]) -> tuple[str, ...]:
    """Put the names of a list of people.toml in place of those there; returns them, blanks put right, each once.

    What was written by an older list stands. NotFound for a list the office does not keep.
    """
    procedure = office.forms.procedure
    office.authorise(Action.ADMINISTER, procedure.people_path.name)
    if key not in procedure.people_lists:
        raise NotFound("没有这份人员名单", remedy="请从「管理」的页面上选")
    plain = tuple(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
    with office.exclusive("lists", "改人员名单"):
        _put(office, procedure.people_path, with_names(procedure.people_path, key, plain))
    return plain


def name_days(office: Office, lines: Sequence[str]) -> int:
    """Write special days down, one a line: 2026-01-01,休,元旦; 班: it is worked, 删: it is none. Returns how many.

    A day there already is written over. InvalidInput names every line that is wrong, and nothing has changed then.
    """
    procedure = office.forms.procedure
    office.authorise(Action.ADMINISTER, procedure.holidays_path.name)
    found: dict[date, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.replace("，", ",").split(",")]
        if not any(cells):
            continue
        try:
            day, kind = date.fromisoformat(parse_date(cells[0][:40])), (cells[1:] or [""])[0]
        except ValueError as error:
            problems.append(Problem(str(error), row=number))
            continue
        if kind not in {FREE, WORKED, GONE}:
            problems.append(Problem(f"{day} 的类别是「{kind[:40]}」，应为 休、班，或 删", row=number))
        elif day in found:
            problems.append(Problem(f"{day} 写了两次", row=number))
        found[day] = "" if kind == GONE else ",".join([day.isoformat(), kind, "".join(cells[2:3]).replace('"', "")])
    if problems or not found:
        raise InvalidInput("没有改节假日", remedy="请一行写一天：2026-01-01,休,元旦", problems=problems)
    with office.exclusive("lists", "改节假日"):
        _put(office, procedure.holidays_path, with_days(procedure.holidays_path, found))
    return len(found)


def _put(office: Office, path: Path, text: str) -> None:
    """Put a file of the procedure in place; the forms are read anew. One outside the workspace by its whole path."""
    root = office.settings.root
    place = path.relative_to(root) if path.is_relative_to(root) else path
    put(office, place.as_posix(), text.encode(), Action.ADMINISTER)
    office.workspace.forget_forms()
