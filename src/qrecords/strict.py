"""The strict machine: one workspace named in root's file; the caller's files are touched with his rights alone.

`sudo qrecords …` starts as root. Before anything of the office is loaded the process splits (ADR 11): a
helper takes on all of the caller's rights and none other, and the program goes on as the account that owns the
workspace, for good. What the caller names is fetched by the helper into a private folder, and what the program makes
there is put by the helper where the caller wanted it: nothing is opened with more rights than the caller has.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import stat
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, NotPermitted, Problem, StorageFailure

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

STRICT_FILE = Path("/etc/qrecords/strict.toml")
MOST_FILES, MOST_BYTES = 20_000, 4 << 30  # what one command may bring in
_CHUNK = 1 << 20
HOW = advise("请用 {} 运行（系统管理员怎样设好，见 docs/accounts.md）", Do.RUN)
STALE_SECONDS = 24 * 3600  # what a killed run fetched is removed after a day


@dataclass(frozen=True, slots=True)
class Strict:
    """What the machine's administrator laid down: the one workspace, and the folder backups go into (None = none)."""

    root: Path
    backups: Path | None = None

    def allows(self, folder: Path) -> bool:
        """Tell whether a backup may lie in this folder."""
        return self.backups is not None and self.backups in folder.resolve().parents


def installed() -> Strict | None:
    """Return what the strict file says, None when there is none; NotPermitted when others than root could write it."""
    if os.name != "posix" or not os.path.lexists(STRICT_FILE):
        return None
    for path in (STRICT_FILE, *STRICT_FILE.parents):
        found = path.lstat()
        if found.st_uid != 0 or (stat.S_IMODE(found.st_mode) & 0o022) or stat.S_ISLNK(found.st_mode):
            raise NotPermitted(
                f"{path} 别人也能改写，{STRICT_FILE} 里的话不能算数",
                remedy=f"请系统管理员运行 chown root {path} ; chmod go-w {path}",
            )
    try:
        data = tomllib.loads(STRICT_FILE.read_text(encoding="utf-8"))
        named = {name: Path(str(data.pop(name))) for name in ("root", "backups") if name in data}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{STRICT_FILE} 读不出：{error}", remedy="请系统管理员改正") from None
    if data or "root" not in named or not all(path.is_absolute() for path in named.values()):
        how = '请写 root = "/srv/office"，可加 backups = "/mnt/backup"，都用完整路径'
        raise InvalidInput(f"{STRICT_FILE} 的写法不对", remedy=how)
    return Strict(**{name: path.resolve() for name, path in named.items()})


def require_private(root: Path) -> None:
    """Refuse a workspace of which anything belongs to somebody else, or is open to others; names all such places."""
    uid = os.geteuid()
    problems = []
    for path in _whole(root):
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            problems.append(Problem("是链接，指到哪里由写它的人说了算", source=str(path)))
        elif found.st_uid != uid:
            problems.append(Problem("不属于服务账号", source=str(path)))
        elif stat.S_IMODE(found.st_mode) & 0o077:
            problems.append(Problem("别人也能读或写", source=str(path)))
    if problems:
        raise NotPermitted(
            "三员分立（strict）：工作区里有不属于服务账号、或别人也能读写的地方",
            remedy=f"请系统管理员核对后运行 chown -R 服务账号 {root} ; chmod -R go= {root}（即 chmod 700）",
            problems=problems,
        )


def _whole(root: Path) -> Iterator[Path]:
    """Give what decides who can read or change a workspace: behind a folder that is shut, nothing else need be shut."""
    yield root
    yield from sorted(root.iterdir())
    for name in ("forms", "indexes", "archive"):
        yield from sorted((root / name).glob("*"))


@dataclass
class Callers:
    """The caller's files, through the helper; what was fetched and what was made lies below one private folder."""

    line: Connection
    uid: int
    cwd: str
    folder: Path
    known: dict[str, tuple[int, int]] = field(default_factory=dict)  # what lay there before, by staged path

    def local(self, path: Path | str, use: str = "fetch", *, beside: bool = False) -> Path:
        """Return where a path of the caller's is found here.

        `use`: "fetch" it, with the names beside it; only the "names" there; the same as a place he may "write".
        `beside` fetches all that lies beside it and below. StorageFailure when the caller may not.
        """
        wanted = os.path.abspath(os.path.join(self.cwd, path))  # noqa: PTH100,PTH118 - no link is to be followed here
        here = Path(f"{self.folder}{os.sep}{wanted.lstrip(os.sep)}")
        here.parent.mkdir(parents=True, exist_ok=True)
        if use == "fetch":
            around = str(Path(wanted).parent)
            self._call("fetch" if beside and around != os.sep else "names", around, here.parent)
        self._call(use, wanted, here)
        return here

    def _call(self, what: str, wanted: str, here: Path) -> None:
        with _helper():
            self._ask(what, wanted)
            self._take(here)

    def put_all(self) -> None:
        """Put what is new or changed to where the caller wanted it; StorageFailure when he may not write there."""
        for path in sorted(self.folder.rglob("*")):
            if not path.is_file() or self.known.get(str(path)) == _mark(path):
                continue
            with _helper(), path.open("rb") as stream:
                self._ask("put", str(path)[len(str(self.folder)) :])
                _send_stream(self.line, stream)
                self._take(path)
            self.known[str(path)] = _mark(path)

    def shown(self, text: str) -> str:
        """Return a text with the private folder's name taken out: the caller sees his own paths."""
        return text.replace(str(self.folder), "")

    def close(self) -> None:
        """Let the helper go and remove the copies."""
        self.line.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, what: str, path: str) -> None:
        self.line.send_bytes(json.dumps({"do": what, "path": path}).encode("utf-8", "surrogatepass"))

    def _take(self, here: Path) -> None:
        """Take in what the helper answers, until its end; its names stay below `here`."""
        files = size = 0
        while True:
            part = _read(self.line)
            match part["is"]:
                case "end":
                    return
                case "error":
                    told = f"您不能读写 {part['path']}：{part['why']}"
                    raise StorageFailure(told, remedy="请检查文件是否存在、权限和磁盘空间")
            files += 1
            name = str(part["name"])
            target = here / name if name else here
            if files > MOST_FILES or ".." in Path(name).parts or Path(name).is_absolute() or "\0" in name:
                raise InvalidInput(f"一次最多读{MOST_FILES}个文件", remedy="请分几次办理")
            if part["is"] == "dir":
                target.mkdir(parents=True, exist_ok=True)
                continue
            if part["is"] == "name":
                if not target.exists():
                    target.touch()
                    self.known[str(target)] = _mark(target)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as stream:
                while chunk := self.line.recv_bytes():
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise InvalidInput(f"一次最多读{MOST_BYTES >> 30} GB", remedy="请分几次办理")
                    stream.write(chunk)
            self.known[str(target)] = _mark(target)


@dataclass
class Run:
    """How this run of the program stands to the strict machine; `callers` only when it was started through sudo."""

    strict: Strict | None = None
    callers: Callers | None = None


RUN = Run()


def begin() -> Run:
    """Take on the service account and hand the caller's rights to a helper, when sudo started this as root."""
    if os.name != "posix" or (strict := installed()) is None:
        return RUN
    caller = os.environ.get("SUDO_UID", "")  # sudo sets it itself, whatever the caller put there
    try:
        owner = strict.root.stat()
    except OSError as error:
        if os.geteuid() != 0:
            return RUN
        raise NotPermitted(f"{STRICT_FILE} 所指的工作区打不开：{error.strerror}", remedy="请系统管理员核对") from None
    if os.geteuid() == owner.st_uid != 0:
        raise NotPermitted("三员分立（strict）：不能直接用服务账号运行，那样您的文件会用它的权限读写", remedy=HOW)
    if os.geteuid() != 0 or not caller.isdigit():
        return RUN  # one's own rights and no others
    if owner.st_uid == 0 or int(caller) in {0, owner.st_uid}:
        raise NotPermitted("三员分立（strict）：您能直接写工作区的文件，权限约束不了您", remedy=HOW)
    RUN.strict = strict
    RUN.callers = _split(int(caller), owner.st_uid)
    return RUN


def end() -> None:
    """Let the helper go; what was fetched for this run is removed."""
    if RUN.callers is not None:
        RUN.callers.close()
    RUN.strict = RUN.callers = None


def require_here(root: Path) -> None:
    """Refuse any other workspace than the strict machine's one, when this run is a strict one."""
    if RUN.strict is not None and root.resolve() != RUN.strict.root:
        raise NotPermitted(
            f"三员分立（strict）：这台机器上只有一个工作区 {RUN.strict.root}", remedy=advise("请不写 {}", Input.ROOT)
        )


def require_none(what: str) -> None:
    """Refuse what only the machine's administrator does, when this run is a strict one."""
    if RUN.strict is not None:
        raise NotPermitted(f"三员分立（strict）：{what}要由系统管理员在机器上做", remedy="请找他，见 docs/accounts.md")


def require_no_program(what: str) -> None:
    """Refuse a program people work in, when this run is a strict one: it would have the service account's rights."""
    if RUN.strict is not None:
        how = advise("请把文件取到自己的文件夹（{} 或 {}），再自行打开", Input.FOLDER, Input.FILE_NAME)
        raise NotPermitted(f"三员分立（strict）：{what}不能用服务账号的权限打开", remedy=how)


def require_backup_place(folder: Path) -> None:
    """Refuse a backup folder that root's file does not name, when this run is a strict one."""
    if RUN.strict is None or RUN.strict.allows(folder):
        return
    where = RUN.strict.backups
    how = f"请写 {where}/ 下面的一个文件夹" if where else f'请系统管理员在 {STRICT_FILE} 里写 backups = "/mnt/backup"'
    raise NotPermitted(f"三员分立（strict）：备份不能放在 {folder}，也不能从那里恢复", remedy=how)


def _split(caller: int, service: int) -> Callers:
    """Fork the helper, which becomes the caller; become the service account."""
    import pwd
    from multiprocessing.connection import Connection

    try:
        person, account = pwd.getpwuid(caller), pwd.getpwuid(service)
    except KeyError as error:
        raise NotPermitted(f"系统里没有这个账号：{error.args[0]}", remedy="请找系统管理员核对") from None
    try:
        cwd = os.getcwd()  # noqa: PTH109
    except OSError:
        cwd = "/"
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            ours.close()
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the program does
            _become(person)
            os.chdir("/")
            _serve(Connection(theirs.detach()))
        finally:
            os._exit(0)
    theirs.close()
    os.chdir("/")
    _become(account)
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    os.environ.clear()
    os.environ.update(kept, HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name, PATH=_PATH)
    _sweep(account.pw_uid)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    callers = Callers(Connection(ours.detach()), caller, cwd, folder)
    here = callers.local(cwd, "names")
    here.mkdir(exist_ok=True)
    os.chdir(here)  # what a command makes in the current folder goes where the caller is
    return callers


def _sweep(uid: int) -> None:
    """Remove what runs that were killed had fetched."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid == uid and stat.S_ISDIR(found.st_mode) and time.time() - found.st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _helper() -> Iterator[None]:
    """Tell that the helper has gone, should it have."""
    try:
        yield
    except (EOFError, BrokenPipeError, ConnectionError, ValueError, KeyError) as error:
        how = advise("请再运行一次；可能已经办完，先用 {}、{} 或 {} 核对", Do.STATUS, Do.LIST, Do.SHOW)
        raise StorageFailure("读写您的文件的进程中断了", remedy=how) from error


_WHY = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.ENOENT: "不存在",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EROFS: "磁盘是只读的",
}
_PREFIX = "qrecords-caller-"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT = {
    "SUDO_UID",
    "LANG",
    "TERM",
    "TZ",
    "COLUMNS",
    "LINES",
    "QRECORDS_DEBUG",
    "QRECORDS_PASSWORD",
    "QRECORDS_NEW_PASSWORD",
}


def _become(account: Any) -> None:
    """Take on an account's rights, all of them and for good."""
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)  # by root: the real, the effective and the saved one
    with suppress(PermissionError):
        os.setuid(0)
        raise NotPermitted("没能放下系统管理员的权限", remedy=HOW)


def _serve(line: Connection) -> None:
    """Do what is asked, with the caller's rights, until the program has gone."""
    while True:
        try:
            asked = _read(line)
        except (EOFError, OSError):
            return
        path = Path(asked["path"])
        try:
            {"fetch": _fetch, "names": _names, "write": _write, "put": _put}[asked["do"]](line, path)
            _say(line, {"is": "end"})
        except OSError as error:
            why = _WHY.get(error.errno or 0, error.strerror)
            _say(line, {"is": "error", "why": why, "path": str(error.filename or path)})


def _fetch(line: Connection, path: Path) -> None:
    """Send a file, or a folder with all in it; what is not there is not sent."""
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        _send_file(line, path, "")
        return
    _say(line, {"is": "dir", "name": ""})
    for here, folders, names in os.walk(path, onerror=_raise):
        for name in folders:
            _say(line, {"is": "dir", "name": os.path.relpath(os.path.join(here, name), path)})  # noqa: PTH118
        for name in names:
            file = Path(here) / name
            if file.is_file():
                _send_file(line, file, os.path.relpath(file, path))


def _names(line: Connection, path: Path) -> None:
    """Send what lies at an output's place as empty files: that something is there, not what."""
    with suppress(PermissionError):
        if not path.exists():
            return
        if not path.is_dir():
            _say(line, {"is": "name", "name": ""})
            return
        _say(line, {"is": "dir", "name": ""})
        for entry in list(os.scandir(path))[: MOST_FILES - 1]:
            _say(line, {"is": "dir" if entry.is_dir() else "name", "name": entry.name})


def _write(line: Connection, path: Path) -> None:
    """Send what `_names` does, after seeing that the caller may write there."""
    place = path if path.is_dir() else path.parent
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, "没有权限", str(place))
    _names(line, path)


def _put(line: Connection, path: Path) -> None:
    """Write a file aside and put it into its place; the bytes are taken in any case."""
    aside = path.parent / f".{os.urandom(8).hex()}.tmp"
    failed: OSError | None = None
    stream: BinaryIO | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = aside.open("xb")
    except OSError as error:
        failed = error
    while chunk := line.recv_bytes():
        try:
            if stream is not None and failed is None:
                stream.write(chunk)
        except OSError as error:
            failed = error
    try:
        if stream is not None:
            with stream:
                stream.flush()
                os.fsync(stream.fileno())
            if failed is None:
                aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    if failed is not None:
        raise failed


def _send_file(line: Connection, path: Path, name: str) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "不是普通文件", str(path))
    with path.open("rb") as stream:
        _say(line, {"is": "file", "name": name})
        _send_stream(line, stream)


def _send_stream(line: Connection, stream: BinaryIO) -> None:
    while chunk := stream.read(_CHUNK):
        line.send_bytes(chunk)
    line.send_bytes(b"")


def _say(line: Connection, part: dict[str, Any]) -> None:
    line.send_bytes(json.dumps(part).encode("utf-8", "surrogatepass"))


def _read(line: Connection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line.recv_bytes().decode("utf-8", "surrogatepass"))
    return found


def _mark(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _raise(error: OSError) -> None:
    raise error
