"""Draw a document: its number, its tables, its papers; draw it again; correct one that was approved (5.7.3, 5.7.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, Problem, UsageError, WrongState
from qrecords.model import values
from qrecords.model.access import DocumentScope, secrecy_rank
from qrecords.model.audit import digest
from qrecords.model.document import AFTER_APPROVAL, BEFORE_APPROVAL, Document, DocumentState, Progress, document_no
from qrecords.model.figures.alarms import RAISED, Answers
from qrecords.model.figures.drawing import HowFar
from qrecords.model.formats import ChangedFigure, DocumentJson, FigureJson
from qrecords.model.lists import KINDS
from qrecords.model.objects import DOCUMENT
from qrecords.model.period import Period
from qrecords.model.record import Action
from qrecords.model.reportkind import DocumentSeries, ReportKind
from qrecords.office import Office
from qrecords.render.docx import Template
from qrecords.services.reports.change import change, publish, require_same
from qrecords.services.reports.computed import prepare
from qrecords.services.reports.content import content_sha256
from qrecords.services.reports.kept import held_by, kind_called, one, series_of, with_contents
from qrecords.services.reports.papers import papers_of
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.services.reports.scope import Of, require_known, require_own_words
from qrecords.services.reports.shown import ShownDocument, shown
from qrecords.stores.documentkinds import DOCUMENTS_FILE, documents_folder
from qrecords.stores.register import Transaction
from qrecords.work.step import running

LONGEST = 2000  # characters of a remark
AFTER_TABLES = 2  # further steps a drawing tells: its papers made, all of it kept


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be drawn, checked: kind, period, branch, the office of military representatives ("" = the whole)."""

    series: DocumentSeries
    code: str
    kind: ReportKind
    period: Period
    branch: str
    milrep: str = ""

    @property
    def form_code(self) -> str:
        """Return what stands for the kind where a form's code does."""
        return self.series.form_code(self.code)

    @property
    def scope(self) -> DocumentScope:
        """Return what rights are asked about."""
        level = secrecy_rank(self.kind.secrecy_level)
        return DocumentScope(self.form_code, self.branch, level, milrep=self.milrep)

    @property
    def asked(self) -> Asked:
        """Return what the tables are asked for."""
        return Asked(self.code, self.period, self.branch, self.kind.secrecy_level, milrep=self.milrep)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return whom it goes to."""
        return self.series.recipients_of(self.code, self.branch, self.period, self.milrep)

    @property
    def title(self) -> str:
        """Return the title on paper."""
        whose = f"（{self.milrep}）" if self.milrep else ""
        return f"{self.period.label}{self.branch}{self.kind.title}{whose}"


def draw(
    office: Office,
    kind: str,
    period: str,
    *,
    branch: str = "",
    milrep: str = "",
    answer: str = "",
    answers: Mapping[str, str] | None = None,
    remarks: Sequence[str] = (),
    word: str = "",
    progress: HowFar | None = None,
) -> ShownDocument:
    """Draw the document of a kind and period; one not yet approved is drawn again under its number.

    With `milrep` it is what that office of military representatives looks after alone, one of its own (R105, R107).
    What was drawn is kept by the asker's `word` (`tx.answered`). `answers` says of alarms, by their keys, why they lead
    to no item of improvement, `answer` of all others. `progress` is told how many of its tables and further steps are
    done, of how many. UsageError, InvalidInput: no such kind, period, branch, office or alarm. WrongState: the
    period has not ended, alarms wait for an answer, or it was approved already.
    """
    order, there = require_drawable(office, kind, period, branch, milrep)
    said = _said(office, there, answer, answers)
    return _drawn(office, order, there, _remarks(remarks), said, word=word, progress=progress)


def require_drawable(
    office: Office, kind: str, period: str, branch: str, milrep: str = ""
) -> tuple[Order, Document | None]:
    """Return what is asked for, and the document there is of it; refuses what `draw` refuses, but for alarms."""
    order = _order(office, kind, period, branch, milrep)
    office.authorise_document(Action.REPORT_DRAW, order.scope, order.form_code)
    _require_for_office(order)
    _require_ended(office, order)
    with office.register.read() as tx:
        if order.milrep:
            require_known(office, tx, order.milrep)
        there = tx.documents.standing(order.form_code, order.period.key, order.branch, order.milrep)
    if there is not None and there.state not in BEFORE_APPROVAL:
        raise WrongState(
            f"{order.title}已有 {there.document_no}，已经批准",
            remedy=advise("要改请更正：{}", Do.CORRECT_DOCUMENT(there.document_no, Input.REASON("原因"))),
        )
    return order, there


def correct(
    office: Office,
    number: str,
    reason: str,
    *,
    answer: str = "",
    answers: Mapping[str, str] | None = None,
    remarks: Sequence[str] = (),
    progress: HowFar | None = None,
) -> ShownDocument:
    """Draw the next edition of a document that was approved: figures of today, with what each was before (R94)."""
    text = _text(reason, "原因")
    if not text:
        raise UsageError("没有写更正的原因", remedy=advise("请用 {} 写明原因，它会印在文件上", Input.REASON))
    there = one(office, number, Action.REPORT_DRAW)
    there.require(*AFTER_APPROVAL)
    order = _order(office, there.kind, there.period, there.branch, there.milrep)
    _require_for_office(order)
    said = _said(office, there, answer, answers)
    return _drawn(office, order, there, _remarks(remarks), said, reason=text, progress=progress)


def offices(office: Office) -> list[str]:
    """Return the offices of military representatives the account may draw a document of their own for."""
    series, found = series_of(office), dict[str, None]()
    for code, kind in series.kinds.items():
        for branch in series.branches_of(code):
            for name in series.narrowed_to(code, branch):
                scope = DocumentScope(series.form_code(code), branch, secrecy_rank(kind.secrecy_level), milrep=name)
                if office.may_document(Action.REPORT_DRAW, scope):
                    found[name] = None
    return [*found]


def _order(office: Office, kind: str, period: str, branch: str, milrep: str) -> Order:
    series = series_of(office)
    code = kind_called(series, kind)
    found = series.kinds[code]
    try:
        wanted = Period.read(period)
    except ValueError as error:
        raise InvalidInput(str(error), remedy="请改正期间") from None
    halves = wanted.span != "half" or wanted.key[5:] in series.halves
    if wanted.span not in found.periods or not halves:
        how = {"month": "月度（2026-03）", "half": f"半年（2026-{'、'.join(series.halves)}）", "year": "年度（2026）"}
        raise UsageError(
            f"{code}「{found.title}」没有 {wanted.key} 这一期",
            remedy=f"它有：{'、'.join(how[s] for s in found.periods)}",
        )
    of = _branch(series, found, code, branch.strip())
    if of and (why := series.why_no_branch(of, wanted)):
        then = "、".join(series.branch_days[of].successors)
        remedy = f"请拟制{then}的" if then else "请核对期间和军兵种"
        raise UsageError(f"{wanted.label}没有{of}（{why}）", remedy=remedy)
    return Order(series, code, found, wanted, of, series.milrep_called(milrep))


def _require_for_office(order: Order) -> None:
    """Refuse an office that gets none of its own; asked after the right, so that it tells nobody which there are."""
    if not order.milrep:
        return
    series, code, name, branch = order.series, order.code, order.milrep, order.branch
    called, drop = f"{code}「{order.kind.title}」", advise("请去掉 {}", Input.MILREP)
    if not order.kind.narrowed:
        raise UsageError(f"{called}不分军事代表室", remedy=drop)
    if (found := series.milreps.get(name)) is None:
        known = "、".join(series.narrowed_to(code, branch)) or "没有"
        raise InvalidInput(
            f"没有军事代表室「{name}」",
            remedy=f"{branch}只分管部分单位或型号的：{known}；新的先写进 {DOCUMENTS_FILE} 的 milreps",
        )
    if branch not in found.branches:
        raise UsageError(f"{name}不管{branch}", remedy=f"它分管的：{'、'.join(found.branches)}；请核对兵种和代表室")
    if not found.is_narrowed:
        told = f"{name}分管{branch}的全部单位和型号，给它的就是{branch}的那一份"
        raise UsageError(told, remedy=drop)
    if why := found.why_none(branch, order.period, order.kind.secrecy_level):
        told = f"{order.period.label}{order.kind.title}不给{name}：{why}"
        raise UsageError(told, remedy=f"请核对期间和对象；各室要什么写在 {DOCUMENTS_FILE} 的 milreps")


def _branch(series: DocumentSeries, kind: ReportKind, code: str, branch: str) -> str:
    if not kind.by_branch:
        if branch:
            told = f"{code}「{kind.title}」是全中心的，不分军兵种"
            raise UsageError(told, remedy=advise("请去掉 {}", Input.BRANCH))
        return ""
    named = series.branches_of(code)
    if branch in named:
        return branch
    known = "、".join(named)
    if not branch:
        told = f"{code}「{kind.title}」要写是哪个军兵种的"
        raise UsageError(told, remedy=advise("请用 {} 写明：{}", Input.BRANCH, known))
    if branch in series.branches:
        raise UsageError(f"{code}「{kind.title}」不出{branch}的", remedy=f"可用：{known}")
    raise InvalidInput(f"没有军兵种「{branch}」", remedy=f"可用：{known}；新的先写进 {DOCUMENTS_FILE} 的 branches")


def _require_ended(office: Office, order: Order) -> None:
    last = order.period.last
    if office.today() <= last:
        raise WrongState(
            f"{order.period.label}还没有结束（到 {last}），不能拟制{order.kind.title}",
            remedy=f"请在 {last} 之后再拟制；数字以期末为准",
        )


def _said(office: Office, there: Document | None, answer: str, answers: Mapping[str, str] | None) -> Answers:
    """Return what is said to the alarms, in whose name, and of which document."""
    own = {key.strip(): text for key, said in (answers or {}).items() if (text := _text(said, "说明"))}
    by = office.account.person or office.account.name
    return Answers(own, _text(answer, "说明"), by, there.document_no if there else "")


def _remarks(remarks: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for remark in remarks if (text := _text(remark, "编者说明")))


def _text(text: str, what: str) -> str:
    try:
        return values.parse_text(text, LONGEST)
    except ValueError as error:
        raise InvalidInput(f"{what}：{error}", remedy="请改写后再试") from None


class _Steps:
    """Tells how far a drawing is: its tables, then what comes after them."""

    def __init__(self, progress: HowFar | None) -> None:
        self._progress, self._done, self._total = progress, 0, AFTER_TABLES

    def tables(self, done: int, total: int) -> None:
        """Tell that so many tables of all are made."""
        self._done, self._total = done - 1, total + AFTER_TABLES
        self.next()

    def next(self) -> None:
        """Tell that one more step is done."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


def _drawn(
    office: Office,
    order: Order,
    there: Document | None,
    remarks: tuple[str, ...],
    said: Answers,
    *,
    reason: str = "",
    word: str = "",
    progress: HowFar | None = None,
) -> ShownDocument:
    steps = _Steps(progress)
    folder = documents_folder(office.settings.forms_dir)
    template = Template.load(folder / order.kind.template)  # before a number is taken
    with office.register.read() as tx:
        require_own_words(office, tx, Of(order.branch, order.milrep), (*remarks, *said.words, reason))
        prepared = prepare(office, tx, replace(order.asked, said=said), steps.tables)
        seq, head = tx.audit.head()
    _require_answered(prepared, said, order)
    # Of a first edition drawn again nothing is told, and a year's takes seconds to read.
    further = there is not None and there.version > 0 and (reason or there.progress.edition > 1)
    before = held_by(office, there) if there is not None and further else None
    with running(office) as run:
        with office.register.write() as tx:
            document = _reserved(office, tx, order, there)
            edition = document.progress.edition + bool(reason)
            held = DocumentJson(
                document_no=document.document_no,
                form_code=order.form_code,
                kind_title=order.kind.title,
                title=order.title,
                period=order.period.key,
                date_from=order.period.first,
                date_to=order.period.last,
                branch=order.branch,
                secrecy_level=order.kind.secrecy_level,
                retention_years=order.kind.retention_years,
                edition=edition,
                as_of=office.now(),
                register_seq=seq,
                audit_head=head,
                settings_sha256=_settings(office, folder, order.kind.template),
                org_name=office.settings.office.org_name,
                unit=office.settings.office.unit,
                drawn_by=office.account.name,
                drawn_by_name=office.account.person,
                needs=order.kind.needs(order.period),
                recipients=order.recipients,
                tables=prepared.tables,
                figures=prepared.figures,
                remarks=remarks,
                basis=prepared.basis,
                alarms=tuple(alarm.line for alarm in prepared.alarms),
                answer=said.general if prepared.alarms else "",
                alarm_states=prepared.alarms,
                reason=reason or (before.reason if before else ""),
                changes=_changes(before, prepared.figures) if reason or edition > 1 else (),
                files={},
                charts=prepared.charts,
                records=prepared.records,
                layout=order.kind.layout,
                milrep=order.milrep,
                issue=_issue(tx, document) if order.kind.layout == "brief" else "",
            )
            # The papers say nothing that is not in it: their hashes come into it once they are made.
            content = content_sha256(held)
            if reason:
                document = document.corrected(content, held.as_of, office.account.name, reason, held.title)
            else:
                document = document.redrawn(content, held.as_of, office.account.name, held.title)
            document = replace(
                document, version=document.version + 1, needs=order.kind.needs(order.period),
                recipients=order.recipients,
            )  # fmt: skip
            detail: dict[str, str | int] = {"edition": edition, "figures": len(held.figures)}
            if reason:
                detail["reason"] = digest(reason)
            if held.answer:
                detail["answer"] = digest(held.answer)
            if said.own:
                detail["answers"] = digest([[key, said.own[key]] for key in sorted(said.own)])
            step = change(run, tx, document, Action.REPORT_DRAW, detail, word)
        files = papers_of(office, held, template, run.folder, document.paper_number)
        steps.next()
        sums = {name: hashlib.sha256(_bytes(data)).hexdigest() for name, data in sorted(files.items())}
        whole: Mapping[str, bytes | Path] = {**files, DocumentJson.FILE: replace(held, files=sums).to_bytes()}
        publish(office, run, step, whole, "更正" if reason else "拟制", _scans(office, document, there))
    steps.next()
    return with_contents(office, document, shown(document), held)


def _require_answered(prepared: Prepared, said: Answers, order: Order) -> None:
    """Refuse while an alarm has neither an item of improvement nor a reason, and a reason for an alarm there is not."""
    known = [alarm.key for alarm in prepared.alarms]
    if unknown := [key for key in said.own if key not in known]:
        told = f"本期的告警：{'、'.join(known)}" if known else "本期没有告警"
        raise UsageError(f"{order.title}没有告警「{'」「'.join(unknown)}」", remedy=told)
    if waiting := [alarm for alarm in prepared.alarms if alarm.state == RAISED]:
        raise WrongState(
            f"{order.title}有{len(waiting)}条告警没有说明，不能拟制",
            remedy=advise(
                "请逐条核对：立改进项（KF758-GJ）写明依据的记录；不立项的用 {} 逐条写明原因，"
                "情况相同的用 {} 一并写明。说明会印在文件上",
                Input.ANSWER_TO("告警=说明"), Input.ANSWER("说明"),
            ),
            problems=[Problem(f"{alarm.key}　{alarm.says}") for alarm in waiting],
        )  # fmt: skip


def _reserved(office: Office, tx: Transaction, order: Order, there: Document | None) -> Document:
    """Return the document with its number: the one there is, as it was read, or a new one."""
    if there is not None:
        require_same(tx, there)
        return there
    if tx.documents.standing(order.form_code, order.period.key, order.branch, order.milrep) is not None:
        raise WrongState(f"{order.title}刚由别人拟制", remedy=advise("请查看：{}", Do.LIST_DOCUMENTS))
    year = order.period.year
    number = document_no(order.form_code, year, tx.counters.take(f"document/{order.form_code}-{year}")[0])
    document = Document(
        document_no=number,
        form_code=order.form_code,
        period=order.period.key,
        branch=order.branch,
        title=order.title,
        secrecy_level=order.kind.secrecy_level,
        object_id=DOCUMENT.object_id(number),
        version=0,
        sha256="",
        drawn_at=office.now(),
        drawn_by=office.account.name,
        needs=order.kind.needs(order.period),
        recipients=order.recipients,
        progress=Progress(DocumentState.DRAWN.value, 1),
        milrep=order.milrep,
    )
    tx.documents.reserve(document)
    return document


def _issue(tx: Transaction, document: Document) -> str:
    """Return which issue a brief is, of its branch and office: in its year and in all; one made void was none."""
    before = [
        d
        for d in tx.documents.all(form_code=document.form_code)
        if (d.branch, d.milrep) == (document.branch, document.milrep)
        and d.state is not DocumentState.VOID
        and d.document_no < document.document_no
    ]
    return f"第{sum(d.year == document.year for d in before) + 1}期（总第{len(before) + 1}期）"


def _changes(before: DocumentJson | None, figures: Sequence[FigureJson]) -> tuple[ChangedFigure, ...]:
    """Return the figures that are not what the document said before, those that are gone or new among them."""
    was = {f.id: f for f in before.figures} if before else {}
    now = {f.id: f for f in figures}
    kept = {c.id: c for c in before.changes} if before else {}
    return tuple(
        ChangedFigure(
            key,
            (now.get(key) or was[key]).label,
            kept[key].before if key in kept else was[key].value if key in was else "—",
            now[key].value if key in now else "—",
        )
        for key in dict.fromkeys([*was, *now])
        if key in kept or key not in was or key not in now or was[key].exact != now[key].exact
    )


def _scans(office: Office, document: Document, there: Document | None) -> list[str]:
    """Return the signed papers of earlier editions, which stay in the object."""
    if there is None or there.version < 1:
        return []
    held = {s.evidence for s in document.progress.signatures if s.evidence}
    return [name for name in office.archive.names(there.object_id) if name in held]


def _settings(office: Office, folder: Path, template: str) -> str:
    """Return what figures and papers were made by: settings, kinds, template, tables, methods, days, lists (F.6)."""
    root, forms = office.settings.root, office.settings.forms_dir
    said = (path for what in ("*/*.toml", "*/*.csv", "*/tables/*.toml") for path in sorted(forms.glob(what)))
    lists = (root / kind.file_name for kind in KINDS.values())
    files = (root / "qrecords.toml", folder / template, *said, *(path for path in lists if path.exists()))
    return digest([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])


def _bytes(data: bytes | Path) -> bytes:
    return data if isinstance(data, bytes) else data.read_bytes()
