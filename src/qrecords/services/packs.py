"""Turn the optional parts on and off: series, tables, deadlines and forms that an office may do without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qrecords.advice import Do, advise
from qrecords.errors import Problem, QRecordsError, WrongState
from qrecords.model.record import OPEN_STATES, Action
from qrecords.office import Office
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.packs import Pack, is_on, pack_named, turn_off, turn_on
from qrecords.stores.packs import packs as packaged


@dataclass(frozen=True, slots=True)
class PackState:
    """A pack as an office has it."""

    name: str
    title: str
    series: str
    on: bool
    brings: Sequence[str]  # the titles of its forms


def packs(office: Office) -> Sequence[PackState]:
    """Return every pack, on or off."""
    if not office.allows(Action.ADMINISTER):  # who switches them need read no record
        office.authorise(Action.READ, "packs")
    return [_state(office, pack) for pack in packaged()]


def switch(office: Office, name: str, *, on: bool) -> PackState:
    """Turn a pack on or off; it is logged. WrongState while records on its forms are under way."""
    pack = pack_named(name)
    office.authorise(Action.ADMINISTER, f"packs/{pack.name}")
    main = office.settings.forms_dir
    if is_on(main, pack) == on:
        return _state(office, pack)
    with office.exclusive("forms", "增减可选部分"):
        if not on:
            _require_settled(office, pack)
        (turn_on if on else turn_off)(main, pack)
        if on:
            _require_sound(main, pack)
    office.workspace.forget_forms()
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.ADMINISTER, f"packs/{pack.name}", turned="on" if on else "off")])
    return _state(office, pack)


def _require_sound(main: Path, pack: Pack) -> None:
    """Take a pack back whose forms the office cannot read: blocks of another procedure, a folder somebody changed."""
    try:
        FormCatalogue(main).all()
    except QRecordsError as error:
        turn_off(main, pack)
        remedy = f"没有开；请按提示改正 {main.parent / pack.code}，再开一次"
        problems = error.problems or [Problem(error.told)]
        raise WrongState(f"「{pack.title}」的表式在这里读不出", remedy=remedy, problems=problems) from None


def _require_settled(office: Office, pack: Pack) -> None:
    codes = {code for code in office.forms.codes() if code.startswith(f"{pack.code}-")}
    with office.register.read() as tx:
        left = [r.record_no for r in tx.records.find(states=OPEN_STATES) if r.form_code in codes]
    if left:
        more = "等" if len(left) > 1 else ""
        raise WrongState(
            f"「{pack.title}」还有{len(left)}份记录没有办完（{left[0]}{more}），不能关",
            remedy=advise("请先归档或作废这些记录：{}", Do.LIST),
        )


def _state(office: Office, pack: Pack) -> PackState:
    return PackState(pack.name, pack.title, pack.code, is_on(office.settings.forms_dir, pack), pack.brings)
