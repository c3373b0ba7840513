"""A destruction through HTTP by several people, and every shortcut of the destruction tests refused there; copies."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import lxml.html
import pytest

from qrecords.errors import IntegrityFailure
from qrecords.model.access import Account
from qrecords.model.hashwords import CHARACTERS, hash_words
from qrecords.office import Office
from qrecords.services import jobs, making
from qrecords.services.disposition import lists
from qrecords.services.disposition.hold import holds
from qrecords.services.finding.find import show
from qrecords.web.wording import worded
from tests import retention_office as kept
from tests.faulty_disk import blank_pdfs
from tests.retention_cheats import CHEATS
from tests.retention_office import LIST_NO, TODAY, VOLUME, A, C, People
from tests.web.test_desk import Browser

pytestmark = pytest.mark.office


def add_people(office: Office, *names: str) -> None:
    with office.register.write() as tx:
        for name in names:
            tx.accounts.add(Account(name, f"示例{name}", f"uid-{name}"), office.now())
            tx.audit.append([office.event("accounts", f"account/{name}")])


Person = Callable[[str], Browser]


def browser_of(people: People) -> Person:
    """Return who gives each of them a browser, one a name."""
    browsers: dict[str, Browser] = {}

    def of(name: str) -> Browser:
        if name not in browsers:
            browsers[name] = Browser(people(name)).enter()
        return browsers[name]

    of.people = people  # type: ignore[attr-defined]
    return of


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Give the browser of a person of the retention tests' office."""
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    with kept.opened(kept.copied(tmp_path)) as people:
        add_people(people.office, "甲", "乙", "丙", "丁", "戊")
        yield browser_of(people)


def people_of(person: Person) -> People:
    return person.people  # type: ignore[attr-defined, no-any-return]


def take(browser: Browser, step: str, status: int = 303, **sent: str | list[str]) -> str:
    answer = browser.post(f"/retention/{step}", sent)
    assert answer.status_code == status, answer.text
    return str(answer.text)


def own(browser: Browser, number: str = LIST_NO) -> set[str]:
    """Return the steps of a list a person's page has buttons for."""
    return set(re.findall(r'action="/retention/(\w+)"', browser.get(f"/retention/lists/{number}")))


def code(person: Person) -> str:
    return str(lists.get(people_of(person)("甲"), LIST_NO).sha256)


def test_four_people_destroy_and_each_sees_his_own_step_alone(person: Person) -> None:
    first, second, third, fourth = map(person, ("甲", "乙", "丙", "丁"))
    assert VOLUME in first.get("/retention")
    assert "没有选中" in take(first, "appraise", 409, reason="示例")
    take(first, "appraise", 409, number=[kept.ITEM_A], reason="示例")  # bound in a volume that is not on the list
    take(first, "appraise", number=[VOLUME, C, kept.ITEM_ROWS], reason="无继续保存价值")
    take(first, "appraise", 409, number=[VOLUME], reason="又一次")
    assert own(first) == {"withdraw"}
    take(first, "approve", 403, list=LIST_NO)
    take(third, "witness", 409, list=LIST_NO, hash=code(person), on=TODAY)
    take(person("戊"), "destroy", 409, list=LIST_NO)
    assert own(second) == {"approve", "withdraw"}
    take(second, "approve", list=LIST_NO)
    take(second, "approve", 409, list=LIST_NO)
    assert own(second) == {"withdraw"}
    take(second, "witness", 403, list=LIST_NO, hash=code(person), on=TODAY)
    take(second, "destroy", 403, list=LIST_NO)
    shown = {person(name).get(f"/retention/lists/{LIST_NO}") for name in ("甲", "丙")}
    assert all(hash_words(code(person)) in page for page in shown), "the same words on every screen"
    take(third, "witness", 422, list=LIST_NO, hash=code(person)[:15], on=TODAY)
    take(third, "witness", 422, list=LIST_NO, hash="0" * 64, on=TODAY)
    take(third, "witness", 422, list=LIST_NO, hash=code(person), on="2026-03-03")
    take(third, "witness", 422, list=LIST_NO, hash=code(person), on="")
    take(third, "witness", list=LIST_NO, hash=code(person)[:16], on=TODAY)
    take(third, "witness", 403, list=LIST_NO, hash=code(person), on=TODAY)
    assert "witness" not in own(third)
    take(person("戊"), "destroy", 409, list=LIST_NO)  # one witness
    take(first, "witness", list=LIST_NO, hash=code(person), on=TODAY)
    for name in ("乙", "丙", "甲"):
        take(person(name), "destroy", 403, list=LIST_NO)
        assert "destroy" not in own(person(name))
    for _ in range(2):
        take(fourth, "hold", subject=C, reason="还在用", once="c" * 32)
    assert len(holds(people_of(person)("甲"))) == 1
    take(fourth, "release", 403, subject=C, reason="又不用了")
    take(fourth, "destroy", 409, list=LIST_NO)  # held
    take(third, "release", subject=C, reason="不用了")
    assert "已归档" in first.get(f"/records/{C}"), "nothing has gone so far"
    assert own(fourth) == {"destroy", "withdraw"}
    take(fourth, "destroy", list=LIST_NO)
    page = fourth.get(f"/retention/lists/{LIST_NO}")
    assert "已销毁" in page
    assert own(fourth) == set()
    assert fourth.http.get(f"/retention/lists/{LIST_NO}/certificate.pdf").content.startswith(b"%PDF")
    take(fourth, "destroy", 409, list=LIST_NO)
    assert kept.WORD not in first.get(f"/records/{A}")
    with people_of(person)("甲").register.read() as tx:
        done = [e for e in tx.audit.events(LIST_NO) if e.action == "destroy" and e.outcome == "done"]
    assert {(e.account, e.detail["via"]) for e in done} == {("丁", "desk")}


def test_a_clock_set_back_and_a_list_that_was_changed_destroy_nothing(person: Person, tmp_path: Path) -> None:
    take(person("甲"), "appraise", number=[C], reason="示例")
    people = people_of(person)
    late = people.at(kept.NOW - timedelta(days=1))
    behind = Browser(late("乙")).enter()
    take(behind, "approve", 409, list=LIST_NO)
    take(person("乙"), "withdraw", 409, list=LIST_NO, reason=" ")
    path = next((people.root / "archive").rglob("list.json"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(LIST_NO.encode(), b"XH-2026-009"))
    answer = person("乙").post("/retention/approve", {"list": LIST_NO})
    assert answer.status_code in {409, 500}
    assert lists.get(people("甲"), LIST_NO).approved is None


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_once_the_list_is_witnessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What the services' tests do behind the back of a witnessed list: pressed at the desk, the execution says it too."""
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    cheat = CHEATS[name]
    with kept.opened(cheat.start(tmp_path)) as people:
        add_people(people.office, "戊")
        executor = Browser(people("戊")).enter()
        cheat.do(people)
        told = take(executor, "destroy", 500 if cheat.error is IntegrityFailure else 409, list=LIST_NO)
        assert cheat.told in html.unescape(told)
        every = [show(people("甲"), number) for number in (A, kept.B, C, *kept.ROWS)]
        assert all(len(record.values) > 1 for record in every), "nothing has gone"


def test_too_early_nothing_is_drawn_up(tmp_path: Path) -> None:
    with kept.opened(kept.copied(tmp_path)) as people:
        early = people.at(kept.NOW.replace(year=2024, month=12, day=31))
        add_people(early.office, "甲")
        desk = Browser(early("甲")).enter()
        told = take(desk, "appraise", 409, number=[VOLUME, C, kept.ITEM_ROWS], reason="示例")
        assert all(f"{unit}" in told for unit in (kept.LAST_DAY, VOLUME, kept.ITEM_C, kept.ITEM_ROWS))
        assert VOLUME not in desk.get("/retention")
        assert VOLUME in desk.get("/retention?on=2025-01-01"), "a later day shows what will be over then, and no more"
        assert lists.lists(people("甲")) == []


def test_a_clock_set_forward_meets_the_day_witnesses_write_down(person: Person) -> None:
    people = people_of(person)
    forward = people.at(kept.NOW + timedelta(days=365))
    take(Browser(forward("甲")).enter(), "appraise", number=[C], reason="示例")
    number = lists.lists(people("甲"))[0].list_no
    sent = {"list": number, "hash": str(lists.get(people("甲"), number).sha256), "on": TODAY}
    take(Browser(forward("乙")).enter(), "approve", list=number)
    assert "时钟" in take(Browser(forward("丙")).enter(), "witness", 422, **sent)
    assert "时钟" in take(person("丁"), "witness", 409, **sent)
    assert lists.get(people("甲"), number).witnesses == ()


def test_what_is_of_use_still_is_kept_longer_never_shorter(person: Person) -> None:
    first = person("甲")
    sent = {"number": [VOLUME, C], "reason": "还有用"}
    assert 'formaction="/retention/extend"' in first.get("/retention")
    for until in (kept.LAST_DAY, "", "2028年", "2028-02-30"):
        take(first, "extend", 422, **sent, until=until)
    assert "没有选中" in take(first, "extend", 409, reason="还有用", until="2028-06-30")
    take(first, "extend", 409, number=[C], reason=" ", until="2028-06-30")
    take(first, "extend", **sent, until="2028-06-30")
    assert "2项延长保存到 2028-06-30" in first.get("/retention")
    take(first, "extend", 422, **sent, until="2027-01-01")
    assert VOLUME not in first.get("/retention")
    told = take(first, "appraise", 409, number=[VOLUME, C], reason="示例")
    assert "2028-06-30" in told
    assert VOLUME in first.get("/retention?on=2028-07-01")
    first.get("/retention?on=2028-02-30", 422)


def test_what_is_over_is_opened_from_where_it_is_judged(person: Person) -> None:
    """Nobody says that something is of no use any more, or approves its end, without a way to look at it."""
    first = person("甲")

    def looked_at(where: str) -> dict[str, str]:
        links = lxml.html.fromstring(first.get(where)).xpath('//td[@class="no"]/a[not(contains(@href, "/lists/"))]')
        return {a.text: html.unescape(first.get(a.get("href"))) for a in links}

    for where in ("/retention", f"/retention/lists/{LIST_NO}"):
        found = looked_at(where)
        assert found.keys() == {VOLUME, kept.ITEM_C, kept.ITEM_ROWS}
        assert f'href="/records/{A}"' in found[VOLUME], "its contents, each a record to be opened"
        assert f'href="/records/{C}"' in found[kept.ITEM_C]
        assert all(f'href="/records/{number}"' in found[kept.ITEM_ROWS] for number in kept.ROWS)
        if where == "/retention":
            take(first, "appraise", number=[VOLUME, C, kept.ITEM_ROWS], reason="无继续保存价值")


def test_a_volume_tells_the_day_and_what_forbids_its_end(person: Person) -> None:
    first, page = person("甲"), f"/volumes/{VOLUME}"
    shown = first.get(page)
    assert f"<dd>{kept.LAST_DAY}　已满</dd>" in shown
    assert "可以鉴定" in shown
    take(first, "hold", subject=A, reason="诉讼<未决>", once="d" * 32)
    shown = first.get(page)
    assert f'<a href="/records/{A}">{A}</a>：诉讼&lt;未决&gt;（甲，' in shown
    assert "不能：见下面" in shown
    take(person("乙"), "release", subject=A, reason="诉讼已结")
    take(first, "appraise", number=[VOLUME], reason="无继续保存价值")
    assert f'在销毁清册 <a href="/retention/lists/{LIST_NO}">' in first.get(page)


def test_the_characters_of_a_hash_are_read_apart() -> None:
    assert len(set(CHARACTERS)) == len(CHARACTERS) == 256
    assert hash_words("00" * 32) != hash_words("01" + "00" * 31)
    assert hash_words("ab" * 32) == hash_words("ab" * 8 + "00" * 24), "what a witness copies at least"


def test_a_copy_is_asked_for_decided_by_another_and_leaves_once(person: Person) -> None:
    asking, deciding = person("甲"), person("乙")
    form = {"number": C, "purpose": "示例用途", "recipient": "示例单位", "once": "b" * 32}
    for desk in (asking, asking, Browser(people_of(person)("甲")).enter()):  # a lost connection sends it again,
        assert desk.post("/copies/request", form).status_code == 303  # to a desk that was started anew too
    page = asking.get("/copies")
    (number,) = set(re.findall(r"FS-\d{4}-\d{4}", page))
    assert asking.post("/copies/issue", {"number": number}).status_code == 409
    assert deciding.post("/copies/approve", {"number": number, "may_print": "1"}).status_code == 303
    issued = deciding.post("/copies/issue", {"number": number})
    assert issued.status_code == 200, issued.text
    word = re.findall(r'name="word" value="(\w+)"', issued.text)[0]
    assert asking.post("/copies/leave", {"word": word}).status_code == 404, "another's"
    file = deciding.post("/copies/leave", {"word": word})
    assert file.content.startswith(b"%PDF")
    assert "attachment" in file.headers["content-disposition"]
    assert deciding.post("/copies/leave", {"word": word}).status_code == 404, "once"
    assert deciding.post("/copies/issue", {"number": number}).status_code == 409
    assert deciding.post("/copies/return", {"number": number}).status_code == 303
    assert "已收回" in deciding.get("/copies?state=returned")
    shown = deciding.get("/copies")
    assert all(word in shown for word in ("甲 2026-03-04", "可打印、不可摘录", f'href="/records/{C}"')), shown
    asking.post("/copies/request", form | {"once": "c" * 32})
    (number,) = {*re.findall(r"FS-\d{4}-\d{4}", deciding.get("/copies"))} - {number}
    assert deciding.post("/copies/refuse", {"number": number, "reason": "示例：用途不明"}).status_code == 303
    assert "不批准：示例：用途不明" in asking.get("/copies?state=refused"), "who asked is told why"
    assert deciding.http.get("/copies/list.xlsx").content.startswith(b"PK")


def test_a_backup_is_restored_beside_and_what_was_destroyed_since_is_destroyed_there_too(
    person: Person, tmp_path: Path
) -> None:
    people, first, last = people_of(person), person("甲"), person("戊")
    workspace = people.office.workspace
    placed = replace(workspace.settings.desk, backup_folder="../kept", restore_folder="../again")
    workspace.settings = replace(workspace.settings, desk=placed)
    for browser in (first, last):
        browser.app.state.work = lambda: jobs.work_off(workspace, worded)

    def job(browser: Browser, address: str, **sent: str) -> str:
        begun = browser.post(address, sent)
        assert begun.status_code == 303, begun.text
        return browser.get(begun.headers["location"])

    take(first, "appraise", number=[C], reason="无继续保存价值")
    take(person("乙"), "approve", list=LIST_NO)
    for name in ("丙", "丁"):
        take(person(name), "witness", list=LIST_NO, hash=code(person), on=TODAY)
    assert "已备份" in job(first, "/jobs", work="2")
    assert "不用重新执行" in first.get("/office/backups/kept")
    take(last, "destroy", list=LIST_NO)
    assert 'href="/office/backups/kept"' in first.get("/office/backups")
    assert LIST_NO in first.get("/office/backups/kept"), "it would bring back what is on it"
    assert "没有问题" in job(first, "/office/backups/kept/check")
    assert first.post("/office/backups/..%2Foffice/restore").status_code == 404, "no path leads elsewhere"
    assert "没有「none」这份备份" in job(first, "/office/backups/none/restore")
    for _ in range(2):  # the second time it is there, and checked again
        page = job(first, "/office/backups/kept/restore")
        assert "已恢复到" in page
        assert "没有问题" in page, page
        assert LIST_NO in page, "told to be executed again"
    (place,) = (tmp_path / "again").iterdir()
    with kept.opened(place) as again:
        assert show(again("甲"), C).state == "filed"
    assert show(people("甲"), C).state == "destroyed", "the workspace in use is as it was"
    again_address = re.findall(r'action="(/office/restored/[^"]+/replay)"', last.get("/office/backups"))[0]
    page = job(last, again_address)
    assert f"已重新执行清册 {LIST_NO}，没有问题" in page, page
    assert "没有要重新执行的清册" in job(last, again_address)
    assert "/replay" not in last.get("/office/backups")
    with kept.opened(place) as again:
        assert show(again("甲"), C).state == "destroyed"
    damaged = next((tmp_path / "kept" / "register").iterdir())
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert "丢失或损坏" in job(first, "/office/backups/kept/check")
