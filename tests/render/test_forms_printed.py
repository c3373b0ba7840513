"""Every form on paper — empty, the sample, as full as it gets: what stands where, and that nothing is cut off.

The golden files hold the printed labels with their places in whole millimetres; --renew-golden writes them anew. They
hold for LibreOffice with Noto CJK faces; places may differ by a few millimetres between versions.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path

import pytest

from qrecords.model.field import FieldType
from qrecords.render.context import TICKED, UNTICKED, date_text
from qrecords.render.fonts import missing_faces
from qrecords.render.forpaper import for_paper
from qrecords.render.joins import JOINER
from qrecords.render.pdf import Converter
from tests.conftest import CHECKOUT
from tests.forms_at_three_fills import (
    CATALOGUE,
    CODES,
    EXCERPTS,
    FILLS,
    UNIT,
    Word,
    anchors,
    document,
    excerpt_document,
    words,
)

GOLDEN = CHECKOUT / "tests" / "golden" / "forms"
# A line more or less, and what follows has moved by its height.
TOLERANCE = {"empty": 4, "sample": 6, "extreme": 12}
BINDING_MM = 25
HEAD_MM = 40
BOXES_DRAWN = (TICKED, UNTICKED)
NEVER_FIRST = set("，。、；：！？）》」』〉】〕％…”’")
NEVER_LAST = set("（《「『〈【〔“‘")

ON_ONE_PAGE = {"YB758-XQ"}  # however full it is

pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed"),
]

every_form = pytest.mark.parametrize("code", CODES)
at_every_fill = pytest.mark.parametrize("fill", FILLS)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], list[Word]]:
    """Print all forms at all fills in one go; returns the words of one."""
    folder = tmp_path_factory.mktemp("printed")
    for code, fill in product(CODES, FILLS):
        (folder / f"{code}-{fill}.docx").write_bytes(document(code, fill))
    for (code, key), fill in product(EXCERPTS, FILLS):
        (folder / f"{code}-{key}-{fill}.docx").write_bytes(excerpt_document(code, key, fill))
    pdfs = {p.stem: p for p in Converter(workers=2).convert(sorted(folder.glob("*.docx")), folder)}
    kept: dict[Path, list[Word]] = {}

    def found(code: str, fill: str) -> list[Word]:
        path = pdfs[f"{code}-{fill}"]
        if path not in kept:
            kept[path] = words(path)
        return kept[path]

    return found


Printed = Callable[[str, str], list[Word]]


def lines_of(found: list[Word]) -> list[str]:
    """Return the words as lines across the page, without blanks."""
    rows: dict[tuple[int, int], list[Word]] = {}
    for word in found:
        rows.setdefault((word.page, round(word.top * 2)), []).append(word)
    return ["".join(w.text for w in sorted(row, key=lambda w: w.left)) for _, row in sorted(rows.items())]


@every_form
@at_every_fill
def test_labels_stand_where_they_stood(code: str, fill: str, printed: Printed, request: pytest.FixtureRequest) -> None:
    if any("Noto" not in other for other in missing_faces(["宋体", "黑体"]).values()):
        pytest.skip("other faces than those the places were measured with")
    found = anchors(code, printed(code, fill))
    path = GOLDEN / f"{code}-{fill}.txt"
    if request.config.getoption("--renew-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{p} {x} {y} {text}\n" for p, x, y, text in found), encoding="utf-8")
    golden = [line.split(" ", 3) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(found) > 8
    assert [(str(page), text) for page, _, _, text in found] == [(page, text) for page, _, _, text in golden]
    moved = [
        (text, (x, y), (int(old_x), int(old_y)))
        for (_, x, y, text), (_, old_x, old_y, _) in zip(found, golden, strict=True)
        if max(abs(x - int(old_x)), abs(y - int(old_y))) > TOLERANCE[fill]
    ]
    assert moved == []


@every_form
@at_every_fill
def test_nothing_stands_in_the_binding_margin_or_off_the_page(code: str, fill: str, printed: Printed) -> None:
    width = 210 if CATALOGUE.get(code).form.layout == "portrait" else 297
    found = printed(code, fill)
    assert min(w.left for w in found) >= BINDING_MM
    assert max(w.right for w in found) <= width - 10
    assert max(w.bottom for w in found) <= (297 if width == 210 else 210) - 3


@every_form
def test_a_date_is_never_parted(code: str, printed: Printed) -> None:
    form = CATALOGUE.get(code).form
    values = form.check(CATALOGUE.get(code).sample()).values
    wanted = {date_text(str(v)[:10]) for f in form.fields if f.type in {FieldType.DATE, FieldType.DATETIME}
              if (v := values.get(f.key))}  # fmt: skip
    text = "\n".join(lines_of(printed(code, "sample")))
    assert [day for day in sorted(wanted) if day not in text] == []


@every_form
def test_a_blank_date_stands_on_one_line(code: str, printed: Printed) -> None:
    found = printed(code, "empty")
    months = [w for w in found if w.text == "月" and w.top > HEAD_MM]  # a register's head names its month
    assert months, "somewhere a date is written by hand"
    for month in months:
        beside = [w for w in found if (w.page, w.text) == (month.page, "日") and abs(w.top - month.top) < 1]
        assert [w for w in beside if 0 < w.left - month.right < 20], f"page {month.page}, {month.top:.0f} mm down"


@every_form
def test_what_is_too_long_flows_on(code: str, printed: Printed) -> None:
    text = re.sub(r"\s", "", "".join(w.text for w in printed(code, "extreme")))
    form = CATALOGUE.get(code).form
    if "customer_unit" in form.by_key:
        # Cell by cell the characters come in their order; beside other cells not in one piece.
        assert text.count("称") >= UNIT.count("称")
        assert text.count("共三百字") >= 1
    for field in form.fields:
        if field.type is FieldType.ROWS:
            count = 60 if field.key == "trainees" else 40
            column = next(c for c in field.columns if c.type in {FieldType.TEXT, FieldType.LTEXT})
            # The number at the end of a cell's text may stand on a line of its own.
            missing = [n for n in range(1, count + 1) if f"{n:03d}" not in text]
            assert missing == [], (field.key, column.key)


@every_form
def test_pages_are_numbered_and_following_ones_say_so(code: str, printed: Printed) -> None:
    found = printed(code, "extreme")
    form = CATALOGUE.get(code).form
    last = max(w.page for w in found)
    assert last > 1 or code in ON_ONE_PAGE
    for page in range(1, last + 1):
        text = re.sub(r"\s", "", "".join(w.text for w in found if w.page == page))
        assert f"第{page}页共{last}页" in text
        assert ("（续页）" in text) is (page > 1)
        assert f"{form.code}版本：{form.edition}" in text


@pytest.mark.parametrize(("code", "key"), EXCERPTS)
@at_every_fill
def test_a_paper_that_says_a_part_of_a_record_is_whole(code: str, key: str, fill: str, printed: Printed) -> None:
    """Inside the margins, each label and hand on it, what is long flows on, the pages numbered."""
    form = CATALOGUE.get(code).form
    excerpt = next(e for e in form.excerpts if e.key == key)
    found = printed(f"{code}-{key}", fill)
    assert min(w.left for w in found) >= BINDING_MM
    assert max(w.right for w in found) <= 210 - 10 and max(w.bottom for w in found) <= 297 - 3
    text = re.sub(r"\s", "", "".join(w.text for w in found))
    wanted = [excerpt.title, *(form.by_key[k].label for k in excerpt.fields), *excerpt.hands]
    assert [words for words in wanted if words.replace(" ", "") not in text] == []
    last = max(w.page for w in found)
    for page in range(1, last + 1):
        here = re.sub(r"\s", "", "".join(w.text for w in found if w.page == page))
        assert f"第{page}页共{last}页" in here and ("（续页）" in here) is (page > 1)
    if fill == "extreme":
        assert text.count("称") >= UNIT.count("称") and "共三百字" in text
        lists = [k for k in excerpt.fields if form.by_key[k].type is FieldType.ROWS]
        assert not lists or [n for n in range(1, 41) if f"{n:03d}" not in text] == []
    assert [w.text for w in found if w.text[0] in NEVER_FIRST or w.text[-1] in NEVER_LAST] == []


def test_places_rise_down_the_page(printed: Printed) -> None:
    """The words are read in the order of the paper, so that the goldens mean something."""
    heads = [w for w in printed("06A", "sample") if w.text == "维修服务报告"]
    assert [w.page for w in heads] == [1]
    assert all(a.page <= b.page for a, b in pairwise(printed("06A", "sample")))


@every_form
def test_no_number_is_parted_at_its_stroke(code: str, printed: Printed) -> None:
    """ABC-123 stands in every text of the full fill: wherever a cell is wide enough for it, on one line."""
    found = printed(code, "extreme")
    assert [w for w in found if w.text.endswith("ABC-")] == []


@every_form
@at_every_fill
def test_no_choice_is_parted_from_its_box_or_inside(code: str, fill: str, printed: Printed) -> None:
    form = CATALOGUE.get(code).form
    fields = [*form.fields, *(column for field in form.fields for column in field.columns)]
    choices = {"是", "否"} | {choice for field in fields for choice in field.choices}
    boxed = [w.text for w in printed(code, fill) if w.text[0] in BOXES_DRAWN]
    assert [text for text in boxed if text[1:] not in choices] == []


@every_form
@at_every_fill
def test_no_line_begins_with_a_comma_or_ends_with_an_open_bracket(code: str, fill: str, printed: Printed) -> None:
    """Texts hold no blanks beside these marks, so a word that begins or ends with one stands at a line's edge."""
    found = [html.unescape(w.text) for w in printed(code, fill)]
    assert [text for text in found if text[0] in NEVER_FIRST or text[-1] in NEVER_LAST] == []


def test_joiners_leave_no_text_and_no_document_is_changed(tmp_path: Path) -> None:
    data = document("06A", "sample")
    (tmp_path / "报告.docx").write_bytes(data)
    pdf = Converter().convert([tmp_path / "报告.docx"], tmp_path)[0]
    assert for_paper(data) != data
    assert (tmp_path / "报告.docx").read_bytes() == data
    assert JOINER not in "".join(w.text for w in words(pdf))
    assert for_paper(b"no Word file") == b"no Word file"


@pytest.mark.parametrize("fill", ["sample", "extreme"])
@pytest.mark.parametrize("code", ["04A", "05A", "06A", "07A", "08A"])
def test_no_signature_row_stands_alone_on_the_last_page(code: str, fill: str, printed: Printed) -> None:
    """Who answers for a report signs below what he answers for: not on a sheet that could belong to any other."""
    found = printed(code, fill)
    last = {w.text for w in found if w.page == found[-1].page}
    assert {"服务人员签名", "主管签名", "归档编号"} <= last
    # The notice has its closing remarks between the customer's word and these.
    assert "用户签名" in last or code == "04A"


def test_a_plan_is_signed_on_the_page_it_is_filed_by(printed: Printed) -> None:
    """Two pages, and no third for the archive's row alone; an item's number stands on one line."""
    found = printed("KF758-JH", "sample")
    last = {w.text for w in found if w.page == found[-1].page}
    assert found[-1].page == 2 and {"中心领导审核", "主管签名", "归档编号"} <= last
    assert {"JH-2026-P1-001", "JH-2026-P2-001", "JH-2026-P3-001"} <= {w.text for w in found}


def test_every_page_of_a_plan_says_that_it_is_not_in_force_before_its_signatures(printed: Printed) -> None:
    """The paper itself is signed: what it says holds before and after (QS/PA758A 5.4.1)."""
    for fill in FILLS:
        found = printed("KF758-JH", fill)
        for page in {w.page for w in found}:
            assert "签署齐全、归档前未生效" in "".join(w.text for w in found if w.page == page), (fill, page)


@pytest.mark.parametrize("heading", ["用户评价", "培训（不足4小时"])
def test_a_heading_is_on_the_page_of_what_it_heads(heading: str, printed: Printed) -> None:
    for code, fill in product(CODES, FILLS):
        found = printed(code, fill)
        for word in found:
            if heading in word.text:
                below = [w.top for w in found if w.page == word.page and w.top > word.bottom]
                assert min(below) < max(below) - 3, (code, fill, word.page)  # more than the foot
