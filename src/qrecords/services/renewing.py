"""Bring an office's definitions up to those that came with the program: forms, tables, deadlines, documents, lists.

Compared first, and put in place in one step: all of it or none. What the office changed itself is never replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import resources
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from qrecords.advice import Do, advise
from qrecords.errors import NotFound, Problem, QRecordsError, WrongState
from qrecords.model.record import Action
from qrecords.model.renewal import Renewal, renewal
from qrecords.office import Office
from qrecords.stores import durable
from qrecords.stores.formerforms import came_along, former_forms
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.formfolders import OFF_FILE, SERIES_FILE
from qrecords.stores.packagedforms import packaged_forms, packaged_packs
from qrecords.stores.packs import packs
from qrecords.stores.register import Transaction
from qrecords.stores.tablefiles import read_tables
from qrecords.work.step import Run, Step, running

OWN_FOLDER = frozenset({"form.toml", "template.docx", "sample.json", "excerpt.docx"})  # they go together


@dataclass(frozen=True)
class RenewForms(Step[Office]):
    """The files to be put in place, below the folder of the series, each with its hash; where they lie ready."""

    KIND = "renew"

    key: str
    placing: tuple[tuple[str, str], ...]

    def standing(self, office: Office) -> RenewForms | None:
        """Return all of it once every file lies ready, or is in place: nothing is put there before."""
        ready = all(_says(_ready(office, self.key, n), digest) or _says(_place(office, path), digest)
                    for n, (path, digest) in enumerate(self.placing))  # fmt: skip
        return self if ready else None

    def finish(self, run: Run[Office]) -> None:
        """Put in place what is not yet, and let the log say so."""
        for n, (path, digest) in enumerate(self.placing):
            if not _says(_place(run.desk, path), digest):
                durable.make_dirs(_place(run.desk, path).parent)
                durable.write_file(_place(run.desk, path), _ready(run.desk, self.key, n).read_bytes())
                durable.checkpoint("renew.placed")
        run.desk.workspace.forget_forms()
        run.commit(self)

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the log say what the files say now."""
        tx.audit.append([office.event(Action.ADMINISTER, "forms/renew", files=dict(self.placing))])


def compare(office: Office, only: Sequence[str] = ()) -> list[Renewal]:
    """Return the definitions that are not as they came, by path; `only` some of them, or what lies below some folders.

    NotFound where the program comes with nothing of the office's procedure, or where nothing differs below `only`.
    """
    office.authorise(Action.ADMINISTER, "forms/renew")
    main = office.settings.forms_dir
    if not (packaged_forms() / main.name).is_dir():
        raise NotFound(f"随程序的表式里没有 {main.name}，这是本单位自己的程序文件", remedy="没有可比的")
    with resources.as_file(packaged_forms()) as forms, resources.as_file(packaged_packs()) as optional:
        found = [*_compared(office, {p.name: p for p in forms.iterdir() if p.is_dir()} | _packs_there(main, optional))]
    chosen = [one for one in found if not only or any(_below(one.path, wanted) for wanted in only)]
    if only and not chosen:
        raise NotFound(f"「{'、'.join(only)}」没有与随程序的不同的", remedy=advise("看全部：{}", Do.RENEW_FORMS))
    return chosen


def apply(office: Office, only: Sequence[str] = ()) -> list[Renewal]:
    """Put in place what `compare` says may be: all of it, or nothing; returns it, with what is left to people.

    WrongState, with every problem, where the office could not be read with it.
    """
    with office.exclusive("forms", "更新表式和定义"):
        found = compare(office, only)
        # A series is one once its series.toml is there.
        made = sorted((one for one in found if one.doing != "keep"), key=lambda one: one.path.endswith(SERIES_FILE))
        if made:
            _require_sound(office, made)
            _put(office, made)
    office.workspace.forget_forms()
    return found


def _put(office: Office, made: Sequence[Renewal]) -> None:
    with running(office) as run:
        with office.register.write() as tx:
            files = tuple((one.path, _digest(one.data)) for one in made)
            step = run.begin(tx, RenewForms(run.key, files))
        durable.checkpoint("renew.intent")
        durable.make_dirs(run.folder)
        durable.write_files(run.folder, [(str(n), one.data) for n, one in enumerate(made)])
        durable.checkpoint("renew.ready")
        step.finish(run)


def _compared(office: Office, series: Mapping[str, Path]) -> Iterator[Renewal]:
    """Give what differs, series by series; the files of one form go together."""
    known, target = former_forms(), office.settings.forms_dir.parent
    for name, folder in sorted(series.items()):
        is_off = (target / name / OFF_FILE).is_file()
        found = []
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            place = PurePosixPath(name) / path.relative_to(folder).as_posix()
            if is_off and place.name == SERIES_FILE and len(place.parts) == 2:
                continue
            own = _read(target / place)
            untouched = own is not None and came_along(own, known)
            if one := renewal(str(place), own, path.read_bytes(), untouched=untouched):
                found.append(one)
        touched = {PurePosixPath(one.path).parent for one in found if one.doing in {"keep", "extend"} and _of_form(one)}
        for one in found:
            together = one.doing == "replace" and _of_form(one) and PurePosixPath(one.path).parent in touched
            yield replace(one, doing="keep", why="同一表式的文件本单位改过，一起看") if together else one


def _of_form(one: Renewal) -> bool:
    return PurePosixPath(one.path).name in OWN_FOLDER


def _packs_there(main: Path, optional: Path) -> dict[str, Path]:
    """Return the packs an office has taken up, on or off."""
    return {pack.code: optional / pack.name for pack in packs() if (main.parent / pack.code).is_dir()}


def _require_sound(office: Office, made: Sequence[Renewal]) -> None:
    """Read the office's definitions as they would be, aside: nothing is put in place that cannot be read."""
    main = office.settings.forms_dir
    with TemporaryDirectory() as aside:
        for folder in (p for p in main.parent.iterdir() if p.is_dir() and (p == main or (p / SERIES_FILE).is_file())):
            shutil.copytree(folder, Path(aside) / folder.name)
        for one in made:
            place = Path(aside) / one.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(one.data)
        catalogue = FormCatalogue(Path(aside) / main.name)
        try:
            catalogue.all()
            read_tables(
                catalogue.main, lambda n: [f.form for f in catalogue.numbered(n)], catalogue.beside, catalogue.deadlines
            )
        except QRecordsError as error:
            problems = error.problems or [Problem(error.told)]
            remedy = "没有改动任何文件；请按提示改正本单位改过的文件，或只更新一部分（写明路径）"
            raise WrongState("更新后的表式读不出", remedy=remedy, problems=problems) from None


def _below(path: str, wanted: str) -> bool:
    wanted = wanted.removeprefix("forms/").strip("/")
    return path == wanted or path.startswith(f"{wanted}/")


def _place(office: Office, path: str) -> Path:
    return office.settings.forms_dir.parent / path


def _ready(office: Office, key: str, number: int) -> Path:
    return office.archive.work_dir(key) / str(number)


def _says(path: Path, digest: str) -> bool:
    data = _read(path)
    return data is not None and _digest(data) == digest


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
