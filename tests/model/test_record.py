"""The way of a record: the exhaustive table of state and action, and what a step asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qrecords.cli.wording import worded
from qrecords.errors import WrongState
from qrecords.model.form import Form
from qrecords.model.record import (
    STATE_LABELS,
    STEADY,
    TRANSITIONS,
    Action,
    Record,
    Signed,
    State,
    missing_before,
    open_actions,
    record_year,
    require_open,
    unchangeable,
)
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import FORMS

FORM = Form.model_validate(
    {
        "code": "QR758-06A",
        "title": "维修服务报告",
        "layout": "portrait",
        "date_field": "done_on",
        "title_fields": ["model"],
        "stages": [{"key": "report", "label": "填写"}, {"key": "closing", "label": "收尾"}],
        "fields": [
            {"key": "done_on", "label": "完成日期", "type": "date", "stage": "report", "required": True},
            {"key": "model", "label": "型号", "type": "text", "stage": "report", "required": True},
            {"key": "on_site", "label": "现场", "type": "bool", "stage": "report", "required": True},
            {"key": "remark", "label": "备注", "type": "text", "stage": "closing", "required": True},
        ],
        "signatures": [
            {"kind": "customer-signature", "label": "用户签名"},
            {"kind": "customer-seal", "label": "用户公章"},
        ],
        "steps": {
            "submit": {"stages": ["report"]},
            "review": {},
            "file": {
                "stages": ["report", "closing"],
                "signatures": [
                    {
                        "any_of": ["customer-signature", "customer-seal"],
                        "when": {"field": "on_site", "among": [True]},
                        "clause": "QS/PA758A 5.5.5",
                    }
                ],
            },
        },
        "retention": {"year_of": "review"},
    }
)

RECORD = Record(
    record_no="QR758-06A-2025-00001",
    form_code="QR758-06A",
    year=2025,
    state=State.DRAFT,
    values={"done_on": "2025-12-30", "model": "示例型号", "on_site": True},
    title="",
    date="2025-12-30",
    customer_unit="",
    created_at="",
    created_by="",
)

D, I, S, R = State.DRAFT, State.ISSUED, State.SUBMITTED, State.REVIEWED
F, B, X, V = State.FILED, State.BOUND, State.DESTROYED, State.VOID
WAYS = {  # written by hand from the design's "States"; what is not here is refused
    (D, Action.SUBMIT): S,
    (S, Action.REVIEW): R,
    (S, Action.RETURN): D,
    (R, Action.RETURN): D,
    (D, Action.VOID): V,
    (S, Action.VOID): V,
    (R, Action.VOID): V,
    (R, Action.FILE): F,
    (F, Action.BIND): B,
    **{(s, a): s for s in (D, S, R) for a in (Action.UPDATE, Action.SIGN, Action.ATTACH, Action.PRINT)},
    **{(s, a): s for s in (F, B) for a in (Action.PRINT, Action.CORRECT, Action.SIGN, Action.ATTACH)},
}
NOTICE_WAYS = {k: v for k, v in WAYS.items() if k != (D, Action.SUBMIT)} | {
    (D, Action.ISSUE): I,
    (I, Action.SUBMIT): S,
    (I, Action.VOID): V,
    **{(I, a): I for a in (Action.UPDATE, Action.SIGN, Action.ATTACH, Action.PRINT)},
}
STEPS = (Action.ISSUE, Action.SUBMIT, Action.REVIEW, Action.RETURN, Action.VOID, Action.FILE, Action.BIND)
MOVES = [*STEADY, *STEPS]
CATALOGUE = FormCatalogue(FORMS)


def test_the_table_below_knows_every_state_and_every_step_of_the_code() -> None:
    assert {D, I, S, R, F, B, X, V} == set(State)
    assert {action for _, action in TRANSITIONS} <= set(MOVES)


@pytest.mark.parametrize("code", CATALOGUE.codes())
@pytest.mark.parametrize("state", list(State))
def test_every_action_from_every_state_of_every_form(code: str, state: State) -> None:
    form = CATALOGUE.get(code).form
    ways = NOTICE_WAYS if code == "QR758-04A" else WAYS
    if state is I and code != "QR758-04A":
        return  # a form without an issue step never gets there: asserted by the table itself
    record = replace(RECORD, state=state, form_code=code)
    for action in MOVES:
        if (state, action) in ways:
            assert require_open(form, record, action) is ways[state, action], action
        else:
            with pytest.raises(WrongState, match="不能") as refused:
                require_open(form, record, action)
            assert STATE_LABELS[state] in refused.value.message
            assert refused.value.remedy
    assert set(open_actions(form, state)) == {a for s, a in ways if s is state}


def test_a_refusal_says_where_the_record_is_and_what_is_open() -> None:
    with pytest.raises(WrongState) as refused:
        require_open(FORM, RECORD, Action.FILE)
    assert "草稿" in refused.value.message
    assert "提交（submit）" in worded(refused.value.remedy)


def test_a_step_asks_for_its_stages() -> None:
    assert missing_before(FORM, RECORD, Action.SUBMIT) == []
    bare = replace(RECORD, values={"done_on": "2025-12-30"})
    assert [p.field for p in missing_before(FORM, bare, Action.SUBMIT)] == ["model", "on_site"]


@pytest.mark.parametrize("kind", ["customer-signature", "customer-seal"])
def test_an_on_site_report_needs_signature_or_seal_either_is_enough(kind: str) -> None:
    whole = replace(RECORD, values={**RECORD.values, "remark": "无"})
    (missing,) = missing_before(FORM, whole, Action.FILE)
    assert "QS/PA758A 5.5.5" in worded(missing.message)
    assert missing_before(FORM, replace(whole, signatures=(Signed(kind, "示例", "2025-12-31"),)), Action.FILE) == []


def test_work_at_home_needs_no_customer() -> None:
    at_home = replace(RECORD, values={**RECORD.values, "on_site": False, "remark": "无"})
    assert missing_before(FORM, at_home, Action.FILE) == []


def test_what_was_submitted_stands_and_later_stages_stay_open() -> None:
    submitted = replace(RECORD, state=State.SUBMITTED)
    assert [p.field for p in unchangeable(FORM, submitted, ["model", "remark"])] == ["model"]
    assert unchangeable(FORM, RECORD, ["model"]) == []


def test_a_report_belongs_to_the_year_of_its_review() -> None:
    reviewed = replace(RECORD, reviewed_on="2026-01-02")
    assert record_year(FORM, reviewed) == 2026
    by_event = FORM.model_copy(update={"retention": FORM.retention.model_copy(update={"year_of": "date_field"})})
    assert record_year(by_event, reviewed) == 2025


def test_open_actions_end_where_the_way_ends() -> None:
    assert open_actions(FORM, State.VOID) == []
