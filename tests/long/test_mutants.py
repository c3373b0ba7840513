"""Laws that tests once did not hold: each is broken here, in a copy of the source, and the test named must fail.

The copy stands first on the path of a pytest of its own; what is installed stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import qrecords
from tests.conftest import CHECKOUT

pytestmark = pytest.mark.slow

SOURCE = Path(qrecords.__file__).parent


@dataclass(frozen=True)
class Mutant:
    """What is broken: in which file which text becomes which; and the test that must tell."""

    law: str
    file: str
    before: str
    after: str
    test: str


MUTANTS = (
    Mutant(
        "a record moved meanwhile is not changed", "services/reading.py",
        "if moved := [r.record_no for r in records if now.get(r.record_no) != r.seq]:",
        "if moved := [r.record_no for r in records if r.seq < 0]:",
        "tests/services/test_moved_meanwhile.py",
    ),
    Mutant(
        "a review is not dated before its record", "services/steps.py",
        "message = f\"审查日期 {move.columns['reviewed_on']} 早于记录日期 {record.date}\"",
        "continue\n            message = \"\"",
        "tests/services/test_moved_meanwhile.py",
    ),
    Mutant(
        "who waits is told for what", "work/leases.py", 'f"另一个程序正在{label}"', '""', "tests/work/test_leases.py",
    ),
    Mutant(
        "who waits outlasts a dead one", "work/leases.py", "WAIT_SECONDS = 60.0", "WAIT_SECONDS = 45.0",
        "tests/work/test_leases.py::test_who_waits_waits_longer_than_it_takes_a_dead_one_to_be_known",
    ),
    Mutant(
        "a clock that differs costs one watch", "work/leases.py", "return not seen.has_beaten and", "return True and",
        "tests/work/test_leases.py::test_a_clock_that_differs_costs_one_watch_and_not_one_a_look",
    ),
    Mutant(
        "a share of a deep check reads the records of its objects", "services/care/verify.py",
        "[row.archive_no for row in items], FILED)", "[], FILED)",
        "tests/web/test_shared_check.py::test_a_deep_check_is_shared_and_tells_what_one_alone_would",
    ),
    Mutant(
        "no share of a deep check is left out", "services/care/shares.py",
        "for _, names in sorted(shares, reverse=True)", "for _, names in sorted(shares, reverse=True)[:-1]",
        "tests/web/test_shared_check.py::test_the_shares_name_every_object_once_and_each_reads_what_is_about_its_own",
    ),
    Mutant(
        "records filed where no item is are told by the rest", "services/care/verify.py",
        "filed = tx.records.archived_as(FILED)", "filed: dict[str, str] = {}",
        "tests/web/test_shared_check.py::test_a_deep_check_is_shared_and_tells_what_one_alone_would",
    ),
    Mutant(
        "fifty problems are shown", "cli/output.py", "SHOWN_PROBLEMS = 50", "SHOWN_PROBLEMS = 5",
        "tests/services/test_moved_meanwhile.py",
    ),
    Mutant(
        "a right to a form is to its series' alone", "model/access.py",
        "or form_code in right.forms)",
        'or form_code.rpartition("-")[2] in {f.rpartition("-")[2] for f in right.forms})',
        "tests/services/test_series.py::test_a_right_to_a_form_is_one_to_its_series_alone",
    ),
    Mutant(
        "a closed series takes no further form", "model/series.py",
        "return not self.closed or", "return True or",
        "tests/services/test_series.py::test_a_closed_series_takes_no_further_form",
    ),
    Mutant(
        "nothing is kept for less than its series asks", "model/form.py",
        "if self.years < max(self.least, FLOOR_YEARS):", "if self.years < FLOOR_YEARS:",
        "tests/services/test_series.py::test_a_form_is_kept_as_long_as_its_series_asks",
    ),
    Mutant(
        "two records never share a place in a list", "model/numbering.py",
        "return crc32(code.encode()) & 0xFFFF", "return len(code)",
        "tests/stores/test_fulltext_engines.py::test_the_order_is_of_day_year_and_number",
    ),
)  # fmt: skip


def copied(folder: Path) -> Path:
    """Return a copy of the source, the forms beside it as in a checkout."""
    shutil.copytree(SOURCE, folder / "src" / "qrecords", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "forms").symlink_to(CHECKOUT / "forms")
    return folder / "src"


def run(source: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run a test against a source folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", test]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=[m.law for m in MUTANTS])
def test_a_broken_law_is_found(mutant: Mutant, tmp_path: Path) -> None:
    source = copied(tmp_path)
    path = source / "qrecords" / mutant.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mutant.before) == 1, f"{mutant.file} has changed: name the law's line anew"
    path.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
    ran = run(source, mutant.test)
    assert ran.returncode == 1, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert " failed" in ran.stdout, "it ends in a failed test, not in an error of the copy"


def test_the_copy_alone_changes_nothing(tmp_path: Path) -> None:
    ran = run(copied(tmp_path), "tests/services/test_moved_meanwhile.py")
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
