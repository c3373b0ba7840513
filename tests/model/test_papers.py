"""What a paper adds to a record that is filed already, and whose right that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qrecords.model.papers import Added, doubted, right_for, supplemented
from qrecords.model.record import Action, Attached, Record, Signed, State

PLAIN = Signed("customer-signature", "示例用户", "2025-12-01", recorded_at="then", recorded_by="a")
SHOWN = Signed("customer-signature", "示例用户", "2025-12-01", "scan.pdf", "1" * 64, recorded_at="now", recorded_by="b")
SHEET = Attached("sheet", "scan.pdf", "1" * 64, 2, "QR758-06A-2025-00001/1")


def record(*signatures: Signed, attached: tuple[Attached, ...] = ()) -> Record:
    return Record(
        record_no="QR758-06A-2025-00001", form_code="QR758-06A", year=2025, state=State.FILED, values={}, title="",
        date="2025-11-30", customer_unit="", created_at="", created_by="", signatures=signatures, attached=attached,
    )  # fmt: skip


def added(signed: Signed | None = None, attached: Attached | None = None) -> Added:
    return Added("QR758-06A-2025-00001", attached, signed)


def test_evidence_goes_to_the_signature_it_proves_and_who_registered_it_stays() -> None:
    (found,) = supplemented(record(PLAIN), [added(SHOWN, SHEET)]).signatures
    assert (found.evidence, found.evidence_sha256) == (SHOWN.evidence, SHOWN.evidence_sha256)
    assert (found.recorded_at, found.recorded_by) == ("then", "a")


@pytest.mark.parametrize(
    "other",
    [
        Signed("customer-seal", "示例用户", "2025-12-01"),
        Signed("customer-signature", "示例另一用户", "2025-12-01"),
        Signed("customer-signature", "示例用户", "2025-12-02"),
        Signed("customer-signature", "示例用户", "2025-12-01", "old.pdf", "0" * 64),
        Signed("customer-signature", "示例用户", "2025-12-01", lapsed="2025-12-05"),
    ],
    ids=["kind", "person", "day", "has its paper", "lapsed"],
)
def test_what_proves_no_registered_signature_is_a_further_one(other: Signed) -> None:
    assert supplemented(record(other), [added(SHOWN)]).signatures == (other, SHOWN)


def test_of_two_alike_the_first_gets_the_paper_and_a_second_paper_the_other() -> None:
    second = Signed("customer-signature", "示例用户", "2025-12-01", "two.pdf", "2" * 64)
    found = supplemented(record(PLAIN, PLAIN), [added(SHOWN), added(second)]).signatures
    assert [s.evidence for s in found] == ["scan.pdf", "two.pdf"]


def test_a_file_that_is_there_is_not_added_again() -> None:
    assert supplemented(record(attached=(SHEET,)), [added(attached=SHEET)]).attached == (SHEET,)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("action", [Action.SIGN, Action.ATTACH])
def test_after_filing_it_is_the_right_of_who_files(action: Action, state: State) -> None:
    assert right_for(action, state) is (Action.FILE if state in {State.FILED, State.BOUND} else action)


SEAL = Signed("customer-seal", "示例单位", "2025-12-01")
OTHER = Signed("customer-signature", "示例另一用户", "2025-12-01", "scan.pdf", "1" * 64)
LATER = Signed("customer-signature", "示例用户", "2025-12-02", "scan.pdf", "1" * 64)


@pytest.mark.parametrize(
    ("shown", "there", "together", "asked"),
    [
        (OTHER, [PLAIN], [], [PLAIN]),
        (LATER, [PLAIN], [], [PLAIN]),
        (SHOWN, [PLAIN], [], []),
        (OTHER, [SEAL], [], []),
        (OTHER, [replace(PLAIN, lapsed="2025-12-05")], [], []),
        (OTHER, [PLAIN], [SHOWN], []),
        (OTHER, [PLAIN, SHOWN], [], []),
        (OTHER, [SHOWN], [], []),
        (replace(OTHER, evidence_sha256=""), [SHOWN], [], [SHOWN]),
        (replace(OTHER, evidence_sha256=""), [PLAIN], [], []),
        (PLAIN, [SHOWN], [], []),
    ],
    ids=[
        "name",
        "day",
        "same",
        "kind",
        "lapsed",
        "both named",
        "came home",
        "two papers",
        "after",
        "two people",
        "there",
    ],
)
def test_what_may_be_one_signature_is_asked(
    shown: Signed, there: list[Signed], together: list[Signed], asked: list[Signed]
) -> None:
    assert doubted(shown, there, [shown, *together]) == asked
