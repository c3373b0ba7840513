"""Every screen of the desk in a real browser, of an office in which every text field holds what browsers would run.

What is typed comes out as text; no screen has a serious fault (axe) or leaves its window at any size; each prints.
The texts are put into the fields the forms' definitions name: a new field is among them by itself. Every screen is
opened once; its paper is left out, which other files look at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pypdfium2
import pytest
from playwright.sync_api import Browser, BrowserContext

from qrecords.errors import InvalidInput
from qrecords.model.field import Field, FieldType
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.file import file_records
from qrecords.services.finding.saved import SavedSearch, save_search
from qrecords.services.finding.search import Criteria
from qrecords.services.intake import drafting, registermonth
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from qrecords.web.wording import worded
from tests.conftest import sample_of
from tests.faulty_disk import blank_convert
from tests.web.browsing import address, browser_marks, browsing, chromium, context, house
from tests.web.test_desk import ALL_FORMS, HOSTILE, as_typed
from tests.web.test_desk import Browser as Client
from tests.web.visiting import RUNS_SOMETHING, Visit, paper_of, printed_text, visited

__all__ = ["address", "chromium", "context", "house"]
pytestmark = browser_marks
TEXT = {FieldType.TEXT, FieldType.LTEXT}
ALL = "\n".join(HOSTILE)
# What may stand in no text field of a record, since it names another record, a code, a number of people's own.
NAMES_SOMETHING = {"source_record_no", "notice_no", "intake_record_no", "form_code", "record_no"}


def hostile(field: Field, n: int) -> str:
    """Return what a text field shall hold: of one line a payload, each field another; of many lines all of them."""
    return ALL if field.type is FieldType.LTEXT else HOSTILE[n % len(HOSTILE)]


def poisoned(office: Office, form_code: str, shift: int) -> dict[str, Any]:
    """Return a form's sample with something hostile in every text it may hold."""
    values = dict(sample_of(form_code, source_record_no=None))
    for n, field in enumerate(office.forms.get(form_code).form.input_fields, start=shift):
        if field.type in TEXT and field.key not in NAMES_SOMETHING and (field.key in values or field.required):
            values[field.key] = hostile(field, n)
        elif field.type is FieldType.ROWS and values.get(field.key):
            texts = [c for c in field.columns if c.type in TEXT and c.key not in NAMES_SOMETHING]
            values[field.key] = [
                {**line, **{c.key: hostile(c, n + m + row) for m, c in enumerate(texts)}}
                for row, line in enumerate(values[field.key])
            ]
    return values | ({"channel": "电话"} if form_code == "01A" else {})


@pytest.fixture(scope="module")
def screens(house: Office, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, str]:
    """Fill the office, and return the address of every screen by its name."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Converter, "convert", blank_convert)
    request.addfinalizer(patch.undo)
    folder, found = tmp_path_factory.mktemp("inputs"), dict[str, str]()
    client = Client(house).enter()

    def put(form: str, values: dict[str, Any], name: str = "") -> str:
        path = folder / (name or f"{len([*folder.iterdir()])}.json")
        # A record takes no character that cannot be printed.
        text = json.dumps(values, ensure_ascii=False).replace("\u202e", "")
        path.write_text(text, encoding="utf-8")
        try:
            return fill(house, form, [on_disk(path)], same_again=True).records[0].record_no
        except InvalidInput as error:  # what a check holds to a pattern keeps the sample's words
            sample, bad = sample_of(form), {drafting.problem_field(p) for p in error.problems}
            assert bad & {*values} and any(values[k] != sample.get(k) for k in bad & {*values}), error.problems
            return put(form, values | {k: sample[k] for k in bad & {*sample}})

    numbers: dict[str, str] = {}
    for shift, form in enumerate(ALL_FORMS):
        values = poisoned(house, form, shift)
        needs = {"notice_no": "04A", "source_record_no": "02A", "intake_record_no": "10A"}
        values |= {key: numbers[f] for key, f in needs.items() if f in numbers and key in values}
        values = {k: v for k, v in values.items() if k not in needs or v in numbers.values()}
        draft = drafting.begin(house, form)
        client.keep(f"/drafts/{draft.key}", as_typed(house, form, values))
        wrong = drafting.look(house, drafting.draft_of(house, draft.key)).wrong
        kept_out = {drafting.problem_field(p) for p in wrong if "U+202E" not in worded(p.message)}
        found[f"draft {form}"] = f"/drafts/{draft.key}"
        sample = sample_of(form)
        numbers[form] = put(form, {k: (sample.get(k) if k in kept_out else v) for k, v in values.items()})
        found[f"record {form}"] = f"/records/{numbers[form]}"
        if form == "04A":
            steps.issue(house, [numbers[form]])
    complete = put("01A", poisoned(house, "01A", 3))
    rows = [put("09A", {**poisoned(house, "09A", n), "subject": f"{n}{HOSTILE[n]}"}) for n in range(3)]
    steps.submit(house, [complete, *rows])
    steps.send_back(house, rows[:1], reason=HOSTILE[0])
    steps.submit(house, rows[:1])
    steps.sign(house, [numbers["04A"]], kind="engineer", by=HOSTILE[1])
    steps.void(house, [numbers["06A"]], reason=HOSTILE[2])
    filed = put("01A", poisoned(house, "01A", 5))
    for act in (steps.submit, lambda o, n: steps.review(o, n, opinion=HOSTILE[3]), file_records):
        act(house, [filed])  # type: ignore[operator]
    for n, text in enumerate(HOSTILE):
        save_search(house, SavedSearch(f"{text}"[:36] + f" {n}", f'"{n}"', Criteria(customer=text)))
    month = registermonth.month_draft(house, "QR758-09A", "2026-02")
    keys = [f.key for f in registermonth.fields_of(house.forms.get("09A").form)]
    registermonth.save(
        house, month, [{k: HOSTILE[(n + m) % 10] for m, k in enumerate(keys)} for n in range(10)], after=0
    )
    return found | {
        "today": "/", "forms": "/fill", "review": f"/review?number={complete}", "rows": "/review/rows/09A",
        "month": "/fill/QR758-09A/months/2026-02", "month there": "/fill/QR758-09A/months/2025-03",
        "ledger": "/records", "search": "/search", "hits": "/search?q=alert", "filed": f"/records/{filed}",
        "page": f"/records/{filed}/page?q=alert", "login": f"/login?to={quote(HOSTILE[1])}",
        "password": f"/password?name={quote(HOSTILE[1])}", "nowhere": f"/records/{quote(HOSTILE[1], safe='')}",
        **{f"search {n}": f"/search?q={quote(text)}&customer={quote(text)}" for n, text in enumerate(HOSTILE)},
    }  # fmt: skip


KINDS = ("today", "forms", "draft 06A", "review", "rows", "month", "month there", "ledger", "search", "hits",
         "record 04A", "filed", "page", "login", "password", "nowhere")  # fmt: skip


@pytest.fixture(scope="module")
def visits(
    chromium: Browser, house: Office, address: str, screens: dict[str, str]
) -> Iterator[tuple[dict[str, Visit], list[str]]]:
    """Open every screen once; returns what was seen of each, and what any of them ran."""
    ran: list[str] = []
    with browsing(chromium, house, address) as context:
        context.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
        page = context.new_page()
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda said: ran.append(said.text) if "Refused to" in said.text else None)
        found = {name: visited(page, where, whole=name in KINDS) for name, where in screens.items()}
        yield found, ran


def test_what_is_typed_anywhere_comes_out_as_text_and_runs_nothing(visits: tuple[dict[str, Visit], list[str]]) -> None:
    found, ran = visits
    assert ran == []
    assert {name: v.runs for name, v in found.items() if v.runs} == {}
    assert [name for name, v in found.items() if "51317" in v.said] == [], "run as a template"
    shown = "".join(v.said for v in found.values()).replace("\u202e", "")
    for text in HOSTILE:
        assert text.replace("\u202e", "") in shown, text


def test_every_screen_is_usable_by_all(visits: tuple[dict[str, Visit], list[str]]) -> None:
    found = {name: v.faults for name, v in visits[0].items() if v.faults}
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


def test_the_names_of_files_come_out_as_text(context: BrowserContext, house: Office, screens: dict[str, str]) -> None:
    page, dialogs = context.new_page(), list[str]()
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    good = sample_of("09A")
    for number, text in enumerate(HOSTILE):
        # Most are refused, telling the name, a value and a field nobody knows.
        values = good | ({"sent_on": text, text: "x"} if number % 5 else {"subject": f"示例：从文件来的{number}"})
        page.goto("/fill", wait_until="domcontentloaded")
        data = json.dumps(values, ensure_ascii=False).encode()
        given = {"name": f"{text}.json", "mimeType": "application/json", "buffer": data}
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.locator('form[action$="09A/file"] input[type=file]').set_input_files(given)  # type: ignore[arg-type]
        assert page.evaluate(RUNS_SOMETHING) == []
        assert page.locator("h1").inner_text()
    assert dialogs == []


@pytest.fixture(scope="module")
def printed(visits: tuple[dict[str, Visit], list[str]]) -> dict[str, str]:
    """Return the text of each kind of screen as it is printed, without what parts its words."""
    return {name: printed_text(visits[0][name]) for name in KINDS}


def test_a_printed_page_says_what_it_is_and_has_nothing_to_press(
    printed: dict[str, str], visits: tuple[dict[str, Visit], list[str]], house: Office
) -> None:
    house_name = re.sub(r"\s", "", f"{house.settings.office.org_name}质量记录室")
    for name, text in printed.items():
        if name not in {"login", "password"}:
            assert house_name in text, name
            for pressed in ("退出", "今日1", "跳到正文", "生成记录Ctrl", "开始审查", "通过T", "存下"):
                assert pressed not in text, f"{name}: {pressed}"
        pages, coloured, corner = paper_of(visits[0][name])
        assert pages <= 14, name
        if name not in {"page", "login", "password"}:  # nobody prints how he signs in
            assert coloured == 0, f"{name}: black on white"
        assert corner == 255


def test_a_printed_table_is_whole(
    printed: dict[str, str], visits: tuple[dict[str, Visit], list[str]], house: Office
) -> None:
    there = {*re.findall(r"QR758-09A-2025-\d{5}", visits[0]["month there"].said)}
    assert there
    for number in there:  # broken at a hyphen it loses it
        assert number.replace("-", "") in printed["month there"].replace("-", "")
    for label in [f.label for f in registermonth.fields_of(house.forms.get("09A").form)]:
        assert label in printed["month"], label
    with pypdfium2.PdfDocument(BytesIO(visits[0]["month there"].printed)) as document:
        width, height = document[0].get_size()
        assert width > height, "a register's month lies across"
