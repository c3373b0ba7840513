"""Reads the folders of controlled forms: form.toml, template.docx, sample.json, and the blocks they share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qrecords.advice import Do, advise
from qrecords.errors import InvalidInput, NotFound, Problem
from qrecords.model.deadlines import Deadlines
from qrecords.model.field import Field
from qrecords.model.form import Form
from qrecords.model.numbering import FormCodes, form_number, without_edition
from qrecords.model.series import FormSeries
from qrecords.stores.definitions import definition_problems, read_definition
from qrecords.stores.formfolders import OFF_FILE, folder_mark, form_codes, series_folders
from qrecords.stores.formseries import read_series
from qrecords.stores.packagedforms import house_file
from qrecords.stores.procedure import Procedure

BLOCKS_FILE = "blocks.toml"


@dataclass(frozen=True)
class FormFolder:
    """One form as it stands on disk: its definition and where its template and sample lie."""

    form: Form
    path: Path
    other_template: Path | None = None  # one not yet in place, looked at instead
    mark: tuple[int, int] | None = None  # of its folder: another process that puts a file there changes it

    @property
    def template(self) -> Path:
        """Return the path of the Word template."""
        return self.other_template or self.path / "template.docx"

    @cached_property
    def template_bytes(self) -> bytes:
        """Return the template, read once: what is printed is what its hash names, whatever is put there meanwhile."""
        try:
            return self.template.read_bytes()
        except OSError as error:
            reason = "没有这个文件" if isinstance(error, FileNotFoundError) else error.strerror
            raise InvalidInput(
                f"模板 {self.template} 读不出：{reason}", remedy="请补上模板文件，或从备份恢复"
            ) from None

    @cached_property
    def template_sha256(self) -> str:
        """Return the hash that names the template's bytes."""
        return hashlib.sha256(self.template_bytes).hexdigest()

    def sample(self) -> dict[str, Any]:
        """Return the complete sample record."""
        sample: dict[str, Any] = json.loads((self.path / "sample.json").read_text(encoding="utf-8"))
        return sample


class FormCatalogue:
    """The forms of an office, read when first asked for: those of its main series, then of the series beside it."""

    def __init__(self, main: Path) -> None:
        self.main = main
        self.taken_back = 0  # how often a form was forgotten: what was worked out of it before holds no more

    def codes(self) -> list[str]:
        """Return the codes of all forms, in order."""
        return [*form_codes(self.main)]

    @property
    def known(self) -> FormCodes:
        """Return the codes by which records are called."""
        return FormCodes(self.main.name, tuple(self.codes()))

    def all(self) -> list[FormFolder]:
        """Return every form; InvalidInput names all that cannot be read."""
        found: list[FormFolder] = []
        problems: list[Problem] = []
        for code in self.codes():
            try:
                found.append(self.get(code))
            except InvalidInput as error:
                problems += error.problems or [Problem(error.message, source=code)]
        if problems:
            raise InvalidInput("有表式定义读不出", remedy="请按提示修改 form.toml", problems=problems)
        return found

    def get(self, code: str) -> FormFolder:
        """Return one form by its code, full or short (06A); NotFound when it is not one of the catalogue."""
        # Asked for each record of a batch: what is known is not looked for among all folders again.
        known = self._folders.get(code)
        if known is not None:
            if (mark := folder_mark(known.path)) == known.mark:
                return known
            if mark is not None:  # a template was put there, by this process or another
                self._folders.pop(code, None)
                self.taken_back += 1
        full = code if self._is_off(code) else self.full_code(code)
        if full not in self._folders:
            self._folders[full] = self._read(full)
        return self._folders[full]

    def _is_off(self, code: str) -> bool:
        """Tell whether a form is of a pack that is off: what was made on it can be read, nothing new is."""
        folder = self._folder_of(code)
        return "-" in code and (folder.parent / OFF_FILE).is_file() and (folder / "form.toml").is_file()

    def editions(self, code: str) -> list[FormFolder]:
        """Return all editions of a form, oldest first."""
        return [self.get(c) for c in self.codes() if without_edition(c) == without_edition(code)]

    @property
    def main_series(self) -> FormSeries:
        """Return the main series."""
        return self._series_named(self.main.name)

    def doing(self, task: str) -> str:
        """Return the form of the main series that does a task of the procedure (series.toml): QR758-04, no edition."""
        return self.main_series.task(task)

    def newest_doing(self, task: str) -> str:
        """Return the code of its newest edition, to be named to people; empty when no form does it."""
        form = self.doing(task)
        return next((c for c in reversed(self.codes()) if without_edition(c) == form), form)

    def series_of(self, code: str) -> FormSeries:
        """Return the series a form belongs to."""
        return self._series_named(code.rpartition("-")[0])

    def _series_named(self, name: str) -> FormSeries:
        if name not in self._series:
            self._series[name] = read_series(self.main if name == self.main.name else self.main.parent / name)
        return self._series[name]

    def series(self) -> list[FormSeries]:
        """Return all series, the main one first."""
        return [self._series_named(folder.name) for folder in series_folders(self.main)]

    def template(self, code: str, name: str) -> Path:
        """Return a template papers about a form's records are made from: its series' own, or the main one's."""
        own = self._folder_of(code).parent / name
        return own if own.exists() else self.house(name)

    def house(self, name: str) -> Path:
        """Return a template of the archive's own papers: the office's, or of a procedure without any the program's."""
        return house_file(self.main, name)

    def forget(self, code: str) -> None:
        """Read a form's folder anew when it is next asked for: its template was replaced."""
        self._folders.pop(self.full_code(code), None)
        self.taken_back += 1

    def full_code(self, code: str) -> str:
        """Return the full form code for a full or short one."""
        codes = self.codes()
        full = FormCodes(self.main.name, tuple(codes)).full(code)
        if full not in codes:
            ours = [c for c in codes if c.startswith(f"{self.main.name}-")]
            raise NotFound(
                f"没有「{code}」这种表式，质量记录限于 {'、'.join(ours)}（QS/PA758A 第7章）",
                remedy=advise("用 {} 查看全部表式，编号可简写，如 06A", Do.LIST_FORMS),
            )
        return full

    def block(self, name: str) -> tuple[Field, ...]:
        """Return the fields of a block forms share; NotFound when the office's forms have none of that name."""
        blocks = self._blocks(self.main)
        if name not in blocks:
            raise NotFound(f"{BLOCKS_FILE} 里没有 [{name}]", remedy="请从备份恢复 forms/ 文件夹")
        try:
            return tuple(Field.model_validate(field) for field in blocks[name]["fields"])
        except (ValidationError, KeyError, TypeError) as error:
            path = self.main / BLOCKS_FILE
            problems = definition_problems(path, error)
            raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改后再试", problems=problems) from None

    @cached_property
    def procedure(self) -> Procedure:
        """Return the tables of the main series' procedure."""
        return Procedure(self.main)

    def numbered(self, number: str) -> list[FormFolder]:
        """Return the editions of a form by its number: of the main series, else of the one series that has it."""
        known = self.codes()
        same = [code for code in known if form_number(code) == number]
        main = [code for code in same if code.startswith(f"{self.main.name}-")]
        return [self.get(code) for code in main or same]

    def of_main(self) -> list[FormFolder]:
        """Return every form of the main series."""
        return [folder for folder in self.all() if folder.form.code.startswith(f"{self.main.name}-")]

    def counted_codes(self) -> list[str]:
        """Return the codes of the forms figures know by their number: of two of one number the main series' alone."""
        mains = {form_number(code) for code in self.codes() if code.startswith(f"{self.main.name}-")}
        return [c for c in self.codes() if c.startswith(f"{self.main.name}-") or form_number(c) not in mains]

    @property
    def beside(self) -> list[Path]:
        """Return the folders of the series beside the main one."""
        return series_folders(self.main)[1:]

    @property
    def deadlines(self) -> Deadlines:
        """Return the deadlines of all series; of two of one key that of the main one."""
        beside = [self._procedure_of(folder).deadlines for folder in self.beside]
        return {key: one for found in (*beside, self.procedure.deadlines) for key, one in found.items()}

    @cached_property
    def _folders(self) -> dict[str, FormFolder]:
        return {}

    @cached_property
    def _series(self) -> dict[str, FormSeries]:
        return {}

    @cached_property
    def _procedures(self) -> dict[Path, Procedure]:
        return {self.main: self.procedure}

    @cached_property
    def _read_blocks(self) -> dict[Path, dict[str, Any]]:
        return {}

    def _blocks(self, series: Path) -> dict[str, Any]:
        """Return the blocks of a series: the main one's, and over them its own."""
        if series not in self._read_blocks:
            path = series / BLOCKS_FILE
            own = read_definition(path) if path.exists() else {}
            self._read_blocks[series] = own if series == self.main else self._blocks(self.main) | own
        return self._read_blocks[series]

    def _folder_of(self, full: str) -> Path:
        series, _, form = full.rpartition("-")
        return (self.main if series == self.main.name else self.main.parent / series) / form

    def _read(self, full: str) -> FormFolder:
        folder = self._folder_of(full)
        path, series, mark = folder / "form.toml", self.series_of(full), folder_mark(folder)
        _require_of(series, full, folder)
        data = read_definition(path)
        try:
            entries, blocks = data.get("fields", []), self._blocks(folder.parent)
            data["fields"] = [*_expand(entries, blocks)]
            rules = [*data.get("rules", []), *_shared_rules(entries, blocks)]
            data["rules"] = [*self._rules(rules, self._procedure_of(folder.parent))]
            retention = data.get("retention", {})
            data["retention"] = {"years": series.years(full), "least": series.years(full)} | retention
            form = Form.model_validate(data)
        except (ValidationError, KeyError, TypeError) as error:
            problems = definition_problems(path, error)
            raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改后再试", problems=problems) from None
        if form.code != full:
            raise InvalidInput(f"{path} 里的编号是 {form.code}，文件夹却是 {full}", remedy="请改成一致")
        return FormFolder(form, path.parent, mark=mark)

    def _procedure_of(self, series: Path) -> Procedure:
        if series not in self._procedures:
            self._procedures[series] = Procedure(series, self.main)
        return self._procedures[series]

    def _rules(self, entries: list[dict[str, Any]], procedure: Procedure) -> Iterator[dict[str, Any]]:
        """Give rules with the deadline or the people they name; one whose list is empty asks nothing."""
        for rule in entries:
            if "deadline" in rule:
                rule["deadline"] = procedure.deadlines[rule["deadline"]]
                rule["calendar"] = procedure.calendar
            if "people" in rule:
                rule["among"] = procedure.people.get(rule["people"], ())
            if "people" not in rule or rule["among"]:
                yield rule


def _require_of(series: FormSeries, code: str, folder: Path) -> None:
    """Refuse a form that its series does not have, or that is not called as its forms are."""
    if not series.is_code(code):
        what = f"{folder} 的编号 {code} 与系列的 {series.pattern} 不符"
        raise InvalidInput(what, remedy="请改文件夹的名字，或系列 series.toml 里的 pattern")
    if not series.admits(code):
        known = "、".join(f.code for f in series.forms)
        closed = f"{series.procedure or series.code} 的质量记录是封闭的，限于 {known}，没有 {code}（QS/PA758A 第7章）"
        raise InvalidInput(closed, remedy=f"请移走 {folder}；新的表式放进另一个系列的文件夹")


def _expand(entries: list[dict[str, Any]], blocks: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Replace `{block = "customer", stage = "…"}` by the block's fields; `optional` and `omit` adapt it."""
    for entry in entries:
        if "block" not in entry:
            yield entry
            continue
        omit, optional = set(entry.get("omit", [])), set(entry.get("optional", []))
        for field in blocks[entry["block"]]["fields"]:
            if field["key"] in omit:
                continue
            loosened = entry.get("required") is False or field["key"] in optional
            yield field | {"stage": entry["stage"]} | ({"required": False} if loosened else {})


def _shared_rules(entries: list[dict[str, Any]], blocks: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the rules of the blocks a form has, but those of fields it leaves out."""
    for entry in entries:
        for rule in blocks[entry["block"]].get("rules", []) if "block" in entry else ():
            if not set(entry.get("omit", [])).intersection(rule["fields"]):
                yield dict(rule)
