"""The office's service points, and the units that work with it for a time (`regions.toml`; domain T, R178)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qrecords.model.field import Definition
from qrecords.model.values import choice_key


class Partner(Definition):
    """A performing unit that is a partner, up to and including a day."""

    unit: str
    until: date


class Regions(Definition):
    """Service points, customers there or not, and partners; none of either where the office writes none."""

    points: tuple[str, ...] = ()
    partners: tuple[Partner, ...] = ()

    def _problems(self) -> Iterator[str]:
        for what, names in (("points", self.points), ("partners", [p.unit for p in self.partners])):
            keys = [choice_key(name) for name in names]
            if doubled := [n for n, key in zip(names, keys, strict=True) if keys.count(key) > 1]:
                yield f"{what} 里「{doubled[0]}」写了两次"

    def is_partner(self, unit: str, day: str) -> bool:
        """Tell whether a unit is a partner on a day (YYYY-MM-DD)."""
        return any(choice_key(p.unit) == choice_key(unit) and day <= p.until.isoformat() for p in self.partners)
