"""Compile a year's filed items into bound volumes (汇编成册， QS/PA758A 5.1.2.2, 5.5.6; GB/T 11822-2008).

Crash order: the intent reserves the volume codes and writes down which item goes where; volumes are bound, and sealed
one by one in their order; then the register commits, and the year's catalogue follows. A code whose volume was not
sealed is used by the next compilation; since the first ones are sealed first, that binds the same volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from qrecords.advice import Do, Input, advise
from qrecords.errors import UsageError, WrongState
from qrecords.model.answer import named
from qrecords.model.objects import VOLUME
from qrecords.model.record import Action, Record, State
from qrecords.model.volume import Volume, split, volume_title
from qrecords.office import Office
from qrecords.render.listbooks import printed_list
from qrecords.render.volume import Part
from qrecords.services.access.audit import file_log
from qrecords.services.finding.indexing import ahead, follow
from qrecords.services.sealed import require_as_sealed
from qrecords.services.strays import taken_back_to
from qrecords.services.volumes import catalogue
from qrecords.services.volumes.arranging import Group, forms_of, groups_of, limits
from qrecords.services.volumes.binding import VOLUME_PDF, Binding, is_sealed, job_of, seal
from qrecords.services.volumes.documentgroups import DocumentGroup, document_groups
from qrecords.services.volumes.frontmatter import TITLES, Matter, line_of, make_matter
from qrecords.services.volumes.notes import gap_lines, notes_of
from qrecords.services.volumes.stampspots import with_spots
from qrecords.services.volumes.workers import run_jobs
from qrecords.services.volumes.yearreport import Line, YearReport, year_report
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import VolumeRow
from qrecords.work.step import Run, Step, running

Progress = Callable[[int, int], None]
AnyGroup = Group | DocumentGroup
Plan = tuple[AnyGroup, list[Volume]]
CONTENTS = (
    ("序号", 6, "no"), ("文件编号", 26, "document_no"), ("责任者", 18, "creator"), ("文件题名", 60, "title"),
    ("日期", 10, "date"), ("页号", 6, "page"), ("页数", 6, "pages"), ("备注", 10, "remark"),
)  # fmt: skip


@dataclass(frozen=True)
class BindVolumes(Step[Office]):
    """The volumes a compilation binds, with the items that go into each."""

    KIND = "compile"

    bindings: tuple[Binding, ...]

    def publishes(self) -> Iterator[str]:
        """Give the objects of the volumes."""
        return (binding.object_id for binding in self.bindings)

    def binds(self) -> Iterator[str]:
        """Give the items of the volumes."""
        return (placed.item.archive_no for binding in self.bindings for placed in binding.placed)

    def standing(self, office: Office) -> BindVolumes:
        """Return the volumes that were sealed; the codes of the others wait for the next compilation."""
        return BindVolumes(tuple(b for b in self.bindings if is_sealed(office, b)))

    def ready(self, office: Office) -> Callable[[Transaction], None]:
        """Read the volumes back; return what lets them and their records be bound, each with its event."""
        read = [office.archive.sha256(binding.object_id, VOLUME_PDF) for binding in self.bindings]
        return partial(self._enter, office, read)

    def _enter(self, office: Office, read: Sequence[str], tx: Transaction) -> None:
        for binding, sha256 in zip(self.bindings, read, strict=True):
            tx.items.bound(binding.volume_code, binding.placed, version=1, sha256=sha256)
            numbers = [record.record_no for record in _not_bound(tx, binding)]
            tx.records.change(numbers, state=State.BOUND, volume_code=binding.volume_code)
            detail: dict[str, Any] = {"items": len(binding.placed), "pages": binding.volume.pages, "volume_pdf": sha256}
            tx.audit.append([office.event(Action.BIND, binding.volume_code, **detail)])

    def leaves(self, tx: Transaction) -> list[Record]:
        """Return the records it binds, as it leaves them."""
        return [
            replace(record, state=State.BOUND, volume_code=binding.volume_code)
            for binding in self.bindings
            for record in _not_bound(tx, binding)
        ]


def _not_bound(tx: Transaction, binding: Binding) -> list[Record]:
    """Return the records of a volume's items that are in no volume so far."""
    return [*tx.records.archived_under([placed.item.archive_no for placed in binding.placed], [State.FILED])]


@dataclass(frozen=True, slots=True)
class CompiledVolume:
    """A volume made, or one that would be: without a code then. `pdf` is where it lies, `first` and `last` document."""

    volume_code: str | None
    title: str
    form_code: str
    pdf: str | None
    items: int
    pages: int
    first: str = field(metadata=named("from"))
    last: str = field(metadata=named("to"))


@dataclass(frozen=True, slots=True)
class VoidNumber:
    """A number of the year that is void, and why."""

    record_no: str
    reason: str


@dataclass(slots=True)
class Compiled:
    """What a compilation made, or would make: volumes, void numbers, records left out, numbers missing, late items.

    `elsewhere` are records numbered in the year that go into another year's volumes; `is_over`: the year itself is.
    """

    volumes: list[CompiledVolume] = field(default_factory=list)
    gaps: list[VoidNumber] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)
    missing: list[Line] = field(default_factory=list)
    late: list[Line] = field(default_factory=list)
    elsewhere: list[Line] = field(default_factory=list)
    is_over: bool = True


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

    Records of the year that are not filed, and numbers the register lacks, are gaps: binding goes on only `with_gaps`
    and a reason, which the file note prints. Items filed later make a supplement, never a silent change.
    """
    authorise(office, year, with_gaps=with_gaps, reason=reason)
    with office.exclusive("compile", "成册"):
        groups, report = groups_and_report(office, year, form_code)
        result = Compiled([], _voids(report), report.left_out, report.missing, report.late, report.elsewhere)
        result.is_over = year < int(office.today()[:4])
        plans = plans_of(office, groups, year)
        if dry_run:
            result.volumes = [_outline(group, year, v) for group, volumes in plans for v in volumes]
            return result
        require_no_gaps(year, plans, report, with_gaps=with_gaps)
        if plans:
            result.volumes = bind_all(office, year, plans, report, reason, progress)
            file_log(office)
        else:
            catalogue.catch_up(office, year)
    follow(office)
    return result


def authorise(office: Office, year: int, *, with_gaps: bool, reason: str) -> None:
    """Let the account bind the year, or refuse; UsageError without a reason for binding with gaps."""
    office.authorise(Action.BIND, str(year))
    if with_gaps and not reason.strip():
        raise UsageError("带缺件成册要写原因", remedy=advise("请加 {} 写明原因，它会印在备考表上", Input.REASON))


def require_no_gaps(year: int, plans: Sequence[Plan], report: YearReport, *, with_gaps: bool) -> None:
    """Refuse to bind while records are not filed or numbers missing, unless it is wanted so."""
    if plans and report.in_the_way and not with_gaps:
        raise WrongState(
            f"{year}年还有{len(report.left_out)}份记录没有归档、{len(report.missing)}个编号缺失，不能成册",
            remedy=advise(
                "先办完它们（{} 查看），或加 {} {} 带缺件成册", Do.LIST(Input.YEAR(year)), Input.WITH_GAPS, Input.REASON
            ),
        )


def groups_and_report(
    office: Office, year: int, form_code: str = "", only: Collection[str] = ()
) -> tuple[list[AnyGroup], YearReport]:
    """Return what is bound, of a form, of a kind of documents, or all; and what is to be told of it before.

    `only`: groups of these codes alone.
    """
    of_documents = document_groups(office, year)
    named = [g for g in of_documents if form_code.strip().upper() in g.form_codes]
    of_forms = [] if named else groups_of(office, form_code)
    of_documents = named or ([] if form_code else of_documents)
    if only:
        of_forms = [g for g in of_forms if g.code in only]
        of_documents = [g for g in of_documents if g.code in only]
    report = year_report(office, forms_of(of_forms), year)
    with office.register.read() as tx:
        for group in of_documents:
            group.report(office, tx, year, report)
    return [*of_forms, *of_documents], report


def _voids(report: YearReport) -> list[VoidNumber]:
    return [VoidNumber(line.record_no, line.why) for line in report.void]


def plans_of(office: Office, groups: Sequence[AnyGroup], year: int) -> list[Plan]:
    """Return the volumes of each group that has some."""
    with office.register.read() as tx:
        found = [(group, split(group.pieces(office, tx, year), limits(office))) for group in groups]
    return [(group, volumes) for group, volumes in found if volumes]


def bind_all(
    office: Office,
    year: int,
    plans: Sequence[Plan],
    report: YearReport,
    reason: str,
    progress: Progress | None,
    *,
    catalogued: bool = True,
) -> list[CompiledVolume]:
    """Bind the volumes as one step, and unless another one does the year's catalogue; the caller holds its groups."""
    plans = [(group, with_spots(office, volumes)) for group, volumes in plans]
    with running(office) as run:
        with office.register.write() as tx:
            bindings = [b for plan in plans for b in _bindings(office, tx, plan, year, report, reason)]
            for binding in bindings:
                tx.items.reserve_volume(_row(binding))
            require_as_sealed(tx)
            step = run.begin(tx, BindVolumes(tuple(bindings)))
        durable.checkpoint("compile.intent")
        durable.make_dirs(run.folder)
        lines = catalogue.lines_of(office, year, bindings) if catalogued else []
        listed = [catalogue.write_docx(office, year, lines, run.folder)] if catalogued else []
        matters = make_matter(office, bindings, run.folder, listed)
        durable.checkpoint("compile.matter")
        _seal_all(run, bindings, matters, progress)
        with office.register.read() as tx:
            leaves = step.leaves(tx)
        with ahead(office, leaves):
            run.commit(step)
        for docx in listed:
            catalogue.keep(office, run.key, year, lines, docx)
            durable.checkpoint("compile.catalogue")
    return [_made(office, b) for b in bindings]


def _seal_all(
    run: Run[Office], bindings: Sequence[Binding], matters: Sequence[Matter], progress: Progress | None
) -> None:
    office, jobs = run.desk, []
    for binding, matter in zip(bindings, matters, strict=True):
        cover, contents, file_note = (Part(matter.pdf(n), TITLES[n]) for n in ("cover", "contents", "file_note"))
        target = matter.documents["cover"].with_name(VOLUME_PDF)
        jobs.append(job_of(office, binding, target, (cover, contents), (file_note,), run.folder))
    done = run_jobs(jobs, office.settings.pdf.workers)
    for number, (binding, matter, bound) in enumerate(zip(bindings, matters, done, strict=True), start=1):
        files: dict[str, bytes | Path] = {f"{name}.docx": path for name, path in matter.documents.items()}
        files |= {VOLUME_PDF: jobs[number - 1].target, "spine.pdf": matter.pdf("spine")}
        files["contents.xlsx"] = _contents_workbook(binding)
        seal(office, run.key, binding, bound, files)
        jobs[number - 1].target.unlink()  # a year's volumes need not lie here twice
        durable.checkpoint("compile.sealed")
        if progress:
            progress(number, len(bindings))


def _contents_workbook(binding: Binding) -> bytes:
    columns = [(heading, width) for heading, width, _ in CONTENTS]
    lines = [line_of(placed) for placed in binding.placed]
    numbers = {"no", "page", "pages"}
    rows = [[int(line[key]) if key in numbers else line[key] for _, _, key in CONTENTS] for line in lines]
    title = f"卷内目录 {binding.volume_code} {binding.title}"
    return printed_list(title, columns, rows, datetime.fromisoformat(binding.compiled_at))


def _bindings(office: Office, tx: Transaction, plan: Plan, year: int, report: YearReport, reason: str) -> list[Binding]:
    """Return a group's volumes with their codes; codes whose volumes were never sealed come first."""
    group, volumes = plan
    archived = group.archived(office, year)
    known = [v for v in tx.items.volumes(year) if v.form_code == group.code]
    unsealed = [v for v in known if v.version == 0]
    for row in unsealed[: len(volumes)]:
        taken_back_to(office, tx, row.object_id, 0)
    # What a broken-off compilation left is still the year's own; only what comes after is a supplement.
    supplement = all(v.supplement for v in unsealed) if unsealed else bool(known)
    numbers = [v.number for v in unsealed][: len(volumes)]
    numbers += (
        tx.counters.take(f"volume/{archived}", len(volumes) - len(numbers)) if len(volumes) > len(numbers) else []
    )
    head, now = tx.audit.head()[1], office.now()
    made = []
    for number, volume in zip(numbers, volumes, strict=True):
        code = next((v.volume_code for v in unsealed if v.number == number), archived.volume_code(number))
        made.append(
            Binding(
                volume_code=code,
                form_code=group.code,
                year=year,
                number=number,
                title=volume_title(year, group.title, group.codes, number, supplement=supplement),
                supplement=supplement,
                retention_years=group.retention_years,
                object_id=VOLUME.object_id(code),
                placed=volume.placed,
                notes=notes_of(office, volume, supplement=supplement),
                gaps=gap_lines(report, group.form_codes, numbers[0], reason, first=number == numbers[0]),
                compiled_at=now,
                audit_head=head,
                compiled_by=office.account.name,
                compiled_by_name=office.account.display_name,
            )
        )
    return made


def _row(binding: Binding) -> VolumeRow:
    return VolumeRow(
        volume_code=binding.volume_code,
        form_code=binding.form_code,
        year=binding.year,
        number=binding.number,
        title=binding.title,
        supplement=binding.supplement,
        items=len(binding.placed),
        pages=binding.volume.pages,
        secrecy_level=binding.volume.secrecy_level,
        object_id=binding.object_id,
        version=0,
        sha256="",
        compiled_at=binding.compiled_at,
        compiled_by=binding.compiled_by,
    )


def _outline(group: AnyGroup, year: int, volume: Volume) -> CompiledVolume:
    return _told(volume, group.code, f"{year}年度{group.title}（{group.codes}）")


def _made(office: Office, binding: Binding) -> CompiledVolume:
    pdf = office.archive.called(binding.object_id, VOLUME_PDF)
    return _told(binding.volume, binding.form_code, binding.title, code=binding.volume_code, pdf=pdf)


def _told(
    volume: Volume, form_code: str, title: str, *, code: str | None = None, pdf: str | None = None
) -> CompiledVolume:
    return CompiledVolume(
        code, title, form_code, pdf, len(volume.placed), volume.pages,
        first=volume.placed[0].item.document_no, last=volume.placed[-1].item.document_no,
    )  # fmt: skip
