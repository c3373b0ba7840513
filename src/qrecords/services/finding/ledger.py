"""What `list` names as a file: the ledger (台账) of the records an account may read."""

from __future__ import annotations

from collections.abc import Sequence

from qrecords.model.answer import told
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.filekinds import ListFile, kind_of
from qrecords.services.finding.find import Summary
from qrecords.services.finding.listfile import SUFFIXES, list_file, require_room

SHEET = "台账"
COLUMNS = {
    "record_no": ("记录编号", 24),
    "form_title": ("表名", 24),
    "date": ("日期", 12),
    "customer_unit": ("用户单位", 28),
    "title": ("题名", 48),
    "secrecy_level": ("密级", 8),
    "state_label": ("状态", 10),
    "turn": ("该谁办", 28),
    "lacking": ("还缺什么", 48),
    "archive_no": ("归档编号", 28),
    "volume_code": ("所在册", 28),
}


def ledger_file(office: Office, records: Sequence[Summary], name: str) -> ListFile:
    """Return records, as `list_records` gives them, as a file of that name.

    UsageError for another kind of file, InvalidInput for more than a worksheet holds. A list that leaves is
    written down, as one of hits is.
    """
    suffix = kind_of(name, SUFFIXES)
    require_room(suffix, len(records))
    lines = ({**told(one), "lacking": "；".join(map(office.words, one.missing))} for one in records)
    data = list_file(suffix, SHEET, COLUMNS, lines, {}, "records")
    office.note([office.event(Action.READ, "list", total=len(records), exported=suffix)])
    return ListFile(data, len(records))
