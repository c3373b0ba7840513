"""Recognises the rows of a table that say something about it and are no records: remarks, totals, who made it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from qrecords.model.cell import CellNumber

_EDGE = " \t\r\n-—_=~*※·.。()[]【】<>《》"
_REMARK = re.compile(r"(?:备注|附注|说明|填[写表报]?说明|注意?|注意事项|注\s*\d{1,2})\s*[\])】]?\s*:")
_WORDS = frozenset({"以下空白", "以下无正文", "以下无内容", "此行以下空白", "本页以下空白", "备注", "完", "以上"})
_TOTALS = frozenset({"合计", "总计", "小计", "共计", "本页合计", "本月合计", "累计", "总数"})
_MAKERS = re.compile(
    r"(?:制表|填表|填报|审核|审批|复核|批准|编制|校对|打印|统计|登记|经办|负责|主管|制作|报送|打印)"
    r"(?:单位|部门|人员?|者)?(?:\(?签[名字章]\)?)?(?:日期|时间)?\s*:.*|日期\s*:.*",
    re.S,
)
_COUNT = re.compile(r"共?\s*[\d,.]+\s*[^\W\d]{0,3}")


def is_remark(cells: Sequence[Any]) -> bool:
    """Tell whether the cells of a row, blank ones left out, are a remark, a total, or the names below a table."""
    texts = [unicodedata.normalize("NFKC", str(cell)).strip() for cell in cells]
    bare = [text.strip(_EDGE) for text in texts]
    if len(texts) == 1 and (_REMARK.match(bare[0]) or bare[0].rstrip(":") in _WORDS | _TOTALS):
        return True
    if all(map(_MAKERS.fullmatch, texts)):
        return True
    if bare[0].rstrip(":").replace(" ", "") in _TOTALS:
        return all(
            isinstance(cell, (int, float, CellNumber)) or _COUNT.fullmatch(t)
            for cell, t in zip(cells[1:], texts[1:], strict=True)
        )
    # 「备注：」 in one cell, what it says in the next
    return len(texts) == 2 and bare[0].endswith(":") and _REMARK.fullmatch(bare[0]) is not None
