"""What a hit shows: pieces of the text as written, with the match marked."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.query import AnyOf, Query, Word, parse_query
from qrecords.model.textnorm import normalise
from qrecords.stores.fulltext import snippets
from qrecords.stores.fulltext.snippets import snippet
from tests.fulltext_corpus import LABELS, invented_text
from tests.stores.test_fulltext_normal_form import TRICKY

REPORT = (
    ("record_no", "QR758-06A-2026-00123"),
    ("fault_symptom", "3月4日15:20开机后发射机告警，功放\n 过热保护动作，TH-120C 停机。"),
    (
        "fault_cause",
        "冷却风机轴承磨损，风量不足；"
        + "经逐级测量，各级电压、驻波均正常，排除电源与馈线的原因。" * 6
        + "滤尘网堵塞。",
    ),
    ("repair_action", "更换风机并清洗滤尘网，连续工作4小时正常。"),
)


def shown(text: str, width: int = 60) -> str:
    return snippet(REPORT, parse_query(text, LABELS), width)


def test_the_match_is_marked_as_written() -> None:
    assert "【功放 过热】保护" in shown("功放过热")
    assert "【TH-120C】" in shown("th120c")
    assert "【15:20】" in shown("15:20")
    assert shown("00123") == "QR758-06A-2026-【00123】"


def test_words_near_each_other_come_in_one_piece() -> None:
    near = shown("告警 停机")
    assert "【告警】" in near
    assert "【停机】" in near
    assert near.count("…") <= 2


def test_words_far_apart_come_in_pieces() -> None:
    far = shown("告警 滤尘网堵塞 清洗")
    assert all(f"【{word}】" in far for word in ("告警", "滤尘网堵塞", "清洗"))
    assert len(far) < 60 + 3 * 8


def test_a_field_shows_its_own_text() -> None:
    assert "【滤尘网】，连续" in shown("处理措施:滤尘网")
    assert "【" not in snippet(REPORT, parse_query("用户:风机"), 60)


def test_without_words_the_longest_text_begins() -> None:
    start = shown("年:2026", 20)
    assert start.startswith("冷却风机轴承磨损")
    assert start.endswith("…")
    assert snippet([], parse_query("功放"), 60) == ""


def test_own_brackets_are_no_marks() -> None:
    assert snippet([("subject", "【急】功放过热")], parse_query("功放"), 60) == "[急]【功放】过热"


def test_numbers_are_not_cut() -> None:
    text = "编号SN0031776420260304示例" * 8
    cut = snippet([("subject", "x" + "说明" * 30 + "功放" + text)], parse_query("功放"), 40)
    assert "【功放】" in cut
    assert re.search(r"(编号|示例|[^0-9A-Za-z])…$", cut), cut


def test_always_shows_the_match() -> None:
    rng = random.Random(758)
    for _ in range(2_000):
        texts = [("fault_symptom", invented_text(rng, 30)), ("repair_action", invented_text(rng, 5))]
        text = rng.choice(texts)[1]
        start = rng.randrange(len(text) or 1)
        word = normalise(text[start : start + rng.randrange(1, 13)])
        if not word or not any(word in normalise(t) for _, t in texts):
            continue
        made = snippet(texts, Query(Word(word), word), 40)
        marked = [normalise(m) for m in re.findall("【(.*?)】", made)]
        assert any(word in m for m in marked), (word, made)
        assert len(made) <= 40 + 2 * len(marked) + len(word) * 2 + 20


@given(
    st.lists(st.tuples(st.sampled_from(["fault_symptom", "subject"]), TRICKY), max_size=3), TRICKY, st.integers(1, 80)
)
def test_any_text_any_word(texts: list[tuple[str, str]], written: str, width: int) -> None:
    word = normalise(written)
    made = snippet(texts, Query(Word(word), written), width) if word else ""
    if word and any(word in normalise(text) for _, text in texts):
        assert "【" in made
        assert any(word in normalise(m) for m in re.findall("【(.*?)】", made, re.DOTALL))
    else:
        assert "【" not in made


@given(
    st.lists(st.tuples(st.sampled_from(["fault_symptom", "subject"]), st.text("功放热|，e 1-", max_size=30)), max_size=5),
    st.lists(
        st.tuples(st.text("功放热e1", min_size=1, max_size=2), st.sampled_from([(), ("subject",), ("title",)])),
        min_size=1, max_size=4,
    ),
    st.integers(1, 40),
)  # fmt: skip
def test_the_first_stretch_that_shows_most_is_shown(
    texts: list[tuple[str, str]], words: list[tuple[str, tuple[str, ...]]], width: int
) -> None:
    sought = [*dict.fromkeys(Word(normalise(text), fields) for text, fields in words)]
    assert snippet(texts, Query(AnyOf(tuple(sought)), "示例"), width) == exhaustive(texts, sought, width)


def exhaustive(texts: Sequence[tuple[str, str]], words: Sequence[Word], width: int) -> str:
    """Return what a snippet says when every stretch of every text is looked at, of those that show most the first."""
    marked = [(text, found) for key, text in texts if (found := snippets._matches(key, text, words))]
    wanted = {match.word for _, found in marked for match in found}
    if not wanted:
        longest = max((text for _, text in texts), key=len, default="")
        return snippets._shown(snippets._Window(longest, [], 0, 0, frozenset()), width)

    def best(size: int) -> snippets._Window:
        def stretches() -> Iterator[snippets._Window]:
            for text, found in marked:
                for first in found:
                    within = [
                        m for m in found if m is first or (first.start <= m.start and m.end <= first.start + size)
                    ]
                    here = frozenset(m.word for m in within if found.index(m) >= found.index(first)) & wanted
                    if first.word in wanted:
                        end = max(m.end for m in within if m.word in here)
                        yield snippets._Window(text, found, first.start, end, here)

        return max(stretches(), key=lambda stretch: len(stretch.words))

    if (whole := best(width)).words == wanted:
        return snippets._shown(whole, width)
    pieces, size = [], width // min(len(wanted), snippets.MAX_PIECES)
    while wanted and len(pieces) < snippets.MAX_PIECES:
        stretch = best(size)
        pieces.append(snippets._shown(stretch, size).strip("…"))
        wanted -= stretch.words
    return f"…{'…'.join(pieces)}…"
