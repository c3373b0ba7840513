"""What a person should do next is data: the front ends word it, and each of them words all of it."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from qrecords.advice import Advice, Do, Given, Input, Named, Sentence, ToDo, advise, joined
from qrecords.cli import wording
from qrecords.cli.app import app
from qrecords.cli.wording import worded

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
