"""Faces: stand-ins for Word's, and what no font can print; fontconfig's own tools are the judge where there are any."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from qrecords.errors import MissingProgram
from qrecords.render import fonts

needs_fontconfig = pytest.mark.skipif(not shutil.which("fc-match"), reason="fontconfig's tools are not installed")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    caches = (fonts._covered, fonts._fc_list_program, fonts.require_chinese_face)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def no_fontconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.shutil, "which", lambda _name: None)


@needs_fontconfig
@pytest.mark.parametrize("asked", [name for names, _ in fonts.STAND_INS for name in names])
def test_every_face_word_names_finds_an_installed_one_of_its_kind(asked: str, tmp_path: Path) -> None:
    conf = fonts.fontconfig_file(tmp_path)
    stand_ins = next(s for names, s in fonts.STAND_INS if asked in names)
    installed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=True).stdout
    have = [s for s in stand_ins if s in installed]
    if not have:
        pytest.skip("no Chinese face of the list is installed")
    found = subprocess.run(
        ["fc-match", asked, "family"], env={"FONTCONFIG_FILE": str(conf)}, capture_output=True, text=True, check=True
    ).stdout
    assert have[0] in found


@needs_fontconfig
def test_the_file_is_sound_and_keeps_the_systems_own_rules(tmp_path: Path) -> None:
    conf = fonts.fontconfig_file(tmp_path)
    assert conf is not None
    assert "/etc/fonts/fonts.conf" in [e.text for e in ET.parse(conf).iter("include")]


@needs_fontconfig
def test_characters_no_font_has_are_named_once() -> None:
    assert fonts.uncovered("正常文字 abc。\n\t") == []
    assert fonts.uncovered("甲\U000fffff乙\U000fffff") == ["\U000fffff"]


def test_gbk_text_is_never_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_questions(_pattern: str) -> str:
        raise AssertionError

    monkeypatch.setattr(fonts, "_families", no_questions)
    assert fonts.uncovered("雷达天线转动异常(Ω≤5),①㎡") == []


def test_without_fontconfig_nothing_is_claimed(no_fontconfig: None, tmp_path: Path) -> None:
    assert fonts.uncovered("\U000fffff") == []
    assert fonts.fontconfig_file(tmp_path) is None
    fonts.require_chinese_face()


def test_no_chinese_font_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_fc_list_program", lambda: "fc-list")
    monkeypatch.setattr(fonts, "_families", lambda _pattern: "")
    with pytest.raises(MissingProgram, match="中文字体") as missing:
        fonts.require_chinese_face()
    assert "fonts-noto-cjk" in missing.value.remedy
    assert missing.value.exit_status == 8
