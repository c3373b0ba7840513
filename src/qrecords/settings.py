"""qrecords.toml of one workspace, read into frozen settings; a wrong key or type is an error, never a guess."""

from __future__ import annotations

import dataclasses
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, NotFound, NotPermitted, Problem
from qrecords.strict import RUN, require_here

T = TypeVar("T")
ARCHIVE = "archive"  # below the workspace: the truth, and what must be backed up
FILE_NAME = "qrecords.toml"
MOST_PROCESSES = 32
ROOT_VARIABLE = "QRECORDS_ROOT"
WORKERS = "workers"  # [desk] long_work: the desk starts no process of its own for it
_HOUR = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")


def _checked(default: T, told: Callable[[T], str]) -> Any:
    """Return a setting that has a check of its own, which tells what is wrong with a value, or ""."""
    return field(default=default, metadata={"told": told})


def _one_of(*words: str) -> Any:
    """Return one of some words, the first unless another is written."""
    return _checked(words[0], lambda value: "" if value in words else f"只能是 {' 或 '.join(words)}")


def spans_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the hours of a working day: 08:00-12:00 14:00-18:00; ValueError when they are not written so."""
    spans = tuple((start, end) for span in text.split() for start, _, end in [span.partition("-")])
    if not spans or not all(_HOUR.match(hour) for span in spans for hour in span) or any(a >= b for a, b in spans):
        raise ValueError(text)
    return spans


def _no_hours(value: str) -> str:
    try:
        spans_of(value)
    except ValueError:
        return f"读不出工作时间：{value!r}；请写如 08:00-12:00 14:00-18:00"
    return ""


def _no_server(value: str) -> str:
    if not value:
        return ""
    if not re.match(r"postgresql\+psycopg://", value):
        return "读不出：请写如 postgresql+psycopg://账号@服务器:5432/数据库；空 = 本工作区的文件"
    if re.search(r"://[^/@]*:[^/@]*@|[?&]password=", value):
        return "里不要写密码（设置文件会被复制、备份）：请放进 PGPASSFILE 指的文件，默认 ~/.pgpass"
    return ""


def _too_many(value: int) -> str:
    return f"最多{MOST_PROCESSES}个" if value > MOST_PROCESSES else ""


def _too_often(value: int) -> str:
    return "是秒数，0 = 不自动取" if value < 0 else ""


def wrong_store(value: str) -> str:
    """Tell what is wrong with the address of a store of objects, "" when nothing is."""
    if not value:
        return ""
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?", value):
        return "读不出：请写如 s3://桶/前缀；空 = 本工作区的文件夹。账号不写在这里，见 docs/many-machines.md"
    return ""


def _no_endpoint(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^/@?#\s]+", value):
        return "读不出：请写如 https://服务器:端口；账号和密码不写在这里，见 docs/many-machines.md"
    return ""


def is_open(server: str) -> bool:
    """Tell whether what is sent to a server can be read on the way: no TLS, and not this machine."""
    parts = urlsplit(server)
    return parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}


def _no_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"不是时区名：{value!r}；请写如 Asia/Shanghai、Asia/Urumqi"
    return ""


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Who keeps the records, and where the day is reckoned; the codes are those of the archive number (DA/T 13)."""

    org_name: str = "示例公司（请在 qrecords.toml 中改为本单位名称）"
    unit: str = "客户服务中心"
    fonds_no: str = "750"
    class_code: str = "KJ·KF"
    timezone: str = _checked("Asia/Shanghai", _no_zone)
    longest_pause_days: int = 1100


@dataclass(frozen=True, slots=True)
class FormsSettings:
    """Where the controlled forms lie, relative to the workspace."""

    folder: str = "forms/QR758"


@dataclass(frozen=True, slots=True)
class RegisterSettings:
    """Where the register is: "" = a file of the workspace, else a server's URL without a password; and which one it is.

    `id` is the register's own name for itself: another office's database is not taken for this one's; "" = any.
    """

    url: str = _checked("", _no_server)
    id: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """Where objects and papers are: "" = a folder of the workspace, else an S3 store, its server ("" = AWS's own).

    `plain_http` allows a server without TLS that is another machine.
    """

    url: str = _checked("", wrong_store)
    endpoint: str = _checked("", _no_endpoint)
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Which full-text engine this workspace uses; whether a search waits for an index that is behind, or tells it."""

    engine: str = "tantivy"
    behind: str = _one_of("wait", "tell")


@dataclass(frozen=True, slots=True)
class PdfSettings:
    """How documents become PDF: the LibreOffice program ("" = look for it), workers (0 = by cores), seconds a file."""

    soffice: str = ""
    workers: int = 0
    seconds_per_file: int = 30


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """How volumes are arranged and bound (GB/T 11822): limits in pages, millimetres and micrometres a sheet."""

    arrangement: str = _one_of("form", "task")
    user_information: bool = True
    max_pages: int = 200
    max_thickness: int = 20
    sheet_thickness: int = 100
    double_sided: bool = False
    numbers: str = _one_of("bottom", "top")
    turn_wide: bool = True
    form_after_scan: bool = False
    numbered: str = _one_of("written", "all")
    stamp: bool = True


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """From which year the years are counted: that of the record, or that of its filing when it is later (stricter)."""

    count: str = _one_of("record-year", "filing-year")


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """How strictly duties are kept apart (single-desk or strict), and what passwords must be; units in the names."""

    separation: str = _one_of("single-desk", "strict")
    password_min_length: int = 10
    password_classes: int = 3
    password_max_days: int = 180
    failures_before_lock: int = 5
    lock_minutes: int = 1
    session_hours: int = 12
    person_per_address: bool = False


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How often a minute one account may ask the desk for what costs much (a login: one name); 0 = no limit.

    `backup_folder`, `restore_folder`, `scan_folder`: where the desk backs up to, below which a backup is laid out as a
    new workspace, and where the scanner puts its files; `export_folder`: below which packages are put; "" = nowhere.
    `scan_every`: after how many seconds desk and workers look into `scan_folder` by themselves, 0 = never, and as whom.
    `offices`: the workspaces of the group's other offices, which are searched together with this one, parted by `;`.
    `processes`: how many answer at once; 0 = as there are processors, four at most. One outside Linux.
    `long_work`: who does it, a process of the desk's or workers alone.
    """

    logins_per_minute: int = 10
    previews_per_minute: int = 120
    uploads_per_minute: int = 20
    searches_per_minute: int = 300
    backup_folder: str = ""
    restore_folder: str = ""
    export_folder: str = ""
    scan_folder: str = ""
    scan_every: int = _checked(0, _too_often)
    scan_account: str = ""
    offices: str = ""
    processes: int = _checked(0, _too_many)
    long_work: str = _one_of("desk", WORKERS)


@dataclass(frozen=True, slots=True)
class CopiesSettings:
    """How controlled copies are locked: whether one opens only with a password, which is told once, at its issue."""

    open_password: bool = False


@dataclass(frozen=True, slots=True)
class FeedbackSettings:
    """The quality department's own code on the 用户信息反馈/处理表; never one of the controlled forms' (clause 7)."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class ReportsSettings:
    """How reports count and round (domain F): after how many days a repair has held, hours of a working day."""

    rounding: str = _one_of("half-up", "half-even")
    year_basis: str = _one_of("valid", "filed")
    refix_days: int = 30
    workday: str = _checked("08:00-12:00 14:00-18:00", _no_hours)


@dataclass(frozen=True, slots=True)
class SparesSettings:
    """How spare parts are proposed (domain K): whether use grows with the units in service."""

    grow: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one workspace."""

    root: Path
    office: OfficeSettings = field(default_factory=OfficeSettings)
    forms: FormsSettings = field(default_factory=FormsSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    pdf: PdfSettings = field(default_factory=PdfSettings)
    volumes: VolumeSettings = field(default_factory=VolumeSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    desk: DeskSettings = field(default_factory=DeskSettings)
    copies: CopiesSettings = field(default_factory=CopiesSettings)
    feedback: FeedbackSettings = field(default_factory=FeedbackSettings)
    reports: ReportsSettings = field(default_factory=ReportsSettings)
    spares: SparesSettings = field(default_factory=SparesSettings)
    register: RegisterSettings = field(default_factory=RegisterSettings)
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)

    def moment(self, clock: Callable[[], datetime]) -> datetime:
        """Return what a clock shows, to the second, in the office's own time zone."""
        return clock().astimezone(self.zone).replace(microsecond=0)

    @property
    def zone(self) -> ZoneInfo:
        """Return the office's own time zone."""
        return ZoneInfo(self.office.timezone)

    @property
    def forms_dir(self) -> Path:
        """Return the folder of the controlled forms."""
        return self.root / self.forms.folder

    @property
    def archive_dir(self) -> Path:
        """Return the folder of register and objects: what must be backed up."""
        return self.root / ARCHIVE

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return the workspace's folder and those it may have elsewhere."""
        return (self.root, self.archive_dir, self.forms_dir, self.indexes_dir)

    @property
    def indexes_dir(self) -> Path:
        """Return the folder of what can be made again."""
        return self.root / "indexes"


TYPE_NAMES = {str: "加引号的文字", int: "整数", bool: "true 或 false"}
SECTIONS = {f.name: f for f in dataclasses.fields(Settings) if f.name != "root"}


def find_root(start: Path | None = None) -> Path:
    """Return the workspace around `start` (default: QRECORDS_ROOT, else the current folder); NotFound if none."""
    if RUN.strict is not None:
        require_here(start or RUN.strict.root)
        return RUN.strict.root
    named = os.environ.get(ROOT_VARIABLE)
    here = (start or (Path(named) if named else Path.cwd())).absolute()
    for folder in [here] if start or named else [here, *here.parents]:
        if (folder / FILE_NAME).is_file():
            if not (start or named or is_own(folder)):
                raise NotPermitted(
                    f"{folder} 是别人的工作区，没有打开：里面的设置和表式由别人写",
                    remedy=advise(
                        "确实要用它，请写明 {}，或设 {}={}", Do.OPEN(Input.ROOT(folder)), ROOT_VARIABLE, folder
                    ),
                )
            return folder
    raise NotFound(
        f"{here} 不是工作区（没有 {FILE_NAME}）",
        remedy=advise("先用 {} 建立工作区，或用 {} 指明已有工作区", Do.INIT, Input.ROOT),
    )


def is_own(folder: Path) -> bool:
    """Tell whether a workspace's settings are written by who runs this, or by the system's administrator, alone."""
    if os.name != "posix":
        return True
    found = [folder.stat(), (folder / FILE_NAME).lstat()]
    return all(f.st_uid in {0, os.geteuid()} and not f.st_mode & stat.S_IWOTH for f in found)


def load(root: Path) -> Settings:
    """Read the settings of a workspace; InvalidInput names every wrong key at once."""
    path = root / FILE_NAME
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy="请按 TOML 格式修改，以 UTF-8 保存") from None
    problems: list[Problem] = []
    sections: dict[str, Any] = {}
    for name, table in data.items():
        if name not in SECTIONS or not isinstance(table, Mapping):
            told = f"没有 [{name}] 这一节，{_near(name, SECTIONS)}可用：{'、'.join(SECTIONS)}"
            problems.append(Problem(told, name, source=FILE_NAME))
            continue
        sections[name] = _section(name, table, problems)
    if not problems:
        known = Settings(root=root, **sections)
        problems += [*_codes_apart(known), *_readable_on_the_way(known)]
    if problems:
        raise InvalidInput(f"{path} 有误", remedy="请按提示修改", problems=problems)
    if sections.get("pdf") and sections["pdf"].soffice and not is_own(root):
        raise NotPermitted(
            f"{path} 是别人写的，里面 [pdf] soffice 指定的程序不能以您的身份运行",
            remedy='请工作区的主人把 soffice 改为 ""（自动寻找），或由他本人运行',
        )
    return Settings(root=root, **sections)


def _codes_apart(settings: Settings) -> Iterator[Problem]:
    """Tell a code of the quality department's that looks like one of the controlled forms'."""
    series = settings.forms_dir.name
    if settings.feedback.code.strip().upper().startswith(series):
        told = f"feedback.code 不能用 {series} 开头的编号，那是受控表式的（第7章）"
        yield Problem(told, "feedback.code", source=FILE_NAME)


def _readable_on_the_way(settings: Settings) -> Iterator[Problem]:
    """Tell a store that would be asked without TLS over a network."""
    if is_open(settings.archive.endpoint) and not settings.archive.plain_http:
        told = "archive.endpoint 没有加密（http）：请用 https；内网确实不加密的，再写 plain_http = true"
        yield Problem(told, "archive.endpoint", source=FILE_NAME)


def _section(name: str, table: Mapping[str, Any], problems: list[Problem]) -> Any:
    kind: Any = SECTIONS[name].default_factory
    known = {f.name: f for f in dataclasses.fields(kind)}
    good: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{name}.{key}"
        if key not in known:
            told = f"没有 {where} 这一项，{_near(key, known)}可用：{'、'.join(known)}"
            problems.append(Problem(told, where, source=FILE_NAME))
        elif told := _told(known[key], value):
            problems.append(Problem(f"{where} {told}", where, source=FILE_NAME))
        else:
            good[key] = value
    return kind(**good)


def _told(setting: dataclasses.Field[Any], value: object) -> str:
    """Tell what is wrong with a value, "" when nothing is."""
    if type(value) is not type(setting.default):
        return f"的类型不对，应为 {TYPE_NAMES[type(setting.default)]}"
    if isinstance(value, int) and value < 0:
        return "不能是负数"
    told: str = setting.metadata["told"](value) if "told" in setting.metadata else ""
    return told


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word.casefold(), [*known], n=1)
    return f"是不是 {near[0]}？" if near else ""
