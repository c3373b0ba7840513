"""What the sample office has of the optional parts (demo_packs.toml). Nobody and nothing in it is real."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class PackRecord:
    """A record of the sample office: its form, its day, what differs from the form's sample.

    `stages`: how many are through; None = it is complete, and filed.
    """

    form_code: str
    day: date
    changes: dict[str, Any]
    stages: int | None


def pack_records(year: int, today: date, *, notice: str, repair: str) -> list[PackRecord]:
    """Return the records of all packs: those of `year` are complete, those under way lie some days before `today`.

    `notice` and `repair` are the numbers of a notice and of a repair report the others name.
    """
    rows = tomllib.loads(resources.files(__package__).joinpath("demo_packs.toml").read_text(encoding="utf-8"))
    names = {"{notice}": notice, "{repair}": repair}

    def record(row: Mapping[str, Any]) -> PackRecord:
        day = date.fromisoformat(f"{year}-{row['day']}") if "day" in row else today - timedelta(days=row["ago"])
        changes = {k: names.get(v, v) if isinstance(v, str) else v for k, v in row.get("changes", {}).items()}
        return PackRecord(row["form"], day, changes, row.get("stages"))

    return [record(row) for row in rows["records"]]
