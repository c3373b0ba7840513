"""QR758-06A 维修服务报告: one unit, its fault, what was done, the customer's word."""

from __future__ import annotations

from qrecords.model.form import Form
from tools.templates.sheet import Sheet
from tools.templates.standard import customer, evaluation, performer, product, review, training

_PARTS = {"name": 0, "model": 26, "position": 18, "quantity": 12, "old_no": 24, "new_no": 24, "old_part_goes_to": 22}
_TESTS = {"item": 0, "requirement": 40, "measured": 40, "conclusion_boxes": 32}


def build(form: Form) -> bytes:
    """Return the template."""
    s = Sheet(form)
    return s.document(
        (
            s.pairs("service_category_boxes"),
            s.pairs("notice_no", "intake_record_no"),
            performer(s),
            *customer(s),
            *product(s),
            s.pairs("software_version", "warranty_status_boxes"),
            s.pairs("reported_on", "started_on"),
            s.pairs("finished_on"),
            s.text("fault_symptom", 3),
            s.text("fault_condition"),
            s.text("fault_cause"),
            s.pairs("fault_category_boxes"),
            s.pairs("fault_liability_boxes"),
            s.text("repair_action", 3),
        ),
        s.rows("parts", _PARTS),
        s.rows("tests", _TESTS),
        (
            s.pairs("support_checks_boxes", "summary_report_no"),
            *training(s),
            s.pairs("training_confirmation", height=10),
            s.pairs("repair_conclusion_boxes"),
            s.text("open_issues"),
            s.pairs("work_hours", "repair_cost"),
            s.pairs("inspection_conclusion", "inspector"),
        ),
        (*evaluation(s), *review(s)),
    )
