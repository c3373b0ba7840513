"""What holds the house together, read off the source.

No circle among modules, wherever an import stands; above the desk nobody builds a path into the archive.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

SOURCE = CHECKOUT / "src"


def modules(source: Path) -> dict[str, ast.Module]:
    """Return every module below a folder by its dotted name, parsed."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.AST, known: Mapping[str, object]) -> Iterator[str]:
    """Yield the known modules a piece of source imports, wherever it does: inside functions, or for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from {name if name in known else node.module for name in inside} & known.keys()


def require_no_circle(source: Path) -> None:
    """Fail with the first circle of modules."""
    trees = modules(source)
    graph = {name: {*imported(tree, trees)} - {name} for name, tree in trees.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of modules: {' ← '.join(error.args[1])}")


def test_no_module_imports_itself_by_way_of_others() -> None:
    require_no_circle(SOURCE)


@pytest.mark.parametrize(
    "late",
    [
        "def f():\n    from house import b",
        "def f():\n    import house.b",
        "if TYPE_CHECKING:\n    from house.b import X",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path, late: str) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "__init__.py").write_text("", encoding="utf-8")
    (house / "a.py").write_text(late, encoding="utf-8")
    (house / "b.py").write_text("from house.c import X", encoding="utf-8")
    (house / "c.py").write_text("X = 1", encoding="utf-8")
    require_no_circle(tmp_path)
    (house / "c.py").write_text("from house import a\nX = 1", encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match=r"house\.a"):
        require_no_circle(tmp_path)


ABOVE_THE_DESK = ("services", "web", "cli")
FOLDERS_OF_THE_ARCHIVE = {
    "archive", "objects", "staging", "locks", "evidence", "inbox", "unmatched", "drafts", "answers", "register.sqlite",
}  # fmt: skip


def paths_into_the_archive(tree: ast.AST) -> Iterator[str]:
    """Yield what of a piece of source names, or makes, a path below the archive."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "archive_dir":
            yield ast.unparse(node)
        elif isinstance(node, ast.Attribute) and node.attr in {"root", "objects", "staging"}:
            of = node.value
            if (isinstance(of, ast.Attribute) and of.attr == "archive") or (
                isinstance(of, ast.Name) and of.id == "archive"
            ):
                yield ast.unparse(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            named = [n.value for n in ast.walk(node.right) if isinstance(n, ast.Constant)]
            ends = node.left.attr if isinstance(node.left, ast.Attribute) else ""
            if ends == "drafts" or any(str(n).split("/")[0] in FOLDERS_OF_THE_ARCHIVE for n in named):
                yield ast.unparse(node)


def test_above_the_desk_nobody_builds_a_path_into_the_archive() -> None:
    found = [
        f"{path.relative_to(SOURCE)}: {what}"
        for room in ABOVE_THE_DESK
        for path in sorted((SOURCE / "qrecords" / room).rglob("*.py"))
        for what in paths_into_the_archive(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == [], "ask office.archive and office.papers; desk/places.py knows where they lie"


@pytest.mark.parametrize(
    "line",
    ["office.settings.archive_dir", 'root / "archive" / name', "office.archive.root / x", 'a / "evidence/x"',
     'office.papers.drafts / "x.pdf"', "archive.objects"],
)  # fmt: skip
def test_a_path_into_the_archive_is_seen(line: str) -> None:
    assert [*paths_into_the_archive(ast.parse(line))]
