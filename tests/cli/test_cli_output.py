"""What commands print for people, kept as golden files (pytest --renew-golden writes them anew)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

Golden = Callable[[str, str], None]


@pytest.fixture
def busy(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> CommandLine:
    """A workspace with a notice issued, a call still open, a report void, a parcel reviewed."""
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    call = sample("02A", handling_result=None, closed_on=None, linked_record=None)
    cli("fill", "02A", write(call))
    cli("fill", "06A", write(sample("06A")))
    cli("void", "QR758-06A-2025-00001", "--reason", "示例：重复填写")
    cli("fill", "10A", write(sample("10A")))
    cli("submit", "QR758-10A-2025-00001")
    cli("review", "QR758-10A-2025-00001", "--opinion", "同意", "--on", "2025-12-31")
    return cli


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("forms_list", ["forms", "list"]),
        ("forms_show_02A", ["forms", "show", "02A"]),
        ("list", ["list", "--all"]),
        ("show_10A", ["show", "QR758-10A-2025-00001", "--history"]),
        ("search", ["search", "功放过热"]),
        ("search_nothing", ["search", "没有这样的词"]),
        ("status", ["status"]),
        ("compile_dry_run", ["compile", "2025", "--dry-run"]),
        ("volume_list", ["volume", "list"]),
        ("verify", ["verify"]),
        ("index_status", ["index", "status"]),
    ],
)
def test_answers(busy: CommandLine, golden: Golden, name: str, words: list[str]) -> None:
    golden(name, busy(*words).out)


def test_refusals(busy: CommandLine, golden: Golden, write: Callable[..., Path], sample: Callable[..., Any]) -> None:
    wrong = write([sample("03A", fax_pages="两页"), sample("03A", subject=None, customr_unit="x")], "input.json")
    told = [
        busy("fill", "03A", wrong, ok=False).err,
        busy("submit", "QR758-02A-2025-00001", ok=False).err,
        busy("file", "QR758-10A-2025-00001", ok=False).err,
        busy("void", "QR758-06A-2025-00001", "--reason", "x", ok=False).err,
        busy("show", "QR758-06A-2025-00009", ok=False).err,
        busy("compile", "2025", "--with-gaps", ok=False).err,
        busy("search", "状态:", ok=False).err,
        busy("forms", "show", "12A", ok=False).err,
    ]
    golden("refusals", "\n".join(told))
