"""What a destruction list and its certificate say, as data and as paper (domain rule C.10; DA/T 42-2009 7.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from qrecords.model.access import person_name, secrecy_rank
from qrecords.model.destruction import CertificateJson, ListedPiece, ListedUnit, ListJson
from qrecords.model.disposition import Confirmed, DestructionList
from qrecords.model.retention import Unit, UnitKind
from qrecords.office import Office
from qrecords.render.context import date_text
from qrecords.render.listbooks import printed_list
from qrecords.services.disposition.retained import Keeping
from qrecords.services.making import Filling, make

Papers = dict[str, bytes | Path]

# The columns of the list by the tags of its template: heading, and width in the workbook (DA/T 42-2009 7.7).
COLUMNS = {
    "no": ("序号", 6),
    "title": ("案卷或文件题名", 48),
    "dates": ("起止日期", 24),
    "code": ("档号", 28),
    "document_no": ("文号", 40),
    "pieces": ("件数/页数", 10),
    "period": ("原保管期限", 12),
    "kept": ("已保管期限", 12),
    "reason": ("销毁原因", 36),
    "secrecy_level": ("密级", 8),
    "remark": ("备注", 24),
}
METHOD = (
    "从档案库删除对象的全部版本，清除登记库、检索库里的内容和缓存的文件，并逐项核对；"
    "编号、题名、日期、清册和本证明保留。"
)
OTHERS = "没有登记的副本、纸质原件和工作区以外的文件不在此列，请一并处理。"


def content_of(
    office: Office, keeping: Keeping, list_no: str, units: Sequence[Unit], objects: Mapping[str, str], reason: str
) -> ListJson:
    """Return what is to be destroyed, piece by piece; `objects` names the object of each code."""
    return ListJson(
        list_no=list_no,
        org_name=office.settings.office.org_name,
        unit=office.settings.office.unit,
        drawn_at=office.now(),
        drawn_by=office.account.name,
        drawn_by_name=office.account.display_name,
        reason=reason,
        units=tuple(_unit(keeping, unit, objects) for unit in units),
    )


def pieces_of(unit: Unit, objects: Mapping[str, str]) -> tuple[ListedPiece, ...]:
    """Return what a unit is made of: every item with its object, version, records; and the volume's own object."""
    pieces = [
        ListedPiece(
            code=item.archive_no,
            object=item.object_id,
            version=item.version,
            title=item.title,
            date_from=item.date_from,
            date_to=item.date_to,
            form_code=item.form_code,
            month=item.month,
            records=tuple(item.record_nos),
        )
        for item in unit.items
    ]
    if unit.kind is UnitKind.VOLUME:
        whole = ListedPiece(
            code=unit.code,
            object=objects[unit.code],
            version=1,
            title=unit.title,
            date_from=min(i.date_from for i in unit.items),
            date_to=max(i.date_to for i in unit.items),
            form_code=unit.items[0].form_code,
            month="",
            records=(),
        )
        pieces.append(whole)
    return tuple(pieces)


def list_papers(office: Office, content: ListJson, work: Path) -> Papers:
    """Make the list as docx, pdf and xlsx; returns the files by the names they get in the object."""
    lines = [_line(office, number, unit) for number, unit in enumerate(content.units, start=1)]
    drawn_by = person_name(content.drawn_by_name, content.drawn_by)
    context = {
        "org_name": content.org_name,
        "list_no": content.list_no,
        "reason": content.reason,
        "sha256": content.sha256,
        "drawn_by": drawn_by,
        "drawn_on": date_text(content.drawn_at[:10]),
        "units": lines,
        **_totals(content),
    }
    drawn = f"编制：{drawn_by} {content.drawn_at[:10]}；鉴定意见：{content.reason}"
    title = f"电子档案销毁清册 {content.list_no}（{drawn}；校验码 {content.sha256}）"
    rows = [[line[key].replace("\n", " ") for key in COLUMNS] for line in lines]
    book = printed_list(title, [*COLUMNS.values()], rows, datetime.fromisoformat(content.drawn_at))
    papers = _papers(office, "list", context, work)
    return papers | {ListJson.FILE: content.to_bytes(), "list.xlsx": book}


def certificate_papers(office: Office, certificate: CertificateJson, results: Iterable[str], work: Path) -> Papers:
    """Make the certificate as docx and pdf, with the lines that say what was done."""
    content = certificate.list
    digests = {entry.code: entry.sha512 for entry in certificate.objects}
    people = [("批准", certificate.approved), *(("监销", w) for w in certificate.witnesses)]
    people.append(("执行", certificate.executed))
    context = {
        "org_name": content.org_name,
        "list_no": content.list_no,
        "sha256": certificate.sha256,
        "executed_on": date_text(certificate.executed.on),
        "method": METHOD,
        "units": [
            {
                "no": str(n),
                "code": u.code,
                "title": u.title,
                "pieces": _pieces(u),
                "digest": digests[u.code][:32],
            }
            for n, u in enumerate(content.units, start=1)
        ],
        "people": [
            {
                "part": part,
                "who": person_name(c.name, c.account),
                "on": c.on,
                "at": c.at[:19].replace("T", " "),
            }
            for part, c in people
        ],
        "results": list(results),
        "backups": [
            *(f"{b.at[:10]} 备份到 {b.folder}" for b in certificate.backups),
            *(f"受控副本 {c.copy_no}（{c.recipient}）还没有收回" for c in certificate.copies),
            OTHERS,
        ],
        **_totals(content),
    }
    return _papers(office, "certificate", context, work)


def _totals(content: ListJson) -> dict[str, str]:
    return {key: str(number) for key, number in asdict(content.totals).items()}


def word_of(office: Office, drawn: DestructionList) -> Confirmed:
    """Return the acting account's word on a list, today."""
    return Confirmed(office.account.name, office.account.display_name, office.now(), office.today(), drawn.sha256)


def _unit(keeping: Keeping, unit: Unit, objects: Mapping[str, str]) -> ListedUnit:
    numbers = [item.document_no for item in unit.items]
    return ListedUnit(
        kind=unit.kind.value,
        code=unit.code,
        title=unit.title,
        date_from=min(item.date_from for item in unit.items),
        date_to=max(item.date_to for item in unit.items),
        document_no=numbers[0] if len(numbers) == 1 else f"{numbers[0]} 等{len(numbers)}件",
        items=len(unit.items),
        pages=unit.pages,
        record_year=max(item.record_year for item in unit.items),
        last_day=keeping.last_day(unit),
        extended_to=unit.extended_to,
        secrecy_level=max((item.secrecy_level for item in unit.items), key=secrecy_rank),
        pieces=pieces_of(unit, objects),
    )


def _line(office: Office, number: int, unit: ListedUnit) -> dict[str, str]:
    years = int(unit.last_day[:4]) - unit.record_year
    kept = int(office.today()[:4]) - unit.record_year - 1
    return {
        "no": str(number),
        "title": unit.title,
        "dates": f"{unit.date_from}\n{unit.date_to}",
        "code": unit.code,
        "document_no": unit.document_no,
        "pieces": _pieces(unit),
        "period": f"{years}年",
        "kept": f"{kept}年",
        "reason": f"保存期限到 {unit.last_day} 届满，经鉴定无继续保存价值",
        "secrecy_level": unit.secrecy_level,
        "remark": f"曾延长到 {unit.extended_to}" if unit.extended_to else "",
    }


def _pieces(unit: ListedUnit) -> str:
    return f"{unit.items}\n{unit.pages}"


def _papers(office: Office, name: str, context: Mapping[str, Any], work: Path) -> Papers:
    template = office.forms.house(f"disposition/{name}.docx")
    (pdf,) = make(office, [Filling(name, template, context)], work)
    return {f"{name}.docx": work / f"{name}.docx", f"{name}.pdf": pdf}
