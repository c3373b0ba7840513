"""A workspace's path with signs that mean something in a URL opens that workspace's register, no other."""

import sys
from pathlib import Path

import pytest

from qrecords.services.administer import init


@pytest.mark.parametrize(
    "name",
    [
        "a%41",
        "a%2Fb",
        "a#b",
        "a&b=c",
        pytest.param("a?mode=ro", marks=pytest.mark.skipif(sys.platform == "win32", reason="no ? in names there")),
    ],
)
def test_signs_of_a_url_in_a_path_open_no_other_register(tmp_path: Path, name: str) -> None:
    init(tmp_path / name).close()
    assert (tmp_path / name / "archive" / "register.sqlite").is_file()
    assert [found.name for found in tmp_path.iterdir()] == [name]
