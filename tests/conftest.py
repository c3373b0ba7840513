"""What all tests share: a workspace of their own, the command line, and no way to the default places."""

from __future__ import annotations

import functools
import gc
import json
import os
import pickle
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from qrecords.cli import app
from qrecords.desk.workspace import system_now
from qrecords.model.form import Form
from qrecords.stores import formfolders
from tests import converted_once
from tests.laid import laid
from tests.missing import pytest_configure as require_groups
from tests.missing import pytest_make_collect_report, pytest_runtest_makereport, pytest_terminal_summary  # noqa: F401

if TYPE_CHECKING:
    from qrecords.office import Office
    from tests.servers import PostgresqlServer, S3Server

# What they assert is told as fully as in the tests themselves.
pytest.register_assert_rewrite("tests.office_steps", "tests.retention_office")

# Every command reads the forms anew; a thousand tests in one process need not.
_plain_loads = tomllib.loads
_parsed = functools.lru_cache(maxsize=256)(lambda text: pickle.dumps(_plain_loads(text)))
tomllib.loads = lambda text, **how: _plain_loads(text, **how) if how else pickle.loads(_parsed(text))

# Nor need they make each form anew of what was read: it is frozen.
_plain_form = Form.model_validate
_formed = functools.lru_cache(maxsize=512)(lambda read: _plain_form(pickle.loads(read)))
Form.model_validate = lambda data, **how: _plain_form(data, **how) if how else _formed(pickle.dumps(data))  # type: ignore[method-assign, assignment, misc]

# A process that serves compiles a statement once; tests open thousands of registers, each with an engine of its own that
# would compile them all anew. What is compiled is kept by dialect, and theirs are all alike.
_compiled: LRUCache[Any, Any] = LRUCache(4000)
_make_engine = sa.Engine.__init__


@functools.wraps(_make_engine)
def _engine_that_shares(self: sa.Engine, *given: Any, **named: Any) -> None:
    _make_engine(self, *given, **named)
    self._compiled_cache = _compiled


SQLiteDialect_pysqlite.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
SQLiteDialect_pysqlite.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
sa.Engine.__init__ = _engine_that_shares  # type: ignore[method-assign]

# Collecting what is no longer used after every 700 new objects finds little among so many that live as long as a session.
gc.set_threshold(100_000, 20, 100)

# An office just copied is no older than the grain of most file systems' clocks; here the clock is the kernel's.
formfolders._GRAIN_NS = 50_000_000

# Machines are shared: how long an example takes says nothing about it.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")

CHECKOUT = Path(__file__).parents[1]
FORMS = CHECKOUT / "forms" / "QR758"
SHARED = CHECKOUT.parent / "shared"
NOW = datetime(2026, 3, 4, 9, 30, tzinfo=timezone(timedelta(hours=8)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew")


# Tests make thousands of offices and sync every file of them; a disk in memory does it in half the time. What the disk
# does to an office is tried by refusing its calls (faulty_disk.py), never by a real one.
MEMORY_DISK = Path("/dev/shm")
MEMORY_NEEDED = 6 << 30  # what two workers hold at their most is under 2 GB


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep the tests' folders in memory where there is enough; `--basetemp` and `PYTEST_DEBUG_TEMPROOT` say otherwise."""
    require_groups()
    if config.option.basetemp is None and MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > MEMORY_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


LASTING = ExitStack()  # what lives as long as a process's tests


def pytest_unconfigure() -> None:
    LASTING.close()


# Each file is one worker's work: the long ones begin first, so that none is left alone at the end.
LONG_FIRST = (
    # the crash and scale runs, of which `make test` has little
    "test_killed_at_random", "test_many_machines_killed", "test_desk_killed", "test_killed_at_every_step", "test_scan_loop",
    "test_real_input", "test_on_servers", "test_mutants", "test_fuzz", "test_values_survive",
    # what waits for a browser or LibreOffice
    "test_desk_browser", "test_desk_office_browser", "test_desk_saving_browser", "test_desk_screens_browser", "test_docs",
    "test_desk_month_browser", "test_demo", "test_end_to_end", "test_template_paper", "test_desk_access", "test_volumes",
    "test_desk_forms_browser", "test_desk_review_browser", "test_disk_faults", "test_move_register", "test_ledger",
    "test_reports", "test_access_matrix", "test_crash", "test_forms_printed",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {f"{name}.py": place for place, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
    if shutil.which("soffice") is None:
        skip = pytest.mark.skip(reason="LibreOffice (soffice) is not installed")
        for item in items:
            if item.get_closest_marker("office"):
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def papers_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let LibreOffice convert the same document once for all tests and workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "converted"
    folder.mkdir(exist_ok=True)
    os.environ[converted_once.FOLDER] = str(folder)
    converted_once.remember()


@pytest.fixture(scope="session", autouse=True)
def scratch_in_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what the tests' own processes lay aside where the tests' folders are, and let it go with them."""
    base = tmp_path_factory.getbasetemp()
    if base.is_relative_to(MEMORY_DISK):
        (base / "scratch").mkdir(exist_ok=True)
        tempfile.tempdir = str(base / "scratch")


@pytest.fixture(scope="session")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(autouse=True)
def away_from_home(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run every test in an empty folder: one that forgets --root finds no workspace. A command shuts its files off
    from others for as long as its process lives; the next test's process is its own again.
    """
    empty = Path(tempfile.mkdtemp(dir=nowhere))
    monkeypatch.delenv("QRECORDS_ROOT", raising=False)
    monkeypatch.chdir(empty)
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
    # Thousands left lying would be looked through whenever a test is given a folder.
    monkeypatch.chdir(nowhere)
    shutil.rmtree(empty, ignore_errors=True)


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Runs `qrecords` commands on one workspace, in this process."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *words: object, ok: bool = True) -> Ran:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            app.run(["--root", str(self.root), *map(str, words)])
        captured = self._capsys.readouterr()
        ran = Ran(int(left.value.code or 0), captured.out, captured.err)
        assert "Traceback" not in ran.err
        if ok:
            assert ran.status == 0, ran.err + ran.out
        return ran

    def json(self, *words: object, ok: bool = True) -> Any:
        """Run a command with --json; the answer must be one object and agree with the exit status."""
        ran = self("--json", *words, ok=ok)
        assert ran.json["ok"] is (ran.status == 0)
        return ran.json


def blank_scan(path: Path) -> Path:
    """Write an empty page as PDF: the sample of a signed paper's scan."""
    from pypdf import PdfWriter

    with PdfWriter() as writer:
        writer.add_blank_page(595, 842)
        writer.write(path)
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """Return a real server of PostgreSQL, started for the tests of one process and gone with it."""
    from tests.servers import running, why_not

    if reason := why_not():
        pytest.skip(reason)
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """Return a real S3 store, started for the tests of one process and gone with it."""
    from tests.servers import storing, why_no_s3

    if reason := why_no_s3():
        pytest.skip(reason)
    with storing() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Return the S3 store, its keys in the environment."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture(scope="session")
def laid_out(postgresql: PostgresqlServer) -> str:
    """Return the database new registers are copied from: as a first start makes it, with no identity yet."""
    from qrecords.stores.register import Register

    name = postgresql.database()
    with closing(Register(Path("none"), postgresql.url(name))) as register:
        register.upgrade()
    return name


@pytest.fixture(scope="session")
def fresh(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Callable[[Path, Callable[[], datetime]], Path]:
    """Make fresh workspaces by copying one `init` made for each clock: a third of many tests' time was making them.

    Each office on servers (tests/on_servers.py) is made by itself: two of them cannot share a register.
    """
    from qrecords.services.administer import init
    from qrecords.services.finding.indexing import follow

    made: dict[Callable[[], datetime], Path] = {}

    def copied(root: Path, clock: Callable[[], datetime]) -> Path:
        if pytestconfig.pluginmanager.has_plugin("tests.on_servers"):
            init(root, clock=clock).close()
            return root
        if clock not in made:
            made[clock] = tmp_path_factory.mktemp("fresh") / "office"
            mask = os.umask(0o077)  # as every command does
            with closing(init(made[clock], clock=clock)) as office:
                follow(office)
                office.outlines.titles()  # kept beside the index, as an office that was used has them
            os.umask(mask)
        if not root.exists():
            laid(made[clock], root)
        return root

    return copied


def at_now() -> datetime:
    """Return the fixed moment of an office's clock."""
    return NOW


@pytest.fixture
def cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fresh: Callable[..., Path], request: pytest.FixtureRequest
) -> CommandLine:
    """Return the command line on a fresh workspace, made at the fixed moment where `office` opens it too."""
    clock = at_now if "office" in request.fixturenames else system_now
    return CommandLine(fresh(tmp_path / "office", clock), capsys)


@pytest.fixture
def office(tmp_path: Path, fresh: Callable[..., Path]) -> Iterator[Office]:
    """Return a fresh office with its clock at a fixed moment."""
    from qrecords.services.administer import open_office

    opened = open_office(fresh(tmp_path / "office", at_now), clock=at_now)
    yield opened
    opened.close()


def sample_of(form: str, **changes: Any) -> dict[str, Any]:
    """Return a form's complete sample, with some values changed or (None) taken out."""
    values = json.loads((FORMS / form / "sample.json").read_text(encoding="utf-8")) | changes
    return {k: v for k, v in values.items() if v is not None}


@pytest.fixture
def sample() -> Callable[..., dict[str, Any]]:
    """Return what gives a form's complete sample."""
    return sample_of


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write values as a JSON input file."""
    count = iter(range(10_000))

    def to_file(values: Any, name: str = "") -> Path:
        path = tmp_path / (name or f"input{next(count)}.json")
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with its golden file, paths and moments made alike; --renew-golden writes it anew."""

    def compare(name: str, text: str) -> None:
        normal = normalised(text)
        path = CHECKOUT / "tests" / "golden" / f"{name}.txt"
        if request.config.getoption("--renew-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(normal, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --renew-golden and look at it"
        assert normal == path.read_text(encoding="utf-8")

    return compare


def normalised(text: str) -> str:
    """Return a text without what differs from run to run: folders, moments, users, hashes."""
    for pattern, stand_in in (
        (r"(?:/[\w.\-]+)+/office\b", "ROOT"),
        (r"(?:/[\w.\-]+)+/(?=input|archive)", "DIR/"),
        (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+\-]\d{2}:\d{2}", "MOMENT"),
        (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?=  )", "MOMENT"),
        (r"\b[0-9a-f]{64}\b", "SHA256"),
        (rf"(?<=账号    ){re.escape(_user())}(?=（)", "USER"),
        (rf'"account": "{re.escape(_user())}"', '"account": "USER"'),
        (rf"  {re.escape(_user())}  ", "  USER  "),
    ):
        text = re.sub(pattern, stand_in, text)
    return text


def _user() -> str:
    import getpass

    return getpass.getuser()
