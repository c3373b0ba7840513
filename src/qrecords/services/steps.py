"""The steps of a record on its way: issue, submit, sign, review, return, void (QS/PA758A 5.5.4–5.5.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qrecords.advice import Do, Input, Sentence, advise
from qrecords.errors import InvalidInput, Problem, QRecordsError, UsageError, WrongState
from qrecords.model import values
from qrecords.model.audit import digest
from qrecords.model.form import Form
from qrecords.model.papers import AFTER_FILING, Added, doubted
from qrecords.model.record import (
    ACTION_LABELS,
    Action,
    Record,
    Signed,
    State,
    missing_before,
    record_year,
    require_open,
)
from qrecords.model.staff import may_be_sent
from qrecords.office import Office
from qrecords.scanning.reader import read_file, require_file
from qrecords.services import reading
from qrecords.services.door import LARGEST, require_harmless
from qrecords.services.evidence import proving, register
from qrecords.services.finding.indexing import follow
from qrecords.services.hands import require_other_hands
from qrecords.services.intake.update import list_reports
from qrecords.services.obstacles import before_step
from qrecords.services.scans.rights import authorise_papers
from qrecords.stores.durable import remove_tree
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import file_sha256
from qrecords.stores.register import Transaction

CARD = "RY"  # the form of a person's qualifications, where the office keeps them
EVIDENCE_TYPES = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff"})


Seen = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Move:
    """A step on many records: the action, and what it writes down.

    `seen`: at which change (`Record.seq`) who decides saw a record; one that was changed since is not moved.
    """

    action: Action
    columns: dict[str, Any]
    detail: dict[str, Any]
    seen: Seen = field(default_factory=dict)


def issue(office: Office, record_nos: Sequence[str], *, seen: Seen | None = None) -> list[Record]:
    """Issue service notices: the assignment stands from now on (5.5.4)."""
    return _move(office, record_nos, Move(Action.ISSUE, {}, {}, seen or {}))


def submit(
    office: Office, record_nos: Sequence[str], notes: list[Sentence] | None = None, *, seen: Seen | None = None
) -> list[Record]:
    """Hand records to the supervisor; what the form asks for must be complete (5.5.6, R5).

    A notice's list of reports is taken from the records that name it; `notes` takes what that changed.
    """
    return _move(office, record_nos, Move(Action.SUBMIT, {}, {}, seen or {}), notes)


def review(
    office: Office, record_nos: Sequence[str], *, opinion: str = "", on: str = "", seen: Seen | None = None
) -> list[Record]:
    """Record the supervisor's review signature, made today or on an earlier day (5.5.6)."""
    day = past_day(office, on, "审查日期")
    text = _text(opinion, "审查意见")
    by = office.account.display_name
    columns = {"opinion": text, "reviewed_on": day, "reviewed_by": by}
    detail = {"on": day, "by": digest(by), "opinion": digest(text)}
    return _move(office, record_nos, Move(Action.REVIEW, columns, detail, seen or {}))


def send_back(office: Office, record_nos: Sequence[str], *, reason: str, seen: Seen | None = None) -> list[Record]:
    """Return records for correction; the review, if there was one, no longer stands."""
    text = _reason(reason)
    columns = {"reason": text, "opinion": "", "reviewed_on": "", "reviewed_by": ""}
    return _move(office, record_nos, Move(Action.RETURN, columns, {"reason": digest(text)}, seen or {}))


def void(office: Office, record_nos: Sequence[str], *, reason: str, seen: Seen | None = None) -> list[Record]:
    """Void records: the numbers stay in the list with the reason, never used again (R4)."""
    text = _reason(reason)
    return _move(office, record_nos, Move(Action.VOID, {"reason": text}, {"reason": digest(text)}, seen or {}))


def sign(
    office: Office,
    record_nos: Sequence[str],
    *,
    kind: str,
    by: str,
    on: str = "",
    evidence: GivenFile | None = None,
    word: str = "",
    further: bool = False,
) -> list[Record]:
    """Record that a signature or seal stands on the paper: who, when, and the scan that shows it (5.5.5).

    A scan goes to the signature registered without one, of the day that was written then unless another is given;
    UsageError when several records have different ones waiting. InvalidInput when one that stands there by another
    name or of another day may be the same, unless it is said to be a `further` one; WrongState when it is there
    already. Of filed records it makes the next versions, by the right of who files. The same request again, known by
    its own `word`, registers nothing more.
    """
    records = reading.many(office, record_nos)
    with office.register.read() as tx:
        if tx.answered.get(office.account.name, word) is not None:
            authorise_papers(office, Action.SIGN, records)
            return records
    kind = office.forms.get(records[0].form_code).form.signature_kind(kind)
    filed = [r for r in records if r.state in AFTER_FILING]
    waiting = [r for r in records if r.state not in AFTER_FILING]
    name = _text(by, "签署人", values.parse_name)
    day = past_day(office, on or (_registered_day(records, kind, name) if evidence else ""), "签署日期")
    if not name:
        remedy = advise("请用 {} 写明是谁签的名或哪个单位盖的章", Input.BY)
        raise UsageError("没有写签署人", remedy=remedy)
    authorise_papers(office, Action.SIGN, records)
    for record in records:
        form = office.forms.get(record.form_code).form
        require_open(form, record, Action.SIGN)
        require_kind(form, kind)
        _require_order(form, record, kind, day)
        if day < record.date:
            raise InvalidInput(f"签署日期 {day} 早于 {record.record_no} 的日期 {record.date}", remedy="请核对日期")
    if filed and waiting:
        numbers = "、".join(r.record_no for r in filed[:5])
        raise WrongState(f"{numbers} 已归档，其余的还没有", remedy="请分两次登记；没有登记任何一份")
    sha256 = checked_evidence(office, evidence) if evidence else ""
    signed = Signed(kind, name, day, evidence.name if evidence else "", sha256)
    _require_new(records, signed)
    if not further:
        require_undoubted(office.forms.get(records[0].form_code).form, records, [signed])
    if filed:
        _sign_filed(office, records, signed, evidence)
        with office.register.write() as tx:  # broken off before this, `_require_new` knows the signature
            tx.answered.keep(office.account.name, word, "", office.clock())
    else:
        _sign_open(office, records, signed, evidence, word)
    follow(office)
    return reading.many(office, [r.record_no for r in records])


def _require_order(form: Form, record: Record, kind: str, day: str) -> None:
    """Refuse a signature before the one it comes after: not registered, lapsed, or of a later day."""
    first = next((s.after for s in form.signatures if s.kind == kind), "")
    if first and not any(s.kind == first and not s.lapsed and s.on <= day for s in record.signatures):
        label, before = form.signature_label(kind), form.signature_label(first)
        raise WrongState(
            f"{record.record_no} 还没有 {day} 或以前的「{before}」，不能登记「{label}」",
            remedy=advise("先登记「{}」：{}", before, Do.SIGN(record.record_no, Input.KIND(first))),
        )


def _registered_day(records: Sequence[Record], kind: str, by: str) -> str:
    """Return the day of the newest signature on records that is registered and has no paper yet.

    UsageError when it is not the same on all of them: one scan cannot prove several days, or other people's signatures.
    """
    waiting = {record.record_no: _waiting(record, kind, by) for record in records}
    if len(set(waiting.values())) > 1:
        told = [
            Problem(f"登记的是 {' '.join(w)}" if w else "没有待补扫描件的登记", source=no) for no, w in waiting.items()
        ]
        remedy = advise("请用 {} 写明扫描件上的签署日期，或一份一份登记；没有登记任何一份", Input.ON)
        raise UsageError("各份记录上登记的签署人或日期不同", remedy=remedy, problems=told)
    return next((on for who, on in filter(None, waiting.values()) if who == by), "")


def _waiting(record: Record, kind: str, by: str) -> tuple[str, str] | tuple[()]:
    """Return who signed and when by the newest signature of a kind that has no paper yet, best by this person."""
    bare = [(s.by, s.on) for s in record.signatures if s.kind == kind and not s.evidence_sha256 and not s.lapsed]
    return max(enumerate(bare), key=lambda one: (one[1][0] == by, one[0]))[1] if bare else ()


def require_undoubted(form: Form, records: Sequence[Record], shown: Sequence[Signed]) -> None:
    """Refuse signatures that may be the one a record has already by another name or of another day; InvalidInput."""
    for record in records:
        for signed in shown:
            if others := doubted(signed, record.signatures, shown):
                had = "、".join(f"{s.by} {s.on}" for s in others)
                how = "扫描件上已有" if others[0].evidence_sha256 else "登记过、纸还没有回来的"
                raise InvalidInput(
                    f"{record.record_no} {how}「{form.signature_label(signed.kind)}」是 {had}，"
                    f"这次写的是 {signed.by} {signed.on}：是不是同一个签署，看不出",
                    remedy=advise("是同一个，请按已有的写；是另一个人、另一次签的，请加 {}", Input.FURTHER),
                )


def _require_new(records: Sequence[Record], signed: Signed) -> None:
    """Refuse what a record has already: it would stand there twice."""
    what = (signed.kind, signed.by, signed.on)
    for record in records:
        same = [s for s in record.signatures if not s.lapsed and (s.kind, s.by, s.on) == what]
        if same and (not signed.evidence_sha256 or signed.evidence_sha256 in {s.evidence_sha256 for s in same}):
            remedy = advise("要补上扫描件，请加 {}", Input.EVIDENCE) if not signed.evidence_sha256 else "去掉已附的再试"
            raise WrongState(f"{record.record_no} 已有 {signed.by} {signed.on} 的这一签署", remedy=remedy)


def _sign_open(
    office: Office, records: Sequence[Record], signed: Signed, evidence: GivenFile | None, word: str
) -> None:
    if evidence is None:
        with office.register.write() as tx:
            if tx.answered.get(office.account.name, word) is None:  # sent twice at the same moment
                _write_signature(office, tx, records, signed)
                tx.answered.keep(office.account.name, word, "", office.clock())
        return
    from qrecords.services.scans.keeping import kept_evidence  # it binds scanned pages; signing mostly needs none

    with office.under_way() as step, kept_evidence(office, step, {signed.stored: evidence}) as tx:
        _write_signature(office, tx, records, signed)
        tx.answered.keep(office.account.name, word, "", office.clock())


def _write_signature(office: Office, tx: Transaction, records: Sequence[Record], signed: Signed) -> None:
    reading.require_unchanged(tx, records)
    numbers = [r.record_no for r in records]
    first = register(office, tx, numbers, signed)
    tx.records.touch(numbers)
    detail = {"kind": signed.kind, "by": digest(signed.by), "on": signed.on, "evidence": signed.evidence_sha256}
    tx.audit.append([office.event(Action.SIGN, no, **detail, **proving(first.get(no))) for no in numbers])


def _sign_filed(office: Office, records: Sequence[Record], signed: Signed, evidence: GivenFile | None) -> None:
    from qrecords.services.scans.adding import add  # signing on the way needs nothing of the archive
    from qrecords.services.scans.nextversion import Late

    made = replace(signed, recorded_at=office.now(), recorded_by=office.account.name)
    stored = signed.stored if evidence else ""
    add(office, [Late(r, Added(r.record_no, signed=made), stored, evidence) for r in records])


def ready_in_month(office: Office, form_code: str, month: str, action: Action) -> list[str]:
    """Return the rows of a register's month that can take a step; rows still open wait for theirs."""
    folder = office.forms.get(form_code)
    rows = reading.month_rows(office, folder, month)
    ways = {Action.SUBMIT: State.DRAFT, Action.REVIEW: State.SUBMITTED}
    candidates = [r for r in rows if r.state is ways[action]]
    ready = [r.record_no for r in candidates if not missing_before(folder.form, r, action)]
    if not ready:
        raise WrongState(
            f"{folder.form.title} {month} 没有可以{ACTION_LABELS[action]}的行",
            remedy=advise("用 {} 看各行还缺什么", Do.LIST(Input.FORM(folder.form.code), Input.MONTH(month))),
        )
    return ready


def volume_years(office: Office, records: Sequence[Record]) -> dict[str, int]:
    """Return the records that go into the volumes of another year than their number's, with that year (A.4-13)."""
    years = {r.record_no: record_year(office.forms.get(r.form_code).form, r) for r in records}
    return {r.record_no: years[r.record_no] for r in records if years[r.record_no] != r.year}


def past_day(office: Office, day: str, what: str) -> str:
    """Return a day given by hand, today when none is; InvalidInput when it has not come yet."""
    if not day:
        return office.today()
    try:
        parsed = values.parse_date(day)
    except ValueError as error:
        raise InvalidInput(f"{what}：{error}", remedy="请写成 2026-03-04 的样子") from None
    if parsed > office.today():
        raise InvalidInput(f"{what} {parsed} 还没有到", remedy="请核对日期；今天是 " + office.today())
    return parsed


def _move(office: Office, record_nos: Sequence[str], move: Move, notes: list[Sentence] | None = None) -> list[Record]:
    """Take a step on all of the records or on none: every obstacle is found first, and told at once."""
    records = reading.many(office, record_nos)
    office.authorise_all(move.action, records)
    _require_way(office, records, move)
    numbers = [r.record_no for r in records]
    with office.register.write() as tx:
        # Between looking and writing another process may have moved a record: look again, inside.
        reading.require_free(tx, numbers)
        if move.action is Action.REVIEW:
            require_other_hands(office, tx, numbers, {Action.CREATE, Action.UPDATE})
        fresh = tx.records.many(numbers)
        _require_way(office, fresh, move)
        _require_seen(fresh, move.seen)
        if move.action is Action.SUBMIT:
            told = list_reports(office, tx, fresh)
            if notes is not None:
                notes += told
        _write_move(office, tx, fresh, move)
    follow(office)
    return reading.many(office, numbers)


def _require_seen(records: Sequence[Record], seen: Seen) -> None:
    """Refuse what was changed since it was looked at: nobody decides about words he has not read."""
    if moved := [r.record_no for r in records if seen.get(r.record_no, r.seq) != r.seq]:
        raise WrongState(f"{'、'.join(moved[:10])} 刚被别人改过", remedy="请看过现在的内容，再办这一步")


def _write_move(office: Office, tx: Transaction, records: Sequence[Record], move: Move) -> None:
    targets: dict[State, list[str]] = {}
    for record in records:
        target = require_open(office.forms.get(record.form_code).form, record, move.action)
        targets.setdefault(target, []).append(record.record_no)
    for target, numbers in targets.items():
        tx.records.change(numbers, state=target, **move.columns)
    if move.action is Action.RETURN:  # whoever reviews it next is shown what changed since
        tx.returned.keep({r.record_no: r.values for r in records})
    elif move.action in {Action.REVIEW, Action.VOID}:
        tx.returned.drop([r.record_no for r in records])
    if move.action is Action.VOID:
        tx.records.forget_source([r.record_no for r in records])
    detail: dict[str, Any] = dict(move.detail)
    if move.action is Action.REVIEW:
        detail["separation"] = office.settings.access.separation
    kept = _standings(office, tx, records) if move.action is Action.ISSUE else {}
    tx.audit.append([office.event(move.action, r.record_no, **detail, **kept.get(r.record_no, {})) for r in records])


def _standings(office: Office, tx: Transaction, notices: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Return of each notice, for its event, how those it sends stood that day, by line: later cards change nothing.

    Nothing where the office keeps no cards (5.2.1, 5.5.4).
    """
    codes = [folder.form.code for folder in office.forms.numbered(CARD)]
    cards = [r.values for code in codes for r in tx.records.counted(code) if r.state is not State.VOID]
    if not cards:
        return {}
    return {
        r.record_no: {"staff": [may_be_sent(p, cards, str(r.values.get("issued_on") or r.date)[:10]) for p in staff]}
        for r in notices
        if (staff := r.values.get("staff"))
    }


def _require_way(office: Office, records: Sequence[Record], move: Move) -> None:
    shut: list[tuple[Record, QRecordsError]] = []
    missing: list[Problem] = []
    for record in records:
        form = office.forms.get(record.form_code).form
        try:
            require_open(form, record, move.action)
        except WrongState as error:
            shut.append((record, error))
            continue
        missing += missing_before(form, record, move.action)
        missing += before_step(office, record, move.action)
        if move.action is Action.REVIEW and move.columns["reviewed_on"] < record.date:
            message = f"审查日期 {move.columns['reviewed_on']} 早于记录日期 {record.date}"
            missing.append(Problem(message, "reviewed_on", source=record.record_no))
    label = ACTION_LABELS[move.action]
    if shut:
        problems = [Problem(e.told, source=r.record_no) for r, e in shut]
        if len(shut) == 1:
            raise shut[0][1]
        raise WrongState(
            f"有{len(shut)}份记录现在不能{label}", remedy="见各条说明；没有改动任何记录", problems=problems
        )
    if missing:
        raise WrongState(f"还不能{label}：有{len(missing)}处要办", remedy="请按各条提示办好后再试", problems=missing)


def require_kind(form: Form, kind: str) -> None:
    """Make sure a form takes this kind of signature; InvalidInput names those it takes."""
    if kind not in {s.kind for s in form.signatures}:
        kinds = "、".join(f"{s.label}（{s.kind}）" for s in form.signatures) or "没有"
        raise InvalidInput(f"{form.code} 上没有「{kind}」这种签署", remedy=f"这张表可登记的签署：{kinds}")


def checked_evidence(office: Office, evidence: GivenFile) -> str:
    """Return the hash of a scan; InvalidInput when it is none, too large, or carries more than pages."""
    return looked_at_evidence(office, evidence)[0]


def looked_at_evidence(office: Office, evidence: GivenFile) -> tuple[str, list[str]]:
    """Return the hash of a scan and what the codes on its pages say; InvalidInput as `checked_evidence`."""
    with evidence.lent() as path:
        return _checked_scan(office, path)


def _checked_scan(office: Office, path: Path) -> tuple[str, list[str]]:
    if path.suffix.lower() not in EVIDENCE_TYPES:
        raise InvalidInput(f"{path.name} 不是扫描件", remedy="请用 PDF、JPEG、PNG 或 TIFF 文件")
    if path.is_file() and path.stat().st_size > LARGEST:
        raise InvalidInput(f"{path.name} 超过 {LARGEST >> 20} MB", remedy="请降低扫描分辨率（200 dpi 已够）后再试")
    codes = _codes_of_pages_alone(office, path)
    return file_sha256(path), codes


def _codes_of_pages_alone(office: Office, path: Path) -> list[str]:
    """Make sure a scan opens and holds pages alone, InvalidInput when not; return what the codes on them say."""
    with office.under_way() as step:
        work = office.archive.work_dir(step)
        try:
            require_file(path)
            require_harmless(path)
            return [code for page in read_file(path, work / "pages").pages for code in page.codes]
        finally:
            remove_tree(work)


def _text(text: str, what: str, read: Callable[[str], str] = lambda text: values.parse_text(text, 2000)) -> str:
    try:
        return read(text)
    except ValueError as error:
        raise InvalidInput(f"{what}：{error}", remedy="请改写后再试") from None


def _reason(reason: str) -> str:
    text = _text(reason, "原因")
    if not text:
        raise UsageError("没有写原因", remedy=advise("请用 {} 写明原因，它会留在记录上", Input.REASON))
    return text
