"""What a tag in a template may do: name data, choose, repeat. Nothing in it can call, import or reach Python.

A template is checked when it is loaded, against a closed list of what Jinja knows; the environment it then runs in
looks up data only, so that a gap in the list would still find nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from qrecords.advice import Do, advise
from qrecords.errors import InvalidInput, Problem

REMEDY = advise("请在 Word 里改好模板的标记再试，可用的标记见 {}", Do.SHOW_FORMS)
MAX_NUMBER = 1_000_000

_FILTERS = {"default", "d", "length", "count", "upper", "lower", "trim", "first", "last"}
_TESTS = {"defined", "undefined", "none", "odd", "even", "in"}
_LOOP_FACTS = {"index", "index0", "revindex", "revindex0", "first", "last", "length"}
_SHAPES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.List, nodes.Tuple,
    nodes.For, nodes.If, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Concat,
)  # fmt: skip
_ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Mod)
_TAG = re.compile(r"\{[{%].*?[}%]\}")
# What XML 1.0 cannot hold, and the two controls docxtpl would turn into new paragraphs and pages.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_PLAIN = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff&<>'\"]")  # what `_printable` must look at


class _Unknown(StrictUndefined):
    """A tag without data: every use of it is an error that carries the bare name."""

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name)


class TagEnvironment(ImmutableSandboxedEnvironment):
    """Jinja over plain data: mappings, sequences, texts; XML-escaped, nothing missing passes as blank."""

    def __init__(self) -> None:
        # `_printable` escapes: Jinja's own escaping would call four functions a value where most need none.
        super().__init__(autoescape=False, undefined=_Unknown, finalize=_printable, keep_trailing_newline=True)
        self.globals.clear()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an entry of a mapping or a fact of the loop; no attribute of any other object."""
        if type(obj) is dict and attribute in obj:  # what nearly all are, known without asking for an interface
            return obj[attribute]
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP_FACTS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an entry of a mapping or a sequence."""
        if isinstance(obj, Mapping):
            return self.getattr(obj, argument)
        if isinstance(obj, Sequence) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))


def _printable(value: Any) -> Any:
    """Return a value as XML text: what no XML can hold is refused, line ends of any system are one newline."""
    if not isinstance(value, str):
        return value if isinstance(value, Undefined) else escape(str(value))  # of no data: writing it out is the error
    if not _NOT_PLAIN.search(value):
        return value
    if bad := _NOT_XML.search(value):
        raise InvalidInput(f"有一处文字含控制字符（U+{ord(bad[0]):04X}），印不出来", remedy="请删去这个字符再试")
    return escape(value.replace("\r\n", "\n").replace("\r", "\n"))


def parse(env: TagEnvironment, source: str, where: str) -> nodes.Template:
    """Return the syntax tree of one patched part; InvalidInput names `where` and every tag that is not allowed."""
    with suppress(TemplateSyntaxError, RecursionError):
        tree = env.parse(source)
        if next(_refused(tree, ()), None) is None:
            return tree
    # One paragraph a line: a tag's line number leads back to what the reader sees in Word.
    lined = re.sub(r"<w:p([ >])", r"\n<w:p\1", source)
    try:
        tree = env.parse(lined)
    except TemplateSyntaxError as error:
        shown = _shown(lined, error.lineno)
        message = f"标记写法有误：{shown}，请检查 if、for 是否都有结尾，括号和引号是否写全"
        raise InvalidInput(
            f"模板 {where} 的标记有误", remedy=REMEDY, problems=[Problem(message, source=where)]
        ) from None
    except RecursionError:
        raise InvalidInput(f"模板 {where} 的标记嵌套太深", remedy=REMEDY) from None
    lines = dict.fromkeys(_refused(tree, ()))
    if lines:
        problems = [Problem(f"标记里不能这样写：{_shown(lined, line)}（{why}）", source=where) for line, why in lines]
        told = advise("模板 {} 里有不允许的标记：{}", where, problems[0].message)
        raise InvalidInput(told, remedy=REMEDY, problems=problems)
    return tree


@dataclass
class Used:
    """What a template takes from its data: names, and by list (`rows`, `rows.parts`) the names of its rows.

    `printed` and `printed_rows` leave out what only the condition of an if asks for; `always` are those of them (rows:
    `parts.name`) that stand outside of any if.
    """

    names: set[str] = field(default_factory=set)
    rows: dict[str, set[str]] = field(default_factory=dict)
    printed: set[str] = field(default_factory=set)
    printed_rows: dict[str, set[str]] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)

    def add(self, tree: nodes.Template) -> None:
        """Add what one tree takes."""
        self._collect(tree, {}, prints=True, always=True)

    def _collect(self, node: nodes.Node, loops: Mapping[str, str], *, prints: bool, always: bool) -> None:
        outer = loops
        if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
            path = _path(node.iter, loops)
            for found in (self.rows, self.printed_rows):
                found.setdefault(path, set())
            loops = {**loops, node.target.name: path}
        elif isinstance(node, nodes.Getattr | nodes.Getitem) and isinstance(node.node, nodes.Name):
            name = node.attr if isinstance(node, nodes.Getattr) else str(getattr(node.arg, "value", ""))
            if node.node.name in loops:
                path = loops[node.node.name]
                for found in (self.rows, self.printed_rows) if prints else (self.rows,):
                    found[path].add(name)
                if prints and always:
                    self.always.add(f"{path}.{name}")
        elif isinstance(node, nodes.Name) and node.name not in loops and not (node.name == "loop" and loops):
            self.names.add(node.name)
            if prints:
                self.printed.add(node.name)
            if prints and always:
                self.always.add(node.name)
        for child in node.iter_child_nodes():
            asked = isinstance(node, nodes.If | nodes.CondExpr) and child is node.test
            chosen = isinstance(node, nodes.If | nodes.CondExpr)
            around = outer if isinstance(node, nodes.For) and child is node.iter else loops
            self._collect(child, around, prints=prints and not asked, always=always and not chosen)


def _path(node: nodes.Node, loops: Mapping[str, str]) -> str:
    if isinstance(node, nodes.Name):
        return loops.get(node.name, node.name)
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node, loops)}.{node.attr}"
    return ""


def _shown(lined: str, line: int) -> str:
    """Return the tags of one line (one paragraph) as the writer sees them."""
    text = lined.split("\n")[line - 1]
    tags = _TAG.findall(text)
    return " ".join(tags[:5]) or re.sub(r"<[^>]+>", "", text)[:60]


def _refused(node: nodes.Node, loops: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield (line, reason) for everything outside the closed list; `loops` are the loop names around."""
    why = _objection(node, loops)
    if why:
        yield node.lineno, why
        return
    inner = loops
    if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
        inner = (*loops, node.target.name)
    for child in node.iter_child_nodes():
        yield from _refused(child, inner)


def _objection(node: nodes.Node, loops: tuple[str, ...]) -> str:
    why = ""
    match node:
        case nodes.For():
            why = _loop_objection(node, loops)
        case nodes.Name(name="self" | "super" | "caller" as name):  # the template itself, which Jinja would offer
            why = f"不能用 {name}"
        case nodes.Getattr(attr=name) | nodes.Name(name=name) if name.startswith("_"):
            why = f"不能用 {name}"
        case nodes.Getitem(arg=arg) if not isinstance(arg, nodes.Const) or str(arg.value).startswith("_"):
            why = "方括号里只能写栏目名或行号"
        case nodes.Filter(name=name) if name not in _FILTERS:
            why = f"没有 {name} 这种处理，可用：{'、'.join(sorted(_FILTERS))}"
        case nodes.Test(name=name) if name not in _TESTS:
            why = f"不能用 is {name}"
        case _ if isinstance(node, _ARITHMETIC):
            why = "" if all(map(_is_small_number, (node.left, node.right))) else "只能用数目和 loop 的序号计算"
        case _ if not isinstance(node, _SHAPES):
            why = f"不能用 {type(node).__name__}，模板只能写栏目名、if 和 for"
    return why


def _loop_objection(node: nodes.For, loops: tuple[str, ...]) -> str:
    """Allow loops over data only; one inside another goes over the outer one's rows, so the data bounds the work."""
    root: nodes.Node = node.iter
    while isinstance(root, nodes.Getattr | nodes.Getitem):
        root = root.node
    if node.recursive or not isinstance(root, nodes.Name) or not isinstance(node.target, nodes.Name):
        return "for 只能逐行取一个明细栏目"
    if loops and root.name not in loops:
        return "里层的 for 只能取外层这一行的明细"
    return ""


def _is_small_number(node: nodes.Expr) -> bool:
    match node:
        case nodes.Const(value=int() as value):
            return abs(value) <= MAX_NUMBER
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr):
            return attr in _LOOP_FACTS
    return False
