"""What the office writes in the search box, read into a small tree.

    功放 过热              both words, anywhere in the record, each a part of one of its texts
    "功放 过热"            these next to each other; punctuation inside matches any punctuation
    过热 OR 啸叫           one of its two neighbours; -过热 not this
    用户:61187 型号:TH-120 故障现象:啸叫 编号:00123      a word in one field, by its Chinese or English name
    表:06A 年:2026 状态:已归档 日期:2026-01..2026-03     what the record is
    15:20  TH-120C         text: an operator is one only where it can be

Full-width signs are the same as half-width ones. A word matches when its normal form is a substring (textnorm).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from qrecords.errors import InvalidInput
from qrecords.model.numbering import RECORD_NO, FormCodes, full_record_no, without_edition
from qrecords.model.periods import parse_period
from qrecords.model.queryscan import Token, scan
from qrecords.model.record import STATE_LABELS
from qrecords.model.textnorm import normalise

MAX_LENGTH = 1000  # characters
MAX_WORDS = 50

# Names a text field answers to beside its key and its label on the form; the keys are those of the forms.
FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "用户": ("customer_unit",),
    "用户单位": ("customer_unit",),
    "型号": ("product_model",),
    "产品型号": ("product_model",),
    "编号": ("record_no", "archive_no"),
    "记录编号": ("record_no",),
    "归档编号": ("archive_no",),
    "题名": ("title",),
    "产品名称": ("product_name",),
    "出厂编号": ("serial_no",),
    "合同号": ("contract_no",),
    "通知单编号": ("notice_no",),
    "联系人": ("contact_person",),
    "用户需求": ("user_need",),
    "信息内容": ("info_content",),
    "故障现象": ("fault_symptom",),
    "故障原因": ("fault_cause",),
    "原因分析": ("cause_analysis",),
    "处理意见": ("handling_opinion",),
    "处理措施": ("repair_action",),
    "处理结果": ("handling_result",),
    "主管审查意见": ("supervisor_opinion",),
    # Texts of a record that stand in no form (services/finding/indexing.py).
    "签署": ("signature",),
    "签名": ("signature",),
    "单位": ("customer_unit", "performing_unit"),
    "附件": ("attachment",),
    "扫描件": ("scan_text",),
    "册": ("volume_code", "volume_title"),
}
FACT_NAMES: dict[str, Literal["form", "state", "year", "date"]] = {
    "表": "form",
    "表式": "form",
    "表号": "form",
    "form": "form",
    "状态": "state",
    "state": "state",
    "年": "year",
    "年度": "year",
    "year": "year",
    "日期": "date",
    "date": "date",
}


@dataclass(frozen=True, slots=True)
class Word:
    """A normal form to be found in any text of the record, or in one of these fields."""

    text: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Is:
    """The record is on this form (its name in normal form: 06a, qr75806a) or in this state."""

    fact: Literal["form", "state"]
    value: str


@dataclass(frozen=True, slots=True)
class Between:
    """The record's day (YYYY-MM-DD) or year (YYYY) lies between two, both included."""

    fact: Literal["date", "year"]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Not:
    """The record does not fit this."""

    part: Node


@dataclass(frozen=True, slots=True)
class AllOf:
    """The record fits every part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The record fits at least one part."""

    parts: tuple[Node, ...]


Node = Word | Is | Between | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """A query read: `root` is what must hold, `text` what was written, `parts` what of it must hold all together."""

    root: Node
    text: str
    parts: tuple[tuple[str, Node], ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """Return the words looked for (not those excluded), in their order, once each."""
        return tuple(dict.fromkeys(_positive(self.root)))


def everything() -> Query:
    """Return the query every record fits: for a search by its conditions alone."""
    return Query(Between("date", "0001-01-01", "9999-12-31"), "")


def parse_query(
    text: str,
    labels: Mapping[str, tuple[str, ...]] | None = None,
    titles: Mapping[str, str] | None = None,
    main: str = "",
) -> Query:
    """Read a query; `labels` gives further field names (label or key → field keys), such as those of the forms.

    `titles` are the titles of the forms, by code; `main` is the series numbers in short belong to. InvalidInput says
    where and why it cannot be read.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"检索式太长：共{len(text)}字，最多{MAX_LENGTH}字", remedy="请只留要紧的词")
    names = _names(labels or {})
    tokens = [t for t in scan(text, names.keys()) if t.operator or t.field or normalise(t.text)]
    if len(tokens) > MAX_WORDS:
        raise InvalidInput(
            f"检索词太多：共{len(tokens)}个，最多{MAX_WORDS}个", remedy="请只留要紧的词，或用引号括成短语"
        )
    if not tokens:
        raise InvalidInput("检索式里没有可查的字", remedy="请写要查的词，例如：功放 过热；标点符号本身查不到")
    asked = _Asked(names, titles or {}, FormCodes(main, tuple(titles or {})))
    parts = tuple(_part(group, text, asked) for group in _groups(tokens))
    return Query(AllOf(tuple(node for _, node in parts)) if len(parts) > 1 else parts[0][1], text, parts)


@cache
def form_names(form_code: str) -> tuple[str, ...]:
    """Return the names a form answers to, in normal form: QR758-06A as qr75806a, qr75806, 06a and 06."""
    whole = [form_code, form_code.rpartition("-")[2]]
    return tuple(dict.fromkeys(normalise(name) for name in whole + [without_edition(n) for n in whole]))


def _names(labels: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Return every field name in normal form with the keys it stands for; facts stand for no key."""
    return _names_among(tuple(labels.items()))


@lru_cache(maxsize=8)
def _names_among(given: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, tuple[str, ...]]:
    own, labels = _own_names(), dict(given)
    # 兵种 and 用户类别 are as good as 用户类别/兵种.
    parts: dict[str, tuple[str, ...]] = {}
    for name, keys in labels.items():
        for part in re.split(r"[/、]", name) if re.search(r"[/、]", name) else ():
            parts[normalise(part)] = tuple(dict.fromkeys((*parts.get(normalise(part), ()), *keys)))
    return parts | {normalise(name): tuple(keys) for name, keys in labels.items()} | own if labels else own


@cache
def _own_names() -> dict[str, tuple[str, ...]]:
    by_key = {key: (key,) for keys in FIELD_NAMES.values() for key in keys}
    return {normalise(name): keys for name, keys in (by_key | FIELD_NAMES | dict.fromkeys(FACT_NAMES, ())).items()}


@cache
def _fact_names() -> dict[str, Literal["form", "state", "year", "date"]]:
    return {normalise(name): fact for name, fact in FACT_NAMES.items()}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What words are read by: field names with their keys, titles of forms by code, and the codes."""

    names: Mapping[str, tuple[str, ...]]
    titles: Mapping[str, str]
    forms: FormCodes


def _part(group: list[Token], text: str, asked: _Asked) -> tuple[str, Node]:
    """Return a part as it was written and what it means."""
    nodes = tuple(_node(token, asked) for token in group)
    return text[group[0].place - 1 : group[-1].end], AnyOf(nodes) if len(nodes) > 1 else nodes[0]


def _groups(tokens: list[Token]) -> Iterator[list[Token]]:
    """Give the parts that must all hold; an OR joins its two neighbours into one of them."""
    group: list[Token] = []
    joined = True
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.operator:
            if joined or following is None or following.operator:
                raise InvalidInput(
                    f"第{token.place}字处的 OR 两边都要有词", remedy='例如：过热 OR 啸叫；要查这两个字母，请写 "OR"'
                )
            joined = True
            continue
        if not joined:
            yield group
            group = []
        group.append(token)
        joined = False
    yield group


def _node(token: Token, asked: _Asked) -> Node:
    node = _fact(token, asked.titles) if token.field and not asked.names[token.field] else _word(token, asked)
    return Not(node) if token.negated else node


def _word(token: Token, asked: _Asked) -> Word:
    # 06A-2026-12 is how people call QR758-06A-2026-00012.
    text = normalise(full if RECORD_NO.match(full := full_record_no(token.text, asked.forms)) else token.text)
    if not text:
        raise _without_value(token)
    return Word(text, asked.names[token.field] if token.field else ())


def _fact(token: Token, titles: Mapping[str, str]) -> Node:
    fact = _fact_names()[token.field]
    if not normalise(token.text):
        raise _without_value(token)
    if fact == "form":
        return _form(normalise(token.text), titles)
    if fact == "state":
        return Is("state", _state(token))
    try:
        first, last = parse_period(token.text)
    except ValueError as error:
        raise InvalidInput(f"第{token.place}字处：{error}", remedy="例如：日期：2026-01..2026-03，年：2026") from None
    return Between("year", first[:4], last[:4]) if fact == "year" else Between("date", first, last)


def _form(named: str, titles: Mapping[str, str]) -> Node:
    """Return the form of a code, or the forms whose title holds what was written."""
    titled = [code for code, title in titles.items() if named in normalise(title)]
    if not titled or any(named in form_names(code) for code in titles):
        return Is("form", named)
    exact = [code for code in titled if named == normalise(titles[code])] or titled
    nodes = tuple(Is("form", normalise(code)) for code in exact)
    return nodes[0] if len(nodes) == 1 else AnyOf(nodes)


def _state(token: Token) -> str:
    for state, label in STATE_LABELS.items():
        # 归档 is as good as 已归档.
        if normalise(token.text) in {state.value, label, label.removeprefix("已")}:
            return state.value
    known = "、".join(STATE_LABELS.values())
    raise InvalidInput(f"第{token.place}字处：没有「{token.text}」这个状态", remedy=f"可用：{known}")


def _without_value(token: Token) -> InvalidInput:
    return InvalidInput(
        f"第{token.place}字处的「{token.name}：」后面没有要查的内容",
        remedy=f"请紧接着冒号写，例如 {token.name}：内容；要查这几个字本身，请用引号括起来",
    )


def _positive(node: Node) -> Iterator[Word]:
    match node:
        case Word():
            yield node
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _positive(part)
