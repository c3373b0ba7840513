"""The files inside objects: the same content has the same bytes, and what is not of the form is refused with its place."""

from __future__ import annotations

import json

import pytest

from qrecords.model.formats import FrozenRecord, Manifest, RecordJson, SegmentJson
from qrecords.model.record import Attached, Correction, Record, Signed, State
from qrecords.model.volume import File, Spot

SIGNED = Signed("customer-seal", "示例", "2026-01-02", "a.pdf", "0" * 64)
LAPSED = Signed("customer-seal", "示例", "2026-01-01", "b.pdf", "1" * 64, lapsed="2026-01-02")
RECORD = Record(
    "QR758-06A-2026-00001", "QR758-06A", 2026, State.FILED, {"parts": [{"name": "示例", "quantity": 1}], "work_hours": "1.50"},
    "示例", "2026-01-02", "示例单位", "2026-01-02T08:00:00+08:00", "甲",
    signatures=(SIGNED, LAPSED),
    attached=(Attached("sheet", "a.pdf", "0" * 64), Attached("sheet", "b.pdf", "1" * 64), Attached("file", "c.pdf", "2" * 64)),
    corrections=(Correction(2, "2026-01-03T08:00:00+08:00", "甲", "示例", {"work_hours": ["1", "1.50"]}),),
)  # fmt: skip
HELD = RecordJson(
    "750-KJ·KF·06·2026·D5-0001", "QR758-06A", "维修服务报告", "3" * 64, "", 2026, 5, "2026-01-04T08:00:00+08:00", "甲",
    "QR758-06A-2026-00001/1", (FrozenRecord.of(RECORD),),
)  # fmt: skip


def test_what_lapsed_is_not_kept_and_its_sheet_goes_with_it() -> None:
    (kept,) = HELD.records
    assert kept.signatures == (SIGNED,)
    assert [a.name for a in kept.attached] == ["a.pdf", "c.pdf"]


def test_there_and_back() -> None:
    assert RecordJson.from_bytes(HELD.to_bytes()) == HELD
    assert RecordJson.from_bytes(HELD.to_bytes()).to_bytes() == HELD.to_bytes()
    segment = SegmentJson(1, 1, 9, "4" * 64, "urn:qrecords:audit:0001", "2026-01-04T08:00:00+08:00", "甲")
    assert SegmentJson.from_bytes(segment.to_bytes()) == segment


def test_the_keys_of_record_json_are_those_archives_have() -> None:
    held = json.loads(HELD.to_bytes())
    assert list(held) == sorted(held), "canonical"
    assert set(held) == {
        "schema", "archive_no", "form_code", "form_title", "template_sha256", "month", "record_year", "retention_years",
        "filed_at", "filed_by", "print_id", "records",
    }  # fmt: skip
    assert set(held["records"][0]) == {
        "record_no", "title", "date", "values", "created_at", "created_by", "opinion", "reviewed_on", "reviewed_by", "paper_no",
        "signatures", "attached", "corrections",
    }  # fmt: skip
    assert held["records"][0]["values"] == RECORD.values


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"archive_no": None}, "archive_no"),
        ({"record_year": "2026"}, "record_year"),
        ({"unheard": 1}, "unheard"),
        ({"records": [{"record_no": "x"}]}, "records.0.title"),
    ],
)
def test_what_is_not_of_the_form_is_refused_with_its_place(change: dict[str, object], told: str) -> None:
    data = json.dumps(json.loads(HELD.to_bytes()) | change).encode()
    with pytest.raises(ValueError, match=told):
        RecordJson.from_bytes(data)
    for broken in (b"", b"[]", b"{", b"\xff"):
        with pytest.raises(ValueError):  # in whatever words
            RecordJson.from_bytes(broken)


def test_a_manifest_from_before_stamps_is_read() -> None:
    item = {
        "position": 1, "archive_no": "a", "document_no": "d", "title": "t", "date": "2026-01-02", "object": "o", "version": 1,
        "sha256": "5" * 64, "page_from": 1, "page_to": 2, "files": [{"name": "form.pdf", "pages": 2, "blank": [1]}],
    }  # fmt: skip
    plain = dict.fromkeys(("volume_code", "title", "form_code", "compiled_at", "compiled_by", "audit_head"), "x")
    plain |= dict.fromkeys(("secrecy_level", "date_from", "date_to"), "x")
    held = plain | {
        "schema": 1, "year": 2026, "number": 1, "supplement": False, "retention_years": 5, "pages": 1, "items": [item],
        "notes": [], "gaps": [], "around": [{"title": "封面", "page": 1, "pages": 1}], "pdf_pages": [2],
    }  # fmt: skip
    manifest = Manifest.from_bytes(json.dumps(held).encode())
    assert manifest.items[0].stamp is None
    assert manifest.items[0].files == (File("form.pdf", 2, (1,)),)
    item["stamp"] = {"x": 1.5, "y": 2, "scale": 1}
    assert Manifest.from_bytes(json.dumps(held).encode()).items[0].stamp == Spot(1.5, 2, 1)
