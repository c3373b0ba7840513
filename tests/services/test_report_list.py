"""A notice's list of reports is what the records say: a slip in it costs no second signature (5.5.5, 5.5.6)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

NOTICE, REPORT, LESSON, OPENING = (f"QR758-{form}A-2025-00001" for form in ("04", "06", "05", "08"))
WRONG = [{"form_code": "QR758-06A", "record_no": "QR758-06A-2025-00010", "copies": 2}]


@pytest.fixture
def abroad(cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> CommandLine:
    """Return an office whose notice is printed and signed by its customer, its list typed wrong."""
    cli("fill", "04A", write(sample("04A", reports=WRONG)))
    cli("issue", NOTICE)
    for form in ("05A", "06A"):
        cli("fill", form, write(sample(form)))
    cli("print", NOTICE)
    for kind in ("customer-signature", "engineer"):
        cli("sign", NOTICE, "--kind", kind, "--by", "示例用户")
    return cli


def listed(cli: CommandLine) -> list[tuple[str, int]]:
    rows = cli.json("show", NOTICE)["record"]["values"].get("reports", [])
    return [(row["record_no"], row["copies"]) for row in rows]


def lapsed(cli: CommandLine) -> list[bool]:
    return [bool(s["lapsed"]) for s in cli.json("show", NOTICE)["record"]["signatures"]]


def test_submitting_lists_the_records_that_name_the_notice_and_says_so(abroad: CommandLine) -> None:
    said = abroad("submit", NOTICE).err
    assert f"列入 {LESSON}、{REPORT}，去掉 QR758-06A-2025-00010" in said
    assert listed(abroad) == [(LESSON, 1), (REPORT, 1)]
    assert lapsed(abroad) == [False, False], "what the customer signed has not changed"
    abroad("return", NOTICE, "--reason", "清单核对")
    abroad("issue", NOTICE)
    assert "列入" not in abroad("submit", NOTICE).err, "nothing to change is nothing to tell"


def test_copies_are_kept_as_typed(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> None:
    right = [{"form_code": "QR758-06A", "record_no": REPORT, "copies": 3}]
    cli("fill", "04A", write(sample("04A", reports=right)))
    cli("issue", NOTICE)
    cli("fill", "06A", write(sample("06A")))
    cli("submit", NOTICE)
    assert listed(cli) == [(REPORT, 3)]


def test_a_void_record_leaves_the_list_and_a_draft_holds_the_notice(abroad: CommandLine) -> None:
    abroad("void", LESSON, "--reason", "示例：重复")
    abroad("submit", NOTICE)
    assert listed(abroad) == [(REPORT, 1)]
    abroad("review", NOTICE)
    told = [p["message"] for p in abroad.json("file", NOTICE, ok=False)["error"]["problems"]]
    assert f"「提交报告清单」上的 {REPORT} 还没有提交，请先提交它（QS/PA758A 5.5.6）" in told


@pytest.mark.office
def test_a_report_that_came_after_is_listed_when_the_notice_is_filed(
    abroad: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    abroad("submit", NOTICE, REPORT, LESSON)
    abroad("review", NOTICE)
    abroad("fill", "08A", write(sample("08A")))
    abroad("submit", OPENING)
    assert f"列入 {OPENING}" in abroad("file", NOTICE).out
    assert listed(abroad) == [(LESSON, 1), (REPORT, 1), (OPENING, 1)]
    assert lapsed(abroad) == [False, False]
    assert abroad("verify", "--deep").status == 0


def test_a_more_secret_report_is_not_told_by_the_list(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    cli("fill", "04A", write(sample("04A", reports=None)))
    cli("issue", NOTICE)
    cli("fill", "06A", write(sample("06A", secrecy_level="秘密", secrecy_period="10年")))
    cli("submit", NOTICE)
    assert listed(cli) == [], "who may read the notice need not know of it"


def test_a_notice_of_nothing_done_needs_no_report(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    cli("fill", "04A", write(sample("04A", reports=None, completion="未完成", completion_note="示例：用户改期")))
    cli("issue", NOTICE)
    cli("submit", NOTICE)
    assert listed(cli) == []
