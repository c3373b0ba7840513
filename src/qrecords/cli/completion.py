"""What Tab offers: forms, record numbers, commands; a shell that asks gets no error, only nothing.

bash, zsh and fish come with click; PowerShell is added here. `_QRECORDS_COMPLETE=SHELL_source qrecords` prints what a
shell is to run at its start (README.md).
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from qrecords.errors import QRecordsError
from qrecords.model.numbering import RECORD_NO, FormCodes, full_record_no
from qrecords.settings import find_root, load
from qrecords.stores.formfolders import form_codes

_MOST = 50
_KEPT = "qrecords.form_codes"
_FORM_CODE = re.compile(r"(?:[A-Z][A-Z0-9.]*-)+(?:\d{1,4}[A-Z]?|[A-Z]{1,4})|\d{1,4}[A-Z]")

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:%(complete_var)s = "powershell_complete"
    $env:COMP_WORDS = $commandAst.ToString()
    $env:COMP_CWORD = $wordToComplete
    %(prog_name)s | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, "ParameterValue", $help)
    }
    Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_CWORD
}
"""


@add_completion_class
class PowerShellComplete(ShellComplete):
    """Completion for PowerShell, which gives the words so far and the one begun."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the whole words before the one begun, and that one."""
        begun = os.environ.get("COMP_CWORD", "")
        words = click.shell_completion.split_arg_string(os.environ.get("COMP_WORDS", ""))[1:]
        return (words[:-1] if begun and words else words), begun

    def format_completion(self, item: CompletionItem) -> str:
        """Return one offer with its explanation."""
        return f"{item.value}\t{item.help or ''}"


class FormCode(click.ParamType[str]):
    """The code of a form."""

    name = "表式"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the forms of the workspace, by short code or in full as begun."""
        begun, forms = incomplete.upper(), _form_codes(ctx)
        offered = dict.fromkeys([*map(forms.short, forms.codes), *(forms.codes if begun else ())])
        return [CompletionItem(code) for code in offered if code.startswith(begun)]


class RecordNumber(click.ParamType[str]):
    """The number of a record."""

    name = "编号"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the number in full: 06A-2026-12 is QR758-06A-2026-00012; what is no number stays as it is."""
        full = full_record_no(str(value), _form_codes(ctx))
        return full if RECORD_NO.match(full) else str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the newest records the account may read; QR758-06A or 06A-2026 will do as a beginning."""
        from qrecords.office import Office

        begun = incomplete.upper()
        try:
            with closing(Office.open(find_root(_root(ctx)), ctx.find_root().params.get("account"))) as office:
                prefix = begun if not begun[:1].isdigit() else f"{office.form_codes.main}-{begun}"
                with office.register.read() as tx:
                    found = tx.records.newest_like(prefix, _MOST)
                return [CompletionItem(r.record_no, help=r.title) for r in office.only_readable(found)]
        except (QRecordsError, OSError):
            return []


class SavedName(click.ParamType[str]):
    """The name of a search the account keeps."""

    name = "名称"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the searches the account keeps."""
        from qrecords.office import Office
        from qrecords.services.finding.saved import saved_searches

        try:
            with closing(Office.open(find_root(_root(ctx)), ctx.find_root().params.get("account"))) as office:
                found = saved_searches(office)
        except (QRecordsError, OSError):
            return []
        return [CompletionItem(one.name, help=one.text) for one in found if one.name.startswith(incomplete)]


def is_form_code(word: str) -> bool:
    """Tell whether a word is written like the code of a form, in full or short: 02A."""
    return (
        re.fullmatch(r"(?:[A-Z][A-Z0-9.]*-)+(?:\d{1,4}[A-Z]?|[A-Z]{1,4})|\d{1,4}[A-Z]", word.strip().upper())
        is not None
    )


def _form_codes(ctx: click.Context | None) -> FormCodes:
    """Return the codes of the forms of the workspace one stands in, read once a command; none outside of one."""
    if ctx is None:
        return FormCodes()
    meta = ctx.find_root().meta
    if _KEPT not in meta:
        try:
            main = load(find_root(_root(ctx))).forms_dir
            meta[_KEPT] = FormCodes(main.name, tuple(form_codes(main)))
        except (QRecordsError, OSError):
            meta[_KEPT] = FormCodes()
    known: FormCodes = meta[_KEPT]
    return known


def _root(ctx: click.Context) -> Path | None:
    root: Path | None = ctx.find_root().params.get("root")
    return root


FORM = FormCode()
RECORD = RecordNumber()
SAVED = SavedName()
