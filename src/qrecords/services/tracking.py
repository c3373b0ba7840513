"""Each delivered unit of the product list with its phases, by the records the account may read (R136): advice alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from qrecords.model.delivery import READ, Tracked, tracked
from qrecords.model.lists import PRODUCTS
from qrecords.model.numbering import form_number
from qrecords.model.record import GONE
from qrecords.office import Office
from qrecords.services.filekinds import kind_of
from qrecords.services.finding.listfile import SUFFIXES, Columns, list_file, require_room
from qrecords.services.intake.lists import list_entries

COLUMNS: Columns = {
    "product_model": ("型号", 14),
    "serial_no": ("出厂编号", 16),
    "delivered_on": ("交付日期", 12),
    "customer_unit": ("用户单位", 24),
    "trained_on": ("首次培训", 12),
    "commissioned_on": ("开通", 12),
    "last_mark": ("最近应回访", 20),
    "next_mark": ("下次回访", 12),
    "warranty_status": ("保修状态", 10),
    "troubles": ("问题", 8),
}
TITLE = "产品交付跟踪"


@dataclass(frozen=True, slots=True)
class Tracking:
    """The units delivered by a day; `undated` entries have no day of delivery; `whole` when all records were read."""

    on: str
    units: Sequence[Tracked]
    undated: int
    whole: bool


def tracking(office: Office, containing: str = "") -> Tracking:
    """Return each delivered unit of the product list, or of its entries with some words, with its phases."""
    entries = list_entries(office, PRODUCTS, containing)
    dated = [e for e in entries if e.get("delivery_date")]
    units: Sequence[Tracked] = ()
    if dated:
        since = min(str(e["delivery_date"])[:10] for e in dated)
        codes = [code for code in office.forms.counted_codes() if form_number(code) in READ]
        with office.register.read() as tx:
            found = [r for code in codes for r in tx.records.counted(code, since=since)]
        standing = [r for r in office.only_readable(found) if r.state not in GONE]
        units = tracked(dated, standing, office.today())
    return Tracking(office.today(), units, len(entries) - len(dated), office.readable() is None)


def lines_of(found: Tracking) -> list[dict[str, str]]:
    """Return the units as lines of a list: the last mark that is due with its state, and the next."""
    return [
        {key: str(value) for key, value in asdict(unit).items() if key in COLUMNS}
        | {
            "last_mark": f"{unit.marks[-2].due_on} {unit.marks[-2].state}" if len(unit.marks) > 1 else "",
            "next_mark": unit.marks[-1].due_on,
        }
        for unit in found.units
    ]


def tracking_file(found: Tracking, name: str) -> bytes:
    """Return the units as a workbook, CSV or JSON, by the name of the file."""
    suffix = kind_of(name, SUFFIXES)
    require_room(suffix, len(found.units))
    lines: Sequence[Mapping[str, object]] = [asdict(u) for u in found.units] if suffix == ".json" else lines_of(found)
    return list_file(suffix, TITLE, COLUMNS, lines, {"on": found.on}, "units")
