"""What the screen shows may be typed: states, signatures, roles, actions, and numbers as people write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from qrecords.cli import types
from qrecords.cli.app import app
from qrecords.cli.copies import STATES as COPY_STATES
from qrecords.cli.find import STATES
from qrecords.model.copies import COPY_STATE_LABELS
from qrecords.model.record import STATE_LABELS
from tests.conftest import CommandLine

NUMBER = "QR758-01A-2025-00001"


@pytest.fixture
def filled(cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]) -> CommandLine:
    cli("fill", "01A", write(sample("01A", source_record_no=None, channel="电话")))
    return cli


def commands(group: click.Command, ctx: click.Context) -> Iterator[click.Command]:
    yield group
    if isinstance(group, click.Group):
        for name in group.list_commands(ctx):
            found = group.get_command(ctx, name)
            assert found is not None
            yield from commands(found, click.Context(found, info_name=name, parent=ctx))


def test_every_choice_takes_what_the_program_and_what_the_screen_calls_it() -> None:
    words = [p.type for c in commands(app, click.Context(app)) for p in c.params if isinstance(p.type, types.Word)]
    assert len(words) >= 7
    for kind in words:
        for token, label in kind.labels.items():
            assert kind.convert(token, None, None) == kind.convert(label, None, None) == token
            assert kind.convert(f" {label} ", None, None) == token


def test_the_words_of_the_options_are_those_of_the_screen() -> None:
    assert {s.value: label for s, label in STATE_LABELS.items() if s.value in STATES} == STATES
    assert {s.value: label for s, label in COPY_STATE_LABELS.items()} == COPY_STATES


def test_states_signatures_roles_and_actions_in_chinese(filled: CommandLine) -> None:
    assert NUMBER in filled("list", "--state", "草稿").out
    assert NUMBER not in filled("list", "--state", "已提交").out
    refused = filled("list", "--state", "没有的", ok=False)
    assert refused.status == 2
    assert "草稿（draft）" in refused.err
    filled("submit", NUMBER)
    filled("sign", NUMBER, "--kind", "质量部接收签名", "--by", "示例质量员", "--on", "2026-03-04")
    assert "示例质量员" in filled("show", NUMBER).out
    filled("accounts", "add", "clerk1", "--name", "示例员工一")
    filled("accounts", "grant", "clerk1", "归档人")
    filled("accounts", "grant", "clerk1", "登记员")
    held = {r["role"] for r in filled.json("accounts", "show", "clerk1")["account"]["roles"]}
    assert held == {"archivist", "clerk"}
    filled("accounts", "revoke", "clerk1", "登记员")
    events = filled.json("audit", "list", "--action", "提交")["events"]
    assert {e["action"] for e in events} == {"submit"}


@pytest.mark.parametrize(
    "written", ["01A-2025-1", "01a-2025-00001", "０１Ａ－２０２５－１", "QR758-01A-2025-1", "qr758-01a-2025-00001", "01A - 2025 - 1", "01A–2025–1"]
)  # fmt: skip
def test_a_number_is_taken_as_people_write_it(filled: CommandLine, tmp_path: Path, written: str) -> None:
    note = tmp_path / "note.txt"
    note.write_text(written, encoding="utf-8")
    assert NUMBER in filled("show", written).out
    filled("print", written)
    filled("retention", "hold", written, "--reason", "示例")
    assert NUMBER in filled("retention", "holds").out
    filled("submit", written)
    assert (
        f"{NUMBER}  已提交" in filled("list").out.replace("   ", "  ").replace("   ", "  ")
        or NUMBER in filled("list").out
    )
    assert filled.json("search", written)["total"] == 1


def test_a_field_that_names_a_record_takes_its_short_number(
    cli: CommandLine, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "04A-2025-1")
    cli("fill", "06A", write(sample("06A", notice_no="04a-2025-1")))
    assert cli.json("show", "06A-2025-1")["record"]["values"]["notice_no"] == "QR758-04A-2025-00001"


def test_a_search_by_conditions_alone_and_by_the_forms_own_words(filled: CommandLine) -> None:
    assert filled.json("search", "--form", "01A")["total"] == 1
    assert filled.json("search", "--year", "2025", "--state", "草稿")["total"] == 1
    assert filled.json("search", "--form", "02A")["total"] == 0
    assert filled.json("search", "兵种:海军")["total"] == 1
    assert filled.json("search", "表:用户信息记录处理表")["total"] == 1
    assert filled.json("search", "表:用户信息")["total"] == 1
    assert filled.json("search", "表:用户培训记录")["total"] == 0
    nothing = filled("search", ok=False)
    assert nothing.status == 2
    assert "没有写检索词" in nothing.err
