"""Times are shown as the office's clock shows them, in every listing; JSON keeps RFC 3339."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.model.clock import shown
from tests.conftest import CommandLine

RAW = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
LISTINGS = [
    "status", "list --all", "show QR758-10A-2025-00001 --history", "search 示例", "due", "complaints", "task arrivals",
    "retention due", "retention holds", "retention lists", "copies list", "accounts list", "accounts show", "accounts roles",
    "audit list", "audit verify", "audit clock", "volume list", "customers list", "products list", "parts list", "forms list", "index status", "verify",
]  # fmt: skip


@pytest.fixture
def used(cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> CommandLine:
    """Return an office in which something was done of every kind that leaves a time."""
    cli("fill", "10A", write(sample("10A")))
    cli("submit", "QR758-10A-2025-00001")
    cli("review", "QR758-10A-2025-00001")
    cli("retention", "hold", "QR758-10A-2025-00001", "--reason", "示例")
    cli("accounts", "add", "clerk1", "--name", "示例员工一")
    cli("accounts", "grant", "clerk1", "clerk")
    cli("show", "QR758-10A-2025-00001")
    return cli


@pytest.mark.parametrize("words", LISTINGS)
def test_no_listing_shows_a_raw_time(used: CommandLine, words: str) -> None:
    ran = used(*words.split(), ok=False)
    assert ran.status in {0, 2, 5, 6}, ran.err
    assert not RAW.search(ran.out + ran.err)


def test_json_keeps_the_whole_moment(used: CommandLine) -> None:
    event = used.json("audit", "list")["events"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", event["at"])
    assert shown(event["at"]) in used("audit", "list").out


def test_a_moment_of_elsewhere_is_shown_by_the_offices_clock(used: CommandLine) -> None:
    from zoneinfo import ZoneInfo

    assert shown("2026-03-04T01:30:00+00:00", ZoneInfo("Asia/Shanghai")) == "2026-03-04 09:30"
    assert shown("2026-03-03T20:00:00-05:00", ZoneInfo("Asia/Shanghai")) == "2026-03-04 09:00"
    assert shown("", ZoneInfo("Asia/Shanghai")) == ""
