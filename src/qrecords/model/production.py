"""Series production (批量): how many units of a model were produced, against the procedure's numbers (clause 3, R29).

The numbers are data (forms/QR758/batch.toml). Below them nothing follows: a product may be new, under development, part
of a project, or have been released for production (转产定型); then the list or the record must say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.model.field import Definition
from qrecords.model.values import choice_key

STATUS, KIND, PRODUCED = "production_status", "product_kind", "produced"
BATCH = "批量"

Entry = Mapping[str, Any]


class BatchKind(Definition):
    """A kind of product, and from how many units of it on it is produced in series."""

    kind: str
    batch_from: int
    unit: str


@dataclass(frozen=True, slots=True)
class Series:
    """What the list knows of a model; "" where it does not, or says two things."""

    kind: str
    produced: int
    status: str
    computed: bool
    batch_from: int
    unit: str

    @property
    def told(self) -> str:
        """Return it in words for people."""
        if self.status and not self.computed:
            return self.status
        if not self.batch_from:
            return ""
        made = f"{self.kind}，已生产{self.produced}{self.unit}"
        if self.status:
            return f"{BATCH}（{made}）"
        if self.produced >= self.batch_from:  # stated, but not the same everywhere
            return "同型号各行写的产品状态不一致，请核对"
        return f"未达批量（{made}，{self.batch_from}{self.unit}以上为批量）"


def series_by_model(entries: Sequence[Entry], kinds: Iterable[BatchKind]) -> dict[str, Series]:
    """Return what a product list knows of each model, by `plain` model; what is stated goes before what is counted.

    Produced are the units stated, or those on the list where they are more.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(plain(entry.get("product_model")), []).append(entry)
    by_kind = {kind.kind: kind for kind in kinds}
    return {model: _series(group, by_kind) for model, group in groups.items()}


def with_status(entries: Sequence[Entry], series: Mapping[str, Series]) -> list[dict[str, Any]]:
    """Return entries, each with its model's status where it states none."""
    result = []
    for entry in entries:
        known = series[plain(entry.get("product_model"))].status
        result.append({**entry} if entry.get(STATUS) or not known else {**entry, STATUS: known})
    return result


def plain(value: Any) -> str:
    """Return a model as it is compared: width, case and blanks are forgiven."""
    return choice_key(str(value or ""))


def _series(group: Sequence[Entry], by_kind: Mapping[str, BatchKind]) -> Series:
    kind = _agreed(group, KIND)
    produced = max(*(int(e.get(PRODUCED) or 0) for e in group), len({plain(e.get("serial_no")) for e in group}))
    asked = by_kind.get(kind)
    status = _agreed(group, STATUS)
    stated = any(e.get(STATUS) for e in group)
    reached = asked is not None and produced >= asked.batch_from and not stated
    return Series(
        kind, produced, BATCH if reached else status, reached,
        asked.batch_from if asked else 0, asked.unit if asked else "",
    )  # fmt: skip


def _agreed(group: Sequence[Entry], key: str) -> str:
    said = {str(e[key]) for e in group if e.get(key)}
    return said.pop() if len(said) == 1 else ""
