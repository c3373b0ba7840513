"""What a volume's file note (备考表) tells: corrections, scans, missing and void numbers with their reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from qrecords.model.objects import DOCUMENT, paper_of
from qrecords.model.volume import Placed, Volume
from qrecords.office import Office
from qrecords.services.volumes.arranging import scan_names
from qrecords.services.volumes.documentgroups import edition_note
from qrecords.services.volumes.yearreport import YearReport

SUPPLEMENT = "本册为补编：收本年度成册以后归档、或有了新版本的文件。"


def notes_of(office: Office, volume: Volume, *, supplement: bool) -> tuple[str, ...]:
    """Return what is to be told of a volume's items."""
    notes = [SUPPLEMENT] if supplement else []
    scanned = [p for p in volume.placed if all(f.name != paper_of(p.item.object_id) for f in p.files)]
    if scanned:
        notes.append(f"第{'、'.join(str(p.position) for p in scanned)}件装入的是签署后的扫描件。")
    bare = [str(p.position) for p in volume.placed if not p.stamp] if office.settings.volumes.stamp else []
    if bare:
        notes.append(f"第{'、'.join(bare)}件首页没有空白处，未盖归档章。")
    for placed in volume.placed:
        notes += _notes(office, placed)
    return tuple(notes)


def _notes(office: Office, placed: Placed) -> Iterator[str]:
    item = placed.item
    if DOCUMENT.has(item.object_id):
        if told := edition_note(office, item):
            yield f"第{placed.position}件 {item.document_no} {told}。"
    elif item.version > 1:
        why = office.archive.versions(item.object_id)[item.version - 1].message
        yield f"第{placed.position}件 {item.document_no} 为第{item.version}版（{why}）。"
    bound = {office.archive.require(item.object_id, file.name, item.version) for file in placed.files}
    kept = {office.archive.require(item.object_id, name, item.version) for name in scan_names(office, item)} - bound
    if kept:
        yield f"第{placed.position}件另有{len(kept)}份扫描件打不开，或全是空白页，未装入，存于归档件内。"


def gap_lines(
    report: YearReport, codes: Collection[str], first_number: int, reason: str, *, first: bool
) -> tuple[str, ...]:
    """Return the numbers of a group that are missing, void or bound elsewhere, for the file note of its first volume.

    The others refer to that.
    """
    left_out, missing, void, elsewhere = (
        [line for line in lines if line.form_code in codes]
        for lines in (report.left_out, report.missing, report.void, report.elsewhere)
    )
    if not (left_out or missing or void or elsewhere):
        return ()
    if not first:
        return (f"见第{first_number}册备考表。",)
    lines = [f"{line.record_no} {line.why}" for line in [*missing, *left_out]]
    lines += [f"{line.record_no} {line.why}" for line in elsewhere]
    lines += [f"{line.record_no} 作废：{line.why}" for line in void]
    return (*lines, f"带缺件成册的原因：{reason}") if left_out or missing else tuple(lines)
