"""Child processes that read and open what is stored; one that a file ends, or holds up, is replaced by another."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any

from qrecords.errors import MissingProgram
from qrecords.scanning.child import Child, started

MODULE = "qrecords.services.care.reading_child"
MAX_READERS = 4
WORTH_A_READER = 40  # objects below which starting a process costs more than it saves
SILENCE = 120.0  # seconds one file may take to open, or one item of a volume to compare
_TRIES = 3  # of a question whose process is lost while no file is being opened

Asked = dict[str, Any]
Answer = dict[str, Any]


class Readers:
    """A few processes that answer questions about one archive; `each` asks them all at once."""

    def __init__(self, setup: dict[str, Any], questions: int, *, cores: int = 0, silence: float = SILENCE) -> None:
        count = max(1, min(cores or os.cpu_count() or 1, MAX_READERS, questions // WORTH_A_READER))
        self._readers = [_Reader(setup, silence) for _ in range(count)]
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watched, daemon=True)
        self._watch.start()

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        for reader in self._readers:
            reader.end()

    def each(self, asked: Iterable[Asked]) -> Iterator[Answer]:
        """Give the answers in the order of the questions; one that no process survives answers `broken`."""
        waiting, lock = enumerate(asked), threading.Lock()
        answers: queue.SimpleQueue[tuple[int, Answer | BaseException] | None] = queue.SimpleQueue()

        def serve(reader: _Reader) -> None:
            try:
                while not self._ended.is_set():
                    with lock:
                        place, question = next(waiting, (-1, {}))
                    if place < 0:
                        return
                    answers.put((place, reader.ask(question)))
            except BaseException as error:  # raised where the answers are taken
                answers.put((-1, error))
            finally:
                answers.put(None)

        threads = [threading.Thread(target=serve, args=(reader,), daemon=True) for reader in self._readers]
        for thread in threads:
            thread.start()
        at_work, early, place = len(threads), dict[int, Answer](), 0
        while at_work:
            told = answers.get()
            if told is None:
                at_work -= 1
                continue
            number, answer = told
            if isinstance(answer, BaseException):
                raise answer
            early[number] = answer
            while place in early:
                yield early.pop(place)
                place += 1

    def _watched(self) -> None:
        while not self._ended.wait(0.5):
            for reader in self._readers:
                reader.end_if_silent()


class _Reader:
    """One child process, started when it is needed first and again when it is lost."""

    def __init__(self, setup: dict[str, Any], silence: float) -> None:
        self._setup = setup
        self._silence = silence
        self._process: Child | None = None
        self._since = 0.0  # when the file now open was begun; 0 when none is
        self._overdue = False  # whether that took too long, so that the process was ended
        self._over = False
        self._began = False  # whether a process of this reader ever came so far as to take questions

    def ask(self, question: Asked) -> Answer:
        """Return the answer; a file whose opening ends the process is left out (`skip`) and the rest asked again.

        What had to be ended because it took too long is among `slow` as well: it need not be damaged.
        MissingProgram when no process can be started at all: then nothing is known of what is asked about.
        """
        skip: list[str] = []
        slow: list[str] = []
        lost = 0
        while lost < _TRIES and not self._over:
            answer, opening = self._asked({**question, "skip": skip, "slow": slow})
            if answer is not None:
                return answer
            if opening and opening not in skip:
                skip.append(opening)
                slow += [opening] if self._overdue else []
            else:
                lost += 1
        if not self._began and not self._over:
            raise _cannot_start()
        return {"broken": "读它的程序几次中断"}

    def _asked(self, question: Asked) -> tuple[Answer | None, str]:
        process, opening, self._overdue = self._running(), "", False
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            while line := process.stdout.readline():
                answer: Answer = json.loads(line)
                if "ready" in answer:
                    self._began = True
                elif "opening" not in answer:
                    self._since = 0.0
                    return answer, ""
                else:
                    opening, self._since = answer["opening"], time.monotonic()
        except (OSError, ValueError):
            pass  # ended in the middle of a word
        self._since = 0.0
        self._stop()
        return None, opening

    def _running(self) -> Child:
        if self._process is None:
            try:
                self._process = started(MODULE, self._setup, asked=True)
            except OSError as error:
                raise _cannot_start(error.strerror or "") from None
        return self._process

    def end_if_silent(self) -> None:
        """End a process that has had one file open for too long."""
        since, process = self._since, self._process
        if since and process and time.monotonic() - since > self._silence:
            self._overdue = True
            process.kill()

    def end(self) -> None:
        """End the process; nothing is asked any more."""
        self._over = True
        if self._process:
            self._process.kill()
        self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError, ValueError):
                if pipe:
                    pipe.close()


def _cannot_start(why: str = "") -> MissingProgram:
    return MissingProgram(
        "逐字节检查用的子程序启动不了" + (f"（{why}）" if why else "") + "，没有查完；并不是说档案坏了",
        remedy="请看内存和磁盘是否够用、安全软件是否拦了 Python，必要时重新安装 qrecords，再检查一次",
    )
