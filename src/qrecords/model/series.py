"""A series of controlled forms: what a procedure closes, who keeps it, where it is archived and bound (clause 7).

A folder below `forms/` is a series; its `series.toml` says what a form's code looks like and what holds for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import Field

from qrecords.model.field import Definition
from qrecords.model.numbering import FLOOR_YEARS, without_edition

# SERIES-{00}{A}: a number of as many digits, and the edition's letter; {AA} is a form called by letters.
_PATTERN = re.compile(r"^([A-Z0-9]+(?:[.-][A-Z0-9]+)*)-(?:\{(0{1,4})\}(\{A\})?|\{(A{1,4})\})$")


class Family(Definition):
    """Forms bound together once a year."""

    key: str
    title: str
    clause: str = ""


class SeriesForm(Definition):
    """One form of the series as its procedure lists it."""

    code: str
    title: str = ""
    keeper: str = ""
    retention_years: int = 0
    family: str = ""


class FormSeries(Definition):
    """One procedure's forms.

    `tasks` says which form does what the program's rules speak of (notice = "04"), by its number in the series;
    `pack` names the optional part it is; `fonds_no` and `class_code` are the office's where the series names none.
    """

    code: str
    title: str = ""
    pattern: str
    procedure: str = ""
    procedure_title: str = ""
    closed: bool = False
    keeper: str = ""
    fonds_no: str = ""
    class_code: str = ""
    retention_years: int = FLOOR_YEARS
    families: tuple[Family, ...] = ()
    forms: tuple[SeriesForm, ...] = ()
    tasks: Mapping[str, str] = Field(default_factory=dict)
    pack: str = ""

    def _problems(self) -> Iterator[str]:
        found = _PATTERN.match(self.pattern)
        if found is None or found[1] != self.code:
            yield (
                f"pattern 应如 {self.code}-{{00}}{{A}}：系列代号、短横、几位数字的 {{00}}（或几个字母的 {{AA}}），"
                "有版本字母的加 {A}；代号只用大写字母、数字、点和短横"
            )
        for years in (self.retention_years, *(f.retention_years or FLOOR_YEARS for f in self.forms)):
            if years < FLOOR_YEARS:
                yield f"retention_years {years} 不可用，保存期限不得短于{FLOOR_YEARS}年（QS/PA758A 第7章）"
        keys = [family.key for family in self.families]
        yield from (
            f"没有定义 family「{f.family}」，{f.code} 写着它" for f in self.forms if f.family not in (*keys, "")
        )
        if found and (foreign := [f.code for f in self.forms if not self.is_code(f.code)]):
            yield f"{'、'.join(foreign)} 与 pattern {self.pattern} 不符"

    def is_code(self, code: str) -> bool:
        """Tell whether a code is written as the forms of this series are."""
        found = _PATTERN.match(self.pattern)
        if found is None:
            return False
        number = rf"\d{{{len(found[2])}}}" if found[2] else f"[A-Z]{{{len(found[4])}}}"
        return re.fullmatch(rf"{re.escape(self.code)}-{number}{'[A-Z]' if found[3] else ''}", code) is not None

    def admits(self, code: str) -> bool:
        """Tell whether the procedure has this form, in whatever edition; a closed series has those it lists alone."""
        return not self.closed or without_edition(code) in {without_edition(f.code) for f in self.forms}

    def listed(self, code: str) -> SeriesForm:
        """Return what the series says of a form, of another edition where it does not list this one."""
        same = [f for f in self.forms if without_edition(f.code) == without_edition(code)]
        return next((f for f in same if f.code == code), same[0] if same else SeriesForm(code=code))

    def years(self, code: str) -> int:
        """Return how long a form of it is kept at least."""
        return max(self.retention_years, self.listed(code).retention_years)

    def family_of(self, code: str) -> Family | None:
        """Return with which others a form is bound; None when by itself."""
        return next((f for f in self.families if f.key == self.listed(code).family), None)

    def task(self, name: str) -> str:
        """Return the form that does a task, without edition: QR758-04; empty when none does."""
        number = self.tasks.get(name, "")
        return f"{self.code}-{number}" if number else ""
