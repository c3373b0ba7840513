"""Who may do what: one decision, with its reason (QS/PA758A 5.11.1, domain rule R53).

A right names actions, forms, whose records (own, unit, all), states and topics; a role is some rights; a grant gives a
role to an account, perhaps for one unit, one branch, one period. Forms kept apart are reached by rights that name them.
Reading needs a right and the clearance for the level.
What may not be read is answered like what does not exist (`hidden`); a refused action names the missing right.

The three administrators are kept apart (三员分立): their roles read no record, and an account that holds one holds
nothing else. `strict` refuses what a single desk allows: the role of the desk, and reviewing what oneself has written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from qrecords.advice import Do, Sentence, advise
from qrecords.errors import InvalidInput
from qrecords.model import values
from qrecords.model.record import ACTION_LABELS, Action, Record
from qrecords.model.textnorm import normalise

Separation = Literal["single-desk", "strict"]
Whose = Literal["own", "unit", "all"]
Needs = Literal["unit", "branch", "until"]

DESK = "desk"
CENTRE = "客户服务中心"
NAME_LENGTH = 40  # characters
SECRECY_LEVELS = ("公开", "内部", "秘密", "机密")
HIGHEST = len(SECRECY_LEVELS) - 1
EVERYTHING = "*"
EVERY_ACTION = frozenset(a.value for a in Action)


def secrecy_rank(level: str) -> int:
    """Return how secret a level is; none counts as 内部, an unknown one as the highest."""
    if level in SECRECY_LEVELS:
        return SECRECY_LEVELS.index(level)
    return HIGHEST if level else SECRECY_LEVELS.index("内部")


@dataclass(frozen=True, slots=True)
class Right:
    """Some actions on some records; empty forms, states or topics mean any, `up_to` is a rank of secrecy.

    `but`: forms it does not reach, though it names none. `sees`: what of the records it reads, though kept apart.
    """

    actions: frozenset[str]
    forms: tuple[str, ...] = ()
    whose: Whose = "all"
    states: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    up_to: int = HIGHEST
    but: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """Rights under one name; `needs` are the limits a grant of it must set."""

    name: str
    label: str
    rights: tuple[Right, ...]
    administrator: bool = False
    single_desk: bool = False
    needs: tuple[Needs, ...] = ()
    _without: dict[tuple[str, ...], tuple[Right, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def rights_without(self, apart: tuple[str, ...]) -> tuple[Right, ...]:
        """Return its rights as they are where forms are kept apart: one that names no form reaches none of those."""
        if apart not in self._without:  # asked with every decision
            self._without[apart] = tuple(right if right.forms else replace(right, but=apart) for right in self.rights)
        return self._without[apart]


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to an account; empty limits mean none. Days are YYYY-MM-DD, both included."""

    role: str
    unit: str = ""
    branch: str = ""
    since: str = ""
    until: str = ""


# A name in Chinese characters is a person's, also where the account is called the same.
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def person_name(display_name: str, account: str) -> str:
    """Return the name that may stand on paper, "" while only the account's is known: what is blank is signed by hand.

    An operating-system account says nothing of who a person is (QS/PA758A 5.5.6 has people sign).
    """
    known = _HAN.search(display_name) or display_name.strip().casefold() != account.strip().casefold()
    return display_name if known else ""


def person_of(text: str, account: str) -> str:
    """Return a person's name as papers print it, on one line; InvalidInput for none, or for the account's own name."""
    name = one_line(text, "姓名")
    if not person_name(name, account):
        what = f"「{name}」是账号，不是姓名" if name else "没有写姓名"
        raise InvalidInput(what, remedy="请写本人姓名：它印在归档人、立卷人、更改人处")
    return name


def one_line(text: str, what: str) -> str:
    """Return a short text on one line; InvalidInput for characters that show nothing or do something to a terminal."""
    try:
        return " ".join(values.parse_text(text, NAME_LENGTH).split())
    except ValueError as error:
        raise InvalidInput(f"{what}：{error}", remedy=f"请写{what}，如通知单上那样") from None


@dataclass(frozen=True, slots=True)
class Account:
    """Someone known to the office; `uid` is the operating-system user it belongs to (peer), None with a password only.

    One made without grants is the desk of a single-desk office; the register always says which grants there are.
    """

    name: str
    display_name: str
    uid: str | None
    active: bool = True
    unit: str = ""  # the related unit he belongs to, "" = the centre
    clearance: int = HIGHEST
    grants: tuple[Grant, ...] = (Grant(DESK),)
    expires_on: str = ""  # the last day it may be used

    @property
    def person(self) -> str:
        """Return the person's name as papers print it; "" while only the account's name is known."""
        return person_name(self.display_name, self.name)


@dataclass(frozen=True, slots=True)
class Rules:
    """The roles of the office and how strictly they are kept apart; `on` is the day of the decision.

    `apart` are the forms only a right that names them reaches, and the single desk.
    """

    separation: Separation
    roles: Mapping[str, Role]
    on: str = ""
    apart: tuple[str, ...] = ()
    _able: dict[tuple[Action, str], tuple[Role, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def able(self, action: Action, form_code: str) -> tuple[Role, ...]:
        """Return the roles with a right to do this on such a form, kept: every refusal names them."""
        if (action, form_code) not in self._able:
            self._able[action, form_code] = tuple(
                role
                for role in self.roles.values()
                if _counts(role, self)
                and any(action in r.actions and _form_fits(r, form_code) for r in _rights(role, self))
            )
        return self._able[action, form_code]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is about, as far as rights ask; `record` is False for what is no record: a list, a form, a year.

    `own`: the account made it or is named in its service notice. `authored`: the account wrote values in it.
    `others`: further units that have a part in it, each its own lines.
    """

    record: bool = False
    form_code: str = ""
    unit: str = ""
    branch: str = ""
    level: int = 0
    state: str = ""
    topics: tuple[str, ...] = ()
    own: bool = False
    authored: bool = False
    others: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, record: Record, account: Account, notices: Collection[str] = (), others: tuple[str, ...] = ()
    ) -> Subject:
        """Return a record as rights see it; `notices` are the service notices the account is named in."""
        made = record.created_by == account.name
        return cls(
            record=True,
            form_code=record.form_code,
            unit=performing_unit(record.values),
            branch=str(record.values.get("military_branch") or ""),
            level=secrecy_rank(str(record.values.get("secrecy_level") or "")),
            state=record.state.value,
            topics=topics_of(record.values),
            own=made or record.record_no in notices or record.values.get("notice_no") in notices,
            authored=made,
            others=others,
        )


@dataclass(frozen=True, slots=True)
class DocumentScope:
    """What a document is about, fixed before a record is read: its kind's code, the branch ("" = all), its level.

    `state` is empty while there is none yet, `milrep` unless it is narrowed to one office of military representatives.
    """

    form_code: str
    branch: str = ""
    level: int = 0
    state: str = ""
    milrep: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and why not; `hidden` when the account may not even know of the record."""

    allowed: bool
    reason: Sentence = ""
    remedy: Sentence = ""
    hidden: bool = False


_DESK_ROLE = Role(DESK, "单人桌面", (Right(EVERY_ACTION, sees=(EVERYTHING,)),), single_desk=True)
ONE_DESK = Rules("single-desk", {DESK: _DESK_ROLE})
ANYTHING = Subject()


def decide(account: Account, action: Action, subject: Subject = ANYTHING, rules: Rules = ONE_DESK) -> Decision:
    """Decide on an action; every service asks here and nowhere else."""
    label = ACTION_LABELS[action]
    if not account.active or (account.expires_on and rules.on > account.expires_on):
        why = "已停用" if not account.active else f"已于 {account.expires_on} 到期"
        return Decision(False, f"账号 {account.name} {why}，不能{label}", "请用在用的账号，或请系统管理员处理")
    held = [*_held(account, rules)]
    if subject.record and action is not Action.CREATE and not _any(held, Action.READ, account, subject):
        return Decision(False, hidden=True)
    if not _any(held, action, account, subject):
        if subject.level > account.clearance:
            return Decision(False, *_above_clearance(account, label))
        named = "、".join(f"{r.label}（{r.name}）" for r in roles_with(action, subject, rules))
        what = f"对{subject.form_code}" if subject.form_code else ""
        why = f"账号 {account.name} 缺少{what}「{label}」的权限"
        if not named:  # as in the roles of an older program, which had no such action
            told = f"没有角色有这项权限：请安全管理员在 access.toml 里给该办的角色加上 {action.value}（旧版留下的没有）"
            return Decision(False, why, told)
        return Decision(
            False,
            why,
            advise("有这项权限的角色：{}；请由有此角色的人办理，或请安全管理员授予（{}）", named, Do.GRANT),
        )
    if rules.separation == "strict" and action is Action.REVIEW and subject.authored:
        return Decision(False, "审查人不能是填写人（四眼原则）", "请由另一位主管审查")
    return Decision(True)


def decide_document(account: Account, action: Action, scope: DocumentScope, rules: Rules = ONE_DESK) -> Decision:
    """Decide on an action about a document by its scope alone, never by which records there are.

    A grant for one branch reaches that branch's documents alone; one for a unit those narrowed to the office of that
    name; a right to one's own records none: no document has their scope.
    """
    label = ACTION_LABELS[action]
    whole = decide(account, action, Subject(form_code=scope.form_code), rules)
    reaches = [right for grant, right in _held(account, rules) if _reaches(right, grant, account, scope)]
    if action is not Action.REPORT_DRAW and not any(Action.REPORT_READ in right.actions for right in reaches):
        return Decision(False, hidden=True)
    if not whole.allowed:
        return whole
    if any(action in right.actions for right in reaches):
        return whole
    if scope.level > account.clearance:
        return Decision(False, *_above_clearance(account, label))
    about = f"「{scope.branch}」的" if scope.branch else "全中心的"
    return Decision(
        False,
        f"账号 {account.name} 不能{label}：{about}{scope.form_code} 不在授权的范围里",
        advise("请由授权到这个范围的人办理，或请安全管理员授予（{}）", Do.GRANT),
    )


def _reaches(right: Right, grant: Grant, account: Account, scope: DocumentScope) -> bool:
    return (
        _form_fits(right, scope.form_code)
        and scope.level <= min(right.up_to, account.clearance)
        and right.whose == "all"
        and (not grant.unit or bool(scope.milrep and normalise(grant.unit) == normalise(scope.milrep)))
        and (not grant.branch or grant.branch == scope.branch)
        and not right.topics
        and (not right.states or not scope.state or scope.state in right.states)
    )


def _above_clearance(account: Account, label: str) -> tuple[Sentence, Sentence]:
    """Return what to say of a level above the account's own (only about what it writes itself: else it is hidden)."""
    level = SECRECY_LEVELS[account.clearance]
    return (
        f"账号 {account.name} 的涉密等级是「{level}」，不能{label}密级更高的记录",
        advise("请由涉密等级够的人办理，或请安全管理员调整（{}）", Do.SET_CLEARANCE),
    )


def roles_with(action: Action, subject: Subject, rules: Rules) -> list[Role]:
    """Return the roles that may do this on such a form."""
    return [*rules.able(action, subject.form_code)]


def is_administrator(account: Account, rules: Rules) -> bool:
    """Tell whether an account holds one of the three administrators' roles."""
    return any((role := rules.roles.get(g.role)) is not None and role.administrator for g in account.grants)


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing an account may read: these forms (none of `but`), of these units, in these states, up to this secrecy.

    Of each group of `tags` (`tags_of`) the record has at least one. Empty or None = any.
    """

    forms: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    max_secrecy: int | None = None
    states: tuple[str, ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()
    but: tuple[str, ...] = ()


def readable(account: Account, rules: Rules, notices: Collection[str] = ()) -> tuple[Scope, ...] | None:
    """Return what an account may read, for a filter inside a query: None = everything, () = nothing.

    Says the same as `decide` on READ, record by record.
    """
    if not decide(account, Action.READ, ANYTHING, rules).allowed:
        return ()
    found: list[Scope] = []
    for grant, right in _held(account, rules):
        if Action.READ.value in right.actions:
            top = min(right.up_to, account.clearance)
            groups: list[tuple[str, ...]] = []
            if right.whose == "own":
                groups.append((f"by:{account.name}", *(f"notice:{no}" for no in sorted(notices))))
            if grant.branch:
                groups.append((f"branch:{grant.branch}",))
            if right.topics:
                groups.append(tuple(f"topic:{topic}" for topic in right.topics))
            units = _units(right, grant, account)
            if units is None:
                continue
            scope = Scope(right.forms, units, None if top >= HIGHEST else top, right.states, tuple(groups), right.but)
            if scope == Scope():
                return None
            found.append(scope)
    return tuple(dict.fromkeys(found))


def not_whole(account: Account, action: Action, labels: Iterable[str]) -> Decision:
    """Return why an account does not do what needs a record whole: it does not see these fields of it."""
    return Decision(
        False,
        f"账号 {account.name} 看不到「{'」「'.join(labels)}」，不能{ACTION_LABELS[action]}整份记录",
        advise("请由能看这些栏目的人办理，或请安全管理员授予（{}）", Do.GRANT),
    )


Sight = tuple[tuple[Grant, Right], ...]


def sight(account: Account, rules: Rules) -> Sight | None:
    """Return by which rights an account sees what is kept apart in records; None when it sees all of it.

    Two accounts with the same sight and the same `readable` are shown the same.
    """
    found = tuple((grant, right) for grant, right in _held(account, rules) if right.sees)
    return None if any(EVERYTHING in right.sees for _, right in found) else found


def sees(account: Account, subject: Subject, by: Sight) -> frozenset[str]:
    """Return what an account sees of a record of what is kept apart in it."""
    return frozenset(kind for grant, right in by if _fits(right, grant, account, subject) for kind in right.sees)


def tags_of(record: Record) -> tuple[str, ...]:
    """Return what `Scope.tags` may ask of a record."""
    notice = record.record_no if "staff" in record.values else str(record.values.get("notice_no") or "")
    branch = str(record.values.get("military_branch") or "")
    return (
        f"by:{record.created_by}",
        *([f"notice:{notice}"] if notice else []),
        *([f"branch:{branch}"] if branch else []),
        *(f"topic:{topic}" for topic in topics_of(record.values)),
    )


def performing_unit(values: Mapping[str, Any]) -> str:
    """Return the related unit that did the service, "" for the centre itself (5.5.6)."""
    return "" if values.get("performed_by") == CENTRE else str(values.get("performing_unit") or "")


def topics_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the user's information is about: complaint, quality information … (5.6, 5.7.1)."""
    topics = values.get("info_type") or ()
    return tuple(map(str, topics)) if isinstance(topics, list | tuple) else (str(topics),)


def _held(account: Account, rules: Rules) -> Iterator[tuple[Grant, Right]]:
    """Give the rights in force today; an administrator's other roles count for nothing."""
    administrator = is_administrator(account, rules)
    for grant in account.grants:
        role = rules.roles.get(grant.role)
        if role is None or not _counts(role, rules) or (administrator and not role.administrator):
            continue
        if rules.on and ((grant.since and rules.on < grant.since) or (grant.until and rules.on > grant.until)):
            continue
        for right in _rights(role, rules):
            yield grant, right


def _rights(role: Role, rules: Rules) -> Iterable[Right]:
    """Return a role's rights; the single desk's reach what is kept apart too."""
    return role.rights if not rules.apart or role.single_desk else role.rights_without(rules.apart)


def _counts(role: Role, rules: Rules) -> bool:
    return not (role.single_desk and rules.separation == "strict")


def _any(held: list[tuple[Grant, Right]], action: Action, account: Account, subject: Subject) -> bool:
    if subject.others and action is not Action.READ:
        subject = replace(subject, others=())  # they see their part; whose record it is does the steps
    return any(action in right.actions and _fits(right, grant, account, subject) for grant, right in held)


def _fits(right: Right, grant: Grant, account: Account, subject: Subject) -> bool:
    if not _form_fits(right, subject.form_code):
        return False
    if not subject.record:
        return True
    units = _units(right, grant, account)
    return (
        subject.level <= min(right.up_to, account.clearance)
        and (right.whose != "own" or subject.own)
        and units is not None
        and (not units or not _normal((subject.unit, *subject.others)).isdisjoint(_normal(units)))
        and (not grant.branch or subject.branch == grant.branch)
        and (not right.states or subject.state in right.states)
        and (not right.topics or not set(right.topics).isdisjoint(subject.topics))
    )


def _normal(units: Iterable[str]) -> frozenset[str]:
    return frozenset(normalise(unit) for unit in units)


def seen_units(account: Account, subject: Subject, rules: Rules) -> frozenset[str] | None:
    """Return of which units an account sees the parts of a record it reads, in normal form; None when of all.

    Who reads by the unit he belongs to, or a grant is for, sees that unit's alone.
    """
    found: set[str] = set()
    for grant, right in _held(account, rules):
        if Action.READ in right.actions and _fits(right, grant, account, subject):
            units = _units(right, grant, account)
            if not units:
                return None
            found |= _normal(units)
    return frozenset(found)


def _units(right: Right, grant: Grant, account: Account) -> tuple[str, ...] | None:
    """Return the units a right reaches in a grant, () for any; None when it reaches none."""
    if right.whose != "unit":
        return (grant.unit,) if grant.unit else ()
    unit = grant.unit or account.unit
    return (unit,) if unit else None


def _form_fits(right: Right, form_code: str) -> bool:
    return form_code not in right.but and (not right.forms or not form_code or form_code in right.forms)
