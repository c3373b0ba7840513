"""How the desk names what someone should do next: by its page or button, and the label of a field."""

from __future__ import annotations

import re

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
}
ELSEWHERE = "命令行的"  # what the desk has no page for


def worded(sentence: Sentence) -> str:
    """Return a sentence as the desk says it."""
    return _COMMAND.sub(_page, told_by(sentence, _words))


def _words(step: Step) -> str:
    match step:
        case Named(do):
            return PAGES.get(do) or f"{ELSEWHERE}「{do.value}」"
        case ToDo(do):
            return PAGES.get(do) or f"{ELSEWHERE}「{do.value}」"
        case Given(entry, value):
            return f"「{entry.value}」{value}"


# Until every sentence is data: what a service still writes as a command.
_COMMAND = re.compile(r"(?:运行\s*)?qrecords ([a-z-]+)((?: [\w.:=-]+)*) ?", re.ASCII)
_BY_COMMAND = {do.name.lower(): page for do, page in PAGES.items()}


def _page(found: re.Match[str]) -> str:
    return _BY_COMMAND.get(found[1]) or f"在命令行运行 {found[0].removeprefix('运行').strip()}"
