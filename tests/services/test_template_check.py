"""A template the office made in Word: what `forms check` finds in it, and `forms adopt` putting it in place."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import ocfl
import pytest
from docx import Document
from docx.shared import Mm

from qrecords.cli.wording import worded
from qrecords.model.field import BOXES, FieldType
from qrecords.model.objects import TEMPLATE
from qrecords.office import Office, system_now
from qrecords.render.wordcheck import WordFile
from qrecords.services import print as printing
from qrecords.services import steps
from qrecords.services.care.recover import recover
from qrecords.services.intake.fill import fill
from qrecords.services.intake.templatecheck import check_forms
from qrecords.stores.given import on_disk
from tests.conftest import FORMS, CommandLine
from tests.dying import killed_at

Edit = Callable[[str], str]


def edited(form: str, edit: Edit, part: str = "word/document.xml") -> bytes:
    """Return a form's own template with the text of one part changed."""
    buffer = BytesIO()
    with zipfile.ZipFile(FORMS / form / "template.docx") as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                changed = edit(data.decode())
                assert changed != data.decode(), "the edit found nothing to change"
                data = changed.encode()
            target.writestr(name, data)
    return buffer.getvalue()


def check(office: Office, tmp_path: Path, data: bytes, form: str = "06A", *, pages: bool = False) -> Any:
    path = tmp_path / "模板.docx"
    path.write_bytes(data)
    return check_forms(office, [form], template=on_disk(path) if path else None, pages=pages)


def messages(checkup: Any) -> str:
    return "\n".join(worded(p.message) for p in checkup.problems)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{{ fault_symptom }}", "{{ fault_sympton }}", "标记 fault_sympton 在定义里没有，是不是 fault_symptom？"),
        ("{{ fault_symptom }}", "{{ 故障现象 }}", "标记 故障现象 在定义里没有，是不是 fault_symptom？"),
        ("{{ fault_symptom }}", "{{ qqqqqq }}", "标记 qqqqqq 在定义里没有，用 qrecords forms show"),
        ("{{ fault_symptom }}", "", "栏目「故障现象」没有标记印出它，请加上 fault_symptom"),
        ("{{ r.old_no }}", "{{ r.old_nr }}", "标记 old_nr 在「更换件」的明细里没有，是不是 old_no？"),
        ("r.old_no", "r.new_no", "「更换件」的栏目「旧件编号」没有标记印出它"),
        ("{{ fault_symptom }}", "{{ fault_symptom", "里的标记没有写完"),
        ("{{ fault_symptom }}", "fault_symptom }}", "里的标记没有写完"),
        ("{{ fault_symptom }}", "｛｛ fault_symptom ｝｝", "全角的花括号"),
        ("{%tr for r in parts %}", "", "{%tr endfor %} 前面没有开头的标记"),
        ("{%tr for r in parts %}", "{%p for r in parts %}", "要以 {%p endfor %} 结尾"),
        ("{%tr for r in parts %}", "{%tr for r in partz %}", "标记 partz 在定义里没有，是不是 parts？"),
    ],
)
def test_what_is_wrong_with_tags_is_said(office: Office, tmp_path: Path, old: str, new: str, says: str) -> None:
    found = check(office, tmp_path, edited("06A", lambda xml: xml.replace(old, new)))
    assert says in messages(found)
    assert all(p.source == "QR758-06A" for p in found.problems)


def test_every_loop_without_its_end_is_named_not_only_the_first(office: Office, tmp_path: Path) -> None:
    found = check(office, tmp_path, edited("06A", lambda xml: xml.replace("{%tr endfor %}", "")))
    assert "{%tr for r in parts %} 没有结尾，请在要重复的内容后面写上 {%tr endfor %}" in messages(found)
    assert "{%tr for r in tests %} 没有结尾" in messages(found)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "{{ r.handling_opinion }}",
            "{{ r.handling_opinon }}",
            "标记 handling_opinon 在定义里没有，是不是 handling_opinion？",
        ),
        ("{{ r.handling_opinion }}", "", "没有标记印出它，请加上 handling_opinion"),
    ],
)
def test_a_registers_columns_are_checked(office: Office, tmp_path: Path, old: str, new: str, says: str) -> None:
    found = check(office, tmp_path, edited("02A", lambda xml: xml.replace(old, new)), "02A")
    assert says in messages(found)


def test_a_tag_word_broke_over_runs_is_told_and_filled_all_the_same(office: Office, tmp_path: Path) -> None:
    broken = '{{ fault_</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:rPr><w:b/></w:rPr><w:t>symptom }}'
    found = check(office, tmp_path, edited("06A", lambda xml: xml.replace("{{ fault_symptom }}", broken, 1)))
    assert found.problems == []
    assert any("{{ fault_symptom }} 被 Word 拆成了几段" in note for note in found.notes)


def test_tags_in_tracked_changes_are_refused(office: Office, tmp_path: Path) -> None:
    tracked = '</w:t></w:r><w:ins w:id="1" w:author="示例"><w:r><w:t>{{ fault_symptom }}</w:t></w:r></w:ins><w:r><w:t>'
    found = check(office, tmp_path, edited("06A", lambda xml: xml.replace("{{ fault_symptom }}", tracked, 1)))
    assert "请先接受全部修订" in messages(found)


def test_faces_this_machine_lacks_are_noted(office: Office, tmp_path: Path) -> None:
    if shutil.which("fc-list") is None:
        pytest.skip("fontconfig is not installed")
    styles = edited(
        "06A", lambda xml: xml.replace('w:eastAsia="宋体"', 'w:eastAsia="示例手写体"', 1), "word/styles.xml"
    )
    found = check(office, tmp_path, styles)
    assert found.problems == []
    assert any("示例手写体" in note for note in found.notes)


def test_the_codes_place_is_asked_for(office: Office, tmp_path: Path) -> None:
    def without(xml: str) -> str:
        return xml.replace("记录编码", "标志")

    # In both heads: neither the first nor the following pages have it then.
    data = edited("06A", without, "word/header1.xml")
    with zipfile.ZipFile(BytesIO(data)) as source:
        other = without(source.read("word/header2.xml").decode())
    found = check(office, tmp_path, replaced(data, "word/header2.xml", other))
    assert "缺少编码区" in messages(found)


def test_a_code_too_small_to_read_is_refused(office: Office, tmp_path: Path) -> None:
    small = edited("06A", lambda xml: xml.replace(str(27 * 36_000), str(15 * 36_000)), "word/header1.xml")
    assert "编码区只有 15×15 毫米" in messages(check(office, tmp_path, small))


def replaced(data: bytes, part: str, text: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(name, text.encode() if name == part else source.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_what_is_no_word_file_is_refused(cli: CommandLine, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "坏.docx"
    path.write_bytes(data)
    refused = cli.json("forms", "check", "06A", "--template", path, ok=False)
    assert refused["error"]["code"] == "invalid_input"
    assert "不是完好的 Word 文档" in json.dumps(refused, ensure_ascii=False)


def test_a_template_that_is_not_there_is_refused(cli: CommandLine, tmp_path: Path) -> None:
    assert cli("forms", "check", "06A", "--template", tmp_path / "没有.docx", ok=False).status == 3
    assert cli("forms", "adopt", "06A", tmp_path / "没有.docx", ok=False).status == 3
    assert cli("forms", "check", "--template", tmp_path / "没有.docx", ok=False).status == 2


def in_word(form: str, office: Office, path: Path, *, pages: int = 1) -> Path:
    """Make a plain template as an office would in Word: labels and tags in a table, the code picture in the head."""
    definition = office.forms.get(form).form
    document = Document()
    picture = document.sections[0].header.paragraphs[0].add_run().add_picture(png(), Mm(25), Mm(25))
    picture._inline.docPr.set("descr", "记录编码")
    document.sections[0].header.add_paragraph("{{ form_title }} {{ form_code }} {{ record_no }}")
    table = document.add_table(0, 2)
    for field in definition.fields:
        if field.type in BOXES:
            continue
        cells = table.add_row().cells
        cells[0].text = field.label
        cells[1].text = f"{{{{ {field.key} }}}}"
        if field.type is FieldType.ROWS:
            cells[1].text = f"{{% for r in {field.key} %}}" + "/".join(f"{{{{ r.{c.key} }}}}" for c in field.columns)
            cells[1].text += "{% endfor %}"
    for _ in range(pages):
        document.add_page_break()
    document.save(str(path))
    return path


def png() -> BytesIO:
    from qrecords.render.code import code_png

    return BytesIO(code_png("QR758-06A-2025-00001/1"))


def test_a_template_made_in_word_is_adopted_and_records_name_it(
    cli: CommandLine, office: Office, sample: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    fill(office, "04A", [on_disk(write(sample("04A")))])
    steps.issue(office, ["QR758-04A-2025-00001"])
    source = write(sample("06A"), "one.json")
    before = fill(office, "06A", [on_disk(source)]).records[0].record_no
    own = in_word("06A", office, tmp_path / "自制.docx")
    adopted = cli.json("forms", "adopt", "06A", own, "--no-pages")
    assert adopted["sha256"] == hashlib.sha256(own.read_bytes()).hexdigest()
    assert cli.json("forms", "show", "06A")["form"]["template_sha256"] == adopted["sha256"]
    office.forms.forget("06A")
    office.workspace.source = system_now  # the command ran by the machine's clock
    two = [sample("06A", training_hours="1"), sample("06A", training_hours="1", fault_symptom="示例二")]
    after = fill(office, "06A", [on_disk(write(two, "two.json"))]).records
    text = "\n".join(p.text for t in Document(after[1].docx).tables for c in t.columns for p in c.cells)
    assert "示例二" in text
    with office.register.read() as tx:
        assert tx.records.prints(before)[0].template_sha256 == adopted["before"]
        assert tx.records.prints(after[0].record_no)[0].template_sha256 == adopted["sha256"]
        events = list(tx.audit.events("QR758-06A/template"))
    assert [e.detail["sha256"] for e in events] == [adopted["sha256"]]
    for sha256 in (adopted["before"], adopted["sha256"]):
        kept = office.archive.read(TEMPLATE.object_id(sha256), "template.docx")
        assert hashlib.sha256(kept).hexdigest() == sha256
    assert cli.json("verify", "--deep")["problems"] == []
    assert ocfl.StorageRoot(root=str(office.archive.objects)).validate()


def test_a_template_is_kept_when_it_is_first_printed_with(
    office: Office, sample: Callable[..., Any], write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(office, "04A", [on_disk(write(sample("04A")))])
    steps.issue(office, ["QR758-04A-2025-00001"])
    number = fill(office, "06A", [on_disk(write(sample("06A")))]).records[0].record_no
    first = office.forms.get("06A").template_sha256
    office.forms.get("06A").template.write_bytes(edited("06A", lambda xml: xml.replace("故障现象", "现象", 1)))
    office.forms.forget("06A")
    monkeypatch.setattr(printing, "write_papers", lambda _d, papers, _o, pdf: {p.subject: {} for p in papers})
    printing.print_records(office, [number])
    second = office.forms.get("06A").template_sha256
    assert first != second
    assert {TEMPLATE.object_id(first), TEMPLATE.object_id(second)} <= set(office.archive.ids())
    assert office.archive.steps_in_staging() == []


def test_a_template_with_faults_is_not_adopted(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "错.docx"
    path.write_bytes(edited("06A", lambda xml: xml.replace("{{ fault_symptom }}", "{{ symptom }}", 1)))
    before = (cli.root / "forms/QR758/06A/template.docx").read_bytes()
    refused = cli.json("forms", "adopt", "06A", path, "--no-pages", ok=False)
    assert refused["error"]["code"] == "invalid_input"
    assert len(refused["error"]["problems"]) == 2, "the unknown tag, and the field nothing prints"
    assert (cli.root / "forms/QR758/06A/template.docx").read_bytes() == before


def test_the_template_in_place_changes_nothing(cli: CommandLine) -> None:
    own = cli.root / "forms/QR758/06A/template.docx"
    done = cli.json("forms", "adopt", "06A", own, "--no-pages")
    assert done["sha256"] == done["before"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize(("checkpoint", "placed"), [("adopt.kept", False), ("adopt.placed", True)])
def test_an_adoption_killed_half_way_is_finished_or_undone(
    cli: CommandLine, office: Office, tmp_path: Path, checkpoint: str, placed: bool
) -> None:
    own = tmp_path / "新.docx"
    own.write_bytes(edited("06A", lambda xml: xml.replace("故障现象", "现　　象", 1)))
    killed_at(checkpoint, 1, cli.root, "forms", "adopt", "06A", own, "--no-pages")
    outcome = recover(office)
    assert [o["outcome"] for o in outcome] == ["finished" if placed else "undone"]
    current = (cli.root / "forms/QR758/06A/template.docx").read_bytes()
    assert (current == own.read_bytes()) is placed
    with office.register.read() as tx:
        assert len(list(tx.audit.events("QR758-06A/template"))) == int(placed)
    assert cli.json("verify")["problems"] == []


@pytest.mark.office
def test_the_pages_of_the_sample_are_counted(office: Office, tmp_path: Path) -> None:
    own = in_word("06A", office, tmp_path / "三页.docx", pages=4)
    found = check_forms(office, ["06A"], template=on_disk(own), pages=True)
    assert found.pages["QR758-06A"] > 2
    assert f"示例印成{found.pages['QR758-06A']}页，应为2页" in messages(found)


def test_without_libreoffice_pages_are_not_counted_and_that_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qrecords.errors import MissingProgram
    from qrecords.render.pdf import Converter

    def missing(*_: object) -> None:
        raise MissingProgram("没有找到 LibreOffice，不能生成 PDF")

    monkeypatch.setattr(Converter, "convert", missing)
    found = check_forms(office, ["06A"], pages=True)
    assert found.problems == []
    assert any("没有印出来核对" in note for note in found.notes)


def test_text_in_a_box_is_looked_at_once() -> None:
    box = "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>{{ x</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
    data = edited("06A", lambda xml: xml.replace("</w:p>", f"{box}</w:p>", 1))
    assert len([f for f in WordFile(data).tag_findings() if "没有写完" in str(f.message)]) == 1


# Editions


@pytest.fixture
def two_editions(cli: CommandLine) -> CommandLine:
    """Give the office a 06B from 2025-07-01 on; 06A ends the day before."""
    folder = cli.root / "forms/QR758"
    shutil.copytree(folder / "06A", folder / "06B")
    old, new = folder / "06A/form.toml", folder / "06B/form.toml"
    text = old.read_text(encoding="utf-8")
    old.write_text(text.replace("date_field =", "valid_to = 2025-06-30\ndate_field =", 1), encoding="utf-8")
    text = text.replace('code = "QR758-06A"', 'code = "QR758-06B"\nedition = "B"', 1)
    new.write_text(text.replace("date_field =", "valid_from = 2025-07-01\ndate_field =", 1), encoding="utf-8")
    return cli


def test_both_editions_are_filled_for_their_periods(
    two_editions: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    two_editions.json("fill", "04A", write(sample("04A")))
    two_editions.json("issue", "QR758-04A-2025-00001")
    spring = write(sample("06A"), "spring.json")
    dates = {"reported_on": "2025-07-01", "started_on": "2025-07-01", "finished_on": "2025-07-02"}
    summer = write(sample("06A", **dates, user_sign_date="2025-07-02"), "summer.json")
    listed = two_editions.json("forms", "list")["forms"]
    assert [f["code"] for f in listed if f["code"].startswith("QR758-06")] == ["QR758-06A", "QR758-06B"]
    assert two_editions.json("fill", "06A", spring)["records"][0]["record_no"] == "QR758-06A-2025-00001"
    assert two_editions.json("fill", "06B", summer)["records"][0]["record_no"] == "QR758-06B-2025-00001"
    late = two_editions("fill", "06A", summer, ok=False)
    assert late.status == 3
    assert "2025-07-02 晚于 QR758-06A 的停用日期 2025-06-30，这一天请用 QR758-06B" in late.err
    early = two_editions("fill", "06B", spring, ok=False)
    assert "早于 QR758-06B 的启用日期 2025-07-01，这一天请用 QR758-06A" in early.err
    assert two_editions.json("verify")["problems"] == []


def test_an_edition_that_ends_before_it_begins_is_refused(cli: CommandLine) -> None:
    path = cli.root / "forms/QR758/06A/form.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("date_field =", "valid_to = 2010-01-01\ndate_field =", 1), encoding="utf-8")
    assert "停用日期 valid_to 2010-01-01 早于启用日期" in cli("forms", "show", "06A", ok=False).err
