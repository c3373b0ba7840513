"""Who may do what with documents: a pure decision by their scope, never by the records there are (F.3, R95)."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from qrecords.model.access import HIGHEST, Account, DocumentScope, Grant, Rules, Subject, decide, decide_document
from qrecords.model.record import Action
from qrecords.model.roles import read_roles
from qrecords.stores.accessfile import template
from qrecords.stores.documentkinds import read_documents
from tests.conftest import FORMS
from tests.forms_at_three_fills import CATALOGUE

ROLES, _ = read_roles(tomllib.loads(template().decode()), "QR758")
RULES = Rules("strict", ROLES, "2026-03-04")
WHOLE = DocumentScope("KF-BB", level=1, state="issued")
NAVY, AIR = (DocumentScope("KF-JB", branch, 1, "issued") for branch in ("海军", "空军"))
OWN, NEAR = (replace(NAVY, milrep=name) for name in ("示例 甲室", "示例乙室"))
VISITS = DocumentScope("KF-ZB", level=1, state="drawn")
READ, DRAW = Action.REPORT_READ, Action.REPORT_DRAW


def holding(*grants: Grant, unit: str = "", clearance: int = HIGHEST) -> Account:
    return Account("a", "示例甲", None, True, unit, clearance, grants)


@pytest.mark.parametrize(
    ("grant", "action", "scope", "allowed"),
    [
        (Grant("supervisor"), DRAW, WHOLE, True),
        (Grant("supervisor"), DRAW, NAVY, True),
        (Grant("supervisor", branch="海军"), DRAW, NAVY, True),
        (Grant("supervisor", branch="海军"), READ, NAVY, True),
        (Grant("supervisor", branch="海军"), DRAW, AIR, False),
        (Grant("supervisor", branch="海军"), READ, AIR, False),
        (Grant("supervisor", branch="海军"), DRAW, WHOLE, False),
        (Grant("supervisor", branch="海军"), READ, WHOLE, False),
        (Grant("supervisor", unit="示例一所"), DRAW, WHOLE, False),
        (Grant("supervisor", unit="示例一所"), READ, NAVY, False),
        (Grant("milrep", branch="海军"), READ, NAVY, True),
        (Grant("milrep", branch="海军"), READ, AIR, False),
        (Grant("milrep", branch="海军"), READ, WHOLE, False),
        (Grant("milrep", branch="海军"), DRAW, NAVY, False),
        (Grant("milrep", branch="海军"), READ, DocumentScope("KF-JB", "海军", 1, "approved"), False),
        (Grant("milrep", branch="海军"), READ, OWN, True),
        (Grant("milrep", unit="示例甲室", branch="海军"), READ, OWN, True),
        (Grant("milrep", unit="示例甲室", branch="海军"), READ, NEAR, False),
        (Grant("milrep", unit="示例甲室", branch="海军"), READ, NAVY, False),
        (Grant("milrep", unit="示例甲室", branch="海军"), READ, replace(OWN, state="approved"), False),
        (Grant("milrep", unit="示例甲室", branch="空军"), READ, OWN, False),
        (Grant("supervisor", branch="海军"), DRAW, OWN, True),
        (Grant("supervisor", branch="空军"), DRAW, OWN, False),
        (Grant("supervisor", unit="示例甲室"), DRAW, OWN, True),
        (Grant("supervisor", unit="示例一所"), DRAW, OWN, False),
        (Grant("planner"), DRAW, VISITS, True),
        (Grant("planner"), READ, VISITS, True),
        (Grant("planner"), READ, WHOLE, False),
        (Grant("planner"), DRAW, WHOLE, False),
        (Grant("centre-leader"), Action.REPORT_REVIEW, VISITS, True),
        (Grant("quality"), READ, VISITS, False),
        (Grant("quality"), READ, WHOLE, True),
        (Grant("quality"), READ, NAVY, False),
        (Grant("leader"), Action.REPORT_APPROVE, WHOLE, True),
        (Grant("leader"), Action.REPORT_REVIEW, WHOLE, False),
        (Grant("centre-leader"), Action.REPORT_REVIEW, WHOLE, True),
        (Grant("centre-leader"), Action.REPORT_APPROVE, WHOLE, False),
        (Grant("clerk"), READ, WHOLE, False),
        (Grant("reader"), READ, WHOLE, False),
        (Grant("sysadmin"), READ, WHOLE, False),
    ],
)
def test_a_grant_reaches_the_documents_of_its_scope(
    grant: Grant, action: Action, scope: DocumentScope, allowed: bool
) -> None:
    found = decide_document(holding(grant), action, scope, RULES)
    assert found.allowed is allowed
    assert found.allowed or found.hidden or ("请" in str(found.remedy) and found.reason)


def test_what_may_not_be_read_is_hidden_and_drawing_says_why() -> None:
    navy = holding(Grant("supervisor", branch="海军"))
    assert decide_document(navy, READ, WHOLE, RULES).hidden
    assert decide_document(navy, Action.REPORT_ISSUE, WHOLE, RULES).hidden
    refused = decide_document(navy, DRAW, WHOLE, RULES)
    assert not refused.hidden and "全中心" in refused.reason
    refused = decide_document(holding(Grant("milrep", branch="海军")), Action.REPORT_ISSUE, NAVY, RULES)
    assert not refused.hidden and "登记" not in refused.reason and "报送文件" in refused.reason


def test_the_clearance_is_asked_before_anything_is_read() -> None:
    secret = DocumentScope("KF-BB", level=2)
    assert not decide_document(holding(Grant("supervisor"), clearance=1), DRAW, secret, RULES).allowed
    assert decide_document(holding(Grant("supervisor"), clearance=2), DRAW, secret, RULES).allowed


def test_the_desk_does_all_and_strict_takes_it_away() -> None:
    single = Rules("single-desk", ROLES, "2026-03-04")
    assert all(decide_document(holding(Grant("desk")), a, WHOLE, single).allowed for a in (READ, DRAW))
    assert not decide_document(holding(Grant("desk")), DRAW, WHOLE, RULES).allowed


def test_roles_of_an_older_program_are_told_which_right_to_add() -> None:
    older, _ = read_roles(tomllib.loads(template().decode().replace('"report-draw", ', "")), "QR758")
    refused = decide_document(holding(Grant("supervisor")), DRAW, WHOLE, Rules("strict", older, "2026-03-04"))
    assert not refused.allowed and not refused.hidden
    assert "access.toml" in str(refused.remedy) and "report-draw" in str(refused.remedy)


SIGNING = {"drafter": DRAW, "reviewer": Action.REPORT_REVIEW, "approver": Action.REPORT_APPROVE}


def test_each_kind_of_document_has_roles_that_draw_and_sign_it() -> None:
    """Whatever documents.toml has and whoever signs it: some role of a strict office does so (F.6)."""
    kinds = read_documents(FORMS).kinds
    assert {"BB", "JB", "BZ", "MY", "ZB"} <= kinds.keys()
    for key, kind in kinds.items():
        scope = DocumentScope(f"KF-{key}", "海军" if kind.scope == "branch" else "", 1, "drawn")
        for hand in {hand for hands in kind.signatures.values() for hand in hands} & SIGNING.keys():
            able = {
                name for name in ROLES if decide_document(holding(Grant(name)), SIGNING[hand], scope, RULES).allowed
            }
            assert able, (key, hand)
        assert any(
            decide_document(holding(Grant(name)), READ, scope, RULES).allowed for name in ("leader", "supervisor")
        )


def test_each_form_of_plans_and_packs_has_roles_that_make_and_sign_it() -> None:
    """Every form beside the eleven is made, reviewed and filed by roles the template has, and signed where a leader signs."""
    for code in (code for code in CATALOGUE.codes() if not code.startswith("QR758-")):
        form, record = CATALOGUE.get(code).form, Subject(True, code, level=1, state="submitted")

        def able(action: Action, about: Subject = record) -> set[str]:
            return {name for name in ROLES if decide(holding(Grant(name)), action, about, RULES).allowed}

        assert able(Action.CREATE) and able(Action.SUBMIT), code
        assert able(Action.REVIEW) and able(Action.FILE), code
        for kind in {signature.kind for signature in form.signatures} & LEADERS.keys():
            assert LEADERS[kind] in able(Action.SIGN), (code, kind)


LEADERS = {"centre-leader": "centre-leader", "company-leader": "leader", "approver": "leader"}
