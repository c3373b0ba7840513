"""What a task owes, read from a file: JSON, a table with a row for each unit, or a notice not yet filled (table 1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, Problem
from qrecords.model.record import Action
from qrecords.model.requirements import Required, Task, parse_task, required_records, task_of_notice
from qrecords.model.tasktable import TASK_FIELDS, TASK_HEADINGS, task_of_rows
from qrecords.office import Office
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import read_records
from qrecords.stores.inputs.looks import is_table_of
from qrecords.stores.lists import read_rows_of

if TYPE_CHECKING:
    from qrecords.model.form import Form

SIZE_LIMIT = 1 << 20


def require(office: Office, source: GivenFile) -> tuple[list[Required], tuple[str, ...]]:
    """Return the records a task owes by table 1, each with its reason and clause, and notes on what was passed over.

    A task is a JSON object, a table with a row for each unit (.xlsx, .csv), or the workbook of a notice not yet
    filled.
    """
    office.authorise(Action.READ, "require")
    with source.lent() as path:
        task, notes = _TASKS.get(path.suffix.lower(), _not_understood)(office, path)
    required = required_records(office.forms.procedure.requirements, task)
    return required, notes


def _task_of_json(_: Office, source: Path) -> tuple[Task, tuple[str, ...]]:
    try:
        text = source.read_text(encoding="utf-8-sig") if source.stat().st_size <= SIZE_LIMIT else ""
        raw = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(
            f"{source.name} 不是 JSON：{error}", remedy=advise("请按 {} 里的样子写", Input.HELP)
        ) from None
    task, problems = parse_task(raw)
    return _sound(source, task, problems), ()


def _task_of_table(office: Office, source: Path) -> tuple[Task, tuple[str, ...]]:
    notices = [f.form for f in office.forms.all() if Action.ISSUE.value in f.form.steps]
    notice = next((form for form in notices if is_table_of(source, form)), None)
    if notice is not None:
        return _task_of_notices(source, notice)
    rows, notes = read_rows_of(source, TASK_FIELDS, ())
    if not rows:
        columns = "、".join(TASK_HEADINGS)
        raise InvalidInput(
            f"{source.name} 里没有任务", remedy=f"请在表头（{columns}）下面每台设备写一行，没有设备的写一行"
        )
    task, problems = task_of_rows(rows)
    return _sound(source, task, problems), notes


def _task_of_notices(source: Path, form: Form) -> tuple[Task, tuple[str, ...]]:
    entries = [*read_records(source, form)]
    if len(entries) > 1:
        raise InvalidInput(
            f"{source.name} 里有{len(entries)}份{form.title}",
            remedy=advise("一次看一份：请另存为只有一份的文件；已经填过的用 {}", Do.SHOW_TASK("编号")),
        )
    checked = form.check(entries[0].values)
    problems = [p.at(entries[0].source, entries[0].row) for p in checked.problems]
    return _sound(source, task_of_notice(checked.values), problems), entries[0].notes


def _not_understood(_: Office, source: Path) -> NoReturn:
    raise InvalidInput(
        f"{source.name}：不能读 {source.suffix or '没有扩展名的'} 文件",
        remedy=advise(
            "请写成 .xlsx、.csv 的表或 .json（见 {}）；已填的通知单用 {}", Do.REQUIRE(Input.HELP), Do.SHOW_TASK("编号")
        ),
    )


_TASKS = {".json": _task_of_json, ".xlsx": _task_of_table, ".csv": _task_of_table}


def _sound(source: Path, task: Task | None, problems: Sequence[Problem]) -> Task:
    if task is None or problems:
        placed = [p.at(p.source or source.name, p.row) for p in problems]
        raise InvalidInput(f"{source.name} 有误", remedy="请按提示改正后再试", problems=placed)
    return task
