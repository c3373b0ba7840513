"""Where this process runs, and whether another one of the same machine is gone for certain."""

from __future__ import annotations

import os
import platform
import uuid
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
MACHINE_VARIABLE = "QRECORDS_MACHINE"


@cache
def machine() -> str:
    """Return what names the machine since it was started, and the process numbers in it; `name_of` it is for people.

    Two containers on one machine do not see each other's processes: they are two machines here.
    """
    if chosen := os.environ.get(MACHINE_VARIABLE):
        return chosen
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{platform.node()} {boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:  # not Linux: the name and the network card
        return f"{platform.node()} {uuid.getnode():x}"


def name_of(told: str) -> str:
    """Return what people call a machine."""
    return told.partition(" ")[0]


def process() -> str:
    """Return this process: its number, and when it began where the system tells that."""
    return f"{os.getpid()} {_began(os.getpid())}".strip()


def is_gone(told: str) -> bool:
    """Tell whether a process of this machine has certainly ended; False when that cannot be known."""
    number, _, began = told.partition(" ")
    if not number.isdecimal() or os.name != "posix":
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    now = _began(int(number))
    # The number may be another process's by now, or that of one which is dead and only not yet taken notice of.
    return bool(began and now and now != began)


def _began(number: int) -> str:
    """Return when a process began, in ticks since the machine did; "dead" for a zombie, empty when not known."""
    try:
        fields = (_PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "dead" if fields[0] in {"Z", "X"} else fields[19]
