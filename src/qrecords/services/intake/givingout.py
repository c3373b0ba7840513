"""Give out the open rows of a register as a workbook, to be gone on with in a spreadsheet (takingback.py)."""

from __future__ import annotations

from dataclasses import dataclass

from qrecords.advice import Do, Input, advise
from qrecords.errors import NotFound, UsageError
from qrecords.model.form import Form
from qrecords.model.givenrows import said_of
from qrecords.model.record import Action, Record, State
from qrecords.model.rules import is_empty
from qrecords.model.worksheet import GivenRow, shown
from qrecords.office import Office
from qrecords.render.inputbook import input_workbook
from qrecords.stores.inputs.standins import plain

SUFFIX = ".xlsx"


@dataclass(frozen=True, slots=True)
class GivenOut:
    """A workbook with open rows: what it is called unless someone calls it otherwise, its bytes, the rows in it."""

    name: str
    data: bytes
    record_nos: list[str]


def give_out(office: Office, code: str, *, month: str = "") -> GivenOut:
    """Return as a workbook the rows of a register not yet submitted, of one month or all, the account may go on with.

    NotFound when no row is open. Every row given out is a reading.
    """
    folder = office.forms.get(code)
    form = folder.form
    office.authorise(Action.READ, "list")
    if not form.is_register:
        raise UsageError(
            f"{form.code}「{form.title}」不是登记簿，没有按行续填的工作簿",
            remedy=advise("请逐份续填：{}；按行续填的是 02A、03A、09A、10A", Do.UPDATE("编号", "输入文件")),
        )
    with office.register.read() as tx:
        found = tx.records.find(form_code=form.code, states=[State.DRAFT], month=month or None)
    records = office.only_readable(office.only_readable(found), Action.UPDATE)
    if not records:
        remedy = advise("用 {} 查看", Do.LIST(Input.FORM(f"{form.number}{form.edition}")))
        raise NotFound("没有您可以续填的行", remedy=remedy)
    example = form.check(folder.sample()).values
    data = input_workbook(form, example, [_given(form, record) for record in records], office.words)
    office.note([office.event(Action.READ, r.record_no, exported=SUFFIX) for r in records])
    return GivenOut(f"{form.code} {form.title}-待续{SUFFIX}".replace("/", ""), data, [r.record_no for r in records])


def _given(form: Form, record: Record) -> GivenRow:
    untaken = [f.key for f in form.input_fields if not _comes_back(shown(f, record.values.get(f.key)))]
    return GivenRow(record.record_no, record.values, said_of(form, record.values, untaken))


def _comes_back(text: str) -> bool:
    """Tell whether a table gives a text back as it is: what looks like a formula or a number lost does not."""
    return is_empty(text) or plain(text) == text
