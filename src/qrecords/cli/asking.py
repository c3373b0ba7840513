"""Asking field by field on a terminal: questions and summary go to standard error, the command's answer stays apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from qrecords.cli.output import note, say, width
from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, UsageError
from qrecords.model.field import Field, FieldType
from qrecords.model.rules import is_empty

if TYPE_CHECKING:
    from qrecords.model.form import Form
    from qrecords.office import Office
    from qrecords.services.intake.asking import KeptAnswers
    from qrecords.stores.given import GivenFile

Offers = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Try = Callable[["GivenFile"], None]
_HOW = "直接回车用［］里的内容，写 - 留空；选项写序号或文字；Ctrl-C 停下，已答的留着"


def on_terminal() -> bool:
    """Tell whether someone sits at a terminal and can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def require_terminal(what: str) -> None:
    """Refuse to ask where nobody can answer."""
    if not on_terminal():
        raise UsageError(f"缺少 {what}", remedy="请写上输入文件；在终端上不写输入文件，会逐栏询问")


class Questionnaire:
    """One record asked for: its answers so far, the file that keeps them."""

    def __init__(self, office: Office, form: Form, fields: Sequence[Field], offers: Offers) -> None:
        self._office, self._form, self._fields, self._offers = office, form, fields, offers
        self.answers: dict[str, Any] = {}
        self.kept: KeptAnswers | None = None

    def run(self, name: str, attempt: Try) -> GivenFile | None:
        """Ask all, let `attempt` judge the kept answers, ask again what is wrong, show the summary.

        Returns the file of the answers once they are confirmed, None when they are given up.
        """
        note(f"{self._form.code} {self._form.title}：{_HOW}")
        try:
            return self._run(name, attempt)
        except (KeyboardInterrupt, click.Abort):
            if self.answers:
                self._keep(name)
                note(
                    f"\n→ 已答的{len(self.answers)}栏留在 {self._called}；补上其余的再填：qrecords {self._again(name)}"
                )
            raise

    @property
    def _called(self) -> str:
        return self.kept.called if self.kept else ""

    def _again(self, name: str) -> str:
        return f"{'fill' if name == self._form.code else 'update'} {name} {self._called}"

    def _run(self, name: str, attempt: Try) -> GivenFile | None:
        from qrecords.services.intake.asking import is_asked

        for field in self._fields:
            if is_asked(self._form, field, self.answers):
                self._ask(field)
        while True:
            self._keep(name)
            wrong = self._wrong(attempt)
            if not wrong:
                chosen = self._confirm()
                if chosen is True:
                    return self.kept.file if self.kept else None
                if chosen is False:
                    self._drop()
                    return None
                wrong = [chosen]
            for field in wrong:
                self._ask(field)

    def _keep(self, name: str) -> None:
        from qrecords.services.intake.asking import keep_answers

        self.kept = keep_answers(self._office, name, self.answers, self.kept)

    def _drop(self) -> None:
        if self.kept is not None:
            self._office.papers.answers.drop(self.kept.file.name)

    def _wrong(self, attempt: Try) -> list[Field]:
        """Return the fields the attempt refused, after telling why; all of them when it named none."""
        assert self.kept is not None
        try:
            attempt(self.kept.file)
        except InvalidInput as error:
            note(f"✗ {worded(error.message)}")
            for problem in error.problems:
                note(f"  · {worded(problem.message)}")
            named = {str(p.field).partition(".")[0].partition("[")[0] for p in error.problems}
            found = [f for f in self._fields if f.key in named or f.label in named]
            if not found:
                note(f"→ 回答已留在 {self._called}，可以改它再填")
                raise
            return found
        return []

    def _confirm(self) -> bool | Field:
        """Show the summary; returns whether to save, or a field to ask again."""
        note("")
        labels = [f"{n:>3} {f.label}" for n, f in enumerate(self._fields, start=1)]
        wide = max(map(width, labels))
        from qrecords.services.intake.asking import shown

        for label, field in zip(labels, self._fields, strict=True):
            note(f"{label}{' ' * (wide - width(label))}  {shown(field, self.answers.get(field.key)) or '（空）'}")
        while True:
            answer = _line("保存吗？回车或「是」保存，写序号改那一栏，「否」放弃：").strip()
            if answer in {"", "是", "y", "Y"}:
                return True
            if answer in {"否", "n", "N"}:
                return False
            if answer.isdecimal() and 1 <= int(answer) <= len(self._fields):
                return self._fields[int(answer) - 1]
            note("  请写「是」「否」或一栏的序号")

    def _ask(self, field: Field) -> None:
        offered = self.answers.get(field.key, self._offers(self.answers).get(field.key))
        value = _rows(field, offered or []) if field.type is FieldType.ROWS else _one(field, offered)
        if is_empty(value):
            self.answers.pop(field.key, None)
        else:
            self.answers[field.key] = value


def _one(field: Field, offered: Any, *, number: str = "") -> Any:
    """Ask for one value until it can be read."""
    from qrecords.services.intake.asking import EMPTY, read_answer, shown

    if field.type in {FieldType.ENUM, FieldType.MULTI}:
        note("  " + "  ".join(f"{n} {c}" for n, c in enumerate(field.choices, start=1)))
    facts = [field.note, f"单位：{field.unit}" if field.unit else ""]
    facts += ["可选几项，用空格隔开" if field.type is FieldType.MULTI else ""]
    facts += ["是/否" if field.type is FieldType.BOOL else ""]
    about = "；".join(fact for fact in facts if fact)
    head = f"{number}{field.label}{'*' if field.required else ''}{f'（{about}）' if about else ''}"
    while True:
        given = _line(f"{head}{f'［{shown(field, offered)}］' if not is_empty(offered) else ''}：")
        if not given.strip() and not is_empty(offered):
            return offered
        try:
            value = read_answer(field, given)
        except ValueError as error:
            note(f"  ✗ {error}")
            continue
        if field.required and is_empty(value) and given.strip() != EMPTY:
            note("  ✗ 这一栏必须填写")
            continue
        return value


def _rows(field: Field, offered: Sequence[Any]) -> list[dict[str, Any]]:
    """Ask for the lines of a list, column by column; an empty first column ends it."""
    from qrecords.services.intake.asking import columns_of

    if offered and _line(f"{field.label}［已有{len(offered)}行］：回车保留，写「改」重填：").strip() != "改":
        return [dict(row) for row in offered]
    columns, rows = columns_of(field), list[dict[str, Any]]()
    note(f"{field.label}{'*' if field.required else ''}：逐行填写，第一栏空着回车结束")
    while True:
        number = f"  第{len(rows) + 1}行 "
        first = _one(columns[0].model_copy(update={"required": False}), None, number=number)
        if is_empty(first):
            return rows
        row = {columns[0].key: first}
        row |= {c.key: value for c in columns[1:] if not is_empty(value := _one(c, None, number=number))}
        rows.append(row)


def _line(prompt: str) -> str:
    """Ask one line; the end of input gives up as Ctrl-C does."""
    say(prompt, nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise click.Abort
    return line.rstrip("\r\n")
