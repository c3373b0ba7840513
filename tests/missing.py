"""What tests do without where it is missing: told by name at the end, or a failure where it is required.

QRECORDS_REQUIRE names groups, divided by commas: of tools/system-packages.sh (office, checks, judges, servers), and
`packages`, which come with `pip install .[dev]`. A test that skips itself for want of one of theirs fails then, as CI
wants it (.ci/run). Every reason a test gives stands here, as a lack or as none (tests/test_missing.py).
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Generator, Mapping
from typing import Any

import pytest

VARIABLE = "QRECORDS_REQUIRE"
# What a lack is told by, looked for in this order, and who brings it.
LACKS: Mapping[str, str] = {
    "judges": r"Chromium|Calc",
    "servers": r"PostgreSQL|S3",
    "checks": r"poppler-utils|qpdf",
    "office": r"LibreOffice|fontconfig|Chinese (face|font)",
    "packages": r"could not import|no tantivy wheel|pip install \.\[dev\]",
}
# Reasons that are no lack of a program: another system, another user, no case for this one, or what only some have.
NO_LACK = (
    "needs SIGKILL", "SIGKILL is a POSIX signal", "no SIGKILL", "POSIX modes", "modes and uids are POSIX",
    "pseudo-terminals are POSIX", "signals and their memory figures are POSIX", "file names of POSIX",
    "only POSIX folders have such rights", "there are no such limits", "a shell of POSIX closes streams",
    "a browser that is a shell script", "the viewer is a shell script", "the stand-in is a script",
    "a new process is started for each", "elsewhere one process answers", "only Linux tells which files are open",
    "only Linux tells what is mounted",
    "names are bytes on Linux alone", "no ? in names there", "no links here", "links need no right there",
    "no pipes on this system", "a pipe is handed on", "this system has no device that is always full",
    "bash is not installed",
    "root reads everything", "root writes everywhere", "nothing is read-only for root", "only root mounts",
    "only root gives files away", "only root makes users and sudo rules",
    "nothing can be mounted here", "nothing can be mounted to be read alone here",
    "its scores weigh words by all records, so what comes in can make near neighbours change places",
    "one rename brings in a whole object", "its figures count what is kept apart too: the next test",
    "a document of the whole centre counts it there alone", "other faces than those the places were measured with",
    "qrecords[ocr] is not installed",
    "needs the real records beside the checkout", "the real fault records are not beside the checkout",
    "the customer's real records lie beside the checkout only",
    "../shared/data/fault_records.csv is not beside this checkout",
)  # fmt: skip


def lack_in(reason: str) -> str:
    """Return the group that brings what is missing, "" when nothing is."""
    return next((group for group, told in LACKS.items() if re.search(told, reason)), "")


def required() -> set[str]:
    """Return the groups that must be there."""
    return {name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()}


def pytest_configure() -> None:
    """Refuse a group there is not: it would be required in vain."""
    if unknown := required() - LACKS.keys():
        raise pytest.UsageError(
            f"{VARIABLE}: no such group: {', '.join(sorted(unknown))}; there are {', '.join(LACKS)}"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Let a test fail that was skipped for want of what is required."""
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Let a file fail that was skipped whole for want of what is required."""
    return _judged((yield))


def _judged(report: Any) -> Any:
    if report.skipped and isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        if (group := lack_in(reason)) in required():
            report.outcome = "failed"
            report.longrepr = f"{path}:{line}: {VARIABLE} names {group}, but {reason.removeprefix('Skipped: ')}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell by name which tests were not tried, and what would bring what they lack."""
    untried: dict[str, set[str]] = defaultdict(set)
    for report in terminalreporter.stats.get("skipped", ()):
        if isinstance(report.longrepr, tuple) and (group := lack_in(str(report.longrepr[2]))):
            untried[group].add(report.nodeid)
    for group, names in untried.items():
        how = 'pip install ".[dev]"' if group == "packages" else f"sh tools/system-packages.sh {group}"
        terminalreporter.section(f"{len(names)} not tried for want of {group}: {how}", yellow=True)
        for name in sorted(names):
            terminalreporter.line(name)
