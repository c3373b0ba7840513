"""access.toml read into roles: every wrong word in it is an error, never a guess (QS/PA758A 5.11.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from qrecords.errors import Problem
from qrecords.model.access import DESK, EVERY_ACTION, EVERYTHING, HIGHEST, SECRECY_LEVELS, Needs, Right, Role
from qrecords.model.record import Action, State

# What the three administrators do, each his own: no role of a record may hold it, no administrator anything else.
ADMINISTRATION: dict[str, frozenset[str]] = {
    "sysadmin": frozenset({Action.ACCOUNTS, Action.ADMINISTER, Action.VERIFY}),
    "secadmin": frozenset({Action.RIGHTS}),
    "auditor": frozenset({Action.AUDIT_READ, Action.AUDIT_EXPORT, Action.AUDIT_CLOSE, Action.VERIFY}),
}
# Forms only a right that names them reaches, where access.toml says nothing of it: the reserve's roster, its papers.
APART = ("YB758-YB", "YB758-XQ", "YB758-ZJ")
_APART = frozenset.union(*ADMINISTRATION.values()) - {Action.VERIFY}
_FORM = re.compile(r"\d{2,4}[A-Z]|[A-Z0-9.]+(?:-[A-Z0-9.]+)+")
_KIND = re.compile(r"[a-z][a-z0-9_-]*")
_ROLE_KEYS = {"label", "rights", "single_desk", "needs"}
_RIGHT_KEYS = {"actions", "forms", "whose", "states", "topics", "up_to", "sees"}
_WORDS: dict[str, Collection[str]] = {
    "actions": EVERY_ACTION | {EVERYTHING},
    "states": [s.value for s in State],
    "needs": ("unit", "branch", "until"),
    "whose": ("own", "unit", "all"),
    "up_to": SECRECY_LEVELS,
}


def read_roles(data: Mapping[str, Any], series: str) -> tuple[dict[str, Role], list[Problem]]:
    """Return the roles of access.toml by name, and all that is wrong with it; 06A is a form of the main `series`."""
    problems: list[Problem] = []
    tables = data.get("roles", {})
    if set(data) - {"apart"} != {"roles"} or not isinstance(tables, Mapping):
        return {}, [Problem("只能有 [roles.…] 各节，而且不能没有", "roles")]
    read_apart(data, series, problems)
    roles = {str(name): _role(str(name), table, series, problems) for name, table in tables.items()}
    for name in (*ADMINISTRATION, DESK):
        if name not in roles:
            problems.append(Problem(f"缺少 [roles.{name}] 这一节", name))
    return roles, problems


def read_apart(data: Mapping[str, Any], series: str, problems: list[Problem]) -> tuple[str, ...]:
    """Return the forms kept apart: those that are no form's code are added to the problems."""
    return _forms("apart", data.get("apart", list(APART)), "apart", series, problems)


def _role(name: str, table: Any, series: str, problems: list[Problem]) -> Role:
    if not isinstance(table, Mapping):
        problems.append(Problem("应为一节", name))
        return Role(name, name, ())
    problems += [Problem(f"没有 {key} 这一项，可用：{'、'.join(sorted(_ROLE_KEYS))}", name)
                 for key in table if key not in _ROLE_KEYS]  # fmt: skip
    entries = table.get("rights", [])
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        problems.append(Problem("rights 应为 [{ actions = […] }, …] 的样子", name))
        entries = []
    rights = tuple(_right(name, entry, series, problems) for entry in entries)
    needs: tuple[Needs, ...] = _words("needs", table.get("needs", []), name, problems)  # type: ignore[assignment]
    role = Role(
        name, str(table.get("label", name)), rights,
        administrator=name in ADMINISTRATION, single_desk=name == DESK, needs=needs,
    )  # fmt: skip
    problems += _apart(role)
    return role


def _apart(role: Role) -> list[Problem]:
    """Keep the three administrators apart, from each other and from the records."""
    held = frozenset(action for right in role.rights for action in right.actions)
    if role.administrator:
        return [
            Problem(f"三员分立：{role.label} 不能有 {action}", role.name)
            for action in sorted(held - ADMINISTRATION[role.name])
        ]
    if role.single_desk:
        return []
    return [Problem(f"{action} 只属于三员，不能给 {role.label}", role.name) for action in sorted(held & _APART)]


def _right(role: str, entry: Mapping[str, Any], series: str, problems: list[Problem]) -> Right:
    problems += [Problem(f"没有 {key} 这一项，可用：{'、'.join(sorted(_RIGHT_KEYS))}", role)
                 for key in entry if key not in _RIGHT_KEYS]  # fmt: skip
    actions = frozenset(_words("actions", entry.get("actions", []), role, problems))
    if EVERYTHING in actions:
        actions = EVERY_ACTION
        if role != DESK:
            problems.append(Problem(f"「{EVERYTHING}」只能给 {DESK}", role))
    forms = _forms("forms", entry.get("forms", []), role, series, problems)
    whose = _word("whose", entry.get("whose", "all"), role, problems) or "all"
    level = _word("up_to", entry.get("up_to", SECRECY_LEVELS[HIGHEST]), role, problems)
    return Right(
        actions=actions,
        forms=forms,
        whose=whose,  # type: ignore[arg-type]
        states=_words("states", entry.get("states", []), role, problems),
        topics=_texts("topics", entry.get("topics", []), role, problems),
        up_to=SECRECY_LEVELS.index(level) if level else 0,
        sees=(EVERYTHING,) if role == DESK else _seen(entry, actions, role, problems),
    )


def _seen(entry: Mapping[str, Any], actions: Collection[str], role: str, problems: list[Problem]) -> tuple[str, ...]:
    """Return what a right sees of what forms keep apart; only who reads a record sees anything of it."""
    seen = _texts("sees", entry.get("sees", []), role, problems)
    problems += [Problem(f"sees 里的「{s}」应为小写字母的词，如 price", role) for s in seen if not _KIND.fullmatch(s)]
    if seen and Action.READ not in actions:
        problems.append(Problem("写了 sees（能看限阅栏目）的，actions 里要有 read", role))
    return seen


def _forms(key: str, value: Any, role: str, series: str, problems: list[Problem]) -> tuple[str, ...]:
    forms = _texts(key, value, role, problems)
    problems += [
        Problem(f"{key} 里的「{f}」不是表式编号，应如 06A，别的系列写全", role) for f in forms if not _FORM.fullmatch(f)
    ]
    return tuple(f if "-" in f else f"{series}-{f}" for f in forms)


def _texts(key: str, value: Any, role: str, problems: list[Problem]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    problems.append(Problem(f'{key} 应为 ["…", …] 的样子', role))
    return ()


def _words(key: str, value: Any, role: str, problems: list[Problem]) -> tuple[str, ...]:
    texts = _texts(key, value, role, problems)
    return tuple(t for t in texts if _word(key, t, role, problems))


def _word(key: str, value: Any, role: str, problems: list[Problem]) -> str:
    if value in _WORDS[key]:
        return str(value)
    problems.append(Problem(f"{key} 里的「{value}」不可用，可用：{'、'.join(sorted(_WORDS[key]))}", role))
    return ""
