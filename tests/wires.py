"""A network between a machine and a server that can be cut or fall silent: a proxy on the loopback address."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)  # closed at once, what is under way is lost


class Wire:
    """Passes bytes on to a port of this machine, both ways, until it is cut or silent."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._door.getsockname()[1])
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = self._is_over = False
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Break every connection off, and let none be made."""
        self._is_cut = True
        self._drop()

    def silence(self) -> None:
        """Let connections stand, and nothing pass."""
        self._flows.clear()

    def mend(self, *, drop: bool = False) -> None:
        """Let all pass again; `drop`: what waited is lost with its connections, as after a long silence."""
        if drop:
            self._drop()
        self._is_cut = False
        self._flows.set()

    def end(self) -> None:
        """Be gone."""
        self._is_over = self._is_cut = True
        self._drop()
        self._flows.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _listen(self) -> None:
        while not self._is_over:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            try:
                if self._is_cut:
                    raise ConnectionError
                far = socket.create_connection(self._to, timeout=5)
            except OSError:
                _break_off(near)
                continue
            far.settimeout(None)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._guard:
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while piece := one.recv(_PIECE):
                self._flows.wait()
                other.sendall(piece)
            with suppress(OSError):
                other.shutdown(socket.SHUT_WR)
        except OSError:
            with self._guard:
                self._open -= {one, other}
            _break_off(one, other)

    def _drop(self) -> None:
        with self._guard:
            found, self._open = self._open, set()
        _break_off(*found)


def _break_off(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def wired(*ports: int) -> Iterator[list[Wire]]:
    """Give a wire to each port while the block runs."""
    made = [Wire(port) for port in ports]
    try:
        yield made
    finally:
        for wire in made:
            wire.end()
