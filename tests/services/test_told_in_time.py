"""What is told before it is too late: people not on site, a record bound in another year, a year not over, a period."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

NOTICE = "QR758-04A-2025-00001"
EXECUTION = ("departed_on", "arrived_on", "left_on", "returned_on", "completion", "completion_note", "open_issues",
             "reports", "submitted_on", "late_reason")  # fmt: skip


def awaited(cli: CommandLine, on: str) -> dict[str, tuple[str, bool, str]]:
    found = cli.json("due", "--on", on)["due"]
    keys = {"arrival", "service_finish"}
    return {d["key"]: (d["limit_on"], d["late"], d["about"]) for d in found if d["key"] in keys}


def test_r19_a_notice_issued_is_due_until_its_people_are_there_and_done(
    cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    values = {k: v for k, v in sample("04A").items() if k not in EXECUTION and not k.startswith("user_")}
    cli("fill", "04A", write(values))
    assert awaited(cli, "2025-03-20") == {}, "nobody is sent yet"
    cli("issue", NOTICE)
    assert awaited(cli, "2025-03-02") == {}
    assert awaited(cli, "2025-03-04") == {"arrival": ("2025-03-06", False, NOTICE)}, "three days ahead"
    assert awaited(cli, "2025-03-07") == {"arrival": ("2025-03-06", True, NOTICE)}
    told = cli("due", "--on", "2025-03-07").out
    assert "按要求日期到达现场" in told
    assert "示例工程师甲" in told
    cli("update", NOTICE, write({"departed_on": "2025-03-05", "arrived_on": "2025-03-06"}))
    assert awaited(cli, "2025-03-11") == {}
    assert awaited(cli, "2025-03-12") == {"service_finish": ("2025-03-12", False, NOTICE)}
    assert awaited(cli, "2025-03-13") == {"service_finish": ("2025-03-12", True, NOTICE)}
    cli("update", NOTICE, write({"left_on": "2025-03-12", "returned_on": "2025-03-13"}))
    assert awaited(cli, "2025-03-20") == {}


@pytest.mark.office
def test_a_record_of_another_years_volume_is_named_at_its_review_and_when_its_year_is_bound(
    cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    cli("fill", "04A", write(sample("04A")))
    cli("issue", NOTICE)
    cli("fill", "06A", write([sample("06A", notice_no=NOTICE), sample("06A", notice_no=NOTICE, serial_no="S2203018")]))
    numbers = [f"QR758-06A-2025-0000{n}" for n in (1, 2)]
    cli("submit", *numbers)
    assert "编入" not in cli("review", numbers[0], "--on", "2025-12-30").err
    told = cli("review", numbers[1], "--on", "2026-01-05").err
    assert f"{numbers[1]} 编入2026年度的册" in told
    assert "--on" in told, "how to give the paper's own day"
    planned = cli("compile", "2025", "--form", "06A", "--dry-run").out
    assert f"不在本年度册内 {numbers[1]}：按审查日期归入2026年度" in planned
    assert f"不在本年度册内 {numbers[0]}" not in planned


def test_a_year_that_is_not_over_is_told_when_it_is_bound(cli: CommandLine) -> None:
    ran = cli("compile", "2026", "--dry-run")
    assert "2026年还没有过完" in ran.err
    assert cli.json("compile", "2026", "--dry-run")["is_over"] is False
    assert "没有过完" not in cli("compile", "2024", "--dry-run").err


@pytest.mark.parametrize("level", ["秘密", "机密"])
def test_a_secret_record_says_for_how_long(
    cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path], level: str
) -> None:
    refused = cli("fill", "10A", write(sample("10A", secrecy_level=level, secrecy_period=None)), ok=False)
    assert refused.status == 3
    assert "保密期限" in refused.err
    assert "QS/PA758A 5.11.1" in refused.err
    cli("fill", "10A", write(sample("10A", secrecy_level=level, secrecy_period="10年")))
