"""Starts the desk: one workspace, one server in this process, until it is told to stop."""

from __future__ import annotations

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
from qrecords.errors import QRecordsError, UsageError
from qrecords.services.administer import open_office
from qrecords.web.app import desk_app, load_pages
from qrecords.web.signedin import Door

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - what the administrator may ask for
AT_ONCE = 200  # connections; more wait at the door
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where to wait for browsers, whose session the link opens, and whether to open a browser with it."""

    host: str
    port: int
    account: str | None = None
    browser: bool = False


def serve(root: Path, wishes: Wishes, ready: Callable[[str], None]) -> None:
    """Serve the workspace until the process is told to stop; `ready` gets the address once it answers."""
    with closing(open_office(root, wishes.account)) as office, closing(listening(wishes.host, wishes.port)) as place:
        door = Door(office.workspace, link_account=_link_account(office))
        address = f"http://{LOOPBACK[0] if wishes.host in EVERYWHERE else wishes.host}:{place.getsockname()[1]}"
        app = desk_app(door, hosts={*LOOPBACK, wishes.host, socket.gethostname()})
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=AT_ONCE,
                timeout_graceful_shutdown=STOP_SECONDS,
                lifespan="off",
                ws="none",
            )
        )
        # The server hands a signal on once it has stopped; without this the process would be gone with all it holds.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        entrance = f"{address}/in?key={door.key}" if door.link_account else f"{address}/login"
        threading.Thread(target=_announce, args=(server, entrance, ready, wishes, app.state.work), daemon=True).start()
        server.run(sockets=[place])


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


def _announce(
    server: uvicorn.Server, entrance: str, ready: Callable[[str], None], wishes: Wishes, work: Callable[[], None]
) -> None:
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.02)
    ready(entrance)
    if wishes.browser:
        with suppress(webbrowser.Error, QRecordsError):
            webbrowser.open(entrance)
    load_pages()  # while the first page is on its way
    work()  # what a server that was stopped left waiting, or half done
