"""A sample office: a year of records on all eleven forms, filed, searched and compiled.

Every record is a variation of its form's sample; nothing in it is a real person, customer or product.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from qrecords.errors import WrongState
from qrecords.model.form import Form
from qrecords.model.numbering import form_number, record_no
from qrecords.model.record import Action, Record, State, missing_before
from qrecords.model.rules import holds
from qrecords.office import Office
from qrecords.services import file as filing
from qrecords.services import steps
from qrecords.services.administer import init, open_office
from qrecords.services.demopacks import pack_records
from qrecords.services.demoyear import Happened, Values, happened
from qrecords.services.finding.search import Criteria, Found, search
from qrecords.services.intake.fill import fill
from qrecords.services.packs import PackState, packs, switch
from qrecords.services.reports.draw import draw
from qrecords.services.reports.kept import document_file
from qrecords.services.volumes.compile import CompiledVolume, compile_year
from qrecords.stores.durable import make_dirs, write_file
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.given import on_disk

# How many records of each form the year has, by its two digits.
COUNTS = {"04": 6, "01": 6, "02": 36, "03": 12, "05": 3, "06": 12, "07": 5, "08": 2, "09": 12, "10": 12, "11": 4}
NOTICE = "04"
LEFT_OPEN = ("02", "06")  # forms this year's open work is on
CUSTOMERS = ("示例单位一", "示例单位二", "示例单位三", "示例单位四")
SYMPTOMS = (
    "开机后功放过热报警，风扇不转。",
    "话音断续，接收电平偏低。",
    "显示屏无显示，指示灯正常。",
    "加电后自检不通过，提示频合失锁。",
    "天线调谐失败，驻波比偏高。",
    "遥控盒按键失灵，重新上电后恢复。",
)
SEARCHED = "功放过热"
BRANCH = "海军"  # whose brief is drawn
SIGNERS = {
    "customer-signature": "示例用户",
    "customer-seal": "示例用户单位",
    "engineer": "示例工程师",
    "unit-leader": "示例单位领导",
    "company-leader": "示例公司领导",
    "giver": "示例交方",
    "user-representative": "示例用户代表",
    "maker": "示例承制单位",
    "unpack-user": "示例用户代表",
}
_DAY = re.compile(r"^(\d{4}-\d{2}-\d{2})( \d{2}:\d{2}(?::\d{2})?)?$")


@dataclass(frozen=True, slots=True)
class Demo:
    """What was made, and what is worth a look."""

    root: Path
    year: int
    records: int
    volumes: Sequence[CompiledVolume]
    copies: list[Path]  # of the volumes, where they are easy to open
    searched: str
    hits: int
    example: str  # a record still open
    missing: int  # what it lacks before it is submitted
    reports: list[Path]  # of the years, where they are easy to open
    packs: list[str]  # titles of the optional parts that are on


def make_demo(
    root: Path, *, years: bool = False, with_packs: bool = False, progress: Callable[[int, int], None] | None = None
) -> Demo:
    """Make a sample office in a new folder; WrongState when there is something.

    `years` adds two years to report on, `with_packs` turns every optional part on and shows each at work.
    """
    if root.exists() and any(root.iterdir()):
        raise WrongState(f"{root} 里已有内容", remedy="请换一个文件夹，或先删掉它再建示例")
    with closing(init(root, org_name="示例通信设备公司", account_name="示例档案员")) as office:
        turned_on = [switch(office, pack.name, on=True) for pack in packs(office)] if with_packs else []
    with closing(open_office(root)) as office:
        return _year_of_work(office, progress, turned_on, years=years)


def _year_of_work(
    office: Office, progress: Callable[[int, int], None] | None, turned_on: Sequence[PackState], *, years: bool
) -> Demo:
    year = office.clock().year - 1
    folders = sorted(office.forms.of_main(), key=lambda f: f.form.number != NOTICE)
    notices: list[str] = []
    reviewed: list[str] = []
    for done, folder in enumerate(folders, start=1):
        numbers = _fill_year(office, folder, year, notices)
        if folder.form.number == NOTICE:
            notices = numbers
            steps.issue(office, numbers)
        elif folder.form.is_register:
            _file_year(office, folder, numbers)
        else:
            _take_on(office, folder, numbers)
            reviewed += numbers
        if progress:
            progress(done, len(folders) + 1)
    filing.file_records(office, reviewed)  # in one start of LibreOffice
    _file_year(office, folders[0], notices)  # last: a notice is filed when all it owes is there
    _leave_open(office, folders, notices)
    if turned_on:
        add_packs(office, year, notice=notices[0], repair=record_no(f"{office.forms.get('06A').form.code}", year, 1))
    compiled = compile_year(office, year)
    reports = []
    if years:
        add_years(office, [year - 1, year])
        reports = _reported(office, year)
    found = search(office, SEARCHED, Criteria())
    if progress:
        progress(len(folders) + 1, len(folders) + 1)
    return _made(office, year, compiled.volumes, found, reports, turned_on)


def _fill_year(office: Office, folder: FormFolder, year: int, notices: Sequence[str]) -> list[str]:
    count = COUNTS[folder.form.number]
    days = [date(year, 1, 8) + timedelta(days=n * 310 // count) for n in range(count)]
    inputs = [_variation(folder, n, day, notices) for n, day in enumerate(days)]
    return _filled(office, folder, f"{folder.form.code}-{year}", inputs)


def _filled(office: Office, folder: FormFolder, name: str, inputs: list[dict[str, Any]]) -> list[str]:
    path = office.settings.root / "inputs" / f"{name}.json"
    make_dirs(path.parent)
    write_file(path, json.dumps(inputs, ensure_ascii=False, indent=2).encode())
    return [r.record_no for r in fill(office, folder.form.code, [on_disk(path)], same_again=True).records]


def _variation(folder: FormFolder, number: int, day: date, notices: Sequence[str]) -> dict[str, Any]:
    """Return the form's sample moved to a day, with another customer, serial number and fault."""
    form = folder.form
    sample = form.check(folder.sample()).values
    shift = day - date.fromisoformat(sample[form.date_field][:10])
    moved: dict[str, Any] = _moved(sample, shift, number)
    other = {
        "customer_unit": CUSTOMERS[number % len(CUSTOMERS)],
        "fault_symptom": SYMPTOMS[number % len(SYMPTOMS)],
        "user_need": f"来电反映：{SYMPTOMS[number % len(SYMPTOMS)]}请求技术支持。",
        "notice_no": notices[number % len(notices)] if notices else "",
    }
    if form.number == NOTICE:
        other |= _assigned(form, sample, number, day.year)
    return moved | {key: value for key, value in other.items() if key in sample}


def _assigned(notice: Form, sample: Mapping[str, Any], number: int, year: int) -> dict[str, Any]:
    """Return what a notice assigns: just what this year's reports do under it, so that it owes none (table 1)."""
    notices, series = COUNTS[NOTICE], notice.code.rpartition("-")[0]
    reports: list[dict[str, Any]] = [
        {"form_code": f"{series}-{form}A", "record_no": record_no(f"{series}-{form}A", year, n + 1), "copies": 1}
        for form in ("05", "06", "07", "08")
        for n in range(number, COUNTS.get(form, 0), notices)
    ]
    done = Counter(form_number(r["form_code"]) for r in reports)
    repaired, opened = sample["products"][:2]
    products = [repaired | {"serial_no": "", "quantity": done["06"], "task": "现场维修"}]
    if done["07"]:
        single = {"product_name": "卫星通信站（示例）", "product_model": "SL-330", "quantity": done["07"]}
        products.append(single | {"task": "开通"})
    if done["08"]:
        products.append(opened | {"serial_no": "", "quantity": 3 * done["08"], "task": "开通"})
    categories = ["现场维修", *["开通"] * (done["07"] + done["08"] > 0), *["技术培训"] * (done["05"] > 0)]
    return {"service_category": categories, "products": products, "reports": reports}


def _moved(value: Any, shift: timedelta, number: int) -> Any:
    if isinstance(value, list):
        return [_moved(v, shift, number) for v in value]
    if isinstance(value, dict):
        return {k: _serial(v, number) if k == "serial_no" else _moved(v, shift, number) for k, v in value.items()}
    if isinstance(value, str) and (found := _DAY.match(value)):
        return (date.fromisoformat(found[1]) + shift).isoformat() + (found[2] or "")
    return value


def _serial(value: str, number: int) -> str:
    return f"{value}-{number + 1:02d}"


def _file_year(office: Office, folder: FormFolder, numbers: Sequence[str]) -> None:
    form = folder.form
    records = _take_on(office, folder, numbers)
    if form.is_register:
        filing.file_months(office, form.code, sorted({r.month for r in records}))
    else:
        filing.file_records(office, numbers)


def _kinds(folder: FormFolder, record: Record) -> Iterator[str]:
    """Give one kind of signature for each the form asks for before filing."""
    for need in folder.form.steps["file"].signatures:
        if holds(need.when, record.values):
            yield need.any_of[0]


def _last_day(records: Sequence[Record]) -> str:
    """Return the latest day the records mention: nobody signs before that."""
    days = [found[1] for r in records for text in _texts(r.values) if (found := _DAY.match(text))]
    return max(days)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _leave_open(office: Office, folders: Sequence[FormFolder], notices: Sequence[str]) -> None:
    """Leave some of this year's work open, so that `list` has something to say."""
    today = office.clock().date()
    for folder in folders:
        form = folder.form
        if form.number not in LEFT_OPEN:
            continue
        whole = _variation(folder, 3, today - timedelta(days=3), notices)
        first = {k: v for k, v in whole.items() if form.by_key[k].stage == form.stages[0].key}
        first = {k: v for k, v in first.items() if not k.startswith("training_")}  # last year's hours add up with these
        numbers = _filled(office, folder, f"{form.code}-{today.year}", [first, first])
        steps.void(office, numbers[1:], reason="示例：重复填写")


def add_packs(office: Office, year: int, *, notice: str, repair: str) -> list[str]:
    """Enter what the optional parts have: of `year` filed, of these days under way; return the numbers."""
    whole: dict[str, list[Values]] = defaultdict(list)
    under_way: dict[str, list[Values]] = defaultdict(list)
    for one in pack_records(year, office.clock().date(), notice=notice, repair=repair):
        folder = office.forms.get(one.form_code)
        sample = folder.form.check(folder.sample()).values
        shift = one.day - date.fromisoformat(sample[folder.form.date_field][:10])
        values = {
            k: v for k, v in ({k: _moved(v, shift, 0) for k, v in sample.items()} | one.changes).items() if v != ""
        }
        if one.stages is None:
            whole[one.form_code].append(values)
        else:
            under_way[one.form_code].append(_first_stages(folder.form, values, one.stages))
    numbers: list[str] = []
    for code, inputs in whole.items():
        numbers += (filled := _filled(office, office.forms.get(code), f"{code}-{year}", inputs))
        _file_year(office, office.forms.get(code), filled)
    for code, inputs in under_way.items():
        numbers += _filled(office, office.forms.get(code), f"{code}-open", inputs)
    return numbers


def add_years(office: Office, years: Sequence[int]) -> list[str]:
    """Enter the records of years one after the other, all kinds of service and every grade; return their numbers.

    They are handed in, signed and reviewed, but not filed; the last year ends with work not yet signed and a
    complaint not yet settled. The same years are the same records.
    """
    folders = {folder.form.number: folder for folder in office.forms.of_main()}
    samples = {number: folder.sample() for number, folder in folders.items()}
    keys = {number: folder.form.by_key for number, folder in folders.items()}
    numbers: list[str] = []
    for year in years:
        numbers += _enter(office, folders, year, happened(samples, keys, year, last=year == years[-1]))
    return numbers


def _enter(office: Office, folders: Mapping[str, FormFolder], year: int, brought: Happened) -> list[str]:
    """Fill in a year's records, those others refer to first, and take them on as far as they have come."""

    def entered(form: str, inputs: Sequence[Values], what: str = "") -> list[str]:
        folder = folders[form]
        return _filled(office, folder, f"{folder.form.code}-{year}{what}-year", list(inputs)) if inputs else []

    intakes = entered("10", [r.intake for r in brought.returns])
    notices = entered(NOTICE, [j.notice for j in brought.journeys])
    steps.issue(office, notices)
    done: dict[str, list[Values]] = defaultdict(list)
    waiting: dict[str, list[Values]] = defaultdict(list)
    for notice, journey in zip(notices, brought.journeys, strict=True):
        for form, report in journey.reports:
            (waiting if journey.open else done)[form].append(report | {"notice_no": notice})
    for intake, one in zip(intakes, brought.returns, strict=True):
        done["06"].append(one.report | {"intake_record_no": intake})
    done["01"], done["02"] = brought.information, brought.calls
    finished = {form: entered(form, inputs) for form, inputs in sorted(done.items())}
    unsigned = [n for form, inputs in sorted(waiting.items()) for n in entered(form, inputs, "-unsigned")]
    early = [_first_stages(folders["01"].form, values, 2) for values in brought.unsettled]
    unsettled = entered("01", early, "-unsettled")
    for form, numbers in (finished | {"10": intakes}).items():
        _take_on(office, folders[form], numbers)
    if unsigned:
        steps.submit(office, unsigned)
    closed = [n for n, journey in zip(notices, brought.journeys, strict=True) if not journey.open]
    _take_on(office, folders[NOTICE], closed)
    return [*intakes, *notices, *(n for numbers in finished.values() for n in numbers), *unsigned, *unsettled]


def _first_stages(form: Form, values: Values, count: int) -> Values:
    """Return what has been written of a record when so many stages are through."""
    stages = {stage.key for stage in form.stages[:count]}
    return {key: value for key, value in values.items() if form.by_key[key].stage in stages}


def _take_on(office: Office, folder: FormFolder, numbers: Sequence[str]) -> list[Record]:
    """Hand records in, have them signed by those the form asks for, and reviewed; return them as handed in."""
    records = steps.submit(office, numbers)
    day = min(_last_day(records), office.clock().date().isoformat())
    signers: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for kind in _kinds(folder, record):
            signers[kind].append(record.record_no)
    for kind, signed in signers.items():
        steps.sign(office, signed, kind=kind, by=SIGNERS[kind], on=day)
    steps.review(office, numbers, opinion="同意归档", on=day)
    return records


def _reported(office: Office, year: int) -> list[Path]:
    """Draw the year's report, a brief and its satisfaction; copies of them lie where they are easy to open."""
    copies = []
    for kind, period, branch in (("BB", f"{year}", ""), ("JB", f"{year}-11", BRANCH), ("MY", f"{year}", "")):
        drawn = draw(office, kind, period, branch=branch, answer="示例：逐条核对，已列入改进。")
        copy = office.settings.root.resolve() / "reports" / f"{drawn.title}.pdf"
        make_dirs(copy.parent)
        write_file(copy, document_file(office, drawn.document_no, "document.pdf"))
        copies.append(copy)
    return copies


def _reading_copy(root: Path, volume: CompiledVolume) -> Path:
    """Lay a copy of a volume where it is easy to open; the archive keeps its own under an archive's names."""
    name = volume.title.replace("/", "／")  # 开通/试验: no folder on any system
    copy = root / "volumes" / f"{name}.pdf"
    make_dirs(copy.parent)
    write_file(copy, Path(volume.pdf or "").read_bytes())
    return copy


def _made(
    office: Office,
    year: int,
    volumes: Sequence[CompiledVolume],
    found: Found,
    reports: list[Path],
    turned_on: Sequence[PackState],
) -> Demo:
    root = office.settings.root.resolve()
    copies = [_reading_copy(root, volume) for volume in volumes]
    with office.register.read() as tx:
        records = sum(tx.records.counts().values())
        waiting = tx.records.find(states=[State.DRAFT])
    example = [r for r in waiting if office.forms.get(r.form_code).form.number in LEFT_OPEN][-1]
    return Demo(
        root=root,
        year=year,
        records=records,
        volumes=volumes,
        copies=copies,
        searched=SEARCHED,
        hits=found.total,
        example=example.record_no,
        missing=len(missing_before(office.forms.get(example.form_code).form, example, Action.SUBMIT)),
        reports=reports,
        packs=[pack.title for pack in turned_on],
    )
