"""Take the register of an office to a server, or back into the workspace's file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from qrecords.desk.places import register_below
from qrecords.errors import UsageError, WrongState
from qrecords.model.record import Action
from qrecords.office import Clock, system_now
from qrecords.services.administer import open_office
from qrecords.settings import FILE_NAME, Settings, load
from qrecords.stores import durable
from qrecords.stores.register import Register, moving
from qrecords.stores.register.database import ARRIVING, MOVED
from qrecords.stores.settingsfile import with_register
from qrecords.strict import require_none

FILE = "sqlite"  # what the workspace's own file is called where a server's URL may stand


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the register is now; how many rows were copied, 0 where that was done before; the head of its log."""

    called: str
    rows: int
    audit_seq: int
    audit_head: str


def move_register(root: Path, to: str, *, account_name: str | None = None, clock: Clock = system_now) -> Moved:
    """Move the register and let the settings name its new place; one that broke off is finished.

    WrongState while anybody works, or over another register; the old one is in force until all was compared.
    """
    require_none("搬登记库")
    settings = load(root)
    url = "" if to == FILE else to
    target = replace(settings, register=replace(settings.register, url=url))
    is_there = url == settings.register.url
    copied = _left_over(target) if is_there else _copied(settings, target, account_name, clock)
    return _switched(settings, target, copied, clock)


def _copied(settings: Settings, target: Settings, account_name: str | None, clock: Clock) -> moving.Copied:
    """Copy and compare; what an attempt before came to is taken up."""
    with closing(_register(settings)) as source:
        if moving.standing(source) == MOVED:
            return _taken_up(source, target)
    with closing(open_office(settings.root, account_name, clock=clock)) as office:
        office.authorise(Action.ADMINISTER, "register")
        with closing(_begun(target)) as there, closing(_register(settings)) as source:
            event = office.event(Action.ADMINISTER, "register", to="server" if target.register.url else "file")
            source.holders |= office.register.holders
            return moving.move(source, there, event)


def _taken_up(source: Register, target: Settings) -> moving.Copied:
    """Return what an attempt before copied; WrongState when it went somewhere else."""
    with closing(_arriving(target)) as there:
        if found := moving.agree(source, there):
            return found
        raise WrongState(f"登记库 {source.called} 已搬走，但不是搬到 {there.called}", remedy="请写当时搬去的地方")


def _left_over(target: Settings) -> moving.Copied:
    """Return what was copied when the settings say so already and only the last is left; UsageError when nothing is."""
    with closing(_register(target)) as there:
        if moving.standing(there) != ARRIVING:
            raise UsageError(f"登记库已经在 {there.called}", remedy="请写要搬去的另一个地方")
        with there.read() as tx:
            return moving.Copied(0, *tx.audit.head())


def _switched(settings: Settings, target: Settings, copied: moving.Copied, clock: Clock) -> Moved:
    """Let the new register take its place in folder and settings, and be in force."""
    now, place = target.moment(clock), moving.FilePlace(register_below(target.root))
    if not target.register.url:
        place.take_place(now)
    with closing(_register(target)) as there:
        path = settings.root / FILE_NAME
        known = there.register_id if target.register.url else ""
        text = with_register(path.read_text(encoding="utf-8-sig"), target.register.url, known)
        durable.write_file(path, text.encode())
        moving.finish(there)
        called = there.called
    if target.register.url:
        place.leave(now)
    return Moved(called, copied.rows, copied.audit_seq, copied.audit_head)


def _register(settings: Settings) -> Register:
    return Register(register_below(settings.root), settings.register.url)


def _begun(target: Settings) -> Register:
    return _register(target) if target.register.url else moving.FilePlace(register_below(target.root)).begin()


def _arriving(target: Settings) -> Register:
    return _register(target) if target.register.url else moving.FilePlace(register_below(target.root)).arriving()
