"""A process killed at any named step of drawing and executing a destruction list: nothing half, nothing too early."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from qrecords.services import making
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import draw, lists
from qrecords.services.finding.find import show
from tests import dying
from tests.faulty_disk import blank_pdfs
from tests.retention_office import (
    ALL,
    LIST_NO,
    ROWS,
    VOLUME,
    WORD,
    A,
    B,
    C,
    People,
    copied,
    copied_witnessed,
    opened,
)
from tests.services.test_crash import assert_valid_ocfl

pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]

# Opens the office, takes a step and dies at the N-th pass of a checkpoint.
DYING = """
import sys
from pathlib import Path
from qrecords.services import making
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import draw
from tests.dying import die_at
from tests.faulty_disk import blank_pdfs
from tests.retention_office import LIST_NO, VOLUME, opened
step, name, passes, root = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
making.to_pdf = blank_pdfs
die_at(name, passes)
with opened(root) as people:
    if step == "destroy":
        destroy(people("戊"), LIST_NO)
    elif step == "draw":
        draw(people("甲"), [VOLUME], "x")
"""


def killed(step: str, checkpoint: str, passes: int, root: Path) -> None:
    ended = dying.run(DYING, step, checkpoint, passes, root)
    assert ended.status == -signal.SIGKILL, f"{checkpoint} was never reached: {ended.out}{ended.err}"


@pytest.fixture(autouse=True)
def no_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return copied_witnessed(tmp_path)


def assert_destroyed(people: People) -> None:
    office = people("甲")
    (found,) = lists(office)
    assert found.state == "destroyed"
    assert found.executed and found.executed.account == "戊"
    assert len(office.archive.versions(f"urn:qrecords:disposition:{LIST_NO}")) == 3
    for number in (A, B, C, *ROWS):
        assert show(office, number).values.keys() == {"secrecy_level"}
    assert verify(office, deep=True).problems == []
    with office.register.read() as tx:
        assert tx.intents.open() == []
    assert office.archive.steps_in_staging() == []
    for path in people.root.rglob("*"):
        assert path.is_dir() or WORD.encode() not in path.read_bytes(), path
    assert_valid_ocfl(people.root)


# One of each kind in every run; all of them in the long one.
SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "checkpoint", ["destroy.intent", pytest.param("stage.done", marks=SLOW), pytest.param("publish.begin", marks=SLOW)]
)
def test_before_the_certificate_nothing_goes(kept: Path, checkpoint: str) -> None:
    killed("destroy", checkpoint, 1, kept)
    with opened(kept) as people:
        assert lists(people("甲"))[0].state == "approved"
        assert all(show(people("甲"), number).customer_unit for number in (A, B, C, *ROWS))
        assert verify(people("甲"), deep=True).problems == []
        destroy(people("戊"), LIST_NO)
        assert_destroyed(people)


@pytest.mark.parametrize(
    ("checkpoint", "passes"),
    [
        ("destroy.certified", 1),
        ("remove.taken", 1),
        *(
            pytest.param(*at, marks=SLOW)
            for at in (
                ("publish.version_in", 1),
                ("destroy.buried", 1),
                ("remove.taken", 4),
                ("remove.erased", 2),
                ("destroy.object", 5),
                ("destroy.file", 2),
                ("destroy.index", 1),
                ("destroy.scrubbed", 1),
                ("publish.version_in", 2),
                ("publish.inventory_in", 2),
                ("destroy.verified", 1),
                ("destroy.committed", 1),
            )
        ),
    ],
)
def test_after_the_certificate_the_next_start_finishes(kept: Path, checkpoint: str, passes: int) -> None:
    killed("destroy", checkpoint, passes, kept)
    with opened(kept) as people:
        assert_destroyed(people)


def test_half_a_print_that_a_crash_left_goes_too(kept: Path) -> None:
    left = kept / "archive" / "drafts" / ".0123456789abcdef.tmp"
    left.write_text(WORD, encoding="utf-8")
    os.utime(left, (0, 0))
    with opened(kept) as people:
        destroy(people("戊"), LIST_NO)
        assert_destroyed(people)
    assert not left.exists()


@pytest.mark.slow
def test_a_recovery_that_is_killed_itself(kept: Path) -> None:
    killed("destroy", "destroy.buried", 1, kept)
    killed("none", "remove.taken", 2, kept)
    killed("none", "destroy.index", 1, kept)
    with opened(kept) as people:
        assert_destroyed(people)


@pytest.mark.parametrize(
    "checkpoint",
    ["draw.published", *(pytest.param(at, marks=SLOW) for at in ("draw.intent", "publish.begin", "publish.done"))],
)
def test_drawing_a_list(tmp_path: Path, checkpoint: str) -> None:
    root = copied(tmp_path)
    killed("draw", checkpoint, 1, root)
    with opened(root) as people:
        made = [one.list_no for one in lists(people("甲"))]
        assert made == ([] if checkpoint in {"draw.intent", "publish.begin"} else [LIST_NO])
        assert verify(people("甲"), deep=True).problems == []
        rest = [unit for unit in ALL if unit != VOLUME or not made]
        assert draw(people("甲"), rest, "x").list_no == "XH-2026-002", "a number is used once"
