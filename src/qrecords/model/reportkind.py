"""Kinds of documents the office computes from its records (documents.toml), and the periods they cover.

Documents are made by month, half-year and year (QS/PA758A 5.7.3, 5.7.4, 5.10.1); each period's document is of the
period's own year, also when it is made in the next one.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from qrecords.model.field import Definition
from qrecords.model.retention import FLOOR_YEARS
from qrecords.model.series import Family
from qrecords.model.values import YEARS
from qrecords.model.volume import SECRECY_LEVELS

Span = Literal["month", "half", "year"]
Part = Literal["drafter", "reviewer", "countersign", "approver"]

SPAN_LABELS: Mapping[Span, str] = {"month": "月度", "half": "半年", "year": "年度"}
PART_LABELS: Mapping[Part, str] = {
    "drafter": "拟制", "reviewer": "审核", "countersign": "会签", "approver": "批准",
}  # fmt: skip
_MONTH = re.compile(r"^(\d{4})(?:[-/.]|年)(\d{1,2})月?$")
_HALF = re.compile(r"^(\d{4})(?:-?H([12])|年?(上|下)半年)$")
_YEAR = re.compile(r"^(\d{4})年?$")


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A month (2026-03), a half-year (2026-H1) or a year (2026), its ends included."""

    key: str
    span: Span

    @classmethod
    def read(cls, text: str) -> ReportPeriod:
        """Return the period people call so; ValueError says how one is written."""
        plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
        if (found := _MONTH.match(plain)) and 1 <= int(found[2]) <= 12 and int(found[1]) in YEARS:
            return cls(f"{found[1]}-{int(found[2]):02}", "month")
        if (found := _HALF.match(plain)) and int(found[1]) in YEARS:
            return cls(f"{found[1]}-H{found[2] or (1 if found[3] == '上' else 2)}", "half")
        if (found := _YEAR.match(plain)) and int(found[1]) in YEARS:
            return cls(found[1], "year")
        raise ValueError(f"「{text}」不是一个月、半年或一年，请写成 2026-03、2026-H1 或 2026 的样子")

    @property
    def year(self) -> int:
        """Return the year it belongs to."""
        return int(self.key[:4])

    @property
    def first(self) -> date:
        """Return its first day."""
        match self.span:
            case "month":
                return date(self.year, int(self.key[5:]), 1)
            case "half":
                return date(self.year, 1 if self.key.endswith("1") else 7, 1)
            case "year":
                return date(self.year, 1, 1)

    @property
    def last(self) -> date:
        """Return its last day."""
        first = self.first
        month = {"month": first.month, "half": first.month + 5, "year": 12}[self.span]
        return date(self.year, month, monthrange(self.year, month)[1])

    @property
    def label(self) -> str:
        """Return how papers call it: 2026年3月, 2026年上半年, 2026年度."""
        match self.span:
            case "month":
                return f"{self.year}年{int(self.key[5:])}月"
            case "half":
                return f"{self.year}年{'上' if self.key.endswith('1') else '下'}半年"
            case "year":
                return f"{self.year}年度"

    @property
    def order(self) -> tuple[int, str]:
        """Return its place among the documents of a year: months, half-years, the year."""
        return ("month", "half", "year").index(self.span), self.key


def periods_of(year: int, span: Span, halves: tuple[str, ...]) -> Iterator[ReportPeriod]:
    """Give the periods of a year for which there is a document."""
    match span:
        case "month":
            yield from (ReportPeriod(f"{year}-{month:02}", "month") for month in range(1, 13))
        case "half":
            yield from (ReportPeriod(f"{year}-{half}", "half") for half in halves)
        case "year":
            yield ReportPeriod(f"{year}", "year")


class ReportKind(Definition):
    """One kind of document: of what periods, about whom, signed by whom, sent to whom, bound and kept how."""

    title: str
    clause: str = ""
    scope: Literal["company", "branch"]
    periods: tuple[Span, ...]
    template: str
    family: str
    retention_years: int = FLOOR_YEARS
    secrecy_level: str = "内部"
    recipients: tuple[str, ...] = ()
    signatures: Mapping[Span, tuple[Part, ...]]
    due: Mapping[Span, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if problems := [*self._problems()]:
            raise ValueError("；".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if self.retention_years < FLOOR_YEARS:
            yield f"retention_years {self.retention_years} 不可用，保存期限不得短于{FLOOR_YEARS}年（QS/PA758A 第7章）"
        if self.secrecy_level not in SECRECY_LEVELS:
            yield f"secrecy_level「{self.secrecy_level}」不可用，可用：{'、'.join(SECRECY_LEVELS)}"
        for span in self.periods:
            if "reviewer" not in self.signatures.get(span, ()):
                yield f"signatures 里要有 {span}，其中至少有 reviewer（审核）"
        if not re.fullmatch(r"[\w.-]+\.docx", self.template):
            yield f"模板「{self.template}」应是同一文件夹里的 .docx 文件"

    @property
    def by_branch(self) -> bool:
        """Tell whether there is one for each branch."""
        return self.scope == "branch"

    def needs(self, span: Span) -> tuple[Part, ...]:
        """Return the signatures a document of a period needs, in their order."""
        return self.signatures.get(span, ())


class DocumentSeries(Definition):
    """The documents of an office: their code, their archive class, their families and kinds."""

    code: str = Field(pattern=r"^[A-Z]{1,8}$")
    title: str
    fonds_no: str = ""
    class_code: str
    halves: tuple[Literal["H1", "H2"], ...] = ("H1",)
    families: tuple[Family, ...] = ()
    kinds: Mapping[str, ReportKind]
    branches: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if problems := [*self._problems()]:
            raise ValueError("；".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        keys = [family.key for family in self.families]
        for code, kind in self.kinds.items():
            if not re.fullmatch(r"[A-Z]{2}", code):
                yield f"文件种类「{code}」应为两个大写字母"
            if kind.family not in keys:
                yield f"没有定义 family「{kind.family}」，{code} 写着它"
        shorts = list(self.branches.values())
        yield from (f"branches 里的简称「{s}」应为大写字母" for s in shorts if not re.fullmatch(r"[A-Z]{2,4}", s))
        yield from (f"branches 里的简称「{s}」用了两次" for s in sorted({s for s in shorts if shorts.count(s) > 1}))

    def form_code(self, kind: str) -> str:
        """Return what stands for a kind where a form's code does: KF-BB."""
        return f"{self.code}-{kind}"

    def kind_of(self, form_code: str) -> ReportKind | None:
        """Return the kind a form's code stands for; None for a form's."""
        series, _, kind = form_code.partition("-")
        return self.kinds.get(kind) if series == self.code else None

    def family_of(self, kind: str) -> Family:
        """Return with which others a kind is bound."""
        return next(f for f in self.families if f.key == self.kinds[kind].family)
