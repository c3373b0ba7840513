"""Documents bound once a year: the company's reports together, those of each branch together (R97; 5.7.3, 5.7.4).

A year is the period's year: the document of December, made in January, belongs to the old one. A family is bound when
the year has an approved document of it; periods without one are gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from qrecords.errors import InvalidInput
from qrecords.model.access import DocumentScope, secrecy_rank
from qrecords.model.document import BEFORE_APPROVAL, DOCUMENT_LABELS, Document, DocumentState
from qrecords.model.formats import DocumentJson
from qrecords.model.numbering import ArchiveClass
from qrecords.model.objects import DOCUMENT
from qrecords.model.period import Period, periods_of
from qrecords.model.record import Action
from qrecords.model.reportkind import DocumentSeries
from qrecords.model.series import Family
from qrecords.model.volume import File, Item, Piece
from qrecords.office import Office
from qrecords.render.pdfout import page_count
from qrecords.render.pictures import PICTURES, to_bind
from qrecords.services.reports.awaited import is_owed, milreps_of
from qrecords.services.reports.kept import series_of
from qrecords.services.volumes.yearreport import Line, YearReport
from qrecords.stores.register import Transaction

YEAR_RULE = "本册按文件所报期间的年度组卷（次年年初做的上年文件归上年）。"


@dataclass(frozen=True, slots=True)
class DocumentGroup:
    """Kinds whose documents share volumes, of all or of one branch; the first kind gives the volumes their series."""

    series: DocumentSeries
    family: Family
    kinds: tuple[str, ...]
    branch: str = ""

    @property
    def code(self) -> str:
        """Return what stands for the group where a form's code does: KF-BB, of a branch KF-JB-HJ."""
        short = f"-{self.series.branches[self.branch]}" if self.branch else ""
        return f"{self.series.form_code(self.kinds[0])}{short}"

    @property
    def form_codes(self) -> frozenset[str]:
        """Return the codes its documents have."""
        return frozenset(map(self.series.form_code, self.kinds))

    @property
    def title(self) -> str:
        """Return the title its volumes have."""
        return f"{self.branch}{self.family.title.removeprefix('各兵种')}" if self.branch else self.family.title

    @property
    def codes(self) -> str:
        """Return the codes as a title names them."""
        return "、".join(map(self.series.form_code, self.kinds))

    @property
    def retention_years(self) -> int:
        """Return how long the whole is kept: as long as what is kept longest."""
        return max(self.series.kinds[kind].retention_years for kind in self.kinds)

    def archived(self, office: Office, year: int) -> ArchiveClass:
        """Return the class of its volumes."""
        fonds_no, class_code = self.series.fonds_no or office.settings.office.fonds_no, self.series.class_code
        kind = self.kinds[0]
        if self.branch:
            short = self.series.branches[self.branch]
            return ArchiveClass(fonds_no, f"{class_code}·{kind}", short, year, self.retention_years)
        return ArchiveClass(fonds_no, class_code, kind, year, self.retention_years)

    def pieces(self, office: Office, tx: Transaction, year: int) -> list[Piece]:
        """Return its approved documents of the year that are in no volume yet: months, half-years, the year."""
        return [_piece(office, item) for _, item in self._unbound(office, tx, year)]

    def _unbound(self, office: Office, tx: Transaction, year: int) -> list[tuple[Document, Item]]:
        mine = {d.object_id: d for d in self._documents(office, tx, year)}
        items = [i for code in self.form_codes for i in tx.items.of_year(year, code)]
        found = [(mine[i.object_id], i) for i in items if i.object_id in mine]
        return sorted(found, key=lambda pair: (Period.read(pair[0].period).order, pair[0].document_no))

    def _documents(self, office: Office, tx: Transaction, year: int) -> Iterator[Document]:
        for code in sorted(self.form_codes):
            for document in tx.documents.all(form_code=code, year=year):
                if document.branch == self.branch and office.may_document(Action.REPORT_READ, document.scope):
                    yield document

    def report(self, office: Office, tx: Transaction, year: int, report: YearReport) -> None:
        """Tell what the year's volumes will not hold: periods without a document, those not approved, void ones."""
        documents = [*self._documents(office, tx, year)]
        for document in documents:
            if document.state is DocumentState.VOID:
                report.void.append(Line(document.document_no, document.form_code, document.progress.reason))
            elif document.state in BEFORE_APPROVAL:
                told = f"{document.title}：{DOCUMENT_LABELS[document.state]}"
                report.left_out.append(Line(document.document_no, document.form_code, told))
        for kind in self.kinds:
            code = self.series.form_code(kind)
            report.missing += self._missing(office, kind, year, [d for d in documents if d.form_code == code])
        if any(v.form_code == self.code and v.version > 0 for v in tx.items.volumes(year)):
            for document, _ in self._unbound(office, tx, year):
                edition = document.progress.edition
                why = "成册后批准" if edition == 1 else f"成册后更正为第{edition}版"
                report.late.append(Line(document.document_no, document.form_code, why))

    def _missing(self, office: Office, kind: str, year: int, of_kind: Sequence[Document]) -> Iterator[Line]:
        """Give the periods of a kind of which there is no document, the branch's whole or an office's own."""
        if not of_kind:
            return
        code, found = self.series.form_code(kind), self.series.kinds[kind]
        there = {(d.period, d.milrep) for d in of_kind if d.state is not DocumentState.VOID}
        scope = DocumentScope(code, self.branch, secrecy_rank(found.secrecy_level))
        whose = [
            name
            for name in milreps_of(self.series, kind, self.branch, of_kind)
            if office.may_document(Action.REPORT_READ, replace(scope, milrep=name))
        ]
        for span in found.periods:
            for period in periods_of(year, span, self.series.halves):
                for milrep in whose:
                    if (period.key, milrep) not in there and is_owed(self.series, of_kind, milrep, period):
                        told = f"没有{period.label}{f'给{milrep}' if milrep else ''}的文件"
                        yield Line(f"{code} {period.key}{milrep}", code, told)


def document_groups(office: Office, year: int) -> list[DocumentGroup]:
    """Return the groups of which the year has an approved document the account may read."""
    series = series_of(office)
    with office.register.read() as tx:
        there = [d for d in tx.documents.all(year=year) if d.progress.approved_version and d.version > 0]
    may = [d for d in there if office.may_document(Action.REPORT_READ, d.scope)]
    found = []
    for family in series.families:
        kinds = tuple(code for code, kind in series.kinds.items() if kind.family == family.key)
        codes = {series.form_code(kind) for kind in kinds}
        branches = {d.branch for d in may if d.form_code in codes}
        order = ["", *series.branches]
        found += [DocumentGroup(series, family, kinds, branch) for branch in order if branch in branches]
    return found


def edition_note(office: Office, item: Item) -> str:
    """Return what the file note tells of a document's edition; empty for the first."""
    held = office.archive.read_as(DocumentJson, item.object_id, item.version)
    return f"为更正第{held.edition}版（{held.reason}）" if held.edition > 1 else ""


def _piece(office: Office, item: Item) -> Piece:
    """Return a document with its signed pages behind it."""
    return Piece(item, (File(DOCUMENT.paper, item.pages), *_scans(office, item)))


def _scans(office: Office, item: Item) -> Iterator[File]:
    held = office.archive.read_as(DocumentJson, item.object_id, item.version)
    for name in office.archive.names(item.object_id, item.version):
        is_scan = name.startswith(f"scans/{item.document_no}-{held.edition}-")
        if is_scan and PurePath(name).suffix.lower() in {".pdf", *PICTURES}:
            try:
                with office.archive.lent(item.object_id, name, item.version) as path:
                    pages = page_count(to_bind(path))
            except InvalidInput:
                continue  # it stays in the object
            yield File(name, pages)
