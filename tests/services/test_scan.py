"""The signed paper comes home: pages find their record, whole prints are attached, the rest waits or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from pypdf import PdfReader

from qrecords.cli import app
from qrecords.scanning import ocr
from tests import paper
from tests.conftest import CHECKOUT, CommandLine
from tests.laid import laid

pytestmark = pytest.mark.office
SIGNED = ("--kind", "customer-signature", "--by", "示例用户", "--on", "2025-12-01")


@pytest.fixture(scope="module")
def printed_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a notice issued, two reports of two pages and a month of calls, all printed; copied per test."""
    root = tmp_path_factory.mktemp("printed") / "office"

    def run(*words: object) -> None:
        with pytest.raises(SystemExit) as left:
            app.run(["--root", str(root), *map(str, words)])
        assert not left.value.code

    def sample(form: str) -> Path:
        return CHECKOUT / "forms" / "QR758" / form / "sample.json"

    def other(form: str, **changes: Any) -> Path:
        path = root.parent / f"{form}-other.json"
        path.write_text(json.dumps(json.loads(sample(form).read_text("utf-8")) | changes), encoding="utf-8")
        return path

    out = ("--pdf", "--out", root.parent / "prints")
    run("init")
    run("fill", "04A", sample("04A"), *out)
    run("issue", "QR758-04A-2025-00001")
    run("fill", "06A", sample("06A"), other("06A", serial_no="S999"), *out)
    run("fill", "02A", sample("02A"), *out)
    return root


@pytest.fixture
def office_cli(printed_office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:

    root = tmp_path / "office"
    laid(printed_office, root)
    yield CommandLine(root, capsys)


@pytest.fixture(autouse=True)
def without_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of scans has tests of its own: it takes seconds a page."""
    monkeypatch.setattr(ocr, "is_available", lambda: False)


FIRST, SECOND, CALLS = "QR758-06A-2025-00001", "QR758-06A-2025-00002", "QR758-02A-2025-03"


@pytest.fixture
def pages(printed_office: Path) -> Callable[..., list[Image.Image]]:
    def drawn(subject: str, dpi: int = 150) -> list[Image.Image]:
        return paper.drawn(printed_office.parent / "prints" / f"{subject}.pdf", dpi)

    return drawn


Pages = Callable[..., list[Image.Image]]


def test_shuffled_pages_of_several_records_find_their_way(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    first, second = pages(FIRST), pages(SECOND)
    upside_down = second[1].transpose(Image.Transpose.ROTATE_180)
    scan = paper.bundle([second[0], first[1], upside_down, first[0]], tmp_path / "scan.pdf", 150)
    answer = office_cli.json("scan", scan, *SIGNED)
    assert answer["unmatched"] == []
    assert [(a["record_no"], [s["page"] for s in a["sources"]]) for a in answer["attached"]] == [
        (SECOND, [1, 3]),
        (FIRST, [4, 2]),
    ]
    for number in (FIRST, SECOND):
        (signed,) = office_cli.json("show", number)["record"]["signatures"]
        assert (signed["kind"], signed["by"], signed["on"]) == ("customer-signature", "示例用户", "2025-12-01")
        kept = PdfReader(office_cli.root / "archive" / "evidence" / f"{signed['evidence_sha256']}.pdf")
        assert len(kept.pages) == 2
    again = office_cli.json("scan", scan, *SIGNED)
    assert again["attached"] == []
    assert len(again["notes"]) == 3, "twice already attached, and no recognition here"
    assert len(office_cli.json("show", FIRST)["record"]["signatures"]) == 1


def test_a_dry_run_only_tells(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    scan = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150)
    answer = office_cli.json("scan", scan, "--dry-run")
    assert [a["record_no"] for a in answer["attached"]] == [FIRST]
    assert office_cli.json("show", FIRST)["record"]["signatures"] == []
    assert not (office_cli.root / "archive" / "evidence").exists()
    assert list((office_cli.root / "archive" / "staging").iterdir()) == []


def test_a_folder_of_pictures_with_an_unreadable_page_and_a_blank_back(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    front, back = pages(FIRST)
    front.save(folder / "a.png", dpi=(150, 150))
    Image.new("RGB", front.size, (252, 251, 249)).save(folder / "b.jpg")
    back.rotate(90, expand=True).save(folder / "c.tif")
    covered(pages(SECOND)[0]).save(folder / "d.jpg", quality=85)
    answer = office_cli.json("scan", folder, *SIGNED)
    assert [a["record_no"] for a in answer["attached"]] == [FIRST]
    assert any("空白页" in note for note in answer["notes"])
    (lost,) = answer["unmatched"]
    assert lost["file"] == "d.jpg"
    inbox = office_cli.root / "archive" / "inbox" / "unmatched"
    with Image.open(inbox / f"{lost['page']}.png") as preview:
        assert preview.format == "PNG"
    sha256 = office_cli.json("show", FIRST)["record"]["signatures"][0]["evidence_sha256"]
    kept = office_cli.root / "archive" / "evidence" / f"{sha256}.pdf"
    for page, was in zip(paper.drawn(kept, 72), pages(FIRST, 72), strict=True):
        assert page.size == pytest.approx(was.size, abs=2), "A4, whatever the picture said of itself"
        apart = ImageChops.difference(page.convert("L"), was.convert("L").resize(page.size))
        assert ImageStat.Stat(apart).mean[0] < 12, "the turned picture stands upright again"


def test_a_print_of_changed_values_is_refused_and_says_which(
    office_cli: CommandLine, pages: Pages, tmp_path: Path, write: Callable[..., Path]
) -> None:
    office_cli.json("update", FIRST, write({"serial_no": "S-已改"}))
    scan = paper.bundle([*pages(FIRST), *pages(SECOND)], tmp_path / "scan.pdf", 150)
    ran = office_cli("--json", "scan", scan, *SIGNED, ok=False)
    assert ran.status == 3
    assert [a["record_no"] for a in ran.json["attached"]] == [SECOND], "the others are attached all the same"
    (refused,) = ran.json["refused"]
    (problem,) = refused["problems"]
    assert problem["source"] == FIRST
    assert "S-已改" in problem["message"]
    assert "出厂编号" in problem["message"]
    assert office_cli.json("show", FIRST)["record"]["signatures"] == []


def test_a_print_waits_for_its_missing_page(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    front, back = pages(FIRST)
    first = office_cli.json("scan", paper.bundle([back], tmp_path / "late.pdf", 150), *SIGNED)
    assert first["attached"] == []
    (waiting,) = first["unmatched"]
    assert "第1页" in waiting["reason"]
    second = office_cli.json("scan", paper.bundle([front], tmp_path / "rest.pdf", 150), *SIGNED)
    assert [(a["record_no"], a["pages"]) for a in second["attached"]] == [(FIRST, 2)]
    assert second["unmatched"] == []
    assert list((office_cli.root / "archive" / "inbox" / "unmatched").iterdir()) == []


def test_a_page_scanned_twice_is_told_and_kept_apart(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    front, back = pages(FIRST)
    copy = paper.treated(front, paper.Treatment(skew=1.0), seed=1)
    answer = office_cli.json("scan", paper.bundle([front, copy, back], tmp_path / "scan.pdf", 150), *SIGNED)
    assert [(a["record_no"], a["pages"]) for a in answer["attached"]] == [(FIRST, 2)]
    assert "不止一次" in answer["unmatched"][0]["reason"]


def test_a_register_sheet_is_attached_to_every_row_on_it(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    answer = office_cli.json("scan", paper.bundle(pages(CALLS), tmp_path / "scan.pdf", 150))
    (attached,) = answer["attached"]
    assert (attached["record_no"], attached["records"]) == (CALLS, ["QR758-02A-2025-00001"])
    (kept,) = office_cli.json("show", "QR758-02A-2025-00001")["record"]["attached"]
    assert kept["name"] == "QR758-02A-2025-03-1.pdf"
    office_cli.json("submit", "02A", "--month", "2025-03")
    office_cli.json("review", "02A", "--month", "2025-03", "--on", "2025-12-31")
    office_cli.json("file", "02A", "--month", "2025-03")
    assert list((office_cli.root / "archive" / "objects").rglob(f"scans/{kept['name']}"))
    assert office_cli.json("verify", "--deep")["problems"] == []


def test_kind_and_signer_are_asked_for(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    scan = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150)
    refused = office_cli.json("scan", scan, ok=False)["error"]
    assert refused["code"] == "usage"
    assert "customer-seal" in refused["remedy"]
    office_cli.json("sign", FIRST, "--kind", "customer-seal", "--by", "示例单位", "--on", "2025-11-30")
    office_cli.json("scan", scan, "--kind", "customer-seal")
    last = office_cli.json("show", FIRST)["record"]["signatures"][-1]
    assert (last["by"], last["on"]) == ("示例单位", "2025-11-30"), "as registered before the paper was scanned"
    assert last["evidence"] == f"{FIRST}-1.pdf"


def test_without_a_kind_the_one_registered_counts_and_of_several_none(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    scan = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150)
    office_cli.json("sign", FIRST, "--kind", "用户签名", "--by", "示例用户", "--on", "2025-11-30")
    (attached,) = office_cli.json("scan", scan)["attached"]
    assert attached["kinds"] == ["customer-signature"]
    again = office_cli.json("scan", scan)
    assert again["attached"] == []
    assert any("没有重复" in note for note in again["notes"])
    for kind, by in (("用户公章", "示例单位"), ("服务人员签名", "示例工程师")):
        office_cli.json("sign", FIRST, "--kind", kind, "--by", by, "--on", "2025-12-01")
    refused = office_cli.json("scan", scan, ok=False)["error"]
    assert (refused["code"], "登记了几种签署" in refused["message"]) == ("usage", True)
    (attached,) = office_cli.json("scan", scan, "--by", "示例工程师")["attached"]
    assert attached["kinds"] == ["engineer"], "who signed tells which it is"
    (attached,) = office_cli.json("scan", scan)["attached"]
    assert attached["kinds"] == ["customer-seal"], "the one left whose paper has not come home"
    signed = [s for s in office_cli.json("show", FIRST)["record"]["signatures"] if s["evidence_sha256"]]
    assert [(s["kind"], s["by"], s["on"]) for s in signed] == [
        ("customer-signature", "示例用户", "2025-11-30"),
        ("customer-seal", "示例单位", "2025-12-01"),
        ("engineer", "示例工程师", "2025-12-01"),
    ], "in the order they were registered in"
    assert office_cli.json("verify")["problems"] == []


def signatures(cli: CommandLine) -> list[tuple[str, str, str, bool, bool]]:
    """Return the signatures of the first report: kind, by whom, of which day, with its paper, lapsed."""
    found = cli.json("show", FIRST)["record"]["signatures"]
    return [(s["kind"], s["by"], s["on"], bool(s["evidence_sha256"]), bool(s["lapsed"])) for s in found]


def picture(path: Path) -> Path:
    Image.new("L", (300, 200), 200).save(path)
    return path


@pytest.mark.parametrize("way", ["scan", "scan-assign", "sign"])
def test_a_paper_that_comes_after_its_signature_was_registered_is_one_with_it(
    office_cli: CommandLine, pages: Pages, tmp_path: Path, write: Callable[..., Path], way: str
) -> None:
    """One signature with its paper: the log says when it was registered, and who changes a value later lets it lapse."""
    office_cli("sign", FIRST, *SIGNED)
    before = office_cli.json("show", FIRST)["record"]["signatures"][0]
    if way == "sign":  # of the day registered, as none is given
        office_cli("sign", FIRST, *SIGNED[:4], "--evidence", picture(tmp_path / "签署页.png"))
    else:
        shown = pages(FIRST) if way == "scan" else [*map(covered, pages(FIRST))]
        found = office_cli.json("scan", paper.bundle(shown, tmp_path / "scan.pdf", 150))
        if way == "scan-assign":
            office_cli("scan-assign", *(u["page"] for u in found["unmatched"]), FIRST)
    assert signatures(office_cli) == [("customer-signature", "示例用户", "2025-12-01", True, False)]
    record = office_cli.json("show", FIRST, "--history")["record"]
    assert record["signatures"][0]["recorded_at"] >= before["recorded_at"]
    signed = [e["detail"] for e in record["history"] if e["action"] == "sign"]
    assert [e.get("proves") for e in signed] == [None, before["recorded_at"]]
    assert signed[1]["evidence"] == record["signatures"][0]["evidence_sha256"]
    assert office_cli.json("verify")["problems"] == [], "the register says what the log says"
    office_cli.json("update", FIRST, write({"serial_no": "S-已改"}))
    assert signatures(office_cli) == [("customer-signature", "示例用户", "2025-12-01", True, True)]
    assert office_cli.json("verify")["problems"] == []


@pytest.mark.parametrize(
    "said", [("--by", "示例另一用户", "--on", "2025-12-01"), ("--by", "示例用户", "--on", "2025-12-02")]
)
def test_a_paper_of_another_name_or_day_is_a_question(
    office_cli: CommandLine, pages: Pages, tmp_path: Path, said: tuple[str, ...]
) -> None:
    office_cli("sign", FIRST, *SIGNED)
    scan, kind = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150), ("--kind", "用户签名")
    (refused,) = office_cli("--json", "scan", scan, *kind, *said, ok=False).json["refused"]
    told = refused["problems"][0]["message"]
    assert "登记过、纸还没有回来的「用户签名」是 示例用户 2025-12-01" in told
    assert "--further" in told
    asked = office_cli("sign", FIRST, *kind, *said, "--evidence", picture(tmp_path / "p.png"), ok=False)
    assert (asked.status, "是不是同一个签署" in asked.err) == (3, True)
    assert signatures(office_cli) == [("customer-signature", "示例用户", "2025-12-01", False, False)]
    office_cli("scan", scan, *kind, *said, "--further")
    assert signatures(office_cli) == [
        ("customer-signature", "示例用户", "2025-12-01", False, False),
        ("customer-signature", said[1], said[3], True, False),
    ]
    assert office_cli.json("verify")["problems"] == []


def test_those_named_together_are_each_their_own(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    office_cli("sign", FIRST, *SIGNED)
    both = ("--kind", "用户签名", "--by", "示例用户", "--kind", "用户签名", "--by", "示例另一用户")
    office_cli("scan", paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150), *both, "--on", "2025-12-01")
    assert [(s[1], s[3]) for s in signatures(office_cli)] == [("示例用户", True), ("示例另一用户", True)]


def test_a_signature_registered_after_its_paper_is_there_already(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    office_cli("scan", paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150), *SIGNED)
    there = signatures(office_cli)
    again = office_cli("sign", FIRST, *SIGNED, ok=False)
    assert (again.status, "已有 示例用户 2025-12-01 的这一签署" in again.err) == (6, True)
    asked = office_cli("sign", FIRST, *SIGNED[:2], "--by", "示例另一用户", "--on", "2025-12-01", ok=False)
    assert (asked.status, "扫描件上已有「用户签名」是 示例用户 2025-12-01" in asked.err) == (3, True)
    assert signatures(office_cli) == there
    office_cli("sign", FIRST, *SIGNED[:2], "--by", "示例另一用户", "--on", "2025-12-01", "--further")
    office_cli("sign", FIRST, "--kind", "服务人员签名", "--by", "示例工程师", "--on", "2025-12-01")
    assert [s[1] for s in signatures(office_cli)] == ["示例用户", "示例另一用户", "示例工程师"]


def test_a_page_let_go_leaves_what_was_registered(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    office_cli("sign", FIRST, *SIGNED)
    front, back = (covered(p) for p in pages(FIRST))
    lost = [
        u["page"] for u in office_cli.json("scan", paper.bundle([front, back], tmp_path / "s.pdf", 150))["unmatched"]
    ]
    office_cli("scan-drop", *lost, "--reason", "看不清，已重新扫描")
    assert signatures(office_cli) == [("customer-signature", "示例用户", "2025-12-01", False, False)]
    office_cli("scan", paper.bundle(pages(FIRST), tmp_path / "again.pdf", 150))
    assert signatures(office_cli) == [("customer-signature", "示例用户", "2025-12-01", True, False)]


def test_a_signature_whose_paper_came_is_filed_once(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    for kind, by in (("用户签名", "示例用户"), ("服务人员签名", "示例工程师")):
        office_cli("sign", FIRST, "--kind", kind, "--by", by, "--on", "2025-12-01")
    office_cli("scan", paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150), *BOTH)
    office_cli("submit", FIRST)
    office_cli("review", FIRST, "--on", "2025-12-31")
    office_cli("file", FIRST)
    assert [(s[0], s[3]) for s in signatures(office_cli)] == [("customer-signature", True), ("engineer", True)]
    assert office_cli.json("verify", "--deep")["problems"] == []


def covered(page: Image.Image) -> Image.Image:
    """A page whose code cannot be read any more."""
    page = page.copy()
    page.paste((90, 60, 30), (int(page.width * 0.75), 0, page.width, int(page.height * 0.13)))
    return page


def test_an_unreadable_page_is_assigned_by_hand_and_takes_the_missing_place(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    front, back = pages(FIRST)
    scanned = office_cli.json("scan", paper.bundle([back, covered(front)], tmp_path / "scan.pdf", 150), *SIGNED)
    assert scanned["attached"] == []
    (lost,) = [u["page"] for u in scanned["unmatched"] if u["number"] == 2]
    answer = office_cli.json("scan-assign", lost.lower(), FIRST, *SIGNED)
    assert [(a["record_no"], [s["page"] for s in a["sources"]]) for a in answer["attached"]] == [(FIRST, [2, 1])]
    assert list((office_cli.root / "archive" / "inbox" / "unmatched").iterdir()) == []
    assert len(office_cli.json("show", FIRST)["record"]["signatures"]) == 1


def test_assigned_pages_wait_until_the_print_is_whole(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    front, back = (covered(p) for p in pages(FIRST))
    first, second = (
        u["page"] for u in office_cli.json("scan", paper.bundle([front, back], tmp_path / "scan.pdf", 150))["unmatched"]
    )
    waiting = office_cli.json("scan-assign", first, FIRST, *SIGNED)
    assert waiting["attached"] == []
    assert "第2页" in waiting["unmatched"][0]["reason"]
    assert [a["pages"] for a in office_cli.json("scan-assign", second, FIRST, *SIGNED)["attached"]] == [2]


def test_pages_are_not_assigned_where_they_cannot_belong(
    office_cli: CommandLine, pages: Pages, tmp_path: Path, write: Callable[..., Path]
) -> None:
    front, back = pages(FIRST)
    scanned = office_cli.json("scan", paper.bundle([front, covered(back)], tmp_path / "scan.pdf", 150), *SIGNED)
    coded, lost = (u["page"] for u in sorted(scanned["unmatched"], key=lambda u: u["number"]))
    assert office_cli("scan-assign", coded, SECOND, *SIGNED, ok=False).status == 6, "its code says another record"
    assert office_cli("scan-assign", "P000000000000", FIRST, *SIGNED, ok=False).status == 5
    assert office_cli("scan-assign", "../../register", FIRST, *SIGNED, ok=False).status == 5
    assert office_cli("scan-assign", lost, "QR758-06A-2025-00099", *SIGNED, ok=False).status == 5
    office_cli.json("update", FIRST, write({"serial_no": "S-已改"}))
    refused = office_cli.json("scan-assign", lost, FIRST, *SIGNED, ok=False)["error"]
    assert refused["code"] == "wrong_state"
    assert "S-已改" in refused["problems"][0]["message"]


def test_papers_are_attached_and_filed_with_their_record(
    office_cli: CommandLine, pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", lambda images, progress=None: ["传真上的文字"] * len(images))
    call = "QR758-02A-2025-00001"
    fax = tmp_path / "传真 副本.jpg"
    pages(FIRST)[0].convert("L").save(fax, quality=60)
    summary = tmp_path / "专题总结.docx"
    summary.write_bytes((CHECKOUT / "forms" / "QR758" / "06A" / "template.docx").read_bytes())
    answer = office_cli.json("attach", call, fax, summary)
    assert [a["name"] for a in answer["record"]["attached"]] == ["传真 副本.jpg", "专题总结.docx"]
    assert office_cli("attach", call, fax, ok=False).status == 6, "it is there already"
    for words in ("专题总结", "附件：传真", "扫描件：传真上的文字"):
        assert [h["record_no"] for h in office_cli.json("search", words)["hits"]] == [call]
    office_cli.json("submit", "02A", "--month", "2025-03")
    office_cli.json("review", "02A", "--month", "2025-03", "--on", "2025-12-31")
    office_cli.json("file", "02A", "--month", "2025-03")
    (filed,) = (office_cli.root / "archive" / "objects").rglob("attachments/*副本.jpg")
    assert filed.read_bytes() == fax.read_bytes(), "as it was"
    assert filed.with_name(f"{filed.name}.txt").read_text("utf-8") == "传真上的文字"
    assert office_cli("attach", call, tmp_path / "专题总结.docx", ok=False).status == 6, "it is filed with it already"
    assert office_cli.json("verify", "--deep")["problems"] == []


def test_what_must_stay_outside_is_not_attached(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    import zipfile

    fine = tmp_path / "fine.png"
    pages(FIRST)[0].save(fine)
    macros = tmp_path / "macros.docx"
    with zipfile.ZipFile(macros, "w") as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        parts.writestr("word/vbaProject.bin", b"\x00")
    (tmp_path / "run.exe").write_bytes(b"MZ")
    (tmp_path / "torn.docx").write_bytes(b"PK\x03\x04")
    names = ("fine.png", "macros.docx", "run.exe", "torn.docx", "gone.pdf")
    error = office_cli.json("attach", FIRST, *(tmp_path / n for n in names), ok=False)["error"]
    assert [p["source"] for p in error["problems"]] == ["macros.docx", "run.exe", "torn.docx", "gone.pdf"]
    assert office_cli.json("show", FIRST)["record"]["attached"] == []
    assert not (office_cli.root / "archive" / "evidence").exists()


def test_a_form_signed_on_another_paper_is_scanned_without_a_signature(office_cli: CommandLine, tmp_path: Path) -> None:
    """The quality department signs the sheet handed to it, not the QR758-01A the sheet is made of (5.7.2)."""
    sample = json.loads((CHECKOUT / "forms" / "QR758" / "01A" / "sample.json").read_text("utf-8"))
    source = tmp_path / "01A.json"
    source.write_text(json.dumps(sample | {"source_record_no": None, "channel": "电话"}), encoding="utf-8")
    (made,) = office_cli.json("fill", "01A", source, "--pdf", "--out", tmp_path)["records"]
    number = made["record_no"]
    scan = paper.bundle(paper.drawn(tmp_path / f"{number}.pdf", 150), tmp_path / "scan.pdf", 150)
    assert [a["record_no"] for a in office_cli.json("scan", scan)["attached"]] == [number]
    shown = office_cli.json("show", number)["record"]
    assert shown["signatures"] == []
    assert [a["kind"] for a in shown["attached"]] == ["sheet"]


BOTH = ("--kind", "用户签名", "--kind", "服务人员签名")


def test_several_signatures_on_one_paper_are_registered_at_once(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    scan = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150)
    refused = office_cli("scan", scan, *BOTH, "--by", "示例用户", ok=False)
    assert refused.status == 2 and "各写一个 --by" in refused.err, "who signed what would be a guess"
    answer = office_cli.json("scan", scan, *BOTH, "--by", "示例用户", "--by", "示例工程师", "--on", "2025-12-01")
    assert [a["kinds"] for a in answer["attached"]] == [["customer-signature", "engineer"]]
    record = office_cli.json("show", FIRST)["record"]
    assert [(s["kind"], s["by"], s["on"]) for s in record["signatures"]] == [
        ("customer-signature", "示例用户", "2025-12-01"),
        ("engineer", "示例工程师", "2025-12-01"),
    ]
    assert len({s["evidence_sha256"] for s in record["signatures"]}) == 1
    assert len([a for a in record["attached"] if a["kind"] == "sheet"]) == 1
    assert office_cli.json("scan", scan, *BOTH, "--by", "示例用户", "--by", "示例工程师")["attached"] == []
    assert office_cli.json("verify")["problems"] == []


def test_a_kind_the_form_has_not_is_left_out_beside_one_it_has(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    scan = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150)
    both = ("--kind", "用户签名", "--kind", "质量员签名", "--by", "示例用户", "--by", "示例质量员")
    (attached,) = office_cli.json("scan", scan, *both)["attached"]
    assert attached["kinds"] == ["customer-signature"]


def test_what_was_said_of_the_signatures_waits_with_the_page(
    office_cli: CommandLine, pages: Pages, tmp_path: Path
) -> None:
    front, back = pages(FIRST)
    said = (*BOTH, "--by", "示例用户", "--by", "示例工程师", "--on", "2025-12-01")
    bundle = paper.bundle([front, covered(back)], tmp_path / "scan.pdf", 150)
    waiting = {u["number"]: u["page"] for u in office_cli.json("scan", bundle, *said)["unmatched"]}
    (attached,) = office_cli.json("scan-assign", waiting[2], FIRST)["attached"]
    assert attached["kinds"] == ["customer-signature", "engineer"]
    signatures = office_cli.json("show", FIRST)["record"]["signatures"]
    assert [(s["by"], s["on"]) for s in signatures] == [("示例用户", "2025-12-01"), ("示例工程师", "2025-12-01")]


def test_several_signatures_come_late_to_a_filed_record(office_cli: CommandLine, pages: Pages, tmp_path: Path) -> None:
    for kind, by in (("用户签名", "示例用户"), ("服务人员签名", "示例工程师")):
        office_cli("sign", FIRST, "--kind", kind, "--by", by, "--on", "2025-12-01")
    office_cli("submit", FIRST)
    office_cli("review", FIRST, "--on", "2025-12-31")
    office_cli("file", FIRST)
    scan = paper.bundle(pages(FIRST), tmp_path / "scan.pdf", 150)
    office_cli("scan", scan, *BOTH)
    record = office_cli.json("show", FIRST)["record"]
    assert [(s["kind"], bool(s["evidence_sha256"])) for s in record["signatures"]] == [
        ("customer-signature", True),
        ("engineer", True),
    ]
    assert office_cli.json("verify", "--deep")["problems"] == []
    before = record["signatures"], record["attached"]
    register = office_cli.root / "archive" / "register.sqlite"
    for path in register.parent.glob("register.sqlite*"):
        path.rename(tmp_path / path.name)
    office_cli("rebuild")
    record = office_cli.json("show", FIRST)["record"]
    assert (record["signatures"], record["attached"]) == before
