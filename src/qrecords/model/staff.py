"""Whether a person may be sent on service on a day (QS/PA758A 5.2.1 a, c): title, trainings with their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from qrecords.model.values import choice_key

Qualification = Literal["合格", "缺项", "过期", "停用"]
CONDUCT, TECHNIQUE = "服务规范", "产品技术"
PASSED, OUT_OF_USE, NO_CARD = "合格", "停用", "不在册"


def qualification(card: Mapping[str, Any], on: str, model: str = "") -> Qualification:
    """Return what a card says on a day: 停用 · 缺项 (no title, a training lacks) · 过期 (one is over) · 合格.

    With a model the training in products must be one of it; a family's name that begins like it will do.
    """
    if card.get("standing") == OUT_OF_USE or _over(card.get("until"), on):
        return "停用"
    if card.get("level") in {None, "", "无"}:
        return "缺项"
    passed = [t for t in card.get("trainings") or () if t.get("result") == PASSED and str(t.get("on") or "9999") <= on]
    wanted = (
        [t for t in passed if t.get("kind") == CONDUCT],
        [t for t in passed if t.get("kind") == TECHNIQUE and _covers(t.get("product_model"), model)],
    )
    if not all(wanted):
        return "缺项"
    return "合格" if all(any(not _over(t.get("valid_until"), on) for t in kind) for kind in wanted) else "过期"


def card_of(person: Mapping[str, Any], cards: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the card of someone a notice names, by name and where there are several by unit too; None when unclear."""
    named = [c for c in cards if choice_key(str(c.get("name") or "")) == choice_key(str(person.get("name") or ""))]
    if len(named) > 1:
        unit = choice_key(str(person.get("unit") or ""))
        named = [c for c in named if choice_key(str(c.get("unit") or "")) == unit]
    return named[0] if len(named) == 1 else None


def may_be_sent(person: Mapping[str, Any], cards: Sequence[Mapping[str, Any]], on: str, model: str = "") -> str:
    """Return the standing of someone on a day: that of his card, 不在册 for one without."""
    card = card_of(person, cards)
    return qualification(card, on, model) if card else NO_CARD


def _over(end: object, on: str) -> bool:
    return bool(end) and str(end) < on


def _covers(trained: object, model: str) -> bool:
    if not model:
        return True
    family = choice_key(str(trained or ""))
    return bool(family) and choice_key(model).startswith(family)
