"""Make the input workbook of a form."""

from __future__ import annotations

from pathlib import Path

from qrecords.advice import Input, advise
from qrecords.errors import UsageError, WrongState
from qrecords.office import Office
from qrecords.render.inputbook import input_workbook
from qrecords.stores.durable import make_dirs, write_file

SUFFIX = ".xlsx"


def make_sheet(office: Office, code: str, path: Path | None = None) -> Path:
    """Write the input workbook of a form (default: its code and title, in the current folder); returns where.

    WrongState when something is there already: it may hold what a clerk wrote.
    """
    folder = office.forms.get(code)
    form = folder.form
    path = path or Path(f"{form.code} {form.title}{SUFFIX}".replace("/", ""))
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"{path.name} 的扩展名不是 {SUFFIX}", remedy=f"请写成 {path.stem}{SUFFIX} 的样子")
    if path.exists():
        raise WrongState(
            f"{path} 已经有了，里面可能有填好的内容",
            remedy=advise("请用 {} 换一个文件名，或先移走那个文件", Input.FILE_NAME),
        )
    # What does not fit the form any more is left out of the example; `forms check` tells of it.
    example = form.check(folder.sample()).values
    make_dirs(path.parent)
    write_file(path, input_workbook(form, example, words=office.words))
    return path
