"""What a person should do next is data: the front ends word it, and each of them words all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from qrecords.advice import Advice, Do, Given, Input, Named, Sentence, ToDo, advise, joined
from qrecords.cli import wording
from qrecords.cli.app import app
from qrecords.cli.wording import worded
from tests.conftest import FORMS

SOURCE = Path(wording.__file__).parents[1]
WHOLE = {Do.RUN, Do.OPEN}  # any command at all


def commands(group: click.Group = app, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")


def options(command: click.Command) -> set[str]:
    context = click.Context(command)
    found = {o for p in command.get_params(context) if isinstance(p, click.Option) for o in p.opts}
    return found | set(command.get_help_option_names(context))


COMMANDS = dict(commands())


def test_the_command_line_names_every_action_by_a_command_it_has() -> None:
    assert set(wording.COMMANDS) | WHOLE == set(Do)
    assert set(wording.COMMANDS.values()) <= set(COMMANDS)


def test_the_command_line_names_every_input_by_an_option_it_has() -> None:
    assert set(wording.OPTIONS) == set(Input)
    of_commands = set().union(*map(options, COMMANDS.values()))
    assert {wording.OPTIONS[i] for i in set(Input) - set(wording.OF_THE_OFFICE)} <= of_commands
    assert set(wording.OF_THE_OFFICE.values()) <= options(app)


SUBMIT = Do.SUBMIT("QR758-02A", Input.MONTH("2026-03"))


@pytest.mark.parametrize(
    ("sentence", "said", "on_paper"),
    [
        (
            advise("先提交：{}，再 {}", SUBMIT, Do.REVIEW),
            "先提交：qrecords submit QR758-02A --month 2026-03，再 qrecords review",
            "先提交：「提交」，再「审查」",
        ),
        (advise("请用 {} 写明原因", Input.REASON), "请用 --reason 写明原因", "请用「原因」写明原因"),
        (
            advise("请先登录：{}", Do.LOGIN(Input.ACCOUNT("账号"))),
            "请先登录：qrecords --account 账号 login",
            "请先登录：「登录」",
        ),
        (
            advise("可以：{}", joined("、", map(Named, (Do.SUBMIT, Do.COMPILE)))),
            "可以：提交（submit）、成册（compile）",
            "可以：提交、成册",
        ),
        (advise("请用 {} 办理", Do.RUN), "请用 sudo qrecords …（不写 -u） 办理", "请用「以服务账号办理」办理"),
        (advise("写明 {}", Do.OPEN(Input.ROOT("/a"))), "写明 qrecords --root /a …", "写明「打开工作区」"),
        (advise("共{}份 {}", 3, "{} {x}"), "共3份 {} {x}", "共3份 {} {x}"),
    ],
)
def test_a_sentence_is_worded_by_the_command_line_and_on_paper(sentence: Sentence, said: str, on_paper: str) -> None:
    assert worded(sentence) == said
    assert str(sentence) == on_paper


def test_a_sentence_is_a_value() -> None:
    assert advise("用 {}", Do.LIST) == Advice("用 {}", (ToDo(Do.LIST),)) != advise("用 {}", Do.SHOW)
    assert len({advise("加 {}", Input.ON), Advice("加 {}", (Given(Input.ON),)), advise("加 {}", Input.BY)}) == 2
    assert isinstance(advise("只有{}", "字"), str), "a sentence without steps is plain text"
    with pytest.raises(ValueError, match="places"):
        advise("用 {} 和 {}", Do.LIST)


# A command with the program's name, an option, or a command's name standing by itself among Chinese words.
CHINESE = re.compile("[\u3400-\u9fff]")
NAMED = re.compile(r"qrecords (?:[a-z]+|-)|(?<![\w-])--?[a-zA-Z][\w-]*(?![\w-])", re.ASCII)
WORDS = {word for name in COMMANDS for word in name.split()}
BARE = re.compile(
    rf"(?:^|[\u3000-\uffef {{}}])({'|'.join(sorted(WORDS, key=len, reverse=True))})(?=$|[\u3000-\uffef ,])"
)
# What is no command of ours, and why.
OTHERS = {
    "请系统管理员核对后运行 chown -R 服务账号 {} ; chmod -R go= {}（即 chmod 700）": "the system's own, for its administrator",
    "请核对 forms 里 copy/watermark.docx，让每行文字在一行里放得下": "the folder",
    "请核对 forms 里 volume/stamp.docx，让每格文字在一行里放得下；或设 [volumes] stamp = false": "the folder",
    "请从备份恢复 forms 文件夹": "the folder",
    "请按提示修改 forms 文件夹里的 tables/，或从备份恢复": "the folder",
    '没有写 forms（哪些表式，如 "06"）': "the key of sets.toml",
    "请从备份恢复 forms 文件夹后再成册": "the folder",
    "{}: 由记录列出的明细表要有 form_code、record_no、copies 三列": "the key of a column",
}

# Texts of definitions and of marks worded already: no steps in them.
PLAIN = {"relation.message", "mark.message", "quirk.remedy"}


def literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the texts a module writes, f-strings whole with {} for what is put in; docstrings are not told to people."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(value) for value in node.values}
            yield node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | docs:
            yield node.lineno, node.value


def names_a_command(text: str) -> bool:
    return bool(CHINESE.search(text) and (NAMED.search(text) or BARE.search(text))) and text not in OTHERS


def told_too_early(tree: ast.AST) -> Iterator[int]:
    """Give the lines where what is said of an error is put into an f-string: its steps would be worded there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue):
            inside = [n for n in ast.walk(node.value) if isinstance(n, ast.Attribute) and ast.unparse(n) not in PLAIN]
            if any(n.attr in {"message", "remedy", "told"} for n in inside):
                yield node.lineno


def badly_advised(tree: ast.AST) -> Iterator[int]:
    """Give the lines where a sentence is not written out, or has other places than parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "advise":
            text, *parts = node.args
            if not isinstance(text, ast.Constant) or text.value.count("{}") != len(parts):
                yield node.lineno


def misplaced(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the lines where an action is given an input its command has no option for."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="Do"), attr=name), args=about) if Do[name] not in WHOLE:
                command = COMMANDS[wording.COMMANDS[Do[name]]]
                has = options(command) | set(wording.OF_THE_OFFICE.values())
                for given in map(ast.unparse, about):
                    if (found := re.match(r"Input\.(\w+)", given)) and wording.OPTIONS[Input[found[1]]] not in has:
                        yield node.lineno, f"{name} {found[1]}"


def below_cli() -> list[Path]:
    found = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] != "cli"]
    assert len(found) > 250
    return found


def test_no_sentence_below_the_command_line_names_a_command_or_an_option() -> None:
    told = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in below_cli()
        for line, text in literals(ast.parse(path.read_text(encoding="utf-8")))
        if names_a_command(text)
    ]
    assert told == []


def test_what_is_no_command_of_ours_is_there_and_would_be_found() -> None:
    texts = {text for path in below_cli() for _, text in literals(ast.parse(path.read_text(encoding="utf-8")))}
    assert set(OTHERS) <= texts
    assert [text for text in OTHERS if not (NAMED.search(text) or BARE.search(text))] == []


def test_no_file_of_data_names_a_command_or_an_option() -> None:
    files = [f for root in (FORMS, SOURCE) for kind in ("*.toml", "*.html", "*.js", "*.csv") for f in root.rglob(kind)]
    assert len(files) > 30
    texts = [(f, re.sub(r"{[{%].*?[%}]}", "", line)) for f in files for line in f.read_text("utf-8").splitlines()]
    assert [f"{f.name}: {line}" for f, line in texts if CHINESE.search(line) and NAMED.search(line)] == []


def test_sentences_are_put_together_and_written_out() -> None:
    told = []
    for path in below_cli():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told += [f"{path}:{line}" for line in told_too_early(tree)]
        told += [f"{path}:{line}" for line in badly_advised(tree) if path.name != "advice.py"]  # `joined` makes its own
        told += [f"{path}:{line}: {what}" for line, what in misplaced(tree)]
    assert told == []


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ('raise WrongState("不行", remedy=f"请用 qrecords show {no} 核对")', 1),
        ('raise WrongState("不行", remedy="请用 --reason 写明原因")', 1),
        ('x = "请用 -o 换一个文件名"', 1),
        ('x = f"先提交并审查，再 review"', 1),
        ('x = "请先查看（show）再重做"', 1),
        ('def f():\n    """说明：qrecords show。"""\n    return "请看 qrecords.toml、record.json"', 0),
        ('x = ["--headless", "pdf"]', 0),
        ('x = "QR758-06A 不是在用的编号，日期写 2026-01-02"', 0),
        ('x = f"没有备份：{error.message}"', 1),
        ("x = advise(f'用 {name}')", 1),
        ("x = advise('用 {} 和 {}', Do.LIST)", 1),
        ("x = advise('用 {}', Do.LIST(Input.HASH))", 1),
        ("x = advise('用 {}', Do.LIST(Input.FORM('06A')))", 0),
    ],
)
def test_the_reader_of_sentences_finds_what_it_must(code: str, wrong: int) -> None:
    tree = ast.parse(code)
    found = [text for _, text in literals(tree) if names_a_command(text)]
    assert len([*found, *told_too_early(tree), *badly_advised(tree), *misplaced(tree)]) == wrong
