"""What is written behind options: each type takes what people write and says in Chinese what else to write."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from qrecords.cli import types
from qrecords.cli.arguments import all_numbers
from qrecords.cli.completion import RECORD
from tests.conftest import CommandLine

WORD = types.Word(("draft", "filed"), {"draft": "草稿", "filed": "已归档"})


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        (types.Number(1, 9), "9", 9),
        (types.Year(), "2026", 2026),
        (types.Month(), "2026-3", "2026-03"),
        (types.Month(), "2026年3月", "2026-03"),
        (types.Month(), "202603", "2026-03"),
        (types.Day(), "20260305", "2026-03-05"),
        (types.Day(), "2026年3月5日", "2026-03-05"),
        (types.Day(), "2026.3.5", "2026-03-05"),
        (WORD, " ＤＲＡＦＴ ", "draft"),
        (WORD, "已归档", "filed"),
        (types.Pair(), " 用户单位 =甲=乙", ("用户单位", "甲=乙")),
        (types.Pair(), "用户单位=", ("用户单位", "")),
        (types.SystemUser(), "4711", "4711"),
        (types.SystemUser(), "root", "0"),
    ],
)
def test_it_takes_what_people_write(kind: click.ParamType[Any], written: str, meant: object) -> None:
    assert kind.convert(written, None, None) == meant


@pytest.mark.parametrize(
    ("kind", "written", "told"),
    [
        (types.Number(1, 9), "10", "「10」不行，要写 1 到 9 的整数"),
        (types.Number(), "-1", "「-1」不行，要写 0 到 1000000 的整数"),
        (types.Number(), "1.0", "「1.0」不行"),
        (types.Year(), "26", "「26」不行，要写 1990 到 2199 的整数"),
        (types.Month(), "2026-13", "「2026-13」不是月份，请写成 2026-03 的样子"),
        (types.Day(), "3/4/2026", "看不出是哪一天"),
        (WORD, "bound", "「bound」不在可选范围内，可选：草稿（draft）、已归档（filed）"),
        (types.Pair(), "用户单位", "「用户单位」看不出是哪一栏，请写成 栏目=内容 的样子，如 用户单位=示例单位一"),
        (types.Pair(), " =甲", "看不出是哪一栏"),
        (types.SystemUser(), "no such user", "没有系统用户 no such user，请核对名称，或直接写 uid"),
    ],
)
def test_it_says_what_to_write(kind: click.ParamType[Any], written: str, told: str) -> None:
    with pytest.raises(click.BadParameter) as wrong:
        kind.convert(written, None, None)
    assert told in wrong.value.message


def test_a_dash_reads_numbers_from_standard_input_as_they_are_written_there(
    monkeypatch: pytest.MonkeyPatch, cli: CommandLine
) -> None:
    numbers = click.Argument(["numbers"], nargs=-1, type=RECORD)
    ctx = click.Context(click.Command("x"))
    ctx.params["root"] = cli.root  # what a number in short means is said by the office's forms
    monkeypatch.setattr("sys.stdin", io.StringIO("06A-2026-2 ０６Ａ－２０２６－３\n"))
    given = all_numbers(ctx, numbers, ("QR758-06A-2026-00001", "-"))
    assert given == ("QR758-06A-2026-00001", "QR758-06A-2026-00002", "QR758-06A-2026-00003")


def test_a_dash_is_not_read_while_a_shell_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("06A-2026-2"))
    ctx = click.Context(click.Command("x"), resilient_parsing=True)
    assert all_numbers(ctx, click.Argument(["numbers"], nargs=-1, type=RECORD), ("-",)) == ("-",)


def test_words_are_offered_by_either_writing() -> None:
    def offered(begun: str) -> list[str]:
        found = WORD.shell_complete(click.Context(click.Command("x")), click.Option(["--state"]), begun)
        return [item.value for item in found]

    assert offered("") == ["草稿", "已归档"]
    assert offered("已") == offered("FI") == ["已归档"]
    assert offered("x") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["export", "--bag", "x", "--year", "next"], "--year：「next」不行，要写 1990 到 2199 的整数"),
        (["audit", "list", "--action", "打字"], "--action：「打字」不在可选范围内，可选：填写（create）"),
        (["serve", "--port", "70000"], "--port：「70000」不行，要写 0 到 65535 的整数"),
        (["accounts", "add", "a", "--user", "no-such-user"], "--user：没有系统用户 no-such-user"),
        (["customers", "add", "用户单位"], "栏目=内容...：「用户单位」看不出是哪一栏"),
        (["submit", "-"], "编号"),
    ],
)
def test_the_commands_use_them(cli: CommandLine, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ran = cli(*words, ok=False)
    assert ran.status == 2
    assert says in ran.err


def test_numbers_from_standard_input_may_be_short(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("fill", "01A", write(sample("01A", source_record_no=None, channel="电话")))
    monkeypatch.setattr("sys.stdin", io.StringIO("01a-2025-1\n"))
    assert "QR758-01A-2025-00001" in cli("void", "-", "--reason", "示例").out
