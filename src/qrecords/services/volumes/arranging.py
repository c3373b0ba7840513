"""What is bound together and in which order: volumes per form, or notices with their reports (QS/PA758A 5.5.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from qrecords.errors import IntegrityFailure, InvalidInput
from qrecords.model.form import Form
from qrecords.model.formats import RecordJson
from qrecords.model.numbering import ArchiveClass
from qrecords.model.objects import DOCUMENT
from qrecords.model.record import Action
from qrecords.model.volume import File, Item, Limits, Piece, by_task
from qrecords.office import Office
from qrecords.render.blank import blank_pages
from qrecords.render.pdfout import page_count
from qrecords.render.pictures import PICTURES, to_bind
from qrecords.services import reading
from qrecords.services.archiveclass import archive_class
from qrecords.services.freezing import shown_kind
from qrecords.stores.register import Transaction

USER_INFORMATION = "user-information"  # 01A, 11A: their yearly binding is the office's own practice
NOTICE_FIELD = "notice_no"
FORM_PDF, FORM_DOCX = "form.pdf", "form.docx"


@dataclass(frozen=True, slots=True)
class Group:
    """Forms whose items share volumes; the first one gives the volumes their series."""

    title: str
    forms: tuple[Form, ...]

    @property
    def form(self) -> Form:
        """Return the form that gives the series."""
        return self.forms[0]

    @property
    def code(self) -> str:
        """Return the code its volumes have."""
        return self.form.code

    @property
    def form_codes(self) -> frozenset[str]:
        """Return the codes of its forms."""
        return frozenset(form.code for form in self.forms)

    def archived(self, office: Office, year: int) -> ArchiveClass:
        """Return the class of its volumes."""
        return archive_class(office, self.form, year, self.retention_years)

    def pieces(self, office: Office, tx: Transaction, year: int) -> list[Piece]:
        """Return its items of the year that are in no volume yet, in the order they are bound."""
        return pieces_of(office, tx, self, year)

    @property
    def codes(self) -> str:
        """Return the codes as a title names them: one, or from the first to the last."""
        first, last = self.forms[0], self.forms[-1]
        return first.code if first is last else f"{first.code}至{last.number}{last.edition}"

    @property
    def retention_years(self) -> int:
        """Return how long the whole is kept: as long as what is kept longest."""
        return max(form.retention.years for form in self.forms)


def groups_of(office: Office, form_code: str = "") -> list[Group]:
    """Return what is bound together: of one form, or of all the settings say are bound."""
    settings = office.settings.volumes
    forms = {f.form.code: f.form for f in office.forms.all()}
    families = {code: office.forms.series_of(code).family_of(code) for code in forms}
    _require_all_folders(office, set(forms))
    if form_code:
        wanted = [office.forms.get(form_code).form.code]
    else:
        all_bound = settings.user_information
        wanted = [c for c, family in families.items() if all_bound or not family or family.key != USER_INFORMATION]
    groups: dict[str, Group] = {}
    for code in wanted:
        family = families[code]
        together = [f for f in forms.values() if f.code == code or (family and families[f.code] is family)]
        notice = next((f for f in together if Action.ISSUE.value in f.steps), None)
        if settings.arrangement == "task" and family and notice:
            together.sort(key=lambda f: (f is not notice, f.code))
            groups[notice.code] = Group(family.title, tuple(together))
        else:
            groups[code] = Group(forms[code].title, (forms[code],))
    return list(groups.values())


def _require_all_folders(office: Office, known: set[str]) -> None:
    with office.register.read() as tx:
        used = {form_code for form_code, _ in tx.records.counts()}
    if gone := sorted(used - known):
        raise IntegrityFailure(f"表式 {'、'.join(gone)} 的文件夹不见了", remedy="请从备份恢复 forms 文件夹后再成册")


def limits(office: Office) -> Limits:
    """Return how much goes into one volume."""
    settings = office.settings.volumes
    return Limits(settings.max_pages, settings.max_thickness * 1000, settings.sheet_thickness, settings.double_sided)


def pieces_of(office: Office, tx: Transaction, group: Group, year: int) -> list[Piece]:
    """Return a group's items of the year that are in no volume yet, in the order they are bound."""
    pieces = [
        _piece(office, form, item) for form in group.forms for item in reading.whole_items(office, tx, year, form.code)
    ]
    if len(group.forms) == 1:
        return pieces
    own: dict[str, str] = {}
    called_by: dict[str, str] = {}
    for form in group.forms:
        for record in tx.records.find(form_code=form.code):
            if form is group.form:
                own[record.archive_no] = record.record_no
            else:
                called_by[record.archive_no] = str(record.values.get(NOTICE_FIELD, ""))
    own.pop("", None)
    return by_task(pieces, own, called_by)


def _piece(office: Office, form: Form, item: Item) -> Piece:
    """Return an item with what is bound for it: a whole signed scan stands for the form, a register keeps its sheets.

    The form follows a scan with fewer pages, which cannot be the whole paper, and scans of what was corrected since.
    Scans of another paper stand for nothing and come last.
    """
    form_file = File(FORM_PDF, item.pages)
    scans = list(_scans(office, form, item))
    own = [scan for scan in scans if _shows_form(form, scan.name)]
    if form.is_register or is_past_paper(office, item) or not own:
        return Piece(item, (form_file, *scans))
    whole = max(scan.pages for scan in own) >= item.pages
    follows = office.settings.volumes.form_after_scan or not whole or _is_corrected(office, item)
    return Piece(item, (*own, *([form_file] if follows else []), *(scan for scan in scans if scan not in own)))


def _shows_form(form: Form, name: str) -> bool:
    """Tell whether a scan shows the form's own paper: a print's sheet, or a signature that stands on the form."""
    kind = shown_kind(name)
    return not kind or kind in {s.kind for s in form.own_signatures}


def _is_corrected(office: Office, item: Item) -> bool:
    held = office.archive.read_as(RecordJson, item.object_id, item.version)
    return any(record.corrections for record in held.records)


def _scans(office: Office, form: Form, item: Item) -> Iterator[File]:
    """Give the scans of signed papers that can be bound, the same paper once: those of the form, then of others."""
    seen = set()
    for name in sorted(scan_names(office, item), key=lambda name: not _shows_form(form, name)):
        content = office.archive.require(item.object_id, name, item.version)
        if content in seen:
            continue
        seen.add(content)
        try:
            with office.archive.lent(item.object_id, name, item.version) as path:
                source = to_bind(path)
                pages = page_count(source)
                blank = blank_pages(source)
        except InvalidInput:
            continue  # the file note tells of it
        if len(blank) < pages:
            yield File(name, pages, blank if office.settings.volumes.numbered == "written" else ())


def is_past_paper(office: Office, item: Item) -> bool:
    """Tell whether an item was never printed from here: its form.pdf is all the scans it came with."""
    return not DOCUMENT.has(item.object_id) and FORM_DOCX not in office.archive.names(item.object_id, item.version)


def scan_names(office: Office, item: Item) -> list[str]:
    """Return the scans of an item's object that are not in its form.pdf; beside them lie the texts read off them."""
    names = office.archive.names(item.object_id, item.version)
    if is_past_paper(office, item):
        came_with = office.archive.names(item.object_id, 1)
        names = [n for n in names if n not in came_with]
    return [n for n in names if n.startswith("scans/") and PurePath(n).suffix.lower() in {".pdf", *PICTURES}]


def forms_of(groups: Sequence[Group]) -> list[Form]:
    """Return the forms of groups, in order."""
    return [form for group in groups for form in group.forms]
