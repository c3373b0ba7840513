"""Whether sets and tables name what there is: every mistake of an office's definitions at once, with its place."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from qrecords.errors import Problem
from qrecords.model.field import Condition, FieldType
from qrecords.model.figures import satisfaction, threads, visits, weeks
from qrecords.model.figures.definitions import Column, Part, SetDefinition, TableDefinition
from qrecords.model.figures.facts import FACTS
from qrecords.model.figures.measures import DERIVED, FIELDS, MEASURES, NEEDS
from qrecords.model.form import Form

OVER = frozenset({"@occasions", "@sheets", "@ratings", "@models", "@threads", "@weeks", "@customers"})
OWN_FACTS = satisfaction.OWN_FACTS | threads.OWN_FACTS | weeks.OWN_FACTS | visits.OWN_FACTS
STOCK = frozenset({"opening", "closing", "during"})
FormsOf = Callable[[str], Sequence[Form]]


@dataclass(frozen=True, slots=True)
class Words:
    """What definitions may speak of: the editions of a form by its number, none of an unknown, and the facts."""

    forms_of: FormsOf
    facts: Collection[str] = frozenset(FACTS)
    _known: dict[tuple[tuple[str, ...], str], _Known] = field(default_factory=dict, compare=False)

    def of(self, numbers: Iterable[str], over: str) -> _Known:
        """Return what may be named of the entries of some forms, gathered once: each column of each table asks."""
        key = (tuple(dict.fromkeys(numbers)), over)
        if key not in self._known:
            self._known[key] = _Known(*key, self)
        return self._known[key]


def set_problems(sets: Mapping[str, SetDefinition], words: Words, source: str) -> list[Problem]:
    """Return what is wrong with the sets."""
    return [problem for name, one in sets.items() for problem in _of_set(name, one, sets, words, source)]


def _of_set(
    name: str, one: SetDefinition, sets: Mapping[str, SetDefinition], words: Words, source: str
) -> Iterator[Problem]:
    chain = [name]
    while (above := sets[chain[-1]].of) and above in sets and above not in chain:
        chain.append(above)
    if above and above not in sets:
        if len(chain) == 1:  # the set that says so tells it, not those narrowing it
            yield Problem(f"没有集合「{above}」{_near(above, sets)}", f"{name}.of", source=source)
        return
    if above in chain:
        yield Problem(f"集合 {'→'.join([*chain, above])} 互相引用", f"{name}.of", source=source)
        return
    numbers = next((sets[n].forms for n in chain if sets[n].forms), ())
    if not numbers:
        yield Problem('没有写 forms（哪些表式，如 "06"）', f"{name}.forms", source=source)
    for number in one.forms:
        if not words.forms_of(number):
            yield Problem(f"没有表式「{number}」", f"{name}.forms", source=source)
    over = next((sets[n].over for n in chain if sets[n].over), "")
    known = words.of(numbers, over)
    if over and over not in OVER and not known.is_rows(over):
        told = f"over 要写明细表的栏目或 {'、'.join(sorted(OVER))}，「{over}」不是"
        yield Problem(told, f"{name}.over", source=source)
        return
    for key in ("date", "since", "until"):
        if (path := getattr(one, key)) and path not in known:
            yield Problem(known.unknown(path), f"{name}.{key}", source=source)
    if one.until and not one.since:
        yield Problem("写了 until 的还要写 since", f"{name}.since", source=source)
    yield from _conditions(one.when, known, f"{name}.when", source)


def table_problems(
    found: TableDefinition, sets: Mapping[str, SetDefinition], words: Words, source: str
) -> list[Problem]:
    """Return what is wrong with a table whose sets (resolved) are sound."""
    return [problem for part in found.parts for problem in _of_part(part, f"parts.{part.key}", sets, words, source)]


def _of_part(part: Part, where: str, sets: Mapping[str, SetDefinition], words: Words, source: str) -> Iterator[Problem]:
    used = [(part.set, f"{where}.set")]
    used += [(c.set, f"{where}.columns.{c.key}.set") for c in part.columns if c.set]
    used += [(r.set, f"{where}.rows.{r.key}.set") for r in part.rows.each if r.set]
    missing = [(name, place) for name, place in used if name not in sets]
    if missing:
        yield from (Problem(f"没有集合「{n}」{_near(n, sets)}", place, source=source) for n, place in missing)
        return

    def known_of(*names: str) -> _Known:
        kinds = [sets[name] for name in names]
        return words.of((f for k in kinds for f in k.forms), kinds[0].over)

    known = known_of(part.set)
    yield from _conditions(part.when, known_of(*(n for n, _ in used)), f"{where}.when", source)
    for key in (part.rows.field, *part.rows.also):
        if key and key not in known_of(*(name for name, _ in used)):
            yield Problem(known.unknown(key), f"{where}.rows.field", source=source)
    for row in part.rows.each:
        yield from _conditions(row.when, known_of(row.set or part.set), f"{where}.rows.{row.key}.when", source)
    for item in part.items:
        if item.field not in known:
            yield Problem(known.unknown(item.field), f"{where}.items.{item.key}.field", source=source)
    for key in part.sort:
        if key not in known:
            yield Problem(known.unknown(key), f"{where}.sort", source=source)
    yield from _rows_of_rows(part, where, source)
    before: list[str] = []
    for column in part.columns:
        place = f"{where}.columns.{column.key}"
        names = [column.set] if column.set else [part.set, *(r.set for r in part.rows.each if r.set)]
        yield from _of_column(column, place, known_of(*names), before, source)
        yield from _times(column, part, sets, names, place, source)
        before.append(column.key)


def _rows_of_rows(part: Part, where: str, source: str) -> Iterator[Problem]:
    """Rows computed from others name two before them; shares are of a column, no row of it can be computed so."""
    before: list[str] = []
    for row in part.rows.each:
        if row.of and (len(row.of) != 2 or not {*row.of} <= {*before}):
            yield Problem("of 要写前面的两行", f"{where}.rows.{row.key}.of", source=source)
        if row.of and any(column.measure == "share" for column in part.columns):
            yield Problem("有 share 列的部分不能有写 of 的行", f"{where}.rows.{row.key}.of", source=source)
        if not row.of:
            before.append(row.key)


def _of_column(column: Column, place: str, known: _Known, before: Sequence[str], source: str) -> Iterator[Problem]:
    if column.measure not in MEASURES and column.measure not in DERIVED:
        ways = [*MEASURES, *DERIVED]
        told = f"没有度量「{column.measure}」{_near(column.measure, ways)}，可用：{'、'.join(sorted(ways))}"
        yield Problem(told, f"{place}.measure", source=source)
        return
    if column.measure in DERIVED:
        needs = NEEDS[column.measure]
        if len(column.of) != needs if needs else not column.of:
            yield Problem(f"{column.measure} 要在 of 里写{needs or '若干'}列", f"{place}.of", source=source)
        for other in column.of:
            if other not in before:
                yield Problem(f"前面没有列「{other}」", f"{place}.of", source=source)
    else:
        yield from _conditions((*column.when, *column.hit), known, place, source)
        needs = FIELDS.get(column.measure, -1)
        if needs >= 0 and (len(column.fields) != needs if needs else not column.fields):
            yield Problem(f"{column.measure} 要在 fields 里写{needs or '若干'}个栏目", f"{place}.fields", source=source)
        for path in (*column.fields, *([column.each] if column.each else ())):
            if path not in known:
                yield Problem(known.unknown(path), f"{place}.fields", source=source)
    if column.measure == "rate" and not column.hit:
        yield Problem("rate 要写 hit：怎样的算达到", f"{place}.hit", source=source)


def _times(
    column: Column, part: Part, sets: Mapping[str, SetDefinition], names: Iterable[str], place: str, source: str
) -> Iterator[Problem]:
    if column.measure in DERIVED:
        return
    at = column.at or part.at
    for name in names:
        if at in STOCK and not sets[name].since:
            yield Problem(f'at = "{at}" 要用有 since 的集合，{name} 没有', f"{place}.at", source=source)
        elif at not in STOCK and sets[name].since and not sets[name].date:
            told = f"集合 {name} 只有 since、until，at 要写 opening、closing 或 during"
            yield Problem(told, f"{place}.at", source=source)


def _conditions(when: Iterable[Condition], known: _Known, place: str, source: str) -> Iterator[Problem]:
    for condition in when:
        if condition.field not in known:
            yield Problem(known.unknown(condition.field), place, source=source)
            continue
        if condition.column:
            path = f"{condition.field}.{condition.column}"
            if path not in known.columns:
                yield Problem(f"「{condition.field}」没有列「{condition.column}」", place, source=source)
            continue
        choices = known.choices(condition.field)
        for value in (*condition.among, *condition.not_among):
            if choices and value not in choices:
                told = f"「{condition.field}」没有「{value}」这个选项{_near(str(value), choices)}"
                yield Problem(told, place, source=source)


class _Known:
    """What may be named of the entries of some forms."""

    def __init__(self, numbers: Sequence[str], over: str, words: Words) -> None:
        self._forms = [form for number in numbers for form in words.forms_of(number)]
        self._facts = words.facts
        self._numbers = numbers
        self._over = over
        self._apart = {place.path for form in self._forms for place in form.apart}
        columns = {f"{f.key}.{c.key}" for form in self._forms for f in form.fields for c in f.columns}
        self.columns = columns - self._apart

    def __contains__(self, path: str) -> bool:
        if path.startswith("@"):
            return path in self._facts or (self._over in OVER and path in OWN_FACTS)
        if path in self._apart:
            return False
        if any(path in form.by_key for form in self._forms):
            return True
        return bool(self._over) and path in self.columns and path.startswith(f"{self._over}.")

    def is_rows(self, key: str) -> bool:
        return any(key in form.by_key and form.by_key[key].type is FieldType.ROWS for form in self._forms)

    def choices(self, path: str) -> frozenset[str]:
        found: set[str] = set()
        for form in self._forms:
            key, _, column = path.partition(".")
            field = form.by_key.get(key)
            if field is not None and column:
                field = field.column(column)
            if field is not None:
                if not field.choices:
                    return frozenset()
                found.update(field.choices)
        return frozenset(found)

    def unknown(self, path: str) -> str:
        if path.startswith("@"):
            ways = [*self._facts, *(OWN_FACTS if self._over in OVER else ())]
            return f"没有推算项「{path}」{_near(path, ways)}，可用：{'、'.join(sorted(ways))}"
        if path in self._apart:
            return f"「{path}」是限阅的栏目（apart），报表人人能看，不能用它"
        keys = [key for form in self._forms for key in form.by_key]
        keys += [c for c in self.columns if self._over and c.startswith(f"{self._over}.")]
        return f"表式 {'、'.join(dict.fromkeys(self._numbers))} 没有栏目「{path}」{_near(path, keys)}"


def _near(word: str, words: Collection[str]) -> str:
    near = difflib.get_close_matches(word, [*dict.fromkeys(words)], n=1, cutoff=0.5)
    return f"，是不是「{near[0]}」？" if near else ""
