"""Keeps the full-text index on the heels of the register; it can be made again at any time.

What is found of a record: what stands in its form, and what SOURCES add. To make more texts searchable, write a source
and put it into SOURCES; snippets, rebuilds and both engines follow by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from qrecords.errors import QRecordsError
from qrecords.model.access import performing_unit, secrecy_rank, tags_of
from qrecords.model.record import Action, Record
from qrecords.office import Office
from qrecords.settings import FILE_NAME, find_root, load
from qrecords.stores.durable import remove_file, remove_tree, write_file
from qrecords.stores.formoutlines import FieldOutline, FormOutline
from qrecords.stores.fulltext import load_engine
from qrecords.stores.fulltext.interface import Document, Made, MustRebuild, Taking
from qrecords.stores.register import Transaction
from qrecords.stores.settingsfile import with_engine

BATCH = 2000
MOST_AHEAD = 30_000  # records held in memory as the index takes them, some 5 KB each
OPENED_SHARES = "verify-opened-*.txt"  # digests of files deep checks of shares opened: no share may come again
OPENED = "opened"  # under indexes/: copies of papers on someone's screen, which may be deleted at any time

# Gives (record number, kind, text) of some records. The kind is the key a query names the text by (FIELD_NAMES in
# model/query.py: 附件 attachment, 扫描件 scan_text, 册 volume_title). Whoever changes such a text calls
# `tx.records.touch` in the same transaction, or the index does not see it.
Source = Callable[[Office, Transaction, Sequence[Record]], Iterable[tuple[str, str, str]]]


def _volumes(_office: Office, tx: Transaction, records: Sequence[Record]) -> Iterable[tuple[str, str, str]]:
    """Give code and title of the volume a record is bound in: who looks for a volume finds what is in it."""
    bound = [r for r in records if r.volume_code]
    if not bound:
        return
    titles = tx.items.volume_titles({r.volume_code for r in bound})
    for record in bound:
        yield record.record_no, "volume_code", record.volume_code
        yield record.record_no, "volume_title", titles.get(record.volume_code, "")


def _evidence(office: Office, _tx: Transaction, records: Sequence[Record]) -> Iterable[tuple[str, str, str]]:
    """Give the names of the papers handed in with signatures; those one unit owns are not everybody's."""
    for record in records:
        if office.outlines.get(record.form_code).other_units(record.values):
            continue
        for signed in record.signatures:
            yield record.record_no, "attachment", signed.evidence


def _beside(office: Office, tx: Transaction, records: Sequence[Record]) -> Iterable[tuple[str, str, str]]:
    """Give the names of scans and attachments, and the text read off them.

    Nothing that was read off the paper of a form that keeps fields apart, or of a record that tells each unit its own
    part alone: it shows them to who may not see them.
    """
    with_some = [r for r in records if r.attached]
    for record in with_some:
        for attached in record.attached:
            yield record.record_no, "attachment", attached.name
    outlines = {r.form_code: office.outlines.get(r.form_code) for r in with_some}
    open_ones = [
        r.record_no
        for r in with_some
        if not outlines[r.form_code].apart and not outlines[r.form_code].other_units(r.values)
    ]
    for record_no, text in tx.beside.texts(open_ones):
        yield record_no, "scan_text", text


SOURCES: tuple[Source, ...] = (_volumes, _evidence, _beside)


def documents(office: Office, tx: Transaction, records: Sequence[Record]) -> Iterator[Document]:
    """Give what the index holds of records, in their order; snippets are cut from the same texts."""
    added: dict[str, list[tuple[str, str]]] = {}
    for source in SOURCES:
        for record_no, kind, text in source(office, tx, records):
            added.setdefault(record_no, []).append((kind, text))
    for record in records:
        yield document_of(office.outlines.get(record.form_code), record, added.get(record.record_no, ()))


def document_of(form: FormOutline, record: Record, added: Iterable[tuple[str, str]] = ()) -> Document:
    """Return what the index holds of a record: every searchable text, rows and opinions too, and what was added."""
    texts = [("record_no", record.record_no), ("archive_no", record.archive_no), ("form_title", form.title)]
    values = record.values
    get = values.get
    others = form.other_units(values)
    for field in form.searched:
        if others and field.of_unit:
            continue
        value = get(field.key)
        if value.__class__ is str:  # nearly every value
            texts.append((field.key, value))
        elif value is not None:
            texts += _texts(field, value)
    texts += [("supervisor_opinion", record.opinion), ("reason", record.reason)]
    texts += [("signature", s.by) for s in record.signatures if not others]
    if record.paper_no:
        texts += [("record_no", record.paper_no), ("title", record.title)]  # its title may stand in no field
    texts += added
    return Document(
        record_no=record.record_no,
        seq=record.seq,
        form_code=record.form_code,
        year=record.record_year or record.year,
        state=record.state.value,
        date=record.date,
        customer_unit=record.customer_unit,
        model=str(values.get("product_model", "")),
        title=record.title,
        unit=performing_unit(values),
        secrecy_level=secrecy_rank(str(values.get("secrecy_level", ""))),
        texts=tuple([text for text in texts if text[1]]),
        tags=tags_of(record),
        other_units=others,
        owned=tuple(text for text in _owned(form, record) if text[2]) if others else (),
    )


def _owned(form: FormOutline, record: Record) -> Iterator[tuple[str, str, str]]:
    """Give what a record says that is told to one of its units alone, as (unit, field, text)."""
    main = performing_unit(record.values)
    for field in form.searched:
        value = record.values.get(field.key)
        if not field.of_unit or not value:
            continue
        parts = [(str(row.get(field.of_unit) or ""), [row]) for row in value] if field.columns else [(main, value)]
        for unit, part in parts:
            yield from ((unit, key, text) for key, text in _texts(field, part))
    for signed in record.signatures:  # of the unit whose record it is, as its papers are
        yield from ((main, "signature", signed.by), (main, "attachment", signed.evidence))


def _texts(field: FieldOutline, value: Any) -> Iterable[tuple[str, str]]:
    """Return the texts of a searched field; those of rows under the keys of their columns."""
    if value is None or value == "" or isinstance(value, bool):
        return ()
    if field.kind == "rows":
        found: list[tuple[str, str]] = []
        for row in value:
            for column in field.columns:
                cell = row.get(column.key)
                if cell.__class__ is str:
                    found.append((column.key, cell))
                elif cell is not None:
                    found += _texts(column, cell)
        return found
    if isinstance(value, list):
        return [(field.key, str(choice)) for choice in value]
    return ((field.key, str(value)),)


def follow(office: Office) -> None:
    """Bring the index up to the register after a change; when that fails, the next search tries again."""
    try:
        catch_up(office)
    except (QRecordsError, OSError):
        # The change itself is committed; a search says what is wrong with the index if it still is.
        return


def catch_up(office: Office, *, once: bool = False) -> int:
    """Bring the index up to the register, `once` by one batch; returns how many records it took in."""
    try:
        return _catch_up(office, once=once)
    except MustRebuild:
        # Another's rebuild may be taken instead, which was begun before the changes this one was asked to know of.
        return _rebuild(office) + _catch_up(office, once=once)


def catch_up_in_time(office: Office) -> tuple[int, int]:
    """Bring the index up to the register, or by the settings as far as a search can wait.

    Returns the register's last change, and how many the index does not hold.
    """
    with office.register.read() as tx:
        last = tx.records.last_change()
    held = office.index.last_seq()
    if held == last:
        return last, 0
    if office.settings.index.behind == "wait" or held is None or held > last:
        catch_up(office)
        return last, 0
    catch_up(office, once=True)
    return last, max(0, last - (office.index.last_seq() or 0))


def _catch_up(office: Office, *, once: bool = False) -> int:
    with office.register.read() as tx:
        last = tx.records.last_change()
    held = office.index.last_seq()
    if held == last:
        return 0
    # Others bring the index up too: it may be ahead of a page's view, and is only too new for a register read after it.
    office.register.look_anew()
    with office.register.read() as tx:
        last = tx.records.last_change()
    if held is not None and held > last:
        raise MustRebuild("它比登记库新，登记库可能是从备份恢复的")
    with office.index.writer() as writer:
        return _bring_up(office, writer, once=once)


def _bring_up(office: Office, writer: Taking, *, once: bool = False) -> int:
    taken = 0
    while True:
        with office.register.read() as tx:
            records = tx.records.changed_since(writer.last_seq, BATCH)
            made = [*documents(office, tx, records)]
        if not records:
            return taken
        writer.apply(made, last_seq=records[-1].seq)
        taken += len(records)
        if once:
            return taken


@contextmanager
def ahead(office: Office, foreseen: Sequence[Record]) -> Iterator[None]:
    """Let the block commit a change of many records while the index has it in hand: searches wait for its commit alone.

    `foreseen` are the records as the block leaves them, still with the change they had before. What the index is to
    hold of them is made before anyone waits, written down where no search sees it, and taken in once they are committed
    just so. Where anything came otherwise, or the index cannot be written, it is left to `follow`.
    """
    with ExitStack() as held:
        take_in = _in_hand(office, foreseen, held) if 0 < len(foreseen) <= MOST_AHEAD else None
        yield
        if take_in:
            with suppress(QRecordsError, OSError):
                take_in()


def _in_hand(office: Office, foreseen: Sequence[Record], held: ExitStack) -> Callable[[], None] | None:
    """Write down what is foreseen; return what takes it in, None when it cannot be."""
    seen = {record.record_no: record.seq for record in foreseen}
    try:
        made: list[Made] = []
        for start in range(0, len(foreseen), BATCH):
            with office.register.read() as tx:
                made += office.index.made(documents(office, tx, foreseen[start : start + BATCH]))
        writer = held.enter_context(office.index.writer())
        _bring_up(office, writer)
        before = writer.last_seq
        finish = held.enter_context(writer.taking(made))
        with office.register.read() as tx:
            as_seen = tx.records.changes_of([*seen]) == seen
    except (QRecordsError, OSError):
        held.close()
        return None

    if not as_seen:
        held.close()
        return None

    def take_in() -> None:
        with office.register.read() as tx:
            changed, last = tx.records.changed_numbers(before), tx.records.last_change()
        # As many changes as records, one each: nothing else came in between, and none of them was changed twice.
        if changed == seen.keys() and last - before == len(seen):
            finish(last)

    return take_in


def rebuild(office: Office, progress: Callable[[int, int], None] | None = None, *, engine: str = "") -> int:
    """Make the index anew beside the old one and put it in its place at once; returns how many records it holds.

    With another `engine`, qrecords.toml names it from the moment the new index is whole. InvalidInput for one there is
    not, MissingProgram for one that is not installed.
    """
    office.authorise(Action.ADMINISTER, "index")
    if engine in {"", office.settings.index.engine}:
        return _rebuild(office, progress)
    load_engine(engine)
    path = office.settings.root / FILE_NAME

    def changed() -> bytes:
        return with_engine(path.read_bytes().decode("utf-8-sig"), engine).encode()

    def switch() -> None:
        write_file(path, changed())

    changed()  # say now that it cannot be written, not after the work

    before = office.settings.index.engine
    office.workspace.use_engine(engine)
    try:
        total = _rebuild(office, progress, switch)
    except BaseException:
        office.workspace.use_engine(before)
        raise
    if load(office.settings.root).index.engine != engine:  # another process made the same index just now
        switch()
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.ADMINISTER, "index", engine=engine, before=before)])
    return total


def purge(office: Office) -> None:
    """Leave nothing of destroyed records in the files of the index, nor in copies opened on a screen.

    For a step already authorised, after its commit; StorageFailure names what would not go.
    """
    with office.register.read() as tx:
        total = sum(tx.records.counts().values())
        last = tx.records.last_change()
    remove_tree(office.indexes_dir / OPENED)
    for remembered in office.indexes_dir.glob(OPENED_SHARES):
        remove_file(remembered)
    office.index.purge(_all_documents(office, total, None), last_seq=last)


def take_copy(office: Office, folder: Path) -> int:
    """Take the index of another machine's workspace, and bring it up to the register; returns how many that took in.

    MustRebuild when it is no index of this office, or of another engine or release; NotFound for what is no workspace.
    """
    office.authorise(Action.ADMINISTER, "index")
    office.index.take_copy(load(find_root(folder)).indexes_dir)
    return catch_up(office)


def _rebuild(
    office: Office, progress: Callable[[int, int], None] | None = None, before_switch: Callable[[], None] | None = None
) -> int:
    with office.register.read() as tx:
        total = sum(tx.records.counts().values())
        last = tx.records.last_change()
    office.index.rebuild(_all_documents(office, total, progress), last_seq=last, before_switch=before_switch)
    return total


def _all_documents(office: Office, total: int, progress: Callable[[int, int], None] | None) -> Iterator[Document]:
    seq, done = 0, 0
    while True:
        with office.register.read() as tx:
            records = tx.records.changed_since(seq, BATCH)
            made = [*documents(office, tx, records)]
        if not records:
            return
        yield from made
        seq, done = records[-1].seq, done + len(records)
        if progress:
            progress(min(done, total), total)
