"""Satisfaction by occasion: a notice's sheets for one customer are one voice, not eleven (I.1–I.4, R110–R116)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from pydantic import model_validator

from qrecords.model.field import Definition
from qrecords.model.figures.arithmetic import total
from qrecords.model.figures.entries import Entry
from qrecords.model.numbering import form_number
from qrecords.model.values import choice_key

SERVICE, PRODUCT = "service_rating", "product_rating"
SUB_ITEMS = ("response_rating", "skill_rating", "attitude_rating", "resolution_rating")
ITEMS = {
    PRODUCT: "产品质量",
    SERVICE: "服务质量",
    "response_rating": "响应速度",
    "skill_rating": "技术水平",
    "attitude_rating": "服务态度",
    "resolution_rating": "问题解决",
}
GRADES = ("很满意", "满意", "较满意", "不满意", "很不满意")
BAD = frozenset({"不满意", "很不满意"})
PLEASED = 80
LEAST_SUB_ITEMS, MOST_MISSING = 2, 2


class Method(Definition):
    """How the office reckons satisfaction (satisfaction.toml); printed on every result."""

    unit: Literal["occasion", "sheet"] = "occasion"
    scores: Mapping[str, Decimal] = dict(zip(GRADES, map(Decimal, (5, 4, 3, 2, 1)), strict=True))
    full: Decimal = Decimal(5)
    weights: Mapping[str, Decimal] = {SERVICE: Decimal(40), **dict.fromkeys(SUB_ITEMS, Decimal(15))}
    missing: Literal["drop", "middle"] = "drop"
    overall: Mapping[Literal["product", "service"], Decimal] = {"product": Decimal(50), "service": Decimal(50)}
    target: Mapping[Literal["product", "service"], Decimal] = {"product": Decimal(90), "service": Decimal(90)}
    min_n: int = 5
    coverage: Decimal = Decimal(80)
    fall: Decimal = Decimal(5)
    source: str = "inferred"

    @model_validator(mode="after")
    def _whole(self) -> Method:
        if missing := [grade for grade in GRADES if grade not in self.scores]:
            raise ValueError(f"scores 缺少 {'、'.join(missing)}")
        if unknown := [item for item in self.weights if item not in ITEMS]:
            raise ValueError(f"weights 里没有 {'、'.join(unknown)} 这样的评价项，可用：{'、'.join(ITEMS)}")
        if self.full <= 0 or sum(self.weights.values()) <= 0 or sum(self.overall.values()) <= 0:
            raise ValueError("full 和 weights、overall 之和要大于 0")
        return self

    def points(self, grade: Any) -> Fraction | None:
        """Return what a grade is worth, of 100."""
        return self._points.get(grade)

    @cached_property
    def _points(self) -> dict[Any, Fraction]:
        return {grade: Fraction(score) / Fraction(self.full) * 100 for grade, score in self.scores.items()}

    @cached_property
    def exact_weights(self) -> dict[str, Fraction]:
        """Return the weights as fractions."""
        return {item: Fraction(weight) for item, weight in self.weights.items()}

    @cached_property
    def scored(self) -> dict[tuple[tuple[Any, ...], ...], dict[str, Any]]:
        """Return what sheets that said so come to, as far as it was worked out: customers say few different things."""
        return {}

    @property
    def middle(self) -> Fraction:
        """Return what a missing item counts in the variant that fills it in."""
        return self.points(GRADES[2]) or Fraction(0)


def occasions(entries: Sequence[Entry], method: Method) -> Iterator[Entry]:
    """Give an entry for each occasion: the valid sheets of one notice and customer, or a return repair of its own."""
    for sheets in _grouped(entries, method):
        yield _occasion(sheets, method)


def sheets(entries: Sequence[Entry], method: Method) -> Iterator[Entry]:
    """Give an entry for each valid sheet that rates something, dated as the customer signed."""
    for entry in entries:
        if not entry.get("@past") and entry.get("@rated"):
            yield entry.with_own({"@date": _day(entry.get("user_sign_date")) or entry.get("@date")})


def ratings(entries: Sequence[Entry], method: Method) -> Iterator[Entry]:
    """Give an entry for each item a sheet rates: `@item`, `@grade`, `@score`."""
    told: dict[tuple[str, str, str], dict[str, Any]] = {}  # many say the same on one day: it is kept once
    for sheet in sheets(entries, method):
        day, values = sheet.get("@date"), sheet.record.values
        for item, label in ITEMS.items():
            if grade := values.get(item):
                if (own := told.get((day, item, grade))) is None:
                    own = {"@date": day, "@item": label, "@grade": grade, "@score": method.points(grade)}
                    told[day, item, grade] = own
                yield Entry(sheet.record, sheet.surroundings, sheet.facts, own, sheet.numbers)


def of_models(entries: Sequence[Entry], method: Method) -> Iterator[Entry]:
    """Give an entry for each occasion and product model its reports rate (I.3)."""
    for group in _grouped(entries, method):
        reports = [s for s in group if form_number(s.record.form_code) != "04"]
        by_model: dict[str, list[Entry]] = {}
        for sheet in reports:
            if model := str(sheet.get("product_model") or ""):
                by_model.setdefault(choice_key(model), []).append(sheet)
        if not any(s.get(PRODUCT) for s in reports):
            notices = [s for s in group if s not in reports]
            models = {choice_key(str(r.get("product_model") or "")) for s in notices for r in s.get("products") or ()}
            if notices and len(models) == 1:
                by_model.setdefault(models.pop(), []).extend(notices)
        for found in by_model.values():
            yield _occasion(found, method).with_own({"product_model": _model_of(found)})


def service_index(items: Mapping[str, Fraction], method: Method) -> Fraction | None:
    """Return the service index of an occasion, None where it says too little."""
    present = {item: items[item] for item in method.weights if item in items}
    if SERVICE not in present and len(present) < LEAST_SUB_ITEMS:
        return None
    if method.missing == "middle":
        if len(method.weights) - len(present) > MOST_MISSING:
            return None
        present = {item: items.get(item, method.middle) for item in method.weights}
    weights = method.exact_weights
    return total(weights[item] * score for item, score in present.items()) / total(weights[item] for item in present)


def _grouped(entries: Sequence[Entry], method: Method) -> list[list[Entry]]:
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        if entry.get("@past"):
            continue
        notice = form_number(entry.record.form_code) == "04"
        number = entry.record.record_no if notice else str(entry.get("notice_no") or "")
        customer = choice_key(str(entry.get("customer_unit") or ""))
        alone = method.unit == "sheet" or not number
        groups.setdefault((entry.record.record_no,) if alone else (number, customer), []).append(entry)
    return [group for group in groups.values() if _stands(group)]


def _stands(group: Sequence[Entry]) -> bool:
    """A report without a notice is an occasion only when it rates something."""
    return any(form_number(s.record.form_code) == "04" or s.get("notice_no") or s.get("@rated") for s in group)


def _mean_score(group: Iterable[Entry], item: str, method: Method) -> Fraction | None:
    scores = [score for sheet in group if (score := method.points(sheet.get(item))) is not None]
    return total(scores) / len(scores) if scores else None


class Occasion(Entry):
    """What the sheets of one occasion say together; scores are worked out when first asked for."""

    __slots__ = ("_method", "_scores", "_sheets")

    def __init__(self, sheets: Sequence[Entry], method: Method, own: Mapping[str, Any]) -> None:
        head = _head(sheets)
        numbers = tuple(s.record.record_no for s in sheets)
        super().__init__(head.record, head.surroundings, head.facts, own, numbers)
        self._sheets, self._method = sheets, method
        self._scores: dict[str, Any] | None = None

    def get(self, key: str, default: Any = None) -> Any:
        """Return a score or index of the occasion, or what an entry has."""
        if key in SCORES and key not in (self._own or ()):
            found = self._scored().get(key)
            return default if found is None else found
        return super().get(key, default)

    def with_own(self, own: Mapping[str, Any]) -> Occasion:
        """Return the occasion with more values."""
        return Occasion(self._sheets, self._method, {**(self._own or {}), **own})

    def _scored(self) -> dict[str, Any]:
        if self._scores is None:
            said = tuple(tuple(sheet.get(item) for item in ITEMS) for sheet in self._sheets)
            if (known := self._method.scored.get(said)) is None:
                known = self._method.scored[said] = self._worked_out()
            self._scores = known
        return self._scores

    def _worked_out(self) -> dict[str, Any]:
        sheets, method = self._sheets, self._method
        items = {item: score for item in ITEMS if (score := _mean_score(sheets, item, method)) is not None}
        return {
            "@service": service_index(items, method),
            "@product": items.get(PRODUCT),
            "@service_item": items.get(SERVICE),
            "@pleased": None if SERVICE not in items else items[SERVICE] >= PLEASED,
        } | {f"@{item}": score for item, score in items.items()}


def _head(group: Sequence[Entry]) -> Entry:
    return next((s for s in group if form_number(s.record.form_code) == "04"), group[0])


def _occasion(group: Sequence[Entry], method: Method) -> Occasion:
    head = _head(group)
    signed = sorted(day for s in group if (day := _day(s.get("user_sign_date"))))
    rated = any(method.points(s.get(item)) is not None for s in group for item in ITEMS)
    left = _day(head.get("left_on")) or head.get("@date")
    reasons = [str(reason) for s in group if (reason := s.get("not_rated_reason"))]
    own = {
        "@date": (signed[0] if signed else head.get("@date")) if rated else left,
        "@rated": rated,
        "@due": form_number(head.record.form_code) == "04" and bool(head.get("arrived_on")),
        "not_rated_reason": reasons[0] if reasons and not rated else None,
    }
    return Occasion(group, method, own)


def _model_of(group: Sequence[Entry]) -> str:
    for sheet in group:
        if model := str(sheet.get("product_model") or ""):
            return model
    rows = group[0].get("products") or ()
    return str(rows[0].get("product_model") or "") if rows else ""


def _day(value: Any) -> str:
    return str(value or "")[:10]


SCORES = frozenset({"@service", "@product", "@service_item", "@pleased", *(f"@{item}" for item in ITEMS)})
# What entries over occasions, sheets, items and models know beside the fields of their record.
OWN_FACTS = frozenset(
    {
        "@item",
        "@grade",
        "@score",
        "@due",
        "@service",
        "@product",
        "@service_item",
        "@pleased",
        *(f"@{i}" for i in ITEMS),
    }
)
