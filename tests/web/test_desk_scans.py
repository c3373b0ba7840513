"""Scans through HTTP: files read as a job, what waits shown, turned and given to its record, changed values explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from lxml import html
from PIL import Image

from qrecords.errors import NotFound
from qrecords.office import Office
from qrecords.render.code import payload
from qrecords.render.pdf import Converter
from qrecords.scanning import ocr
from qrecords.services import jobs, steps
from qrecords.services.finding.find import show
from qrecords.services.intake.update import update
from qrecords.services.scans import scan as scan_service
from qrecords.services.scans.scan import PageSeen, scan
from qrecords.services.scans.sheets import NOT_OURS
from qrecords.stores.given import on_disk
from qrecords.web.cells import linked
from qrecords.web.wording import worded
from tests import office_steps
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.office_steps import F, G, sheet
from tests.web.test_desk import Browser

pytestmark = pytest.mark.office
SIGNED = {"kind": "用户签名", "by": "示例用户", "on": "2019-12-30"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Office, Browser, Path]]:
    """Return an office with two reports to be signed, its browser, and the folder its scans lie in."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    root = office_steps.signing(tmp_path)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people.office
        browser = Browser(office).enter()
        browser.app.state.work = lambda: jobs.work_off(office.workspace, worded)
        yield office, browser, root.parent


def upload(browser: Browser, *paths: Path, status: int = 303, said: Mapping[str, Any] = SIGNED) -> str:
    files = [("file", (path.name, path.read_bytes())) for path in paths]
    answer = browser.http.post("/scans", data={"token": browser.token, **said}, files=files)
    assert answer.status_code == status, answer.text
    return browser.get(answer.headers["location"]) if status == 303 else str(answer.text)


def test_a_stack_is_read_what_waits_is_turned_and_given_to_its_record(desk: tuple[Office, Browser, Path]) -> None:
    _, browser, folder = desk
    before = browser.get("/scans")
    page = re.findall(r'data-page="(P\w{12})"', before)[0]
    told = upload(browser, folder / "f.png")
    assert "附上1份，0页留待处理，0份没有附上" in told
    assert "用户签名" in browser.get(f"/records/{F}")

    shown = browser.http.get(f"/scans/{page}/page.jpg")
    assert shown.headers["content-type"] == "image/jpeg"
    wide, high = Image.open(BytesIO(shown.content)).size
    fresh = browser.post(f"/scans/{page}/turn", {"quarters": "1"}).headers["location"].partition("#")[2]
    assert fresh != page
    assert browser.http.get(f"/scans/{page}/page.jpg").status_code == 404
    assert Image.open(BytesIO(browser.http.get(f"/scans/{fresh}/page.jpg").content)).size == (high, wide)
    assert browser.post(f"/scans/{fresh}/turn", {"quarters": "7"}).status_code == 409

    assert browser.post("/scans/give", {"number": G, **SIGNED}).status_code == 409, "nothing ticked"
    assert browser.post("/scans/give", {"page": fresh, "number": "06A-2019-00099"}).status_code == 404
    assert browser.post("/scans/give", {"page": fresh, "number": G, **SIGNED}).status_code == 303
    assert "没有等着的页" in browser.get("/scans")
    assert "签名、盖章" in browser.get(f"/records/{G}")


AS_REGISTERED = {"kind": "", "by": "", "on": ""}
REGISTERED = ("customer-signature", "示例用户", "2019-12-30")


def _proved(office: Office, number: str) -> list[tuple[str, str, str]]:
    return [(s.kind, s.by, s.on) for s in show(office, number).signatures if s.evidence_sha256]


def test_as_registered_takes_the_one_registered_and_refuses_others_alone(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    steps.sign(office, [F], kind=SIGNED["kind"], by=SIGNED["by"], on=SIGNED["on"])
    sheet(folder / "g.png", payload(G, 1))
    told = upload(browser, folder / "g.png", folder / "f.png", said=AS_REGISTERED)
    assert "附上1份，0页留待处理，1份没有附上" in told
    assert "没有登记签署，不知道纸上是谁签的" in told
    assert _proved(office, F) == [REGISTERED]
    told = upload(browser, folder / "g.png", said={**AS_REGISTERED, "kind": SIGNED["kind"]})
    assert "没有登记「用户签名」，不知道纸上是谁签的" in told


def test_another_name_than_the_registered_is_a_question_at_the_desk(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    sign = {"number": F, "back": f"/records/{F}", "on": "2019-12-30", "kind": "customer-signature"}
    assert 'name="further"' not in browser.get(f"/records/{F}"), "nothing it could be confused with"
    assert browser.post("/step/sign", {**sign, "by": "示例用户", "once": "a" * 32}).status_code == 303
    assert 'name="further"' in browser.get(f"/records/{F}")
    told = upload(browser, folder / "f.png", said={**SIGNED, "by": "示例另一用户"})
    assert "附上0份，0页留待处理，1份没有附上" in told
    assert "请加「是另一个签署」" in told, re.findall("没有附上.{0,900}", told)
    assert "附上1份" in upload(browser, folder / "f.png")
    assert _proved(office, F) == [REGISTERED]
    assert len(show(office, F).signatures) == 1
    asked = browser.post("/step/sign", {**sign, "by": "示例另一用户", "once": "b" * 32})
    assert (asked.status_code, "是不是同一个签署" in asked.text) == (422, True)
    assert browser.post("/step/sign", {**sign, "by": "示例用户", "once": "c" * 32}).status_code == 409
    further = {**sign, "by": "示例另一用户", "further": "1", "once": "d" * 32}
    assert browser.post("/step/sign", further).status_code == 303
    assert [s.by for s in show(office, F).signatures] == ["示例用户", "示例另一用户"]
    steps.sign(office, [G], kind=SIGNED["kind"], by="示例用户", on="2019-12-29")
    (page,) = office.papers.inbox.all()
    give = {"page": page.page_id, "number": G, **SIGNED}
    asked = browser.post("/scans/give", give)
    assert (asked.status_code, "是不是同一个签署" in asked.text) == (422, True)
    assert browser.post("/scans/give", {**give, "further": "1"}).status_code == 303
    assert [s.on for s in show(office, G).signatures] == ["2019-12-29", "2019-12-30"]


def test_a_signed_page_without_a_code_is_given_with_its_signature(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    steps.sign(office, [F], kind=SIGNED["kind"], by=SIGNED["by"], on=SIGNED["on"])
    assert f'action="/records/{F}/signed"' in browser.get(f"/records/{F}/papers")
    said = {"kind": "customer-signature", "by": "示例用户", "on": "", "once": "f" * 32}

    def send(path: Path | None, **more: str) -> Any:
        files = {"evidence": (path.name, path.read_bytes())} if path else {"evidence": ("", b"")}
        data = {"token": browser.token, **said, **more}
        return browser.http.post(f"/records/{F}/signed", data=data, files=files)

    assert send(None).status_code == 409
    Image.new("L", (300, 200), 200).save(folder / "签署页.png")
    (folder / "签署页.exe").write_bytes(b"MZ")
    assert send(folder / "签署页.exe").status_code == 422
    assert send(folder / "签署页.png", by="示例另一用户").status_code == 422, "another name than the registered"
    assert _proved(office, F) == []
    for _ in range(2):  # the same request again registers nothing more
        assert send(folder / "签署页.png").headers["location"] == f"/records/{F}/papers"
    assert _proved(office, F) == [REGISTERED]
    (signed,) = show(office, F).signatures
    assert signed.evidence == "签署页.png"
    assert "签署页.png" in browser.get(f"/records/{F}/papers")


def test_a_page_that_belongs_to_nothing_is_let_go_and_logged(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    upload(browser, folder / "lost.png")
    first, second = (page.page_id for page in office.papers.inbox.all())
    for said in ({"why": "strange"}, {"page": first}, {"page": first, "why": "x"}):
        assert browser.post("/scans/let-go", said).status_code == 409, said
    assert browser.post("/scans/let-go", {"page": "P000000000000", "why": "strange"}).status_code == 404
    both = [first, "P000000000000"]
    assert browser.post("/scans/let-go", {"page": both, "why": "strange"}).status_code == 404
    assert len(office.papers.inbox.all()) == 2, "all or none"
    assert browser.post("/scans/let-go", {"page": first, "why": "twice"}).status_code == 303
    assert [page.page_id for page in office.papers.inbox.all()] == [second]
    assert browser.http.get(f"/scans/{first}/page.jpg").status_code == 404
    with office.register.read() as tx:
        told = [e.detail for e in tx.audit.events("scans") if "let_go" in e.detail]
        assert tx.intents.open() == []
    assert [(detail["let_go"], detail["why"]) for detail in told] == [([first], "twice")]


def test_two_kinds_on_one_paper_are_said_at_once(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    both = {"kind": ["用户签名", "服务人员签名"], "by": ["示例用户", "示例工程师"], "on": "2019-12-30"}
    assert "附上1份" in upload(browser, folder / "f.png", said=both)
    (page,) = office.papers.inbox.all()
    assert browser.post("/scans/give", {"page": page.page_id, "number": G, **both}).status_code == 303
    for number in (F, G):
        signed = [(s.kind, s.by, s.on) for s in show(office, number).signatures]
        assert signed == [("customer-signature", "示例用户", "2019-12-30"), ("engineer", "示例工程师", "2019-12-30")]
        assert len({s.evidence_sha256 for s in show(office, number).signatures}) == 1


def test_a_job_begun_at_a_desk_of_before_is_read(desk: tuple[Office, Browser, Path]) -> None:
    """It was written down with one word, and the program was renewed before it was done."""
    office, _, folder = desk
    job = jobs.start(office, "scan", SIGNED, files=[on_disk(folder / "f.png")])
    jobs.work_off(office.workspace, worded)
    assert jobs.show_job(office, job.key).told == "附上1份，0页留待处理，0份没有附上"
    (signed,) = show(office, F).signatures
    assert (signed.kind, signed.by, signed.on) == REGISTERED


def test_a_page_is_given_as_registered(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    (page,) = office.papers.inbox.all()
    office.papers.inbox.remove(page.page_id)  # scanned with what was said of it
    upload(browser, _other_scan(folder / "loose.png"), said=AS_REGISTERED)
    (page,) = office.papers.inbox.all()
    said = {"page": page.page_id, "number": G, **AS_REGISTERED}
    refused = browser.post("/scans/give", said)
    assert (refused.status_code, "是哪种签署" in refused.text) == (409, True)
    steps.sign(office, [G], kind=SIGNED["kind"], by=SIGNED["by"], on=SIGNED["on"])
    assert browser.post("/scans/give", said).status_code == 303
    assert _proved(office, G) == [REGISTERED]


def test_a_print_whose_values_changed_says_what_was_and_what_is(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    changes = folder / "more.json"
    changes.write_text('{"customer_unit": "示例单位改"}', encoding="utf-8")
    update(office, F, on_disk(changes))
    told = upload(browser, folder / "f.png")
    assert "1份没有附上" in told
    page = browser.get("/scans")
    assert "印的是「示例单位六」，现在是「示例单位改」" in page


def test_the_scanners_folder_is_taken_from_and_other_files_are_refused(desk: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = desk
    assert browser.post("/scans/take").status_code == 409, "no folder is named"
    upload(browser, folder / "paper.docx" if (folder / "paper.docx").exists() else _other(folder), status=409)
    scanner = folder / "scanner"
    scanner.mkdir()
    sheet(scanner / "a.png", "HTTP://EXAMPLE.ORG/9")
    settings = office.settings.root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8")
    assert 'scan_folder = ""' in text
    settings.write_text(text.replace('scan_folder = ""', f'scan_folder = "{scanner}"'), encoding="utf-8")
    with kept.opened(office.settings.root, clock=lambda: kept.THEN) as people:
        again = Browser(people.office).enter()
        again.app.state.work = lambda: jobs.work_off(people.office.workspace, worded)
        assert "1个文件" in again.get("/scans")
        assert again.post("/scans/take", SIGNED).status_code == 303
        assert "a.png" in again.get("/scans")


def _other(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("示例", encoding="utf-8")
    return path


def test_each_page_is_seen_with_its_record_while_the_scan_is_read(
    desk: tuple[Office, Browser, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, browser, folder = desk
    browser.app.state.work = lambda: None
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.0)
    shown: list[str] = []
    address, read_file = "", scan_service.read_file

    def reading(path: Path, *given: Any, **named: Any) -> Any:
        if address and path.name == "last.png":  # the others are read by now
            shown.append(browser.get(f"{address}?part=job"))
        return read_file(path, *given, **named)

    monkeypatch.setattr(scan_service, "read_file", reading)
    files = [("file", (name, (folder / "f.png").read_bytes())) for name in ("one.png",)]
    files += [("file", (name, _other_scan(folder / name).read_bytes())) for name in ("strange.png", "last.png")]
    blank = BytesIO()
    Image.new("L", (1240, 1754), 255).save(blank, "PNG")
    files.insert(1, ("file", ("white.png", blank.getvalue())))
    answer = browser.http.post("/scans", data={"token": browser.token, **SIGNED}, files=files)
    address = answer.headers["location"]
    jobs.work_off(office.workspace, worded)
    (part,) = shown
    assert "data-open" in part
    lines = html.fromstring(f"<div>{part}</div>").xpath('//ul[@class="job-lines"]/li')
    assert [li.text_content() for li in lines] == [
        f"one.png 第1页：{F}", "white.png 第1页：空白页", "strange.png 第1页：编码不是本工作区印的",
    ]  # fmt: skip
    assert lines[0].xpath(".//a/@href") == [f"/records/{F}"]
    ended = browser.get(address)
    assert "附上1份" in ended
    assert "one.png 第1页" not in ended, "what came of it takes the place of what was told on the way"
    assert f'<li>附上 <a href="/records/{F}">{F}</a>' in ended


def test_a_page_of_a_record_one_may_not_read_is_told_as_nobodys(
    desk: tuple[Office, Browser, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, _, folder = desk
    seen: list[PageSeen] = []
    monkeypatch.setattr("qrecords.services.reading.many", Mock(side_effect=NotFound("没有", remedy="请核对")))
    scan(office, [on_disk(folder / "f.png")], dry_run=True, recognise=False, seen=seen.append)
    assert [(s.subject, s.reason) for s in seen] == [("", NOT_OURS)]


def test_only_numbers_are_links_and_all_else_is_escaped() -> None:
    text = f'<b>{F}</b> {F}0 "{F}/1"'
    assert str(linked(text)) == (
        f'&lt;b&gt;<a href="/records/{F}">{F}</a>&lt;/b&gt; <a href="/records/{F}0">{F}0</a> '
        f'&#34;<a href="/records/{F}">{F}</a>/1&#34;'
    )


# Late paper of filed records


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[tuple[Office, Browser, Path]]:
    """Return the retention tests' office, with C filed, its browser, and a folder for scans."""
    with kept.opened(kept.copied(tmp_path), clock=lambda: kept.THEN) as people:
        browser = Browser(people.office).enter()
        browser.app.state.work = lambda: jobs.work_off(people.office.workspace, worded)
        yield people.office, browser, tmp_path


LATE = {"kind": "customer-seal", "by": "示例单位三", "on": "2020-01-10"}


def late_sheets(office: Office, folder: Path) -> list[Path]:
    """Return the pages of the archived print of C, scanned."""
    with office.register.read() as tx:
        last = tx.records.prints(kept.C)[-1]
    pages = [folder / f"late-{n}.png" for n in range(1, last.pages + 1)]
    for number, path in enumerate(pages, start=1):
        sheet(path, f"{payload(kept.C, last.number)}/{number}")
    return pages


def is_late_version(office: Office, browser: Browser) -> bool:
    record = show(office, kept.C)
    (seal,) = [s for s in record.signatures if s.by == "示例单位三"]
    assert f"/papers/{seal.evidence_sha256}" in browser.get(f"/records/{kept.C}/papers")
    assert record.item is not None
    return (record.state, record.item.version) == ("filed", 3)


def test_late_paper_of_a_filed_record_is_its_next_version(filed: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = filed
    pages = late_sheets(office, folder)
    files = [("file", (path.name, path.read_bytes())) for path in pages]
    answer = browser.http.post("/scans", data={"token": browser.token, **LATE}, files=files)
    assert "附上1份，0页留待处理，0份没有附上" in browser.get(answer.headers["location"])
    assert is_late_version(office, browser)
    again = browser.http.post("/scans", data={"token": browser.token, **LATE}, files=files)
    assert "附上0份" in browser.get(again.headers["location"]), "a second time: nothing"
    assert is_late_version(office, browser)


def test_a_page_is_given_to_a_filed_record_that_the_search_finds(filed: tuple[Office, Browser, Path]) -> None:
    office, browser, folder = filed
    loose = [_other_scan(folder / f"loose{n}.png") for n, _ in enumerate(late_sheets(office, folder))]
    upload(browser, *loose)
    assert f'data-record="{kept.C}"' not in browser.get("/scans"), "what is filed waits for no paper"
    found = browser.get("/scans?q=用户:示例单位三")
    (target,) = html.fromstring(found).xpath(f'//li[@data-record="{kept.C}"]')
    assert "已归档" in target.text_content()
    assert browser.get("/scans?q=(").count("data-record=") == 0, "half a query is no error"
    pages = [page.page_id for page in office.papers.inbox.all()]
    assert browser.post("/scans/give", {"page": pages, "number": kept.C, **LATE}).status_code == 303
    assert "没有等着的页" in browser.get("/scans")
    assert is_late_version(office, browser)


# The text read off


READ = "示例传真：电源模块"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Let recognition find READ and the number of the page on every picture; returns what it was given."""
    given: list[Path] = []

    def recognise(images: Sequence[Path], *, progress: object = None) -> list[str]:
        given.extend(images)
        for image in images:
            Image.open(image).verify()
        return [f"{READ} {n}" for n in range(1, len(images) + 1)]

    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", recognise)
    return given


def texts_job(browser: Browser) -> str:
    work = re.findall(r'name="work" value="(\d+)">识别页上的文字', browser.get("/scans"))[0]
    answer = browser.post("/jobs", {"work": work})
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"])


def test_the_text_of_a_page_that_waits_is_read_off_once_and_goes_with_it(
    desk: tuple[Office, Browser, Path], reads: list[Path]
) -> None:
    office, browser, folder = desk
    upload(browser, _other_scan(folder / "empty.png"))
    assert READ not in browser.get("/scans"), "nothing is read while files are taken in"
    assert len(office.papers.inbox.all()) == 2
    assert "已识别" in texts_job(browser)
    waiting = html.fromstring(browser.get("/scans")).xpath('//li[.//img and .//p[@class="typed"]]')
    assert sorted(li.xpath('string(.//p[@class="typed"])') for li in waiting) == [f"{READ} 1", f"{READ} 2"]
    assert len(reads) == 2
    texts_job(browser)
    assert len(reads) == 2, "what was read is not read again"
    for page in office.papers.inbox.all():
        office.papers.inbox.remove(page.page_id)
    assert office.papers.inbox.texts() == {}, "nothing of a page stays when it goes"
    office.papers.inbox.keep_text("P000000000000", READ)
    assert office.papers.inbox.texts() == {}, "a page that went while it was read leaves no text"


def test_without_recognition_the_job_says_so(
    desk: tuple[Office, Browser, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, browser, _ = desk
    monkeypatch.setattr(ocr, "is_available", lambda: False)
    assert texts_job(browser).count("没有安装文字识别") == 1


def test_the_text_of_a_paper_stands_beside_its_picture(
    desk: tuple[Office, Browser, Path], reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, browser, folder = desk
    upload(browser, folder / "f.png")
    address = f"/records/{F}/papers"
    assert "页上的文字" not in browser.get(address), "not read yet"
    fax = folder / "fax.png"
    Image.new("L", (300, 200), 220).save(fax)
    answer = browser.http.post(
        f"/records/{F}/attach", data={"token": browser.token}, files={"file": ("传真.png", fax.read_bytes())}
    )
    assert answer.status_code == 303, answer.text
    texts_job(browser)
    beside = html.fromstring(browser.get(address)).xpath('//div[@class="readoff"]')
    assert [one.xpath("string(p)") for one in beside] == [f"{READ} 1"] * 2
    pictures = [browser.http.get(one.xpath("string(img/@src)")) for one in beside]
    assert [p.headers["content-type"] for p in pictures] == ["image/png", "image/png"]
    drawn, kept_as_it_was = (Image.open(BytesIO(p.content)) for p in pictures)
    assert drawn.size[0] > 500, "the page of the PDF, drawn"
    assert kept_as_it_was.size == (300, 200)
    page = beside[0].xpath("string(img/@src)")
    assert browser.http.get(page.replace("page=1", "page=x")).status_code == 404
    assert browser.http.get(beside[1].xpath("string(img/@src)") + "/page.png?page=1").status_code == 404, "no PDF"
    with office.register.read() as tx:
        told = [e for e in tx.audit.events(F) if e.action == "read" and "texts" in e.detail]
    assert told, "to show what a paper says is to read it"


def test_the_text_of_papers_is_nobodys_who_may_not_read_all_they_show(
    desk: tuple[Office, Browser, Path], reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, browser, folder = desk
    upload(browser, folder / "f.png")
    texts_job(browser)
    assert READ in browser.get(f"/records/{F}/papers")
    monkeypatch.setattr("qrecords.services.reading.reads_whole", lambda *_: False)
    assert READ not in browser.get(f"/records/{F}/papers")


def _other_scan(path: Path) -> Path:
    sheet(path, f"HTTP://EXAMPLE.ORG/{path.stem.upper()}")
    return path
