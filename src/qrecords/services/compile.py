"""Compile a year's filed items into bound volumes (汇编成册， QS/PA758A 5.1.2.2, 5.5.6; GB/T 11822-2008).

Crash order: the intent reserves the volume codes and writes down which item goes where; volumes are bound and sealed
one by one; then the register commits. A code whose volume was not sealed is used by the next compilation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from qrecords.errors import IntegrityFailure, UsageError, WrongState
from qrecords.model.form import Form
from qrecords.model.numbering import Series, file_safe
from qrecords.model.record import OPEN_STATES, STATE_LABELS, Action, State, record_year
from qrecords.model.volume import File, Limits, Piece, Volume, split, volume_title
from qrecords.office import Office
from qrecords.services.binding import Binding, seal
from qrecords.services.indexing import follow
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.register import Transaction

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Compiled:
    """What a compilation made, or would make: volumes, gaps in the numbers, records left out."""

    volumes: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, str]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)


def compile_year(
    office: Office,
    year: int,
    *,
    form_code: str = "",
    dry_run: bool = False,
    with_gaps: bool = False,
    reason: str = "",
    progress: Progress | None = None,
) -> Compiled:
    """Bind the year's items of one form, or of all forms, that are in no volume yet.

    Records of the year that are not filed are gaps: binding goes on only `with_gaps` and a reason, which the file
    note prints. Items filed later make a further volume, never a silent change.
    """
    office.authorise(Action.BIND, str(year))
    forms = [office.forms.get(form_code)] if form_code else _all_forms(office)
    if with_gaps and not reason.strip():
        raise UsageError("带缺件成册要写原因", remedy="请加 --reason 写明原因，它会印在备考表上")
    with office.exclusive("compile", "成册"):
        result = Compiled()
        plans = [(f.form, *_plan(office, f.form, year, result)) for f in forms]
        if dry_run:
            for form, volumes, _ in plans:
                result.volumes += [_outline(form, year, v) for v in volumes]
            return result
        if result.left_out and any(volumes for _, volumes, _ in plans) and not with_gaps:
            raise WrongState(
                f"{year}年还有{len(result.left_out)}份记录没有归档，不能成册",
                remedy="先办完它们（qrecords list --year 查看），或加 --with-gaps --reason 带缺件成册",
            )
        total, done = sum(len(v) for _, v, _ in plans), 0
        for form, volumes, notes in plans:
            missing = tuple(f"{o['record_no']} {o['why']}" for o in result.left_out if o["form_code"] == form.code)
            gaps = (*missing, f"带缺件成册的原因：{reason}") if missing else ()
            for volume in volumes:
                result.volumes.append(_bind(office, form, year, volume, notes, gaps))
                done += 1
                if progress:
                    progress(done, total)
    follow(office)
    return result


def _all_forms(office: Office) -> list[FormFolder]:
    """Return every form; IntegrityFailure when the register has records of one whose folder is gone."""
    forms = office.forms.all()
    with office.register.read() as tx:
        used = {form_code for form_code, _ in tx.records.counts()}
    if gone := sorted(used - {f.form.code for f in forms}):
        raise IntegrityFailure(f"表式 {'、'.join(gone)} 的文件夹不见了", remedy="请从备份恢复 forms 文件夹后再成册")
    return forms


def _plan(office: Office, form: Form, year: int, result: Compiled) -> tuple[list[Volume], tuple[str, ...]]:
    with office.register.read() as tx:
        items = tx.items.of_year(year, form.code)
        voids = tx.records.find(form_code=form.code, year=year, states=[State.VOID])
        waiting = tx.records.find(form_code=form.code, states=OPEN_STATES)
    result.gaps += [{"record_no": r.record_no, "reason": r.reason} for r in voids]
    result.left_out += [
        {"record_no": r.record_no, "form_code": form.code, "why": f"未归档（{STATE_LABELS[r.state]}）"}
        for r in waiting
        if record_year(form, r) == year
    ]
    notes = tuple(f"{r.record_no} 作废：{r.reason}" for r in voids)
    pieces = [Piece(item, (File("form.pdf", item.pages),)) for item in items]
    return split(pieces, Limits(office.settings.volumes.max_pages)), notes


def _bind(
    office: Office, form: Form, year: int, volume: Volume, notes: tuple[str, ...], gaps: tuple[str, ...]
) -> dict[str, Any]:
    with office.under_way() as intent:
        with office.register.write() as tx:
            number, code = _volume_code(office, tx, form, year)
            binding = Binding(
                volume_code=code,
                form_code=form.code,
                year=year,
                number=number,
                title=volume_title(year, form.title, form.code, number),
                object_id=f"urn:qrecords:volume:{file_safe(code)}",
                placed=volume.placed,
                notes=notes,
                gaps=gaps,
                compiled_at=office.now(),
                audit_head=tx.audit.head()[1],
                compiled_by=office.account.name,
                compiled_by_name=office.account.display_name,
            )
            tx.items.reserve_volume(_row(office, binding))
            office.begin(tx, intent, "compile", {"bindings": [asdict(binding)]})
        durable.checkpoint("compile.intent")
        seal(office, intent, binding)
        durable.checkpoint("compile.sealed")
        commit_bound(office, intent, [binding])
        durable.checkpoint("compile.committed")
        durable.remove_tree(office.archive.work_dir(intent))
    return _outline(form, year, volume) | {
        "volume_code": binding.volume_code,
        "title": binding.title,
        "pdf": str(office.archive.path(binding.object_id, "volume.pdf")),
    }


def _volume_code(office: Office, tx: Transaction, form: Form, year: int) -> tuple[int, str]:
    """Return the next volume number and code; a code whose volume was never sealed comes first."""
    codes = office.settings.office
    series = Series(codes.fonds_no, codes.class_code, form.number, year, form.retention.years)
    if unsealed := [v for v in tx.items.volumes(year) if v["form_code"] == form.code and v["version"] == 0]:
        return unsealed[0]["number"], unsealed[0]["volume_code"]
    number = tx.counters.take(f"volume/{series}")[0]
    return number, series.volume_code(number)


def _row(office: Office, binding: Binding) -> dict[str, Any]:
    return {
        "volume_code": binding.volume_code,
        "form_code": binding.form_code,
        "year": binding.year,
        "number": binding.number,
        "title": binding.title,
        "items": len(binding.placed),
        "pages": binding.volume.pages,
        "secrecy_level": binding.volume.secrecy_level,
        "object_id": binding.object_id,
        "version": 0,
        "sha256": "",
        "compiled_at": binding.compiled_at,
        "compiled_by": office.account.name,
    }


def _outline(form: Form, year: int, volume: Volume) -> dict[str, Any]:
    return {
        "volume_code": None,
        "title": f"{year}年度{form.title}（{form.code}）",
        "form_code": form.code,
        "pdf": None,
        "items": len(volume.placed),
        "pages": volume.pages,
        "from": volume.placed[0].item.document_no,
        "to": volume.placed[-1].item.document_no,
    }


def commit_bound(office: Office, intent: str, bindings: Sequence[Binding]) -> None:
    """Close a compilation: the sealed volumes and their records are bound, each with its event."""
    with office.register.write() as tx:
        for binding in bindings:
            pdf = office.archive.path(binding.object_id, "volume.pdf")
            sha256 = hashlib.sha256(pdf.read_bytes()).hexdigest()
            tx.items.bound(binding.volume_code, binding.placed, version=1, sha256=sha256)
            numbers = [
                r.record_no
                for placed in binding.placed
                for r in tx.records.find(archive_no=placed.item.archive_no)
                if r.state is State.FILED
            ]
            tx.records.change(numbers, state=State.BOUND, volume_code=binding.volume_code)
            detail: dict[str, Any] = {"items": len(binding.placed), "pages": binding.volume.pages, "volume_pdf": sha256}
            tx.audit.append([office.event(Action.BIND, binding.volume_code, **detail)])
        tx.intents.close(intent)
