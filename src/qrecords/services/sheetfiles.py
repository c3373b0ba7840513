"""One sheet as a file for people: a template filled, as Word or as PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qrecords.advice import Input, advise
from qrecords.errors import UsageError, WrongState
from qrecords.office import Office
from qrecords.render.docx import Template
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import cut
from qrecords.render.workfolder import work_folder
from qrecords.services.converting import to_pdf
from qrecords.stores.durable import make_dirs, write_file

SUFFIXES = (".docx", ".pdf")


def require_new(path: Path, suffixes: Sequence[str]) -> str:
    """Return the suffix of a file about to be written; UsageError for another kind, WrongState when it is there."""
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        known = "、".join(suffixes)
        raise UsageError(f"{path.name} 的扩展名不认识", remedy=f"请写成 {path.stem}{suffixes[0]} 的样子，可用：{known}")
    if path.exists():
        raise WrongState(f"{path} 已经有了", remedy=advise("请用 {} 换一个文件名，或先移走那个文件", Input.FILE_NAME))
    return suffix


def make_sheet(office: Office, template: str, context: Mapping[str, Any], path: Path, *, title: str) -> bytes:
    """Return a template beside the forms filled, as Word or PDF by the suffix of the path it is for."""
    made = Template.load(office.settings.forms_dir / template).render(context, None)
    if path.suffix.lower() == ".pdf":
        with work_folder() as folder:
            docx = folder / "sheet.docx"
            docx.write_bytes(made)
            (pdf,) = to_pdf(office, [docx], folder)
            cut(pdf, pdf, meta=Meta(title, path.stem, office.clock()))
            made = pdf.read_bytes()
    return made


def write_new(path: Path, data: bytes) -> None:
    """Write a file for people; whoever calls has logged it before: nothing leaves without a trace."""
    make_dirs(path.absolute().parent)
    write_file(path, data)
