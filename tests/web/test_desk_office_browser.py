"""The desk for supervisors and archivists in a real browser: one office, from a stack of scans to a destruction.

The tests go on one from the other, as the office's days do.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from docx import Document
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from qrecords.render.code import code_png, payload
from qrecords.render.pdf import Converter
from qrecords.services import jobs, steps
from qrecords.services.care.verify import verify
from qrecords.services.disposition.lists import lists
from qrecords.services.finding.find import show
from qrecords.services.intake.templates import template_file
from qrecords.services.intake.update import update
from qrecords.services.reports.draw import draw
from qrecords.services.volumes.shelf import list_volumes
from qrecords.stores.given import on_disk
from qrecords.web.app import ROUTES
from qrecords.web.wording import worded
from tests import paper
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.retention_office import TODAY, VOLUME, A, People
from tests.web.browsing import browser_marks, browsing, chromium, served
from tests.web.test_desk_retention import add_people
from tests.web.visiting import Visit, paper_of, printed_text, visited

__all__ = ["chromium"]
pytestmark = browser_marks
SCREENS = (
    "/scans", "/shelf", "/retention", "/copies", "/reports", "/office", "/office/accounts",
    "/office/lists/customers", "/office/forms", "/office/forms/06A", "/office/log", "/jobs", "/office/backups",
    "/office/backups/kept", "/owed", "/spares", "/improve", f"/records/{kept.C}/correct", f"/records/{kept.C}/papers",
    "/office/packs", "/office/tracking", f"/retention/lists/{kept.LIST_NO}", "/shelf/2019",
)  # fmt: skip
# Pages of what a test makes, by the route of each, and how its address begins.
MADE = {"/volumes/{code}": "/volumes/", "/jobs/{key}": "/jobs/", "/reports/{number}": "/reports/"}
# What tests/web/test_desk_screens_browser.py visits, and what answers with a file or another page's address.
CLERKS = {
    "/", "/fill", "/drafts/{key}", "/fill/{form}/months/{month}", "/review", "/review/rows/{form}", "/records",
    "/records/{number}", "/records/{number}/page", "/search", "/login", "/password",
}  # fmt: skip
FILES = {
    "/in", "/fill/{form}/months", "/drafts/{key}/page.pdf", "/records/list.{kind}", "/records/{number}/paper.pdf",
    "/records/{number}/page.png", "/records/{number}/papers/{sha256}", "/records/{number}/papers/{sha256}/page.png",
    "/search/hits.{kind}", "/search/offices", "/scans/{page}/page.jpg",
    "/shelf/{year}/catalogue.{kind}", "/volumes/{code}/volume.pdf", "/retention/lists/{number}/{name}",
    "/copies/list.xlsx", "/reports/charts/{name}.svg", "/reports/complaints.{kind}", "/reports/{number}/file",
    "/reports/{number}/chart", "/office/tracking/list.{kind}", "/office/forms/{form}/page.pdf", "/office/forms/{form}/tried.png",
    "/office/forms/{form}/template.docx",
}  # fmt: skip
REPORTS = [f"QR758-06A-2019-{n:05}" for n in range(2, 28)]  # 26 of them, each a page
Enter = Callable[[str], Page]


@contextmanager
def blank_papers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Converter, "convert", blank_convert)
        yield


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Give the retention tests' office, with reports of 2019 that were printed, to be signed."""
    root = tmp_path_factory.mktemp("days") / "office"
    with blank_papers():
        shutil.copytree(kept._base.__wrapped__(), root)
    with kept.opened(root) as found:
        add_people(found.office, "甲", "乙", "丙", "丁", "戊")
        workspace = found.office.workspace
        placed = replace(workspace.settings.desk, backup_folder="../kept", restore_folder="../again")
        workspace.settings = replace(workspace.settings, desk=placed)
        same = {"customer_unit": "示例单位六", "training_content": None, "training_hours": None}
        changes = ({**same, "serial_no": f"S{n}"} for n in range(len(REPORTS)))
        assert kept.filled(found.office, "06A", *(kept.sample("06A", **c) for c in changes)) == REPORTS
        yield found


@pytest.fixture(scope="module")
def address(people: People) -> Iterator[str]:
    def work() -> None:
        threading.Thread(target=jobs.work_off, args=(people.office.workspace, worded), daemon=True).start()

    with served(people.office, work) as place:
        yield place


@pytest.fixture
def enter(chromium: Browser, people: People, address: str) -> Iterator[Enter]:
    """Give the page of a person: each is signed in at a browser of his own."""
    open_ = []

    def page_of(name: str) -> Page:
        opened = browsing(chromium, people(name), address)
        context = opened.__enter__()
        open_.append(opened)
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    yield page_of
    for one in open_:
        one.__exit__(None, None, None)


def scanned(text: str) -> Image.Image:
    """Return a page with nothing but a code on it, or with none."""
    page = Image.new("L", (827, 1169), 255)
    page.paste(90, (60, 400, 740, 430))
    if text:
        page.paste(Image.open(BytesIO(code_png(text))).convert("L").resize((190, 190)), (600, 50))
    return page


def job_ended(page: Page) -> None:
    page.wait_for_url("**/jobs/*")
    expect(page.locator("[data-open]")).to_have_count(0, timeout=60_000)


def test_a_stack_of_thirty_mixed_pages_comes_to_a_clean_inbox(people: People, enter: Enter, tmp_path: Path) -> None:
    office, old, found, last = people.office, REPORTS[-1], REPORTS[5], REPORTS[-2]
    changes = tmp_path / "changes.json"
    changes.write_text('{"customer_unit": "示例单位改"}', encoding="utf-8")
    update(office, old, on_disk(changes))  # since it was printed
    stack = [scanned(payload(number, 1)) for number in REPORTS[::-1]]
    stack += [scanned(""), scanned("HTTP://EXAMPLE.ORG/1"), stack[3], scanned("X").rotate(90, expand=True)]
    assert len(stack) == 30
    page = enter("甲")
    page.goto("/scans")
    page.locator("select[name=kind]").first.select_option("用户签名")
    page.get_by_label("谁签的").first.fill("示例用户")
    page.get_by_label("哪天").first.fill("2019-12-30")
    page.locator("input[type=file]").set_input_files(paper.bundle(stack, tmp_path / "stack.pdf", 100))
    page.get_by_role("button", name="读扫描件").click()
    job_ended(page)
    expect(page.get_by_text("附上25份，3页留待处理，1份没有附上")).to_be_visible()
    page.get_by_role("link", name="回到扫描").click()
    expect(page.get_by_text("印的是「示例单位六」，现在是「示例单位改」")).to_be_visible()
    page.get_by_label("含有").fill(found)
    held: list[Route] = []
    page.route("**/work.js", lambda route: route.continue_() if held else held.append(route))  # the first is on its way
    page.get_by_role("button", name="找").click()
    expect(page.locator("[data-record]")).to_have_count(1)
    waiting = page.locator("[data-page]")
    expect(waiting).to_have_count(3)
    assert waiting.first.get_attribute("draggable") is None, "nobody would hear of it yet"
    held[0].continue_()
    expect(waiting.first).to_have_attribute("draggable", "true")
    waiting.first.drag_to(page.locator(f'[data-record="{found}"]'))
    expect(waiting).to_have_count(2)
    page.goto("/scans")
    while waiting.count():
        first = waiting.first
        before = first.get_attribute("data-page")
        if first.locator("img").evaluate("i => i.naturalWidth > i.naturalHeight"):
            first.get_by_role("button", name="向右转").click()
            expect(page.locator(f"#{before}")).to_have_count(0)
            continue
        first.get_by_role("checkbox").check()
        page.locator("#give-to").fill(last)
        page.get_by_role("button", name="选中的页归到这份记录").click()
        expect(page.locator(f"#{before}")).to_have_count(0)
    expect(page.get_by_text("没有等着的页")).to_be_visible()
    papers = {number: len(show(office, number).attached) for number in REPORTS}
    assert papers == {**dict.fromkeys(REPORTS, 1), old: 0, found: 2, last: 3}, "a page that came twice is kept once"
    assert {number: len(show(office, number).signatures) for number in REPORTS} == papers


def test_a_year_with_two_gaps_is_bound_once_they_are_mended(people: People, enter: Enter) -> None:
    office = people.office
    gaps = REPORTS[:2]
    steps.void(office, REPORTS[2:], reason="示例")
    page = enter("甲")
    page.goto("/shelf/2019")
    expect(page.get_by_role("button", name="带缺件成册")).to_be_visible()
    for number in gaps:
        page.goto("/shelf/2019")
        page.locator("tr", has_text=number).get_by_role("link", name="办这一份").click()
        form = page.locator('form[action="/step/void"]')
        form.get_by_label("原因").fill("示例：登记重了")
        form.get_by_role("button").click()
        expect(page.locator("h1 .state")).to_have_text("作废")
    page.goto("/shelf/2019")
    left = page.get_by_role("link", name="办这一份")
    expect(left).to_have_count(1)  # the notice is still out: that is told on paper, with the reason
    assert kept.NOTICE in str(left.get_attribute("href"))
    with blank_papers():
        page.locator('form[action="/shelf/2019/compile"]').get_by_label("原因").fill("示例：通知单还在外")
        page.get_by_role("button", name="带缺件成册").click()
        job_ended(page)
    expect(page.locator(".state.job-done")).to_be_visible()
    page.get_by_role("link", name="看这一年的档案架").click()
    page.locator(".spine a").last.click()
    page.locator("table.list td[data-label=页] a").first.click()
    assert "page=" in page.locator("iframe").get_attribute("src")  # type: ignore[operator]


# Asks for a step the page has no button for, as whoever knows his browser can.
CHEAT = """([step, said]) => fetch(`/retention/${step}`, { method: "POST", headers: { accept: "application/json" },
  body: new URLSearchParams({ token: document.body.dataset.token, ...said }) }).then((answer) => answer.status)"""


def test_four_people_destroy_each_at_his_own_browser(people: People, enter: Enter) -> None:
    first, second, third, fourth = map(enter, ("甲", "乙", "丙", "丁"))
    first.goto("/office/backups")
    first.get_by_role("button", name="现在备份").click()
    job_ended(first)
    first.goto("/retention")
    first.locator("tr", has_text=VOLUME).get_by_role("checkbox").check()
    first.get_by_label("鉴定的原因").fill("无继续保存价值")
    first.get_by_role("button", name="编入销毁清册").click()
    expect(first.locator("h1")).to_contain_text("销毁清册")
    where = first.url
    words = first.locator(".hash .words").inner_text()
    expect(first.get_by_role("button", name="批准", exact=True)).to_have_count(0)
    (drawn,) = lists(people("甲"))
    word = {"list": drawn.list_no, "hash": drawn.sha256, "on": TODAY}
    for page, step, status in ((first, "approve", 403), (first, "destroy", 409), (first, "witness", 409)):
        assert page.evaluate(CHEAT, [step, word]) == status, "who drew it up does not approve it, nor goes on alone"
    second.goto(where)
    expect(second.locator(".hash .words")).to_have_text(words)
    second.get_by_role("button", name="批准", exact=True).click()
    expect(second.get_by_text("已批准清册")).to_be_visible()
    expect(second.get_by_role("button", name="监销")).to_have_count(0)
    for step in ("witness", "destroy"):
        assert second.evaluate(CHEAT, [step, word]) == 403, "who approved it does neither"
    for witness in (third, first):
        witness.goto(where)
        witness.get_by_label("照抄纸面清册上的校验码").fill(drawn.sha256[:16])
        witness.get_by_label("今天的日期").fill(TODAY)
        witness.get_by_role("button", name="监销").click()
        expect(witness.get_by_text("人监销").first).to_be_visible()
        expect(witness.get_by_role("button", name="执行销毁")).to_have_count(0)
        for step in ("witness", "destroy"):
            assert witness.evaluate(CHEAT, [step, word]) == 403, "a witness is one witness, and does not destroy"
    assert show(people("甲"), A).state == "bound", "every shortcut was refused"
    fourth.goto(where)
    with blank_papers():
        fourth.get_by_role("button", name="执行销毁").click()
        expect(fourth.get_by_role("link", name="certificate.pdf")).to_be_visible(timeout=30_000)
    assert show(people("甲"), A).state == "destroyed"


def test_a_backup_is_restored_and_the_destruction_executed_there_again(
    people: People, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every byte is looked at by the test through HTTP (test_desk_retention.py); these volumes' front matter is blank.
    monkeypatch.setattr("qrecords.services.care.backup.verify", lambda office, **_: verify(office))
    (drawn,) = lists(people("甲"))
    first, fourth = enter("甲"), enter("丁")
    first.goto("/office")
    first.locator('main a[href="/office/backups"]').click()
    first.get_by_role("link", name="看里面有什么、恢复").click()
    expect(first.get_by_text(f"{drawn.list_no}　{TODAY} 执行")).to_be_visible()
    first.get_by_role("button", name="恢复成新的工作区").click()
    job_ended(first)
    expect(first.locator(".state.job-done")).to_be_visible()
    (place,) = (people.root.parent / "again").iterdir()
    with kept.opened(place) as again:
        assert show(again("甲"), A).state == "bound", "the backup brought it back"
    fourth.goto("/office/backups")
    with blank_papers():
        fourth.get_by_role("button", name="重新执行清册").click()
        job_ended(fourth)
    expect(fourth.get_by_text(f"已重新执行清册 {drawn.list_no}")).to_be_visible()
    fourth.get_by_role("link", name="回到备份").click()
    expect(fourth.get_by_role("button", name="重新执行清册")).to_have_count(0)
    with kept.opened(place) as again:
        assert show(again("甲"), A).state == "destroyed"


def test_a_template_is_tried_refused_and_replaced(people: People, enter: Enter, tmp_path: Path) -> None:
    page = enter("甲")
    page.goto("/office/forms/QR758-01A")
    bad = tmp_path / "bad.docx"
    bad.write_bytes(b"no Word file")
    page.locator("input[type=file]").set_input_files(bad)
    page.get_by_role("button", name="只检查").click(no_wait_after=True)
    expect(page.get_by_text("没有采用")).to_be_visible(timeout=60_000)
    document = Document(BytesIO(template_file(people.office, "01A")))
    document.core_properties.comments = "示例"
    good = tmp_path / "good.docx"
    document.save(str(good))
    page.locator("input[type=file]").set_input_files(good)
    page.get_by_role("button", name="合格就换上").click(no_wait_after=True)
    expect(page.get_by_text("模板已换成 good.docx")).to_be_visible(timeout=60_000)


def test_no_page_is_left_out() -> None:
    """Every page is among SCREENS, those seen with what is made in the test, or visited by the clerk's screens."""
    seen = {next(r.path for r in ROUTES if r.path_regex.match(address)) for address in SCREENS}
    there = {r.path for r in ROUTES if "GET" in (r.methods or ())}
    assert there - FILES - seen - MADE.keys() == CLERKS


@pytest.fixture(scope="module")
def visits(chromium: Browser, people: People, address: str) -> dict[str, Visit]:
    """Look at every screen, and at one of each kind of what the tests made."""
    with blank_papers():
        document = draw(people.office, "BB", "2019-03").document_no
    volume = next(v.volume_code for v in list_volumes(people.office) if not v.destroyed)
    job = jobs.start(people.office, "texts", {})
    made = (volume, job.key, document)
    addresses = [prefix + quote(one) for prefix, one in zip(MADE.values(), made, strict=True)]
    with browsing(chromium, people("甲"), address) as context:
        page = context.new_page()
        return {where: visited(page, where, whole=True) for where in (*SCREENS, *addresses)}


def test_no_screen_has_a_serious_fault_or_leaves_its_window(visits: dict[str, Visit]) -> None:
    found = {where: visit.faults for where, visit in visits.items() if visit.faults}
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


def test_every_screen_prints_what_it_is_and_nothing_to_press(visits: dict[str, Visit], people: People) -> None:
    house = re.sub(r"\s", "", f"{people.office.settings.office.org_name}质量记录室")
    for where, visit in visits.items():
        text = printed_text(visit)
        assert house in text, where
        for pressed in (
            "退出",
            "今日1",
            "跳到正文",
            "收回 ",
            "增加账号",
            "授予",
            "编入销毁清册，交",
            "现在备份",
            "只检查",
        ):
            assert pressed not in text, f"{where}: {pressed}"
        pages, coloured, corner = paper_of(visit)
        assert pages <= 14, where
        assert (coloured, corner) == (0, 255), f"{where}: black on white"


def test_a_printed_list_is_whole(visits: dict[str, Visit], people: People) -> None:
    """What its screen lists stands on its paper: the units of a list of destruction, accounts, events, figures."""
    (one,) = lists(people.office)
    told = {
        f"/retention/lists/{kept.LIST_NO}": (one.list_no, "批准", "监销", *one.sha256[:8]),
        "/office/accounts": ("甲", "乙", "丙", "丁", "戊", "各角色能办什么"),
        "/office/log": (one.list_no,),
        "/shelf": [v.volume_code for v in list_volumes(people.office)],
        "/reports": ("各状态", "投诉"),
    }
    for where, words in told.items():
        text = printed_text(visits[where]).replace("-", "")  # broken at a hyphen a code loses it
        for word in words:
            assert word.replace("-", "") in text, f"{where}: {word}"
