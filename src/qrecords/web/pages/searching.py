"""检索: one field, hits as one types, facets to click, snippets with the words marked, the list as a file,
searches kept by a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from urllib.parse import quote_plus, urlencode

from starlette.responses import Response

from qrecords.errors import InvalidInput
from qrecords.model.queryways import WAYS
from qrecords.model.record import STATE_LABELS, State
from qrecords.model.values import parse_date
from qrecords.services.finding.hitlist import hits_file as all_hits_file
from qrecords.services.finding.saved import SavedSearch, forget_search, save_search, saved_searches
from qrecords.services.finding.search import Criteria, Found, facets_of, search
from qrecords.services.finding.together import has_others, opened_beside, search_together
from qrecords.stores.fulltext.interface import Sort
from qrecords.web.asked import Asked, download
from qrecords.web.cells import Facet

HITS = 20  # a page
SHOWN_FACETS = 8  # of each kind, beside the hits
# What a facet counts, the word of the address that narrows to it, and its name.
FACETS = (
    ("form_code", "form", "表式"), ("year", "year", "年度"), ("state", "state", "状态"),
    ("customer_unit", "customer", "用户"), ("model", "model", "型号"),
)  # fmt: skip
NARROWING = ("form", "year", "state", "customer", "model", "from", "to", "unit")
LABELS = {key: label for _, key, label in FACETS} | {"from": "从", "to": "到", "unit": "承办单位"}


def searching(asked: Asked) -> Response:
    """Show the hits of a query; the page's script asks for the list alone, then for what counts them by kind."""
    given = _given(asked)
    if asked.query("part") == "facets":
        counts = facets_of(asked.session, given.get("q", ""), _criteria(given))
        return asked.page("facets.html", facets=[*_facets(asked, counts, given)])
    alone = asked.query("part") == "hits"
    found: Found | None = None
    wrong: InvalidInput | None = None
    if given:
        try:
            found = search(
                asked.session,
                given.get("q", ""),
                _criteria(given),
                limit=HITS,
                after=asked.query("after"),
                sort=_sort(given),
                facets=not alone,
            )
        except InvalidInput as error:  # half a query, while it is being written
            wrong = error
    return asked.page(
        "hits.html" if alone else "search.html", 422 if wrong and not alone else 200,
        found=found, wrong=wrong, given=given, ways=WAYS, narrowed=[*_narrowed(given)],
        facets=[*_facets(asked, found.facets, given)] if found and not alone else [], counted_later=alone,
        forms=[] if alone else [folder.form for folder in asked.session.forms.all()], query=urlencode(given),
        kept=[] if alone else [*_kept(asked)],
        next=_address(given, after=found.next) if found and found.next else "",
        looser=_looser(found, given) if found else "", others=has_others(asked.session),
    )  # fmt: skip


def offices(asked: Asked) -> Response:
    """Show what is found here and in the group's other offices; a record of theirs is opened at their own desk."""
    given = _given(asked)
    with opened_beside(asked.session) as opened:
        names = {str(o.settings.root): f"{o.settings.office.org_name}（{o.settings.root.name}）" for o in opened}
        found = search_together(
            opened, given.get("q", ""), _criteria(given), limit=HITS, after=asked.query("after")
        ) if given else None  # fmt: skip
    then = urlencode({**given, "after": found.next}) if found and found.next else ""
    return asked.page(
        "together.html", found=found, given=given, names=names, here_is=str(asked.session.settings.root), query=then,
    )  # fmt: skip


def hits_file(asked: Asked) -> Response:
    """Give all hits as a file, as the command line writes it."""
    given = _given(asked)
    name = f"检索结果.{asked.path['kind']}"
    made = all_hits_file(asked.session, given.get("q", ""), _criteria(given), name, sort=_sort(given))
    return download(name, made.data)


def save(asked: Asked) -> Response:
    """Keep a search by a name."""
    given = _given(asked, asked.text)
    search_ = SavedSearch(asked.text("name"), given.get("q", ""), _criteria(given), _sort(given))
    before = save_search(asked.session, search_)
    told = f"已存为「{search_.name}」" + (f"，替换了原来的「{before.text}」" if before else "")
    return asked.go(_address(given), told)


def forget(asked: Asked) -> Response:
    """Let go of a search that was kept."""
    forget_search(asked.session, asked.text("name"))
    return asked.go("/search", f"已删去存下的检索「{asked.text('name')}」")


def _kept(asked: Asked) -> Iterator[dict[str, str]]:
    """Give the searches the account keeps, each with its address."""
    words = {"form_code": "form", "date_from": "from", "date_to": "to"}
    for one in saved_searches(asked.session):
        given = {words.get(key, key): str(value) for key, value in asdict(one.criteria).items() if value}
        sort = "relevance" if one.sort == "relevance" else ""
        yield {"name": one.name, "text": one.text, "go": _address({"q": one.text, **given, "sort": sort})}


def _given(asked: Asked, word: Callable[[str], str] | None = None) -> dict[str, str]:
    """Return what is asked for, without what is empty."""
    word = word or asked.query
    given = {name: text for name in ("q", *NARROWING) if (text := word(name).strip())}
    return given | {"sort": "relevance"} if given and word("sort") == "relevance" else given


def _criteria(given: Mapping[str, str]) -> Criteria:
    year = given.get("year", "")
    if year and not (year.isdecimal() and len(year) == 4):
        raise InvalidInput(f"年度「{year}」不是四位数字", remedy="请写成 2026 的样子")
    if (state := given.get("state", "")) not in {"", *State}:
        raise InvalidInput(f"没有「{state}」这个状态", remedy="请从列出的状态里选")
    return Criteria(
        form_code=given.get("form", ""),
        year=int(year) if year else None,
        date_from=_day(given.get("from", "")),
        date_to=_day(given.get("to", "")),
        unit=given.get("unit", ""),
        state=state,
        customer=given.get("customer", ""),
        model=given.get("model", ""),
    )


def _day(text: str) -> str:
    try:
        return parse_date(text) if text else ""
    except ValueError as error:
        raise InvalidInput(str(error), remedy="请写成 2026-03-05 的样子") from None


def _sort(given: Mapping[str, str]) -> Sort:
    return "relevance" if given.get("sort") == "relevance" else "date"


def _address(given: Mapping[str, str], **changes: str) -> str:
    there = urlencode({k: v for k, v in {**given, **changes}.items() if v})
    return f"/search?{there}" if there else "/search"


def _narrowed(given: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Give what narrows the search, each with the address of the search without it."""
    for name in NARROWING:
        if value := given.get(name):
            shown = STATE_LABELS[State(value)] if name == "state" and value in {*State} else value
            yield {"label": LABELS[name], "shown": shown, "without": _address(given, **{name: ""})}


def _facets(asked: Asked, counts: Mapping[str, Mapping[str, int]], given: Mapping[str, str]) -> Iterator[Facet]:
    """Give what the hits are, where there is something to choose from; the counts are of what the account may read."""
    narrower = _address(given)
    sign = "&" if "?" in narrower else "?"
    for facet, name, label in FACETS:
        there = counts[facet]
        if name in given or len(there) < 2:
            continue
        choices = [
            (_shown(asked, name, value), count, f"{narrower}{sign}{name}={quote_plus(value)}")
            for value, count in there.items()
        ]
        yield Facet(label, choices[:SHOWN_FACETS], choices[SHOWN_FACETS:])


def _shown(asked: Asked, name: str, value: str) -> str:
    if name == "state":
        return STATE_LABELS[State(value)]
    return f"{value.rpartition('-')[2]} {asked.session.outlines.get(value).title}" if name == "form" else value


def _looser(found: Found, given: Mapping[str, str]) -> str:
    """Return the address of the near query that finds something."""
    if not (near := found.looser):
        return ""
    kept = given if near.conditions else {k: v for k, v in given.items() if k not in NARROWING}
    return _address(kept, q=near.query)
