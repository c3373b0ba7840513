"""Hand records over to the company's archive, and take such a package in (BagIt, RFC 8493; metadata by DA/T 46).

A package holds whole objects as an OCFL storage root of its own (`data/objects`), so that whoever receives it can check
and read it without qrecords, and `data/metadata.csv` with one line for each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from qrecords import __version__
from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, NotFound, Problem, QRecordsError, UsageError, WrongState
from qrecords.model.objects import DOCUMENT, ITEM, TEMPLATE, VOLUME, kind_of, paper_of
from qrecords.model.record import Action
from qrecords.model.reportkind import DocumentSeries
from qrecords.office import Office
from qrecords.ports import Objects
from qrecords.services import reading
from qrecords.services.care.putback import put_back
from qrecords.services.care.unfreeze import Unfrozen, unfreeze
from qrecords.services.door import looked_at
from qrecords.services.finding.indexing import follow
from qrecords.services.reports.kept import series_of
from qrecords.services.volumes.shelf import readable_volumes
from qrecords.stores import bag, durable
from qrecords.stores.archive import Archive
from qrecords.stores.layouts import HASHED, LAYOUTS
from qrecords.stores.outside import require_outside
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow, VolumeRow
from qrecords.work.step import Run, Step, running

METADATA = "metadata.csv"
HEADINGS = (
    "聚合层次", "立档单位名称", "电子文件号", "档号", "年度", "保管期限", "题名", "责任者", "日期", "文种", "密级",
    "页数", "所在案卷", "格式", "计算机文件名", "数字摘要算法", "数字摘要",
)  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TakeInPackage(Step[Office]):
    """The objects of a package that are not here yet. It comes in whole or not at all."""

    KIND = "import"

    objects: tuple[str, ...]

    def publishes(self) -> tuple[str, ...]:
        """Return the objects."""
        return self.objects

    def standing(self, office: Office) -> TakeInPackage | None:
        """Return all of it when every object came in."""
        return self if all(office.archive.exists(i) for i in self.objects) else None

    def finish(self, run: Run[Office]) -> None:
        """Read what the objects hold, and put it into the register, each item and volume with its event."""
        found = unfreeze(run.desk, only=self.objects)
        with run.committing(self) as tx:
            put_back(tx, found)
            _note_series(tx, found)
            codes = [i.row.archive_no for i in found.items] + [v.row.volume_code for v in found.volumes]
            codes += [d.document.document_no for d in found.documents]
            tx.audit.append([run.desk.event(Action.FILE, code, by="import") for code in codes])

    def undo(self, office: Office, key: str) -> None:
        """Take out the objects that had come; a template kept once too often harms nothing."""
        for object_id in self.objects:
            if office.archive.exists(object_id) and not TEMPLATE.has(object_id):
                office.archive.remove(object_id, key)


@dataclass(frozen=True, slots=True)
class Package:
    """What was packed or taken in; of an account that does not read everything, a year is what it reads of it."""

    path: Path
    items: list[str]
    volumes: list[str]
    is_whole: bool = True


def export_bag(
    office: Office,
    target: Path,
    *,
    year: int | None = None,
    record_nos: Sequence[str] = (),
    progress: Progress | None = None,
) -> Package:
    """Pack the filed records of a year with its volumes, or single records, into a new folder."""
    if target.exists():
        raise WrongState(f"{target} 已经有了", remedy="请换一个文件夹名")
    require_outside(target)
    items, volumes = _wanted(office, year, record_nos)
    if not items:
        raise NotFound("没有可导出的归档件", remedy="请核对年度或编号；没有归档的记录不能移交")
    aside = target.parent / f".{target.name}.packing"
    durable.remove_tree(aside)
    durable.make_dirs(aside)
    try:
        package = _copy_objects(office, aside / bag.PAYLOAD, [*items, *volumes], progress)
        durable.write_file(aside / bag.PAYLOAD / METADATA, _metadata(office, package, items, volumes))
        bag.write(aside, _bag_info(office, len(items), len(volumes)))
        durable.fsync_tree(aside)
        durable.checkpoint("export.packed")
        durable.replace_dir(aside, target)
    except BaseException:
        with suppress(QRecordsError):
            durable.remove_tree(aside)
        raise
    whole = year is None or office.sees_all()
    packed = Package(target, [i.archive_no for i in items], [v.volume_code for v in volumes], whole)
    office.note([office.event(Action.EXPORT, code) for code in (*packed.items, *packed.volumes)])
    return packed


def export_below(
    office: Office, *, year: int | None = None, record_nos: Sequence[str] = (), progress: Progress | None = None
) -> Package:
    """Pack a year, or records, below the folder the settings name: what a running office does for who asks it."""
    named = office.settings.desk.export_folder
    if not named:
        raise UsageError(
            "没有设定移交的包放在哪里",
            remedy=advise("请由管理员在 qrecords.toml 的 [desk] 里写上 export_folder（{}）", Input.FOLDER),
        )
    place = (office.settings.root / named).resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in office.settings.folders):
        raise UsageError(f"{place} 就在工作区里", remedy="请把 export_folder 写成工作区以外的文件夹")
    durable.make_private(place)
    with office.exclusive("export", "移交打包"):
        called = f"移交-{record_nos[0] if record_nos else year}"
        places = (place / (f"{called}-{n}" if n else called) for n in count())
        target = next(p for p in places if not p.exists())
        return export_bag(office, target, year=year, record_nos=record_nos, progress=progress)


def _wanted(office: Office, year: int | None, record_nos: Sequence[str]) -> tuple[list[ItemRow], list[VolumeRow]]:
    """Return the items and volumes to pack, as far as the account may hand them over."""
    with office.register.read() as tx:
        if year is None:
            records = reading.many(office, record_nos)
            numbers = list(dict.fromkeys(r.archive_no for r in records if r.archive_no))
            rows = [row for no in numbers if (row := tx.items.row(no)) and row.version > 0]
            volumes: list[VolumeRow] = []
        else:
            # What may not be read whole is as if it were not there; how far the package goes is told (`is_whole`).
            rows = [row for row in tx.items.all() if row.record_year == year and row.version > 0]
            may = reading.whole(office, tx, [row.archive_no for row in rows])
            rows = [row for row in rows if row.archive_no in may]
            volumes = readable_volumes(office, tx, tx.items.volumes(year))
    for code in [r.archive_no for r in rows] + [v.volume_code for v in volumes]:
        office.authorise(Action.EXPORT, code)
    return rows, volumes


def _copy_objects(
    office: Office, folder: Path, rows: Sequence[ItemRow | VolumeRow], progress: Progress | None
) -> Archive:
    package = Archive(folder, HASHED)
    package.prepare()
    templates = [(object_id, 1) for object_id in sorted(office.archive.ids()) if TEMPLATE.has(object_id)]
    wanted = [(row.object_id, row.version) for row in rows] + templates
    for done, (object_id, version) in enumerate(wanted, start=1):
        package.copy_in(office.archive, object_id, version)
        if progress:
            progress(done, len(wanted))
    package.drop_aside()
    return package


def _metadata(office: Office, package: Archive, items: Sequence[ItemRow], volumes: Sequence[VolumeRow]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADINGS)
    writer.writeheader()
    names = {ITEM.paper: "PDF/A-2b", DOCUMENT.paper: "PDF/A-2b", VOLUME.paper: "PDF"}
    series = series_of(office)
    with office.register.read() as tx:
        bound = {row.archive_no: tx.items.places(row.archive_no) for row in items}
    places = {number: "；".join(place.volume_code for place in found) for number, found in bound.items()}
    rows: list[ItemRow | VolumeRow] = [*items, *volumes]
    for row in rows:
        of_item = isinstance(row, ItemRow)
        name, code = paper_of(row.object_id), row.archive_no if isinstance(row, ItemRow) else row.volume_code
        place = package.place(row.object_id, name, row.version)
        writer.writerow(
            dict(zip(HEADINGS, (
                "件" if of_item else "卷", office.settings.office.org_name, row.object_id, code,
                row.record_year if isinstance(row, ItemRow) else row.year, code.rpartition("·")[2].partition("-")[0],
                row.title, row.creator if isinstance(row, ItemRow) else office.settings.office.unit,
                row.date_to if isinstance(row, ItemRow) else row.compiled_at[:10],
                _genre(office, series, row.form_code), row.secrecy_level, row.pages,
                places.get(code, ""), names[name], place,
                "SHA-256", row.sha256,
            ), strict=True))
        )  # fmt: skip
    return text.getvalue().encode("utf-8-sig")


def _genre(office: Office, series: DocumentSeries, form_code: str) -> str:
    """Return what an item or volume is, by its form or kind of document; KF-JB-HJ, of a branch's volume, is KF-JB."""
    if form_code in office.forms.codes():
        return office.forms.get(form_code).form.title
    kind = series.kind_of("-".join(form_code.split("-")[:2]))
    return kind.title if kind else form_code


def _bag_info(office: Office, items: int, volumes: int) -> dict[str, str]:
    with office.register.read() as tx:
        _, head = tx.audit.head()
    return {
        "Source-Organization": office.settings.office.org_name,
        **({"Contact-Name": office.account.person} if office.account.person else {}),
        "Bagging-Date": office.today(),
        "External-Description": f"QS/PA758A 质量记录：{items}件，{volumes}册",
        "Bag-Software-Agent": f"qrecords {__version__}",
        "Internal-Sender-Identifier": f"audit-head:{head}",
    }


def import_bag(office: Office, folder: Path, *, progress: Progress | None = None) -> Package:
    """Take in a package made by `export_bag`, whole or not at all; what is here already, the same, is passed over."""
    office.authorise(Action.FILE, folder.name)
    source = _valid_bag(folder)
    with office.exclusive("file", "归档"), running(office) as run:
        incoming = [i for i in sorted(source.ids()) if (kind := kind_of(i)) and kind.handed_over]
        fresh = [i for i in incoming if not office.archive.exists(i)]
        _require_sound(source, incoming)
        _require_harmless(source, fresh)
        _require_same(office, source, sorted(set(incoming) - set(fresh)))
        found = _read(office, source, fresh)
        with office.register.write() as tx:
            _require_unknown(tx, found)
            step = run.begin(tx, TakeInPackage(tuple(fresh)))
        durable.checkpoint("import.intent")
        for done, object_id in enumerate(fresh, start=1):
            head = source.head(object_id)
            office.archive.copy_in(source, object_id, head, f"{run.key}/object")
            durable.checkpoint("import.object")
            if progress:
                progress(done, len(fresh))
        step.finish(run)
    follow(office)
    codes = [item.row.archive_no for item in found.items], [v.row.volume_code for v in found.volumes]
    return Package(folder, *codes)


def _note_series(tx: Transaction, found: Unfrozen) -> None:
    """Remember the series that were numbered elsewhere: what was not handed over is no gap of this office."""
    series = {f"record/{r.form_code}/{r.year}" for item in found.items for r in item.records}
    rows = [*(item.row for item in found.items), *(d.item for d in found.documents if d.item)]
    series |= {f"archive/{row.archive_no.rpartition('-')[0]}" for row in rows}
    series |= {f"document/{d.document.document_no.rpartition('-')[0]}" for d in found.documents}
    series |= {f"volume/{volume.row.volume_code.rpartition('-')[0]}" for volume in found.volumes}
    for name in sorted(series):
        tx.facts.note_elsewhere(name)


def _valid_bag(folder: Path) -> Archive:
    if any(path.is_symlink() for path in folder.rglob("*")):
        raise InvalidInput(f"{folder} 里有指向别处的链接", remedy="请向移交方重新索取")
    try:
        bag.check(folder)
    except (bag.NotABag, OSError) as error:
        remedy = "请向移交方重新索取，不要改动包里的文件"
        raise InvalidInput(f"{folder} 不是完好的移交包：{error}", remedy=remedy) from None
    # Packages written before are laid out as the archive is.
    sources = [Archive(folder / bag.PAYLOAD, layout) for layout in LAYOUTS]
    for source in sources:
        if source.is_laid_out():
            return source
    raise InvalidInput(f"{folder} 里没有本软件的归档对象", remedy=advise("请核对是不是 {} 做的包", Do.EXPORT))


def _require_sound(source: Objects, object_ids: Sequence[str]) -> None:
    if problems := [p for i in object_ids for p in source.check(i, deep=True)]:
        raise InvalidInput("移交包里有损坏的对象", remedy="请向移交方重新索取", problems=problems)


def _require_harmless(source: Objects, object_ids: Sequence[str]) -> None:
    """Refuse a package that holds a file the archive's own check would condemn."""
    looked = [(object_id, source.look_through(object_id, deep=False)) for object_id in object_ids]
    named = [(object_id, name, through.head) for object_id, through in looked for name in through.files]
    with source.lent_all(named) as paths:
        verdicts = looked_at([(path, name) for path, (_, name, _) in zip(paths, named, strict=True)])
    told = [
        (object_id, f"{name} {verdict.unreadable or verdict.active}")
        for (object_id, name, _), verdict in zip(named, verdicts, strict=True)
        if verdict.unreadable or verdict.active
    ]
    if told:
        problems = [Problem(message, source=i) for i, message in told]
        remedy = "请向移交方索取不含这些内容的包；没有收下任何一个"
        raise InvalidInput(f"移交包里有{len(told)}个文件不能收", remedy=remedy, problems=problems)


def _require_same(office: Office, source: Objects, known: Sequence[str]) -> None:
    """Refuse a package whose object is here with other content: neither may replace the other."""
    other = [
        Problem("这里已有同号的对象，版本或内容不同", source=i)
        for i in known
        if source.head(i) > office.archive.head(i)
        or source.inventory_digest(i, source.head(i)) != office.archive.inventory_digest(i, source.head(i))
    ]
    if other:
        raise WrongState(f"有{len(other)}个对象与这里的不符，一个也没有收", remedy="请与移交方核对编号", problems=other)


def _read(office: Office, source: Objects, fresh: Sequence[str]) -> Unfrozen:
    found = unfreeze(office, only=fresh, archive=source)
    if found.problems:
        raise InvalidInput("移交包里有读不懂的对象", remedy="请向移交方重新索取", problems=found.problems)
    return found


def _require_unknown(tx: Transaction, found: Unfrozen) -> None:
    """Refuse numbers that are in use here."""
    numbers = [record.record_no for item in found.items for record in item.records]
    taken = [Problem("这里已有这个编号的记录", source=r.record_no) for r in tx.records.many(numbers, uncommitted=True)]
    taken += [
        Problem("这里已有这个编号的文件", source=d.document.document_no)
        for d in found.documents
        if tx.documents.get(d.document.document_no)
    ]
    taken += [
        Problem("这里已用过这个归档编号", source=item.row.archive_no)
        for item in found.items
        if tx.items.row(item.row.archive_no)
    ]
    if taken:
        raise WrongState(f"有{len(taken)}个编号在这里用过，一个也没有收", remedy="请与移交方核对编号", problems=taken)
