"""A record and its way through the office (QS/PA758A 5.5.4–5.5.6).

    draft ─issue→ issued ─submit→ submitted ─review→ reviewed ─file→ filed ─bind→ bound
      └────────────submit──────────↑   └──return──┴→ draft
    void ends the way of any record that is not yet filed; its number stays in the list.

Only forms with an `issue` step (the service notice) are issued; they cannot be submitted without.
The review is the supervisor's signature. What must be complete before a step stands in the form's definition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from qrecords.advice import Do, Input, Named, advise, joined
from qrecords.errors import Problem, WrongState
from qrecords.model.apart import UNIT, Place, changes_without, held, values_without
from qrecords.model.rules import holds, is_empty

if TYPE_CHECKING:
    from qrecords.model.form import Form, SignatureNeed


class State(StrEnum):
    """Where a record is on its way."""

    DRAFT = "draft"
    ISSUED = "issued"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    FILED = "filed"
    BOUND = "bound"
    DESTROYED = "destroyed"
    VOID = "void"


class Action(StrEnum):
    """What someone does to a record."""

    CREATE = "create"
    UPDATE = "update"
    ATTACH = "attach"
    PRINT = "print"
    ISSUE = "issue"
    SUBMIT = "submit"
    SIGN = "sign"
    REVIEW = "review"
    RETURN = "return"
    VOID = "void"
    FILE = "file"
    CORRECT = "correct"
    BIND = "bind"
    HOLD = "hold"
    RELEASE = "release"
    APPRAISE = "appraise"
    APPROVE = "approve"
    WITNESS = "witness"
    DESTROY = "destroy"
    READ = "read"
    ADMINISTER = "administer"
    COPY_REQUEST = "copy-request"
    COPY_APPROVE = "copy-approve"
    COPY_REFUSE = "copy-refuse"
    COPY_ISSUE = "copy-issue"
    COPY_RETURN = "copy-return"
    AUDIT_READ = "audit-read"
    EXPORT = "export"
    AUDIT_EXPORT = "audit-export"
    AUDIT_CLOSE = "audit-close"
    VERIFY = "verify"
    KEEP_LISTS = "keep-lists"
    ACCOUNTS = "accounts"
    RIGHTS = "rights"
    REPORT_READ = "report-read"
    REPORT_DRAW = "report-draw"
    REPORT_REVIEW = "report-review"
    REPORT_APPROVE = "report-approve"
    REPORT_ISSUE = "report-issue"
    REPORT_RECEIPT = "report-receipt"


STATE_LABELS = {
    State.DRAFT: "草稿",
    State.ISSUED: "已签发",
    State.SUBMITTED: "已提交",
    State.REVIEWED: "已审查",
    State.FILED: "已归档",
    State.BOUND: "已成册",
    State.DESTROYED: "已销毁",
    State.VOID: "作废",
}

ACTION_LABELS = {
    Action.CREATE: "填写",
    Action.UPDATE: "续填",
    Action.ATTACH: "附件",
    Action.PRINT: "打印",
    Action.ISSUE: "签发",
    Action.SUBMIT: "提交",
    Action.SIGN: "登记签署",
    Action.REVIEW: "审查",
    Action.RETURN: "退回",
    Action.VOID: "作废",
    Action.FILE: "归档",
    Action.CORRECT: "更正",
    Action.BIND: "成册",
    Action.HOLD: "冻结",
    Action.RELEASE: "解除冻结",
    Action.APPRAISE: "鉴定",
    Action.APPROVE: "批准销毁",
    Action.WITNESS: "监销",
    Action.DESTROY: "销毁",
    Action.READ: "查阅",
    Action.ADMINISTER: "管理",
    Action.COPY_REQUEST: "申请副本",
    Action.COPY_APPROVE: "批准副本",
    Action.COPY_REFUSE: "不批准副本",
    Action.COPY_ISSUE: "发出副本",
    Action.COPY_RETURN: "收回副本",
    Action.AUDIT_READ: "查阅日志",
    Action.EXPORT: "导出移交",
    Action.AUDIT_EXPORT: "导出日志",
    Action.AUDIT_CLOSE: "封存日志段",
    Action.VERIFY: "检查",
    Action.KEEP_LISTS: "维护清单",
    Action.ACCOUNTS: "管理账号",
    Action.RIGHTS: "管理权限",
    Action.REPORT_READ: "查阅文件",
    Action.REPORT_DRAW: "拟制文件",
    Action.REPORT_REVIEW: "审核文件",
    Action.REPORT_APPROVE: "批准文件",
    Action.REPORT_ISSUE: "报送文件",
    Action.REPORT_RECEIPT: "登记签收",
}

# How what is open from a state is named to people.
DOINGS = {
    Action.UPDATE: Do.UPDATE,
    Action.ATTACH: Do.ATTACH,
    Action.PRINT: Do.PRINT,
    Action.ISSUE: Do.ISSUE,
    Action.SUBMIT: Do.SUBMIT,
    Action.SIGN: Do.SIGN,
    Action.REVIEW: Do.REVIEW,
    Action.RETURN: Do.RETURN,
    Action.VOID: Do.VOID,
    Action.FILE: Do.FILE,
    Action.CORRECT: Do.CORRECT,
    Action.BIND: Do.COMPILE,
}

TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.DRAFT, Action.ISSUE): State.ISSUED,
    (State.DRAFT, Action.SUBMIT): State.SUBMITTED,
    (State.ISSUED, Action.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Action.REVIEW): State.REVIEWED,
    (State.SUBMITTED, Action.RETURN): State.DRAFT,
    (State.REVIEWED, Action.RETURN): State.DRAFT,
    (State.DRAFT, Action.VOID): State.VOID,
    (State.ISSUED, Action.VOID): State.VOID,
    (State.SUBMITTED, Action.VOID): State.VOID,
    (State.REVIEWED, Action.VOID): State.VOID,
    (State.REVIEWED, Action.FILE): State.FILED,
    (State.FILED, Action.BIND): State.BOUND,
}

OPEN_STATES = (State.DRAFT, State.ISSUED, State.SUBMITTED, State.REVIEWED)
GONE = frozenset({State.VOID, State.DESTROYED})  # never in force, or nothing is known of it any more
# These leave the state as it is.
STEADY: dict[Action, tuple[State, ...]] = {
    Action.UPDATE: OPEN_STATES,
    Action.ATTACH: (*OPEN_STATES, State.FILED, State.BOUND),
    Action.SIGN: (*OPEN_STATES, State.FILED, State.BOUND),
    Action.PRINT: (*OPEN_STATES, State.FILED, State.BOUND),
    Action.CORRECT: (State.FILED, State.BOUND),
}


@dataclass(frozen=True, slots=True)
class Signed:
    """Evidence that a signature or seal stands on the paper: who, when, and the scan's hash if there is one."""

    kind: str
    by: str
    on: str
    evidence: str = ""
    evidence_sha256: str = ""
    # The day a value printed on the signed paper was changed: the signature no longer counts (5.5.5).
    lapsed: str = ""
    recorded_at: str = ""
    recorded_by: str = ""

    @property
    def stored(self) -> str:
        """Return the name its scan is kept under: what it holds, and the kind of file."""
        return kept_name(self.evidence_sha256, self.evidence)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file kept beside a record: a scanned sheet (of the print it shows) or a paper that belongs to it."""

    kind: str  # "sheet" or "file"
    name: str
    sha256: str
    pages: int = 0
    print_id: str = ""
    added_at: str = ""
    added_by: str = ""

    @property
    def stored(self) -> str:
        """Return the name it is kept under: what it holds, and the kind of file."""
        return kept_name(self.sha256, self.name)


def kept_name(sha256: str, name: str) -> str:
    """Return the name a paper is kept under among the evidence."""
    dot = name.rfind(".")
    return sha256 + (name[dot:].lower() if dot > 0 else "")


@dataclass(frozen=True, slots=True)
class Correction:
    """A change after filing: the version it made, who, when, why, and of each field the old and the new value."""

    version: int
    at: str
    by: str
    reason: str
    changes: dict[str, list[Any]]
    account: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One filled form, or one row of a register."""

    record_no: str
    form_code: str
    year: int
    state: State
    values: dict[str, Any]
    title: str
    date: str
    customer_unit: str
    created_at: str
    created_by: str
    opinion: str = ""
    reviewed_on: str = ""
    reviewed_by: str = ""
    archive_no: str = ""
    record_year: int | None = None
    volume_code: str = ""
    reason: str = ""
    notice_no: str = ""  # the service notice it belongs to
    paper_no: str = ""  # a past paper record: the number its paper carries; empty for those made here
    seq: int = 0
    signatures: tuple[Signed, ...] = ()
    attached: tuple[Attached, ...] = ()
    corrections: tuple[Correction, ...] = ()
    withheld: tuple[str, ...] = ()  # what whoever reads it may not see (model/apart.py), key or key.column

    def without(self, places: Iterable[Place]) -> Record:
        """Return the record without what stands in these places, now or before a correction."""
        places = [*places]
        # Whether another unit's are filled in is not told either.
        stands = held(places, self.values, [c.changes for c in self.corrections])
        if not (found := [p for p in places if p.kind == UNIT or p in stands]):
            return self
        corrections = tuple(replace(c, changes=changes_without(c.changes, found)) for c in self.corrections)
        values = values_without(self.values, found)
        # The papers signed show all of it: who signed for another unit is that unit's.
        others = any(place.kind == UNIT and place.units is None for place in found)
        signatures = () if others else self.signatures
        hidden = tuple(p.path for p in found)
        return replace(self, values=values, corrections=corrections, signatures=signatures, withheld=hidden)

    @property
    def month(self) -> str:
        """Return the month (YYYY-MM) a register row belongs to."""
        return self.date[:7]

    @property
    def standing_papers(self) -> list[Attached]:
        """Return what lies beside the record and still holds: a sheet goes with the signatures it showed."""
        shown = {s.evidence_sha256 for s in self.signatures if not s.lapsed}
        lapsed = {s.evidence_sha256 for s in self.signatures if s.lapsed} - shown
        return [a for a in self.attached if a.sha256 not in lapsed]


def open_actions(form: Form, state: State) -> list[Action]:
    """Return the steps open from a state, for this form."""
    actions = [a for (s, a) in TRANSITIONS if s is state and _has_way(form, state, a)]
    return actions + [a for a, states in STEADY.items() if state in states]


def _has_way(form: Form, state: State, action: Action) -> bool:
    if action is Action.ISSUE:
        return "issue" in form.steps
    if action is Action.SUBMIT:
        return (state is State.ISSUED) == ("issue" in form.steps)
    return True


def require_open(form: Form, record: Record, action: Action) -> State:
    """Return the state after an action; WrongState says where the record is and what is open from there."""
    if action not in open_actions(form, record.state):
        ways = joined("、", (Named(DOINGS[a]) for a in open_actions(form, record.state)))
        raise WrongState(
            f"{record.record_no} 现在是「{STATE_LABELS[record.state]}」，不能{ACTION_LABELS[action]}",
            remedy=advise("从这里可以：{}", ways) if ways else "这份记录已走完流程，不再改动",
        )
    return TRANSITIONS.get((record.state, action), record.state)


def unsigned(form: Form, record: Record, action: Action) -> list[SignatureNeed]:
    """Return the signatures a step asks for that the record does not have, or has no longer."""
    step = form.steps.get(action.value)
    have = {s.kind for s in record.signatures if not s.lapsed}
    return [
        need
        for need in (step.signatures if step else ())
        if holds(need.when, record.values) and not have.intersection(need.any_of)
    ]


def missing_before(form: Form, record: Record, action: Action) -> list[Problem]:
    """Return what the form asks for before a step and the record does not have: stages, signatures."""
    step = form.steps.get(action.value)
    if step is None:
        return []
    found = form.incomplete(record.values, step.stages)
    lapsed = {s.kind for s in record.signatures if s.lapsed}
    for need in unsigned(form, record, action):
        names = "或".join(f"「{form.signature_label(k)}」" for k in need.any_of)
        clause = f"（{need.clause}）" if need.clause else ""
        how = advise("用 {} 登记", Do.SIGN(record.record_no, Input.KIND(need.any_of[0])))
        if lapsed.intersection(need.any_of):
            how = advise("签署后印出的内容改过，原签署已失效，请重新打印签署后{}", how)
        message = advise("{}{}，{}", need.message or f"缺少{names}", clause, how)
        found.append(Problem(message, need.any_of[0]))
    return [p.at(record.record_no, None) for p in found]


def shows(snapshot: Mapping[str, Any], keys: Collection[str]) -> bool:
    """Tell whether a print with these values shows one of the fields; one left blank for the pen does not count."""
    return any(not is_empty(snapshot.get(key)) for key in keys)


def unchangeable(form: Form, record: Record, changed: Iterable[str]) -> list[Problem]:
    """Return the changes a record no longer takes: what was issued or submitted stands."""
    if record.state is State.DRAFT:
        return []
    step, remedy = ("submit", advise("需要时先{}", Named(Do.RETURN)))
    if record.state is State.ISSUED:
        step, remedy = ("issue", "需要时作废重开")
    stages = form.steps[step].stages if step in form.steps else ()
    done = STATE_LABELS[record.state]
    return [
        Problem(advise("「{}」{}，不能再改，{}", form.label(key), done, remedy), key, source=record.record_no)
        for key in changed
        if form.by_key[key].stage in stages
    ]


def record_year(form: Form, record: Record) -> int:
    """Return the year a record belongs to for volumes and retention (domain rule A.4-13)."""
    if form.retention.year_of == "review" and record.reviewed_on:
        return int(record.reviewed_on[:4])
    return int(record.date[:4])
