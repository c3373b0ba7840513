"""Numbers that follow one another are written short, and none is lost or made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.spans import packed, unpacked


def test_what_follows_is_one_span() -> None:
    names = [f"a-{n:04d}" for n in range(8, 12)] + ["a-0014", "b", "b", "c-99", "c-100", "d-9", "d-10"]
    assert packed(names) == [
        ["a-0008", 4], ["a-0014", 1], ["b", 1], ["b", 1], ["c-99", 1], ["c-100", 1], ["d-9", 1], ["d-10", 1],
    ]  # fmt: skip
    assert [*unpacked(packed(names))] == names


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.builds(lambda head, n, width: f"{head}{n:0{width}d}", st.sampled_from(["", "a-", "甲·"]),
                      st.integers(0, 30), st.integers(1, 4)),
        )
    )
)  # fmt: skip
def test_names_come_back_as_they_were(names: list[str]) -> None:
    assert [*unpacked(packed(names))] == names
    assert [*unpacked(packed(sorted(names)))] == sorted(names)
