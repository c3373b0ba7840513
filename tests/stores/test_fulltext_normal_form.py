"""The normal form: what search takes for the same, and where in the text it came from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.textnorm import BREAK, normal_forms, normalise, normalise_with_places
from qrecords.stores.fulltext.analysis import text_pairs, word_pairs
from tests.fulltext_corpus import REAL_RECORDS, invented, plain

# Letters, marks that cling to them, signs, blanks and what the office types, so that neighbours meet.
TRICKY = st.text(
    st.sampled_from(
        "功放热é́e\u3099カガﾞㄱㅏ각\u1161\u11a8ßİΐﬁ①Ω℃-_/.·‐…|，。 \n\t\u3000\u200b\ufe0f\0𠮷Ａa1１⻓⻔⺀⼯㇐"
    )
)
ANY = st.text() | TRICKY


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("功放\n　过热", "功放过热"),
        ("TH-120C", "th120c"),
        ("ＴＨ－１２０Ｃ", "th120c"),
        ("th_120/c", "th120c"),
        ("750-KJ·KF·06·2026·D5-0123", "750kjkf062026d50123"),
        ("15:20", "15|20"),
        ("15：20", "15|20"),
        ("（过热），更换。", "过热|更换"),
        ("功放——过热", "功放|过热"),
        ("①②", "12"),
        ("Straße", "strasse"),
        ("…！？", ""),
        ("", ""),
        ("￥5万", "5万"),
        ("天线⻓度，⻋载台⻔限，⻛扇，3⻚", "天线长度|车载台门限|风扇|3页"),
        ("⼯作⽇志", "工作日志"),
        ("㇐号", "一号"),
    ],
)
def test_what_is_the_same(written: str, normal: str) -> None:
    assert normalise(written) == normal


def test_no_radical_of_the_supplement_is_left() -> None:
    """Kangxi radicals and their supplement: only U+2E80 has no equivalent (EquivalentUnifiedIdeograph.txt)."""
    radicals = [chr(c) for c in range(0x2E80, 0x2FE0) if unicodedata.name(chr(c), "")]
    assert len(radicals) == 115 + 214
    left = [c for c in radicals if not unicodedata.name(normalise(c) or "?").startswith("CJK UNIFIED IDEOGRAPH")]
    assert left == ["\u2e80"]
    word = "".join(radicals)
    assert normalise_with_places(word)[0] == normalise(word)


@given(ANY)
def test_twice_is_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(ANY, ANY)
def test_breaks_stand_between_runs_only(one: str, other: str) -> None:
    normal = normalise(one + "，" + other)
    assert not normal.startswith(BREAK)
    assert not normal.endswith(BREAK)
    assert BREAK * 2 not in normal
    both = [normal for normal in (normalise(one), normalise(other)) if normal]
    assert normal == BREAK.join(both)


@given(st.lists(ANY))
def test_many_at_once_are_each_alone(texts: list[str]) -> None:
    assert normal_forms(texts) == [normalise(text) for text in texts]


@given(ANY)
def test_places_lead_back_to_the_text(text: str) -> None:
    normal, places = normalise_with_places(text)
    assert normal == normalise(text)
    assert len(places) == len(normal)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)
    for char, (start, end) in zip(normal, places, strict=True):
        assert char == BREAK or char in normalise(text[start:end])


def test_all_characters_alone_and_between_others() -> None:
    for point in [*range(0x3200), *range(0xA000, 0xD800, 7), *range(0xF900, 0x11000), *range(0x1D400, 0x1F200)]:
        for text in (chr(point), f"系{chr(point)}统"):
            once = normalise(text)
            assert normalise(once) == once, hex(point)
            assert normalise_with_places(text)[0] == once, hex(point)


def test_as_the_definition_says() -> None:
    texts = [text for d in invented(300) for _, text in d.texts]
    if REAL_RECORDS.exists():
        texts += REAL_RECORDS.read_text(encoding="utf-8").splitlines()
    for text in texts:
        assert normalise(text) == plain(text)


@given(st.lists(ANY.map(normalise).filter(bool)))
def test_pairs_hold_every_character_as_a_beginning(texts: list[str]) -> None:
    rows = text_pairs(texts)
    assert len(rows) == len(texts)
    for normal, row in zip(texts, rows, strict=True):
        pairs = row.split(" ")
        assert [pair[0] for pair in pairs] == list(normal)
        assert pairs[:-1] == word_pairs(normal)
        assert pairs[-1] == normal[-1] + BREAK
