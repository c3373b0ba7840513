"""What holds the house together, read off the source: no circle among modules, wherever an import stands."""

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
