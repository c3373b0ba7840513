"""Starts the desk: one socket, and one process or several that answer on it, until it is told to stop."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from qrecords.advice import Input, advise
from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import QRecordsError, UsageError
from qrecords.ports import Clock
from qrecords.services.administer import open_office
from qrecords.settings import load
from qrecords.web.app import desk_app, load_pages
from qrecords.web.processes import READY, Seat, Several, how_many, settle_down
from qrecords.web.shared import Link, Shared, held
from qrecords.web.signedin import Door
from qrecords.web.watching import watched

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - what the administrator may ask for
AT_ONCE = 200  # connections of a process; more wait at the door
BACKLOG = 2048
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where to wait for browsers, whose session the link opens, whether to open a browser with it, how many answer."""

    host: str
    port: int
    account: str | None = None
    browser: bool = False
    processes: int | None = None  # None = as the settings say


@dataclass(frozen=True)
class _Desk:
    """What every process that answers is given."""

    place: socket.socket
    hosts: frozenset[str]
    link_account: str

    def server(self, workspace: Workspace, shared: Shared, *, alone: bool = False) -> _Server:
        """Return what answers with an office that is open in this process."""
        app = desk_app(Door(workspace, self.link_account, shared.link), hosts=self.hosts, shared=shared)
        return _Server(
            app.state.work,
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=AT_ONCE,
                timeout_graceful_shutdown=STOP_SECONDS,
                lifespan="off",
                ws="none",
                backlog=BACKLOG if alone else 1,
            ),
        )


class _Server(uvicorn.Server):
    """Lets as many browsers in at a time as `backlog` says: one, where processes share them; the others wait."""

    def __init__(self, work: Callable[[], None], config: uvicorn.Config) -> None:
        super().__init__(config)
        self.work = work

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        for place in sockets or ():
            place.listen(BACKLOG)  # the server set it to what it lets in at a time


def serve(root: Path, wishes: Wishes, ready: Callable[[str], None]) -> None:
    """Serve the workspace until the process is told to stop; `ready` gets the address once it answers."""
    with closing(listening(wishes.host, wishes.port)) as place:
        if load(root).archive.url and how_many(wishes.processes or 0) > 1:
            _mended_aside(root, wishes.account)
        with closing(open_office(root, wishes.account)) as office, watched(office.settings):
            wanted = office.settings.desk.processes if wishes.processes is None else wishes.processes
            link = Link()
            shared = held(office.settings, link)
            hosts = frozenset({*LOOPBACK, wishes.host, socket.gethostname()})
            desk = _Desk(place, hosts, _link_account(office))
            entrance = _entrance(place, wishes, f"/in?key={link.key}" if desk.link_account else "/login")
            # A server hands a signal on once it has stopped; without this the process would be gone with all it holds.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background ignores it from the start
            if (count := how_many(wanted)) == 1:
                server = desk.server(office.workspace, shared, alone=True)
                _announced(server, lambda: ready(entrance), entrance if wishes.browser else "")
                server.run(sockets=[place])
                return
            clock = office.workspace.source
        browser = entrance if wishes.browser else ""
        several = Several(count, shared, lambda seat: _answer(desk, root, clock, shared, seat, browser))
        several.run(lambda: ready(entrance), load_pages)


def _mended_aside(root: Path, account: str | None) -> None:
    """Let a process of its own finish what a crash left: the client of a store does not survive a fork.

    What it cannot finish, whoever starts the desk meets and tells.
    """

    def mend() -> None:
        with suppress(QRecordsError), closing(open_office(root, account)):
            pass

    process = multiprocessing.get_context("fork").Process(target=mend)
    process.start()
    process.join()


def _answer(desk: _Desk, root: Path, clock: Clock, shared: Shared, seat: Seat, browser: str) -> None:
    """Answer browsers in a forked process, with an opening of the office that is its own."""
    with closing(Workspace.open(root, clock)) as workspace:
        server = desk.server(workspace, seat.asking.shared(shared.forms))

        def end() -> None:
            server.should_exit = True

        seat.on_end(end)
        _announced(server, lambda: seat.asking(READY), browser if seat.first else "")
        server.run(sockets=[desk.place])


def _entrance(place: socket.socket, wishes: Wishes, path: str) -> str:
    host = LOOPBACK[0] if wishes.host in EVERYWHERE else wishes.host
    return f"http://{host}:{place.getsockname()[1]}{path}"


def _link_account(office: Session) -> str:
    """Return whose session the link opens: at one desk the person who starts the program, in strict mode nobody's."""
    return office.account.name if office.settings.access.separation == "single-desk" else ""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that waits at an address; UsageError when it is taken."""
    try:
        place = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        # Who is let in has it too; else the second part of a small page waits 40 ms for the first to be answered.
        place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return place
    except (OSError, OverflowError, TypeError, ValueError) as error:
        raise UsageError(
            f"不能在 {host}:{port} 上等待浏览器：{error}", remedy=advise("请用 {} 换一个端口，0 表示自动选", Input.PORT)
        ) from error


def _announced(server: _Server, ready: Callable[[], object], browser: str) -> None:
    """Let a thread say that the server answers, open the browser at an address that is given, and load the rest."""
    threading.Thread(target=_announce, args=(server, ready, browser), daemon=True).start()


def _announce(server: _Server, ready: Callable[[], object], browser: str) -> None:
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.02)
    ready()
    if browser:
        with suppress(webbrowser.Error, QRecordsError):
            webbrowser.open(browser)
    load_pages()  # while the first page is on its way
    settle_down()
    server.work()  # what a server that was stopped left waiting, or half done
