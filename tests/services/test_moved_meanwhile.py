"""A record another desk changed between the look at it and the step: the step is refused, and its change stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli.output import problem_lines
from qrecords.errors import InvalidInput, Problem, WrongState
from qrecords.office import Office
from qrecords.services import steps
from qrecords.services.care.recover import recover
from qrecords.services.intake.fill import fill
from qrecords.services.intake.update import update
from qrecords.services.scans.attach import attach
from qrecords.stores.given import on_disk
from qrecords.stores.register import Register, Transaction
from tests.conftest import blank_scan

NO = "QR758-01A-2025-00001"


@pytest.fixture
def filled(office: Office, sample: Callable[..., Any], write: Callable[..., Path]) -> Office:
    fill(
        office,
        "01A",
        [on_disk(write(sample("01A", received_at="2025-03-02 09:00", source_record_no=None, channel="电话")))],
    )
    return office


def more(office: Office) -> Path:
    path = office.settings.root.parent / "more.json"
    path.write_text(json.dumps({"info_content": "这一边的内容。"}, ensure_ascii=False), encoding="utf-8")
    return path


def paper(office: Office) -> Path:
    return blank_scan(office.settings.root.parent / "paper.pdf")


STEPS: dict[str, Callable[[Office], Any]] = {
    "sign": lambda o: steps.sign(o, [NO], kind="quality-receipt", by="示例", on="2025-03-02"),
    "sign --evidence": lambda o: steps.sign(
        o, [NO], kind="quality-receipt", by="示例", on="2025-03-02", evidence=on_disk(paper(o))
    ),
    "update": lambda o: update(o, NO, on_disk(more(o))),
    "attach": lambda o: attach(o, NO, [on_disk(paper(o))], recognise=False),
}


@contextmanager
def another_desk_first(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let another desk change the record once, between the step's look at it and its first writing of it."""
    write, done = Register.write, list[str]()

    @contextmanager
    def after_another(register: Register, *, wait: bool = True) -> Iterator[Transaction]:
        if not done:
            done.append(NO)
            with write(register) as tx:
                tx.records.change([NO], reason="另一边写的")
        with write(register, wait=wait) as tx:
            yield tx

    with monkeypatch.context() as patch:
        patch.setattr(Register, "write", after_another)
        yield
    assert done


@pytest.mark.parametrize("name", STEPS)
def test_a_record_changed_meanwhile_is_not_changed_again(
    filled: Office, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with filled.register.read() as tx:
        (before,) = tx.records.many([NO])
    with another_desk_first(filled, monkeypatch), pytest.raises(WrongState, match="刚被别人改过"):
        STEPS[name](filled)
    recover(filled)
    with filled.register.read() as tx:
        assert tx.intents.open() == []
        (after,) = tx.records.many([NO])
    assert after.reason == "另一边写的"
    assert (after.state, after.values, after.signatures, after.attached) == (
        before.state, before.values, before.signatures, before.attached,
    )  # fmt: skip


def test_a_review_is_not_dated_before_its_record(filled: Office) -> None:
    steps.submit(filled, [NO])
    with pytest.raises(WrongState) as refused:
        steps.review(filled, [NO], on="2025-03-01")
    told = [*map(str, (refused.value.message, *(p.message for p in refused.value.problems)))]
    assert any("审查日期 2025-03-01 早于记录日期 2025-03-02" in text for text in told)
    assert [r.reviewed_on for r in steps.review(filled, [NO], on="2025-03-02")] == ["2025-03-02"]


def test_fifty_problems_are_shown_and_the_rest_counted() -> None:
    error = InvalidInput("有误", problems=[Problem(f"第{n}处") for n in range(73)])
    lines = list(problem_lines(error.problems))
    assert sum("处" in line and "另有" not in line for line in lines) == 50
    assert "另有23处" in lines[-1]
