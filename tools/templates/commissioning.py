"""Units put into service: QR758-07A 开通/试验服务报告 (one unit) and QR758-08A (three or more normal ones)."""

from __future__ import annotations

from qrecords.model.form import Form
from tools.templates.document import LANDSCAPE
from tools.templates.sheet import Sheet
from tools.templates.standard import customer, evaluation, performer, product, review, training

_TESTS = {"item": 0, "requirement": 44, "measured": 40, "conclusion_boxes": 32}
_DELIVERED = {"name": 0, "model": 36, "quantity": 12, "remark": 40}
_UNITS = {
    "serial_no": 34, "install_position": 0, "software_version": 24, "appearance_ok_boxes": 21, "install_ok_boxes": 21,
    "power_ok_boxes": 21, "function_ok_boxes": 21, "commissioned_on": 29, "conclusion": 16, "confirmed_by": 24,
}  # fmt: skip


def build_one(form: Form) -> bytes:
    """Return the template of QR758-07A."""
    s = Sheet(form)
    return s.document(
        (
            s.pairs("service_content_boxes"),
            s.pairs("notice_no", "change_notice_no"),
            performer(s),
            *customer(s),
            *product(s),
            s.pairs("software_before", "software_after"),
            s.pairs("started_on", "finished_on"),
            s.pairs("unpacking_checks_boxes"),
            s.pairs("unpacking_note"),
            s.pairs("install_checks_boxes"),
            s.pairs("install_note"),
            s.pairs("warranty_status_boxes", "power_on_check"),
            s.pairs("test_environment"),
        ),
        s.rows("function_tests", _TESTS),
        (
            s.text("faults_during", 3),
            s.pairs("demonstration_boxes"),
            *s.side_rows("delivered_items", _DELIVERED),
            *training(s),
            s.pairs("conclusion_boxes"),
            s.text("open_issues"),
        ),
        (*evaluation(s), *review(s)),
    )


def build_batch(form: Form) -> bytes:
    """Return the template of QR758-08A."""
    s = Sheet(form, LANDSCAPE)
    return s.document(
        (
            s.pairs("notice_no", "service_content_boxes", "performed_by_boxes", widths=(92, 66, 0)),
            s.pairs("customer_unit", "customer_code", "performing_unit", widths=(0, 66, 97)),
            s.pairs("contact_person", "contact_title", "contact_phone", "military_branch"),
            s.pairs("customer_address", "started_on", "finished_on", widths=(0, 66, 66)),
            s.pairs("product_name", "product_model", "contract_no", "change_notice_no"),
        ),
        s.rows("units", _UNITS),
        (s.pairs("unit_count"), s.text("delivered_items"), s.text("remarks")),
        (*evaluation(s), *review(s)),
    )
