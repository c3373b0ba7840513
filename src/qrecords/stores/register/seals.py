"""Seals: what the log says of rows that decide something, a hash of each in the event that changed it last.

The register is a file, and files can be edited; the log is a chain. Who changes such a row touches its seal, and the
next event of the same transaction carries the hash of the row as it is then (`sealed` in its detail).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from qrecords.model.audit import digest
from qrecords.stores.register import document_table as d
from qrecords.stores.register import retention_tables as r
from qrecords.stores.register import tables as t
from qrecords.stores.register.dialects import words

SEALED = "sealed"
ACCOUNT = "account"
AFRESH = "seals"  # the object of an event that seals everything as it is: what the log said before no longer counts
MORE = "seals/more"  # … and of those that go on with it

COUNTING = frozenset({"failures", "locked_until"})  # of wrong passwords; what an account may do does not hang on them
ELSEWHERE = "numbered-elsewhere/"  # the facts that say which series other offices numbered
_CHUNK = 500  # bound parameters in one statement


@dataclass(frozen=True)
class _Rows:
    """Rows that are sealed together under one key, without the columns that decide nothing."""

    table: sa.Table
    key: sa.ColumnElement[Any]
    without: frozenset[str] = frozenset()
    condition: sa.ColumnElement[bool] | None = None

    @cached_property
    def names(self) -> list[str]:
        """Return the columns that decide something."""
        return [c.name for c in self.table.c if c.name not in self.without]

    @cached_property
    def all(self) -> sa.Select[Any]:
        """Return what reads all of them; built once, for an account is compared with every page of the desk."""
        columns = (self.table.c[name] for name in self.names)
        query = sa.select(self.key.label("sealed_as"), *columns).order_by(*self.table.primary_key.columns)
        return query if self.condition is None else query.where(self.condition)

    @cached_property
    def some(self) -> sa.Select[Any]:
        """Return what reads those of some `keys`."""
        return self.all.where(self.key.in_(sa.bindparam("keys", expanding=True)))


_drawn = r.disposition.c.version > 0
_SEALED: Mapping[str, Sequence[_Rows]] = {
    ACCOUNT: (
        _Rows(t.account, t.account.c.name, COUNTING),
        _Rows(t.role_grant, t.role_grant.c.account, frozenset({"id"})),
    ),
    "session": (_Rows(t.session, t.session.c.token_sha256),),
    "copies": (
        _Rows(t.copy_request, t.copy_request.c.request_no),
        _Rows(t.copy, t.copy.c.request_no, condition=t.copy.c.issued_at != ""),  # else a number is kept, no more
    ),
    "print": (
        _Rows(
            t.printed,
            t.printed.c.subject + "/" + sa.cast(t.printed.c.number, sa.String),
            # What it shows goes with its record; that it was what the record said then, the record's events tell.
            frozenset({"snapshot", "printed_at", "printed_by"}),
            t.printed.c.pages > 0,
        ),
    ),
    "item": (_Rows(t.item, t.item.c.archive_no, condition=t.item.c.version != 0),),
    "volume": (
        _Rows(t.volume, t.volume.c.volume_code, condition=t.volume.c.version != 0),
        _Rows(t.volume_item, t.volume_item.c.volume_code),
    ),
    "segment": (_Rows(t.audit_segment, sa.cast(t.audit_segment.c.number, sa.String)),),
    "tombstone": (_Rows(r.tombstone, r.tombstone.c.code),),
    "fact": (_Rows(t.meta, t.meta.c.key, condition=t.meta.c.key.startswith(ELSEWHERE)),),
    "hold": (_Rows(r.hold, sa.cast(r.hold.c.id, sa.String)),),
    "extension": (_Rows(r.extension, r.extension.c.code, frozenset({"id"})),),
    "document": (
        _Rows(d.document, d.document.c.document_no, frozenset({"milrep"}), d.document.c.version != 0),
        _Rows(  # which came later: the seals of those without stand
            d.document,
            d.document.c.document_no,
            frozenset(c.name for c in d.document.c) - {"document_no", "milrep"},
            sa.and_(d.document.c.version != 0, d.document.c.milrep != ""),
        ),
    ),
    "list": (
        _Rows(r.disposition, r.disposition.c.list_no, condition=_drawn),
        _Rows(
            r.disposition_unit,
            r.disposition_unit.c.list_no,
            condition=r.disposition_unit.c.list_no.in_(sa.select(r.disposition.c.list_no).where(_drawn)),
        ),
    ),
}


class Seals:
    """The seals of one transaction: of what is kept, who may do what, and what was decided."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection
        self._touched: dict[str, set[str]] = defaultdict(set)

    def touch(self, kind: str, *keys: object) -> None:
        """Say that rows are changed in this transaction."""
        self._touched[kind].update(map(str, keys))

    def accounts(self) -> dict[str, str]:
        """Return the seals of all accounts as they are now."""
        return self._seals(ACCOUNT)

    def touched(self) -> dict[str, str]:
        """Return the seals of what was changed since the last call, for the event about it; "" of what is gone."""
        touched, self._touched = self._touched, defaultdict(set)
        found: dict[str, str] = {}
        for kind, keys in touched.items():
            there = self._seals(kind, sorted(keys))
            found |= {f"{kind}/{key}": there.get(f"{kind}/{key}", "") for key in sorted(keys)}
        return found

    def present(self) -> dict[str, str]:
        """Return the seal of everything as it is now."""
        # An older register is sealed on its way up, before it has the tables that came later.
        there = set(sa.inspect(self._c).get_table_names())
        kinds = [kind for kind, parts in _SEALED.items() if there.issuperset(part.table.name for part in parts)]
        return {key: seal for kind in kinds for key, seal in self._seals(kind).items()}

    def logged(self) -> dict[str, str]:
        """Return the last seal of everything that was ever sealed, as the log has them."""
        whole = sa.select(sa.func.max(t.audit.c.seq)).where(t.audit.c.object == AFRESH)
        first = self._c.execute(whole).scalar() or 0
        query = sa.select(_DETAIL).where(t.audit.c.seq >= first, _DETAIL.contains(f'"{SEALED}"'))
        found: dict[str, str] = {}
        for detail in self._c.execute(query.order_by(t.audit.c.seq)).scalars():
            found |= _sealed(detail)
        return found

    def differing(self) -> list[str]:
        """Return what is not as the log says: changed, gone, or there without a word of it; nothing before the log."""
        if not self._has_log():
            return []
        logged, present = self.logged(), self.present()
        return sorted(key for key in logged.keys() | present.keys() if logged.get(key, "") != present.get(key, ""))

    def is_as_logged(self, account: str, seal: str = "") -> bool:
        """Tell whether an account and its grants are as the last event that sealed them says; true before the log.

        `seal` is theirs as they are now, where it is known from a reading in this transaction.
        """
        key = f"{ACCOUNT}/{account}"
        last = self._c.execute(_LAST_ABOUT, {"key": key, "named": json.dumps(key, ensure_ascii=False)}).scalar()
        if last is None:
            return not self._has_log()
        return _sealed(last).get(key) == (seal or self._seals(ACCOUNT, [account]).get(key))

    def _has_log(self) -> bool:
        return self._c.execute(sa.select(t.audit.c.seq).limit(1)).first() is not None

    def _seals(self, kind: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        rows: dict[str, list[Any]] = defaultdict(list)
        for part in _SEALED[kind]:
            for chosen in _chosen(keys):
                for row in self._rows(part, chosen):
                    rows[row[0]].append(list(row[1:]))
        return {f"{kind}/{key}": digest(held) for key, held in rows.items()}

    def _rows(self, part: _Rows, keys: Sequence[str] | None) -> sa.CursorResult[Any]:
        return self._c.execute(part.all) if keys is None else self._c.execute(part.some, {"keys": [*keys]})


def account_seal(account: Mapping[str, Any], grants: Sequence[Mapping[str, Any]]) -> str:
    """Return the seal of an account and all grants it ever had, in their order, as `Seals` makes it of the rows."""
    parts = zip(_SEALED[ACCOUNT], ([account], grants), strict=True)
    return digest([[row[name] for name in part.names] for part, rows in parts for row in rows])


_DETAIL = words.raw(t.audit.c.detail)

# The last event that may say how an account was sealed: one about it, one that sealed everything, or the first.
_LAST_ABOUT = (
    sa.select(_DETAIL)
    .where(
        sa.or_(t.audit.c.object.in_([sa.bindparam("key"), AFRESH]), t.audit.c.seq == 1),
        words.holds(_DETAIL, sa.bindparam("named", type_=sa.Text())),
    )
    .order_by(t.audit.c.seq.desc())
    .limit(1)
)


def _chosen(keys: Sequence[str] | None) -> Iterable[Sequence[str] | None]:
    if keys is None:
        return [None]
    return [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]


def _sealed(detail: str) -> dict[str, str]:
    try:
        found = json.loads(detail)[SEALED]
    except (KeyError, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
