"""What destruction leaves on paper: the list （销毁清册） and the certificate （销毁证明）； DA/T 42-2009 7.7."""

from __future__ import annotations

from dataclasses import replace

from tools.templates.blocks import Cell, Paragraph, Row, Table, together
from tools.templates.document import LANDSCAPE, PORTRAIT, Head, document
from tools.templates.sheet import BLANK_DATE, LABEL, LINE, Column, band, listing, tag

_PAGES = "第#PAGE#页 共#PAGES#页"
_LIST = (
    Column("序号", 9, tag("r.no")),
    Column("案卷或文件题名", 0, tag("r.title"), "Small"),
    Column("起止日期", 21, tag("r.dates")),
    Column("档号", 44, tag("r.code")),
    Column("文号", 34, tag("r.document_no")),
    Column("件数\n页数", 11, tag("r.pieces")),
    Column("原保管\n期限", 13, tag("r.period")),
    Column("已保管\n期限", 13, tag("r.kept")),
    Column("销毁原因", 32, tag("r.reason"), "Small"),
    Column("密级", 11, tag("r.secrecy_level")),
    Column("备注", 14, tag("r.remark"), "Small"),
)
_HANDS = ("批准人", "档案负责人", "业务部门负责人", "经办人", "监销人", "监销人")
_UNITS = (
    Column("序号", 10, tag("r.no")),
    Column("档号", 44, tag("r.code")),
    Column("题名", 0, tag("r.title"), "Small"),
    Column("件数\n页数", 14, tag("r.pieces")),
    Column("对象校验码\n（SHA-512 前32位）", 56, tag("r.digest"), "Small"),
)
_PEOPLE = (
    Column("身份", 24, tag("r.part")),
    Column("姓名（账号）", 0, tag("r.who")),
    Column("确认的日期", 30, tag("r.on")),
    Column("登记时间", 44, tag("r.at")),
)


def build_list() -> bytes:
    """Return the destruction list: one line a volume or item, the columns of the standard, room for the signatures."""
    width = LANDSCAPE.text_width
    heading, line = listing("units", _LIST, width=width, height=8)
    summary = Row(
        (Cell(width, "共{{ volumes }}册、{{ items }}件、{{ pages }}页。鉴定意见：{{ reason }}", "Small"),),
        7,
        splits=True,
    )
    digest = Row((*_named("清册校验码", width, Paragraph(tag("sha256"), "Small")),), 7)
    share = width / 3
    hands = [
        Row(
            tuple(
                cell for name in row for cell in _named(name, share, Cell(0, BLANK_DATE, "Small", "right", "bottom"))
            ),
            13,
        )
        for row in (_HANDS[:3], _HANDS[3:])
    ]
    rows = (heading, line, *together(summary, digest, *hands))
    head = Head(
        "电子档案销毁清册",
        corner="",
        left="清册编号：{{ list_no }}",
        right="编制：{{ drawn_by }}  {{ drawn_on }}",
        code="",
    )
    return document(LANDSCAPE, [Table(rows)], head=head, foot=f"清册永久保存    {_PAGES}")


def build_certificate() -> bytes:
    """Return the certificate: what, by whose decision and under whose eyes, and what was found afterwards."""
    width = PORTRAIT.text_width
    facts = (
        Row(_named("清册编号", width, tag("list_no")), 8),
        Row(_named("清册校验码", width, Paragraph(tag("sha256"), "Small")), 8),
        Row(_named("销毁内容", width, "共{{ volumes }}册、{{ items }}件、{{ records }}份记录、{{ pages }}页"), 8),
        Row(_named("销毁方式", width, Paragraph(tag("method"), "Small")), 8, splits=True),
    )
    people_heading, person = listing("people", _PEOPLE, width=width, height=8)
    units_heading, unit = listing("units", _UNITS, width=width, height=8)
    half = width / 2
    hands = tuple(
        Row(
            (
                *_named("监销人", half, ""),
                *_named("日期", half, Cell(0, f"{BLANK_DATE}（盖「已销毁」章）", "Small", "right")),
            ),
            13,
        )
        for _ in range(2)
    )
    parts = (
        facts,
        (band("批准、监销、执行", width), people_heading, replace(person, splits=True)),
        (band("销毁的册和件", width, heading=True), units_heading, unit),
        (band("执行结果", width), _lines("results", width)),
        (band("仍有这些记录的备份和副本", width), _lines("backups", width)),
        together(*hands),
    )
    last = len(parts) - 1
    tables = [Table(rows, opens=number == 0, closes=number == last) for number, rows in enumerate(parts)]
    head = Head("电子档案销毁证明", corner="", left="清册编号：{{ list_no }}", right="{{ executed_on }}", code="")
    return document(PORTRAIT, tables, head=head, foot=f"证明永久保存    {_PAGES}")


def _named(label: str, width: float, content: str | Paragraph | Cell) -> tuple[Cell, Cell]:
    cell = replace(content, width=width - LABEL) if isinstance(content, Cell) else Cell(width - LABEL, content)
    return Cell(LABEL, label, "Label", grey=True), cell


def _lines(loop: str, width: float) -> Row:
    text = f"{{%p for line in {loop} %}}\n{{{{ line }}}}\n{{%p endfor %}}"
    return Row((Cell(width, text, "Small"),), 2 * LINE, splits=True)
