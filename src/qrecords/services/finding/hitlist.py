"""All hits of a search as a file: .xlsx, .csv or .json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qrecords.model.answer import told
from qrecords.model.record import STATE_LABELS, State
from qrecords.office import Office
from qrecords.services.filekinds import ListFile, kind_of
from qrecords.services.finding.listfile import SUFFIXES, list_file, require_room
from qrecords.services.finding.search import Criteria, described, log_reading, understood
from qrecords.stores.fulltext.interface import Sort

COLUMNS = {
    "record_no": ("记录编号", 24),
    "archive_no": ("归档编号", 28),
    "form_title": ("表名", 24),
    "date": ("日期", 12),
    "customer_unit": ("用户单位", 28),
    "title": ("题名", 48),
    "state_label": ("状态", 10),
    "volume_code": ("所在册", 28),
    "snippet": ("摘录", 60),
}
_ALL = 2**40
_BATCH = 500


def hits_file(office: Office, text: str, criteria: Criteria, name: str, *, sort: Sort = "date") -> ListFile:
    """Return every hit, as the search stood at one moment, as a file of that name.

    UsageError for another kind of file, InvalidInput for more than a worksheet holds.
    """
    suffix = kind_of(name, SUFFIXES)
    query, filters = understood(office, text, criteria)
    record_nos = office.index.search(query, filters, limit=_ALL, sort=sort).record_nos
    require_room(suffix, len(record_nos))

    def hits() -> Iterator[dict[str, Any]]:
        for start in range(0, len(record_nos), _BATCH):
            for hit in described(office, record_nos[start : start + _BATCH], query):
                titles = {"form_title": office.outlines.get(hit.form_code).title}
                yield told(hit) | titles | {"state_label": STATE_LABELS[State(hit.state)]}

    data = list_file(suffix, "检索结果", COLUMNS, hits(), {"query": text}, "hits")
    log_reading(office, text, len(record_nos), exported=suffix)
    return ListFile(data, len(record_nos))
