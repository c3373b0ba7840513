"""Records to search, invented or real, and the plain scan every engine is judged by."""

from __future__ import annotations

import csv
import random
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from qrecords.model.query import AllOf, AnyOf, Between, Is, Node, Not, Word
from qrecords.stores.fulltext.interface import Document, Filters
from tests.conftest import SHARED

REAL_RECORDS = SHARED / "data" / "fault_records.csv"
REAL_COLUMNS = {
    "故障现象": "fault_symptom",
    "原因分析": "fault_cause",
    "处理过程": "repair_action",
    "整改措施": "open_issues",
}
LABELS = {"故障现象": ("fault_symptom",), "处理措施": ("repair_action",), "遗留问题": ("open_issues",)}
STATES = ("draft", "submitted", "filed", "bound")
UNITS = ("", "示例一部", "示例二部")

# Pieces of invented texts: mixed scripts and widths, joiners, breaks, line ends, rare and astral characters.
_PIECES = (
    "功放", "过热", "泵", "啸叫", "示例雷达", "电源模块", "更换", "主板", "系统", "重启后", "恢复正常", "𠮷野", "é", "Ω",
    "TH-120C", "ＴＨ－１２０Ｃ", "th120c", "SN00317764", "15:20", "2026-03-04 09:30", "10.1.80.6:61616", "F5", "I/O板",
    "750-KJ·KF·06", "①", "ﬁlter", "ß", "℃", "ガ", "0", "7",
)  # fmt: skip
_JOINTS = (
    "",
    "",
    "",
    "",
    "，",
    "。",
    "\n",
    " ",
    "\n 　",
    "、",
    "；",
    "-",
    "（",
    "）",
    "“",
    "”",
    "：",
    "/",
    "…",
    "|",
    "!?",
)


def invented_text(rng: random.Random, length: int) -> str:
    return "".join(rng.choice(_PIECES) + rng.choice(_JOINTS) for _ in range(length))


def document(number: int, *texts: str, rng: random.Random | None = None, **given: object) -> Document:
    """Return record `number` with these texts under the fields of a repair report; the rest is by chance."""
    rng = rng or random.Random(number)
    year = rng.randrange(2023, 2027)
    form = f"QR758-{rng.randrange(1, 12):02}A"
    keys = list(REAL_COLUMNS.values())
    facts: dict[str, object] = {
        "record_no": f"{form}-{year}-{number:05}",
        "seq": number,
        "form_code": form,
        "year": year,
        "state": rng.choice(STATES),
        "date": f"{year}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        "customer_unit": f"示例用户{rng.randrange(5)}",
        "model": f"TH-{rng.randrange(118, 123)}",
        "title": "示例题名",
        "unit": rng.choice(UNITS),
        "secrecy_level": rng.randrange(4),
        "texts": tuple((keys[i % len(keys)], text) for i, text in enumerate(texts) if text),
    }
    return Document(**(facts | given))  # type: ignore[arg-type]


def invented(count: int, seed: int = 758) -> list[Document]:
    rng = random.Random(seed)
    return [
        document(n, *(invented_text(rng, rng.randrange(8)) for _ in range(6)), rng=rng) for n in range(1, count + 1)
    ]


def real() -> list[Document]:
    rng = random.Random(758)
    with REAL_RECORDS.open(encoding="utf-8", newline="") as stream:
        return [
            document(n, *(row[column] for column in REAL_COLUMNS), rng=rng, customer_unit=row["用户单位"])
            for n, row in enumerate(csv.DictReader(stream), start=1)
        ]


@cache
def plain(text: str) -> str:
    """Return the definition written down once more, slowly: what stays, what vanishes, what breaks."""
    kept = []
    for char in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()):
        if char.isspace() or char in "-_/.·":
            continue
        kept.append(char if char.isalnum() else "|")
    return re.sub(r"\|+", "|", "".join(kept)).strip("|")


def newest_first(documents: Iterable[Document]) -> list[Document]:
    def key(d: Document) -> tuple[str, int, int, str]:
        _, form, year, number = d.record_no.split("-")
        return d.date, int(year), int(number), form

    return sorted(documents, key=key, reverse=True)


def scan(documents: Iterable[Document], node: Node, filters: Filters | None = None) -> list[str]:
    """Return the numbers of the records that fit, newest first, by looking at every one."""
    found = [d for d in documents if _fits(node, d) and _passes(d, filters or Filters())]
    return [d.record_no for d in newest_first(found)]


def _fits(node: Node, d: Document) -> bool:
    match node:
        case Word(text, fields):
            return any(text in t for key, t in plain_texts(d) if not fields or key in fields)
        case Is("state", value):
            return d.state == value
        case Is(_, value):
            return plain(d.form_code).removesuffix("a").endswith(value.removesuffix("a"))
        case Between("year", first, last):
            return int(first) <= d.year <= int(last)
        case Between(_, first, last):
            return first <= d.date <= last
        case Not(part):
            return not _fits(part, d)
        case AllOf(parts):
            return all(_fits(part, d) for part in parts)
        case AnyOf(parts):
            return any(_fits(part, d) for part in parts)
    raise AssertionError(node)


_scanned: dict[int, tuple[Document, list[tuple[str, str]]]] = {}


def plain_texts(d: Document) -> list[tuple[str, str]]:
    """Return all a record is found by, in the form of `plain`."""
    if id(d) not in _scanned:
        own = (("record_no", d.record_no), ("customer_unit", d.customer_unit), ("product_model", d.model))
        _scanned[id(d)] = (d, [(key, plain(t)) for key, t in (*d.texts, *own, ("title", d.title))])
    return _scanned[id(d)][1]


def _passes(d: Document, f: Filters) -> bool:
    def within(forms: tuple[str, ...], units: tuple[str, ...], secrecy: int | None) -> bool:
        return (
            (not forms or d.form_code in forms)
            and (not units or d.unit in units)
            and (secrecy is None or d.secrecy_level <= secrecy)
        )

    return (
        within(f.forms, (), f.max_secrecy)
        and (not f.years or d.year in f.years)
        and (not f.states or d.state in f.states)
        and (not f.date_from or f.date_from <= d.date)
        and (not f.date_to or d.date <= f.date_to)
        and (not f.unit or d.unit == f.unit)
        and (not f.customer or d.customer_unit == f.customer)
        and (not f.model or f.model in d.models())
        and (f.readable is None or any(within(s.forms, s.units, s.max_secrecy) for s in f.readable))
    )
