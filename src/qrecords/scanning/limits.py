"""What a child process may use of the machine; it takes the limits upon itself before it opens anything."""

from __future__ import annotations

import sys
from contextlib import suppress

MAX_OUTPUT = 200 << 20  # bytes in one file


def limit(memory: int, cpu_seconds: int) -> None:
    """Limit memory (bytes), processor time and written files of this process, where the system can (POSIX).

    A limit the system refuses, as macOS does the one of memory, is left out: the watch on the clock stays.
    """
    if sys.platform == "win32":
        return  # there the watch on the clock must do
    import resource

    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            _, hard = resource.getrlimit(what)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (allowed, hard))
