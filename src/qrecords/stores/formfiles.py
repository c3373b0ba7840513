"""Reads the folders of controlled forms: form.toml, template.docx, sample.json, and the blocks they share."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qrecords.advice import Do, advise
from qrecords.errors import InvalidInput, NotFound, Problem
from qrecords.model.field import Field
from qrecords.model.form import CODE_PATTERN, Form
from qrecords.stores.procedure import Procedure

BLOCKS_FILE = "blocks.toml"
SERIES_FILE = "series.toml"


@dataclass(frozen=True)
class FormFolder:
    """One form as it stands on disk: its definition and where its template and sample lie."""

    form: Form
    path: Path
    other_template: Path | None = None  # one not yet in place, looked at instead

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
    """The forms of one procedure, read when first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def codes(self) -> list[str]:
        """Return the codes of all forms, in order."""
        return [f"{self.root.name}-{p.name}" for p in sorted(self.root.glob("[0-9][0-9][A-Z]")) if p.is_dir()]

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
        full = self.full_code(code)
        if full not in self._folders:
            self._folders[full] = self._read(full)
        return self._folders[full]

    def editions(self, number: str) -> list[FormFolder]:
        """Return all editions of a form by its two digits, oldest first."""
        return [self.get(code) for code in self.codes() if code.endswith(f"-{number}{code[-1]}")]

    def forget(self, code: str) -> None:
        """Read a form's folder anew when it is next asked for: its template was replaced."""
        self._folders.pop(self.full_code(code), None)

    def full_code(self, code: str) -> str:
        """Return the full form code for a full or short one."""
        wanted = code.strip().upper()
        full = wanted if "-" in wanted else f"{self.root.name}-{wanted}"
        if not CODE_PATTERN.match(full) or not self._folder(full).is_dir():
            raise NotFound(
                f"没有「{code}」这种表式，质量记录限于 {'、'.join(self.codes())}（QS/PA758A 第7章）",
                remedy=advise("用 {} 查看全部表式，编号可简写，如 06A", Do.LIST_FORMS),
            )
        return full

    def block(self, name: str) -> tuple[Field, ...]:
        """Return the fields of a block forms share; NotFound when the office's forms have none of that name."""
        if name not in self._blocks:
            raise NotFound(f"{BLOCKS_FILE} 里没有 [{name}]", remedy="请从备份恢复 forms/ 文件夹")
        try:
            return tuple(Field.model_validate(field) for field in self._blocks[name]["fields"])
        except (ValidationError, KeyError, TypeError) as error:
            path = self.root / BLOCKS_FILE
            problems = _definition_problems(path, error)
            raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改后再试", problems=problems) from None

    def families(self) -> list[tuple[str, str, list[str]]]:
        """Return the families bound together once a year: key, title, codes of the forms (series.toml)."""
        data = _toml(self.root / SERIES_FILE)
        try:
            codes = {f["key"]: [s["code"] for s in data["series"] if s["family"] == f["key"]] for f in data["families"]}
            return [(f["key"], f["title"], codes[f["key"]]) for f in data["families"]]
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"{self.root / SERIES_FILE} 缺少 {error}", remedy="请补上，或从备份恢复") from None

    @cached_property
    def procedure(self) -> Procedure:
        """Return the tables of the procedure beside the forms."""
        return Procedure(self.root)

    @cached_property
    def _folders(self) -> dict[str, FormFolder]:
        return {}

    @cached_property
    def _blocks(self) -> dict[str, Any]:
        path = self.root / BLOCKS_FILE
        return _toml(path) if path.exists() else {}

    def _folder(self, full: str) -> Path:
        return self.root / full.rsplit("-", 1)[-1]

    def _read(self, full: str) -> FormFolder:
        path = self._folder(full) / "form.toml"
        data = _toml(path)
        try:
            entries = data.get("fields", [])
            data["fields"] = [*_expand(entries, self._blocks)]
            data["rules"] = [*self._rules([*data.get("rules", []), *_shared_rules(entries, self._blocks)])]
            form = Form.model_validate(data)
        except (ValidationError, KeyError, TypeError) as error:
            problems = _definition_problems(path, error)
            raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改后再试", problems=problems) from None
        if form.code != full:
            raise InvalidInput(f"{path} 里的编号是 {form.code}，文件夹却是 {full}", remedy="请改成一致")
        return FormFolder(form, path.parent)

    def _rules(self, entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Give rules with the deadline or the people they name; one whose list is empty asks nothing."""
        for rule in entries:
            if "deadline" in rule:
                rule["deadline"] = self.procedure.deadlines[rule["deadline"]]
                rule["calendar"] = self.procedure.calendar
            if "people" in rule:
                rule["among"] = self.procedure.people.get(rule["people"], ())
            if "people" not in rule or rule["among"]:
                yield rule


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(f"缺少文件 {path}", remedy="请补上，或从备份恢复 forms/ 文件夹") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy="请按 TOML 格式修改，以 UTF-8 保存") from None


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


def _definition_problems(path: Path, error: Exception) -> list[Problem]:
    if isinstance(error, ValidationError):
        return [
            Problem(e["msg"].removeprefix("Value error, "), ".".join(map(str, e["loc"])), source=str(path))
            for e in error.errors(include_url=False)
        ]
    return [Problem(f"没有 {error} 这一项", source=str(path))]
