"""Words messages for the desk: where a service names a command, the desk has a page or a button."""

from __future__ import annotations

import re

_PAGES = {
    "list": "「今日」", "show": "这份记录的页面", "search": "「检索」", "print": "「打印」", "sign": "「登记签名」",
    "update": "「续填」", "correct": "「更正」", "return": "「退回」", "review": "「审查」", "submit": "「提交」",
    "file": "「归档」", "fill": "「填写」", "void": "「作废」", "issue": "「签发」",
}  # fmt: skip
_COMMAND = re.compile(r"(?:运行\s*)?qrecords ([a-z-]+)((?: [\w.:=-]+)*) ?", re.ASCII)


def plainly(message: str) -> str:
    """Return a message with the page or button named in place of a command."""
    return _COMMAND.sub(lambda found: _PAGES.get(found[1]) or f"在命令行运行 {_bare(found[0])}", message)


def _bare(command: str) -> str:
    return command.removeprefix("运行").strip()
