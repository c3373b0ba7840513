"""Charts as pictures: drawn, the same twice, and never with empty boxes for characters."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from qrecords.errors import InvalidInput, MissingProgram
from qrecords.render import fonts
from qrecords.render.charts import picture as drawing
from qrecords.render.charts.chart import Kind
from tests.render.chart_samples import SAMPLES

pytest.importorskip("resvg_py")


@pytest.fixture(autouse=True)
def chinese_face() -> None:
    try:
        fonts.hei_file()
    except MissingProgram:
        pytest.skip("no Chinese face is installed")


@pytest.mark.parametrize("kind", [Kind.MONTHS, Kind.ITEMS, Kind.GRADES])
def test_a_picture_is_grey_as_wide_as_the_text_and_the_same_twice(kind: Kind) -> None:
    made = drawing.picture(SAMPLES[kind])
    assert made == drawing.picture(SAMPLES[kind])
    with Image.open(BytesIO(made)) as shown:
        assert shown.mode == "L"
        assert shown.width == pytest.approx(156 / 25.4 * drawing.DPI, abs=1)
        assert shown.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        dark = sum(shown.histogram()[:128]) / (shown.width * shown.height)
        assert 0.005 < dark < 0.3


def test_words_are_drawn_in_the_picture() -> None:
    sample = replace(SAMPLES[Kind.SPREAD], title="")
    without, one, other = (
        Image.open(BytesIO(drawing.picture(replace(sample, title=title)))).crop((0, 0, 1842, 75))
        for title in ("", "国", "圆")
    )
    assert one.tobytes() != other.tobytes()
    assert one.getextrema()[0] < 60
    assert one.tobytes() != without.tobytes()


def test_a_character_no_font_has_is_named_and_nothing_is_drawn() -> None:
    with pytest.raises(InvalidInput, match=r"U\+FFFFD"):
        drawing.picture(replace(SAMPLES[Kind.SPREAD], title="甲\U000ffffd乙"))


def test_a_character_of_another_font_brings_that_font(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(drawing, "has", lambda file, char: char != "龘" or file == Path("other.ttf"))
    monkeypatch.setattr(drawing, "file_with", lambda char: asked.append(char) or Path("other.ttf"))
    assert drawing._files("龙龘龘") == [fonts.hei_file(), Path("other.ttf")]
    assert asked == ["龘"]


def test_empty_boxes_are_told_from_characters() -> None:
    file = fonts.hei_file()
    assert all(drawing.has(file, char) for char in "甲 A1—…，")
    assert not drawing.has(file, "\U000ffffd")


def test_without_a_chinese_face_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.hei_file.cache_clear()
    monkeypatch.setattr(fonts, "_listed", lambda _pattern, _what: "")
    monkeypatch.setattr(fonts, "_KNOWN_FILES", ())
    with pytest.raises(MissingProgram, match="空框"):
        drawing.picture(SAMPLES[Kind.SPREAD])
    fonts.hei_file.cache_clear()
