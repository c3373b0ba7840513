"""What stands in a cell for a value: formulas, errors, lost digits. Unwrapped where it is certain, else refused."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from qrecords.model.cell import Unreadable

# #N/A, #REF!, #SPILL!, #FIELD! and whatever is added to them; Err:508 is LibreOffice's.
_ERROR = re.compile(
    r"#(?:N/A(?:\b.*)?|[A-Z][A-Z0-9_/]*[!?]|GETTING_DATA|BUSY|NULL|CALC|DIV/0)|ERR:\s*\d{3}|#(?:名称|值|引用)[!?]", re.I
)
_TOO_NARROW = re.compile(r"#{3,}")
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?E\+\d{2,3}", re.I)
_QUOTED = re.compile(r'=\s*"((?:[^"]|"")*)"', re.S)
_FORMULA = re.compile(r"=\s*[+\-(\"\'@$#\w\[{]", re.S)
_PICTURE = re.compile(r"=?\s*(?:_xlfn\.)*(?:DISPIMG|IMAGE|EMBED)\s*\(", re.I)
_APOSTROPHE = re.compile(r"'([+\d][\d\s-]*)")


def plain(cell: Any) -> Any:
    """Return the value of a cell; Unreadable when it holds something that only stands for it."""
    if not isinstance(cell, str):
        return cell
    text = unicodedata.normalize("NFKC", cell).strip()
    if _QUOTED.fullmatch(text) and (quoted := _QUOTED.fullmatch(cell.strip())):
        return plain(quoted[1].replace('""', '"'))  # how exports keep leading zeros and long numbers
    if _APOSTROPHE.fullmatch(text):
        return text[1:]  # the mark that makes a number text
    reason = _reason(text)
    return Unreadable(reason) if reason else cell


def _reason(text: str) -> str:
    if _PICTURE.match(text):
        return "里是图片或嵌入的对象，不是文字；请改填文字，图片另作附件"
    if _ERROR.fullmatch(text):
        return f"是公式错误 {text}；请改正公式，或直接填写内容"
    if _TOO_NARROW.fullmatch(text):
        return f"是 {text}，导出时列太窄，内容已丢失；请拉宽这一列后重新导出，或直接填写内容"
    if _SCIENTIFIC.fullmatch(text):
        return f"是 {text}，表格软件已把末几位丢失；请照原件重新填写，长号码先把格式设为“文本”"
    if _FORMULA.match(text):
        return f"是公式 {text[:20]}，不知道它的结果；请直接填写内容"
    return ""
