"""Kinds of documents the office computes from its records (documents.toml)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from qrecords.model.access import SECRECY_LEVELS
from qrecords.model.branches import BranchDays, Milrep
from qrecords.model.document import Part
from qrecords.model.field import Definition
from qrecords.model.numbering import FLOOR_YEARS
from qrecords.model.period import Period, Span
from qrecords.model.series import Family
from qrecords.model.values import choice_key

MILREP = "军事代表室"  # among recipients: the offices of the branch, where the office lists them


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
    alarms: bool = False  # alarms of the period's satisfaction are to be answered first (R115)
    without: tuple[str, ...] = ()  # the branches that get none
    by_mail: bool = False  # it leaves the house: sent with a row of mail that names it (R109)
    narrowed: bool = False  # one too for each office that looks after some of a branch's customers or models alone
    layout: Literal["report", "brief"] = "report"  # a brief has issues, a head of its own, and at its end who gets it

    def _problems(self) -> Iterator[str]:
        if self.retention_years < FLOOR_YEARS:
            yield f"retention_years {self.retention_years} 不可用，保存期限不得短于{FLOOR_YEARS}年（QS/PA758A 第7章）"
        if self.secrecy_level not in SECRECY_LEVELS:
            yield f"secrecy_level「{self.secrecy_level}」不可用，可用：{'、'.join(SECRECY_LEVELS)}"
        for span in self.periods:
            if "reviewer" not in self.signatures.get(span, ()):
                yield f"signatures 里要有 {span}，其中至少有 reviewer（审核）"
        if self.narrowed and not (self.by_branch and MILREP in self.recipients):
            yield f"narrowed 只用于按军兵种（scope = branch）、报送{MILREP}的文件"
        if not re.fullmatch(r"[\w.-]+\.docx", self.template):
            yield f"模板「{self.template}」应是同一文件夹里的 .docx 文件"

    @property
    def by_branch(self) -> bool:
        """Tell whether there is one for each branch."""
        return self.scope == "branch"

    def needs(self, period: Period) -> tuple[Part, ...]:
        """Return the signatures a document of a period needs, in their order."""
        return () if period.span == "days" else self.signatures.get(period.span, ())

    def due_of(self, period: Period) -> str:
        """Return the deadline of a period, "" where there is none; a second half-year is due with its year."""
        if period.span == "days":
            return ""
        second = period.span == "half" and period.first[5:7] != "01"
        return self.due.get("year" if second else period.span, "")


class DocumentSeries(Definition):
    """The documents of an office: their code, their archive class, their families and kinds; whom they are about."""

    code: str = Field(pattern=r"^[A-Z]{1,8}$")
    title: str
    fonds_no: str = ""
    class_code: str
    halves: tuple[Literal["H1", "H2"], ...] = ("H1",)
    families: tuple[Family, ...] = ()
    kinds: Mapping[str, ReportKind]
    branches: Mapping[str, str] = Field(default_factory=dict)
    branch_days: Mapping[str, BranchDays] = Field(default_factory=dict)
    milreps: Mapping[str, Milrep] = Field(default_factory=dict)

    def _problems(self) -> Iterator[str]:
        keys = [family.key for family in self.families]
        unknown = {branch for kind in self.kinds.values() for branch in kind.without if branch not in self.branches}
        yield from (f"without 里的「{branch}」不在 branches 里" for branch in sorted(unknown))
        for code, kind in self.kinds.items():
            if not re.fullmatch(r"[A-Z]{2}", code):
                yield f"文件种类「{code}」应为两个大写字母"
            if kind.family not in keys:
                yield f"没有定义 family「{kind.family}」，{code} 写着它"
        shorts = list(self.branches.values())
        yield from (f"branches 里的简称「{s}」应为大写字母" for s in shorts if not re.fullmatch(r"[A-Z]{2,4}", s))
        yield from (f"branches 里的简称「{s}」用了两次" for s in sorted({s for s in shorts if shorts.count(s) > 1}))

        told = {*self.branch_days, *(b for days in self.branch_days.values() for b in days.successors)}
        told |= {branch for milrep in self.milreps.values() for branch in milrep.branches}
        yield from (f"「{branch}」不在 branches 里" for branch in sorted(told - {*self.branches}))

    def why_no_branch(self, branch: str, period: Period) -> str:
        """Tell why there was no such branch in a period; "" when there was."""
        days = self.branch_days.get(branch)
        return days.why_not(period.first, period.last) if days else ""

    def recipients_of(self, kind: str, branch: str, period: Period, milrep: str = "") -> tuple[str, ...]:
        """Return whom a document goes to: those of its kind, for 军事代表室 the branch's offices that want it.

        One narrowed to an office goes to that office alone.
        """
        if milrep:
            return (milrep,)
        found = self.kinds[kind]
        there = {name: one for name, one in self.milreps.items() if branch in one.branches}
        if not found.by_branch or not there or MILREP not in found.recipients:
            return found.recipients
        others = tuple(name for name in found.recipients if name != MILREP)
        level = found.secrecy_level
        return (*others, *(name for name, one in there.items() if not one.why_not(branch, period, level)))

    def is_wanted(self, kind: str, branch: str, period: Period, milrep: str = "") -> bool:
        """Tell whether a branch has documents of a period: it was there, and one of its offices wants them.

        Of `milrep` whether it is to have one of its own.
        """
        found = self.kinds[kind]
        if not found.by_branch:
            return True
        if self.why_no_branch(branch, period):
            return False
        if milrep:
            one = self.milreps[milrep]
            return period.last >= one.since and not one.why_none(branch, period, found.secrecy_level)
        there = [one for one in self.milreps.values() if branch in one.branches]
        whole = [one for one in there if not (found.narrowed and one.is_narrowed)]
        return not there or any(period.span in one.spans for one in whole)

    def narrowed_to(self, kind: str, branch: str) -> tuple[str, ...]:
        """Return the offices a kind of document of a branch is narrowed to, one each."""
        if not self.kinds[kind].narrowed:
            return ()
        return tuple(name for name, one in self.milreps.items() if branch in one.branches and one.is_narrowed)

    def milrep_called(self, text: str) -> str:
        """Return the office people write so, however wide; what they wrote where there is none."""
        wanted = choice_key(text)
        return next((name for name in self.milreps if choice_key(name) == wanted), text.strip())

    def form_code(self, kind: str) -> str:
        """Return what stands for a kind where a form's code does: KF-BB."""
        return f"{self.code}-{kind}"

    def branches_of(self, kind: str) -> tuple[str, ...]:
        """Return the branches a kind of document is made for; none where there is one for all."""
        found = self.kinds[kind]
        return tuple(b for b in self.branches if b not in found.without) if found.by_branch else ()

    def kind_of(self, form_code: str) -> ReportKind | None:
        """Return the kind a form's code stands for; None for a form's."""
        series, _, kind = form_code.partition("-")
        return self.kinds.get(kind) if series == self.code else None

    def family_of(self, kind: str) -> Family:
        """Return with which others a kind is bound."""
        return next(f for f in self.families if f.key == self.kinds[kind].family)
