"""How the desk names what someone should do next: by its page or button, and the label of a field."""

from __future__ import annotations

from qrecords.advice import Do, Given, Named, Sentence, Step, ToDo, told_by

PAGES = {
    Do.LIST: "「台账」",
    Do.SHOW: "这份记录的页面",
    Do.SEARCH: "「检索」",
    Do.PRINT: "「打印」",
    Do.SIGN: "「登记签名」",
    Do.FILL: "「填写」",
    Do.UPDATE: "「续填」",
    Do.CORRECT: "「更正」",
    Do.ISSUE: "「签发」",
    Do.SUBMIT: "「提交」",
    Do.REVIEW: "「审查」",
    Do.RETURN: "「退回」",
    Do.VOID: "「作废」",
    Do.FILE: "「归档」",
    Do.SET_PASSWORD: "登录页的「修改密码」",
}
ELSEWHERE = "命令行的"  # what the desk has no page for


def worded(sentence: Sentence) -> str:
    """Return a sentence as the desk says it."""
    return told_by(sentence, _words)


def _words(step: Step) -> str:
    match step:
        case Named(do):
            return PAGES.get(do) or f"{ELSEWHERE}「{do.value}」"
        case ToDo(do):
            return PAGES.get(do) or f"{ELSEWHERE}「{do.value}」"
        case Given(entry, value):
            return f"「{entry.value}」{value}"
