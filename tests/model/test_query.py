"""The language of the search box."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.errors import InvalidInput
from qrecords.model.periods import parse_period
from qrecords.model.query import MAX_LENGTH, MAX_WORDS, AllOf, AnyOf, Between, Is, Not, Word, form_names, parse_query
from qrecords.model.textnorm import normalise
from tests.fulltext_corpus import LABELS

QUESTIONS = {
    "功放": Word("功放"),
    "功放 过热": AllOf((Word("功放"), Word("过热"))),
    "功放　过热": AllOf((Word("功放"), Word("过热"))),
    '"功放，过热"': Word("功放|过热"),
    '"功放 过热"': Word("功放过热"),
    "“功放 过热”": Word("功放过热"),
    "「功放 过热」": Word("功放过热"),
    "过热 OR 啸叫": AnyOf((Word("过热"), Word("啸叫"))),
    "过热 ＯＲ 啸叫": AnyOf((Word("过热"), Word("啸叫"))),
    "a OR b OR c": AnyOf((Word("a"), Word("b"), Word("c"))),
    "泵 过热 OR 啸叫 功放": AllOf((Word("泵"), AnyOf((Word("过热"), Word("啸叫"))), Word("功放"))),
    "过热 -啸叫": AllOf((Word("过热"), Not(Word("啸叫")))),
    "过热 －啸叫": AllOf((Word("过热"), Not(Word("啸叫")))),
    '-"功放 过热"': Not(Word("功放过热")),
    "a OR -b": AnyOf((Word("a"), Not(Word("b")))),
    # An operator is one only where it can be.
    "15:20": Word("15|20"),
    "TH-120C": Word("th120c"),
    "or": Word("or"),
    '"OR"': Word("or"),
    "FLOOR": Word("floor"),
    "功放 - 过热": AllOf((Word("功放"), Word("过热"))),
    "过热-": Word("过热"),
    "http://10.1.80.6:61616": Word("http|101806|61616"),
    '19"屏': Word("19|屏"),
    "电表:15": Word("电表|15"),
    "功放 ， 过热": AllOf((Word("功放"), Word("过热"))),
    # Fields, by Chinese and English names, either colon.
    "用户:61187": Word("61187", ("customer_unit",)),
    "用户：61187": Word("61187", ("customer_unit",)),
    "customer_unit:61187": Word("61187", ("customer_unit",)),
    "型号:TH-120": Word("th120", ("product_model",)),
    "编号:00123": Word("00123", ("record_no", "archive_no")),
    "故障现象:啸叫": Word("啸叫", ("fault_symptom",)),
    '故障现象:"功放 过热"': Word("功放过热", ("fault_symptom",)),
    "-故障现象:啸叫": Not(Word("啸叫", ("fault_symptom",))),
    "遗留问题:无": Word("无", ("open_issues",)),
    "用户:61187:2": Word("61187|2", ("customer_unit",)),
    # What the record is.
    "表:06A": Is("form", "06a"),
    "表:QR758-06A": Is("form", "qr75806a"),
    "form:06": Is("form", "06"),
    "-表:06A": Not(Is("form", "06a")),
    "年:2026": Between("year", "2026", "2026"),
    "年:2024..2026": Between("year", "2024", "2026"),
    "状态:已归档": Is("state", "filed"),
    "状态:归档": Is("state", "filed"),
    "state:filed": Is("state", "filed"),
    "日期:2026-01..2026-02": Between("date", "2026-01-01", "2026-02-28"),
    "日期:2026年3月4日": Between("date", "2026-03-04", "2026-03-04"),
    "表:06A OR 表:07A 过热": AllOf((AnyOf((Is("form", "06a"), Is("form", "07a"))), Word("过热"))),
}


@pytest.mark.parametrize("written", QUESTIONS)
def test_means(written: str) -> None:
    query = parse_query(written, LABELS)
    assert query.root == QUESTIONS[written]
    assert query.text == written


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "没有可查的字"),
        (" \n", "没有可查的字"),
        ("，。！", "没有可查的字"),
        ('""', "没有可查的字"),
        ("OR", "第1字处的 OR 两边都要有词"),
        ("OR 过热", "第1字处的 OR 两边都要有词"),
        ("过热 OR", "第4字处的 OR 两边都要有词"),
        ("a OR OR b", "OR 两边都要有词"),
        ("a OR ，", "第3字处的 OR 两边都要有词"),
        ('功放 "过热', "第4字处的引号"),
        ("“过热", "第1字处的引号"),
        ("用户:", "「用户：」后面没有要查的内容"),
        ("功放 型号： TH", "第4字处的「型号：」后面没有要查的内容"),
        ("表:，", "「表：」后面没有要查的内容"),
        ("状态:飞", "没有「飞」这个状态"),
        ("日期:2026-13", "月份"),
        ("日期:2026-02-30", "日历上没有"),
        ("日期:昨天", "看不出是哪一天"),
        ("日期:2026-03..2026-01", "起止颠倒"),
        ("年:二六", "看不出"),
        ("年:1066", "年份不合理"),
        ("功" * (MAX_LENGTH + 1), "太长"),
        (" ".join("功" * (MAX_WORDS + 1)), "检索词太多"),
    ],
)
def test_says_where_and_why(written: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_query(written, LABELS)
    assert says in caught.value.message
    assert caught.value.remedy


def test_words_are_those_looked_for() -> None:
    query = parse_query("功放 过热 OR 啸叫 -泵 表:06A 用户:61187 功放")
    assert [word.text for word in query.words] == ["功放", "过热", "啸叫", "61187"]


def test_names_of_a_form() -> None:
    assert set(form_names("QR758-06A")) == {"qr75806a", "qr75806", "06a", "06"}


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("2024", ("2024-01-01", "2024-12-31")),
        ("2024-02", ("2024-02-01", "2024-02-29")),
        ("2024年2月", ("2024-02-01", "2024-02-29")),
        ("２０２４/2", ("2024-02-01", "2024-02-29")),
        ("2024-2-9", ("2024-02-09", "2024-02-09")),
        ("2024..2025-03", ("2024-01-01", "2025-03-31")),
        ("2024-06..", ("2024-06-01", "9999-12-31")),
        ("..2024-06", ("0001-01-01", "2024-06-30")),
        ("2024年1月至2月", None),
        ("2024-01至2024-02", ("2024-01-01", "2024-02-29")),
        ("..", None),
        ("2024..2025..2026", None),
        ("2024-00", None),
    ],
)
def test_periods(written: str, span: tuple[str, str] | None) -> None:
    if span:
        assert parse_period(written) == span
    else:
        with pytest.raises(ValueError, match="「"):
            parse_period(written)


def fuzzed(count: int, seed: int = 758) -> list[str]:
    """Return queries put together from operators, halves of operators and text."""
    rng = random.Random(seed)
    pieces = [
        " ", " ", "　", "\n", "-", "－", "--", '"', "“", "”", "「", "」", ":", "：", "OR", " OR ", "..", "表", "表:", "年:",
        "日期:", "状态:", "用户:", "编号：", "型号:", "故障现象:", "06A", "2026", "2026-03", "filed", "功放", "过热", "泵", "系统",
        "TH-120C", "15:20", "1", "，", "。", "|", "\0", "𠮷", "é", "\ud800", "*", "(", ")", "[", "]", "~", "^", "\\", "/", "+",
        "AND", "NOT", "'", "{", "%", "\u200b", "\u202e", "a" * 70, "功" * 40,
    ]  # fmt: skip
    return ["".join(rng.choice(pieces) for _ in range(rng.randrange(1, 14))) for _ in range(count)]


def test_ten_thousand_odd_queries() -> None:
    understood = 0
    for written in fuzzed(10_000):
        try:
            query = parse_query(written, LABELS)
        except InvalidInput as refused:
            assert refused.remedy
        else:
            understood += 1
            assert all(word.text for word in query.words)
    assert 2_000 < understood < 9_500  # both ways are taken


QUOTES = '"\uff02“”„「」『』'


@given(st.text() | st.text(st.sampled_from("功放é\u3099ガＴTß-_/.·，。：:OR \n\u3000\u200b−…")))
def test_a_query_is_brought_to_the_same_form_as_a_text(written: str) -> None:
    phrase = "".join(c for c in written if c not in QUOTES)
    normal = normalise(phrase)
    if not normal:
        return
    assert parse_query(f'"{phrase}"').root == Word(normal)
    for word in phrase.split():
        if (
            normalise(word)
            and word[0] not in "-\uff0d−"
            and word not in {"OR", "\uff2f\uff32"}
            and not set(word) & set(":\uff1a")
        ):
            assert parse_query(word).root == Word(normalise(word))


@given(st.text(max_size=60))
def test_any_query_is_understood_or_refused_with_a_remedy(written: str) -> None:
    try:
        query = parse_query(written, LABELS)
    except InvalidInput as refused:
        assert refused.remedy
    else:
        again = parse_query(" ".join(part for part, _ in query.parts), LABELS)
        assert again.root == query.root  # its parts say all of it
