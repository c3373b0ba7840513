"""What stands around a volume's items, made for all volumes of a compilation in one start of LibreOffice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput
from qrecords.model.access import person_name
from qrecords.model.audit import short_head
from qrecords.model.numbering import file_safe
from qrecords.model.objects import DOCUMENT
from qrecords.model.volume import Placed
from qrecords.office import Office
from qrecords.render.context import date_text
from qrecords.render.pdfmeta import Meta
from qrecords.services.making import Filling, finish, to_pdf, write_word
from qrecords.services.volumes.binding import Binding
from qrecords.services.volumes.documentgroups import YEAR_RULE
from qrecords.services.volumes.stamps import frames_of

# Word templates in volume/ beside the forms, by the titles of what they make.
TITLES = {"cover": "封面", "contents": "卷内目录", "file_note": "备考表", "spine": "案卷脊背"}
YEAR_RULES = {
    "review": "本册按主管审查签名的年度组卷（通知单及服务报告以审查完成之日所在年度为准）。",
    "date_field": "本册按事件发生日期的年度组卷。",
}
COVERS = 4  # sheets around the items: cover, contents, file note, back
_FOLDER = "volume"  # beside the forms of a series
_SPINE = "spine-"


@dataclass(frozen=True, slots=True)
class Matter:
    """The documents around one volume's items, by their names in TITLES: Word files, and their PDFs beside them."""

    documents: Mapping[str, Path]

    def pdf(self, name: str) -> Path:
        """Return one of them as PDF."""
        return self.documents[name].with_suffix(".pdf")


class Templates:
    """The Word templates around volumes; the spine's comes in several widths."""

    def __init__(self, office: Office) -> None:
        self._forms = office.forms

    def filling(self, stem: str, name: str, context: Mapping[str, Any], form_code: str = "") -> Filling:
        """Return a document to be made, by the template of a form's series where that has its own."""
        code = context.get("audit_code")  # the file note's: the whole head of the log, of which it prints the beginning
        return Filling(stem, self._path(form_code, f"{_FOLDER}/{name}.docx"), context, code or "")

    def _path(self, form_code: str, name: str) -> Path:
        """Return a template of a form's series; of documents, which are no forms, the main one's."""
        known = form_code in self._forms.codes()
        return self._forms.template(form_code, name) if known else self._forms.house(name)

    def spine(self, micrometres: int, form_code: str) -> str:
        """Return the template of the narrowest spine that covers a thickness, else of the widest."""
        folders = (self._path(form_code, _FOLDER), self._forms.house(_FOLDER))
        found = next((made for folder in folders if (made := [*folder.glob(f"{_SPINE}[0-9]*.docx")])), [])
        widths = sorted(int(p.stem.removeprefix(_SPINE)) for p in found)
        if not widths:
            raise InvalidInput(f"{folders[-1]} 里没有脊背模板", remedy="请从备份恢复这个文件夹")
        return f"{_SPINE}{next((w for w in widths if w * 1000 >= micrometres), widths[-1])}"


def make_matter(office: Office, bindings: Sequence[Binding], work: Path, others: Sequence[Path] = ()) -> list[Matter]:
    """Write and convert what stands around these volumes, the frames of their stamps and `others`, all in one go.

    LibreOffice is started once; frames and others lie in `work` afterwards.
    """
    templates, made = Templates(office), []
    for binding in bindings:
        folder = work / file_safe(binding.volume_code)
        documents = {}
        for name, (template, context) in _contexts(office, binding, templates).items():
            stem = f"{file_safe(binding.volume_code)}-{name}"  # PDFs are told apart by the stem alone
            documents[name] = write_word(templates.filling(stem, template, context, binding.form_code), folder)
        made.append(Matter(documents))
    frames = _write_frames(bindings, templates, work)
    paths = [path for matter in made for path in matter.documents.values()]
    to_pdf(office, [*paths, *frames, *others], work)
    for path in paths:
        (work / f"{path.stem}.pdf").replace(path.with_suffix(".pdf"))
    for binding, matter in zip(bindings, made, strict=True):
        meta = Meta(f"{binding.title} 案卷脊背", binding.volume_code, datetime.fromisoformat(binding.compiled_at))
        finish(matter.pdf("spine"), meta)
    return made


def _write_frames(bindings: Sequence[Binding], templates: Templates, work: Path) -> list[Path]:
    frames = frames_of(placed for binding in bindings for placed in binding.placed)
    return [write_word(templates.filling(name, "stamp", words), work) for name, words in frames.items()]


def _contexts(office: Office, binding: Binding, templates: Templates) -> dict[str, tuple[str, dict[str, Any]]]:
    settings = office.settings.volumes
    sheets = binding.volume.sheets(double_sided=settings.double_sided) + COVERS
    spine = templates.spine(sheets * settings.sheet_thickness, binding.form_code)
    head = {"reference_code": binding.volume_code, "volume_title": binding.title}
    retention = {"retention": f"{binding.retention_years}年"}
    return {
        "cover": ("cover", head | retention | _cover(office, binding)),
        "contents": ("contents", head | {"items": [line_of(p) for p in binding.placed]}),
        "file_note": ("file_note", head | _file_note(office, binding)),
        "spine": (spine, head | retention),
    }


def _cover(office: Office, binding: Binding) -> dict[str, Any]:
    volume = binding.volume
    return {
        "org_name": office.settings.office.org_name,
        "compiled_by_unit": office.settings.office.unit,
        "date_from": date_text(volume.date_from),
        "date_to": date_text(volume.date_to),
        "secrecy_level": volume.secrecy_level,
        "item_count": str(len(volume.placed)),
        "page_count": str(volume.pages),
    }


def line_of(placed: Placed) -> dict[str, str]:
    """Return an item's line in the contents (卷内目录)."""
    item = placed.item
    return {
        "no": str(placed.position),
        "document_no": item.document_no,
        "creator": item.creator,
        "title": item.title,
        "date": item.date_to.replace("-", ""),
        "page": str(placed.page_from),
        "pages": str(placed.pages),
        "remark": "" if item.version == 1 or DOCUMENT.has(item.object_id) else f"第{item.version}版",
    }


def _file_note(office: Office, binding: Binding) -> dict[str, Any]:
    parts = {"说明：": binding.notes, "缺号、缺件：": binding.gaps}
    return {
        "pieces": str(len(binding.placed)),
        "pages": str(binding.volume.pages),
        "parts": [{"title": title, "lines": list(lines)} for title, lines in parts.items() if lines],
        "year_rule": _year_rule(office, binding.form_code),
        "compiled_by": person_name(binding.compiled_by_name, binding.compiled_by),
        "compiled_on": date_text(binding.compiled_at[:10]),
        "checked_by": "",
        "audit_head": short_head(binding.audit_head),
        "audit_code": binding.audit_head,
    }


def _year_rule(office: Office, form_code: str) -> str:
    if form_code not in office.forms.codes():
        return YEAR_RULE
    return YEAR_RULES[office.forms.get(form_code).form.retention.year_of]
