"""Reads the sets and tables of reports (`tables/`) and the office's method of satisfaction; all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from qrecords.errors import InvalidInput, Problem
from qrecords.model.deadlines import Deadlines
from qrecords.model.evaluation import Evaluation
from qrecords.model.figures.checking import Words, set_problems, table_problems
from qrecords.model.figures.definitions import SetDefinition, TableDefinition
from qrecords.model.figures.facts import FACTS
from qrecords.model.figures.limits import deadline_facts
from qrecords.model.figures.population import resolved
from qrecords.model.figures.satisfaction import Method
from qrecords.model.form import Form
from qrecords.model.regions import Regions
from qrecords.stores.definitions import definition_problems, read_definition
from qrecords.stores.packagedforms import packaged_forms

FOLDER, SETS_FILE, METHOD_FILE = "tables", "sets.toml", "satisfaction.toml"
EVALUATION_FILE, REGIONS_FILE = "evaluation.toml", "regions.toml"
REMEDY = "请按提示修改 forms 文件夹里的 tables/，或从备份恢复"


@dataclass(frozen=True)
class Tables:
    """The sets and tables of a series, sound."""

    sets: Mapping[str, SetDefinition]
    tables: tuple[TableDefinition, ...]
    method: Method


def read_tables(
    forms_dir: Path,
    forms_of: Callable[[str], Sequence[Form]],
    beside: Sequence[Path] = (),
    deadlines: Deadlines = MappingProxyType({}),
) -> Tables:
    """Return the definitions beside the forms; those that came with the program where an older workspace has none.

    Series `beside` add their own sets and tables; `deadlines` are those tables may name. InvalidInput names every set,
    field, measure and time that is not known, by file and place.
    """
    words = Words(forms_of, frozenset(FACTS | deadline_facts(deadlines)))
    folder = _folder(forms_dir, FOLDER)
    problems: list[Problem] = []
    others = [series / FOLDER for series in beside if (series / FOLDER).is_dir()]
    sets = _read_sets(folder / SETS_FILE, problems)
    for other in others:
        for name, one in _read_sets(other / SETS_FILE, problems).items():
            if name in sets:
                problems.append(Problem(f"集合 {name} 另一个系列已有", name, source=f"{other.parent.name}/{SETS_FILE}"))
            sets[name] = one
    if not problems:
        problems += set_problems(sets, words, SETS_FILE)
    whole = {name: resolved(sets, name) for name in sets} if not problems else {}
    tables: list[TableDefinition] = []
    paths = [path for one in (folder, *others) for path in sorted(one.iterdir(), key=lambda p: p.name)]
    for path in paths:
        if not path.name.endswith(".toml") or path.name == SETS_FILE:
            continue
        if (found := _read_table(path, problems)) is None:
            continue
        if any(known.id == found.id for known in tables):
            problems.append(Problem(f"表号 {found.id} 另一个文件已有", "id", source=path.name))
        if whole:
            problems += table_problems(found, whole, words, path.name)
        tables.append(found)
    method = _read_method(_folder(forms_dir, METHOD_FILE), problems)
    if problems:
        raise InvalidInput(f"{folder} 里有{len(problems)}处不对，没有出表", remedy=REMEDY, problems=problems)
    return Tables(sets, tuple(tables), method)


def read_evaluation(beside: Sequence[Path]) -> Evaluation:
    """Return the office's evaluation; none where it keeps no such file, or has it off."""
    path = next((series / EVALUATION_FILE for series in beside if (series / EVALUATION_FILE).is_file()), None)
    if path is None:
        return Evaluation()
    try:
        return Evaluation.model_validate(read_definition(path))
    except ValidationError as error:
        problems = definition_problems(path, error)
        raise InvalidInput(f"{path} 的定义有误", remedy=REMEDY, problems=problems) from None


def read_regions(forms_dir: Path) -> Regions:
    """Return the office's service points and partners; none where it keeps no such file."""
    path = forms_dir / REGIONS_FILE
    if not path.is_file():
        return Regions()
    try:
        return Regions.model_validate(read_definition(path))
    except ValidationError as error:
        problems = definition_problems(path, error)
        raise InvalidInput(f"{path} 的定义有误", remedy=REMEDY, problems=problems) from None


def _folder(forms_dir: Path, name: str) -> Path | Traversable:
    own = forms_dir / name
    return own if own.exists() else packaged_forms() / forms_dir.name / name


def _read(path: Path | Traversable, problems: list[Problem]) -> dict[str, Any]:
    try:
        return read_definition(path)
    except InvalidInput as error:
        problems.append(Problem(error.message, source=path.name))
        return {}


def _read_sets(path: Path | Traversable, problems: list[Problem]) -> dict[str, SetDefinition]:
    found: dict[str, SetDefinition] = {}
    for name, table in _read(path, problems).items():
        try:
            found[name] = SetDefinition.model_validate(table)
        except ValidationError as error:
            problems += [p.at(path.name, p.row) for p in _placed(error, name)]
    return found


def _read_table(path: Path | Traversable, problems: list[Problem]) -> TableDefinition | None:
    before = len(problems)
    data = _read(path, problems)
    if len(problems) > before:
        return None
    try:
        return TableDefinition.model_validate(data)
    except ValidationError as error:
        problems += [p.at(path.name, p.row) for p in _placed(error)]
        return None


def _read_method(path: Path | Traversable, problems: list[Problem]) -> Method:
    if not path.is_file():
        return Method()
    data = _read(path, problems)
    try:
        return Method.model_validate(data)
    except ValidationError as error:
        problems += [p.at(path.name, p.row) for p in _placed(error)]
        return Method()


def _placed(error: ValidationError, before: str = "") -> Iterator[Problem]:
    for problem in definition_problems(Path(), error):
        place = ".".join(part for part in (before, problem.field or "") if part)
        yield Problem(problem.message, place)
