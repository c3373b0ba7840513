"""A register made again: beside the lost one, then moved into its place, which it leaves under another name."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qrecords.advice import Do, advise
from qrecords.errors import QRecordsError, WrongState
from qrecords.stores import durable
from qrecords.stores.register.database import Register

ASIDE = "register.rebuilding.sqlite"


class Afresh:
    """The register about to take the place of the file `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def require_lost(self) -> None:
        """Refuse while a register that opens is in place."""
        if not self.place.exists():
            return
        try:
            Register.open(self.place).close()
        except QRecordsError:
            return
        raise WrongState(
            f"登记库 {self.place} 还在，也能打开",
            remedy=advise(
                "不需要重建。确实要用归档对象重建，请先备份，再把它移到别处；有备份时请优先用 {}", Do.RESTORE
            ),
        )

    def begin(self) -> Register:
        """Make the new register; what an attempt before left goes."""
        for left in self.place.parent.glob(f"{ASIDE}*"):
            durable.remove_file(left)
        return Register.create(self.place.with_name(ASIDE))

    def take_place(self, now: datetime) -> Path | None:
        """Move the new register, closed, into its place; returns where the damaged one is kept, if there was one."""
        # A damaged one is kept: experts may still read something from it.
        kept = put_aside(self.place, f"register-{now:%Y%m%d%H%M%S}.damaged") if self.place.exists() else None
        durable.replace_file(self.place.with_name(ASIDE), self.place)
        return kept


def put_aside(place: Path, name: str) -> Path:
    """Keep the file of a register under another name, with what lies beside it."""
    kept = place.with_name(name)
    durable.replace_file(place, kept)
    for suffix in ("-wal", "-shm"):
        beside = place.with_name(place.name + suffix)
        if beside.exists():
            durable.replace_file(beside, kept.with_name(kept.name + suffix))
    return kept
