"""What search needs of the forms: titles and fields, kept ready under `indexes/`.

Reading and checking eleven definitions takes longer than a search. The outlines are derived: they are made again when a
file of the forms is not the one they were made from, and may be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qrecords import __version__
from qrecords.errors import InvalidInput, NotFound, QRecordsError
from qrecords.model.apart import UNIT, Place
from qrecords.model.numbering import FormCodes
from qrecords.model.textnorm import normalise
from qrecords.stores.durable import write_file
from qrecords.stores.formfolders import series_folders
from qrecords.stores.fulltext.interface import file_mark

if TYPE_CHECKING:
    from qrecords.model.field import Field
    from qrecords.model.form import Form
    from qrecords.stores.formfiles import FormCatalogue

CACHE_FILE = "forms.json"
_BOXES = frozenset({"signature", "seal"})  # empty on paper; the evidence is a text of its own
_FORMAT = 4


@dataclass(frozen=True, slots=True)
class FieldOutline:
    """A field or a column: `kind` is its type (text, rows, seal …)."""

    key: str
    label: str
    kind: str
    searchable: bool
    apart: str = ""
    columns: tuple[FieldOutline, ...] = ()
    of_unit: str = ""


@dataclass(frozen=True)
class FormOutline:
    """One form as search knows it."""

    code: str
    title: str
    fields: tuple[FieldOutline, ...]

    @cached_property
    def searched(self) -> tuple[FieldOutline, ...]:
        """Return the fields whose values are searched, of repeated rows those columns: worked out once for a batch."""
        return tuple(replace(f, columns=tuple(filter(_is_searched, f.columns))) for f in self.fields if _is_searched(f))

    @cached_property
    def shared(self) -> tuple[FieldOutline, ...]:
        """Return the fields told to the unit they belong to alone."""
        return tuple(f for f in self.fields if f.of_unit)

    def other_units(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the units that have lines of their own in a record, beside the one whose it is."""
        if not self.shared:
            return ()
        lines = [(f.of_unit, row) for f in self.shared if f.columns for row in values.get(f.key) or ()]
        return tuple(dict.fromkeys(str(row[column]) for column, row in lines if row.get(column)))

    def of_others(self, seen: frozenset[str], unit: str) -> Iterable[Place]:
        """Give what belongs to units other than those seen, in a record of a unit."""
        for field in self.shared:
            if field.columns:
                yield Place(UNIT, field.key, field.of_unit, seen)
            elif normalise(unit) not in seen:
                yield Place(UNIT, field.key)

    @cached_property
    def apart(self) -> tuple[Place, ...]:
        """Return the fields and columns kept apart, as `Form.apart`."""
        own = [Place(f.apart, f.key) for f in self.fields if f.apart]
        return (*own, *(Place(c.apart, f.key, c.key) for f in self.fields for c in f.columns if c.apart))

    def label(self, path: str) -> str:
        """Return the label of `key` or `key.column`."""
        key, _, column = path.partition(".")
        of = next((f for f in self.fields if f.key == key), None)
        named = next((c for c in of.columns if c.key == column), of) if of and column else of
        return named.label if named else path


class FormOutlines:
    """The outlines of all forms of a workspace."""

    def __init__(self, forms_dir: Path, indexes_dir: Path, catalogue: Callable[[], FormCatalogue]) -> None:
        self._forms_dir = forms_dir
        self._cache = indexes_dir / CACHE_FILE
        self._catalogue = catalogue

    def get(self, code: str) -> FormOutline:
        """Return one form's outline; errors are those of the catalogue."""
        return self._known.get(code) or outline_of(self._catalogue().get(code).form)

    def full_code(self, code: str) -> str:
        """Return the full form code for a full or short one; NotFound when there is no such form."""
        full = FormCodes(self._forms_dir.name, tuple(self._known)).full(code)
        return full if full in self._known else self._catalogue().full_code(code)

    def titles(self) -> Mapping[str, str]:
        """Return the titles of all forms by their codes."""
        return self._titles

    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Return the labels of all fields and columns with the keys they stand for."""
        return self._labels

    @cached_property
    def _titles(self) -> dict[str, str]:
        return {form.code: form.title for form in self._known.values()}

    @cached_property
    def _labels(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        for form in self._known.values():
            for field in _flat(form.fields):
                known = names.get(field.label, ())
                names[field.label] = known if field.key in known else (*known, field.key)
        return names

    def doing(self, task: str) -> str:
        """Return the form that does a task of the procedure, as the catalogue's `doing`."""
        return self._kept[1].get(task, "")

    @property
    def _known(self) -> dict[str, FormOutline]:
        return self._kept[0]

    @cached_property
    def _kept(self) -> tuple[dict[str, FormOutline], dict[str, str]]:
        """Return the outlines by code, and which form does what."""
        marks = self._marks()
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._cache.read_bytes())
            if kept["marks"] == marks:
                return {form["code"]: _form(form) for form in kept["forms"]}, dict(kept["tasks"])
        made, main = self._made(), self._catalogue().main_series
        tasks = {task: main.task(task) for task in main.tasks}
        kept = {"marks": marks, "tasks": tasks, "forms": [asdict(form) for form in made]}
        with suppress(QRecordsError):  # a disk that takes nothing does not keep anyone from searching
            write_file(self._cache, json.dumps(kept, ensure_ascii=False).encode())
        return {form.code: form for form in made}, tasks

    def _made(self) -> list[FormOutline]:
        catalogue = self._catalogue()
        made = []
        for code in catalogue.codes():
            # A form that cannot be read is told by whoever asks for it; the others are found.
            with suppress(InvalidInput, NotFound):
                made.append(outline_of(catalogue.get(code).form))
        return made

    def _marks(self) -> dict[str, Any]:
        series = series_folders(self._forms_dir)
        files = [path for folder in series for found in ("*/form.toml", "*.toml") for path in folder.glob(found)]
        marks = {str(path.relative_to(self._forms_dir.parent)): [*file_mark(path)] for path in sorted(files)}
        return {"program": __version__, "format": _FORMAT, "files": marks}


def outline_of(form: Form) -> FormOutline:
    """Return the outline of a form."""
    return FormOutline(form.code, form.title, tuple(map(_outlined, form.fields)))


def _is_searched(field: FieldOutline) -> bool:
    return field.searchable and not field.apart and field.kind not in _BOXES


def _outlined(field: Field) -> FieldOutline:
    columns = tuple(map(_outlined, field.columns))
    kind = field.type.value
    return FieldOutline(field.key, field.label, kind, field.searchable, field.apart, columns, field.of_unit)


def _flat(fields: Iterable[FieldOutline]) -> Iterable[FieldOutline]:
    for field in fields:
        yield field
        yield from field.columns


def _form(kept: dict[str, Any]) -> FormOutline:
    return FormOutline(kept["code"], kept["title"], tuple(map(_field, kept["fields"])))


def _field(kept: dict[str, Any]) -> FieldOutline:
    columns, named = tuple(map(_field, kept["columns"])), (kept["key"], kept["label"], kept["kind"])
    return FieldOutline(*named, kept["searchable"], kept["apart"], columns, kept["of_unit"])
