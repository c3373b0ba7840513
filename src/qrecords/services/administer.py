"""Set up a workspace, open it, and tell how it stands."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from qrecords import __version__
from qrecords.acting import account_in_use, peer_uid
from qrecords.desk.places import lay_out
from qrecords.desk.workspace import Workspace
from qrecords.errors import InvalidInput, UsageError, WrongState
from qrecords.model.access import Account, person_of
from qrecords.model.record import OPEN_STATES, Action
from qrecords.model.values import name_char, unprintable
from qrecords.office import Clock, Office, system_now
from qrecords.ports import Register
from qrecords.services import reading
from qrecords.services.care.recover import recover
from qrecords.settings import FILE_NAME, OfficeSettings, load
from qrecords.stores.accessfile import FILE_NAME as ACCESS_FILE
from qrecords.stores.accessfile import template as access_template
from qrecords.stores.durable import copy_file, fsync_tree, make_private, remove_tree, replace_dir, write_file
from qrecords.stores.fulltext import ENGINES
from qrecords.stores.packagedforms import packaged_forms
from qrecords.stores.register import Transaction
from qrecords.stores.settingsfile import new_settings
from qrecords.strict import require_none


def init(
    root: Path, *, engine: str = "", org_name: str = "", account_name: str = "", clock: Clock = system_now
) -> Office:
    """Make a folder a workspace: settings, forms, register, archive, the first account. What is there stays.

    `account_name`: the person's name; without one, papers leave it blank to be signed by hand until it is given.
    """
    require_none("新建工作区")
    chosen = engine or ("tantivy" if find_spec("tantivy") else "whoosh")
    if chosen not in ENGINES:
        raise UsageError(f"没有检索引擎「{chosen}」", remedy=f"可用：{'、'.join(ENGINES)}")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} 不是文件夹", remedy="请换一个位置")
    name = org_name or OfficeSettings().org_name
    _require_printable(name)
    make_private(root)
    if not (root / FILE_NAME).exists():
        write_file(root / FILE_NAME, new_settings(chosen, name).encode())
    if not (root / ACCESS_FILE).exists():
        write_file(root / ACCESS_FILE, access_template())
    settings = load(root)
    if not settings.forms_dir.exists():
        _lay_out(packaged_forms(), settings.forms_dir.parent)
    with closing(lay_out(settings)) as register:
        name = person_of(account_name, login_name()) if account_name else ""
        first_account(register, name, settings.moment(clock))
    return open_office(root, clock=clock)


def open_office(root: Path, account_name: str | None = None, clock: Clock = system_now) -> Office:
    """Open a workspace, and finish or undo what a crash left half-way."""
    office = Office.open(root, account_name, clock)
    try:
        recover(office)
    except BaseException:
        office.close()
        raise
    return office


def open_signed_in(root: Path, name: str, clock: Clock = system_now) -> Office:
    """Open another workspace for an account that is signed in at the one in use; its rights are those it has there."""
    workspace = Workspace.open(root, clock)
    try:
        office = Office(workspace, account_in_use(workspace.register, name, workspace.clock()), "desk")
        recover(office)
    except BaseException:
        workspace.close()
        raise
    return office


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Which engine holds the index, and how far it has come; the numbers are for who administers."""

    engine: str
    last_seq: int | None
    register_seq: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Status:
    """How the office stands; of records, items and volumes what the account may read."""

    version: str
    root: str
    org_name: str
    account: str
    separation: str
    engine: str
    records: Mapping[str, int]
    next: Mapping[str, int]
    items: int
    volumes: int
    events: int | None
    under_way: int
    index: IndexStatus


def status(office: Office) -> Status:
    """Return how the office stands: records by state, items, volumes, the index, steps under way."""
    from qrecords.services.obstacles import waiting_steps  # brings in the fonts, which making a workspace does without

    with office.register.read() as tx:
        states, items, volumes = _counted(office, tx)
        open_records = office.only_readable(tx.records.find(states=OPEN_STATES))
        last, events = tx.records.last_change(), tx.audit.head()[0]
        under_way = len(tx.intents.open())
    return Status(
        version=__version__,
        root=str(office.settings.root),
        org_name=office.settings.office.org_name,
        account=office.account.name,
        separation=office.settings.access.separation,
        engine=office.settings.index.engine,
        records=dict(states),
        next=dict(waiting_steps(office, open_records)),
        items=items,
        volumes=volumes,
        # The log grows with what others do: whoever may not read it is not told by how much.
        events=events if office.allows(Action.AUDIT_READ) else None,
        under_way=under_way,
        index=index_status(office, last),
    )


def _counted(office: Office, tx: Transaction) -> tuple[Counter[str], int, int]:
    """Return the records by state, and how many items and volumes there are, as far as the account may read them."""
    if office.readable() is None:
        states = Counter[str]()
        for (_, state), number in tx.records.counts().items():
            states[state.value] += number
        return states, *tx.items.counts()
    items = [i.archive_no for i in tx.items.all() if i.version > 0]
    from qrecords.services.volumes.shelf import readable_volumes  # it loads document libraries

    states = Counter(r.state.value for r in office.only_readable(tx.records.find()))
    volumes = readable_volumes(office, tx, tx.items.volumes())
    return states, len(reading.whole(office, tx, items)), len(volumes)


def index_status(office: Office, last_change: int | None = None) -> IndexStatus:
    """Return which engine holds the index and how far behind the register it is."""
    if last_change is None:
        with office.register.read() as tx:
            last_change = tx.records.last_change()
    held = office.index.last_seq()
    return IndexStatus(
        engine=office.settings.index.engine,
        last_seq=held if office.allows(Action.ADMINISTER) else None,
        register_seq=last_change if office.allows(Action.ADMINISTER) else None,
        state="missing" if held is None else "current" if held == last_change else "behind",
    )


def first_account(register: Register[Transaction], name: str, now: datetime) -> None:
    """Give a new register the account of whoever makes it; WrongState when it belongs to others."""
    uid = peer_uid()
    with register.write() as tx:
        if tx.accounts.any():
            if tx.accounts.by_uid(uid) is None:
                raise WrongState(
                    f"这个工作区已有账号，系统用户 {uid} 不在其中",
                    remedy="请由原来的账号操作，或换一个文件夹建立工作区",
                )
            return
        login = login_name()
        name = person_of(name, login) if name and name != login else ""
        tx.accounts.add(Account(login, name or login, uid), now.isoformat())
        tx.seals.touched()  # the first event of the log seals it


def login_name() -> str:
    """Return the system's name for the user, looked up by uid: an environment variable proves nothing."""
    if os.name != "posix":
        return Path.home().name
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _lay_out(source: Traversable, target: Path) -> None:
    """Copy every folder that is missing, each whole or not at all: a half one would be taken for the office's own."""
    with resources.as_file(source) as packaged:
        for folder in sorted(p for p in packaged.iterdir() if p.is_dir() and not (target / p.name).exists()):
            aside = target / f".{folder.name}.incoming"
            remove_tree(aside)
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                copy_file(path, aside / path.relative_to(folder))
            fsync_tree(aside)
            replace_dir(aside, target / folder.name)


def _require_printable(name: str) -> None:
    """Refuse an office's name no paper can show."""
    if bad := unprintable(name) or [c for c in name if c in "\n\t"]:
        told = "、".join(map(name_char, bad[:5]))
        raise InvalidInput(f"单位名称含有印不出的字符：{told}", remedy="请只写单位名称")
