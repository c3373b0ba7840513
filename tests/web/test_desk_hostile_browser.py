"""The pages of supervisors and archivists given what browsers would run, in every text they take: it comes out as text.

Each form is sent with each payload in each of its texts, each address asked with each: no answer has an element made
of it. Then the pages that show what was kept are opened in the browser: no dialog opens. Answers that are pages of
their own are looked at for their faults too.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from playwright.sync_api import Browser, Page

from qrecords.model.field import FieldType
from qrecords.model.figures.alarms import Alarm, answered
from qrecords.model.formats import AlarmJson
from qrecords.model.lists import KINDS
from qrecords.office import Office
from qrecords.render.code import payload
from qrecords.render.pdf import Converter
from qrecords.services import jobs
from qrecords.services.access import copies
from qrecords.services.finding.find import list_records
from qrecords.services.intake.drafting import drafts
from qrecords.services.intake.fill import fill
from qrecords.services.intake.lists import list_fields
from qrecords.services.intake.update import update
from qrecords.services.print import print_records
from qrecords.services.reports.computed import prepare
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.stores.given import on_disk
from qrecords.stores.register.deskdrafts import DeskDraft
from qrecords.web.wording import worded
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.office_steps import sheet
from tests.retention_office import TODAY, C, People
from tests.web.browsing import browser_marks, browsing, chromium, served
from tests.web.test_desk import HOSTILE, as_typed
from tests.web.test_desk_retention import add_people
from tests.web.visiting import RUNS_SOMETHING, Visit, seen, visited

__all__ = ["chromium"]
pytestmark = browser_marks
TEXTS = {FieldType.TEXT, FieldType.LTEXT}
SHOWN = [text.replace("\u202e", "") for text in HOSTILE]  # what is kept holds no character that turns others round


@pytest.fixture(scope="module", autouse=True)
def _blank_papers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Converter, "convert", blank_convert)
        patch.setattr("qrecords.services.reports.draw.prepare", _alarming)
        yield


def _of_others(folder: Path) -> Path:
    """Write a record whose texts are all hostile: the other office has it too."""
    path, text = folder / "information.json", " ".join(SHOWN)
    path.write_text(json.dumps(kept.information(7, "示例单位") | {"info_content": text}, ensure_ascii=False), "utf-8")
    return path


def _complaints(folder: Path) -> Path:
    """Write down a complaint that praises too for each text: the evaluation's paper begins with both."""
    path = folder / "complaints.json"
    told = [
        kept.information(9, text) | {"info_type": ["表扬（感谢）", "投诉"], "info_content": text, "serial_no": f"S{n}"}
        for n, text in enumerate(SHOWN)
    ]
    path.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    return path


def _alarming(office: Office, tx: Any, asked: Asked, progress: Any = None) -> Prepared:
    """Stand in for figures below their targets: whoever draws has to answer."""
    found = prepare(office, tx, asked, progress)
    if asked.kind != "MY":
        return found
    (one,) = answered([Alarm("A2", "A2.service", "示例指标低于目标", ())], {}, asked.said)
    return replace(found, alarms=(AlarmJson("A2.service", "A2", one.alarm.told, one.state, (), one.reason, one.by),))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Give the retention tests' office with records of hostile values, one of which was printed before it changed."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(kept._base.__wrapped__(), folder / "office")
    evaluated = folder / "office" / "forms" / "KF758" / "evaluation.toml"
    evaluated.write_text(evaluated.read_text("utf-8").replace("on = false", "on = true"), "utf-8")
    with kept.opened(folder / "office") as found:
        office = found.office
        add_people(office, "甲", "乙", "丙")
        workspace = office.workspace
        desk = replace(
            workspace.settings.desk, backup_folder="../kept", restore_folder="../again", export_folder="../out",
            offices="../beside", previews_per_minute=0, uploads_per_minute=0, searches_per_minute=0,
        )  # fmt: skip
        workspace.settings = replace(workspace.settings, desk=desk)
        values = []
        for n, text in enumerate(SHOWN):
            changed = {"customer_unit": text, "fault_symptom": text, "serial_no": f"S{n}"}
            values.append(kept.sample("06A", training_content=None, training_hours=None, **changed))
        given = folder / "values.json"
        given.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        numbers = [made.record_no for made in fill(office, "06A", [on_disk(given)]).records]
        fill(office, "01A", [on_disk(_of_others(folder))])
        shutil.copytree(folder / "office", folder / "beside")
        fill(office, "01A", [on_disk(_complaints(folder))])
        print_records(office, numbers[:1])
        changes = folder / "changes.json"
        changes.write_text(json.dumps({"customer_unit": SHOWN[1]}), encoding="utf-8")
        update(office, numbers[0], on_disk(changes))
        sheet(folder / "changed.png", payload(numbers[0], 1))
        for n in range(len(HOSTILE)):
            sheet(folder / f"{n}.png", f"HTTP://EXAMPLE.ORG/{n}")
        yield found


@pytest.fixture(scope="module")
def address(people: People) -> Iterator[str]:
    with served(people.office, lambda: jobs.work_off(people.office.workspace, worded)) as place:
        yield place


# The pages whose forms are sent, and as whom: each shows the steps that are his.
FORMS_OF = [
    ("甲", page) for page in (
        "/retention", "/copies", "/scans", "/shelf/2019", "/reports", "/reports/KF-BB-2019-001", "/office/accounts",
        "/office/lists/customers", "/office/lists/products", "/office/forms/QR758-01A", "/office/log", "/owed",
        f"/records/{C}/correct", f"/records/{C}/papers",
    )
] + [("乙", "/retention"), ("乙", "/copies"), ("甲", f"/retention/lists/{kept.LIST_NO}"),
     ("丙", f"/retention/lists/{kept.LIST_NO}")]  # fmt: skip
ASKED = [
    "/retention?on=H", "/retention/lists/H", f"/retention/lists/{kept.LIST_NO}/H", "/copies?number=H&state=H",
    "/scans?q=H", "/scans/H/page.jpg", "/shelf/H", "/volumes/H", "/reports?year=H", "/reports/H",
    "/reports/KF-BB-2019-001?figure=H", "/reports/KF-BB-2019-001/chart?name=H", "/reports/KF-BB-2019-001/file?name=H",
    "/reports/charts/H.svg", "/office/lists/H", "/office/lists/customers?q=H", "/office/lists/products?q=H",
    "/office/tracking?q=H", "/office/forms/H", "/office/log?object=H&account=H&action=H&after=H",
    "/office/log?from=H&to=H", "/office/backups/H", "/jobs/H", "/search/offices?q=H&customer=H&model=H",
    f"/records/{C}/papers/H", "/records/H/papers", "/records/H/correct", "/shelf/2019/catalogue.H", "/H",
]  # fmt: skip
POSTED = [
    "/retention/H", "/scans/H/turn", "/reports/H/evaluation", "/reports/steps/H", "/office/packs/H", "/office/backups/H/check",
    "/office/backups/H/restore", "/office/restored/H/replay", "/jobs/H/stop", "/volumes/H/verify", "/records/H/export",
    "/office/accounts/H", "/copies/H", "/shelf/H/export",
]  # fmt: skip
# What a field takes that is no free text: the rest of its form is sent with this, it is sent hostile by itself.
GIVEN = {
    "subject": C, "number": C, "list": kept.LIST_NO, "hash": "0" * 64, "on": TODAY, "until": "2090-01-01", "since": TODAY,
    "due": "2090-01-01", "count": "1", "name": "示例", "heads": "", "from": "", "to": "", "period": "2019-03", "new": "x",
    "again": "x", "mail": "1",
}  # fmt: skip
READ_FORMS = """() => [...document.forms].filter((f) => f.method === "post" && f.getAttribute("action") !== "/logout").flatMap((f) => {
  const said = {}, texts = [], files = [];
  for (const e of f.elements) {
    if (!e.name || e.name === "token" || e.name === "once") continue;
    if (e.type === "file") files.push(e.name);
    else if (["checkbox", "radio"].includes(e.type)) { if (!e.disabled && !(e.name in said)) said[e.name] = e.value; }
    else if (e.tagName === "TEXTAREA" || ["text", "search", "password"].includes(e.type)) { texts.push(e.name); said[e.name] = e.value; }
    else if (e.tagName !== "BUTTON") said[e.name] = e.value;
  }
  const ways = [f.getAttribute("action"), ...[...f.querySelectorAll("[formaction]")].map((b) => b.getAttribute("formaction"))];
  return [...new Set(ways)].map((where) => ({ where, said, texts, files }));
})"""
# Forms sent with more than their page's one form says: the answer to alarms, the editor's remark.
SAID: list[tuple[str, dict[str, str]]] = [
    ("/reports/steps/draw", {"kind": "MY", "period": "2019", "answer": "H", "remark": "H"}),
    ("/owed", {"service_category": "开通", "on_site": "是", "units.0.product_model": "H", "units.0.serial_no": "H"}),
    ("/spares", {"until": "H"}),
    ("/spares", {"kept_name": "H", "kept": "H"}),
]
# Sends a form, or asks an address, and looks through the answer as a page that is not shown.
ASK = """async ([where, said, files, text]) => {
  const body = new FormData();
  for (const [key, value] of Object.entries({ token: document.body.dataset.token, ...(said ?? {}) })) body.append(key, value);
  for (const [key, name, bytes] of files) body.append(key, new File([new Uint8Array(bytes)], name));
  const answer = await fetch(where, said ? { method: "POST", body } : {});
  const html = (answer.headers.get("content-type") ?? "").includes("html");
  const page = new DOMParser().parseFromString(html ? await answer.text() : "", "text/html");
  const told = page.body.textContent + [...page.querySelectorAll("input")].map((e) => e.getAttribute("value")).join("\\n");
  return [answer.status, (RUNS)(page), told.includes(text)];
}""".replace("RUNS", RUNS_SOMETHING)
ANSWERS = {200, 303, 403, 404, 405, 409, 413, 422}


@dataclass
class Looked:
    """What came of it all: elements made, by which address each text was shown, the pages opened afterwards, dialogs."""

    made: list[Any] = field(default_factory=list)
    taken: dict[str, set[int]] = field(default_factory=dict)  # which payloads, by the form that was done with them
    shown: dict[str, set[int]] = field(default_factory=dict)
    pages: dict[str, Visit] = field(default_factory=dict)
    dialogs: list[str] = field(default_factory=list)

    def ask(self, page: Page, where: str, said: dict[str, str] | None, number: int, *files: list[Any]) -> None:
        """Ask with a payload, and look through the answer."""
        status, made, shown = page.evaluate(ASK, [where, said, files, SHOWN[number].strip()])
        if made or status not in ANSWERS:
            self.made.append([where, said, status, made])
        if status == 200:
            self.taken.setdefault(where, set()).add(number)
        if shown:
            self.shown.setdefault(where, set()).add(number)


def _sends(form: dict[str, Any], given: dict[str, str]) -> Iterator[tuple[int, dict[str, str], list[str]]]:
    """Give what a form is sent with: each payload in all its free texts and names of files, then in each other field."""
    free = [key for key in form["texts"] if key not in given]
    good = form["said"] | {key: given[key] for key in form["texts"] if key in given}
    for n, text in enumerate(HOSTILE):
        named = {"name": f"x{n}"} if "name" in form["texts"] else {}
        yield n, good | named | dict.fromkeys(free, text), form["files"]
        for key in [key for key in form["texts"] if key in given]:
            yield n, good | named | dict.fromkeys(free, "示例") | {key: text}, []


def _given(office: Office) -> dict[str, str]:
    """Return what fields take that are no free text, those of the lists among them."""
    fields = [one for kind in KINDS.values() for one in list_fields(office, kind) if one.type is not FieldType.TEXT]
    return GIVEN | {f"entry.{one.key}": "2024-03-05" if one.type is FieldType.DATE else "" for one in fields}


EVALUATED = "KF-BB-2019-002"


def _evaluate(office: Office, page: Page, found: Looked) -> None:
    """Begin the paper of an evaluation for each text, write it in every free text, look, and make a record of it."""
    form = office.forms.get("PJ").form
    free = {f.key for f in form.input_fields if f.type in TEXTS and (f.max_length or 99) >= 40}
    lines = [f"{f.key}.0.{c.key}" for f in form.input_fields for c in f.columns if c.type in TEXTS and not c.max_length]

    def begun() -> list[DeskDraft]:
        return [draft for draft in drafts(office) if draft.form_code == form.code]

    for n, text in enumerate(HOSTILE):
        found.ask(page, f"/reports/{EVALUATED}/evaluation", {}, n)
        (draft,) = begun()
        where, typed = f"/drafts/{draft.key}", as_typed(office, "PJ", dict(draft.values))
        typed |= dict.fromkeys([*free, *lines], text)
        found.ask(page, where, typed | {"revision": str(draft.revision)}, n)
        found.pages[f"begun {n}"] = visited(page, where, whole=False)
        found.ask(page, f"{where}/make", typed | {"revision": str(begun()[0].revision)}, n)
        for left in begun():  # refused: its texts are on its page still
            found.ask(page, f"/drafts/{left.key}/drop", {}, n)
    for record in list_records(office, form_code="PJ"):
        found.pages[record.record_no] = visited(page, f"/records/{record.record_no}", whole=False)


@pytest.fixture(scope="module")
def looked(chromium: Browser, people: People, address: str) -> Iterator[Looked]:
    """Send every form and ask every address with every payload, and open what shows what was kept."""
    found, folder = Looked(), people.root.parent
    sheets = [[*(folder / f"{n}.png").read_bytes()] for n in range(len(HOSTILE))]
    given = _given(people.office)
    opened = {name: browsing(chromium, people(name), address) for name in ("甲", "乙", "丙")}
    pages = {name: one.__enter__().new_page() for name, one in opened.items()}
    for page in pages.values():
        page.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
        page.on("dialog", lambda dialog: (found.dialogs.append(dialog.message), dialog.dismiss()))
    first, second = pages["甲"], pages["乙"]

    def send_all(name: str, where: str) -> None:
        page, sent = pages[name], set()
        page.goto(where, wait_until="domcontentloaded")
        for form in page.evaluate(READ_FORMS):
            about = (form["where"], form["said"].get("part", ""))
            if about in sent or not (form["texts"] or form["files"]):
                continue
            sent.add(about)
            for n, said, files in _sends(form, given):
                found.ask(page, form["where"], said, n, *([key, f"{HOSTILE[n]}.png", sheets[n]] for key in files))

    for page in (first, second):
        page.goto("/retention", wait_until="domcontentloaded")
    for period in ("2019-03", "2019-H1"):
        found.ask(first, "/reports/steps/draw", {"kind": "BB", "period": period, "answer": "示例"}, 0)
    found.ask(first, "/retention/appraise", {"number": kept.ITEM_ROWS, "reason": HOSTILE[0]}, 0)
    changed = [*(folder / "changed.png").read_bytes()]
    found.ask(
        first, "/scans", {"kind": "用户签名", "by": "示例用户", "on": "2019-12-30"}, 0, ["file", "a.png", changed]
    )
    found.pages["what was changed"] = visited(first, "/scans", whole=False)
    for name, where in FORMS_OF:
        if name == "丙":
            found.ask(second, "/retention/approve", {"list": kept.LIST_NO}, 0)
        send_all(name, where)
    for n, text in enumerate(HOSTILE):
        part = quote(text, safe="")
        for where, said in SAID:
            found.ask(first, where, {key: text if value == "H" else value for key, value in said.items()}, n)
        for where in ASKED:
            found.ask(first, re.sub(r"\bH\b", part.replace("\\", ""), where), None, n)
        for where in POSTED:
            found.ask(first, re.sub(r"\bH\b", part, where), {"reason": text}, n)
        found.ask(first, "/jobs", {"work": text}, n)
    _evaluate(people("甲"), first, found)
    with people.office.register.read() as tx:
        keys = [job.key for job in tx.jobs.all("")]
    more = (
        "/jobs",
        "/shelf",
        "/office",
        "/office/tracking",
        "/office/backups",
        f"/records/{C}",
        "/reports/KF-MY-2019-001",
    )
    for where in (
        *dict.fromkeys(page for _, page in FORMS_OF),
        *more,
        *(f"/jobs/{key}" for key in keys),
        "/search/offices?q=7331",
        *(f"/office/log?object={quote(text)}" for text in HOSTILE),
    ):
        found.pages[where] = visited(first, where, whole=False)
    yield found
    for one in opened.values():
        one.__exit__(None, None, None)


def test_no_answer_has_an_element_made_of_what_was_sent(looked: Looked) -> None:
    assert looked.made == [], json.dumps(looked.made[:10], ensure_ascii=False, indent=1)
    assert looked.dialogs == []
    assert {where: visit.runs for where, visit in looked.pages.items() if visit.runs} == {}
    assert [where for where, visit in looked.pages.items() if "51317" in visit.said] == [], "run as a template"


# Pages that show what was kept, and the forms whose answers do: every text that may be kept at all, on each of them.
KEPT = (
    "/retention",
    "/copies",
    "/office/accounts",
    "/office/lists/customers",
    "/office/lists/products",
    "/office/tracking",
)
SAYS = (
    "/retention/hold", "/retention/extend", "/copies/request", "/office/accounts/add", "/office/accounts/grant",
    "/office/accounts/rename", "/office/lists/customers", "/office/lists/products", "/owed", "/reports/steps/draw",
    "/reports/steps/sign",
)  # fmt: skip
# A record, a purpose, a name holds no character that turns the others round: whoever sends the last text is refused.
ALLOWED = range(len(HOSTILE) - 1)


def test_what_was_sent_comes_out_as_text(looked: Looked) -> None:
    for where in KEPT:
        assert [n for n in ALLOWED if SHOWN[n] not in looked.pages[where].said] == [], where
    for where in SAYS:
        assert looked.shown[where] >= {*ALLOWED}, where
    for where in ("/retention/hold", "/copies/request", "/office/accounts/add", "/office/lists/customers"):
        assert looked.taken[where] == {*ALLOWED}, where
    changed = looked.pages["what was changed"].said
    assert f"印的是「{SHOWN[0]}」，现在是「{SHOWN[1]}」" in changed, "of a print that is out of date"
    assert SHOWN[8] in looked.pages["/reports/KF-MY-2019-001"].said, "the answer to an alarm"
    jobs_, scans = looked.pages["/jobs"].said, looked.pages["/scans"].said
    for text in ("javascript:alert(1).png", "<img src=x onerror=alert(1)>.png", "{{ 7331*7 }}.png", "script><b>x.png"):
        assert text in scans, "a scan's name"
    assert HOSTILE[2] in jobs_, "what a job could not do"
    (beside,) = [visit.said for where, visit in looked.pages.items() if where.startswith("/search/offices")]
    assert "（beside）" in beside
    assert SHOWN[1] in beside


def test_an_evaluation_is_begun_kept_and_made_with_it_as_text(looked: Looked) -> None:
    assert looked.shown[f"/reports/{EVALUATED}/evaluation"] >= {*ALLOWED}, "as complaint and praise of the report"
    for n in ALLOWED:
        assert looked.pages[f"begun {n}"].said.count(SHOWN[n]) > 5, SHOWN[n]
    made = [visit.said for where, visit in looked.pages.items() if where.startswith("KF758-PJ-")]
    assert len(made) == len(ALLOWED)
    assert [n for n in ALLOWED if not any(SHOWN[n] in said for said in made)] == []


def _sent(page: Page, where: str, said: dict[str, str], file: tuple[str, bytes] | None = None) -> Visit:
    """Send a form as the browser does, and look at the page that answers."""
    page.evaluate(
        """([where, said, file]) => {
          const form = document.createElement("form");
          Object.assign(form, { id: "sent", method: "post", action: where, enctype: "multipart/form-data" });
          for (const [name, value] of Object.entries({ token: document.body.dataset.token, ...said }))
            form.append(Object.assign(document.createElement("input"), { name, value }));
          if (file) form.append(Object.assign(document.createElement("input"), { type: "file", name: "file", id: "given" }));
          document.body.append(form);
        }""",
        [where, said, bool(file)],
    )
    if file:
        given = {"name": file[0], "mimeType": "application/octet-stream", "buffer": file[1]}
        page.locator("#given").set_input_files(given)  # type: ignore[arg-type]
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.evaluate("document.getElementById('sent').submit()")
    return seen(page, whole=True)


def _corrected_in_nothing(page: Page) -> Visit:
    """Send the form of a correction as it stands."""
    page.goto(f"/records/{C}/correct", wait_until="domcontentloaded")
    form = page.locator(f'form[action="/records/{C}/correct"]')
    form.locator("[name=reason]").fill("示例")
    with page.expect_navigation(wait_until="domcontentloaded"):
        form.evaluate("f => f.submit()")
    return seen(page, whole=True)


def test_answers_that_are_pages_have_no_serious_fault(chromium: Browser, people: People, address: str) -> None:
    book, workbook = BytesIO(), openpyxl.Workbook()
    values = kept.information(9, "示例单位九") | {"received_at": "2月30日"}
    labels = {one.key: one.label for one in people.office.forms.get("01A").form.input_fields}
    for row in (labels[key] for key in values), (str(values[key]) for key in values):
        workbook.active.append([*row])
    workbook.save(book)
    good = json.dumps(kept.information(8, "示例单位八"), ensure_ascii=False).encode()
    number = copies.request(people("甲"), kept.A, purpose="示例").request_no
    copies.approve(people("乙"), number)
    with browsing(chromium, people("乙"), address) as context:
        context.route("**/*.pdf*", lambda route: route.fulfill(body="", content_type="text/plain"))
        page = context.new_page()
        page.goto("/retention", wait_until="domcontentloaded")
        found = {
            "1条有了编号": _sent(page, "/fill/01A/file", {}, ("rows.json", good)),
            "2月30日": _sent(page, "/fill/01A/file", {}, ("rows.xlsx", book.getvalue())),
            "打开密码": _sent(page, "/copies/issue", {"number": number}),
            "日志被截短或改写过": _sent(page, "/office/log/verify", {"heads": "f" * 64}),
            "应有": _sent(page, "/owed", {"service_category": "开通", "on_site": "是"}),
            "可建议的": _sent(page, "/spares", {}),
            "没有采用": _sent(page, "/office/forms/QR758-01A/template", {}, ("bad.docx", b"no Word file")),
            "没有要更正的": _corrected_in_nothing(page),
            "没有等待审查的记录": visited(page, "/review", whole=True),
        }
    for words, visit in found.items():
        assert words in visit.said, visit.said
        assert visit.runs == []
    faults = {words: visit.faults for words, visit in found.items() if visit.faults}
    assert faults == {}, json.dumps(faults, ensure_ascii=False, indent=1)
