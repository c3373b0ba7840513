"""What holds the house together, read off the source.

No circle among modules, wherever an import stands; above the desk nobody builds a path into the archive; services take
values and give them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

SOURCE = CHECKOUT / "src"


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file of source as its tree, read once."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def walked(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return all nodes of a tree, gone through once for all that is asked of it."""
    return tuple(ast.walk(tree))


def modules(source: Path) -> dict[str, ast.Module]:
    """Return every module below a folder by its dotted name, parsed."""
    found, read = {}, parsed if source == SOURCE else parsed.__wrapped__
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = read(path)
    return found


def imported(tree: ast.AST, known: Mapping[str, object]) -> Iterator[str]:
    """Yield the known modules a piece of source imports, wherever it does: inside functions, or for types alone."""
    for node in walked(tree):
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
    for node in walked(tree):
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
        for what in paths_into_the_archive(parsed(path))
    ]
    assert found == [], "ask office.archive and office.papers; desk/places.py knows where they lie"


@pytest.mark.parametrize(
    "line",
    ["office.settings.archive_dir", 'root / "archive" / name', "office.archive.root / x", 'a / "evidence/x"',
     'office.papers.drafts / "x.pdf"', "archive.objects"],
)  # fmt: skip
def test_a_path_into_the_archive_is_seen(line: str) -> None:
    assert [*paths_into_the_archive(ast.parse(line))]


# Public functions of services that take or give a path on the disk, each for a reason; any other takes values, bytes,
# or a given file (stores/given.py), and gives bytes or dataclasses.
A_PLACE = "a workspace, a backup or a package is a place: that is what is asked for"
OWN_FOLDER = "papers on their way, in the folder of their step or in one that is thrown away"
LOOKED_INTO = "a child process opens the file, or it was lent to be read"
MANY_FILES = (
    "people take what is made from a folder they name, many files at a time, each made as the one before is done"
)
PATHS = {
    "reports/content.item_of_document": "its paper, in the archive or among the step's own files",
    "reports/papers.papers_of": "the step's own folder",
    "access/copyissue.issue": MANY_FILES,
    "access/login.change_password": A_PLACE,
    "access/login.login": A_PLACE,
    "access/login.logout": A_PLACE,
    "administer.init": A_PLACE,
    "administer.open_office": A_PLACE,
    "administer.open_signed_in": A_PLACE,
    "care/backup.backup": A_PLACE,
    "care/backup.open_restored": A_PLACE,
    "care/backup.restore": A_PLACE,
    "care/formats.looked_into": LOOKED_INTO,
    "care/handover.export_bag": A_PLACE,
    "care/handover.import_bag": A_PLACE,
    "care/movearchive.move_archive": A_PLACE,
    "care/moveregister.move_register": A_PLACE,
    "care/opened.known_keys": LOOKED_INTO,
    "care/rebuild.open_rebuilt": A_PLACE,
    "care/rebuild.rebuild": A_PLACE,
    "demo.make_demo": A_PLACE,
    "disposition/papers.certificate_papers": OWN_FOLDER,
    "disposition/papers.list_papers": OWN_FOLDER,
    "disposition/replay.replay": A_PLACE,
    "documents.Documents.pdfs": OWN_FOLDER,
    "documents.Written.by_name": OWN_FOLDER,
    "documents.require_means": MANY_FILES,
    "documents.write_papers": MANY_FILES,
    "door.looked_at": LOOKED_INTO,
    "door.refuse": LOOKED_INTO,
    "door.require_harmless": LOOKED_INTO,
    "finding/indexing.take_copy": A_PLACE,
    "finding/viewing.paper_to_open": "a viewer opens it, and goes on after the command has ended",
    "intake/fill.fill": MANY_FILES,
    "intake/importing.import_as_filed": "a list names scans by their places beside it",
    "intake/paper.paper_of": OWN_FOLDER,
    "making.finish": OWN_FOLDER,
    "making.make": OWN_FOLDER,
    "making.to_pdf": OWN_FOLDER,
    "making.write_word": OWN_FOLDER,
    "print.print_month": MANY_FILES,
    "print.print_records": MANY_FILES,
    "volumes/binding.job_of": OWN_FOLDER,
    "volumes/binding.seal": OWN_FOLDER,
    "volumes/catalogue.keep": OWN_FOLDER,
    "volumes/catalogue.write_docx": OWN_FOLDER,
    "volumes/frontmatter.Matter.pdf": OWN_FOLDER,
    "volumes/frontmatter.make_matter": OWN_FOLDER,
    "volumes/printset.print_sets": MANY_FILES,
    "volumes/stamps.stamp_of": OWN_FOLDER,
}


def public_functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions of a module, and the public methods of its public classes, by name."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from ((f"{node.name}.{one.name}", one) for one in node.body if isinstance(one, ast.FunctionDef))


def speaks_of_paths(function: ast.FunctionDef) -> bool:
    """Tell whether a function takes or gives a Path, however deep in its types."""
    taken = function.args
    notes = [a.annotation for a in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)] + [function.returns]
    return any(isinstance(n, ast.Name) and n.id == "Path" for note in notes if note for n in ast.walk(note))


def test_services_take_values_and_give_them() -> None:
    services = SOURCE / "qrecords" / "services"
    found = {
        f"{path.relative_to(services).with_suffix('').as_posix()}.{name}"
        for path in services.rglob("*.py")
        for name, function in public_functions(parsed(path))
        if not function.name.startswith("_") and speaks_of_paths(function)
    }
    assert sorted(found - PATHS.keys()) == [], "values, bytes or a given file; or a reason, here"
    assert sorted(PATHS.keys() - found) == [], "no longer so: take it off the list"


def test_one_module_makes_pdfs_of_word_files() -> None:
    makers = {
        path.relative_to(SOURCE / "qrecords").as_posix()
        for path in (SOURCE / "qrecords").rglob("*.py")
        for node in walked(parsed(path))
        if isinstance(node, ast.Call) and "Converter" in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
    }
    assert makers == {"services/making.py"}


# Words of one kind of database, as code says them; what reads a file of SQLite that is no register may use its own.
OF_ONE_DATABASE = re.compile(
    r"\b(sqlite_\w+|PRAGMA|VACUUM|BEGIN IMMEDIATE|OR IGNORE|OR REPLACE|ON CONFLICT|rowid|pg_\w+|plpgsql)\b"
)
FUNCTIONS_OF_ONE_DATABASE = {"json_each", "json_extract", "json_typeof", "instr", "strftime", "strpos", "printf"}
MODULES_OF_ONE_DATABASE = re.compile(r"sqlite3|psycopg|sqlalchemy\.dialects")
ITS_OWN_FILE = "stores/register/aside.py"


def words_of_one_database(tree: ast.Module) -> Iterator[str]:
    """Yield what of a piece of source only one kind of database understands."""
    docstrings = {
        id(node.body[0].value)
        for node in walked(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in walked(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if MODULES_OF_ONE_DATABASE.match(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and MODULES_OF_ONE_DATABASE.match(node.module):
            yield node.module
        elif isinstance(node, ast.Attribute) and node.attr in FUNCTIONS_OF_ONE_DATABASE:
            if ast.unparse(node.value) in {"sa.func", "func"}:
                yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from OF_ONE_DATABASE.findall(node.value)


def test_a_kind_of_database_is_spoken_of_in_its_own_room() -> None:
    room = SOURCE / "qrecords" / "stores" / "register" / "dialects"
    found = {
        path.relative_to(SOURCE / "qrecords").as_posix(): words
        for path in sorted((SOURCE / "qrecords").rglob("*.py"))
        if room not in path.parents
        if (words := [*words_of_one_database(parsed(path))])
    }
    assert found.keys() == {ITS_OWN_FILE}, found


@pytest.mark.parametrize(
    "line",
    [
        "import sqlite3",
        "from sqlalchemy.dialects.postgresql import insert",
        'c.execute("PRAGMA x")',
        "sa.func.instr(a, b)",
    ],
)
def test_a_word_of_one_database_is_seen(line: str) -> None:
    assert [*words_of_one_database(ast.parse(line))]
