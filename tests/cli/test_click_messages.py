"""What click itself says is Chinese, all of it, whatever the terminal is set to: the catalogue beside the command line."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import click
import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from click.testing import CliRunner

from qrecords.cli import app, chinese, types
from tools import messages

SAID = [message for message in messages.said() if message.id]
KNOWN = messages.known()


def forms(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else [*message.id]


def translations(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else [*message.string]


@pytest.mark.parametrize("message", SAID, ids=lambda message: forms(message)[0][:40])
def test_click_says_it_in_chinese_or_nobody_meets_it(message: Message) -> None:
    known = KNOWN.get(message.id)
    assert known is not None, "run python -m tools.messages and translate what is new"
    assert all(translations(known)) or known.user_comments, "translate it, or say in a comment why nobody meets it"


def test_no_message_is_kept_that_click_does_not_say() -> None:
    assert {message.id for message in KNOWN if message.id} == {message.id for message in SAID}


def test_click_says_nothing_else_through_gettext() -> None:
    def called(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"}

    found = []
    for path in Path(click.__file__).parent.glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if called(node)]
        found += [ast.unparse(call.args[0]) for call in calls if not isinstance(call.args[0], ast.Constant)]
    assert found == ["extra['required']"], "a message in a variable: name it in tools.messages.UNMARKED"


def test_what_the_program_reads_is_what_was_written() -> None:
    with messages.MO.open("rb") as stream:
        compiled = {forms(message)[0]: translations(message) for message in read_mo(stream) if message.id}
    written = {forms(message)[0]: translations(message) for message in KNOWN if message.id}
    assert compiled == {said: told for said, told in written.items() if all(told)}


def test_a_translation_names_nothing_click_does_not_give() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    for message in KNOWN:
        given = set().union(*map(names, forms(message)))
        assert all(names(text) <= given for text in translations(message)), message.id


@pytest.mark.parametrize("language", ["C", "en_US.UTF-8", "de_DE"])
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["fil"], "没有命令 fil，是不是 fill、file"),
        (["index", "rebuilt"], "没有命令 rebuilt，是不是 rebuild？"),
        (["forms", "show", "--jsno", "06A"], "没有选项 --jsno"),
        (["fill", "--pdf=yes", "06A"], "选项 --pdf 后面不写值"),
        (["index", "rebuild", "--engine"], "选项 --engine 后面要写值"),
        (["login", "a", "b", "c"], "多出了参数：b c"),
        (["--root"], "选项 --root 后面要写值"),
        (["--json", "--account", "a"], "没有写命令"),
    ],
)
def test_whatever_the_terminal_is_set_to(
    language: str, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("LANG", "LC_ALL", "LANGUAGE"):
        monkeypatch.setenv(variable, language)
    with pytest.raises(SystemExit) as left:
        app.run(words)
    told = capsys.readouterr()
    assert left.value.code == 2
    assert says in told.out + told.err


def test_what_click_asks_it_asks_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    chinese.speak()

    @click.command
    @click.option("--count", prompt="几份", type=types.Number(1, 9))
    @click.option("--word", prompt="密码", confirmation_prompt=True)
    @click.confirmation_option()
    def ask(count: int, word: str) -> None:
        """Ask."""

    told = CliRunner().invoke(ask, input="x\n3\na\nb\na\na\nn\n")
    assert told.output.splitlines() == [
        "几份: x", "「x」不行，要写 1 到 9 的整数", "几份: 3",
        "密码: a", "再输一遍: b", "两次输入的不一样，请重新输入", "密码: a", "再输一遍: a",
        "继续吗？ [y/N]: n", "已中断",
    ]  # fmt: skip
