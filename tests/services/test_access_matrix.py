"""Every role × action × form × whose × unit × level × state × topic against the table made by hand from domain rule A.8.

`access_matrix.csv`: a row for each action, a column for each role. A cell is `-` (never), `yes` (about no record), or ways
separated by `;`, each `forms[/whose[/states[/topics]]]`; `*` are all forms.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from functools import cache
from itertools import chain, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.cli.wording import worded
from qrecords.model.access import (
    HIGHEST,
    ONE_DESK,
    Account,
    Grant,
    Right,
    Role,
    Rules,
    Scope,
    Subject,
    decide,
    readable,
    roles_with,
    seen_units,
    sees,
    sight,
    tags_of,
)
from qrecords.model.apart import UNIT, Place, held, values_without
from qrecords.model.record import Action, Record, Signed, State
from qrecords.model.roles import ADMINISTRATION, read_roles
from qrecords.model.textnorm import normalise
from qrecords.stores.accessfile import template
from qrecords.stores.fulltext.interface import Document, Filters
from qrecords.stores.fulltext.matching import Facts, passes
from tests.conftest import CHECKOUT

ROWS = [*csv.DictReader((CHECKOUT / "tests/access_matrix.csv").open(encoding="utf-8"))]
TABLE = {row["action"]: row for row in ROWS if not row["action"].startswith("sees ")}
SEES = {row["action"].removeprefix("sees "): row for row in ROWS if row["action"].startswith("sees ")}
ROLES, PROBLEMS = read_roles(tomllib.loads(template().decode()), "QR758")
RULES = Rules("single-desk", ROLES, "2026-03-04")
STRICT = Rules("strict", ROLES, "2026-03-04")
APART = replace(RULES, apart=("YB758-YB",))
LESS = replace(RULES, apart=("QR758-06A",))
FORMS = [f"{n:02d}A" for n in range(1, 12)]
OTHERS = [
    "KF758-JH",
    "KF758-BJ",
    "KF758-RY",
    "TZ758-TZ",
    "FX758-FX",
    "YB758-YB",
]  # what the other series add: walked less widely
UNITS = ("", "示例一所", "示例二所")
TOPICS = {"complaint": ("投诉", "抱怨", "质量信息")}
NO_RECORD = {Action.KEEP_LISTS, Action.VERIFY, Action.ADMINISTER, Action.ACCOUNTS, Action.RIGHTS}
NO_RECORD |= {Action.AUDIT_READ, Action.AUDIT_EXPORT, Action.AUDIT_CLOSE}
NO_RECORD |= {a for a in Action if a.value.startswith("report-")}  # about documents: test_report_rights.py


def an_account(role: str, **changes: object) -> Account:
    return Account(**{"name": "a", "display_name": "示例甲", "uid": None, "unit": "示例一所",
                      "grants": (Grant(role),), **changes})  # fmt: skip


@cache
def ways(cell: str) -> list[list[str]]:
    return [] if cell == "-" else [[*way.strip().split("/"), "", "", ""][:4] for way in cell.split(";")]


def by_hand(cell: str, subject: Subject) -> bool:
    """Read a cell of the table the way its author reads it."""
    for forms, whose, states, topics in ways(cell):
        if (
            (
                (forms == "*" and subject.form_code not in APART.apart)
                or subject.form_code.removeprefix("QR758-") in forms.split()
            )
            and (whose != "own" or subject.own)
            and (whose != "unit" or subject.unit == "示例一所")
            and (not states or subject.state in states.split())
            and (not topics or any(t in TOPICS[topics] for t in subject.topics))
        ):
            return True
    return False


def test_the_template_is_sound_and_the_table_has_every_role_and_action() -> None:
    assert PROBLEMS == []
    assert list(TABLE) and set(TABLE) == {a.value for a in Action}, "a new action needs a row in access_matrix.csv"
    assert {name for name in next(iter(TABLE.values())) if name not in {"action", "A.8"}} == set(ROLES)
    for row in ROWS:
        assert all(row[role] for role in ROLES), f"{row['action']} has an empty cell"


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_do_what_the_table_says_and_nothing_else(role: str) -> None:
    cases, actions = 0, [a for a in sorted(Action) if a not in NO_RECORD]
    accounts = [an_account(role, clearance=level) for level in range(HIGHEST + 1)]
    wide = product(FORMS, UNITS, (True, False), range(HIGHEST + 1), sorted(State), (("咨询",), ("咨询", "投诉")))
    less = product(OTHERS, UNITS, (True, False), (1,), (State.DRAFT, State.FILED), ((),))
    for form, unit, own, level, state, topics in chain(wide, less):
        if form != "01A" and "投诉" in topics:
            continue  # the topic stands on this form alone
        code = form if "-" in form else f"QR758-{form}"
        if code in APART.apart and role == "desk":
            continue  # `*` reaches it there alone: below
        subject = Subject(True, code, unit, "", level, state.value, topics, own)
        reads = by_hand(TABLE["read"][role], subject)
        for action in actions:
            clearance = cases % (HIGHEST + 1)  # every level meets every clearance
            cleared = level <= clearance
            expected = cleared and (reads or action is Action.CREATE) and by_hand(TABLE[action.value][role], subject)
            found = decide(accounts[clearance], action, subject, APART)
            assert found.allowed is expected, (action, subject, clearance)
            assert found.hidden is (action is not Action.CREATE and not (cleared and reads)), (action, subject)
            assert found.allowed or found.hidden or found.reason
            cases += 1
    assert cases > 10_000
    for action in sorted(NO_RECORD):
        assert decide(accounts[0], action, Subject(), RULES).allowed is (TABLE[action.value][role] == "yes")


def test_every_form_level_state_and_clearance_met() -> None:
    """The walk above takes clearances in turn; here reading meets each level with each clearance."""
    for level, clearance in product(range(HIGHEST + 1), repeat=2):
        subject = Subject(True, "QR758-06A", level=level, state="filed")
        found = decide(an_account("supervisor", clearance=clearance), Action.READ, subject, RULES)
        assert found.allowed is (level <= clearance)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_unit_with_a_part_in_a_record_reads_it_and_does_nothing_else(role: str) -> None:
    """A case of several makers: who acts for its unit reads it for another of them alone; other roles see no difference."""
    account, form = an_account(role), "FX758-FX"
    its, other, none = (
        Subject(True, form, unit, "", 1, "submitted", others=others)
        for unit, others in (
            ("示例一所", ("示例二所",)),
            ("示例二所", ("示例三所", "示例 一所")),
            ("示例二所", ("示例三所",)),
        )
    )
    for action in (a for a in sorted(Action) if a not in NO_RECORD):
        told = [decide(account, action, subject, APART).allowed for subject in (its, other, none)]
        if role == "unit":
            assert told == [told[0], action is Action.READ, False], action
        else:
            assert len(set(told)) == 1, action
    if decide(account, Action.READ, other, APART).allowed:
        mine = frozenset({normalise("示例一所")}) if role == "unit" else None
        assert seen_units(account, other, APART) == seen_units(account, its, APART) == mine


def test_a_unit_sees_its_own_part_and_what_is_everybodys() -> None:
    places = [Place(UNIT, "found"), Place(UNIT, "makers", "maker", frozenset({"甲"}))]
    values = {
        "found": "x",
        "shared": "y",
        "makers": [{"maker": " 甲", "on": "1"}, {"maker": "乙", "on": "2"}, {"on": "3"}],
    }
    assert values_without(values, places) == {"shared": "y", "makers": [{"maker": " 甲", "on": "1"}]}
    assert values_without({"makers": [{"maker": "乙"}]}, places) == {}, "that there are others is not told"
    assert [p.path for p in held(places, values, [])] == ["found", "makers"]
    assert held(places, {"makers": [{"maker": "甲"}]}, []) == []
    assert [p.path for p in held(places, {}, [{"makers": [[{"maker": "乙"}], None]}])] == ["makers"]
    signed = Record(
        "n",
        "f",
        2026,
        State.FILED,
        values,
        "",
        "2026-01-01",
        "",
        "",
        "",
        signatures=(Signed("maker", "x", "2026-01-01"),),
    )
    assert signed.without(places).signatures == () and signed.without(places[1:]).signatures == signed.signatures


def test_administrators_are_kept_apart() -> None:
    for one, other in product(sorted(ADMINISTRATION), ["supervisor", "archivist", "reader", "desk"]):
        both = an_account(one, grants=(Grant(one), Grant(other)))
        record = Subject(True, "QR758-06A", state="filed")
        assert decide(both, Action.READ, record, RULES).hidden
        assert readable(both, RULES) == ()
    names = [
        {r.name for r in roles_with(a, Subject(), STRICT)} for a in (Action.ACCOUNTS, Action.RIGHTS, Action.AUDIT_READ)
    ]
    assert names == [{"sysadmin"}, {"secadmin"}, {"auditor"}]


def test_strict_refuses_what_a_single_desk_allows() -> None:
    mine = Subject(True, "QR758-06A", state="submitted", own=True, authored=True)
    desk, supervisor = an_account("desk"), an_account("supervisor")
    assert decide(desk, Action.REVIEW, mine, RULES).allowed
    assert decide(desk, Action.REVIEW, mine, STRICT).hidden
    assert decide(supervisor, Action.REVIEW, mine, RULES).allowed
    refused = decide(supervisor, Action.REVIEW, mine, STRICT)
    assert not refused.allowed and "四眼" in refused.reason and "另一位" in refused.remedy
    assert decide(desk, Action.REVIEW).allowed  # the rules of one desk are the default
    assert ONE_DESK.separation == "single-desk"


def test_a_refusal_names_the_right_and_the_roles_that_have_it() -> None:
    subject = Subject(True, "QR758-02A", state="submitted")
    refused = decide(an_account("clerk"), Action.REVIEW, subject, STRICT)
    assert "「审查」" in refused.reason and "QR758-02A" in refused.reason
    remedy = worded(refused.remedy)
    assert "管理信息部主管（supervisor）" in remedy and "desk" not in remedy


@pytest.mark.parametrize(
    ("grant", "fits", "other"),
    [
        (Grant("supervisor", unit="示例一所"), {"unit": "示例一所"}, {"unit": "示例二所"}),
        (Grant("supervisor", unit="示例一所"), {"unit": " 示例一所"}, {"unit": ""}),
        (Grant("milrep", branch="海军"), {"branch": "海军"}, {"branch": "空军"}),
        (Grant("unit", unit="示例二所"), {"unit": "示例二所"}, {"unit": "示例一所"}),
    ],
)
def test_a_grant_can_be_limited_to_a_unit_or_a_branch(
    grant: Grant, fits: dict[str, str], other: dict[str, str]
) -> None:
    account = an_account(grant.role, grants=(grant,))
    here, there = (Subject(True, "QR758-06A", state="filed", **values) for values in (fits, other))  # type: ignore[arg-type]
    assert decide(account, Action.READ, here, RULES).allowed
    assert decide(account, Action.READ, there, RULES).hidden


def test_a_role_of_a_unit_reaches_nothing_for_an_account_without_one() -> None:
    account = an_account("unit", unit="")
    assert decide(account, Action.READ, Subject(True, "QR758-06A", unit="", state="filed"), RULES).hidden
    assert readable(account, RULES) == ()


@pytest.mark.parametrize(
    ("since", "until", "day", "allowed"),
    [
        ("2026-03-04", "", "2026-03-04", True),
        ("2026-03-05", "", "2026-03-04", False),
        ("", "2026-03-04", "2026-03-04", True),
        ("", "2026-03-03", "2026-03-04", False),
    ],
)
def test_a_grant_holds_in_its_period(since: str, until: str, day: str, allowed: bool) -> None:
    account = an_account("reader", grants=(Grant("reader", since=since, until=until),))
    assert decide(account, Action.READ, Subject(), Rules("strict", ROLES, day)).allowed is allowed


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"expires_on": "2026-03-03"}], ids=["disabled", "expired"]
)  # fmt: skip
def test_an_account_out_of_use_does_nothing(changes: dict[str, object]) -> None:
    account = an_account("desk", **changes)
    for action in sorted(Action):
        refused = decide(account, action, Subject(), RULES)
        assert not refused.allowed and "请" in refused.remedy
    assert readable(account, RULES) == ()
    assert decide(an_account("desk", expires_on="2026-03-04"), Action.READ, Subject(), RULES).allowed


def test_forms_kept_apart_are_reached_by_rights_that_name_them() -> None:
    """Who is on the reserve's roster is for its keeper, who approves, and the single desk (R163); for no right by `*`."""
    apart, record = replace(STRICT, apart=("YB758-YB",)), Subject(True, "YB758-YB", state="filed", own=True)
    assert {r.name for r in roles_with(Action.READ, record, apart)} == {"reserve-keeper", "leader"}
    for role, action in product(sorted(ROLES.keys() - {"reserve-keeper", "leader"}), sorted(Action)):
        if action not in NO_RECORD:
            assert not decide(an_account(role), action, record, apart).allowed, (role, action)
    assert decide(an_account("desk"), Action.READ, record, replace(apart, separation="single-desk")).allowed
    named = {
        **{n: r for n, r in ROLES.items() if n not in {"reserve-keeper", "leader"}},
        "roster": Role("roster", "", (Right(frozenset({"read", "submit"}), ("YB758-YB",)),)),
    }
    holder = an_account("supervisor", grants=(Grant("supervisor"), Grant("roster")))
    told = replace(apart, roles=named)
    assert decide(holder, Action.SUBMIT, record, told).allowed and decide(holder, Action.READ, record, told).allowed
    assert not decide(holder, Action.REVIEW, record, told).allowed
    assert [r.name for r in roles_with(Action.READ, Subject(form_code="YB758-YB"), told)] == ["roster"]
    assert readable(an_account("supervisor"), apart) == (Scope(but=("YB758-YB",)),)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_sees_of_what_is_kept_apart_what_the_table_says(role: str) -> None:
    """Prices are for who decides and who plans, and for whoever the signed paper goes through the hands of."""
    by = sight(an_account(role), RULES)
    cell = SEES["price"][role]
    for code in ("KF758-JH", "KF758-BJ", "FX758-FX", "TZ758-TZ", "QR758-06A"):
        subject = Subject(True, code, state="filed", own=True, unit="示例一所")
        seen = {"price"} if by is None else sees(an_account(role), subject, by)
        assert seen == ({"price"} if by_hand(cell, subject) else set()), code
    assert (by is None) is (role == "desk")


def test_an_account_sees_by_the_right_that_reaches_the_record() -> None:
    """A leader of one branch sees the prices of that branch; beside it, read by another role, none."""
    account = an_account("x", grants=(Grant("supervisor", branch="海军"), Grant("reader", until="2026-12-31")))
    by = sight(account, RULES)
    assert by is not None
    told = {b: sees(account, Subject(True, "FX758-FX", branch=b, state="filed"), by) for b in ("海军", "空军")}
    assert told == {"海军": {"price"}, "空军": frozenset()}
    gone = replace(account, grants=(Grant("supervisor", until="2026-03-03"),))
    assert sight(gone, RULES) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[roles.clerk]\nrights = [{ actions = ['read'], sees = ['价格'] }]", "sees 里的"),
        ("[roles.clerk]\nrights = [{ actions = ['sign'], sees = ['price'] }]", "要有 read"),
        ("apart = ['6A']\n[roles.clerk]\nlabel = 'x'", "应如 06A"),
        ("apart = '06A'\n[roles.clerk]\nlabel = 'x'", "apart 应为"),
        ("[roles.clerk]\nrights = [{ actions = ['raed'] }]", "raed"),
        ("[roles.clerk]\nrights = [{ actions = ['*'] }]", "只能给 desk"),
        ("[roles.clerk]\nrights = [{ actions = ['rights'] }]", "只属于三员"),
        ("[roles.sysadmin]\nrights = [{ actions = ['read'] }]", "三员分立"),
        ("[roles.clerk]\nrights = [{ actions = ['read'], forms = ['6A'] }]", "应如 06A"),
        ("[roles.clerk]\nrights = [{ actions = ['read'], whose = 'mine' }]", "mine"),
        ("[roles.clerk]\nrights = [{ actions = ['read'], up_to = '绝密' }]", "绝密"),
        ("[roles.clerk]\nrights = [{ action = ['read'] }]", "没有 action"),
        ("[roles.clerk]\nright = 3", "没有 right"),
        ("[roles.clerk]\nrights = 3", "rights 应为"),
        ("[roles.clerk]\nneeds = 'unit'", "needs 应为"),
        ("roles = 3", "roles"),
        ("[rolls]", "只能有"),
        ("", "只能有"),
        ("[roles.clerk]\nlabel = 'x'", "缺少 [roles.sysadmin]"),
    ],
)
def test_a_wrong_word_in_the_roles_is_told(text: str, told: str) -> None:
    _, problems = read_roles(tomllib.loads(text), "QR758")
    assert any(told in p.message for p in problems), problems


_WORDS = st.sampled_from(["", "示例一所", "示例二所"])
RECORDS = st.builds(
    lambda form, unit, made, notice, branch, level, state, topics: Record(
        record_no=f"QR758-{form}-2026-00001", form_code=f"QR758-{form}", year=2026, state=state, title="", date="2026-03-04",
        customer_unit="", created_at="", created_by=made,
        values={"performed_by": "相关单位", "performing_unit": unit, "notice_no": notice, "military_branch": branch,
                "secrecy_level": level, "info_type": topics} | ({"staff": []} if form == "04A" else {}),
    ),
    st.sampled_from(FORMS), _WORDS, st.sampled_from(["a", "b"]), st.sampled_from(["", "QR758-04A-2026-00001", "QR758-04A-2026-00002"]),
    st.sampled_from(["海军", "空军"]), st.sampled_from(["", "公开", "内部", "秘密", "机密", "绝密"]), st.sampled_from(sorted(State)),
    st.lists(st.sampled_from(["投诉", "咨询"]), unique=True),
)  # fmt: skip
GRANTS = st.lists(
    st.builds(Grant, st.sampled_from(sorted(ROLES)), unit=_WORDS, branch=st.sampled_from(["", "海军"])), max_size=3
)


@given(RECORDS, GRANTS, _WORDS, st.integers(0, HIGHEST), st.sampled_from([RULES, STRICT, LESS]))
def test_the_filter_inside_a_query_says_what_the_decision_says(
    record: Record, grants: list[Grant], unit: str, clearance: int, rules: Rules
) -> None:
    account = Account("a", "示例甲", None, True, unit, clearance, tuple(grants))
    notices = {"QR758-04A-2026-00001"}
    subject = Subject.of(record, account, notices)
    document = Document(
        record.record_no, 1, record.form_code, 2026, record.state.value, record.date, "", "", "",
        subject.unit, subject.level, (), tags_of(record),
    )  # fmt: skip
    scopes = readable(account, rules, notices)
    inside = passes(Facts.of(document, ()), Filters(readable=scopes))
    assert inside is decide(account, Action.READ, subject, rules).allowed


def test_a_scope_without_limits_is_everything() -> None:
    assert readable(an_account("supervisor"), RULES) is None
    assert readable(an_account("supervisor", clearance=1), RULES) == (Scope(max_secrecy=1),)
