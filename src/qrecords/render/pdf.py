"""Word documents to PDF/A, many at a time; a document that cannot be converted is named, the rest is done."""

from __future__ import annotations

import errno
import os
import queue
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock

from qrecords.errors import InvalidInput, MissingProgram, Problem
from qrecords.render.beside import written_beside
from qrecords.render.finish import finish_pdf
from qrecords.render.fonts import require_chinese_face
from qrecords.render.forpaper import for_paper
from qrecords.render.pdfout import page_count
from qrecords.render.soffice import REMEDY, Run, Soffice, find_program
from qrecords.render.workfolder import work_folder
from qrecords.render.zips import join, pack

__all__ = ["Converter", "finish_pdf", "page_count"]

# Files a start at most. LibreOffice takes 254 words of a command line and leaves the rest unsaid; Windows takes 32,767
# characters. A start costs about what three files cost, and gives memory back.
BATCH = 100 if sys.platform == "win32" else 240
WORTH_A_WORKER = 8  # files below which a further start costs more than it saves
MAX_WORKERS = 4
LEAST_SPACE = 16 << 20  # bytes in the folder it works in; with less it may end without a word
USUAL_BYTES = 200_000  # of a document; a larger one may take longer in proportion

OnDone = Callable[[Path], None]


class Converter:
    """Converts documents with LibreOffice; `workers` 0 = by cores, `seconds_per_file` ends one that hangs."""

    def __init__(self, *, soffice: str = "", workers: int = 0, seconds_per_file: float = 30) -> None:
        self._program_setting = soffice
        self._workers = workers
        self._seconds = seconds_per_file

    def convert(self, documents: Sequence[Path], out_dir: Path, on_done: OnDone | None = None) -> list[Path]:
        """Write STEM.pdf into `out_dir` for each document and return the paths; `on_done` gets each, in one thread.

        InvalidInput names every document that could not be converted; the others are there all the same.
        MissingProgram when LibreOffice or a Chinese font is missing, or LibreOffice does not work.
        """
        if len({d.stem for d in documents}) < len(documents):
            raise ValueError("two documents would make the same PDF")
        if not documents:
            return []
        program = find_program(self._program_setting)
        require_chinese_face()
        out_dir.mkdir(parents=True, exist_ok=True)
        with work_folder() as folder:
            job = _Job(program, folder, out_dir, self._seconds, on_done or (lambda _: None))
            problems = job.run(documents, self._worker_count(len(documents)))
        if problems:
            raise InvalidInput(
                f"{len(problems)} 份文档转换不成 PDF，其余 {len(documents) - len(problems)} 份已完成",
                remedy="请用 Word 或 LibreOffice 打开所列文档检查，修好后再试",
                problems=problems,
            )
        return [out_dir / f"{d.stem}.pdf" for d in documents]

    def _worker_count(self, files: int) -> int:
        cores = self._workers or min(os.cpu_count() or 1, MAX_WORKERS)
        return max(1, min(cores, files // WORTH_A_WORKER))


@dataclass
class _Job:
    """One call of `convert`: its folder, and what is shared between its workers."""

    program: str
    folder: Path
    out_dir: Path
    seconds: float
    on_done: OnDone

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._stop = Event()
        self._proven = False  # LibreOffice has converted something

    def run(self, documents: Sequence[Path], workers: int) -> list[Problem]:
        """Convert all in batches taken from one queue; return what could not be converted, in the order given."""
        # As many batches for one worker as for another, or the last one would run alone.
        rounds = -(-len(documents) // (BATCH * workers))
        size = -(-len(documents) // (rounds * workers))
        waiting: queue.SimpleQueue[list[Path]] = queue.SimpleQueue()
        for start in range(0, len(documents), size):
            waiting.put(list(documents[start : start + size]))
        with ThreadPoolExecutor(workers) as pool:
            try:
                found = [p for part in pool.map(partial(self._work, waiting), range(workers)) for p in part]
            finally:
                # On an error or Ctrl-C the other workers end at their next look.
                self._stop.set()
        order = {str(d): number for number, d in enumerate(documents)}
        return sorted(found, key=lambda p: order[str(p.source)])

    def _work(self, waiting: queue.SimpleQueue[list[Path]], number: int) -> list[Problem]:
        folder = self.folder / f"worker{number}"
        folder.mkdir()
        office = Soffice(self.program, folder)
        problems: list[Problem] = []
        while True:
            try:
                batch = waiting.get_nowait()
            except queue.Empty:
                return problems
            problems += self._convert(office, folder, batch)

    def _convert(self, office: Soffice, folder: Path, batch: list[Path]) -> list[Problem]:
        """Convert a batch; the first that is missing afterwards is tried alone, those behind it as a new batch."""
        problems = []
        while batch:
            missing, run = self._start_once(office, folder, batch, self._deliver)
            if not missing:
                break
            suspect, batch = missing[0], missing[1:]
            if len(missing) > 1 or not run.hung:
                again, run = self._start_once(office, folder, [suspect], self._deliver)
                if not again:
                    continue
            self._require_working(office, folder)
            why = "转换时间过长，已停止" if run.hung else "LibreOffice 读不了这份文档"
            problems.append(Problem(f"{suspect.name}:{why}", source=str(suspect)))
        return problems

    def _start_once(
        self, office: Soffice, folder: Path, batch: Sequence[Path], deliver: Callable[[Path, Path], None]
    ) -> tuple[list[Path], Run]:
        """Run one start over a batch; return the documents not converted, and how the run ended."""
        with TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as inside:
            # Plain names: whatever a document is called, the command line and the results stay clear.
            source, made = Path(inside) / "in", Path(inside) / "out"
            source.mkdir()
            made.mkdir()
            waiting = {f"{n:05d}": d for n, d in enumerate(batch)}
            for name, document in waiting.items():
                (source / f"{name}.docx").write_bytes(for_paper(document.read_bytes()))

            def collect() -> int:
                if self._stop.is_set():
                    raise InterruptedError
                for path in sorted(made.glob("*.pdf")):
                    if _is_whole(path):
                        deliver(path, waiting.pop(path.stem))
                        path.unlink(missing_ok=True)
                return len(batch) - len(waiting)

            files = sorted(source.iterdir())
            largest = max(f.stat().st_size for f in files)
            seconds = self.seconds * max(1, largest / USUAL_BYTES)
            run = office.convert(files, made, seconds_per_file=seconds, on_tick=collect)
            return list(waiting.values()), run

    def _deliver(self, made: Path, document: Path) -> None:
        with self._lock:
            target = self.out_dir / f"{document.stem}.pdf"
            with written_beside(target) as stream, made.open("rb") as source:
                shutil.copyfileobj(source, stream)
            self._proven = True
            self.on_done(target)

    def _require_working(self, office: Soffice, folder: Path) -> None:
        """Before a document is blamed, see that LibreOffice can convert anything at all."""
        if shutil.disk_usage(folder).free < LEAST_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        if self._proven:
            return
        probe = folder / "probe.docx"
        probe.write_bytes(_smallest_document())
        missing, run = self._start_once(office, folder, [probe], lambda _made, _document: None)
        if missing:
            words = "启动后没有反应" if run.hung else run.last_words or "没有说明原因"
            raise MissingProgram(f"LibreOffice 不能工作：{words}", remedy=REMEDY)
        self._proven = True


def _is_whole(path: Path) -> bool:
    """Tell whether a PDF has been written to its end."""
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - 32))
        return b"%%EOF" in stream.read()


def _smallest_document() -> bytes:
    """Return a Word document of one character."""
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}" '
        f'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body><w:p><w:r><w:t>1</w:t></w:r></w:p></w:body>'
        f"</w:document>",
    }
    return join(pack(name, text.encode()) for name, text in parts.items())
