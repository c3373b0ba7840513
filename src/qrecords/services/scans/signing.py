"""What signature a scanned print shows, and what stands against taking it (QS/PA758A 5.5.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qrecords.advice import Input, advise
from qrecords.errors import InvalidInput, NotPermitted, Problem, UsageError, WrongState
from qrecords.model import values
from qrecords.model.apart import values_without
from qrecords.model.form import Form
from qrecords.model.prints import outdated
from qrecords.model.record import Action, Record, Signed, require_open
from qrecords.model.values import Values
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.scans.rights import authorise_papers
from qrecords.services.scans.sheets import Known, Signing
from qrecords.services.steps import past_day, require_kind, require_undoubted

ANY = Signing("", "", "")  # nothing said of it

Ask = Callable[[Form, Known, Signing], Signing]


def refusal(office: Office, known: Known) -> list[Problem]:
    """Return why a print is not taken: no right to it, a record void or destroyed, values changed since it was printed.

    NotFound when the account may not know of a record.
    """
    refused = []
    for record in known.records:
        try:
            authorise_papers(office, _action(office, known), [record])
        except NotPermitted as error:
            refused.append(Problem(error.told, source=record.record_no))
    return refused or _obstacles(office, known)


def require_acceptable(office: Office, known: Known) -> None:
    """Raise NotPermitted, or WrongState with every reason why a print is not taken."""
    authorise_papers(office, _action(office, known), known.records)
    if problems := _obstacles(office, known):
        raise WrongState(f"{known.print_id} 不能附上", remedy="请按各条提示处理后再试", problems=problems)


def _action(office: Office, known: Known) -> Action:
    form = office.forms.get(known.records[0].form_code).form
    return Action.SIGN if form.own_signatures else Action.ATTACH


def _obstacles(office: Office, known: Known) -> list[Problem]:
    problems = []
    form = office.forms.get(known.records[0].form_code).form
    for record in known.records:
        try:
            require_open(form, record, _action(office, known))
        except WrongState as error:
            problems.append(Problem(error.told, source=record.record_no))
            continue
        printed, places = known.shown(record), office.unseen(record)
        if places and len(outdated(form, printed, _whole(office, record))) > len(
            outdated(form, values_without(printed, places), record.values)
        ):
            told = "您看不到的栏目打印后改过；请由能看的人重新打印，签署后再扫描"
            problems.append(Problem(told, source=record.record_no))
        for change in outdated(form, values_without(printed, places), record.values):
            message = f"「{change.label}」印的是「{_plain(change.printed)}」，现在是「{_plain(change.now)}」"
            problems.append(Problem(f"{message}；请重新打印，签署后再扫描", change.label, source=record.record_no))
    return problems


def _whole(office: Office, record: Record) -> Values:
    """Return the values of a record, also those the account does not see: to compare, never to tell."""
    return reading.unfiltered(office, [record.record_no])[0].values


def paired(kinds: Sequence[str], people: Sequence[str], on: str, *, further: bool = False) -> tuple[Signing, ...]:
    """Return the signings named by kinds and people in the same order; none when nothing is named.

    UsageError when several kinds have another number of people: who signed what would be a guess.
    """
    if len(kinds) > 1 and len(people) not in {0, len(kinds)}:
        raise UsageError(
            f"写了{len(kinds)}种签署、{len(people)}个签署人",
            remedy=advise("请按同样的次序各写一个 {}，或都不写（用登记签署时写的）", Input.BY),
        )
    count = max(len(kinds), len(people), 1 if on else 0)
    if len(kinds) <= 1 and len(people) > 1:
        how = advise("每个 {} 前请写它是哪种签署：{} {}", Input.BY, Input.KIND("种类"), Input.BY("姓名"))
        raise UsageError(f"写了{len(people)}个签署人", remedy=how)
    return tuple(Signing(_at(kinds, n), _at(people, n), on, further) for n in range(count))


def _at(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""


def signings_of(office: Office, known: Known, wanted: Sequence[Signing], ask: Ask | None) -> tuple[Signing, ...]:
    """Return the signings of a print, from what was given, what is registered already, and what is answered.

    None for forms that carry no signature to register; of several kinds those its form has not are left out.
    UsageError when something is missing and nobody can be asked, InvalidInput when one may be a signature registered
    by another name or of another day.
    """
    form = office.forms.get(known.records[0].form_code).form
    if not form.own_signatures:
        return ()
    own = {s.kind for s in form.own_signatures}
    mine = [w for w in wanted if not w.kind or form.signature_kind(w.kind) in own] or wanted[:1] or [ANY]
    signings = tuple(dict.fromkeys(_signing_of(office, known, form, one, ask) for one in mine))
    shown = [Signed(s.kind, s.by, s.on, known.file_name, known.print_id) for s in signings if not s.further]
    require_undoubted(form, known.records, shown)
    return signings


def _signing_of(office: Office, known: Known, form: Form, wanted: Signing, ask: Ask | None) -> Signing:
    wanted = replace(wanted, kind=form.signature_kind(wanted.kind))
    chosen = _with_registered(form, known.records[0], wanted)
    if ask and not (chosen.kind and chosen.by):
        chosen = _with_registered(form, known.records[0], ask(form, known, chosen))
    if not chosen.kind:
        kinds = "、".join(f"{s.label}（{s.kind}）" for s in form.own_signatures)
        several = "登记了几种签署，" if without_paper(form, known.records[0]) else ""
        how = advise("请用 {} 写明：{}", Input.KIND, kinds)
        raise UsageError(f"{several}没有写 {known.print_id} 上是哪种签署", remedy=how)
    if not chosen.by:
        how = advise("请用 {} 写明是谁签的名或哪个单位盖的章", Input.BY)
        raise UsageError(f"没有写 {known.print_id} 的签署人", remedy=how)
    require_kind(form, chosen.kind)
    day = past_day(office, chosen.on, "签署日期")
    for record in known.records:
        if day < record.date:
            raise InvalidInput(f"签署日期 {day} 早于 {record.record_no} 的日期 {record.date}", remedy="请核对日期")
    try:
        return replace(chosen, by=values.parse_name(chosen.by), on=day)
    except ValueError as error:
        raise InvalidInput(f"签署人：{error}", remedy="请改写后再试") from None


def without_paper(form: Form, record: Record) -> list[Signed]:
    """Return the signatures registered whose paper has not come home, of the kinds a scan of the form can show."""
    own, standing = {s.kind for s in form.own_signatures}, [s for s in record.signatures if not s.lapsed]
    shown = {(s.kind, s.by) for s in standing if s.evidence_sha256}
    return [s for s in standing if s.kind in own and not s.evidence_sha256 and (s.kind, s.by) not in shown]


def _with_registered(form: Form, record: Record, wanted: Signing) -> Signing:
    """Fill in kind, who signed and when from a signature registered already, best from one that still has no paper.

    Where no kind is given the one registered counts; of several, which of them the paper shows would be a guess.
    """
    kinds = {wanted.kind} if wanted.kind else {s.kind for s in form.own_signatures}
    same = [s for s in record.signatures if s.kind in kinds and not s.lapsed and wanted.by in {"", s.by}]
    same = [s for s in without_paper(form, record) if s in same] or same
    if not same or (not wanted.kind and len({(s.kind, s.by) for s in same}) > 1):
        return wanted
    return replace(wanted, kind=same[-1].kind, by=same[-1].by, on=wanted.on or same[-1].on)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_plain(v) for v in value)
    if isinstance(value, dict):
        return " / ".join(_plain(v) for v in value.values())
    text = "" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"
