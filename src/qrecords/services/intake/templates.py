"""The templates in use: an office begins from them, and puts its own in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qrecords.advice import Do, Input, Sentence, advise
from qrecords.errors import InvalidInput, NotFound
from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.intake.kepttemplates import keep_template
from qrecords.services.intake.papercheck import SYSTEM_LABELS
from qrecords.services.intake.templatecheck import WITH_BOXES, check_forms
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.given import GivenFile
from qrecords.stores.packagedforms import packaged_forms
from qrecords.stores.register import Transaction
from qrecords.work.step import Step, running

SUFFIX = ".docx"


@dataclass(frozen=True)
class AdoptTemplate(Step[Office]):
    """The form, and the hashes of its new and its former template."""

    KIND = "adopt"

    form_code: str
    sha256: str
    before: str

    def standing(self, office: Office) -> AdoptTemplate | None:
        """Return all of it when the template is in place; else nothing has changed."""
        office.forms.forget(self.form_code)
        return self if office.forms.get(self.form_code).template_sha256 == self.sha256 else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the log say that the template is in place."""
        detail = {"sha256": self.sha256, "before": self.before}
        tx.audit.append([office.event(Action.ADMINISTER, f"{self.form_code}/template", **detail)])


@dataclass(frozen=True, slots=True)
class Adopted:
    """A template put in place: hashes of the new and the former one, and what the check had to note."""

    form_code: str
    sha256: str
    before: str
    notes: tuple[Sentence, ...]


def adopt(office: Office, code: str, source: GivenFile, *, pages: bool = True) -> Adopted:
    """Put a Word file in place as the current template of a form's edition, when it passes every check.

    Former bytes and new ones are kept as objects; papers made before go on naming theirs. InvalidInput lists all
    that is wrong, and nothing has changed then.
    """
    folder = office.forms.get(code)
    form = folder.form
    office.authorise(Action.ADMINISTER, f"{form.code}/template")
    checkup = check_forms(office, [code], template=source, pages=pages)
    if checkup.problems:
        raise InvalidInput(
            f"{source.name} 有{len(checkup.problems)}处不合格，没有采用，现用模板没有变动",
            remedy=advise("请在 Word 里按提示改好后再试；只检查不采用：{}", Do.CHECK_FORMS),
            problems=checkup.problems,
        )
    with source.lent() as path:
        new = FormFolder(form, folder.path, path)
        _ = new.template_bytes  # read here, kept there
    if new.template_sha256 == folder.template_sha256:
        return Adopted(form.code, new.template_sha256, folder.template_sha256, tuple(checkup.notes))
    with office.exclusive("forms", "更换模板"):
        _put(office, folder, new)
    office.forms.forget(form.code)
    return Adopted(form.code, new.template_sha256, folder.template_sha256, tuple(checkup.notes))


@dataclass(frozen=True, slots=True)
class Tag:
    """What can be written in a template: the tag as it is typed, and what it prints."""

    written: str
    prints: str


def template_name(form: Form) -> str:
    """Return what the template of a form is called unless someone calls it otherwise."""
    return f"{form.code} {form.title}{SUFFIX}".replace("/", "")


def template_file(office: Office, code: str, *, original: bool = False) -> bytes:
    """Return the template of a form to begin from: the one in use, or with `original` that which came along."""
    folder = office.forms.get(code)
    return _original(folder) if original else folder.template_bytes


def tags_of(form: Form) -> list[Tag]:
    """Return every tag a template of this form may use."""
    tags = [Tag(f"{{{{ {name} }}}}", label) for name, label in SYSTEM_LABELS.items()]
    if not form.is_register:
        return [*tags, *(tag for each in form.fields for tag in _tags(each, "", ""))]
    tags += [Tag("{{ month }}", "月份"), Tag("{%tr for r in rows %} … {%tr endfor %}", "每份记录一行")]
    tags += [Tag("{{ r.row_no }}", "行号"), Tag("{{ r.record_no }}", "这一行的记录编号")]
    return [*tags, *(tag for each in form.fields for tag in _tags(each, "r.", ""))]


def _tags(each: Field, before: str, owner: str) -> Iterator[Tag]:
    label = f"{owner}{each.label}"
    if each.type in BOXES:
        return
    if each.type is FieldType.ROWS:
        row = "line" if before else "r"
        yield Tag(f"{{%tr for {row} in {before}{each.key} %}} … {{%tr endfor %}}", f"{label}：每行一次")
        yield Tag(f"{{{{ {row}.no }}}}", f"{label}：序号")
        for column in each.columns:
            yield from _tags(column, f"{row}.", f"{label}：")
        return
    yield Tag(f"{{{{ {before}{each.key} }}}}", label)
    if each.type in WITH_BOXES:
        yield Tag(f"{{{{ {before}{each.key}_boxes }}}}", f"{label}，全部选项带 □/☑")


def _original(folder: FormFolder) -> bytes:
    found = packaged_forms() / folder.path.parent.name / folder.path.name / "template.docx"
    try:
        return found.read_bytes()
    except OSError:
        raise NotFound(
            f"随程序的表式里没有 {folder.form.code}，这是本单位自己的表式",
            remedy=advise("去掉 {}，取现用的模板", Input.ORIGINAL),
        ) from None


def _put(office: Office, folder: FormFolder, new: FormFolder) -> None:
    """Keep both, replace the file, write it into the log; a break in between is finished from the intent."""
    with running(office) as run:
        with office.register.write() as tx:
            step = run.begin(tx, AdoptTemplate(folder.form.code, new.template_sha256, folder.template_sha256))
        for each in (folder, new):
            keep_template(office, run.key, each)
        durable.checkpoint("adopt.kept")
        durable.write_file(folder.template, new.template_bytes)
        durable.checkpoint("adopt.placed")
        run.commit(step)
