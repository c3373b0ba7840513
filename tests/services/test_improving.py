"""Candidates for items of improvement (S.2): offered by records, an item begun with one, nothing typed twice (5.10.2)."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from qrecords.errors import NotFound, UsageError
from qrecords.model.access import Grant
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.finding.find import show
from qrecords.services.improving import candidates, item_file
from qrecords.services.intake.fill import fill
from qrecords.stores.given import GivenFile
from tests.services.test_report_figures import keep, submitted
from tests.web.test_desk import Browser

WISH, ANGRY, SUGGESTED, UNHAPPY = (f"QR758-{n}" for n in (
    "01A-2026-00005", "01A-2026-00007", "11A-2026-00008", "07A-2026-00009"))  # fmt: skip
REPEATED, CATEGORY = "QR758-06A-2026-00002", "类别-元器件"


@pytest.fixture
def office(office: Office) -> Office:
    """Return an office of four faults, two of one unit, what users said, and one who is not content."""

    def one(code: str, n: int, **values: Any) -> Record:
        return submitted(code, n, f"2026-02-{n:02}", values.pop("state", State.SUBMITTED), **values)

    def fault(n: int, serial: str, category: str, **values: Any) -> Record:
        said = {"service_category": "返厂维修", "repair_conclusion": "修复", "fault_symptom": f"示例{n}"}
        return one("06A", n, serial_no=serial, fault_category=category, **said | values)

    def told(n: int, kind: str, impact: str, **values: Any) -> Record:
        said = {"info_type": [kind], "future_impact": impact, "handled_on": "2026-02-20", "info_content": f"示例{n}"}
        return one("01A", n, **said | values)

    keep(
        office,
        [
            fault(1, "01", "元器件"),
            fault(2, "０１", "元器件", secrecy_level="秘密"),  # the same unit, written wide
            fault(3, "02", "元器件"),
            fault(4, "03", "软件"),
            told(5, "建议", "影响后续订货"),
            told(6, "投诉", "无影响"),
            told(7, "投诉", "可能改用别家"),
            told(10, "意见", "影响", handled_on=None),
            told(11, "咨询", "影响"),
            told(12, "意见", "影响", military_branch="空军", customer_unit="丁部队"),
            told(13, "意见", "影响", state=State.VOID),
            submitted("01A", 14, "2025-02-01", info_type=["意见"], future_impact="影响", handled_on="2025-02-02"),
            one("11A", 8, suggestions="加装滤网"),
            one("11A", 15, suggestions="无"),
            one("07A", 9, response_rating="不满意", user_sign_date="2026-02-09", user_comments="来得太晚"),
        ],
    )
    return office


def keys(office: Office) -> list[str]:
    return [c.key for c in candidates(office).candidates]


def test_what_is_offered(office: Office) -> None:
    """Closed and of consequence, suggested, not content, broken again, the most frequent: each by its records."""
    found = {c.key: c for c in candidates(office).candidates}
    assert [*found] == [UNHAPPY, WISH, ANGRY, "QR758-01A-2026-00012", SUGGESTED, REPEATED, CATEGORY]
    assert {k: c.kind for k, c in found.items()} == {
        UNHAPPY: "满意度预警", WISH: "用户意见建议", ANGRY: "投诉", "QR758-01A-2026-00012": "用户意见建议",
        SUGGESTED: "用户意见建议", REPEATED: "故障", CATEGORY: "故障",
    }  # fmt: skip
    assert found[UNHAPPY].problem == "甲部队不满意：来得太晚"
    assert found[REPEATED].sources == ("QR758-06A-2026-00001", REPEATED) and "报故障2次" in found[REPEATED].problem
    assert found[REPEATED].secrecy_level == "秘密", "as its most secret record"
    assert found[CATEGORY].problem == "故障类别「元器件」最多：3次，共4次"


def test_what_an_account_may_not_read_is_not_offered(office: Office) -> None:
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor", branch="空军"),)))
    assert keys(narrow) == ["QR758-01A-2026-00012"]
    with pytest.raises(NotFound, match="没有编号为"):
        item_file(narrow, WISH, "改进项.xlsx")


def test_an_item_begun_with_one_comes_back_and_it_is_offered_no_more(office: Office) -> None:
    assert _made(office, ANGRY)["source_kind"] == "投诉"
    values = _made(office, REPEATED)
    assert [s["record_no"] for s in values["sources"]] == ["QR758-06A-2026-00001", REPEATED]
    assert (values["raised_on"], values["subject"], values["secrecy_level"]) == (office.today(), "产品", "秘密")
    _made(office, CATEGORY)
    assert keys(office) == [UNHAPPY, WISH, "QR758-01A-2026-00012", SUGGESTED]
    with pytest.raises(UsageError, match="扩展名"):
        item_file(office, WISH, "改进项.pdf")


def _made(office: Office, key: str) -> dict[str, Any]:
    """Return what an item says that was begun with a candidate and filled in with who is to see to it."""
    book = openpyxl.load_workbook(BytesIO(item_file(office, key, "改进项.xlsx")))
    main = book.worksheets[1]
    heads = {str(c.value).rstrip("*"): c.column for c in main[1]}
    more = {"责任单位": "甲所", "责任人": "示例甲", "要求完成": "2026-05-31"}
    if main.cell(2, heads["密级"]).value == "秘密":
        more["保密期限"] = "10年"
    for head, value in more.items():
        main.cell(2, heads[head]).value = value
    stream = BytesIO()
    book.save(stream)
    (made,) = fill(office, "GJ", [GivenFile("改进项.xlsx", stream.getvalue())], same_again=True).records
    return dict(show(office, made.record_no).values)


def test_at_the_desk_an_item_is_begun_with_one(office: Office) -> None:
    browser = Browser(office).enter()
    assert 'href="/improve"' in browser.get("/fill")
    page = browser.get("/improve")
    assert all(f'value="{key}"' in page for key in keys(office))
    begun = browser.get(browser.post("/improve", {"key": WISH}).headers["location"])
    assert f'value="{WISH}"' in begun and "示例5" in begun
    assert browser.post("/improve", {"key": "没有"}).status_code == 404
