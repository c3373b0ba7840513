"""Write all hits of a search to a file: .xlsx, .csv or .json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput, UsageError, WrongState
from qrecords.model.record import STATE_LABELS, State
from qrecords.office import Office
from qrecords.render.listing import MAX_ROWS, list_csv, list_workbook
from qrecords.services.finding.search import Criteria, described, log_reading, understood
from qrecords.stores.durable import make_dirs, write_file
from qrecords.stores.fulltext.interface import Sort

SUFFIXES = (".xlsx", ".csv", ".json")
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


def export(office: Office, text: str, criteria: Criteria, path: Path, *, sort: Sort = "date") -> dict[str, Any]:
    """Write every hit, as the search stood at one moment; returns path and how many.

    UsageError for another kind of file, WrongState when something is there already, InvalidInput for more than a
    worksheet holds.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path.name} 的扩展名不认识", remedy=f"请写成 检索结果.xlsx 的样子，可用：{'、'.join(SUFFIXES)}"
        )
    if path.exists():
        raise WrongState(f"{path} 已经有了", remedy="请用 -o 换一个文件名，或先移走那个文件")
    query, filters = understood(office, text, criteria)
    record_nos = office.index.search(query, filters, limit=_ALL, sort=sort).record_nos
    if suffix == ".xlsx" and len(record_nos) > MAX_ROWS:
        raise InvalidInput(
            f"共{len(record_nos)}份，一张工作表放不下", remedy="请改存为 .csv，或加 --year 等条件分几次存"
        )

    def hits() -> Iterator[dict[str, Any]]:
        for start in range(0, len(record_nos), _BATCH):
            for hit in described(office, record_nos[start : start + _BATCH], query):
                titles = {"form_title": office.outlines.get(hit["form_code"]).title}
                yield hit | titles | {"state_label": STATE_LABELS[State(hit["state"])]}

    rows = ([hit[key] for key in COLUMNS] for hit in hits())
    if suffix == ".json":
        found = [*hits()]
        data = json.dumps({"query": text, "total": len(found), "hits": found}, ensure_ascii=False, indent=1).encode(
            errors="replace"
        )
    elif suffix == ".csv":
        data = list_csv([heading for heading, _ in COLUMNS.values()], rows)
    else:
        data = list_workbook("检索结果", [*COLUMNS.values()], rows)
    log_reading(office, text, len(record_nos), exported=suffix)
    make_dirs(path.parent)
    write_file(path, data)
    return {"path": str(path), "total": len(record_nos)}
