"""Lists of many cells, made without a template: there a cell costs ten times as much, which was a third of a page.

All that comes from the office is escaped here, cell by cell; what is given back is marked as safe for a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup, escape

from qrecords.model.field import Field, FieldType
from qrecords.model.numbering import RECORD_NO
from qrecords.model.record import STATE_LABELS

if TYPE_CHECKING:
    from qrecords.model.form import Form, Stage
    from qrecords.services.finding.search import Hit

_SPECIAL = re.compile("[&<>\"']")
_MARKED = re.compile("【(.*?)】")
_STATES = {state.value: label for state, label in STATE_LABELS.items()}
_WITHOUT_PAGE = {"void", "destroyed"}


# What a facet's name is shown as, how many hits it is of, and the address of those alone.
Choice = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Facet:
    """What the hits of a search are of one kind: the most frequent, and the rest folded away."""

    label: str
    entries: Sequence[Choice]
    rest: Sequence[Choice]


def value_text(value: Any, field: Field | None = None) -> str:
    """Return a stored value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(str, value))
    if field is not None and field.type is FieldType.DATETIME:
        return str(value).replace("T", " ")
    return f"{value}{field.unit if field else ''}"


def by_stage(fields: Iterable[Field], form: Form) -> list[tuple[Stage, list[Field]]]:
    """Return the fields of each stage of a form, in order."""
    groups: dict[str, list[Field]] = {stage.key: [] for stage in form.stages}
    for field in fields:
        if field.stage in groups:
            groups[field.stage].append(field)
    return [(stage, groups[stage.key]) for stage in form.stages]


def marked(snippet: str) -> Markup:
    """Return a snippet with what matched, between 【 and 】, marked."""
    return _safe([_MARKED.sub(r"<mark>\1</mark>", _escaped(snippet))])


def values_table(form: Form, fields: Iterable[Field], values: Mapping[str, Any]) -> Markup:
    """Return the values of a record under the headings of their stages."""
    return _safe(_values(form, fields, values))


def _values(form: Form, fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[str]:
    yield '<table class="values">\n'
    for stage, group in by_stage(fields, form):
        if not group:
            continue
        by = f"<small>　{_escaped(stage.by)}</small>" if stage.by else ""
        yield f'<tbody><tr class="part"><th colspan="2" scope="rowgroup">{_escaped(stage.label)}{by}</th></tr>\n'
        for field in group:
            value, label = values.get(field.key), _escaped(field.label)
            yield f'<tr id="v-{_escaped(field.key)}"><th scope="row">{label}</th><td>'
            if field.columns and value:
                yield from _lines(field, value)
            else:
                yield f'<span class="typed">{_escaped(value_text(value, field))}</span>'
            yield "</td></tr>\n"
        yield "</tbody>\n"
    yield "</table>"


def _lines(field: Field, lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    label = _escaped(field.label)
    yield f'<div class="wide" tabindex="0" role="group" aria-label="{label}"><table class="lines"><thead><tr>'
    yield from (f"<th>{_escaped(c.label)}</th>" for c in field.columns)
    yield "</tr></thead><tbody>"
    for line in lines:
        cells = (f"<td>{_escaped(value_text(line.get(c.key), c))}</td>" for c in field.columns)
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def hit_rows(hits: Iterable[Hit], text: str) -> Markup:
    """Return the hits of a search, each with the way to its page when words were asked for."""
    asked = quote(text, safe="/")
    return _safe(_hit(hit, asked) for hit in hits)


def facet_lists(facets: Iterable[Facet]) -> Markup:
    """Return what the hits of a search are, kind by kind, each with the way to those alone."""
    return _safe(_facet(facet) for facet in facets)


def _facet(facet: Facet) -> str:
    rest = ""
    if facet.rest:
        rest = f"<details><summary>另有{len(facet.rest)}个</summary>{_choices(facet.rest)}</details>"
    return f"<section><h2>{_escaped(facet.label)}</h2>{_choices(facet.entries)}\n{rest}</section>\n"


def _choices(choices: Iterable[Choice]) -> str:
    lines = (
        f'<li><a href="{_escaped(go)}">{_escaped(shown)}<span class="count">{count}</span></a></li>'
        for shown, count, go in choices
    )
    return f"<ul>{''.join(lines)}</ul>"


def _hit(hit: Hit, asked: str) -> str:
    number = _escaped(hit.record_no)
    volume = f"　{_escaped(hit.volume_code)}" if hit.volume_code else ""
    page = f' <a class="look" href="/records/{number}/page?q={asked}" aria-label="在纸面上看 {number}">纸面</a>'
    return (
        f'<li><a href="/records/{number}"><strong>{number}</strong>　{_escaped(hit.title)}</a>'
        f'<span class="state {_escaped(hit.state)}">{_STATES[hit.state]}</span><br>'
        f"<small>{_escaped(hit.date)}　{_escaped(hit.customer_unit)}{volume}</small>"
        f'<p class="snippet">{marked(hit.snippet)}{page if asked and hit.state not in _WITHOUT_PAGE else ""}</p></li>\n'
    )


def _escaped(text: str) -> str:
    """Return a text as it stands in a page; most texts stand there as they are."""
    return str(escape(text)) if _SPECIAL.search(text) else text


def _safe(parts: Iterable[str]) -> Markup:
    return Markup("".join(parts))  # noqa: S704 - every part is escaped where it is made


_NUMBERS = re.compile(rf"(?<![A-Z0-9.-]){RECORD_NO.pattern.strip('^$')}(?!\d)")


def linked(text: str) -> Markup:
    """Return a line with each record's number in it as a link to the record, all else escaped."""
    parts, at = [], 0
    for found in _NUMBERS.finditer(text):
        parts += [escape(text[at : found.start()]), Markup('<a href="/records/{0}">{0}</a>').format(found[0])]
        at = found.end()
    return Markup().join([*parts, escape(text[at:])])
